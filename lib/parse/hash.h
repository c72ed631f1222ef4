/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The flow hash: CRC-32C of each end (address, then port), which CPUs have an instruction for;
 * the product of both, which is the same in both directions and, not being linear, does not let
 * 10.0.0.1 -> 10.0.0.2 and 10.0.1.1 -> 10.0.1.2 meet; then CRC-32C of the product, to spread its
 * 64 bits over all 32. The protocol is in the value that the ends' CRCs start from. Ends that
 * differ in an IPv4 address alone or in the port alone never have the same CRC.
 *
 * The later fragments of a datagram have no ports and so not the hash of the first.
 */
#ifndef WEIR_PARSE_HASH_H
#define WEIR_PARSE_HASH_H

#include <stdint.h>
#include <string.h>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

/* Where the ends' CRCs start: not at 0, to which zero bytes make no difference. */
#define HASH_SEED 0x9e3779b9u

/* CRC-32C (Castagnoli) of the `bytes` low bytes of v, lowest first, where no instruction does it. */
static inline uint32_t
hash_crc_soft(uint32_t crc, uint64_t v, unsigned int bytes)
{
	unsigned int bit;

	for (; bytes > 0; bytes--, v >>= 8) {
		crc ^= (uint8_t)v;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0x82f63b78u & (0 - (crc & 1)));
	}
	return crc;
}

#if defined(__SSE4_2__) && defined(__x86_64__)
#define HASH_CRC16(crc, v) _mm_crc32_u16(crc, v)
#define HASH_CRC32(crc, v) _mm_crc32_u32(crc, v)
#define HASH_CRC64(crc, v) _mm_crc32_u64(crc, v)
#elif defined(__ARM_FEATURE_CRC32)
#define HASH_CRC16(crc, v) __crc32ch(crc, v)
#define HASH_CRC32(crc, v) __crc32cw(crc, v)
#define HASH_CRC64(crc, v) __crc32cd(crc, v)
#else
#define HASH_CRC16(crc, v) hash_crc_soft(crc, v, 2)
#define HASH_CRC32(crc, v) hash_crc_soft(crc, v, 4)
#define HASH_CRC64(crc, v) hash_crc_soft(crc, v, 8)
#endif

/* One end of an IPv4 flow: address and port, as they stand in a packet. */
static inline uint32_t
hash_end4(const void *addr, const void *port, uint8_t proto)
{
	uint32_t a;
	uint16_t p;

	memcpy(&a, addr, sizeof(a));
	memcpy(&p, port, sizeof(p));
	return HASH_CRC16(HASH_CRC32(HASH_SEED ^ proto, a), p);
}

/* One end of an IPv6 flow. */
static inline uint32_t
hash_end6(const void *addr, const void *port, uint8_t proto)
{
	uint64_t a[2];
	uint16_t p;

	memcpy(a, addr, sizeof(a));
	memcpy(&p, port, sizeof(p));
	return HASH_CRC16((uint32_t)HASH_CRC64(HASH_CRC64(HASH_SEED ^ proto, a[0]), a[1]), p);
}

/* The hash of a flow with these two ends, in either order. */
static inline uint32_t
hash_ends(uint32_t a, uint32_t b)
{
	return (uint32_t)HASH_CRC64(0, (uint64_t)a * b);
}

#endif /* WEIR_PARSE_HASH_H */
