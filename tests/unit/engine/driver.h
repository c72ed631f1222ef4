/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * A port with a driver of the tests' own: net_null, whose set-up, counters and link the linker puts
 * ours before (see tests/unit/meson.build). DPDK's headers for drivers are not installed with it.
 */
#ifndef WEIR_ENGINE_DRIVER_H
#define WEIR_ENGINE_DRIVER_H

#include "rig.h"

#include <rte_ethdev.h>

#define DRIVER "net_null0"
#define DRIVER_MBUFS_MAX 16384

static struct driver {
	unsigned int rings; /* filled for each RX queue when it is set up */
	bool configured;
	struct rte_mbuf *mbufs[DRIVER_MBUFS_MAX];
	unsigned int mbuf_count;
	bool keeps;  /* them until it is closed, not until it is stopped */
	bool counts; /* what follows is what it counts, else net_null does */
	bool silent; /* it refuses to tell */
	struct rte_eth_stats stats;
	bool links; /* likewise */
	struct rte_eth_link link;
	int link_rc;
	unsigned int looks;        /* times that it was asked for its link */
	int refuses;               /* an errno: to be configured, behind what follows */
	void (*configuring)(void); /* called when it is configured; NULL: nothing is */
} driver;

/* Other ports have drivers of their own. */
static bool
driver_is(uint16_t id)
{
	char name[RTE_ETH_NAME_MAX_LEN];

	return rte_eth_dev_get_name_by_port(id, name) == 0 && strcmp(name, DRIVER) == 0;
}

int __real_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx,
	const struct rte_eth_conf *conf);
int __wrap_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx,
	const struct rte_eth_conf *conf);
int
__wrap_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf)
{
	driver.configured = true;
	if (driver_is(id) && driver.configuring != NULL)
		driver.configuring();
	if (driver_is(id) && driver.refuses != 0)
		return -driver.refuses;
	return __real_rte_eth_dev_configure(id, rx, tx, conf);
}

int __real_rte_eth_rx_queue_setup(uint16_t id, uint16_t queue, uint16_t n, unsigned int socket,
	const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
int __wrap_rte_eth_rx_queue_setup(uint16_t id, uint16_t queue, uint16_t n, unsigned int socket,
	const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
int
__wrap_rte_eth_rx_queue_setup(uint16_t id, uint16_t queue, uint16_t n, unsigned int socket,
	const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	for (unsigned int i = 0; driver_is(id) && i < driver.rings * n; i++) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

		if (mbuf == NULL)
			return -ENOMEM;
		driver.mbufs[driver.mbuf_count++] = mbuf;
	}
	return __real_rte_eth_rx_queue_setup(id, queue, n, socket, conf, pool);
}

static void
driver_empty(void)
{
	rte_pktmbuf_free_bulk(driver.mbufs, driver.mbuf_count);
	driver.mbuf_count = 0;
}

int __real_rte_eth_dev_stop(uint16_t id);
int __wrap_rte_eth_dev_stop(uint16_t id);
int
__wrap_rte_eth_dev_stop(uint16_t id)
{
	if (driver_is(id) && !driver.keeps)
		driver_empty();
	return __real_rte_eth_dev_stop(id);
}

int __real_rte_eth_dev_close(uint16_t id);
int __wrap_rte_eth_dev_close(uint16_t id);
int
__wrap_rte_eth_dev_close(uint16_t id)
{
	if (driver_is(id))
		driver_empty();
	return __real_rte_eth_dev_close(id);
}

int __real_rte_eth_stats_get(uint16_t id, struct rte_eth_stats *stats);
int __wrap_rte_eth_stats_get(uint16_t id, struct rte_eth_stats *stats);
int
__wrap_rte_eth_stats_get(uint16_t id, struct rte_eth_stats *stats)
{
	/* Here net_vhost and net_failsafe crash. */
	assert_true(driver.configured);
	if (driver.silent)
		return -EIO;
	if (!driver.counts)
		return __real_rte_eth_stats_get(id, stats);
	*stats = driver.stats;
	return 0;
}

int __real_rte_eth_link_get_nowait(uint16_t id, struct rte_eth_link *link);
int __wrap_rte_eth_link_get_nowait(uint16_t id, struct rte_eth_link *link);
int
__wrap_rte_eth_link_get_nowait(uint16_t id, struct rte_eth_link *link)
{
	driver.looks++;
	if (!driver.links)
		return __real_rte_eth_link_get_nowait(id, link);
	*link = driver.link;
	return driver.link_rc;
}

/* A fresh one, with what it is to do. */
static inline void
driver_add(struct driver as)
{
	driver = as;
	assert_int_equal(rte_eal_hotplug_add("vdev", DRIVER, ""), 0);
}

static inline void
driver_remove(void)
{
	assert_int_equal(driver.mbuf_count, 0);
	assert_int_equal(rte_eal_hotplug_remove("vdev", DRIVER), 0);
}

#endif /* WEIR_ENGINE_DRIVER_H */
