/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * A port of the application's: net_ring, of which each TX queue comes back as an RX queue. The linker puts
 * calls that would change a port before those of DPDK (see tests/unit/meson.build), to count them.
 */
#ifndef WEIR_ENGINE_ADOPTED_H
#define WEIR_ENGINE_ADOPTED_H

#include "rig.h"

#include <rte_dev.h>
#include <rte_ethdev.h>

#define RING "net_ring0"
#define QUEUES 4
#define POOL_SIZE 1023

/* Of DPDK's own, for drivers: what they call when a device goes away. */
struct rte_eth_dev *rte_eth_dev_allocated(const char *name);
int rte_eth_dev_callback_process(struct rte_eth_dev *dev, enum rte_eth_event_type event,
	void *ret_param);

static struct app {
	uint16_t port;
	struct rte_mempool *pool;
	bool tells;              /* its driver tells the pool of its RX queues */
	unsigned int touches;    /* calls that change a port */
	unsigned int registered; /* events that somebody is called for, 1 << each */
} app;

#define WRAP(name, params, args) \
	int __real_##name params; \
	int __wrap_##name params; \
	int __wrap_##name params \
	{ \
		app.touches++; \
		return __real_##name args; \
	}

WRAP(rte_eth_dev_configure,
	(uint16_t id, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf),
	(id, rx, tx, conf))
WRAP(rte_eth_rx_queue_setup,
	(uint16_t id, uint16_t queue, uint16_t n, unsigned int socket,
		const struct rte_eth_rxconf *conf, struct rte_mempool *pool),
	(id, queue, n, socket, conf, pool))
WRAP(rte_eth_tx_queue_setup,
	(uint16_t id, uint16_t queue, uint16_t n, unsigned int socket,
		const struct rte_eth_txconf *conf),
	(id, queue, n, socket, conf))
WRAP(rte_eth_dev_start, (uint16_t id), (id))
WRAP(rte_eth_dev_stop, (uint16_t id), (id))
WRAP(rte_eth_dev_close, (uint16_t id), (id))
WRAP(rte_eth_dev_reset, (uint16_t id), (id))
WRAP(rte_eth_dev_set_mtu, (uint16_t id, uint16_t mtu), (id, mtu))
WRAP(rte_eth_promiscuous_enable, (uint16_t id), (id))
WRAP(rte_eth_promiscuous_disable, (uint16_t id), (id))
WRAP(rte_eth_allmulticast_enable, (uint16_t id), (id))
WRAP(rte_eth_allmulticast_disable, (uint16_t id), (id))
WRAP(rte_eth_dev_mac_addr_add, (uint16_t id, struct rte_ether_addr *mac, uint32_t pool),
	(id, mac, pool))
WRAP(rte_eth_dev_rss_reta_update,
	(uint16_t id, struct rte_eth_rss_reta_entry64 *reta, uint16_t size), (id, reta, size))
WRAP(rte_eth_dev_rss_hash_update, (uint16_t id, struct rte_eth_rss_conf *conf), (id, conf))
WRAP(rte_eth_dev_flow_ctrl_set, (uint16_t id, struct rte_eth_fc_conf *conf), (id, conf))
WRAP(rte_eth_stats_reset, (uint16_t id), (id))
WRAP(rte_eth_xstats_reset, (uint16_t id), (id))

int __real_rte_eth_dev_callback_register(uint16_t id, enum rte_eth_event_type event,
	rte_eth_dev_cb_fn fn, void *arg);
int __wrap_rte_eth_dev_callback_register(uint16_t id, enum rte_eth_event_type event,
	rte_eth_dev_cb_fn fn, void *arg);
int
__wrap_rte_eth_dev_callback_register(uint16_t id, enum rte_eth_event_type event,
	rte_eth_dev_cb_fn fn, void *arg)
{
	app.registered |= 1u << event;
	return __real_rte_eth_dev_callback_register(id, event, fn, arg);
}

int __real_rte_eth_dev_callback_unregister(uint16_t id, enum rte_eth_event_type event,
	rte_eth_dev_cb_fn fn, void *arg);
