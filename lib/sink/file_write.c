/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Whole lines. A disk may get full in the middle of one: the file is then cut back to the end of
 * the line before, so that who reads it, now or after a crash, finds whole lines. What cannot be cut
 * keeps all others out until the line is whole.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_common.h>

#include "file_private.h"

/*
 * Most bytes of one write. Others' bytes cannot come in between: a file has a lock, anything else
 * may promise no more than a pipe does, PIPE_BUF.
 */
#define CHUNK_FILE (128 << 10)

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

/* Leave the first n bytes. */
static void
parts_cut(struct iovec parts[2], size_t n)
{
	parts[0].iov_len = RTE_MIN(n, parts[0].iov_len);
	parts[1].iov_len = RTE_MIN(n - parts[0].iov_len, parts[1].iov_len);
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

/* Of the lines, bytes of those that the file has room for, which now ends there. */
static size_t
lines_fit(const struct file *file, const struct iovec parts[2], uint64_t end)
{
	size_t n = parts[0].iov_len + parts[1].iov_len;

	return lines_end(parts, file->limit > end ? RTE_MIN(n, file->limit - end) : 0);
}

/* Leave those lines that go into the file as it is, or, where none does, as it is after a rotation. */
static void
file_fit(struct file *file, struct iovec parts[2])
{
	uint64_t end = (uint64_t)RTE_MAX(file_end(file), 0);
	size_t fit = lines_fit(file, parts, end);

	if (fit == 0 && end > 0) {
		file_rotate(file);
		end = (uint64_t)RTE_MAX(file_end(file), 0);
		fit = lines_fit(file, parts, end);
	}
	/* Where somebody else has filled the new file, too, it takes all. */
	if (fit > 0)
		parts_cut(parts, fit);
}

static size_t
file_put(struct file *file, const void *who, const struct iovec all[2], int *code)
{
	struct iovec parts[2] = { all[0], all[1] };
	size_t done, whole;
	off_t begin;

	if (file->limit != 0 && file->torn == NULL)
		file_fit(file, parts);
	begin = file_end(file);
	done = put_all(file, parts, code);
	whole = lines_end(parts, done);

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
