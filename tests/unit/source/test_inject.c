/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The inject source, from the side of the application that hands in. */
#include "injecting.h"

#include <pthread.h>

#define EACH 200000

#define LINE(source) "source app: type=inject; " source, "stage end: type=t_order; input=app"

/* An event of the application's own, numbered, or NULL: the pool is empty. */
static struct weir_event *
event(uint64_t number, uint64_t producer)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	struct weir_event *event;

	if (mbuf == NULL)
		return NULL;
	event = weir_mbuf_event(mbuf);
	memset(event, 0, sizeof(*event));
	event->type = WEIR_EVENT_USER;
	event->hash = (uint32_t)(producer << 20);
	event->flags = weir_mbuf_mark(mbuf);
	event->user[0] = number;
	event->user[1] = producer;
	return event;
}

/* The first that does not fit ends it; what is before it was taken. */
static void
test_not_fitting(void **state)
{
	struct rte_mempool *foreign =
		rte_pktmbuf_pool_create("foreign", 63, 0, 64, 512, SOCKET_ID_ANY);
	struct rte_mbuf *mbufs[5];
	struct weir_inject *inject;
	struct rig rig;

	(void)state;
	rig_make(&rig, "fits", "0", 0,
		SECTIONS("source app: type=inject", "stage end: type=t_pass; input=app"));
	inject = open_app(&rig);
	for (unsigned int i = 0; i < 5; i++)
		mbufs[i] = i == 2 ? rte_pktmbuf_alloc(foreign) : packet(pool);
	rte_errno = 0;
	assert_int_equal(weir_inject_packets(inject, mbufs, 5), 2);
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(weir_inject_packets(inject, mbufs + 2, 3), 0);
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(weir_inject_packets(inject, mbufs + 3, 2), 2);
	assert_int_equal(weir_inject_packets(inject, mbufs, 0), 0);
	assert_int_equal(weir_inject_events(inject, NULL, 0), 0);
	rte_pktmbuf_free(mbufs[2]);
	rig_wait(&rig, 4);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).released, 4);
	end(&rig);
	rte_mempool_free(foreign);
}

/* Exactly as many as the ring holds; what there is no room for stays the caller's. */
static void
test_no_room(void **state)
{
	struct rte_mbuf *mbufs[150];
	struct weir_event *events[150];
	struct weir_inject *inject;
	struct rig rig;

	(void)state;
	rig_make(&rig, "room", "0", 0,
		SECTIONS("source app: type=inject; ring=100", "stage end: type=t_pass; input=app"));
	inject = open_app(&rig);
	for (unsigned int i = 0; i < 150; i++) {
		mbufs[i] = packet(pool);
		events[i] = event(i + 1, 0);
	}
	rte_errno = 0;
	assert_int_equal(weir_inject_packets(inject, mbufs, 150), 100);
	assert_int_equal(rte_errno, ENOBUFS);
	rte_errno = 0;
	assert_int_equal(weir_inject_events(inject, events, 150), 0);
	assert_int_equal(rte_errno, ENOBUFS);
	rig_wait(&rig, 100);
	assert_int_equal(weir_inject_packets(inject, mbufs + 100, 50), 50);
	assert_int_equal(weir_inject_events(inject, events, 150), 50);
	rig_wait(&rig, 200);
	assert_int_equal(weir_inject_events(inject, events + 50, 100), 100);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).received, 300);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	end(&rig);
}

