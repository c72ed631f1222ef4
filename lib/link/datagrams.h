/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Datagrams whose fragments are under way, for drop-flow: whole ones go in, or nothing of them. What was
 * not let in is noted until its last fragment has come, in sets of a few, where the oldest makes room. For
 * each that was let in as many slots of the ring are kept as any had further fragments lately. A datagram
 * is told by the hash of its key and by the bits that its event has of its identification. What is not
 * known is let in while there is room: it began when nobody looked, or out of order.
 */
#ifndef WEIR_LINK_DATAGRAMS_H
#define WEIR_LINK_DATAGRAMS_H

#include <string.h>

#include "link_private.h"

/* Ticks after which a ring without fragments is as others are. */
#define DATAGRAMS_QUIET 100
/* Ticks in which a datagram ends, if it does. */
#define DATAGRAMS_OLD 64

/* Whether fragments have come lately. */
static inline bool
datagrams_come(const struct ring_datagrams *datagrams)
{
	return datagrams->come && datagrams->quiet < DATAGRAMS_QUIET;
}

/* Later fragments that a datagram may have: as many as any had lately; 2 where nothing is known. */
static inline uint32_t
datagrams_rest(const struct ring_datagrams *datagrams)
{
	return RTE_MAX(datagrams->most, 2u);
}

/* Slots that are kept for those that were let in. */
static inline uint32_t
datagrams_kept(const struct ring_datagrams *datagrams)
{
	return likely(datagrams->begun == 0) ? 0 : datagrams->begun * datagrams_rest(datagrams);
}

/* Never 0. */
static inline uint32_t
datagram_name(const struct weir_event *event)
{
	uint32_t tag = event->flags >> WEIR_EVENT_DATAGRAM_SHIFT;

	return ((event->hash ^ tag) * UINT32_C(0x9e3779b1) + tag) | 1;
}

/* Its set: by bits that are far from the one that all have. */
static inline uint32_t *
datagram_set(struct ring_datagrams *datagrams, uint32_t name)
{
	return datagrams->shed[(name >> 16) % DATAGRAM_SETS];
}

/* Where it is noted as shed; DATAGRAM_WAYS: nowhere. */
static inline unsigned int
datagram_find(const uint32_t *set, uint32_t name)
{
	unsigned int i = 0;

	while (i < DATAGRAM_WAYS && set[i] != name)
		i++;
	return i;
}

static inline bool
datagrams_shed(struct ring_datagrams *datagrams, const struct weir_event *event)
{
	uint32_t name = datagram_name(event);

	return datagram_find(datagram_set(datagrams, name), name) < DATAGRAM_WAYS;
}

/* One more fragment has come: of one datagram at a time it is counted how many there are. */
static inline void
datagrams_count(struct ring_datagrams *datagrams, const struct weir_event *event)
{
	uint32_t name = datagram_name(event);

	datagrams->come = true;
	datagrams->quiet = 0;
	if (!(event->flags & WEIR_EVENT_LATER_FRAGMENT)) {
		if (datagrams->watched == 0) {
			datagrams->watched = name;
			datagrams->counted = 0;
		}
		return;
	}
	if (datagrams->watched != name)
		return;
	datagrams->counted++;
	datagrams->most = RTE_MAX(datagrams->most, datagrams->counted);
	if (event->flags & WEIR_EVENT_LAST_FRAGMENT)
		datagrams->watched = 0;
}

/* A fragment was let in, or not: what is to be known of the rest of its datagram. */
static inline void
datagrams_note(struct ring_datagrams *datagrams, const struct weir_event *event, bool in)
{
	bool later = event->flags & WEIR_EVENT_LATER_FRAGMENT;
	bool last = event->flags & WEIR_EVENT_LAST_FRAGMENT;
	uint32_t name = datagram_name(event), *set = datagram_set(datagrams, name);
	unsigned int at = datagram_find(set, name);
	bool shed = at < DATAGRAM_WAYS;

	if (in && !later)
		datagrams->begun++;
	else if (later && (last || !in) && !shed && datagrams->begun > 0)
		datagrams->begun--;
	if (shed && (in || last))
		memmove(set + at, set + at + 1, (DATAGRAM_WAYS - 1 - at) * sizeof(*set));
	if (shed && (in || last))
		set[DATAGRAM_WAYS - 1] = 0;
	if (shed || in || last)
		return;
	memmove(set + 1, set, (DATAGRAM_WAYS - 1) * sizeof(*set));
	set[0] = name;
}

/* Some never end, lost elsewhere: what is kept for them is given up by and by. */
static inline void
datagrams_tick(struct ring_datagrams *datagrams)
{
	bool old = ++datagrams->ticks % DATAGRAMS_OLD == 0;

	if (datagrams->quiet < DATAGRAMS_QUIET)
		datagrams->quiet++;
	if (datagrams->quiet > 1 || old)
		datagrams->begun /= 2;
	if (!old)
		return;
	datagrams->watched = 0;
	datagrams->most -= datagrams->most / 8;
}

#endif /* WEIR_LINK_DATAGRAMS_H */
