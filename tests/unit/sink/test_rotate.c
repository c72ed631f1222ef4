/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Files that are full: their names, what is refused, and that each line is in one of them, whole. */
#include <dirent.h>

#include "sink/eve.h"

#define STAMP "20260101T120000"
#define SECOND UINT64_C(1767268800)

static void
file_make(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
is_file(const char *name, const char *text)
{
	FILE *file = fopen(path_in(name), "r");
	char have[32] = "";

	if (file == NULL)
		fail_msg("there is no %s", name);
	assert_true(text[0] == '\0' || fgets(have, sizeof(have), file) != NULL);
	assert_string_equal(have, text);
	fclose(file);
}

static int
rotate(const char *path, struct rotated *last)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return rotate_away(path, st.st_dev, st.st_ino, SECOND, last);
}

/* Entries of the folder, all of which are taken away where `remove` is set. */
static unsigned int
files_in_dir(bool remove)
{
	const struct dirent *entry;
	unsigned int n = 0;
	DIR *open_dir = opendir(dir);

	assert_non_null(open_dir);
	while ((entry = readdir(open_dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		if (remove)
			assert_int_equal(unlink(path_in(entry->d_name)), 0);
	}
	closedir(open_dir);
	return n;
}

static int
dir_clear(void **state)
{
	(void)state;
	files_in_dir(true);
	return 0;
}

/* Never over another file. */
static void
test_names(void **state)
{
	struct rotated last = { 0 };
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s", path_in("file"));
	file_make(path_in("file." STAMP ".2"), "other");
	file_make(path, "a");
	assert_int_equal(rotate(path, &last), 0);
	file_make(path, "b");
	assert_int_equal(rotate(path, &last), 0);
	file_make(path, "c");
	assert_int_equal(rotate(path, &last), 0);
	file_make(path, "d");
	last = (struct rotated){ 0 };
	assert_int_equal(rotate(path, &last), 0);
	is_file("file." STAMP, "a");
	is_file("file." STAMP ".1", "b");
	is_file("file." STAMP ".2", "other");
	is_file("file." STAMP ".3", "c");
	is_file("file." STAMP ".4", "d");
	assert_int_equal(files_in_dir(false), 5);
}

/* What has the path by now and is not the file stays, and so does the file where it went. */
static void
test_moved_by_others(void **state)
{
	struct rotated last = { 0 };
	char path[PATH_MAX];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s", path_in("file"));
	file_make(path, "ours");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(rename(path, path_in("old")), 0);
	assert_int_equal(rotate_away(path, st.st_dev, st.st_ino, SECOND, &last), 0);
	file_make(path, "theirs");
	assert_int_equal(rotate_away(path, st.st_dev, st.st_ino, SECOND, &last), 0);
	is_file("file", "theirs");
	is_file("old", "ours");
}

static void
rig_refused(const struct eve_conf *conf, const char *text)
{
	struct rig rig;

	rig_make(&rig, &stage_eve);
	assert_int_equal(rig_init(&rig, conf), -EINVAL);
	assert_non_null(strstr(rig.error.text, "[stage rig]"));
	assert_non_null(strstr(rig.error.text, text));
	rig_free(&rig);
}

/* What is no file of its own cannot be renamed. */
static void
test_refuses(void **state)
{
	static const char *const paths[] = { "/dev/null", "-", "link", "fifo" };
	struct eve_conf conf = { .buffer = 64 << 10 };
	char target[PATH_MAX];
	int fd;

	(void)state;
	snprintf(target, sizeof(target), "%s", path_in("file"));
	file_make(target, "");
	assert_int_equal(symlink(target, path_in("link")), 0);
	assert_int_equal(mkfifo(path_in("fifo"), 0600), 0);
	fd = open(path_in("fifo"), O_RDONLY | O_NONBLOCK);
	for (unsigned int i = 0; i < 2 * RTE_DIM(paths); i++) {
		const char *path = paths[i / 2];

		conf.path = path[0] >= 'a' ? path_in(path) : path;
		conf.rotation = (struct rotation){ .size = i % 2 ? ROTATE_SIZE_MIN : 0,
			.period = i % 2 ? 0 : ROTATE_PERIOD_MIN };
		rig_refused(&conf, "no regular file");
	}
	close(fd);
}

/* Two that have one file have it rotated alike. */
static void
test_refuses_another_rotation(void **state)
{
	const struct eve_conf conf = { .path = path_in("file"), .buffer = 64 << 10 };
	struct eve_conf other = conf;
	struct rig rig;

	(void)state;
	rig_make(&rig, &stage_eve);
	assert_int_equal(rig_init(&rig, &conf), 0);
	other.rotation.size = ROTATE_SIZE_MIN;
	rig_refused(&other, "rotated otherwise");
	rig_end(&rig);
}

static void
test_refused_by_needs(void **state)
{
	static const struct {
		struct eve_conf conf;
		const char *text;
	} rows[] = {
		{ { .path = "-", .rotation = { .size = ROTATE_SIZE_MIN } }, "standard output" },
		{ { .path = "-", .rotation = { .period = ROTATE_PERIOD_MIN } }, "standard output" },
		{ { .path = "x", .rotation = { .size = ROTATE_SIZE_MIN - 1 } }, "rotate_size" },
		{ { .path = "x", .rotation = { .period = 1 } }, "rotate_time" },
		{ { .path = "-" }, NULL },
		{ { .path = "x",
			  .rotation = { .size = ROTATE_SIZE_MIN, .period = ROTATE_PERIOD_MIN } },
			NULL },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		struct weir_stage_needs needs = { .size = sizeof(needs) };
		struct weir_error error;
		int rc = stage_eve.needs(&rows[i].conf, &needs, &error);

		assert_int_equal(rc, rows[i].text != NULL ? -EINVAL : 0);
		if (rc != 0)
			assert_non_null(strstr(error.text, rows[i].text));
	}
}

static void
rigs_make(struct rig rigs[3], const struct rotation *rotation)
{
	struct eve_conf conf = { .path = path_in("file"),
		.buffer = 64 << 10,
		.rotation = *rotation };

	for (unsigned int i = 0; i < 3; i++) {
		rig_make(&rigs[i], &stage_eve);
		rigs[i].worker.index = i;
		rigs[i].worker.count = 3;
		assert_int_equal(rig_init(&rigs[i], &conf), 0);
	}
}

static uint32_t
rigs_feed(struct rig rigs[3], uint32_t next[3], unsigned int passes)
{
	uint32_t fed = 0;

	for (unsigned int pass = 0; pass < passes; pass++) {
		struct rig *rig = &rigs[pass % 3];
		uint16_t n = (uint16_t)RTE_MIN(rig_room(rig), 32u);

		eve_feed(rig, &next[pass % 3], n);
		fed += n;
	}
	return fed;
}

static void
rigs_end(struct rig rigs[3])
{
	struct weir_error error;

	for (unsigned int i = 0; i < 3; i++) {
		eve_drain(&rigs[i]);
		assert_int_equal(failures_get(&rigs[i].failures, 0, &error), -ENOENT);
		rig_end(&rigs[i]);
	}
}

/* Whole lines of all files in the folder, none of which has more than `most` bytes. */
static uint32_t
lines_of_all(off_t most)
{
	const struct dirent *entry;
	DIR *open_dir = opendir(dir);
	char line[WRITER_LINE_MAX];
	uint32_t lines = 0;
	struct stat st;

	while ((entry = readdir(open_dir)) != NULL) {
		FILE *file;

		if (entry->d_name[0] == '.')
			continue;
		file = fopen(path_in(entry->d_name), "r");
		assert_int_equal(fstat(fileno(file), &st), 0);
		assert_true(most == 0 || st.st_size <= most);
		for (; fgets(line, sizeof(line), file) != NULL; lines++) {
			json_t *json = json_loads(line, 0, NULL);

			assert_non_null(json);
			assert_non_null(strchr(line, '\n'));
			json_decref(json);
		}
		fclose(file);
	}
	closedir(open_dir);
	return lines;
}

/* As many files as there must be, and as full as can be. */
static void
test_size(void **state)
{
	static const struct rotation rotation = { .size = ROTATE_SIZE_MIN };
	uint32_t next[3] = { 0 }, fed;
	struct rig rigs[3];
	unsigned int files;

	(void)state;
	rigs_make(rigs, &rotation);
	fed = rigs_feed(rigs, next, 3000);
	while (fed < 20000)
		fed += rigs_feed(rigs, next, 3000);
	rigs_end(rigs);
	assert_int_equal(lines_of_all(rotation.size), fed);
	files = files_in_dir(false);
	/* A line has more than 100 bytes and less than 200. */
	assert_true(files > fed * 100 / rotation.size);
	assert_true(files < fed * 200 / rotation.size + 1);
}

/* By time; a file without lines stays. */
static void
test_time(void **state)
{
	static const struct rotation rotation = { .period = 50000000 };
	uint32_t next[3] = { 0 }, fed = 0;
	struct rig rigs[3];
	unsigned int files;

	(void)state;
	rigs_make(rigs, &rotation);
	usleep(200000);
	assert_int_equal(files_in_dir(false), 1);
	for (unsigned int i = 0; i < 30; i++) {
		fed += rigs_feed(rigs, next, 30);
		usleep(10000);
	}
	for (unsigned int i = 0; i < 3; i++)
		eve_drain(&rigs[i]);
	usleep(200000);
	files = files_in_dir(false);
	assert_true(files >= 4);
	usleep(200000);
	assert_int_equal(files_in_dir(false), files);
	rigs_end(rigs);
	assert_int_equal(lines_of_all(0), fed);
}

/* Where no new file can be made the old one goes on, and nothing is lost. */
static void
test_fails(void **state)
{
	static const struct rotation rotation = { .size = ROTATE_SIZE_MIN };
	char before[] = "/tmp/weir-eve-XXXXXX";
	uint32_t next[3] = { 0 }, fed;
	struct rig rigs[3];

	(void)state;
	memcpy(before, dir, sizeof(before));
	rigs_make(rigs, &rotation);
	dir[sizeof("/tmp/w") - 1] = 'E';
	assert_int_equal(rename(before, dir), 0);
	fed = rigs_feed(rigs, next, 3000);
	rigs_end(rigs);
	assert_int_equal(lines_of_all(0), fed);
	assert_int_equal(files_in_dir(false), 1);
	assert_int_equal(rename(dir, before), 0);
	memcpy(dir, before, sizeof(before));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_names, dir_clear),
		cmocka_unit_test_teardown(test_moved_by_others, dir_clear),
		cmocka_unit_test_teardown(test_refuses, dir_clear),
		cmocka_unit_test_teardown(test_refuses_another_rotation, dir_clear),
		cmocka_unit_test(test_refused_by_needs),
		cmocka_unit_test_teardown(test_size, dir_clear),
		cmocka_unit_test_teardown(test_time, dir_clear),
		cmocka_unit_test_teardown(test_fails, dir_clear),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
