/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Devices of ports that went away: told by their bus, and let go, where that was asked for. */
#define ALLOW_EXPERIMENTAL_API
#include "device.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define TAP "net_tap0"

/* Anything but yes and no is refused. */
static void
test_hotplug_refused(void **state)
{
	struct weir_engine_conf conf;
	struct rig rig;

	(void)state;
	rig_describe(&rig, "refused",
		SECTIONS("source gen: type=synth; flows=10", "stage end: type=t_pass; input=gen"));
	rig_place(&rig, "1-2");
	weir_engine_conf_init(&conf);
	conf.hotplug = 2;
	assert_null(weir_engine_create(rig.plan, &conf, &rig.error));
	assert_int_equal(rte_errno, EINVAL);
	assert_string_equal(rig.error.text, "hotplug: expected 0 or 1");
	rig_free(&rig);
}

/* As its bus tells it: of another device, that it is there, and that it goes. */
static void
test_device_event(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	device_add(RING);
	rig_make(&rig, "event", "1-2", 0,
		SECTIONS("source wan: device=" RING, "source gen: type=synth; rate=1000",
			"stage end: type=t_pass; input=wan, gen"));
	rig_start(&rig);
	rig_log_begin(&log);
	rte_dev_event_callback_process("net_ring1", RTE_DEV_EVENT_REMOVE);
	rte_dev_event_callback_process(RING, RTE_DEV_EVENT_ADD);
	port_is_read(&rig, false, 0);
	rte_dev_event_callback_process(RING, RTE_DEV_EVENT_REMOVE);
	rte_dev_event_callback_process(RING, RTE_DEV_EVENT_REMOVE);
	port_is_read(&rig, true, 0);
	assert_int_equal(rig_log_count(&log, "port " RING " went away"), 1);
	/* Nobody said that it may be let go. */
	weir_engine_watch(rig.engine);
	rig_wait_received(&rig, rig_ledger(&rig).received + 10);
	rig_stop(&rig);
	assert_int_equal(rig_log_count(&log, "let go"), 0);
	rig_log_end(&log);
	assert_true(device_is_there(RING));
	rig_end(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING), 0);
	/* Nobody listens any more. */
	rte_dev_event_callback_process(RING, RTE_DEV_EVENT_REMOVE);
}

/* What is sent on a port that is away is lost, once it has come so far. */
static void
losses_begin(struct rig *rig)
{
	uint64_t deadline = rig_deadline();

	while (rig_dropped(rig, "port_gone") == 0 && rte_rdtsc() < deadline)
		usleep(100);
	assert_true(rig_dropped(rig, "port_gone") > 0);
}

/* Let go by who watches; and the id that it had is another's then. */
static void
test_let_go(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	device_add(RING);
	hotplug_make(&rig, "let", "1-2",
		SECTIONS("source wan: device=" RING, "source gen: type=synth; rate=1000",
			"stage end: type=tx; input=wan, gen; device=" RING));
	rig_start(&rig);
	rig_wait_received(&rig, 10);
	rig_log_begin(&log);
	device_goes(RING);
	ring_empty(ring_of(RING));
	assert_true(device_is_there(RING));
	weir_engine_watch(rig.engine);
	assert_false(device_is_there(RING));
	assert_int_equal(rig_log_count(&log, "port " RING ": its device was let go"), 1);
	weir_engine_watch(rig.engine);
	assert_int_equal(rig_log_count(&log, "let go"), 1);
	port_is_read(&rig, true, 0);
	/* Its packets are lost as long as it is away. */
	losses_begin(&rig);
	rig_stop(&rig);
	assert_int_equal(rig_log_count(&log, "went away"), 1);
	assert_int_equal(rig_log_count(&log, "let go"), 1);
	rig_log_end(&log);
	rig_end(&rig);
}

#define OTHER "net_ring1"

static void
back_is_told(struct rig *rig, uint16_t port, uint64_t returns)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;

	assert_int_equal(weir_ledger_port(rig->engine, 0, &p), 0);
	assert_int_equal(p.port, port);
	assert_int_equal(p.returns, returns);
	assert_false(p.gone);
}

/* What comes from the port grows: all that is sent on it comes back, as net_ring does. */
static void
wan_grows(struct rig *rig)
{
	uint64_t deadline = rig_deadline(), before = rig_sum(rig, "wan", in);

	while (rig_sum(rig, "wan", in) < before + 10 && rte_rdtsc() < deadline)
		usleep(100);
	assert_true(rig_sum(rig, "wan", in) >= before + 10);
}

