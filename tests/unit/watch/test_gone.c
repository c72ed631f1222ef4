/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Ports that go away, or give nothing any more, while the engine runs. */
#include "device.h"

#include <pthread.h>

#define PACKETS 300

/* A source: what came before it went is there, what waits in it is not taken any more. */
static void
test_source(void **state)
{
	struct rte_mempool *pool =
		weir_pool_create("own", 2047, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	struct rte_ring *ring;
	struct rig_log log;
	struct rig rig;

	(void)state;
	device_add(RING);
	ring = ring_of(RING);
	rig_make(&rig, "gone", "1-2", 0,
		SECTIONS("source wan: device=" RING, "source gen: type=synth; rate=1000",
			"stage end: type=t_pass; input=wan, gen"));
	rig_start(&rig);
	ring_fill(ring, pool, PACKETS);
	rig_wait_received(&rig, PACKETS);
	while (rig_sum(&rig, "wan", in) < PACKETS)
		usleep(100);
	port_is_read(&rig, false, PACKETS);
	rig_log_begin(&log);
	device_goes(RING);
	device_goes(RING);
	assert_int_equal(rig_log_count(&log, "port " RING " went away"), 1);
	rig_log_end(&log);
	ring_fill(ring, pool, 10);
	usleep(20000);
	assert_int_equal(rig_sum(&rig, "wan", in), PACKETS);
	assert_int_equal(ring_empty(ring), 10);
	port_is_read(&rig, true, PACKETS);
	/* The others go on. */
	rig_wait_received(&rig, rig_ledger(&rig).received + 10);
	device_end(&rig, RING, &p);
	assert_int_equal(p.ipackets, PACKETS);
	testing_pool_is_full(pool);
	rte_mempool_free(pool);
}

/* A port that takes nothing more, so that all waits for it; once it is gone all moves again. */
static void
sink(const char *lcores, const char *link)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	uint64_t sent;
	struct rig rig;

	device_add(RING);
	rig_make(&rig, "sink", lcores, 0,
		SECTIONS("source gen: type=synth; flows=10", "stage a: type=t_pass; input=gen",
			"stage end: type=tx; input=a; device=" RING, link));
	rig_start(&rig);
	while (rig_sum(&rig, "end", held) == 0)
		rig_pass(&rig);
	device_goes(RING);
	sent = rig_ledger(&rig).transmitted;
	assert_int_equal(ring_empty(ring_of(RING)), sent);
	rig_wait_received(&rig, rig_ledger(&rig).received + 1000);
	assert_true(rig_dropped(&rig, "port_gone") > 0);
	assert_int_equal(rig_ledger(&rig).transmitted, sent);
	device_end(&rig, RING, &p);
}

static void
test_sink(void **state)
{
	(void)state;
	sink("1-3", "link a end: ring=64");
	sink("1-2", "link gen a: ring=64");
	sink("1", "link a end: on_full=block");
}

/* An lcore that the application polls: here by one thread, while another raises the event. */
static void *
goes(void *arg)
{
	(void)arg;
	device_goes(RING);
	return NULL;
}

static void
test_polled(void **state)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	struct rig_log log;
	pthread_t thread;
	struct rig rig;

	(void)state;
	device_add(RING);
	rig_make(&rig, "polled", "0", 0,
		SECTIONS("source gen: type=synth; flows=10",
			"stage end: type=tx; input=gen; device=" RING));
	while (rig_sum(&rig, "end", held) == 0)
		rig_pass(&rig);
	rig_log_begin(&log);
	assert_int_equal(pthread_create(&thread, NULL, goes, NULL), 0);
	while (pthread_tryjoin_np(thread, NULL) != 0)
		rig_pass(&rig);
	assert_int_equal(rig_log_count(&log, "do not close it"), 0);
	rig_log_end(&log);
	assert_int_equal(ring_empty(ring_of(RING)), rig_ledger(&rig).transmitted);
	rig_wait_received(&rig, rig_ledger(&rig).received + 1000);
	device_end(&rig, RING, &p);
}

/* Gone before the engine starts, and with nobody to wait for. */
static void
test_early(void **state)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	struct rig rig;

	(void)state;
	device_add(RING);
	rig_make(&rig, "early", "1-2", 0,
		SECTIONS("source wan: device=" RING,
			"stage end: type=tx; input=wan; device=" RING));
	device_goes(RING);
	rig_start(&rig);
	usleep(5000);
	port_is_read(&rig, true, 0);
	device_end(&rig, RING, &p);
	assert_int_equal(rte_eth_dev_count_avail(), 0);
}

