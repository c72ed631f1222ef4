/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The ethdev source on ports of virtual devices, with mbufs of its own pool and of others'. */
#include "engine/rig.h"

#include <rte_dev.h>
#include <rte_ethdev.h>

/* Bytes in front of the packet's number, which is its UDP payload. */
#define HEADERS (14 + 20 + 8)

static void
null_create(const char *name)
{
	assert_int_equal(rte_eal_hotplug_add("vdev", name, "size=64"), 0);
}

static void
null_end(const char *name)
{
	assert_int_equal(rte_eal_hotplug_remove("vdev", name), 0);
}

/* The plan knows no such port; or the port goes between the plan and the engine. */
static void
test_absent(void **state)
{
	struct weir_plan *plan;
	struct rig rig;

	(void)state;
	rig_describe(&rig, "absent",
		SECTIONS("source wan: device=net_null7", "stage end: type=t_pass; input=wan"));
	plan = weir_plan_create(rig.pipeline, NULL, &rig.error);
	assert_null(plan);
	assert_int_equal(rig.error.code, ENODEV);
	assert_non_null(strstr(rig.error.text, "net_null7"));
	rig_free(&rig);

	null_create("net_null1");
	rig_describe(&rig, "absent",
		SECTIONS("source wan: device=net_null1", "stage end: type=t_pass; input=wan"));
	rig_place(&rig, "0");
	null_end("net_null1");
	assert_null(weir_engine_create(rig.plan, NULL, &rig.error));
	assert_int_equal(rig.error.code, ENODEV);
	rig_free(&rig);
}

