/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The stage eve where it cannot write: disks that are full, readers that are gone, log rotation. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "sink/eve.h"

/* Feed until the sink is dead, then some more: dropped, counted, and told once. */
static void
test_dies(struct rig *rig, int code)
{
	uint32_t next = 0;

	for (unsigned int i = 0; i < 10000 && rig_room(rig) != UINT_MAX; i++) {
		eve_feed(rig, &next, (uint16_t)RTE_MIN(rig_room(rig), 32u));
		usleep(1000);
	}
	assert_int_equal(rig_room(rig), UINT_MAX);
	eve_feed(rig, &next, 256);
	eve_drain(rig);
	assert_true(rig_dropped(rig, EVE_WRITE_FAILED) >= 256);
	assert_int_equal(rig_dropped(rig, EVE_WRITE_FAILED) + rig->stats.released, next);
	rig_fini(rig);
	rig_failed(rig, code, strerror(code));
}

static void
test_closed_pipe(void **state)
{
	struct rig rig;

	(void)state;
	close(fifo_open(&rig));
	test_dies(&rig, EPIPE);
	assert_int_equal(rig.stats.released, 0);
	rig_free(&rig);
}

/* A device that is full may have room again: it is waited for, and in the end all is told as lost. */
static void
test_full_device(void **state)
{
	uint32_t next = 0;
	struct rig rig;

	(void)state;
	eve_rig(&rig, "/dev/full");
	feed_until_full(&rig, &next);
	assert_int_equal(rig_room(&rig), 0);
	assert_int_equal(rig.stats.held, next);
	assert_int_equal(rig.failures.count, 0);
	rig_fini(&rig);
	assert_int_equal(rig_dropped(&rig, EVE_WRITE_FAILED), next);
	assert_int_equal(rig.stats.released, 0);
	rig_failed(&rig, ENOSPC, "lines were not written to '/dev/full'");
	rig_free(&rig);
}

/* How many lines a file of those of one worker has, all of them whole and in order. */
static uint32_t
file_lines(const char *name)
{
	FILE *file = fopen(path_in(name), "r");
	uint32_t n;

	assert_non_null(file);
	n = lines_in_order(file);
	fclose(file);
	return n;
}

/* A file that may not grow further ends in a whole line, wherever the limit is. */
static void
test_file_too_large(void **state)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	uint64_t seed = testing_seed();
	struct rig rig;

	(void)state;
	for (unsigned int i = 0; i < 10; i++) {
		struct rlimit limit = { 1000 + testing_random(&seed) % 30000, RLIM_INFINITY };

		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		eve_rig(&rig, path_in("file"));
		test_dies(&rig, EFBIG);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
		assert_int_equal(file_lines("file"), rig.stats.released);
		assert_true(rig.stats.released > 0);
		rig_free(&rig);
	}
}

/* Standard output is not cut where another has written behind it, nor where it is not the end. */
static void
test_standard_output_too_large(void **state)
{
	static const int flags[] = { O_APPEND, 0 };
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit limit = { 5000, RLIM_INFINITY };
	int saved = dup(STDOUT_FILENO);
	struct rig rig;

	(void)state;
	fflush(stdout);
	for (unsigned int i = 0; i < RTE_DIM(flags); i++) {
		int fd = open(path_in("stdout"), O_WRONLY | O_CREAT | O_TRUNC | flags[i], 0600);

		dup2(fd, STDOUT_FILENO);
		eve_rig(&rig, "-");
		dup2(saved, STDOUT_FILENO);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		test_dies(&rig, EFBIG);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
		assert_int_equal(file_lines("stdout"), rig.stats.released);
		/* Whoever shares the position goes on behind the last line. */
		assert_int_equal(lseek(fd, 0, SEEK_CUR), lseek(fd, 0, SEEK_END));
		rig_free(&rig);
		close(fd);
	}
	close(saved);
}

/* What cannot be written is refused at the start: closed, open for reading only, a folder. */
static void
test_refuses_standard_output(void **state)
{
	const struct eve_conf conf = { .path = "-", .buffer = 64 << 10 };
	const char *const paths[] = { NULL, "/dev/null", dir };
	int saved = dup(STDOUT_FILENO), rc[RTE_DIM(paths)];
	struct rig rig;

	(void)state;
	fflush(stdout);
	for (unsigned int i = 0; i < RTE_DIM(paths); i++) {
		int fd = paths[i] != NULL ? open(paths[i], O_RDONLY) : -1;

		if (fd < 0)
			close(STDOUT_FILENO);
		else
			dup2(fd, STDOUT_FILENO);
		rig_make(&rig, &stage_eve);
		rc[i] = rig_init(&rig, &conf);
		dup2(saved, STDOUT_FILENO);
		assert_int_equal(rc[i], -EBADF);
		assert_non_null(
			strstr(rig.error.text, "[stage rig] cannot write to standard output"));
		rig_free(&rig);
		close(fd);
	}
	close(saved);
}

