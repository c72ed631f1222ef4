/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <netinet/in.h>

#include "hash.h"

/* What weir_hash_key_init() makes of seed 0. */
static const struct weir_hash_key default_key = {
	.words = {
		[HASH_END4] = UINT64_C(0xe220a8397b1dcdaf),
		[HASH_END4_TCP] = UINT64_C(0xe220a83f7b1dcdaf),
		[HASH_END4_UDP] = UINT64_C(0xe220a84a7b1dcdaf),
		[HASH_PAIR4] = UINT64_C(0x6e789e6aa1b965f5),
		[HASH_ENDS6] = UINT64_C(0x06c45d188009454f),
		[HASH_ENDS6 + 1] = UINT64_C(0xf88bb8a8724c81ec),
		[HASH_ENDS6_TCP] = UINT64_C(0x06c50071b885454f),
		[HASH_ENDS6_TCP + 1] = UINT64_C(0xf88da29b2dee81ec),
		[HASH_ENDS6_UDP] = UINT64_C(0x06c62beaa013454f),
		[HASH_ENDS6_UDP + 1] = UINT64_C(0xf89124d8309781ec),
		[HASH_PORTS6] = UINT64_C(0x000000001b39896a),
		[HASH_PORTS6 + 1] = UINT64_C(0x0000000051a8749b),
	},
};

/* SplitMix64 (Steele, Lea, Flood, 2014): distinct words of any seed. */
static uint64_t
next_word(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void
weir_hash_key_init(struct weir_hash_key *key, uint64_t seed)
{
	uint64_t state = seed, *words, ports6;

	if (key == NULL)
		return;
	words = key->words;
	memset(key, 0, sizeof(*key));
	key->seed = seed;
	words[HASH_END4] = next_word(&state);
	words[HASH_PAIR4] = next_word(&state) | 1;
	words[HASH_ENDS6] = next_word(&state);
	words[HASH_ENDS6 + 1] = next_word(&state);
	ports6 = next_word(&state);
	words[HASH_PORTS6] = ports6 >> 32;
	words[HASH_PORTS6 + 1] = (uint32_t)ports6;
	words[HASH_END4_TCP] = hash_base4(words, IPPROTO_TCP);
	words[HASH_END4_UDP] = hash_base4(words, IPPROTO_UDP);
	hash_base6(words, IPPROTO_TCP, words + HASH_ENDS6_TCP);
	hash_base6(words, IPPROTO_UDP, words + HASH_ENDS6_UDP);
}

const uint64_t *
hash_words(const struct weir_hash_key *key)
{
	return key != NULL ? key->words : default_key.words;
}

uint32_t
weir_key_hash(const struct weir_hash_key *hash_key, const struct weir_key *key)
{
	const uint64_t *words = hash_words(hash_key);
	uint64_t base, base6[2];

	if (key->ip_version == 4) {
		base = hash_base4(words, key->proto);
		return hash_pair4(words[HASH_PAIR4], hash_end4(base, key->src + 12, &key->sport),
			hash_end4(base, key->dst + 12, &key->dport));
	}
	hash_base6(words, key->proto, base6);
	return hash_pair6(hash_end6(words, base6, key->src, &key->sport, &key->dport),
		hash_end6(words, base6, key->dst, &key->dport, &key->sport));
}
