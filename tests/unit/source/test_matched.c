/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What an ethdev source asks for: in software on a port of a ring, and by rules of a driver that this test
 * plays (the linker puts its calls before those of DPDK), one that refuses what it is told to.
 */
#include "engine/rig.h"

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_flow.h>

#define DEVICE "net_ring0"
#define EXPRESSION "tcp dst port 443"
#define SOURCE "source wan: device=" DEVICE "; match=" EXPRESSION
#define END "stage end: type=t_pass; input=wan"

/* What the driver does, and the calls that it saw, each by a letter. */
static struct {
	bool has;          /* else it has no rte_flow */
	bool stays;        /* it does not leave its isolated mode while it runs */
	bool stuck;        /* nor while it does not */
	int refused;       /* an item that it refuses, */
	bool late;         /* but not before it is to be made */
	bool no_fragments; /* it refuses to look at them */
	bool running;
	unsigned int rules, queues;
	char calls[256];
} driver;

static void
called(char call)
{
	size_t at = strlen(driver.calls);

	assert_true(at + 1 < sizeof(driver.calls));
	driver.calls[at] = call;
}

static int
refuse(struct rte_flow_error *error, const char *why)
{
	return rte_flow_error_set(error, ENOTSUP, RTE_FLOW_ERROR_TYPE_ITEM, NULL, why);
}

int __real_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx,
	const struct rte_eth_conf *conf);
int __wrap_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx,
	const struct rte_eth_conf *conf);
int
__wrap_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf)
{
	called('C');
	return __real_rte_eth_dev_configure(id, rx, tx, conf);
}

int __real_rte_eth_dev_start(uint16_t id);
int __wrap_rte_eth_dev_start(uint16_t id);
int
__wrap_rte_eth_dev_start(uint16_t id)
{
	called('S');
	driver.running = true;
	return __real_rte_eth_dev_start(id);
}

int __real_rte_eth_dev_stop(uint16_t id);
int __wrap_rte_eth_dev_stop(uint16_t id);
int
__wrap_rte_eth_dev_stop(uint16_t id)
{
	called('T');
	driver.running = false;
	return __real_rte_eth_dev_stop(id);
}

int __wrap_rte_flow_isolate(uint16_t id, int set, struct rte_flow_error *error);
int
__wrap_rte_flow_isolate(uint16_t id, int set, struct rte_flow_error *error)
{
	(void)id;
	called(set ? 'I' : 'O');
	if (!driver.has)
		return refuse(error, NULL);
	if (!set && (driver.stuck || (driver.stays && driver.running)))
		return refuse(error, "not now");
	return 0;
}

static int
rule_look(const struct rte_flow_item *item, const struct rte_flow_action *action,
	struct rte_flow_error *error)
{
	driver.queues = 1;
	if (action->type == RTE_FLOW_ACTION_TYPE_RSS)
		driver.queues = ((const struct rte_flow_action_rss *)action->conf)->queue_num;
	assert_int_equal(action[1].type, RTE_FLOW_ACTION_TYPE_END);
	for (; item->type != RTE_FLOW_ITEM_TYPE_END; item++) {
		const struct rte_flow_item_ipv4 *mask = item->mask;

		if ((int)item->type == driver.refused)
			return refuse(error, "no such item");
		if (item->type == RTE_FLOW_ITEM_TYPE_IPV4 && driver.no_fragments && mask != NULL &&
			mask->hdr.fragment_offset != 0)
			return refuse(error, "no fragments");
	}
	return 0;
}

int __wrap_rte_flow_validate(uint16_t id, const struct rte_flow_attr *attr,
	const struct rte_flow_item *pattern, const struct rte_flow_action *actions,
	struct rte_flow_error *error);
int
__wrap_rte_flow_validate(uint16_t id, const struct rte_flow_attr *attr,
	const struct rte_flow_item *pattern, const struct rte_flow_action *actions,
	struct rte_flow_error *error)
{
	(void)id;
	called('v');
	assert_true(attr->ingress);
	return driver.late ? 0 : rule_look(pattern, actions, error);
}

