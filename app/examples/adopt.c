/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * adopt: an application that has set up and started a port of its own, and shares it with weir: queue 0 of
 * both directions is weir's, which polls it, works on what comes and sends it back; queue 1 stays the
 * application's. The port is never weir's: it runs on when weir has stopped.
 *
 *     cc -o adopt adopt.c $(pkg-config --cflags --libs weir libdpdk)
 *     ./adopt --no-huge -m 256 --no-pci -l 0 --vdev net_null0
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
#define QUEUES 2
#define OURS 1 /* the other one is weir's */
#define PACKETS 100000

static struct rte_mempool *
open_port(uint16_t port)
{
	const struct rte_eth_conf conf = { 0 };
	unsigned int socket = (unsigned int)rte_eth_dev_socket_id(port);
	/* With room for events: weir then takes the packets as they are, and copies none. */
	struct rte_mempool *pool = weir_pool_create("app", 8191, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
		rte_eth_dev_socket_id(port));
	int rc = pool != NULL ? rte_eth_dev_configure(port, QUEUES, QUEUES, &conf) : -1;

	for (uint16_t q = 0; rc == 0 && q < QUEUES; q++) {
		rc = rte_eth_rx_queue_setup(port, q, 512, socket, NULL, pool);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(port, q, 512, socket, NULL);
	}
	if (rc != 0 || rte_eth_dev_start(port) != 0)
		rte_exit(EXIT_FAILURE, "cannot set up port %u\n", port);
	return pool;
}

/* wan, queue 0 as it comes; busy, some work on each; out, the same queue. */
static struct weir_pipeline *
describe(const char *device, struct weir_error *error)
{
	const char *const keys[][3] = {
		{ "source wan", "device", device },
		{ "source wan", "adopt", "on" },
		{ "source wan", "queue.first", "0" },
		{ "source wan", "queues", "1" },
		{ "stage busy", "type", "work" },
		{ "stage busy", "input", "wan" },
		{ "stage busy", "cycles", "100" },
		{ "stage out", "type", "tx" },
		{ "stage out", "input", "busy" },
		{ "stage out", "device", device },
		{ "stage out", "adopt", "on" },
		{ "stage out", "queue.first", "0" },
	};
	struct weir_pipeline *pipeline = weir_pipeline_create("adopt", error);

	for (unsigned int i = 0; pipeline != NULL && i < RTE_DIM(keys); i++)
		if (weir_pipeline_set(pipeline, keys[i][0], keys[i][1], keys[i][2], error) != 0)
			rte_exit(EXIT_FAILURE, "%s\n", error->text);
	if (pipeline == NULL || weir_pipeline_check(pipeline, error) != 0)
		rte_exit(EXIT_FAILURE, "%s\n", error->text);
	return pipeline;
}

/* Our queue: send back what came; how many. */
static uint64_t
turn(uint16_t port)
{
	struct rte_mbuf *mbufs[BURST];
	uint16_t n = rte_eth_rx_burst(port, OURS, mbufs, BURST);
	uint16_t sent = rte_eth_tx_burst(port, OURS, mbufs, n);

	rte_pktmbuf_free_bulk(&mbufs[sent], n - sent);
	return n;
}

/* The application's loop: its own queue, then weir's workers, which never block it. */
static void
loop(struct weir_engine *engine, uint16_t port)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;
	uint64_t ours = 0;

	while (ours < PACKETS || ledger.received < PACKETS) {
		ours += turn(port);
		weir_worker_poll(engine, rte_lcore_id());
		weir_ledger_read(engine, &ledger);
	}
	weir_engine_stop(engine, 1000);
	weir_ledger_read(engine, &ledger);
	printf("weir: received %" PRIu64 " = transmitted %" PRIu64 " + dropped %" PRIu64
	       "; unaccounted %" PRId64 "\n",
		ledger.received, ledger.transmitted, ledger.dropped, ledger.unaccounted);
	if (ledger.unaccounted != 0)
		rte_exit(EXIT_FAILURE, "weir lost some\n");
}

int
main(int argc, char **argv)
{
	char device[RTE_ETH_NAME_MAX_LEN], lcore[16];
	struct weir_plan_conf conf;
	struct weir_error error;
	uint64_t more = 0;
	uint16_t port = 0;
	int status;

	if (rte_eal_init(argc, argv) < 0 || rte_eth_dev_get_name_by_port(port, device) != 0)
		rte_exit(EXIT_FAILURE, "needs a port: --vdev net_null0\n");
	struct rte_mempool *pool = open_port(port);
	struct weir_pipeline *pipeline = describe(device, &error);

	weir_plan_conf_init(&conf);
	snprintf(lcore, sizeof(lcore), "%u", rte_lcore_id());
	conf.lcores = lcore;
	struct weir_plan *plan = weir_plan_create(pipeline, &conf, &error);
	struct weir_engine *engine = plan != NULL ? weir_engine_create(plan, NULL, &error) : NULL;

	if (engine == NULL || weir_engine_start(engine, &error) != 0)
		rte_exit(EXIT_FAILURE, "%s\n", error.text);
	loop(engine, port);
	status = weir_engine_destroy(engine) == 0 ? 0 : 1;
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);

	/* All of the port is ours again, and it runs. */
	while (more < PACKETS)
		more += turn(port);
	printf("port %s runs on\n", device);
	rte_eth_dev_stop(port);
	rte_eth_dev_close(port);
	if (rte_mempool_avail_count(pool) != pool->size)
		status = 1;
	rte_eal_cleanup();
	return status;
}
