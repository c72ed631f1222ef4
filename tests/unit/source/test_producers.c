/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Producers of the inject source: whose they are, how much goes in, and what of an event stays. */
#include "injecting.h"

/* As many packets of the pool as it takes; how many. */
static unsigned int
give(struct weir_inject *inject, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *mbuf = packet(pool);

		if (weir_inject_packets(inject, &mbuf, 1) == 1)
			continue;
		rte_pktmbuf_free(mbuf);
		return i;
	}
	return n;
}

static void
open_fails(struct rig *rig, const char *source, unsigned int worker, int error)
{
	rig->error = (struct weir_error){ .code = 0 };
	rte_errno = 0;
	assert_null(weir_inject_open_worker(rig->engine, source, worker, &rig->error));
	assert_int_equal(rte_errno, error);
	assert_int_equal(rig->error.code, error);
}

static void
test_refused(void **state)
{
	struct weir_error error = { .code = 0 };
	struct rig rig;

	(void)state;
	assert_null(weir_inject_open_worker(NULL, "app", 0, &error));
	assert_int_equal(error.code, EINVAL);
	rte_errno = 0;
	assert_int_equal(weir_inject_room(NULL), 0);
	assert_int_equal(rte_errno, EINVAL);
	assert_false(weir_inject_pressed(NULL));
	rig_make(&rig, "refused", "0", 0,
		SECTIONS("source app: type=inject; queues=2; producers=2",
			"source gen: type=synth; flows=1; rate=1",
			"stage end: type=t_pass; input=app, gen"));
	open_fails(&rig, NULL, 0, EINVAL);
	open_fails(&rig, "gen", 0, ENOENT);
	open_fails(&rig, "end", WEIR_INJECT_ANY, ENOENT);
	open_fails(&rig, "app", 2, ENOENT);
	for (unsigned int i = 0; i < 2; i++)
		assert_non_null(weir_inject_open_worker(rig.engine, "app", 1, &rig.error));
	open_fails(&rig, "app", 1, EBUSY);
	for (unsigned int i = 0; i < 2; i++)
		open_app(&rig);
	open_fails(&rig, "app", 0, EBUSY);
	open_fails(&rig, "app", WEIR_INJECT_ANY, EBUSY);
	rig_stop(&rig);
	end(&rig);
}

static void
test_low_above_high(void **state)
{
	struct rig rig = { 0 };

	(void)state;
	rig.pipeline = weir_pipeline_create("wrong", &rig.error);
	rig_section(&rig, "source app: type=inject; high=40%; low=41%");
	rig_section(&rig, "stage end: type=t_pass; input=app");
	assert_int_equal(weir_pipeline_check(rig.pipeline, &rig.error), -EINVAL);
	assert_non_null(strstr(rig.error.text, "[source app] low = 41%"));
	weir_pipeline_free(rig.pipeline);
}

/* Packets that came to a worker of the source. */
static uint64_t
came(const struct rig *rig, unsigned int worker)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;

	assert_int_equal(weir_ledger_worker(rig->engine, worker, &w), 0);
	assert_true(w.source);
	return w.in;
}

/* Each worker has one before any has two; then as it is asked. */
static void
test_spread(void **state)
{
	static const unsigned int counts[] = { 5, 6, 7, 8 }; /* of the first and second of each */
	struct weir_inject *injects[8];
	struct rig rig;

	(void)state;
	rig_make(&rig, "spread", "0", 0,
		SECTIONS("source app: type=inject; queues=4; producers=2",
			"stage end: type=t_pass; input=app"));
	for (unsigned int i = 0; i < 4; i++)
		injects[i] = open_app(&rig);
	injects[4] = weir_inject_open_worker(rig.engine, "app", 2, &rig.error);
	injects[5] = open_app(&rig); /* 0 */
	injects[6] = open_app(&rig); /* 1 */
	injects[7] = open_app(&rig); /* 3: that of 2 is taken */
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(give(injects[i], counts[i]), counts[i]);
	rig_wait(&rig, 5 + 6 + 7 + 8);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(came(&rig, i), counts[i]);
	give(injects[4], 1);
	give(injects[5], 2);
	give(injects[6], 3);
	give(injects[7], 4);
	rig_wait(&rig, 5 + 6 + 7 + 8 + 10);
	assert_int_equal(came(&rig, 0), 5 + 2);
	assert_int_equal(came(&rig, 1), 6 + 3);
	assert_int_equal(came(&rig, 2), 7 + 1);
	assert_int_equal(came(&rig, 3), 8 + 4);
	rig_stop(&rig);
	end(&rig);
}

