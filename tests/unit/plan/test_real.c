/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* This machine, as EAL has it in tests: what it says, and whether pools take what they should. */

#include <rte_malloc.h>

#include "event/event.h"

#include "imagine.h"

static void
test_machine(void **state)
{
	struct machine *machine = malloc(sizeof(*machine));

	(void)state;
	assert_non_null(machine);
	machine_read(machine);
	assert_int_equal(machine->main_lcore, 0);
	assert_true(machine->lcores[0].present);
	assert_true(machine->lcores[1].present);
	assert_false(machine->lcores[2].present);
	assert_int_equal(CPU_COUNT(&machine->lcores[1].cpus), 1);
	assert_true(CPU_ISSET(0, &machine->lcores[1].cpus));
	assert_int_equal(machine->port_count, 2);
	assert_string_equal(machine->ports[0].name, "net_null0");
	assert_string_equal(machine->ports[0].driver, "net_null");
	assert_true(machine->ports[0].max_rx_queues >= 1);
	assert_false(machine->hugepages);
	assert_in_range(machine->memory[0].heap, 255u << 20, 256u << 20);
	assert_in_range(machine->memory[0].heap_free, 1, machine->memory[0].heap);
	assert_int_equal(machine->distance[0][0], 10);
	free(machine);
}

static void
test_refused(void **state)
{
	struct weir_pipeline *pipeline;
	struct weir_error error = { 0 };

	(void)state;
	/* weir_plan_create() checks what was not checked */
	pipeline = weir_pipeline_create("p", &error);
	assert_non_null(pipeline);
	assert_int_equal(weir_pipeline_set(pipeline, "source a", "type", "synth", &error), 0);
	assert_null(weir_plan_create(pipeline, NULL, &error));
	assert_int_equal(rte_errno, EINVAL);
	weir_pipeline_free(pipeline);

	pipeline = pipeline_of("[source a]\ndevice = net_null0\n"
			       "[stage b]\ntype = pass\ninput = a\n[pool]\nsize = 1M\n");
	assert_null(weir_plan_create(pipeline, NULL, &error));
	assert_int_equal(rte_errno, ENOMEM);
	assert_non_null(strstr(error.text, "start it with -m "));
	weir_pipeline_free(pipeline);
}

static void
test_plain(void **state)
{
	struct weir_pipeline *pipeline =
		pipeline_of("[source a]\ndevice = net_null0\n"
			    "[stage b]\ntype = tx\ninput = a\ndevice = net_null1\n");
	struct weir_plan_conf conf;
	struct weir_plan *plan;
	struct weir_error error = { 0 };

	(void)state;
	plan = weir_plan_create(pipeline, NULL, &error);
	if (plan == NULL)
		fail_msg("%s", error.text);
	assert_int_equal(plan->workers[0].lcore, 1);
	assert_int_equal(plan->workers[1].lcore, 1);
	assert_int_equal(plan->workers[0].idle, WEIR_WAIT_EXPONENTIAL);
	weir_plan_free(plan);

	/* both lcores are on CPU 0 */
	weir_plan_conf_init(&conf);
	conf.lcores = "0-1";
	plan = weir_plan_create(pipeline, &conf, &error);
	assert_non_null(plan);
	assert_int_equal(plan->workers[0].lcore, 0);
	assert_int_equal(plan->workers[1].lcore, 1);
	assert_int_equal(plan->workers[0].idle, WEIR_WAIT_YIELD);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

static size_t
heap_used(void)
{
	struct rte_malloc_socket_stats stats;

	assert_int_equal(rte_malloc_get_socket_stats(0, &stats), 0);
	return stats.heap_allocsz_bytes;
}

/* The plan's bytes are never more than what is taken, and not much less. */
static void
test_pool_bytes(void **state)
{
	static const char *const pools[] = {
		"[pool]\nsize = 10000\n",
		"[pool]\nsize = 10000\ncache = 0\n",
		"[pool]\nsize = 16k\ndata_room = 256\n",
		"[pool]\nsize = 8191\ndata_room = 9600\n",
		"[pool]\nsize = 10001\ndata_room = 1500\n",
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < RTE_DIM(pools); i++) {
		char text[160];
		struct weir_pipeline *pipeline;
		struct rte_mempool *pool;
		struct weir_plan *plan;
		size_t before = heap_used(), taken;

		snprintf(text, sizeof(text),
			"[source a]\ntype = synth\n"
			"[stage b]\ntype = pass\ninput = a\n%s",
			pools[i]);
		pipeline = pipeline_of(text);
		plan = weir_plan_create(pipeline, NULL, NULL);
		assert_non_null(plan);
		pool = weir_pool_create("measured", plan->pools[0].size, plan->pools[0].cache, 0,
			(uint16_t)plan->data_room, plan->pools[0].socket);
		assert_non_null(pool);
		taken = heap_used() - before;
		assert_in_range(plan->pools[0].memory, taken * 95 / 100, taken);
		rte_mempool_free(pool);
		weir_plan_free(plan);
		weir_pipeline_free(pipeline);
	}
}

int
main(void)
{
	static const char *const ports[] = { "--vdev", "net_null0", "--vdev", "net_null1", NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_pool_bytes),
	};

	testing_eal_init(ports);
	return cmocka_run_group_tests(tests, imagine_types, NULL);
}
