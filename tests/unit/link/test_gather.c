/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a pass takes out of the rings that end at a worker, however many they are. */
#include "testing.h"

#include <string.h>

#include "link/link_private.h"

#define INPUTS_MAX 255
#define CAPACITY 127
#define BURST 32
#define STEPS 20000

static const unsigned int counts[] = { 1, 2, 3, 4, 5, 8, 30, 64, 100, INPUTS_MAX };

/* A worker with inputs, and who puts into them. The events are numbers: nothing looks into them. */
static struct mesh {
	struct weir_worker worker;
	struct worker_stats stats;
	struct worker_latency latency;
	struct ring_producer producers[INPUTS_MAX];
	struct ring_consumer inputs[INPUTS_MAX];
	struct ring_probe probes[INPUTS_MAX];
	uint64_t put[INPUTS_MAX]; /* numbers */
	uint64_t got[INPUTS_MAX];
	uint64_t since[INPUTS_MAX]; /* the pass before which the oldest that waits was put */
	uint64_t passes;
} mesh;

/* Which input, and its how manieth. */
static struct weir_event *
number_event(unsigned int input, uint64_t number)
{
	return (struct weir_event *)(uintptr_t)(number * 256 + input + 1);
}

/* Whether inputs have a policy that looks at what waits; it finds nothing to drop. */
static bool attended;

