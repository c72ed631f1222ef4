/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The usual packet of a flow, counted with few branches, leaves of its flow what the way of all packets leaves:
 * over random segments and datagrams, most of them in order and in time, some not.
 */
#include <netinet/tcp.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "testing.h"

#include <weir/parse.h>

#include "flow/usual.h"
#include "follower.h"

#define FLOWS 16u
#define STEPS 200000u
#define FRAME_MAX 128u
#define L4_AT (sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr))

struct bed {
	struct rte_mempool *pool;
	struct follower follower;
	struct track *track;
	uint32_t sent[FLOWS][2]; /* by each side: bytes */
	uint64_t random;
	uint64_t now;
	uint32_t usual;
	uint32_t other;
};

/* Half of the flows are TCP's. */
struct packet {
	uint32_t flow;
	unsigned int side;
	uint32_t seq;
	uint16_t payload;
	uint8_t tcp_flags;
	uint16_t cut; /* bytes of it that are not here */
};

static uint32_t
draw(struct bed *bed, uint32_t below)
{
	return (uint32_t)(testing_random(&bed->random) % below);
}

static uint32_t
frame_fill(uint8_t *frame, const struct packet *packet)
{
	bool tcp = packet->flow % 2 == 0;
	uint16_t header = tcp ? sizeof(struct rte_tcp_hdr) : 8;
	uint8_t *l4 = frame + L4_AT;
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + header + packet->payload)),
		.time_to_live = 64,
		.next_proto_id = tcp ? IPPROTO_TCP : IPPROTO_UDP,
		.src_addr = packet->side == 0 ? packet->flow + 1 : 99,
		.dst_addr = packet->side == 0 ? 99 : packet->flow + 1,
	};
	struct rte_tcp_hdr segment = {
		.sent_seq = rte_cpu_to_be_32(packet->seq),
		.data_off = 5 << 4,
		.tcp_flags = packet->tcp_flags,
	};
	uint16_t ports[4] = { rte_cpu_to_be_16(7), rte_cpu_to_be_16(7),
		rte_cpu_to_be_16((uint16_t)(header + packet->payload)), 0 };

	memset(frame, 0, FRAME_MAX);
	frame[12] = 0x08;
	memcpy(frame + sizeof(struct rte_ether_hdr), &ip, sizeof(ip));
	if (tcp)
		memcpy(l4, &segment, sizeof(segment));
	memcpy(l4, ports, tcp ? 4 : 8);
	return (uint32_t)(L4_AT + header + packet->payload);
}

/* The next packet's time: mostly a little later; also far on, or before that of others. */
static uint64_t
time_of(struct bed *bed)
{
	uint32_t turn = draw(bed, 2000);

	bed->now += turn == 0 ? (uint64_t)draw(bed, 700) * SECOND : draw(bed, 1000000);
	return turn > 1950 ? bed->now - draw(bed, 1000000000) : bed->now;
}

/* A packet, parsed. */
static struct weir_event *
packet_event(struct bed *bed, const struct packet *packet)
{
	struct weir_parse_burst burst = { .size = sizeof(burst) };
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(bed->pool);
	struct weir_event *event;
	uint32_t len;

	assert_non_null(mbuf);
	len = frame_fill(rte_pktmbuf_mtod(mbuf, uint8_t *), packet);
	assert_non_null(rte_pktmbuf_append(mbuf, (uint16_t)(len - packet->cut)));
	weir_parse(&mbuf, 1, &burst);
	event = weir_mbuf_event(mbuf);
	event->wire_len = len;
	event->flags |= WEIR_EVENT_WIRE_TIME;
	event->wire_ns = time_of(bed);
	return event;
}

static struct packet
packet_draw(struct bed *bed)
{
	static const uint8_t flags[] = { TH_SYN, TH_SYN | TH_ACK, TH_FIN | TH_ACK, TH_RST };
	struct packet packet = { .flow = draw(bed, FLOWS), .side = draw(bed, 2) };
	uint32_t *sent = &bed->sent[packet.flow][packet.side];

	packet.payload = draw(bed, 3) == 0 ? 0 : (uint16_t)draw(bed, 40);
	packet.tcp_flags = TH_ACK;
	if (draw(bed, 500) == 0)
		packet.tcp_flags = flags[draw(bed, RTE_DIM(flags))];
	else if (draw(bed, 8) == 0)
		packet.tcp_flags |= TH_PUSH;
	if (draw(bed, 32) == 0)
		*sent += draw(bed, 100) - 50;
	packet.seq = *sent;
	*sent += packet.payload;
	if (draw(bed, 16) == 0)
		packet.cut = (uint16_t)RTE_MIN(draw(bed, 48), (uint32_t)packet.payload + 8);
	return packet;
}

