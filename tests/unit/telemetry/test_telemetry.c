/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The commands, over the socket that operators' tools use. */
#include "engine/rig.h"

#include <pthread.h>

#include "ask.h"

static void
make(struct rig *rig, const char *name, const char *lcores)
{
	rig_make(rig, name, lcores, 10000,
		SECTIONS("source gen: type=synth; flows=100", "stage a: type=t_filter; input=gen",
			"stage my-end: type=t_pass; input=a.match, a.rest; workers=2",
			"link a.match my-end: kind=ring; ring=64"));
	rig_wait(rig, 10000);
}

static void
end(struct rig *rig)
{
	rig_stop(rig);
	rig_end(rig);
}

static void
test_no_engine(void **state)
{
	struct rig rig;
	json_t *list;

	(void)state;
	/* The commands come with the first engine. */
	make(&rig, "first", "0");
	end(&rig);
	list = ask("/weir/list");
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	answers_null("/weir/ledger");
	answers_null("/weir/ledger,first");
	answers_null("/weir/nodes");
	answers_null("/weir/links,first,0");
}

static void
test_refusals(void **state)
{
	static const char *const commands[] = {
		"/weir/ledger,nobody",
		"/weir/nodes,nobody",
		"/weir/nodes,tele,nobody",
		"/weir/nodes,nobody,gen",
		"/weir/links,tele,99",
		"/weir/links,tele,-1",
		"/weir/links,tele,my-end",
		"/weir/links,tele,0x",
		"/weir/links,tele,",
		"/weir/links,tele,4294967296",
		"/weir/links,tele,1,x",
		"/weir/ledger,tele,gen",
		"/weir/ledger,tele,0",
		"/weir/ports,nobody",
		"/weir/pools,nobody",
		"/weir/pools,tele,net_null0",
		"/weir/nodes,tele,",
		"/weir/nodes,tele,gen,",
		"/weir/nodes,tele,,",
		"/weir/nodes,tele,,0,0",
		"/weir/nodes,tele,,x",
		"/weir/nodes,tele,,-1",
		"/weir/nodes,tele,,+1",
		"/weir/nodes,tele,,1x",
		"/weir/nodes,tele,, 1",
		"/weir/nodes,tele,,0x1",
		"/weir/nodes,tele,,4294967296",
		"/weir/nodes,tele,,99999999999999999999",
		"/weir/nodes,tele,,111111111111111111111111111111111111111111111111111",
		"/weir/nodes,tele,a-name-that-is-longer-than-that-of-any-node",
		"/weir/nodes,tele,0",
		"/weir/plan,tele,gen",
		"/weir/watch,tele,lcore_0",
		"/weir/list,tele",
		"/weir/list,-1",
		"/weir/plan,nobody",
		"/weir/watch,nobody",
		"/weir/memory,nobody",
		"/weir/queues,nobody",
		"/weir/set",
		"/weir/set,nobody,gen.rate=1",
		"/weir/set,a-name-that-is-longer-than-any-pipeline-may-have,gen.rate=1",
		"/weir/ledger,a-name-that-is-longer-than-any-pipeline-may-have",
	};
	struct rig rig;

	(void)state;
	make(&rig, "tele", "0");
	for (unsigned int i = 0; i < RTE_DIM(commands); i++)
		answers_null(commands[i]);
	end(&rig);
}

static void
ledger_is(const char *command, const struct weir_ledger *ledger)
{
	json_t *value = ask(command);

	assert_int_equal(json_object_size(value), 8);
	assert_int_equal(number(value, "received"), ledger->received);
	assert_int_equal(number(value, "created"), ledger->created);
	assert_int_equal(number(value, "released"), ledger->released);
	assert_int_equal(number(value, "transmitted"), ledger->transmitted);
	assert_int_equal(number(value, "ejected"), ledger->ejected);
	assert_int_equal(number(value, "dropped"), ledger->dropped);
	assert_int_equal(number(value, "in_flight"), ledger->in_flight);
	assert_int_equal(number(value, "unaccounted"), 0);
	json_decref(value);
}

static void
test_ledger(void **state)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;
	struct rig rig;

	(void)state;
	make(&rig, "tele", "0");
	ledger = rig_ledger(&rig);
	ledger_is("/weir/ledger", &ledger);
	ledger_is("/weir/ledger,tele", &ledger);
	rig_stop(&rig);
	ledger_is("/weir/ledger,tele", &ledger);
	rig_end(&rig);
}

