/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * How long an event takes from its RX burst to the sink, by weir and by bare rte_rings: over one
 * hop, and over three, each from one lcore to the other; at shares of what the slower of both can
 * do, which is measured first.
 *
 * Both sides poll net_null0, whose packets an RX callback lets through by the clock; both parse
 * with weir_parse(), pull bursts of 32 through rings of 1024, lose nothing, and put mbufs back by
 * rte_mempool_put_bulk(). The bare loops spin; weir waits as it does by default, or spins too.
 * The clock starts when a packet was taken in: what a source that is held up leaves in the port
 * is not part of the figure, on either side.
 */
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_malloc.h>
#include <rte_ring.h>

#include "bench.h"
#include "engines.h"
#include "latency.h"

#define PORT "net_null0"
#define BURST 32
#define RING 1024
#define POOL_ONE 4095
#define POOL_THREE 8191
#define POOL_CACHE 256
#define HOPS_MAX 3
#define WARM_US 50000
#define MEASURE_US 300000
#define CAPACITY_RUNS 3
/* What the callback is behind by more than this, in seconds, it does not make up for. */
#define CATCH_UP 0.0005

/* What lets packets through: written by the lcore that polls the port. */
static struct {
	double per_cycle; /* packets; 0: all that come */
	double most;
	double credit;
	uint64_t last;
} pace;

/* What sinks fill; each lcore writes lines of its own. */
static struct {
	struct latency *into __rte_cache_aligned; /* NULL: nothing is noted */
	uint64_t ended __rte_cache_aligned;
	struct latency latency;
} sink;

/* What the bare loops share. */
static struct {
	struct rte_mempool *pool;
	struct rte_ring *rings[HOPS_MAX];
	unsigned int hops;
	uint16_t port;
	uint64_t bytes[2][RTE_CACHE_LINE_SIZE / sizeof(uint64_t)];
	bool stop __rte_cache_aligned;
} bare;

/* A run: who, over how many hops, at what rate. */
struct run {
	const char *idle; /* of weir; NULL: the bare loops */
	unsigned int hops;
	double rate; /* packets a second; 0: as many as go */
};

static const struct bench_metric metrics[] = {
	{ "p50", "ns" },
	{ "p99", "ns" },
	{ "p99.9", "ns" },
	{ "max", "ns" },
	{ "load", "Mpps" },
};

static uint16_t
let_through(uint16_t port __rte_unused, uint16_t queue __rte_unused, struct rte_mbuf *mbufs[],
	uint16_t n, uint16_t max __rte_unused, void *arg __rte_unused)
{
	uint64_t now = rte_rdtsc();
	uint16_t due;

	if (pace.per_cycle == 0)
		return n;
	pace.credit = RTE_MIN(pace.credit + (double)(now - pace.last) * pace.per_cycle, pace.most);
	pace.last = now;
	due = (uint16_t)RTE_MIN(pace.credit, (double)n);
	pace.credit -= due;
	if (due < n)
		rte_mempool_put_bulk(mbufs[0]->pool, (void **)(mbufs + due), n - due);
	return due;
}

static const struct rte_eth_rxtx_callback *
pace_begin(double rate)
{
	const struct rte_eth_rxtx_callback *callback;
	double hz = (double)rte_get_tsc_hz();
	uint16_t port;

	pace.per_cycle = rate / hz;
	pace.most = RTE_MAX(rate * CATCH_UP, 1.0);
	pace.credit = 0;
	pace.last = rte_rdtsc();
	if (rte_eth_dev_get_port_by_name(PORT, &port) != 0)
		bench_die("no port %s", PORT);
	callback = rte_eth_add_rx_callback(port, 0, let_through, NULL);
	if (callback == NULL)
		bench_die("RX callback: %s", rte_strerror(rte_errno));
	return callback;
}

/* Nobody polls the port any more. */
static void
pace_end(const struct rte_eth_rxtx_callback *callback)
{
	uint16_t port;

	if (rte_eth_dev_get_port_by_name(PORT, &port) == 0)
		rte_eth_remove_rx_callback(port, 0, callback);
	rte_free((void *)(uintptr_t)callback);
}

/* The clocks of two CPUs may differ by some cycles: what came later than now took no time. */
static inline void
note(const struct weir_event *event, struct latency *into, uint64_t now)
{
	if (into != NULL)
		latency_add(into, now > event->tsc ? now - event->tsc : 0);
}

static inline void
note_end(unsigned int n)
{
	__atomic_store_n(&sink.ended, sink.ended + n, __ATOMIC_RELAXED);
}

static void
sink_process(struct weir_worker *worker, void *state __rte_unused, struct weir_event *events[],
	uint16_t n)
{
	struct latency *into = __atomic_load_n(&sink.into, __ATOMIC_ACQUIRE);
	uint64_t now = rte_rdtsc();

	for (uint16_t i = 0; i < n; i++)
		note(events[i], into, now);
	note_end(n);
	weir_release(worker, events, n);
}

static const struct weir_stage_ops sink_ops = {
	WEIR_STAGE_OPS,
	.name = "latency",
	.help = "notes how long events took",
	.process = sink_process,
};