/* What is told fits, and not one more; then nothing, and after a pass all again. */
static void
test_room(void **state)
{
	struct weir_inject *inject;
	struct rig rig;

	(void)state;
	rig_make(&rig, "room", "0", 0,
		SECTIONS("source app: type=inject; ring=100", "stage end: type=t_pass; input=app"));
	inject = open_app(&rig);
	assert_int_equal(weir_inject_room(inject), 100);
	assert_int_equal(give(inject, 30), 30);
	assert_int_equal(weir_inject_room(inject), 70);
	assert_int_equal(give(inject, 71), 70);
	assert_int_equal(weir_inject_room(inject), 0);
	rig_wait(&rig, 100);
	assert_int_equal(weir_inject_room(inject), 100);
	rig_stop(&rig);
	rte_errno = 0;
	assert_int_equal(weir_inject_room(inject), 0);
	assert_int_equal(rte_errno, ESHUTDOWN);
	rig_stop(&rig);
	end(&rig);
}

/* At random: what is told before a burst is what goes in of a longer one. */
static void
test_room_random(void **state)
{
	uint64_t random = testing_seed(), given = 0;
	struct rte_mbuf *mbufs[64];
	struct weir_inject *inject;
	struct rig rig;

	(void)state;
	rig_make(&rig, "random", "0", 0,
		SECTIONS("source app: type=inject; ring=100", "stage end: type=t_pass; input=app"));
	inject = open_app(&rig);
	for (unsigned int i = 0; i < 20000; i++) {
		uint16_t n = (uint16_t)(1 + testing_random(&random) % 64), put;
		uint32_t room = weir_inject_room(inject);

		for (uint16_t k = 0; k < n; k++)
			mbufs[k] = packet(pool);
		put = weir_inject_packets(inject, mbufs, n);
		assert_int_equal(put, RTE_MIN(room, n));
		rte_pktmbuf_free_bulk(mbufs + put, n - put);
		given += put;
		if (testing_random(&random) % 2 == 0)
			rig_pass(&rig);
	}
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).received, given);
	assert_int_equal(rig_sum(&rig, "app", in), given);
	rig_stop(&rig);
	end(&rig);
}

/* Above `high`; then until it is below `low`. */
static void
test_pressed(void **state)
{
	struct weir_inject *inject;
	struct rig rig;

	(void)state;
	/* A pass takes 32. */
	rig_make(&rig, "pressed", "0", 0,
		SECTIONS("source app: type=inject; ring=100; high=80%; low=40%",
			"stage end: type=t_pass; input=app"));
	inject = open_app(&rig);
	assert_false(weir_inject_pressed(inject));
	give(inject, 80);
	assert_false(weir_inject_pressed(inject));
	give(inject, 1);
	assert_true(weir_inject_pressed(inject));
	rig_pass(&rig);
	assert_int_equal(weir_inject_room(inject), 100 - 81 + 32);
	assert_true(weir_inject_pressed(inject));
	rig_pass(&rig);
	assert_false(weir_inject_pressed(inject));
	give(inject, 80 - 17);
	assert_false(weir_inject_pressed(inject));
	rig_stop(&rig);
	end(&rig);

	/* Any fill presses, and none does not. */
	rig_make(&rig, "any", "0", 0,
		SECTIONS("source app: type=inject; high=0%; low=0%",
			"stage end: type=t_pass; input=app"));
	inject = open_app(&rig);
	assert_false(weir_inject_pressed(inject));
	give(inject, 1);
	assert_true(weir_inject_pressed(inject));
	rig_wait(&rig, 1);
	assert_false(weir_inject_pressed(inject));
	rig_stop(&rig);
	end(&rig);
}