/* A name with what telemetry's keys cannot have is there all the same. */
static void
nodes_are(const char *command, const struct rig *rig)
{
	json_t *nodes = ask(command), *end;

	assert_int_equal(json_object_size(nodes), 3);
	end = json_object_get(nodes, "my/end");
	text_is(end, "name", "my-end");
	text_is(end, "type", "t_pass");
	assert_int_equal(number(end, "workers"), 2);
	assert_int_equal(number(end, "in"), 10000);
	assert_int_equal(number(end, "released"), rig_sum(rig, "my-end", released));
	assert_int_equal(number(json_object_get(nodes, "gen"), "out"), 10000);
	assert_true(number(json_object_get(nodes, "gen"), "busy_percent") <= 100);
	json_decref(nodes);
}

static void
test_nodes(void **state)
{
	struct rig rig;
	json_t *workers;

	(void)state;
	make(&rig, "tele", "0");
	nodes_are("/weir/nodes", &rig);
	nodes_are("/weir/nodes,tele", &rig);
	workers = ask("/weir/nodes,tele,my-end");
	assert_int_equal(json_object_size(workers), 2);
	assert_int_equal(number(json_object_get(workers, "my/end_0"), "in") +
			number(json_object_get(workers, "my/end_1"), "in"),
		10000);
	assert_int_equal(number(json_object_get(workers, "my/end_1"), "lcore"), 0);
	json_decref(workers);
	/* Without the engine's name, where there is one. */
	workers = ask("/weir/nodes,,gen");
	assert_int_equal(json_object_size(workers), 1);
	json_decref(workers);
	end(&rig);
}

static void
test_links(void **state)
{
	struct rig rig;
	json_t *links, *link, *rings;
	uint64_t enqueued = 0;

	(void)state;
	make(&rig, "tele", "0");
	links = ask("/weir/links");
	assert_int_equal(json_object_size(links), 3);
	link = json_object_get(links, "link_1");
	text_is(link, "from", "a.match");
	text_is(link, "to", "my-end");
	text_is(link, "kind", "ring");
	text_is(link, "on_full", "block");
	assert_int_equal(number(link, "rings"), 2);
	assert_int_equal(number(link, "capacity"), 128);
	text_is(json_object_get(links, "link_2"), "kind", "call");
	json_decref(links);

	rings = ask("/weir/links,tele,1");
	assert_int_equal(json_object_size(rings), 2);
	for (unsigned int i = 0; i < 2; i++) {
		char key[16];

		snprintf(key, sizeof(key), "ring_0_%u", i);
		link = json_object_get(rings, key);
		assert_int_equal(number(link, "capacity"), 64);
		assert_int_equal(number(link, "enqueued"), number(link, "dequeued"));
		assert_int_equal(number(link, "count"), 0);
		enqueued += number(link, "enqueued");
	}
	assert_true(enqueued > 0 && enqueued < 10000);
	json_decref(rings);
	/* Calls have no rings, and neither has a port that there is not. */
	rings = ask("/weir/links,tele,2");
	assert_int_equal(json_object_size(rings), 0);
	json_decref(rings);
	rings = ask("/weir/ports,tele");
	assert_int_equal(json_object_size(rings), 0);
	json_decref(rings);
	end(&rig);
}

/* Polled lcores are not watched, but listed. */
static void
test_watch(void **state)
{
	struct rig rig;
	json_t *watch, *lcore;

	(void)state;
	make(&rig, "tele", "0");
	watch = ask("/weir/watch,tele");
	assert_int_equal(json_object_size(watch), 5 + 1);
	assert_int_equal(number(watch, "stuck_workers"), 0);
	assert_int_equal(number(watch, "stuck_lcores"), 0);
	assert_int_equal(number(watch, "all_blocked"), 0);
	assert_int_equal(number(watch, "preempted"), 0);
	assert_int_equal(number(watch, "stolen"), 0);
	lcore = json_object_get(watch, "lcore_0");
	assert_true(number(lcore, "passes") > 0);
	assert_int_equal(number(lcore, "switches"), 0);
	assert_int_equal(number(lcore, "waited_ns"), 0);
	assert_int_equal(number(lcore, "stolen_ns"), 0);
	json_decref(watch);
	end(&rig);
}

