/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Flows by number: a key of each, a table, what ended in it. */
#ifndef WEIR_TEST_FLOWS_H
#define WEIR_TEST_FLOWS_H

#include <string.h>

#include "testing.h"

#include <weir/flow.h>
#include <weir/parse.h>

#define SECOND UINT64_C(1000000000)

/* What the tests keep with a flow. */
struct kept {
	uint64_t number; /* of the flow, + 1: 0 is new */
	uint64_t packets;
};

/* What on_end() was told. */
struct ends {
	unsigned int count;
	unsigned int by[WEIR_FLOW_REASONS];
	uint64_t last; /* number + 1 of the flow that ended last */
	uint64_t late; /* of what ended late, by `now`, most */
	uint64_t now;
	uint64_t idle;
	uint8_t *gone; /* by number: it ended; NULL: not kept */
};

static inline void
flows_end(void *arg, struct weir_flow *flow, enum weir_flow_reason reason)
{
	struct ends *ends = arg;
	const struct kept *kept = weir_flow_user(flow);

	ends->count++;
	ends->by[reason]++;
	ends->last = kept->number;
	if (ends->gone != NULL && kept->number != 0)
		ends->gone[kept->number - 1] = 1;
	if (reason == WEIR_FLOW_IDLE && ends->idle != 0)
		ends->late = RTE_MAX(ends->late, ends->now - flow->last - ends->idle);
}

static inline struct weir_flow_conf
flows_conf(uint32_t capacity, struct ends *ends)
{
	struct weir_flow_conf conf = WEIR_FLOW_CONF_INIT;

	conf.name = "test";
	conf.capacity = capacity;
	conf.user_size = sizeof(struct kept);
	conf.socket = SOCKET_ID_ANY;
	conf.on_end = ends != NULL ? flows_end : NULL;
	conf.arg = ends;
	return conf;
}

static inline struct weir_flow_table *
flows_table(const struct weir_flow_conf *conf)
{
	struct weir_error error = { 0 };
	struct weir_flow_table *table = weir_flow_table_create(conf, &error);

	if (table == NULL)
		fail_msg("%s", error.text);
	return table;
}

static inline struct weir_key
flows_key(uint32_t number)
{
	struct weir_key key = { .proto = 6, .ip_version = 4, .dport = rte_cpu_to_be_16(443) };

	key.src[10] = key.src[11] = key.dst[10] = key.dst[11] = 0xff;
	memcpy(key.src + 12, &number, sizeof(number));
	key.dst[12] = 10;
	key.sport = rte_cpu_to_be_16((uint16_t)(number * 7));
	return key;
}

static inline struct weir_key
flows_reversed(const struct weir_key *key)
{
	struct weir_key back = *key;

	memcpy(back.src, key->dst, sizeof(back.src));
	memcpy(back.dst, key->src, sizeof(back.dst));
	back.sport = key->dport;
	back.dport = key->sport;
	return back;
}

/* Look one key up. */
static inline struct weir_flow *
flows_find(struct weir_flow_table *table, const struct weir_key *key, uint32_t hash, uint64_t extra,
	uint64_t now, bool *created, bool *reversed)
{
	struct weir_flow_burst burst = { .size = sizeof(burst), .now = now, .n = 1 };

	burst.keys[0] = key;
	burst.hashes[0] = hash;
	burst.extras[0] = extra;
	weir_flow_lookup(table, &burst);
	if (created != NULL)
		*created = burst.created & 1;
	if (reversed != NULL)
		*reversed = burst.reversed & 1;
	return burst.flows[0];
}

static inline struct weir_flow_stats
flows_stats(const struct weir_flow_table *table)
{
	struct weir_flow_stats stats = WEIR_FLOW_STATS_INIT;

	weir_flow_stats(table, &stats);
	return stats;
}

/* All that were made have ended, but for those that there are. */
static inline void
flows_balance(const struct weir_flow_table *table)
{
	struct weir_flow_stats stats = flows_stats(table);
	uint64_t ended = 0;

	for (unsigned int i = 0; i < WEIR_FLOW_REASONS; i++)
		ended += stats.ended[i];
	assert_int_equal(stats.created, ended + stats.flows);
}

#endif /* WEIR_TEST_FLOWS_H */
