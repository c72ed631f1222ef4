/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a port that is received from is asked for, of what it offers and the file says. */
#include <errno.h>
#include <stdio.h>

#include <rte_common.h>

#include "plan_private.h"

/* Types of RSS by the layers whose fields they hash. */
#define RSS_L3 RTE_ETH_RSS_IP
#define RSS_L4 (RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_SCTP)
#define RSS_FRAGMENTS (RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_FRAG_IPV6)
/* What finds wrong checksums of L4. */
#define CHECKSUMS_L4 \
	(RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM | \
		RTE_ETH_RX_OFFLOAD_SCTP_CKSUM)

/* A source, its port, and what EAL says of that. */
struct receiving {
	struct weir_plan *plan;
	const struct node *node;
	struct plan_port *port;
	const struct machine_port *from;
	struct weir_error *error;
};

struct word {
	uint64_t bits;
	const char *name;
};

static const struct word rss_words[] = {
	{ RTE_ETH_RSS_IPV4, "ipv4" },
	{ RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_IPV6_EX, "ipv6" },
	{ RTE_ETH_RSS_NONFRAG_IPV4_OTHER | RTE_ETH_RSS_NONFRAG_IPV6_OTHER, "ip-other" },
	{ RSS_FRAGMENTS, "ip-frag" },
	{ RTE_ETH_RSS_TCP, "tcp" },
	{ RTE_ETH_RSS_UDP, "udp" },
	{ RTE_ETH_RSS_SCTP, "sctp" },
};

static size_t
word_add(char text[OFFLOADS_TEXT_SIZE], size_t at, const char *word)
{
	int n = snprintf(text + at, OFFLOADS_TEXT_SIZE - at, "%s%s", at > 0 ? " " : "", word);

	return RTE_MIN(at + (size_t)RTE_MAX(n, 0), (size_t)OFFLOADS_TEXT_SIZE - 1);
}

const char *
plan_rss_text(uint64_t types, char text[OFFLOADS_TEXT_SIZE])
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < RTE_DIM(rss_words); i++)
		if (types & rss_words[i].bits)
			at = word_add(text, at, rss_words[i].name);
	return at > 0 ? text : "none";
}

/* DPDK's own names, in capitals. */
static const char *
offloads_text(uint64_t offloads, const char *(*name)(uint64_t offload),
	char text[OFFLOADS_TEXT_SIZE])
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned int bit = 0; bit < 64; bit++)
		if (offloads & (UINT64_C(1) << bit))
			at = word_add(text, at, name(UINT64_C(1) << bit));
	return at > 0 ? text : "none";
}

const char *
plan_rx_offloads_text(uint64_t offloads, char text[OFFLOADS_TEXT_SIZE])
{
	return offloads_text(offloads, rte_eth_dev_rx_offload_name, text);
}

const char *
plan_tx_offloads_text(uint64_t offloads, char text[OFFLOADS_TEXT_SIZE])
{
	return offloads_text(offloads, rte_eth_dev_tx_offload_name, text);
}

/* What the file asks for by all means is not to be had. */
static int
not_offered(const struct receiving *r, const char *asked, const char *lacks, const char *has,
	const char *instead)
{
	return weir_error_set(r->error, ENOTSUP,
		"[source %s] %s: port %s (%s) %s no %s; it has: %s; %s", r->node->name, asked,
		r->port->name, r->port->driver != NULL ? r->port->driver : "?",
		r->port->adopted ? "was configured by the application with" : "has", lacks, has,
		instead);
}

static int
ask_offload(const struct receiving *r, const char *key, uint64_t choice, uint64_t offloads,
	const char *instead)
{
	uint64_t offered = r->from->rx_offloads & offloads;
	char asked[48], lacks[OFFLOADS_TEXT_SIZE], has[OFFLOADS_TEXT_SIZE];

	if (choice == PORT_OFF)
		return 0;
	if (choice == PORT_ON && offered != offloads) {
		snprintf(asked, sizeof(asked), "%s = on", key);
		return not_offered(r, asked, plan_rx_offloads_text(offloads & ~offered, lacks),
			plan_rx_offloads_text(r->from->rx_offloads, has), instead);
	}
	r->port->setup.rx_offloads |= offered;
	return 0;
}

static enum port_choice
checksum_choice(uint64_t checksum)
{
	switch (checksum) {
	case CHECKSUM_OFF:
		return PORT_OFF;
	case CHECKSUM_ON:
		return PORT_ON;
	default:
		return PORT_AUTO;
	}
}

/* What is to be dropped somebody must find: of what is asked for, the port one layer at least. */
static int
check_drop(const struct receiving *r)
{
	uint32_t asked = pipeline_drops(&r->node->conf).flags;
	uint64_t finds = 0;
	char has[OFFLOADS_TEXT_SIZE];

	if (asked & WEIR_EVENT_BAD_L3_CKSUM)
		finds |= RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	if (asked & WEIR_EVENT_BAD_L4_CKSUM)
		finds |= CHECKSUMS_L4;
	if (finds == 0 || (r->from->rx_offloads & finds) != 0 ||
		r->node->conf.checksum == CHECKSUM_VERIFY)
		return 0;
	return not_offered(r, "drop of wrong checksums", "offload that finds them",
		plan_rx_offloads_text(r->from->rx_offloads, has),
		"checksum = verify has weir find them");
}

