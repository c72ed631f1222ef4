/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Long frames: what a port is set to, and a driver that gives chains unasked. */
#include "engine/rig.h"

#include <rte_dev.h>
#include <rte_ethdev.h>

#define FRAME 9000

static uint16_t
mtu_of(const char *device)
{
	uint16_t port, mtu;

	assert_int_equal(rte_eth_dev_get_port_by_name(device, &port), 0);
	assert_int_equal(rte_eth_dev_get_mtu(port, &mtu), 0);
	return mtu;
}

/* The MTU of the file is the port's; without one it stays, although configuring would reset it. */
static void
test_mtu(void **state)
{
	static const char *const source[] = { "source wan: device=net_null0; mtu=9000",
		"source wan: device=net_null0" };
	struct rig rig;

	(void)state;
	assert_int_equal(rte_eal_hotplug_add("vdev", "net_null0", "size=64"), 0);
	assert_int_equal(mtu_of("net_null0"), 1500);
	for (unsigned int i = 0; i < RTE_DIM(source); i++) {
		rig_make(&rig, "long", "0", 1000,
			SECTIONS(source[i], "stage end: type=t_pass; input=wan"));
		assert_int_equal(rig.plan->data_room, 9216 + RTE_PKTMBUF_HEADROOM);
		assert_int_equal(rte_pktmbuf_data_room_size(rig.engine->pools[0].pool),
			rig.plan->data_room);
		assert_int_equal(mtu_of("net_null0"), 9000);
		rig_wait(&rig, 1000);
		rig_stop(&rig);
		rig_end(&rig);
	}
	assert_int_equal(rte_eal_hotplug_remove("vdev", "net_null0"), 0);
}

/* Drivers that take none say so. */
static void
test_refused(void **state)
{
	struct rig rig;

	(void)state;
	assert_int_equal(rte_eal_hotplug_add("vdev", "net_ring0", ""), 0);
	rig_describe(&rig, "refused",
		SECTIONS("source wan: device=net_ring0; mtu=9000",
			"stage end: type=t_pass; input=wan"));
	rig_place(&rig, "0");
	assert_null(weir_engine_create(rig.plan, NULL, &rig.error));
	assert_int_equal(rig.error.code, ENOTSUP);
	assert_non_null(strstr(rig.error.text, "port net_ring0 (net_ring) refuses mtu = 9000: "));
	assert_non_null(strstr(rig.error.text, "data_room = 9192 in [pool]"));
	rig_free(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", "net_ring0"), 0);
}

/* A capture of n frames, all zeros but for their types. */
static void
capture_write(const char *path, unsigned int n)
{
	static const uint32_t head[] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0, 262144, 1 };
	static uint8_t frame[FRAME] = { [12] = 0x88, [13] = 0xb5 };
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(head, sizeof(head), 1, file), 1);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t record[] = { i, 0, FRAME, FRAME };

		assert_int_equal(fwrite(record, sizeof(record), 1, file), 1);
		assert_int_equal(fwrite(frame, sizeof(frame), 1, file), 1);
	}
	assert_int_equal(fclose(file), 0);
}

/* More frames than there are mbufs for, before somebody who takes nothing for a while: all come. */
static void
test_unasked(void **state)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;
	char path[] = "/tmp/weir-frames-XXXXXX", args[64];
	const unsigned int n = 1200;
	struct weir_error error;
	bool full = false;
	struct rig rig;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	capture_write(path, n);
	snprintf(args, sizeof(args), "rx_pcap=%s", path);
	assert_int_equal(rte_eal_hotplug_add("vdev", "net_pcap0", args), 0);
	rig_make(&rig, "unasked", "0", 0,
		SECTIONS("source wan: device=net_pcap0",
			"stage end: type=t_shut; value=400; input=wan",
			"link wan end: kind=ring; ring=2048; on_full=block"));
	assert_true(rig.engine->pools[0].pool->size < n * 5);
	for (unsigned int i = 0; i < 300; i++) {
		rig_pass(&rig);
		full |= rig.engine->loops[0].blocked;
	}
	assert_true(full);
	assert_true(rig_ledger(&rig).received < n);
	rig_wait(&rig, n);
	rig_stop(&rig);
	assert_int_equal(weir_ledger_port(rig.engine, 0, &p), 0);
	assert_int_equal(p.ierrors, 0);
	assert_int_equal(p.rx_nombuf, 0);
	assert_int_equal(weir_engine_failure(rig.engine, 0, &error), -ENOENT);
	rig_end(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", "net_pcap0"), 0);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unasked),
	};

	rig_eal_init();
	return cmocka_run_group_tests_name("frames", tests, NULL, NULL);
}
