/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Checksums, of packets that were parsed: of the keyed IP header, and of what is behind it. */
#include <netinet/in.h>

#include <rte_ip.h>

#include "stats/stats.h"
#include "parse_private.h"

/* What all that a right checksum is over adds up to. */
#define RIGHT 0xffff
#define UDP_LENGTH_AT 4
#define UDP_CKSUM_AT 6
#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_LOOSE_ROUTE 131
#define OPTION_STRICT_ROUTE 137
#define EXTENSION_UNIT 8
#define OPTION_PAD1 0
#define OPTION_HOME_ADDRESS 201
/* Options of a header that are looked at. */
#define OPTIONS_MAX 16

/* A packet whose checksums are looked at. */
struct verify {
	const struct weir_parse_burst *burst;
	const struct rte_mbuf *mbuf;
	const struct weir_event *event;
	uint8_t ip[IPV4_LEN + 40]; /* the longest header */
	uint32_t ip_len;           /* of IPv4's with its options, of IPv6's without extensions */
	uint32_t end;              /* of the packet by its IP header */
};

/* The pseudo header. Of mapped IPv4 addresses what maps them adds nothing: 0xffff is 0 here. */
struct pseudo {
	uint8_t ends[2 * sizeof(((struct weir_key *)0)->src)];
	rte_be32_t length;
	rte_be32_t proto;
};

/* Read n bytes at off; false: they are not all there. */
static bool
verify_read(const struct verify *v, uint32_t off, uint32_t n, uint8_t *bytes)
{
	const void *at = rte_pktmbuf_read(v->mbuf, off, n, bytes);

	if (at == NULL)
		return false;
	if (at != bytes)
		memcpy(bytes, at, n);
	return true;
}

/* The keyed IP header; false: it is not all there. */
static bool
verify_begin(struct verify *v)
{
	uint32_t off = v->event->l3_off;

	if (!(v->event->flags & WEIR_EVENT_IPV4)) {
		v->ip_len = IPV6_LEN;
		if (!verify_read(v, off, IPV6_LEN, v->ip))
			return false;
		v->end = off + IPV6_LEN + get16(v->ip + 4);
		return true;
	}
	if (!verify_read(v, off, IPV4_LEN, v->ip))
		return false;
	v->ip_len = (v->ip[0] & 0xfu) * 4;
	v->end = off + get16(v->ip + 2);
	return v->ip_len >= IPV4_LEN && verify_read(v, off, v->ip_len, v->ip);
}

/* Whether options route the packet by way of others: its destination is not the one that is summed up. */
static bool
routed_by_options(const struct verify *v)
{
	uint32_t at = IPV4_LEN;

	while (at < v->ip_len && v->ip[at] != OPTION_END) {
		uint8_t type = v->ip[at];

		if (type == OPTION_LOOSE_ROUTE || type == OPTION_STRICT_ROUTE)
			return true;
		if (type == OPTION_NOP)
			at++;
		else if (at + 1 == v->ip_len || v->ip[at + 1] < 2)
			return false;
		else
			at += v->ip[at + 1];
	}
	return false;
}

/*
 * Whether destination options from off to end have a home address, which is what is summed up as the
 * source (RFC 6275 11.3.1).
 */
static bool
has_home_address(const struct verify *v, uint32_t off, uint32_t end)
{
	uint8_t option[2];

	for (unsigned int i = 0; i < OPTIONS_MAX && off + 2 <= end; i++) {
		if (!verify_read(v, off, sizeof(option), option))
			return false;
		if (option[0] == OPTION_HOME_ADDRESS)
			return true;
		off += option[0] == OPTION_PAD1 ? 1 : 2u + option[1];
	}
	return false;
}

/*
 * The same of a routing header that is not done with, among those in front of L4; and of a source that is
 * another one.
 */
static bool
routed_by_header(const struct verify *v)
{
	uint32_t off = v->event->l3_off + IPV6_LEN;
	uint8_t proto = v->ip[6], ext[4];

	while (off < v->event->l4_off && verify_read(v, off, sizeof(ext), ext)) {
		if (proto == IPPROTO_ROUTING && ext[3] != 0)
			return true;
		if (proto == IPPROTO_DSTOPTS &&
			has_home_address(v, off + 2, off + (ext[1] + 1u) * EXTENSION_UNIT))
			return true;
		if (proto == IPPROTO_FRAGMENT)
			off += EXTENSION_UNIT;
		else
			off += proto == IPPROTO_AH ? (ext[1] + 2u) * 4 :
						     (ext[1] + 1u) * EXTENSION_UNIT;
		proto = ext[0];
	}
	return false;
}

static bool
is_routed(const struct verify *v)
{
	return v->event->flags & WEIR_EVENT_IPV4 ? routed_by_options(v) : routed_by_header(v);
}

static uint16_t
fold(uint32_t sum)
{
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)((sum & UINT16_MAX) + (sum >> 16));
}

/*
 * The sum of n bytes at off, which are there. rte_raw_cksum_mbuf() of DPDK 22.11 loses the carries of a
 * segment that begins at an odd byte.
 */
static uint16_t
segments_sum(const struct rte_mbuf *m, uint32_t off, uint32_t n)
{
	uint32_t sum = 0, done, len;

	for (; off >= m->data_len; m = m->next)
		off -= m->data_len;
	for (done = 0; done < n; done += len, m = m->next, off = 0) {
		uint16_t part;

		len = RTE_MIN(m->data_len - off, n - done);
		part = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const void *, off), len);
		sum += done & 1 ? rte_bswap16(part) : part;
	}
	return fold(sum);
}

