/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The stage `flow` on one lcore, beside a bare loop over rte_hash. The stage follows TCP by each packet's
 * headers, counts, and ages; the loop finds a packet's record and counts it. Packets are segments of either side in
 * the middle of a connection, each the next of its side, parsed beforehand. rte_hash knows but one direction: its
 * keys have been put in order for it. What is parsed is in a worker's cache when its flows are looked up:
 * so each burst is copied into mbufs of the pool first, which is not counted. Both sides give it back.
 *
 *     bench_follow kept     instructions of the stage instead, for callgrind: see counted.h
 */
#include <math.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_hash.h>
#include <rte_ip.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>
#include <rte_tcp.h>

#include <weir/weir.h>

#include "bench.h"
#include "counted.h"
#include "flow/follower.h"

#define BURST 32u
#define FLOWS 1000000u
#define PACKETS (1u << 20)
/* For what is counted instead of timed: few enough to be in a cache, so that none of it matters. */
#define FLOWS_KEPT 4096u
#define PACKETS_KEPT (1u << 16)
#define ZIPF 1.1
#define MBUFS 4095
#define MBUFS_CACHED 256
#define FRAME 64
#define PAYLOAD (FRAME - 14 - 20 - 20)

/* As it comes from the parser, its frame, and what both sides of a flow have the same of. */
struct __rte_cache_aligned packet {
	struct weir_event event;
	uint8_t frame[FRAME];
	struct weir_key key;
	uint32_t flow;
	uint32_t reversed;
};

struct __rte_cache_aligned record {
	uint64_t packets[2];
	uint64_t bytes[2];
	uint64_t first;
	uint64_t last;
	uint8_t rest[80];
};

static struct {
	struct rte_mempool *pool;
	struct packet *packets; /* in the order in which they come */
	uint32_t (*sent)[2];    /* to the stage, by each side of a flow: bytes */
	struct rte_hash *hash;
	struct record *records;
	struct follower follower;
	uint32_t flow_count;
	uint32_t packet_count;
	uint64_t now;
} bed;

static uint64_t
draw(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545F4914F6CDD1D);
}

/* The flow of a share of all packets, by the law's integral. */
static uint32_t
flow_of(uint64_t random, bool skewed)
{
	double share = (double)(random >> 11) / (double)(UINT64_C(1) << 53), s = 1 - ZIPF;

	if (!skewed)
		return (uint32_t)(share * bed.flow_count);
	return RTE_MIN((uint32_t)(pow(1 + share * (pow(bed.flow_count + 1.0, s) - 1), 1 / s) - 1),
		bed.flow_count - 1);
}

static void
frame_fill(struct rte_mbuf *mbuf, uint32_t flow, bool reversed)
{
	rte_be32_t ends[2] = { flow, flow * 2654435761u + 1 };
	rte_be16_t ports[2] = { (uint16_t)(flow >> 8), rte_cpu_to_be_16(443) };
	struct rte_ipv4_hdr *ip;
	struct rte_tcp_hdr *tcp;
	struct rte_ether_hdr *ether;

	rte_pktmbuf_reset(mbuf);
	ether = (struct rte_ether_hdr *)(void *)rte_pktmbuf_append(mbuf, FRAME);
	memset(ether, 0, FRAME);
	ether->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	ip = (struct rte_ipv4_hdr *)(ether + 1);
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->total_length = rte_cpu_to_be_16(FRAME - 14);
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_TCP;
	ip->src_addr = ends[reversed];
	ip->dst_addr = ends[!reversed];
	tcp = (struct rte_tcp_hdr *)(ip + 1);
	tcp->src_port = ports[reversed];
	tcp->dst_port = ports[!reversed];
	tcp->data_off = 5 << 4;
	tcp->tcp_flags = RTE_TCP_ACK_FLAG;
}

static void
packet_make(struct packet *packet, struct rte_mbuf *mbuf, uint32_t flow, bool reversed)
{
	struct weir_parse_burst burst = { .size = sizeof(burst) };

	frame_fill(mbuf, flow, false);
	weir_parse(&mbuf, 1, &burst);
	packet->key = weir_mbuf_event(mbuf)->key;
	frame_fill(mbuf, flow, reversed);
	weir_parse(&mbuf, 1, &burst);
	packet->event = *weir_mbuf_event(mbuf);
	packet->event.flags |= WEIR_EVENT_WIRE_TIME;
	memcpy(packet->frame, rte_pktmbuf_mtod(mbuf, void *), FRAME);
	packet->flow = flow;
	packet->reversed = reversed;
}

