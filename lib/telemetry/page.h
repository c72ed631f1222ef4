/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Replies of telemetry: dicts whose length is known as they are filled, and pages of a list.
 *
 * DPDK renders a reply into 16 KiB, and leaves out silently what does not fit. So every byte that it
 * will write is counted, and a list that does not fit goes on in a further reply.
 */
#ifndef WEIR_TELEMETRY_PAGE_H
#define WEIR_TELEMETRY_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_telemetry.h>

/* Bytes of a key made here. */
#define KEY_SIZE 96

/* A dict, and what it takes in a reply. */
struct dict {
	struct rte_tel_data *data;
	size_t bytes;
	unsigned int keys;
	int error; /* the first that DPDK gave; nothing is added after it */
};

/* What takes the place of data that DPDK gave, or of a new dict: with `error` -ENOMEM if there is none. */
struct dict dict_start(struct rte_tel_data *data);
struct dict dict_new(void);
void dict_number(struct dict *dict, const char *key, uint64_t value);
void dict_integer(struct dict *dict, const char *key, int value);
void dict_text(struct dict *dict, const char *key, const char *value);

/* Which figures of a noun a dict is given. */
enum dict_figures {
	DICT_ALL,  /* all but labels */
	DICT_SUMS, /* those that add up */
};

/* Figures by their rows, each under `prefix` and its name; shares as `_percent`. */
void dict_figures(struct dict *dict, const char *prefix, unsigned int noun, const void *figures,
	enum dict_figures which);

/* A part of a list: the entries from number `from` on, as many as a reply holds. */
struct page {
	struct dict *reply; /* what is not of the list is in it before */
	unsigned int from;
	unsigned int seen; /* entries that were offered */
	bool ended;
};

/* Whether the next entry is for this page: not what came before it, nor what comes behind it. */
bool page_wants(struct page *page);

/* Add the entry that was wanted last, or end the page before it; takes the entry over. */
void page_dict(struct page *page, const char *key, struct dict *entry);
void page_text(struct page *page, const char *key, const char *value);

/* 0; or what was wrong: -ENOENT for a `from` beyond the last, or as adding failed. */
int page_end(const struct page *page);

#endif /* WEIR_TELEMETRY_PAGE_H */
