/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The eject stage, from the side of the application that takes. */
#include "eject.h"

#define APP "source app: type=inject; ring=64"
#define OUT "stage out: type=eject; input=app"

/* What a pipeline is refused for. */
static void
test_keys(void **state)
{
	static const struct {
		const char *key, *value;
	} wrong[] = { { "mode", "pull" }, { "events", "none" }, { "ring", "31" }, { "ring", "2M" },
		{ "keeps", "1G" }, { "producers", "1" } };
	struct weir_error error;
	struct rig rig;

	(void)state;
	rig_describe(&rig, "keys", SECTIONS(APP, OUT));
	for (unsigned int i = 0; i < RTE_DIM(wrong); i++)
		assert_int_equal(weir_pipeline_set(rig.pipeline, "stage out", wrong[i].key,
					 wrong[i].value, &error),
			-EINVAL);
	rig_section(&rig, "stage behind: type=count; input=out");
	assert_int_equal(weir_pipeline_check(rig.pipeline, &error), -EINVAL);
	rig_free(&rig);
}

static void
open_refused(struct rig *rig, const char *stage, unsigned int worker, int why)
{
	rte_errno = 0;
	assert_null(weir_eject_open(rig->engine, stage, worker, &rig->error));
	assert_int_equal(rte_errno, why);
	assert_int_equal(rig->error.code, why);
}

static uint16_t
take_none(void *arg, unsigned int worker, struct weir_event *events[], uint16_t n)
{
	(void)worker;
	(void)events;
	*(unsigned int *)arg += n;
	return 0;
}

static void
test_open(void **state)
{
	struct weir_eject *first, *second;
	unsigned int offered = 0;
	struct rig rig;

	(void)state;
	rig_make(&rig, "open", "0", 0,
		SECTIONS(APP, OUT "; workers=2", "stage called: type=eject; mode=call; input=app",
			"stage end: type=count; input=app"));
	assert_null(weir_eject_open(NULL, "out", 0, &rig.error));
	assert_int_equal(rig.error.code, EINVAL);
	open_refused(&rig, NULL, WEIR_EJECT_ANY, EINVAL);
	open_refused(&rig, "nobody", WEIR_EJECT_ANY, ENOENT);
	open_refused(&rig, "app", WEIR_EJECT_ANY, ENOENT);
	open_refused(&rig, "end", WEIR_EJECT_ANY, ENOENT);
	open_refused(&rig, "out", 2, ENOENT);
	open_refused(&rig, "called", WEIR_EJECT_ANY, EINVAL);
	second = app_eject(&rig, 1);
	open_refused(&rig, "out", 1, EBUSY);
	first = app_eject(&rig, WEIR_EJECT_ANY);
	assert_ptr_not_equal(first, second);
	open_refused(&rig, "out", WEIR_EJECT_ANY, EBUSY);
	weir_eject_close(NULL);
	weir_eject_close(second);
	open_refused(&rig, "out", 0, EBUSY);
	assert_ptr_equal(app_eject(&rig, WEIR_EJECT_ANY), second);

	assert_int_equal(weir_eject_call(rig.engine, "called", NULL, NULL, &rig.error), -EINVAL);
	assert_int_equal(weir_eject_call(rig.engine, "nobody", take_none, NULL, &rig.error),
		-ENOENT);
	assert_int_equal(weir_eject_call(rig.engine, "end", take_none, NULL, &rig.error), -ENOENT);
	assert_int_equal(weir_eject_call(rig.engine, "out", take_none, NULL, &rig.error), -EINVAL);
	rig_ok(&rig, weir_eject_call(rig.engine, "called", take_none, &offered, &rig.error));
	assert_int_equal(weir_eject_call(rig.engine, "called", take_none, NULL, &rig.error),
		-EBUSY);
	rig_stop(&rig);
	assert_int_equal(offered, 0);
	app_end(&rig);
}

