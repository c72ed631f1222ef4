/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * l3fwd: an application that forwards IPv4 between ports of its own, with weir in the middle. What it
 * receives it hands in; weir parses it and runs two stages, on another lcore if there is one; what
 * comes out is the application's again, which sends it. 10.P.0.0/16 is behind port P.
 *
 *     cc -o l3fwd l3fwd.c $(pkg-config --cflags --libs weir libdpdk)
 *     ./l3fwd -l 0-1 -- SECONDS
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_debug.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_lcore.h>

#include <weir/weir.h>

#define BURST 32
#define PORTS 4

static struct rte_ether_addr macs[PORTS];

static struct rte_ipv4_hdr *
ip_of(const struct weir_event *event)
{
	struct rte_mbuf *mbuf = weir_event_mbuf(event);

	if (event->verdict != WEIR_VERDICT_OK || !(event->flags & WEIR_EVENT_IPV4) ||
		rte_pktmbuf_data_len(mbuf) < event->l3_off + sizeof(struct rte_ipv4_hdr))
		return NULL;
	return rte_pktmbuf_mtod_offset(mbuf, struct rte_ipv4_hdr *, event->l3_off);
}

/* The first stage: the port that a packet leaves by goes into its first user word. */
static void
route(struct weir_worker *worker, void *state __rte_unused, struct weir_event *events[], uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		const struct rte_ipv4_hdr *ip = ip_of(events[i]);
		uint32_t to = ip != NULL ? rte_be_to_cpu_32(ip->dst_addr) : 0;

		events[i]->user[0] = to >> 16 & 0xff;
		if (to >> 24 == 10 && events[i]->user[0] < rte_eth_dev_count_avail())
			weir_forward(worker, 0, &events[i], 1);
		else
			weir_drop(worker, 0, &events[i], 1);
	}
}

/* The second: one hop further, with the addresses of the next network. */
static void
hop(struct weir_worker *worker, void *state __rte_unused, struct weir_event *events[], uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct rte_ether_hdr *ether =
			rte_pktmbuf_mtod(weir_event_mbuf(events[i]), struct rte_ether_hdr *);
		struct rte_ipv4_hdr *ip = ip_of(events[i]);

		if (ip->time_to_live <= 1) {
			weir_drop(worker, 0, &events[i], 1);
			continue;
		}
		ip->time_to_live--;
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		ether->src_addr = macs[events[i]->user[0]];
		ether->dst_addr = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, events[i]->user[0] } };
		weir_forward(worker, 0, &events[i], 1);
	}
}

static const struct weir_stage_ops route_ops = {
	WEIR_STAGE_OPS,
	.name = "route",
	.help = "find the port that a packet leaves by",
	.reasons = (const char *const[]){ "no_route", NULL },
	.writes = 1,
	.process = route,
	.keeps_hash = 1,
};
WEIR_STAGE_REGISTER(route_ops)

static const struct weir_stage_ops hop_ops = {
	WEIR_STAGE_OPS,
	.name = "hop",
	.help = "bring a packet one hop further",
	.reasons = (const char *const[]){ "ttl_expired", NULL },
	.writes = 1,
	.process = hop,
	.keeps_hash = 1,
};
WEIR_STAGE_REGISTER(hop_ops)

/* Nothing is lost on the way: what `out` has no room for waits in front, up to where we hand in. */
static struct weir_pipeline *
describe(struct weir_error *error)
{
	static const char *const keys[][3] = {
		{ "source in", "type", "inject" },
		{ "source in", "tunnel", "outer" },
		{ "stage route", "type", "route" },
		{ "stage route", "input", "in" },
		{ "stage hop", "type", "hop" },
		{ "stage hop", "input", "route" },
		{ "stage out", "type", "eject" },
		{ "stage out", "input", "hop" },
		{ "stage out", "events", "packets" },
		{ "link in route", "on_full", "block" },
		{ "link route hop", "on_full", "block" },
		{ "link hop out", "on_full", "block" },
	};
	struct weir_pipeline *pipeline = weir_pipeline_create("l3fwd", error);

	for (unsigned int i = 0; pipeline != NULL && i < RTE_DIM(keys); i++)
		if (weir_pipeline_set(pipeline, keys[i][0], keys[i][1], keys[i][2], error) != 0)
			rte_exit(EXIT_FAILURE, "%s\n", error->text);
	if (pipeline == NULL || weir_pipeline_check(pipeline, error) != 0)
		rte_exit(EXIT_FAILURE, "%s\n", error->text);
	return pipeline;
}

