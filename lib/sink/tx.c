/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * tx: sends packets out of a port. Lossless: what the queue does not take is held and tried again,
 * and meanwhile nothing more is let in; but for frames of a length that the port never takes, which
 * are dropped. Once the port's device went away all is dropped.
 */
#include <errno.h>
#include <stdbool.h>

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_log.h>

#include "sink_private.h"

RTE_LOG_REGISTER(logtype_tx, lib.weir.tx, NOTICE)

/* Reclaim sent mbufs on one tick in so many: an idle worker ticks all the time. */
#define TX_RECLAIM_TICKS 64

struct tx_state {
	uint16_t queue;
	uint16_t held; /* of `mbufs`, from the first */
	uint16_t ticks;
	bool no_cleanup; /* the driver reclaims only when it sends */
	const char *device;
	struct rte_mbuf *mbufs[TX_HELD_MAX];
};

static int
tx_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	const struct tx_conf *given = conf;
	struct tx_state *tx = state;
	uint16_t port;

	if (weir_worker_queue(worker, &port, &tx->queue) != 0)
		return weir_error_set(error, ENODEV, "[stage %s] no TX queue on device '%s'",
			weir_worker_name(worker), given->device);
	tx->device = given->device;
	return 0;
}

/*
 * Put back the VLAN tag that the NIC stripped. What else the RX side left in ol_flags is harmless:
 * RX and TX flags are different bits.
 *
 * A shared packet cannot be changed, and would leave without its tag: into another network.
 */
static bool
tx_prepare(struct weir_event *event)
{
	struct rte_mbuf *mbuf = weir_event_mbuf(event);

	if (likely(!(event->flags & WEIR_EVENT_VLAN_STRIPPED)))
		return true;
	if (event->flags & WEIR_EVENT_SHARED)
		return false;
	return rte_vlan_insert(&mbuf) == 0;
}

/*
 * Drop a frame that was not taken where no room will ever help: its length is wrong. Only of those
 * that were not taken is that asked: what takes longer ones all the same gets them.
 */
static bool
tx_refused(struct weir_worker *worker, struct rte_mbuf *mbuf)
{
	struct weir_event *event = weir_mbuf_event(mbuf);
	rte_be16_t room;
	const rte_be16_t *type = rte_pktmbuf_read(mbuf, offsetof(struct rte_ether_hdr, ether_type),
		sizeof(room), &room);

	if (frame_fits(&worker->takes, rte_pktmbuf_pkt_len(mbuf),
		    type != NULL && *type == RTE_BE16(RTE_ETHER_TYPE_VLAN)))
		return false;
	weir_drop(worker, TX_PORT_REFUSED, &event, 1);
	return true;
}

/* Send from the front of `mbufs`, of which `count` are filled; how many are left. */
static uint16_t
tx_send(struct weir_worker *worker, struct tx_state *tx, uint16_t count)
{
	uint16_t at = 0, sent;

	do {
		sent = rte_eth_tx_burst(worker->port, tx->queue, &tx->mbufs[at], count - at);
		weir_transmitted(worker, sent);
		at += sent;
	} while (unlikely(at < count) && tx_refused(worker, tx->mbufs[at]) && ++at < count);
	for (uint16_t i = at; unlikely(i < count); i++)
		tx->mbufs[i - at] = tx->mbufs[i];
	return count - at;
}

/* Take events to the end of `mbufs`; events without a packet end here. The new count. */
static uint16_t
tx_take(struct weir_worker *worker, struct tx_state *tx, struct weir_event *events[], uint16_t n)
{
	uint16_t count = tx->held;

	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(events[i]->type != WEIR_EVENT_PACKET))
			weir_release(worker, &events[i], 1);
		else if (unlikely(count == TX_HELD_MAX))
			weir_drop(worker, TX_QUEUE_FULL, &events[i], 1);
		else if (unlikely(!tx_prepare(events[i])))
			weir_drop(worker, TX_VLAN_INSERT, &events[i], 1);
		else
			tx->mbufs[count++] = weir_event_mbuf(events[i]);
	}
	return count;
}

/* The port went away: drop all of `mbufs`, of which `count` are filled. */
static uint16_t
tx_drop(struct weir_worker *worker, struct tx_state *tx, uint16_t count)
{
	struct weir_event *events[TX_HELD_MAX];

	for (uint16_t i = 0; i < count; i++)
		events[i] = weir_mbuf_event(tx->mbufs[i]);
	weir_unhold(worker, tx->held);
	tx->held = 0;
	weir_drop(worker, TX_PORT_GONE, events, count);
	return count;
}

static void
tx_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct tx_state *tx = state;
	uint16_t count = tx_take(worker, tx, events, n);
	uint16_t left = count;

	if (unlikely(worker_port_gone(worker))) {
		tx_drop(worker, tx, count);
		return;
	}
	if (likely(count > 0))
		left = tx_send(worker, tx, count);
	if (left > tx->held)
		weir_hold(worker, left - tx->held);
	else if (left < tx->held)
		weir_unhold(worker, tx->held - left);
	tx->held = left;
}

/* Everything, or nothing while the queue is behind: what is held goes first. */
static unsigned int
tx_room(struct weir_worker *worker __rte_unused, void *state)
{
	const struct tx_state *tx = state;

	return tx->held == 0 ? TX_HELD_MAX : 0;
}

static uint16_t
tx_retry(struct weir_worker *worker, struct tx_state *tx)
{
	uint16_t left = tx_send(worker, tx, tx->held), gone = tx->held - left;

	tx->held = left;
	weir_unhold(worker, gone);
	return gone;
}