/* Let it run: what it ended in a second, and what it noted, meanwhile. */
static double
observe(void)
{
	uint64_t tsc, n;

	usleep(WARM_US);
	latency_clear(&sink.latency);
	tsc = rte_rdtsc();
	n = __atomic_load_n(&sink.ended, __ATOMIC_RELAXED);
	__atomic_store_n(&sink.into, &sink.latency, __ATOMIC_RELEASE);
	usleep(MEASURE_US);
	__atomic_store_n(&sink.into, NULL, __ATOMIC_RELEASE);
	n = __atomic_load_n(&sink.ended, __ATOMIC_RELAXED) - n;
	return (double)n * (double)rte_get_tsc_hz() / (double)(rte_rdtsc() - tsc);
}

static double
run_weir(const struct run *run)
{
	bool three = run->hops == HOPS_MAX;
	const struct engine_key keys[] = {
		{ "pool", "size", three ? RTE_STR(POOL_THREE) : RTE_STR(POOL_ONE) },
		{ "source port", "device", PORT },
		{ "source port", "lcores", "1" },
		{ "source port", "idle", run->idle },
		{ "stage end", "type", "latency" },
		{ "stage end", "lcores", "2" },
		{ "stage end", "idle", run->idle },
		{ "stage end", "input", three ? "b" : "port" },
		{ three ? "link b end" : "link port end", "on_full", "block" },
		{ three ? "stage a" : NULL, "type", "count" },
		{ "stage a", "input", "port" },
		{ "stage a", "lcores", "2" },
		{ "stage a", "idle", run->idle },
		{ "link port a", "on_full", "block" },
		{ "stage b", "type", "count" },
		{ "stage b", "input", "a" },
		{ "stage b", "lcores", "1" },
		{ "stage b", "idle", run->idle },
		{ "link a b", "on_full", "block" },
		{ NULL, NULL, NULL },
	};
	const struct rte_eth_rxtx_callback *callback;
	struct engine engine;
	double rate;

	engine_make(&engine, keys);
	callback = pace_begin(run->rate);
	engine_start(&engine);
	rate = observe();
	weir_engine_stop(engine.weir, 1000);
	pace_end(callback);
	engine_end(&engine);
	return rate;
}

static bool
bare_stopped(void)
{
	return __atomic_load_n(&bare.stop, __ATOMIC_RELAXED);
}

static void
bare_receive(struct weir_parse_burst *burst)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned int room = RTE_MIN(rte_ring_free_count(bare.rings[0]), (unsigned int)BURST);
	uint16_t n;

	if (room == 0)
		return;
	n = rte_eth_rx_burst(bare.port, 0, mbufs, (uint16_t)room);
	if (n == 0)
		return;
	burst->tsc = rte_rdtsc();
	weir_parse(mbufs, n, burst);
	rte_ring_sp_enqueue_bulk(bare.rings[0], (void **)mbufs, n, NULL);
}

/* A stage between two rings, on one of the two lcores. */
static void
bare_pass(unsigned int ring, unsigned int lcore)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned int room = RTE_MIN(rte_ring_free_count(bare.rings[ring + 1]), (unsigned int)BURST);
	unsigned int n = rte_ring_sc_dequeue_burst(bare.rings[ring], (void **)mbufs, room, NULL);

	if (n == 0)
		return;
	for (unsigned int i = 0; i < n; i++)
		rte_prefetch0(weir_mbuf_event(mbufs[i]));
	for (unsigned int i = 0; i < n; i++)
		bare.bytes[lcore][0] += weir_mbuf_event(mbufs[i])->len;
	rte_ring_sp_enqueue_bulk(bare.rings[ring + 1], (void **)mbufs, n, NULL);
}

static void
bare_end(void)
{
	struct latency *into = __atomic_load_n(&sink.into, __ATOMIC_ACQUIRE);
	struct rte_mbuf *mbufs[BURST];
	unsigned int n =
		rte_ring_sc_dequeue_burst(bare.rings[bare.hops - 1], (void **)mbufs, BURST, NULL);
	uint64_t now = rte_rdtsc();

	if (n == 0)
		return;
	for (unsigned int i = 0; i < n; i++)
		rte_prefetch0(weir_mbuf_event(mbufs[i]));
	for (unsigned int i = 0; i < n; i++)
		note(weir_mbuf_event(mbufs[i]), into, now);
	note_end(n);
	rte_mempool_put_bulk(bare.pool, (void **)mbufs, n);
}

static int
bare_first(void *arg __rte_unused)
{
	struct weir_parse_burst burst = { .size = sizeof(burst), .port = bare.port };

	while (!bare_stopped()) {
		if (bare.hops == HOPS_MAX)
			bare_pass(1, 0);
		bare_receive(&burst);
	}
	return 0;
}

static int
bare_second(void *arg __rte_unused)
{
	while (!bare_stopped()) {
		bare_end();
		if (bare.hops == HOPS_MAX)
			bare_pass(0, 1);
	}
	return 0;
}

