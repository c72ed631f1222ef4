/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Ports and their queues and descriptors, as imagined drivers offer them. */

#include <limits.h>

#include "imagine.h"

static struct machine machine;

#define RECEIVE "[source wan]\ndevice = eth0\n"
#define COUNT "[stage end]\ntype = pass\ninput = wan\n"

static void
test_missing(void **state)
{
	(void)state;
	imagine(&machine, 1, 4);
	refused_on(RECEIVE COUNT, &machine, NULL, ENODEV,
		"[source wan] device = eth0: EAL has no such port (it has: none)");
	imagine_port(&machine, "net_null0", 0, 1);
	imagine_port(&machine, "0000:01:00.0", 0, 1);
	refused_on(RECEIVE COUNT, &machine, NULL, ENODEV, "(it has: net_null0, 0000:01:00.0)");
	refused_on(RECEIVE COUNT, &machine, NULL, ENODEV, "--vdev");
	refused_on("[source wan]\ntype = synth\n"
		   "[stage out]\ntype = tx\ninput = wan\ndevice = eth9\n",
		&machine, NULL, ENODEV, "[stage out] device = eth9");
}

/* What helps is said by what the device is, and by what this machine has. */
static void
test_missing_hints(void **state)
{
	static const struct {
		const char *device;
		const char *hint;
	} rows[] = {
		{ "0000:fe:1f.7", "; this machine has no PCI device 0000:fe:1f.7 (its NICs: " },
		{ "fe:1f.7", "; this machine has no PCI device 0000:fe:1f.7 (its NICs: " },
		{ "net_null7", "; no --vdev makes it; give: --vdev net_null7," },
		{ "eth_af_packet0", "; no --vdev makes it; give: --vdev eth_af_packet0," },
		{ "lo", "; it is an interface of the kernel; give: --vdev net_af_packet0,iface=lo, " },
		{ "a thing",
			"; a device is a PCI address, as 0000:01:00.0, or the name of a --vdev" },
	};
	char text[256];

	(void)state;
	imagine(&machine, 1, 4);
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		snprintf(text, sizeof(text), "[source wan]\ndevice = %s\n" COUNT, rows[i].device);
		refused_on(text, &machine, NULL, ENODEV, rows[i].hint);
	}
}

/* However many ports there are, the message ends. */
static void
test_missing_of_many(void **state)
{
	char name[48];
	unsigned int i;

	(void)state;
	imagine(&machine, 1, 4);
	for (i = 0; i < RTE_MAX_ETHPORTS; i++) {
		snprintf(name, sizeof(name), "net_of_a_very_long_name_indeed_%u", i);
		imagine_port(&machine, name, 0, 1);
	}
	refused_on(RECEIVE COUNT, &machine, NULL, ENODEV, "net_of_a_very_long_name_indeed_0");
}

static void
test_too_few_queues(void **state)
{
	struct machine_port *port;

	(void)state;
	imagine(&machine, 1, 4);
	port = imagine_port(&machine, "eth0", 0, 2);
	refused_on(RECEIVE "queues = 3\n" COUNT, &machine, NULL, ENODEV,
		"port eth0 has 2 RX queues, [source wan] queues = 3; lower it");
	refused_on("[source wan]\ntype = synth\n"
		   "[stage a]\ntype = tx\ninput = wan\ndevice = eth0\n"
		   "[stage b]\ntype = tx\ninput = wan\ndevice = eth0\nworkers = 2\n",
		&machine, NULL, ENODEV,
		"port eth0 has 2 TX queues, 1 taken by other stages, [stage b] workers = 2; "
		"lower it");
	port->max_rx_queues = 0;
	refused_on(RECEIVE COUNT, &machine, NULL, ENODEV, "port eth0 has 0 RX queues");
}