static void
mesh_make(unsigned int count)
{
	memset(&mesh, 0, sizeof(mesh));
	mesh.worker = (struct weir_worker){
		.stats = &mesh.stats,
		.latency = &mesh.latency,
		.inputs = mesh.inputs,
		.input_count = (uint16_t)count,
		.burst = BURST,
	};
	for (unsigned int i = 0; i < count; i++) {
		char name[RTE_RING_NAMESIZE];
		struct rte_ring *ring;

		snprintf(name, sizeof(name), "gather%u", i);
		ring = rte_ring_create(name, CAPACITY, SOCKET_ID_ANY,
			RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
		assert_non_null(ring);
		ring_producer_init(&mesh.producers[i], ring);
		ring_consumer_init(&mesh.inputs[i], ring, NULL);
		ring_probe_init(&mesh.probes[i], &mesh.producers[i], &mesh.inputs[i]);
		if (attended)
			mesh.inputs[i].excess = link_policy(WEIR_ON_FULL_DROP_OLDEST)->excess;
		mesh.inputs[i].high = mesh.inputs[i].low = CAPACITY;
	}
	worker_settle(&mesh.worker);
	assert_int_equal(mesh.worker.attends, attended);
}

static void
mesh_end(void)
{
	for (unsigned int i = 0; i < mesh.worker.input_count; i++) {
		assert_int_equal(mesh.got[i], mesh.put[i]);
		assert_int_equal(ring_taken(&mesh.inputs[i]), mesh.put[i]);
		rte_ring_free(mesh.producers[i].ring);
	}
}

static void
mesh_put(unsigned int input, unsigned int n)
{
	struct ring_producer *producer = &mesh.producers[input];

	if (mesh.put[input] == mesh.got[input])
		mesh.since[input] = mesh.passes;
	assert_true(producer_room(producer, n) >= n);
	for (unsigned int i = 0; i < n; i++)
		producer_put_one(producer, number_event(input, mesh.put[input]++));
	producer_publish(producer);
}

/* A pass: what comes of each input comes in its order. */
static unsigned int
mesh_pass(unsigned int n)
{
	struct weir_event *events[BURST];
	unsigned int got = worker_gather(&mesh.worker, events, n);

	mesh.passes++;
	assert_true(got <= n);
	for (unsigned int i = 0; i < got; i++) {
		unsigned int input = (unsigned int)(((uintptr_t)events[i] - 1) % 256);

		assert_ptr_equal(events[i], number_event(input, mesh.got[input]++));
	}
	return got;
}

static void
test_nothing(void **state)
{
	(void)state;
	for (unsigned int c = 0; c < RTE_DIM(counts); c++) {
		mesh_make(counts[c]);
		assert_int_equal(mesh_pass(BURST), 0);
		assert_false(worker_waits(&mesh.worker));
		mesh_put(counts[c] - 1, 1);
		assert_true(worker_waits(&mesh.worker));
		/* What nothing else comes before is found in the first pass. */
		assert_int_equal(mesh_pass(BURST), 1);
		assert_false(worker_waits(&mesh.worker));
		mesh_end();
	}
}

/* As long as a burst has room for all that waits, all of it comes in the next pass. */
static void
test_next_pass(void **state)
{
	uint64_t random = testing_seed();

	(void)state;
	for (unsigned int c = 0; c < RTE_DIM(counts); c++) {
		mesh_make(counts[c]);
		for (unsigned int step = 0; step < STEPS; step++) {
			unsigned int n = (unsigned int)(testing_random(&random) % (BURST + 1));

			for (unsigned int i = 0; i < n; i++)
				mesh_put((unsigned int)(testing_random(&random) % counts[c]), 1);
			assert_int_equal(mesh_pass(BURST), n);
		}
		mesh_end();
	}
}

/* Whatever the others have, a burst waits for its turn: two for each input at most. */
static void
test_turns(void **state)
{
	uint64_t random = testing_seed();

	(void)state;
	for (unsigned int c = 0; c < RTE_DIM(counts); c++) {
		mesh_make(counts[c]);
		for (unsigned int step = 0; step < STEPS / 10; step++) {
			unsigned int n = 1 + (unsigned int)(testing_random(&random) % BURST);

			for (unsigned int i = 0; i < counts[c]; i++)
				if (mesh.put[i] == mesh.got[i] && testing_random(&random) % 4 != 0)
					mesh_put(i, n);
			mesh_pass(BURST);
			for (unsigned int i = 0; i < counts[c]; i++)
				assert_true(mesh.put[i] == mesh.got[i] ||
					mesh.passes - mesh.since[i] <= 2 * counts[c]);
		}
		while (mesh_pass(BURST) > 0)
			;
		mesh_end();
	}
}

/* Inputs that always have a burst get their turn, each as often. */
static void
test_fair(void **state)
{
	(void)state;
	for (unsigned int c = 0; c < RTE_DIM(counts); c++) {
		mesh_make(counts[c]);
		for (unsigned int round = 1; round <= 3; round++) {
			for (unsigned int i = 0; i < counts[c]; i++)
				mesh_put(i, BURST);
			for (unsigned int i = 0; i < counts[c]; i++)
				assert_int_equal(mesh_pass(BURST), BURST);
			for (unsigned int i = 0; i < counts[c]; i++)
				assert_int_equal(mesh.got[i], (uint64_t)round * BURST);
		}
		mesh_end();
	}
}

/* Any number into any input, with any room: nothing is lost, doubled or out of order. */
static void
test_random(void **state)
{
	uint64_t random = testing_seed();

	(void)state;
	for (unsigned int c = 0; c < RTE_DIM(counts); c++) {
		mesh_make(counts[c]);
		for (unsigned int step = 0; step < STEPS; step++) {
			unsigned int input = (unsigned int)(testing_random(&random) % counts[c]);
			unsigned int room = producer_room(&mesh.producers[input], CAPACITY);

			mesh_put(input, (unsigned int)(testing_random(&random) % (room + 1)));
			mesh_pass(1 + (unsigned int)(testing_random(&random) % BURST));
		}
		while (mesh_pass(BURST) > 0)
			;
		assert_false(worker_waits(&mesh.worker));
		mesh_end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_next_pass),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_fair),
		cmocka_unit_test(test_random),
	};

	int failed;

	testing_eal_init(NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	attended = true;
	return failed + cmocka_run_group_tests_name("attended", tests, NULL, NULL);
}
