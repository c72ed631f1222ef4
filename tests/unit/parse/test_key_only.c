/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What key-only says of a packet, against what a full parse says of the same bytes; and, as that
 * of a full parse, it is the same however the bytes are cut into segments.
 */
#include "testing.h"

#include "frames.h"
#include "mutate.h"
#include "packet.h"

#define MUTATIONS 200000

/* The event of a frame cut at a and b. */
static struct weir_event
parse_cut(const uint8_t *bytes, uint32_t len, uint32_t a, uint32_t b, uint8_t tunnel, uint8_t depth)
{
	struct weir_parse_burst burst = { .size = sizeof(burst),
		.tsc = 7,
		.port = 3,
		.queue = 2,
		.tunnel = tunnel,
		.depth = depth };
	struct packet p;
	struct rte_mbuf *mbuf = packet_make(&p, bytes, len, a, b);
	struct weir_event event;

	weir_parse(&mbuf, 1, &burst);
	event = *weir_mbuf_event(mbuf);
	packet_free(&p);
	assert_int_equal(burst.verdicts[event.verdict], 1);
	assert_int_equal(burst.key_only, depth == WEIR_PARSE_KEY_ONLY);
	event.flags &= ~WEIR_EVENT_PRISTINE;
	return event;
}

/* Both depths keep to each other; the verdict of key-only. */
static unsigned int
assert_kept(const uint8_t *bytes, uint32_t len, uint32_t a, uint32_t b, uint8_t tunnel)
{
	struct weir_event full = parse_cut(bytes, len, len, len, tunnel, WEIR_PARSE_FULL);
	struct weir_event whole = parse_cut(bytes, len, len, len, tunnel, WEIR_PARSE_KEY_ONLY);
	struct weir_event cut = parse_cut(bytes, len, a, b, tunnel, WEIR_PARSE_KEY_ONLY);
	const char *wrong = packet_wrong_key_only(&full, &whole);

	if (wrong != NULL)
		fail_msg("a frame of %u bytes: %s", len, wrong);
	if (memcmp(&whole, &cut, sizeof(whole)) != 0)
		fail_msg("a frame of %u bytes, cut at %u and %u, differs", len, a, b);
	return whole.verdict;
}

static unsigned int
verdict_of(struct frame *f, uint8_t depth)
{
	uint32_t len = frame_len(f);
	struct weir_event event = parse_cut(frame_bytes(f), len, len, len, WEIR_PARSE_INNER, depth);

	assert_kept(frame_bytes(f), len, 0, 0, WEIR_PARSE_INNER);
	assert_kept(frame_bytes(f), len, 0, 0, WEIR_PARSE_OUTER);
	return event.verdict;
}

/* Malformed in full, and OK key-only. */
static void
assert_unseen(struct frame *f, unsigned int verdict)
{
	assert_int_equal(verdict_of(f, WEIR_PARSE_FULL), verdict);
	assert_int_equal(verdict_of(f, WEIR_PARSE_KEY_ONLY), WEIR_VERDICT_OK);
}

static void
assert_seen(struct frame *f, unsigned int verdict)
{
	assert_int_equal(verdict_of(f, WEIR_PARSE_FULL), verdict);
	assert_int_equal(verdict_of(f, WEIR_PARSE_KEY_ONLY), verdict);
}

/* TCP of which the data offset says `words`, in what an ethertype begins. */
static void
tcp_offset(struct frame *f, unsigned int words, uint16_t ethertype)
{
	payload(f, 10);
	tcp(f, 1234, 443, 0);
	frame_bytes(f)[12] = (uint8_t)(words << 4);
	if (ethertype == 0x0800)
		ipv4(f, IPPROTO_TCP);
	else
		ipv6(f, IPPROTO_TCP);
}

