/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* UDP ports of VXLAN that are not the usual ones. */
#include <errno.h>

#include "kinds.h"

bool
parse_vxlan_listed(const struct weir_vxlan_ports *ports, rte_be16_t port)
{
	unsigned int i = 0;

	while (i < WEIR_VXLAN_PORTS_MAX && ports->list[i] != 0 && ports->list[i] != port)
		i++;
	return i < WEIR_VXLAN_PORTS_MAX && ports->list[i] != 0;
}

/* What is at a low byte that no port has. */
static uint16_t
port_none(uint8_t low)
{
	return parse_vxlan_usual.words[1][low] == RTE_BE16(1) ? RTE_BE16(1) : 0;
}

static void
port_remove(struct weir_vxlan_ports *ports, uint8_t low)
{
	ports->words[0][low] = port_none(low);
}

/* Two ports at one low byte are told apart by what is not the short way. */
static void
port_add(struct weir_vxlan_ports *ports, uint16_t port)
{
	uint8_t low = (uint8_t)port;

	ports->crowded |= ports->words[0][low] != port_none(low);
	ports->words[0][low] = rte_cpu_to_be_16(port);
}

/* Whether a port may be VXLAN's: nobody else's. */
static bool
port_free(uint16_t port)
{
	const struct parse_kind *kind = parse_kind_of(BY_UDP, port);

	return port != 0 && (kind == NULL || kind->read == read_vxlan);
}

int
weir_vxlan_ports_init(struct weir_vxlan_ports *ports, const uint16_t *list, unsigned int n)
{
	if (ports == NULL || list == NULL)
		return -EINVAL;
	*ports = (struct weir_vxlan_ports){ .crowded = 0 };
	if (n == 0 || n > WEIR_VXLAN_PORTS_MAX)
		return -EINVAL;
	memcpy(ports->words, parse_vxlan_usual.words, sizeof(ports->words));
	port_remove(ports, (uint8_t)PORT_VXLAN);
	port_remove(ports, (uint8_t)PORT_VXLAN_LINUX);
	for (unsigned int i = 0; i < n; i++) {
		rte_be16_t port = rte_cpu_to_be_16(list[i]);

		if (!port_free(list[i]) || parse_vxlan_listed(ports, port))
			return -EINVAL;
		ports->list[i] = port;
		port_add(ports, list[i]);
	}
	ports->first[0] = ports->list[0];
	ports->first[1] = ports->list[n > 1 ? 1 : 0];
	return 0;
}
