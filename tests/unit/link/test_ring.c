/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Both ends of an SPSC ring against a plain queue. */
#include "testing.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "link/link_private.h"

#define STEPS 200000
#define STRESS 2000000
#define BATCH 64

/* A ring, both its ends, and what ought to be in it: numbers from `got` to `put`. */
struct pipe {
	struct rte_ring *ring;
	struct ring_producer producer;
	struct ring_consumer consumer;
	uint64_t put;
	uint64_t published;
	uint64_t got;
	uint32_t done; /* the consumer of test_stress() is */
};

/* The numbers stand for events: nothing here looks into those. */
static struct weir_event *
number_event(uint64_t number)
{
	return (struct weir_event *)(uintptr_t)(number + 1);
}

static void
pipe_make(struct pipe *pipe, unsigned int capacity, uint32_t index)
{
	memset(pipe, 0, sizeof(*pipe));
	pipe->ring = rte_ring_create("pipe", capacity, SOCKET_ID_ANY,
		RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	assert_non_null(pipe->ring);
	pipe->ring->prod.head = pipe->ring->prod.tail = index;
	pipe->ring->cons.head = pipe->ring->cons.tail = index;
	ring_producer_init(&pipe->producer, pipe->ring);
	ring_consumer_init(&pipe->consumer, pipe->ring, NULL);
}

static void
pipe_put(struct pipe *pipe, uint32_t n)
{
	struct weir_event *events[512];

	for (uint32_t i = 0; i < n; i++)
		events[i] = number_event(pipe->put++);
	producer_put(&pipe->producer, events, n);
}

static void
pipe_publish(struct pipe *pipe)
{
	producer_publish(&pipe->producer);
	pipe->published = pipe->put;
}

static uint32_t
pipe_get(struct pipe *pipe, uint32_t n)
{
	struct weir_event *events[512];

	n = ring_consumer_get(&pipe->consumer, events, n);
	for (uint32_t i = 0; i < n; i++)
		assert_ptr_equal(events[i], number_event(pipe->got++));
	return n;
}

static void
pipe_is_right(const struct pipe *pipe)
{
	uint64_t count = pipe->published - pipe->got;

	assert_int_equal(rte_ring_count(pipe->ring), count);
	assert_int_equal(rte_ring_free_count(pipe->ring), pipe->ring->capacity - count);
	assert_int_equal(rte_ring_empty(pipe->ring), count == 0);
	assert_int_equal(ring_enqueued(&pipe->producer), pipe->published);
	assert_int_equal(ring_taken(&pipe->consumer), pipe->got);
	assert_true(pipe->consumer.high_water <= pipe->ring->capacity);
	assert_true(pipe->put - pipe->got <= pipe->ring->capacity);
}

static void
pipe_end(struct pipe *pipe)
{
	pipe_publish(pipe);
	while (pipe_get(pipe, 512) > 0)
		;
	assert_int_equal(pipe->got, pipe->put);
	pipe_is_right(pipe);
	rte_ring_free(pipe->ring);
}

static void
test_empty(void **state)
{
	struct pipe pipe;

	(void)state;
	pipe_make(&pipe, 64, 0);
	assert_int_equal(pipe_get(&pipe, 64), 0);
	assert_int_equal(pipe_get(&pipe, 0), 0);
	pipe_publish(&pipe);
	pipe_put(&pipe, 0);
	pipe_publish(&pipe);
	pipe_is_right(&pipe);
	assert_int_equal(pipe.consumer.high_water, 0);
	pipe_end(&pipe);
}

/* What is put is not seen before it is published. */
static void
test_publish(void **state)
{
	struct pipe pipe;

	(void)state;
	pipe_make(&pipe, 64, 0);
	pipe_put(&pipe, 10);
	assert_int_equal(pipe_get(&pipe, 64), 0);
	pipe_is_right(&pipe);
	pipe_publish(&pipe);
	pipe_put(&pipe, 5);
	assert_int_equal(pipe_get(&pipe, 64), 10);
	pipe_is_right(&pipe);
	pipe_end(&pipe);
}

/* Capacity is exact, whatever the ring's own size, and wherever its indices stand. */
static void
test_capacity(void **state)
{
	static const uint32_t indices[] = { 0, 63, UINT32_MAX, UINT32_MAX - 50 };
	struct pipe pipe;

	(void)state;
	for (unsigned int capacity = 1; capacity < 140; capacity++)
		for (unsigned int i = 0; i < RTE_DIM(indices); i++) {
			pipe_make(&pipe, capacity, indices[i]);
			assert_int_equal(producer_room(&pipe.producer, UINT32_MAX), capacity);
			pipe_put(&pipe, capacity);
			assert_int_equal(producer_room(&pipe.producer, 1), 0);
			pipe_publish(&pipe);
			assert_true(rte_ring_full(pipe.ring));
			assert_int_equal(pipe_get(&pipe, 1), 1);
			assert_int_equal(producer_room(&pipe.producer, 1), 1);
			pipe_put(&pipe, 1);
			pipe_end(&pipe);
		}
}

/* Room that was seen is only looked at again where it does not suffice. */
static void
test_room_is_cached(void **state)
{
	struct pipe pipe;

	(void)state;
	pipe_make(&pipe, 100, 0);
	pipe_put(&pipe, 60);
	pipe_publish(&pipe);
	assert_int_equal(pipe_get(&pipe, 60), 60);
	assert_int_equal(producer_room(&pipe.producer, 40), 40);
	assert_int_equal(producer_room(&pipe.producer, 41), 100);
	pipe_end(&pipe);
}

static void
test_high_water(void **state)
{
	struct pipe pipe;

	(void)state;
	pipe_make(&pipe, 100, 0);
	pipe_put(&pipe, 70);
	pipe_publish(&pipe);
	assert_int_equal(pipe_get(&pipe, 32), 32);
	assert_int_equal(pipe.consumer.high_water, 70);
	assert_int_equal(pipe_get(&pipe, 64), 38);
	pipe_put(&pipe, 3);
	pipe_publish(&pipe);
	assert_int_equal(pipe_get(&pipe, 32), 3);
	assert_int_equal(pipe.consumer.high_water, 70);
	pipe_end(&pipe);
}

/* The ring stays one that rte_ring's own functions may empty. */
static void
test_plain_dequeue(void **state)
{
	struct pipe pipe;
	void *out[64];

	(void)state;
	pipe_make(&pipe, 64, UINT32_MAX - 20);
	pipe_put(&pipe, 40);
	pipe_publish(&pipe);
	assert_int_equal(rte_ring_sc_dequeue_burst(pipe.ring, out, 64, NULL), 40);
	for (unsigned int i = 0; i < 40; i++)
		assert_ptr_equal(out[i], number_event(i));
	assert_int_equal(producer_room(&pipe.producer, 64), 64);
	rte_ring_free(pipe.ring);
}

static void
step(struct pipe *pipe, uint64_t *random)
{
	uint32_t n = (uint32_t)(testing_random(random) % 200), room;
	uint64_t free_now = pipe->ring->capacity - (pipe->put - pipe->got);

	switch (testing_random(random) % 4) {
	case 0:
	case 1:
		room = producer_room(&pipe->producer, n);
		/* Never more than there is; exact where it is less than asked for. */
		assert_true(room <= free_now);
		if (room < n)
			assert_int_equal(room, free_now);
		pipe_put(pipe, RTE_MIN(n, room));
		break;
	case 2:
		pipe_publish(pipe);
		break;
	default:
		room = (uint32_t)(pipe->published - pipe->got);
		/* What was seen before may be less than is there, never nothing. */
		n = pipe_get(pipe, n);
		assert_true(n <= room);
		break;
	}
	pipe_is_right(pipe);
}

static void
test_random(void **state)
{
	uint64_t random = testing_seed();
	struct pipe pipe;

	(void)state;
	for (unsigned int run = 0; run < 20; run++) {
		pipe_make(&pipe, 1 + (unsigned int)(testing_random(&random) % 300),
			UINT32_MAX - (uint32_t)(testing_random(&random) % 5000));
		for (unsigned int i = 0; i < STEPS / 20; i++)
			step(&pipe, &random);
		pipe_end(&pipe);
	}
}

static void *
stress_producer(void *arg)
{
	struct pipe *pipe = arg;
	uint64_t random = 88172645463325252u;

	while (pipe->put < STRESS) {
		uint32_t n = 1 + (uint32_t)(testing_random(&random) % BATCH), room;

		n = (uint32_t)RTE_MIN(n, STRESS - pipe->put);
		room = producer_room(&pipe->producer, n);
		if (room == 0)
			sched_yield();
		pipe_put(pipe, RTE_MIN(n, room));
		if (room < n || n % 4 == 0)
			producer_publish(&pipe->producer);
	}
	producer_publish(&pipe->producer);
	return NULL;
}

static void *
stress_consumer(void *arg)
{
	struct pipe *pipe = arg;
	uint64_t random = 362436069362436069u;
	void *wrong = NULL;

	while (wrong == NULL && pipe->got < STRESS) {
		struct weir_event *events[BATCH];
		uint32_t n = 1 + (uint32_t)(testing_random(&random) % BATCH);

		n = ring_consumer_get(&pipe->consumer, events, n);
		if (n == 0)
			sched_yield();
		for (uint32_t i = 0; i < n; i++)
			if (events[i] != number_event(pipe->got++))
				wrong = events[i];
	}
	__atomic_store_n(&pipe->done, 1, __ATOMIC_RELEASE);
	return wrong;
}

/*
 * A third thread looks on until the consumer is done; how often it saw more out than in, or more
 * waiting than had come in after that and not gone out before.
 */
static unsigned int
look_on(const struct pipe *pipe)
{
	unsigned int wrong = 0;

	while (!__atomic_load_n(&pipe->done, __ATOMIC_ACQUIRE)) {
		uint64_t out = ring_taken(&pipe->consumer);
		uint32_t count = ring_count(pipe->ring);
		uint64_t in = ring_enqueued(&pipe->producer);

		wrong += out > in || count > in - out || count > pipe->ring->capacity;
	}
	return wrong;
}

/* Two threads, indices that wrap, and nothing lost, doubled or out of order. */
static void
test_stress(void **state)
{
	pthread_t producer, consumer;
	unsigned int wrong_seen;
	struct pipe pipe;
	void *wrong;

	(void)state;
	pipe_make(&pipe, 256, UINT32_MAX - STRESS / 2);
	assert_int_equal(pthread_create(&producer, NULL, stress_producer, &pipe), 0);
	assert_int_equal(pthread_create(&consumer, NULL, stress_consumer, &pipe), 0);
	wrong_seen = look_on(&pipe);
	pthread_join(consumer, &wrong);
	assert_null(wrong);
	pthread_join(producer, NULL);
	assert_int_equal(wrong_seen, 0);
	pipe.published = pipe.put;
	assert_int_equal(pipe.got, STRESS);
	pipe_end(&pipe);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_room_is_cached),
		cmocka_unit_test(test_high_water),
		cmocka_unit_test(test_plain_dequeue),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_stress),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