static void
open_port(uint16_t port, struct rte_mempool *pool)
{
	const struct rte_eth_conf conf = { 0 };
	unsigned int socket = (unsigned int)rte_eth_dev_socket_id(port);

	if (port >= PORTS || rte_eth_dev_configure(port, 1, 1, &conf) != 0 ||
		rte_eth_rx_queue_setup(port, 0, 1024, socket, NULL, pool) != 0 ||
		rte_eth_tx_queue_setup(port, 0, 1024, socket, NULL) != 0 ||
		rte_eth_macaddr_get(port, &macs[port]) != 0 || rte_eth_dev_start(port) != 0)
		rte_exit(EXIT_FAILURE, "cannot set up port %u\n", port);
}

static void
receive(struct weir_inject *in)
{
	struct rte_mbuf *mbufs[BURST];
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port) {
		uint16_t n = rte_eth_rx_burst(port, 0, mbufs, BURST);
		uint16_t taken = weir_inject_packets(in, mbufs, n);

		rte_pktmbuf_free_bulk(&mbufs[taken], n - taken);
	}
}

/* What came out is ours: each packet to its port. */
static void
transmit(struct weir_eject *out)
{
	struct rte_mbuf *mbufs[BURST];
	uint16_t n = weir_eject_packets(out, mbufs, BURST);

	for (uint16_t first = 0, end = 0; first < n; first = end) {
		uint16_t port = (uint16_t)weir_mbuf_event(mbufs[first])->user[0], sent;

		while (end < n && weir_mbuf_event(mbufs[end])->user[0] == port)
			end++;
		sent = rte_eth_tx_burst(port, 0, &mbufs[first], end - first);
		rte_pktmbuf_free_bulk(&mbufs[first + sent], end - first - sent);
	}
}

static void
loop(struct weir_engine *engine, struct weir_inject *in, struct weir_eject *out, double seconds)
{
	uint64_t end = rte_get_timer_cycles() + (uint64_t)(seconds * (double)rte_get_timer_hz());

	/* Until all that was handed in has come out. */
	while (!weir_engine_drained(engine)) {
		if (rte_get_timer_cycles() < end)
			receive(in);
		else
			weir_engine_stop_request(engine);
		if (weir_engine_polled(engine, rte_lcore_id()))
			weir_worker_poll(engine, rte_lcore_id());
		transmit(out);
	}
}

static int
finish(struct weir_engine *engine)
{
	struct weir_ledger ledger = WEIR_LEDGER_INIT;

	weir_engine_stop(engine, 1000);
	weir_ledger_read(engine, &ledger);
	printf("received %" PRIu64 " = ejected %" PRIu64 " + dropped %" PRIu64
	       "; unaccounted %" PRId64 "\n",
		ledger.received, ledger.ejected, ledger.dropped, ledger.unaccounted);
	return weir_engine_destroy(engine) == 0 && ledger.unaccounted == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	int eal = rte_eal_init(argc, argv), status;
	double seconds = eal > 0 && eal + 1 < argc ? atof(argv[eal + 1]) : 10;
	unsigned int other = rte_get_next_lcore(UINT_MAX, 1, 0);
	struct weir_plan_conf conf;
	struct weir_error error;
	struct rte_mempool *pool;
	char lcore[16];
	uint16_t port;

	if (eal < 0 || rte_eth_dev_count_avail() == 0)
		rte_exit(EXIT_FAILURE, "needs ports\n");
	pool = weir_pool_create("l3fwd", 16383, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL)
		rte_exit(EXIT_FAILURE, "no memory for packets\n");
	RTE_ETH_FOREACH_DEV (port)
		open_port(port, pool);

	struct weir_pipeline *pipeline = describe(&error);
	weir_plan_conf_init(&conf);
	snprintf(lcore, sizeof(lcore), "%u", other < RTE_MAX_LCORE ? other : rte_lcore_id());
	conf.lcores = lcore;
	struct weir_plan *plan = weir_plan_create(pipeline, &conf, &error);
	struct weir_engine *engine = plan != NULL ? weir_engine_create(plan, NULL, &error) : NULL;
	struct weir_inject *in = engine != NULL ? weir_inject_open(engine, "in", &error) : NULL;
	struct weir_eject *out =
		in != NULL ? weir_eject_open(engine, "out", WEIR_EJECT_ANY, &error) : NULL;

	if (out == NULL || weir_engine_start(engine, &error) != 0)
		rte_exit(EXIT_FAILURE, "%s\n", error.text);
	loop(engine, in, out, seconds);
	status = finish(engine);
	weir_plan_free(plan);
	weir_pipeline_free(pipeline);
	RTE_ETH_FOREACH_DEV (port) {
		rte_eth_dev_stop(port);
		rte_eth_dev_close(port);
	}
	if (rte_mempool_avail_count(pool) != pool->size)
		status = 1;
	rte_eal_cleanup();
	return status;
}
