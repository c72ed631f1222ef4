/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Events that tell of what happened to a port. */
#include "engine/driver.h"

#include <rte_dev.h>

/* Of DPDK's own, for drivers: what they call when a device goes away. */
struct rte_eth_dev *rte_eth_dev_allocated(const char *name);
int rte_eth_dev_callback_process(struct rte_eth_dev *dev, enum rte_eth_event_type event,
	void *ret_param);

#define TOLD_MAX 64

/* What came to t_told, whichever lcore it is on. */
static struct {
	uint32_t count;
	uint32_t wrong; /* not as they are to be */
	struct weir_port_change change[TOLD_MAX];
	uint16_t port[TOLD_MAX];
} told;

static void
told_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	(void)state;
	for (uint16_t i = 0; i < n; i++) {
		const struct weir_event *event = events[i];
		uint32_t count = told.count;

		if (event->type != WEIR_EVENT_PORT)
			continue;
		if (event->prio != WEIR_PRIO_MAX || event->hash != 0 || event->len != 0 ||
			(event->flags & ~WEIR_EVENT_PRISTINE) != 0 || event->queue != 0 ||
			event->change.at == 0 || event->change.at > event->tsc)
			__atomic_store_n(&told.wrong, told.wrong + 1, __ATOMIC_RELAXED);
		told.change[count % TOLD_MAX] = event->change;
		told.port[count % TOLD_MAX] = event->port;
		__atomic_store_n(&told.count, count + 1, __ATOMIC_RELEASE);
	}
	weir_release(worker, events, n);
}

static const struct weir_stage_ops told_ops = {
	WEIR_STAGE_OPS,
	.name = "t_told",
	.help = "keeps what it is told of ports",
	.process = told_process,
};

static const struct rte_eth_link up = { .link_status = RTE_ETH_LINK_UP,
	.link_speed = RTE_ETH_SPEED_NUM_25G };

static void
told_make(struct rig *rig, const char *source, const char *lcores)
{
	memset(&told, 0, sizeof(told));
	driver_add((struct driver){ .links = true });
	rig_make(rig, "told", lcores, 0,
		SECTIONS(source, "stage end: type=t_told; input=wan",
			"link wan end: on_full=block"));
}

static void
told_end(struct rig *rig)
{
	rig_stop(rig);
	assert_int_equal(told.wrong, 0);
	rig_end(rig);
	driver_remove();
}

/* A second later, whatever the clock says. */
static void
later(struct rig *rig, struct rte_eth_link link)
{
	driver.link = link;
	rig->engine->start_tsc -= rte_get_tsc_hz();
	if (rig->engine->watch->looked_at != 0)
		rig->engine->watch->looked_at -= rte_get_tsc_hz();
	weir_engine_watch(rig->engine);
}

static void
told_wait(struct rig *rig, uint32_t count)
{
	uint64_t deadline = rig_deadline();

	while (__atomic_load_n(&told.count, __ATOMIC_ACQUIRE) < count && rte_rdtsc() < deadline)
		rig_pass(rig);
	assert_int_equal(told.count, count);
}

static void
told_is(uint32_t i, enum weir_port_what what, uint32_t speed)
{
	assert_int_equal(told.change[i].what, what);
	assert_int_equal(told.change[i].speed, speed);
}

/* Nobody asked. */
static void
test_off(void **state)
{
	struct rig rig;

	(void)state;
	told_make(&rig, "source wan: device=" DRIVER, "1-2");
	rig_start(&rig);
	later(&rig, (struct rte_eth_link){ 0 });
	later(&rig, up);
	rig_wait_received(&rig, 100000);
	told_end(&rig);
	assert_int_equal(told.count, 0);
}

/* All that happens, in order, once however many queues there are; each is an event that was created. */
static void
test_told(void **state)
{
	struct rig rig;

	(void)state;
	told_make(&rig, "source wan: device=" DRIVER "; queues=2; port_events=on", "1-3");
	rig_start(&rig);
	later(&rig, (struct rte_eth_link){ 0 });
	told_wait(&rig, 1);
	later(&rig, (struct rte_eth_link){ 0 });
	later(&rig, up);
	told_wait(&rig, 2);
	later(&rig, (struct rte_eth_link){ 0 });
	later(&rig,
		(struct rte_eth_link){ .link_status = RTE_ETH_LINK_UP,
			.link_speed = RTE_ETH_SPEED_NUM_UNKNOWN });
	told_wait(&rig, 4);
	rte_eth_dev_callback_process(rte_eth_dev_allocated(DRIVER), RTE_ETH_EVENT_INTR_RMV, NULL);
	told_wait(&rig, 5);
	told_is(0, WEIR_PORT_DOWN, 0);
	told_is(1, WEIR_PORT_UP, 25000);
	told_is(2, WEIR_PORT_DOWN, 0);
	told_is(3, WEIR_PORT_UP, 0);
	told_is(4, WEIR_PORT_GONE, 0);
	assert_int_equal(rig_ledger(&rig).created, 5);
	rig_stop(&rig);
	assert_int_equal(told.wrong, 0);
	rte_pktmbuf_free_bulk(driver.mbufs, driver.mbuf_count);
	driver.mbuf_count = 0;
	rig_end(&rig);
	driver_remove();
	assert_int_equal(told.count, 5);
}

