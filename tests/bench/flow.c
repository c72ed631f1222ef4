/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The flow table on one lcore, beside rte_hash with records of the same size. Each packet finds its flow, or
 * makes it, and is counted in its record. Packets are keys with their hash, drawn beforehand: uniformly,
 * or by Zipf's law with exponent 1.1, in either direction. rte_hash knows but one: its keys have been put in
 * order for it beforehand, which is not counted. What is parsed is in a worker's cache when its flows are looked
 * up: so each burst is copied to one place first, which is not counted either.
 *
 * Then new flows only: every packet makes one, for which another ends that is embryonic.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>

#include <weir/flow.h>
#include <weir/parse.h>

#include "bench.h"

#define BURST 64u
#define FLOWS_MANY 1000000u
#define PACKETS (1u << 22)
#define ZIPF 1.1
/* Packets of one round at least. */
#define ROUND (1u << 22)

struct packet {
	struct weir_key key;
	uint32_t hash;
	uint32_t reversed;
};

/* What is kept of a flow, by either side. */
struct tally {
	uint64_t packets[2];
	uint64_t bytes[2];
	uint64_t first;
};

/* A flow as rte_hash has it: as large as weir's, with the key beside, in the table. */
struct __rte_cache_aligned record {
	struct tally tally;
	uint64_t last;
	uint8_t rest[80];
};

static struct flows {
	uint32_t count;
	struct packet *packets; /* as they come */
	struct packet *others;  /* in order for rte_hash, or of new flows */
	struct weir_flow_table *table;
	struct rte_hash *hash;
	struct record *records;
	uint32_t at;
	uint64_t now;
	uint64_t evicted; /* of them established */
} flows;

static uint64_t
draw(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545F4914F6CDD1D);
}

static void
packet_make(struct packet *packet, uint32_t flow)
{
	struct weir_key *key = &packet->key;

	memset(packet, 0, sizeof(*packet));
	key->src[10] = key->src[11] = key->dst[10] = key->dst[11] = 0xff;
	memcpy(key->src + 12, &flow, sizeof(flow));
	flow = flow * 2654435761u + 1;
	memcpy(key->dst + 12, &flow, sizeof(flow));
	key->sport = (uint16_t)flow;
	key->dport = 443;
	key->proto = 6;
	key->ip_version = 4;
	packet->hash = weir_key_hash(NULL, key);
}

static void
packet_reverse(struct packet *packet)
{
	struct weir_key key = packet->key;

	memcpy(packet->key.src, key.dst, sizeof(key.dst));
	memcpy(packet->key.dst, key.src, sizeof(key.src));
	packet->key.sport = key.dport;
	packet->key.dport = key.sport;
}

/* The flow of a share of all packets, by the law's integral. */
static uint32_t
zipf(double share, uint32_t count)
{
	double s = 1 - ZIPF, most = pow(count + 1.0, s) - 1;

	return RTE_MIN((uint32_t)(pow(1 + share * most, 1 / s) - 1), count - 1);
}

static void
packets_make(bool skewed)
{
	uint64_t state = 88172645463325252u;

	for (uint32_t i = 0; i < PACKETS; i++) {
		struct packet *packet = &flows.others[i];
		uint64_t random = draw(&state);
		uint32_t flow = (uint32_t)((random >> 32) * flows.count >> 32);

		if (skewed)
			flow = zipf((double)(random >> 11) / (double)(UINT64_C(1) << 53),
				flows.count);
		/* Which flow is heavy says nothing of where it lies. */
		packet_make(packet, flow);
		packet->reversed = random & 1;
		flows.packets[i] = *packet;
		if (packet->reversed)
			packet_reverse(&flows.packets[i]);
	}
}

/* The next burst. */
static void
packets_next(const struct packet *all, struct packet packets[BURST])
{
	memcpy(packets, &all[flows.at], BURST * sizeof(*packets));
	flows.at = (flows.at + BURST) % PACKETS;
}

static inline void
count(struct tally *tally, bool reversed, uint64_t now)
{
	tally->packets[reversed]++;
	tally->bytes[reversed] += 64;
	if (tally->first == 0)
		tally->first = now;
}