/* The application's own bytes: as they were, in stages and after. */
static void
test_private(void **state)
{
	struct rte_mempool *own = weir_pool_create("private", 63, 0, 24, 256, SOCKET_ID_ANY);
	struct rte_mbuf *mbufs[2];
	struct weir_inject *inject;
	struct rig rig;

	(void)state;
	rig_make(&rig, "private", "0", 0,
		SECTIONS("source app: type=inject", "stage end: type=t_hold; input=app; value=2"));
	inject = open_app(&rig);
	assert_int_equal(rte_pktmbuf_alloc_bulk(own, mbufs, 2), 0);
	for (unsigned int i = 0; i < 2; i++) {
		assert_ptr_equal(weir_mbuf_priv(mbufs[i]), weir_mbuf_event(mbufs[i]) + 1);
		assert_int_equal(mbufs[i]->priv_size - sizeof(struct weir_event), 24);
		assert_int_equal((uintptr_t)weir_mbuf_priv(mbufs[i]) % 8, 0);
		memset(rte_pktmbuf_append(mbufs[i], 60), 0, 60);
		memset(weir_mbuf_priv(mbufs[i]), 'a' + (int)i, 24);
	}
	assert_int_equal(weir_inject_packets(inject, mbufs, 2), 2);
	rig_wait_received(&rig, 2);
	rig_stop(&rig);
	for (unsigned int i = 0; i < 24; i++) {
		assert_int_equal(((char *)weir_mbuf_priv(mbufs[0]))[i], 'a');
		assert_int_equal(((char *)weir_mbuf_priv(mbufs[1]))[i], 'b');
	}
	rig_end(&rig);
	testing_pool_is_full(own);
	rte_mempool_free(own);
}

/* Every packet is in an mbuf of the application's: weir makes none, and nothing can be set that takes one. */
static void
test_no_pool(void **state)
{
	struct weir_pool_figures figures = WEIR_POOL_FIGURES_INIT;
	struct rte_mbuf *mbuf = packet(pool);
	struct weir_inject *inject;
	struct rig rig;
	char *text;

	(void)state;
	rig_make(&rig, "none", "0,1", 0,
		SECTIONS("source app: type=inject", "stage end: type=t_pass; input=app",
			"link app end: kind=ring"));
	assert_int_equal(weir_ledger_pool(rig.engine, 0, &figures), -ENOENT);
	text = weir_plan_show(rig.plan, WEIR_PLAN_TEXT);
	assert_non_null(strstr(text, "pools: none"));
	free(text);
	assert_int_equal(weir_engine_set(rig.engine, "link app end.gap_markers=on", &rig.error),
		-EINVAL);
	assert_non_null(strstr(rig.error.text, "[link app end] gap_markers"));
	assert_int_equal(weir_engine_set(rig.engine, "link app end.gap_markers=off", &rig.error),
		0);
	inject = open_app(&rig);
	assert_int_equal(weir_inject_packets(inject, &mbuf, 1), 1);
	rig_wait(&rig, 1);
	rig_stop(&rig);
	end(&rig);

	/* Markers want one, and so does another source. */
	rig_make(&rig, "marked", "0", 0,
		SECTIONS("source app: type=inject", "stage end: type=t_pass; input=app",
			"link app end: kind=ring; gap_markers=on"));
	assert_int_equal(weir_ledger_pool(rig.engine, 0, &figures), 0);
	rig_stop(&rig);
	rig_end(&rig);
	rig_make(&rig, "beside", "0", 0,
		SECTIONS("source app: type=inject", "source gen: type=synth; flows=10",
			"stage end: type=t_pass; input=app, gen"));
	assert_int_equal(weir_ledger_pool(rig.engine, 0, &figures), 0);
	rig_stop(&rig);
	rig_end(&rig);
}

/* More events at once than the source moves in one go. */
static void
test_many_events(void **state)
{
	struct weir_event *events[1000];
	struct weir_inject *inject;
	struct rig rig;

	(void)state;
	rig_make(&rig, "many", "0", 0, SECTIONS(LINE("ring=2000")));
	inject = open_app(&rig);
	for (unsigned int i = 0; i < 1000; i++)
		events[i] = event(i + 1, 0);
	assert_int_equal(weir_inject_events(inject, events, 1000), 1000);
	rig_wait(&rig, 1000);
	rig_stop(&rig);
	assert_int_equal(rig_sum(&rig, "end", in), 1000);
	end(&rig);
}

