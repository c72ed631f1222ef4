/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The source `pcap`: a thread of its own reads the files, so that the lcore makes no syscall, and
 * hands over where each packet is.
 */
#ifndef WEIR_PCAP_PRIVATE_H
#define WEIR_PCAP_PRIVATE_H

#include <sys/stat.h>

#include "capture.h"
#include "source_private.h"
#include "synth_private.h"

/* Packets that were read ahead of the lcore, at most; a power of 2. */
#define PCAP_SLOTS 8192u
/* Packets after which the lcore is told; and more times that than can wait. */
#define PCAP_PUBLISH 64u
#define PCAP_MARKS (2 * PCAP_SLOTS / PCAP_PUBLISH)
/* Bytes that are read at once, and how many of them: of files one after the other, and of each file
 * where several are merged. */
#define PCAP_BLOCK (512u << 10)
#define PCAP_BLOCKS 4u
#define PCAP_BLOCKS_EACH 2u
/* What is said of a packet that `match` does not know. */
#define PCAP_MATCH_WHY "match is of Ethernet packets, and here is one of another link type"
/* Files that may be merged. */
#define PCAP_MERGED_MAX 64u

enum pcap_order { PCAP_ORDER_FILES, PCAP_ORDER_TIME };
enum pcap_pace { PCAP_PACE_FAST, PCAP_PACE_WIRE };

struct pcap_conf {
	const char *path;
	uint64_t order;                /* enum pcap_order */
	uint64_t loop;                 /* 0: for ever */
	uint64_t pace;                 /* enum pcap_pace, or packets a second */
	const char *match;             /* packets that are asked for, of Ethernet; "": all */
	struct match_program *program; /* of that; NULL: all */
};

/* The files that `path` names. */
struct pcap_paths {
	char *text;
	char **list;
	unsigned int count;
};

/* 0; -EINVAL: an empty one; -ENOMEM. */
int pcap_paths_init(struct pcap_paths *paths, const char *text);
void pcap_paths_free(struct pcap_paths *paths);
/* pcap_check.c: what is wrong with the files of a source, as far as it shows before the run: -errno with
 * `error`; or 0. */
int pcap_check_files(const char *node, const struct pcap_conf *conf, struct weir_error *error);
/* Whether what a path names can be read, as often as `loop` says, and what it is: of standard input `st` stays
 * as it was. 0, or -errno with `error`. */
int pcap_check_path(const char *node, const char *path, uint64_t loop, struct stat *st,
	struct weir_error *error);

static inline bool
pcap_is_stdin(const char *path)
{
	return strcmp(path, "-") == 0;
}

/* A packet that was read. */
struct pcap_slot {
	const uint8_t *data;
	uint64_t ns;
	uint32_t len;
	uint32_t wire_len;
	uint8_t l2;
	uint8_t timed;
};

/* What the thread hands over. Each side writes its own line. */
struct pcap_queue {
	struct pcap_slot *slots;
	uint64_t head __rte_cache_aligned; /* the thread's: slots behind it are not filled */
	uint32_t ended;                    /* and will not be: set last of all */
	uint64_t tail __rte_cache_aligned; /* the lcore's: of those before it the bytes are free */
};

/* Bytes of a file. */
struct pcap_block {
	uint8_t *bytes;
	uint64_t last; /* the queue's tail from which on nobody reads them */
};

/* A file that is being read. */
struct pcap_file {
	const char *path;
	int fd;
	bool regular; /* it makes nobody wait; the thread's, any may read it */
	bool eof;
	bool ready; /* `record` is the next one */
	struct capture capture;
	struct capture_record record;
	struct pcap_block blocks[PCAP_BLOCKS];
	unsigned int block_count;
	unsigned int block; /* the one being read */
	size_t at;          /* in it: what comes next, */
	size_t end;         /* and the end of what there is */
};

/* The thread. */
struct pcap_reader {
	struct weir_worker *worker;
	struct pcap_queue *queue;
	const struct pcap_conf *conf;
	struct pcap_paths paths;
	struct pcap_file *files;
	unsigned int file_count;
	void *bytes; /* of all blocks */
	struct source_progress progress;
	uint64_t done;              /* bytes that were read, */
	uint64_t read;              /* as published, */
	uint64_t marks[PCAP_MARKS]; /* and when every PCAP_PUBLISH-th packet was put */
	control_thread thread;
	bool started;
	bool stop; /* set by another thread */

	uint64_t head; /* of the queue; some of it may not be published */
	uint64_t seen; /* tail when it was last read */
	long wait_ns;  /* the next wait */
	bool failed;
	/* Of the rounds of a loop: what is added to the times of this one, the latest of all, and that
	 * the first packet of a round says what is added. */
	uint64_t shift;
	uint64_t latest;
	bool again;
};

/* Bytes that a reader takes from EAL. */
size_t pcap_reader_memory(const struct pcap_conf *conf);
/* Look at the files, and start the thread. 0, or -errno with `error` and nothing left behind. */
int pcap_reader_start(struct pcap_reader *reader, struct weir_error *error);
void pcap_reader_stop(struct pcap_reader *reader);

/* pcap_file.c */

/* Sleep a little, longer each time: whether the thread is to go on. */
bool pcap_reader_wait(struct pcap_reader *reader);
bool pcap_reader_stopped(const struct pcap_reader *reader);
/* Let the lcore have all that was read. */
void pcap_reader_publish(struct pcap_reader *reader);
/* Once the lcore has had all that was good: tell what is wrong. */
void pcap_reader_fail(struct pcap_reader *reader, const struct pcap_file *file, uint64_t offset,
	const char *why);
/* Open the file; what fails is told. */
bool pcap_file_open(struct pcap_reader *reader, struct pcap_file *file, const char *path);
/* Read the next record; false: there is none, and if that is wrong it was told. */
bool pcap_file_next(struct pcap_reader *reader, struct pcap_file *file);
void pcap_file_close(struct pcap_file *file);

#endif /* WEIR_PCAP_PRIVATE_H */