/*
 * Have the driver free what was sent. Most do so only when they send more, so that a port gone
 * quiet would keep a ring full of mbufs.
 */
static void
tx_reclaim(const struct weir_worker *worker, struct tx_state *tx)
{
	if (!tx->no_cleanup && rte_eth_tx_done_cleanup(worker->port, tx->queue, 0) == -ENOTSUP)
		tx->no_cleanup = true;
	if (tx->no_cleanup)
		rte_eth_tx_burst(worker->port, tx->queue, tx->mbufs, 0);
}

static unsigned int
tx_tick(struct weir_worker *worker, void *state, unsigned int room __rte_unused)
{
	struct tx_state *tx = state;

	if (unlikely(worker_port_gone(worker)))
		return tx_drop(worker, tx, tx->held);
	if (tx->held > 0)
		return tx_retry(worker, tx);
	if (++tx->ticks % TX_RECLAIM_TICKS == 0)
		tx_reclaim(worker, tx);
	return 0;
}

static unsigned int
tx_drain(struct weir_worker *worker, void *state, unsigned int room __rte_unused)
{
	struct tx_state *tx = state;

	if (unlikely(worker_port_gone(worker)))
		tx_drop(worker, tx, tx->held);
	else if (tx->held > 0)
		tx_retry(worker, tx);
	return tx->held;
}

/* Why the port may have taken no more, as far as it says. */
static void
tx_tell_left(const struct weir_worker *worker, const struct tx_state *tx)
{
	struct rte_eth_link link;
	bool known = !worker_port_gone(worker) && rte_eth_link_get_nowait(worker->port, &link) == 0;

	rte_log(RTE_LOG_WARNING, (uint32_t)logtype_tx,
		"stage '%s' worker %u: %u packets were left that '%s' did not take; its link is %s\n",
		weir_worker_name(worker), weir_worker_index(worker), tx->held, tx->device,
		!known                                      ? "not known" :
			link.link_status == RTE_ETH_LINK_UP ? "up" :
							      "down");
}

static void
tx_fini(struct weir_worker *worker, void *state)
{
	struct tx_state *tx = state;
	struct weir_event *events[TX_HELD_MAX];

	if (tx->held > 0)
		tx_tell_left(worker, tx);
	for (uint16_t i = 0; i < tx->held; i++)
		events[i] = weir_mbuf_event(tx->mbufs[i]);
	weir_abandon(worker, events, tx->held);
	tx->held = 0;
}

/* What does not go with a port that is the application's, or with any other. */
static int
tx_check(const char *node, const void *conf, struct weir_error *error)
{
	const struct tx_conf *given = conf;

	if (given->adopt && given->descriptors != 0)
		return weir_error_set(error, EINVAL,
			"[stage %s] descriptors: with adopt = on nothing of the port is configured: "
			"leave it out; the application does that by rte_eth_tx_queue_setup()",
			node);
	if (!given->adopt && given->queue_first != 0)
		return weir_error_set(error, EINVAL,
			"[stage %s] queue.first = %llu: expected adopt = on with it: of a port that "
			"weir sets up the stages that send on it share all queues",
			node, (unsigned long long)given->queue_first);
	return 0;
}

static const char *const auto_word[] = { "auto", NULL };

static const struct weir_param tx_params[] = {
	{ .name = "device",
		.type = WEIR_PARAM_STRING,
		.offset = offsetof(struct tx_conf, device),
		.help = "ethdev name or PCI address of the port to send on" },
	{ .name = "descriptors",
		.type = WEIR_PARAM_SIZE,
		.offset = offsetof(struct tx_conf, descriptors),
		.min = 1,
		.max = UINT16_MAX,
		.def = "auto",
		.values = auto_word,
		.help = "TX descriptors of each queue; auto: what the driver prefers" },
	{ .name = "adopt",
		.type = WEIR_PARAM_BOOL,
		.offset = offsetof(struct tx_conf, adopt),
		.def = "off",
		.help = "the application has set up and started the port, and keeps it: its queues are "
			"sent on, and nothing of it is configured, started or stopped" },
	{ .name = "queue.first",
		.type = WEIR_PARAM_UINT,
		.offset = offsetof(struct tx_conf, queue_first),
		.max = RTE_MAX_QUEUES_PER_PORT - 1,
		.def = "0",
		.help = "with adopt = on: the first TX queue that is sent on, of as many as workers says" },
	{ .name = NULL },
};

static const char *const tx_reasons[] = {
	[TX_VLAN_INSERT] = "vlan_insert",
	[TX_QUEUE_FULL] = "tx_queue_full",
	[TX_PORT_GONE] = "port_gone",
	[TX_PORT_REFUSED] = "port_refused",
	NULL,
};

static const char *const tx_outputs[] = { NULL };

const struct weir_stage_ops stage_tx = {
	WEIR_STAGE_OPS,
	.name = "tx",
	.help = "send packets out of a port",
	.params = tx_params,
	.conf_size = sizeof(struct tx_conf),
	.state_size = sizeof(struct tx_state),
	.outputs = tx_outputs,
	.reasons = tx_reasons,
	.max_held = TX_HELD_MAX,
	.transmits = 1,
	.check = tx_check,
	.init = tx_init,
	.process = tx_process,
	.room = tx_room,
	.tick = tx_tick,
	.drain = tx_drain,
	.fini = tx_fini,
};