/* Away and back, twice, the second time under another number; its figures go on. */
static void
test_back(void **state)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	struct rig_log log;
	uint64_t before = 0;
	struct rig rig;

	(void)state;
	device_add(RING);
	hotplug_make(&rig, "back", "1-3",
		SECTIONS("source wan: device=" RING "; port_events=on",
			"source gen: type=synth; rate=10000; flows=10",
			"stage out: type=tx; input=gen; device=" RING,
			"stage end: type=t_pass; input=wan"));
	rig_start(&rig);
	rig_log_begin(&log);
	for (uint16_t turn = 0; turn < 2; turn++) {
		wan_grows(&rig);
		weir_engine_watch(rig.engine);
		assert_int_equal(weir_ledger_port(rig.engine, 0, &p), 0);
		assert_true(p.ipackets > before);
		before = p.ipackets;
		device_goes(RING);
		ring_empty(ring_of(RING));
		weir_engine_watch(rig.engine);
		weir_engine_watch(rig.engine);
		assert_false(device_is_there(RING));
		if (turn == 1)
			device_add(OTHER);
		device_add(RING);
		weir_engine_watch(rig.engine);
		assert_int_equal(rig_log_count(&log, "port " RING " is back"), turn + 1);
		back_is_told(&rig, turn, turn + 1);
	}
	wan_grows(&rig);
	/* A device that has the number that it had is not the engine's. */
	device_goes(OTHER);
	back_is_told(&rig, 1, 2);
	wan_grows(&rig);
	assert_int_equal(weir_ledger_port(rig.engine, 0, &p), 0);
	assert_true(p.ipackets > before);
	/* Twice gone and back. */
	assert_int_equal(rig_sum(&rig, "wan", created), 4);
	rig_stop(&rig);
	rig_log_end(&log);
	assert_true(device_is_there(RING));
	rig_end(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING), 0);
	assert_int_equal(rte_eal_hotplug_remove("vdev", OTHER), 0);
}

/* Back before anybody saw that it was away: once it must have been, for the kernel takes its time. */
static void
test_back_at_once(void **state)
{
	struct port_state *port;
	struct rig rig;

	(void)state;
	device_add(RING);
	hotplug_make(&rig, "once", "1-3",
		SECTIONS("source wan: device=" RING, "source gen: type=synth; rate=10000; flows=10",
			"stage out: type=tx; input=gen; device=" RING,
			"stage end: type=t_pass; input=wan"));
	rig_start(&rig);
	port = &rig.engine->ports[0];
	for (unsigned int turn = 0; turn < 2; turn++) {
		wan_grows(&rig);
		device_goes(RING);
		ring_empty(ring_of(RING));
		weir_engine_watch(rig.engine);
		port->absent = false;
		device_add(RING);
		for (unsigned int i = 0; i < 3; i++)
			weir_engine_watch(rig.engine);
		port_is_read(&rig, true, port->last.ipackets);
		assert_int_equal(port->returns, turn);
		/* Some seconds later, whatever the clock says. */
		port->let_go_tsc -= 4 * rte_get_tsc_hz();
		weir_engine_watch(rig.engine);
		back_is_told(&rig, 0, turn + 1);
	}
	wan_grows(&rig);
	rig_stop(&rig);
	rig_end(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING), 0);
}

