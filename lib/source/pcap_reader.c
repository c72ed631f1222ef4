/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The thread of a pcap source: which file gives the next packet, and what time that has. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>

#include <rte_malloc.h>

#include "pcap_private.h"

/* How long the thread sleeps for want of room: from the first time on, and at most. */
#define WAIT_MIN_NS 20000L
#define WAIT_MAX_NS 1000000L
/* From the last packet of a round to the first of the next. */
#define ROUND_GAP_NS 1000

bool
pcap_reader_stopped(const struct pcap_reader *reader)
{
	return __atomic_load_n(&reader->stop, __ATOMIC_RELAXED);
}

void
pcap_reader_publish(struct pcap_reader *reader)
{
	__atomic_store_n(&reader->read, reader->done, __ATOMIC_RELAXED);
	__atomic_store_n(&reader->queue->head, reader->head, __ATOMIC_RELEASE);
	reader->seen = __atomic_load_n(&reader->queue->tail, __ATOMIC_ACQUIRE);
	reader->wait_ns = WAIT_MIN_NS;
}

bool
pcap_reader_wait(struct pcap_reader *reader)
{
	const struct timespec wait = { .tv_nsec = reader->wait_ns };

	nanosleep(&wait, NULL);
	reader->wait_ns = RTE_MIN(2 * reader->wait_ns, WAIT_MAX_NS);
	reader->seen = __atomic_load_n(&reader->queue->tail, __ATOMIC_ACQUIRE);
	return !pcap_reader_stopped(reader);
}

void
pcap_reader_fail(struct pcap_reader *reader, const struct pcap_file *file, uint64_t offset,
	const char *why)
{
	pcap_reader_publish(reader);
	while (reader->seen < reader->head)
		if (!pcap_reader_wait(reader))
			return;
	reader->failed = true;
	weir_worker_fail(reader->worker, EIO, "[source %s] '%s', byte %" PRIu64 ": %s",
		reader->worker->name, file->path, offset, why);
}

/* What the lcore has taken, by the last of the marks that it has passed. */
static uint64_t
progress_done(const struct source_progress *progress)
{
	struct source_progress *own = (struct source_progress *)(uintptr_t)progress;
	const struct pcap_reader *reader = container_of(own, struct pcap_reader, progress);
	const struct pcap_queue *queue = reader->queue;
	uint64_t tail = __atomic_load_n(&queue->tail, __ATOMIC_ACQUIRE);

	if (__atomic_load_n(&queue->head, __ATOMIC_ACQUIRE) == tail)
		return __atomic_load_n(&reader->read, __ATOMIC_RELAXED);
	return __atomic_load_n(&reader->marks[tail / PCAP_PUBLISH % PCAP_MARKS], __ATOMIC_RELAXED);
}

/* The rounds of a loop go on in time, each by what it took. */
static uint64_t
record_time(struct pcap_reader *reader, const struct capture_record *record)
{
	uint64_t ns;

	if (!record->timed)
		return 0;
	if (reader->again)
		reader->shift = reader->latest + ROUND_GAP_NS - record->ns;
	reader->again = false;
	ns = record->ns + reader->shift;
	reader->latest = RTE_MAX(reader->latest, ns);
	return ns;
}

static bool
push(struct pcap_reader *reader, const struct capture_record *record)
{
	struct pcap_slot *slot = &reader->queue->slots[reader->head % PCAP_SLOTS];

	if (reader->head - reader->seen == PCAP_SLOTS)
		pcap_reader_publish(reader);
	while (reader->head - reader->seen == PCAP_SLOTS)
		if (!pcap_reader_wait(reader))
			return false;
	*slot = (struct pcap_slot){
		.data = record->data,
		.ns = record_time(reader, record),
		.len = record->len,
		.wire_len = record->wire_len,
		.l2 = record->l2,
		.timed = record->timed,
	};
	if (++reader->head % PCAP_PUBLISH != 0)
		return true;
	__atomic_store_n(&reader->marks[reader->head / PCAP_PUBLISH % PCAP_MARKS], reader->done,
		__ATOMIC_RELAXED);
	pcap_reader_publish(reader);
	return true;
}

