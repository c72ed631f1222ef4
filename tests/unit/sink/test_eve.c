/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The stage eve and its writer: what is refused, files and pipes, and readers that are slow. */
#include <time.h>

#include <rte_dev.h>

#include "sink/eve.h"

static unsigned int
descriptors(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void
test_refuses(void **state)
{
	struct {
		const char *path;
		uint64_t buffer;
		int code;
	} rows[] = {
		{ "/nonexistent/file", 64 << 10, ENOENT },
		{ dir, 64 << 10, EISDIR },
		{ strdup(path_in("fifo")), 64 << 10, ENXIO },
		{ "/dev/null", 1 << 30, ENOMEM },
	};
	unsigned int open_before = descriptors();
	struct rig rig;

	(void)state;
	assert_int_equal(mkfifo(rows[2].path, 0600), 0);
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		const struct eve_conf conf = { .path = rows[i].path, .buffer = rows[i].buffer };

		rig_make(&rig, &stage_eve);
		assert_int_equal(rig_init(&rig, &conf), -rows[i].code);
		assert_non_null(strstr(rig.error.text, "[stage rig]"));
		if (rows[i].code != ENOMEM) {
			assert_non_null(strstr(rig.error.text, rows[i].path));
			assert_non_null(strstr(rig.error.text, strerror(rows[i].code)));
		}
		rig_free(&rig);
	}
	assert_int_equal(descriptors(), open_before);
	unlink(rows[2].path);
	free((char *)(uintptr_t)rows[2].path);
}

/* A file that was there is emptied, by the first worker only; all append whole lines. */
static void
test_workers_share_a_file(void **state)
{
	uint32_t next[3] = { 0 }, lines = 0, fed = 0;
	const char *path = path_in("file");
	FILE *file = fopen(path, "w");
	char line[WRITER_LINE_MAX];
	struct rig rigs[3];

	(void)state;
	fputs("old\n", file);
	fclose(file);
	for (unsigned int i = 0; i < 3; i++) {
		struct eve_conf conf = { .path = path, .buffer = 64 << 10 };

		rig_make(&rigs[i], &stage_eve);
		rigs[i].worker.index = i;
		rigs[i].worker.count = 3;
		assert_int_equal(rig_init(&rigs[i], &conf), 0);
	}
	for (unsigned int pass = 0; pass < 3000; pass++) {
		struct rig *rig = &rigs[pass % 3];
		uint16_t n = (uint16_t)RTE_MIN(rig_room(rig), 32u);

		eve_feed(rig, &next[pass % 3], n);
		fed += n;
	}
	for (unsigned int i = 0; i < 3; i++) {
		eve_drain(&rigs[i]);
		rig_end(&rigs[i]);
	}
	file = fopen(path, "r");
	for (; fgets(line, sizeof(line), file) != NULL; lines++) {
		json_t *json = json_loads(line, 0, NULL);

		assert_non_null(json);
		json_decref(json);
	}
	assert_int_equal(lines, fed);
	fclose(file);
}

static void
test_standard_output(void **state)
{
	const char *path = path_in("stdout");
	int saved = dup(STDOUT_FILENO), fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	uint32_t next = 0;
	struct rig rig;
	FILE *file;

	(void)state;
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	eve_rig(&rig, "-");
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(fd);
	eve_feed(&rig, &next, 10);
	eve_drain(&rig);
	rig_end(&rig);
	file = fopen(path, "r");
	assert_int_equal(lines_in_order(file), 10);
	fclose(file);
}

