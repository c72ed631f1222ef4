/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Datagrams of all kinds in all pieces: one key for all of them, and the first one's ports. */
#include "testing.h"

#include "frames.h"
#include "packet.h"

#define DATAGRAM_MAX 1200
#define RUNS 1000
#define LATER (WEIR_EVENT_FRAGMENT | WEIR_EVENT_LATER_FRAGMENT)
#define FRAGMENTS (LATER | WEIR_EVENT_LAST_FRAGMENT)

/* A datagram, and how it is wrapped. */
struct datagram {
	uint8_t bytes[DATAGRAM_MAX];
	uint16_t len;
	uint8_t version;
	uint8_t proto;  /* of what was cut up: an extension header's, or that of L4 */
	uint8_t l4;     /* of L4 */
	uint16_t l4_at; /* where that begins */
	uint8_t wrap;   /* what is around it */
	uint32_t id;
};

/* What a piece of one says. */
struct piece {
	struct weir_event event;
	bool ports;
	rte_be16_t sport, dport;
};

static void
parse_piece(struct frame *f, uint8_t fragments, struct piece *piece)
{
	struct weir_event key_only;
	const char *wrong = NULL;

	for (unsigned int depth = 0; depth < 2; depth++) {
		struct weir_parse_burst burst = { .size = sizeof(burst),
			.depth = (uint8_t)(1 - depth),
			.fragments = fragments };
		struct packet p;
		struct rte_mbuf *mbuf = packet_make(&p, frame_bytes(f), frame_len(f), 0, 0);

		weir_parse(&mbuf, 1, &burst);
		if (depth == 0) {
			key_only = *weir_mbuf_event(mbuf);
		} else {
			wrong = packet_wrong(mbuf);
			piece->event = *weir_mbuf_event(mbuf);
			piece->ports = weir_event_ports(weir_mbuf_event(mbuf), &piece->sport,
				&piece->dport);
		}
		packet_free(&p);
	}
	if (wrong == NULL)
		wrong = packet_wrong_key_only(&piece->event, &key_only);
	if (wrong != NULL)
		fail_msg("%s", wrong);
}

static void
wrap(struct frame *f, const struct datagram *d)
{
	uint16_t type = d->version == 4 ? 0x0800 : 0x86dd;

	switch (d->wrap) {
	case 0:
		ether(f, type);
		return;
	case 1:
		tag(f, 9, type);
		ether(f, 0x8100);
		return;
	case 2:
		gre(f, 0, type);
		ipv4(f, IPPROTO_GRE);
		ether(f, 0x0800);
		return;
	default:
		ether(f, type);
		vxlan(f, 5);
		ipv6(f, IPPROTO_UDP);
		ether(f, 0x86dd);
	}
}

/* The bytes from `from` to `to` of a datagram as a frame; all of them: a whole packet. */
static void
cut_out(struct frame *f, const struct datagram *d, uint16_t from, uint16_t to)
{
	uint16_t more = to < d->len;

	f->at = FRAME_ROOM;
	memcpy(push(f, to - from), d->bytes + from, (size_t)(to - from));
	if (d->version == 4) {
		ipv4_options(f, d->proto, 0, (uint16_t)(from / 8 | more << 13));
		put16(frame_bytes(f) + 4, d->id);
	} else if (from != 0 || more) {
		fragment6(f, d->proto, from | more);
		put32(frame_bytes(f) + 4, d->id);
		ipv6(f, IPPROTO_FRAGMENT);
	} else {
		ipv6(f, d->proto);
	}
	wrap(f, d);
}

/* The header of L4 in front of what is there. */
static void
put_l4(struct frame *f, uint8_t l4)
{
	switch (l4) {
	case IPPROTO_TCP:
		tcp(f, 40000, 80, 0);
		return;
	case IPPROTO_UDP:
		udp(f, 40000, 80);
		return;
	case IPPROTO_SCTP:
		sctp(f, 40000, 80);
		return;
	case IPPROTO_ICMP:
		icmp(f, 8, 77);
		return;
	default:
		icmp(f, 128, 77);
	}
}

static bool
has_ports(uint8_t l4)
{
	return l4 == IPPROTO_TCP || l4 == IPPROTO_UDP || l4 == IPPROTO_SCTP;
}

/* Of a version, with an extension in what is cut up or not. */
static void
datagram_make(struct datagram *d, uint8_t version, uint8_t l4, bool extended, uint16_t payload_len)
{
	struct frame f;

	payload(&f, payload_len);
	put_l4(&f, l4);
	d->version = version;
	d->l4 = d->proto = l4;
	d->l4_at = 0;
	d->wrap = 0;
	d->id = 0x1234;
	if (extended && version == 4) {
		ah(&f, l4);
		d->proto = IPPROTO_AH;
		d->l4_at = 24;
	} else if (extended) {
		extension(&f, l4, 1);
		d->proto = IPPROTO_DSTOPTS;
		d->l4_at = 16;
	}
	d->len = frame_len(&f);
	memcpy(d->bytes, frame_bytes(&f), d->len);
}

