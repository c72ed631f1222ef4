/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The flow table on one lcore, beside rte_hash with records of the same size. Each packet finds its flow, or
 * makes it, and is counted in its record. Packets are keys with their hash, drawn beforehand: uniformly,
 * or by Zipf's law with exponent 1.1.
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

#define BURST 32
#define PACKETS (1u << 22)
#define ZIPF 1.1
/* Packets of one round at least. */
#define ROUND (1u << 22)

struct packet {
	struct weir_key key;
	uint32_t hash;
	uint32_t zero;
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
	struct packet *packets;
	struct weir_flow_table *table;
	struct rte_hash *hash;
	struct record *records;
	uint32_t at;
	uint64_t now;
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
key_make(struct weir_key *key, uint32_t flow)
{
	memset(key, 0, sizeof(*key));
	key->src[10] = key->src[11] = key->dst[10] = key->dst[11] = 0xff;
	memcpy(key->src + 12, &flow, sizeof(flow));
	flow = flow * 2654435761u + 1;
	memcpy(key->dst + 12, &flow, sizeof(flow));
	key->sport = (uint16_t)flow;
	key->dport = 443;
	key->proto = 6;
	key->ip_version = 4;
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
		struct packet *packet = &flows.packets[i];
		uint64_t random = draw(&state);
		uint32_t flow = (uint32_t)((random >> 32) * flows.count >> 32);

		if (skewed)
			flow = zipf((double)(random >> 11) / (double)(UINT64_C(1) << 53),
				flows.count);
		/* Which flow is heavy says nothing of where it lies. */
		key_make(&packet->key, flow);
		packet->hash = weir_key_hash(NULL, &packet->key);
	}
}

static const struct packet *
packets_next(void)
{
	const struct packet *packets = &flows.packets[flows.at];

	flows.at = (flows.at + BURST) % PACKETS;
	return packets;
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
weir_burst(void)
{
	static struct weir_flow_burst burst = { .size = sizeof(burst) };
	const struct packet *packets = packets_next();

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
hash_burst(void)
{
	const struct packet *packets = packets_next();
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
		count(&record->tally, 0, flows.now);
	}
}

static double
rate(void (*burst)(void))
{
	uint64_t begin = rte_rdtsc();

	for (uint32_t i = 0; i < ROUND; i += BURST)
		burst();
	return ROUND / ((double)(rte_rdtsc() - begin) / (double)rte_get_tsc_hz()) / 1e6;
}

static void
weir_run(const void *arg __rte_unused, double figures[])
{
	figures[0] = rate(weir_burst);
}

static void
hash_run(const void *arg __rte_unused, double figures[])
{
	figures[0] = rate(hash_burst);
}

/* All flows are there before it begins. */
static void
fill(void)
{
	uint32_t all = (flows.count + BURST - 1) / BURST * BURST;

	for (uint32_t i = 0; i < all; i += BURST) {
		for (uint32_t j = 0; j < BURST; j++) {
			struct packet *packet = &flows.packets[j];

			key_make(&packet->key, RTE_MIN(i + j, flows.count - 1));
			packet->hash = weir_key_hash(NULL, &packet->key);
		}
		flows.at = 0;
		weir_burst();
		flows.at = 0;
		hash_burst();
	}
}

static void
tables_make(uint32_t count)
{
	struct weir_flow_conf conf = WEIR_FLOW_CONF_INIT;
	struct rte_hash_parameters parameters = {
		.name = "flows",
		.entries = count + count / 4 + 64,
		.key_len = sizeof(struct weir_key),
		.socket_id = SOCKET_ID_ANY,
	};
	struct weir_error error;

	conf.name = "flows";
	conf.capacity = count;
	conf.user_size = sizeof(struct tally);
	conf.socket = SOCKET_ID_ANY;
	flows = (struct flows){ .count = count, .packets = flows.packets };
	flows.table = weir_flow_table_create(&conf, &error);
	if (flows.table == NULL)
		bench_die("%s", error.text);
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

int
main(int argc, char **argv)
{
	static const struct bench_metric metrics[] = { { "rate", "Mpps" } };
	static const struct bench_side sides[] = {
		{ .name = "weir", .run = weir_run },
		{ .name = "rte_hash", .run = hash_run, .at_least = { 2.5 } },
	};
	static const uint32_t counts[] = { 10000, 1000000, 10000000 };
	struct bench bench = { .name = "flow",
		.title = "flow table beside rte_hash",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics) };
	char name[64];

	bench_open(&bench, argc, argv);
	bench_eal_with(&bench, NULL, "0@0", 6144);
	flows.packets = rte_malloc(NULL, sizeof(*flows.packets) * PACKETS, RTE_CACHE_LINE_SIZE);
	if (flows.packets == NULL)
		bench_die("no memory for packets");
	for (unsigned int i = 0; i < 2 * RTE_DIM(counts); i++) {
		snprintf(name, sizeof(name), "%u flows, %s", counts[i / 2],
			i % 2 == 1 ? "zipf 1.1" : "uniform");
		if (bench.only_case != NULL && strstr(name, bench.only_case) == NULL)
			continue;
		tables_make(counts[i / 2]);
		packets_make(i % 2 == 1);
		bench_case(&bench, name, sides, RTE_DIM(sides), 0);
		tables_free();
	}
	rte_free(flows.packets);
	return bench_close(&bench);
}
