/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_pci.h>

#include "device.h"
#include "plan_private.h"

/* Descriptors of a queue where neither the file nor the driver says how many. */
#define PORT_DESCRIPTORS 1024
/* Of the list of ports in an error, which has to hold what mends it too. */
#define PORTS_TEXT 64

/* Drivers whose queues are not what their numbers say. */
struct driver {
	const char *name;
	bool pairs;        /* takes as many queues of one direction as of the other */
	bool keeps;        /* never gives back what its queues have, even when it is closed */
	bool holds;        /* gives that back when it is closed, not when it is stopped */
	uint16_t rings;    /* of that many descriptors it fills for an RX queue; 0: one */
	uint16_t at_least; /* mbufs it takes for an RX queue, however few the descriptors */
	bool binary;       /* takes a number of RX queues that is a power of 2 */
	bool given;        /* gets packets for all the RX queues that it was given, opened or not */
};

static const struct driver drivers[] = {
	{ .name = "net_af_packet", .given = true },
	{ .name = "net_af_xdp", .pairs = true, .keeps = true, .at_least = 2048, .given = true },
	{ .name = "net_pcap", .given = true },
	{ .name = "net_tap", .pairs = true, .holds = true },
	{ .name = "net_tun", .pairs = true, .holds = true },
	{ .name = "net_virtio", .holds = true },
	{ .name = "net_virtio_user", .holds = true },
	{ .name = "net_vmxnet3", .rings = 2, .binary = true },
};

static const struct driver *
find_driver(const char *name)
{
	static const struct driver plain = { .name = "" };

	for (unsigned int i = 0; name != NULL && i < RTE_DIM(drivers); i++)
		if (strcmp(drivers[i].name, name) == 0)
			return &drivers[i];
	return &plain;
}

const char *
plan_node_device(const struct node *node)
{
	const char *device;

	if (node->source) {
		device = node->conf.device;
		return device != NULL && device[0] != '\0' ? device : NULL;
	}
	if (!node->stage_ops->transmits)
		return NULL;
	device = *(const char *const *)node->type_conf;
	return device != NULL ? device : "";
}

/* Whether a device is meant by a port's name: the name itself, or the same PCI address. */
static bool
same_device(const char *device, const char *name)
{
	struct rte_pci_addr a, b;

	if (strcmp(device, name) == 0)
		return true;
	return rte_pci_addr_parse(device, &a) == 0 && rte_pci_addr_parse(name, &b) == 0 &&
		rte_pci_addr_cmp(&a, &b) == 0;
}

const struct machine_port *
plan_find_port(const struct machine *machine, const char *device)
{
	unsigned int i;

	for (i = 0; i < machine->port_count; i++)
		if (same_device(device, machine->ports[i].name))
			return &machine->ports[i];
	return NULL;
}

const struct machine_port *
plan_machine_port(const struct weir_plan *plan, const struct plan_port *port)
{
	for (unsigned int i = 0; i < plan->machine->port_count; i++)
		if (plan->machine->ports[i].id == port->id)
			return &plan->machine->ports[i];
	return NULL;
}

bool
plan_port_binary(const char *driver)
{
	return find_driver(driver)->binary;
}

bool
plan_port_given(const char *driver)
{
	return find_driver(driver)->given;
}

static int
no_port(const struct machine *machine, const struct node *node, const char *device,
	struct weir_error *error)
{
	char list[PORTS_TEXT] = "none", hint[DEVICE_TEXT + DEVICE_COMMAND];
	size_t used = 0;
	unsigned int i;

	for (i = 0; i < machine->port_count && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
			i > 0 ? ", " : "", machine->ports[i].name);
	plan_device_hint(node->name, device, hint, sizeof(hint));
	return weir_error_set(error, ENODEV,
		"[%s %s] device = %s: EAL has no such port (it has: %s); %s", plan_node_kind(node),
		node->name, device, list, hint);
}

/* The plan's entry for a port, added where it is not there yet. */
static struct plan_port *
add_port(struct weir_plan *plan, const struct machine_port *from)
{
	struct plan_port *port;
	unsigned int i;

	for (i = 0; i < plan->port_count; i++)
		if (plan->ports[i].id == from->id)
			return &plan->ports[i];
	port = &plan->ports[plan->port_count++];
	snprintf(port->name, sizeof(port->name), "%s", from->name);
	port->id = from->id;
	port->socket = from->socket;
	port->driver = from->driver;
	return port;
}

