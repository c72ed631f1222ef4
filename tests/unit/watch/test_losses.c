/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What is told of what ports lose before weir has it, by what their drivers count. */
#define DEVICE "net_ring0"
#include "counts.h"

/* A pipeline behind a port of that driver, with a link that does so, and the log. */
static void
make(struct rig *rig, struct rig_log *log, const char *driver, const char *on_full)
{
	char link[64];

	snprintf(link, sizeof(link), "link mid end: kind=ring; on_full=%s", on_full);
	assert_int_equal(rte_eal_hotplug_add("vdev", DEVICE, ""), 0);
	rig_log_begin(log);
	rig_describe(rig, "loses",
		SECTIONS("source wan: device=" DEVICE, "stage mid: type=t_pass; input=wan",
			"stage end: type=t_pass; input=mid", "link wan mid: on_full=block", link));
	rig_place(rig, "0");
	rig->plan->ports[0].driver = driver;
	rig_create(rig, 0);
}

static unsigned int
failures_of(struct rig *rig, const char *what)
{
	struct weir_error error;
	unsigned int n = 0;

	for (unsigned int i = 0; weir_engine_failure(rig->engine, i, &error) == 0; i++) {
		assert_int_equal(error.code, EIO);
		n += strstr(error.text, what) != NULL;
	}
	return n;
}

static void
test_nothing(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	make(&rig, &log, "net_ring", "block");
	port_counts(&rig)->ipackets = 5;
	rig_pass(&rig);
	watch(&rig);
	rig_stop(&rig);
	assert_int_equal(rig_log_count(&log, "lost"), 0);
	assert_int_equal(failures_of(&rig, ""), 0);
	end(&rig, &log);
}

/* The first at once, more within the second not yet, and all of it at the end. */
static void
test_lines(void **state)
{
	struct port_counts *counts;
	struct rig_log log;
	struct rig rig;

	(void)state;
	make(&rig, &log, "net_ring", "block");
	counts = port_counts(&rig);
	rig_pass(&rig);
	counts->imissed = 7;
	counts->rx_nombuf = 2;
	watch(&rig);
	assert_int_equal(rig_log_count(&log,
				 "'loses': port " DEVICE " (net_ring) lost before weir had it: 7 "
				 "imissed (no descriptor was free), 2 rx_nombuf (no mbuf was "
				 "free)\n"),
		1);
	counts->rx_nombuf = 5;
	watch(&rig);
	assert_int_equal(rig_log_count(&log, "lost before"), 1);
	usleep(1100000);
	watch(&rig);
	watch(&rig);
	assert_int_equal(rig_log_count(&log, "had it, more: 3 rx_nombuf (no mbuf was free)\n"), 1);
	assert_int_equal(rig_log_count(&log, "lost before"), 2);
	counts->ierrors = 1;
	rig_stop(&rig);
	assert_int_equal(rig_log_count(&log,
				 "in all: 7 imissed (no descriptor was free), 1 ierrors (received "
				 "with an error), 5 rx_nombuf (no mbuf was free)\n"),
		1);
	end(&rig, &log);
}

/* A driver whose counts begin anew, as of a peer that went away. */
static void
test_back(void **state)
{
	struct port_counts *counts;
	struct rig_log log;
	struct rig rig;

	(void)state;
	make(&rig, &log, "net_ring", "block");
	counts = port_counts(&rig);
	rig_pass(&rig);
	counts->ierrors = 10;
	watch(&rig);
	counts->ierrors = 0;
	watch(&rig);
	counts->ierrors = 4;
	watch(&rig);
	rig_stop(&rig);
	assert_int_equal(rig_log_count(&log, "in all: 14 ierrors"), 1);
	assert_int_equal(failures_of(&rig, "14 ierrors"), 1);
	end(&rig, &log);
}

/* A failure where nothing need have been lost: the driver can wait, and so can all behind it. */
static void
test_failure(void **state)
{
	static const struct {
		const char *driver;
		const char *on_full;
		unsigned int failures;
	} cases[] = {
		{ "net_ring", "block", 2 },
		{ "net_pcap", "block", 2 },
		{ "net_memif", "block", 2 },
		{ "net_ring", "drop-newest", 0 },
		{ "net_tap", "block", 0 },
		{ "net_imagined", "block", 0 },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct port_counts *counts;
		struct rig_log log;
		struct rig rig;

		make(&rig, &log, cases[i].driver, cases[i].on_full);
		counts = port_counts(&rig);
		rig_pass(&rig);
		counts->imissed = 1;
		counts->ierrors = 2;
		counts->rx_nombuf = 3;
		watch(&rig);
		assert_int_equal(failures_of(&rig, ""), 0);
		counts->rx_nombuf = 33;
		rig_stop(&rig);
		assert_int_equal(failures_of(&rig, ""), cases[i].failures);
		assert_int_equal(failures_of(&rig, ": 2 ierrors"), cases[i].failures / 2);
		assert_int_equal(failures_of(&rig, ": 33 rx_nombuf"), cases[i].failures / 2);
		end(&rig, &log);
	}
}

/* A NIC that missed some under back-pressure has not failed. */
static void
test_missed(void **state)
{
	struct rig_log log;
	struct rig rig;

	(void)state;
	make(&rig, &log, "net_pcap", "block");
	port_counts(&rig)->imissed = 9;
	rig_pass(&rig);
	rig_stop(&rig);
	assert_int_equal(rig_log_count(&log, "in all: 9 imissed"), 1);
	assert_int_equal(failures_of(&rig, ""), 0);
	end(&rig, &log);
}

/* Who does not count is named once, at the start; who keeps what is not taken has nothing to count. */
static void
test_silent(void **state)
{
	static const struct {
		const char *driver;
		bool told;
		bool counts;
	} cases[] = {
		{ "net_tap", true, false },
		{ "net_af_packet", true, false },
		{ "net_virtio", true, false },
		{ "net_virtio_user", true, false },
		{ "net_ring", false, false },
		{ "net_pcap", false, false },
		{ "net_imagined", false, true },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
		struct rig_log log;
		struct rig rig;

		make(&rig, &log, cases[i].driver, "block");
		rig_pass(&rig);
		watch(&rig);
		assert_int_equal(rig_log_count(&log, "does not count"), cases[i].told);
		assert_int_equal(rig_log_count(&log, cases[i].driver), cases[i].told);
		assert_int_equal(weir_ledger_port(rig.engine, 0, &p), 0);
		assert_int_equal(p.reports_missed, cases[i].counts);
		rig_stop(&rig);
		end(&rig, &log);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_back),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_missed),
		cmocka_unit_test(test_silent),
	};

	rig_eal_init();
	return cmocka_run_group_tests_name("losses", tests, NULL, NULL);
}