/* One piece, as all of its datagram are: no ports, and the protocol of what was cut up. */
static void
assert_datagram(const struct datagram *d, const struct piece *piece, bool first, bool last)
{
	const struct weir_event *e = &piece->event;

	assert_int_equal(e->verdict, WEIR_VERDICT_OK);
	assert_true(e->flags & WEIR_EVENT_FRAGMENT);
	assert_int_equal(!(e->flags & WEIR_EVENT_LATER_FRAGMENT), first);
	assert_int_equal(!!(e->flags & WEIR_EVENT_LAST_FRAGMENT), last);
	assert_int_equal(e->key.sport, 0);
	assert_int_equal(e->key.dport, 0);
	assert_int_equal(e->key.proto, d->proto);
	assert_int_equal(e->proto, first ? d->l4 : d->proto);
	assert_int_equal(piece->ports, first && has_ports(d->l4));
	assert_int_equal(!!(e->flags & WEIR_EVENT_FRAGMENT_PORTS), piece->ports);
	if (piece->ports) {
		assert_int_equal(rte_be_to_cpu_16(piece->sport), 40000);
		assert_int_equal(rte_be_to_cpu_16(piece->dport), 80);
	}
}

static void
assert_alike(const struct piece *a, const struct piece *b)
{
	assert_memory_equal(&a->event.key, &b->event.key, sizeof(a->event.key));
	assert_int_equal(a->event.hash, b->event.hash);
	assert_int_equal(a->event.flags >> WEIR_EVENT_DATAGRAM_SHIFT,
		b->event.flags >> WEIR_EVENT_DATAGRAM_SHIFT);
}

/* A datagram in pieces of so many bytes each. */
static void
cut_up(const struct datagram *d, uint16_t size)
{
	struct piece first, piece;
	struct frame f;

	for (uint16_t from = 0; from < d->len; from += size) {
		uint16_t to = (uint16_t)RTE_MIN(from + size, d->len);

		cut_out(&f, d, from, to);
		parse_piece(&f, WEIR_PARSE_FRAGMENTS_DATAGRAM, &piece);
		assert_datagram(d, &piece, from == 0, to == d->len);
		if (from == 0)
			first = piece;
		assert_alike(&first, &piece);
	}
}

static void
kinds(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP };
	struct datagram d;

	(void)state;
	for (unsigned int i = 0; i < 4 * RTE_DIM(protos); i++) {
		uint8_t version = i & 1 ? 6 : 4, l4 = protos[i / 4];

		if (l4 == IPPROTO_ICMP && version == 6)
			l4 = IPPROTO_ICMPV6;
		datagram_make(&d, version, l4, i & 2, 200);
		for (d.wrap = 0; d.wrap < 4; d.wrap++)
			cut_up(&d, 64);
	}
}

/* Any number of pieces of any size, in the headers around them. */
static void
at_random(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
	uint64_t seed = testing_seed();
	struct datagram d;

	(void)state;
	for (unsigned int i = 0; i < RUNS; i++) {
		datagram_make(&d, testing_random(&seed) & 1 ? 4 : 6,
			protos[testing_random(&seed) % RTE_DIM(protos)], testing_random(&seed) & 1,
			(uint16_t)(400 + testing_random(&seed) % (DATAGRAM_MAX - 500)));
		d.id = (uint32_t)testing_random(&seed);
		d.wrap = (uint8_t)(testing_random(&seed) % 4);
		cut_up(&d, (uint16_t)(64 + testing_random(&seed) % 32 * 8));
	}
}

/* The key as it is without this: the first one's has ports, and the rest none. */
static void
of_flows(void **state)
{
	struct piece whole, first, later;
	struct datagram d;
	struct frame f;

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		datagram_make(&d, version, IPPROTO_UDP, false, 200);
		cut_out(&f, &d, 0, d.len);
		parse_piece(&f, WEIR_PARSE_FRAGMENTS_FLOW, &whole);
		assert_false(whole.event.flags & WEIR_EVENT_FRAGMENT);
		cut_out(&f, &d, 0, 64);
		parse_piece(&f, WEIR_PARSE_FRAGMENTS_FLOW, &first);
		cut_out(&f, &d, 64, d.len);
		parse_piece(&f, WEIR_PARSE_FRAGMENTS_FLOW, &later);
		assert_memory_equal(&whole.event.key, &first.event.key, sizeof(struct weir_key));
		assert_int_equal(whole.event.hash, first.event.hash);
		assert_true(first.ports);
		assert_int_equal(rte_be_to_cpu_16(first.sport), 40000);
		assert_false(first.event.flags & WEIR_EVENT_FRAGMENT_PORTS);
		assert_int_equal(later.event.key.sport, 0);
		assert_false(later.ports);
		assert_true(later.event.hash != first.event.hash);
	}
}

