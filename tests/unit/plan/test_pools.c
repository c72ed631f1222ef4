/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Pools by their terms, and memory against what the machine has. */

#include "imagine.h"

#include "sink/sink.h"

static struct machine machine;

#define FORWARD \
	"[pipeline]\nburst = 16\n" \
	"[source wan]\ndevice = eth0\nqueues = 2\n" \
	"[stage busy]\ntype = pass\ninput = wan\n" \
	"[stage out]\ntype = tx\ninput = busy\ndevice = eth0\n"

static void
imagine_forward(unsigned int sockets, unsigned int lcores)
{
	struct machine_port *port;

	imagine(&machine, sockets, lcores);
	port = imagine_port(&machine, "eth0", 0, 4);
	port->rx_ring = 512;
	port->tx_ring = 256;
}

/* The sum of what FORWARD needs on five lcores, as computed by hand below. */
static unsigned int
forward_sum(void)
{
	return 1280 + 3069 + 600 + 64 + (10 + stage_tx.max_held) + 64;
}

/* The least that FORWARD runs with: what drivers, hands and stages keep. */
static unsigned int
forward_least(void)
{
	return 1280 + 64 + (10 + stage_tx.max_held);
}

static void
test_too_small(void **state)
{
	char expected[240], text[512];

	(void)state;
	imagine_forward(1, 5);
	snprintf(text, sizeof(text), FORWARD "[pool]\nsize = %u\ncache = 100\n",
		forward_least() - 1);
	snprintf(expected, sizeof(expected),
		"[pool] size = %u: socket 0 needs %u mbufs = 1280 descriptors + 3069 rings + 600 "
		"caches + 64 bursts + %u held + 64 margin; set size = auto, or at least %u to",
		forward_least() - 1, forward_sum(), 10 + stage_tx.max_held, forward_least());
	refused_on(text, &machine, NULL, EINVAL, expected);
}

/* Below the sum of its terms: it is said, and caches do not take what sources need. */
static void
small_is(unsigned int size, unsigned int cache, bool noted)
{
	struct weir_pipeline *pipeline;
	struct weir_plan *plan;
	char text[512];

	snprintf(text, sizeof(text), FORWARD "[pool]\nsize = %u\ncache = 100\n", size);
	pipeline = pipeline_of(text);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->pools[0].size, size);
	assert_int_equal(plan->pools[0].cache, cache);
	assert_int_equal(plan->pools[0].caches, (cache * 3 + 1) / 2 * 4);
	assert_int_equal(plan->pools[0].rings, 3069);
	assert_true(size >= forward_least() + plan->pools[0].caches);
	snprintf(text, sizeof(text),
		"pool of socket 0: size = %u, auto is %u, all that can be in flight: cache %u, ",
		size, forward_sum(), cache);
	assert_int_equal(has_note(plan, text), noted);
	assert_int_equal(has_note(plan, "pool of socket"), noted);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

static void
test_small(void **state)
{
	(void)state;
	imagine_forward(1, 5);
	small_is(forward_least(), 0, true);
	small_is(forward_least() + 11, 0, true);
	small_is(forward_least() + 12, 1, true);
	small_is(forward_least() + 12 * 60, 60, true);
	small_is(forward_sum() - 1, 100, true);
	small_is(forward_sum(), 100, false);
	small_is(forward_sum() + 1, 100, false);
}

/* A stack for each lcore that allocates; those who only give back take turns. */
static void
test_stacks(void **state)
{
	static const uint8_t homes[] = { 0, 0, 1, 2, 0, 1, 2, 0 };
	struct weir_pipeline *pipeline =
		pipeline_of("[source a]\ntype = synth\nqueues = 4\nflows = 10\nlcores = 1-3\n"
			    "[stage b]\ntype = pass\ninput = a\nworkers = 5\nlcores = 3-7\n");
	struct pool_stacks stacks;
	struct weir_plan *plan;
	char *text;

	(void)state;
	imagine(&machine, 1, 8);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->pool_count, 1);
	assert_int_equal(plan->pools[0].stacks, 3);
	plan_pool_stacks(plan, &plan->pools[0], &stacks);
	assert_int_equal(stacks.count, 3);
	for (unsigned int i = 0; i < RTE_MAX_LCORE; i++)
		assert_int_equal(stacks.home[i], i < RTE_DIM(homes) ? homes[i] : 0);
	text = weir_plan_show(plan, WEIR_PLAN_TEXT);
	assert_non_null(strstr(text, " mbufs of 2176 bytes, cache 256, 3 stacks, "));
	free(text);
	text = weir_plan_show(plan, WEIR_PLAN_JSON);
	assert_non_null(strstr(text, "\"stacks\": 3,"));
	free(text);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