struct rte_flow *__wrap_rte_flow_create(uint16_t id, const struct rte_flow_attr *attr,
	const struct rte_flow_item *pattern, const struct rte_flow_action *actions,
	struct rte_flow_error *error);
struct rte_flow *
__wrap_rte_flow_create(uint16_t id, const struct rte_flow_attr *attr,
	const struct rte_flow_item *pattern, const struct rte_flow_action *actions,
	struct rte_flow_error *error)
{
	(void)id;
	called('m');
	assert_true(attr->ingress);
	if (rule_look(pattern, actions, error) != 0)
		return NULL;
	return (struct rte_flow *)(uintptr_t)++driver.rules;
}

int __wrap_rte_flow_destroy(uint16_t id, struct rte_flow *flow, struct rte_flow_error *error);
int
__wrap_rte_flow_destroy(uint16_t id, struct rte_flow *flow, struct rte_flow_error *error)
{
	(void)id;
	(void)error;
	called('d');
	assert_int_equal((uintptr_t)flow, driver.rules);
	driver.rules--;
	return 0;
}

static struct rte_ring *ring;
static struct rte_mempool *pool;

static int
port_create(void **state)
{
	(void)state;
	memset(&driver, 0, sizeof(driver));
	driver.refused = -1;
	if (rte_eal_hotplug_add("vdev", DEVICE, "") != 0)
		return -1;
	ring = rte_ring_lookup("ETH_RXTX0_" DEVICE);
	pool = rte_pktmbuf_pool_create("frames", 1023, 0, sizeof(struct weir_event), 1024,
		SOCKET_ID_ANY);
	return ring == NULL || pool == NULL;
}

static int
port_end(void **state)
{
	int rc = rig_clear(state);

	assert_int_equal(driver.rules, 0);
	testing_pool_is_full(pool);
	assert_int_equal(rte_eal_hotplug_remove("vdev", DEVICE), 0);
	rte_mempool_free(pool);
	return rc;
}

/* n frames of TCP, of which each `every`-th goes to port 443; some in many segments. */
static void
fill(unsigned int n, unsigned int every)
{
	static const uint8_t frame[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00, 0x45, 0, 0,
		40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x10, 0x00, 0x01, 0xbb, 0, 0,
		0, 1, 0, 0, 0, 2, 0x50, 0x02, 0, 0, 0, 0, 0, 0 };

	for (unsigned int i = 0; i < n; i++) {
		size_t first = i % 5 == 0 ? 30 : sizeof(frame);
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool), *last = NULL;
		uint8_t *bytes;

		assert_non_null(mbuf);
		bytes = memcpy(rte_pktmbuf_append(mbuf, (uint16_t)first), frame, first);
		if (first < sizeof(frame)) {
			last = rte_pktmbuf_alloc(pool);
			assert_non_null(last);
			bytes = memcpy(rte_pktmbuf_append(last, (uint16_t)(sizeof(frame) - first)),
				frame + first, sizeof(frame) - first);
			bytes -= first;
			assert_int_equal(rte_pktmbuf_chain(mbuf, last), 0);
		}
		if (every == 0 || i % every != 0)
			bytes[36] = 2;
		assert_int_equal(rte_ring_enqueue(ring, mbuf), 0);
	}
}

/* Those that do not match are counted, and come no further; bursts of nothing else are no end. */
static void
test_software(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "software", "0", 0, SECTIONS(SOURCE "; match.rules=off", END));
	fill(300, 3);
	rig_wait(&rig, 300);
	assert_int_equal(rig_dropped(&rig, "unmatched"), 200);
	assert_int_equal(rig_sum(&rig, "end", released), 100);
	fill(300, 0);
	fill(1, 1);
	rig_wait(&rig, 601);
	assert_int_equal(rig_sum(&rig, "end", released), 101);
	assert_int_equal(rig_dropped(&rig, "unmatched"), 500);
	assert_string_equal(driver.calls, "CS");
	rig_stop(&rig);
	rig_end(&rig);
}

