/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Which packets are meant: pcap expressions, as libpcap compiles and runs them, and as rules of a NIC.
 *
 * Rules never say less than the expression: each packet that it matches is matched by one of them. They
 * may say more, so software has the last word.
 */
#ifndef WEIR_LIB_MATCH_H
#define WEIR_LIB_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_flow.h>
#include <rte_mbuf.h>

#include <weir/error.h>

/* Most rules of an expression. */
#define MATCH_RULES_MAX 32
/* Bytes of what is said of a rule, the final NUL included. */
#define MATCH_TEXT_SIZE 256

/* Link type of Ethernet, as libpcap numbers them. */
#define MATCH_ETHERNET 1

/* An expression, compiled: and what one thread runs of it. */
struct match_program;
struct match;

/*
 * Compile for frames of a link type of libpcap. Names of hosts and networks are refused:
 * they would be looked up, by who knows whom, and what they stand for may change. -EINVAL with `error`, a
 * text to stand behind a place; -ENOMEM. Without EAL. The time goes by the square of the length, by half a
 * second for some hundred hosts.
 */
int match_compile(struct match_program **program, const char *expression, int link,
	struct weir_error *error);
/* NULL is nothing, here and below. */
void match_program_free(struct match_program *program);
/* Bytes of EAL's memory that each match_create() takes; and what a worker on a socket runs, NULL: there is no
 * memory. It needs the program no more. */
size_t match_memory(const struct match_program *program);
struct match *match_create(const struct match_program *program, int socket);
void match_free(struct match *match);

/* Whether it matches a frame; a VLAN tag that the NIC took off is seen where it was. */
bool match_mbuf(const struct match *match, const struct rte_mbuf *mbuf);

/* The same of the first bytes of a packet that had `wire_len`. */
bool match_bytes(const struct match *match, const uint8_t *bytes, uint32_t len, uint32_t wire_len);

/* Part a burst: those that match stay, in their order, the others go to `missed`. How many stay. */
uint16_t match_burst(const struct match *match, struct rte_mbuf *mbufs[], uint16_t n,
	struct rte_mbuf *missed[]);

/* What is behind the MAC addresses, or behind the tag: what is 0 is not said. */
struct match_layer {
	uint16_t type; /* EtherType; all else is said only of IPv4 and IPv6 */
	uint8_t has_proto;
	uint8_t proto;
	uint8_t has_port[2]; /* source and destination, here and below */
	/* IPv4: only the first of several fragments, whose ports not every NIC reads. */
	uint8_t first_fragment;
	uint8_t reserved;
	uint16_t port[2];
	uint8_t address[2][16]; /* of IPv4 in the first four bytes */
	uint8_t mask[2][16];
};

/* One rule, as a conjunction; all of its bytes count when two are compared. */
struct match_rule {
	uint8_t mac[2][6]; /* destination and source, as in the frame */
	uint8_t has_mac[2];
	uint8_t vlan; /* a tag of type 0x8100 */
	uint8_t has_vlan_id;
	uint16_t vlan_id;
	uint8_t part; /* it says more than the expression */
	uint8_t reserved[3];
	struct match_layer layer[2]; /* of a frame without that tag, and behind it */
};

struct match_rules {
	unsigned int count;
	bool exact;      /* together they say just what the expression does */
	const char *why; /* there are none: why; else NULL */
	struct match_rule rules[MATCH_RULES_MAX];
};

/* The rules of an expression that match_compile() found right. */
void match_rules_make(const char *expression, struct match_rules *rules);

/*
 * Have a rule say more, for a driver that refuses what it says: first no ports, then no protocol and
 * addresses, then nothing behind the tag, then no tag's number. False: it would match everything.
 */
bool match_rule_widen(struct match_rule *rule);

/* A rule as rte_flow takes it: a pattern, and what it points to. */
struct match_pattern {
	struct rte_flow_item items[6];
	struct rte_flow_item_eth eth, eth_mask;
	struct rte_flow_item_vlan vlan, vlan_mask;
	struct rte_flow_item_ipv4 ipv4, ipv4_mask;
	struct rte_flow_item_ipv6 ipv6, ipv6_mask;
	union {
		struct rte_flow_item_tcp tcp;
		struct rte_flow_item_udp udp;
		struct rte_flow_item_sctp sctp;
	} l4, l4_mask;
};

void match_rule_pattern(const struct match_rule *rule, struct match_pattern *pattern);

/* "ipv4 src 10.0.0.0/8, tcp dst 443", into `text`, which is returned. */
const char *match_rule_text(const struct match_rule *rule, char text[MATCH_TEXT_SIZE]);

#endif /* WEIR_LIB_MATCH_H */
