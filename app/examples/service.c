/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * service: an application with a service core, as DPDK has them for what runs beside an application's own work,
 * and weir's workers are one of its services. The main lcore hands packets in and looks after the rest.
 *
 *     cc -o service service.c $(pkg-config --cflags --libs weir libdpdk)
 *     ./service --no-huge -m 256 --no-pci -l 0-1 --vdev net_null0 -- SECONDS
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_debug.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_service.h>
#include <rte_service_component.h>

#include <weir/weir.h>

#define BURST 32

/* The service core, and the engine that has workers there: of one lcore's number, nobody else polls it. */
static struct weir_engine *engine;
static unsigned int core;

/* One iteration of the service: -EAGAIN tells DPDK that there was nothing to do. */
static int32_t
serve(void *arg __rte_unused)
{
	return weir_worker_poll(engine, core) > 0 ? 0 : -EAGAIN;
}

static struct weir_pipeline *
describe(struct weir_error *error)
{
	static const char *const keys[][3] = {
		{ "source wan", "type", "inject" },
		{ "stage busy", "type", "work" },
		{ "stage busy", "input", "wan" },
		{ "stage busy", "cycles", "100" },
		{ "stage end", "type", "count" },
		{ "stage end", "input", "busy" },
	};
	struct weir_pipeline *pipeline = weir_pipeline_create("service", error);

	for (unsigned int i = 0; pipeline != NULL && i < RTE_DIM(keys); i++)
		if (weir_pipeline_set(pipeline, keys[i][0], keys[i][1], keys[i][2], error) != 0)
			rte_exit(EXIT_FAILURE, "%s\n", error->text);
	if (pipeline == NULL || weir_pipeline_check(pipeline, error) != 0)
		rte_exit(EXIT_FAILURE, "%s\n", error->text);
	return pipeline;
}

/* All workers on the service core, which weir does not launch; polled once a second at least, or it says so. */
static struct weir_engine *
make(struct weir_pipeline *pipeline, struct weir_error *error)
{
	struct weir_engine_conf conf;
	struct weir_plan_conf places;
	struct weir_engine *made;
	struct weir_plan *plan;
	char lcores[16];

	snprintf(lcores, sizeof(lcores), "%u", core);
	weir_plan_conf_init(&places);
	places.lcores = places.polled = lcores;
	plan = weir_plan_create(pipeline, &places, error);
	weir_engine_conf_init(&conf);
	conf.polled_stall_ms = 1000;
	made = plan != NULL ? weir_engine_create(plan, &conf, error) : NULL;
	if (made == NULL || weir_engine_start(made, error) != 0)
		rte_exit(EXIT_FAILURE, "%s\n", error->text);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
	return made;
}

static uint32_t
service_begin(void)
{
	const struct rte_service_spec spec = { .name = "weir", .callback = serve };
	uint32_t id;
	int rc;

	if (rte_service_component_register(&spec, &id) != 0 ||
		rte_service_component_runstate_set(id, 1) != 0 ||
		rte_service_map_lcore_set(id, core, 1) != 0 || rte_service_runstate_set(id, 1) != 0)
		rte_exit(EXIT_FAILURE, "no service for lcore %u\n", core);
	/* EAL has started those of -S. */
	rc = rte_service_lcore_start(core);
	if (rc != 0 && rc != -EALREADY)
		rte_exit(EXIT_FAILURE, "cannot start lcore %u\n", core);
	return id;
}

/* The service goes on until weir has drained, and then nobody polls any more: the engine may be stopped. */
static void
service_end(uint32_t id)
{
	weir_engine_stop_request(engine);
	for (unsigned int ms = 0; !weir_engine_drained(engine) && ms < 1000; ms++)
		rte_delay_ms(1);
	rte_service_runstate_set(id, 0);
	rte_service_lcore_stop(core);
	rte_eal_wait_lcore(core);
	rte_service_component_unregister(id);
	weir_engine_stop(engine, 0);
}

static struct rte_mempool *
open_port(uint16_t port)
{
	const struct rte_eth_conf conf = { 0 };
	unsigned int socket = (unsigned int)rte_eth_dev_socket_id(port);
	struct rte_mempool *pool =
		weir_pool_create("service", 8191, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, (int)socket);

	if (pool == NULL || rte_eth_dev_configure(port, 1, 1, &conf) != 0 ||
		rte_eth_rx_queue_setup(port, 0, 1024, socket, NULL, pool) != 0 ||
		rte_eth_tx_queue_setup(port, 0, 1024, socket, NULL) != 0 ||
		rte_eth_dev_start(port) != 0)
		rte_exit(EXIT_FAILURE, "cannot set up port %u\n", port);
	return pool;
}

/* The application's own work, and now and then a look after its guests. */
static void
loop(struct weir_inject *wan, double seconds)
{
	uint64_t hz = rte_get_timer_hz(), now = rte_get_timer_cycles(), looked = now;
	uint64_t end = now + (uint64_t)(seconds * (double)hz);
	struct rte_mbuf *mbufs[BURST];

	for (; now < end; now = rte_get_timer_cycles()) {
		uint16_t n = rte_eth_rx_burst(0, 0, mbufs, BURST);
		uint16_t taken = weir_inject_packets(wan, mbufs, n);

		rte_pktmbuf_free_bulk(&mbufs[taken], n - taken);
		if (now - looked > hz / 100) {
			weir_engine_watch(engine);
			looked = now;
		}
	}
}

int
main(int argc, char **argv)
{
	int eal = rte_eal_init(argc, argv), status;
	double seconds = eal > 0 && eal + 1 < argc ? atof(argv[eal + 1]) : 10;
	struct weir_ledger ledger = WEIR_LEDGER_INIT;
	struct weir_error error;
	struct rte_mempool *pool;
	struct weir_inject *wan;
	uint32_t id;

	/* The first worker lcore becomes a service core, unless EAL was given one by -S. */
	core = rte_get_next_lcore(UINT32_MAX, 1, 0);
	if (eal < 0 || rte_eth_dev_count_avail() == 0 ||
		(rte_service_lcore_list(&core, 1) != 1 && rte_service_lcore_add(core) != 0))
		rte_exit(EXIT_FAILURE, "needs a port, and a second lcore\n");
	pool = open_port(0);
	engine = make(describe(&error), &error);
	wan = weir_inject_open(engine, "wan", &error);
	if (wan == NULL)
		rte_exit(EXIT_FAILURE, "%s\n", error.text);
	id = service_begin();
	loop(wan, seconds);
	service_end(id);
	weir_ledger_read(engine, &ledger);
	printf("received %" PRIu64 " = released %" PRIu64 " + dropped %" PRIu64
	       "; unaccounted %" PRId64 "\n",
		ledger.received, ledger.released, ledger.dropped, ledger.unaccounted);
	status =
		weir_engine_destroy(engine) == 0 && ledger.unaccounted == 0 && ledger.received > 0 ?
		0 :
		1;
	rte_eth_dev_stop(0);
	rte_eth_dev_close(0);
	if (rte_mempool_avail_count(pool) != pool->size)
		status = 1;
	rte_eal_cleanup();
	return status;
}
