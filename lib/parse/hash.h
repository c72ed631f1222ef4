/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The flow hash: symmetric, keyed, and the same on every CPU. Below, K4, P4, H6 and L6 are words of
 * the key, Q6 and P6 words of 32 bits, fields are read lowest byte first, * without "mod" gives 128
 * bits, and fold() is the xor of their halves.
 *
 *   IPv4  end    e(address, port) = address + proto 2^32 + port 2^48 + K4 mod 2^64
 *         hash   low 32 bits of fold(P4 * fold(e(src) * e(dst)))
 *   IPv6  end    e(address, port, other) = fold((high + H6 + (proto 2^16 + other) Q6 mod 2^64) *
 *                                               (low + L6 + (proto 2^16 + port) P6 mod 2^64))
 *         hash   low 32 bits of fold(e(src, sport, dport) * e(dst, dport, sport))
 *
 * Where it comes from: multiplication by a random word is universal hashing as in multiply-shift
 * (Dietzfelbinger et al., 1997); a product of two sums of a word each and a secret is NH of UMAC
 * (Black et al., 1999): two inputs have one product under 2^-64 of the secrets, about; the fold of a
 * 128-bit product is what wyhash and others make of it. That the ends are multiplied makes the hash
 * symmetric, and not linear: the products of two different pairs of IPv4 ends, (a + K)(b + K) and
 * (c + K)(d + K), are polynomials of K whose difference has degree 1, so that 16 values of K at
 * most (each of the four sums may pass 2^64) make them equal; sums, products or flipped bits that
 * both pairs have in common do not help. An IPv6 end takes in both ports, its own and the other's:
 * two flows of different ports or protocols have both ends alike only if their addresses make up
 * for it by Q6 and by P6, which are 64 bits to be guessed, though each multiplies 32 bits by 32,
 * as SIMD can. Two folded multiplications stand between each bit of the input and the hash; a fold's low half is as good as its high one, for the high half of a product
 * hangs on all bits of the factors.
 *
 * What it promises: who does not know the key cannot choose flows that meet in the hash, in a bucket
 * or in a chain more often than random ones do. What not: it is no MAC. The folds are as good as
 * tests can tell, without a proof; and who sees hashes of flows of their choice may find the key.
 *
 * The fragments of a datagram have no ports in their key and so one hash, unless the first is to have
 * that of its flow (WEIR_PARSE_FRAGMENTS_FLOW).
 */
#ifndef WEIR_PARSE_HASH_H
#define WEIR_PARSE_HASH_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include <weir/parse.h>

/* Which word of a key is what. Those of TCP and UDP have all of an end that both ends share. */
enum hash_word {
	HASH_END4_TCP,
	HASH_END4_UDP,
	HASH_PAIR4, /* P4, odd */
	HASH_END4,  /* K4 */
	/* Of IPv6, each two in a row: of the high half of an address, and of the low one. */
	HASH_ENDS6,                      /* H6, L6 */
	HASH_ENDS6_TCP = HASH_ENDS6 + 2, /* the same, and proto 2^16 Q6, proto 2^16 P6 */
	HASH_ENDS6_UDP = HASH_ENDS6_TCP + 2,
	HASH_PORTS6 = HASH_ENDS6_UDP + 2, /* Q6, P6 */
	HASH_WORDS = HASH_PORTS6 + 2
};

static_assert(HASH_WORDS <= sizeof(((struct weir_hash_key *)0)->words) / sizeof(uint64_t),
	"a key has room for its words");

/* The words of a key; NULL: of the default one. */
const uint64_t *hash_words(const struct weir_hash_key *key);

/*
 * GCC 12 moves the halves of an __int128 through pairs of registers and the stack, which costs each
 * packet some instructions.
 */
static inline uint64_t
hash_fold(uint64_t a, uint64_t b)
{
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
	uint64_t high;

	__asm__("mulq %2\n\txorq %1, %0" : "+a"(a), "=&d"(high) : "rm"(b) : "cc");
	return a;
#else
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#endif
}

static inline uint64_t
hash_load16(const void *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return rte_le_to_cpu_16(v);
}

static inline uint64_t
hash_load32(const void *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return rte_le_to_cpu_32(v);
}

static inline uint64_t
hash_load64(const void *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return rte_le_to_cpu_64(v);
}

/* What both ends of an IPv4 flow begin with. */
static inline uint64_t
hash_base4(const uint64_t words[], uint8_t proto)
{
	return words[HASH_END4] + ((uint64_t)proto << 32);
}

/* One end of it: address and port, as they stand in a packet. */
static inline uint64_t
hash_end4(uint64_t base, const void *addr, const void *port)
{
	return base + (hash_load32(addr) | hash_load16(port) << 48);
}

/* The hash of an IPv4 flow with these two ends, in either order, by the key's word HASH_PAIR4. */
static inline uint32_t
hash_pair4(uint64_t pair, uint64_t a, uint64_t b)
{
	return (uint32_t)hash_fold(hash_fold(a, b), pair);
}

/* Of an IPv6 flow: what both ends have, one of them, and the hash. */
static inline void
hash_base6(const uint64_t words[], uint8_t proto, uint64_t base[2])
{
	base[0] = words[HASH_ENDS6] + ((uint64_t)proto << 16) * words[HASH_PORTS6];
	base[1] = words[HASH_ENDS6 + 1] + ((uint64_t)proto << 16) * words[HASH_PORTS6 + 1];
}

static inline uint64_t
hash_end6(const uint64_t words[], const uint64_t base[2], const void *addr, const void *port,
	const void *other)
{
	uint64_t high = hash_load64(addr), low = hash_load64((const uint8_t *)addr + 8);

	high += base[0] + hash_load16(other) * words[HASH_PORTS6];
	low += base[1] + hash_load16(port) * words[HASH_PORTS6 + 1];
	return hash_fold(high, low);
}

static inline uint32_t
hash_pair6(uint64_t a, uint64_t b)
{
	return (uint32_t)hash_fold(a, b);
}

#endif /* WEIR_PARSE_HASH_H */
