/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Community ids of version 1: a SHA-1 of the addresses, the protocol and the ports, the lesser end first.
 * What is hashed never fills more than one block of SHA-1, so the block is made whole here, and what is left
 * of SHA-1 is one call.
 */
#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include <nettle/sha1.h>
#include <rte_byteorder.h>

#include "community.h"

/* Bytes at the end of a block in which SHA-1 has the length of all. */
#define LENGTH_SIZE 8

static_assert(2 + 2 * 16 + 2 + 4 + 1 <= SHA1_BLOCK_SIZE - LENGTH_SIZE, "all is in one block");

/* A type of ICMP that asks, and the one that answers. */
struct icmp_pair {
	uint8_t proto;
	uint8_t ask;
	uint8_t answer;
};

static const struct icmp_pair icmp_pairs[] = {
	{ IPPROTO_ICMP, 8, 0 },       /* echo */
	{ IPPROTO_ICMP, 10, 9 },      /* router solicitation, advertisement */
	{ IPPROTO_ICMP, 13, 14 },     /* timestamp */
	{ IPPROTO_ICMP, 15, 16 },     /* information */
	{ IPPROTO_ICMP, 17, 18 },     /* address mask */
	{ IPPROTO_ICMPV6, 128, 129 }, /* echo */
	{ IPPROTO_ICMPV6, 130, 131 }, /* multicast listener query, report */
	{ IPPROTO_ICMPV6, 133, 134 }, /* router solicitation, advertisement */
	{ IPPROTO_ICMPV6, 135, 136 }, /* neighbour solicitation, advertisement */
	{ IPPROTO_ICMPV6, 139, 140 }, /* node information */
	{ IPPROTO_ICMPV6, 144, 145 }, /* home agent discovery */
};

struct community_ports
community_icmp(uint8_t proto, uint8_t type, uint8_t code)
{
	struct community_ports ports = { .src = type, .dst = code, .known = 1, .one_way = 1 };

	for (unsigned int i = 0; i < RTE_DIM(icmp_pairs); i++) {
		const struct icmp_pair *pair = &icmp_pairs[i];

		if (pair->proto != proto || (type != pair->ask && type != pair->answer))
			continue;
		ports.dst = type == pair->ask ? pair->answer : pair->ask;
		ports.one_way = 0;
	}
	return ports;
}

/* Whether the source is the greater end. */
static inline bool
is_greater(const struct weir_key *key, struct community_ports ports)
{
	int order = memcmp(key->src, key->dst, sizeof(key->src));

	return order != 0 ? order > 0 : ports.src > ports.dst;
}

static inline uint8_t *
append(uint8_t *at, const void *bytes, size_t n)
{
	return (uint8_t *)memcpy(at, bytes, n) + n;
}

static inline uint8_t *
append_port(uint8_t *at, uint16_t port)
{
	rte_be16_t wire = rte_cpu_to_be_16(port);

	return append(at, &wire, sizeof(wire));
}

static inline uint8_t *
append_address(uint8_t *at, const struct weir_key *key, const uint8_t address[16])
{
	return key->ip_version == 4 ? append(at, address + 12, 4) : append(at, address, 16);
}

/* What is hashed, and behind it what SHA-1 fills a block with. */
static void
block_make(uint8_t block[SHA1_BLOCK_SIZE], const struct weir_key *key, struct community_ports ports)
{
	bool turned = !ports.one_way && is_greater(key, ports);
	uint8_t *at = block + 2; /* behind the seed */
	size_t len;

	memset(block, 0, SHA1_BLOCK_SIZE);
	at = append_address(at, key, turned ? key->dst : key->src);
	at = append_address(at, key, turned ? key->src : key->dst);
	*at = key->proto;
	at += 2;
	if (ports.known) {
		at = append_port(at, turned ? ports.dst : ports.src);
		at = append_port(at, turned ? ports.src : ports.dst);
	}
	len = (size_t)(at - block);
	*at = 0x80;
	append_port(block + SHA1_BLOCK_SIZE - 2, (uint16_t)(8 * len));
}

/* Three bytes as four digits of base64. */
static inline char *
put_three(char *at, uint32_t bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	at[0] = digits[bytes >> 18];
	at[1] = digits[(bytes >> 12) & 63];
	at[2] = digits[(bytes >> 6) & 63];
	at[3] = digits[bytes & 63];
	return at + 4;
}

void
community_id(char *at, const struct weir_key *key, struct community_ports ports)
{
	/* SHA-1's state at the begin: FIPS 180-4, 5.3.1. */
	uint32_t state[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	uint8_t block[SHA1_BLOCK_SIZE], digest[SHA1_DIGEST_SIZE + 1] = { 0 };

	block_make(block, key, ports);
	nettle_sha1_compress(state, block);
	for (unsigned int i = 0; i < RTE_DIM(state); i++) {
		rte_be32_t word = rte_cpu_to_be_32(state[i]);

		memcpy(digest + sizeof(word) * i, &word, sizeof(word));
	}
	*at++ = '1';
	*at++ = ':';
	for (unsigned int i = 0; i < sizeof(digest); i += 3)
		at = put_three(at,
			(uint32_t)digest[i] << 16 | (uint32_t)digest[i + 1] << 8 | digest[i + 2]);
	/* The last byte is not of the digest. */
	at[-1] = '=';
}
