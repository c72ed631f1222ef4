/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What each `idle` costs while nothing comes, and how long one event then waits to be seen: the
 * CPU time of the worker's thread over a quiet time; and from the moment an event is handed in,
 * after a quiet time, to the moment the sink has it. A worker alone on a CPU; the choices are
 * those that the key's table names. And the same of frames that come to a port with RX interrupts, an
 * interface of the kernel's, from the moment they are given to that: which takes root.
 */
#include <errno.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ether.h>

#include "bench.h"
#include "engines.h"
#include "latency.h"

#define QUIET_US 200000
/* Between two events: longer than any wait has grown to by default. */
#define PAUSE_US 5000
#define EVENTS 40
#define GIVE_UP_US 1000000
#define POOL 1023
#define PORT "net_tap0"
#define INTERFACE "weirbench0"
/* Of frames that are ours, among those of the kernel; an ethertype for experiments. */
#define MARK UINT64_C(0x7765697262656e63)
#define ETHERTYPE 0x88b5

/* Of the engine that runs; `clock` and `seen` are the worker's to write. */
static struct {
	clockid_t clock;
	struct latency latency __rte_cache_aligned;
	uint64_t seen;
} sink;

static struct rte_mempool *pool;
static int wire; /* a socket at the port's interface */

struct side {
	const char *idle;
	bool port; /* frames, not events that are handed in */
};

/* A frame that says when it was sent. */
struct frame {
	struct rte_ether_hdr ether;
	uint16_t zero;
	uint64_t mark;
	uint64_t tsc;
	uint8_t rest[RTE_ETHER_MIN_LEN - 32];
};

static const struct bench_metric metrics[] = {
	{ "cpu", "%" },
	{ "p50", "us" },
	{ "p90", "us" },
	{ "max", "us" },
};

/* When an event was sent; 0: it is not ours. */
static uint64_t
sent_at(const struct weir_event *event)
{
	const struct frame *frame;

	if (event->type != WEIR_EVENT_PACKET)
		return event->tsc;
	frame = rte_pktmbuf_mtod(weir_event_mbuf(event), const struct frame *);
	return event->len >= sizeof(*frame) && frame->mark == MARK ? frame->tsc : 0;
}

static void
sink_process(struct weir_worker *worker, void *state __rte_unused, struct weir_event *events[],
	uint16_t n)
{
	uint64_t now = rte_rdtsc(), seen = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint64_t sent = sent_at(events[i]);

		if (sent == 0)
			continue;
		latency_add(&sink.latency, now - sent);
		seen++;
	}
	if (sink.seen == 0)
		pthread_getcpuclockid(pthread_self(), &sink.clock);
	weir_release(worker, events, n);
	__atomic_store_n(&sink.seen, sink.seen + seen, __ATOMIC_RELEASE);
}

static const struct weir_stage_ops sink_ops = {
	WEIR_STAGE_OPS,
	.name = "idle",
	.help = "notes when events come",
	.process = sink_process,
};

static void
event_send(struct weir_inject *inject)
{
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
}

static void
frame_send(void)
{
	struct frame frame = { .ether.ether_type = rte_cpu_to_be_16(ETHERTYPE), .mark = MARK };

	memset(&frame.ether.dst_addr, 0xff, sizeof(frame.ether.dst_addr));
	frame.tsc = rte_rdtsc();
	if (send(wire, &frame, sizeof(frame), 0) != (ssize_t)sizeof(frame))
		bench_die("no frame can be sent on " INTERFACE ": %s", rte_strerror(errno));
}