static void
weir_burst(const struct packet *packets)
{
	static struct weir_flow_burst burst = { .size = sizeof(burst) };

	burst.now = ++flows.now;
	burst.n = BURST;
	for (unsigned int i = 0; i < BURST; i++) {
		burst.keys[i] = &packets[i].key;
		burst.hashes[i] = packets[i].hash;
	}
	weir_flow_lookup(flows.table, &burst);
	for (unsigned int i = 0; i < BURST; i++) {
		if (burst.flows[i] == NULL)
			bench_die("a flow was refused");
		burst.flows[i]->last = flows.now;
		count(weir_flow_user(burst.flows[i]), burst.reversed >> i & 1, flows.now);
	}
}

static void
hash_burst(const struct packet *packets)
{
	const void *keys[BURST];
	hash_sig_t hashes[BURST];
	void *data[BURST];
	uint64_t hits = 0;

	flows.now++;
	for (unsigned int i = 0; i < BURST; i++) {
		keys[i] = &packets[i].key;
		hashes[i] = packets[i].hash;
	}
	rte_hash_lookup_with_hash_bulk_data(flows.hash, keys, hashes, BURST, &hits, data);
	for (unsigned int i = 0; i < BURST; i++) {
		if (hits >> i & 1)
			rte_prefetch0(data[i]);
	}
	for (unsigned int i = 0; i < BURST; i++) {
		struct record *record = data[i];
		int32_t at;

		if (!(hits >> i & 1)) {
			at = rte_hash_add_key_with_hash(flows.hash, keys[i], hashes[i]);
			if (at < 0)
				bench_die("rte_hash refused a flow");
			record = &flows.records[at];
			rte_hash_add_key_with_hash_data(flows.hash, keys[i], hashes[i], record);
		}
		record->last = flows.now;
		count(&record->tally, packets[i].reversed, flows.now);
	}
}

static double
rate(void (*burst)(const struct packet *packets), const struct packet *all)
{
	struct packet packets[BURST];
	uint64_t cycles = 0, begin;

	for (uint32_t i = 0; i < ROUND; i += BURST) {
		packets_next(all, packets);
		begin = rte_rdtsc_precise();
		burst(packets);
		cycles += rte_rdtsc_precise() - begin;
	}
	return ROUND / ((double)cycles / (double)rte_get_tsc_hz()) / 1e6;
}

static void
weir_run(const void *arg __rte_unused, double figures[])
{
	figures[0] = rate(weir_burst, flows.packets);
}

static void
hash_run(const void *arg __rte_unused, double figures[])
{
	figures[0] = rate(hash_burst, flows.others);
}

static void
new_run(const void *arg __rte_unused, double figures[])
{
	uint64_t established = flows.evicted;

	figures[0] = rate(weir_burst, flows.others);
	if (flows.evicted != established)
		bench_die("an established flow ended for a new one");
}

/* All flows are there before it begins. */
static void
fill(void)
{
	struct packet packets[BURST];

	for (uint32_t i = 0; i < flows.count; i += BURST) {
		for (uint32_t j = 0; j < BURST; j++)
			packet_make(&packets[j], RTE_MIN(i + j, flows.count - 1));
		weir_burst(packets);
		if (flows.hash != NULL)
			hash_burst(packets);
	}
}

static void
flow_ended(void *arg __rte_unused, struct weir_flow *flow, enum weir_flow_reason reason)
{
	flows.evicted += reason == WEIR_FLOW_EVICTED && flow->life != 0;
}

static void
weir_make(uint32_t count)
{
	struct weir_flow_conf conf = WEIR_FLOW_CONF_INIT;
	struct weir_error error;

	conf.name = "flows";
	conf.capacity = count;
	conf.user_size = sizeof(struct tally);
	conf.socket = SOCKET_ID_ANY;
	conf.embryonic = 1;
	conf.idle[0] = UINT64_C(5000000000);
	conf.on_end = flow_ended;
	flows = (struct flows){ .count = count, .packets = flows.packets, .others = flows.others };
	flows.table = weir_flow_table_create(&conf, &error);
	if (flows.table == NULL)
		bench_die("%s", error.text);
	printf("%.1f bytes of the table's a flow\n", (double)weir_flow_memory(&conf) / count);
}