/* t_goes: its port goes away while the engine is made. */
static int
goes_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	(void)worker;
	(void)conf;
	(void)state;
	(void)error;
	device_goes(RING);
	return 0;
}

static const struct weir_stage_ops goes_ops = {
	WEIR_STAGE_OPS,
	.name = "t_goes",
	.help = "its port goes away",
	.init = goes_init,
	.process = pass_process,
};

/* Gone before the engine is made: it is as if that had happened right after. */
static void
test_while_made(void **state)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	struct rig_log log;
	struct rig rig;

	(void)state;
	device_add(RING);
	rig_log_begin(&log);
	rig_make(&rig, "made", "1-2", 0,
		SECTIONS("source wan: device=" RING, "stage end: type=t_goes; input=wan"));
	assert_int_equal(rig_log_count(&log, "port " RING " went away"), 1);
	/* Whoever told it was not to close the port yet, and did not wait for ever. */
	assert_int_equal(rig_log_count(&log, "do not close it"), 1);
	rig_log_end(&log);
	rig_start(&rig);
	usleep(5000);
	port_is_read(&rig, true, 0);
	device_end(&rig, RING, &p);
}

/* Gone while it is being stopped: who tells it comes back when that is over. */
static void
test_while_stopped(void **state)
{
	struct port_state *port;
	struct rig_log log;
	pthread_t thread;
	struct rig rig;

	(void)state;
	device_add(RING);
	rig_make(&rig, "stopped", "1-2", 0,
		SECTIONS("source wan: device=" RING, "stage end: type=t_pass; input=wan"));
	rig_start(&rig);
	rig_stop(&rig);
	rig_log_begin(&log);
	port = &rig.engine->ports[0];
	assert_true(port_claim(port));
	assert_int_equal(pthread_create(&thread, NULL, goes, NULL), 0);
	usleep(20000);
	assert_int_equal(pthread_tryjoin_np(thread, NULL), EBUSY);
	port_release(port);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_false(port_claim(port));
	assert_int_equal(rig_log_count(&log, "port " RING), 0);
	rig_log_end(&log);
	rig_end(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING), 0);
}

/* An lcore that does not come back may use the port still: that is said, and it is not for ever. */
static void
test_stuck(void **state)
{
	uint64_t deadline = rig_deadline();
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	struct rig_log log;
	struct rig rig;

	(void)state;
	seen.stuck = seen.let_go = 0;
	device_add(RING);
	rig_make(&rig, "stuck", "1", 0,
		SECTIONS("source gen: type=synth; flows=10; rate=100000",
			"stage a: type=t_stick; input=gen",
			"stage end: type=tx; input=gen; device=" RING));
	rig_start(&rig);
	while (seen_read(&seen.stuck) == 0 && rte_rdtsc() < deadline)
		usleep(1000);
	rig_log_begin(&log);
	device_goes(RING);
	assert_int_equal(rig_log_count(&log, "do not close it"), 1);
	rig_log_end(&log);
	__atomic_store_n(&seen.let_go, 1, __ATOMIC_RELAXED);
	rig_wait_received(&rig, rig_ledger(&rig).received + 1000);
	ring_empty(ring_of(RING));
	device_end(&rig, RING, &p);
}

/* A port that gives nothing more: nothing happens. */
static void
test_silent(void **state)
{
	struct rte_mempool *pool =
		weir_pool_create("own", 2047, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct rig rig;

	(void)state;
	device_add(RING);
	rig_make(&rig, "silent", "1-2", 0,
		SECTIONS("source wan: device=" RING, "stage end: type=t_pass; input=wan"));
	rig_start(&rig);
	ring_fill(ring_of(RING), pool, PACKETS);
	rig_wait(&rig, PACKETS);
	for (unsigned int i = 0; i < 60; i++) {
		struct weir_watch_figures w = WEIR_WATCH_FIGURES_INIT;

		usleep(10000);
		weir_engine_watch(rig.engine);
		weir_ledger_watch(rig.engine, &w);
		assert_int_equal(w.stuck_workers, 0);
		assert_int_equal(w.all_blocked, 0);
	}
	port_is_read(&rig, false, PACKETS);
	rig_stop(&rig);
	rig_end(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING), 0);
	testing_pool_is_full(pool);
	rte_mempool_free(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_sink),
		cmocka_unit_test(test_polled),
		cmocka_unit_test(test_early),
		cmocka_unit_test(test_while_made),
		cmocka_unit_test(test_while_stopped),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_silent),
	};

	rig_eal_init();
	if (weir_stage_register(&goes_ops) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