int __wrap_rte_eth_dev_callback_unregister(uint16_t id, enum rte_eth_event_type event,
	rte_eth_dev_cb_fn fn, void *arg);
int
__wrap_rte_eth_dev_callback_unregister(uint16_t id, enum rte_eth_event_type event,
	rte_eth_dev_cb_fn fn, void *arg)
{
	int rc = __real_rte_eth_dev_callback_unregister(id, event, fn, arg);

	if (rc == 0)
		app.registered &= ~(1u << event);
	return rc;
}

int __real_rte_eth_rx_queue_info_get(uint16_t id, uint16_t queue, struct rte_eth_rxq_info *info);
int __wrap_rte_eth_rx_queue_info_get(uint16_t id, uint16_t queue, struct rte_eth_rxq_info *info);
int
__wrap_rte_eth_rx_queue_info_get(uint16_t id, uint16_t queue, struct rte_eth_rxq_info *info)
{
	if (!app.tells)
		return __real_rte_eth_rx_queue_info_get(id, queue, info);
	*info = (struct rte_eth_rxq_info){ .mp = app.pool, .nb_desc = 256 };
	return 0;
}

/* All but its start; with so many queues of each direction. */
static void
app_configure(uint16_t queues)
{
	struct rte_eth_conf conf = { 0 };

	assert_int_equal(rte_eth_dev_configure(app.port, queues, queues, &conf), 0);
	for (uint16_t q = 0; q < queues; q++) {
		assert_int_equal(rte_eth_rx_queue_setup(app.port, q, 256, 0, NULL, app.pool), 0);
		assert_int_equal(rte_eth_tx_queue_setup(app.port, q, 256, 0, NULL), 0);
	}
	app.touches = 0;
}

static void
app_start(void)
{
	assert_int_equal(rte_eth_dev_start(app.port), 0);
	app.touches = 0;
}

/* A device that nobody has set up yet, and a pool with room for events, or without. */
static void
app_add(bool roomy, bool tells)
{
	app = (struct app){ .tells = tells };
	app.pool = roomy ? weir_pool_create("app", POOL_SIZE, 0, 64, 2176, SOCKET_ID_ANY) :
			   rte_pktmbuf_pool_create("app", POOL_SIZE, 0, 0, 2176, SOCKET_ID_ANY);
	assert_non_null(app.pool);
	assert_int_equal(rte_eal_hotplug_add("vdev", RING, ""), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(RING, &app.port), 0);
}

/* Send so many on a queue, which come back on that; each with its number behind the event. */
static void
app_send(uint16_t queue, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(app.pool);

		assert_non_null(mbuf);
		memset(rte_pktmbuf_append(mbuf, 64), 0, 64);
		if (weir_mbuf_fits(mbuf))
			memcpy(weir_mbuf_priv(mbuf), &i, sizeof(i));
		assert_int_equal(rte_eth_tx_burst(app.port, queue, &mbuf, 1), 1);
	}
}

/* Take all that waits in a queue; how many. */
static unsigned int
app_take(uint16_t queue)
{
	struct rte_mbuf *mbuf;
	unsigned int n = 0;

	while (rte_eth_rx_burst(app.port, queue, &mbuf, 1) == 1) {
		rte_pktmbuf_free(mbuf);
		n++;
	}
	return n;
}

/* Nobody has touched it meanwhile, nothing is left of weir's, and it runs, as its mbufs are all there. */
static void
app_is_untouched(void)
{
	assert_int_equal(app.touches, 0);
	assert_int_equal(app.registered, 0);
	app_send(0, 3);
	assert_int_equal(app_take(0), 3);
	testing_pool_is_full(app.pool);
}

static void
app_remove(void)
{
	testing_pool_is_full(app.pool);
	rte_eth_dev_stop(app.port);
	assert_int_equal(rte_eal_hotplug_remove("vdev", RING), 0);
	rte_mempool_free(app.pool);
}

#endif /* WEIR_ENGINE_ADOPTED_H */
