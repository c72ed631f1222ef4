/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Fuzz the parser. The first byte chooses the tunnel option and the offload results, the next two
 * where the frame is cut into segments; the rest is the frame. Whatever it is, its event must hold
 * together, and be that of the same frame in one piece; and key-only must find the same key.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/parse/packet.h"

#define CHOICES 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_check(const char *wrong)
{
	if (wrong == NULL)
		return;
	fprintf(stderr, "wrong: %s\n", wrong);
	abort();
}

static struct weir_event
fuzz_parse(const uint8_t *data, uint32_t len, uint8_t choice, uint8_t depth, uint32_t a, uint32_t b)
{
	struct weir_parse_burst burst = { .size = sizeof(burst),
		.tunnel = choice & 1,
		.depth = depth };
	struct packet p;
	struct rte_mbuf *mbuf = packet_make(&p, data, len, a, b);
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
	packet_free(&p);
	event.flags &= ~WEIR_EVENT_PRISTINE;
	return event;
}

/* The event of a frame at a depth, however it is cut. */
static struct weir_event
fuzz_depth(const uint8_t *data, uint32_t len, uint8_t depth)
{
	const uint8_t *frame = data + CHOICES;
	uint32_t a = RTE_MIN(data[1], len), b = RTE_MIN(a + data[2], len);
	struct weir_event whole = fuzz_parse(frame, len, data[0], depth, len, len);
	struct weir_event cut = fuzz_parse(frame, len, data[0], depth, a, b);

	if (memcmp(&whole, &cut, sizeof(whole)) != 0)
		fuzz_check("segments make a difference");
	return whole;
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
	fuzz_check(packet_wrong_key_only(&full, &key_only));
	return 0;
}
