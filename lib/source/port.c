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

/* Room of an mbuf beyond the MTU: headroom, Ethernet, two tags, FCS, and a margin. */
#define PORT_ROOM_MORE (RTE_PKTMBUF_HEADROOM + 64)
/* What is looked for in the queue of a port that stops: mbufs at once, and in all. */
#define LEFT_BURST 32
#define LEFT_MAX 4096

/* What a driver refuses the machine lacks; the pipeline is right, though many say that something is invalid. */
static int
driver_error(int rc)
{
	return rc == -EINVAL ? ENOTSUP : -rc;
}

static uint64_t
rx_offloads(const struct port_conf *conf, const struct rte_eth_dev_info *info)
{
	return conf->setup->rx_offloads & info->rx_offload_capa;
}

static uint64_t
tx_offloads(const struct port_conf *conf, const struct rte_eth_dev_info *info)
{
	return conf->setup->tx_offloads & info->tx_offload_capa;
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
	eth.txmode.offloads = tx_offloads(conf, info);
	eth.intr_conf.rxq = conf->interrupts;
	/*
	 * A link is polled: with its interrupt ethdev gives what the driver told last, which is
	 * nothing for some (net_failsafe). This one panics when its peer goes and none is set up.
	 */
	eth.intr_conf.lsc = !conf->interrupts && strcmp(conf->driver, "net_virtio_user") == 0 &&
		(*info->dev_flags & RTE_ETH_DEV_INTR_LSC) != 0;
	port_rss(conf, &eth);
	port_mark_own(&eth);
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
			"port %s runs already: a port of the application is taken with adopt = on, "
			"as it is; or by a source of type inject",
			conf->name);
	if (rc != 0)
		return weir_error_set(error, driver_error(rc),
			"port %s: %u RX and %u TX queues refused: %s", conf->name, conf->rx_queues,
			conf->tx_queues, rte_strerror(-rc));
	return 0;
}

/* What a driver made of them by itself, as far as it says: the pool was planned for those it was given. */
static void
descriptors_tell(const struct port_conf *conf)
{
	struct rte_eth_rxq_info rx;
	struct rte_eth_txq_info tx;

	if (conf->rx_queues != 0 && rte_eth_rx_queue_info_get(conf->id, 0, &rx) == 0 &&
		rx.nb_desc != 0 && rx.nb_desc != conf->rx_descriptors)
		PORT_LOG(NOTICE, "port %s: its driver makes %u RX descriptors of %u\n", conf->name,
			rx.nb_desc, conf->rx_descriptors);
	if (conf->tx_queues != 0 && rte_eth_tx_queue_info_get(conf->id, 0, &tx) == 0 &&
		tx.nb_desc != 0 && tx.nb_desc != conf->tx_descriptors)
		PORT_LOG(NOTICE, "port %s: its driver makes %u TX descriptors of %u\n", conf->name,
			tx.nb_desc, conf->tx_descriptors);
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
	txconf.offloads = tx_offloads(conf, info);
	if (conf->keys != NULL && conf->keys->rx_drop != PORT_AUTO)
		rxconf.rx_drop_en = conf->keys->rx_drop == PORT_ON;
	for (uint16_t q = 0; rc == 0 && q < conf->rx_queues; q++)
		rc = rte_eth_rx_queue_setup(conf->id, q, conf->rx_descriptors, socket, &rxconf,
			conf->pools[q]);
	for (uint16_t q = 0; rc == 0 && q < conf->tx_queues; q++)
		rc = rte_eth_tx_queue_setup(conf->id, q, conf->tx_descriptors, socket, &txconf);
	if (rc != 0)
		return weir_error_set(error, driver_error(rc),
			"port %s: a queue could not be set up: %s", conf->name, rte_strerror(-rc));
	descriptors_tell(conf);
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
port_is_free(uint16_t id, const char *name, struct weir_error *error)
{
	struct port_found found;

	port_find(id, &found);
	if (!found.configured || found.own)
		return 0;
	return weir_error_set(error, EBUSY,
		"port %s was configured by the application%s: with adopt = on weir takes its queues "
		"as they are; or close it, and leave all of its set-up to weir",
		name, found.runs ? ", and runs" : "");
}

int
port_set_up(const struct port_conf *conf, struct port_rules *rules, struct weir_error *error)
{
	struct rte_eth_dev_info info;
	struct port_conf own = *conf; /* with what the driver wants besides */
	int rc = rte_eth_dev_info_get(conf->id, &info);

	if (rc != 0)
		return weir_error_set(error, driver_error(rc),
			"port %s tells nothing of itself: %s", conf->name, rte_strerror(-rc));
	rc = port_is_free(conf->id, conf->name, error);
	if (rc == 0)
		rc = packet_check(conf->name, &info, error);
	if (rc == 0)
		rc = null_check(conf, &info, error);
	if (rc == 0) {
		port_rules_begin(conf, rules);
		rc = port_configure(&own, &info, error);
	}
	if (rc == 0)
		rc = port_mtu(&own, &info, error);
	if (rc == 0)
		rc = port_queues(&own, &info, error);
	if (rc == 0 && conf->keys != NULL)
		packet_warn(conf->name, &info);
	if (rc == 0)
		port_rules_check(conf, rules);
	else
		port_rules_end(conf->id, rules);
	return rc;
}

int
port_start(const struct port_conf *conf, struct port_rules *rules, struct weir_error *error)
{
	int rc = rte_eth_dev_start(conf->id);

	if (rc != 0) {
		port_rules_end(conf->id, rules);
		return weir_error_set(error, driver_error(rc), "port %s does not start: %s",
			conf->name, rte_strerror(-rc));
	}
	rc = port_rules_make(conf, rules, error);
	if (rc != 0) {
		rte_eth_dev_stop(conf->id);
		port_rules_end(conf->id, rules);
	}
	return rc;
}

int
port_apply(const struct port_conf *conf, struct weir_error *error)
{
	if (conf->keys == NULL)
		return 0;
	if (conf->setup->rss != 0)
		port_reta(conf);
	return port_filter(conf, error);
}

/* Drivers that make or read a frame when they are asked for one: nothing waits there. */
static const char *const makers[] = { "net_null", "net_pcap" };

static unsigned int
queue_drain(uint16_t id, uint16_t queue)
{
	struct rte_mbuf *mbufs[LEFT_BURST];
	unsigned int left = 0;
	uint16_t n;

	do {
		n = rte_eth_rx_burst(id, queue, mbufs, LEFT_BURST);
		rte_pktmbuf_free_bulk(mbufs, n);
		left += n;
	} while (n > 0 && left < LEFT_MAX);
	return left;
}

unsigned int
port_drain(uint16_t id, const char *driver, uint16_t rx_queues)
{
	unsigned int left = 0;

	for (unsigned int i = 0; i < RTE_DIM(makers); i++)
		if (strcmp(driver, makers[i]) == 0)
			return 0;
	for (uint16_t q = 0; q < rx_queues; q++)
		left += queue_drain(id, q);
	return left;
}

void
port_stop(uint16_t id, const struct ethdev_conf *keys, struct port_rules *rules)
{
	int rc;

	port_rules_unmake(id, rules);
	if (keys != NULL)
		port_forget(id, keys);
	rc = rte_eth_dev_stop(id);
	if (rc != 0)
		PORT_LOG(WARNING, "port %u does not stop: %s\n", id, rte_strerror(-rc));
	port_rules_end(id, rules);
}
