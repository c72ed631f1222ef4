/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * weir_parse() against rte_net_get_ptype() on the same frames: warm ones, which both caches and
 * branch predictors could hold all of but for the random order of the visits, and cold ones, of a
 * pool of which even the first lines are more than a last-level cache.
 */
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_net.h>
#include <rte_vxlan.h>

#include <weir/parse.h>

#include "bench.h"
#include "frames.h"

/* Packets of one side in one round. */
#define PACKETS (1u << 18)
/* Warm frames are visited in a random order too long for a branch predictor to learn. */
#define VISITS 16384
#define BURST 32
/* How far ahead the side that prefetches does so. */
#define AHEAD 8
#define MEMORY_MB 1024

/* What a run goes over: n visits, as often as it takes to make PACKETS. */
struct visits {
	struct rte_mbuf **mbufs;
	unsigned int n;
};

static const struct bench_metric metrics[] = { { "cost", "cycles a packet" } };

static void
run_rte(const void *arg, double figures[])
{
	const struct visits *visits = arg;
	struct rte_net_hdr_lens lens;
	volatile uint32_t sink;
	uint32_t sum = 0;
	uint64_t begin = rte_rdtsc_precise();

	for (unsigned int done = 0; done < PACKETS; done += visits->n)
		for (unsigned int i = 0; i < visits->n; i++)
			sum += rte_net_get_ptype(visits->mbufs[i], &lens, RTE_PTYPE_ALL_MASK);
	sink = sum;
	(void)sink;
	figures[0] = (double)(rte_rdtsc_precise() - begin) / PACKETS;
}

/* As run_rte(), fetching frames ahead, as one would write it. */
static void
run_rte_prefetch(const void *arg, double figures[])
{
	const struct visits *visits = arg;
	struct rte_net_hdr_lens lens;
	volatile uint32_t sink;
	uint32_t sum = 0;
	uint64_t begin = rte_rdtsc_precise();

	for (unsigned int done = 0; done < PACKETS; done += visits->n) {
		for (unsigned int i = 0; i < visits->n; i++) {
			const struct rte_mbuf *ahead = visits->mbufs[(i + AHEAD) % visits->n];

			rte_prefetch0(rte_pktmbuf_mtod(ahead, const void *));
			sum += rte_net_get_ptype(visits->mbufs[i], &lens, RTE_PTYPE_ALL_MASK);
		}
	}
	sink = sum;
	(void)sink;
	figures[0] = (double)(rte_rdtsc_precise() - begin) / PACKETS;
}

/* As run_rte(), and what VXLAN carries besides: what weir finds of it. */
static void
run_rte_inner(const void *arg, double figures[])
{
	const struct visits *visits = arg;
	struct rte_net_hdr_lens lens;
	volatile uint32_t sink;
	uint32_t sum = 0;
	uint64_t begin = rte_rdtsc_precise();

	for (unsigned int done = 0; done < PACKETS; done += visits->n) {
		for (unsigned int i = 0; i < visits->n; i++) {
			struct rte_mbuf *mbuf = visits->mbufs[i];
			uint16_t outer;

			sum += rte_net_get_ptype(mbuf, &lens, RTE_PTYPE_ALL_MASK);
			outer = (uint16_t)(lens.l2_len + lens.l3_len + lens.l4_len +
				sizeof(struct rte_vxlan_hdr));
			rte_pktmbuf_adj(mbuf, outer);
			sum += rte_net_get_ptype(mbuf, &lens, RTE_PTYPE_ALL_MASK);
			rte_pktmbuf_prepend(mbuf, outer);
		}
	}
	sink = sum;
	(void)sink;
	figures[0] = (double)(rte_rdtsc_precise() - begin) / PACKETS;
}

