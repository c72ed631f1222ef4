/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The stage `flow` on one lcore, beside a bare loop over rte_hash. The stage follows TCP by each packet's
 * headers, counts, and ages; the loop finds a packet's record and counts it. Packets are frames of TCP in the
 * middle of a connection, parsed beforehand, in as many mbufs: both sides fetch what comes two bursts later, and
 * give each burst back to its pool.
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
#include "flow/flow.h"
#include "flow/track.h"

#define BURST 32u
#define FLOWS 1000000u
#define PACKETS (1u << 20)
#define ZIPF 1.1
#define FRAME (14 + 20 + 20)
#define SECOND UINT64_C(1000000000)

struct __rte_cache_aligned record {
	uint64_t packets[2];
	uint64_t bytes[2];
	uint64_t first;
	uint64_t last;
	uint8_t rest[80];
};

static struct {
	struct rte_mempool *pool;
	struct weir_event **events; /* of the pool's mbufs, in the order in which they come */
	struct rte_hash *hash;
	struct record *records;
	struct weir_worker worker;
	struct worker_stats stats;
	struct output outputs[2];
	struct failures failures;
	uint32_t at;
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
		return (uint32_t)(share * FLOWS);
	return RTE_MIN((uint32_t)(pow(1 + share * (pow(FLOWS + 1.0, s) - 1), 1 / s) - 1),
		FLOWS - 1);
}

static void
frame_fill(struct rte_mbuf *mbuf, uint32_t flow)
{
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
	ip->src_addr = flow;
	ip->dst_addr = flow * 2654435761u + 1;
	tcp = (struct rte_tcp_hdr *)(ip + 1);
	tcp->src_port = (uint16_t)(flow >> 8);
	tcp->dst_port = rte_cpu_to_be_16(443);
	tcp->data_off = 5 << 4;
	tcp->tcp_flags = RTE_TCP_ACK_FLAG;
}

/* All packets anew, each in the mbuf that comes at its turn. */
static void
packets_make(bool skewed)
{
	struct weir_parse_burst burst = { .size = sizeof(burst) };
	uint64_t state = 88172645463325252u;

	for (uint32_t i = 0; i < PACKETS; i++) {
		struct rte_mbuf *mbuf = weir_event_mbuf(bed.events[i]);

		frame_fill(mbuf, flow_of(draw(&state), skewed));
		weir_parse(&mbuf, 1, &burst);
		bed.events[i]->flags |= WEIR_EVENT_WIRE_TIME;
	}
}

/* The next burst, whose mbufs the pool is asked for as well. */
static inline struct weir_event **
next(void)
{
	struct weir_event **events = &bed.events[bed.at];
	struct weir_event **ahead = &bed.events[(bed.at + 2 * BURST) % PACKETS];
	struct rte_mbuf *mbufs[BURST];

	if (rte_mempool_get_bulk(bed.pool, (void **)mbufs, BURST) != 0)
		bench_die("the pool is empty");
	for (unsigned int i = 0; i < BURST; i++) {
		rte_prefetch0(ahead[i]);
		rte_prefetch0(&ahead[i]->key);
		rte_prefetch0(weir_event_mbuf(ahead[i]));
		rte_prefetch0(rte_pktmbuf_mtod(weir_event_mbuf(events[i]), void *));
	}
	bed.at = (bed.at + BURST) % PACKETS;
	bed.now += BURST * 100;
	return events;
}

static void
stage_burst(void)
{
	struct weir_event **next_ones = next(), *events[BURST];

	memcpy(events, next_ones, sizeof(events));
	for (unsigned int i = 0; i < BURST; i++)
		events[i]->wire_ns = bed.now + i;
	if (track_room(&bed.worker, bed.worker.state) < BURST)
		bench_die("the stage has no room");
	bed.stats.in += BURST;
	track_process(&bed.worker, bed.worker.state, events, BURST);
}

static void
hash_burst(void)
{
	struct weir_event **events = next();
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
			record->first = bed.now;
		}
		record->packets[0]++;
		record->bytes[0] += events[i]->wire_len;
		record->last = bed.now + i;
	}
	events_free(events, BURST);
}

static double
rate(void (*burst)(void))
{
	uint64_t begin = rte_rdtsc();

	for (uint32_t i = 0; i < PACKETS; i += BURST)
		burst();
	return PACKETS / ((double)(rte_rdtsc() - begin) / (double)rte_get_tsc_hz()) / 1e6;
}

