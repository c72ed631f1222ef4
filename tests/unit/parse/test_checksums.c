/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Wrong checksums: what the port says of them, and what weir finds, against sums that are made here. */
#include "testing.h"

#include "frames.h"
#include "packet.h"

#define BAD (WEIR_EVENT_BAD_L3_CKSUM | WEIR_EVENT_BAD_L4_CKSUM)
#define L3 WEIR_EVENT_BAD_L3_CKSUM
#define L4 WEIR_EVENT_BAD_L4_CKSUM
#define RUNS 20000

/* Of n bytes, big-endian words, an odd one filled up with 0. */
static uint32_t
sum_of(const uint8_t *bytes, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static uint16_t
folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static size_t
cksum_at(uint8_t proto)
{
	return proto == IPPROTO_TCP ? 16 : proto == IPPROTO_UDP ? 6 : 2;
}

/* L4 of a packet that begins with IP, at `off`: its right checksum. */
static void
l4_right(uint8_t *ip, size_t off, size_t end, uint8_t proto)
{
	uint8_t *at = ip + off + cksum_at(proto);
	bool v4 = *ip >> 4 == 4;
	uint32_t sum = 0;

	put16(at, 0);
	if (proto != IPPROTO_ICMP)
		sum = sum_of(ip + (v4 ? 12 : 8), v4 ? 8 : 32, proto + (uint32_t)(end - off));
	sum = sum_of(ip + off, end - off, sum);
	put16(at, folded(sum));
	if (proto == IPPROTO_UDP && folded(sum) == 0)
		put16(at, 0xffff);
}

static void
l3_right(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, folded(sum_of(ip, (ip[0] & 0xfu) * 4, 0)));
}

/* A packet of IP with right checksums. */
static void
right(struct frame *f, uint8_t version, uint8_t proto, size_t len)
{
	payload(f, len);
	for (size_t i = 0; i < len; i++)
		frame_bytes(f)[i] = (uint8_t)(i * 7 + 1);
	if (proto == IPPROTO_TCP)
		tcp(f, 40000, 80, 12);
	else if (proto == IPPROTO_UDP)
		udp(f, 40000, 80);
	else
		icmp(f, proto == IPPROTO_ICMP ? 8 : 128, 77);
	if (version == 4)
		ipv4(f, proto);
	else
		ipv6(f, proto);
	l4_right(frame_bytes(f), version == 4 ? 20 : 40, frame_len(f), proto);
	if (version == 4)
		l3_right(frame_bytes(f));
}

static void
around(struct frame *f)
{
	ether(f, *frame_bytes(f) >> 4 == 4 ? 0x0800 : 0x86dd);
}

/* What is found wrong of the first `len` bytes, in segments cut at a and b. */
static uint32_t
found(struct frame *f, uint32_t len, uint32_t a, uint32_t b, uint8_t checksum, uint64_t ol_flags)
{
	struct weir_parse_burst burst = { .size = sizeof(burst), .checksum = checksum };
	struct packet p;
	struct rte_mbuf *mbuf = packet_make(&p, frame_bytes(f), len, a, b);
	uint32_t flags;
	const char *wrong;

	mbuf->ol_flags = ol_flags;
	weir_parse(&mbuf, 1, &burst);
	flags = weir_mbuf_event(mbuf)->flags & BAD;
	wrong = packet_wrong(mbuf);
	packet_free(&p);
	if (wrong != NULL)
		fail_msg("%s", wrong);
	assert_int_equal(burst.bad_l3_checksum, !!(flags & L3));
	assert_int_equal(burst.bad_l4_checksum, !!(flags & L4));
	return flags;
}

static uint32_t
verify(struct frame *f)
{
	uint32_t len = frame_len(f), whole, cut;

	assert_int_equal(found(f, len, len, len, WEIR_PARSE_CHECKSUM_PORT, 0), 0);
	whole = found(f, len, len, len, WEIR_PARSE_CHECKSUM_VERIFY, 0);
	cut = found(f, len, len / 3, len / 2, WEIR_PARSE_CHECKSUM_VERIFY, 0);
	assert_int_equal(whole, cut);
	return whole;
}