/* A pool whose mbufs have room for an event, and then at its very address one whose have not. */
static void
test_same_address(void **state)
{
	struct rte_mempool *first, *second;
	struct weir_inject *inject;
	struct rte_mbuf *mbuf;
	struct rig rig;

	(void)state;
	rig_make(&rig, "address", "0", 0,
		SECTIONS("source app: type=inject", "stage end: type=t_pass; input=app"));
	inject = open_app(&rig);
	first = rte_pktmbuf_pool_create("first", 15, 0, sizeof(struct weir_event), 512,
		SOCKET_ID_ANY);
	mbuf = packet(first);
	assert_int_equal(weir_inject_packets(inject, &mbuf, 1), 1);
	rig_wait(&rig, 1);
	testing_pool_is_full(first);
	rte_mempool_free(first);
	second = rte_pktmbuf_pool_create("second", 15, 0, 0, 512, SOCKET_ID_ANY);
	assert_ptr_equal(second, first);
	mbuf = packet(second);
	rte_errno = 0;
	assert_int_equal(weir_inject_packets(inject, &mbuf, 1), 0);
	assert_int_equal(rte_errno, EINVAL);
	rte_pktmbuf_free(mbuf);
	rig_stop(&rig);
	end(&rig);
	rte_mempool_free(second);
}

/* Mbufs of a pool that does not say what they are, as rte_pktmbuf_pool_create() has it: they are looked at. */
static void
test_bare_pool(void **state)
{
	struct rte_mempool *bare = rte_mempool_create("bare", 15,
		sizeof(struct rte_mbuf) + sizeof(struct weir_event) + 512, 0, 0, NULL, NULL, NULL,
		NULL, SOCKET_ID_ANY, 0);
	struct weir_inject *inject;
	struct rte_mbuf *mbuf;
	struct rig rig;
	void *object;

	(void)state;
	assert_non_null(bare);
	rig_make(&rig, "bare", "0", 0,
		SECTIONS("source app: type=inject", "stage end: type=t_pass; input=app"));
	inject = open_app(&rig);
	assert_int_equal(rte_mempool_get(bare, &object), 0);
	mbuf = object;
	memset(mbuf, 0, sizeof(*mbuf));
	mbuf->pool = bare;
	rte_errno = 0;
	assert_int_equal(weir_inject_packets(inject, &mbuf, 1), 0);
	assert_int_equal(rte_errno, EINVAL);
	mbuf->priv_size = sizeof(struct weir_event);
	mbuf->buf_addr = weir_mbuf_event(mbuf) + 1;
	mbuf->buf_len = 512;
	mbuf->data_len = 60;
	mbuf->pkt_len = 60;
	mbuf->nb_segs = 1;
	rte_mbuf_refcnt_set(mbuf, 1);
	assert_int_equal(weir_inject_packets(inject, &mbuf, 1), 1);
	rig_wait(&rig, 1);
	rig_stop(&rig);
	end(&rig);
	testing_pool_is_full(bare);
	rte_mempool_free(bare);
}

/* As an application sets it, and what weir makes of it. */
#define APP_TSC 12345
#define APP_NS 67890
#define APP_PORT 7

static struct rte_mbuf *
marked(uint8_t prio, uint32_t flags)
{
	struct rte_mbuf *mbuf = packet(pool);
	struct weir_event *event = weir_mbuf_event(mbuf);

	memset(event, 0xff, sizeof(*event));
	event->prio = prio;
	event->flags = flags;
	event->tsc = APP_TSC;
	event->wire_ns = APP_NS;
	for (uint64_t i = 0; i < WEIR_EVENT_USER_WORDS; i++)
		event->user[i] = 100 + i;
	mbuf->port = APP_PORT;
	return mbuf;
}