/* None waits; none will come; and packets where there may be others. */
static void
test_nothing(void **state)
{
	struct weir_event *events[4];
	struct rte_mbuf *mbufs[4];
	struct weir_eject *eject;
	struct rig rig;

	(void)state;
	rig_make(&rig, "nothing", "0", 0, SECTIONS(APP, OUT));
	eject = app_eject(&rig, WEIR_EJECT_ANY);
	assert_int_equal(weir_eject_events(NULL, events, 4), 0);
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(weir_eject_packets(NULL, mbufs, 4), 0);
	assert_int_equal(weir_eject_events(eject, NULL, 4), 0);
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(weir_eject_events(eject, events, 4), 0);
	assert_int_equal(rte_errno, EAGAIN);
	assert_int_equal(weir_eject_packets(eject, mbufs, 4), 0);
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(app_give(app_inject(&rig), 1, 1), 1);
	rig_pass(&rig);
	assert_int_equal(weir_eject_events(eject, events, 0), 0);
	assert_int_equal(rte_errno, EAGAIN);
	assert_int_equal(weir_eject_events(eject, events, 4), 1);
	weir_events_free(events, 1);
	rig_stop(&rig);
	assert_int_equal(weir_eject_events(eject, events, 4), 0);
	assert_int_equal(rte_errno, ESHUTDOWN);
	app_end(&rig);
}

/* All come out in their order, with the private bytes that they had. */
static void
test_as_they_are(void **state)
{
	uint64_t given = 0, got = 0;
	struct rte_mbuf *mbufs[300];
	struct weir_inject *inject;
	struct weir_eject *eject;
	struct rig rig;

	(void)state;
	rig_make(&rig, "whole", "0", 0,
		SECTIONS(APP, "stage a: type=t_pass; input=app",
			"stage out: type=eject; events=packets; ring=500; input=a"));
	inject = app_inject(&rig);
	eject = app_eject(&rig, WEIR_EJECT_ANY);
	while (got < 20000) {
		uint16_t n;

		given += app_give(inject, given, 64);
		rig_pass(&rig);
		if (given % 3 != 0)
			continue;
		n = weir_eject_packets(eject, mbufs, RTE_DIM(mbufs));
		for (uint16_t i = 0; i < n; i++, got++) {
			const struct weir_event *event = weir_mbuf_event(mbufs[i]);

			assert_int_equal(event->user[0], got);
			assert_true(app_private_is_whole(event, (uint8_t)got));
		}
		rte_pktmbuf_free_bulk(mbufs, n);
	}
	weir_engine_stop_request(rig.engine);
	while (!weir_engine_drained(rig.engine)) {
		uint16_t n = weir_eject_packets(eject, mbufs, RTE_DIM(mbufs));

		rte_pktmbuf_free_bulk(mbufs, n);
		got += n;
		rig_pass(&rig);
	}
	rig_stop(&rig);
	assert_int_equal(got, given);
	assert_int_equal(rig_ledger(&rig).ejected, given);
	assert_int_equal(rig_sum(&rig, "out", ejected), given);
	app_end(&rig);
}

/* Nobody takes: `block` lets in what has room, and loses nothing; the stop then names what is left. */
static void
test_block(void **state)
{
	struct weir_event *events[300];
	struct weir_inject *inject;
	struct weir_eject *eject;
	unsigned int given;
	struct rig rig;

	(void)state;
	rig_make(&rig, "block", "0", 0,
		SECTIONS(APP, "stage a: type=t_pass; input=app",
			"stage out: type=eject; ring=100; input=a", "link app a: on_full=block",
			"link a out: on_full=block"));
	inject = app_inject(&rig);
	given = 0;
	for (unsigned int i = 0; i < 20; i++) {
		given += app_give(inject, given, 64);
		rig_pass(&rig);
	}
	assert_int_equal(given, 164);
	assert_int_equal(rte_errno, ENOBUFS);
	assert_int_equal(rig_sum(&rig, "out", held), 100);
	/* It lets in again what whoever opens it takes. */
	eject = app_eject(&rig, WEIR_EJECT_ANY);
	assert_int_equal(weir_eject_events(eject, events, 40), 40);
	weir_events_free(events, 40);
	for (unsigned int i = 0; i < 4; i++)
		rig_pass(&rig);
	assert_int_equal(app_give(inject, given, 64), 40);
	assert_int_equal(rig_ledger(&rig).ejected, 40);
	weir_eject_close(eject);
	assert_int_equal(weir_engine_stop(rig.engine, 20), -ETIMEDOUT);
	assert_int_equal(rig_ledger(&rig).received, 204);
	assert_int_equal(rig_ledger(&rig).dropped, 164);
	assert_int_equal(rig_dropped(&rig, "drain_abandoned"), 164);
	app_end(&rig);
}