/* Nobody looks, or the port has: it says. */
static void
port_says(void **state)
{
	struct frame f;
	uint32_t len;

	(void)state;
	right(&f, 4, IPPROTO_TCP, 20);
	frame_bytes(&f)[10] ^= 1;
	frame_bytes(&f)[50] ^= 1;
	around(&f);
	len = frame_len(&f);
	assert_int_equal(found(&f, len, 0, 0, WEIR_PARSE_CHECKSUM_OFF, 0), 0);
	assert_int_equal(found(&f, len, 0, 0, WEIR_PARSE_CHECKSUM_OFF,
				 RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD),
		0);
	assert_int_equal(found(&f, len, 0, 0, WEIR_PARSE_CHECKSUM_PORT, RTE_MBUF_F_RX_L4_CKSUM_BAD),
		L4);
	assert_int_equal(found(&f, len, 0, 0, WEIR_PARSE_CHECKSUM_VERIFY, 0), BAD);
	assert_int_equal(found(&f, len, 0, 0, WEIR_PARSE_CHECKSUM_VERIFY,
				 RTE_MBUF_F_RX_IP_CKSUM_GOOD),
		L4);
	assert_int_equal(found(&f, len, 0, 0, WEIR_PARSE_CHECKSUM_VERIFY,
				 RTE_MBUF_F_RX_L4_CKSUM_GOOD),
		L3);
	assert_int_equal(found(&f, len, 0, 0, WEIR_PARSE_CHECKSUM_VERIFY,
				 RTE_MBUF_F_RX_L4_CKSUM_NONE),
		L3);
	assert_int_equal(found(&f, len, 0, 0, WEIR_PARSE_CHECKSUM_VERIFY,
				 RTE_MBUF_F_RX_L4_CKSUM_BAD),
		BAD);
}

/* Each kind, right, and with any byte of it wrong. */
static void
kinds(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };
	struct frame f, g;

	(void)state;
	for (unsigned int i = 0; i < 12; i++) {
		uint8_t version = i & 1 ? 6 : 4, proto = protos[i / 4];
		size_t header = version == 4 ? 20 : 40;

		if (proto == IPPROTO_ICMP && version == 6)
			proto = IPPROTO_ICMPV6;
		right(&f, version, proto, 41 + (i & 2) / 2);
		around(&f);
		assert_int_equal(verify(&f), 0);
		for (size_t at = 14 + header + 8; at < frame_len(&f); at++) {
			/* TCP's data offset says where it ends. */
			if (proto == IPPROTO_TCP && at == 14 + header + 12)
				continue;
			g = f;
			frame_bytes(&g)[at] ^= 0x10;
			assert_int_equal(verify(&g), L4);
		}
		g = f;
		put16(frame_bytes(&g) + 14 + header + cksum_at(proto), 0x1234);
		assert_int_equal(verify(&g), L4);
		if (version == 6)
			continue;
		g = f;
		frame_bytes(&g)[14 + 8] ^= 1; /* TTL */
		assert_int_equal(verify(&g), L3);
	}
}

static void
udp_zero(void **state)
{
	struct frame f;

	(void)state;
	for (uint8_t version = 4; version <= 6; version += 2) {
		right(&f, version, IPPROTO_UDP, 30);
		put16(frame_bytes(&f) + (version == 4 ? 20 : 40) + 6, 0);
		around(&f);
		assert_int_equal(verify(&f), version == 4 ? 0 : L4);
	}
}

