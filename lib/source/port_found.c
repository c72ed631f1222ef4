/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What a port is like before anybody here touches it: whether it is configured, by whom, and whether it
 * runs. DPDK 22.11 calls rte_eth_dev_conf_get() experimental.
 */
#define ALLOW_EXPERIMENTAL_API
#include <rte_ethdev.h>

#include "source_private.h"

/*
 * Its address goes with what weir configures, until somebody else does: in the last entry of a table of
 * which none is in use, that of VMDq's pools.
 */
static const char mark = 0;

static uint64_t *
mark_place(struct rte_eth_conf *eth)
{
	return &eth->rx_adv_conf.vmdq_rx_conf.pool_map[RTE_ETH_VMDQ_MAX_VLAN_FILTERS - 1].pools;
}

void
port_mark_own(struct rte_eth_conf *eth)
{
	*mark_place(eth) = (uintptr_t)&mark;
}

/* The calls of a port that does not run are those of one that is not there. */
static bool
port_runs(uint16_t id)
{
	for (uint16_t i = RTE_MAX_ETHPORTS; i-- > 0;)
		if (!rte_eth_dev_is_valid_port(i))
			return rte_eth_fp_ops[id].rx_pkt_burst != rte_eth_fp_ops[i].rx_pkt_burst;
	return true;
}

/* Many drivers say before how many queues they have: what ethdev has made of the MTU tells. */
void
port_find(uint16_t id, struct port_found *found)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf eth;

	*found = (struct port_found){ .configured = false };
	if (rte_eth_dev_conf_get(id, &eth) != 0 || eth.rxmode.mtu == 0 ||
		rte_eth_dev_info_get(id, &info) != 0)
		return;
	found->configured = true;
	found->own = *mark_place(&eth) == (uintptr_t)&mark;
	found->runs = port_runs(id);
	found->rx_queues = info.nb_rx_queues;
	found->tx_queues = info.nb_tx_queues;
	found->rx_offloads = eth.rxmode.offloads;
	found->tx_offloads = eth.txmode.offloads;
	if (eth.rxmode.mq_mode & RTE_ETH_MQ_RX_RSS_FLAG)
		found->rss = eth.rx_adv_conf.rss_conf.rss_hf;
}

void
port_queue_find(uint16_t id, bool receives, uint16_t queue, struct port_queue_found *found)
{
	struct rte_eth_rxq_info rx;
	struct rte_eth_txq_info tx;

	*found = (struct port_queue_found){ .descriptors = 0 };
	if (receives && rte_eth_rx_queue_info_get(id, queue, &rx) == 0) {
		found->descriptors = rx.nb_desc;
		found->pool = rx.mp;
	} else if (!receives && rte_eth_tx_queue_info_get(id, queue, &tx) == 0) {
		found->descriptors = tx.nb_desc;
	}
}
