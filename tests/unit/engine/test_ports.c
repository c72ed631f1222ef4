/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What an engine asks of its ports, and what they leave it. */
#include "driver.h"

#define PIPELINE(...) \
	SECTIONS("source wan: device=" DRIVER "; descriptors=256", \
		"stage end: type=t_pass; input=wan", ##__VA_ARGS__)

static void
plan_make_of(struct rig *rig, const char *const *sections)
{
	rig_describe(rig, "ports", sections);
	rig_place(rig, "1-2");
}

/* The engine is refused by that errno, and all is as it was. */
static void
refused_by(struct rig *rig, int code, const char *text)
{
	assert_null(weir_engine_create(rig->plan, NULL, &rig->error));
	assert_int_equal(rte_errno, code);
	assert_int_equal(rig->error.code, code);
	if (strstr(rig->error.text, text) == NULL)
		fail_msg("'%s' is not in: %s", text, rig->error.text);
	assert_int_equal(driver.mbuf_count, 0);
}

static void
refused(struct rig *rig, const char *text)
{
	refused_by(rig, ENOMEM, text);
}

/* The size that the error asks for. */
static unsigned int
size_advised(const struct rig *rig)
{
	const char *at = strstr(rig->error.text, "set size = ");
	unsigned int size;

	assert_non_null(at);
	assert_int_equal(sscanf(at, "set size = %u", &size), 1);
	return size;
}

static void
runs(struct rig *rig)
{
	rig_create(rig, 0);
	rig_start(rig);
	rig_wait_received(rig, 1000);
	rig_stop(rig);
	rig_end(rig);
}

/* Twice what was planned: nothing would be left for the rings. */
static void
test_greedy(void **state)
{
	struct rig rig;
	unsigned int size;
	char text[64];

	(void)state;
	driver_add((struct driver){ .rings = 2 });
	plan_make_of(&rig, PIPELINE("link wan end: ring=128"));
	refused(&rig, "port net_null0 (net_null) took 512 mbufs, not 256: ");
	assert_non_null(strstr(rig.error.text, " + 128 rings + "));
	size = size_advised(&rig);
	assert_int_equal(size, rig.plan->pools[0].size + 256);
	rig_free(&rig);
	driver_remove();

	driver_add((struct driver){ .rings = 2 });
	snprintf(text, sizeof(text), "pool: size=%u", size);
	plan_make_of(&rig, PIPELINE("link wan end: ring=128", text));
	runs(&rig);
	driver_remove();
}

/* The margin is there for as much as that; a mbuf less is too little. */
static void
test_margin(void **state)
{
	struct rig rig;
	char text[64];
	unsigned int least;

	(void)state;
	driver_add((struct driver){ .rings = 2 });
	plan_make_of(&rig, PIPELINE());
	refused(&rig, "set size = ");
	least = size_advised(&rig) - rig.plan->pools[0].margin;
	rig_free(&rig);
	driver_remove();

	driver_add((struct driver){ .rings = 2 });
	snprintf(text, sizeof(text), "pool: size=%u", least - 1);
	plan_make_of(&rig, PIPELINE(text));
	refused(&rig, "set size = ");
	rig_free(&rig);
	driver_remove();

	driver_add((struct driver){ .rings = 2 });
	snprintf(text, sizeof(text), "pool: size=%u", least);
	plan_make_of(&rig, PIPELINE(text));
	runs(&rig);
	driver_remove();
}

/* Of a pool that rings cannot fill, drivers leave what is needed besides; the size that is asked for does. */
static void
test_small(void **state)
{
	struct rig rig;
	const struct plan_pool *pool;
	char text[64];

	(void)state;
	driver_add((struct driver){ .rings = 2 });
	plan_make_of(&rig, PIPELINE("link wan end: ring=8k"));
	pool = &rig.plan->pools[0];
	snprintf(text, sizeof(text), "pool: size=%u",
		pool->descriptors + pool->bursts + pool->held + 300);
	rig_free(&rig);
	plan_make_of(&rig, PIPELINE("link wan end: ring=8k", text));
	refused(&rig, "port net_null0 (net_null) took 512 mbufs, not 256: ");
	assert_non_null(strstr(rig.error.text, " + 0 rings + "));
	snprintf(text, sizeof(text), "pool: size=%u", size_advised(&rig));
	rig_free(&rig);
	driver_remove();

	driver_add((struct driver){ .rings = 2 });
	plan_make_of(&rig, PIPELINE("link wan end: ring=8k", text));
	assert_true(rig.plan->pools[0].size < rig.plan->pools[0].rings);
	runs(&rig);
	driver_remove();
}

/* What it says it takes, or less. */
static void
test_modest(void **state)
{
	struct rig rig;

	(void)state;
	for (unsigned int rings = 0; rings < 2; rings++) {
		driver_add((struct driver){ .rings = rings });
		plan_make_of(&rig, PIPELINE());
		runs(&rig);
		driver_remove();
	}
}

static void
counts_are(const struct rig *rig, uint64_t ipackets, uint64_t imissed)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;

	assert_int_equal(weir_ledger_port(rig->engine, 0, &p), 0);
	assert_int_equal(p.ipackets, ipackets);
	assert_int_equal(p.imissed, imissed);
}