/* Over IPv6 a tunnel may leave it out: RFC 6935. */
static void
udp_zero_tunnel(void **state)
{
	static const struct {
		uint16_t sport, dport;
		bool right;
	} cases[] = { { 40000, 4789, true }, { 40000, 6081, true }, { 3544, 40000, true },
		{ 4789, 40000, false }, { 40000, 9000, false } };
	struct weir_vxlan_ports ports;
	struct frame f;

	(void)state;
	assert_int_equal(weir_vxlan_ports_init(&ports, (const uint16_t[]){ 9000 }, 1), 0);
	for (unsigned int i = 0; i < 2 * RTE_DIM(cases); i++) {
		uint16_t sport = cases[i / 2].sport, dport = cases[i / 2].dport;
		bool listed = i & 1, right = cases[i / 2].right;
		struct weir_parse_burst burst = { .size = sizeof(burst),
			.tunnel = WEIR_PARSE_OUTER,
			.checksum = WEIR_PARSE_CHECKSUM_VERIFY,
			.vxlan_ports = listed ? &ports : NULL };
		struct packet p;
		struct rte_mbuf *mbuf;

		payload(&f, 40);
		udp(&f, sport, dport);
		ipv6(&f, IPPROTO_UDP);
		around(&f);
		mbuf = packet_make(&p, frame_bytes(&f), frame_len(&f), 0, 0);
		weir_parse(&mbuf, 1, &burst);
		packet_free(&p);
		/* A list says which ports are VXLAN's. */
		if (listed && (dport == 4789 || dport == 9000))
			right = !right;
		if (burst.bad_l4_checksum != !right)
			fail_msg("%u > %u, listed %u: wrong or not", sport, dport, listed);
	}
}

/* A packet that has padding behind it, or a UDP length that is shorter than IP's. */
static void
padded(void **state)
{
	struct frame f, g;

	(void)state;
	right(&f, 4, IPPROTO_TCP, 3);
	g = f;
	payload(&f, 20);
	memcpy(push(&f, frame_len(&g)), frame_bytes(&g), frame_len(&g));
	around(&f);
	assert_int_equal(verify(&f), 0);
	right(&f, 4, IPPROTO_UDP, 30);
	put16(frame_bytes(&f) + 20 + 4, 8 + 11);
	l4_right(frame_bytes(&f), 20, 20 + 8 + 11, IPPROTO_UDP);
	around(&f);
	assert_int_equal(verify(&f), 0);
}

/* What is not all there has a right header at most. */
static void
parts(void **state)
{
	struct frame f;
	uint32_t len;

	(void)state;
	right(&f, 4, IPPROTO_TCP, 100);
	frame_bytes(&f)[60] ^= 1;
	around(&f);
	len = frame_len(&f) - 1;
	assert_int_equal(found(&f, len, len, len, WEIR_PARSE_CHECKSUM_VERIFY, 0), 0);
	right(&f, 4, IPPROTO_UDP, 100);
	frame_bytes(&f)[60] ^= 1;
	put16(frame_bytes(&f) + 6, 0x2000);
	l3_right(frame_bytes(&f));
	around(&f);
	assert_int_equal(verify(&f), 0);
	frame_bytes(&f)[14 + 8] ^= 1;
	assert_int_equal(verify(&f), L3);
	/* What offload left unmade. */
	right(&f, 4, IPPROTO_TCP, 100);
	put16(frame_bytes(&f) + 20 + 16, 0x1234);
	no_length(&f);
	around(&f);
	assert_int_equal(verify(&f), 0);
}

/* The destination that is summed up is not the header's while a packet is on a source route. */
static void
routed(void **state)
{
	struct frame f;

	(void)state;
	for (unsigned int left = 0; left < 2; left++) {
		payload(&f, 20);
		tcp(&f, 1, 2, 0);
		extension(&f, IPPROTO_TCP, 2);
		frame_bytes(&f)[3] = (uint8_t)left;
		ipv6(&f, IPPROTO_ROUTING);
		around(&f);
		assert_int_equal(verify(&f), left ? 0 : L4);
		payload(&f, 20);
		tcp(&f, 1, 2, 0);
		ipv4_options(&f, IPPROTO_TCP, 8, 0);
		memcpy(frame_bytes(&f) + 20, left ? "\x01\x83\x07\x04" : "\x01\x07\x07\x04", 4);
		l3_right(frame_bytes(&f));
		around(&f);
		assert_int_equal(verify(&f), left ? 0 : L4);
	}
}