/* Hand in two packets, and an event between them; they are read where they are, when they were released. */
static void
kept(const char *keys, struct weir_event out[3])
{
	struct rte_mbuf *mbufs[3] = { marked(5, WEIR_EVENT_WIRE_TIME), marked(6, 0),
		marked(200, 0) };
	struct weir_event *event = weir_mbuf_event(mbufs[1]);
	struct weir_inject *inject;
	char source[128];
	struct rig rig;

	snprintf(source, sizeof(source), "source app: type=inject%s", keys);
	rig_make(&rig, "kept", "0", 0, SECTIONS(source, "stage end: type=t_pass; input=app"));
	inject = open_app(&rig);
	event->type = WEIR_EVENT_USER;
	event->flags = weir_mbuf_mark(mbufs[1]) | WEIR_EVENT_WIRE_TIME;
	assert_int_equal(weir_inject_packets(inject, mbufs, 1), 1);
	assert_int_equal(weir_inject_events(inject, &event, 1), 1);
	assert_int_equal(weir_inject_packets(inject, mbufs + 2, 1), 1);
	rig_wait(&rig, 3);
	for (unsigned int i = 0; i < 3; i++)
		out[i] = *weir_mbuf_event(mbufs[i]);
	rig_stop(&rig);
	end(&rig);
	/* What nobody asks to be kept or not: the words always, an event whole. */
	for (unsigned int i = 0; i < 3; i++)
		for (uint64_t k = 0; k < WEIR_EVENT_USER_WORDS; k++)
			assert_int_equal(out[i].user[k], 100 + k);
	assert_int_equal(out[0].type, WEIR_EVENT_PACKET);
	assert_int_equal(out[0].len, 60);
	assert_int_equal(out[1].type, WEIR_EVENT_USER);
	assert_int_equal(out[1].prio, 6);
	assert_int_equal(out[1].tsc, APP_TSC);
	assert_int_equal(out[1].wire_ns, APP_NS);
	assert_int_equal(out[1].port, UINT16_MAX);
	assert_true(out[1].flags & WEIR_EVENT_WIRE_TIME);
}

/* A packet as weir makes it, but for what is kept. */
static void
is_made(const struct weir_event *event, bool port, bool prio, bool tsc, bool wire_time)
{
	assert_int_equal(event->port, port ? APP_PORT : RTE_MBUF_PORT_INVALID);
	if (!prio)
		assert_int_equal(event->prio, WEIR_PRIO_DEFAULT);
	assert_int_equal(event->tsc == APP_TSC, tsc);
	assert_int_equal(!!(event->flags & WEIR_EVENT_WIRE_TIME), wire_time);
	assert_int_equal(event->wire_ns, wire_time ? APP_NS : 0);
	assert_int_equal(event->queue, 0);
}

static void
test_kept(void **state)
{
	struct weir_event e[3];

	(void)state;
	kept("", e);
	is_made(&e[0], false, false, false, false);
	kept("; keep.port=on", e);
	is_made(&e[0], true, false, false, false);
	kept("; keep.prio=on", e);
	is_made(&e[0], false, true, false, false);
	assert_int_equal(e[0].prio, 5);
	assert_int_equal(e[2].prio, WEIR_PRIO_MAX);
	kept("; keep.tsc=on", e);
	is_made(&e[0], false, false, true, false);
	kept("; keep.wire_time=on", e);
	is_made(&e[0], false, false, false, true);
	is_made(&e[2], false, false, false, false);
	kept("; keep.port=on; keep.prio=on; keep.tsc=on; keep.wire_time=on", e);
	is_made(&e[0], true, true, true, true);
	assert_int_equal(e[0].prio, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_low_above_high),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_room_random),
		cmocka_unit_test(test_pressed),
		cmocka_unit_test(test_same_address),
		cmocka_unit_test(test_bare_pool),
		cmocka_unit_test(test_kept),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, pool_setup, NULL);
}
