/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The names of ports in lines of JSON, which are made before there are lines. */
#include <stdio.h>

#include "sink.h"
#include "sink_private.h"

/* Nothing says how a device's name is encoded: all but plain ASCII is escaped byte by byte. */
void
eve_iface_init(struct eve_iface *iface, const char *name)
{
	char *at = iface->text + sprintf(iface->text, ",\"in_iface\":\"");

	for (; *name != '\0'; name++) {
		uint8_t c = (uint8_t)*name;

		if (c >= ' ' && c < 0x7f && c != '"' && c != '\\')
			*at++ = (char)c;
		else
			at += sprintf(at, "\\u%04x", c);
	}
	*at++ = '"';
	iface->len = (uint16_t)(at - iface->text);
}

/* Times that a port came back under another number, in the process. */
static uint32_t ports_moves;

void
sink_ports_moved(void)
{
	__atomic_fetch_add(&ports_moves, 1, __ATOMIC_RELEASE);
}

void
eve_ifaces_init(struct eve_format *format)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	uint16_t port;

	format->moves = __atomic_load_n(&ports_moves, __ATOMIC_ACQUIRE);
	RTE_ETH_FOREACH_DEV (port)
		if (rte_eth_dev_get_name_by_port(port, name) == 0)
			eve_iface_init(&format->ifaces[port], name);
}

void
eve_format_look(struct eve_format *format)
{
	if (unlikely(__atomic_load_n(&ports_moves, __ATOMIC_ACQUIRE) != format->moves))
		eve_ifaces_init(format);
}