static void
test_plan(void **state)
{
	struct rig rig;
	json_t *plan;

	(void)state;
	make(&rig, "tele", "1");
	plan = ask("/weir/plan,tele");
	assert_int_equal(json_object_size(plan), 5);
	assert_true(number(plan, "memory_bytes") > 0);
	assert_int_equal(strncmp(json_string_value(json_object_get(plan, "my/end_1")), "lcore 1 ",
				 8),
		0);
	json_decref(plan);
	end(&rig);
}

/* With two engines a command must say which. */
static void
test_two(void **state)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;
	struct rig one, two;
	json_t *list;

	(void)state;
	make(&one, "one", "0");
	make(&two, "two", "1");
	list = ask("/weir/list");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_array_get(list, 0)), "one");
	json_decref(list);
	answers_null("/weir/ledger");
	answers_null("/weir/nodes");
	answers_null("/weir/nodes,,gen");
	ledger = rig_ledger(&two);
	ledger_is("/weir/ledger,two", &ledger);
	end(&one);
	ledger_is("/weir/ledger", &ledger);
	end(&two);
}

static void
set_is(const char *command, const char *assignment)
{
	json_t *value = ask(command);

	assert_int_equal(json_object_size(value), 1);
	text_is(value, "set", assignment);
	json_decref(value);
}

static void
set_fails(const char *command, const char *const *pieces, unsigned int n)
{
	static const char *const keys[] = { "error", "error_2" };
	json_t *value = ask(command);

	assert_int_equal(json_object_size(value), n);
	for (unsigned int i = 0; i < n; i++)
		text_is(value, keys[i], pieces[i]);
	json_decref(value);
}

static void
test_set(void **state)
{
	static const char *const form[] = { "'tele': expected SECTION.KEY=VALUE" };
	static const char *const fixed[] = { "[source gen] key 'flows' is fixed while the engine "
					     "runs: stop it, set the key, start again" };
	static const char *const list[] = { "[source gen] rate = 1,2: expected events a second, "
					    "also with k, M or G (1000s), from 0 to 10G" };
	static const char *const late[] = { "[link a.match my-end] on_full = drop-late: expected "
					    "`deadline`, the longest wait, as 1ms" };
	static const char *const calls[] = {
		"[link a.rest my-end] on_full = drop-newest: a call has no ring that could be full: "
		"stop it, give the link kind = ring, start ag",
		"ain",
	};
	struct rig rig, other;
	json_t *value;

	(void)state;
	make(&rig, "tele", "0");
	set_fails("/weir/set,tele", form, 1);
	set_fails("/weir/set,gen.flows=2", fixed, 1);
	set_fails("/weir/set,tele,gen.flows=2", fixed, 1);
	set_fails("/weir/set,gen.rate=1,2", list, 1);
	set_fails("/weir/set,tele,link a.match my-end.on_full=drop-late", late, 1);
	set_fails("/weir/set,tele,link a.rest my-end.on_full=drop-newest", calls, 2);
	set_is("/weir/set,gen.rate=100", "gen.rate=100");
	set_is("/weir/set,tele,link a.match my-end.on_full=drop-newest",
		"link a.match my-end.on_full=drop-newest");
	value = ask("/weir/links,tele");
	text_is(json_object_get(value, "link_1"), "on_full", "drop-newest");
	json_decref(value);
	make(&other, "other", "1");
	answers_null("/weir/set,gen.rate=100");
	set_is("/weir/set,other,gen.rate=100", "gen.rate=100");
	end(&other);
	end(&rig);
}

static uint32_t asking;

/* Asks all the time; how many answers were neither null nor what they should be. */
static void *
asker(void *arg)
{
	static const char *const commands[] = { "/weir/ledger", "/weir/nodes", "/weir/links",
		"/weir/plan", "/weir/ports", "/weir/list" };
	int fd = telemetry_connect();

	(void)arg;
	for (unsigned int i = 0; __atomic_load_n(&asking, __ATOMIC_ACQUIRE); i++)
		json_decref(ask_on(fd, commands[i % RTE_DIM(commands)]));
	close(fd);
	return NULL;
}

/* Engines come and go while somebody asks. */
static void
test_meanwhile(void **state)
{
	pthread_t thread;
	struct rig rig;

	(void)state;
	asking = 1;
	assert_int_equal(pthread_create(&thread, NULL, asker, NULL), 0);
	for (unsigned int i = 0; i < 30; i++) {
		make(&rig, "comes", "0");
		end(&rig);
	}
	__atomic_store_n(&asking, 0, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_engine),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_meanwhile),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
