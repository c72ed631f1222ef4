/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What readers of more than one kind ask for. */
#include "kinds.h"

/* What says where a packet ends: its header up to the length. */
#define IPV4_END_READ 4
#define IPV6_END_READ 6

uint16_t
parse_next_protocol(uint8_t number)
{
	static const uint16_t ethertypes[] = { 0, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_TEB,
		ETHERTYPE_NSH, ETHERTYPE_MPLS };

	return number < RTE_DIM(ethertypes) ? ethertypes[number] : 0;
}

uint32_t
parse_ip_end(struct parse *p, uint32_t off, uint8_t version)
{
	const uint8_t *ip = parse_read(p, off, version == 4 ? IPV4_END_READ : IPV6_END_READ);
	uint32_t header;

	if (ip == NULL || ip[0] >> 4 != version)
		return 0;
	if (version == 6)
		return off + IPV6_LEN + get16(ip + 4);
	header = (ip[0] & 0xfu) * 4;
	return header >= IPV4_LEN && get16(ip + 2) >= header ? off + get16(ip + 2) : 0;
}

bool
parse_fits(struct parse *p, uint32_t off, uint8_t version)
{
	/* Below Ethernet nothing says where the packet should end: a frame may be cut. */
	uint32_t room = p->flags & WEIR_EVENT_KEYED ? p->l3_end : UINT32_MAX;
	uint32_t end = parse_ip_end(p, off, version);

	return end != 0 && end <= room &&
		off + (version == 4 ? IPV4_LEN : IPV6_LEN) <= p->header_end;
}

bool
parse_looks_ether(struct parse *p, uint32_t off)
{
	const uint8_t *type = parse_read(p, off + ETHER_LEN - 2, 2);
	unsigned int tags;

	off += ETHER_LEN;
	for (tags = 0; type != NULL && tags < WEIR_MAX_VLANS; tags++) {
		if (get16(type) != ETHERTYPE_VLAN && get16(type) != ETHERTYPE_QINQ)
			break;
		type = parse_read(p, off + 2, 2);
		off += VLAN_LEN;
	}
	if (type == NULL)
		return false;
	if (get16(type) == ETHERTYPE_IPV4)
		return parse_fits(p, off, 4);
	return get16(type) == ETHERTYPE_IPV6 && parse_fits(p, off, 6);
}