/* An event, or a frame where there is nowhere to hand it in; until it was seen. */
static void
hand_in(struct weir_inject *inject)
{
	uint64_t seen = __atomic_load_n(&sink.seen, __ATOMIC_ACQUIRE), begin = rte_rdtsc();

	if (inject != NULL)
		event_send(inject);
	else
		frame_send();
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

/* The engine of a choice: NULL and `error` where it cannot be had here. */
static int
make(struct engine *engine, const struct side *side, struct weir_error *error)
{
	const struct engine_key keys[] = {
		{ "source in", side->port ? "device" : "type", side->port ? PORT : "inject" },
		{ "source in", "lcores", "2" },
		{ "source in", "idle", side->idle },
		{ "stage end", "type", "idle" },
		{ "stage end", "lcores", "2" },
		{ "stage end", "idle", side->port ? "auto" : side->idle },
		{ "stage end", "input", "in" },
		{ NULL, NULL, NULL },
	};

	return engine_try(engine, keys, error);
}

/* The interface that the port makes, and a socket there: false where it cannot be had. */
static bool
port_open(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET };

	if (rte_eal_hotplug_add("vdev", PORT, "iface=" INTERFACE) != 0)
		return false;
	wire = socket(AF_PACKET, SOCK_RAW, 0);
	at.sll_ifindex = (int)if_nametoindex(INTERFACE);
	if (wire >= 0 && at.sll_ifindex != 0 &&
		bind(wire, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return true;
	rte_eal_hotplug_remove("vdev", PORT);
	return false;
}

static void
port_close(void)
{
	close(wire);
	rte_eal_hotplug_remove("vdev", PORT);
}

static void
run(const void *arg, double figures[])
{
	const struct side *side = arg;
	struct weir_inject *inject = NULL;
	struct weir_error error;
	struct engine engine;

	if (side->port && !port_open())
		bench_die("no " PORT);
	if (make(&engine, side, &error) != 0)
		bench_die("%s", error.text);
	sink.seen = 0;
	engine_start(&engine);
	if (!side->port)
		inject = weir_inject_open(engine.weir, "in", &error);
	if (!side->port && inject == NULL)
		bench_die("%s", error.text);
	measure(inject, figures);
	engine_end(&engine);
	if (side->port)
		port_close();
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
refused(const struct side *side, struct weir_error *error)
{
	const char *why = NULL;
	struct engine engine;

	if (side->port && !port_open())
		return "no net_tap with an interface of the kernel's: run it as root";
	if (make(&engine, side, error) != 0) {
		why = error->text;
	} else {
		engine_start(&engine);
		engine_end(&engine);
	}
	if (side->port)
		port_close();
	return why;
}

/* All choices as sides of a case, the one to compare with first by name. */
static void
choices_case(struct bench *bench, const char *name, bool port, const char *reference)
{
	static struct weir_error errors[BENCH_SIDES_MAX];
	static struct side given[BENCH_SIDES_MAX];
	struct bench_side sides[BENCH_SIDES_MAX] = { 0 };
	const char *const *idle = choices();
	unsigned int n = 0, i;

	for (; *idle != NULL && n < BENCH_SIDES_MAX; idle++, n++) {
		given[n] = (struct side){ .idle = *idle, .port = port };
		sides[n] = (struct bench_side){
			.name = *idle,
			.run = run,
			.arg = &given[n],
			.skipped = refused(&given[n], &errors[n]),
		};
	}
	for (i = 0; i < n && strcmp(sides[i].name, reference) != 0; i++)
		;
	bench_case(bench, name, sides, n, i < n ? i : 0);
}

int
main(int argc, char **argv)
{
	struct bench bench = {
		.name = "idle",
		.title = "what waiting costs, and how soon it ends",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics),
	};

	bench_open(&bench, argc, argv);
	bench_eal(&bench, NULL);
	pool = weir_pool_create("idle", POOL, 0, 0, 0, SOCKET_ID_ANY);
	if (pool == NULL || weir_stage_register(&sink_ops) != 0)
		bench_die("pool and stage: %s", rte_strerror(rte_errno));
	choices_case(&bench, "alone on a CPU", false, "spin");
	/* The interface is seen by nobody else. */
	if (unshare(CLONE_NEWNET) != 0)
		fprintf(stderr, "idle: no network namespace: %s\n", rte_strerror(errno));
	choices_case(&bench, "a port with interrupts", true, "exponential");
	rte_mempool_free(pool);
	return bench_close(&bench);
}
