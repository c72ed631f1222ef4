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
#include <rte_log.h>
#include <rte_mbuf_dyn.h>

#include "source_private.h"

/* Drivers whose timestamps are of the wall clock. */
static const struct {
	const char *driver;
	uint64_t tick_ns;
	bool unasked;
} stampers[] = {
	{ "net_pcap", 1000, true },
	{ "net_af_packet", 1, false },
};

/* How long a NIC's clock is watched to learn a first rate, and how often it is read then. */
#define CLOCK_WATCH_MS 10
#define CLOCK_LEARN_NS NS_PER_S
/* The rate is learnt over one to two of these: readings are off by a us or so. */
#define CLOCK_SPAN_NS (64 * (uint64_t)NS_PER_S)
/* What the wall clock may be off the steady one without having stepped: both are read one by one. */
#define CLOCK_STEP_NS 1000000
/* No rate is changed by more than a part in so many to put the clock right. */
#define CLOCK_SLEW 1000

RTE_LOG_REGISTER(logtype_clock, lib.weir.clock, NOTICE)

static uint64_t
time_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* The closest of some readings: the thread may lose its CPU within one. */
static int
clock_read(uint16_t port, struct clock_reading *reading)
{
	uint64_t best = UINT64_MAX;

	for (unsigned int i = 0; i < 3; i++) {
		uint64_t before = time_ns(CLOCK_MONOTONIC), ticks, wall, took;

		if (rte_eth_read_clock(port, &ticks) != 0)
			return -ENOTSUP;
		took = time_ns(CLOCK_MONOTONIC) - before;
		wall = time_ns(CLOCK_REALTIME);
		if (took >= best)
			continue;
		best = took;
		*reading = (struct clock_reading){ ticks, before + took / 2, wall - took / 2 };
	}
	return 0;
}

static uint64_t
rate_between(const struct clock_reading *from, const struct clock_reading *to)
{
	return (uint64_t)(((unsigned __int128)(to->steady_ns - from->steady_ns)
				  << WIRE_CLOCK_SHIFT) /
		(to->ticks - from->ticks));
}

static uint64_t
rate_ns(const struct wire_rate *rate, uint64_t ticks)
{
	int64_t since = (int64_t)(ticks - rate->base_ticks);
	uint64_t mult = since < 0 ? rate->before : rate->mult;

	return rate->base_ns + (uint64_t)(((__int128)since * mult) >> WIRE_CLOCK_SHIFT);
}

/* Who reads a rate sees all of it, or that another holds by now. */
static void
clock_publish(struct wire_clock *clock, const struct wire_rate *rate)
{
	uint32_t version = clock->version + 1;
	struct wire_rate *next = &clock->rates[version & 1];

	__atomic_store_n(&next->base_ticks, rate->base_ticks, __ATOMIC_RELAXED);
	__atomic_store_n(&next->base_ns, rate->base_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&next->mult, rate->mult, __ATOMIC_RELAXED);
	__atomic_store_n(&next->before, rate->before, __ATOMIC_RELAXED);
	__atomic_store_n(&clock->version, version, __ATOMIC_RELEASE);
}

/* The rate that holds, for a lcore: copied, as it may be written over once another one holds. */
static void
clock_rate(const struct wire_clock *clock, struct wire_rate *rate)
{
	uint32_t version;

	do {
		const struct wire_rate *now;

		version = __atomic_load_n(&clock->version, __ATOMIC_ACQUIRE);
		now = &clock->rates[version & 1];
		rate->base_ticks = __atomic_load_n(&now->base_ticks, __ATOMIC_ACQUIRE);
		rate->base_ns = __atomic_load_n(&now->base_ns, __ATOMIC_ACQUIRE);
		rate->mult = __atomic_load_n(&now->mult, __ATOMIC_ACQUIRE);
		rate->before = __atomic_load_n(&now->before, __ATOMIC_ACQUIRE);
	} while (unlikely(__atomic_load_n(&clock->version, __ATOMIC_RELAXED) != version));
}

void
wire_clock_set(struct wire_clock *clock, uint64_t ticks, uint64_t ns, uint64_t mult)
{
	const struct wire_rate rate = { ticks, ns, mult, mult };

	clock_publish(clock, &rate);
}

/* Over the last minute or two. */
static uint64_t
clock_learn_rate(struct wire_clock *clock, const struct clock_reading *now)
{
	uint64_t mult = rate_between(&clock->since, now);

	if (now->steady_ns - clock->next.steady_ns >= CLOCK_SPAN_NS) {
		clock->since = clock->next;
		clock->next = *now;
	}
	return mult;
}

