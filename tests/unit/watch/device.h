/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Devices that come and go, as their drivers tell it. */
#ifndef WEIR_WATCH_DEVICE_H
#define WEIR_WATCH_DEVICE_H

#include "engine/rig.h"

#include <rte_dev.h>
#include <rte_ethdev.h>

/* Of DPDK's own, for drivers: what they call when a device goes away. */
struct rte_eth_dev *rte_eth_dev_allocated(const char *name);
int rte_eth_dev_callback_process(struct rte_eth_dev *dev, enum rte_eth_event_type event,
	void *ret_param);

#define RING "net_ring0"

static inline void
device_add(const char *name)
{
	assert_int_equal(rte_eal_hotplug_add("vdev", name, ""), 0);
}

/* As a driver tells it. */
static inline void
device_goes(const char *name)
{
	struct rte_eth_dev *dev = rte_eth_dev_allocated(name);

	assert_non_null(dev);
	rte_eth_dev_callback_process(dev, RTE_ETH_EVENT_INTR_RMV, NULL);
}

static inline struct rte_ring *
ring_of(const char *name)
{
	char ring[RTE_RING_NAMESIZE];

	snprintf(ring, sizeof(ring), "ETH_RXTX0_%s", name);
	assert_non_null(rte_ring_lookup(ring));
	return rte_ring_lookup(ring);
}

/* What a driver that goes away gives back; net_ring itself does not. */
static inline unsigned int
ring_empty(struct rte_ring *ring)
{
	struct rte_mbuf *mbuf;
	unsigned int n = 0;

	while (rte_ring_dequeue(ring, (void **)&mbuf) == 0) {
		rte_pktmbuf_free(mbuf);
		n++;
	}
	return n;
}

static inline bool
device_is_there(const char *name)
{
	uint16_t id;

	return rte_eth_dev_get_port_by_name(name, &id) == 0;
}

static inline void
port_is_read(struct rig *rig, bool gone, uint64_t ipackets)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;

	assert_int_equal(weir_ledger_port(rig->engine, 0, &p), 0);
	assert_int_equal(p.gone, gone);
	assert_int_equal(p.ipackets, ipackets);
}

/* Gone, removed, and the engine stops as any other; p is what its figures say. */
static inline void
device_end(struct rig *rig, const char *name, struct weir_port_figures *p)
{
	assert_int_equal(rte_eal_hotplug_remove("vdev", name), 0);
	assert_int_equal(weir_ledger_port(rig->engine, 0, p), 0);
	assert_string_equal(p->name, name);
	assert_true(p->gone);
	rig_stop(rig);
	assert_int_equal(weir_ledger_port(rig->engine, 0, p), 0);
	assert_true(p->gone);
	rig_end(rig);
}

/* Packets for the engine, of a pool of the test's own. */
static inline void
ring_fill(struct rte_ring *ring, struct rte_mempool *pool, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

		assert_non_null(mbuf);
		memset(rte_pktmbuf_append(mbuf, 60), 0, 60);
		assert_int_equal(rte_ring_enqueue(ring, mbuf), 0);
	}
}

/* An engine that lets go of devices. */
static inline void
hotplug_make(struct rig *rig, const char *name, const char *lcores, const char *const *sections)
{
	struct weir_engine_conf conf;

	rig_describe(rig, name, sections);
	rig_place(rig, lcores);
	weir_engine_conf_init(&conf);
	assert_int_equal(conf.hotplug, 0);
	conf.hotplug = 1;
	rig->engine = weir_engine_create(rig->plan, &conf, &rig->error);
	rig_ok(rig, rig->engine == NULL);
}

#endif /* WEIR_WATCH_DEVICE_H */
