/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include "hash.h"
#include "parse.h"

uint32_t
key_hash(const struct weir_key *key)
{
	uint32_t src, dst;

	if (key->ip_version == 4) {
		src = hash_end4(key->src + 12, &key->sport, key->proto);
		dst = hash_end4(key->dst + 12, &key->dport, key->proto);
	} else {
		src = hash_end6(key->src, &key->sport, key->proto);
		dst = hash_end6(key->dst, &key->dport, key->proto);
	}
	return hash_ends(src, dst);
}
