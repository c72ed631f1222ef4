/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Which kind of capture it is, and the records of pcap. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_common.h>

#include "capture.h"

#define SECOND_NS UINT64_C(1000000000)
#define MAGIC_LEN 4
#define MAGIC_SECTION 0x0a0d0d0a
#define HEADER_LEN 24
#define RECORD_LEN 16
#define VERSION_MAJOR 2
/* The link type is in 16 bits; then some that are 0, whether there is an FCS, and its length in 16-bit words. */
#define LINK_MASK 0xffff
#define LINK_RESERVED 0x0bff0000
#define LINK_FCS 0x04000000
#define LINK_FCS_SHIFT 28

/* What files of pcap begin with, in either byte order. */
static const struct {
	uint32_t magic;
	uint32_t unit;     /* ns of the fraction of a second */
	uint32_t head_len; /* bytes in front of each packet: more than pcap has are passed over */
} magics[] = {
	{ 0xa1b2c3d4, 1000, RECORD_LEN },
	{ 0xa1b23c4d, 1, RECORD_LEN },
	/* Kuznetzov's: the interface and the kind of packet, too. */
	{ 0xa1b2cd34, 1000, RECORD_LEN + 8 },
};

/* Link types by their numbers in files; those that are not read are there for their names. */
static const struct {
	uint16_t type;
	int8_t l2;
	const char *name;
} links[] = {
	{ 0, WEIR_PARSE_L2_NULL, "NULL" },
	{ 1, WEIR_PARSE_L2_ETHERNET, "ETHERNET" },
	{ 6, -1, "IEEE802_5" },
	{ 8, -1, "SLIP" },
	{ 9, WEIR_PARSE_L2_PPP, "PPP" },
	{ 10, -1, "FDDI" },
	{ 12, WEIR_PARSE_L2_RAW, "RAW" },
	{ 14, WEIR_PARSE_L2_RAW, "RAW" },
	{ 50, WEIR_PARSE_L2_PPP, "PPP_HDLC" },
	{ 51, WEIR_PARSE_L2_PPPOE, "PPP_ETHER" },
	{ 100, -1, "ATM_RFC1483" },
	{ 101, WEIR_PARSE_L2_RAW, "RAW" },
	{ 104, WEIR_PARSE_L2_HDLC, "C_HDLC" },
	{ 105, -1, "IEEE802_11" },
	{ 107, -1, "FRELAY" },
	{ 108, WEIR_PARSE_L2_NULL, "LOOP" },
	{ 113, WEIR_PARSE_L2_SLL, "LINUX_SLL" },
	{ 114, -1, "LTALK" },
	{ 117, -1, "PFLOG" },
	{ 119, -1, "IEEE802_11_PRISM" },
	{ 122, -1, "IP_OVER_FC" },
	{ 127, -1, "IEEE802_11_RADIOTAP" },
	{ 140, -1, "MTP2" },
	{ 141, -1, "MTP3" },
	{ 143, -1, "DOCSIS" },
	{ 147, -1, "USER0" },
	{ 163, -1, "IEEE802_11_AVS" },
	{ 187, -1, "BLUETOOTH_HCI_H4" },
	{ 189, -1, "USB_LINUX" },
	{ 192, -1, "PPI" },
	{ 195, -1, "IEEE802_15_4_WITHFCS" },
	{ 197, -1, "ERF" },
	{ 201, -1, "BLUETOOTH_HCI_H4_WITH_PHDR" },
	{ 204, -1, "PPP_WITH_DIR" },
	{ 220, -1, "USB_LINUX_MMAPPED" },
	{ 226, -1, "IPNET" },
	{ 227, -1, "CAN_SOCKETCAN" },
	{ 228, WEIR_PARSE_L2_IPV4, "IPV4" },
	{ 229, WEIR_PARSE_L2_IPV6, "IPV6" },
	{ 230, -1, "IEEE802_15_4_NOFCS" },
	{ 231, -1, "DBUS" },
	{ 239, -1, "NFLOG" },
	{ 240, -1, "NETANALYZER" },
	{ 243, -1, "MPEG_2_TS" },
	{ 248, -1, "SCTP" },
	{ 249, -1, "USBPCAP" },
	{ 251, -1, "BLUETOOTH_LE_LL" },
	{ 252, -1, "WIRESHARK_UPPER_PDU" },
	{ 253, -1, "NETLINK" },
	{ 254, -1, "BLUETOOTH_LINUX_MONITOR" },
	{ 256, -1, "BLUETOOTH_LE_LL_WITH_PHDR" },
	{ 272, -1, "NORDIC_BLE" },
	{ 276, WEIR_PARSE_L2_SLL2, "LINUX_SLL2" },
	{ 283, -1, "IEEE802_15_4_TAP" },
};