/* A port that the application has set up is refused, running or not, and all that was made before it is undone. */
static void
test_busy(void **state)
{
	const struct rte_eth_conf conf = { 0 };
	struct rte_mempool *pool =
		weir_pool_create("own", 4095, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	uint16_t port;
	struct rig rig;

	(void)state;
	null_create("net_null0");
	null_create("net_null1");
	rig_describe(&rig, "busy-port",
		SECTIONS("source a: device=net_null0", "source b: device=net_null1",
			"stage end: type=t_pass; input=a, b"));
	rig_place(&rig, "0");
	assert_int_equal(rte_eth_dev_get_port_by_name("net_null1", &port), 0);
	assert_int_equal(rte_eth_dev_configure(port, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port, 0, 64, 0, NULL, pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(port, 0, 64, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start(port), 0);
	assert_null(weir_engine_create(rig.plan, NULL, &rig.error));
	assert_int_equal(rig.error.code, EBUSY);
	assert_non_null(strstr(rig.error.text,
		"net_null1 was configured by the application, and runs: with adopt = on"));
	assert_int_equal(rte_eth_dev_stop(port), 0);
	assert_null(weir_engine_create(rig.plan, NULL, &rig.error));
	assert_int_equal(rig.error.code, EBUSY);
	assert_non_null(
		strstr(rig.error.text, "net_null1 was configured by the application: with"));

	/* The other port is free again; this one once nobody has it any more. */
	null_end("net_null1");
	null_create("net_null1");
	rig_create(&rig, 10000);
	rig_wait(&rig, 10000);
	rig_stop(&rig);
	rig_end(&rig);
	null_end("net_null0");
	null_end("net_null1");
	rte_mempool_free(pool);
}

/* A port without interrupts: its lcore sleeps, and no longer than its RX ring allows. */
static void
test_no_interrupts(void **state)
{
	struct rig rig;

	(void)state;
	null_create("net_null0");
	rig_make(&rig, "asleep", "1", 10000,
		SECTIONS("source wan: device=net_null0; idle=interrupt; idle.max=1s",
			"stage end: type=t_pass; input=wan"));
	assert_int_equal(rig.plan->workers[0].idle, WEIR_WAIT_INTERRUPT);
	assert_int_equal(rig.engine->loops[0].idle.how, WEIR_WAIT_SLEEP);
	assert_true(rig.plan->lcores[0].bound_ns > 0);
	assert_int_equal(rig.engine->loops[0].idle.max_ns, rig.plan->lcores[0].bound_ns);
	rig_start(&rig);
	rig_wait(&rig, 10000);
	rig_stop(&rig);
	rig_end(&rig);
	null_end("net_null0");
}

/* What the driver gave, weir took; once more after the engine is gone. */
static void
test_null(void **state)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	struct rig rig;

	(void)state;
	null_create("net_null0");
	for (unsigned int i = 0; i < 3; i++) {
		rig_make(&rig, "null", "1-2", 50000,
			SECTIONS("source wan: device=net_null0",
				"stage end: type=t_pass; input=wan"));
		rig_start(&rig);
		rig_wait(&rig, 50000);
		rig_stop(&rig);
		assert_int_equal(weir_ledger_port(rig.engine, 0, &p), 0);
		assert_string_equal(p.name, "net_null0");
		assert_int_equal(p.ipackets, rig_ledger(&rig).received);
		assert_int_equal(weir_ledger_port(rig.engine, 1, &p), -ENOENT);
		rig_end(&rig);
	}
	null_end("net_null0");
}

/* A worker for each queue, each with its queue's number. */
static void
test_queues(void **state)
{
	struct rte_eth_dev_info info;
	uint16_t port;
	struct rig rig;

	(void)state;
	null_create("net_null0");
	assert_int_equal(rte_eth_dev_get_port_by_name("net_null0", &port), 0);
	assert_int_equal(rte_eth_dev_info_get(port, &info), 0);
	if (info.max_rx_queues < 2) {
		null_end("net_null0");
		skip();
	}
	rig_make(&rig, "queues", "1-3", 20000,
		SECTIONS("source wan: device=net_null0; queues=2",
			"stage end: type=t_pass; input=wan; workers=2"));
	for (unsigned int i = 0; i < 2; i++) {
		uint16_t have_port, queue;

		assert_int_equal(weir_worker_queue(rig.engine->seats[i].worker, &have_port, &queue),
			0);
		assert_int_equal(have_port, port);
		assert_int_equal(queue, i);
	}
	rig_start(&rig);
	rig_wait(&rig, 20000);
	rig_stop(&rig);
	rig_end(&rig);
	null_end("net_null0");
}

/* A port of a ring, into which the test puts packets: they come out of it as they are. */
#define RING_DEVICE "net_ring0"

struct foreign {
	struct rte_ring *ring;
	struct rte_mempool *pool;
};

static void
foreign_create(struct foreign *foreign, uint16_t priv_size)
{
	assert_int_equal(rte_eal_hotplug_add("vdev", RING_DEVICE, ""), 0);
	foreign->ring = rte_ring_lookup("ETH_RXTX0_" RING_DEVICE);
	foreign->pool = rte_pktmbuf_pool_create("foreign", 2047, 0, priv_size, 1024, SOCKET_ID_ANY);
	assert_non_null(foreign->ring);
	assert_non_null(foreign->pool);
}

static void
foreign_end(struct foreign *foreign)
{
	struct rte_mbuf *mbuf;

	while (rte_ring_dequeue(foreign->ring, (void **)&mbuf) == 0)
		rte_pktmbuf_free(mbuf);
	testing_pool_is_full(foreign->pool);
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING_DEVICE), 0);
	rte_mempool_free(foreign->pool);
}

/* A packet over IPv4 and UDP; where it is chained, its last bytes are in a segment of their own. */
static struct rte_mbuf *
foreign_packet(struct foreign *foreign, bool chained)
{
	static const uint8_t headers[HEADERS] = { 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 6, 0x08, 0x00,
		0x45, 0, 0, 36, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x10, 0, 0x20,
		0, 0, 16, 0, 0 };
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(foreign->pool), *last;

	if (mbuf == NULL)
		abort();
	memcpy(rte_pktmbuf_append(mbuf, HEADERS), headers, HEADERS);
	last = chained ? rte_pktmbuf_alloc(foreign->pool) : mbuf;
	if (last == NULL)
		abort();
	memset(rte_pktmbuf_append(last, 8), 0x5a, 8);
	if (chained)
		assert_int_equal(rte_pktmbuf_chain(mbuf, last), 0);
	return mbuf;
}

