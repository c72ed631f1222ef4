/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Engines for tests: described in a few lines, run, and seen to balance at every level. */
#ifndef WEIR_ENGINE_RIG_H
#define WEIR_ENGINE_RIG_H

#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "testing.h"

#include <rte_cycles.h>
#include <rte_log.h>

#include <weir/weir.h>

#include "engine/engine_private.h"
#include "loop/loop_private.h"
#include "watch/watch_private.h"

#include "stages.h"

/* Nothing that is waited for here takes longer, on the slowest machine. */
#define RIG_PATIENCE_MS 30000

/* What a test has left may drain for so long. */
#define RIG_LEFT_MS 1000

#define SECTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

struct rig {
	struct weir_pipeline *pipeline;
	struct weir_plan *plan;
	struct weir_engine *engine;
	struct weir_error error;
};

/* The first two CPUs that this process may use: one twice where it is alone. */
static inline void
rig_cpus(unsigned int cpus[2])
{
	unsigned int n = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		exit(1);
	for (unsigned int i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			cpus[n++] = i;
	if (n == 1)
		cpus[1] = cpus[0];
}

static inline void
rig_eal_start(const char *lcores)
{
	char prefix[32];
	const char *argv[] = { "unit", "--no-huge", "-m", "512", "--no-pci", "--lcores", lcores,
		"--file-prefix", prefix, "--log-level", "lib.eal:4" };

	snprintf(prefix, sizeof(prefix), "weir-unit-%d", (int)getpid());
	if (rte_eal_init(RTE_DIM(argv), (char **)(uintptr_t)argv) < 0) {
		fprintf(stderr, "EAL: %s\n", rte_strerror(rte_errno));
		exit(1);
	}
	stages_register();
}

/* Four lcores on two CPUs. */
static inline void
rig_eal_init(void)
{
	unsigned int cpus[2];
	char lcores[32];

	rig_cpus(cpus);
	snprintf(lcores, sizeof(lcores), "(0-3)@(%u,%u)", cpus[0], cpus[1]);
	rig_eal_start(lcores);
}

static inline void
rig_ok(const struct rig *rig, int rc)
{
	if (rc != 0)
		fail_msg("%d: %s", rc, rig->error.text);
}

/* Set the keys of one section: "stage end: type=count; input=gen". */
static inline void
rig_section(struct rig *rig, const char *text)
{
	char buf[512], *at = buf, *pair, *section;

	snprintf(buf, sizeof(buf), "%s", text);
	section = strsep(&at, ":");
	while ((pair = strsep(&at, ";")) != NULL) {
		char *key = strsep(&pair, "=");

		key += strspn(key, " ");
		if (*key != '\0')
			rig_ok(rig,
				weir_pipeline_set(rig->pipeline, section, key, pair, &rig->error));
	}
}

static inline void
rig_describe(struct rig *rig, const char *name, const char *const *sections)
{
	memset(rig, 0, sizeof(*rig));
	rig->pipeline = weir_pipeline_create(name, &rig->error);
	rig_ok(rig, rig->pipeline == NULL);
	for (; *sections != NULL; sections++)
		rig_section(rig, *sections);
	rig_ok(rig, weir_pipeline_check(rig->pipeline, &rig->error));
}

/* Place it; lcores NULL: the plan's choice. */
static inline void
rig_place(struct rig *rig, const char *lcores)
{
	struct weir_plan_conf conf;

	weir_plan_conf_init(&conf);
	conf.lcores = lcores;
	rig->plan = weir_plan_create(rig->pipeline, &conf, &rig->error);
	rig_ok(rig, rig->plan == NULL);
}

static inline void
rig_create(struct rig *rig, uint64_t max_events)
{
	struct weir_engine_conf conf;

	weir_engine_conf_init(&conf);
	conf.max_events = max_events;
	rig->engine = weir_engine_create(rig->plan, &conf, &rig->error);
	rig_ok(rig, rig->engine == NULL);
}

static inline void
rig_make(struct rig *rig, const char *name, const char *lcores, uint64_t max_events,
	const char *const *sections)
{
	rig_describe(rig, name, sections);
	rig_place(rig, lcores);
	rig_create(rig, max_events);
}

static inline void
rig_start(struct rig *rig)
{
	rig_ok(rig, weir_engine_start(rig->engine, &rig->error));
}

static inline struct weir_ledger
rig_ledger(const struct rig *rig)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	weir_ledger_read(rig->engine, &ledger);
	return ledger;
}

