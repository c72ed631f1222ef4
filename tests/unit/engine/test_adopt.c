/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Ports that the application has set up and keeps: the engine takes their queues, and nothing else of them. */
#include "adopted.h"

#define WAN "source wan: device=" RING "; adopt=on"
#define END "stage end: type=t_pass; input=wan"

/* No engine is made, by that errno. */
static void
create_refused(struct rig *rig, int code, const char *text)
{
	assert_null(weir_engine_create(rig->plan, NULL, &rig->error));
	assert_int_equal(rte_errno, code);
	assert_int_equal(rig->error.code, code);
	if (strstr(rig->error.text, text) == NULL)
		fail_msg("'%s' is not in: %s", text, rig->error.text);
}

static void
plan_refused(struct rig *rig, int code, const char *text)
{
	assert_null(weir_plan_create(rig->pipeline, NULL, &rig->error));
	assert_int_equal(rte_errno, code);
	if (strstr(rig->error.text, text) == NULL)
		fail_msg("'%s' is not in: %s", text, rig->error.text);
}

/* A port that is configured, started or not, is not taken over without a word. */
static void
test_not_taken_over(void **state)
{
	struct rig rig;

	(void)state;
	app_add(true, false);
	app_configure(QUEUES);
	for (unsigned int runs = 0; runs < 2; runs++) {
		rig_describe(&rig, "over", SECTIONS("source wan: device=" RING, END));
		rig_place(&rig, "1-2");
		create_refused(&rig, EBUSY, "port " RING " was configured by the application");
		assert_non_null(strstr(rig.error.text, "with adopt = on"));
		assert_int_equal(strstr(rig.error.text, ", and runs") != NULL, runs);
		rig_free(&rig);
		assert_int_equal(app.touches, 0);
		if (runs == 0)
			app_start();
	}
	app_is_untouched();
	app_remove();
}

/* Weir may set up again what it has set up itself; that is nobody's to adopt, until somebody else configures it. */
static void
test_own(void **state)
{
	struct rig rig, other;

	(void)state;
	app_add(true, false);
	rig_describe(&other, "other", SECTIONS(WAN, END));
	plan_refused(&other, ENODEV, "port " RING " is not configured");
	for (unsigned int i = 0; i < 2; i++) {
		rig_make(&rig, "own", "1-2", 0, SECTIONS("source wan: device=" RING, END));
		plan_refused(&other, EBUSY, "port " RING " was configured by weir");
		rig_start(&rig);
		rig_stop(&rig);
		rig_end(&rig);
	}
	plan_refused(&other, EBUSY, "port " RING " was configured by weir");
	app_configure(QUEUES);
	app_start();
	/* What is registered for a port that weir sets up stays there. */
	app.registered = 0;
	rig_place(&other, "1-2");
	rig_create(&other, 0);
	rig_stop(&other);
	rig_end(&other);
	app_is_untouched();
	app_remove();
}

/* It need run no earlier than the engine; whoever polls is told, too. */
static void
test_not_started(void **state)
{
	struct rig rig;

	(void)state;
	app_add(true, true);
	app_configure(QUEUES);
	rig_make(&rig, "early", "1-2", 0, SECTIONS(WAN, END));
	assert_int_equal(weir_engine_start(rig.engine, &rig.error), -ENETDOWN);
	assert_non_null(strstr(rig.error.text, "port " RING " is not started"));
	assert_int_equal(weir_worker_poll(rig.engine, 1), -ENETDOWN);
	assert_int_equal(app.touches, 0);
	app_start();
	app_send(0, 10);
	rig_start(&rig);
	rig_wait(&rig, 10);
	rig_stop(&rig);
	rig_end(&rig);
	app_is_untouched();
	app_remove();
}

/* What the application does to it between plan, engine and start. */
static void
test_changed(void **state)
{
	struct rig rig;

	(void)state;
	app_add(true, true);
	app_configure(QUEUES);
	rig_describe(&rig, "changed", SECTIONS(WAN "; queue.first=3", END));
	rig_place(&rig, "1-2");
	app_configure(2);
	create_refused(&rig, ENODEV, "has 2 RX and 2 TX queues since the plan was made");
	assert_int_equal(app.registered, 0);
	app_configure(QUEUES);
	rig_create(&rig, 0);
	app_configure(3);
	app_start();
	assert_int_equal(weir_engine_start(rig.engine, &rig.error), -ENODEV);
	rig_stop(&rig);
	rig_end(&rig);
	app_is_untouched();
	app_remove();
}