static void
test_too_big(void **state)
{
	(void)state;
	imagine(&machine, 1, 16);
	refused_on("[source wan]\ntype = synth\nqueues = 40\n"
		   "[stage end]\ntype = pass\ninput = wan\nworkers = 40\n"
		   "[link wan end]\nring = 1M\n",
		&machine, NULL, EINVAL, "lower ring =");
	refused_on(FORWARD "[pool]\nsize = 1G\n", (imagine_forward(1, 5), &machine), NULL, EINVAL,
		"[pool] of socket 0 would need 1073741824 mbufs");
}

static void
test_terms(void **state)
{
	struct weir_pipeline *pipeline = pipeline_of(FORWARD "[pool]\ncache = 100\n");
	const struct plan_pool *pool;
	struct weir_plan *plan;

	(void)state;
	imagine_forward(1, 5);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->pool_count, 1);
	pool = &plan->pools[0];
	assert_int_equal(pool->descriptors, 2 * 512 + 256);
	assert_int_equal(pool->rings, 2 * 1023 + 1023);
	assert_int_equal(pool->caches, 150 * 4);
	assert_int_equal(pool->bursts, 16 * 4);
	assert_int_equal(pool->held, 10 + stage_tx.max_held);
	assert_int_equal(pool->margin, 16 * 4);
	assert_int_equal(pool->size, forward_sum());
	assert_int_equal(pool->cache, 100);
	weir_plan_free(plan);

	/* on one lcore every link is a call, but the lossy one in front of tx, which may refuse */
	imagine_forward(1, 1);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->pools[0].rings, 2 * 1023);
	assert_int_equal(plan->pools[0].caches, 150);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

static void
test_given_size(void **state)
{
	struct weir_pipeline *pipeline = pipeline_of(FORWARD "[pool]\nsize = 100000\ncache = 33\n");
	struct weir_plan *plan;

	(void)state;
	imagine_forward(1, 5);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->pools[0].size, 100000);
	assert_int_equal(plan->pools[0].cache, 33);
	assert_int_equal(plan->pools[0].caches, 50 * 4);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

/* A port that only sends has a spare RX queue, filled from the first pool. */
static void
test_spare_queue(void **state)
{
	struct weir_pipeline *pipeline =
		pipeline_of("[source gen]\ntype = synth\n"
			    "[stage out]\ntype = tx\ninput = gen\ndevice = eth0\n");
	struct weir_plan *plan;

	(void)state;
	imagine_forward(1, 3);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->pools[0].descriptors, 512 + 256);
	assert_int_equal(plan->pools[0].held, stage_tx.max_held);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

/* A copy takes room in a ring, but no mbuf more. */
static void
test_copies(void **state)
{
	struct weir_pipeline *pipeline =
		pipeline_of("[pool]\ncache = 0\n[source gen]\ntype = synth\n"
			    "[stage a]\ntype = pass\ninput = gen\nworkers = 3\n"
			    "[link gen a]\nspread = copy\n");
	struct weir_plan *plan;

	(void)state;
	imagine(&machine, 1, 5);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->pools[0].rings, 3 * 1023);
	assert_int_equal(plan->pools[0].caches, 0);
	assert_int_equal(plan->pools[0].bursts, 4 * 32);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

/* Two sockets: each pool counts what its own mbufs can come to. */
static void
test_two_sockets(void **state)
{
	struct weir_pipeline *pipeline =
		pipeline_of("[pool]\ncache = 0\n"
			    "[source a]\ntype = synth\nnuma = 0\n"
			    "[source b]\ntype = synth\nnuma = 1\n"
			    "[stage x]\ntype = pass\ninput = a\n"
			    "[stage y]\ntype = pass\ninput = b\n"
			    "[stage z]\ntype = pass\ninput = x, y\nnuma = 1\n"
			    "[link a x]\nring = 100\n[link b y]\nring = 200\n"
			    "[link x z]\nring = 400\n[link y z]\nring = 800\n");
	struct weir_plan *plan;

	(void)state;
	imagine(&machine, 3, 4);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->pool_count, 2);
	assert_int_equal(plan->pools[0].socket, 0);
	assert_int_equal(plan->pools[0].rings, 100 + 400);
	assert_int_equal(plan->pools[0].bursts, 3 * 32);
	assert_int_equal(plan->pools[0].held, 2 * 10);
	assert_int_equal(plan->pools[1].socket, 1);
	assert_int_equal(plan->pools[1].rings, 200 + 800);
	assert_ptr_equal(plan_pool(plan, 0), &plan->pools[0]);
	assert_ptr_equal(plan_pool(plan, 1), &plan->pools[1]);
	assert_ptr_equal(plan_pool(plan, -1), &plan->pools[0]);
	assert_ptr_equal(plan_pool(plan, 2), &plan->pools[0]);
	plan->machine->distance[2][1] = 12;
	assert_ptr_equal(plan_pool(plan, 2), &plan->pools[1]);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

