/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The ethdev source: poll a queue of a port, parse what came. */
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>

#include "capture.h"
#include "ethdev_private.h"

/* Packets asked of the driver at once: a multiple of what its vector code takes. */
#define RX_PART 16

/* A start ends, with or without a link. */
#define LINK_WAIT_MAX_NS UINT64_C(60000000000)

/* Longest packet of drivers that make chains unasked: libpcap's. */
#define CHAINED_MAX CAPTURE_PACKET_MAX

static const char *const auto_word[] = { "auto", NULL };
static const char *const choice_words[] = { "off", "on", "auto", NULL };
static const char *const rss_words[] = { "off", "ip", "l4", "auto", NULL };
static const char *const flow_words[] = { "keep", "off", "rx", "tx", "full", NULL };

static const struct weir_param ethdev_params[] = {
	{ .name = "promiscuous",
		.type = WEIR_PARAM_ENUM,
		.offset = offsetof(struct ethdev_conf, promiscuous),
		.def = "auto",
		.values = choice_words,
		.help = "receive frames for other stations too; auto: unless mac says for which" },
	{ .name = "mac",
		.type = WEIR_PARAM_STRING,
		.offset = offsetof(struct ethdev_conf, mac),
		.def = "",
		.help = "addresses that frames are received for beside the port's own, with commas" },
	{ .name = "allmulticast",
		.type = WEIR_PARAM_BOOL,
		.offset = offsetof(struct ethdev_conf, allmulticast),
		.def = "off",
		.help = "receive frames for all groups; without promiscuous mode that takes them anyway" },
	{ .name = "rss",
		.type = WEIR_PARAM_ENUM,
		.offset = offsetof(struct ethdev_conf, rss),
		.def = "auto",
		.values = rss_words,
		.help = "what the port spreads over its queues by: addresses, ports too, or not; auto: as "
			"much as it can" },
	{ .name = "vlan_strip",
		.type = WEIR_PARAM_BOOL,
		.offset = offsetof(struct ethdev_conf, vlan_strip),
		.def = "off",
		.help = "have the port take VLAN tags out of frames; events have them either way" },
	{ .name = "timestamp",
		.type = WEIR_PARAM_BOOL,
		.offset = offsetof(struct ethdev_conf, timestamp),
		.def = "off",
		.help = "wire times by the port's clock; costs fast receive paths of drivers, as --plan says" },
	{ .name = "rx_drop",
		.type = WEIR_PARAM_ENUM,
		.offset = offsetof(struct ethdev_conf, rx_drop),
		.def = "auto",
		.values = choice_words,
		.help = "frames for a full queue are dropped, or keep those for others; auto: as its "
			"driver has it" },
	{ .name = "flow_control",
		.type = WEIR_PARAM_ENUM,
		.offset = offsetof(struct ethdev_conf, flow_control),
		.def = "keep",
		.values = flow_words,
		.help = "pause frames: obeyed (rx), sent (tx), both (full); keep: as the port has it" },
	{ .name = "link_wait",
		.type = WEIR_PARAM_DURATION,
		.offset = offsetof(struct ethdev_conf, link_wait),
		.max = LINK_WAIT_MAX_NS,
		.def = "0",
		.help = "how long a start waits at most for the link to be up" },
	{ .name = "mtu",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct ethdev_conf, mtu),
		.min = RTE_ETHER_MIN_MTU,
		.max = UINT16_MAX,
		.def = "auto",
		.values = auto_word,
		.help = "MTU that the port is set to; auto: it stays as it is" },
	{ .name = "match",
		.type = WEIR_PARAM_STRING,
		.offset = offsetof(struct ethdev_conf, match),
		.def = "",
		.help = "packets that are asked for, a pcap expression as tcp port 443; the others are "
			"dropped as unmatched" },
	{ .name = "match.rules",
		.type = WEIR_PARAM_BOOL,
		.offset = offsetof(struct ethdev_conf, match_rules),
		.def = "on",
		.help = "what the port can do of match becomes rules in it (rte_flow), which keep the rest "
			"out; off: all of it in software" },
	{ .name = "adopt",
		.type = WEIR_PARAM_BOOL,
		.offset = offsetof(struct ethdev_conf, adopt),
		.def = "off",
		.help = "the application has set up and started the port, and keeps it: its queues are "
			"polled, and nothing of it is configured, started or stopped" },
	{ .name = "queue.first",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct ethdev_conf, queue_first),
		.max = RTE_MAX_QUEUES_PER_PORT - 1,
		.def = "0",
		.help = "with adopt = on: the first RX queue that is polled, of as many as queues says" },
	{ .name = "port_events",
		.type = WEIR_PARAM_BOOL,
		.offset = offsetof(struct ethdev_conf, port_events),
		.def = "off",
		.help = "tell the stages behind of the port's link, that it goes away and comes back, "
			"by events of type port" },
	{ .name = NULL },
};

static uint16_t ethdev_poll_cut(struct weir_worker *worker, void *state,
	struct weir_event *events[], uint16_t n);

