/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Frames of ports by their MTU, and the mbufs that they are given. */

#include "planned.h"

/* What there is to a port, beside those of an imagined one. */
static const struct machine_port plain = { .mtu = 1500 };

/* A plan for a source on such a port, with further keys of it, and further sections. */
static const struct plan_port *
planned_as(const struct machine_port *as, const char *keys, const char *sections)
{
	struct machine_port *port;
	char text[400];

	imagine(&machine, 1, 4);
	port = imagine_port(&machine, "eth0", 0, 4);
	port->mtu = as->mtu;
	port->scatter = as->scatter;
	port->cut = as->cut;
	port->rx_ring = 512;
	if (as->driver != NULL)
		port->driver = as->driver;
	snprintf(text, sizeof(text),
		"[source wan]\ndevice = eth0\n%s"
		"[stage end]\ntype = pass\ninput = wan\n%s",
		keys, sections);
	return planned(text);
}

static void
test_refusals(void **state)
{
	static const char *const wrong[] = { "mtu = 67\n", "mtu = 65536\n", "mtu = jumbo\n" };
	struct weir_error error;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(wrong); i++) {
		char text[100];

		snprintf(text, sizeof(text), "[source wan]\ndevice = eth0\n%s", wrong[i]);
		assert_null(pipeline_load_text("wrong", text, strlen(text), &error));
		assert_non_null(
			strstr(error.text, "expected auto or a whole number, from 68 to 65535"));
	}
}

/* The room of an mbuf is that of the longest frame, as its port's MTU or the file's says. */
static void
test_room(void **state)
{
	static const struct {
		uint16_t mtu;
		const char *keys;
		uint32_t frame;
		uint32_t room;
	} cases[] = {
		{ 0, "", 1526, 2048 },
		{ 1500, "", 1526, 2048 },
		{ 2022, "", 2048, 2048 },
		{ 2023, "", 2049, 3072 },
		{ 9000, "", 9026, 9216 },
		{ 1500, "mtu = 9000\n", 9026, 9216 },
		{ 9000, "mtu = 1500\n", 1526, 2048 },
		{ 1500, "mtu = 16358\n", 16384, 16384 },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		const struct machine_port as = { .mtu = cases[i].mtu };
		const struct plan_port *port = planned_as(&as, cases[i].keys, "");

		assert_int_equal(port->frame, cases[i].frame);
		assert_int_equal(plan->data_room, cases[i].room + RTE_PKTMBUF_HEADROOM);
		assert_int_equal(port->segments, 1);
		assert_false(port->scatter);
		assert_int_equal(port->mtu_given, cases[i].keys[0] != '\0');
		assert_int_equal(plan->pools[0].segments, 1);
		assert_int_equal(plan->note_count, 0);
		done();
	}
}

/* Longer ones are chains, where the port makes them, and the pool has mbufs for that. */
static void
test_chains(void **state)
{
	const struct machine_port offers = { .mtu = 1500, .scatter = true };
	const struct plan_pool *pool;
	const struct plan_port *port;

	(void)state;
	port = planned_as(&offers, "mtu = 16359\n", "[pool]\ncache = 0\n");
	assert_int_equal(plan->data_room, 2176);
	assert_true(port->scatter);
	assert_int_equal(port->segments, 9);
	pool = &plan->pools[0];
	assert_int_equal(pool->segments, 9);
	assert_int_equal(pool->descriptors, 512);
	assert_int_equal(pool->rings, 9 * 1023);
	assert_int_equal(pool->bursts, 9 * 2 * 32);
	assert_int_equal(pool->held, 9 * 10);
	assert_int_equal(pool->margin, 9 * 2 * 32);
	done();

	port = planned_as(&offers, "mtu = 9000\n", "[pool]\ndata_room = 2176\n");
	assert_true(port->scatter);
	assert_int_equal(port->segments, 5);
	done();

	/* NICs use whole KB of an mbuf, and make chains of what is longer. */
	port = planned_as(&offers, "", "[pool]\ndata_room = 1800\n");
	assert_true(port->scatter);
	assert_int_equal(port->segments, 2);
	done();

	/* What is not needed is not asked for: it is slower. */
	port = planned_as(&offers, "", "");
	assert_false(port->scatter);
	assert_int_equal(port->segments, 1);
	done();
}

