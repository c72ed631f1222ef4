/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Figures for callers whose structs are smaller or larger than the library's. */
#include "engine/rig.h"

#include <rte_dev.h>

/* What the caller's memory is filled with before a reader is called. */
#define FILL 0xa5
/* Bytes behind the largest struct, of a caller that knows more than the library. */
#define BEYOND 64

/* Each reader, of the first that there is. */
#define READER(name, type, call) \
	static int name(const struct weir_engine *engine, void *figures) \
	{ \
		struct type *f = figures; \
		return call; \
	}
READER(read_ledger, weir_ledger, weir_ledger_read(engine, f))
READER(read_worker, weir_worker_figures, weir_ledger_worker(engine, 1, f))
READER(read_latency, weir_latency_figures, weir_ledger_latency(engine, 1, 0, f))
READER(read_link, weir_link_figures, weir_ledger_link(engine, 0, f))
READER(read_ring, weir_ring_figures, weir_ledger_ring(engine, 0, f))
READER(read_port, weir_port_figures, weir_ledger_port(engine, 0, f))
READER(read_lcore, weir_lcore_figures, weir_ledger_lcore(engine, 0, f))
READER(read_watch, weir_watch_figures, weir_ledger_watch(engine, f))
READER(read_engine, weir_engine_figures, weir_ledger_engine(engine, f))
READER(read_node, weir_node_figures, weir_ledger_node(engine, 1, f))
READER(read_pool, weir_pool_figures, weir_ledger_pool(engine, 0, f))

/* With where the first figure ends. */
#define ROW(read, type, first) \
	{ \
		read, #type, sizeof(struct type), \
			offsetof(struct type, first) + sizeof(((struct type *)0)->first) \
	}

static const struct reader {
	int (*read)(const struct weir_engine *engine, void *figures);
	const char *name;
	size_t size;
	size_t least;
} readers[] = {
	ROW(read_ledger, weir_ledger, received),
	ROW(read_worker, weir_worker_figures, node),
	ROW(read_latency, weir_latency_figures, count),
	ROW(read_link, weir_link_figures, from),
	ROW(read_ring, weir_ring_figures, from),
	ROW(read_port, weir_port_figures, name),
	ROW(read_lcore, weir_lcore_figures, lcore),
	ROW(read_watch, weir_watch_figures, stuck_workers),
	ROW(read_engine, weir_engine_figures, weir),
	ROW(read_node, weir_node_figures, name),
	ROW(read_pool, weir_pool_figures, name),
};

/* A caller's struct of that size, with what lies behind it. */
union caller {
	size_t size;
	unsigned char bytes[2048];
};

static void
caller_fill(union caller *caller, size_t size)
{
	memset(caller, FILL, sizeof(*caller));
	caller->size = size;
}

/* Nothing was written from there on. */
static void
untouched(const union caller *caller, size_t from, const struct reader *reader)
{
	for (size_t i = from; i < sizeof(caller->bytes); i++)
		if (caller->bytes[i] != FILL)
			fail_msg("%s of %zu bytes: byte %zu is written", reader->name, caller->size,
				i);
}

static void
too_small(const struct rig *rig, const struct reader *reader)
{
	union caller caller;

	for (size_t size = 0; size < reader->least; size++) {
		caller_fill(&caller, size);
		assert_int_equal(reader->read(rig->engine, &caller), -EINVAL);
		assert_int_equal(caller.size, size);
		untouched(&caller, sizeof(size_t), reader);
	}
}

/* Each size gives the beginning of the whole. */
static void
all_sizes(const struct rig *rig, const struct reader *reader)
{
	union caller caller, whole;

	caller_fill(&whole, reader->size);
	assert_int_equal(reader->read(rig->engine, &whole), 0);
	untouched(&whole, reader->size, reader);
	for (size_t size = reader->least; size <= reader->size + BEYOND; size++) {
		size_t known = RTE_MIN(size, reader->size);

		caller_fill(&caller, size);
		assert_int_equal(reader->read(rig->engine, &caller), 0);
		assert_int_equal(caller.size, size);
		assert_memory_equal(caller.bytes + sizeof(size_t), whole.bytes + sizeof(size_t),
			known - sizeof(size_t));
		untouched(&caller, known, reader);
	}
}

/* At rest: every reading gives the same. */
static void
test_sizes(void **state)
{
	struct rig rig;

	(void)state;
	assert_true(rte_eal_hotplug_add("vdev", "net_null0", "") == 0);
	rig_make(&rig, "sizes", "0", 1000,
		SECTIONS("source wan: device=net_null0", "stage end: type=t_pass; input=wan",
			"link wan end: kind=ring; on_full=block"));
	rig_wait_received(&rig, 1000);
	rig_stop(&rig);
	for (unsigned int i = 0; i < RTE_DIM(readers); i++) {
		assert_true(readers[i].size + BEYOND <= sizeof(union caller));
		too_small(&rig, &readers[i]);
		all_sizes(&rig, &readers[i]);
	}
	rig_end(&rig);
	rte_eal_hotplug_remove("vdev", "net_null0");
}

static void
test_init(void **state)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	static const struct weir_worker_figures zero;

	(void)state;
	assert_int_equal(w.size, sizeof(w));
	assert_memory_equal((char *)&w + sizeof(w.size), (const char *)&zero + sizeof(w.size),
		sizeof(w) - sizeof(w.size));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_sizes),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
