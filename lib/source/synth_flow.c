/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What flows say, one frame at a time: TCP sessions from SYN to the last ACK, UDP requests with
 * their answers, ICMP echoes with their replies.
 */
#include <assert.h>

#include <rte_common.h>
#include <rte_tcp.h>

#include "synth_private.h"

static_assert(sizeof(struct synth_flow) == 32, "two slots share a cache line, none straddles");

/* Client ports are the upper half: no tunnel's is among them. */
#define CLIENT_PORTS 0x8000
/* Frames of a TCP session that carry no data. */
#define TCP_OVERHEAD 6
/* Longest session that is aimed at, in packets with data each way. */
#define LONGEST 0x1p30

/* What a flow sends next. */
enum synth_step {
	STEP_UNBORN,
	STEP_SYN,
	STEP_SYN_ACK,
	STEP_ACK,
	STEP_FIN,
	STEP_FIN_ACK,
	STEP_LAST_ACK,
	STEP_DATA,
	STEP_REQUEST,
	STEP_ANSWER,
};

/* The steps of a TCP session without data. */
static const struct {
	uint8_t side;
	uint8_t flags;
	uint8_t counts; /* in the sequence numbers */
	uint8_t next;
} control[] = {
	[STEP_SYN] = { SYNTH_CLIENT, RTE_TCP_SYN_FLAG, 1, STEP_SYN_ACK },
	[STEP_SYN_ACK] = { SYNTH_SERVER, RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG, 1, STEP_ACK },
	[STEP_ACK] = { SYNTH_CLIENT, RTE_TCP_ACK_FLAG, 0, STEP_DATA },
	[STEP_FIN] = { SYNTH_CLIENT, RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG, 1, STEP_FIN_ACK },
	[STEP_FIN_ACK] = { SYNTH_SERVER, RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG, 1, STEP_LAST_ACK },
	[STEP_LAST_ACK] = { SYNTH_CLIENT, RTE_TCP_ACK_FLAG, 0, STEP_UNBORN },
};

static const uint16_t services[SYNTH_PROTOS][8] = {
	[SYNTH_TCP] = { 443, 443, 443, 80, 22, 993, 5432, 8080 },
	[SYNTH_UDP] = { 53, 53, 443, 443, 123, 161, 514, 5060 },
};

/* 1 and up, with that mean. */
static uint32_t
draw_count(struct synth *s, double mean)
{
	return 1 + (uint32_t)(synth_random_unit(&s->random) * (2 * mean - 1));
}

/*
 * The mix is of packets, and TCP sessions are longer: a slot is given to TCP less often. Not so
 * at its first birth, when every slot begins at once.
 */
static unsigned int
draw_proto(struct synth *s, double mean, bool first)
{
	double tcp = s->mix[SYNTH_TCP] * (first ? 1 : 2 * mean / (2 * mean + TCP_OVERHEAD));
	double udp = s->mix[SYNTH_UDP], icmp = s->mix[SYNTH_ICMP];
	double at = synth_random_unit(&s->random) * (tcp + udp + icmp);

	if (at < tcp)
		return SYNTH_TCP;
	return at < tcp + udp ? SYNTH_UDP : SYNTH_ICMP;
}

/*
 * A slot that is drawn more often than others gets longer flows instead of more of them, so that
 * there are elephants and mice, and all slots turn over at one pace.
 */
