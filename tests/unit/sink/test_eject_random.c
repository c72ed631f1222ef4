/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Applications that hand in and take at random, over links of every policy, by one to three threads, by
 * rings or calls, and engines that are stopped under that: what the application got and the ledger agree.
 */
#include "eject.h"

#include <pthread.h>

#define RUNS 40
#define TAKERS 3

static struct weir_inject *inject;
static uint64_t given; /* by the thread that hands in */

/* Of one worker of the stage: of its thread, or, where it calls, of its lcore. */
struct __rte_cache_aligned taker {
	struct weir_eject *eject;
	pthread_t thread;
	uint64_t random;
	uint64_t got;
	uint64_t last; /* number of the latest */
	uint64_t wrong;
};

static struct taker takers[TAKERS];

static void
taker_see(struct taker *taker, struct weir_event *events[], uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		taker->wrong += !app_private_is_whole(events[i], (uint8_t)events[i]->user[0]) ||
			events[i]->user[0] <= taker->last;
		taker->last = events[i]->user[0];
	}
	taker->got += n;
	weir_events_free(events, n);
}

static void *
taker_run(void *arg)
{
	struct taker *taker = arg;
	struct weir_event *events[64];

	for (;;) {
		uint16_t n = weir_eject_events(taker->eject, events,
			(uint16_t)(1 + testing_random(&taker->random) % 64));

		taker_see(taker, events, n);
		if (n == 0 && rte_errno == ESHUTDOWN)
			return NULL;
		if (testing_random(&taker->random) % 64 == 0)
			usleep(testing_random(&taker->random) % 1000);
		else if (n == 0)
			usleep(10);
	}
}

static uint16_t
taker_called(void *arg, unsigned int worker, struct weir_event *events[], uint16_t n)
{
	struct taker *taker = &takers[worker];

	(void)arg;
	n = (uint16_t)(testing_random(&taker->random) % (n + 1u));
	taker_see(taker, events, n);
	return n;
}

/* Until the engine stops. */
static void *
giver_run(void *arg)
{
	struct weir_event *events[32];
	uint16_t put;

	(void)arg;
	for (;;) {
		uint16_t n = 0;

		while (n < 32 &&
			(events[n] = app_event(app_pool, WEIR_EVENT_PACKET, given + n + 1)) != NULL)
			n++;
		rte_errno = 0;
		put = weir_inject_events(inject, events, n);
		given += put;
		weir_events_free(events + put, n - put);
		if (put < n && rte_errno == ESHUTDOWN)
			return NULL;
		if (put < n || n == 0)
			usleep(10);
	}
}

struct draw {
	bool calls;
	bool lossless;
	unsigned int workers;
	unsigned int opened; /* of them */
	unsigned int timeout;
};

static void
make(struct rig *rig, uint64_t *random, struct draw *draw)
{
	unsigned int on_full = WEIR_ON_FULL_BLOCK + (unsigned int)(testing_random(random) % 6);
	static const char *const lcores[] = { "1", "2", "1-2", "1-3" };
	char app[96], out[128], first[160], last[160];

	*draw = (struct draw){
		.calls = testing_random(random) % 3 == 0,
		.lossless = on_full == WEIR_ON_FULL_BLOCK,
		.workers = 1 + (unsigned int)(testing_random(random) % TAKERS),
		.timeout = testing_random(random) % 3 == 0 ? 0 : RIG_PATIENCE_MS,
	};
	draw->opened = draw->workers;
	/* Nobody is there to take what comes to one of them. */
	if (!draw->calls && draw->timeout == 0)
		draw->opened = (unsigned int)(testing_random(random) % (draw->workers + 1));
	snprintf(app, sizeof(app), "source app: type=inject; ring=%u",
		32 + (unsigned int)(testing_random(random) % 500));
	snprintf(out, sizeof(out), "stage out: type=eject; input=a; workers=%u; mode=%s; ring=%u",
		draw->workers, draw->calls ? "call" : "ring",
		32 + (unsigned int)(testing_random(random) % 300));
	snprintf(first, sizeof(first), "link app a: on_full=%s; ring=256; deadline=1ms",
		on_full_names[on_full]);
	snprintf(last, sizeof(last),
		"link a out: on_full=%s; ring=256; deadline=1ms; kind=%s; spread=%s",
		on_full_names[on_full], testing_random(random) % 2 ? "ring" : "auto",
		testing_random(random) % 2 ? "flow" : "round-robin");
	if (getenv("WEIR_TEST_VERBOSE") != NULL)
		print_message("%s\n%s\n%s\n%s\n%u open, stop %u ms\n", app, out, first, last,
			draw->opened, draw->timeout);
	rig_make(rig, "random", lcores[testing_random(random) % RTE_DIM(lcores)], 0,
		SECTIONS(app, "stage a: type=t_pass; input=app", out, first, last));
}

static void
takers_start(struct rig *rig, uint64_t *random, const struct draw *draw)
{
	for (unsigned int i = 0; i < TAKERS; i++)
		takers[i] = (struct taker){ .random = testing_random(random) | 1 };
	if (draw->calls)
		rig_ok(rig, weir_eject_call(rig->engine, "out", taker_called, NULL, &rig->error));
	for (unsigned int i = 0; !draw->calls && i < draw->opened; i++) {
		takers[i].eject = app_eject(rig, i);
		assert_int_equal(pthread_create(&takers[i].thread, NULL, taker_run, &takers[i]), 0);
	}
}

static void
run(uint64_t *random)
{
	uint64_t got = 0, ledger_given;
	struct weir_ledger ledger;
	struct draw draw;
	pthread_t giver;
	struct rig rig;
	int rc;

	make(&rig, random, &draw);
	given = 0;
	inject = app_inject(&rig);
	rig_start(&rig);
	takers_start(&rig, random, &draw);
	assert_int_equal(pthread_create(&giver, NULL, giver_run, NULL), 0);
	usleep(testing_random(random) % 20000);
	rc = weir_engine_stop(rig.engine, draw.timeout);
	/* An lcore that did not get its CPU in time has it still to return: then all is closed. */
	assert_int_equal(weir_engine_stop(rig.engine, RIG_PATIENCE_MS), 0);
	pthread_join(giver, NULL);
	for (unsigned int i = 0; !draw.calls && i < draw.opened; i++)
		pthread_join(takers[i].thread, NULL);
	for (unsigned int i = 0; i < TAKERS; i++) {
		assert_int_equal(takers[i].wrong, 0);
		got += takers[i].got;
	}
	ledger = rig_ledger(&rig);
	ledger_given = ledger.received;
	assert_int_equal(ledger_given, given);
	assert_int_equal(ledger.ejected, got);
	if (draw.timeout > 0) {
		assert_int_equal(rc, 0);
		assert_int_equal(rig_dropped(&rig, "drain_abandoned"), 0);
	}
	if (draw.lossless)
		assert_int_equal(ledger.dropped, rig_dropped(&rig, "drain_abandoned"));
	assert_int_equal(rig_dropped(&rig, "eject_full"), 0);
	app_end(&rig);
}

static void
test_random(void **state)
{
	uint64_t random = testing_seed();

	(void)state;
	for (unsigned int i = 0; i < RUNS; i++)
		run(&random);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, app_pools, NULL);
}
