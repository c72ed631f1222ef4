/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * net_af_packet, whose driver has room for `framesz` bytes of a frame, its headers included, and has
 * the kernel put fragments together (PACKET_FANOUT_FLAG_DEFRAG, also of one queue), which makes frames
 * that are longer than any MTU. What does not fit is cut, and nobody counts it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include "source_private.h"

RTE_LOG_REGISTER(logtype_packet, lib.weir.source, NOTICE);

#define PACKET_DRIVER "net_af_packet"
/* Where the port's arguments do not say. */
#define FRAMESZ_USUAL 2048
/* The longest of whole pages that still goes into an mbuf. */
#define FRAMESZ_MOST 61440
/* What the driver keeps of it for headers, and what the kernel does: tpacket_rcv(). */
#define ROOM_LESS (TPACKET2_HDRLEN - sizeof(struct sockaddr_ll))
#define CUT_LESS (TPACKET_ALIGN(TPACKET2_HDRLEN + 16) - ETH_HLEN)

/* The value of an argument of the port, up to the next one; NULL: it has none. */
static const char *
port_argument(const struct rte_eth_dev_info *info, const char *name)
{
	const struct rte_devargs *devargs = rte_dev_devargs(info->device);
	const char *at = devargs != NULL ? devargs->args : NULL;
	size_t len = strlen(name);

	while (at != NULL && *at != '\0') {
		if (strncmp(at, name, len) == 0 && at[len] == '=')
			return at + len + 1;
		at = strchr(at, ',');
		at += at != NULL;
	}
	return NULL;
}

static uint32_t
port_number(const struct rte_eth_dev_info *info, const char *name, uint32_t usual)
{
	const char *given = port_argument(info, name);

	return given != NULL ? (uint32_t)strtoul(given, NULL, 10) : usual;
}

/* 0: another driver. */
static uint32_t
port_framesz(const struct rte_eth_dev_info *info)
{
	uint32_t framesz;

	if (info->driver_name == NULL || strcmp(info->driver_name, PACKET_DRIVER) != 0)
		return 0;
	framesz = port_number(info, "framesz", FRAMESZ_USUAL);
	return framesz > CUT_LESS ? framesz : FRAMESZ_USUAL;
}

uint32_t
port_room(const struct rte_eth_dev_info *info)
{
	uint32_t framesz = port_framesz(info);

	return framesz != 0 ? framesz - (uint32_t)ROOM_LESS : 0;
}

uint32_t
port_cut(const struct rte_eth_dev_info *info)
{
	uint32_t framesz = port_framesz(info);

	return framesz != 0 ? framesz - (uint32_t)CUT_LESS : 0;
}

/* The kernel begins each block anew, but the driver looks for all frames one behind the other. */
int
packet_check(const char *name, const struct rte_eth_dev_info *info, struct weir_error *error)
{
	uint32_t framesz = port_framesz(info), blocksz;

	if (framesz == 0)
		return 0;
	blocksz = port_number(info, "blocksz", (uint32_t)sysconf(_SC_PAGESIZE));
	if (blocksz % framesz == 0)
		return 0;
	return weir_error_set(error, EINVAL,
		"port %s: its framesz=%u does not divide its blocksz=%u, and its driver then finds no "
		"frame behind the first block: give it framesz=%u,blocksz=%u by --vdev, or others of "
		"which one divides the other",
		name, framesz, blocksz, FRAMESZ_MOST, FRAMESZ_MOST);
}

void
packet_warn(const char *name, const struct rte_eth_dev_info *info)
{
	uint32_t framesz = port_framesz(info);
	const char *iface = framesz != 0 ? port_argument(info, "iface") : NULL;
	int len = iface != NULL ? (int)strcspn(iface, ",") : 0;

	if (framesz == 0)
		return;
	if (framesz < FRAMESZ_MOST)
		rte_log(RTE_LOG_WARNING, (uint32_t)logtype_packet,
			"port %s: its driver cuts frames after %u bytes, and counts that nowhere: for "
			"longer ones give it framesz=%u,blocksz=%u by --vdev, or another framesz that "
			"divides its blocksz\n",
			name, port_cut(info), FRAMESZ_MOST, FRAMESZ_MOST);
	rte_log(RTE_LOG_WARNING, (uint32_t)logtype_packet,
		"port %s: its driver has the kernel put IP fragments together; to have them as they "
		"come, receive by --vdev net_pcap0,iface=%.*s\n",
		name, len, iface != NULL ? iface : "");
}
