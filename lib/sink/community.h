/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Community ids (github.com/corelight/community-id-spec): a text that other tools have for the same flow,
 * by which their records and ours are joined.
 */
#ifndef WEIR_SINK_COMMUNITY_H
#define WEIR_SINK_COMMUNITY_H

#include <stdint.h>

#include <weir/event.h>

/* Bytes of an id: "1:" and 20 bytes in base64. */
#define COMMUNITY_ID_LEN 30

/* What the specification has for ports, of the flow's first packet, in host order. */
struct community_ports {
	uint16_t src;
	uint16_t dst;
	uint8_t known;   /* 0: its protocol has none, or they were not there to be read */
	uint8_t one_way; /* of ICMP to which there is no answer: the ends are not exchanged */
};

/* Those of ICMP or ICMPv6, `proto`: by its type, and the type that answers it or the code. */
struct community_ports community_icmp(uint8_t proto, uint8_t type, uint8_t code);

/*
 * Write the id of version 1 and seed 0, COMMUNITY_ID_LEN bytes without an end. Of `key` it takes all but its
 * ports.
 */
void community_id(char *at, const struct weir_key *key, struct community_ports ports);

#endif /* WEIR_SINK_COMMUNITY_H */