static void
test_two_sources(void **state)
{
	(void)state;
	imagine(&machine, 1, 4);
	imagine_port(&machine, "0000:01:00.0", 0, 4);
	refused_on("[source wan]\ndevice = 0000:01:00.0\n"
		   "[source lan]\ndevice = 01:00.0\n"
		   "[stage end]\ntype = pass\ninput = wan, lan\n",
		&machine, NULL, EINVAL,
		"[source lan] device = 01:00.0: [source wan] receives from that port already");
}

static void
test_queues(void **state)
{
	struct weir_pipeline *pipeline =
		pipeline_of("[source wan]\ndevice = 01:00.0\nqueues = 2\n"
			    "[stage a]\ntype = tx\ninput = wan\ndevice = 0000:01:00.0\n"
			    "[stage b]\ntype = tx\ninput = wan\ndevice = eth1\nworkers = 2\n"
			    "[stage c]\ntype = tx\ninput = wan\ndevice = 01:00.0\nworkers = 2\n");
	static const struct {
		unsigned int port;
		uint16_t queue;
	} expected[] = { { 0, 0 }, { 0, 1 }, { 0, 0 }, { 1, 0 }, { 1, 1 }, { 0, 1 }, { 0, 2 } };
	struct weir_plan *plan;
	unsigned int i;

	(void)state;
	imagine(&machine, 1, 8);
	imagine_port(&machine, "eth1", -1, 2);
	imagine_port(&machine, "unused", 0, 2);
	imagine_port(&machine, "0000:01:00.0", 0, 4);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->port_count, 2);
	assert_string_equal(plan->ports[0].name, "0000:01:00.0");
	assert_int_equal(plan->ports[0].id, 2);
	assert_int_equal(plan->ports[0].rx_queues, 2);
	assert_int_equal(plan->ports[0].tx_queues, 3);
	assert_string_equal(plan->ports[1].name, "eth1");
	assert_int_equal(plan->ports[1].id, 0);
	assert_int_equal(plan->ports[1].socket, -1);
	assert_int_equal(plan->ports[1].rx_queues, 0);
	assert_int_equal(plan->ports[1].tx_queues, 2);
	assert_int_equal(plan->ports[1].rx_descriptors, 1024);
	for (i = 0; i < RTE_DIM(expected); i++) {
		assert_int_equal(plan->workers[i].port, expected[i].port);
		assert_int_equal(plan->workers[i].queue, expected[i].queue);
	}
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