/* Back, but somebody else runs it: it is left alone, and told once, until it comes another time. */
static void
test_back_busy(void **state)
{
	struct rte_mempool *pool =
		weir_pool_create("own", 2047, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	const struct rte_eth_conf conf = { 0 };
	struct rig_log log;
	uint16_t id;
	struct rig rig;

	(void)state;
	device_add(RING);
	hotplug_make(&rig, "busy", "1-2",
		SECTIONS("source wan: device=" RING, "stage end: type=t_pass; input=wan"));
	rig_start(&rig);
	device_goes(RING);
	weir_engine_watch(rig.engine);
	weir_engine_watch(rig.engine);
	device_add(RING);
	assert_int_equal(rte_eth_dev_get_port_by_name(RING, &id), 0);
	assert_int_equal(rte_eth_dev_configure(id, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(id, 0, 64, 0, NULL, pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(id, 0, 64, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start(id), 0);
	rig_log_begin(&log);
	for (unsigned int i = 0; i < 3; i++)
		weir_engine_watch(rig.engine);
	assert_int_equal(rig_log_count(&log,
				 "cannot be used: port " RING
				 " was configured by the application, and runs"),
		1);
	port_is_read(&rig, true, 0);
	assert_true(device_is_there(RING));
	assert_int_equal(rte_eth_dev_stop(id), 0);
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING), 0);
	weir_engine_watch(rig.engine);
	device_add(RING);
	weir_engine_watch(rig.engine);
	assert_int_equal(rig_log_count(&log, "port " RING " is back: it is used again"), 1);
	rig_log_end(&log);
	rig_stop(&rig);
	rig_end(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING), 0);
	rte_mempool_free(pool);
}

/* By the stop where nobody watched; and before the start. */
static void
test_let_go_late(void **state)
{
	struct rig rig;

	(void)state;
	for (unsigned int early = 0; early < 2; early++) {
		device_add(RING);
		hotplug_make(&rig, "late", "1-2",
			SECTIONS("source wan: device=" RING, "stage end: type=t_pass; input=wan"));
		if (early) {
			device_goes(RING);
			weir_engine_watch(rig.engine);
			assert_false(device_is_there(RING));
		}
		rig_start(&rig);
		if (!early)
			device_goes(RING);
		rig_stop(&rig);
		assert_false(device_is_there(RING));
		rig_end(&rig);
	}
	assert_int_equal(rte_eth_dev_count_avail(), 0);
}

/* Not while an lcore may use it still: once that has come back. */
static void
test_let_go_stuck(void **state)
{
	uint64_t deadline = rig_deadline();
	struct rig rig;

	(void)state;
	seen.stuck = seen.let_go = 0;
	device_add(RING);
	hotplug_make(&rig, "stuck", "1",
		SECTIONS("source gen: type=synth; flows=10; rate=100000",
			"stage a: type=t_stick; input=gen",
			"stage end: type=tx; input=gen; device=" RING));
	rig_start(&rig);
	while (seen_read(&seen.stuck) == 0 && rte_rdtsc() < deadline)
		usleep(1000);
	device_goes(RING);
	weir_engine_watch(rig.engine);
	assert_true(device_is_there(RING));
	__atomic_store_n(&seen.let_go, 1, __ATOMIC_RELAXED);
	rig_wait_received(&rig, rig_ledger(&rig).received + 1000);
	ring_empty(ring_of(RING));
	weir_engine_watch(rig.engine);
	assert_false(device_is_there(RING));
	rig_stop(&rig);
	rig_end(&rig);
}

/* Give the port something to do: a broadcast frame through the kernel's end of it. */
static void
tap_up(const char *interface)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq request = { 0 };

	assert_true(fd >= 0);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
	request.ifr_flags |= IFF_UP;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

/* A driver with queues of its own: what it holds comes back when it is closed, by us or by others. */
static void
tap_goes(bool let_go)
{
	const char *const *sections =
		SECTIONS("source wan: device=" TAP, "source gen: type=synth; flows=10; rate=20000",
			"stage end: type=tx; input=wan, gen; device=" TAP);
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	struct rig rig;

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0 ||
		rte_eal_hotplug_add("vdev", TAP, "iface=weirgone0") != 0)
		skip();
	if (let_go)
		hotplug_make(&rig, "tap", "1-3", sections);
	else
		rig_make(&rig, "tap", "1-3", 0, sections);
	rig_start(&rig);
	tap_up("weirgone0");
	rig_wait_received(&rig, 1000);
	while (rig_ledger(&rig).transmitted == 0)
		usleep(1000);
	device_goes(TAP);
	if (let_go)
		weir_engine_watch(rig.engine);
	else
		assert_int_equal(rte_eal_hotplug_remove("vdev", TAP), 0);
	assert_false(device_is_there(TAP));
	losses_begin(&rig);
	assert_int_equal(weir_ledger_port(rig.engine, 0, &p), 0);
	assert_true(p.gone);
	rig_stop(&rig);
	rig_end(&rig);
}

static void
test_tap(void **state)
{
	(void)state;
	tap_goes(false);
}

static void
test_tap_let_go(void **state)
{
	(void)state;
	tap_goes(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hotplug_refused),
		cmocka_unit_test(test_device_event),
		cmocka_unit_test(test_let_go),
		cmocka_unit_test(test_back),
		cmocka_unit_test(test_back_at_once),
		cmocka_unit_test(test_back_busy),
		cmocka_unit_test(test_let_go_late),
		cmocka_unit_test(test_let_go_stuck),
		cmocka_unit_test(test_tap),
		cmocka_unit_test(test_tap_let_go),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