/* What begins otherwise, and what helps. */
static const struct {
	uint8_t len;
	uint8_t bytes[MAGIC_LEN];
	const char *what;
} strangers[] = {
	{ 2, { 0x1f, 0x8b },
		"compressed by gzip: decompress it, as by `zcat FILE |` and path = -" },
	{ 4, { 0x28, 0xb5, 0x2f, 0xfd },
		"compressed by zstd: decompress it, as by `zstdcat FILE |` and path = -" },
	{ 4, { 0xfd, '7', 'z', 'X' },
		"compressed by xz: decompress it, as by `xzcat FILE |` and path = -" },
	{ 4, { 's', 'n', 'o', 'o' }, "a snoop capture: `editcap` makes a pcap of it" },
	{ 4, { 'G', 'M', 'B', 'U' }, "a Network Monitor capture: `editcap` makes a pcap of it" },
};

static unsigned int
link_find(uint16_t type)
{
	unsigned int i = 0;

	while (i < RTE_DIM(links) && links[i].type != type)
		i++;
	return i;
}

int
capture_link(uint16_t type)
{
	unsigned int i = link_find(type);

	return i < RTE_DIM(links) ? links[i].l2 : -1;
}

const char *
capture_link_name(uint16_t type)
{
	unsigned int i = link_find(type);

	return i < RTE_DIM(links) ? links[i].name : "unknown";
}

enum capture_result
capture_wrong(struct capture *capture, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(capture->why, sizeof(capture->why), format, list);
	va_end(list);
	return CAPTURE_WRONG;
}

enum capture_result
capture_unread(struct capture *capture, uint16_t type)
{
	capture->unread_type = true;
	return capture_wrong(capture,
		"link type %u (%s) is not read: expected ETHERNET, RAW, IPV4, IPV6, LINUX_SLL, "
		"LINUX_SLL2, NULL, LOOP, PPP, PPP_ETHER or C_HDLC",
		type, capture_link_name(type));
}

/* A link type in more bits than it has. */
static enum capture_result
capture_reserved(struct capture *capture, uint32_t field)
{
	capture->unread_type = true;
	return capture_wrong(capture, "link type 0x%08x: bits are set that pcap has no use for",
		field);
}

bool
capture_time(const struct capture_interface *interface, uint64_t ticks, uint64_t *ns)
{
	__extension__ typedef __int128 wide;
	__extension__ typedef unsigned __int128 unsigned_wide;
	uint64_t whole, rest;
	wide all;

	if (interface->units != 0) {
		whole = ticks / interface->units;
		rest = ticks % interface->units;
		rest = (uint64_t)((wide)rest * SECOND_NS / interface->units);
	} else {
		whole = interface->shift < 64 ? ticks >> interface->shift : 0;
		rest = interface->shift < 64 ? ticks - (whole << interface->shift) : ticks;
		rest = (uint64_t)((unsigned_wide)rest * SECOND_NS >> interface->shift);
	}
	all = ((wide)whole + interface->offset) * (wide)SECOND_NS + rest;
	*ns = (uint64_t)all;
	return all >= 0 && all <= (wide)UINT64_MAX;
}

/* Leave the FCS behind a packet out, or what of it was captured. */
static void
fcs_cut(struct capture_record *record, uint8_t fcs)
{
	if (record->wire_len < fcs)
		return;
	record->wire_len -= fcs;
	record->len = RTE_MIN(record->len, record->wire_len);
}

/* A record: seconds and a fraction of one, both unsigned; the length here, and on the wire. */
static enum capture_result
pcap_next(struct capture *capture, const uint8_t *bytes, size_t n, struct capture_record *record)
{
	uint32_t head_len = capture->head_len, len;
	uint64_t fraction;

	if (n < head_len)
		return capture_more(capture, head_len);
	len = capture_get32(capture, bytes + 8);
	if (len > CAPTURE_PACKET_MAX)
		return capture_wrong(capture, "a packet of %u bytes: expected no more than %u", len,
			CAPTURE_PACKET_MAX);
	if (n < head_len + len)
		return capture_more(capture, head_len + len);
	record->data = bytes + head_len;
	record->len = len;
	record->wire_len = capture_wire_len(capture_get32(capture, bytes + 12), len);
	fcs_cut(record, capture->fcs);
	fraction = (uint64_t)capture_get32(capture, bytes + 4) * capture->unit;
	record->ns = capture_get32(capture, bytes) * SECOND_NS + fraction;
	record->l2 = capture->l2;
	/* As tshark has it: who writes a fraction of more than a second did not mean a time. */
	record->timed = fraction < SECOND_NS;
	capture->used = head_len + len;
	return CAPTURE_RECORD;
}

