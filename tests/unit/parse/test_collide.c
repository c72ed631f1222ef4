/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Flows that were built to meet: a million for a hash of CRCs, where they do meet, and families whose
 * sums, products or differing bits are alike, for the multiplications of ours. All fall as random
 * flows do.
 */
#include "testing.h"

#include "flows.h"

#define SIDE 1000u
#define MILLION (SIDE * SIDE)
#define CRC32C 0x82f63b78u

static const uint64_t seeds[] = { 0, 1, UINT64_C(0x6b8fd1ce49c3a7e5) };

/* CRC-32C over bytes, and what it was before the last n of them. */
static uint32_t
crc(uint32_t state, const void *bytes, unsigned int n)
{
	const uint8_t *at = bytes;

	for (; n > 0; n--) {
		state ^= *at++;
		for (unsigned int bit = 0; bit < 8; bit++)
			state = state >> 1 ^ (CRC32C & (0 - (state & 1)));
	}
	return state;
}

static uint32_t
crc_undo(uint32_t state, const void *bytes, unsigned int n)
{
	const uint8_t *at = bytes;

	while (n-- > 0) {
		for (unsigned int bit = 0; bit < 8; bit++)
			state = state >> 31 ? (state ^ CRC32C) << 1 | 1 : state << 1;
		state ^= at[n];
	}
	return state;
}

/* A hash of CRCs: of address and port of each end, and of the product of both. */
static uint32_t
crc_end(const struct weir_key *key, const uint8_t *addr, const rte_be16_t *port)
{
	unsigned int unused = key->ip_version == 4 ? 12 : 0;

	return crc(crc(0x9e3779b9u ^ key->proto, addr + unused, 16 - unused), port, 2);
}

static uint32_t
crc_hash(const struct weir_key *key)
{
	uint64_t product =
		(uint64_t)crc_end(key, key->src, &key->sport) * crc_end(key, key->dst, &key->dport);
	uint8_t bytes[8];

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(product >> 8 * i);
	return crc(0, bytes, sizeof(bytes));
}

/*
 * Make the last four bytes of an address such that its end's CRC is `crc_wanted`: the four bytes and
 * the state before them are added up, so that there are some for every state, port and, were there
 * one, seed.
 */
static void
end_solve(const struct weir_key *key, uint8_t *addr, const rte_be16_t *port, uint32_t crc_wanted)
{
	unsigned int unused = key->ip_version == 4 ? 12 : 0;
	uint32_t before = crc(0x9e3779b9u ^ key->proto, addr + unused, 12 - unused);
	uint8_t zero[4] = { 0 };
	uint32_t last = crc_undo(crc_undo(crc_wanted, port, 2), zero, 4) ^ before;

	for (unsigned int i = 0; i < 4; i++)
		addr[12 + i] = (uint8_t)(last >> 8 * i);
}

