/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* From the timestamps of drivers to ns since 1970. */

/* rte_eth_read_clock() is the only way to learn the rate of a NIC's clock. */
#define ALLOW_EXPERIMENTAL_API

#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf_dyn.h>

#include "source_private.h"

/* net_pcap gives timestamps in microseconds. */
#define PCAP_DRIVER "net_pcap"
#define PCAP_TICK_NS 1000
/* How long a NIC's clock is watched to learn its rate. */
#define CLOCK_WATCH_MS 10

static uint64_t
wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Learn the rate of the NIC's free-running clock, and where it stands now. */
static int
clock_watch(uint16_t port, struct wire_clock *clock)
{
	uint64_t first, start_ns = wall_ns();

	if (rte_eth_read_clock(port, &first) != 0)
		return -ENOTSUP;
	rte_delay_ms(CLOCK_WATCH_MS);
	if (rte_eth_read_clock(port, &clock->base_ticks) != 0 || clock->base_ticks == first)
		return -ENOTSUP;
	clock->base_ns = wall_ns();
	clock->mult =
		((clock->base_ns - start_ns) << WIRE_CLOCK_SHIFT) / (clock->base_ticks - first);
	return 0;
}

void
wire_clock_init(uint16_t port, struct wire_clock *clock)
{
	int bit = rte_mbuf_dynflag_lookup(RTE_MBUF_DYNFLAG_RX_TIMESTAMP_NAME, NULL);
	struct rte_eth_dev_info info;

	clock->offset = rte_mbuf_dynfield_lookup(RTE_MBUF_DYNFIELD_TIMESTAMP_NAME, NULL);
	if (clock->offset < 0 || bit < 0 || rte_eth_dev_info_get(port, &info) != 0) {
		clock->offset = -1;
		return;
	}
	clock->flag = UINT64_C(1) << bit;
	if (strcmp(info.driver_name, PCAP_DRIVER) == 0)
		clock->mult = (uint64_t)PCAP_TICK_NS << WIRE_CLOCK_SHIFT;
	else if (clock_watch(port, clock) != 0)
		clock->offset = -1;
}

void
wire_clock_stamp(const struct wire_clock *clock, struct rte_mbuf *const mbufs[], uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		const struct rte_mbuf *m = mbufs[i];
		struct weir_event *event = weir_mbuf_event(m);
		int64_t ticks;

		if (!(m->ol_flags & clock->flag))
			continue;
		ticks = (int64_t)(*RTE_MBUF_DYNFIELD(m, clock->offset, const uint64_t *) -
			clock->base_ticks);
		event->wire_ns = clock->base_ns +
			(uint64_t)(((__int128)ticks * clock->mult) >> WIRE_CLOCK_SHIFT);
		event->flags |= WEIR_EVENT_WIRE_TIME;
	}
}