static void
spare_are(const char *text, unsigned int rx, unsigned int tx)
{
	struct weir_pipeline *pipeline = pipeline_of(text);
	struct weir_plan *plan = plan_on(pipeline, &machine, NULL);

	assert_int_equal(plan->ports[0].rx_spare, rx);
	assert_int_equal(plan->ports[0].tx_spare, tx);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

#define SEND(workers) \
	"[source gen]\ntype = synth\n" \
	"[stage out]\ntype = tx\ndevice = eth0\ninput = gen\nworkers = " workers "\n"

/* A queue of each direction, though nobody uses it; of some drivers as many as of the other. */
static void
test_spare_queues(void **state)
{
	struct machine_port *port;

	(void)state;
	imagine(&machine, 1, 8);
	port = imagine_port(&machine, "eth0", 0, 4);
	spare_are(RECEIVE COUNT, 0, 1);
	spare_are(RECEIVE "queues = 3\n" COUNT, 0, 1);
	spare_are(SEND("1"), 1, 0);
	spare_are(SEND("3"), 1, 0);
	spare_are(RECEIVE COUNT SEND("1"), 0, 0);
	port->driver = "net_tap";
	spare_are(RECEIVE "queues = 3\n" COUNT, 0, 3);
	spare_are(RECEIVE "queues = 3\n" COUNT SEND("2"), 0, 1);
	spare_are(SEND("3"), 3, 0);
	/* What none polls would be lost there. */
	spare_are(RECEIVE COUNT SEND("3"), 0, 0);
	port->max_tx_queues = 2;
	spare_are(RECEIVE "queues = 3\n" COUNT, 0, 2);
	port->max_tx_queues = 0;
	spare_are(RECEIVE COUNT, 0, 0);
	port->driver = "net_other";
	spare_are(RECEIVE COUNT, 0, 0);
}

static uint32_t
pool_descriptors(const char *text)
{
	struct weir_pipeline *pipeline = pipeline_of(text);
	struct weir_plan *plan = plan_on(pipeline, &machine, NULL);
	uint32_t descriptors = plan->pools[0].descriptors;

	assert_int_equal(plan->pools[0].transmit,
		descriptors -
			(uint32_t)(plan->ports[0].rx_queues + plan->ports[0].rx_spare) *
				plan->ports[0].rx_mbufs);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
	return descriptors;
}

/* What a driver takes for its queues, which is not what they have descriptors; none sends on a spare one. */
static void
test_greedy(void **state)
{
	struct machine_port *port;

	(void)state;
	imagine(&machine, 1, 8);
	port = imagine_port(&machine, "eth0", 0, 4);
	assert_int_equal(pool_descriptors(RECEIVE "queues = 2\n" COUNT), 2 * 1024);
	assert_int_equal(pool_descriptors(SEND("2")), 3 * 1024);
	port->driver = "net_vmxnet3";
	assert_int_equal(pool_descriptors(RECEIVE "queues = 2\n" COUNT), 4 * 1024);
	port->driver = "net_af_xdp";
	assert_int_equal(pool_descriptors(RECEIVE "descriptors = 512\n" COUNT), 2048);
	assert_int_equal(pool_descriptors(RECEIVE "descriptors = 4096\n" COUNT), 4096);
	assert_int_equal(pool_descriptors(SEND("2")), 2 * 2048 + 2 * 1024);
}

static void
test_no_port(void **state)
{
	struct weir_pipeline *pipeline = pipeline_of("[source wan]\ntype = synth\n" COUNT);
	struct weir_plan *plan;

	(void)state;
	imagine(&machine, 1, 2);
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->port_count, 0);
	assert_int_equal(plan->workers[0].port, UINT_MAX);
	assert_int_equal(plan->workers[1].port, UINT_MAX);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
}

static uint16_t
descriptors_for(const char *text, bool note)
{
	struct weir_pipeline *pipeline = pipeline_of(text);
	struct weir_plan *plan = plan_on(pipeline, &machine, NULL);
	uint16_t descriptors = plan->ports[0].rx_descriptors;

	assert_int_equal(has_note(plan, "[source wan] descriptors = "), note);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
	return descriptors;
}

static void
test_descriptors(void **state)
{
	struct machine_port *port;

	(void)state;
	imagine(&machine, 1, 2);
	port = imagine_port(&machine, "eth0", 0, 1);
	assert_int_equal(descriptors_for(RECEIVE COUNT, false), 1024);
	port->rx_ring = 256;
	assert_int_equal(descriptors_for(RECEIVE COUNT, false), 256);
	port->rx_lim = (struct rte_eth_desc_lim){ .nb_max = 4000, .nb_min = 96, .nb_align = 32 };
	assert_int_equal(descriptors_for(RECEIVE "descriptors = 512\n" COUNT, false), 512);
	assert_int_equal(descriptors_for(RECEIVE "descriptors = 500\n" COUNT, true), 512);
	assert_int_equal(descriptors_for(RECEIVE "descriptors = 8k\n" COUNT, true), 4000);
	assert_int_equal(descriptors_for(RECEIVE "descriptors = 1\n" COUNT, true), 96);
	port->rx_lim = (struct rte_eth_desc_lim){ .nb_align = 64 };
	assert_int_equal(descriptors_for(RECEIVE "descriptors = 65535\n" COUNT, false), 65535);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_missing_hints),
		cmocka_unit_test(test_missing_of_many),
		cmocka_unit_test(test_too_few_queues),
		cmocka_unit_test(test_two_sources),
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_spare_queues),
		cmocka_unit_test(test_greedy),
		cmocka_unit_test(test_no_port),
		cmocka_unit_test(test_descriptors),
	};

	return cmocka_run_group_tests(tests, imagine_types, NULL);
}