/* One of a million flows of one hash of CRCs: IPv4 by ports, IPv6 by the addresses' first halves. */
static struct weir_key
crc_flow(uint8_t version, uint32_t i)
{
	uint16_t a = (uint16_t)(i / SIDE), b = (uint16_t)(i % SIDE);
	struct weir_key key = flow(version, 0, 0, version == 4 ? a : 1024, version == 4 ? b : 443);

	if (version == 6) {
		memcpy(key.src + 6, &a, sizeof(a));
		memcpy(key.dst + 6, &b, sizeof(b));
	}
	end_solve(&key, key.src, &key.sport, 0x12345678);
	end_solve(&key, key.dst, &key.dport, 0x9abcdef1);
	return key;
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static unsigned int
pairs_alike(uint32_t hashes[], unsigned int n)
{
	unsigned int same = 0;

	qsort(hashes, n, sizeof(hashes[0]), by_value);
	for (unsigned int i = 1; i < n; i++)
		same += hashes[i] == hashes[i - 1];
	return same;
}

static void
crc_flows(uint8_t version)
{
	static uint32_t hashes[RTE_DIM(seeds)][MILLION];
	struct counts counts[RTE_DIM(seeds)];
	struct weir_key key = crc_flow(version, 0);
	uint32_t met = crc_hash(&key);
	unsigned int i, s;

	for (s = 0; s < RTE_DIM(seeds); s++)
		counts_init(&counts[s], seeds[s]);
	for (i = 0; i < MILLION; i++) {
		key = crc_flow(version, i);
		if (crc_hash(&key) != met)
			fail_msg("flow %u is not one of those that meet", i);
		for (s = 0; s < RTE_DIM(seeds); s++)
			hashes[s][i] = counts_add(&counts[s], &key);
	}
	for (s = 0; s < RTE_DIM(seeds); s++) {
		counts_assert_even(&counts[s], "IPv", version);
		/* A million numbers of 2^32: 116 pairs by chance, give or take 11. */
		assert_in_range(pairs_alike(hashes[s], MILLION), 50, 182);
	}
}

static void
crc_ipv4(void **state)
{
	(void)state;
	crc_flows(4);
}

static void
crc_ipv6(void **state)
{
	(void)state;
	crc_flows(6);
}

/* The IPv4 flow of two ends as the hash reads them: address, and port above 48 bits. */
static struct weir_key
ends4(uint64_t a, uint64_t b)
{
	return flow(4, rte_bswap32((uint32_t)a), rte_bswap32((uint32_t)b),
		rte_bswap16((uint16_t)(a >> 48)), rte_bswap16((uint16_t)(b >> 48)));
}

/* The IPv6 flow of two ends' halves, as the hash reads them; ports 0. */
static struct weir_key
ends6(uint64_t high, uint64_t low, uint64_t other_high, uint64_t other_low)
{
	const uint64_t halves[4] = { high, low, other_high, other_low };
	struct weir_key key = flow(6, 0, 0, 0, 0);

	for (unsigned int i = 0; i < 32; i++)
		((uint8_t *)&key)[i] = (uint8_t)(halves[i / 8] >> i % 8 * 8);
	return key;
}

#define A UINT64_C(0x3039000001bb0a0a)
#define B UINT64_C(0x01bb00000a02a8c0)

/* Families of flows, by i: what all of one have in common is the sum, say, of both ends. */
static struct weir_key
same_sum4(uint64_t i)
{
	return ends4(A + i, B - i);
}

static struct weir_key
same_difference4(uint64_t i)
{
	return ends4(A + i, B + i);
}

static struct weir_key
same_bits4(uint64_t i)
{
	return ends4(A ^ i * 7919, B ^ i * 7919);
}

static struct weir_key
same_port_sum4(uint64_t i)
{
	return ends4(A + (i << 48), B - (i << 48));
}

static struct weir_key
equal_ends4(uint64_t i)
{
	return ends4(A + i, A + i);
}

static struct weir_key
same_sum6(uint64_t i)
{
	return ends6(A, B + i, A, B - i);
}

static struct weir_key
same_bits6(uint64_t i)
{
	return ends6(A ^ i, B ^ i, A ^ i, ~B ^ i);
}

static struct weir_key
equal_ends6(uint64_t i)
{
	return ends6(A, B + i, A, B + i);
}

/* Top bits of factors, which a product mod 2^64 would not hand on. */
static struct weir_key
top_bits6(uint64_t i)
{
	return ends6(A ^ i << 48, B ^ i << 48, A, B);
}

/* What the halves of one end have in common, too. */
static struct weir_key
same_halves6(uint64_t i)
{
	return ends6(A + i, B - i, B + i, A - i);
}

static void
families(void **state)
{
	static const struct {
		const char *name;
		struct weir_key (*flow)(uint64_t i);
	} family[] = {
		{ "same sum, IPv4", same_sum4 },
		{ "same difference, IPv4", same_difference4 },
		{ "same bits flipped, IPv4", same_bits4 },
		{ "same sum of ports, IPv4", same_port_sum4 },
		{ "equal ends, IPv4", equal_ends4 },
		{ "same sum, IPv6", same_sum6 },
		{ "same bits flipped, IPv6", same_bits6 },
		{ "equal ends, IPv6", equal_ends6 },
		{ "top bits, IPv6", top_bits6 },
		{ "same sums of halves, IPv6", same_halves6 },
	};
	static uint32_t hashes[1 << 16];
	struct counts counts;

	(void)state;
	for (unsigned int f = 0; f < RTE_DIM(family); f++)
		for (unsigned int s = 0; s < RTE_DIM(seeds); s++) {
			counts_init(&counts, seeds[s]);
			for (unsigned int i = 0; i < RTE_DIM(hashes); i++) {
				struct weir_key key = family[f].flow(i);

				hashes[i] = counts_add(&counts, &key);
			}
			counts_assert_even(&counts, family[f].name, f);
			/* 0.5 by chance. */
			assert_in_range(pairs_alike(hashes, RTE_DIM(hashes)), 0, 6);
		}
}

/* Ends of one product: all ways to part 2^5 3^3 5^2 7 11 13 17 19 23 29 into two factors. */
static void
same_product(void **state)
{
	static const uint8_t factors[] = { 2, 2, 2, 2, 2, 3, 3, 3, 5, 5, 7, 11, 13, 17, 19, 23,
		29 };
	static uint32_t hashes[1 << RTE_DIM(factors)];
	struct weir_hash_key hash_key;
	unsigned int n, s, i, f;

	(void)state;
	for (s = 0; s < RTE_DIM(seeds); s++) {
		weir_hash_key_init(&hash_key, seeds[s]);
		for (i = 0, n = 0; i < RTE_DIM(hashes); i++) {
			uint64_t a = 1, b = 1;
			struct weir_key key;

			for (f = 0; f < RTE_DIM(factors); f++)
				*(i >> f & 1 ? &a : &b) *= factors[f];
			/* Each once: equal factors from the first one on, and not both ways round. */
			if ((~i & i >> 1 & 0xf) != 0 || (~i & i >> 1 & 0x60) != 0 ||
				(~i & i >> 1 & 0x100) != 0 || a > UINT32_MAX || b > UINT32_MAX ||
				a > b)
				continue;
			key = ends4(a, b);
			hashes[n++] = weir_key_hash(&hash_key, &key);
		}
		assert_in_range(n, 1000, RTE_DIM(hashes));
		assert_int_equal(pairs_alike(hashes, n), 0);
	}
}

/* Flows that are made of the same parts are different ones. */
static void
distinct(void **state)
{
	struct weir_key mapped = flow(4, 0x0a000001, 0x0a000002, 1, 1);
	const struct weir_key keys[] = {
		flow(4, 0x0a000001, 0x0a000002, 1, 1),
		flow(4, 0x0a000101, 0x0a000102, 1, 1),
		flow(4, 0x0a000001, 0x0a000002, 2, 2),
		flow(4, 0x0a000001, 0x0a000002, 1, 3),
		flow(4, 0x0a000001, 0x0a000002, 3, 1),
		flow(4, 0x0a000002, 0x0a000003, 1, 1),
		flow(4, 0x0a000001, 0x0a000001, 1, 1),
		flow(4, 0x0a000002, 0x0a000002, 1, 1),
		flow(4, 0, 0, 0, 0),
		flow(6, 0x0a000001, 0x0a000001, 1, 1),
		flow(6, 0x0a000001, 0x0a000002, 1, 1),
		flow(6, 0x0a000001, 0x0a000002, 1, 3),
		flow(6, 0x0a000001, 0x0a000002, 3, 1),
		ends6(A, B, ~A, ~B),
		ends6(B, A, ~A, ~B),
		ends6(A, ~B, ~A, B),
		ends6(A, B, ~B, ~A),
		ends6(A, A, ~B, ~B),
		ends6(0, 0, 0, 0),
		(mapped.ip_version = 6, mapped), /* an IPv6 packet with such addresses */
		(mapped.proto = 17, mapped),
	};
	struct weir_hash_key hash_key;

	(void)state;
	for (unsigned int s = 0; s < RTE_DIM(seeds); s++) {
		weir_hash_key_init(&hash_key, seeds[s]);
		for (unsigned int i = 0; i < RTE_DIM(keys); i++)
			for (unsigned int j = 0; j < i; j++)
				assert_int_not_equal(weir_key_hash(&hash_key, &keys[i]),
					weir_key_hash(&hash_key, &keys[j]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distinct),
		cmocka_unit_test(families),
		cmocka_unit_test(same_product),
		cmocka_unit_test(crc_ipv4),
		cmocka_unit_test(crc_ipv6),
	};

	return cmocka_run_group_tests_name("parse collide", tests, NULL, NULL);
}
