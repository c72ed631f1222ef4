/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The three ways to show a plan. */

#include <jansson.h>

#include "imagine.h"

static struct machine machine;
static struct weir_pipeline *pipeline;
static struct weir_plan *plan;

static int
setup(void **state)
{
	struct machine_port *port;

	if (imagine_types(state) != 0)
		return -1;
	imagine(&machine, 2, 4);
	port = imagine_port(&machine, "net_odd\"name\\0", 1, 4);
	port->rss = RTE_ETH_RSS_IP;
	port->rss_key = 40;
	port->tx_offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	pipeline = pipeline_of(
		"[pipeline]\nname = shown\n"
		"[source wan]\ndevice = net_odd\"name\\0\nqueues = 2\n"
		"[stage busy]\ntype = fork\ninput = wan\nlcores = 4\n"
		"[stage out]\ntype = tx\ninput = busy.other\ndevice = net_odd\"name\\0\n"
		"[stage far]\ntype = pass\ninput = busy.out\nnuma = 0\n"
		"[link wan busy]\nring = 512\n");
	plan = plan_on(pipeline, &machine, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
	return 0;
}

static void
test_refused(void **state)
{
	(void)state;
	rte_errno = 0;
	assert_null(weir_plan_show(plan, (enum weir_plan_format)3));
	assert_int_equal(rte_errno, EINVAL);
}

static void
assert_has(const char *text, const char *expected)
{
	if (strstr(text, expected) == NULL)
		fail_msg("'%s' is not in:\n%s", expected, text);
}

static void
test_text(void **state)
{
	char *text = weir_plan_show(plan, WEIR_PLAN_TEXT);

	(void)state;
	assert_non_null(text);
	assert_has(text, "pipeline shown: 5 workers on 5 lcores, burst 32, numa prefer\n");
	assert_has(text,
		"  wan[1]               ethdev           6      1  exponential  "
		"net_odd\"name\\0 RX 1\n");
	assert_has(text,
		"  out[0]               tx               7      1  exponential  "
		"net_odd\"name\\0 TX 0\n");
	assert_has(text,
		"\nlcores\n  lcore  how       idle          at most  full          at most  bound, and why\n");
	assert_has(text, "\n      4  launched  exponential      50us  exponential      50us\n");
	assert_has(text,
		"\n      5  launched  exponential    34.4us  exponential    34.4us  34.4us: half of "
		"net_odd\"name\\0 RX x 1024 at 10000 Mbit/s\n");
	assert_null(strstr(text, " \n"));
	assert_has(text, "wan -> busy ");
	assert_has(text, " 2 rings of 512, drop-newest, spread flow\n");
	assert_has(text, "busy.other -> out ");
	assert_has(text,
		" 1 ring of 1023, block, spread flow\n    ring = auto: the most by default\n");
	assert_has(text, "RX 2 x 1024 TX 1 x 1024\n");
	assert_has(text,
		"    rx: RSS ipv4 ipv6 ip-other ip-frag, symmetric key of 40 bytes; offloads none; "
		"promiscuous\n    tx: offloads MULTI_SEGS; what comes by wan may be chains\n");
	assert_has(text, " = 3072 descriptors + 3070 rings + ");
	assert_has(text, "\nmemory: ");
	assert_has(text, "\nnotes\n  sockets 0 and 1, ");
	free(text);
}

/* Braces and brackets balance outside of strings, and strings end. */
static void
assert_balanced(const char *dot)
{
	int braces = 0, brackets = 0;
	bool quoted = false;

	for (; *dot != '\0'; dot++) {
		if (quoted && *dot == '\\')
			dot++;
		else if (*dot == '"')
			quoted = !quoted;
		else if (!quoted) {
			braces += (*dot == '{') - (*dot == '}');
			brackets += (*dot == '[') - (*dot == ']');
			assert_true(braces >= 0 && brackets >= 0 && brackets <= 1);
		}
	}
	assert_false(quoted);
	assert_int_equal(braces, 0);
	assert_int_equal(brackets, 0);
}

static void
test_dot(void **state)
{
	char *text = weir_plan_show(plan, WEIR_PLAN_DOT);

	(void)state;
	assert_non_null(text);
	assert_balanced(text);
	assert_has(text, "digraph \"shown\" {");
	assert_has(text, "subgraph cluster_socket0 {");
	assert_has(text, "subgraph cluster_socket1 {");
	assert_has(text, "subgraph cluster_lcore4 {");
	assert_has(text, "w0 [label=\"wan[0]\\nethdev\"];");
	assert_has(text, "w0 -> w2 [label=\"drop-newest\\nring 512\"];");
	assert_has(text, "p0 [shape=ellipse, label=\"net_odd\\\"name\\\\0\\nsocket 1\"];");
	assert_has(text, "p0 -> w1 [label=\"RX 1\"];");
	assert_has(text, "w3 -> p0 [label=\"TX 0\"];");
	free(text);
}

static json_int_t
number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("no number %s", key);
	return json_integer_value(value);
}

static const char *
word(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value))
		fail_msg("no string %s", key);
	return json_string_value(value);
}