/* Nor is the source while a mobile node is away: the one that is summed up is its home address. */
static void
away(void **state)
{
	/* Of 20 bytes of padding; of the home address, in front of four of one each. */
	static const uint8_t options[][2] = { { 1, 20 }, { 201, 16 } };
	struct frame f;

	(void)state;
	for (unsigned int home = 0; home < RTE_DIM(options); home++) {
		payload(&f, 20);
		tcp(&f, 1, 2, 0);
		extension(&f, IPPROTO_TCP, 2);
		memcpy(frame_bytes(&f) + 2, options[home], 2);
		ipv6(&f, IPPROTO_DSTOPTS);
		around(&f);
		assert_int_equal(verify(&f), home ? 0 : L4);
	}
}

/* The keyed packet is looked at: that in a tunnel. */
static void
inside(void **state)
{
	struct frame f;

	(void)state;
	for (unsigned int wrong = 0; wrong < 2; wrong++) {
		right(&f, 4, IPPROTO_TCP, 50);
		frame_bytes(&f)[60] ^= (uint8_t)wrong;
		around(&f);
		vxlan(&f, 5);
		ipv4(&f, IPPROTO_UDP);
		around(&f);
		assert_int_equal(verify(&f), wrong ? L4 : 0);
		/* The port may mean what is around. */
		assert_int_equal(found(&f, frame_len(&f), 0, 0, WEIR_PARSE_CHECKSUM_VERIFY,
					 RTE_MBUF_F_RX_L4_CKSUM_GOOD),
			wrong ? L4 : 0);
	}
}

/* Any length, any cut; any byte changed is found but where two changes make up for each other. */
static void
at_random(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	uint64_t seed = testing_seed();
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < RUNS; i++) {
		uint8_t version = testing_random(&seed) & 1 ? 4 : 6;
		uint32_t len, at;

		right(&f, version, protos[testing_random(&seed) & 1], testing_random(&seed) % 1200);
		around(&f);
		len = frame_len(&f);
		assert_int_equal(verify(&f), 0);
		at = 14 + (version == 4 ? 20 : 40);
		at += (uint32_t)(testing_random(&seed) % 4);
		frame_bytes(&f)[at] ^= (uint8_t)(1u << testing_random(&seed) % 8);
		assert_int_equal(found(&f, len, len, len, WEIR_PARSE_CHECKSUM_VERIFY, 0), L4);
	}
}

/* Key-only leaves them alone, and whatever is parsed nothing is read beyond it. */
static void
others(void **state)
{
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < FRAMES; i++) {
		frames_get(i, &f);
		for (uint32_t len = 0; len <= frame_len(&f); len++)
			found(&f, len, len / 3, len / 2, WEIR_PARSE_CHECKSUM_VERIFY, 0);
	}
}

static void
key_only(void **state)
{
	struct weir_parse_burst burst = { .size = sizeof(burst),
		.depth = WEIR_PARSE_KEY_ONLY,
		.checksum = WEIR_PARSE_CHECKSUM_VERIFY };
	struct rte_mbuf *mbuf;
	struct packet p;
	struct frame f;

	(void)state;
	frames_get(0, &f);
	mbuf = packet_make(&p, frame_bytes(&f), frame_len(&f), 0, 0);
	weir_parse(&mbuf, 1, &burst);
	assert_int_equal(weir_mbuf_event(mbuf)->flags & BAD, 0);
	packet_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_says),
		cmocka_unit_test(parts),
		cmocka_unit_test(routed),
		cmocka_unit_test(away),
		cmocka_unit_test(udp_zero),
		cmocka_unit_test(udp_zero_tunnel),
		cmocka_unit_test(key_only),
		cmocka_unit_test(kinds),
		cmocka_unit_test(padded),
		cmocka_unit_test(inside),
		cmocka_unit_test(others),
		cmocka_unit_test(at_random),
	};

	return cmocka_run_group_tests_name("parse checksums", tests, NULL, NULL);
}