static void
unseen_tcp(void **state)
{
	static const uint16_t types[] = { 0x0800, 0x86dd };
	struct frame f;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(types); i++) {
		tcp_offset(&f, 4, types[i]);
		ether(&f, types[i]);
		assert_unseen(&f, WEIR_VERDICT_BAD_HDR_LEN);
		tcp_offset(&f, 15, types[i]);
		ether(&f, types[i]);
		assert_unseen(&f, WEIR_VERDICT_TRUNC_L4);
		tcp_offset(&f, 4, types[i]);
		tag(&f, 5, types[i]);
		ether(&f, 0x8100);
		assert_unseen(&f, WEIR_VERDICT_BAD_HDR_LEN);
		tcp_offset(&f, 4, types[i]);
		ipv6(&f, types[i] == 0x0800 ? IPPROTO_IPIP : IPPROTO_IPV6);
		ether(&f, 0x86dd);
		assert_unseen(&f, WEIR_VERDICT_BAD_HDR_LEN);
	}
}

/* UDP of which the length is none, to a port. */
static void
udp_length(struct frame *f, uint16_t port, uint32_t length)
{
	payload(f, 30);
	udp(f, 1000, port);
	put16(frame_bytes(f) + 4, length);
	ipv4(f, IPPROTO_UDP);
	ether(f, 0x0800);
}

static void
udp_lengths(void **state)
{
	static const uint16_t lengths[] = { 0, 7, 39, UINT16_MAX };
	static const uint16_t tunnels[] = { 4789, 6081, 2152 };
	struct frame f;
	unsigned int i, j;

	(void)state;
	for (i = 0; i < RTE_DIM(lengths); i++) {
		udp_length(&f, 53, lengths[i]);
		assert_unseen(&f, WEIR_VERDICT_BAD_TOTAL_LEN);
		for (j = 0; j < RTE_DIM(tunnels); j++) {
			udp_length(&f, tunnels[j], lengths[i]);
			assert_seen(&f, WEIR_VERDICT_BAD_TOTAL_LEN);
		}
	}
}

/* A header that is not all there is seen, by whichever length. */
static void
seen_l4(void **state)
{
	struct frame f;
	unsigned int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		tcp4(&f);
		put16(frame_bytes(&f) + 2, 20 + i);
		ether(&f, 0x0800);
		assert_seen(&f, WEIR_VERDICT_TRUNC_L4);
		payload(&f, 0);
		memset(push(&f, i), 0x50, i);
		ipv4(&f, IPPROTO_TCP);
		put16(frame_bytes(&f) + 2, 60);
		ether(&f, 0x0800);
		assert_seen(&f, WEIR_VERDICT_TRUNC_L4);
	}
	for (i = 1; i < 8; i++) {
		udp6(&f);
		put16(frame_bytes(&f) + 4, i);
		ether(&f, 0x86dd);
		assert_seen(&f, WEIR_VERDICT_TRUNC_L4);
	}
}

static void
seen_below_l4(void **state)
{
	struct frame f;

	(void)state;
	payload(&f, 3);
	ether(&f, 0x8100);
	assert_seen(&f, WEIR_VERDICT_TRUNC_L2);
	payload(&f, 60);
	ether(&f, 2);
	assert_seen(&f, WEIR_VERDICT_TRUNC_L2);
	payload(&f, 19);
	*frame_bytes(&f) = 0x45;
	ether(&f, 0x0800);
	assert_seen(&f, WEIR_VERDICT_TRUNC_L3);
	udp6(&f);
	ether(&f, 0x0800);
	assert_seen(&f, WEIR_VERDICT_BAD_VERSION);
	tcp4(&f);
	*frame_bytes(&f) = 0x44;
	ether(&f, 0x0800);
	assert_seen(&f, WEIR_VERDICT_BAD_HDR_LEN);
	tcp4(&f);
	put16(frame_bytes(&f) + 2, 19);
	ether(&f, 0x0800);
	assert_seen(&f, WEIR_VERDICT_BAD_TOTAL_LEN);
	payload(&f, 3);
	ipv4(&f, IPPROTO_GRE);
	ether(&f, 0x0800);
	assert_seen(&f, WEIR_VERDICT_TRUNC_TUNNEL);
}