/* A pass that finds nothing else is no idle one, also where it is timed: one in 64 or so. */
static void
test_not_idle(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, "sifting", "0", 0, SECTIONS(SOURCE "; match.rules=off", END));
	for (unsigned int i = 0; i < 1000; i++) {
		fill(1, 0);
		assert_true(weir_worker_poll(rig.engine, 0) > 0);
		assert_int_equal(weir_worker_poll(rig.engine, 0), 0);
	}
	assert_int_equal(rig_dropped(&rig, "unmatched"), 1000);
	rig_stop(&rig);
	rig_end(&rig);
}

/* Those of a pool without room for events are copied only where they match. */
static void
test_adopted(void **state)
{
	struct rte_mempool *kept = pool;
	struct rig rig;

	(void)state;
	pool = rte_pktmbuf_pool_create("foreign", 1023, 0, 0, 1024, SOCKET_ID_ANY);
	assert_non_null(pool);
	rig_make(&rig, "adopted", "0", 0, SECTIONS(SOURCE, END));
	fill(300, 3);
	rig_wait(&rig, 300);
	testing_pool_is_full(pool);
	assert_int_equal(rig_sum(&rig, "end", released), 100);
	rig_stop(&rig);
	rig_end(&rig);
	rte_mempool_free(pool);
	pool = kept;
}

static void
test_refused(void **state)
{
	struct weir_error error;
	struct rig rig;

	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig.pipeline = weir_pipeline_create("refused", &error);
	rig_section(&rig, "source wan: device=" DEVICE "; match=tcp and host example");
	rig_section(&rig, END);
	assert_int_equal(weir_pipeline_check(rig.pipeline, &error), -EINVAL);
	assert_non_null(
		strstr(error.text, "[source wan] match = tcp and host example: 'example' is no"));
	rig_section(&rig, "source wan: match=tcp portt 80");
	assert_int_equal(weir_pipeline_check(rig.pipeline, &error), -EINVAL);
	rig_section(&rig, "source wan: match=tcp port");
	assert_int_equal(weir_pipeline_check(rig.pipeline, &error), -EINVAL);
	assert_non_null(strstr(error.text, "[source wan] match = tcp port: libpcap: "));
	rig_section(&rig, "source wan: match=tcp port 80");
	assert_int_equal(weir_pipeline_check(rig.pipeline, &error), 0);
	weir_pipeline_free(rig.pipeline);
}

/* Make an engine of such a source, let some through, and end it. */
static void
run(const char *source, unsigned int rules, const char *calls, const char *logged)
{
	struct weir_port_figures figures = WEIR_PORT_FIGURES_INIT;
	struct rig_log log;
	struct rig rig;

	rig_log_begin(&log);
	rig_make(&rig, "rules", "0", 0, SECTIONS(source, END));
	fill(100, 2);
	rig_wait(&rig, 100);
	assert_int_equal(rig_sum(&rig, "end", released), 50);
	assert_int_equal(weir_ledger_port(rig.engine, 0, &figures), 0);
	assert_int_equal(figures.rules, rules);
	assert_int_equal(driver.rules, rules);
	rig_stop(&rig);
	assert_int_equal(weir_ledger_port(rig.engine, 0, &figures), 0);
	assert_int_equal(figures.rules, rules);
	rig_end(&rig);
	assert_string_equal(driver.calls, calls);
	if (rig_log_count(&log, logged) != 1)
		print_error("expected: %s\n", logged);
	assert_int_equal(rig_log_count(&log, logged), 1);
	rig_log_end(&log);
}

static void
test_rules(void **state)
{
	(void)state;
	driver.has = true;
	run(SOURCE, 3, "ICOIvvvSmmmdddTO",
		"port " DEVICE ": 3 rules of match are in the device: nothing else comes in\n");
	assert_int_equal(driver.queues, 1);
}