/* As rte_eth_dev_adjust_nb_rx_tx_desc() does it, which asks the port anew. */
uint16_t
plan_descriptors(uint64_t asked, uint16_t advised, const struct rte_eth_desc_lim *lim)
{
	uint32_t n = advised != 0 ? advised : PORT_DESCRIPTORS;

	if (asked != 0)
		n = (uint32_t)RTE_MIN(asked, (uint64_t)UINT16_MAX);
	if (lim->nb_align != 0)
		n = (n + lim->nb_align - 1) / lim->nb_align * lim->nb_align;
	if (lim->nb_max != 0)
		n = RTE_MIN(n, (uint32_t)lim->nb_max);
	n = RTE_MAX(n, (uint32_t)lim->nb_min);
	return (uint16_t)RTE_MIN(n, (uint32_t)UINT16_MAX);
}

/*
 * A port has at least one queue of each direction, though nobody uses it: net_memif does not talk
 * otherwise, and it is how drivers are tested. It costs a ring of descriptors; a spare RX queue is
 * filled with mbufs, a spare TX queue never has any.
 */
static void
spare_queues(struct plan_port *port, const struct machine_port *from)
{
	const struct driver *driver = find_driver(port->driver);
	unsigned int rx = RTE_MAX(port->rx_queues, 1u), tx = RTE_MAX(port->tx_queues, 1u);

	if (driver->pairs && port->rx_queues == 0)
		rx = RTE_MIN(tx, RTE_MAX(from->max_rx_queues, 1u));
	if (driver->pairs)
		tx = RTE_MAX(tx, rx);
	tx = RTE_MIN(tx, (unsigned int)from->max_tx_queues);
	port->rx_spare = (uint16_t)(rx - port->rx_queues);
	port->tx_spare = (uint16_t)(tx - port->tx_queues);
	if (port->rx_queues == 0)
		port->rx_descriptors = plan_descriptors(0, from->rx_ring, &from->rx_lim);
	port->tx_descriptors = plan_descriptors(port->tx_asked, from->tx_ring, &from->tx_lim);
	port->rx_mbufs = RTE_MAX((uint32_t)port->rx_descriptors * RTE_MAX(driver->rings, 1u),
		(uint32_t)driver->at_least);
	port->keeps = driver->keeps;
	port->holds = driver->holds;
}

void
plan_give_queues(struct weir_plan *plan, unsigned int node, unsigned int port, uint16_t queue)
{
	struct plan_worker *worker = &plan->workers[plan_first_worker(plan, node)];
	unsigned int i;

	for (i = 0; i < node_workers(&plan->pipeline->nodes[node]); i++, worker++) {
		worker->port = port;
		worker->queue = queue++;
	}
}

const char *
plan_receiver(const struct weir_plan *plan, unsigned int port)
{
	unsigned int i;

	for (i = 0; i < plan->worker_count; i++)
		if (plan->workers[i].port == port && plan_node(plan, &plan->workers[i])->source)
			return plan_node(plan, &plan->workers[i])->name;
	return "?";
}

