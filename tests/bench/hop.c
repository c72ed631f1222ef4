/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * One hop: net_null on one lcore, a link, a counting consumer on the other lcore. weir, with its
 * parser and its figures on, beside the loops that one would write by hand. Pools, rings and bursts
 * are of equal size; the loops have the pool that rte_pktmbuf_pool_create() gives, weir that of
 * weir_pool_create(). All read the same headers and fill the event's first line; none loses
 * anything but the last.
 *
 *   textbook   rte_ring of mbufs; the consumer reads the event and frees by rte_pktmbuf_free_bulk()
 *   raw put    the same, but the consumer puts the mbufs back with rte_mempool_put_bulk()
 *   weir       source ethdev, link with on_full = block or drop-newest, stage count
 *
 * The figure is what the consumer ends in a second, over MEASURE_MS after WARM_MS. Hugepages are
 * used where enough are free, else --no-huge; the first line printed says which.
 *
 * usage: bench_hop [ROUNDS [POOL]]
 */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_launch.h>
#include <rte_ring.h>

#include <weir/weir.h>

#include "rounds.h"

#define ROUNDS_DEFAULT 11
#define POOL_DEFAULT 4095
#define POOL_CACHE 256
#define RING 1024
#define BURST 32
#define WARM_MS 100
#define MEASURE_MS 300
#define PORT "net_null0"
#define MEMORY_MB 512

static unsigned int pool_size = POOL_DEFAULT;

/* What the hand-written loops share. Each lcore writes lines of its own. */
static struct {
	struct rte_mempool *pool;
	struct rte_ring *ring;
	uint16_t port;
	bool raw;      /* put back by rte_mempool_put_bulk() */
	bool prefetch; /* the consumer fetches the event lines of a burst ahead */
	bool stop __rte_cache_aligned;
	uint64_t consumed __rte_cache_aligned;
	uint64_t bytes;
} loop;

static void
die(const char *what)
{
	fprintf(stderr, "bench_hop: %s: %s\n", what, rte_strerror(rte_errno));
	exit(1);
}

static void
put_back(struct rte_mbuf *mbufs[], unsigned int n)
{
	if (n == 0)
		return;
	if (loop.raw)
		rte_mempool_put_bulk(loop.pool, (void **)mbufs, n);
	else
		rte_pktmbuf_free_bulk(mbufs, n);
}

/* The reads and writes of a parser that finds no IP: what net_null's frames come to. */
static void
fill(struct rte_mbuf *m, uint64_t tsc)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	struct weir_event *event = weir_mbuf_event(m);

	event->type = WEIR_EVENT_PACKET;
	event->prio = WEIR_PRIO_DEFAULT;
	event->flags = WEIR_EVENT_PRISTINE;
	event->hash = 0;
	event->tsc = tsc;
	event->wire_ns = 0;
	event->port = m->port;
	event->queue = 0;
	event->len = m->pkt_len;
	event->l3_off = 0;
	event->l4_off = 0;
	event->payload_off = 0;
	event->payload_len = 0;
	event->vlan[0] = 0;
	event->vlan[1] = 0;
	event->tunnel_id = 0;
	event->ethertype = rte_be_to_cpu_16(eth->ether_type);
	event->vlan_count = 0;
	event->tunnel = WEIR_TUNNEL_NONE;
	event->verdict = WEIR_VERDICT_OK;
	event->tcp_flags = 0;
	event->proto = 0;
	event->ip_version = 0;
	event->pool = m->pool;
	if (event->ethertype == RTE_ETHER_TYPE_IPV4)
		event->hash = ((const struct rte_ipv4_hdr *)(eth + 1))->src_addr;
}

/* All of a burst, however long the consumer takes; fewer only when the run ends. */
static unsigned int
enqueue(struct rte_mbuf *mbufs[], unsigned int n)
{
	unsigned int sent = 0;

	do
		sent += rte_ring_sp_enqueue_burst(loop.ring, (void **)(mbufs + sent), n - sent,
			NULL);
	while (sent < n && !__atomic_load_n(&loop.stop, __ATOMIC_RELAXED));
	return sent;
}