static void
read_in_order(struct pcap_reader *reader)
{
	struct pcap_file *file = &reader->files[0];

	for (unsigned int i = 0; i < reader->paths.count && !pcap_reader_stopped(reader); i++) {
		if (!pcap_file_open(reader, file, reader->paths.list[i]))
			continue;
		while (pcap_file_next(reader, file) && push(reader, &file->record))
			;
		pcap_file_close(file);
	}
}

/* The file whose next packet is the earliest, the first of those in the order of `path`. */
static struct pcap_file *
earliest(const struct pcap_reader *reader)
{
	struct pcap_file *best = NULL;

	for (unsigned int i = 0; i < reader->file_count; i++) {
		struct pcap_file *file = &reader->files[i];

		if (file->ready && (best == NULL || file->record.ns < best->record.ns))
			best = file;
	}
	return best;
}

/* What has no time comes right behind what was before it in its file. */
static void
file_advance(struct pcap_reader *reader, struct pcap_file *file)
{
	uint64_t before = file->record.ns;

	file->ready = pcap_file_next(reader, file);
	if (file->ready && !file->record.timed)
		file->record.ns = before;
}

static void
read_by_time(struct pcap_reader *reader)
{
	struct pcap_file *file;

	/* All first: who writes to several FIFOs may wait for the last. */
	for (unsigned int i = 0; i < reader->file_count; i++)
		reader->files[i].ready =
			pcap_file_open(reader, &reader->files[i], reader->paths.list[i]);
	for (unsigned int i = 0; i < reader->file_count; i++)
		if (reader->files[i].ready)
			file_advance(reader, &reader->files[i]);
	while ((file = earliest(reader)) != NULL && push(reader, &file->record))
		file_advance(reader, file);
	for (unsigned int i = 0; i < reader->file_count; i++)
		pcap_file_close(&reader->files[i]);
}