static void
file_reopen(struct rig *rig)
{
	unsigned int i;

	assert_int_equal(rig->ops->reopen(&rig->worker, rig->state), 0);
	for (i = 0; i < 10000 && access(path_in("file"), F_OK) != 0; i++)
		usleep(1000);
	assert_true(i < 10000);
}

/* Three workers that append to one file. */
static void
rigs_make(struct rig rigs[3], const char *path)
{
	for (unsigned int i = 0; i < 3; i++) {
		const struct eve_conf conf = { .path = path, .buffer = 64 << 10 };

		rig_make(&rigs[i], &stage_eve);
		rigs[i].worker.index = i;
		rigs[i].worker.count = 3;
		assert_int_equal(rig_init(&rigs[i], &conf), 0);
	}
}

/* Feed all three until none has had room for 50 ms, or so many passes; how many events. */
static uint64_t
rigs_feed(struct rig rigs[3], unsigned int passes)
{
	uint32_t next = 0;

	for (unsigned int quiet = 0; quiet < 50 && passes > 0; passes--) {
		uint32_t before = next;

		for (unsigned int i = 0; i < 3; i++)
			eve_feed(&rigs[i], &next, (uint16_t)RTE_MIN(rig_room(&rigs[i]), 32u));
		quiet = next == before ? quiet + 1 : 0;
		if (next == before)
			usleep(1000);
	}
	return next;
}

static unsigned int
rigs_drain(struct rig rigs[3])
{
	return rig_drain(&rigs[0]) + rig_drain(&rigs[1]) + rig_drain(&rigs[2]);
}

static uint64_t
rigs_end(struct rig rigs[3])
{
	uint64_t released = 0;

	for (unsigned int i = 0; i < 3; i++) {
		rig_fini(&rigs[i]);
		released += rigs[i].stats.released;
		assert_int_equal(rigs[i].failures.count, 0);
		rig_free(&rigs[i]);
	}
	return released;
}

/* How many lines there are, all of them whole. */
static uint64_t
lines_whole(FILE *file)
{
	char line[WRITER_LINE_MAX];
	uint64_t n = 0;

	for (; fgets(line, sizeof(line), file) != NULL; n++) {
		json_t *json = json_loads(line, 0, NULL);

		if (json == NULL || strchr(line, '\n') == NULL)
			fail_msg("line %llu is cut: %s", (unsigned long long)n, line);
		json_decref(json);
	}
	return n;
}

static uint64_t
path_lines_whole(const char *path)
{
	FILE *file = fopen(path, "r");
	uint64_t n;

	assert_non_null(file);
	n = lines_whole(file);
	fclose(file);
	return n;
}

/* A disk of so many bytes, which only this process sees. */
static void
disk_set(const char *path, unsigned int size, unsigned long flags)
{
	char options[32];

	snprintf(options, sizeof(options), "size=%u", size);
	assert_int_equal(mount("weir", path, "tmpfs", flags, options), 0);
}

/* A disk that is full has whole lines, and all of them once it has room again: nothing was lost. */
static void
test_full_disk_gets_room(void **state)
{
	char disk[PATH_MAX], path[PATH_MAX + 8];
	struct rig rigs[3];
	uint64_t fed;

	(void)state;
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		skip();
	snprintf(disk, sizeof(disk), "%s", path_in("disk"));
	snprintf(path, sizeof(path), "%s/eve", disk);
	assert_int_equal(mkdir(disk, 0700), 0);
	disk_set(disk, 256 << 10, 0);
	rigs_make(rigs, path);
	fed = rigs_feed(rigs, UINT_MAX);
	assert_true(path_lines_whole(path) > 0);
	assert_true(path_lines_whole(path) < fed);
	for (unsigned int i = 2; i < 6; i++) {
		disk_set(disk, i * 256 << 10, MS_REMOUNT);
		fed += rigs_feed(rigs, 200);
	}
	disk_set(disk, 16 << 20, MS_REMOUNT);
	for (unsigned int i = 0; i < 3; i++)
		eve_drain(&rigs[i]);
	assert_int_equal(path_lines_whole(path), fed);
	assert_int_equal(rigs_end(rigs), fed);
	assert_int_equal(umount(disk), 0);
	assert_int_equal(rmdir(disk), 0);
}

/* A socket takes parts of lines: nobody's come between them. */
static void
test_standard_output_is_a_socket(void **state)
{
	int saved = dup(STDOUT_FILENO), ends[2], small = 1000;
	FILE *file = tmpfile();
	char chunk[3000];
	struct rig rigs[3];
	uint64_t fed = 0;
	ssize_t n;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	rigs_make(rigs, "-");
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(ends[1]);
	for (unsigned int pass = 0; pass < 3000 || rigs_drain(rigs) > 0; pass++) {
		fed += pass < 3000 ? rigs_feed(rigs, 1) : 0;
		n = recv(ends[0], chunk, 1 + pass % sizeof(chunk), MSG_DONTWAIT);
		if (n > 0)
			fwrite(chunk, 1, (size_t)n, file);
	}
	assert_int_equal(rigs_end(rigs), fed);
	while ((n = read(ends[0], chunk, sizeof(chunk))) > 0)
		fwrite(chunk, 1, (size_t)n, file);
	rewind(file);
	assert_int_equal(lines_whole(file), fed);
	close(ends[0]);
	fclose(file);
}