static void
seen_depth(void **state)
{
	struct frame f;
	unsigned int i;

	(void)state;
	payload(&f, 4);
	udp(&f, 1, 2);
	for (i = 0; i <= WEIR_PARSE_MAX_EXT; i++)
		extension(&f, i == 0 ? IPPROTO_UDP : IPPROTO_DSTOPTS, 0);
	ipv6(&f, IPPROTO_DSTOPTS);
	ether(&f, 0x86dd);
	assert_seen(&f, WEIR_VERDICT_EXT_CHAIN);
	tcp4(&f);
	for (i = 0; i <= WEIR_PARSE_MAX_TUNNELS; i++)
		ipv4(&f, IPPROTO_IPIP);
	ether(&f, 0x0800);
	assert_seen(&f, WEIR_VERDICT_TOO_DEEP);
}

/* What is wrong within what a port or a nibble calls a tunnel leaves the outer key, as in full. */
static void
guesses(void **state)
{
	struct frame f;

	(void)state;
	tcp_offset(&f, 4, 0x0800);
	ether(&f, 0x0800);
	vxlan(&f, 5);
	ipv4(&f, IPPROTO_UDP);
	ether(&f, 0x0800);
	assert_seen(&f, WEIR_VERDICT_OK);
	tcp_offset(&f, 15, 0x0800);
	gtpu(&f, 5, false);
	ipv4(&f, IPPROTO_UDP);
	ether(&f, 0x0800);
	assert_seen(&f, WEIR_VERDICT_OK);
}

/* The checksum of the IPv4 header that the frame begins with, without options. */
static void
sum_ipv4(struct frame *f)
{
	uint8_t *ip = frame_bytes(f);
	uint32_t sum = 0;

	for (unsigned int i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	put16(ip + 10, ~(sum + (sum >> 16)) & 0xffff);
}

/* Behind a label; a frame that goes on behind its packet. */
static void
labelled(struct frame *f, uint32_t trailer)
{
	struct frame inside = *f;

	payload(f, trailer);
	memcpy(push(f, frame_len(&inside)), frame_bytes(&inside), frame_len(&inside));
	label(f, 16, true);
	ether(f, 0x8847);
}

/* What is IP for sure below MPLS is no guess: it is as wrong there as anywhere. */
static void
below_labels(void **state)
{
	static const uint16_t types[] = { 0x0800, 0x86dd };
	struct frame f;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(types); i++) {
		tcp_offset(&f, 4, types[i]);
		labelled(&f, 0);
		assert_unseen(&f, WEIR_VERDICT_BAD_HDR_LEN);
		/* A frame within, behind a control word */
		tcp_offset(&f, 4, types[i]);
		ether(&f, types[i]);
		put32(push(&f, 4), 0);
		labelled(&f, 0);
		assert_unseen(&f, WEIR_VERDICT_BAD_HDR_LEN);
		/* A tunnel's port around makes a guess of all that is in it. */
		tcp_offset(&f, 4, types[i]);
		labelled(&f, 0);
		vxlan(&f, 5);
		ipv4(&f, IPPROTO_UDP);
		ether(&f, 0x0800);
		assert_seen(&f, WEIR_VERDICT_OK);
		tcp_offset(&f, 4, types[i]);
		labelled(&f, 8);
		assert_seen(&f, WEIR_VERDICT_OK);
	}
	/* With padding it is sure by its checksum, which IPv6 has not. */
	tcp_offset(&f, 4, 0x0800);
	sum_ipv4(&f);
	labelled(&f, 8);
	assert_unseen(&f, WEIR_VERDICT_BAD_HDR_LEN);
	payload(&f, 30);
	udp(&f, 1000, 6081);
	put16(frame_bytes(&f) + 4, 7);
	ipv4(&f, IPPROTO_UDP);
	labelled(&f, 0);
	assert_seen(&f, WEIR_VERDICT_BAD_TOTAL_LEN);
	payload(&f, 3);
	ipv4(&f, IPPROTO_GRE);
	labelled(&f, 0);
	assert_seen(&f, WEIR_VERDICT_TRUNC_TUNNEL);
}

/* Every frame, and what is left of it when it ends after any byte. */
static void
frames(void **state)
{
	struct frame f;
	unsigned int i;
	uint32_t len;

	(void)state;
	for (i = 0; i < FRAMES; i++) {
		frames_get(i, &f);
		assert_seen(&f, WEIR_VERDICT_OK);
		for (len = 0; len < frame_len(&f); len++) {
			assert_kept(frame_bytes(&f), len, len / 3, len / 2, WEIR_PARSE_INNER);
			assert_kept(frame_bytes(&f), len, len / 3, len / 2, WEIR_PARSE_OUTER);
		}
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
		assert_kept(frame_bytes(&f), len, a,
			a + (uint32_t)(testing_random(&seed) % (len - a + 1)),
			(uint8_t)(testing_random(&seed) % 2));
	}
}

