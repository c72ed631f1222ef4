/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Files of lines: how they are opened, shared, rotated and closed. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "file_private.h"

#define OPEN_FLAGS (O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

#define NS_PER_SECOND UINT64_C(1000000000)

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;

/*
 * Standard output. A file shares its position with whoever else writes there. Anything else may
 * make a write wait, and is opened anew so that this can be turned off for us alone.
 */
static int
stdout_open(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	struct stat st;
	int fd = -1;

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || (flags & O_PATH)) {
		errno = EBADF;
		return -1;
	}
	if (fstat(STDOUT_FILENO, &st) == 0 && !S_ISREG(st.st_mode))
		fd = open("/proc/self/fd/1", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

/* What the descriptor is of. */
static int
file_look(struct file *file, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st) != 0)
		return -errno;
	file->device = st.st_dev;
	file->inode = st.st_ino;
	__atomic_store_n(&file->kind, st.st_mode & S_IFMT, __ATOMIC_RELAXED);
	file->append = flags & O_APPEND;
	return 0;
}

/* The one that is open already, as `file` would be; NULL: none. Under the lock of all. */
static struct file *
file_find(const struct file *file)
{
	struct file *other;

	for (other = files; other != NULL; other = other->next)
		if (other->device == file->device && other->inode == file->inode &&
			(other->path == NULL) == (file->path == NULL))
			break;
	return other;
}

/* Add it, or its descriptor goes and the one that is there gets a further user. */
static struct file *
file_share(struct file *file)
{
	struct file *other;

	pthread_mutex_lock(&files_lock);
	other = file_find(file);
	if (other == NULL) {
		file->next = files;
		files = file;
		other = file;
	}
	other->users++;
	pthread_mutex_unlock(&files_lock);
	return other;
}

static void
file_free(struct file *file)
{
	pthread_mutex_destroy(&file->lock);
	free(file->path);
	free(file);
}

static int
file_refuse(const char *stage, const char *path, int code, struct weir_error *error)
{
	if (strcmp(path, "-") != 0)
		return weir_error_set(error, code, "[stage %s] cannot open path '%s': %s%s", stage,
			path, strerror(code), code == ENXIO ? "; a FIFO must have a reader" : "");
	return weir_error_set(error, code,
		"[stage %s] cannot write to standard output%s: %s; redirect it, or give "
		"`path = FILE`",
		stage, code == EBADF ? ", which is closed or open for reading only" : "",
		strerror(code));
}

static uint64_t
wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* When the file is full by time, from `now` on. */
static uint64_t
file_due(const struct file *file, uint64_t now)
{
	uint64_t period = file->rotation.period;

	return period == 0 ? 0 : (now / period + 1) * period;
}

