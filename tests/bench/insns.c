/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The hop and the parser, for insns.py: see counted.h. One lcore. */
#include <stdio.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include <weir/parse.h>

#include "bench.h"
#include "counted.h"
#include "engines.h"
#include "frames.h"
#include "insns_flow.h"

#define BURST 32
#define PASSES 2048
#define FRAMES 512

static void
poll_engine(void *arg, unsigned int passes)
{
	for (unsigned int i = 0; i < passes; i++)
		weir_worker_poll(arg, rte_lcore_id());
}

static uint64_t
received(const struct engine *engine)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	weir_ledger_read(engine->weir, &ledger);
	return ledger.received;
}

static void
count_hop(const char *name, const char *kind)
{
	const struct engine_key keys[] = {
		{ "source null", "device", "net_null0" },
		{ "stage end", "type", "count" },
		{ "stage end", "input", "null" },
		{ "link null end", "kind", kind },
		{ "link null end", "on_full", "block" },
		{ NULL, NULL, NULL },
	};
	struct engine engine;
	uint64_t before;

	engine_make(&engine, keys);
	engine_start(&engine);
	poll_engine(engine.weir, PASSES);
	before = received(&engine);
	insns_counted(poll_engine, engine.weir, PASSES);
	insns_done(name, received(&engine) - before);
	engine_end(&engine);
}

struct parsed {
	struct rte_mbuf *mbufs[FRAMES];
	struct weir_parse_burst burst;
};

static void
parse_frames(void *arg, unsigned int passes)
{
	struct parsed *parsed = arg;

	for (unsigned int i = 0; i < passes; i++)
		weir_parse(parsed->mbufs + i * BURST % FRAMES, BURST, &parsed->burst);
}

static void
count_parse_as(const struct frame_mix *mix, struct parsed *parsed, uint8_t depth,
	const char *depth_name)
{
	char name[64];

	for (unsigned int i = 0; i < FRAMES; i++)
		frame_make(parsed->mbufs[i], mix);
	parsed->burst.depth = depth;
	snprintf(name, sizeof(name), "parse %s%s", depth_name, mix->name);
	parse_frames(parsed, PASSES);
	insns_counted(parse_frames, parsed, PASSES);
	insns_done(name, PASSES * BURST);
}

static void
count_parse(struct parsed *parsed)
{
	const struct frame_mix *mix;

	for (mix = frame_mixes; mix->name != NULL; mix++)
		count_parse_as(mix, parsed, WEIR_PARSE_FULL, "");
	for (mix = frame_rare_mixes; mix->name != NULL; mix++)
		count_parse_as(mix, parsed, WEIR_PARSE_FULL, "");
	for (mix = frame_mixes; mix->name != NULL; mix++)
		if (mix->n == 1)
			count_parse_as(mix, parsed, WEIR_PARSE_KEY_ONLY, "key-only ");
	for (mix = frame_rare_mixes; mix->name != NULL; mix++)
		count_parse_as(mix, parsed, WEIR_PARSE_KEY_ONLY, "key-only ");
}

int
main(int argc, char **argv)
{
	static struct parsed parsed = { .burst = { .size = sizeof(parsed.burst), .port = 1 } };
	struct bench bench = { .name = "insns" };
	struct rte_mempool *pool;

	bench_open(&bench, argc, argv);
	bench_eal_with(&bench, (const char *const[]){ "net_null0", NULL }, "0", 128);
	insns_head();
	count_hop("hop by ring", "ring");
	count_hop("hop by call", "auto");
	pool = weir_pool_create("insns", FRAMES, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL || rte_pktmbuf_alloc_bulk(pool, parsed.mbufs, FRAMES) != 0)
		bench_die("no mbufs: %s", rte_strerror(rte_errno));
	count_parse(&parsed);
	rte_pktmbuf_free_bulk(parsed.mbufs, FRAMES);
	rte_mempool_free(pool);
	count_flows();
	rte_eal_cleanup();
	return 0;
}