/* All packets anew. */
static void
packets_make(bool skewed)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(bed.pool);
	uint64_t state = 88172645463325252u, random;

	if (mbuf == NULL)
		bench_die("the pool is empty");
	for (uint32_t i = 0; i < bed.packet_count; i++) {
		random = draw(&state);
		packet_make(&bed.packets[i], mbuf, flow_of(random, skewed), random & 1);
	}
	rte_pktmbuf_free(mbuf);
}

/* A packet as it comes from the parser, of that number. */
static void
packet_come(const struct packet *packet, uint32_t seq, struct weir_event *event)
{
	struct rte_mbuf *mbuf = weir_event_mbuf(event);
	struct rte_tcp_hdr *tcp;

	mbuf->data_len = mbuf->pkt_len = FRAME;
	memcpy(rte_pktmbuf_mtod(mbuf, void *), packet->frame, FRAME);
	tcp = rte_pktmbuf_mtod_offset(mbuf, struct rte_tcp_hdr *, packet->event.l4_off);
	tcp->sent_seq = rte_cpu_to_be_32(seq);
	*event = packet->event;
	event->wire_ns = bed.now++;
}

static void
burst_take(struct weir_event *events[BURST])
{
	struct rte_mbuf *mbufs[BURST];

	if (rte_mempool_get_bulk(bed.pool, (void **)mbufs, BURST) != 0)
		bench_die("the pool is empty");
	for (unsigned int i = 0; i < BURST; i++)
		events[i] = weir_mbuf_event(mbufs[i]);
}

/* The next burst, for the stage: each packet is the next of its side. */
static void
stage_next(const struct packet packets[BURST], struct weir_event *events[BURST])
{
	burst_take(events);
	for (unsigned int i = 0; i < BURST; i++) {
		uint32_t *sent = &bed.sent[packets[i].flow][packets[i].reversed];

		packet_come(&packets[i], *sent, events[i]);
		*sent += PAYLOAD;
	}
}

/* And for rte_hash: with keys of one direction. */
static void
hash_next(const struct packet packets[BURST], struct weir_event *events[BURST])
{
	burst_take(events);
	for (unsigned int i = 0; i < BURST; i++) {
		packet_come(&packets[i], packets[i].flow, events[i]);
		events[i]->key = packets[i].key;
	}
}

/* One side of the comparison. */
struct way {
	void (*next)(const struct packet packets[BURST], struct weir_event *events[BURST]);
	void (*burst)(struct weir_event *events[BURST]);
};

/* A burst of packets; the cycles that count. */
static uint64_t
way_go(const struct way *way, const struct packet packets[BURST])
{
	struct weir_event *events[BURST];
	uint64_t begin;

	way->next(packets, events);
	begin = rte_rdtsc_precise();
	way->burst(events);
	return rte_rdtsc_precise() - begin;
}

static void
stage_burst(struct weir_event *events[BURST])
{
	struct follower *f = &bed.follower;

	if (track_room(&f->worker, f->track) < BURST)
		bench_die("the stage has no room");
	f->stats.in += BURST;
	track_process(&f->worker, f->track, events, BURST);
}

static void
hash_burst(struct weir_event *events[BURST])
{
	const void *keys[BURST];
	hash_sig_t hashes[BURST];
	void *data[BURST];
	uint64_t hits = 0;

	for (unsigned int i = 0; i < BURST; i++) {
		keys[i] = &events[i]->key;
		hashes[i] = events[i]->hash;
	}
	rte_hash_lookup_with_hash_bulk_data(bed.hash, keys, hashes, BURST, &hits, data);
	for (unsigned int i = 0; i < BURST; i++)
		if (hits >> i & 1)
			rte_prefetch0(data[i]);
	for (unsigned int i = 0; i < BURST; i++) {
		struct record *record = data[i];

		if (!(hits >> i & 1)) {
			int32_t at = rte_hash_add_key_with_hash(bed.hash, keys[i], hashes[i]);

			if (at < 0)
				bench_die("rte_hash refused a flow");
			record = &bed.records[at];
			rte_hash_add_key_with_hash_data(bed.hash, keys[i], hashes[i], record);
			record->first = events[i]->wire_ns;
		}
		record->packets[0]++;
		record->bytes[0] += events[i]->wire_len;
		record->last = events[i]->wire_ns;
	}
	events_free(events, BURST);
}

static const struct way stage_way = { stage_next, stage_burst };
static const struct way hash_way = { hash_next, hash_burst };

/* Both sides of all flows have sent, before it begins. */
static void
fill(const struct way *way)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(bed.pool);
	struct packet packets[BURST];

	if (mbuf == NULL)
		bench_die("the pool is empty");
	for (uint32_t i = 0; i < 2 * bed.flow_count; i += BURST) {
		for (uint32_t j = 0; j < BURST; j++)
			packet_make(&packets[j], mbuf, (i + j) / 2 % bed.flow_count, j & 1);
		way_go(way, packets);
	}
	rte_pktmbuf_free(mbuf);
}

