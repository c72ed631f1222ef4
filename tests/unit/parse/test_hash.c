/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The flow hash: the same both ways and on every machine, another one by another seed, and as even
 * as chance where flows are anything but random.
 */
#include "testing.h"

#include <math.h>

#include <rte_byteorder.h>

#include <weir/link.h>

#include "parse/hash.h"
#include "flows.h"

#define SAMPLES 4096
#define FLOWS (1u << 17)

static const uint64_t seeds[] = { 0, 1, UINT64_C(0x6b8fd1ce49c3a7e5) };

static void
symmetric(void **state)
{
	uint64_t random = testing_seed();
	struct weir_hash_key hash_key;
	struct weir_key key, back;
	unsigned int i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		weir_hash_key_init(&hash_key, testing_random(&random));
		key = random_flow(i % 2 ? 4 : 6, &random);
		back = backwards(&key);
		assert_int_equal(weir_key_hash(&hash_key, &key), weir_key_hash(&hash_key, &back));
	}
}

/* Without a key it is that of seed 0, whose words are a table. */
static void
default_key(void **state)
{
	uint64_t random = testing_seed();
	struct weir_hash_key hash_key;
	struct weir_key key;
	unsigned int i;

	(void)state;
	memset(&hash_key, 0xa5, sizeof(hash_key));
	weir_hash_key_init(&hash_key, 0);
	assert_int_equal(hash_key.seed, 0);
	assert_memory_equal(hash_key.words, hash_words(NULL), sizeof(hash_key.words));
	for (i = 0; i < 1000; i++) {
		key = random_flow(i % 2 ? 4 : 6, &random);
		assert_int_equal(weir_key_hash(NULL, &key), weir_key_hash(&hash_key, &key));
	}
}

/* One bit of the seed moves every flow. */
static void
seeds_differ(void **state)
{
	uint64_t random = testing_seed(), seed = testing_random(&random);
	struct weir_hash_key hash_key, other;
	unsigned int i, bit, same = 0;
	struct weir_key key;

	(void)state;
	weir_hash_key_init(&hash_key, seed);
	assert_int_equal(hash_key.seed, seed);
	for (bit = 0; bit < 64; bit++) {
		weir_hash_key_init(&other, seed ^ UINT64_C(1) << bit);
		for (i = 0; i < 1000; i++) {
			key = random_flow(i % 2 ? 4 : 6, &random);
			same += weir_key_hash(&hash_key, &key) == weir_key_hash(&other, &key);
		}
	}
	/* Of 64,000 chances of 2^-32. */
	assert_in_range(same, 0, 2);
}

/* Found by the formula at the head of hash.h in another language: of bytes, not of fields. */
static const struct {
	uint64_t seed;
	const char *bytes; /* of a struct weir_key */
	uint32_t hash;
} known[] = {
#define MAPPED "\0\0\0\0\0\0\0\0\0\0\xff\xff"
#define V6(last) "\x20\x01\x0d\xb8\0\0\0\x01\0\0\0\0\0\0\0" last
	{ 0,
		MAPPED "\x0a\0\0\x01" MAPPED "\xc0\xa8\x01\x02"
		       "\x04\0\x01\xbb\x06\x04\0\0",
		0x39466883 },
	{ 0,
		MAPPED "\x0a\0\0\x01" MAPPED "\x0a\0\0\x01"
		       "\0\0\0\0\x11\x04\0\0",
		0x209ed394 },
	{ 0,
		MAPPED "\xff\xff\xff\xff" MAPPED "\0\0\0\0"
		       "\xff\xff\0\0\xff\x04\0\0",
		0xddb80d2a },
	{ 0, V6("\x01") V6("\x02") "\x04\0\x01\xbb\x06\x06\0\0", 0xe16ebc51 },
	{ 0, V6("\xff") V6("\xff") "\0\0\0\0\x3a\x06\0\0", 0x62efcba7 },
	{ 0,
		MAPPED "\x0a\0\0\x01" MAPPED "\xc0\xa8\x01\x02"
		       "\x04\0\x01\xbb\x06\x06\0\0",
		0xd520031e },
	{ UINT64_C(0x1),
		MAPPED "\x0a\0\0\x01" MAPPED "\xc0\xa8\x01\x02"
		       "\x04\0\x01\xbb\x06\x04\0\0",
		0x0e1b4268 },
	{ UINT64_C(0x1),
		MAPPED "\x0a\0\0\x01" MAPPED "\x0a\0\0\x01"
		       "\0\0\0\0\x11\x04\0\0",
		0x6d507bec },
	{ UINT64_C(0x1),
		MAPPED "\xff\xff\xff\xff" MAPPED "\0\0\0\0"
		       "\xff\xff\0\0\xff\x04\0\0",
		0x4d1c5095 },
	{ UINT64_C(0x1), V6("\x01") V6("\x02") "\x04\0\x01\xbb\x06\x06\0\0", 0x8f08eaf5 },
	{ UINT64_C(0x1), V6("\xff") V6("\xff") "\0\0\0\0\x3a\x06\0\0", 0x3f49702a },
	{ UINT64_C(0x1),
		MAPPED "\x0a\0\0\x01" MAPPED "\xc0\xa8\x01\x02"
		       "\x04\0\x01\xbb\x06\x06\0\0",
		0x70ee5962 },
	{ UINT64_C(0x123456789abcdef),
		MAPPED "\x0a\0\0\x01" MAPPED "\xc0\xa8\x01\x02"
		       "\x04\0\x01\xbb\x06\x04\0\0",
		0x833d53a8 },
	{ UINT64_C(0x123456789abcdef),
		MAPPED "\x0a\0\0\x01" MAPPED "\x0a\0\0\x01"
		       "\0\0\0\0\x11\x04\0\0",
		0x09712ebb },
	{ UINT64_C(0x123456789abcdef),
		MAPPED "\xff\xff\xff\xff" MAPPED "\0\0\0\0"
		       "\xff\xff\0\0\xff\x04\0\0",
		0xd94a2d21 },
	{ UINT64_C(0x123456789abcdef), V6("\x01") V6("\x02") "\x04\0\x01\xbb\x06\x06\0\0",
		0xddde1833 },
	{ UINT64_C(0x123456789abcdef), V6("\xff") V6("\xff") "\0\0\0\0\x3a\x06\0\0", 0xe5593d8e },
	{ UINT64_C(0x123456789abcdef),
		MAPPED "\x0a\0\0\x01" MAPPED "\xc0\xa8\x01\x02"
		       "\x04\0\x01\xbb\x06\x06\0\0",
		0x38229140 },
};