/* After the stop all stays the caller's, until the engine is destroyed. */
static void
test_shutdown(void **state)
{
	static const unsigned int timeouts[] = { 0, RIG_PATIENCE_MS };
	struct weir_inject *inject;
	struct weir_event *one;
	struct rte_mbuf *mbuf;
	struct rig rig;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(timeouts); i++) {
		rig_make(&rig, "shut", i == 0 ? "0" : "1", 0, SECTIONS(LINE("")));
		inject = open_app(&rig);
		rig_start(&rig);
		mbuf = packet(pool);
		one = event(1, 0);
		weir_engine_stop(rig.engine, timeouts[i]);
		rte_errno = 0;
		assert_int_equal(weir_inject_packets(inject, &mbuf, 1), 0);
		assert_int_equal(rte_errno, ESHUTDOWN);
		rte_errno = 0;
		assert_int_equal(weir_inject_events(inject, &one, 1), 0);
		assert_int_equal(rte_errno, ESHUTDOWN);
		rte_pktmbuf_free(mbuf);
		rte_pktmbuf_free(weir_event_mbuf(one));
		end(&rig);
	}
}

/* What was taken, but never polled for, is dropped by name, and goes back to its pool. */
static void
test_abandoned(void **state)
{
	struct rte_mbuf *mbufs[50];
	struct weir_event *events[50];
	struct weir_inject *inject;
	struct rig rig;

	(void)state;
	rig_make(&rig, "left", "0", 0, SECTIONS(LINE("")));
	inject = open_app(&rig);
	for (unsigned int i = 0; i < 50; i++) {
		mbufs[i] = packet(pool);
		events[i] = event(i + 1, 0);
	}
	assert_int_equal(weir_inject_packets(inject, mbufs, 50), 50);
	assert_int_equal(weir_inject_events(inject, events, 50), 50);
	assert_int_equal(weir_engine_stop(rig.engine, 0), -ETIMEDOUT);
	assert_int_equal(rig_ledger(&rig).received, 100);
	assert_int_equal(rig_dropped(&rig, "drain_abandoned"), 100);
	end(&rig);
}

/* An engine that has taken all it may leaves the rest to the same fate, and ends all the same. */
static void
test_bounded(void **state)
{
	struct rte_mbuf *mbufs[50];
	struct weir_inject *inject;
	struct rig rig;

	(void)state;
	rig_make(&rig, "bounded", "0", 20,
		SECTIONS("source app: type=inject", "stage end: type=t_pass; input=app"));
	inject = open_app(&rig);
	for (unsigned int i = 0; i < 50; i++)
		mbufs[i] = packet(pool);
	assert_int_equal(weir_inject_packets(inject, mbufs, 50), 50);
	for (unsigned int i = 0; i < 10; i++)
		rig_pass(&rig);
	assert_int_equal(rig_sum(&rig, "app", in), 20);
	assert_int_equal(rig_ledger(&rig).received, 50);
	assert_int_equal(rig_ledger(&rig).in_flight, 30);
	weir_engine_stop(rig.engine, 50);
	assert_int_equal(rig_sum(&rig, "end", released), 20);
	end(&rig);
}

/* Packets are parsed, events come as they are, and both keep their order. */
static void
test_mixed(void **state)
{
	uint64_t random = testing_seed(), number = 0, events = 0;
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	struct weir_inject *inject;
	struct rig rig;

	(void)state;
	rig_make(&rig, "mixed", "0", 0,
		SECTIONS("source app: type=inject; ring=64",
			"stage a: type=t_pass; input=app; workers=2",
			"stage end: type=t_pass; input=a"));
	inject = open_app(&rig);
	while (number < 20000) {
		struct rte_mbuf *mbuf;
		struct weir_event *one;

		if (testing_random(&random) % 2 == 0) {
			one = event(number + 1, 0);
			if (weir_inject_events(inject, &one, 1) == 1) {
				number++;
				events++;
				continue;
			}
			rte_pktmbuf_free(weir_event_mbuf(one));
		} else {
			mbuf = packet(pool);
			if (weir_inject_packets(inject, &mbuf, 1) == 1) {
				number++;
				continue;
			}
			rte_pktmbuf_free(mbuf);
		}
		weir_worker_poll(rig.engine, 0);
	}
	rig_stop(&rig);
	assert_int_equal(weir_ledger_worker(rig.engine, 0, &w), 0);
	assert_int_equal(w.in, number);
	for (unsigned int v = 0; v < WEIR_VERDICT_MAX; v++)
		events += w.verdicts[v];
	assert_int_equal(events, number);
	end(&rig);
}