int64_t
wire_clock_learn(struct wire_clock *clock, const struct clock_reading *now)
{
	const struct wire_rate *old = &clock->rates[clock->version & 1];
	int64_t wall = (int64_t)(now->wall_ns - now->steady_ns), step = wall - clock->wall_ns, off;
	uint64_t mult, is, should;
	struct wire_rate rate;

	if ((int64_t)(now->ticks - clock->since.ticks) <= 0)
		return 0;
	mult = clock_learn_rate(clock, now);
	if (step < -CLOCK_STEP_NS || step > CLOCK_STEP_NS) {
		clock->wall_ns = wall;
		wire_clock_set(clock, now->ticks, now->wall_ns, mult);
		return step;
	}
	/* From where it stands, so much faster or slower that it is right when it is next read. */
	is = rate_ns(old, now->ticks);
	should = now->steady_ns + (uint64_t)clock->wall_ns;
	off = (int64_t)(should - is);
	off = RTE_MAX(RTE_MIN(off, (int64_t)(CLOCK_LEARN_NS / CLOCK_SLEW)),
		-(int64_t)(CLOCK_LEARN_NS / CLOCK_SLEW));
	rate = (struct wire_rate){ now->ticks, is,
		mult + (uint64_t)((__int128)off * (int64_t)mult / (int64_t)CLOCK_LEARN_NS),
		old->mult };
	clock_publish(clock, &rate);
	return 0;
}

void
wire_clock_watch(struct wire_clock *clock, uint16_t port)
{
	uint64_t tsc = rte_rdtsc();
	struct clock_reading now;
	int64_t step;

	if (!clock->learns || tsc - clock->learnt_tsc < rte_get_tsc_hz())
		return;
	clock->learnt_tsc = tsc;
	if (clock_read(port, &now) != 0)
		return;
	step = wire_clock_learn(clock, &now);
	if (step != 0)
		rte_log(RTE_LOG_NOTICE, (uint32_t)logtype_clock,
			"port %u: the wall clock has stepped by %.6f s: so do the wire times of its "
			"packets\n",
			port, (double)step / NS_PER_S);
}

/* A first rate of the NIC's free-running clock, and where it stands now. */
static int
clock_begin(uint16_t port, struct wire_clock *clock)
{
	struct clock_reading now;

	if (clock_read(port, &clock->since) != 0)
		return -ENOTSUP;
	rte_delay_ms(CLOCK_WATCH_MS);
	if (clock_read(port, &now) != 0 || (int64_t)(now.ticks - clock->since.ticks) <= 0)
		return -ENOTSUP;
	clock->next = now;
	clock->wall_ns = (int64_t)(now.wall_ns - now.steady_ns);
	clock->learns = true;
	clock->learnt_tsc = rte_rdtsc();
	wire_clock_set(clock, now.ticks, now.wall_ns, rate_between(&clock->since, &now));
	return 0;
}

static int
stamper_find(const char *driver)
{
	for (int i = 0; driver != NULL && i < (int)RTE_DIM(stampers); i++)
		if (strcmp(driver, stampers[i].driver) == 0)
			return i;
	return -1;
}

bool
port_stamps_unasked(const char *driver)
{
	int stamper = stamper_find(driver);

	return stamper >= 0 && stampers[stamper].unasked;
}

int
wire_clock_init(uint16_t port, bool asked, struct wire_clock *clock)
{
	int offset = rte_mbuf_dynfield_lookup(RTE_MBUF_DYNFIELD_TIMESTAMP_NAME, NULL);
	int bit = rte_mbuf_dynflag_lookup(RTE_MBUF_DYNFLAG_RX_TIMESTAMP_NAME, NULL), stamper;
	struct rte_eth_dev_info info;

	clock->offset = -1;
	if (rte_eth_dev_info_get(port, &info) != 0)
		return asked ? -ENOTSUP : 0;
	stamper = stamper_find(info.driver_name);
	if (!asked && (stamper < 0 || !stampers[stamper].unasked))
		return 0;
	if (offset < 0 || bit < 0 || (stamper < 0 && clock_begin(port, clock) != 0))
		return asked ? -ENOTSUP : 0;
	if (stamper >= 0)
		wire_clock_set(clock, 0, 0, stampers[stamper].tick_ns << WIRE_CLOCK_SHIFT);
	clock->flag = UINT64_C(1) << bit;
	clock->offset = offset;
	return 0;
}

void
wire_clock_stamp(const struct wire_clock *clock, struct rte_mbuf *const mbufs[], uint16_t n)
{
	struct wire_rate rate;

	clock_rate(clock, &rate);
	for (uint16_t i = 0; i < n; i++) {
		const struct rte_mbuf *m = mbufs[i];
		struct weir_event *event = weir_mbuf_event(m);

		if (!(m->ol_flags & clock->flag))
			continue;
		event->wire_ns =
			rate_ns(&rate, *RTE_MBUF_DYNFIELD(m, clock->offset, const uint64_t *));
		event->flags |= WEIR_EVENT_WIRE_TIME;
	}
}