static int
produce(void *arg)
{
	struct rte_mbuf *mbufs[BURST];

	(void)arg;
	while (!__atomic_load_n(&loop.stop, __ATOMIC_RELAXED)) {
		unsigned int n = rte_eth_rx_burst(loop.port, 0, mbufs, BURST), sent;
		uint64_t tsc = rte_rdtsc();

		for (unsigned int i = 0; i < n; i++)
			fill(mbufs[i], tsc);
		sent = enqueue(mbufs, n);
		put_back(mbufs + sent, n - sent);
	}
	return 0;
}

static int
consume(void *arg)
{
	struct rte_mbuf *mbufs[BURST];

	(void)arg;
	while (!__atomic_load_n(&loop.stop, __ATOMIC_RELAXED)) {
		unsigned int n = rte_ring_sc_dequeue_burst(loop.ring, (void **)mbufs, BURST, NULL);
		uint64_t bytes = 0;

		for (unsigned int i = 0; loop.prefetch && i < n; i++)
			rte_prefetch0(weir_mbuf_event(mbufs[i]));
		for (unsigned int i = 0; i < n; i++)
			bytes += weir_mbuf_event(mbufs[i])->len;
		put_back(mbufs, n);
		loop.bytes += bytes;
		__atomic_store_n(&loop.consumed, loop.consumed + n, __ATOMIC_RELAXED);
	}
	return 0;
}

static double
rate(uint64_t (*read)(void *), void *arg)
{
	uint64_t tsc, n;

	usleep(WARM_MS * 1000);
	tsc = rte_rdtsc();
	n = read(arg);
	usleep(MEASURE_MS * 1000);
	n = read(arg) - n;
	return (double)n * (double)rte_get_tsc_hz() / (double)(rte_rdtsc() - tsc);
}

static uint64_t
loop_read(void *arg)
{
	(void)arg;
	return __atomic_load_n(&loop.consumed, __ATOMIC_RELAXED);
}

static void
port_up(void)
{
	struct rte_eth_conf conf = { 0 };

	if (rte_eth_dev_get_port_by_name(PORT, &loop.port) != 0 ||
		rte_eth_dev_configure(loop.port, 1, 0, &conf) != 0 ||
		rte_eth_rx_queue_setup(loop.port, 0, 1024, 0, NULL, loop.pool) != 0 ||
		rte_eth_dev_start(loop.port) != 0)
		die("port");
}