struct thread {
	struct weir_inject *inject;
	uint64_t id;
	uint64_t want;
	uint64_t given;
	int error;
	pthread_t pthread;
};

/* Hand in numbered events until there were enough, or the engine stops. */
static void *
produce(void *arg)
{
	struct thread *t = arg;

	while (t->given < t->want) {
		struct weir_event *events[16];
		uint16_t n = 0, put;

		while (n < 16 && t->given + n < t->want) {
			events[n] = event(t->given + n + 1, t->id);
			if (events[n] == NULL)
				break;
			n++;
		}
		put = weir_inject_events(t->inject, events, n);
		t->error = rte_errno;
		t->given += put;
		for (uint16_t i = put; i < n; i++)
			rte_pktmbuf_free(weir_event_mbuf(events[i]));
		if (put < n && t->error == ESHUTDOWN)
			return NULL;
		if (put < 16)
			sched_yield();
	}
	return NULL;
}

static void
threads_start(struct rig *rig, struct thread *threads, unsigned int n, uint64_t want)
{
	for (unsigned int i = 0; i < n; i++) {
		threads[i] = (struct thread){ .inject = open_app(rig), .id = i, .want = want };
		assert_int_equal(pthread_create(&threads[i].pthread, NULL, produce, &threads[i]),
			0);
	}
}

static uint64_t
threads_join(struct thread *threads, unsigned int n)
{
	uint64_t given = 0;

	for (unsigned int i = 0; i < n; i++) {
		pthread_join(threads[i].pthread, NULL);
		given += threads[i].given;
	}
	return given;
}

/* Two threads at once, each with a producer of its own: nothing lost, each in its order. */
static void
test_threads(void **state)
{
	struct thread threads[2];
	struct rig rig;

	(void)state;
	rig_make(&rig, "threads", "1-3", 0, SECTIONS(LINE("producers=2; ring=256") "; workers=2"));
	rig_start(&rig);
	threads_start(&rig, threads, 2, EACH);
	assert_int_equal(threads_join(threads, 2), 2 * EACH);
	rig_wait(&rig, 2 * EACH);
	rig_stop(&rig);
	assert_int_equal(rig_sum(&rig, "end", released), 2 * EACH);
	end(&rig);
}

/* The engine stops while they hand in: what was taken has come through, or has a name. */
static void
stop_under_fire(unsigned int timeout)
{
	struct thread threads[3];
	struct weir_ledger ledger = WEIR_LEDGER_INIT;
	uint64_t given;
	struct rig rig;

	rig_make(&rig, "fire", "1-3", 0, SECTIONS(LINE("producers=2; queues=2; ring=64")));
	rig_start(&rig);
	threads_start(&rig, threads, 3, UINT64_MAX);
	rig_wait_received(&rig, 5000);
	weir_engine_stop(rig.engine, timeout);
	given = threads_join(threads, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(threads[i].error, ESHUTDOWN);
	ledger = rig_ledger(&rig);
	assert_int_equal(ledger.received, given);
	if (timeout > 0)
		assert_int_equal(ledger.dropped, 0);
	end(&rig);
}

static void
test_stop(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 10; i++) {
		stop_under_fire(RIG_PATIENCE_MS);
		stop_under_fire(0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_fitting),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_no_pool),
		cmocka_unit_test(test_many_events),
		cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_abandoned),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_stop),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, pool_setup, NULL);
}
