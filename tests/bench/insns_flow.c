/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The flow table, for insns.py: flows that are found, and new ones for which others end. */
#include <string.h>

#include <weir/flow.h>
#include <weir/parse.h>

#include "bench.h"
#include "counted.h"
#include "insns_flow.h"

#define BURST 32
#define PASSES 2048
#define FLOWS 4096

static struct weir_key keys[FLOWS];
static uint32_t numbers;

static void
look_up(struct weir_flow_table *table, bool fresh)
{
	static struct weir_flow_burst burst = { .size = sizeof(burst) };
	static uint32_t at;

	burst.now++;
	burst.n = BURST;
	for (unsigned int i = 0; i < BURST; i++) {
		struct weir_key *key = &keys[at++ % FLOWS];

		if (fresh)
			memcpy(key->src + 12, &numbers, sizeof(numbers));
		if (fresh)
			numbers++;
		burst.keys[i] = key;
		burst.hashes[i] = weir_key_hash(NULL, key);
	}
	weir_flow_lookup(table, &burst);
	for (unsigned int i = 0; i < BURST; i++)
		burst.flows[i]->last = burst.now;
}

static void
find(void *table, unsigned int passes)
{
	for (unsigned int i = 0; i < passes; i++)
		look_up(table, false);
}

static void
make(void *table, unsigned int passes)
{
	for (unsigned int i = 0; i < passes; i++)
		look_up(table, true);
}

void
count_flows(void)
{
	struct weir_flow_conf conf = WEIR_FLOW_CONF_INIT;
	struct weir_flow_table *table;
	struct weir_error error;

	conf.name = "insns";
	conf.capacity = FLOWS;
	conf.user_size = WEIR_FLOW_USER_SMALL;
	conf.socket = SOCKET_ID_ANY;
	conf.idle[0] = 1000000000;
	table = weir_flow_table_create(&conf, &error);
	if (table == NULL)
		bench_die("%s", error.text);
	for (unsigned int i = 0; i < FLOWS; i++)
		keys[i] = (struct weir_key){ .proto = 6, .ip_version = 4 };
	make(table, PASSES);
	insns_counted(find, table, PASSES);
	insns_done("flow found", PASSES * BURST);
	insns_counted(make, table, PASSES);
	insns_done("flow made, another evicted", PASSES * BURST);
	weir_flow_table_free(table);
}
