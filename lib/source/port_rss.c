/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How a port spreads what comes in over its queues. */
#include <stdlib.h>

#include <rte_ethdev.h>
#include <rte_log.h>

#include "source_private.h"

RTE_LOG_REGISTER(logtype_rss, lib.weir.source.rss, NOTICE);
#define RSS_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_rss, __VA_ARGS__)

/*
 * A Toeplitz key of a repeated 16-bit pattern hashes both directions of a flow alike: "Scalable
 * TCP Session Monitoring with Symmetric Receive-side Scaling", Woo and Park, 2012.
 */
static uint8_t rss_key[PORT_RSS_KEY_MAX];

RTE_INIT(rss_key_init)
{
	for (unsigned int i = 0; i < PORT_RSS_KEY_MAX; i += 2) {
		rss_key[i] = 0x6d;
		rss_key[i + 1] = 0x5a;
	}
}

void
port_rss_conf(const struct port_conf *conf, struct rte_eth_rss_conf *rss)
{
	rss->rss_hf = conf->setup->rss;
	if (conf->setup->rss_key == 0)
		return;
	rss->rss_key = rss_key;
	rss->rss_key_len = conf->setup->rss_key;
}

void
port_rss(const struct port_conf *conf, struct rte_eth_conf *eth)
{
	if (conf->keys == NULL || conf->rx_queues < 2)
		return;
	if (conf->setup->rss == 0) {
		RSS_LOG(NOTICE,
			"port %s has no RSS%s: its driver spreads over %u queues as it will\n",
			conf->name, conf->keys->rss == PORT_RSS_OFF ? ", as was asked" : "",
			conf->rx_queues);
		return;
	}
	eth->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	port_rss_conf(conf, &eth->rx_adv_conf.rss_conf);
}

/* Whether each queue has as many entries of a table as any other, but for one. */
static bool
reta_is_even(const struct rte_eth_rss_reta_entry64 *groups, uint16_t size, uint16_t queues)
{
	uint16_t count[RTE_MAX_QUEUES_PER_PORT] = { 0 }, least = UINT16_MAX, most = 0;

	for (uint16_t i = 0; i < size; i++) {
		uint16_t queue =
			groups[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];

		if (queue >= queues)
			return false;
		count[queue]++;
	}
	for (uint16_t q = 0; q < queues; q++) {
		least = RTE_MIN(least, count[q]);
		most = RTE_MAX(most, count[q]);
	}
	return most - least <= 1;
}

static int
reta_spread(uint16_t id, struct rte_eth_rss_reta_entry64 *groups, uint16_t size, uint16_t queues)
{
	for (uint16_t i = 0; i < size; i++)
		groups[i / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1)
			<< (i % RTE_ETH_RETA_GROUP_SIZE);
	/* What is right already is left alone: some drivers (mlx5) stop and start for a new one. */
	if (rte_eth_dev_rss_reta_query(id, groups, size) == 0 && reta_is_even(groups, size, queues))
		return 0;
	for (uint16_t i = 0; i < size; i++)
		groups[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = i % queues;
	return rte_eth_dev_rss_reta_update(id, groups, size);
}

void
port_reta(const struct port_conf *conf)
{
	uint16_t size = conf->setup->reta;
	struct rte_eth_rss_reta_entry64 *groups;
	int rc = -ENOMEM;

	if (size == 0 || conf->rx_queues < 2)
		return;
	groups = calloc((size_t)size / RTE_ETH_RETA_GROUP_SIZE + 1, sizeof(*groups));
	if (groups != NULL)
		rc = reta_spread(conf->id, groups, size, conf->rx_queues);
	free(groups);
	if (rc != 0)
		RSS_LOG(INFO, "port %s keeps its RETA as its driver filled it: %s\n", conf->name,
			rte_strerror(-rc));
}