static void
flow_birth(struct synth *s, uint32_t slot, struct synth_flow *flow)
{
	double mean = RTE_MIN(RTE_MAX(s->packets * synth_zipf_skew(&s->zipf, slot), 1.0), LONGEST);
	bool first = flow->port == 0;
	unsigned int proto = draw_proto(s, mean, first);
	uint64_t r = synth_random(&s->random);

	flow->form = (uint8_t)SYNTH_FORM(proto, 0);
	if (synth_random_unit(&s->random) < s->ipv6)
		flow->form |= SYNTH_FORM_IPV6;
	if (synth_random_unit(&s->random) < s->vlan)
		flow->form |= SYNTH_FORM_VLAN;
	flow->step = proto == SYNTH_TCP ? STEP_SYN : STEP_REQUEST;
	flow->client = s->first_client + slot;
	flow->server = (uint16_t)r;
	flow->service = services[proto][r >> 16 & 7];
	/* The next port, never the same again soon: another 5-tuple whatever else is drawn. */
	flow->port = (uint16_t)(CLIENT_PORTS | (first ? r >> 32 : flow->port + 1u));
	r = synth_random(&s->random);
	flow->seq[SYNTH_CLIENT] = proto == SYNTH_TCP ? (uint32_t)r : 1;
	flow->seq[SYNTH_SERVER] = (uint32_t)(r >> 32);
	flow->left[SYNTH_CLIENT] = draw_count(s, mean);
	flow->left[SYNTH_SERVER] = draw_count(s, mean);
}

/* Payload of a frame for which a size was drawn: what the headers leave of it, or one byte. */
static uint16_t
frame_payload(const struct synth *s, const struct synth_flow *flow, uint16_t size)
{
	uint8_t header_len = s->forms.form[flow->form].header_len;

	return size > header_len ? (uint16_t)(size - header_len) : 1;
}

static void
next_segment(struct synth_flow *flow, struct synth_frame *frame, uint8_t side, uint16_t payload,
	uint8_t counts)
{
	frame->seq = flow->seq[side];
	frame->ack = frame->tcp_flags & RTE_TCP_ACK_FLAG ? flow->seq[!side] : 0;
	frame->payload = payload;
	frame->side = side;
	flow->seq[side] += payload + counts;
}

static void
next_tcp(struct synth *s, struct synth_flow *flow, uint16_t size, bool server,
	struct synth_frame *frame)
{
	uint8_t step = flow->step, side;

	if (step != STEP_DATA) {
		frame->tcp_flags = control[step].flags;
		next_segment(flow, frame, control[step].side, 0, control[step].counts);
		flow->step = control[step].next;
		return;
	}
	side = server ? SYNTH_SERVER : SYNTH_CLIENT;
	if (flow->left[side] == 0)
		side = !side;
	frame->tcp_flags = RTE_TCP_PSH_FLAG | RTE_TCP_ACK_FLAG;
	next_segment(flow, frame, side, frame_payload(s, flow, size), 0);
	flow->left[side]--;
	if (flow->left[SYNTH_CLIENT] + flow->left[SYNTH_SERVER] == 0)
		flow->step = STEP_FIN;
}

static void
next_exchange(struct synth *s, struct synth_flow *flow, uint16_t size, struct synth_frame *frame)
{
	bool echo = s->forms.form[flow->form].proto == SYNTH_ICMP;

	frame->seq = flow->seq[SYNTH_CLIENT];
	frame->ack = 0;
	frame->tcp_flags = 0;
	if (flow->step == STEP_REQUEST) {
		flow->size = size;
		flow->step = STEP_ANSWER;
		frame->side = SYNTH_CLIENT;
	} else {
		size = echo ? flow->size : size;
		flow->step = --flow->left[SYNTH_CLIENT] == 0 ? STEP_UNBORN : STEP_REQUEST;
		flow->seq[SYNTH_CLIENT]++;
		frame->side = SYNTH_SERVER;
	}
	frame->payload = frame_payload(s, flow, size);
}

void
synth_flow_next(struct synth *s, uint32_t slot, uint64_t draw, struct synth_frame *frame)
{
	struct synth_flow *flow = &s->flows[slot];
	uint16_t size = s->sizes[(draw >> 33) * s->size_count >> 31];

	if (flow->step == STEP_UNBORN)
		flow_birth(s, slot, flow);
	if (flow->step < STEP_REQUEST)
		next_tcp(s, flow, size, draw & (UINT64_C(1) << 32), frame);
	else
		next_exchange(s, flow, size, frame);
}
