/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* A worker of eve, what it is fed, and what it has written. */
#ifndef WEIR_SINK_EVE_H
#define WEIR_SINK_EVE_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>

#include <jansson.h>
#include <rte_cycles.h>

#include "stage/rig.h"

#include "sink/sink_private.h"

static char dir[] = "/tmp/weir-eve-XXXXXX";

static inline const char *
path_in(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static inline int
dir_make(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static inline int
dir_remove(void **state)
{
	static const char *const names[] = { "file", "fifo", "stdout", "old" };

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(names); i++)
		unlink(path_in(names[i]));
	return rmdir(dir);
}

/* As rig_end(), but what is in the rig stays to be looked at until rig_free(). */
static inline void
rig_fini(struct rig *rig)
{
	rig->ops->fini(&rig->worker, rig->state);
	rig_is_balanced(rig);
	assert_int_equal(rig->stats.held, 0);
}

/* It told of one failure. */
static inline void
rig_failed(struct rig *rig, int code, const char *text)
{
	struct weir_error error;

	assert_int_equal(failures_get(&rig->failures, 0, &error), 0);
	assert_int_equal(error.code, code);
	if (strstr(error.text, text) == NULL)
		fail_msg("'%s' does not say '%s'", error.text, text);
	assert_int_equal(failures_get(&rig->failures, 1, &error), -ENOENT);
}

static inline void
eve_rig(struct rig *rig, const char *path)
{
	const struct eve_conf conf = { .path = path, .buffer = 64 << 10 };

	rig_make(rig, &stage_eve);
	if (rig_init(rig, &conf) != 0)
		fail_msg("%s", rig->error.text);
}

/* Feed n events that `len` numbers from *next on. */
static inline void
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
static inline void
eve_drain(struct rig *rig)
{
	for (unsigned int i = 0; i < 10000 && rig_drain(rig) > 0; i++)
		usleep(1000);
	assert_int_equal(rig_drain(rig), 0);
}

/* Count the lines of a file, which are whole, and number from 0 in order. */
static inline uint32_t
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

/* A FIFO that somebody reads, who is not quick. */
static inline int
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
static inline void
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

/*
 * Read what there is into a file until the drain is done. The last may have been read while it still
 * was to be drained: where nothing is there, it is not waited for.
 */
static inline void
read_until_drained(struct rig *rig, int fd, FILE *file)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	char chunk[5000];

	for (bool more = true; more;) {
		more = rig_drain(rig) > 0;
		while (poll(&pollfd, 1, more ? 1 : 0) > 0 && (pollfd.revents & POLLIN)) {
			ssize_t n = read(fd, chunk, sizeof(chunk));

			assert_true(n > 0);
			fwrite(chunk, 1, (size_t)n, file);
		}
	}
}

#endif /* WEIR_SINK_EVE_H */
