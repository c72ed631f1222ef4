/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the values of single keys are read as: seeds, lists. */
#include "testing.h"

#include "loaded.h"

/* All 64 bits but 0, which stands for random. */
static void
test_hash_seed(void **state)
{
	static const struct {
		const char *text;
		uint64_t seed;
	} seeds[] = {
		{ "0x1", 1 },
		{ "random", 0 },
		{ "1", 1 },
		{ "0x0123456789abcdef", UINT64_C(0x0123456789abcdef) },
		{ "0xFFFFFFFFFFFFFFFF", UINT64_MAX },
		{ "18446744073709551615", UINT64_MAX },
	};
	struct weir_pipeline *pipeline = load("");

	(void)state;
	assert_int_equal(pipeline->conf.hash_seed, 0);
	for (unsigned int i = 0; i < RTE_DIM(seeds); i++) {
		set(pipeline, "pipeline", "hash_seed", seeds[i].text);
		assert_int_equal(pipeline->conf.hash_seed, seeds[i].seed);
	}
	weir_pipeline_free(pipeline);
}

static void
test_drop(void **state)
{
	struct weir_pipeline *pipeline = load("[source s]\ntype = synth\n");

	(void)state;
	set(pipeline, "s", "drop", "malformed");
	assert_int_equal(pipeline_drops(&node_of(pipeline, "s")->conf).verdicts,
		(1u << WEIR_VERDICT_MAX) - 2);
	assert_int_equal(pipeline_drops(&node_of(pipeline, "s")->conf).flags, 0);
	set(pipeline, "s", "drop", "truncated, trunc_l3");
	assert_int_equal(pipeline_drops(&node_of(pipeline, "s")->conf).verdicts,
		1u << WEIR_VERDICT_TRUNC_L3);
	assert_int_equal(pipeline_drops(&node_of(pipeline, "s")->conf).flags, WEIR_EVENT_TRUNCATED);
	set(pipeline, "s", "drop", "bad_l4_checksum");
	assert_int_equal(pipeline_drops(&node_of(pipeline, "s")->conf).flags,
		WEIR_EVENT_BAD_L4_CKSUM);
	set(pipeline, "s", "drop", "malformed, bad_checksum");
	assert_int_equal(pipeline_drops(&node_of(pipeline, "s")->conf).flags,
		WEIR_EVENT_BAD_L3_CKSUM | WEIR_EVENT_BAD_L4_CKSUM);
	weir_pipeline_free(pipeline);
}

static void
test_vxlan_ports(void **state)
{
	struct weir_pipeline *pipeline = load("[source s]\ntype = synth\n");
	const struct node_conf *conf = &node_of(pipeline, "s")->conf;
	struct weir_vxlan_ports ports;

	(void)state;
	assert_string_equal(conf->vxlan_ports, "4789,8472");
	assert_false(pipeline_vxlan_ports(conf, &ports));
	set(pipeline, "s", "vxlan_ports", "65330 ,250");
	assert_true(pipeline_vxlan_ports(conf, &ports));
	assert_int_equal(ports.list[0], RTE_BE16(65330));
	assert_int_equal(ports.list[1], RTE_BE16(250));
	assert_int_equal(ports.list[2], 0);
	set(pipeline, "s", "vxlan_ports", "4789,8472");
	assert_false(pipeline_vxlan_ports(conf, &ports));
	weir_pipeline_free(pipeline);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash_seed),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_vxlan_ports),
	};

	return cmocka_run_group_tests_name("pipeline values", tests, NULL, NULL);
}
