/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What is told of what ports take but do not send, by what their drivers count. */
#define DEVICE "net_null0"
#include "counts.h"

static void
make(struct rig *rig, struct rig_log *log)
{
	assert_int_equal(rte_eal_hotplug_add("vdev", DEVICE, ""), 0);
	rig_log_begin(log);
	rig_describe(rig, "unsent",
		SECTIONS("source gen: type=synth",
			"stage out: type=tx; input=gen; device=" DEVICE));
	rig_place(rig, "0");
	rig_create(rig, 0);
}

static uint64_t
transmitted(const struct rig *rig)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	weir_ledger_read(rig->engine, &ledger);
	return ledger.transmitted;
}

static void
test_all_sent(void **state)
{
	struct rig_log log;
	struct weir_error error;
	struct rig rig;

	(void)state;
	make(&rig, &log);
	rig_pass(&rig);
	assert_true(transmitted(&rig) > 0);
	port_counts(&rig)->opackets = transmitted(&rig);
	watch(&rig);
	rig_stop(&rig);
	assert_int_equal(rig_log_count(&log, "port " DEVICE), 0);
	assert_int_equal(weir_engine_failure(rig.engine, 0, &error), -ENOENT);
	end(&rig, &log);
}

/* At once, more within the second not yet, and once as a failure, with the last figure. */
static void
test_errors(void **state)
{
	struct weir_port_figures figures = WEIR_PORT_FIGURES_INIT;
	struct port_counts *counts;
	struct weir_error error;
	struct rig_log log;
	struct rig rig;

	(void)state;
	make(&rig, &log);
	rig_pass(&rig);
	counts = port_counts(&rig);
	counts->oerrors = 3;
	watch(&rig);
	assert_int_equal(rig_log_count(&log, "counts 3 errors of sending (oerrors)\n"), 1);
	counts->oerrors = 5;
	watch(&rig);
	assert_int_equal(rig_log_count(&log, "errors of sending"), 1);
	usleep(1100000);
	watch(&rig);
	watch(&rig);
	assert_int_equal(rig_log_count(&log, "counts 2 more errors of sending"), 1);
	assert_int_equal(weir_engine_failure(rig.engine, 0, &error), -ENOENT);
	counts->oerrors = 6;
	counts->opackets = transmitted(&rig) - 6;
	rig_stop(&rig);
	rig_stop(&rig);
	assert_int_equal(weir_engine_failure(rig.engine, 0, &error), 0);
	assert_int_equal(error.code, EIO);
	assert_non_null(strstr(error.text, " took 6 packets and did not send them"));
	assert_int_equal(weir_engine_failure(rig.engine, 1, &error), -ENOENT);
	assert_int_equal(rig_log_count(&log, "it tells nothing"), 0);
	assert_int_equal(weir_ledger_port(rig.engine, 0, &figures), 0);
	assert_int_equal(figures.oerrors, 6);
	end(&rig, &log);
}

/* A driver that counts each time that a packet is tried, and sends it in the end. */
static void
test_tries(void **state)
{
	struct weir_error error;
	struct rig_log log;
	struct rig rig;

	(void)state;
	make(&rig, &log);
	rig_pass(&rig);
	port_counts(&rig)->oerrors = 1000;
	port_counts(&rig)->opackets = transmitted(&rig);
	watch(&rig);
	rig_stop(&rig);
	assert_int_equal(rig_log_count(&log, "counts 1000 errors of sending"), 1);
	assert_int_equal(weir_engine_failure(rig.engine, 0, &error), -ENOENT);
	end(&rig, &log);
}

/* A driver that neither sends nor counts what it did not send. */
static void
test_hidden(void **state)
{
	struct weir_error error;
	struct rig_log log;
	struct rig rig;

	(void)state;
	make(&rig, &log);
	rig_pass(&rig);
	port_counts(&rig)->opackets = transmitted(&rig) - 4;
	rig_stop(&rig);
	assert_int_equal(rig_log_count(&log, "of 4 it tells nothing\n"), 1);
	assert_int_equal(weir_engine_failure(rig.engine, 0, &error), -ENOENT);
	end(&rig, &log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_sent),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_tries),
		cmocka_unit_test(test_hidden),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