/* What is renamed has to be the file itself, and not what leads to it: /dev/stdout does. */
static bool
can_rotate(const struct file *file)
{
	struct stat st;

	if (file->rotation.size == 0 && file->rotation.period == 0)
		return true;
	return file->path != NULL && lstat(file->path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Open it; 0, or -errno with `error`. */
static int
file_begin(struct file *file, const char *stage, const char *path, bool truncate,
	struct weir_error *error)
{
	bool standard = file->path == NULL;
	int rc;

	file->fd =
		standard ? stdout_open() : open(path, OPEN_FLAGS | (truncate ? O_TRUNC : 0), 0644);
	rc = file->fd < 0 ? -errno : file_look(file, file->fd);
	if (rc != 0)
		return file_refuse(stage, path, -rc, error);
	if (!can_rotate(file))
		return weir_error_set(error, EINVAL,
			"[stage %s] cannot rotate path '%s': it is no regular file", stage, path);
	file->limit = file->rotation.size;
	file->due = file_due(file, wall_ns());
	return 0;
}

static struct file *
file_make(const char *path, const struct rotation *rotation)
{
	struct file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		return NULL;
	if (strcmp(path, "-") != 0 && (file->path = strdup(path)) == NULL) {
		free(file);
		return NULL;
	}
	pthread_mutex_init(&file->lock, NULL);
	file->rotation = *rotation;
	file->fd = -1;
	return file;
}

/* Whether who shares the file wants it to be rotated alike. */
static bool
is_alike(const struct file *file, const struct rotation *rotation)
{
	return file->rotation.size == rotation->size && file->rotation.period == rotation->period;
}

struct file *
file_open(const char *stage, const char *path, bool truncate, const struct rotation *rotation,
	struct weir_error *error)
{
	struct file *file = file_make(path, rotation), *shared;

	if (file == NULL) {
		file_refuse(stage, path, ENOMEM, error);
		return NULL;
	}
	if (file_begin(file, stage, path, truncate, error) != 0) {
		if (file->fd >= 0)
			close(file->fd);
		file_free(file);
		return NULL;
	}
	shared = file_share(file);
	if (shared != file) {
		close(file->fd);
		file_free(file);
	}
	if (is_alike(shared, rotation))
		return shared;
	weir_error_set(error, EINVAL,
		"[stage %s] path '%s' is open already, and is rotated otherwise", stage, path);
	file_close(shared);
	return NULL;
}

int
file_close(struct file *file)
{
	struct file **at = &files;
	unsigned int users;
	int code;

	pthread_mutex_lock(&files_lock);
	users = --file->users;
	while (users == 0 && *at != file)
		at = &(*at)->next;
	if (users == 0)
		*at = file->next;
	pthread_mutex_unlock(&files_lock);
	if (users > 0)
		return 0;
	/* Some file systems tell only now that there was no room. */
	code = close(file->fd) != 0 ? errno : 0;
	file_free(file);
	return code;
}

int
file_ask(struct file *file)
{
	if (file->path == NULL)
		return -ENOENT;
	__atomic_fetch_add(&file->asked, 1, __ATOMIC_RELAXED);
	return 0;
}

off_t
file_end(const struct file *file)
{
	struct stat st;

	if (!file_is(file, S_IFREG))
		return -1;
	if (!file->append)
		return lseek(file->fd, 0, SEEK_CUR);
	return fstat(file->fd, &st) == 0 ? st.st_size : -1;
}

/* Put the new file in the place of the old one, whose number stays: others may be waiting on it. */
static int
file_exchange(struct file *file, int fd)
{
	int old = fcntl(file->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int rc = old < 0 || dup3(fd, file->fd, O_CLOEXEC) < 0 ? -errno : 0;

	if (rc == 0)
		rc = file_look(file, file->fd);
	/* Some file systems tell only now that there was no room. */
	if (old >= 0 && close(old) != 0)
		__atomic_store_n(&file->unclosed, errno, __ATOMIC_RELAXED);
	return rc;
}

static int
file_reopen(struct file *file)
{
	int fd = open(file->path, OPEN_FLAGS, 0644), rc;

	if (fd < 0)
		return -errno;
	pthread_mutex_lock(&files_lock);
	rc = file_exchange(file, fd);
	pthread_mutex_unlock(&files_lock);
	close(fd);
	if (rc != 0)
		return rc;
	file->limit = file->rotation.size;
	__atomic_store_n(&file->opened, file->opened + 1, __ATOMIC_RELEASE);
	return 0;
}

void
file_rotate(struct file *file)
{
	int rc = rotate_away(file->path, file->device, file->inode, wall_ns() / NS_PER_SECOND,
		&file->rotated);

	if (rc == 0)
		rc = file_reopen(file);
	if (rc == 0)
		return;
	__atomic_store_n(&file->unrotated, -rc, __ATOMIC_RELAXED);
	if (file->rotation.size != 0)
		file->limit = file->rotation.size + (uint64_t)RTE_MAX(file_end(file), 0);
}

/* It is time; what has no lines yet is left. */
static void
file_pass(struct file *file)
{
	uint64_t now = wall_ns();

	if (now < file->due)
		return;
	__atomic_store_n(&file->due, file_due(file, now), __ATOMIC_RELAXED);
	if (file_end(file) != 0)
		file_rotate(file);
}

static bool
is_due(const struct file *file)
{
	uint64_t due = __atomic_load_n(&file->due, __ATOMIC_RELAXED);

	return due != 0 && wall_ns() >= due;
}

int
file_serve(struct file *file)
{
	uint32_t asked = __atomic_load_n(&file->asked, __ATOMIC_RELAXED);
	bool due = is_due(file);
	int rc = 0;

	if (likely(!due && asked == __atomic_load_n(&file->served, __ATOMIC_RELAXED)))
		return 0;
	pthread_mutex_lock(&file->lock);
	if (due && file->torn == NULL)
		file_pass(file);
	if (file->torn == NULL && asked != file->served) {
		__atomic_store_n(&file->served, asked, __ATOMIC_RELAXED);
		rc = file_reopen(file);
		rc = rc == 0 ? 1 : rc;
	}
	pthread_mutex_unlock(&file->lock);
	return rc;
}

/* A code that is told once. */
static int
take(int *code)
{
	if (likely(__atomic_load_n(code, __ATOMIC_RELAXED) == 0))
		return 0;
	return __atomic_exchange_n(code, 0, __ATOMIC_RELAXED);
}

int
file_unrotated(struct file *file)
{
	return take(&file->unrotated);
}

int
file_unclosed(struct file *file)
{
	return take(&file->unclosed);
}

uint32_t
file_served(const struct file *file)
{
	return __atomic_load_n(&file->opened, __ATOMIC_ACQUIRE);
}