/* The time of an event: of the wire where it is known, else the TSC's. */
static void
test_time_and_iface(void **state)
{
	const char *path = path_in("file");
	struct weir_event *events[3];
	char line[WRITER_LINE_MAX];
	struct tm tm = { 0 };
	struct rig rig;
	uint16_t port;
	FILE *file;

	(void)state;
	assert_int_equal(rte_eal_hotplug_add("vdev", "net_null_eve", ""), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name("net_null_eve", &port), 0);
	eve_rig(&rig, path);
	events[0] = rig_event(&rig);
	events[0]->wire_ns = UINT64_C(1767268800123456789);
	events[0]->flags |= WEIR_EVENT_WIRE_TIME;
	events[0]->port = port;
	events[1] = rig_event(&rig);
	events[1]->flags |= WEIR_EVENT_WIRE_TIME;
	events[2] = rig_event(&rig);
	events[2]->wire_ns = 1; /* of no meaning */
	events[2]->tsc = rte_rdtsc();
	rig_process(&rig, events, 3);
	eve_drain(&rig);
	rig_end(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", "net_null_eve"), 0);

	file = fopen(path, "r");
	assert_non_null(fgets(line, sizeof(line), file));
	assert_non_null(strstr(line, "\"2026-01-01T12:00:00.123456789+0000\""));
	assert_non_null(strstr(line, "\"in_iface\":\"net_null_eve\""));
	assert_non_null(fgets(line, sizeof(line), file));
	assert_non_null(strstr(line, "\"1970-01-01T00:00:00.000000+0000\""));
	assert_non_null(fgets(line, sizeof(line), file));
	assert_null(strstr(line, "in_iface"));
	assert_non_null(strptime(strstr(line, ":\"") + 2, "%Y-%m-%dT%H:%M:%S", &tm));
	assert_true(llabs((long long)(timegm(&tm) - time(NULL))) <= 2);
	fclose(file);
}

static void
test_slow_reader_loses_nothing(void **state)
{
	FILE *file = tmpfile();
	uint32_t next = 0;
	char chunk[20000];
	struct rig rig;
	int fd;

	(void)state;
	fd = fifo_open(&rig);
	for (unsigned int i = 0; i < 3; i++) {
		ssize_t n;

		feed_until_full(&rig, &next);
		assert_int_equal(rig_room(&rig), 0);
		assert_true(rig_drain(&rig) > 0);
		n = read(fd, chunk, sizeof(chunk));
		assert_true(n > 0);
		fwrite(chunk, 1, (size_t)n, file);
	}
	read_until_drained(&rig, fd, file);
	assert_true(rig_room(&rig) > 0);
	assert_int_equal(rig.stats.released, next);
	rig_end(&rig);
	rewind(file);
	assert_int_equal(lines_in_order(file), next);
	fclose(file);
	close(fd);
}

/* Who ignores room() loses what does not fit, under a reason of its own. */
static void
test_more_than_room(void **state)
{
	struct weir_error error;
	uint32_t next = 0, fed;
	struct rig rig;
	int fd;

	(void)state;
	fd = fifo_open(&rig);
	feed_until_full(&rig, &next);
	fed = next;
	eve_feed(&rig, &next, 32);
	assert_int_equal(rig.stats.released + rig.stats.held, fed);
	assert_int_equal(rig_dropped(&rig, EVE_BUFFER_FULL), 32);
	rig_fini(&rig);
	assert_int_equal(failures_get(&rig.failures, 0, &error), 0);
	assert_int_equal(error.code, ETIMEDOUT);
	assert_int_equal(failures_get(&rig.failures, 1, &error), 0);
	assert_non_null(strstr(error.text, "32 events"));
	rig_free(&rig);
	close(fd);
}

/*
 * The end does not wait for a reader that does not read: what it did not take is lost, and told. What
 * is in the pipe counts as written.
 */
static void
test_stuck_reader_does_not_hold_the_end(void **state)
{
	static char chunk[1 << 20];
	uint32_t next = 0, lost;
	uint64_t start;
	struct rig rig;
	FILE *file;
	ssize_t n;
	int fd;

	(void)state;
	fd = fifo_open(&rig);
	feed_until_full(&rig, &next);
	start = rte_rdtsc();
	rig_fini(&rig);
	assert_true(rte_rdtsc() - start < rte_get_tsc_hz());
	rig_failed(&rig, ETIMEDOUT, "did not take them");
	lost = (uint32_t)rig.stats.dropped[DROP_DRAIN_ABANDONED];
	assert_int_equal(rig.stats.released + lost, next);
	rig_free(&rig);
	n = read(fd, chunk, sizeof(chunk));
	assert_true(n > 0 && chunk[n - 1] == '\n');
	file = fmemopen(chunk, (size_t)n, "r");
	assert_int_equal(lines_in_order(file), next - lost);
	fclose(file);
	close(fd);
}

/* A pipe as standard output stays as it is for whoever else writes there; we do not hang on it. */
static void
test_standard_output_is_a_pipe(void **state)
{
	int saved = dup(STDOUT_FILENO), ends[2];
	FILE *file = tmpfile();
	uint32_t next = 0;
	struct rig rig;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	eve_rig(&rig, "-");
	dup2(saved, STDOUT_FILENO);
	close(saved);
	feed_until_full(&rig, &next);
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	read_until_drained(&rig, ends[0], file);
	rewind(file);
	assert_int_equal(lines_in_order(file), next);
	feed_until_full(&rig, &next);
	rig_fini(&rig);
	rig_free(&rig);
	close(ends[0]);
	close(ends[1]);
	fclose(file);
}

/* Random bursts and a reader that reads at random: every line arrives, once, in order. */
static void
test_random(void **state)
{
	uint64_t seed = testing_seed();
	FILE *file = tmpfile();
	uint32_t next = 0;
	char chunk[8000];
	struct rig rig;
	int fd;

	(void)state;
	fd = fifo_open(&rig);
	for (unsigned int pass = 0; pass < 5000; pass++) {
		uint64_t r = testing_random(&seed);
		ssize_t n = read(fd, chunk, (r >> 8) % sizeof(chunk));

		if (n > 0)
			fwrite(chunk, 1, (size_t)n, file);
		eve_feed(&rig, &next, (uint16_t)RTE_MIN(rig_room(&rig), (uint32_t)(r % 64)));
		if (r >> 60 == 0)
			usleep(100);
	}
	read_until_drained(&rig, fd, file);
	rig_end(&rig);
	rewind(file);
	assert_int_equal(lines_in_order(file), next);
	fclose(file);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_workers_share_a_file),
		cmocka_unit_test(test_standard_output),
		cmocka_unit_test(test_time_and_iface),
		cmocka_unit_test(test_slow_reader_loses_nothing),
		cmocka_unit_test(test_more_than_room),
		cmocka_unit_test(test_stuck_reader_does_not_hold_the_end),
		cmocka_unit_test(test_standard_output_is_a_pipe),
		cmocka_unit_test(test_random),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
