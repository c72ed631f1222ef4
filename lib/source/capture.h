/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Capture files, pcap and pcapng: from bytes to records. No file is read here, and nothing waits:
 * whoever has bytes gives them.
 */
#ifndef WEIR_CAPTURE_H
#define WEIR_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_common.h>

#include <weir/parse.h>

/* Most bytes of a packet, as tcpdump's longest snapshot. */
#define CAPTURE_PACKET_MAX (256u << 10)
/* Most bytes that must lie in one piece: a packet, what pcapng has around it, and its options. */
#define CAPTURE_PIECE_MAX (CAPTURE_PACKET_MAX + (64u << 10))

/*
 * Most bytes that a packet is said to have had on the wire. A file may say more, by one bit that is wrong;
 * Wireshark tells no more than this either.
 */
#define CAPTURE_WIRE_MAX INT32_MAX

/* A packet of a capture. */
struct capture_record {
	const uint8_t *data;
	uint64_t ns;       /* since 1970 */
	uint32_t len;      /* bytes at data */
	uint32_t wire_len; /* that it had: not less; of both an FCS is no part */
	uint8_t l2;        /* enum weir_parse_l2 */
	bool timed;        /* the capture says when */
};

/* How an interface's time reads, and what its packets begin with. */
struct capture_interface {
	uint64_t units; /* in a second; 0: 2^shift */
	int64_t offset; /* seconds to add */
	uint32_t snaplen;
	uint16_t type; /* as the file says */
	uint8_t shift;
};

enum capture_result {
	CAPTURE_RECORD, /* one was read */
	CAPTURE_PASSED, /* something else was */
	CAPTURE_MORE,   /* `need` bytes are wanted in one piece */
	CAPTURE_WRONG,  /* no more can be read: `why`, at the byte `offset` */
};

/* A file that is being read. Begins as zeros, ends with capture_end(). */
struct capture {
	enum capture_result (*next)(struct capture *capture, const uint8_t *bytes, size_t n,
		struct capture_record *record);
	uint64_t offset; /* of the bytes that come next */
	uint64_t pass;   /* bytes of a block that is passed over, of which no more is looked at */
	size_t used;     /* bytes that the last call took */
	size_t need;
	bool swapped;                         /* the other byte order than this machine's */
	bool unread_type;                     /* what is wrong is a link type that is not read */
	uint8_t l2;                           /* of pcap: enum weir_parse_l2, */
	uint8_t fcs;                          /* bytes of an FCS behind each packet, */
	uint32_t unit;                        /* ns of its fraction of a second, */
	uint32_t head_len;                    /* and bytes in front of each packet */
	struct capture_interface *interfaces; /* of pcapng's section */
	unsigned int interface_count;
	unsigned int interface_room; /* for so many there is memory */
	char why[160];
};

/*
 * Read what comes next in n bytes, which begin at capture->offset. `used` of them were taken, of
 * CAPTURE_MORE and CAPTURE_WRONG none.
 */
enum capture_result capture_next(struct capture *capture, const uint8_t *bytes, size_t n,
	struct capture_record *record);

/*
 * The file ends behind n bytes of which capture_next() has wanted more: whether that is wrong, and
 * then `why`.
 */
bool capture_cut(struct capture *capture, size_t n);

void capture_end(struct capture *capture);

/* For the files of the formats. Say what is wrong: CAPTURE_WRONG. */
enum capture_result capture_wrong(struct capture *capture, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A link type that is not read. */
enum capture_result capture_unread(struct capture *capture, uint16_t type);
/* What packets of a link type of a file begin with, enum weir_parse_l2; negative: not read. */
int capture_link(uint16_t type);
/* The name of a link type, or "unknown". */
const char *capture_link_name(uint16_t type);
/* The time of an interface's clock; false: beyond what 64 bits of ns can say. */
bool capture_time(const struct capture_interface *interface, uint64_t ticks, uint64_t *ns);

/* capture_ng.c: the blocks of pcapng, from the first section's header on. */
enum capture_result capture_ng_next(struct capture *capture, const uint8_t *bytes, size_t n,
	struct capture_record *record);

/* More bytes are needed in one piece. */
static inline enum capture_result
capture_more(struct capture *capture, size_t need)
{
	capture->need = need;
	return CAPTURE_MORE;
}

/* What a packet had on the wire, by what the file says of it, with the bytes that are here. */
static inline uint32_t
capture_wire_len(uint32_t said, uint32_t len)
{
	return RTE_MAX(RTE_MIN(said, (uint32_t)CAPTURE_WIRE_MAX), len);
}

/* Numbers in the byte order of the file. */
static inline uint64_t
capture_get64(const struct capture *capture, const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return capture->swapped ? __builtin_bswap64(v) : v;
}

static inline uint32_t
capture_get32(const struct capture *capture, const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return capture->swapped ? __builtin_bswap32(v) : v;
}

static inline uint16_t
capture_get16(const struct capture *capture, const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return capture->swapped ? __builtin_bswap16(v) : v;
}

#endif /* WEIR_CAPTURE_H */