static void
known_answers(void **state)
{
	struct weir_hash_key hash_key;
	struct weir_key key;
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(known); i++) {
		weir_hash_key_init(&hash_key, known[i].seed);
		memcpy(&key, known[i].bytes, sizeof(key));
		if (weir_key_hash(&hash_key, &key) != known[i].hash)
			fail_msg("flow %u: %#x, expected %#x", i, weir_key_hash(&hash_key, &key),
				known[i].hash);
	}
}

/* Of flows, the flips of each bit of the hash when one bit of the key flips. */
static void
flips_of(const struct weir_hash_key *hash_key, uint8_t version, unsigned int bit,
	struct weir_key (*make)(uint8_t version, uint64_t *random), uint64_t *random)
{
	unsigned int flips[32] = { 0 }, i, out;
	struct weir_key key;
	uint32_t h;

	for (i = 0; i < SAMPLES; i++) {
		key = make(version, random);
		h = weir_key_hash(hash_key, &key);
		((uint8_t *)&key)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		h ^= weir_key_hash(hash_key, &key);
		for (out = 0; out < 32; out++)
			flips[out] += h >> out & 1;
	}
	/* Half of them, by a deviation of 0.8 %: 6 of those. */
	for (out = 0; out < 32; out++)
		if (fabs((double)flips[out] / SAMPLES - 0.5) > 0.047)
			fail_msg("IPv%u, bit %u: bit %u of the hash flips %u times of %u", version,
				bit, out, flips[out], SAMPLES);
}

static void avalanche_of(struct weir_key (*make)(uint8_t version, uint64_t *random))
{
	uint64_t random = testing_seed();
	struct weir_hash_key hash_key;
	unsigned int s, bit;

	for (s = 0; s < RTE_DIM(seeds); s++) {
		weir_hash_key_init(&hash_key, seeds[s]);
		for (bit = 0; bit < 8 * offsetof(struct weir_key, ip_version); bit++) {
			flips_of(&hash_key, 6, bit, make, &random);
			if (bit >= 8 * 32 || bit / 8 % 16 >= 12)
				flips_of(&hash_key, 4, bit, make, &random);
		}
	}
}

static void
avalanche(void **state)
{
	(void)state;
	avalanche_of(random_flow);
}

/* Of flows as a site has them, most of whose bits are always the same. */
static void
avalanche_site(void **state)
{
	(void)state;
	avalanche_of(site_flow);
}

/* Which parts of a key count up, and by what; the others stand still. */
static const struct {
	uint32_t src, dst;
	uint16_t sport, dport;
} patterns[] = {
	{ 1, 0, 0, 0 },
	{ 0, 1, 0, 0 },
	{ 1, 1, 0, 0 },
	{ 1, 0, 1, 0 },
	{ 1, 1, 1, 1 },
	{ 2, 0, 0, 0 },
	{ 256, 0, 0, 0 },
	{ 4096, 0, 0, 0 },
	{ 1u << 15, 0, 0, 0 },
	{ 1, 0xffffffffu, 0, 0 }, /* the sum of both stays */
	{ 0, 256, 2, 0 },
	{ 7919, 104729, 3, 0 },
};

