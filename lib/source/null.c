/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * net_null, whose driver makes frames of `size` bytes. It looks neither at the MTU nor at the room of an mbuf: with
 * `copy` it writes over what is behind that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "source_private.h"

#define NULL_DRIVER "net_null"
/* Where the port's arguments do not say. */
#define SIZE_USUAL 64

uint32_t
null_size(const struct rte_eth_dev_info *info)
{
	char given[16];

	if (info->driver_name == NULL || strcmp(info->driver_name, NULL_DRIVER) != 0)
		return 0;
	/* As the driver reads it. */
	return port_arg(info, "size", 0, given, sizeof(given)) ? (uint32_t)strtoul(given, NULL, 0) :
								 SIZE_USUAL;
}

int
null_check(const struct port_conf *conf, const struct rte_eth_dev_info *info,
	struct weir_error *error)
{
	uint32_t size = null_size(info), room;

	if (size == 0 || conf->pools == NULL || conf->pools[0] == NULL)
		return 0;
	room = rte_pktmbuf_data_room_size(conf->pools[0]) - RTE_PKTMBUF_HEADROOM;
	if (size <= room)
		return 0;
	return weir_error_set(error, EINVAL,
		"port %s: its driver makes frames of %u bytes, and writes them whole where an mbuf has "
		"room for %u: set data_room = %u in [pool], or give it size=%u by --vdev",
		conf->name, size, room, size + RTE_PKTMBUF_HEADROOM, room);
}