static void
assert_json_pool(const json_t *pool)
{
	static const char *const terms[] = { "descriptors", "rings", "caches", "bursts", "held",
		"margin" };
	json_int_t sum = 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(terms); i++)
		sum += number(json_object_get(pool, "terms"), terms[i]);
	assert_int_equal(number(pool, "size"), sum);
	assert_int_equal(number(pool, "socket"), 1);
	assert_int_equal(number(pool, "cache"), 256);
	assert_int_equal(number(pool, "memory_bytes"), plan->pools[0].memory);
}

static void
assert_json_workers(const json_t *workers)
{
	const json_t *worker = json_array_get(workers, 1);

	assert_int_equal(json_array_size(workers), 5);
	assert_string_equal(word(worker, "node"), "wan");
	assert_int_equal(number(worker, "index"), 1);
	assert_string_equal(word(worker, "type"), "ethdev");
	assert_int_equal(number(worker, "lcore"), 6);
	assert_int_equal(number(worker, "socket"), 1);
	assert_string_equal(word(worker, "idle"), "exponential");
	assert_string_equal(word(worker, "port"), "net_odd\"name\\0");
	assert_int_equal(number(worker, "queue"), 1);
	worker = json_array_get(workers, 2);
	assert_true(json_is_null(json_object_get(worker, "port")));
	assert_true(json_is_null(json_object_get(worker, "queue")));
}

static void
assert_json_lcores(const json_t *lcores)
{
	const json_t *lcore = json_array_get(lcores, 0);

	assert_int_equal(json_array_size(lcores), 5);
	assert_int_equal(number(lcore, "lcore"), 1);
	assert_string_equal(word(lcore, "how"), "launched");
	assert_true(json_is_null(json_object_get(lcore, "bound_ns")));
	assert_true(json_is_null(json_object_get(lcore, "bound_port")));
	assert_int_equal(number(lcore, "idle_max_ns"), 50000);
	lcore = json_array_get(lcores, 2);
	assert_int_equal(number(lcore, "lcore"), 5);
	assert_string_equal(word(lcore, "idle"), "exponential");
	assert_int_equal(number(lcore, "idle_max_ns"), 34406);
	assert_string_equal(word(lcore, "full"), "exponential");
	assert_int_equal(number(lcore, "full_max_ns"), 34406);
	assert_int_equal(number(lcore, "bound_ns"), 34406);
	assert_string_equal(word(lcore, "bound_port"), "net_odd\"name\\0");
}

static void
assert_json_setup(const json_t *setup)
{
	const json_t *rss = json_object_get(setup, "rss"),
		     *tx = json_object_get(setup, "tx_offloads");

	assert_int_equal(json_array_size(rss), 4);
	assert_string_equal(json_string_value(json_array_get(rss, 1)), "ipv6");
	assert_int_equal(number(setup, "rss_key_bytes"), 40);
	assert_int_equal(number(setup, "reta"), 0);
	assert_int_equal(json_array_size(json_object_get(setup, "rx_offloads")), 0);
	assert_int_equal(json_array_size(tx), 1);
	assert_string_equal(json_string_value(json_array_get(tx, 0)), "MULTI_SEGS");
	assert_true(json_is_true(json_object_get(setup, "promiscuous")));
	assert_true(json_is_null(json_object_get(setup, "mac")));
	assert_int_equal(json_array_size(json_object_get(setup, "costs")), 0);
	assert_true(json_is_null(json_object_get(setup, "speed_mbit")));
}

static void
test_json(void **state)
{
	char *text = weir_plan_show(plan, WEIR_PLAN_JSON);
	const json_t *port, *link;
	json_t *root;

	(void)state;
	assert_non_null(text);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_string_equal(word(root, "pipeline"), "shown");
	assert_string_equal(word(root, "numa"), "prefer");
	assert_int_equal(number(root, "burst"), 32);
	assert_int_equal(number(root, "memory_bytes"), plan->memory);
	assert_int_equal(number(root, "hugepages_2m"), plan->hugepages_2m);
	assert_json_workers(json_object_get(root, "workers"));
	assert_json_lcores(json_object_get(root, "lcores"));
	assert_int_equal(json_array_size(json_object_get(root, "links")), 3);
	link = json_array_get(json_object_get(root, "links"), 0);
	assert_string_equal(word(link, "from"), "wan");
	assert_string_equal(word(link, "to"), "busy");
	assert_string_equal(word(link, "on_full"), "drop-newest");
	assert_string_equal(word(link, "spread"), "flow");
	assert_int_equal(number(link, "calls"), 0);
	assert_int_equal(number(link, "rings"), 2);
	assert_int_equal(number(link, "ring"), 512);
	assert_true(json_is_false(json_object_get(link, "ring_auto")));
	assert_true(json_is_true(
		json_object_get(json_array_get(json_object_get(root, "links"), 2), "ring_auto")));
	assert_true(json_is_false(json_object_get(link, "feedback")));
	port = json_array_get(json_object_get(root, "ports"), 0);
	assert_string_equal(word(port, "driver"), "net_imagined");
	assert_int_equal(number(port, "rx_queues"), 2);
	assert_int_equal(number(port, "tx_descriptors"), 1024);
	assert_json_setup(json_object_get(port, "setup"));
	assert_json_pool(json_array_get(json_object_get(root, "pools"), 0));
	assert_int_equal(json_array_size(json_object_get(root, "notes")), 1);
	json_decref(root);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_dot),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
