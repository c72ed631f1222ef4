/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How long frames may be, and how many mbufs each takes. */
#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_ether.h>

#include "plan_private.h"

/* Around what an MTU counts: Ethernet, two tags, FCS. */
#define FRAME_OVERHEAD 26
/* NICs have buffers of so many bytes (ixgbe) or of a part of that. */
#define SEGMENT_STEP 1024
/* And no less: RTE_MBUF_DEFAULT_DATAROOM, which drivers are made for. */
#define SEGMENT_LEAST 2048
/* Most that one mbuf is made for. */
#define SEGMENT_MOST 16384

/* What drivers do with frames, other than by the port's MTU. */
static const struct {
	const char *driver;
	bool chains; /* of any number of mbufs, unasked */
	bool longer; /* the kernel's interface may have another MTU, at any time */
} drivers[] = {
	{ "net_pcap", true, true },
	{ "net_tap", false, true },
	{ "net_tun", false, true },
};

static int
driver_find(const char *name)
{
	for (int i = 0; name != NULL && i < (int)RTE_DIM(drivers); i++)
		if (strcmp(name, drivers[i].driver) == 0)
			return i;
	return -1;
}

void
frames_of(struct plan_port *port, const struct machine_port *from, uint64_t mtu)
{
	int driver = driver_find(from->driver);

	port->mtu_given = mtu != 0;
	port->mtu = mtu != 0 ? (uint16_t)mtu : from->mtu;
	if (port->mtu == 0)
		port->mtu = RTE_ETHER_MTU;
	port->frame = port->mtu + FRAME_OVERHEAD;
	port->whole = from->cut != 0;
	if (port->whole)
		port->frame = from->cut;
	port->chains = driver >= 0 && drivers[driver].chains;
	port->scatters = from->scatter;
	port->scatter = from->scatter && driver >= 0 && drivers[driver].longer;
}

/* One mbuf for the longest frame of every port, where that is not too much; or as the file says. */
static uint32_t
frames_room(const struct weir_plan *plan)
{
	uint32_t segment = SEGMENT_LEAST;

	if (plan->pipeline->pool.data_room != 0)
		return (uint32_t)plan->pipeline->pool.data_room;
	for (unsigned int i = 0; i < plan->port_count; i++) {
		const struct plan_port *port = &plan->ports[i];

		if (port->rx_queues != 0 && !port->fits &&
			(port->frame <= SEGMENT_MOST || port->whole))
			segment = RTE_MAX(segment, RTE_ALIGN_CEIL(port->frame, SEGMENT_STEP));
	}
	return RTE_MIN(segment + RTE_PKTMBUF_HEADROOM, (uint32_t)UINT16_MAX);
}

/* Into how many mbufs the frames of a port come, and what is asked of it for that. */
static int
port_segments(struct weir_plan *plan, struct plan_port *port)
{
	uint32_t segment = plan->data_room - RTE_PKTMBUF_HEADROOM;

	/* Of an odd room NICs that can make chains use a part, and then make them. */
	if (port->scatters && segment > SEGMENT_STEP)
		segment = RTE_ALIGN_FLOOR(segment, SEGMENT_STEP);
	port->segments = 1;
	/* What comes in mbufs of the application's is as long as that has it; a copy is of any length. */
	if (port->frame <= segment || port->fits)
		return 0;
	if (port->scatters || port->chains || port->adopted) {
		port->scatter = port->scatters;
		port->segments = (uint16_t)((port->frame + segment - 1) / segment);
		return 0;
	}
	return plan_note(plan,
		"port %s: frames may have %u bytes (mtu %u), an mbuf has room for %u, and its driver "
		"(%s) makes no chains: longer ones are lost; raise data_room = of [pool] to %u",
		port->name, port->frame, port->mtu, segment,
		port->driver != NULL ? port->driver : "?", port->frame + RTE_PKTMBUF_HEADROOM);
}

int
plan_frames(struct weir_plan *plan, struct weir_error *error)
{
	plan->data_room = frames_room(plan);
	for (unsigned int i = 0; i < plan->port_count; i++)
		if (plan->ports[i].rx_queues != 0 && port_segments(plan, &plan->ports[i]) < 0)
			return plan_no_memory(error);
	return 0;
}