/* Nobody takes, and links lose: each for its own reason, and what they keep is what they promise. */
static void
test_lossy(void **state)
{
	static const struct {
		const char *link, *reason, *other;
	} policies[] = {
		{ "on_full=drop-newest", "ring_full", "ring_full" },
		{ "on_full=drop-oldest", "oldest", "ring_full" },
		{ "on_full=drop-priority; reserve.0=50%", "low_priority", "ring_full" },
		{ "on_full=drop-flow", "flow_shed", "ring_full" },
		{ "on_full=drop-late; deadline=5ms", "late", "ring_full" },
		{ "on_full=block; block_timeout=1us", "block_timeout", "block_timeout" },
	};
	char link[128];
	struct rig rig;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(policies); i++) {
		uint64_t given = 0, dropped;
		struct weir_inject *inject;

		snprintf(link, sizeof(link), "link app out: ring=256; kind=ring; %s",
			policies[i].link);
		rig_make(&rig, "lossy", "0", 0, SECTIONS(APP, OUT "; ring=100", link));
		inject = app_inject(&rig);
		for (unsigned int k = 0; k < 200; k++) {
			given += app_give(inject, given, 32);
			rig_pass(&rig);
			usleep(i >= 3 ? 100 : 0);
		}
		/* What was late before it was let in was not. */
		assert_true(rig_sum(&rig, "out", held) == 100 || i == 4);
		dropped = rig_dropped(&rig, policies[i].reason);
		assert_true(dropped > 0);
		if (strcmp(policies[i].reason, policies[i].other) != 0)
			dropped += rig_dropped(&rig, policies[i].other);
		assert_int_equal(rig_ledger(&rig).dropped, dropped);
		weir_engine_stop(rig.engine, 0);
		assert_int_equal(rig_ledger(&rig).received, given);
		app_end(&rig);
	}
}

/* Events without a packet come out as they are, or end in the stage. */
static void
test_without_packet(void **state)
{
	for (unsigned int packets = 0; packets < 2; packets++) {
		struct weir_event *events[40], *got[40];
		struct rte_mbuf *mbufs[40];
		struct weir_inject *inject;
		struct weir_eject *eject;
		unsigned int n;
		struct rig rig;

		rig_make(&rig, "bare", "0", 0,
			SECTIONS(APP, packets ? OUT "; events=packets" : OUT));
		inject = app_inject(&rig);
		eject = app_eject(&rig, WEIR_EJECT_ANY);
		for (unsigned int i = 0; i < 40; i++)
			events[i] = app_event(i % 4 == 3 ? app_pool : app_bare,
				i % 4 == 3 ? WEIR_EVENT_PACKET : WEIR_EVENT_USER, i);
		assert_int_equal(weir_inject_events(inject, events, 40), 40);
		rig_pass(&rig);
		rig_pass(&rig);
		n = packets ? weir_eject_packets(eject, mbufs, 40) :
			      weir_eject_events(eject, got, 40);
		assert_int_equal(n, packets ? 10 : 40);
		for (unsigned int i = 0; i < n; i++) {
			if (packets)
				got[i] = weir_mbuf_event(mbufs[i]);
			assert_ptr_equal(got[i], events[packets ? 4 * i + 3 : i]);
		}
		weir_events_free(got, n);
		rig_stop(&rig);
		assert_int_equal(rig_ledger(&rig).ejected, n);
		assert_int_equal(rig_ledger(&rig).released, 40 - n);
		app_end(&rig);
	}
	(void)state;
}

/* What waits at a handle that is closed is for whoever opens it next. */
static void
test_close(void **state)
{
	struct weir_event *events[10];
	struct weir_eject *eject;
	struct rig rig;

	(void)state;
	rig_make(&rig, "close", "0", 0, SECTIONS(APP, OUT));
	eject = app_eject(&rig, 0);
	assert_int_equal(app_give(app_inject(&rig), 1, 10), 10);
	rig_pass(&rig);
	assert_int_equal(weir_eject_events(eject, events, 4), 4);
	weir_eject_close(eject);
	eject = app_eject(&rig, 0);
	assert_int_equal(weir_eject_events(eject, events + 4, 10), 6);
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(events[i]->user[0], i + 1);
	weir_events_free(events, 10);
	rig_stop(&rig);
	app_end(&rig);
}

