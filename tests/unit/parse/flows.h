/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Keys of flows, and how evenly their hashes fall into buckets. */
#ifndef WEIR_PARSE_FLOWS_H
#define WEIR_PARSE_FLOWS_H

#include <math.h>
#include <string.h>

#include <rte_byteorder.h>

#include <weir/link.h>
#include <weir/parse.h>

static inline struct weir_key
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

static inline struct weir_key
backwards(const struct weir_key *key)
{
	struct weir_key back = *key;

	memcpy(back.src, key->dst, sizeof(back.src));
	memcpy(back.dst, key->src, sizeof(back.dst));
	back.sport = key->dport;
	back.dport = key->sport;
	return back;
}

static inline struct weir_key
random_flow(uint8_t version, uint64_t *random)
{
	struct weir_key key = flow(version, 0, 0, 0, 0);
	unsigned int i;

	for (i = version == 4 ? 12 : 0; i < 16; i++) {
		key.src[i] = (uint8_t)(testing_random(random) >> 56);
		key.dst[i] = (uint8_t)(testing_random(random) >> 56);
	}
	key.sport = (uint16_t)(testing_random(random) >> 48);
	key.dport = (uint16_t)(testing_random(random) >> 48);
	key.proto = (uint8_t)(testing_random(random) >> 56);
	return key;
}

/* From one of 4,096 clients to one of 16 servers. */
static inline struct weir_key
site_flow(uint8_t version, uint64_t *random)
{
	uint64_t r = testing_random(random) >> 16;

	return flow(version, 0x0a000000 + (r & 0xfff), 0xc0a80100 + (r >> 12 & 0xf),
		(uint16_t)(32768 + (r >> 16 & 0x7fff)), r >> 31 & 1 ? 443 : 53);
}

struct counts {
	struct weir_hash_key hash_key;
	uint32_t of[WEIR_BUCKETS];
	uint32_t total;
};

static inline void
counts_init(struct counts *counts, uint64_t seed)
{
	memset(counts, 0, sizeof(*counts));
	weir_hash_key_init(&counts->hash_key, seed);
}

static inline uint32_t
counts_add(struct counts *counts, const struct weir_key *key)
{
	uint32_t hash = weir_key_hash(&counts->hash_key, key);

	counts->of[weir_flow_bucket(hash)]++;
	counts->total++;
	return hash;
}

/* Over the first n of them, where there are no more. */
static inline double
counts_chi(const struct counts *counts, unsigned int n)
{
	double expected = (double)counts->total / n, sum = 0;

	for (unsigned int i = 0; i < n; i++)
		sum += (counts->of[i] - expected) * (counts->of[i] - expected) / expected;
	return sum;
}

/*
 * Chance gives one less than there are buckets, with a deviation of the root of twice that: 90.5. Six
 * of those above fail; anything more even than chance is welcome.
 */
static inline void
counts_assert_even(const struct counts *counts, const char *what, unsigned int which)
{
	double chi = counts_chi(counts, WEIR_BUCKETS);

	if (chi > WEIR_BUCKETS - 1 + 6 * sqrt(2 * (WEIR_BUCKETS - 1)))
		fail_msg("%s %u, seed %#llx: chi-square %.0f of %u flows", what, which,
			(unsigned long long)counts->hash_key.seed, chi, counts->total);
}

#endif /* WEIR_PARSE_FLOWS_H */
