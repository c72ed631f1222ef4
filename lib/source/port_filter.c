/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What frames a port lets in, and what it does with pause frames. */
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_log.h>

#include "source_private.h"

RTE_LOG_REGISTER(logtype_filter, lib.weir.source.filter, NOTICE);

/* An address as text. */
#define MAC_LENGTH 17

int
port_macs(const char *text, struct rte_ether_addr macs[PORT_MACS_MAX])
{
	struct rte_ether_addr mac;
	char word[MAC_LENGTH + 1];
	int count = 0;

	for (;;) {
		size_t len = strcspn(text, ", \t");

		if (len != MAC_LENGTH || count == PORT_MACS_MAX)
			return -EINVAL;
		memcpy(word, text, len);
		word[len] = '\0';
		if (rte_ether_unformat_addr(word, &mac) != 0 || rte_is_zero_ether_addr(&mac))
			return -EINVAL;
		if (macs != NULL)
			macs[count] = mac;
		count++;
		text += len;
		text += strspn(text, " \t");
		if (*text == '\0')
			return count;
		if (*text++ != ',')
			return -EINVAL;
		text += strspn(text, " \t");
	}
}

/* What is asked for by all means, and refused. */
static int
refused(const struct port_conf *conf, int rc, const char *what, struct weir_error *error)
{
	return weir_error_set(error, rc == -ENOSPC ? ENOSPC : ENOTSUP,
		"port %s (%s) refuses %s: %s; leave it out, or take another port", conf->name,
		conf->driver, what, rte_strerror(-rc));
}

static int
filter_promiscuous(const struct port_conf *conf, struct weir_error *error)
{
	bool filters = conf->keys->promiscuous == PORT_OFF || conf->keys->mac[0] != '\0';
	int rc = filters ? rte_eth_promiscuous_disable(conf->id) :
			   rte_eth_promiscuous_enable(conf->id);

	if (rc == 0)
		return 0;
	if (filters || conf->keys->promiscuous == PORT_ON)
		return refused(conf, rc,
			!filters                           ? "promiscuous = on" :
				conf->keys->mac[0] != '\0' ? "to filter by mac" :
							     "promiscuous = off",
			error);
	rte_log(RTE_LOG_NOTICE, (uint32_t)logtype_filter,
		"port %s has no promiscuous mode: only its own frames come in\n", conf->name);
	return 0;
}

static int
filter_groups(const struct port_conf *conf, struct weir_error *error)
{
	int rc;

	if (conf->keys->allmulticast == PORT_OFF) {
		/* It may have been on for who had the port before. */
		rte_eth_allmulticast_disable(conf->id);
		return 0;
	}
	rc = rte_eth_allmulticast_enable(conf->id);
	return rc != 0 ? refused(conf, rc, "allmulticast = on", error) : 0;
}

/* Its own address a port has anyway, and it cannot be taken from it. */
static bool
is_own(uint16_t id, const struct rte_ether_addr *mac)
{
	struct rte_ether_addr own;

	return rte_eth_macaddr_get(id, &own) == 0 && rte_is_same_ether_addr(&own, mac);
}

/* Groups are a list of their own; of drivers that have none (net_virtio) addresses as any other. */
static int
groups_add(uint16_t id, struct rte_ether_addr *groups, uint32_t count)
{
	int rc = count > 0 ? rte_eth_dev_set_mc_addr_list(id, groups, count) : 0;

	if (rc != -ENOTSUP)
		return rc;
	rc = 0;
	for (uint32_t i = 0; rc == 0 && i < count; i++)
		rc = rte_eth_dev_mac_addr_add(id, &groups[i], 0);
	return rc;
}

/* Addresses of the file, groups apart; its own a port has anyway. How many groups. */
static uint32_t
macs_part(uint16_t id, const struct ethdev_conf *keys, struct rte_ether_addr macs[PORT_MACS_MAX],
	uint32_t *count, struct rte_ether_addr groups[PORT_MACS_MAX])
{
	struct rte_ether_addr all[PORT_MACS_MAX];
	int n = keys->mac[0] != '\0' ? port_macs(keys->mac, all) : 0;
	uint32_t group_count = 0;

	*count = 0;
	for (int i = 0; i < n; i++) {
		if (rte_is_multicast_ether_addr(&all[i]))
			groups[group_count++] = all[i];
		else if (!is_own(id, &all[i]))
			macs[(*count)++] = all[i];
	}
	return group_count;
}

static int
filter_macs(const struct port_conf *conf, struct weir_error *error)
{
	struct rte_ether_addr macs[PORT_MACS_MAX], groups[PORT_MACS_MAX];
	uint32_t count, group_count = macs_part(conf->id, conf->keys, macs, &count, groups);
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < count; i++)
		rc = rte_eth_dev_mac_addr_add(conf->id, &macs[i], 0);
	if (rc == 0)
		rc = groups_add(conf->id, groups, group_count);
	return rc != 0 ? refused(conf, rc, "an address of mac", error) : 0;
}

static int
filter_pauses(const struct port_conf *conf, struct weir_error *error)
{
	struct rte_eth_fc_conf pauses = { 0 };
	int rc;

	if (conf->keys->flow_control == PORT_FLOW_KEEP)
		return 0;
	/* What else there is to them stays as it is, where the driver tells it. */
	if (rte_eth_dev_flow_ctrl_get(conf->id, &pauses) != 0)
		pauses = (struct rte_eth_fc_conf){ 0 };
	pauses.mode = (enum rte_eth_fc_mode)(conf->keys->flow_control - 1);
	rc = rte_eth_dev_flow_ctrl_set(conf->id, &pauses);
	return rc != 0 ? refused(conf, rc, "flow_control", error) : 0;
}

void
port_forget(uint16_t id, const struct ethdev_conf *keys)
{
	struct rte_ether_addr macs[PORT_MACS_MAX], groups[PORT_MACS_MAX];
	uint32_t count, group_count = macs_part(id, keys, macs, &count, groups);

	for (uint32_t i = 0; i < count; i++)
		rte_eth_dev_mac_addr_remove(id, &macs[i]);
	if (group_count == 0 || rte_eth_dev_set_mc_addr_list(id, NULL, 0) != -ENOTSUP)
		return;
	for (uint32_t i = 0; i < group_count; i++)
		rte_eth_dev_mac_addr_remove(id, &groups[i]);
}

int
port_filter(const struct port_conf *conf, struct weir_error *error)
{
	int rc = filter_promiscuous(conf, error);

	if (rc == 0)
		rc = filter_groups(conf, error);
	if (rc == 0)
		rc = filter_macs(conf, error);
	if (rc == 0)
		rc = filter_pauses(conf, error);
	return rc;
}
