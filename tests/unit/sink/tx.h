/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* A worker of `tx`, and a port of net_ring that it sends on. */
#ifndef WEIR_SINK_TX_H
#define WEIR_SINK_TX_H

#include <errno.h>

#include <rte_dev.h>

#include "stage/rig.h"

#include "sink/sink_private.h"

/* What net_ring sends comes back where it receives; its ring holds so many. */
#define RING_SIZE 1023

static const struct tx_conf conf = { .device = "net_ring_tx" };
static uint16_t port;
static struct rte_mempool *rx_pool;

static int
port_start(void **state)
{
	struct rte_eth_conf eth = { 0 };

	(void)state;
	rx_pool = weir_pool_create("rx", 63, 0, 0, 2176, SOCKET_ID_ANY);
	assert_non_null(rx_pool);
	assert_int_equal(rte_eal_hotplug_add("vdev", conf.device, ""), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(conf.device, &port), 0);
	assert_int_equal(rte_eth_dev_configure(port, 1, 1, &eth), 0);
	assert_int_equal(rte_eth_rx_queue_setup(port, 0, 64, 0, NULL, rx_pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(port, 0, 64, 0, NULL), 0);
	return rte_eth_dev_start(port);
}

static int
port_stop(void **state)
{
	(void)state;
	rte_eth_dev_stop(port);
	rte_eth_dev_close(port);
	rte_mempool_free(rx_pool);
	return 0;
}

static inline void
tx_rig(struct rig *rig)
{
	rig_make(rig, &stage_tx);
	rig->worker.port = port;
	rig->worker.queue = 0;
	assert_int_equal(rig_init(rig, &conf), 0);
}

#endif /* WEIR_SINK_TX_H */