static void
run_weir(const void *arg, double figures[])
{
	const struct visits *visits = arg;
	struct weir_parse_burst burst = { .size = sizeof(burst), .port = 1 };
	uint64_t begin = rte_rdtsc_precise();

	for (unsigned int done = 0; done < PACKETS; done += visits->n) {
		burst.tsc = begin;
		for (unsigned int i = 0; i < visits->n; i += BURST)
			weir_parse(visits->mbufs + i, BURST, &burst);
	}
	if (burst.verdicts[WEIR_VERDICT_OK] != PACKETS)
		bench_die("a frame is malformed");
	figures[0] = (double)(rte_rdtsc_precise() - begin) / PACKETS;
}

static void
measure(struct bench *bench, const char *frames, const struct frame_mix *mix,
	const struct visits *visits, double at_most)
{
	/* rte_net_get_ptype() does not look into VXLAN by itself. */
	bool inner = mix->n == 1 && mix->kinds[0] == VXLAN_TCP4;
	const struct bench_side sides[] = {
		{ .name = "weir", .run = run_weir, .arg = visits },
		{ .name = "rte_net_get_ptype",
			.run = run_rte,
			.arg = visits,
			.at_most = { inner ? 0 : at_most } },
		{ .name = "rte_net_get_ptype, prefetching",
			.run = run_rte_prefetch,
			.arg = visits },
		{ .name = "rte_net_get_ptype, inner too",
			.run = run_rte_inner,
			.arg = visits,
			.at_most = { at_most } },
	};
	char name[64];

	snprintf(name, sizeof(name), "%s %s", frames, mix->name);
	bench_case(bench, name, sides, inner ? 4 : 3, 0);
}

/* Whether a case was asked for: making its frames takes longer than its rounds. */
static bool
wanted(const struct bench *bench, const char *frames, const struct frame_mix *mix)
{
	char name[64];

	snprintf(name, sizeof(name), "%s %s", frames, mix->name);
	return bench->only_case == NULL || strstr(name, bench->only_case) != NULL;
}

static void
measure_warm(struct bench *bench, const struct frame_mix *mix, struct rte_mbuf *mbufs[])
{
	static struct rte_mbuf *order[VISITS];
	const struct visits visits = { order, VISITS };

	for (unsigned int i = 0; i < mix->frames; i++)
		frame_make(mbufs[i], mix);
	for (unsigned int i = 0; i < VISITS; i++)
		order[i] = mbufs[frames_random() % mix->frames];
	measure(bench, "warm", mix, &visits, 1.1);
}

/* Every frame once, in an order that no prefetcher follows. */
static void
measure_cold(struct bench *bench, const struct frame_mix *mix, struct rte_mbuf *mbufs[])
{
	const struct visits visits = { mbufs, PACKETS };

	for (unsigned int i = PACKETS - 1; i > 0; i--) {
		unsigned int other = frames_random() % (i + 1);
		struct rte_mbuf *mbuf = mbufs[i];

		mbufs[i] = mbufs[other];
		mbufs[other] = mbuf;
	}
	for (unsigned int i = 0; i < PACKETS; i++)
		frame_make(mbufs[i], mix);
	measure(bench, "cold", mix, &visits, 0);
}

int
main(int argc, char **argv)
{
	static struct rte_mbuf *mbufs[PACKETS];
	struct bench bench = {
		.name = "parse",
		.title = "weir_parse() beside rte_net_get_ptype()",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics),
	};
	struct rte_mempool *pool;
	const struct frame_mix *mix;

	bench_open(&bench, argc, argv);
	bench_eal_with(&bench, NULL, "0", MEMORY_MB);
	pool = weir_pool_create("parse", PACKETS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL || rte_pktmbuf_alloc_bulk(pool, mbufs, PACKETS) != 0)
		bench_die("no mbufs: %s", rte_strerror(rte_errno));
	for (mix = frame_mixes; mix->name != NULL; mix++)
		if (wanted(&bench, "warm", mix))
			measure_warm(&bench, mix, mbufs);
	for (mix = frame_mixes; mix->name != NULL; mix++)
		if (wanted(&bench, "cold", mix))
			measure_cold(&bench, mix, mbufs);
	rte_pktmbuf_free_bulk(mbufs, PACKETS);
	rte_mempool_free(pool);
	return bench_close(&bench);
}
