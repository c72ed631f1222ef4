/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Frames put together and changed at random by what they are made of: a header more, one less, one twice;
 * another length, another word of what follows; an end. Lengths and announcements are put right again
 * but now and then, so that most of what comes out is looked into to its end.
 */
#ifndef WEIR_PARSE_RESHAPE_H
#define WEIR_PARSE_RESHAPE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_common.h>

#include "shapes.h"

#define RESHAPE_ROOM 1024
#define RESHAPE_HEADERS 8

struct shaped {
	uint8_t bytes[RESHAPE_ROOM];
	uint32_t len;
};

/* A header of a frame: its carrier's begin, its own begin and end, and where it is announced. */
struct shaped_header {
	const struct shape *shape;
	uint32_t carrier;
	uint32_t begin;
	uint32_t end;
};

struct shaped_headers {
	struct shaped_header list[RESHAPE_HEADERS];
	uint32_t n;
	uint32_t leaf;      /* where what is no header of the table begins, */
	uint16_t leaf_type; /* and its ethertype */
};

/* The next of a sequence that any seed begins (Vigna, splitmix64). */
static inline uint64_t
reshape_random(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline uint32_t
reshape_below(uint64_t *seed, uint32_t n)
{
	return (uint32_t)((reshape_random(seed) >> 32) * n >> 32);
}

static inline bool
reshape_has(const struct shaped *f, uint32_t at, uint32_t n)
{
	return at <= RESHAPE_ROOM - n && at + n <= f->len;
}

static inline uint16_t
reshape_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void
reshape_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* What a protocol says of what follows is one column of this; an ethertype is the first. */
static const uint16_t reshape_types[][4] = {
	{ 0x0800, 0x0021, 4, 1 },
	{ 0x86dd, 0x0057, 41, 2 },
	{ 0x8847, 0x0281, 137, 5 },
	{ 0x8848, 0x0283, 137, 5 },
	{ 0x894f, 0x0021, 143, 4 },
	{ 0x6558, 0x0031, 143, 3 },
};

static inline unsigned int
reshape_column(enum shape_next next)
{
	switch (next) {
	case NEXT_PPP:
	case NEXT_PPP_8:
		return 1;
	case NEXT_PROTO:
	case NEXT_IP:
		return 2;
	case NEXT_NSH:
		return 3;
	default:
		return 0;
	}
}

/* Where a header says what follows it, in how many bytes; 0: nowhere. */
static inline uint32_t
reshape_slot(const struct shaped *f, const struct shaped_header *h, uint32_t *at)
{
	bool v6 = f->bytes[h->carrier] >> 4 == 6;

	*at = h->shape->next == NEXT_IP ? h->carrier + (v6 ? 6 : 9) : h->begin + h->shape->next_at;
	switch (h->shape->next) {
	case NEXT_NIBBLE:
		return 0;
	case NEXT_TYPE:
	case NEXT_PPP:
		return 2;
	default:
		return 1;
	}
}

/* The ethertype of what follows a header. */
static inline uint16_t
reshape_following(const struct shaped *f, const struct shaped_header *h)
{
	uint32_t at, size = reshape_slot(f, h, &at), i;
	uint16_t value;

	if (size == 0)
		return h->end < f->len && f->bytes[h->end] >> 4 == 6 ? 0x86dd : 0x0800;
	value = size == 2 ? reshape_get16(f->bytes + at) : f->bytes[at];
	if (h->shape->next == NEXT_TYPE)
		return value;
	for (i = 0; i < RTE_DIM(reshape_types); i++)
		if (reshape_types[i][reshape_column(h->shape->next)] == value)
			return reshape_types[i][0];
	return 0;
}

/* A header says that this ethertype follows, as far as it can. */
static inline void
reshape_announce(struct shaped *f, const struct shaped_header *h, uint16_t type)
{
	uint32_t at, size = reshape_slot(f, h, &at), i;
	uint16_t value = type;

	if (h->shape->next != NEXT_TYPE) {
		for (i = 0; i < RTE_DIM(reshape_types) && reshape_types[i][0] != type;)
			i++;
		if (i == RTE_DIM(reshape_types))
			return;
		value = reshape_types[i][reshape_column(h->shape->next)];
	}
	if (size == 2)
		reshape_put16(f->bytes + at, value);
	else if (size == 1)
		f->bytes[at] = (uint8_t)value;
}

/* The header that begins at `at`, announced by an ethertype. False: none of the table. */
static inline bool
reshape_header(const struct shaped *f, uint32_t at, uint16_t type, struct shaped_header *h)
{
	enum shape_carrier carrier = CARRIER_TYPE;
	uint16_t number = type;
	uint32_t i;

	h->carrier = h->begin = at;
	if ((type == 0x0800 && reshape_has(f, at, 20)) ||
		(type == 0x86dd && reshape_has(f, at, 40))) {
		carrier = CARRIER_PROTO;
		number = f->bytes[at + (type == 0x0800 ? 9 : 6)];
		h->begin += type == 0x0800 ? 20 : 40;
	}
	if (carrier == CARRIER_PROTO && number == 17 && reshape_has(f, h->begin, 8)) {
		carrier = CARRIER_PORT;
		number = reshape_get16(f->bytes + h->begin + 2);
		h->begin += 8;
	}
	for (i = 0; i < RTE_DIM(shapes); i++) {
		const struct shape *s = &shapes[i];

		if (s->carrier != carrier || s->number != number ||
			!reshape_has(f, h->begin, s->len) ||
			memcmp(f->bytes + h->begin + s->match_at, s->bytes + s->match_at,
				s->match_len) != 0)
			continue;
		h->shape = s;
		h->end = h->begin + s->len;
		return true;
	}
	return false;
}

/* What a frame is made of. Its Ethernet header is the list's first: it has a place like others. */
static inline void
reshape_walk(const struct shaped *f, struct shaped_headers *hs)
{
	static const struct shape ethernet = FRAMED(TYPE, 0x6558, "");

	hs->list[0] = (struct shaped_header){ &ethernet, 0, 0, 14 };
	hs->leaf = 14;
	for (hs->n = 1;; hs->n++) {
		hs->leaf_type = reshape_following(f, &hs->list[hs->n - 1]);
		if (hs->n == RESHAPE_HEADERS ||
			!reshape_header(f, hs->leaf, hs->leaf_type, &hs->list[hs->n]))
			return;
		hs->leaf = hs->list[hs->n].end;
	}
}

/* An IP header's length, and UDP's behind it. */
static inline void
reshape_ip_length(struct shaped *f, uint32_t at)
{
	bool v6 = f->bytes[at] >> 4 == 6;
	uint32_t head = v6 ? 40 : 20;

	if (!reshape_has(f, at, head))
		return;
	reshape_put16(f->bytes + at + (v6 ? 4 : 2), f->len - at - (v6 ? 40 : 0));
	if (f->bytes[at + (v6 ? 6 : 9)] == 17 && reshape_has(f, at + head, 8))
		reshape_put16(f->bytes + at + head + 4, f->len - at - head);
}

/* Every length of a frame is what is so. */
static inline void
reshape_lengths(struct shaped *f)
{
	struct shaped_headers hs;
	uint32_t i;

	reshape_walk(f, &hs);
	for (i = 1; i < hs.n; i++) {
		const struct shaped_header *h = &hs.list[i];

		if (h->begin > h->carrier)
			reshape_ip_length(f, h->carrier);
		if (h->shape->length_at != 0)
			reshape_put16(f->bytes + h->begin + h->shape->length_at,
				f->len - h->begin - h->shape->length_from);
	}
	if (hs.leaf_type == 0x0800 || hs.leaf_type == 0x86dd)
		reshape_ip_length(f, hs.leaf);
}

/* Room for n bytes at `at`; false: there is none. */
static inline bool
reshape_open(struct shaped *f, uint32_t at, uint32_t n)
{
	if (f->len + n > RESHAPE_ROOM || at > f->len)
		return false;
	memmove(f->bytes + at + n, f->bytes + at, f->len - at);
	f->len += n;
	return true;
}

static inline void
reshape_close(struct shaped *f, uint32_t at, uint32_t n)
{
	memmove(f->bytes + at, f->bytes + at + n, f->len - at - n);
	f->len -= n;
}

/* An IP header of a version, with addresses by chance; its length comes later. */
static inline void
reshape_ip(uint8_t *at, uint8_t version, uint8_t proto, uint64_t *seed)
{
	uint8_t host = (uint8_t)reshape_random(seed);

	memset(at, 0, version == 4 ? 20 : 40);
	at[0] = version == 4 ? 0x45 : 0x60;
	at[version == 4 ? 9 : 6] = proto;
	at[version == 4 ? 8 : 7] = 64;
	if (version == 4) {
		memcpy(at + 12, "\x0a\x01\x01\x01\xc6\x33\x01\x02", 8);
		at[15] = host;
		return;
	}
	memcpy(at + 8, "\x20\x01\0\0\1\2\3\4", 8);
	memcpy(at + 24, "\x20\x01\x0d\xb8", 4);
	at[23] = host;
}

/* Put a header of the table, with what carries it, before what is at list[i]; the leaf is list[n]. */
static inline void
reshape_insert(struct shaped *f, const struct shaped_headers *hs, uint32_t i,
	const struct shape *shape, uint64_t *seed)
{
	uint32_t at = i < hs->n ? hs->list[i].carrier : hs->leaf, head = 0, version = 4;
	uint16_t before = reshape_following(f, &hs->list[i - 1]), type = shape->number;
	struct shaped_header h = { shape, at, at, 0 };

	if (shape->carrier != CARRIER_TYPE) {
		version = reshape_below(seed, 2) ? 4 : 6;
		head = (version == 4 ? 20u : 40u) + (shape->carrier == CARRIER_PORT ? 8 : 0);
		type = version == 4 ? 0x0800 : 0x86dd;
	}
	if (!reshape_open(f, at, head + shape->len))
		return;
	if (head != 0) {
		bool port = shape->carrier == CARRIER_PORT;

		reshape_ip(f->bytes + at, (uint8_t)version, port ? 17 : (uint8_t)shape->number,
			seed);
		if (port) {
			reshape_put16(f->bytes + at + head - 8, 50000);
			reshape_put16(f->bytes + at + head - 6, shape->number);
			reshape_put16(f->bytes + at + head - 2, 0);
		}
	}
	h.begin = at + head;
	h.end = h.begin + shape->len;
	memcpy(f->bytes + h.begin, shape->bytes, shape->len);
	reshape_announce(f, &h, before);
	reshape_announce(f, &hs->list[i - 1], type);
}

/* The carrier's ethertype of a header. */
static inline uint16_t
reshape_type(const struct shaped *f, const struct shaped_header *h)
{
	if (h->shape->carrier == CARRIER_TYPE)
		return h->shape->number;
	return f->bytes[h->carrier] >> 4 == 6 ? 0x86dd : 0x0800;
}

static inline void
reshape_remove(struct shaped *f, const struct shaped_headers *hs, uint32_t i)
{
	uint16_t type = reshape_following(f, &hs->list[i]);

	reshape_close(f, hs->list[i].carrier, hs->list[i].end - hs->list[i].carrier);
	reshape_announce(f, &hs->list[i - 1], type);
}

/* A header once more, as it is. */
static inline void
reshape_duplicate(struct shaped *f, const struct shaped_headers *hs, uint32_t i)
{
	const struct shaped_header *h = &hs->list[i];
	uint32_t n = h->end - h->carrier;

	if (!reshape_open(f, h->carrier, n))
		return;
	memcpy(f->bytes + h->carrier, f->bytes + h->end, n);
	reshape_announce(f, h, reshape_type(f, h));
}

/* Another innermost packet, perhaps as a fragment. */
static inline void
reshape_leaf(struct shaped *f, const struct shaped_headers *hs, uint64_t *seed)
{
	uint32_t n = reshape_below(seed, RTE_DIM(leaves)), room;
	uint8_t version = leaves[n].version, *at = f->bytes + hs->leaf;

	if (version == 0)
		version = reshape_below(seed, 2) ? 4 : 6;
	room = (version == 4 ? 20u : 40u) + leaves[n].len;
	if (hs->leaf + room > RESHAPE_ROOM)
		return;
	reshape_ip(at, version, leaves[n].proto, seed);
	memcpy(at + room - leaves[n].len, leaves[n].bytes, leaves[n].len);
	if (version == 4 && reshape_below(seed, 8) == 0)
		reshape_put16(at + 6, reshape_below(seed, 2) ? 0x2000 : 0x2010);
	f->len = hs->leaf + room;
	reshape_announce(f, &hs->list[hs->n - 1], version == 4 ? 0x0800 : 0x86dd);
}

/* A number that means something somewhere, or is next to one. */
static inline uint32_t
reshape_number(uint64_t *seed)
{
	static const uint16_t numbers[] = { 0, 1, 4, 5, 7, 8, 19, 20, 39, 40, 0x7fff, 0x8000,
		0xfff8, 0xffff };

	if (reshape_below(seed, 4) == 0)
		return (uint32_t)reshape_random(seed);
	return numbers[reshape_below(seed, RTE_DIM(numbers))] + reshape_below(seed, 3) - 1;
}

/* One of the numbers of a frame is another: a length, what follows, or any byte of a header. */
static inline void
reshape_number_of(struct shaped *f, const struct shaped_headers *hs, uint64_t *seed)
{
	const struct shaped_header *h = &hs->list[reshape_below(seed, hs->n)];
	uint32_t slot, size = reshape_slot(f, h, &slot), at;

	at = h->carrier + reshape_below(seed, RTE_MAX(h->end, h->carrier + 40) - h->carrier);
	switch (reshape_below(seed, 4)) {
	case 0: /* another ethertype, or protocol */
		if (size > 0)
			reshape_announce(f, h, shapes[reshape_below(seed, RTE_DIM(shapes))].number);
		return;
	case 1: /* a protocol or a length of IP; of others something */
		at = h->carrier + (uint32_t[]){ 2, 4, 6, 9 }[reshape_below(seed, 4)];
		break;
	case 2: /* what counts in the innermost packet */
		at = hs->leaf + reshape_below(seed, 60);
		break;
	default:
		break;
	}
	if (!reshape_has(f, at, 2))
		return;
	if (reshape_below(seed, 2))
		reshape_put16(f->bytes + at, reshape_number(seed));
	else
		f->bytes[at] = (uint8_t)shapes[reshape_below(seed, RTE_DIM(shapes))].number;
}

static inline void
reshape_cut(struct shaped *f, const struct shaped_headers *hs, uint64_t *seed)
{
	uint32_t end = hs->list[reshape_below(seed, hs->n)].end + reshape_below(seed, 48);

	f->len = RTE_MIN(f->len, reshape_below(seed, 2) ? end : reshape_below(seed, f->len + 1));
}

/* One change of a frame. */
static inline void
reshape(struct shaped *f, uint64_t *seed)
{
	struct shaped_headers hs;
	uint32_t i, dice = reshape_below(seed, 16);

	if (f->len < 14) {
		memset(f->bytes + f->len, 0, 14 - f->len);
		f->len = 14;
		reshape_put16(f->bytes + 12, 0x0800);
	}
	reshape_walk(f, &hs);
	i = hs.n > 1 ? 1 + reshape_below(seed, hs.n - 1) : 0;
	if (dice < 5)
		reshape_insert(f, &hs, 1 + reshape_below(seed, hs.n),
			&shapes[reshape_below(seed, RTE_DIM(shapes))], seed);
	else if (dice < 7 && i > 0)
		reshape_remove(f, &hs, i);
	else if (dice < 8 && i > 0)
		reshape_duplicate(f, &hs, i);
	else if (dice < 10)
		reshape_leaf(f, &hs, seed);
	if (dice < 10 && reshape_below(seed, 8) > 0)
		reshape_lengths(f);
	else if (dice < 14)
		reshape_number_of(f, &hs, seed);
	else if (dice == 14)
		reshape_cut(f, &hs, seed);
}

/* A frame of up to four headers around a packet; every third with something wrong. */
static inline void
reshape_make(struct shaped *f, uint64_t *seed)
{
	struct shaped_headers hs;
	uint32_t n = reshape_below(seed, 5);

	memset(f->bytes, 2, 12);
	f->len = 14;
	reshape_walk(f, &hs);
	reshape_leaf(f, &hs, seed);
	for (; n > 0; n--) {
		reshape_walk(f, &hs);
		reshape_insert(f, &hs, 1 + reshape_below(seed, hs.n),
			&shapes[reshape_below(seed, RTE_DIM(shapes))], seed);
	}
	reshape_lengths(f);
	if (reshape_below(seed, 3) == 0)
		for (n = 1 + reshape_below(seed, 3); n > 0; n--)
			reshape(f, seed);
}

#endif /* WEIR_PARSE_RESHAPE_H */