/* One pass over every lcore that was not launched; a short sleep where all were. */
static inline void
rig_pass(struct rig *rig)
{
	bool polled = false;

	for (unsigned int lcore = 0; lcore < 4; lcore++)
		if (weir_engine_polled(rig->engine, lcore)) {
			weir_worker_poll(rig->engine, lcore);
			polled = true;
		}
	if (!polled)
		usleep(100);
}

static inline uint64_t
rig_deadline(void)
{
	return rte_rdtsc() + rte_get_tsc_hz() / 1000 * RIG_PATIENCE_MS;
}

/* Until so many came in. */
static inline void
rig_wait_received(struct rig *rig, uint64_t events)
{
	uint64_t deadline = rig_deadline();

	while (rig_ledger(rig).received < events && rte_rdtsc() < deadline)
		rig_pass(rig);
	assert_true(rig_ledger(rig).received >= events);
}

/* Until so many came in, and all found their way out. A gap may be told of after that. */
static inline void
rig_wait(struct rig *rig, uint64_t events)
{
	uint64_t deadline = rig_deadline(), left;

	rig_wait_received(rig, events);
	while ((left = rig_ledger(rig).in_flight) > 0 && rte_rdtsc() < deadline)
		rig_pass(rig);
	assert_int_equal(left, 0);
}

/* Until every launched lcore has what was set last. */
static inline void
rig_wait_applied(struct rig *rig)
{
	uint64_t deadline = rig_deadline();

	for (unsigned int i = 0; i < rig->engine->loop_count; i++)
		while (__atomic_load_n(&rig->engine->loops[i].version, __ATOMIC_ACQUIRE) <
			rig->engine->settings->version) {
			assert_true(rte_rdtsc() < deadline);
			usleep(100);
		}
}

/* Sum of a figure of a node's workers. */
#define rig_sum(rig, name, figure) \
	({ \
		struct weir_worker_figures w_ = WEIR_WORKER_FIGURES_INIT; \
		uint64_t sum_ = 0; \
		for (unsigned int i_ = 0; weir_ledger_worker((rig)->engine, i_, &w_) == 0; i_++) \
			sum_ += strcmp(w_.node, name) == 0 ? w_.figure : 0; \
		sum_; \
	})

static inline uint64_t
rig_dropped(const struct rig *rig, const char *reason)
{
	const char *name;
	uint64_t count;

	for (unsigned int i = 0; weir_ledger_drop(rig->engine, i, &name, &count) == 0; i++)
		if (strcmp(name, reason) == 0)
			return count;
	fail_msg("no reason %s", reason);
	return 0;
}

/* Each worker; and the sums over them are the ledger's. */
static inline void
rig_workers_are_balanced(const struct rig *rig, const struct weir_ledger *ledger)
{
	uint64_t received = 0, created = 0, released = 0, transmitted = 0, ejected = 0;
	uint64_t dropped = 0, held = 0;
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_worker(rig->engine, i, &w) == 0; i++) {
		assert_int_equal(w.in + w.created, w.out + w.released + w.dropped + w.held);
		assert_true(w.busy >= 0.0 && w.busy <= 1.0);
		received += w.source ? w.in : 0;
		created += w.created;
		released += w.released;
		transmitted += w.transmitted;
		ejected += w.ejected;
		dropped += w.dropped;
		held += w.held;
	}
	assert_int_equal(received, ledger->received);
	assert_int_equal(created, ledger->created);
	assert_int_equal(released, ledger->released);
	assert_int_equal(transmitted, ledger->transmitted);
	assert_int_equal(ejected, ledger->ejected);
	assert_int_equal(dropped, ledger->dropped);
	assert_int_equal(held, 0);
}

