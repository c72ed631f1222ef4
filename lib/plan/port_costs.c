/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Fast paths of drivers, and what they are incompatible with: by the sources of DPDK 22.11. */
#include <string.h>

#include <rte_common.h>

#include "plan_private.h"

struct cost {
	const char *driver; /* what its name begins with */
	uint64_t rx;        /* any of these offloads, */
	uint64_t tx;        /* or of these, */
	bool odd;           /* or RX descriptors that are no power of 2 */
	const char *text;
};

#define NO_VECTOR_TX(name) \
	{ \
		name, 0, RTE_ETH_TX_OFFLOAD_MULTI_SEGS, false, \
			"what may come in chains: no vector and no simple TX" \
	}
#define NO_VECTOR_STAMPS(name) \
	{ \
		name, RTE_ETH_RX_OFFLOAD_TIMESTAMP, 0, false, "timestamp = on: no vector RX" \
	}
#define NO_VECTOR_ODD(name) \
	{ \
		name, 0, 0, true, "descriptors that are no power of 2: no vector RX" \
	}

static const struct cost costs[] = {
	{ "mlx5", RTE_ETH_RX_OFFLOAD_TIMESTAMP, 0, false,
		"timestamp = on: no compression of completions (CQE)" },
	{ "mlx5", RTE_ETH_RX_OFFLOAD_SCATTER, 0, false, "frames in several mbufs: no vector RX" },
	NO_VECTOR_STAMPS("net_ice"),
	NO_VECTOR_STAMPS("net_iavf"),
	NO_VECTOR_STAMPS("net_idpf"),
	{ "net_idpf", RTE_ETH_RX_OFFLOAD_CHECKSUM, 0, false,
		"checksums: no vector RX, which checksum = off gives" },
	{ "net_hns3", RTE_ETH_RX_OFFLOAD_TIMESTAMP, 0, false,
		"timestamp = on: no vector RX or TX" },
	{ "net_hns3", RTE_ETH_RX_OFFLOAD_VLAN_STRIP, 0, false, "vlan_strip = on: no vector RX" },
	{ "net_hns3", RTE_ETH_RX_OFFLOAD_SCATTER, 0, false,
		"frames in several mbufs: no vector RX" },
	NO_VECTOR_ODD("net_i40e"),
	NO_VECTOR_ODD("net_iavf"),
	NO_VECTOR_ODD("net_ice"),
	NO_VECTOR_TX("net_ixgbe"),
	NO_VECTOR_TX("net_i40e"),
	NO_VECTOR_TX("net_iavf"),
	NO_VECTOR_TX("net_ice"),
	NO_VECTOR_TX("net_idpf"),
	NO_VECTOR_TX("net_hns3"),
};

static bool
is_paid(const struct cost *cost, const struct plan_port *port)
{
	if (strncmp(port->driver, cost->driver, strlen(cost->driver)) != 0)
		return false;
	return (port->setup.rx_offloads & cost->rx) || (port->setup.tx_offloads & cost->tx) ||
		(cost->odd && port->rx_queues != 0 && !rte_is_power_of_2(port->rx_descriptors));
}

const char *
plan_port_cost(const struct plan_port *port, unsigned int n)
{
	for (unsigned int i = 0; port->driver != NULL && i < RTE_DIM(costs); i++)
		if (is_paid(&costs[i], port) && n-- == 0)
			return costs[i].text;
	return NULL;
}