/* What the driver does with long frames. */
static void
ethdev_frames(struct weir_worker *worker, struct ethdev_state *s)
{
	uint32_t room = RTE_MBUF_DEFAULT_DATAROOM;
	struct rte_eth_dev_info info;

	/* None where every packet comes in an mbuf of the application's. */
	if (worker->pool != NULL)
		room = rte_pktmbuf_data_room_size(worker->pool) - RTE_PKTMBUF_HEADROOM;
	s->segments = (CHAINED_MAX + room - 1) / room;
	if (rte_eth_dev_info_get(worker->port, &info) == 0)
		s->cut = port_cut(&info);
	/* The others need not ask. */
	if (s->cut != 0)
		worker->poll = ethdev_poll_cut;
}

/*
 * A driver that makes chains reads a packet before it knows whether there are mbufs for it: so there
 * must be, for each of the longest, or nothing is taken. What other lcores have in their caches is
 * not to be had here.
 */
static unsigned int
ethdev_room(struct weir_worker *worker, void *state)
{
	const struct ethdev_state *s = state;
	struct rte_mempool *pool = worker->pool;
	const struct rte_mempool_cache *cache = rte_mempool_default_cache(pool, rte_lcore_id());
	/* As rte_mempool_ops_get_count(), which DPDK's library does not export. */
	unsigned int n = rte_mempool_get_ops(pool->ops_index)->get_count(pool);

	n += cache != NULL ? cache->len : 0;
	n /= s->segments * worker->count;
	return n < POLL_LEAST ? 0 : n;
}

static int
ethdev_init(struct weir_worker *worker, const void *conf_, void *state, struct weir_error *error)
{
	const struct ethdev_conf *conf = conf_;
	struct ethdev_state *s = state;

	if (conf->port_events && worker->index == 0)
		worker->changes = &s->changes;
	s->away = worker_reaches_ring(worker);
	source_parse_init(worker, worker->port, worker->queue, &s->parse);
	ethdev_frames(worker, s);
	s->stamps = conf->timestamp != 0;
	if (wire_clock_init(worker->port, s->stamps, &s->clock) != 0)
		return weir_error_set(error, ENOTSUP,
			"[source %s] timestamp = on: the port's driver tells no clock by which its "
			"timestamps become times; leave it out",
			weir_worker_name(worker));
	if (conf->program == NULL)
		return 0;
	worker->poll = ethdev_poll_match;
	return source_match_create(worker, conf->program, &s->match, error);
}

static void
ethdev_fini(struct weir_worker *worker, void *state)
{
	struct ethdev_state *s = state;

	(void)worker;
	match_free(s->match);
	s->match = NULL;
}

static size_t
ethdev_memory(const void *conf_)
{
	const struct ethdev_conf *conf = conf_;

	return conf->program != NULL ? match_memory(conf->program) : 0;
}

static int
ethdev_compile(const char *node, void *conf_, struct weir_error *error)
{
	struct ethdev_conf *conf = conf_;

	return source_match_compile(node, conf->match, &conf->program, error);
}

static void
ethdev_discard(void *conf_)
{
	struct ethdev_conf *conf = conf_;

	match_program_free(conf->program);
	conf->program = NULL;
}

/*
 * Take at most n mbufs, whose events nobody but this lcore ever has. `foreign` is set where one is
 * of another pool than the worker's.
 */
static uint16_t
receive_home(const struct weir_worker *worker, struct rte_mbuf *mbufs[],
	struct weir_event *events[], uint16_t n, bool *foreign)
{
	n = rte_eth_rx_burst(worker->port, worker->queue, mbufs, n);
	UNROLL(4)
	for (uint16_t i = 0; i < n; i++) {
		events[i] = weir_mbuf_event(mbufs[i]);
		*foreign |= mbufs[i]->pool != worker->pool;
	}
	return n;
}

/*
 * Take at most n mbufs, in parts: while the driver fetches the next part, the event lines of the
 * last one come over from the core that read them before. One hop over two cores of an EPYC makes
 * 1.1 times the events of RX bursts of 32 that fetch nothing, and 1.4 times with TCP frames (medians
 * of 15 alternating rounds); 0.95 of that where the loop is unrolled and fetches by fours. Three
 * stages on one lcore make 1.06 times as many without this.
 */
static uint16_t
receive_away(const struct weir_worker *worker, struct rte_mbuf *mbufs[],
	struct weir_event *events[], uint16_t n, bool *foreign)
{
	uint16_t got = 0;

	while (got < n) {
		uint16_t ask = RTE_MIN((uint16_t)(n - got), RX_PART), end;

		end = got + rte_eth_rx_burst(worker->port, worker->queue, mbufs + got, ask);
		ask += got;
		for (; got < end; got++) {
			events[got] = weir_mbuf_event(mbufs[got]);
			prefetch_write(events[got]);
			*foreign |= mbufs[got]->pool != worker->pool;
		}
		if (got < ask)
			break;
	}
	return got;
}