/* Each ring is empty, and each link's figures are its rings' and calls'. */
static inline void
rig_links_are_balanced(const struct rig *rig)
{
	struct weir_link_figures l = WEIR_LINK_FIGURES_INIT;
	struct weir_ring_figures r = WEIR_RING_FIGURES_INIT;
	unsigned int rings = 0;

	for (unsigned int i = 0; weir_ledger_ring(rig->engine, i, &r) == 0; i++) {
		assert_int_equal(r.enqueued, r.dequeued + r.dropped_inside);
		assert_int_equal(r.count, 0);
		assert_true(r.high_water <= r.capacity);
		assert_true(r.dropped >= r.dropped_inside);
	}
	for (unsigned int i = 0; weir_ledger_link(rig->engine, i, &l) == 0; i++) {
		assert_int_equal(l.count, 0);
		assert_int_equal(l.call, l.rings == 0);
		rings += l.rings;
	}
	assert_int_equal(rings, rig->engine->joint_count);
}

static inline void
rig_drops_are(const struct rig *rig, uint64_t dropped)
{
	const char *reason;
	uint64_t count, sum = 0;

	for (unsigned int i = 0; weir_ledger_drop(rig->engine, i, &reason, &count) == 0; i++)
		sum += count;
	assert_int_equal(sum, dropped);
}

static inline void
rig_pools_are_full(const struct rig *rig)
{
	struct weir_pool_figures p = WEIR_POOL_FIGURES_INIT;

	for (unsigned int i = 0; weir_ledger_pool(rig->engine, i, &p) == 0; i++) {
		assert_int_equal(p.available, p.mbufs);
		rte_mempool_audit(rig->engine->pools[i].pool);
	}
}

/* What was dropped after it was put in a ring. */
static inline uint64_t
joint_lost_inside(const struct joint *joint)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < DROP_LINK; i++)
		sum += joint->consumer->dropped[i];
	return sum;
}

/* Where a worker's inputs are rings, all that it took came out of them; its outputs likewise. */
static inline void
rig_rings_match_workers(const struct rig *rig)
{
	const struct weir_plan *plan = rig->plan;

	for (unsigned int w = 0; w < plan->worker_count; w++) {
		const struct worker_stats *stats = rig->engine->seats[w].worker->stats;
		unsigned int calls_in = 0, calls_out = 0;
		uint64_t in = 0, out = 0;

		for (unsigned int p = 0; p < plan->pair_count; p++) {
			calls_in += plan->pairs[p].consumer == w && plan->pairs[p].call;
			calls_out += plan->pairs[p].producer == w && plan->pairs[p].call;
		}
		for (unsigned int j = 0; j < rig->engine->joint_count; j++) {
			const struct joint *joint = &rig->engine->joints[j];

			if (joint->pair->consumer == w)
				in += ring_taken(joint->consumer);
			if (joint->pair->producer == w)
				out += ring_enqueued(&joint->lane->ring);
		}
		if (!rig->engine->seats[w].node->source && calls_in == 0)
			assert_int_equal(stats->in, in);
		if (calls_out == 0)
			assert_int_equal(stats->out, out + stats->transmitted + stats->ejected);
	}
}

/* At rest: every equation of the ledger, at every level. */
static inline void
rig_is_balanced(const struct rig *rig)
{
	struct weir_ledger l = rig_ledger(rig);

	assert_int_equal(l.unaccounted, 0);
	assert_int_equal(l.in_flight, 0);
	assert_int_equal(l.received + l.created,
		l.released + l.transmitted + l.ejected + l.dropped);
	rig_workers_are_balanced(rig, &l);
	rig_links_are_balanced(rig);
	rig_rings_match_workers(rig);
	rig_drops_are(rig, l.dropped);
	rig_pools_are_full(rig);
	assert_int_equal(seen_read(&seen.too_long), 0);
	assert_int_equal(seen_read(&seen.disorder), 0);
}

