/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Frames that are wrong: good ones of a client's that were cut short, or in which a byte or two
 * are others. They are made once; an assortment of them is handed out in turn.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_tcp.h>

#include "synth_private.h"

/* No flow has this client port. */
#define PORT 0x7fff
#define PAYLOAD 20
#define ETHER_LEN 14
#define EXTENSION_LEN 8
#define TAG_LEN 4

#define TCP4 SYNTH_FORM(SYNTH_TCP, 0)
#define TCP4_VLAN SYNTH_FORM(SYNTH_TCP, SYNTH_FORM_VLAN)
#define TCP6 SYNTH_FORM(SYNTH_TCP, SYNTH_FORM_IPV6)
#define UDP4 SYNTH_FORM(SYNTH_UDP, 0)
#define UDP6 SYNTH_FORM(SYNTH_UDP, SYNTH_FORM_IPV6)

/* How each goes wrong. */
static const struct {
	uint8_t verdict;
	uint8_t form;
	uint8_t len; /* where it is cut; 0: nowhere */
	uint8_t at;  /* offset of the byte that is changed; 0: none */
	uint8_t value;
} faults[SYNTH_MALFORMED] = {
	{ WEIR_VERDICT_TRUNC_L2, TCP4, .len = 10 },
	{ WEIR_VERDICT_TRUNC_L3, TCP4, .len = 26 },
	{ WEIR_VERDICT_TRUNC_L4, TCP4, .len = 44 },
	/* IP versions that are not what the ethertype says */
	{ WEIR_VERDICT_BAD_VERSION, TCP4, .at = 14, .value = 0x55 },
	{ WEIR_VERDICT_BAD_HDR_LEN, UDP4, .at = 14, .value = 0x44 },
	/* IPv4 total length, below the header's */
	{ WEIR_VERDICT_BAD_TOTAL_LEN, TCP4, .at = 17, .value = 19 },
	{ WEIR_VERDICT_TRUNC_L2, TCP4_VLAN, .len = 16 },
	{ WEIR_VERDICT_TRUNC_L3, TCP6, .len = 44 },
	{ WEIR_VERDICT_TRUNC_L4, UDP6, .len = 58 },
	{ WEIR_VERDICT_BAD_VERSION, UDP6, .at = 14, .value = 0x40 },
	/* TCP data offset */
	{ WEIR_VERDICT_BAD_HDR_LEN, TCP6, .at = 66, .value = 0x30 },
	/* UDP length, below the header's */
	{ WEIR_VERDICT_BAD_TOTAL_LEN, UDP4, .at = 39, .value = 7 },
	/* IPv4 protocol number; the GRE header ends behind its flags */
	{ WEIR_VERDICT_TRUNC_TUNNEL, UDP4, .len = 36, .at = 23, .value = IPPROTO_GRE },
	/* IPv6 next header; the chain of extensions is added below */
	{ WEIR_VERDICT_EXT_CHAIN, UDP6, .at = 20, .value = IPPROTO_DSTOPTS },
	/* the tags are added below */
	{ WEIR_VERDICT_TOO_DEEP, TCP4, .len = 0 },
};

/* More destination options than are followed, each with nothing but padding (RFC 8200 4.2). */
static uint16_t
add_extensions(uint8_t *bytes)
{
	static const uint8_t option[EXTENSION_LEN] = { IPPROTO_DSTOPTS, 0, 1, 4, 0, 0, 0, 0 };
	unsigned int i, off = 54;

	for (i = 0; i <= WEIR_PARSE_MAX_EXT; i++, off += EXTENSION_LEN)
		memcpy(bytes + off, option, sizeof(option));
	/* so that IP's length is right, and nothing else is wrong */
	bytes[19] = (uint8_t)(off - 54);
	return (uint16_t)off;
}

/* One more VLAN tag than is followed, in front of the packet. */
static uint16_t
add_tags(uint8_t *bytes, uint16_t len)
{
	static const uint8_t tag[TAG_LEN] = { 0x81, 0x00, 0x00, 0x64 };
	const unsigned int added = TAG_LEN * (WEIR_PARSE_MAX_TAGS + 1);
	unsigned int i;

	memmove(bytes + ETHER_LEN - 2 + added, bytes + ETHER_LEN - 2, len - (ETHER_LEN - 2u));
	for (i = 0; i < added; i += TAG_LEN)
		memcpy(bytes + ETHER_LEN - 2 + i, tag, sizeof(tag));
	return (uint16_t)(len + added);
}

void
synth_malformed_init(struct synth *s, uint32_t client)
{
	const struct synth_frame frame = { .payload = PAYLOAD, .tcp_flags = RTE_TCP_ACK_FLAG };
	struct synth_flow flow = { .client = client, .port = PORT, .service = 53 };
	struct synth_malformed *m;
	unsigned int i;

	for (i = 0; i < SYNTH_MALFORMED; i++) {
		m = &s->malformed[i];
		flow.form = faults[i].form;
		m->verdict = faults[i].verdict;
		m->len = synth_frame_write(&s->forms, &flow, &frame, m->bytes);
		if (faults[i].at != 0)
			m->bytes[faults[i].at] = faults[i].value;
		if (faults[i].len != 0)
			m->len = faults[i].len;
		if (m->verdict == WEIR_VERDICT_EXT_CHAIN)
			m->len = add_extensions(m->bytes);
		else if (m->verdict == WEIR_VERDICT_TOO_DEEP)
			m->len = add_tags(m->bytes, m->len);
	}
}

uint16_t
synth_malformed_write(struct synth *s, uint8_t *bytes)
{
	const struct synth_malformed *m = &s->malformed[s->next_malformed];

	s->next_malformed = (s->next_malformed + 1) % SYNTH_MALFORMED;
	s->malformed_made[m->verdict]++;
	memcpy(bytes, m->bytes, sizeof(m->bytes));
	return m->len;
}
