/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The flow hash: the same both ways, and even where addresses and ports are not. */
#include "testing.h"

#include <rte_byteorder.h>

#include "parse/hash.h"
#include "parse/parse.h"

#define FLOWS 65536
#define BUCKETS 256
#define SAMPLES 2000

static struct weir_key
flow(uint8_t version, uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport)
{
	struct weir_key key = {
		.sport = rte_cpu_to_be_16(sport),
		.dport = rte_cpu_to_be_16(dport),
		.proto = 6,
		.ip_version = version,
	};

	if (version == 4)
		memset(key.src + 10, 0xff, 2), memset(key.dst + 10, 0xff, 2);
	else
		memcpy(key.src, "\x20\x01\x0d\xb8", 4), memcpy(key.dst, "\x20\x01\x0d\xb8", 4);
	src = rte_cpu_to_be_32(src);
	dst = rte_cpu_to_be_32(dst);
	memcpy(key.src + 12, &src, 4);
	memcpy(key.dst + 12, &dst, 4);
	return key;
}

static struct weir_key
backwards(const struct weir_key *key)
{
	struct weir_key back = *key;

	memcpy(back.src, key->dst, sizeof(back.src));
	memcpy(back.dst, key->src, sizeof(back.dst));
	back.sport = key->dport;
	back.dport = key->sport;
	return back;
}

static struct weir_key
random_key(uint8_t version, uint64_t *seed)
{
	struct weir_key key = flow(version, 0, 0, 0, 0);
	unsigned int i;

	for (i = version == 4 ? 12 : 0; i < 16; i++) {
		key.src[i] = (uint8_t)testing_random(seed);
		key.dst[i] = (uint8_t)testing_random(seed);
	}
	key.sport = (uint16_t)testing_random(seed);
	key.dport = (uint16_t)testing_random(seed);
	key.proto = (uint8_t)testing_random(seed);
	return key;
}

static void
symmetric(void **state)
{
	uint64_t seed = testing_seed();
	struct weir_key key, back;
	unsigned int i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		key = random_key(i % 2 ? 4 : 6, &seed);
		back = backwards(&key);
		assert_int_equal(key_hash(&key), key_hash(&back));
	}
}

/* Flows that hashes which xor or add their ends confuse. */
static void
distinct(void **state)
{
	const struct weir_key keys[] = {
		flow(4, 0x0a000001, 0x0a000002, 1, 1),
		flow(4, 0x0a000101, 0x0a000102, 1, 1),
		flow(4, 0x0a000001, 0x0a000002, 2, 2),
		flow(4, 0x0a000001, 0x0a000002, 1, 3),
		flow(4, 0x0a000001, 0x0a000002, 3, 1),
		flow(4, 0x0a000002, 0x0a000003, 1, 1),
		flow(4, 0x0a000001, 0x0a000001, 1, 1),
		flow(4, 0x0a000002, 0x0a000002, 1, 1),
		flow(6, 0x0a000001, 0x0a000001, 1, 1),
		flow(6, 0x0a000001, 0x0a000002, 1, 1),
	};
	unsigned int i, j;

	(void)state;
	for (i = 0; i < RTE_DIM(keys); i++)
		for (j = 0; j < i; j++)
			assert_int_not_equal(key_hash(&keys[i]), key_hash(&keys[j]));
}

/* Which parts of a key count up, and by what; the others stand still. */
static const struct {
	uint32_t src, dst;
	uint16_t sport, dport;
} patterns[] = {
	{ 1, 0, 0, 0 },
	{ 0, 1, 0, 0 },
	{ 0, 0, 1, 0 },
	{ 0, 0, 0, 1 },
	{ 1, 1, 0, 0 },
	{ 1, 0, 1, 0 },
	{ 0, 0, 1, 1 },
	{ 1, 1, 1, 1 },
	{ 256, 0, 0, 0 },
	{ 65536, 0, 0, 0 },
	{ 0, 256, 2, 0 },
	{ 2, 0, 0, 0 },
};

static double
chi_square(unsigned int pattern, uint8_t version, unsigned int shift)
{
	const double expected = (double)FLOWS / BUCKETS;
	unsigned int count[BUCKETS] = { 0 };
	struct weir_key key;
	double sum = 0;
	uint32_t i;

	for (i = 0; i < FLOWS; i++) {
		key = flow(version, 0x0a000001 + i * patterns[pattern].src,
			0xc0a80101 + i * patterns[pattern].dst,
			(uint16_t)(1024 + i * patterns[pattern].sport),
			(uint16_t)(443 + i * patterns[pattern].dport));
		count[key_hash(&key) >> shift & (BUCKETS - 1)]++;
	}
	for (i = 0; i < BUCKETS; i++)
		sum += (count[i] - expected) * (count[i] - expected) / expected;
	return sum;
}