/* A queue is one engine's at a time; engines with other queues of one port do not see each other. */
static void
test_claims(void **state)
{
	struct rig rig, other;

	(void)state;
	app_add(true, true);
	app_configure(QUEUES);
	app_start();
	rig_make(&rig, "first", "1", 0, SECTIONS(WAN "; queue.first=1; queues=2", END));
	rig_describe(&other, "second", SECTIONS(WAN "; queue.first=2", END));
	rig_place(&other, "2");
	create_refused(&other, EBUSY, "RX queue 2 of port " RING " is that of engine 'first'");
	rig_free(&other);
	rig_make(&other, "second", "2", 0, SECTIONS(WAN "; queue.first=3", END));
	rig_start(&rig);
	rig_start(&other);
	app_send(2, 20);
	app_send(3, 30);
	rig_wait(&rig, 20);
	rig_wait(&other, 30);
	rig_stop(&rig);
	rig_end(&rig);
	/* The other one is still told. */
	assert_true(app.registered > 0);
	rig_make(&rig, "first", "1", 0, SECTIONS(WAN "; queue.first=2", END));
	rig_stop(&rig);
	rig_end(&rig);
	rig_stop(&other);
	rig_end(&other);
	app_is_untouched();
	app_remove();
}

/* Queue 0 stays the application's; what its port counted before is not the engine's. */
static void
runs(bool roomy, bool tells)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	struct weir_queue_figures q = WEIR_QUEUE_FIGURES_INIT;
	struct rte_eth_stats stats;
	unsigned int waits;
	struct rig rig;

	app_add(roomy, tells);
	app_configure(QUEUES);
	app_start();
	app_send(0, 100);
	assert_int_equal(app_take(0), 100);
	rig_describe(&rig, "plain", SECTIONS(WAN "; queue.first=1; queues=2", END));
	rig_place(&rig, "1-2");
	assert_int_equal(rig.plan->pool_count, roomy && tells ? 0 : 1);
	rig_create(&rig, 0);
	app_send(0, 50);
	assert_int_equal(app_take(0), 50);
	rig_start(&rig);
	app_send(0, 5);
	app_send(1, 200);
	app_send(2, 300);
	rig_wait(&rig, 500);
	assert_int_equal(rig_sum(&rig, "end", in), 500);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(weir_ledger_queue(rig.engine, i, &q), 0);
		assert_int_equal(q.queue, 1 + i);
		assert_int_equal(q.events, i == 0 ? 200 : 300);
	}
	rig_stop(&rig);
	app_send(1, 7);
	assert_int_equal(weir_ledger_port(rig.engine, 0, &p), 0);
	assert_int_equal(p.received, 500);
	assert_int_equal(p.ipackets, 500);
	assert_false(p.reports_unexplained);
	assert_int_equal(p.left, 0);
	assert_int_equal(rte_eth_stats_get(app.port, &stats), 0);
	assert_int_equal(stats.ipackets, 650);
	rig_end(&rig);
	waits = app_take(0);
	assert_int_equal(waits, 5);
	assert_int_equal(app_take(1), 7);
	app_is_untouched();
	app_remove();
}

static void
test_plain(void **state)
{
	(void)state;
	runs(true, true);
	runs(true, false);
	runs(false, false);
	runs(false, true);
}

/* What weir makes leaves by a queue of the application's: what is there still at the end is lent to that. */
static void
test_sends(void **state)
{
	struct weir_pool_figures pool = WEIR_POOL_FIGURES_INIT;
	struct weir_ledger ledger;
	struct rig rig;

	(void)state;
	app_add(true, true);
	app_configure(QUEUES);
	app_start();
	rig_make(&rig, "sends", "1-2", 300,
		SECTIONS("source gen: type=synth; flows=10",
			"stage out: type=tx; input=gen; device=" RING "; adopt=on; queue.first=3"));
	rig_start(&rig);
	rig_wait(&rig, 300);
	rig_stop(&rig);
	ledger = rig_ledger(&rig);
	assert_int_equal(ledger.transmitted, 300);
	assert_int_equal(ledger.unaccounted, 0);
	assert_int_equal(weir_ledger_pool(rig.engine, 0, &pool), 0);
	assert_int_equal(pool.leaked, 0);
	assert_int_equal(pool.lent, 300);
	char name[RTE_MEMPOOL_NAMESIZE];
	snprintf(name, sizeof(name), "%s", pool.name);
	assert_int_equal(weir_engine_destroy(rig.engine), 0);
	rig.engine = NULL;
	assert_int_equal(app_take(3), 300);
	testing_pool_is_full(rte_mempool_lookup(name));
	rte_mempool_free(rte_mempool_lookup(name));
	rig_free(&rig);
	app_is_untouched();
	app_remove();
}