/* With no hugepages the heap must hold all of it: to the byte, and no less. */
static void
test_heap(void **state)
{
	struct weir_pipeline *pipeline = pipeline_of(FORWARD);
	struct weir_plan *plan;
	char expected[80];
	uint64_t needed;

	(void)state;
	imagine_forward(1, 5);
	machine.hugepages = false;
	machine.memory[0] = (struct machine_memory){ .heap = GB, .heap_free = GB };
	plan = plan_on(pipeline, &machine, NULL);
	needed = plan->memory;
	weir_plan_free(plan);
	machine.memory[0].heap_free = needed;
	plan = plan_on(pipeline, &machine, NULL);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);

	machine.memory[0].heap_free = needed - 1;
	/* what is used now, and what is needed, in steps of 64 MB */
	snprintf(expected, sizeof(expected), "free of 1024 MB: start it with -m 1088");
	refused_on(FORWARD, &machine, NULL, ENOMEM, expected);
	machine.memory[0] = (struct machine_memory){ 0 };
	snprintf(expected, sizeof(expected), "takes %u MB of memory (",
		(unsigned int)((needed + (1 << 20) - 1) >> 20));
	refused_on(FORWARD, &machine, NULL, ENOMEM, expected);
	refused_on(FORWARD, &machine, NULL, ENOMEM, "), EAL has 0 MB free of 0 MB: start it with");
}

static void
test_hugepages(void **state)
{
	struct weir_pipeline *pipeline = pipeline_of(FORWARD);
	struct weir_plan *plan;
	char expected[96];
	uint64_t pages;

	(void)state;
	imagine_forward(1, 5);
	plan = plan_on(pipeline, &machine, NULL);
	pages = plan->hugepages_2m;
	assert_int_equal(pages, (plan->memory + (2 << 20) - 1) / (2 << 20));
	machine.memory[0] = (struct machine_memory){
		.heap = GB,
		.heap_free = 1000,
		.huge_free = plan->memory - 1000,
	};
	weir_plan_free(plan);
	plan = plan_on(pipeline, &machine, NULL);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);

	machine.memory[0] = (struct machine_memory){ .huge_2m = 64 << 20 };
	snprintf(expected, sizeof(expected),
		"echo %u >/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
		(unsigned int)((64 + 32) / 2 + pages));
	refused_on(FORWARD, &machine, NULL, ENOMEM, expected);
}

/* More rings than EAL has memzones: they are parts of one piece for each consumer. */
static void
test_many_rings(void **state)
{
	struct weir_pipeline *pipeline =
		pipeline_of("[source wan]\ntype = synth\nqueues = 60\n"
			    "[stage end]\ntype = pass\ninput = wan\nworkers = 60\n");
	struct weir_plan *plan;

	(void)state;
	imagine(&machine, 1, 121);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan_link_kinds(plan, 0).rings, 3600);
	assert_int_equal(plan->pools[0].rings, 3600 * 127);
	assert_int_equal(plan->terms.rings, 3600 * plan_ring_bytes(127));
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

/* Memory grows with what may wait for a worker, not with the number of its rings. */
static void
test_mesh(void **state)
{
	struct weir_pipeline *pipeline =
		pipeline_of("[source wan]\ndevice = eth0\nqueues = 30\n"
			    "[stage mid]\ntype = count\ninput = wan\nworkers = 30\n"
			    "[stage end]\ntype = count\ninput = mid\nworkers = 30\n");
	struct plan_pool *pool;
	struct weir_plan *plan;

	(void)state;
	imagine(&machine, 1, 91);
	imagine_port(&machine, "eth0", 0, 30)->rx_ring = 512;
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan_link_kinds(plan, 0).rings, 900);
	assert_int_equal(plan_link_kinds(plan, 1).rings, 30);
	assert_int_equal(plan->pool_count, 1);
	pool = &plan->pools[0];
	assert_int_equal(pool->rings, 900 * 127 + 30 * 1023);
	assert_true(plan_pool_sum(pool) - pool->rings < 60000);
	assert_int_equal(pool->stacks, POOL_STACKS_MAX);
	assert_true(plan->memory < UINT64_C(600000000));
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

/* Memory of another socket is of no use. */
static void
test_hugepages_of_socket(void **state)
{
	(void)state;
	imagine_forward(2, 5);
	machine.ports[0].socket = 1;
	machine.memory[1] = (struct machine_memory){ 0 };
	refused_on(FORWARD, &machine, NULL, ENOMEM, "on socket 1, where EAL can have 0 MB");
	refused_on(FORWARD, &machine, NULL, ENOMEM, " >/sys/devices/system/node/node1/hugepages/");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_too_small),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_given_size),
		cmocka_unit_test(test_spare_queue),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_two_sockets),
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_hugepages),
		cmocka_unit_test(test_hugepages_of_socket),
		cmocka_unit_test(test_many_rings),
		cmocka_unit_test(test_mesh),
	};

	return cmocka_run_group_tests(tests, imagine_types, NULL);
}
