/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * twins: two engines in one application, which share nothing. All packets go to the first; of each hundredth the
 * second gets a copy, so that what it does, be it slow, holds up nobody. Both run on the lcore of the
 * application, one pass of each after the other; either may be stopped without the other.
 *
 *     cc -o twins twins.c $(pkg-config --cflags --libs weir libdpdk)
 *     ./twins --no-huge -m 256 --no-pci -l 0
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_debug.h>
#include <rte_eal.h>
#include <rte_lcore.h>

#include <weir/weir.h>

#define BURST 32
#define PACKETS 320000
#define EVERY 100
#define TIMEOUT_MS 1000

/* All that one engine is made of. */
struct twin {
	struct weir_pipeline *pipeline;
	struct weir_plan *plan;
	struct weir_engine *engine;
	struct weir_inject *in;
};

/* From the application to a stage of that type, whose work takes so many cycles a packet. */
static void
twin_make(struct twin *twin, const char *name, const char *cycles)
{
	const char *const keys[][3] = {
		{ "source in", "type", "inject" },
		{ "stage work", "type", "work" },
		{ "stage work", "input", "in" },
		{ "stage work", "cycles", cycles },
	};
	struct weir_plan_conf conf;
	struct weir_error error;
	char lcore[16];

	twin->pipeline = weir_pipeline_create(name, &error);
	for (unsigned int i = 0; twin->pipeline != NULL && i < RTE_DIM(keys); i++)
		if (weir_pipeline_set(twin->pipeline, keys[i][0], keys[i][1], keys[i][2], &error) !=
			0)
			rte_exit(EXIT_FAILURE, "%s\n", error.text);
	weir_plan_conf_init(&conf);
	snprintf(lcore, sizeof(lcore), "%u", rte_lcore_id());
	conf.lcores = lcore;
	twin->plan =
		twin->pipeline != NULL ? weir_plan_create(twin->pipeline, &conf, &error) : NULL;
	twin->engine = twin->plan != NULL ? weir_engine_create(twin->plan, NULL, &error) : NULL;
	twin->in = twin->engine != NULL ? weir_inject_open(twin->engine, "in", &error) : NULL;
	if (twin->in == NULL || weir_engine_start(twin->engine, &error) != 0)
		rte_exit(EXIT_FAILURE, "%s: %s\n", name, error.text);
}

/* Stop it, say what came of its packets, and undo all that was made. 0, or 1: one was lost. */
static int
twin_end(struct twin *twin)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;
	int status;

	weir_engine_stop(twin->engine, TIMEOUT_MS);
	weir_ledger_read(twin->engine, &ledger);
	printf("%s: received %" PRIu64 " = released %" PRIu64 " + dropped %" PRIu64
	       "; unaccounted %" PRId64 "\n",
		weir_engine_name(twin->engine), ledger.received, ledger.released, ledger.dropped,
		ledger.unaccounted);
	status = weir_engine_destroy(twin->engine) != 0 || ledger.unaccounted != 0;
	weir_plan_free(twin->plan);
	weir_pipeline_free(twin->pipeline);
	return status;
}

/* Hand packets over; those for which there is no room stay the application's. */
static void
hand_in(struct twin *twin, struct rte_mbuf *mbufs[], uint16_t n)
{
	uint16_t taken = weir_inject_packets(twin->in, mbufs, n);

	rte_pktmbuf_free_bulk(&mbufs[taken], n - taken);
}

/* Where a real application would receive: packets of zeros. */
static uint16_t
receive(struct rte_mempool *pool, struct rte_mbuf *mbufs[BURST])
{
	if (rte_pktmbuf_alloc_bulk(pool, mbufs, BURST) != 0)
		return 0;
	for (unsigned int i = 0; i < BURST; i++)
		memset(rte_pktmbuf_append(mbufs[i], 60), 0, 60);
	return BURST;
}

static void
loop(struct twin *all, struct twin *some, struct rte_mempool *pool)
{
	struct rte_mbuf *mbufs[BURST], *copy;
	uint64_t received = 0;

	while (received < PACKETS) {
		uint16_t n = receive(pool, mbufs);

		for (uint16_t i = 0; i < n; i++) {
			if ((received + i) % EVERY != 0)
				continue;
			copy = rte_pktmbuf_copy(mbufs[i], pool, 0, UINT32_MAX);
			if (copy != NULL)
				hand_in(some, &copy, 1);
		}
		hand_in(all, mbufs, n);
		received += n;
		weir_worker_poll(all->engine, rte_lcore_id());
		weir_worker_poll(some->engine, rte_lcore_id());
	}
}

int
main(int argc, char **argv)
{
	struct twin all = { 0 }, some = { 0 };
	struct rte_mempool *pool;
	int status;

	if (rte_eal_init(argc, argv) < 0)
		rte_exit(EXIT_FAILURE, "EAL\n");
	pool = weir_pool_create("twins", 8191, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
		(int)rte_socket_id());
	if (pool == NULL)
		rte_exit(EXIT_FAILURE, "no memory for a pool\n");
	twin_make(&all, "all", "50");
	twin_make(&some, "some", "5000");
	loop(&all, &some, pool);
	status = twin_end(&some);
	status |= twin_end(&all);
	if (rte_mempool_avail_count(pool) != pool->size)
		status = 1;
	rte_mempool_free(pool);
	rte_eal_cleanup();
	return status;
}