/* Signals are the application's, and none of them is for this thread. */
static void
shield(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

/* A round that fails, or in which there is nothing, is the last. */
static control_thread_result
reader_main(void *arg)
{
	struct pcap_reader *reader = arg;
	const struct pcap_conf *conf = reader->conf;
	uint64_t before;

	shield();
	for (uint64_t round = 0; conf->loop == 0 || round < conf->loop; round++) {
		before = reader->head;
		reader->again = round > 0;
		if (conf->order == PCAP_ORDER_TIME)
			read_by_time(reader);
		else
			read_in_order(reader);
		if (reader->failed || reader->head == before || pcap_reader_stopped(reader))
			break;
	}
	pcap_reader_publish(reader);
	__atomic_store_n(&reader->queue->ended, 1, __ATOMIC_RELEASE);
	return 0;
}

int
pcap_paths_init(struct pcap_paths *paths, const char *text)
{
	unsigned int most = 1;
	char *rest, *item;

	for (const char *at = text; *at != '\0'; at++)
		most += *at == ',';
	paths->count = 0;
	paths->text = strdup(text);
	paths->list = calloc(most, sizeof(*paths->list));
	if (paths->text == NULL || paths->list == NULL) {
		pcap_paths_free(paths);
		return -ENOMEM;
	}
	rest = paths->text;
	while ((item = strsep(&rest, ",")) != NULL) {
		item += strspn(item, " \t");
		for (size_t n = strlen(item); n > 0 && strchr(" \t", item[n - 1]) != NULL; n--)
			item[n - 1] = '\0';
		paths->list[paths->count++] = item;
		if (item[0] == '\0') {
			pcap_paths_free(paths);
			return -EINVAL;
		}
	}
	return 0;
}

void
pcap_paths_free(struct pcap_paths *paths)
{
	free(paths->list);
	free(paths->text);
	*paths = (struct pcap_paths){ 0 };
}

/* How much there is to read, once that can be read; `known`: so it is of all files. */
static int
path_look(struct pcap_reader *reader, const char *path, bool *known, struct weir_error *error)
{
	struct stat st = { .st_size = 0 };
	int rc = pcap_check_path(reader->worker->name, path, reader->conf->loop, &st, error);

	*known &= !pcap_is_stdin(path) && S_ISREG(st.st_mode);
	reader->progress.all += (uint64_t)st.st_size * reader->conf->loop;
	return rc;
}

static size_t
blocks_size(unsigned int files, uint64_t order)
{
	return (size_t)PCAP_BLOCK *
		(order == PCAP_ORDER_TIME ? files * PCAP_BLOCKS_EACH : PCAP_BLOCKS);
}

size_t
pcap_reader_memory(const struct pcap_conf *conf)
{
	struct pcap_paths paths;
	size_t size = PCAP_SLOTS * sizeof(struct pcap_slot);

	if (pcap_paths_init(&paths, conf->path) != 0)
		return size;
	size += blocks_size(paths.count, conf->order);
	pcap_paths_free(&paths);
	return size;
}

static int
memory_take(struct pcap_reader *reader)
{
	bool merged = reader->conf->order == PCAP_ORDER_TIME;
	int socket = reader->worker->socket;
	uint8_t *bytes;

	reader->file_count = merged ? reader->paths.count : 1;
	reader->files = calloc(reader->file_count, sizeof(*reader->files));
	reader->queue->slots = rte_malloc_socket("weir_pcap",
		PCAP_SLOTS * sizeof(*reader->queue->slots), RTE_CACHE_LINE_SIZE, socket);
	reader->bytes = rte_malloc_socket("weir_pcap",
		blocks_size(reader->paths.count, reader->conf->order), RTE_CACHE_LINE_SIZE, socket);
	if (reader->files == NULL || reader->queue->slots == NULL || reader->bytes == NULL)
		return -ENOMEM;
	bytes = reader->bytes;
	for (unsigned int i = 0; i < reader->file_count; i++) {
		struct pcap_file *file = &reader->files[i];

		file->fd = -1;
		file->block_count = merged ? PCAP_BLOCKS_EACH : PCAP_BLOCKS;
		for (unsigned int j = 0; j < file->block_count; j++, bytes += PCAP_BLOCK)
			file->blocks[j].bytes = bytes;
	}
	return 0;
}

static void
memory_give(struct pcap_reader *reader)
{
	rte_free(reader->bytes);
	rte_free(reader->queue->slots);
	free(reader->files);
	pcap_paths_free(&reader->paths);
}

int
pcap_reader_start(struct pcap_reader *reader, struct weir_error *error)
{
	const char *node = reader->worker->name;
	int rc = pcap_paths_init(&reader->paths, reader->conf->path);
	bool known = true;

	if (rc != 0)
		return weir_error_set(error, -rc, "[source %s] path: %s", node, strerror(-rc));
	for (unsigned int i = 0; rc == 0 && i < reader->paths.count; i++)
		rc = path_look(reader, reader->paths.list[i], &known, error);
	if (!known)
		reader->progress.all = 0;
	reader->progress.done = progress_done;
	if (rc == 0 && memory_take(reader) != 0)
		rc = weir_error_set(error, ENOMEM,
			"[source %s] no memory for %zu bytes read ahead on socket %d", node,
			pcap_reader_memory(reader->conf), reader->worker->socket);
	if (rc == 0) {
		rc = control_thread_create(&reader->thread, "weir-reader", reader_main, reader);
		if (rc != 0)
			rc = weir_error_set(error, -rc, "[source %s] cannot start its reader: %s",
				node, strerror(-rc));
	}
	if (rc != 0)
		memory_give(reader);
	return rc;
}

void
pcap_reader_stop(struct pcap_reader *reader)
{
	__atomic_store_n(&reader->stop, true, __ATOMIC_RELAXED);
	control_thread_join(reader->thread);
	memory_give(reader);
}
