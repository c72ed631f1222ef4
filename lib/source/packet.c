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

#include <net/if.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

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

static uint32_t
port_number(const struct rte_eth_dev_info *info, const char *name, uint32_t usual)
{
	char given[16];

	return port_arg(info, name, 0, given, sizeof(given)) ? (uint32_t)strtoul(given, NULL, 10) :
							       usual;
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

	/* Shorter ones go into any mbuf. */
	if (framesz == 0 && null_size(info) > RTE_MBUF_DEFAULT_DATAROOM)
		return null_size(info);
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
	char iface[IFNAMSIZ];

	if (framesz == 0)
		return;
	port_arg(info, "iface", 0, iface, sizeof(iface));
	if (framesz < FRAMESZ_MOST)
		rte_log(RTE_LOG_WARNING, (uint32_t)logtype_packet,
			"port %s: its driver cuts frames after %u bytes, and counts that nowhere: for "
			"longer ones give it framesz=%u,blocksz=%u by --vdev, or another framesz that "
			"divides its blocksz\n",
			name, port_cut(info), FRAMESZ_MOST, FRAMESZ_MOST);
	rte_log(RTE_LOG_WARNING, (uint32_t)logtype_packet,
		"port %s: its driver has the kernel put IP fragments together; to have them as they "
		"come, receive by --vdev net_pcap0,iface=%s\n",
		name, iface);
}
