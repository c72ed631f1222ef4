/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Setting up an ethdev port with what it has. */
#include <string.h>

#include <rte_ethdev.h>
#include <rte_log.h>

#include "source_private.h"

RTE_LOG_REGISTER(logtype_port, lib.weir.source, NOTICE);
#define PORT_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_port, __VA_ARGS__)

/* Longest RSS key of the drivers that DPDK has. */
#define RSS_KEY_MAX 64
#define RSS_TYPES (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_SCTP)
/* Room of an mbuf beyond the MTU: headroom, Ethernet, two tags, FCS, and a margin. */
#define PORT_ROOM_MORE (RTE_PKTMBUF_HEADROOM + 64)
/* What is looked for in the queue of a port that stops: mbufs at once, and in all. */
#define LEFT_BURST 32
#define LEFT_MAX 4096
#define RX_OFFLOADS (RTE_ETH_RX_OFFLOAD_CHECKSUM | RTE_ETH_RX_OFFLOAD_TIMESTAMP)

/*
 * A Toeplitz key of a repeated 16-bit pattern hashes both directions of a flow alike: "Scalable
 * TCP Session Monitoring with Symmetric Receive-side Scaling", Woo and Park, 2012.
 */
static uint8_t rss_key[RSS_KEY_MAX];

RTE_INIT(rss_key_init)
{
	for (unsigned int i = 0; i < RSS_KEY_MAX; i += 2) {
		rss_key[i] = 0x6d;
		rss_key[i + 1] = 0x5a;
	}
}

/* Spread by RSS where the port has it. */
static void
port_rss(const struct port_conf *conf, const struct rte_eth_dev_info *info,
	struct rte_eth_conf *eth)
{
	if (conf->rx_queues < 2)
		return;
	if ((info->flow_type_rss_offloads & RSS_TYPES) == 0) {
		PORT_LOG(NOTICE,
			"port %s has no RSS: its driver spreads over %u queues as it will\n",
			conf->name, conf->rx_queues);
		return;
	}
	eth->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	eth->rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & RSS_TYPES;
	if (info->hash_key_size > 0 && info->hash_key_size <= RSS_KEY_MAX) {
		eth->rx_adv_conf.rss_conf.rss_key = rss_key;
		eth->rx_adv_conf.rss_conf.rss_key_len = info->hash_key_size;
	}
}

static uint64_t
rx_offloads(const struct port_conf *conf, const struct rte_eth_dev_info *info)
{
	return info->rx_offload_capa &
		(RX_OFFLOADS | (conf->scatter ? RTE_ETH_RX_OFFLOAD_SCATTER : 0));
}

/* Configure with what the driver takes; conf gets what it wants besides. 0 or its error. */
static int
port_settle(struct port_conf *conf, const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf eth = { 0 };
	uint16_t rx = conf->rx_queues;
	int rc;

	/* Configuring makes it the usual one where nothing is said. */
	eth.rxmode.mtu = conf->mtu_given || conf->mtu == RTE_ETHER_MTU ? 0 : conf->mtu;
	eth.rxmode.offloads = rx_offloads(conf, info);
	eth.txmode.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	eth.intr_conf.rxq = conf->interrupts;
	/*
	 * A link is polled: with its interrupt ethdev gives what the driver told last, which is
	 * nothing for some (net_failsafe). This one panics when its peer goes and none is set up.
	 */
	eth.intr_conf.lsc = !conf->interrupts && strcmp(conf->driver, "net_virtio_user") == 0 &&
		(*info->dev_flags & RTE_ETH_DEV_INTR_LSC) != 0;
	port_rss(conf, info, &eth);
	rc = rte_eth_dev_configure(conf->id, rx, conf->tx_queues, &eth);
	if (rc == -EBUSY)
		return rc;
	if (rc != 0 && eth.rx_adv_conf.rss_conf.rss_key != NULL) {
		PORT_LOG(NOTICE, "port %s takes no RSS key: directions of a flow may part\n",
			conf->name);
		eth.rx_adv_conf.rss_conf.rss_key = NULL;
		eth.rx_adv_conf.rss_conf.rss_key_len = 0;
		rc = rte_eth_dev_configure(conf->id, rx, conf->tx_queues, &eth);
	}
	/* As net_tap, it may want as many of one as of the other. */
	if (rc != 0 && conf->tx_queues < rx && rx <= info->max_tx_queues) {
		conf->tx_queues = rx;
		rc = rte_eth_dev_configure(conf->id, rx, conf->tx_queues, &eth);
	}
	return rc;
}

static int
port_configure(struct port_conf *conf, const struct rte_eth_dev_info *info,
	struct weir_error *error)
{
	struct port_conf own = *conf;
	int rc = port_settle(&own, info);