static void
bare_make(unsigned int hops)
{
	const struct rte_eth_conf conf = { 0 };
	char name[16];

	bare.hops = hops;
	bare.stop = false;
	bare.pool = weir_pool_create("bare", hops == 1 ? POOL_ONE : POOL_THREE, POOL_CACHE, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	if (bare.pool == NULL)
		bench_die("pool: %s", rte_strerror(rte_errno));
	for (unsigned int i = 0; i < hops; i++) {
		snprintf(name, sizeof(name), "bare%u", i);
		bare.rings[i] = rte_ring_create(name, RING, 0,
			RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
		if (bare.rings[i] == NULL)
			bench_die("ring: %s", rte_strerror(rte_errno));
	}
	if (rte_eth_dev_get_port_by_name(PORT, &bare.port) != 0 ||
		rte_eth_dev_configure(bare.port, 1, 0, &conf) != 0 ||
		rte_eth_rx_queue_setup(bare.port, 0, 1024, 0, NULL, bare.pool) != 0 ||
		rte_eth_dev_start(bare.port) != 0)
		bench_die("port %s", PORT);
}

static void
bare_free(void)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned int n;

	rte_eth_dev_stop(bare.port);
	for (unsigned int i = 0; i < bare.hops; i++) {
		while ((n = rte_ring_sc_dequeue_burst(bare.rings[i], (void **)mbufs, BURST, NULL)) >
			0)
			rte_mempool_put_bulk(bare.pool, (void **)mbufs, n);
		rte_ring_free(bare.rings[i]);
	}
	if (!rte_mempool_full(bare.pool))
		bench_die("the pool is not full");
	bench_port_renew(PORT);
	rte_mempool_free(bare.pool);
}

static double
run_bare(const struct run *run)
{
	const struct rte_eth_rxtx_callback *callback;
	double rate;

	bare_make(run->hops);
	callback = pace_begin(run->rate);
	rte_eal_remote_launch(bare_second, NULL, 2);
	rte_eal_remote_launch(bare_first, NULL, 1);
	rate = observe();
	__atomic_store_n(&bare.stop, true, __ATOMIC_RELAXED);
	rte_eal_mp_wait_lcore();
	pace_end(callback);
	bare_free();
	return rate;
}

static void
run_once(const void *arg, double figures[])
{
	const struct run *run = arg;
	const double ns = 1e9 / (double)rte_get_tsc_hz();
	double rate = run->idle != NULL ? run_weir(run) : run_bare(run);

	figures[0] = (double)latency_quantile(&sink.latency, 0.5) * ns;
	figures[1] = (double)latency_quantile(&sink.latency, 0.99) * ns;
	figures[2] = (double)latency_quantile(&sink.latency, 0.999) * ns;
	figures[3] = (double)sink.latency.max * ns;
	figures[4] = rate / 1e6;
}

/* Packets a second that each of both can take; medians, in turn. */
static double
capacity(unsigned int hops)
{
	const struct run weir = { "auto", hops, 0 }, rings = { NULL, hops, 0 };
	double of_weir[CAPACITY_RUNS], of_rings[CAPACITY_RUNS];
	double a, b;

	for (unsigned int i = 0; i < CAPACITY_RUNS; i++) {
		of_weir[i] = run_weir(&weir);
		of_rings[i] = run_bare(&rings);
	}
	a = bench_quantile(of_weir, CAPACITY_RUNS, 0.5);
	b = bench_quantile(of_rings, CAPACITY_RUNS, 0.5);
	printf("%u hop%s: weir can %.2f Mpps, bare rings %.2f; shares are of the lower\n", hops,
		hops > 1 ? "s" : "", a / 1e6, b / 1e6);
	return RTE_MIN(a, b);
}

static void
measure(struct bench *bench, unsigned int hops)
{
	static const unsigned int percents[] = { 1, 50, 90 };
	double most = capacity(hops);
	char name[64];

	for (unsigned int i = 0; i < RTE_DIM(percents); i++) {
		double rate = most * percents[i] / 100;
		double aim = hops == 1 && percents[i] == 50 ? 1.3 : 0;
		const struct run runs[] = { { "auto", hops, rate }, { "spin", hops, rate },
			{ NULL, hops, rate } };
		const struct bench_side sides[] = {
			{ .name = "weir", .run = run_once, .arg = &runs[0] },
			{ .name = "weir, idle = spin", .run = run_once, .arg = &runs[1] },
			{ .name = "bare rings",
				.run = run_once,
				.arg = &runs[2],
				.at_most = { aim, aim } },
		};

		snprintf(name, sizeof(name), "%s at %u %%", hops == 1 ? "one hop" : "three hops",
			percents[i]);
		bench_case(bench, name, sides, RTE_DIM(sides), 0);
	}
}

int
main(int argc, char **argv)
{
	struct bench bench = {
		.name = "latency",
		.title = "from the RX burst to the sink, beside bare rings",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics),
	};

	bench_open(&bench, argc, argv);
	bench_eal(&bench, (const char *const[]){ PORT, NULL });
	if (weir_stage_register(&sink_ops) != 0)
		bench_die("stage: %s", rte_strerror(rte_errno));
	measure(&bench, 1);
	measure(&bench, HOPS_MAX);
	return bench_close(&bench);
}