static void
stage_run(const void *arg __rte_unused, double figures[])
{
	figures[0] = rate(stage_burst);
}

static void
hash_run(const void *arg __rte_unused, double figures[])
{
	figures[0] = rate(hash_burst);
}

/* A worker as an engine would have it, with nobody behind it. */
static void
worker_make(void)
{
	const struct weir_stage_ops *ops = &stage_flow;
	struct track_conf conf = {
		.capacity = FLOWS,
		.key = "5-tuple",
		.events = "end",
		.records = 4096,
		.active = 60 * SECOND,
		.tcp_new = 60 * SECOND,
		.tcp = 600 * SECOND,
		.tcp_closing = 120 * SECOND,
		.tcp_closed = 10 * SECOND,
		.udp_new = 30 * SECOND,
		.udp = 300 * SECOND,
		.icmp = 30 * SECOND,
		.other = 300 * SECOND,
	};
	struct weir_stage_needs needs = { .size = sizeof(needs) };
	struct weir_error error;

	if (ops->needs(&conf, &needs, &error) != 0)
		bench_die("%s", error.text);
	failures_init(&bed.failures);
	bed.worker = (struct weir_worker){
		.process = ops->process,
		.state = rte_zmalloc(NULL, needs.state, RTE_CACHE_LINE_SIZE),
		.stats = &bed.stats,
		.outputs = bed.outputs,
		.output_count = 2,
		.burst = BURST,
		.name = "flow",
		.type = "flow",
		.count = 1,
		.failures = &bed.failures,
	};
	if (bed.worker.state == NULL ||
		ops->init(&bed.worker, &conf, bed.worker.state, &error) != 0)
		bench_die("%s", error.text);
	printf("%.1f bytes a flow\n", (double)needs.memory / FLOWS);
}

static void
bed_make(void)
{
	struct rte_hash_parameters parameters = {
		.name = "flows",
		.entries = FLOWS + FLOWS / 4,
		.key_len = sizeof(struct weir_key),
		.socket_id = SOCKET_ID_ANY,
	};
	struct rte_mbuf *mbuf;

	/* Without a cache the pool is a queue: mbufs come in the order in which they went. */
	bed.pool = weir_pool_create("packets", PACKETS, 0, 0, RTE_PKTMBUF_HEADROOM + 64,
		SOCKET_ID_ANY);
	bed.events = rte_malloc(NULL, PACKETS * sizeof(*bed.events), RTE_CACHE_LINE_SIZE);
	bed.hash = rte_hash_create(&parameters);
	bed.records =
		rte_zmalloc(NULL, sizeof(*bed.records) * parameters.entries, RTE_CACHE_LINE_SIZE);
	if (bed.pool == NULL || bed.events == NULL || bed.hash == NULL || bed.records == NULL)
		bench_die("no memory: %s", rte_strerror(rte_errno));
	for (uint32_t i = 0; i < PACKETS; i++) {
		if (rte_mempool_get(bed.pool, (void **)&mbuf) != 0)
			bench_die("the pool is empty");
		bed.events[i] = weir_mbuf_event(mbuf);
	}
	for (uint32_t i = 0; i < PACKETS; i++)
		rte_mempool_put(bed.pool, weir_event_mbuf(bed.events[i]));
	bed.now = UINT64_C(1700000000) * SECOND;
	worker_make();
}

static void
bed_free(void)
{
	stage_flow.fini(&bed.worker, bed.worker.state);
	rte_free(bed.worker.state);
	failures_destroy(&bed.failures);
	rte_hash_free(bed.hash);
	rte_free(bed.records);
	rte_free(bed.events);
	rte_mempool_free(bed.pool);
}

int
main(int argc, char **argv)
{
	static const struct bench_metric metrics[] = { { "rate", "Mpps" } };
	static const struct bench_side sides[] = {
		{ .name = "stage flow", .run = stage_run },
		{ .name = "rte_hash, bare", .run = hash_run, .at_least = { 1.2 } },
	};
	struct bench bench = { .name = "follow",
		.title = "the stage flow beside a bare loop over rte_hash",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics) };

	bench_open(&bench, argc, argv);
	bench_eal_with(&bench, NULL, "0@0", 3072);
	bed_make();
	for (unsigned int skewed = 0; skewed < 2; skewed++) {
		packets_make(skewed != 0);
		bench_case(&bench, skewed ? "1000000 flows, zipf 1.1" : "1000000 flows, uniform",
			sides, RTE_DIM(sides), 0);
	}
	bed_free();
	return bench_close(&bench);
}