static void
test_no_chains(void **state)
{
	const struct plan_port *port;

	(void)state;
	port = planned_as(&plain, "mtu = 20000\n", "");
	assert_int_equal(plan->data_room, 2176);
	assert_false(port->scatter);
	assert_int_equal(port->segments, 1);
	assert_int_equal(plan->pools[0].segments, 1);
	assert_true(has_note(plan,
		"port eth0: frames may have 20026 bytes (mtu 20000), an mbuf has room for "
		"2048, and its driver (net_imagined) makes no chains: longer ones are "
		"lost; raise data_room = of [pool] to 20154"));
	done();
	port = planned_as(&plain, "", "[pool]\ndata_room = 1000\n");
	assert_int_equal(port->segments, 1);
	assert_true(has_note(plan, "raise data_room = of [pool] to 1654"));
	done();
}

/* Drivers that heed no MTU. */
static void
test_drivers(void **state)
{
	const struct machine_port pcap = { .mtu = 1500, .driver = "net_pcap" };
	const struct machine_port tap = { .mtu = 1500, .driver = "net_tap", .scatter = true };
	const struct machine_port packet = { .mtu = 1500, .driver = "net_af_packet", .cut = 9184 };
	const struct machine_port longest = { .mtu = 1500, .cut = 65392 };
	const struct plan_port *port;

	(void)state;
	/* As many mbufs as a burst of eight of the longest takes must always be there. */
	port = planned_as(&pcap, "descriptors = 64\n", "");
	assert_true(port->chains);
	assert_false(port->scatter);
	assert_int_equal(plan->pools[0].descriptors, 8 * 262144 / 2048);
	assert_int_equal(plan->pools[0].segments, 1);
	done();
	port = planned_as(&tap, "", "");
	assert_true(port->scatter);
	assert_int_equal(port->segments, 1);
	done();
	port = planned_as(&packet, "", "");
	assert_int_equal(plan->data_room, 9216 + RTE_PKTMBUF_HEADROOM);
	assert_int_equal(port->segments, 1);
	done();
	/* No chains, so that one mbuf it is, beyond what others are given. */
	port = planned_as(&longest, "", "");
	assert_int_equal(plan->data_room, UINT16_MAX);
	assert_int_equal(port->segments, 1);
	assert_int_equal(plan->note_count, 0);
	done();
}

/* The pool is for all ports of its socket. */
static void
test_several(void **state)
{
	struct machine_port *port;

	(void)state;
	imagine(&machine, 1, 4);
	imagine_port(&machine, "eth0", 0, 1)->mtu = 1500;
	port = imagine_port(&machine, "eth1", 0, 1);
	port->mtu = 20000;
	port->scatter = true;
	imagine_port(&machine, "eth2", 0, 1)->mtu = 4000;
	pipeline = pipeline_of("[source a]\ndevice = eth0\n[source b]\ndevice = eth1\n"
			       "[source c]\ndevice = eth2\n"
			       "[stage end]\ntype = pass\ninput = a, b, c\n");
	plan = plan_on(pipeline, &machine, NULL);
	assert_int_equal(plan->data_room, 4096 + RTE_PKTMBUF_HEADROOM);
	assert_int_equal(plan->ports[0].segments, 1);
	assert_int_equal(plan->ports[1].segments, 5);
	assert_int_equal(plan->ports[2].segments, 1);
	assert_int_equal(plan->pools[0].segments, 5);
	done();
}

static void
test_shown(void **state)
{
	const struct machine_port offers = { .mtu = 1500, .scatter = true };
	char *text;

	(void)state;
	planned_as(&offers, "mtu = 20000\n", "");
	text = weir_plan_show(plan, WEIR_PLAN_TEXT);
	assert_non_null(strstr(text,
		"    mtu 20000 as given: frames of 20026 bytes, each in 10 mbufs of 2048; longer "
		"ones in more\n"));
	assert_non_null(strstr(text, " mbufs of 2176 bytes, cache 256"));
	assert_non_null(strstr(text, "    10 mbufs for each frame: "));
	free(text);
	text = weir_plan_show(plan, WEIR_PLAN_JSON);
	assert_non_null(strstr(text, "\"segments\": 10,"));
	assert_non_null(strstr(text, "\"scatter\": true"));
	assert_non_null(strstr(text, "\"data_room\": 2176"));
	free(text);
	done();
	planned_as(&plain, "", "");
	text = weir_plan_show(plan, WEIR_PLAN_TEXT);
	assert_non_null(
		strstr(text, "    mtu 1500: frames of 1526 bytes, each in 1 mbuf of 2048\n"));
	free(text);
	done();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_no_chains),
		cmocka_unit_test(test_drivers),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_shown),
	};

	return cmocka_run_group_tests_name("plan frames", tests, imagine_types, NULL);
}