/* Copies come out as what they are: shared, read-only, freed by each who has one. */
static void
test_copies(void **state)
{
	struct weir_event *events[2][10];
	struct rig rig;

	(void)state;
	rig_make(&rig, "copies", "0", 0,
		SECTIONS(APP, OUT "; workers=2", "link app out: spread=copy"));
	assert_int_equal(app_give(app_inject(&rig), 0, 10), 10);
	rig_pass(&rig);
	for (unsigned int w = 0; w < 2; w++)
		assert_int_equal(weir_eject_events(app_eject(&rig, w), events[w], 10), 10);
	for (unsigned int i = 0; i < 10; i++) {
		assert_ptr_equal(events[0][i], events[1][i]);
		assert_true(events[0][i]->flags & WEIR_EVENT_SHARED);
		assert_true(app_private_is_whole(events[0][i], (uint8_t)i));
	}
	weir_events_free(events[0], 10);
	assert_int_equal(rte_mempool_avail_count(app_pool), app_pool->size - 10);
	weir_events_free(events[1], 10);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).created, 10);
	assert_int_equal(rig_ledger(&rig).ejected, 20);
	app_end(&rig);
}

/* What a function is offered: it takes `most` of each burst, and every other time none. */
struct called {
	uint64_t next;
	uint16_t most;
	unsigned int calls;
	unsigned int wrong;
};

static uint16_t
take_some(void *arg, unsigned int worker, struct weir_event *events[], uint16_t n)
{
	struct called *called = arg;

	called->wrong += worker != 0 || n == 0 || n > 32;
	if (++called->calls % 2 == 0)
		return 0;
	n = RTE_MIN(n, called->most);
	for (uint16_t i = 0; i < n; i++)
		called->wrong += events[i]->user[0] != called->next++;
	weir_events_free(events, n);
	return n;
}

/* Nothing comes before there is a function; then all of it does, in order, little by little. */
static void
test_call(void **state)
{
	struct called called = { .most = 7 };
	struct weir_inject *inject;
	uint64_t given = 0;
	struct rig rig;

	(void)state;
	rig_make(&rig, "call", "0", 0,
		SECTIONS(APP, OUT "; mode=call", "link app out: on_full=block"));
	inject = app_inject(&rig);
	for (unsigned int i = 0; i < 10; i++) {
		given += app_give(inject, given, 64);
		rig_pass(&rig);
	}
	assert_int_equal(given, 64);
	assert_int_equal(rig_sum(&rig, "app", in), 0);
	assert_int_equal(rig_ledger(&rig).in_flight, 64);
	rig_ok(&rig, weir_eject_call(rig.engine, "out", take_some, &called, &rig.error));
	while (given < 5000) {
		given += app_give(inject, given, 16);
		rig_pass(&rig);
	}
	called.most = 100;
	rig_stop(&rig);
	assert_int_equal(called.wrong, 0);
	assert_int_equal(called.next, given);
	assert_int_equal(rig_ledger(&rig).ejected, given);
	app_end(&rig);
}

/* It takes none: the burst that it was offered is all that it has, and is dropped by name. */
static void
test_call_none(void **state)
{
	unsigned int offered = 0, given = 0;
	struct weir_inject *inject;
	struct rig rig;

	(void)state;
	rig_make(&rig, "none", "0", 0,
		SECTIONS(APP, OUT "; mode=call", "link app out: on_full=block"));
	inject = app_inject(&rig);
	rig_ok(&rig, weir_eject_call(rig.engine, "out", take_none, &offered, &rig.error));
	for (unsigned int i = 0; i < 10; i++) {
		given += app_give(inject, given, 64);
		rig_pass(&rig);
	}
	assert_int_equal(given, 64 + 32);
	assert_true(offered > 32);
	assert_int_equal(rig_sum(&rig, "out", held), 32);
	assert_int_equal(weir_engine_stop(rig.engine, 20), -ETIMEDOUT);
	assert_int_equal(rig_dropped(&rig, "drain_abandoned"), given);
	app_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_as_they_are),
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_lossy),
		cmocka_unit_test(test_without_packet),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_call_none),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, app_pools, NULL);
}
