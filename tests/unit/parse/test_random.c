/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The same bytes make the same event however they are cut into segments. A packet in segments
 * goes the general way, one in a single segment the short one: so this holds both against each
 * other, for right frames and for frames with random bytes changed.
 */
#include "testing.h"

#include "frames.h"
#include "mutate.h"
#include "packet.h"

#define MUTATIONS 200000

/* The event of a frame cut at a and b, checked for what holds of every one. */
static struct weir_event
parse_cut(const uint8_t *bytes, uint32_t len, uint32_t a, uint32_t b, uint8_t tunnel)
{
	struct weir_parse_burst burst = { .size = sizeof(burst),
		.tsc = 7,
		.port = 3,
		.queue = 2,
		.tunnel = tunnel,
		.hash_key = packet_hash_key };
	struct packet p;
	struct rte_mbuf *mbuf = packet_make(&p, bytes, len, a, b);
	const char *wrong;
	struct weir_event event;

	weir_parse(&mbuf, 1, &burst);
	event = *weir_mbuf_event(mbuf);
	wrong = packet_wrong(mbuf);
	packet_free(&p);
	if (wrong != NULL)
		fail_msg("%s", wrong);
	event.flags &= ~WEIR_EVENT_PRISTINE;
	return event;
}

static void
assert_same(const uint8_t *bytes, uint32_t len, uint32_t a, uint32_t b, uint8_t tunnel)
{
	struct weir_event whole = parse_cut(bytes, len, len, len, tunnel);
	struct weir_event cut = parse_cut(bytes, len, a, b, tunnel);

	if (memcmp(&whole, &cut, sizeof(whole)) != 0)
		fail_msg("a frame of %u bytes, cut at %u and %u, differs", len, a, b);
}

static void
segments(void **state)
{
	struct frame f;
	unsigned int i;
	uint32_t a, b;

	(void)state;
	for (i = 0; i < FRAMES; i++) {
		frames_get(i, &f);
		for (a = 0; a <= frame_len(&f); a++)
			for (b = a; b <= frame_len(&f); b += a % 4 + 1)
				assert_same(frame_bytes(&f), frame_len(&f), a, b, WEIR_PARSE_INNER);
	}
}

static void
mutations(void **state)
{
	uint64_t seed = testing_seed();
	struct frame f;
	uint32_t len, a;
	unsigned int i;

	(void)state;
	for (i = 0; i < MUTATIONS; i++) {
		frames_get((unsigned int)(testing_random(&seed) % FRAMES), &f);
		len = mutate(&f, &seed);
		a = (uint32_t)(testing_random(&seed) % (len + 1));
		assert_same(frame_bytes(&f), len, a,
			a + (uint32_t)(testing_random(&seed) % (len - a + 1)),
			(uint8_t)(testing_random(&seed) % 2));
	}
}

/* A burst of any length gives each packet the event that it has alone, and counts them all. */
static void
bursts(void **state)
{
	struct weir_parse_burst burst = { .size = sizeof(burst),
		.tsc = 7,
		.port = 3,
		.queue = 2,
		.hash_key = packet_hash_key };
	struct packet packets[FRAMES];
	struct rte_mbuf *mbufs[FRAMES] = { NULL };
	struct weir_event alone, *event;
	uint64_t counted = 0;
	unsigned int i, n, total = 0;
	struct frame f;

	(void)state;
	for (n = 0; n <= FRAMES; n++, total += n - 1) {
		for (i = 0; i < n; i++) {
			frames_get((i + n) % FRAMES, &f);
			mbufs[i] = packet_make(&packets[i], frame_bytes(&f), frame_len(&f), 0, 0);
		}
		weir_parse(mbufs, (uint16_t)n, &burst);
		for (i = 0; i < n; i++) {
			frames_get((i + n) % FRAMES, &f);
			alone = parse_cut(frame_bytes(&f), frame_len(&f), 0, 0, WEIR_PARSE_INNER);
			event = weir_mbuf_event(mbufs[i]);
			event->flags &= ~WEIR_EVENT_PRISTINE;
			assert_memory_equal(event, &alone, sizeof(alone));
			packet_free(&packets[i]);
		}
	}
	for (i = 0; i < WEIR_VERDICT_MAX; i++)
		counted += burst.verdicts[i];
	assert_int_equal(counted, total);
}