/* What it counted before is not the engine's; a counter may go back, be away, or not be told. */
static void
test_counts(void **state)
{
	struct rig rig;

	(void)state;
	driver_add((struct driver){ .counts = true,
		.stats = { .ipackets = 1000, .imissed = UINT64_MAX - 1 } });
	plan_make_of(&rig, PIPELINE());
	rig_create(&rig, 0);
	counts_are(&rig, 0, 0);
	driver.stats = (struct rte_eth_stats){ .ipackets = 1100, .imissed = UINT64_MAX };
	counts_are(&rig, 100, 1);
	/* Its peer is away, and comes back. */
	driver.stats = (struct rte_eth_stats){ 0 };
	counts_are(&rig, 100, 1);
	driver.stats = (struct rte_eth_stats){ .ipackets = 1101, .imissed = UINT64_MAX };
	counts_are(&rig, 101, 1);
	/* It begins anew. */
	driver.stats = (struct rte_eth_stats){ .ipackets = 7, .imissed = 2 };
	counts_are(&rig, 108, 3);
	driver.stats = (struct rte_eth_stats){ .ipackets = 9, .imissed = 2 };
	counts_are(&rig, 110, 3);
	driver.silent = true;
	counts_are(&rig, 110, 3);
	driver.silent = false;
	driver.stats.ipackets = 10;
	counts_are(&rig, 111, 3);
	rig_stop(&rig);
	driver.stats.ipackets = 20;
	counts_are(&rig, 111, 3);
	rig_end(&rig);
	driver_remove();
}

/* Whatever a driver counts, in whatever order: never more than it counted, and never less than before. */
static void
test_counts_random(void **state)
{
	uint64_t seed = testing_seed(), truth = 0, counted = 0, before = 0;
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	struct rig rig;

	(void)state;
	driver_add((struct driver){ .counts = true });
	plan_make_of(&rig, PIPELINE());
	rig_create(&rig, 0);
	for (unsigned int i = 0; i < 10000; i++) {
		unsigned int what = (unsigned int)(testing_random(&seed) % 10);
		uint64_t more = testing_random(&seed) % 1000;

		driver.silent = what == 0;
		counted = what == 1 ? more : counted + more;
		truth += more;
		driver.stats.ipackets = what == 2 ? 0 : counted;
		assert_int_equal(weir_ledger_port(rig.engine, 0, &p), 0);
		assert_true(p.ipackets <= truth && p.ipackets >= before);
		before = p.ipackets;
	}
	assert_true(before > 0);
	rig_stop(&rig);
	rig_end(&rig);
	driver_remove();
}

#define RING "net_ring0"

static bool
port_is_open(const char *name)
{
	uint16_t id;

	return rte_eth_dev_get_port_by_name(name, &id) == 0;
}

/* What a stop closes: a port whose driver keeps mbufs, and no other because one is missing. */
static void
closed(bool keeps, bool sends, bool missing, bool driver_closed, bool ring_closed)
{
	struct rte_mbuf *mbuf = NULL;
	struct rig rig;

	driver_add((struct driver){ .rings = 1, .keeps = keeps });
	assert_int_equal(rte_eal_hotplug_add("vdev", RING, ""), 0);
	rig_describe(&rig, "ports",
		SECTIONS("source wan: device=" DRIVER "; descriptors=256",
			"source lan: device=" RING,
			sends ? "stage end: type=tx; input=wan, lan; device=" DRIVER :
				"stage end: type=t_pass; input=wan, lan"));
	rig_place(&rig, "1-2");
	rig_create(&rig, 0);
	rig_start(&rig);
	rig_wait_received(&rig, 1000);
	if (missing) {
		mbuf = rte_pktmbuf_alloc(rig.engine->pools[0].pool);
		assert_non_null(mbuf);
	}
	rig_stop(&rig);
	assert_int_equal(port_is_open(DRIVER), !driver_closed);
	assert_int_equal(port_is_open(RING), !ring_closed);
	rte_pktmbuf_free(mbuf);
	rig_end(&rig);
	driver_remove();
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING), 0);
}

static void
test_closed(void **state)
{
	(void)state;
	closed(false, false, false, false, false);
	closed(false, false, true, false, false);
	closed(false, true, true, false, false);
	closed(true, false, false, true, false);
	closed(true, true, false, true, false);
	closed(true, true, true, true, false);
}

/* What a driver refuses is no fault of the pipeline, though many say that something is invalid. */
static void
test_refusals(void **state)
{
	static const struct {
		int given, code;
	} errors[] = { { EIO, EIO }, { EINVAL, ENOTSUP }, { EBUSY, EBUSY } };

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(errors); i++) {
		struct rig rig;

		driver_add((struct driver){ .refuses = errors[i].given });
		plan_make_of(&rig, PIPELINE());
		refused_by(&rig, errors[i].code, "port " DRIVER);
		rig_free(&rig);
		driver_remove();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_greedy),
		cmocka_unit_test(test_margin),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_modest),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_counts_random),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_refusals),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