/*
 * Where an lcore was given up: what is in flight is what lies in rings and what workers have in
 * hand or hold, and nothing besides.
 */
static inline void
rig_in_flight_is_known(const struct rig *rig)
{
	struct weir_worker_figures w = WEIR_WORKER_FIGURES_INIT;
	struct weir_ring_figures r = WEIR_RING_FIGURES_INIT;
	int64_t n = 0;

	for (unsigned int i = 0; weir_ledger_worker(rig->engine, i, &w) == 0; i++) {
		int64_t has = (int64_t)(w.in + w.created - w.out - w.released - w.dropped);

		assert_true(has >= (int64_t)w.held);
		n += has;
	}
	for (unsigned int i = 0; weir_ledger_ring(rig->engine, i, &r) == 0; i++)
		n += r.count;
	assert_int_equal(rig_ledger(rig).in_flight, n);
}

static inline void
rig_free(struct rig *rig)
{
	weir_plan_free(rig->plan);
	weir_pipeline_free(rig->pipeline);
}

/* After it was stopped. */
static inline void
rig_end(struct rig *rig)
{
	rig_is_balanced(rig);
	assert_int_equal(weir_engine_destroy(rig->engine), 0);
	rig_free(rig);
}

/* What the library logs meanwhile, as text. */
struct rig_log {
	FILE *stream;
	char *text;
	size_t size;
};

static inline void
rig_log_begin(struct rig_log *log)
{
	log->stream = open_memstream(&log->text, &log->size);
	assert_non_null(log->stream);
	rte_openlog_stream(log->stream);
}

/* How often a text was logged up to now. */
static inline unsigned int
rig_log_count(struct rig_log *log, const char *what)
{
	unsigned int n = 0;

	fflush(log->stream);
	for (const char *at = log->text; (at = strstr(at, what)) != NULL; at += strlen(what))
		n++;
	return n;
}

static inline void
rig_log_end(struct rig_log *log)
{
	rte_openlog_stream(NULL);
	fclose(log->stream);
	fputs(log->text, stderr);
	free(log->text);
}

static inline void
rig_stop(struct rig *rig)
{
	assert_int_equal(weir_engine_stop(rig->engine, RIG_PATIENCE_MS), 0);
	assert_true(weir_engine_drained(rig->engine));
}

/* The last engine that is visited. */
static inline int
rig_left(struct weir_engine *engine, void *arg)
{
	*(struct weir_engine **)arg = engine;
	return 0;
}

/*
 * After each test: cmocka leaves one that fails by longjmp(), and what it had running would go on
 * under the next ones, on the lcores that they need. Its plan and pipeline, which nobody knows any
 * more, are leaked.
 */
static inline int
rig_clear(void **state)
{
	struct weir_engine *left, *before = NULL;

	(void)state;
	rte_openlog_stream(NULL);
	__atomic_store_n(&seen.let_go, 1, __ATOMIC_RELAXED);
	while (left = NULL, engine_each(rig_left, &left), left != NULL) {
		if (left == before)
			fail_msg("'%s' cannot be destroyed", weir_engine_name(left));
		print_message("'%s' is left: stopped\n", weir_engine_name(left));
		weir_engine_stop(left, RIG_LEFT_MS);
		weir_engine_destroy(left);
		before = left;
	}
	memset(&seen, 0, sizeof(seen));
	return 0;
}

/* In all tables of tests that include this. */
#undef cmocka_unit_test
#define cmocka_unit_test(test) cmocka_unit_test_teardown(test, rig_clear)

#endif /* WEIR_ENGINE_RIG_H */