/* In by one queue and out by another: the application's mbufs, with its bytes, and all come home. */
static void
test_through(void **state)
{
	struct rte_mbuf *mbuf;
	unsigned int number;
	struct rig rig;

	(void)state;
	app_add(true, true);
	app_configure(QUEUES);
	app_start();
	rig_make(&rig, "through", "1", 0,
		SECTIONS(WAN "; queue.first=1",
			"stage out: type=tx; input=wan; device=" RING "; adopt=on; queue.first=2"));
	assert_int_equal(rig.plan->pool_count, 0);
	rig_start(&rig);
	app_send(1, 200);
	rig_wait(&rig, 200);
	rig_stop(&rig);
	rig_end(&rig);
	for (unsigned int i = 0; i < 200; i++) {
		assert_int_equal(rte_eth_rx_burst(app.port, 2, &mbuf, 1), 1);
		assert_ptr_equal(mbuf->pool, app.pool);
		memcpy(&number, weir_mbuf_priv(mbuf), sizeof(number));
		assert_int_equal(number, i);
		rte_pktmbuf_free(mbuf);
	}
	app_is_untouched();
	app_remove();
}

/* It goes away: its workers leave it, and nothing of it is closed, though hot-plug is asked for. */
static void
test_gone(void **state)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	struct weir_engine_conf conf;
	struct rig rig;

	(void)state;
	app_add(true, true);
	app_configure(QUEUES);
	app_start();
	rig_describe(&rig, "gone", SECTIONS(WAN, END));
	rig_place(&rig, "1-2");
	weir_engine_conf_init(&conf);
	conf.hotplug = 1;
	rig.engine = weir_engine_create(rig.plan, &conf, &rig.error);
	rig_ok(&rig, rig.engine == NULL);
	rig_start(&rig);
	app_send(0, 10);
	rig_wait(&rig, 10);
	rte_eth_dev_callback_process(rte_eth_dev_allocated(RING), RTE_ETH_EVENT_INTR_RMV, NULL);
	assert_int_equal(weir_ledger_port(rig.engine, 0, &p), 0);
	assert_true(p.gone);
	for (unsigned int i = 0; i < 20; i++) {
		weir_engine_watch(rig.engine);
		usleep(1000);
	}
	app_send(0, 4);
	rig_stop(&rig);
	rig_end(&rig);
	assert_int_equal(app_take(0), 4);
	app_is_untouched();
	app_remove();
}

/* Rounds of engines over random queues of a port that nobody sets up anew. */
static void
test_random(void **state)
{
	uint64_t seed = testing_seed();
	struct rig rig;

	(void)state;
	app_add(true, true);
	app_configure(QUEUES);
	app_start();
	for (unsigned int i = 0; i < 20; i++) {
		unsigned int first = (unsigned int)(testing_random(&seed) % QUEUES);
		unsigned int count = 1 + (unsigned int)(testing_random(&seed) % (QUEUES - first));
		unsigned int sent = 0, n;
		char wan[96];

		app.tells = testing_random(&seed) % 2;
		snprintf(wan, sizeof(wan), WAN "; queue.first=%u; queues=%u", first, count);
		rig_make(&rig, "random", testing_random(&seed) % 2 ? "1" : "1-2", 0,
			SECTIONS(wan, END));
		rig_start(&rig);
		for (unsigned int q = first; q < first + count; q++) {
			n = (unsigned int)(testing_random(&seed) % 200);
			app_send((uint16_t)q, n);
			sent += n;
		}
		rig_wait(&rig, sent);
		rig_stop(&rig);
		rig_end(&rig);
		app_is_untouched();
	}
	app_remove();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_taken_over),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_sends),
		cmocka_unit_test(test_through),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_random),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
