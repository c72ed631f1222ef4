/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What can be said of a `pcap` source's keys before it runs: of its files as far as they can be read. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pcap_private.h"

/* Bytes of a file that are looked at for its link types. */
#define LOOK (64u << 10)

/*
 * Whether the file's header says a link type that is not read, or not with `match`; anything else is told
 * by the run.
 */
static bool
look_unread(struct capture *capture, const uint8_t *bytes, size_t n, bool matched)
{
	struct capture_record record;
	size_t at = 0;

	while (capture_next(capture, bytes + at, n - at, &record) == CAPTURE_PASSED) {
		unsigned int count = capture->interface_count;
		uint16_t type = count > 0 ? capture->interfaces[count - 1].type : 0;

		at += capture->used;
		if (capture_link(type) < 0) {
			capture_unread(capture, type);
			break;
		}
		if (matched &&
			(count > 0 ? capture_link(type) : capture->l2) != WEIR_PARSE_L2_ETHERNET) {
			snprintf(capture->why, sizeof(capture->why), "%s", PCAP_MATCH_WHY);
			return true;
		}
	}
	return capture->unread_type;
}

int
pcap_check_path(const char *node, const char *path, uint64_t loop, struct stat *st,
	struct weir_error *error)
{
	int rc = 0;

	if (pcap_is_stdin(path))
		return 0;
	if (stat(path, st) != 0 || access(path, R_OK) != 0)
		rc = errno;
	else if (S_ISDIR(st->st_mode))
		rc = EISDIR;
	if (rc != 0)
		return weir_error_set(error, rc, "[source %s] path = %s: %s", node, path,
			strerror(rc));
	if (S_ISREG(st->st_mode) || loop == 1)
		return 0;
	return weir_error_set(error, EINVAL,
		"[source %s] path = %s: no regular file, which can be read only once: expected loop = 1",
		node, path);
}

static int
look_at(const char *node, const char *path, const struct pcap_conf *conf, struct weir_error *error)
{
	struct capture capture = { .offset = 0 };
	bool matched = conf->match[0] != '\0';
	struct stat st = { .st_mode = 0 };
	uint8_t *bytes;
	ssize_t n;
	int fd, rc = pcap_check_path(node, path, conf->loop, &st, error);

	if (rc != 0 || !S_ISREG(st.st_mode))
		return rc;
	bytes = malloc(LOOK);
	if (bytes == NULL)
		return weir_error_set(error, ENOMEM, "no memory to check [source %s]", node);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	n = fd >= 0 ? read(fd, bytes, LOOK) : 0;
	if (n > 0 && look_unread(&capture, bytes, (size_t)n, matched))
		rc = weir_error_set(error, EINVAL, "[source %s] path = %s: %s", node, path,
			capture.why);
	capture_end(&capture);
	if (fd >= 0)
		close(fd);
	free(bytes);
	return rc;
}

static int
check_paths(const char *node, const struct pcap_conf *conf, const struct pcap_paths *paths,
	struct weir_error *error)
{
	unsigned int stdins = 0;
	int rc = 0;

	if (conf->order == PCAP_ORDER_TIME && paths->count > PCAP_MERGED_MAX)
		return weir_error_set(error, EINVAL,
			"[source %s] path names %u files: order = time merges no more than %u",
			node, paths->count, PCAP_MERGED_MAX);
	for (unsigned int i = 0; rc == 0 && i < paths->count; i++) {
		stdins += pcap_is_stdin(paths->list[i]);
		rc = look_at(node, paths->list[i], conf, error);
	}
	if (rc == 0 && stdins > (conf->loop == 1 ? 1 : 0))
		return weir_error_set(error, EINVAL,
			"[source %s] path: standard input can be read only once%s", node,
			conf->loop == 1 ? "" : ": expected loop = 1");
	return rc;
}

int
pcap_check_files(const char *node, const struct pcap_conf *conf, struct weir_error *error)
{
	struct pcap_paths paths;
	int rc = pcap_paths_init(&paths, conf->path);

	if (rc == -ENOMEM)
		return weir_error_set(error, ENOMEM, "no memory to check [source %s]", node);
	if (rc != 0)
		return weir_error_set(error, EINVAL,
			"[source %s] path = %s: expected files, several with commas between them",
			node, conf->path);
	rc = check_paths(node, conf, &paths, error);
	pcap_paths_free(&paths);
	return rc;
}