static double
loop_run(bool raw, bool prefetch)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0), n;
	double figure;

	loop.raw = raw;
	loop.prefetch = prefetch;
	loop.stop = false;
	loop.pool = rte_pktmbuf_pool_create("hop", pool_size, POOL_CACHE, sizeof(struct weir_event),
		RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	loop.ring =
		rte_ring_create("hop", RING, 0, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	if (loop.pool == NULL || loop.ring == NULL)
		die("pool and ring");
	port_up();
	rte_eal_remote_launch(consume, NULL, rte_get_next_lcore(lcore, 1, 0));
	rte_eal_remote_launch(produce, NULL, lcore);
	figure = rate(loop_read, NULL);
	__atomic_store_n(&loop.stop, true, __ATOMIC_RELAXED);
	rte_eal_mp_wait_lcore();
	while ((n = rte_ring_sc_dequeue_burst(loop.ring, (void **)mbufs, BURST, NULL)) > 0)
		put_back(mbufs, n);
	rte_eth_dev_stop(loop.port);
	if (!rte_mempool_full(loop.pool))
		die("the pool is not full");
	rte_ring_free(loop.ring);
	rte_mempool_free(loop.pool);
	return figure;
}

static double
run_textbook(void)
{
	return loop_run(false, false);
}

static double
run_textbook_prefetch(void)
{
	return loop_run(false, true);
}

static double
run_raw(void)
{
	return loop_run(true, true);
}

static uint64_t
weir_read(void *arg)
{
	struct weir_worker_figures sink;

	weir_ledger_worker(arg, 1, &sink);
	return sink.released;
}

static struct weir_pipeline *
weir_describe(const char *on_full)
{
	char size[16], ring[16];
	const char *const keys[][3] = {
		{ "source null", "device", PORT },
		{ "stage end", "type", "count" },
		{ "stage end", "input", "null" },
		{ "link null end", "on_full", on_full },
		{ "link null end", "ring", ring },
		{ "pool", "size", size },
	};
	struct weir_error error;
	struct weir_pipeline *pipeline = weir_pipeline_create("hop", &error);

	snprintf(size, sizeof(size), "%u", pool_size);
	snprintf(ring, sizeof(ring), "%u", RING);
	for (unsigned int i = 0; i < RTE_DIM(keys); i++)
		if (weir_pipeline_set(pipeline, keys[i][0], keys[i][1], keys[i][2], &error) != 0)
			die(error.text);
	if (weir_pipeline_check(pipeline, &error) != 0)
		die(error.text);
	return pipeline;
}

static double
weir_run(const char *on_full)
{
	struct weir_pipeline *pipeline = weir_describe(on_full);
	struct weir_error error;
	struct weir_ledger ledger;
	struct weir_plan *plan = weir_plan_create(pipeline, NULL, &error);
	struct weir_engine *engine;
	double figure;

	if (plan == NULL)
		die(error.text);
	engine = weir_engine_create(plan, NULL, &error);
	if (engine == NULL || weir_engine_start(engine, &error) != 0)
		die(error.text);
	figure = rate(weir_read, engine);
	weir_engine_stop(engine, 1000);
	weir_ledger_read(engine, &ledger);
	if (ledger.unaccounted != 0 || weir_engine_destroy(engine) != 0)
		die("the ledger does not balance");
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
	return figure;
}

static double
run_weir_block(void)
{
	return weir_run("block");
}

static double
run_weir_drop(void)
{
	return weir_run("drop-newest");
}

static bool
hugepages(void)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");
	unsigned int n = 0;

	if (file == NULL)
		return false;
	if (fscanf(file, "%u", &n) != 1)
		n = 0;
	fclose(file);
	return n >= MEMORY_MB / 2;
}

static struct side sides[] = {
	{ .name = "textbook", .run = run_textbook },
	{ .name = "textbook, prefetching", .run = run_textbook_prefetch },
	{ .name = "raw put, prefetching", .run = run_raw },
	{ .name = "weir block", .run = run_weir_block },
	{ .name = "weir drop-newest", .run = run_weir_drop },
};

int
main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? (unsigned int)atoi(argv[1]) : ROUNDS_DEFAULT;
	bool huge = hugepages();
	char prefix[32];
	char *eal[] = { argv[0], huge ? (char[]){ "--in-memory" } : (char[]){ "--no-huge" },
		(char[]){ "-m" }, (char[]){ RTE_STR(MEMORY_MB) }, (char[]){ "--no-pci" },
		(char[]){ "--lcores" }, (char[]){ "0@0,1@0,2@1" }, (char[]){ "--vdev" },
		(char[]){ PORT }, (char[]){ "--log-level" }, (char[]){ "lib.eal:4" },
		(char[]){ "--file-prefix" }, prefix };

	if (argc > 2)
		pool_size = (unsigned int)atoi(argv[2]);
	if (rounds == 0 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: bench_hop [ROUNDS up to %d [POOL]]\n", ROUNDS_MAX);
		return 2;
	}
	snprintf(prefix, sizeof(prefix), "weir-hop-%d", (int)getpid());
	if (rte_eal_init(RTE_DIM(eal), eal) < 0)
		die("EAL");
	rounds_run(sides, RTE_DIM(sides), rounds);
	printf("%s, pools of %u mbufs, rings of %u, bursts of %d\n",
		huge ? "hugepages" : "no hugepages", pool_size, RING, BURST);
	rounds_print(sides, RTE_DIM(sides), rounds, "Mpps", 1e-6);
	rte_eal_cleanup();
	return 0;
}