/* Whether n bytes at off are wrong: with what `sum` is of already. */
static bool
is_wrong(const struct verify *v, uint32_t off, uint32_t n, uint32_t sum)
{
	if (n == 0 || off + n > v->mbuf->pkt_len)
		return false;
	return fold(sum + segments_sum(v->mbuf, off, n)) != RIGHT;
}

static uint16_t
pseudo_sum(const struct weir_event *event, uint32_t length)
{
	struct pseudo pseudo = { .length = rte_cpu_to_be_32(length),
		.proto = rte_cpu_to_be_32(event->proto) };

	memcpy(pseudo.ends, event->key.src, sizeof(pseudo.ends));
	return rte_raw_cksum(&pseudo, sizeof(pseudo));
}

static bool
wrong_udp(const struct verify *v, uint32_t length)
{
	uint8_t udp[UDP_LEN];

	if (!verify_read(v, v->event->l4_off, UDP_LEN, udp))
		return false;
	/* Over IPv6 tunnels alone may leave it out: RFC 6935 5. */
	if (get16(udp + UDP_CKSUM_AT) == 0)
		return !(v->event->flags & WEIR_EVENT_IPV4) &&
			!parse_has_tunnel_port(v->burst, get16(udp), get16(udp + 2));
	if (get16(udp + UDP_LENGTH_AT) != 0)
		length = get16(udp + UDP_LENGTH_AT);
	return is_wrong(v, v->event->l4_off, length, pseudo_sum(v->event, length));
}

/* Whether L4's checksum is wrong, of a packet that is whole and all here. */
static bool
wrong_l4(const struct verify *v)
{
	uint32_t off = v->event->l4_off, length = v->end - off;

	switch (v->event->proto) {
	case IPPROTO_TCP:
	case IPPROTO_ICMPV6:
		return is_wrong(v, off, length, pseudo_sum(v->event, length));
	case IPPROTO_UDP:
		return wrong_udp(v, length);
	case IPPROTO_ICMP:
		return v->event->flags & WEIR_EVENT_IPV4 && is_wrong(v, off, length, 0);
	default:
		return false;
	}
}

/* Whether L4's checksum can be looked at. */
static bool
has_l4(const struct verify *v)
{
	const struct weir_event *e = v->event;

	return e->verdict == WEIR_VERDICT_OK && e->l4_off != 0 &&
		!(e->flags & (WEIR_EVENT_FRAGMENT | WEIR_EVENT_TRUNCATED)) && v->end <= e->len &&
		v->end > e->l4_off && !is_routed(v);
}

/* Of what is not in a tunnel, the flags of those that the port has looked at. */
static uint32_t
port_looked(const struct rte_mbuf *mbuf, const struct weir_event *event)
{
	uint64_t l3 = mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	uint64_t l4 = mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint32_t looked = event->flags & (WEIR_EVENT_BAD_L3_CKSUM | WEIR_EVENT_BAD_L4_CKSUM);

	if (event->flags & WEIR_EVENT_TUNNELLED)
		return looked;
	/* NONE is of packets that never were on a wire: they are right, and their checksums not made. */
	if (l3 == RTE_MBUF_F_RX_IP_CKSUM_GOOD || l3 == RTE_MBUF_F_RX_IP_CKSUM_NONE)
		looked |= WEIR_EVENT_BAD_L3_CKSUM;
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		looked |= WEIR_EVENT_BAD_L4_CKSUM;
	return looked;
}

/* The flags of what is wrong and the port did not look at. */
static uint32_t
verify_packet(const struct weir_parse_burst *burst, const struct rte_mbuf *mbuf,
	const struct weir_event *event)
{
	struct verify v = { .burst = burst, .mbuf = mbuf, .event = event };
	uint32_t looked = port_looked(mbuf, event), bad = 0;

	if (!verify_begin(&v))
		return 0;
	if (event->flags & WEIR_EVENT_IPV4 && !(looked & WEIR_EVENT_BAD_L3_CKSUM) &&
		rte_raw_cksum(v.ip, v.ip_len) != RIGHT)
		bad |= WEIR_EVENT_BAD_L3_CKSUM;
	if (!(looked & WEIR_EVENT_BAD_L4_CKSUM) && has_l4(&v) && wrong_l4(&v))
		bad |= WEIR_EVENT_BAD_L4_CKSUM;
	return bad;
}

void
parse_verify(struct rte_mbuf *const mbufs[], uint16_t n, struct weir_parse_burst *burst)
{
	if (burst->depth == WEIR_PARSE_KEY_ONLY)
		return;
	for (uint16_t i = 0; i < n; i++) {
		struct weir_event *event = weir_mbuf_event(mbufs[i]);
		uint32_t bad;

		if (!(event->flags & WEIR_EVENT_KEYED) || event->flags & WEIR_EVENT_NO_LENGTH)
			continue;
		bad = verify_packet(burst, mbufs[i], event);
		event->flags |= bad;
		stat_add(&burst->bad_l3_checksum, !!(bad & WEIR_EVENT_BAD_L3_CKSUM));
		stat_add(&burst->bad_l4_checksum, !!(bad & WEIR_EVENT_BAD_L4_CKSUM));
	}
}
