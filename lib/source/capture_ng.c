/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The blocks of pcapng: sections, interfaces and packets; others are passed over. */
#include <stdlib.h>

#include <rte_common.h>

#include "capture.h"

#define BLOCK_SECTION 0x0a0d0d0a
#define BLOCK_INTERFACE 1
#define BLOCK_PACKET 2 /* obsolete */
#define BLOCK_SIMPLE 3
#define BLOCK_ENHANCED 6

/* Type and length before the body, the length once more behind it. */
#define HEAD_LEN 8
#define AROUND_LEN 12
#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define SECTION_LEN 16 /* bodies without options */
#define INTERFACE_LEN 8
#define PACKET_LEN 20 /* of both kinds, up to the data */
#define SIMPLE_LEN 4
#define VERSION_MAJOR 1
#define INTERFACES_MAX 65536

#define OPTION_LEN 4
#define OPTION_END 0
#define OPTION_TSRESOL 9
#define OPTION_TSOFFSET 14
#define TSRESOL_BINARY 0x80
#define TSRESOL_MICRO 6
#define TSRESOL_DECIMAL_MAX 19

/* The body of a block. */
struct body {
	const uint8_t *bytes;
	size_t len;
};

static size_t
padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

/* A section may be of another byte order than the one before. */
static enum capture_result
section_read(struct capture *capture, const struct body *body,
	struct capture_record *record __rte_unused)
{
	uint16_t major;

	if (body->len < SECTION_LEN)
		return capture_wrong(capture, "a section header of %zu bytes", body->len);
	major = capture_get16(capture, body->bytes + 4);
	if (major != VERSION_MAJOR)
		return capture_wrong(capture, "pcapng of version %u.%u: expected %u", major,
			capture_get16(capture, body->bytes + 6), VERSION_MAJOR);
	capture_end(capture);
	return CAPTURE_PASSED;
}

/* 10 to the minus that, or 2 where it says so. */
static enum capture_result
tsresol_read(struct capture *capture, struct capture_interface *interface, uint8_t tsresol)
{
	interface->shift = tsresol & (TSRESOL_BINARY - 1);
	interface->units = 0;
	if (tsresol & TSRESOL_BINARY)
		return CAPTURE_PASSED;
	if (tsresol > TSRESOL_DECIMAL_MAX)
		return capture_wrong(capture, "an interface's clock of 10^-%u s: expected 10^-%u",
			tsresol, TSRESOL_DECIMAL_MAX);
	interface->units = 1;
	for (uint8_t i = 0; i < tsresol; i++)
		interface->units *= 10;
	return CAPTURE_PASSED;
}

static enum capture_result
options_read(struct capture *capture, struct capture_interface *interface, const uint8_t *at,
	const uint8_t *end)
{
	enum capture_result result = CAPTURE_PASSED;

	while (result == CAPTURE_PASSED && end - at >= OPTION_LEN) {
		uint16_t code = capture_get16(capture, at), len = capture_get16(capture, at + 2);

		at += OPTION_LEN;
		if (code == OPTION_END)
			break;
		if ((size_t)(end - at) < len)
			return capture_wrong(capture,
				"an interface's option %u of %u bytes, "
				"beyond its block",
				code, len);
		if (code == OPTION_TSRESOL && len >= 1)
			result = tsresol_read(capture, interface, *at);
		if (code == OPTION_TSOFFSET && len >= sizeof(uint64_t))
			interface->offset = (int64_t)capture_get64(capture, at);
		at += RTE_MIN(padded(len), (size_t)(end - at));
	}
	return result;
}

/* Room for one more: by doubling, for a file may have very many. */
static bool
interfaces_grow(struct capture *capture)
{
	unsigned int room = RTE_MAX(2 * capture->interface_room, 1u);
	struct capture_interface *interfaces;

	if (capture->interface_count < capture->interface_room)
		return true;
	interfaces = realloc(capture->interfaces, room * sizeof(*interfaces));
	if (interfaces == NULL)
		return false;
	capture->interfaces = interfaces;
	capture->interface_room = room;
	return true;
}

static enum capture_result
interface_read(struct capture *capture, const struct body *body,
	struct capture_record *record __rte_unused)
{
	unsigned int n = capture->interface_count;
	struct capture_interface *interface;
	enum capture_result result;

	if (body->len < INTERFACE_LEN)
		return capture_wrong(capture, "interface %u: its block has %zu bytes", n,
			body->len);
	if (n == INTERFACES_MAX)
		return capture_wrong(capture, "an interface more than %u in a section", n);
	if (!interfaces_grow(capture))
		return capture_wrong(capture, "no memory for interface %u", n);
	interface = &capture->interfaces[n];
	memset(interface, 0, sizeof(*interface));
	interface->type = capture_get16(capture, body->bytes);
	interface->snaplen = capture_get32(capture, body->bytes + 4);
	tsresol_read(capture, interface, TSRESOL_MICRO);
	result = options_read(capture, interface, body->bytes + INTERFACE_LEN,
		body->bytes + body->len);
	capture->interface_count += result == CAPTURE_PASSED;
	return result;
}

/* The packet of an interface, its data at `at` in the body. */
static enum capture_result
packet_take(struct capture *capture, const struct body *body, size_t at, uint32_t number,
	struct capture_record *record)
{
	int link;