/* Whole packets keep their ports; and what has a fragment header and is whole is none. */
static void
whole(void **state)
{
	struct piece piece;
	struct datagram d;
	struct frame f;

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		datagram_make(&d, version, IPPROTO_UDP, true, 200);
		cut_out(&f, &d, 0, d.len);
		parse_piece(&f, WEIR_PARSE_FRAGMENTS_DATAGRAM, &piece);
		assert_int_equal(piece.event.key.proto, IPPROTO_UDP);
		assert_int_equal(rte_be_to_cpu_16(piece.event.key.sport), 40000);
		assert_true(piece.ports);
	}
	payload(&f, 10);
	udp(&f, 1, 2);
	fragment6(&f, IPPROTO_UDP, 0);
	ipv6(&f, IPPROTO_FRAGMENT);
	ether(&f, 0x86dd);
	parse_piece(&f, WEIR_PARSE_FRAGMENTS_DATAGRAM, &piece);
	assert_int_equal(rte_be_to_cpu_16(piece.event.key.dport), 2);
}

/* Datagrams of one key that follow each other are told apart. */
static void
identification(void **state)
{
	struct piece a, b;
	struct datagram d;
	struct frame f;

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		datagram_make(&d, version, IPPROTO_UDP, false, 200);
		cut_out(&f, &d, 0, 64);
		parse_piece(&f, WEIR_PARSE_FRAGMENTS_DATAGRAM, &a);
		d.id++;
		cut_out(&f, &d, 64, 128);
		parse_piece(&f, WEIR_PARSE_FRAGMENTS_DATAGRAM, &b);
		assert_int_equal(a.event.hash, b.event.hash);
		assert_true(a.event.flags >> WEIR_EVENT_DATAGRAM_SHIFT !=
			b.event.flags >> WEIR_EVENT_DATAGRAM_SHIFT);
	}
}

/* Of two fragment headers in a packet the last one counts; one that cuts nothing says nothing. */
static void
twice(void **state)
{
	static const struct {
		uint16_t outer, inner;
		uint32_t flags;
		uint8_t id;
	} cases[] = {
		{ 0x0001, 0x0001, WEIR_EVENT_FRAGMENT, 0x0c },
		{ 0x0001, 0x0008, LATER | WEIR_EVENT_LAST_FRAGMENT, 0x0c },
		{ 0x0001, 0x0000, WEIR_EVENT_FRAGMENT, 0x03 },
		{ 0x0000, 0x0009, LATER, 0x0c },
		{ 0x0008, 0x0001, LATER | WEIR_EVENT_LAST_FRAGMENT, 0x03 },
	};
	struct piece piece;
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		payload(&f, 40);
		fragment6(&f, IPPROTO_UDP, cases[i].inner);
		put32(frame_bytes(&f) + 4, 0x0c);
		fragment6(&f, IPPROTO_FRAGMENT, cases[i].outer);
		put32(frame_bytes(&f) + 4, 0x03);
		ipv6(&f, IPPROTO_FRAGMENT);
		ether(&f, 0x86dd);
		parse_piece(&f, WEIR_PARSE_FRAGMENTS_DATAGRAM, &piece);
		assert_int_equal(piece.event.flags & FRAGMENTS, cases[i].flags);
		assert_int_equal(piece.event.flags >> WEIR_EVENT_DATAGRAM_SHIFT, cases[i].id);
	}
}

/* A first fragment that ends before its ports has none to tell. */
static void
cut_short(void **state)
{
	struct piece piece;
	struct datagram d;
	struct frame f;

	(void)state;
	datagram_make(&d, 4, IPPROTO_TCP, false, 200);
	for (uint16_t to = 0; to < 20; to++) {
		cut_out(&f, &d, 0, to);
		parse_piece(&f, WEIR_PARSE_FRAGMENTS_DATAGRAM, &piece);
		assert_int_equal(piece.event.verdict, WEIR_VERDICT_TRUNC_L4);
		assert_int_equal(piece.ports, to >= 4);
		assert_int_equal(piece.event.key.sport, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_short),
		cmocka_unit_test(twice),
		cmocka_unit_test(whole),
		cmocka_unit_test(of_flows),
		cmocka_unit_test(identification),
		cmocka_unit_test(kinds),
		cmocka_unit_test(at_random),
	};

	return cmocka_run_group_tests_name("parse fragments", tests, NULL, NULL);
}
