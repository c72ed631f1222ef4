/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Packets that begin with something else than Ethernet: of what follows the same is said as behind
 * Ethernet, for right frames and for frames with random bytes changed, at both depths, however they
 * are cut into segments.
 */
#include "testing.h"

#include "frames.h"
#include "mutate.h"
#include "packet.h"

#define MUTATIONS 100000
#define ETHER 14
#define IPV4 0x0800
#define IPV6 0x86dd
#define PPP 0x880b
#define PPPOE 0x8864

/* A way to begin, and what it says of IPv4 and IPv6: bytes at `at`. */
struct kind {
	const char *name;
	uint8_t l2;
	uint8_t len;
	uint8_t at;
	uint8_t type_len; /* 0: nothing is said; the packet is IP */
	uint8_t head[20]; /* the other bytes */
	uint32_t ipv4;    /* 0: it is what Ethernet has there */
	uint32_t ipv6;
	uint16_t stopped; /* where IP is wrong; 0: as behind Ethernet */
};

static const struct kind kinds[] = {
	{ "raw", WEIR_PARSE_L2_RAW, 0, 0, 0, { 0 }, 0, 0, 0 },
	{ "null", WEIR_PARSE_L2_NULL, 4, 0, 4, { 0 }, 2, 10, 0 },
	{ "null, swapped", WEIR_PARSE_L2_NULL, 4, 0, 4, { 0 }, 0x02000000, 0x1e000000, 0 },
	{ "ppp", WEIR_PARSE_L2_PPP, 2, 0, 2, { 0 }, 0x21, 0x57, PPP },
	{ "ppp, short", WEIR_PARSE_L2_PPP, 1, 0, 1, { 0 }, 0x21, 0x57, PPP },
	{ "ppp, hdlc", WEIR_PARSE_L2_PPP, 4, 2, 2, { 0xff, 0x03 }, 0x21, 0x57, PPP },
	{ "ppp, hdlc, short", WEIR_PARSE_L2_PPP, 3, 2, 1, { 0xff, 0x03 }, 0x21, 0x57, PPP },
	{ "hdlc", WEIR_PARSE_L2_HDLC, 4, 2, 2, { 0x0f, 0x00 }, 0, 0, 0 },
	{ "pppoe", WEIR_PARSE_L2_PPPOE, 8, 6, 2, { 0x11, 0, 0, 1, 0x7f, 0xff }, 0x21, 0x57, PPPOE },
	{ "sll", WEIR_PARSE_L2_SLL, 16, 14, 2, { 0, 4, 0, 1, 0, 6 }, 0, 0, 0 },
	{ "sll2", WEIR_PARSE_L2_SLL2, 20, 0, 2, { 0 }, 0, 0, 0 },
};

/* The frame behind another beginning, in `bytes`; its length, 0: it cannot be. */
static uint32_t
begin_as(const struct kind *kind, const uint8_t *frame, uint32_t len, uint8_t *bytes)
{
	uint16_t ethertype = (uint16_t)(frame[12] << 8 | frame[13]);
	bool any = kind->type_len == 2 && kind->ipv4 == 0;
	uint32_t type = any ? ethertype : ethertype == IPV4 ? kind->ipv4 : kind->ipv6;
	uint8_t whole[4];

	if (ethertype < 0x0600 || (!any && ethertype != IPV4 && ethertype != IPV6))
		return 0;
	/* Without a word of it IP says itself what it is. */
	if (kind->type_len == 0 &&
		(len == ETHER || frame[ETHER] >> 4 != (ethertype == IPV4 ? 4 : 6)))
		return 0;
	put32(whole, type);
	memcpy(bytes, kind->head, sizeof(kind->head));
	memcpy(bytes + kind->at, whole + 4 - kind->type_len, kind->type_len);
	memcpy(bytes + kind->len, frame + ETHER, len - ETHER);
	return kind->len + len - ETHER;
}