static int
receive_on(struct weir_plan *plan, unsigned int n, struct plan_port *port,
	const struct machine_port *from, struct weir_error *error)
{
	const struct node *node = &plan->pipeline->nodes[n];
	const struct ethdev_conf *ethdev = node->type_conf;
	unsigned int index = (unsigned int)(port - plan->ports), queues = node_workers(node);
	uint64_t asked = node->conf.descriptors;

	if (port->rx_queues != 0)
		return weir_error_set(error, EINVAL,
			"[source %s] device = %s: [source %s] receives from that port already; "
			"let one "
			"source have several workers by queues =",
			node->name, node->conf.device, plan_receiver(plan, index));
	if (queues > from->max_rx_queues)
		return weir_error_set(error, ENODEV,
			"port %s has %u RX queue%s, [source %s] queues = %u; lower it", port->name,
			from->max_rx_queues, from->max_rx_queues == 1 ? "" : "s", node->name,
			queues);
	port->rx_queues = (uint16_t)queues;
	if (plan_port_given(port->driver))
		port->rx_unopened = (uint16_t)(from->max_rx_queues - queues);
	if (port->rx_unopened > 0 &&
		plan_note(plan,
			"[source %s] queues = %u: port %s (%s) was given %u, and what comes to the "
			"others is lost: queues = %u",
			node->name, queues, port->name, port->driver, from->max_rx_queues,
			from->max_rx_queues) < 0)
		return plan_no_memory(error);
	port->rx_descriptors = plan_descriptors(asked, from->rx_ring, &from->rx_lim);
	port->keys = ethdev;
	port->match = ethdev->match;
	port->match_rules = ethdev->match_rules != 0;
	frames_of(port, from, ethdev->mtu);
	plan_give_queues(plan, n, index, 0);
	if (asked != 0 && asked != port->rx_descriptors &&
		plan_note(plan, "[source %s] descriptors = %llu: port %s takes %u", node->name,
			(unsigned long long)asked, port->name, port->rx_descriptors) < 0)
		return plan_no_memory(error);
	return 0;
}

/* TX descriptors that a stage asks for, where its type has such a key; 0: it does not. */
static uint64_t
tx_asked(const struct node *node)
{
	const struct weir_param *param = node->stage_ops->params;

	for (; param != NULL && param->name != NULL; param++)
		if (strcmp(param->name, "descriptors") == 0 && param->type == WEIR_PARAM_SIZE)
			return *(const uint64_t *)((const char *)node->type_conf + param->offset);
	return 0;
}

/* Stages that send on one port have queues of one size: the largest. */
static int
tx_descriptors(struct weir_plan *plan, const struct node *node, struct plan_port *port,
	const struct machine_port *from, struct weir_error *error)
{
	uint64_t asked = tx_asked(node);
	uint16_t takes = plan_descriptors(asked, from->tx_ring, &from->tx_lim);

	port->tx_asked = RTE_MAX(port->tx_asked, asked);
	if (asked != 0 && asked != takes &&
		plan_note(plan, "[stage %s] descriptors = %llu: port %s takes %u", node->name,
			(unsigned long long)asked, port->name, takes) < 0)
		return plan_no_memory(error);
	return 0;
}

static int
transmit_on(struct weir_plan *plan, unsigned int n, struct plan_port *port,
	const struct machine_port *from, struct weir_error *error)
{
	const struct node *node = &plan->pipeline->nodes[n];
	unsigned int queues = node_workers(node);

	if (port->tx_queues + queues > from->max_tx_queues)
		return weir_error_set(error, ENODEV,
			"port %s has %u TX queue%s, %u taken by other stages, [stage %s] "
			"workers = %u; "
			"lower it",
			port->name, from->max_tx_queues, from->max_tx_queues == 1 ? "" : "s",
			port->tx_queues, node->name, queues);
	plan_give_queues(plan, n, (unsigned int)(port - plan->ports), port->tx_queues);
	port->tx_queues = (uint16_t)(port->tx_queues + queues);
	return tx_descriptors(plan, node, port, from, error);
}

static int
node_port(struct weir_plan *plan, unsigned int n, struct weir_error *error)
{
	const struct node *node = &plan->pipeline->nodes[n];
	const char *device = plan_node_device(node);
	const struct machine_port *from;
	struct plan_port *port;
	int ret;

	if (device == NULL)
		return 0;
	from = plan_find_port(plan->machine, device);
	if (from == NULL)
		return no_port(plan->machine, node, device, error);
	port = add_port(plan, from);
	if (plan_node_adopts(node) || port->adopted)
		return plan_adopt(plan, n, port, error);
	ret = node->source ? receive_on(plan, n, port, from, error) :
			     transmit_on(plan, n, port, from, error);
	if (ret == 0)
		spare_queues(port, from);
	return ret;
}

int
plan_ports(struct weir_plan *plan, struct weir_error *error)
{
	unsigned int i;
	int ret;

	plan->ports = calloc(plan->machine->port_count + 1, sizeof(*plan->ports));
	if (plan->ports == NULL)
		return plan_no_memory(error);
	for (i = 0; i < plan->pipeline->node_count; i++) {
		ret = node_port(plan, i, error);
		if (ret < 0)
			return ret;
	}
	return 0;
}
