/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Files of lines. A disk may get full in the middle of one: the file is then cut back to the end of
 * the line before, so that who reads it, now or after a crash, finds whole lines. What cannot be cut
 * keeps all others out until the line is whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "file.h"

/*
 * Most bytes of one write. Others' bytes cannot come in between: a file has a lock, anything else
 * may promise no more than a pipe does, PIPE_BUF.
 */
#define CHUNK_FILE (128 << 10)

#define OPEN_FLAGS (O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

struct file {
	struct file *next;
	unsigned int users;
	char *path; /* NULL: standard output */

	pthread_mutex_t lock;
	int fd; /* the same number for as long as the file is open */
	dev_t device;
	ino_t inode;
	mode_t kind; /* S_IFREG and so on; any thread may read it */
	bool append;
	const void *torn; /* who has written the begin of a line last; NULL: none */

	uint32_t asked;  /* times that it was asked to be opened anew, */
	uint32_t served; /* those that were answered, */
	uint32_t opened; /* and those of them that it could be opened */
};

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;

size_t
lines_end(const struct iovec parts[2], size_t n)
{
	size_t first = RTE_MIN(n, parts[0].iov_len);
	const char *end = n > first ? memrchr(parts[1].iov_base, '\n', n - first) : NULL;

	if (end != NULL)
		return first + (size_t)(end - (const char *)parts[1].iov_base) + 1;
	end = memrchr(parts[0].iov_base, '\n', first);
	return end != NULL ? (size_t)(end - (const char *)parts[0].iov_base) + 1 : 0;
}

static uint64_t
newlines(const char *at, size_t n)
{
	uint64_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += at[i] == '\n';
	return count;
}

uint64_t
lines_count(const struct iovec parts[2], size_t n)
{
	size_t first = RTE_MIN(n, parts[0].iov_len);

	return newlines(parts[0].iov_base, first) + newlines(parts[1].iov_base, n - first);
}

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