/* What the NIC and the mbuf say goes into the flags as in full; the tag itself does not. */
static void
offloads(void **state)
{
	const uint64_t tags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	struct weir_parse_burst burst = { .size = sizeof(burst), .depth = WEIR_PARSE_KEY_ONLY };
	const struct weir_event *event;
	struct rte_mbuf *mbuf;
	struct packet p;
	struct frame f;

	(void)state;
	frames_get(0, &f);
	mbuf = packet_make(&p, frame_bytes(&f), frame_len(&f), 0, 0);
	mbuf->ol_flags = tags | RTE_MBUF_F_RX_L4_CKSUM_BAD;
	mbuf->vlan_tci = 77;
	weir_parse(&mbuf, 1, &burst);
	event = weir_mbuf_event(mbuf);
	assert_int_equal(event->flags,
		WEIR_EVENT_PRISTINE | WEIR_EVENT_KEYED | WEIR_EVENT_IPV4 |
			WEIR_EVENT_VLAN_STRIPPED | WEIR_EVENT_BAD_L4_CKSUM);
	assert_int_equal(weir_event_vlan_count(event), 0);
	assert_int_equal(event->vlan[0], 0);
	assert_int_equal(event->pool, weir_pool_index(mbuf->pool));
	mbuf->ol_flags = 0;
	weir_parse(&mbuf, 1, &burst);
	assert_int_equal(event->flags, WEIR_EVENT_PRISTINE | WEIR_EVENT_KEYED | WEIR_EVENT_IPV4);
	assert_int_equal(event->pool, weir_pool_index(mbuf->pool));
	packet_free(&p);
}

/* The depth is of a burst, and counts its packets; what is no depth is full. */
static void
counts(void **state)
{
	static const uint8_t depths[] = { WEIR_PARSE_KEY_ONLY, WEIR_PARSE_FULL, 2,
		WEIR_PARSE_KEY_ONLY, UINT8_MAX };
	struct weir_parse_burst burst = { .size = sizeof(burst), .tsc = 7 };
	uint64_t key_only = 0, counted = 0, parsed = 0;
	struct packet packets[FRAMES];
	struct rte_mbuf *mbufs[FRAMES];
	struct frame f;
	unsigned int i;
	uint16_t n;

	(void)state;
	for (i = 0; i < FRAMES; i++) {
		frames_get(i, &f);
		mbufs[i] = packet_make(&packets[i], frame_bytes(&f), frame_len(&f), 0, 0);
	}
	for (i = 0; i < RTE_DIM(depths); i++) {
		for (n = 0; n <= FRAMES; n++) {
			burst.depth = depths[i];
			weir_parse(mbufs, n, &burst);
			parsed += n;
			key_only += depths[i] == WEIR_PARSE_KEY_ONLY ? n : 0;
			assert_int_equal(burst.key_only, key_only);
		}
		assert_int_equal(weir_mbuf_event(mbufs[0])->l3_off,
			depths[i] == WEIR_PARSE_KEY_ONLY ? 0 : 14);
	}
	for (i = 0; i < WEIR_VERDICT_MAX; i++)
		counted += burst.verdicts[i];
	assert_int_equal(counted, parsed);
	for (i = 0; i < FRAMES; i++)
		packet_free(&packets[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unseen_tcp),
		cmocka_unit_test(udp_lengths),
		cmocka_unit_test(seen_l4),
		cmocka_unit_test(seen_below_l4),
		cmocka_unit_test(seen_depth),
		cmocka_unit_test(guesses),
		cmocka_unit_test(below_labels),
		cmocka_unit_test(offloads),
		cmocka_unit_test(counts),
		cmocka_unit_test(frames),
		cmocka_unit_test(mutations),
	};

	return cmocka_run_group_tests_name("parse key-only", tests, NULL, NULL);
}