static void
tables_make(uint32_t count)
{
	struct rte_hash_parameters parameters = {
		.name = "flows",
		.entries = count + count / 4 + 64,
		.key_len = sizeof(struct weir_key),
		.socket_id = SOCKET_ID_ANY,
	};

	weir_make(count);
	flows.hash = rte_hash_create(&parameters);
	flows.records =
		rte_zmalloc(NULL, sizeof(*flows.records) * parameters.entries, RTE_CACHE_LINE_SIZE);
	if (flows.hash == NULL || flows.records == NULL)
		bench_die("rte_hash of %u flows: %s", count, rte_strerror(rte_errno));
	fill();
}

static void
tables_free(void)
{
	weir_flow_table_free(flows.table);
	rte_hash_free(flows.hash);
	rte_free(flows.records);
}

/* Half of a table's flows are established: these are looked up beside. */
static void
new_make(uint32_t count)
{
	weir_make(count);
	flows.count = count / 2;
	fill();
	for (uint32_t i = 0; i < flows.count; i += BURST) {
		struct weir_flow_burst burst = WEIR_FLOW_BURST_INIT;

		burst.n = RTE_MIN(BURST, flows.count - i);
		for (unsigned int j = 0; j < burst.n; j++) {
			packet_make(&flows.others[j], i + j);
			burst.keys[j] = &flows.others[j].key;
			burst.hashes[j] = flows.others[j].hash;
		}
		weir_flow_lookup(flows.table, &burst);
		for (unsigned int j = 0; j < burst.n; j++)
			weir_flow_set_life(flows.table, burst.flows[j], 1);
	}
	packets_make(false);
	for (uint32_t i = 0; i < PACKETS; i++)
		packet_make(&flows.others[i], count + i);
}

static void
compare(struct bench *bench, uint32_t count, bool skewed)
{
	static const struct bench_side sides[] = {
		{ .name = "weir", .run = weir_run },
		{ .name = "rte_hash", .run = hash_run, .at_least = { 2.5 } },
	};
	static const struct bench_side sides_else[] = {
		{ .name = "weir", .run = weir_run },
		{ .name = "rte_hash", .run = hash_run, .at_least = { 2.0 } },
	};
	char name[64];

	snprintf(name, sizeof(name), "%u flows, %s", count, skewed ? "zipf 1.1" : "uniform");
	if (bench->only_case != NULL && strstr(name, bench->only_case) == NULL)
		return;
	tables_make(count);
	packets_make(skewed);
	bench_case(bench, name, count == FLOWS_MANY ? sides : sides_else, RTE_DIM(sides), 0);
	tables_free();
}

static void
compare_new(struct bench *bench, uint32_t count)
{
	static const struct bench_side sides[] = {
		{ .name = "new flows", .run = new_run },
		{ .name = "lookups", .run = weir_run, .at_least = { 0.4 } },
	};
	char name[64];

	snprintf(name, sizeof(name), "%u flows, new ones only", count);
	if (bench->only_case != NULL && strstr(name, bench->only_case) == NULL)
		return;
	new_make(count);
	bench_case(bench, name, sides, RTE_DIM(sides), 0);
	tables_free();
}

int
main(int argc, char **argv)
{
	static const struct bench_metric metrics[] = { { "rate", "Mpps" } };
	static const uint32_t counts[] = { 10000, FLOWS_MANY, 10000000 };
	struct bench bench = { .name = "flow",
		.title = "flow table beside rte_hash",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics) };

	bench_open(&bench, argc, argv);
	bench_eal_with(&bench, NULL, "0@0", 6144);
	flows.packets = rte_malloc(NULL, sizeof(*flows.packets) * PACKETS, RTE_CACHE_LINE_SIZE);
	flows.others = rte_malloc(NULL, sizeof(*flows.others) * PACKETS, RTE_CACHE_LINE_SIZE);
	if (flows.packets == NULL || flows.others == NULL)
		bench_die("no memory for packets");
	for (unsigned int i = 0; i < RTE_DIM(counts); i++) {
		compare(&bench, counts[i], false);
		compare(&bench, counts[i], true);
	}
	compare_new(&bench, FLOWS_MANY);
	rte_free(flows.packets);
	rte_free(flows.others);
	return bench_close(&bench);
}