static void
even(void **state)
{
	struct counts counts;
	unsigned int p, s;
	uint8_t version;
	uint32_t i;

	(void)state;
	for (p = 0; p < RTE_DIM(patterns); p++)
		for (version = 4; version <= 6; version += 2)
			for (s = 0; s < RTE_DIM(seeds); s++) {
				counts_init(&counts, seeds[s]);
				for (i = 0; i < FLOWS; i++) {
					struct weir_key key =
						flow(version, 0x0a000001 + i * patterns[p].src,
							0xc0a80101 + i * patterns[p].dst,
							(uint16_t)(1024 + i * patterns[p].sport),
							(uint16_t)(443 + i * patterns[p].dport));

					counts_add(&counts, &key);
				}
				counts_assert_even(&counts, "pattern", p);
			}
}

/* Ports alone, of one pair of hosts: all there are of one side, and some of the other. */
static void
even_ports(void **state)
{
	struct counts counts;
	uint8_t version;
	unsigned int s;
	uint32_t i;

	(void)state;
	for (version = 4; version <= 6; version += 2)
		for (s = 0; s < RTE_DIM(seeds); s++) {
			counts_init(&counts, seeds[s]);
			for (i = 0; i < FLOWS; i++) {
				struct weir_key key = flow(version, 0x0a000001, 0x0a000002,
					(uint16_t)i, (uint16_t)(80 + (i >> 16)));

				counts_add(&counts, &key);
			}
			counts_assert_even(&counts, "IPv", version);
		}
}

/* As scattered as it gets; and all fragments, which have no ports. */
static void
even_scattered(void **state)
{
	uint64_t random = testing_seed();
	struct counts counts, fragments;
	struct weir_key key;
	unsigned int s, i;

	(void)state;
	for (s = 0; s < RTE_DIM(seeds); s++) {
		counts_init(&counts, seeds[s]);
		counts_init(&fragments, seeds[s]);
		for (i = 0; i < FLOWS; i++) {
			key = random_flow(i % 2 ? 4 : 6, &random);
			counts_add(&counts, &key);
			key.sport = 0;
			key.dport = 0;
			counts_add(&fragments, &key);
		}
		counts_assert_even(&counts, "scattered", 0);
		counts_assert_even(&fragments, "fragments", 0);
	}
}

/* Where drop-flow sheds a flow has nothing to do with its bucket. */
static void
places(void **state)
{
	static const uint32_t flow_seeds[] = { 0, 1, 0x9e3779b9, UINT32_MAX };
	struct counts counts;
	unsigned int s, i;
	uint32_t hash;

	(void)state;
	for (s = 0; s < RTE_DIM(flow_seeds); s++) {
		counts_init(&counts, seeds[s % RTE_DIM(seeds)]);
		for (i = 0; i < FLOWS; i++) {
			struct weir_key key = flow(4, 0x0a000001 + i, 0xc0a80101, 1024, 443);

			hash = weir_key_hash(&counts.hash_key, &key);
			counts.of[weir_flow_bucket(hash) >> 6 << 6 |
				weir_flow_place(hash, flow_seeds[s]) >> 26]++;
			counts.total++;
		}
		counts_assert_even(&counts, "places of seed", flow_seeds[s]);
	}
}

/* A bucket is of the hash's top bits, and there are as many as there should be. */
static void
buckets(void **state)
{
	(void)state;
	assert_int_equal(WEIR_BUCKETS, 4096);
	assert_int_equal(weir_flow_bucket(0), 0);
	assert_int_equal(weir_flow_bucket(UINT32_MAX), WEIR_BUCKETS - 1);
	assert_int_equal(weir_flow_bucket(0x000fffff), 0);
	assert_int_equal(weir_flow_bucket(0x00100000), 1);
	assert_int_equal(weir_flow_bucket(0x12345678), 0x123);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_key),
		cmocka_unit_test(symmetric),
		cmocka_unit_test(seeds_differ),
		cmocka_unit_test(known_answers),
		cmocka_unit_test(avalanche),
		cmocka_unit_test(avalanche_site),
		cmocka_unit_test(even),
		cmocka_unit_test(even_ports),
		cmocka_unit_test(even_scattered),
		cmocka_unit_test(places),
		cmocka_unit_test(buckets),
	};

	return cmocka_run_group_tests_name("parse hash", tests, NULL, NULL);
}