static enum capture_result
pcap_begin(struct capture *capture, const uint8_t *bytes, size_t n,
	struct capture_record *record __rte_unused)
{
	uint16_t major, type;
	uint32_t field;
	int link;

	if (n < HEADER_LEN)
		return capture_more(capture, HEADER_LEN);
	major = capture_get16(capture, bytes + 4);
	if (major != VERSION_MAJOR)
		return capture_wrong(capture, "pcap of version %u.%u: expected %u", major,
			capture_get16(capture, bytes + 6), VERSION_MAJOR);
	field = capture_get32(capture, bytes + 20);
	if (field & LINK_RESERVED)
		return capture_reserved(capture, field);
	type = (uint16_t)(field & LINK_MASK);
	capture->fcs = field & LINK_FCS ? (uint8_t)(field >> LINK_FCS_SHIFT) * 2 : 0;
	link = capture_link(type);
	if (link < 0)
		return capture_unread(capture, type);
	capture->l2 = (uint8_t)link;
	capture->used = HEADER_LEN;
	capture->next = pcap_next;
	return CAPTURE_PASSED;
}

static enum capture_result
stranger(struct capture *capture, const uint8_t *bytes)
{
	for (unsigned int i = 0; i < RTE_DIM(strangers); i++)
		if (memcmp(bytes, strangers[i].bytes, strangers[i].len) == 0)
			return capture_wrong(capture, "%s", strangers[i].what);
	return capture_wrong(capture, "it begins with %02x %02x %02x %02x: expected pcap or pcapng",
		bytes[0], bytes[1], bytes[2], bytes[3]);
}

/* Whether a file begins so that is pcap, and how it reads then. */
static bool
file_magic(struct capture *capture, uint32_t magic)
{
	for (unsigned int i = 0; i < RTE_DIM(magics); i++) {
		if (magic != magics[i].magic && magic != __builtin_bswap32(magics[i].magic))
			continue;
		capture->swapped = magic != magics[i].magic;
		capture->unit = magics[i].unit;
		capture->head_len = magics[i].head_len;
		return true;
	}
	return false;
}

/* The first bytes of the file. */
static enum capture_result
file_begin(struct capture *capture, const uint8_t *bytes, size_t n, struct capture_record *record)
{
	uint32_t magic;

	if (n < MAGIC_LEN)
		return capture_more(capture, MAGIC_LEN);
	memcpy(&magic, bytes, sizeof(magic));
	if (magic == MAGIC_SECTION) {
		capture->next = capture_ng_next;
		return capture->next(capture, bytes, n, record);
	}
	if (!file_magic(capture, magic))
		return stranger(capture, bytes);
	capture->next = pcap_begin;
	return capture->next(capture, bytes, n, record);
}

static enum capture_result
pass(struct capture *capture, size_t n)
{
	if (n == 0)
		return capture_more(capture, 1);
	capture->used = (size_t)RTE_MIN(capture->pass, (uint64_t)n);
	capture->pass -= capture->used;
	return CAPTURE_PASSED;
}

enum capture_result
capture_next(struct capture *capture, const uint8_t *bytes, size_t n, struct capture_record *record)
{
	enum capture_result result;

	capture->used = 0;
	if (unlikely(capture->pass > 0))
		result = pass(capture, n);
	else if (unlikely(capture->next == NULL))
		result = file_begin(capture, bytes, n, record);
	else
		result = capture->next(capture, bytes, n, record);
	capture->offset += capture->used;
	return result;
}

bool
capture_cut(struct capture *capture, size_t n)
{
	if (capture->next == NULL && n == 0 && capture->offset == 0) {
		capture_wrong(capture, "the file is empty: expected pcap or pcapng");
		return true;
	}
	if (capture->pass > 0)
		capture_wrong(capture,
			"the file is cut: %" PRIu64 " bytes more of a block are missing",
			capture->pass);
	else if (n > 0)
		capture_wrong(capture,
			"the file is cut: of %zu bytes that begin here %zu are there",
			capture->need, n);
	return capture->pass > 0 || n > 0;
}

void
capture_end(struct capture *capture)
{
	free(capture->interfaces);
	capture->interfaces = NULL;
	capture->interface_count = 0;
	capture->interface_room = 0;
}
