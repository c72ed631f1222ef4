/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What each `idle` costs while nothing comes, and how long one event then waits to be seen: the
 * CPU time of the worker's thread over a quiet time; and from the moment an event is handed in,
 * after a quiet time, to the moment the sink has it. A worker alone on a CPU; the choices are
 * those that the key's table names.
 */
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_errno.h>

#include "bench.h"
#include "engines.h"
#include "latency.h"

#define QUIET_US 200000
/* Between two events: longer than any wait has grown to by default. */
#define PAUSE_US 5000
#define EVENTS 40
#define GIVE_UP_US 1000000
#define POOL 1023

/* Of the engine that runs; `clock` and `seen` are the worker's to write. */
static struct {
	clockid_t clock;
	struct latency latency __rte_cache_aligned;
	uint64_t seen;
} sink;

static struct rte_mempool *pool;

static const struct bench_metric metrics[] = {
	{ "cpu", "%" },
	{ "p50", "us" },
	{ "p90", "us" },
	{ "max", "us" },
};

static void
sink_process(struct weir_worker *worker, void *state __rte_unused, struct weir_event *events[],
	uint16_t n)
{
	uint64_t now = rte_rdtsc();

	for (uint16_t i = 0; i < n; i++)
		latency_add(&sink.latency, now - events[i]->tsc);
	if (sink.seen == 0)
		pthread_getcpuclockid(pthread_self(), &sink.clock);
	weir_release(worker, events, n);
	__atomic_store_n(&sink.seen, sink.seen + n, __ATOMIC_RELEASE);
}

static const struct weir_stage_ops sink_ops = {
	WEIR_STAGE_OPS,
	.name = "idle",
	.help = "notes when events come",
	.process = sink_process,
};

static void
hand_in(struct weir_inject *inject)
{
	uint64_t seen = __atomic_load_n(&sink.seen, __ATOMIC_ACQUIRE), begin = rte_rdtsc();
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	struct weir_event *event;

	if (mbuf == NULL)
		bench_die("no mbuf");
	event = weir_mbuf_event(mbuf);
	memset(event, 0, sizeof(*event));
	event->type = WEIR_EVENT_USER;
	event->flags = weir_mbuf_mark(mbuf);
	event->tsc = rte_rdtsc();
	if (weir_inject_events(inject, &event, 1) != 1)
		bench_die("inject: %s", rte_strerror(rte_errno));
	while (__atomic_load_n(&sink.seen, __ATOMIC_ACQUIRE) == seen) {
		if (rte_rdtsc() - begin > rte_get_tsc_hz() / 1000000 * GIVE_UP_US)
			bench_die("an event was not seen for %u us", GIVE_UP_US);
		rte_pause();
	}
}

static double
seconds(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) != 0)
		bench_die("the clock of a worker's thread");
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Share of a CPU that the worker uses while nothing comes, in percent. */
static double
cpu_used(void)
{
	double begin = seconds(CLOCK_MONOTONIC), used = seconds(sink.clock);

	usleep(QUIET_US);
	used = seconds(sink.clock) - used;
	return 100 * used / (seconds(CLOCK_MONOTONIC) - begin);
}

static void
measure(struct weir_inject *inject, double figures[])
{
	const double us = 1e6 / (double)rte_get_tsc_hz();

	hand_in(inject);
	usleep(PAUSE_US);
	figures[0] = cpu_used();
	latency_clear(&sink.latency);
	for (unsigned int i = 0; i < EVENTS; i++) {
		usleep(PAUSE_US);
		hand_in(inject);
	}
	figures[1] = (double)latency_quantile(&sink.latency, 0.5) * us;
	figures[2] = (double)latency_quantile(&sink.latency, 0.9) * us;
	figures[3] = (double)sink.latency.max * us;
}

/* The engine of a choice: `name`, and NULL and `error` where it cannot be had here. */
static int
make(struct engine *engine, const char *name, struct weir_error *error)
{
	const struct engine_key keys[] = {
		{ "source in", "type", "inject" },
		{ "source in", "lcores", "2" },
		{ "source in", "idle", name },
		{ "stage end", "type", "idle" },
		{ "stage end", "lcores", "2" },
		{ "stage end", "idle", name },
		{ "stage end", "input", "in" },
		{ NULL, NULL, NULL },
	};

	return engine_try(engine, keys, error);
}

static void
run(const void *arg, double figures[])
{
	struct weir_error error;
	struct weir_inject *inject;
	struct engine engine;

	if (make(&engine, arg, &error) != 0)
		bench_die("%s", error.text);
	sink.seen = 0;
	engine_start(&engine);
	inject = weir_inject_open(engine.weir, "in", &error);
	if (inject == NULL)
		bench_die("%s", error.text);
	measure(inject, figures);
	engine_end(&engine);
}

static const char *const *
choices(void)
{
	const struct weir_param *param = weir_section_params("source");

	while (param->name != NULL && strcmp(param->name, "idle") != 0)
		param++;
	if (param->name == NULL)
		bench_die("a source has no key `idle`");
	return param->values;
}

/* Why a choice cannot be had here; NULL: it can. */
static const char *
refused(const char *name, struct weir_error *error)
{
	struct engine engine;

	if (make(&engine, name, error) != 0)
		return error->text;
	engine_start(&engine);
	engine_end(&engine);
	return NULL;
}

int
main(int argc, char **argv)
{
	static struct weir_error errors[BENCH_SIDES_MAX];
	struct bench_side sides[BENCH_SIDES_MAX] = { 0 };
	struct bench bench = {
		.name = "idle",
		.title = "what waiting costs, and how soon it ends",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics),
	};
	const char *const *name = choices();
	unsigned int n = 0, i;

	bench_open(&bench, argc, argv);
	bench_eal(&bench, NULL);
	pool = weir_pool_create("idle", POOL, 0, 0, 0, SOCKET_ID_ANY);
	if (pool == NULL || weir_stage_register(&sink_ops) != 0)
		bench_die("pool and stage: %s", rte_strerror(rte_errno));
	for (; *name != NULL && n < BENCH_SIDES_MAX; name++, n++)
		sides[n] = (struct bench_side){
			.name = *name,
			.run = run,
			.arg = *name,
			.skipped = refused(*name, &errors[n]),
		};
	for (i = 0; i < n && strcmp(sides[i].name, "spin") != 0; i++)
		;
	bench_case(&bench, "alone on a CPU", sides, n, i < n ? i : 0);
	rte_mempool_free(pool);
	return bench_close(&bench);
}
