/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the log is told of losses: the first on a link, then a line a second, and the rest at the end. */
#include "engine/rig.h"

/* What was logged meanwhile. */
static char log_text[1 << 14];

static void
logged_begin(FILE **log)
{
	memset(log_text, 0, sizeof(log_text));
	*log = fmemopen(log_text, sizeof(log_text) - 1, "w");
	assert_non_null(*log);
	rte_openlog_stream(*log);
}

static unsigned int
logged_lines(FILE *log, const char *phrase)
{
	unsigned int n = 0;

	fflush(log);
	for (const char *at = log_text; (at = strstr(at, phrase)) != NULL; at++)
		n++;
	return n;
}

static void
logged_end(FILE *log)
{
	rte_openlog_stream(NULL);
	fclose(log);
}

/* A consumer without room for so many passes, behind a ring of 64. */
static void
make(struct rig *rig, const char *name, const char *on_full)
{
	char link[96];

	snprintf(link, sizeof(link), "link gen end: kind=ring; ring=64; on_full=%s", on_full);
	rig_make(rig, name, "0", 0,
		SECTIONS("source gen: type=synth", "stage end: type=t_shut; value=400; input=gen",
			link));
}

static void
test_nothing_lost(void **state)
{
	struct rig rig;
	FILE *log;

	(void)state;
	logged_begin(&log);
	make(&rig, "calm", "block");
	for (unsigned int i = 0; i < 100; i++) {
		rig_pass(&rig);
		weir_engine_watch(rig.engine);
	}
	rig_stop(&rig);
	assert_int_equal(logged_lines(log, "lost"), 0);
	rig_end(&rig);
	logged_end(log);
}

static void
test_lines(void **state)
{
	struct rig rig;
	FILE *log;

	(void)state;
	logged_begin(&log);
	make(&rig, "spill", "drop-newest");
	for (unsigned int i = 0; i < 20; i++)
		rig_pass(&rig);
	weir_engine_watch(rig.engine);
	assert_int_equal(
		logged_lines(log,
			"'spill': link gen -> end (drop-newest) lost 576 events: 576 ring_full\n"),
		1);
	/* More within the second: not told yet. */
	rig_pass(&rig);
	weir_engine_watch(rig.engine);
	assert_int_equal(logged_lines(log, "lost"), 1);
	usleep(1100000);
	weir_engine_watch(rig.engine);
	weir_engine_watch(rig.engine);
	assert_int_equal(logged_lines(log, "lost 32 events more: 32 ring_full\n"), 1);
	assert_int_equal(logged_lines(log, "lost"), 2);
	rig_pass(&rig);
	rig_stop(&rig);
	assert_int_equal(logged_lines(log, "lost 32 events more: 32 ring_full\n"), 2);
	assert_int_equal(rig_dropped(&rig, "ring_full"), 640);
	rig_end(&rig);
	logged_end(log);
}

/* Both reasons of a link in one line. */
static void
test_reasons(void **state)
{
	struct rig rig;
	FILE *log;

	(void)state;
	logged_begin(&log);
	make(&rig, "both", "drop-oldest");
	for (unsigned int i = 0; i < 20; i++)
		rig_pass(&rig);
	weir_engine_watch(rig.engine);
	assert_int_equal(logged_lines(log, "(drop-oldest) lost"), 1);
	assert_int_equal(logged_lines(log, " oldest\n"), 1);
	rig_stop(&rig);
	rig_end(&rig);
	logged_end(log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_lost),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_reasons),
	};

	rig_eal_init();
	return cmocka_run_group_tests_name("engine announce", tests, NULL, NULL);
}