static struct weir_event
parse_as(const uint8_t *bytes, uint32_t len, uint8_t l2, uint8_t depth, uint32_t a, uint32_t b)
{
	struct weir_parse_burst burst = { .size = sizeof(burst),
		.tsc = 7,
		.l2 = l2,
		.depth = depth,
		.hash_key = packet_hash_key };
	struct packet p;
	struct rte_mbuf *mbuf = packet_make(&p, bytes, len, a, b);
	struct weir_event event;

	weir_parse(&mbuf, 1, &burst);
	event = *weir_mbuf_event(mbuf);
	assert_int_equal(burst.verdicts[event.verdict], 1);
	assert_int_equal(burst.key_only, depth == WEIR_PARSE_KEY_ONLY);
	packet_free(&p);
	event.flags &= ~WEIR_EVENT_PRISTINE;
	return event;
}

/* What is to be said behind that beginning, by what is said behind Ethernet. */
static void
expect(struct weir_event *event, const struct kind *kind, uint8_t depth)
{
	int by = kind->len - ETHER;

	event->len = event->wire_len = (uint32_t)((int)event->len + by);
	if (depth == WEIR_PARSE_KEY_ONLY) {
		event->stopped = 0;
		return;
	}
	if (event->flags & WEIR_EVENT_KEYED)
		event->l3_off = (uint16_t)(event->l3_off + by);
	if (event->l4_off != 0)
		event->l4_off = (uint16_t)(event->l4_off + by);
	if (event->payload_off != 0)
		event->payload_off = (uint16_t)(event->payload_off + by);
}

static unsigned int
compare(const struct kind *kind, const uint8_t *frame, uint32_t len, uint64_t random)
{
	uint8_t depth = random & 1 ? WEIR_PARSE_KEY_ONLY : WEIR_PARSE_FULL;
	uint8_t bytes[FRAME_ROOM + 32];
	uint32_t n = len < ETHER ? 0 : begin_as(kind, frame, len, bytes), a, b;
	struct weir_event want, got;

	if (n == 0)
		return 0;
	a = (uint32_t)(random >> 8) % (n + 1);
	b = a + (uint32_t)(random >> 40) % (n - a + 1);
	want = parse_as(frame, len, WEIR_PARSE_L2_ETHERNET, depth, len, len);
	expect(&want, kind, depth);
	got = parse_as(bytes, n, kind->l2, depth, a, b);
	/* Nothing else says that IP follows, where its header is what is wrong. */
	if (got.stopped == kind->stopped && (want.stopped == IPV4 || want.stopped == IPV6))
		want.stopped = got.stopped;
	if (memcmp(&want, &got, sizeof(want)) != 0)
		fail_msg("%s: a frame of %u bytes, cut at %u and %u, differs at depth %u",
			kind->name, n, a, b, depth);
	return 1;
}

static void
right_frames(void **state)
{
	struct frame f;

	(void)state;
	for (unsigned int k = 0; k < RTE_DIM(kinds); k++) {
		unsigned int compared = 0;

		for (unsigned int i = 0; i < FRAMES; i++) {
			frames_get(i, &f);
			compared += compare(&kinds[k], frame_bytes(&f), frame_len(&f), 0);
			compare(&kinds[k], frame_bytes(&f), frame_len(&f), 1);
		}
		assert_in_range(compared, FRAMES / 3, FRAMES);
	}
}

static void
mutations(void **state)
{
	uint64_t seed = 17;
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < MUTATIONS; i++) {
		const struct kind *kind = &kinds[testing_random(&seed) % RTE_DIM(kinds)];
		uint32_t len;

		frames_get((unsigned int)(testing_random(&seed) % FRAMES), &f);
		len = mutate(&f, &seed);
		compare(kind, frame_bytes(&f), len, testing_random(&seed));
	}
}