static double
rate(const struct way *way)
{
	uint64_t cycles = 0;

	for (uint32_t i = 0; i < bed.packet_count; i += BURST)
		cycles += way_go(way, &bed.packets[i]);
	return bed.packet_count / ((double)cycles / (double)rte_get_tsc_hz()) / 1e6;
}

static void
stage_run(const void *arg __rte_unused, double figures[])
{
	figures[0] = rate(&stage_way);
}

static void
hash_run(const void *arg __rte_unused, double figures[])
{
	figures[0] = rate(&hash_way);
}

static void
worker_make(void)
{
	struct track_conf conf = follower_conf(bed.flow_count);
	struct weir_error error;

	if (follower_make(&bed.follower, &stage_flow, &conf, &error) != 0)
		bench_die("%s", error.text);
}

static void
bed_make(uint32_t flow_count, uint32_t packet_count)
{
	struct rte_hash_parameters parameters = {
		.name = "flows",
		.entries = flow_count + flow_count / 4,
		.key_len = sizeof(struct weir_key),
		.socket_id = SOCKET_ID_ANY,
	};

	bed.flow_count = flow_count;
	bed.packet_count = packet_count;
	bed.pool = weir_pool_create("packets", MBUFS, MBUFS_CACHED, 0, RTE_PKTMBUF_HEADROOM + FRAME,
		SOCKET_ID_ANY);
	bed.sent = rte_zmalloc(NULL, flow_count * sizeof(*bed.sent), RTE_CACHE_LINE_SIZE);
	bed.packets =
		rte_malloc(NULL, bed.packet_count * sizeof(*bed.packets), RTE_CACHE_LINE_SIZE);
	bed.hash = rte_hash_create(&parameters);
	bed.records =
		rte_zmalloc(NULL, sizeof(*bed.records) * parameters.entries, RTE_CACHE_LINE_SIZE);
	if (bed.pool == NULL || bed.packets == NULL || bed.sent == NULL || bed.hash == NULL ||
		bed.records == NULL)
		bench_die("no memory: %s", rte_strerror(rte_errno));
	bed.now = UINT64_C(1700000000) * SECOND;
	worker_make();
}

static void
bed_free(void)
{
	follower_free(&bed.follower);
	rte_hash_free(bed.hash);
	rte_free(bed.records);
	rte_free(bed.packets);
	rte_free(bed.sent);
	rte_mempool_free(bed.pool);
}

static void
stage_passes(void *arg __rte_unused, unsigned int passes)
{
	for (unsigned int i = 0; i < passes; i++)
		way_go(&stage_way, &bed.packets[i * BURST % bed.packet_count]);
}

/* What a packet costs the stage and who brings it, by instructions. */
static void
count(struct bench *bench)
{
	unsigned int passes = PACKETS_KEPT / BURST;

	bench_eal_with(bench, NULL, "0@0", 256);
	bed_make(FLOWS_KEPT, PACKETS_KEPT);
	packets_make(false);
	fill(&stage_way);
	insns_head();
	insns_counted(stage_passes, NULL, passes);
	insns_done("stage flow", PACKETS_KEPT);
	bed_free();
}

static void
compare(struct bench *bench)
{
	static const struct bench_side sides[] = {
		{ .name = "stage flow", .run = stage_run },
		{ .name = "rte_hash, bare", .run = hash_run, .at_least = { 1.2 } },
	};

	bench_eal_with(bench, NULL, "0@0", 3072);
	bed_make(FLOWS, PACKETS);
	fill(&stage_way);
	fill(&hash_way);
	printf("%.1f bytes a flow\n", (double)bed.follower.memory / FLOWS);
	for (unsigned int skewed = 0; skewed < 2; skewed++) {
		packets_make(skewed != 0);
		bench_case(bench, skewed ? "1000000 flows, zipf 1.1" : "1000000 flows, uniform",
			sides, RTE_DIM(sides), 0);
	}
	bed_free();
}

int
main(int argc, char **argv)
{
	static const struct bench_metric metrics[] = { { "rate", "Mpps" } };
	struct bench bench = { .name = "follow",
		.title = "the stage flow beside a bare loop over rte_hash",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics) };

	if (argc == 2 && strcmp(argv[1], "kept") == 0) {
		count(&bench);
		rte_eal_cleanup();
		return 0;
	}
	bench_open(&bench, argc, argv);
	compare(&bench);
	return bench_close(&bench);
}