/* Chance gives 255 with a deviation of 23; anything even is welcome below. */
static void
even(void **state)
{
	unsigned int i, shift;
	uint8_t version;
	double chi;

	(void)state;
	for (i = 0; i < RTE_DIM(patterns); i++)
		for (version = 4; version <= 6; version += 2)
			for (shift = 0; shift <= 24; shift += 4) {
				chi = chi_square(i, version, shift);
				if (chi > 255 + 6 * 23)
					fail_msg("pattern %u, IPv%u, bits from %u: chi-square %.0f",
						i, version, shift, chi);
			}
}

/* Of random keys, the flips of each bit of the hash when one bit of the key flips. */
static void
flips_of(uint8_t version, unsigned int byte, unsigned int bit, uint64_t *seed)
{
	unsigned int flips[32] = { 0 }, i, out;
	struct weir_key key;
	uint32_t h;

	for (i = 0; i < SAMPLES; i++) {
		key = random_key(version, seed);
		h = key_hash(&key);
		((uint8_t *)&key)[byte] ^= (uint8_t)(1u << bit);
		h ^= key_hash(&key);
		for (out = 0; out < 32; out++)
			flips[out] += h >> out & 1;
	}
	for (out = 0; out < 32; out++)
		if (flips[out] < SAMPLES * 2 / 5 || flips[out] > SAMPLES * 3 / 5)
			fail_msg("IPv%u, byte %u, bit %u: bit %u of the hash flips %u times of %u",
				version, byte, bit, out, flips[out], SAMPLES);
}

static void
avalanche(void **state)
{
	uint64_t seed = testing_seed();
	unsigned int byte, bit;

	(void)state;
	for (byte = 0; byte < offsetof(struct weir_key, ip_version); byte++)
		for (bit = 0; bit < 8; bit++) {
			flips_of(6, byte, bit, &seed);
			if (byte >= 32 || byte % 16 >= 12)
				flips_of(4, byte, bit, &seed);
		}
}

/* Sequential flows collide no more than random numbers of 32 bits do. */
static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
collisions(void **state)
{
	static uint32_t hashes[FLOWS * 16];
	unsigned int i, same = 0;
	struct weir_key key;

	(void)state;
	for (i = 0; i < RTE_DIM(hashes); i++) {
		key = flow(4, 0x0a000000 + i / 64, 0xc0a80101 + i % 7, (uint16_t)(1024 + i % 64),
			443);
		hashes[i] = key_hash(&key);
	}
	qsort(hashes, RTE_DIM(hashes), sizeof(hashes[0]), by_value);
	for (i = 1; i < RTE_DIM(hashes); i++)
		same += hashes[i] == hashes[i - 1];
	/* 2^20 numbers of 2^32: 128 pairs by chance, give or take 11. */
	assert_in_range(same, 0, 128 + 8 * 11);
}

/* CPUs with and without the instruction find the same. */
static void
soft_crc(void **state)
{
	uint64_t seed = testing_seed(), v;
	uint32_t crc;
	unsigned int i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		v = testing_random(&seed);
		crc = (uint32_t)testing_random(&seed);
		assert_int_equal(hash_crc_soft(crc, v, 2), HASH_CRC16(crc, (uint16_t)v));
		assert_int_equal(hash_crc_soft(crc, v, 4), HASH_CRC32(crc, (uint32_t)v));
		assert_int_equal(hash_crc_soft(crc, v, 8), (uint32_t)HASH_CRC64(crc, v));
	}
	/* The check value of CRC-32C, of "123456789", less its last byte. */
	assert_int_equal(~hash_crc_soft(hash_crc_soft(~0u, UINT64_C(0x3837363534333231), 8), '9',
				 1),
		0xe3069283u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symmetric),
		cmocka_unit_test(distinct),
		cmocka_unit_test(even),
		cmocka_unit_test(avalanche),
		cmocka_unit_test(collisions),
		cmocka_unit_test(soft_crc),
	};

	return cmocka_run_group_tests_name("parse hash", tests, NULL, NULL);
}