struct file *
file_open(const char *stage, const char *path, bool truncate, struct weir_error *error)
{
	bool standard = strcmp(path, "-") == 0;
	struct file *file = calloc(1, sizeof(*file)), *shared;
	int rc;

	if (file == NULL || (!standard && (file->path = strdup(path)) == NULL)) {
		free(file);
		file_refuse(stage, path, ENOMEM, error);
		return NULL;
	}
	pthread_mutex_init(&file->lock, NULL);
	file->fd =
		standard ? stdout_open() : open(path, OPEN_FLAGS | (truncate ? O_TRUNC : 0), 0644);
	rc = file->fd < 0 ? -errno : file_look(file, file->fd);
	if (rc != 0) {
		file_refuse(stage, path, -rc, error);
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
	return shared;
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

static bool
file_is(const struct file *file, mode_t kind)
{
	return __atomic_load_n(&file->kind, __ATOMIC_RELAXED) == kind;
}

size_t
file_chunk(const struct file *file)
{
	return file_is(file, S_IFREG) ? CHUNK_FILE : PIPE_BUF;
}

bool
file_writable(const struct file *file, int ms)
{
	struct pollfd fd = { .fd = file->fd, .events = POLLOUT };

	return file_is(file, S_IFREG) || poll(&fd, 1, ms) > 0;
}

/* Write once: a count, or -1 with errno. */
static ssize_t
put_once(const struct file *file, const struct iovec parts[2])
{
	struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = 2 };

	if (file_is(file, S_IFSOCK))
		return sendmsg(file->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	return writev(file->fd, parts, 2);
}

static void
parts_skip(struct iovec parts[2], size_t n)
{
	for (unsigned int i = 0; i < 2; i++) {
		size_t k = RTE_MIN(n, parts[i].iov_len);

		parts[i].iov_base = (char *)parts[i].iov_base + k;
		parts[i].iov_len -= k;
		n -= k;
	}
}

/*
 * Write until all is written or the system says why not: for files also, which tell it by writing
 * less than was asked first. Anything else is left to be polled again.
 */
static size_t
put_all(const struct file *file, const struct iovec parts[2], int *code)
{
	struct iovec left[2] = { parts[0], parts[1] };
	size_t n = parts[0].iov_len + parts[1].iov_len, done = 0;

	*code = 0;
	while (done < n) {
		ssize_t put = put_once(file, left);

		if (put <= 0) {
			*code = put < 0 && errno != EINTR ? errno : EAGAIN;
			break;
		}
		done += (size_t)put;
		parts_skip(left, (size_t)put);
	}
	return done;
}

/* Where the next byte goes; -1: that is not known. */
static off_t
file_end(const struct file *file)
{
	struct stat st;

	if (!file_is(file, S_IFREG))
		return -1;
	if (!file->append)
		return lseek(file->fd, 0, SEEK_CUR);
	return fstat(file->fd, &st) == 0 ? st.st_size : -1;
}

/* Cut the file that should end at `end` back by n; whether it could be: others may write there too. */
static bool
file_cut(const struct file *file, off_t end, size_t n)
{
	struct stat st;

	if (fstat(file->fd, &st) != 0 || st.st_size != end ||
		ftruncate(file->fd, end - (off_t)n) != 0)
		return false;
	return lseek(file->fd, end - (off_t)n, SEEK_SET) >= 0;
}

static size_t
file_put(struct file *file, const void *who, const struct iovec parts[2], int *code)
{
	off_t begin = file_end(file);
	size_t done = put_all(file, parts, code);
	size_t whole = lines_end(parts, done);

	if (done > whole && begin >= 0 && file_cut(file, begin + (off_t)done, done - whole))
		done = whole;
	if (done > whole)
		file->torn = who;
	else if (whole > 0)
		file->torn = NULL;
	return done;
}

size_t
file_write(struct file *file, const void *who, const struct iovec parts[2], int *code)
{
	size_t done = 0;

	*code = EAGAIN;
	pthread_mutex_lock(&file->lock);
	if (file->torn == NULL || file->torn == who)
		done = file_put(file, who, parts, code);
	pthread_mutex_unlock(&file->lock);
	return done;
}

void
file_forget(struct file *file, const void *who)
{
	pthread_mutex_lock(&file->lock);
	if (file->torn == who)
		file->torn = NULL;
	pthread_mutex_unlock(&file->lock);
}

int
file_ask(struct file *file)
{
	if (file->path == NULL)
		return -ENOENT;
	__atomic_fetch_add(&file->asked, 1, __ATOMIC_RELAXED);
	return 0;
}

/* Put the new file in the place of the old one, whose number stays: others may be waiting on it. */
static int
file_exchange(struct file *file, int fd)
{
	int old = fcntl(file->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int rc = old < 0 || dup3(fd, file->fd, O_CLOEXEC) < 0 ? -errno : 0;

	if (rc == 0)
		rc = file_look(file, file->fd);
	if (old >= 0 && close(old) != 0 && rc == 0)
		rc = -errno;
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
	if (rc == 0)
		__atomic_store_n(&file->opened, file->opened + 1, __ATOMIC_RELEASE);
	return rc;
}

int
file_serve(struct file *file)
{
	uint32_t asked = __atomic_load_n(&file->asked, __ATOMIC_RELAXED);
	int rc = 0;

	if (likely(asked == __atomic_load_n(&file->served, __ATOMIC_RELAXED)))
		return 0;
	pthread_mutex_lock(&file->lock);
	if (file->torn == NULL && asked != file->served) {
		__atomic_store_n(&file->served, asked, __ATOMIC_RELAXED);
		rc = file_reopen(file);
		rc = rc == 0 ? 1 : rc;
	}
	pthread_mutex_unlock(&file->lock);
	return rc;
}

uint32_t
file_served(const struct file *file)
{
	return __atomic_load_n(&file->opened, __ATOMIC_ACQUIRE);
}