/* Frames of many segments are longer than 16 bits can say: nothing wraps. */
static void
huge(void **state)
{
	static uint8_t bytes[3 * UINT16_MAX];
	struct weir_event event;
	struct frame f;

	(void)state;
	tcp4(&f);
	put16(frame_bytes(&f) + 2, UINT16_MAX);
	ether(&f, 0x0800);
	memcpy(bytes, frame_bytes(&f), frame_len(&f));
	event = parse_cut(bytes, sizeof(bytes), UINT16_MAX, 2 * UINT16_MAX, WEIR_PARSE_INNER);
	assert_int_equal(event.len, sizeof(bytes));
	assert_int_equal(event.verdict, WEIR_VERDICT_OK);
	assert_int_equal(event.payload_off, 54);
	assert_int_equal(event.payload_len, UINT16_MAX - 40);

	payload(&f, 0);
	udp(&f, 1, 2);
	put16(frame_bytes(&f) + 4, 0);
	jumbo(&f, IPPROTO_UDP, UINT32_MAX);
	ipv6(&f, IPPROTO_HOPOPTS);
	no_length(&f);
	ether(&f, 0x86dd);
	memcpy(bytes, frame_bytes(&f), frame_len(&f));
	event = parse_cut(bytes, sizeof(bytes), UINT16_MAX, 2 * UINT16_MAX, WEIR_PARSE_INNER);
	assert_int_equal(event.verdict, WEIR_VERDICT_OK);
	assert_int_equal(event.payload_off, 70);
	assert_int_equal(event.payload_len, 3 * UINT16_MAX - 70);
}

/* IPv6 in IPv6, each with as many and as long extension headers as are followed. */
static uint32_t
long_headers(uint8_t *bytes, unsigned int layers)
{
	uint32_t at = 14;

	put16(bytes + 12, 0x86dd);
	for (; layers > 0; layers--) {
		bytes[at] = 0x60;
		put16(bytes + at + 4, UINT16_MAX);
		bytes[at + 6] = IPPROTO_DSTOPTS;
		at += 40;
		for (unsigned int i = 0; i < WEIR_PARSE_MAX_EXT; i++, at += 2048) {
			bytes[at] = IPPROTO_DSTOPTS;
			bytes[at + 1] = UINT8_MAX;
		}
		bytes[at - 2048] = layers > 1 ? IPPROTO_IPV6 : IPPROTO_UDP;
	}
	put16(bytes + at + 4, 8 + 100);
	return at;
}

/* Headers are followed as far as an offset can say, and are cut off there. */
static void
far(void **state)
{
	static uint8_t bytes[2 * UINT16_MAX];
	struct weir_event event;
	uint32_t at;

	(void)state;
	at = long_headers(bytes, 3);
	event = parse_cut(bytes, sizeof(bytes), UINT16_MAX, UINT16_MAX, WEIR_PARSE_INNER);
	assert_int_equal(event.verdict, WEIR_VERDICT_OK);
	assert_int_equal(event.l4_off, at);
	assert_int_equal(event.payload_len, 100);

	memset(bytes, 0, sizeof(bytes));
	at = long_headers(bytes, 4);
	assert_true(at > UINT16_MAX);
	event = parse_cut(bytes, sizeof(bytes), UINT16_MAX, UINT16_MAX, WEIR_PARSE_INNER);
	assert_int_equal(event.verdict, WEIR_VERDICT_TRUNC_L3);
	assert_int_equal(event.l3_off, at - (40 + WEIR_PARSE_MAX_EXT * 2048));
	assert_int_equal(event.l4_off, 0);
	assert_int_equal(event.payload_len, 0);
}

int
main(void)
{
	static struct weir_hash_key hash_key;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments),
		cmocka_unit_test(bursts),
		cmocka_unit_test(huge),
		cmocka_unit_test(far),
		cmocka_unit_test(mutations),
	};

	weir_hash_key_init(&hash_key, 9);
	packet_hash_key = &hash_key;
	return cmocka_run_group_tests_name("parse random", tests, NULL, NULL);
}
