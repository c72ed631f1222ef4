/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* A capture file as the thread of a pcap source reads it: by blocks, which stay until the lcore has
 * copied what it needs. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pcap_private.h"

/* How long the thread waits for bytes before it looks whether it should stop. */
#define POLL_MS 10
/* With less room than that at the end of a block the next one is taken. */
#define READ_LEAST (64u << 10)

static_assert(PCAP_BLOCK >= CAPTURE_PIECE_MAX + READ_LEAST, "a piece fits a block");

bool
pcap_file_open(struct pcap_reader *reader, struct pcap_file *file, const char *path)
{
	struct stat st;

	file->path = path;
	memset(&file->capture, 0, sizeof(file->capture));
	memset(&file->record, 0, sizeof(file->record));
	file->eof = file->ready = false;
	file->at = file->end; /* behind what is left of the file before */
	if (pcap_is_stdin(path))
		file->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	else /* A FIFO without a writer yet is waited for by poll(). */
		file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (file->fd < 0 || fstat(file->fd, &st) != 0) {
		pcap_reader_fail(reader, file, 0, strerror(errno));
		pcap_file_close(file);
		return false;
	}
	__atomic_store_n(&file->regular, S_ISREG(st.st_mode), __ATOMIC_RELAXED);
	if (file->regular)
		posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return true;
}

void
pcap_file_close(struct pcap_file *file)
{
	capture_end(&file->capture);
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	file->ready = false;
}

/* Go on in the next block, once the lcore has copied what it had there. */
static bool
block_turn(struct pcap_reader *reader, struct pcap_file *file)
{
	struct pcap_block *from = &file->blocks[file->block], *to;
	size_t left = file->end - file->at;

	from->last = reader->head;
	file->block = (file->block + 1) % file->block_count;
	to = &file->blocks[file->block];
	if (reader->seen < to->last)
		pcap_reader_publish(reader);
	while (reader->seen < to->last)
		if (!pcap_reader_wait(reader))
			return false;
	memcpy(to->bytes, from->bytes + file->at, left);
	file->at = 0;
	file->end = left;
	return true;
}

/* Whether there is something to be read, or the end; false: the thread is to stop. */
static bool
file_wait(struct pcap_reader *reader, const struct pcap_file *file)
{
	struct pollfd fd = { .fd = file->fd, .events = POLLIN };
	int rc = 1;

	if (file->regular)
		return true;
	/* What came before is not to wait for what comes. */
	if (poll(&fd, 1, 0) == 0) {
		pcap_reader_publish(reader);
		do
			rc = poll(&fd, 1, POLL_MS);
		while (rc <= 0 && !pcap_reader_stopped(reader));
	}
	return rc > 0;
}

/* Read what there is: false where nothing comes any more. */
static bool
file_read(struct pcap_reader *reader, struct pcap_file *file)
{
	struct pcap_block *block = &file->blocks[file->block];
	ssize_t got;

	do {
		if (!file_wait(reader, file))
			return false;
		got = read(file->fd, block->bytes + file->end, PCAP_BLOCK - file->end);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN) && !pcap_reader_stopped(reader));
	if (got < 0) {
		pcap_reader_fail(reader, file, file->capture.offset + (file->end - file->at),
			strerror(errno));
		return false;
	}
	file->eof = got == 0;
	file->end += (size_t)got;
	return true;
}

/* More bytes of the file: false where there are none, and it was told if that is wrong. */
static bool
file_more(struct pcap_reader *reader, struct pcap_file *file)
{
	size_t left = file->end - file->at;

	if (file->eof) {
		if (capture_cut(&file->capture, left))
			pcap_reader_fail(reader, file, file->capture.offset, file->capture.why);
		return false;
	}
	if (PCAP_BLOCK - file->at < file->capture.need || PCAP_BLOCK - file->end < READ_LEAST)
		if (!block_turn(reader, file))
			return false;
	return file_read(reader, file);
}

static void
file_take(struct pcap_reader *reader, struct pcap_file *file)
{
	file->at += file->capture.used;
	reader->done += file->capture.used;
}

bool
pcap_file_next(struct pcap_reader *reader, struct pcap_file *file)
{
	const struct pcap_block *block;

	for (;;) {
		block = &file->blocks[file->block];
		switch (capture_next(&file->capture, block->bytes + file->at, file->end - file->at,
			&file->record)) {
		case CAPTURE_RECORD:
			file_take(reader, file);
			if (file->record.l2 == WEIR_PARSE_L2_ETHERNET ||
				reader->conf->match[0] == '\0')
				return true;
			pcap_reader_fail(reader, file, file->capture.offset, PCAP_MATCH_WHY);
			return false;
		case CAPTURE_PASSED:
			file_take(reader, file);
			break;
		case CAPTURE_MORE:
			if (!file_more(reader, file))
				return false;
			break;
		case CAPTURE_WRONG:
			pcap_reader_fail(reader, file, file->capture.offset, file->capture.why);
			return false;
		}
	}
}