static void
foreign_fill(struct foreign *foreign, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(rte_ring_enqueue(foreign->ring,
					 foreign_packet(foreign, i % 3 == 0)),
			0);
}

/* Mbufs without room for an event are adopted by copy, and go home at once. */
static void
test_adopted(void **state)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	struct foreign foreign;
	struct rig rig;

	(void)state;
	foreign_create(&foreign, 0);
	rig_make(&rig, "adopts", "0", 0,
		SECTIONS("source wan: device=" RING_DEVICE, "stage h: type=t_hold; input=wan",
			"stage end: type=t_pass; input=h"));
	foreign_fill(&foreign, 300);
	rig_wait_received(&rig, 300);
	testing_pool_is_full(foreign.pool);
	rig_wait(&rig, 300);
	rig_stop(&rig);
	assert_int_equal(weir_ledger_worker(rig.engine, 0, &w), 0);
	assert_int_equal(w.verdicts[WEIR_VERDICT_OK], 300);
	assert_int_equal(rig_sum(&rig, "end", released), 300);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	rig_end(&rig);
	foreign_end(&foreign);
}

/* Mbufs of another's pool that have the room are taken as they are, chained or not. */
static void
test_fitting(void **state)
{
	struct foreign foreign;
	struct rig rig;

	(void)state;
	foreign_create(&foreign, sizeof(struct weir_event));
	rig_make(&rig, "fitting", "0", 0,
		SECTIONS("source wan: device=" RING_DEVICE, "stage h: type=t_hold; input=wan"));
	foreign_fill(&foreign, 300);
	while (rig_sum(&rig, "h", held) == 0)
		weir_worker_poll(rig.engine, 0);
	assert_true(rte_mempool_in_use_count(foreign.pool) > 0);
	assert_int_equal(rte_mempool_in_use_count(rig.engine->pools[0].pool), 0);
	rig_wait(&rig, 300);
	rig_stop(&rig);
	rig_end(&rig);
	foreign_end(&foreign);
}

/* Where there is no mbuf to copy into, the packet is counted under that reason, and freed. */
static void
test_no_mbuf(void **state)
{
	struct rte_mbuf **hoard;
	struct rte_mempool *pool;
	struct foreign foreign;
	unsigned int n = 0;
	struct rig rig;

	(void)state;
	foreign_create(&foreign, 0);
	rig_make(&rig, "no-mbuf", "0", 0,
		SECTIONS("pool: cache=0", "source wan: device=" RING_DEVICE,
			"stage end: type=t_pass; input=wan"));
	pool = rig.engine->pools[0].pool;
	hoard = calloc(pool->size + 1, sizeof(*hoard)); /* and its end */
	assert_non_null(hoard);
	while (n + 40 < pool->size && (hoard[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	foreign_fill(&foreign, 20);
	rig_wait(&rig, 20);
	assert_int_equal(rig_dropped(&rig, "no_mbuf"), 0);
	while ((hoard[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	foreign_fill(&foreign, 100);
	rig_wait(&rig, 120);
	assert_int_equal(rig_dropped(&rig, "no_mbuf"), 100);
	rte_pktmbuf_free_bulk(hoard, n);
	foreign_fill(&foreign, 50);
	rig_wait(&rig, 170);
	assert_int_equal(rig_dropped(&rig, "no_mbuf"), 100);
	rig_stop(&rig);
	rig_end(&rig);
	free(hoard);
	foreign_end(&foreign);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_no_interrupts),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_fitting),
		cmocka_unit_test(test_no_mbuf),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
