/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Packets of several pools in a burst, of none, and of pools beyond what there are indices for. */
#include "testing.h"

#include "frames.h"
#include "packet.h"

#define BURSTS 3000
#define BURST 40
/* Random addresses after which the table of pools is full. */
#define TRIES 400000

static uint64_t pool_memory[3];

/* A pool, or none: what there is of it is an address. */
static struct rte_mempool *
pool_of(uint64_t choice)
{
	return choice < RTE_DIM(pool_memory) ? (void *)&pool_memory[choice] : NULL;
}

/* Whether the packet goes the short way, its event says the same as that of a packet on its own. */
static void
assert_alone(struct rte_mbuf *mbuf, unsigned int frame, uint8_t depth)
{
	struct weir_parse_burst burst = { .size = sizeof(burst), .tsc = 7, .depth = depth };
	struct weir_event *event = weir_mbuf_event(mbuf);
	struct rte_mbuf *alone;
	struct packet p;
	struct frame f;

	frames_get(frame, &f);
	alone = packet_make(&p, frame_bytes(&f), frame_len(&f), 0, 0);
	alone->pool = mbuf->pool;
	weir_parse(&alone, 1, &burst);
	assert_memory_equal(event, weir_mbuf_event(alone), sizeof(*event));
	assert_int_equal(event->pool, weir_pool_index(mbuf->pool));
	assert_int_equal(event->flags & WEIR_EVENT_PRISTINE, event->pool != 0);
	packet_free(&p);
}

/* A random burst of n packets, of the pools that are `given` at random. */
static void
burst_check(uint64_t *seed, uint16_t n, uint8_t depth, uint64_t given)
{
	struct weir_parse_burst burst = { .size = sizeof(burst), .tsc = 7, .depth = depth };
	struct packet packets[BURST];
	struct rte_mbuf *mbufs[BURST] = { NULL };
	unsigned int frames[BURST];
	uint64_t counted = 0;
	struct frame f;

	for (uint16_t i = 0; i < n; i++) {
		frames[i] = (unsigned int)(testing_random(seed) % FRAMES);
		frames_get(frames[i], &f);
		mbufs[i] = packet_make(&packets[i], frame_bytes(&f), frame_len(&f), 0, 0);
		mbufs[i]->pool = pool_of(testing_random(seed) % given);
	}
	weir_parse(mbufs, n, &burst);
	for (uint16_t i = 0; i < n; i++) {
		assert_alone(mbufs[i], frames[i], depth);
		packet_free(&packets[i]);
	}
	for (unsigned int i = 0; i < WEIR_VERDICT_MAX; i++)
		counted += burst.verdicts[i];
	assert_int_equal(counted, n);
}

static void
bursts(uint64_t *seed)
{
	for (unsigned int i = 0; i < BURSTS; i++)
		burst_check(seed, (uint16_t)(testing_random(seed) % (BURST + 1)), i % 2,
			i % (RTE_DIM(pool_memory) + 1) + 1);
}

static void
mixed(void **state)
{
	uint64_t seed = testing_seed();

	(void)state;
	bursts(&seed);
	for (unsigned int i = 0; i < RTE_DIM(pool_memory); i++)
		assert_int_not_equal(weir_pool_index(pool_of(i)), 0);
}

/* No index is left for a new pool: its events are as those of others, but for being pristine. */
static void
beyond(void **state)
{
	static uint64_t more;
	uint64_t seed = testing_seed();
	struct weir_parse_burst burst = { .size = sizeof(burst), .tsc = 7 };
	struct rte_mbuf *mbufs[2];
	struct packet packets[2];
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < TRIES; i++)
		weir_pool_index((const void *)(uintptr_t)(testing_random(&seed) | 1));
	for (unsigned int frame = 0; frame < FRAMES; frame++) {
		frames_get(frame, &f);
		for (unsigned int i = 0; i < 2; i++)
			mbufs[i] = packet_make(&packets[i], frame_bytes(&f), frame_len(&f), 0, 0);
		mbufs[0]->pool = pool_of(0);
		mbufs[1]->pool = (void *)&more;
		weir_parse(mbufs, 2, &burst);
		assert_int_equal(weir_mbuf_event(mbufs[1])->pool, 0);
		weir_event_touch(weir_mbuf_event(mbufs[0]));
		weir_mbuf_event(mbufs[0])->pool = 0;
		assert_memory_equal(weir_mbuf_event(mbufs[0]), weir_mbuf_event(mbufs[1]),
			sizeof(struct weir_event));
		packet_free(&packets[0]);
		packet_free(&packets[1]);
	}
	bursts(&seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mixed),
		cmocka_unit_test(beyond),
	};

	return cmocka_run_group_tests_name("parse pools", tests, NULL, NULL);
}