/* What finds no room waits, up to so many. */
static void
test_many(void **state)
{
	struct rig rig;

	(void)state;
	told_make(&rig, "source wan: device=" DRIVER "; port_events=on", "0");
	rig_pass(&rig);
	for (unsigned int i = 0; i < 20; i++) {
		later(&rig, (struct rte_eth_link){ 0 });
		later(&rig, up);
	}
	told_wait(&rig, PORT_CHANGES);
	for (uint32_t i = 0; i < PORT_CHANGES; i++)
		assert_int_equal(told.change[i].what, i % 2 ? WEIR_PORT_UP : WEIR_PORT_DOWN);
	later(&rig, (struct rte_eth_link){ 0 });
	told_wait(&rig, PORT_CHANGES + 1);
	told_end(&rig);
}

static void
goes(void)
{
	rte_eth_dev_callback_process(rte_eth_dev_allocated(DRIVER), RTE_ETH_EVENT_INTR_RMV, NULL);
}

/* With an engine that lets go of devices, and takes them up again. */
static void
lets_go_make(struct rig *rig)
{
	struct weir_engine_conf conf;

	memset(&told, 0, sizeof(told));
	driver_add((struct driver){ .links = true, .link = up });
	rig_describe(rig, "told",
		SECTIONS("source wan: device=" DRIVER "; port_events=on",
			"stage end: type=t_told; input=wan", "link wan end: on_full=block"));
	rig_place(rig, "1-2");
	weir_engine_conf_init(&conf);
	conf.hotplug = 1;
	rig->engine = weir_engine_create(rig->plan, &conf, &rig->error);
	rig_ok(rig, rig->engine == NULL);
	rig_start(rig);
}

static void
let_go(struct rig *rig)
{
	uint16_t id;

	for (unsigned int i = 0; i < 2; i++)
		weir_engine_watch(rig->engine);
	assert_int_equal(rte_eth_dev_get_port_by_name(DRIVER, &id), -ENODEV);
}

static void
comes(struct rig *rig)
{
	assert_int_equal(rte_eal_hotplug_add("vdev", DRIVER, ""), 0);
	weir_engine_watch(rig->engine);
}

static struct rig *going;

static void *
goes_main(void *arg)
{
	goes();
	return arg;
}

static pthread_t going_thread;

static void
stops_meanwhile(void)
{
	weir_engine_stop_request(going->engine);
}

/* On a thread of EAL's, while the port is set up: seen before that is over. */
static void
goes_meanwhile(void)
{
	driver.configuring = NULL;
	assert_int_equal(pthread_create(&going_thread, NULL, goes_main, NULL), 0);
	while (!__atomic_load_n(&going->engine->ports[0].gone, __ATOMIC_RELAXED))
		usleep(100);
}

/* Back, but away again before it is used: nothing is told of that, nor of a link looked at before. */
static void
test_away_again(void **state)
{
	struct rig rig;

	(void)state;
	lets_go_make(&rig);
	goes();
	port_changed(&rig.engine->ports[0], WEIR_PORT_DOWN, 0);
	port_changed(&rig.engine->ports[0], WEIR_PORT_GONE, 0);
	let_go(&rig);
	going = &rig;
	driver.configuring = goes_meanwhile;
	comes(&rig);
	assert_int_equal(pthread_join(going_thread, NULL), 0);
	assert_true(rig.engine->ports[0].gone);
	let_go(&rig);
	comes(&rig);
	told_wait(&rig, 2);
	told_is(0, WEIR_PORT_GONE, 0);
	told_is(1, WEIR_PORT_BACK, 0);
	assert_int_equal(rig.engine->ports[0].returns, 1);
	told_end(&rig);
	assert_int_equal(told.count, 2);
}

/* What is told late has the id that the port had when it happened. */
static void
test_id(void **state)
{
	struct rig rig;

	(void)state;
	told_make(&rig, "source wan: device=" DRIVER "; port_events=on", "0");
	rig_pass(&rig);
	port_changed(&rig.engine->ports[0], WEIR_PORT_GONE, 0);
	rig.engine->seats[0].worker->port = rig.engine->ports[0].id = 7;
	port_changed(&rig.engine->ports[0], WEIR_PORT_BACK, 0);
	rig.engine->seats[0].worker->port = rig.engine->ports[0].id = 0;
	told_wait(&rig, 2);
	assert_int_equal(told.port[0], 0);
	assert_int_equal(told.port[1], 7);
	told_end(&rig);
}

/* An engine that stops while a port comes back that its driver does not set up. */
static void
test_stop_meanwhile(void **state)
{
	struct rig_log log;
	struct rig rig;
	uint16_t id;

	(void)state;
	lets_go_make(&rig);
	goes();
	let_go(&rig);
	driver.refuses = EIO;
	driver.configuring = stops_meanwhile;
	going = &rig;
	rig_log_begin(&log);
	comes(&rig);
	assert_int_equal(rig_log_count(&log, "port " DRIVER " is back, but cannot be used"), 1);
	told_wait(&rig, 1);
	rig_stop(&rig);
	assert_int_equal(rig_log_count(&log, "let go"), 0);
	rig_log_end(&log);
	assert_int_equal(rte_eth_dev_get_port_by_name(DRIVER, &id), 0);
	assert_int_equal(told.wrong, 0);
	rig_end(&rig);
	assert_int_equal(told.count, 1);
	driver_remove();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_away_again),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_stop_meanwhile),
	};

	rig_eal_init();
	if (weir_stage_register(&told_ops) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
