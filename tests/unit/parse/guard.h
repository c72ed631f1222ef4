/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Packets whose segments end where a page begins that nobody may touch: a read of one byte too many
 * ends the program, with a sanitizer or without. There are a few of them, each used again and again.
 */
#ifndef WEIR_PARSE_GUARD_H
#define WEIR_PARSE_GUARD_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "packet.h"

#define GUARD_SEGMENTS 64
#define GUARD_ROOM (1u << 17) /* bytes of a segment */

static struct {
	uint8_t *end[GUARD_SEGMENTS];
	struct rte_mbuf *mbuf[GUARD_SEGMENTS];
} guard;

static inline void
guard_init(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = sizeof(struct rte_mbuf) + sizeof(struct weir_event);
	uint8_t *at;

	for (unsigned int i = 0; i < GUARD_SEGMENTS; i++) {
		at = mmap(NULL, GUARD_ROOM + page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		guard.mbuf[i] = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
		if (at == MAP_FAILED || guard.mbuf[i] == NULL ||
			mprotect(at + GUARD_ROOM, page, PROT_NONE) != 0)
			abort();
		guard.end[i] = at + GUARD_ROOM;
	}
}

/* Segment i of those that there are, with these bytes; its event's memory is of `fill`. */
static inline struct rte_mbuf *
guard_segment(unsigned int i, const uint8_t *bytes, uint32_t len, int fill)
{
	struct rte_mbuf *mbuf = guard.mbuf[i];

	memset(mbuf, 0, sizeof(*mbuf));
	memset(mbuf + 1, fill, sizeof(struct weir_event));
	mbuf->buf_addr = guard.end[i] - len;
	if (len > 0)
		memcpy(mbuf->buf_addr, bytes, len);
	mbuf->data_len = (uint16_t)len;
	mbuf->pkt_len = len;
	mbuf->nb_segs = 1;
	mbuf->refcnt = 1;
	mbuf->priv_size = sizeof(struct weir_event);
	mbuf->pool = (void *)&packet_pool;
	return mbuf;
}

/* A packet in up to three segments, of `first` on, that are cut at a and b, 0 <= a <= b <= len. */
static inline struct rte_mbuf *
guard_make(unsigned int first, const uint8_t *bytes, uint32_t len, uint32_t a, uint32_t b)
{
	const uint32_t cuts[PACKET_SEGMENTS + 1] = { 0, a, b, len };
	struct rte_mbuf *head = NULL, *last = NULL, *mbuf;

	for (unsigned int i = 0; i < PACKET_SEGMENTS; i++) {
		if (cuts[i] == cuts[i + 1])
			continue;
		mbuf = guard_segment(first++, bytes + cuts[i], cuts[i + 1] - cuts[i], PACKET_FILL);
		if (head == NULL) {
			head = last = mbuf;
			continue;
		}
		last->next = mbuf;
		last = mbuf;
		head->pkt_len += mbuf->data_len;
		head->nb_segs++;
	}
	return head != NULL ? head : guard_segment(first, bytes, 0, PACKET_FILL);
}

#endif /* WEIR_PARSE_GUARD_H */
