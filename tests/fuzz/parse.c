/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Fuzz the parser. The first byte chooses the tunnel option and the offload results, the next two
 * where the frame is cut into segments; the rest is the frame. Whatever it is, its event must hold
 * together, be the same each time, and be that of the same frame in one piece; and key-only must find
 * the same key. In one piece it is in the heap, where a sanitizer sees what is read around it; its
 * segments end where a page begins that nobody may touch.
 *
 * Three times of four it is changed by what it is made of (reshape.h), else as libFuzzer does.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/parse/guard.h"
#include "unit/parse/reshape.h"

#define CHOICES 3
#define CHANGES 3 /* at once, at most */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static void
fuzz_check(const char *wrong)
{
	if (wrong == NULL)
		return;
	fprintf(stderr, "wrong: %s\n", wrong);
	abort();
}

static uint8_t
fuzz_checksum(uint8_t choice)
{
	return (choice >> 5) % 3;
}

static struct weir_event
fuzz_parse(struct rte_mbuf *mbuf, uint8_t choice, uint8_t depth)
{
	struct weir_parse_burst burst = { .size = sizeof(burst),
		.tunnel = choice & 1,
		.fragments = choice >> 7,
		.checksum = fuzz_checksum(choice),
		.depth = depth };
	struct weir_event event;

	/* The low offload results: stripped tags, checksums. */
	mbuf->ol_flags = choice & 2 ? (uint64_t)(choice >> 2) << 3 : 0;
	mbuf->vlan_tci = 1;
	weir_parse(&mbuf, 1, &burst);
	if (depth == WEIR_PARSE_FULL)
		fuzz_check(packet_wrong(mbuf));
	event = *weir_mbuf_event(mbuf);
	if (burst.verdicts[event.verdict] != 1)
		fuzz_check("verdict count");
	event.flags &= ~WEIR_EVENT_PRISTINE;
	return event;
}

/* The event of a frame at a depth, however it is cut. */
static struct weir_event
fuzz_depth(const uint8_t *data, uint32_t len, uint8_t depth)
{
	const uint8_t *frame = data + CHOICES;
	uint32_t a = RTE_MIN(data[1], len), b = RTE_MIN(a + data[2], len);
	struct weir_event whole, again, cut;
	struct packet p;

	whole = fuzz_parse(packet_make(&p, frame, len, len, len), data[0], depth);
	packet_free(&p);
	again = fuzz_parse(guard_make(0, frame, len, len, len), data[0], depth);
	cut = fuzz_parse(guard_make(0, frame, len, a, b), data[0], depth);
	if (memcmp(&whole, &again, sizeof(whole)) != 0)
		fuzz_check("twice is not the same");
	if (memcmp(&whole, &cut, sizeof(whole)) != 0)
		fuzz_check("segments make a difference");
	return whole;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	guard_init();
	return 0;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint64_t random = seed;
	struct shaped f;

	if (size < CHOICES || size - CHOICES > RESHAPE_ROOM || reshape_below(&random, 4) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	f.len = (uint32_t)(size - CHOICES);
	memcpy(f.bytes, data + CHOICES, f.len);
	for (uint32_t n = 1 + reshape_below(&random, CHANGES); n > 0; n--)
		reshape(&f, &random);
	if (reshape_below(&random, 8) == 0)
		data[reshape_below(&random, CHOICES)] = (uint8_t)reshape_random(&random);
	f.len = (uint32_t)RTE_MIN((size_t)f.len, max_size - CHOICES);
	memcpy(data + CHOICES, f.bytes, f.len);
	return CHOICES + f.len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_event full, key_only;
	uint32_t len;

	if (size < CHOICES || size > UINT16_MAX)
		return -1;
	len = (uint32_t)size - CHOICES;
	full = fuzz_depth(data, len, WEIR_PARSE_FULL);
	key_only = fuzz_depth(data, len, WEIR_PARSE_KEY_ONLY);
	fuzz_check(fuzz_checksum(data[0]) == WEIR_PARSE_CHECKSUM_VERIFY ?
			packet_wrong_unverified(&full, &key_only) :
			packet_wrong_key_only(&full, &key_only));
	return 0;
}
