/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The stage eve and its writer: files that cannot be written, readers that are slow or gone. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>

#include <jansson.h>
#include <rte_cycles.h>
#include <rte_dev.h>

#include "stage/rig.h"

#include "sink/sink_private.h"

static char dir[] = "/tmp/weir-eve-XXXXXX";

static const char *
path_in(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int
dir_make(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int
dir_remove(void **state)
{
	static const char *const names[] = { "file", "fifo", "stdout" };

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(names); i++)
		unlink(path_in(names[i]));
	return rmdir(dir);
}

static void
eve_rig(struct rig *rig, const char *path)
{
	const struct eve_conf conf = { .path = path, .buffer = 64 << 10 };

	rig_make(rig, &stage_eve);
	if (rig_init(rig, &conf) != 0)
		fail_msg("%s", rig->error.text);
}

/* Feed n events that `len` numbers from *next on. */
static void
eve_feed(struct rig *rig, uint32_t *next, uint16_t n)
{
	struct weir_event *events[256];

	for (uint16_t i = 0; i < n; i++) {
		events[i] = rig_event(rig);
		events[i]->len = (*next)++;
		events[i]->tsc = rte_rdtsc();
	}
	rig_process(rig, events, n);
}

/* Wait at most 10 s for the end of the drain. */
static void
eve_drain(struct rig *rig)
{
	for (unsigned int i = 0; i < 10000 && rig_drain(rig) > 0; i++)
		usleep(1000);
	assert_int_equal(rig_drain(rig), 0);
}

/* Count the lines of a file, which are whole, and number from 0 in order. */
static uint32_t
lines_in_order(FILE *file)
{
	char line[WRITER_LINE_MAX];
	uint32_t n = 0;

	for (; fgets(line, sizeof(line), file) != NULL; n++) {
		json_t *json = json_loads(line, 0, NULL);

		assert_non_null(json);
		assert_int_equal(json_integer_value(json_object_get(json, "pkt_len")), n);
		json_decref(json);
	}
	return n;
}

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
	assert_non_null(strstr(line, "\"2026-01-01T12:00:00.123456+0000\""));
	assert_non_null(strstr(line, "\"in_iface\":\"net_null_eve\""));
	assert_non_null(fgets(line, sizeof(line), file));
	assert_non_null(strstr(line, "\"1970-01-01T00:00:00.000000+0000\""));
	assert_non_null(fgets(line, sizeof(line), file));
	assert_null(strstr(line, "in_iface"));
	assert_non_null(strptime(strstr(line, ":\"") + 2, "%Y-%m-%dT%H:%M:%S", &tm));
	assert_true(llabs((long long)(timegm(&tm) - time(NULL))) <= 2);
	fclose(file);
}

/* A FIFO that somebody reads, who is not quick. */
static int
fifo_open(struct rig *rig)
{
	const char *path = path_in("fifo");
	int fd;

	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	eve_rig(rig, path);
	return fd;
}

/* Feed as the engine does, until there has been no room for 50 ms. */
static void
feed_until_full(struct rig *rig, uint32_t *next)
{
	for (unsigned int quiet = 0; quiet < 50;) {
		uint16_t n = (uint16_t)RTE_MIN(rig_room(rig), 32u);

		if (n > 0) {
			eve_feed(rig, next, n);
			quiet = 0;
		} else {
			usleep(1000);
			quiet++;
		}
	}
}

/* Read what there is into a file until the drain is done. */
static void
read_until_drained(struct rig *rig, int fd, FILE *file)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	char chunk[5000];
	ssize_t n;

	while (rig_drain(rig) > 0 || poll(&pollfd, 1, 0) > 0) {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			fwrite(chunk, 1, (size_t)n, file);
	}
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
		assert_int_equal(rig_drain(&rig), 1);
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
	uint32_t next = 0, fed;
	struct rig rig;
	int fd;

	(void)state;
	fd = fifo_open(&rig);
	feed_until_full(&rig, &next);
	fed = next;
	eve_feed(&rig, &next, 32);
	assert_int_equal(rig.stats.released, fed);
	assert_int_equal(rig_dropped(&rig, EVE_BUFFER_FULL), 32);
	rig_end(&rig);
	close(fd);
}

/* The end does not wait for a reader that does not read. */
static void
test_stuck_reader_does_not_hold_the_end(void **state)
{
	uint64_t start;
	uint32_t next = 0;
	struct rig rig;
	int fd;

	(void)state;
	fd = fifo_open(&rig);
	feed_until_full(&rig, &next);
	start = rte_rdtsc();
	rig_end(&rig);
	assert_true(rte_rdtsc() - start < rte_get_tsc_hz());
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
	rig_end(&rig);
	close(ends[0]);
	close(ends[1]);
	fclose(file);
}

/* Feed until the sink is dead, then some more: dropped, and counted. */
static void
test_dies(struct rig *rig)
{
	uint32_t next = 0;

	for (unsigned int i = 0; i < 10000 && rig_dropped(rig, EVE_WRITE_FAILED) == 0; i++) {
		eve_feed(rig, &next, (uint16_t)RTE_MIN(rig_room(rig), 32u));
		usleep(1000);
	}
	assert_int_equal(rig_room(rig), UINT_MAX);
	assert_int_equal(rig_drain(rig), 0);
	eve_feed(rig, &next, 256);
	assert_true(rig_dropped(rig, EVE_WRITE_FAILED) >= 256);
	assert_int_equal(rig_dropped(rig, EVE_WRITE_FAILED) + rig->stats.released, next);
	rig_end(rig);
}

static void
test_closed_pipe(void **state)
{
	struct rig rig;

	(void)state;
	close(fifo_open(&rig));
	test_dies(&rig);
}

static void
test_full_device(void **state)
{
	struct rig rig;

	(void)state;
	eve_rig(&rig, "/dev/full");
	test_dies(&rig);
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
		cmocka_unit_test(test_closed_pipe),
		cmocka_unit_test(test_full_device),
		cmocka_unit_test(test_random),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
