/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What insns.py counts the instructions of. Every case first runs outside insns_counted(), so that
 * symbols are bound and caches filled, then within it. On stdout: what it was built with, then a
 * line for each call of insns_counted(), in order: the case, a tab, its events. One lcore, no
 * threads, no clock that decides anything: the counts repeat.
 */
#include <stdio.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_version.h>

#include <weir/parse.h>

#include "bench.h"
#include "engines.h"
#include "frames.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif
#define BURST 32
#define PASSES 2048
#define FRAMES 512

typedef void (*insns_run)(void *arg, unsigned int passes);

/* insns.py counts from the entry of this function to its end: it must stay one. */
#ifdef __clang__
#define ONE_FUNCTION __attribute__((noinline))
#else
#define ONE_FUNCTION __attribute__((noinline, noclone, externally_visible))
#endif

ONE_FUNCTION void insns_counted(insns_run run, void *arg, unsigned int passes);

void
insns_counted(insns_run run, void *arg, unsigned int passes)
{
	run(arg, passes);
	/* After the call: it must not become a jump, which would end the count. */
	__asm__ volatile("" ::: "memory");
}

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
	printf("%s\t%u\n", name, (unsigned int)(received(&engine) - before));
	engine_end(&engine);
}

static void
parse_frames(void *arg, unsigned int passes)
{
	static struct weir_parse_burst burst = { .size = sizeof(burst), .port = 1 };
	struct rte_mbuf **mbufs = arg;

	for (unsigned int i = 0; i < passes; i++)
		weir_parse(mbufs + i * BURST % FRAMES, BURST, &burst);
}

static void
count_parse(const struct frame_mix *mix, struct rte_mbuf *mbufs[])
{
	for (unsigned int i = 0; i < FRAMES; i++)
		frame_make(mbufs[i], mix);
	parse_frames(mbufs, PASSES);
	insns_counted(parse_frames, mbufs, PASSES);
	printf("parse %s\t%u\n", mix->name, PASSES * BURST);
}

int
main(int argc, char **argv)
{
	static struct rte_mbuf *mbufs[FRAMES];
	struct bench bench = { .name = "insns" };
	struct rte_mempool *pool;

	bench_open(&bench, argc, argv);
	bench_eal_with(&bench, (const char *const[]){ "net_null0", NULL }, "0", 128);
	printf("%s, %s\n", COMPILER, rte_version());
	count_hop("hop by ring", "ring");
	count_hop("hop by call", "auto");
	pool = weir_pool_create("insns", FRAMES, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL || rte_pktmbuf_alloc_bulk(pool, mbufs, FRAMES) != 0)
		bench_die("no mbufs: %s", rte_strerror(rte_errno));
	for (const struct frame_mix *mix = frame_mixes; mix->name != NULL; mix++)
		count_parse(mix, mbufs);
	rte_pktmbuf_free_bulk(mbufs, FRAMES);
	rte_mempool_free(pool);
	rte_eal_cleanup();
	return 0;
}
