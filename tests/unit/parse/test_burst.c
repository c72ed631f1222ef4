/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the callers of weir_parse() share: a struct that may grow, and the key of the hash. */
#include "testing.h"

#include "frames.h"
#include "packet.h"

#define GUARD 0x5a

/* A struct weir_parse_burst as it may be longer or shorter than ours, and what lies behind it. */
union sized {
	struct weir_parse_burst burst;
	uint8_t bytes[sizeof(struct weir_parse_burst) + 64];
};

static struct weir_event
parse_one(struct weir_parse_burst *burst)
{
	struct weir_event event;
	struct rte_mbuf *mbuf;
	struct packet p;
	struct frame f;

	frames_get(0, &f);
	mbuf = packet_make(&p, frame_bytes(&f), frame_len(&f), 0, 0);
	weir_parse(&mbuf, 1, burst);
	event = *weir_mbuf_event(mbuf);
	packet_free(&p);
	return event;
}

/* Of every size: no byte beyond it is written, and none is read. */
static void
shorter(void **state)
{
	union sized sized, before;
	struct weir_event event;

	(void)state;
	for (size_t size = 0; size < sizeof(sized.burst); size++) {
		memset(&sized, GUARD, sizeof(sized));
		memset(&sized, 0, size);
		sized.burst.size = size;
		before = sized;
		event = parse_one(&sized.burst);
		assert_int_equal(event.type, WEIR_EVENT_PACKET);
		assert_int_equal(event.flags & WEIR_EVENT_KEYED, WEIR_EVENT_KEYED);
		assert_int_equal(event.hash, weir_key_hash(NULL, &event.key));
		assert_int_equal(event.tsc, 0);
		assert_int_equal(event.port, 0);
		assert_int_not_equal(event.l4_off, 0);
		if (size >= offsetof(struct weir_parse_burst, verdicts) + sizeof(uint64_t))
			before.burst.verdicts[WEIR_VERDICT_OK]++;
		assert_memory_equal(&sized, &before, sizeof(sized));
	}
}

/* What a shorter one has counts. */
static void
fields_of_shorter(void **state)
{
	struct weir_hash_key hash_key;
	struct weir_parse_burst burst = {
		.size = offsetof(struct weir_parse_burst, verdicts),
		.hash_key = &hash_key,
		.tsc = 7,
		.port = 3,
		.queue = 2,
		.depth = WEIR_PARSE_KEY_ONLY,
	};
	struct weir_event event;

	(void)state;
	weir_hash_key_init(&hash_key, 5);
	event = parse_one(&burst);
	assert_int_equal(event.hash, weir_key_hash(&hash_key, &event.key));
	assert_int_equal(event.tsc, 7);
	assert_int_equal(event.port, 3);
	assert_int_equal(event.queue, 2);
	assert_int_equal(event.l4_off, 0);
	assert_int_equal(burst.key_only, 1);
	assert_int_equal(burst.size, offsetof(struct weir_parse_burst, verdicts));
	assert_int_equal(burst.verdicts[WEIR_VERDICT_OK], 0);
}

/* A caller's of later headers: as ours, and what is behind is not ours. */
static void
longer(void **state)
{
	union sized sized;

	(void)state;
	memset(&sized, GUARD, sizeof(sized));
	sized.burst = (struct weir_parse_burst){ .size = sizeof(sized), .tsc = 7 };
	assert_int_equal(parse_one(&sized.burst).tsc, 7);
	assert_int_equal(sized.burst.size, sizeof(sized));
	assert_int_equal(sized.burst.verdicts[WEIR_VERDICT_OK], 1);
	for (size_t i = sizeof(sized.burst); i < sizeof(sized); i++)
		assert_int_equal(sized.bytes[i], GUARD);
}

static void
initialiser(void **state)
{
	static const struct weir_parse_burst zero;
	struct weir_parse_burst burst = WEIR_PARSE_BURST_INIT;

	(void)state;
	assert_int_equal(burst.size, sizeof(burst));
	assert_int_equal(offsetof(struct weir_parse_burst, size), 0);
	burst.size = 0;
	assert_memory_equal(&burst, &zero, sizeof(burst));
	assert_in_range(WEIR_VERDICT_MAX, 1, WEIR_VERDICTS_ROOM);
}

/* Every frame and depth has the hash of the burst's key, and the default one without. */
static void
hash_keys(void **state)
{
	const uint64_t seeds[] = { 0, 1, UINT64_MAX };
	struct weir_hash_key hash_key;
	unsigned int keyed = 0;
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < FRAMES * RTE_DIM(seeds) * 4; i++) {
		struct weir_parse_burst burst = { .size = sizeof(burst),
			.hash_key = i % 4 / 2 ? &hash_key : NULL,
			.depth = i % 2 ? WEIR_PARSE_KEY_ONLY : WEIR_PARSE_FULL };
		const struct weir_event *event;
		struct rte_mbuf *mbuf;
		struct packet p;

		weir_hash_key_init(&hash_key, seeds[i / 4 % RTE_DIM(seeds)]);
		frames_get(i / 4 / RTE_DIM(seeds), &f);
		mbuf = packet_make(&p, frame_bytes(&f), frame_len(&f), 0, 0);
		weir_parse(&mbuf, 1, &burst);
		event = weir_mbuf_event(mbuf);
		if (event->flags & WEIR_EVENT_KEYED) {
			assert_int_equal(event->hash, weir_key_hash(burst.hash_key, &event->key));
			keyed++;
		} else {
			assert_int_equal(event->hash, 0);
		}
		packet_free(&p);
	}
	assert_in_range(keyed, FRAMES, UINT32_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shorter),
		cmocka_unit_test(fields_of_shorter),
		cmocka_unit_test(longer),
		cmocka_unit_test(initialiser),
		cmocka_unit_test(hash_keys),
	};

	return cmocka_run_group_tests_name("parse burst", tests, NULL, NULL);
}