	if (record->len > CAPTURE_PACKET_MAX)
		return capture_wrong(capture, "a packet of %u bytes: expected no more than %u",
			record->len, CAPTURE_PACKET_MAX);
	if (record->len > body->len - at)
		return capture_wrong(capture, "a packet of %u bytes in a block that has %zu for it",
			record->len, body->len - at);
	link = capture_link(capture->interfaces[number].type);
	if (link < 0)
		return capture_unread(capture, capture->interfaces[number].type);
	record->data = body->bytes + at;
	record->l2 = (uint8_t)link;
	record->wire_len = capture_wire_len(record->wire_len, record->len);
	return CAPTURE_RECORD;
}

static bool
interface_known(const struct capture *capture, uint32_t number)
{
	return number < capture->interface_count;
}

static enum capture_result
interface_unknown(struct capture *capture, uint32_t number)
{
	return capture_wrong(capture, "a packet of interface %u: the section has %u of them",
		number, capture->interface_count);
}

/* Both kinds differ in how they say which interface. */
static enum capture_result
timed_read(struct capture *capture, const struct body *body, uint32_t number,
	struct capture_record *record)
{
	uint64_t ticks;

	if (!interface_known(capture, number))
		return interface_unknown(capture, number);
	ticks = (uint64_t)capture_get32(capture, body->bytes + 4) << 32 |
		capture_get32(capture, body->bytes + 8);
	record->timed = capture_time(&capture->interfaces[number], ticks, &record->ns);
	record->len = capture_get32(capture, body->bytes + 12);
	record->wire_len = capture_get32(capture, body->bytes + 16);
	return packet_take(capture, body, PACKET_LEN, number, record);
}

static enum capture_result
enhanced_read(struct capture *capture, const struct body *body, struct capture_record *record)
{
	if (body->len < PACKET_LEN)
		return capture_wrong(capture, "a packet block of %zu bytes", body->len);
	return timed_read(capture, body, capture_get32(capture, body->bytes), record);
}

static enum capture_result
packet_read(struct capture *capture, const struct body *body, struct capture_record *record)
{
	if (body->len < PACKET_LEN)
		return capture_wrong(capture, "a packet block of %zu bytes", body->len);
	return timed_read(capture, body, capture_get16(capture, body->bytes), record);
}

/* Of the first interface, without a time; cut to that one's snapshot length. */
static enum capture_result
simple_read(struct capture *capture, const struct body *body, struct capture_record *record)
{
	uint32_t snaplen;

	if (body->len < SIMPLE_LEN)
		return capture_wrong(capture, "a packet block of %zu bytes", body->len);
	if (!interface_known(capture, 0))
		return interface_unknown(capture, 0);
	snaplen = capture->interfaces[0].snaplen;
	record->wire_len = capture_get32(capture, body->bytes);
	record->len = snaplen != 0 ? RTE_MIN(record->wire_len, snaplen) : record->wire_len;
	record->ns = 0;
	record->timed = false;
	return packet_take(capture, body, SIMPLE_LEN, 0, record);
}

static enum capture_result (
	*reader(uint32_t type))(struct capture *, const struct body *, struct capture_record *)
{
	switch (type) {
	case BLOCK_SECTION:
		return section_read;
	case BLOCK_INTERFACE:
		return interface_read;
	case BLOCK_PACKET:
		return packet_read;
	case BLOCK_SIMPLE:
		return simple_read;
	case BLOCK_ENHANCED:
		return enhanced_read;
	default:
		return NULL;
	}
}

/* The byte order that a section's header says, before its length can be read. */
static bool
order_read(struct capture *capture, const uint8_t *magic)
{
	uint32_t order;

	memcpy(&order, magic, sizeof(order));
	capture->swapped = order == __builtin_bswap32(BYTE_ORDER_MAGIC);
	return capture->swapped || order == BYTE_ORDER_MAGIC;
}

static enum capture_result
block_read(struct capture *capture, uint32_t type, const uint8_t *bytes, uint32_t len,
	struct capture_record *record)
{
	const struct body body = { bytes + HEAD_LEN, len - AROUND_LEN };
	uint32_t again = capture_get32(capture, bytes + len - 4);
	enum capture_result result;

	if (again != len)
		return capture_wrong(capture, "a block of %u bytes that ends as one of %u", len,
			again);
	result = reader(type)(capture, &body, record);
	if (result != CAPTURE_WRONG)
		capture->used = len;
	return result;
}

enum capture_result
capture_ng_next(struct capture *capture, const uint8_t *bytes, size_t n,
	struct capture_record *record)
{
	uint32_t type, len;

	if (n < AROUND_LEN)
		return capture_more(capture, AROUND_LEN);
	memcpy(&type, bytes, sizeof(type));
	if (type == BLOCK_SECTION && !order_read(capture, bytes + HEAD_LEN))
		return capture_wrong(capture, "a section header without byte-order magic");
	type = capture_get32(capture, bytes);
	len = capture_get32(capture, bytes + 4);
	if (len < AROUND_LEN || len % 4 != 0)
		return capture_wrong(capture,
			"a block of %u bytes: expected %u or more, a multiple of 4", len,
			AROUND_LEN);
	if (reader(type) == NULL) {
		capture->pass = len;
		capture->used = (size_t)RTE_MIN((uint64_t)len, (uint64_t)n);
		capture->pass -= capture->used;
		return CAPTURE_PASSED;
	}
	if (len > CAPTURE_PIECE_MAX)
		return capture_wrong(capture, "a block of %u bytes: expected no more than %u", len,
			CAPTURE_PIECE_MAX);
	if (n < len)
		return capture_more(capture, len);
	return block_read(capture, type, bytes, len, record);
}