static void
test_none(void **state)
{
	(void)state;
	run(SOURCE, 0, "ICST",
		"port " DEVICE ": match is done in software: its driver keeps nothing out "
		"(rte_flow_isolate): Operation not supported\n");
}

/* An expression that rules cannot say is not the driver's business. */
static void
test_beyond(void **state)
{
	(void)state;
	driver.has = true;
	run(SOURCE " and len > 20", 0, "CST",
		"port " DEVICE
		": match is done in software: it asks for more than rules can say\n");
}

static void
test_wider(void **state)
{
	(void)state;
	driver.has = true;
	driver.refused = RTE_FLOW_ITEM_TYPE_TCP;
	run(SOURCE, 3, "ICOIvvvvvSmmmdddTO",
		"port " DEVICE
		": its driver refuses 2 of the rules, as `ipv4, tcp dst 443`: no such item; "
		"they let more in, and software does the rest\n");
}

static void
test_fragments(void **state)
{
	(void)state;
	driver.has = true;
	driver.no_fragments = true;
	run(SOURCE, 2, "ICOIvvvSmmddTO",
		"port " DEVICE
		": its driver refuses the rule `ipv4 first fragment, tcp`: no fragments; of "
		"fragments that match, only those come in of which it reads the ports by itself: "
		"match.rules = off has them all\n");
}

/* Refused before the port runs: back at once. */
static void
test_early(void **state)
{
	(void)state;
	driver.has = true;
	driver.refused = RTE_FLOW_ITEM_TYPE_IPV6;
	run(SOURCE, 0, "ICOIvvvvOST",
		"port " DEVICE
		": match is done in software: its driver refuses the rule `ipv6, tcp dst "
		"443`: no such item\n");
}

/* Refused when it runs: what is made is unmade, and it is stopped if it must be. */
static void
test_late(void **state)
{
	(void)state;
	driver.has = true;
	driver.late = true;
	driver.refused = RTE_FLOW_ITEM_TYPE_IPV6;
	run(SOURCE, 0, "ICOIvvvSmmmmdOT",
		"port " DEVICE
		": match is done in software: its driver refuses the rule `ipv6, tcp dst "
		"443`: no such item\n");
	driver.stays = true;
	memset(driver.calls, 0, sizeof(driver.calls));
	run(SOURCE, 0, "ICOIvvvSmmmmdOTOST", "match is done in software");
}

/* It would receive nothing of what software has to look at. */
static void
test_stuck(void **state)
{
	struct rig rig;

	(void)state;
	driver.has = true;
	driver.late = true;
	driver.refused = RTE_FLOW_ITEM_TYPE_IPV6;
	rig_describe(&rig, "stuck", SECTIONS(SOURCE, END));
	rig_place(&rig, "0");
	driver.stuck = true;
	assert_null(weir_engine_create(rig.plan, NULL, &rig.error));
	assert_string_equal(rig.error.text,
		"port " DEVICE
		" does not go back to letting all packets in (not now): give [source] "
		"match.rules = off");
	rig_free(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refused, port_create, port_end),
		cmocka_unit_test_setup_teardown(test_software, port_create, port_end),
		cmocka_unit_test_setup_teardown(test_not_idle, port_create, port_end),
		cmocka_unit_test_setup_teardown(test_adopted, port_create, port_end),
		cmocka_unit_test_setup_teardown(test_rules, port_create, port_end),
		cmocka_unit_test_setup_teardown(test_none, port_create, port_end),
		cmocka_unit_test_setup_teardown(test_beyond, port_create, port_end),
		cmocka_unit_test_setup_teardown(test_wider, port_create, port_end),
		cmocka_unit_test_setup_teardown(test_fragments, port_create, port_end),
		cmocka_unit_test_setup_teardown(test_early, port_create, port_end),
		cmocka_unit_test_setup_teardown(test_late, port_create, port_end),
		cmocka_unit_test_setup_teardown(test_stuck, port_create, port_end),
	};

	rig_eal_init();
	return cmocka_run_group_tests_name("matched", tests, NULL, NULL);
}