static int
ask_offloads(const struct receiving *r)
{
	const struct ethdev_conf *keys = r->port->keys;
	bool unasked = port_stamps_unasked(r->port->driver);
	int ret = ask_offload(r, "checksum", checksum_choice(r->node->conf.checksum),
		RTE_ETH_RX_OFFLOAD_CHECKSUM, "auto takes what there is");

	if (ret == 0)
		ret = check_drop(r);
	if (ret == 0)
		ret = ask_offload(r, "vlan_strip", keys->vlan_strip, RTE_ETH_RX_OFFLOAD_VLAN_STRIP,
			"leave it out: events have the tags of frames too");
	if (ret == 0 && !unasked)
		ret = ask_offload(r, "timestamp", keys->timestamp, RTE_ETH_RX_OFFLOAD_TIMESTAMP,
			"leave it out: events have the time of their arrival at weir");
	if (r->port->scatter)
		r->port->setup.rx_offloads |= r->from->rx_offloads & RTE_ETH_RX_OFFLOAD_SCATTER;
	return ret;
}

/* The types of RSS that the file asks for, of those that there are. */
static int
ask_types(const struct receiving *r, uint64_t *types)
{
	uint64_t offered = r->from->rss & (RSS_L3 | RSS_L4);
	char has[OFFLOADS_TEXT_SIZE];

	*types = 0;
	switch (r->port->keys->rss) {
	case PORT_RSS_OFF:
		return 0;
	case PORT_RSS_IP:
		/* Others hash each kind of packet by itself: TCP and UDP would all come to queue 0. */
		if (!(offered & RTE_ETH_RSS_IPV4))
			return not_offered(r, "rss = ip", "RSS by addresses of any packet",
				plan_rss_text(offered, has), "rss = auto takes what there is");
		*types = offered & RSS_L3;
		return 0;
	case PORT_RSS_L4:
		if (!(offered & RSS_L4))
			return not_offered(r, "rss = l4", "RSS by ports",
				plan_rss_text(offered, has), "rss = auto takes what there is");
	}
	*types = offered;
	return 0;
}

/* Queues that nothing comes to, and what helps. */
static int
note_empty(const struct receiving *r)
{
	const struct plan_port *port = r->port;
	unsigned int queues = port->rx_queues;

	if (port->keys->rss == PORT_RSS_OFF)
		return plan_note(r->plan,
			"[source %s] rss = off: of %u queues of port %s only those fill that its driver "
			"fills by itself, of a NIC queue 0: set queues = 1",
			r->node->name, queues, port->name);
	if (port->setup.rss == 0)
		return plan_note(r->plan,
			"[source %s] queues = %u: port %s (%s) has no RSS: a NIC then fills queue 0 "
			"only; where the others stay empty, set queues = 1",
			r->node->name, queues, port->name,
			port->driver != NULL ? port->driver : "?");
	if (r->from->reta != 0 && queues > r->from->reta)
		return plan_note(r->plan,
			"[source %s] queues = %u: RSS of port %s fills %u at most, those behind stay "
			"empty: set queues = %u",
			r->node->name, queues, port->name, r->from->reta, r->from->reta);
	return 0;
}

/* What RSS parts that belongs together. */
static int
note_parted(const struct receiving *r)
{
	const struct plan_port *port = r->port;

	if (port->setup.rss == 0)
		return 0;
	if (port->setup.rss_key == 0 &&
		plan_note(r->plan,
			"[source %s] port %s tells no size of its RSS key, and keeps its own: both "
			"directions of a flow may come to different queues; a link with spread = flow "
			"brings them together",
			r->node->name, port->name) < 0)
		return -ENOMEM;
	if (!(port->setup.rss & RSS_L4) || (port->setup.rss & RSS_FRAGMENTS))
		return 0;
	return plan_note(r->plan,
		"[source %s] port %s names no RSS for fragments: where it hashes the first one of a "
		"datagram by its ports, that comes to another queue than the rest%s",
		r->node->name, port->name,
		port->setup.rss & RTE_ETH_RSS_IPV4 ? ": rss = ip keeps them together" : "");
}

static int
ask_rss(const struct receiving *r)
{
	struct port_setup *setup = &r->port->setup;
	uint64_t types;
	int ret = ask_types(r, &types);

	if (ret != 0 || r->port->rx_queues < 2)
		return ret;
	setup->rss = types;
	if (types != 0) {
		setup->reta = r->from->reta;
		if (r->from->rss_key <= PORT_RSS_KEY_MAX)
			setup->rss_key = r->from->rss_key;
	}
	if (note_empty(r) < 0 || note_parted(r) < 0)
		return plan_no_memory(r->error);
	return 0;
}

int
plan_port_setup(struct weir_plan *plan, struct weir_error *error)
{
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < plan->worker_count; i++) {
		const struct plan_worker *worker = &plan->workers[i];
		struct receiving r = { .plan = plan,
			.node = plan_node(plan, worker),
			.error = error };

		if (!r.node->source || worker->index != 0 || worker->port >= plan->port_count)
			continue;
		r.port = &plan->ports[worker->port];
		r.from = plan_machine_port(plan, r.port);
		ret = ask_offloads(&r);
		if (ret == 0 && r.port->adopted)
			r.port->setup.rx_offloads = r.from->found.rx_offloads;
		else if (ret == 0)
			ret = ask_rss(&r);
	}
	return ret;
}