/* A beginning that is cut is malformed; what is unknown is not. */
static void
beginnings(void **state)
{
	static const struct {
		uint8_t l2;
		uint8_t len;
		uint8_t bytes[20];
		uint8_t verdict;
		uint16_t stopped;
	} cases[] = {
		{ WEIR_PARSE_L2_RAW, 0, { 0 }, WEIR_VERDICT_TRUNC_L3, IPV4 },
		{ WEIR_PARSE_L2_RAW, 20, { 0x50 }, WEIR_VERDICT_BAD_VERSION, IPV4 },
		{ WEIR_PARSE_L2_RAW, 20, { 0x60 }, WEIR_VERDICT_TRUNC_L3, IPV6 },
		{ WEIR_PARSE_L2_IPV4, 0, { 0 }, WEIR_VERDICT_TRUNC_L3, IPV4 },
		{ WEIR_PARSE_L2_IPV4, 20, { 0x60 }, WEIR_VERDICT_BAD_VERSION, IPV4 },
		{ WEIR_PARSE_L2_IPV6, 20, { 0x60 }, WEIR_VERDICT_TRUNC_L3, IPV6 },
		{ WEIR_PARSE_L2_NULL, 3, { 2 }, WEIR_VERDICT_TRUNC_L2, 0 },
		{ WEIR_PARSE_L2_NULL, 4, { 2 }, WEIR_VERDICT_TRUNC_L3, IPV4 },
		{ WEIR_PARSE_L2_NULL, 20, { 7 }, WEIR_VERDICT_OK, 0 },
		{ WEIR_PARSE_L2_PPP, 0, { 0 }, WEIR_VERDICT_TRUNC_L2, PPP },
		{ WEIR_PARSE_L2_PPP, 3, { 0xff, 0x03, 0x00 }, WEIR_VERDICT_TRUNC_L2, PPP },
		{ WEIR_PARSE_L2_PPP, 3, { 0xff, 0x03, 0x21 }, WEIR_VERDICT_TRUNC_L3, PPP },
		{ WEIR_PARSE_L2_PPP, 20, { 0xc0, 0x21 }, WEIR_VERDICT_OK, PPP },
		{ WEIR_PARSE_L2_PPPOE, 7, { 0x11 }, WEIR_VERDICT_TRUNC_L2, PPPOE },
		{ WEIR_PARSE_L2_PPPOE, 20, { 0x11, 0x09 }, WEIR_VERDICT_OK, PPPOE },
		{ WEIR_PARSE_L2_SLL, 15, { 0 }, WEIR_VERDICT_TRUNC_L2, 0 },
		{ WEIR_PARSE_L2_SLL, 16, { [14] = 0x08, 0x00 }, WEIR_VERDICT_TRUNC_L3, IPV4 },
		{ WEIR_PARSE_L2_SLL, 16, { [15] = 1 }, WEIR_VERDICT_OK, 0 },
		{ WEIR_PARSE_L2_SLL, 18, { [15] = 4 }, WEIR_VERDICT_TRUNC_L2, 0 },
		{ WEIR_PARSE_L2_SLL, 20, { [15] = 4, 0x42, 0x42, 3 }, WEIR_VERDICT_OK, 0 },
		{ WEIR_PARSE_L2_SLL2, 19, { 0x08, 0x06 }, WEIR_VERDICT_TRUNC_L2, 0 },
		{ WEIR_PARSE_L2_SLL2, 20, { 0x08, 0x06 }, WEIR_VERDICT_TRUNC_L3, 0x0806 },
		{ WEIR_PARSE_L2_MAX, 13, { 0 }, WEIR_VERDICT_TRUNC_L2, 0 },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct weir_event event = parse_as(cases[i].bytes, cases[i].len, cases[i].l2,
			WEIR_PARSE_FULL, cases[i].len, cases[i].len);

		if (event.verdict != cases[i].verdict || event.stopped != cases[i].stopped ||
			event.flags & WEIR_EVENT_KEYED)
			fail_msg("case %u: verdict %u, stopped %#x", i, event.verdict,
				event.stopped);
	}
}

int
main(void)
{
	static struct weir_hash_key hash_key;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_frames),
		cmocka_unit_test(mutations),
		cmocka_unit_test(beginnings),
	};

	weir_hash_key_init(&hash_key, 9);
	packet_hash_key = &hash_key;
	return cmocka_run_group_tests_name("parse l2", tests, NULL, NULL);
}
