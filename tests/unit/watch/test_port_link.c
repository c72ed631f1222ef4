/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The link of a port: seen, told and counted. */
#include "engine/driver.h"

#include <rte_dev.h>

/* Of DPDK's own, for drivers: what they call when a link changes. */
struct rte_eth_dev *rte_eth_dev_allocated(const char *name);
int rte_eth_dev_callback_process(struct rte_eth_dev *dev, enum rte_eth_event_type event,
	void *ret_param);

#define IS_DOWN "port " DRIVER ": its link is down"
#define IS_UP "port " DRIVER ": its link is up again"

static const struct rte_eth_link up = { .link_status = RTE_ETH_LINK_UP,
	.link_speed = RTE_ETH_SPEED_NUM_25G };

static void
link_make(struct rig *rig, struct rte_eth_link link, int rc)
{
	driver_add((struct driver){ .links = true, .link = link, .link_rc = rc });
	rig_make(rig, "links", "1-2", 0,
		SECTIONS("source wan: device=" DRIVER, "stage end: type=t_pass; input=wan"));
}

static void
link_end(struct rig *rig)
{
	rig_stop(rig);
	rig_end(rig);
	driver_remove();
}

static struct weir_port_figures
figures_of(const struct rig *rig)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;

	assert_int_equal(weir_ledger_port(rig->engine, 0, &p), 0);
	return p;
}

/* A second later, whatever the clock says. */
static void
later(struct rig *rig)
{
	rig->engine->start_tsc -= rte_get_tsc_hz();
	if (rig->engine->watch->looked_at != 0)
		rig->engine->watch->looked_at -= rte_get_tsc_hz();
	weir_engine_watch(rig->engine);
}

/* As a driver tells it. */
static void
link_changes(struct rte_eth_link link)
{
	driver.link = link;
	rte_eth_dev_callback_process(rte_eth_dev_allocated(DRIVER), RTE_ETH_EVENT_INTR_LSC, NULL);
}

/* Nothing is told of a link that is up. */
static void
test_up(void **state)
{
	struct weir_port_figures p;
	struct rig_log log;
	struct rig rig;

	(void)state;
	rig_log_begin(&log);
	link_make(&rig, up, 0);
	rig_start(&rig);
	later(&rig);
	later(&rig);
	p = figures_of(&rig);
	assert_true(p.reports_link && p.reports_speed);
	assert_string_equal(p.link, "up");
	assert_int_equal(p.speed, 25000);
	assert_int_equal(p.link_downs, 0);
	assert_false(p.gone);
	link_end(&rig);
	assert_int_equal(rig_log_count(&log, "its link"), 0);
	rig_log_end(&log);
}

/* Down at start is told when it had a second to come up; what comes later, once a change. */
static void
test_down(void **state)
{
	struct weir_port_figures p;
	struct rig_log log;
	struct rig rig;

	(void)state;
	link_make(&rig, (struct rte_eth_link){ 0 }, 0);
	rig_log_begin(&log);
	p = figures_of(&rig);
	assert_string_equal(p.link, "down");
	assert_false(p.reports_speed);
	rig_start(&rig);
	weir_engine_watch(rig.engine);
	assert_int_equal(rig_log_count(&log, IS_DOWN), 0);
	later(&rig);
	later(&rig);
	assert_int_equal(rig_log_count(&log, IS_DOWN), 1);
	assert_int_equal(figures_of(&rig).link_downs, 1);
	driver.link = up;
	weir_engine_watch(rig.engine);
	assert_int_equal(rig_log_count(&log, IS_UP), 0);
	later(&rig);
	later(&rig);
	assert_int_equal(rig_log_count(&log, IS_UP), 1);
	assert_string_equal(figures_of(&rig).link, "up");
	driver.link.link_status = RTE_ETH_LINK_DOWN;
	later(&rig);
	assert_int_equal(rig_log_count(&log, IS_DOWN), 2);
	p = figures_of(&rig);
	assert_string_equal(p.link, "down");
	assert_int_equal(p.link_downs, 2);
	link_end(&rig);
	rig_log_end(&log);
}

/* A run of less than a second tells it at its end, and the figures stay. */
static void
test_short(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	link_make(&rig, (struct rte_eth_link){ 0 }, 0);
	rig_log_begin(&log);
	rig_start(&rig);
	rig_wait_received(&rig, 1000);
	rig_stop(&rig);
	assert_int_equal(rig_log_count(&log, IS_DOWN), 1);
	driver.link = up;
	assert_string_equal(figures_of(&rig).link, "down");
	assert_int_equal(figures_of(&rig).link_downs, 1);
	rig_end(&rig);
	driver_remove();
	rig_log_end(&log);
}

/* Where the driver tells of a change nobody waits for the second to be over, nor asks it there. */
static void
test_interrupt(void **state)
{
	struct rig_log log;
	unsigned int looks;
	struct rig rig;

	(void)state;
	link_make(&rig, up, 0);
	rig_start(&rig);
	later(&rig);
	rig_log_begin(&log);
	looks = driver.looks;
	weir_engine_watch(rig.engine);
	assert_int_equal(driver.looks, looks);
	link_changes((struct rte_eth_link){ 0 });
	assert_int_equal(driver.looks, looks);
	weir_engine_watch(rig.engine);
	assert_int_equal(rig_log_count(&log, IS_DOWN), 1);
	link_changes(up);
	weir_engine_watch(rig.engine);
	assert_int_equal(rig_log_count(&log, IS_UP), 1);
	assert_int_equal(figures_of(&rig).link_downs, 1);
	link_end(&rig);
	rig_log_end(&log);
}

/* A driver that does not tell. */
static void
test_unknown(void **state)
{
	struct weir_port_figures p;
	struct rig_log log;
	struct rig rig;

	(void)state;
	rig_log_begin(&log);
	link_make(&rig, up, -ENOTSUP);
	rig_start(&rig);
	later(&rig);
	p = figures_of(&rig);
	assert_false(p.reports_link || p.reports_speed);
	assert_int_equal(p.link_downs, 0);
	link_end(&rig);
	assert_int_equal(rig_log_count(&log, "its link"), 0);
	rig_log_end(&log);
}

/* A port that is gone, or was stopped, is not asked. */
static void
test_gone(void **state)
{
	unsigned int looks;
	struct rig rig;

	(void)state;
	link_make(&rig, up, 0);
	rig_start(&rig);
	later(&rig);
	rte_eth_dev_callback_process(rte_eth_dev_allocated(DRIVER), RTE_ETH_EVENT_INTR_RMV, NULL);
	looks = driver.looks;
	later(&rig);
	assert_int_equal(driver.looks, looks);
	assert_true(figures_of(&rig).gone);
	rig_stop(&rig);
	assert_int_equal(driver.looks, looks);
	rig_end(&rig);
	driver_remove();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up),
		cmocka_unit_test(test_down),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_gone),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