/* A packet of a flow that is there, by both ways. */
static void
count_twice(struct bed *bed, struct weir_flow *flow, const struct weir_event *event,
	unsigned int side)
{
	uint8_t before[sizeof(struct weir_flow) + sizeof(struct tally)], after[sizeof(before)];
	size_t size = offsetof(struct weir_flow, stamp) + sizeof(uint16_t) + sizeof(struct tally);
	uint64_t told = bed->track->stats.told;
	bool usual;

	assert_true(size <= sizeof(before));
	memcpy(before, flow, size);
	usual = usual_count(bed->track, flow, event, side);
	memcpy(after, flow, size);
	if (!usual)
		assert_memory_equal(before, after, size);
	memcpy(flow, before, size);
	track_packet(bed->track, flow, event, side, false);
	if (!usual) {
		bed->other++;
		return;
	}
	assert_memory_equal(flow, after, size);
	assert_int_equal(bed->track->reached, 0);
	assert_int_equal(bed->track->stats.told, told);
	bed->usual++;
}

static void
step(struct bed *bed)
{
	struct packet packet = packet_draw(bed);
	struct weir_event *event = packet_event(bed, &packet);
	struct weir_flow_burst burst = WEIR_FLOW_BURST_INIT;
	enum weir_flow_reason reason;
	struct weir_flow *flow;
	unsigned int side;

	bed->track->now = event->wire_ns;
	burst.now = event->wire_ns;
	burst.n = 1;
	burst.keys[0] = &event->key;
	burst.hashes[0] = event->hash;
	burst.lives[0] = track_life(event);
	weir_flow_lookup(bed->track->table, &burst);
	flow = burst.flows[0];
	side = burst.reversed & 1;
	assert_non_null(flow);
	if (burst.created & 1) {
		track_packet(bed->track, flow, event, side, true);
	} else if (track_anew(bed->track, flow, event, side, &reason)) {
		assert_false(usual_count(bed->track, flow, event, side));
		weir_flow_renew(bed->track->table, flow, reason, event->wire_ns);
		track_packet(bed->track, flow, event, side, true);
	} else {
		count_twice(bed, flow, event, side);
	}
	rte_pktmbuf_free(weir_event_mbuf(event));
}

static void
bed_make(struct bed *bed, uint64_t active, uint64_t lifetime)
{
	struct track_conf conf = follower_conf(4 * FLOWS);
	struct weir_error error = { 0 };

	conf.active = active;
	conf.lifetime = lifetime;
	conf.udp = 0;
	*bed = (struct bed){ .now = UINT64_C(1700000000) * SECOND, .random = testing_seed() };
	bed->pool = weir_pool_create("packets", 63, 0, 0, RTE_PKTMBUF_HEADROOM + FRAME_MAX,
		SOCKET_ID_ANY);
	assert_non_null(bed->pool);
	if (follower_make(&bed->follower, &stage_flow, &conf, &error) != 0)
		fail_msg("%s", error.text);
	bed->track = bed->follower.track;
}

static void
bed_free(struct bed *bed)
{
	follower_free(&bed->follower);
	testing_pool_is_full(bed->pool);
	rte_mempool_free(bed->pool);
}

static void
both_ways(uint64_t active, uint64_t lifetime)
{
	struct bed bed;

	bed_make(&bed, active, lifetime);
	for (unsigned int i = 0; i < STEPS; i++)
		step(&bed);
	print_message("%u usual, %u other\n", bed.usual, bed.other);
	assert_true(bed.usual > STEPS / 8);
	assert_true(bed.other > STEPS / 64);
	bed_free(&bed);
}

static void
without_limits(void **state __rte_unused)
{
	both_ways(0, 0);
}

static void
told_of_while_it_lasts(void **state __rte_unused)
{
	both_ways(2 * SECOND, 0);
}

static void
of_a_lifetime(void **state __rte_unused)
{
	both_ways(60 * SECOND, 90 * SECOND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_limits),
		cmocka_unit_test(told_of_while_it_lasts),
		cmocka_unit_test(of_a_lifetime),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