static uint16_t
ethdev_poll(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct ethdev_state *s = state;
	struct rte_mbuf *mbufs[BURST_MAX];
	bool foreign = false;

	if (unlikely(worker_port_gone(worker)) || fault_hit(FAULT_SILENT))
		return 0;
	n = RTE_MIN(n, BURST_MAX);
	n = s->away ? receive_away(worker, mbufs, events, n, &foreign) :
		      receive_home(worker, mbufs, events, n, &foreign);
	if (n == 0)
		return 0;
	return events_make(worker, s, mbufs, events, n, foreign);
}

static void
ethdev_watch(struct weir_worker *worker, void *state)
{
	struct ethdev_state *s = state;

	wire_clock_watch(&s->clock, worker->port);
}

static void
ethdev_back(struct weir_worker *worker, void *state)
{
	struct ethdev_state *s = state;

	s->parse.port = worker->port;
	wire_clock_init(worker->port, s->stamps, &s->clock);
}

static uint16_t
ethdev_poll_cut(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	n = ethdev_poll(worker, state, events, n);
	cut_look(state, events, n);
	return n;
}

static void
ethdev_pressure(struct weir_worker *worker, void *state, bool on)
{
	struct ethdev_state *s = state;

	s->parse.depth = on ? worker->under_pressure : WEIR_PARSE_FULL;
}

/* Keys by which a port is configured, and how the application does that. */
static const struct {
	const char *key;
	size_t offset;
	uint64_t unset;
	const char *instead;
} configuring[] = {
	{ "promiscuous", offsetof(struct ethdev_conf, promiscuous), PORT_AUTO,
		"rte_eth_promiscuous_enable() or rte_eth_promiscuous_disable()" },
	{ "allmulticast", offsetof(struct ethdev_conf, allmulticast), 0,
		"rte_eth_allmulticast_enable()" },
	{ "rss", offsetof(struct ethdev_conf, rss), PORT_RSS_AUTO,
		"rx_adv_conf.rss_conf of struct rte_eth_conf" },
	{ "vlan_strip", offsetof(struct ethdev_conf, vlan_strip), 0,
		"RTE_ETH_RX_OFFLOAD_VLAN_STRIP in rxmode.offloads of struct rte_eth_conf" },
	{ "rx_drop", offsetof(struct ethdev_conf, rx_drop), PORT_AUTO,
		"rx_drop_en of struct rte_eth_rxconf" },
	{ "flow_control", offsetof(struct ethdev_conf, flow_control), PORT_FLOW_KEEP,
		"rte_eth_dev_flow_ctrl_set()" },
	{ "mtu", offsetof(struct ethdev_conf, mtu), 0, "rte_eth_dev_set_mtu()" },
};

static int
adopt_refused(const char *node, const char *key, const char *instead, struct weir_error *error)
{
	return weir_error_set(error, EINVAL,
		"[source %s] %s: with adopt = on nothing of the port is configured: leave it out; the "
		"application does that by %s",
		node, key, instead);
}

/* What does not go with a port that is the application's, or with any other. */
static int
adopt_check(const char *node, const struct ethdev_conf *conf, struct weir_error *error)
{
	if (!conf->adopt && conf->queue_first != 0)
		return weir_error_set(error, EINVAL,
			"[source %s] queue.first = %llu: expected adopt = on with it: of a port that "
			"weir sets up it polls all queues, from 0 on",
			node, (unsigned long long)conf->queue_first);
	for (unsigned int i = 0; conf->adopt && i < RTE_DIM(configuring); i++)
		if (*(const uint64_t *)((const char *)conf + configuring[i].offset) !=
			configuring[i].unset)
			return adopt_refused(node, configuring[i].key, configuring[i].instead,
				error);
	if (conf->adopt && conf->mac[0] != '\0')
		return adopt_refused(node, "mac", "rte_eth_dev_mac_addr_add()", error);
	return 0;
}

static int
ethdev_check(const char *node, const void *conf_, struct weir_error *error)
{
	const struct ethdev_conf *conf = conf_;
	int rc = adopt_check(node, conf, error);

	if (rc != 0 || conf->mac[0] == '\0')
		return rc;
	if (port_macs(conf->mac, NULL) < 0)
		return weir_error_set(error, EINVAL,
			"[source %s] mac = %.64s: expected at most %u addresses as 02:00:00:00:00:01, "
			"with commas between them",
			node, conf->mac, PORT_MACS_MAX);
	if (conf->promiscuous == PORT_ON)
		return weir_error_set(error, EINVAL,
			"[source %s] promiscuous = on takes all frames, whatever mac says: leave one of "
			"them out",
			node);
	return 0;
}

const struct source_ops source_ethdev = {
	.type = {
		.name = "ethdev",
		.help = "packets of the queues of a DPDK port, named by `device`",
		.params = ethdev_params,
	},
	.conf_size = sizeof(struct ethdev_conf),
	.state_size = sizeof(struct ethdev_state),
	.least = POLL_LEAST,
	.chained = CHAINED_MAX,
	.check = ethdev_check,
	.compile = ethdev_compile,
	.discard = ethdev_discard,
	.memory = ethdev_memory,
	.init = ethdev_init,
	.poll = ethdev_poll,
	.room = ethdev_room,
	.checked = true,
	.pressure = ethdev_pressure,
	.watch = ethdev_watch,
	.fini = ethdev_fini,
	.back = ethdev_back,
};