	if (rc != 0 && rc != -EBUSY && conf->interrupts) {
		PORT_LOG(NOTICE, "port %s is tried without RX interrupts\n", conf->name);
		own = *conf;
		own.interrupts = false;
		rc = port_settle(&own, info);
	}
	*conf = own;
	if (rc == -EBUSY)
		return weir_error_set(error, EBUSY,
			"port %s runs already; use a source of type inject for a port of the application",
			conf->name);
	if (rc != 0)
		return weir_error_set(error, -rc, "port %s: %u RX and %u TX queues refused: %s",
			conf->name, conf->rx_queues, conf->tx_queues, rte_strerror(-rc));
	return 0;
}

static int
port_queues(const struct port_conf *conf, const struct rte_eth_dev_info *info,
	struct weir_error *error)
{
	struct rte_eth_rxconf rxconf = info->default_rxconf;
	struct rte_eth_txconf txconf = info->default_txconf;
	unsigned int socket =
		conf->socket < 0 ? (unsigned int)SOCKET_ID_ANY : (unsigned int)conf->socket;
	int rc = 0;

	rxconf.offloads = rx_offloads(conf, info);
	txconf.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	for (uint16_t q = 0; rc == 0 && q < conf->rx_queues; q++)
		rc = rte_eth_rx_queue_setup(conf->id, q, conf->rx_descriptors, socket, &rxconf,
			conf->pools[q]);
	for (uint16_t q = 0; rc == 0 && q < conf->tx_queues; q++)
		rc = rte_eth_tx_queue_setup(conf->id, q, conf->tx_descriptors, socket, &txconf);
	if (rc != 0)
		return weir_error_set(error, -rc, "port %s: a queue could not be set up: %s",
			conf->name, rte_strerror(-rc));
	return 0;
}

/* The MTU that the file gives; drivers that refuse it may give such frames all the same. */
static int
port_mtu(const struct port_conf *conf, const struct rte_eth_dev_info *info,
	struct weir_error *error)
{
	uint32_t longest = info->max_rx_pktlen - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN;
	int rc = conf->mtu_given ? rte_eth_dev_set_mtu(conf->id, conf->mtu) : 0;

	if (rc == 0)
		return 0;
	return weir_error_set(error, ENOTSUP,
		"port %s (%s) refuses mtu = %u: %s; it takes %u to %u: leave mtu out, set that of the "
		"interface where it has one, and data_room = %u in [pool]",
		conf->name, conf->driver, conf->mtu, rte_strerror(-rc), info->min_mtu,
		RTE_MIN(longest, (uint32_t)info->max_mtu),
		RTE_MIN(conf->mtu + PORT_ROOM_MORE, (unsigned int)UINT16_MAX));
}

int
port_set_up(const struct port_conf *conf, struct weir_error *error)
{
	struct rte_eth_dev_info info;
	struct port_conf own = *conf; /* with what the driver wants besides */
	int rc = rte_eth_dev_info_get(conf->id, &info);

	if (rc != 0)
		return weir_error_set(error, -rc, "port %s tells nothing of itself: %s", conf->name,
			rte_strerror(-rc));
	rc = packet_check(conf->name, &info, error);
	if (rc == 0)
		rc = port_configure(&own, &info, error);
	if (rc == 0)
		rc = port_mtu(&own, &info, error);
	if (rc == 0)
		rc = port_queues(&own, &info, error);
	if (rc == 0 && conf->receives)
		packet_warn(conf->name, &info);
	return rc;
}

int
port_start(const struct port_conf *conf, struct weir_error *error)
{
	int rc = rte_eth_dev_start(conf->id);

	if (rc != 0)
		return weir_error_set(error, -rc, "port %s does not start: %s", conf->name,
			rte_strerror(-rc));
	if (conf->promiscuous && rte_eth_promiscuous_enable(conf->id) != 0)
		PORT_LOG(NOTICE, "port %s has no promiscuous mode: only its own frames come in\n",
			conf->name);
	return 0;
}

/*
 * Free what waits in a queue that is polled no more: net_ring keeps it for ever otherwise. It never
 * came in. Some ports (net_null) give without end.
 */
static void
queue_empty(uint16_t id, uint16_t queue)
{
	struct rte_mbuf *mbufs[LEFT_BURST];
	uint16_t n;

	for (unsigned int left = 0; left < LEFT_MAX; left += n) {
		n = rte_eth_rx_burst(id, queue, mbufs, LEFT_BURST);
		if (n == 0)
			break;
		rte_pktmbuf_free_bulk(mbufs, n);
	}
}

void
port_stop(uint16_t id, uint16_t rx_queues)
{
	int rc;

	for (uint16_t q = 0; q < rx_queues; q++)
		queue_empty(id, q);
	rc = rte_eth_dev_stop(id);
	if (rc != 0)
		PORT_LOG(WARNING, "port %u does not stop: %s\n", id, rte_strerror(-rc));
}