/* Append a file to another. */
static void
file_append(FILE *all, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[WRITER_LINE_MAX];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		fputs(line, all);
	fclose(file);
}

/* Log rotation: what comes after it is in a new file, and no line is lost or parted. */
static void
test_opened_anew(void **state)
{
	char path[PATH_MAX], old[PATH_MAX];
	FILE *all = tmpfile();
	uint32_t next = 0;
	struct rig rig;

	(void)state;
	snprintf(path, sizeof(path), "%s", path_in("file"));
	snprintf(old, sizeof(old), "%s", path_in("old"));
	eve_rig(&rig, path);
	for (unsigned int i = 0; i < 5; i++) {
		eve_feed(&rig, &next, (uint16_t)RTE_MIN(rig_room(&rig), 32u));
		assert_int_equal(rename(path, old), 0);
		eve_feed(&rig, &next, (uint16_t)RTE_MIN(rig_room(&rig), 32u));
		file_reopen(&rig);
		file_append(all, old);
	}
	eve_feed(&rig, &next, 32);
	eve_drain(&rig);
	rig_end(&rig);
	file_append(all, path);
	rewind(all);
	assert_int_equal(lines_in_order(all), next);
	fclose(all);
}

/* What cannot be opened anew goes on as it was; standard output has no path. */
static void
test_not_opened_anew(void **state)
{
	char path[PATH_MAX], gone[PATH_MAX];
	uint32_t next = 0;
	struct rig rig;

	(void)state;
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(gone, sizeof(gone), "%s-gone", dir);
	eve_rig(&rig, path);
	eve_feed(&rig, &next, 32);
	assert_int_equal(rename(dir, gone), 0);
	assert_int_equal(rig.ops->reopen(&rig.worker, rig.state), 0);
	usleep(20000);
	eve_feed(&rig, &next, 32);
	eve_drain(&rig);
	assert_int_equal(rename(gone, dir), 0);
	rig_end(&rig);
	assert_int_equal(file_lines("file"), 64);

	eve_rig(&rig, "-");
	assert_int_equal(rig.ops->reopen(&rig.worker, rig.state), -ENOENT);
	rig_end(&rig);
}

/* A sink that could write no more begins again in its new file. */
static void
test_opened_anew_when_dead(void **state)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit limit = { 1000, RLIM_INFINITY };
	char path[PATH_MAX];
	uint32_t next = 0;
	struct rig rig;
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s", path_in("file"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	eve_rig(&rig, path);
	eve_feed(&rig, &next, 32);
	eve_drain(&rig);
	assert_int_equal(rig_room(&rig), UINT_MAX);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(unlink(path), 0);
	file_reopen(&rig);
	for (unsigned int i = 0; i < 1000 && rig_room(&rig) == UINT_MAX; i++)
		usleep(1000);
	next = 0;
	eve_feed(&rig, &next, 32);
	eve_drain(&rig);
	rig_fini(&rig);
	rig_failed(&rig, EFBIG, "cannot write");
	assert_int_equal(rig_dropped(&rig, EVE_WRITE_FAILED) + rig.stats.released, 64);
	file = fopen(path, "r");
	assert_int_equal(lines_in_order(file), 32);
	fclose(file);
	rig_free(&rig);
}

/* A link whose other end takes all. */
static void
push_release(struct weir_worker *worker, struct out_link *link, struct weir_event *events[],
	uint16_t n)
{
	(void)link;
	stat_add(&worker->stats->out, n);
	events_free(events, n);
}

/* Behind it an event goes on, and its line is one more: either has one way out. */
static void
test_goes_on(void **state)
{
	struct out_link link = { .lane_count = 0 };
	uint32_t next = 0;
	struct rig rig;

	(void)state;
	link.push = push_release;
	eve_rig(&rig, path_in("file"));
	rig.output = (struct output){ .links = &link, .link_count = 1, .receivers = 1 };
	eve_feed(&rig, &next, 32);
	eve_drain(&rig);
	assert_int_equal(rig.stats.created, 32);
	assert_int_equal(rig.stats.out, 32);
	assert_int_equal(rig.stats.released, 32);
	rig_end(&rig);
	assert_int_equal(file_lines("file"), 32);
}

int
main(void)
{
	/* Its thread waits in accept(), which takes the number of a descriptor that is closed here. */
	static const char *const eal[] = { "--no-telemetry", NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuses_standard_output),
		cmocka_unit_test(test_closed_pipe),
		cmocka_unit_test(test_full_device),
		cmocka_unit_test(test_file_too_large),
		cmocka_unit_test(test_standard_output_too_large),
		cmocka_unit_test(test_full_disk_gets_room),
		cmocka_unit_test(test_standard_output_is_a_socket),
		cmocka_unit_test(test_opened_anew),
		cmocka_unit_test(test_not_opened_anew),
		cmocka_unit_test(test_opened_anew_when_dead),
		cmocka_unit_test(test_goes_on),
	};

	testing_eal_init(eal);
	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
