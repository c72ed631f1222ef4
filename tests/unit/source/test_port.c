/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Ports as they are once they are set up: where RSS leads to, and what they let in. */

/* rte_eth_macaddrs_get() */
#define ALLOW_EXPERIMENTAL_API

#include "engine/rig.h"

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_ether.h>

#include "source/source_private.h"

#define RETA 128

static uint16_t
device_add(const char *name)
{
	uint16_t port;

	assert_int_equal(rte_eal_hotplug_add("vdev", name, ""), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(name, &port), 0);
	return port;
}

static void
test_macs_wrong(void **state)
{
	static const char *const wrong[] = { "", ",", "02:00:00:00:00:01,", ",02:00:00:00:00:01",
		"02:00:00:00:00:01,,02:00:00:00:00:02", "02:00:00:00:00:0", "02:00:00:00:00:011",
		"0200:0000:0001", "00:00:00:00:00:00", "02:00:00:00:00:01;02:00:00:00:00:02",
		"02:00:00:00:00:01 02:00:00:00:00:02" };
	char many[(PORT_MACS_MAX + 1) * 18] = "";

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(wrong); i++)
		assert_int_equal(port_macs(wrong[i], NULL), -EINVAL);
	for (unsigned int i = 0; i <= PORT_MACS_MAX; i++)
		snprintf(many + i * 18 - (i > 0), 19, "%s02:00:00:00:00:%02x", i > 0 ? "," : "", i);
	assert_int_equal(port_macs(many, NULL), -EINVAL);
}

static void
test_macs(void **state)
{
	static const struct rte_ether_addr right[] = { { { 2, 0, 0, 0, 0, 0xab } },
		{ { 1, 0, 0x5e, 0, 0, 1 } } };
	struct rte_ether_addr macs[PORT_MACS_MAX];

	(void)state;
	assert_int_equal(port_macs("02:00:00:00:00:aB , 01:00:5e:00:00:01", macs), 2);
	assert_memory_equal(macs, right, sizeof(right));
	assert_int_equal(port_macs("02:00:00:00:00:ab", NULL), 1);
}

/* Every queue of those there are, and each as often. */
static void
reta_leads_to(uint16_t port, unsigned int queues)
{
	struct rte_eth_rss_reta_entry64 groups[RETA / RTE_ETH_RETA_GROUP_SIZE] = { 0 };
	unsigned int count[8] = { 0 };

	for (unsigned int i = 0; i < RTE_DIM(groups); i++)
		groups[i].mask = UINT64_MAX;
	assert_int_equal(rte_eth_dev_rss_reta_query(port, groups, RETA), 0);
	for (unsigned int i = 0; i < RETA; i++)
		count[groups[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE]]++;
	for (unsigned int q = 0; q < RTE_DIM(count); q++)
		if (q < queues)
			assert_in_range(count[q], RETA / queues, RETA / queues + 1);
		else
			assert_int_equal(count[q], 0);
}

static void
test_reta(void **state)
{
	static const char *const queues[] = { "3", "2", "5", "4" };
	uint16_t port = device_add("net_null0");
	char section[64];
	struct rig rig;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(queues); i++) {
		snprintf(section, sizeof(section), "source wan: device=net_null0; queues=%s",
			queues[i]);
		rig_make(&rig, "reta", "1", 1000,
			SECTIONS(section, "stage end: type=t_pass; input=wan"));
		reta_leads_to(port, (unsigned int)atoi(queues[i]));
		rig_start(&rig);
		rig_wait(&rig, 1000);
		rig_stop(&rig);
		rig_end(&rig);
	}
	/* What is even is left as it is: here the other way round. */
	{
		struct rte_eth_rss_reta_entry64 groups[RETA / RTE_ETH_RETA_GROUP_SIZE];

		for (unsigned int i = 0; i < RTE_DIM(groups); i++) {
			groups[i].mask = UINT64_MAX;
			for (unsigned int k = 0; k < RTE_ETH_RETA_GROUP_SIZE; k++)
				groups[i].reta[k] = 1 - k % 2;
		}
		assert_int_equal(rte_eth_dev_rss_reta_update(port, groups, RETA), 0);
		rig_make(&rig, "reta", "1", 1000,
			SECTIONS("source wan: device=net_null0; queues=2",
				"stage end: type=t_pass; input=wan"));
		assert_int_equal(rte_eth_dev_rss_reta_query(port, groups, RETA), 0);
		assert_int_equal(groups[0].reta[0], 1);
		rig_start(&rig);
		rig_wait(&rig, 1000);
		rig_stop(&rig);
		rig_end(&rig);
	}
	assert_int_equal(rte_eal_hotplug_remove("vdev", "net_null0"), 0);
}

/* What is refused after the port was started unwinds like all else, and the port can be had again. */
static void
test_refused(void **state)
{
	static const char *const keys[] = { "mac=02:00:00:00:00:01", "promiscuous=off",
		"flow_control=full" };
	char section[96];
	struct rig rig;

	(void)state;
	device_add("net_null0");
	for (unsigned int i = 0; i < RTE_DIM(keys); i++) {
		snprintf(section, sizeof(section), "source wan: device=net_null0; %s", keys[i]);
		rig_describe(&rig, "refused",
			SECTIONS(section, "stage end: type=t_pass; input=wan"));
		rig_place(&rig, "0");
		assert_null(weir_engine_create(rig.plan, NULL, &rig.error));
		assert_int_equal(rig.error.code, ENOTSUP);
		assert_non_null(strstr(rig.error.text, "port net_null0 (net_null) refuses "));
		rig_free(&rig);
	}
	rig_make(&rig, "again", "1", 1000,
		SECTIONS("source wan: device=net_null0", "stage end: type=t_pass; input=wan"));
	rig_start(&rig);
	rig_wait(&rig, 1000);
	rig_stop(&rig);
	rig_end(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", "net_null0"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_macs_wrong),
		cmocka_unit_test(test_macs),
		cmocka_unit_test(test_reta),
		cmocka_unit_test(test_refused),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
