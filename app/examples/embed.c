/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * embed: a DPDK application with EAL, a port, a pool and a main loop of its own, and weir inside.
 * It polls its port, hands the packets in, lets weir's workers run on its own lcore, and prints
 * the ledger.
 *
 *     cc -o embed embed.c $(pkg-config --cflags --libs weir libdpdk)
 *     ./embed --no-huge -m 256 --no-pci -l 0 --vdev net_null0
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_debug.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>

#include <weir/weir.h>

#define BURST 32
#define PACKETS 1000000

static struct rte_mempool *
open_port(uint16_t port)
{
	const struct rte_eth_conf conf = { 0 };
	int socket = rte_eth_dev_socket_id(port);
	struct rte_mempool *pool;

	/* Its mbufs have room for an event behind their header: that is all weir asks. */
	pool = weir_pool_create("embed", 8191, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, socket);
	if (pool == NULL || rte_eth_dev_configure(port, 1, 1, &conf) != 0 ||
		rte_eth_rx_queue_setup(port, 0, 1024, (unsigned int)socket, NULL, pool) != 0 ||
		rte_eth_tx_queue_setup(port, 0, 1024, (unsigned int)socket, NULL) != 0 ||
		rte_eth_dev_start(port) != 0)
		rte_exit(EXIT_FAILURE, "cannot set up port %u\n", port);
	return pool;
}

/* wan, the application's own packets; busy, some work on each; end, which counts them. */
static struct weir_pipeline *
describe(struct weir_error *error)
{
	static const struct {
		const char *section, *key, *value;
	} keys[] = {
		{ "source wan", "type", "inject" },
		{ "stage busy", "type", "work" },
		{ "stage busy", "input", "wan" },
		{ "stage busy", "cycles", "100" },
		{ "stage end", "type", "count" },
		{ "stage end", "input", "busy" },
	};
	struct weir_pipeline *pipeline = weir_pipeline_create("embed", error);

	for (unsigned int i = 0; pipeline != NULL && i < RTE_DIM(keys); i++) {
		if (weir_pipeline_set(pipeline, keys[i].section, keys[i].key, keys[i].value,
			    error) != 0)
			rte_exit(EXIT_FAILURE, "%s\n", error->text);
	}
	if (pipeline == NULL || weir_pipeline_check(pipeline, error) != 0)
		rte_exit(EXIT_FAILURE, "%s\n", error->text);
	return pipeline;
}

/* The application's loop: its port, then weir's workers, which never block it. */
static void
loop(struct weir_engine *engine, struct weir_inject *wan, uint16_t port)
{
	struct rte_mbuf *mbufs[BURST];
	uint64_t received = 0, refused = 0;

	while (received < PACKETS) {
		uint16_t n = rte_eth_rx_burst(port, 0, mbufs, BURST);
		uint16_t taken = weir_inject_packets(wan, mbufs, n);

		/* What weir had no room for is still ours. */
		rte_pktmbuf_free_bulk(&mbufs[taken], n - taken);
		received += n;
		refused += n - taken;
		weir_worker_poll(engine, rte_lcore_id());
	}
	printf("received %" PRIu64 ", refused %" PRIu64 "\n", received, refused);
}

static int
finish(struct weir_engine *engine)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	weir_engine_stop(engine, 1000);
	weir_ledger_read(engine, &ledger);
	printf("ledger  received %" PRIu64 " + created %" PRIu64 " = released %" PRIu64
	       " + transmitted %" PRIu64 " + ejected %" PRIu64 " + dropped %" PRIu64
	       " + in_flight %" PRIu64 "; unaccounted %" PRId64 "\n",
		ledger.received, ledger.created, ledger.released, ledger.transmitted,
		ledger.ejected, ledger.dropped, ledger.in_flight, ledger.unaccounted);
	return weir_engine_destroy(engine) == 0 && ledger.unaccounted == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct weir_plan_conf conf;
	struct weir_error error;
	char lcore[16];
	uint16_t port = 0;
	int status;

	if (rte_eal_init(argc, argv) < 0 || rte_eth_dev_count_avail() == 0)
		rte_exit(EXIT_FAILURE, "needs a port: --vdev net_null0\n");
	struct rte_mempool *pool = open_port(port);
	struct weir_pipeline *pipeline = describe(&error);

	/* All of weir's workers on this lcore: between two of them a link is a function call. */
	weir_plan_conf_init(&conf);
	snprintf(lcore, sizeof(lcore), "%u", rte_lcore_id());
	conf.lcores = lcore;
	struct weir_plan *plan = weir_plan_create(pipeline, &conf, &error);
	struct weir_engine *engine = plan != NULL ? weir_engine_create(plan, NULL, &error) : NULL;
	struct weir_inject *wan = engine != NULL ? weir_inject_open(engine, "wan", &error) : NULL;

	if (wan == NULL || weir_engine_start(engine, &error) != 0)
		rte_exit(EXIT_FAILURE, "%s\n", error.text);
	loop(engine, wan, port);
	status = finish(engine);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
	rte_eth_dev_stop(port);
	rte_eth_dev_close(port);
	if (rte_mempool_avail_count(pool) != pool->size)
		status = 1;
	rte_eal_cleanup();
	return status;
}
