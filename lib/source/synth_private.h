/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Generated traffic. Each worker has slots, each slot one flow at a time; when its flow has ended,
 * another is born there. A slot is drawn for every packet, its flow says what comes next, and the
 * frame is a template with a few fields written over it.
 *
 * What a worker makes depends on its parameters, its index and how many came before alone: slots
 * and contents are drawn from random streams of their own, so that poll may draw slots ahead.
 */
#ifndef WEIR_SYNTH_PRIVATE_H
#define WEIR_SYNTH_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "source.h"

#define SYNTH_MAX_FLOWS (UINT64_C(16) << 20)
#define SYNTH_MAX_WEIGHT 1024
#define SYNTH_MIN_FRAME 60
#define SYNTH_MAX_FRAME 9000
/* Bytes of a frame that come from its template: more than any headers that are made. */
#define SYNTH_TEMPLATE 128
/* The payload repeats after so many bytes. */
#define SYNTH_PATTERN 64
#define SYNTH_MALFORMED 15

/* What the parameters fill. */
struct synth_conf {
	uint64_t flows;
	double zipf;
	const char *sizes;
	uint64_t rate; /* 0: no bound */
	uint64_t seed;
	const char *mix;
	double ipv6;
	double vlan;
	double malformed;
	uint64_t packets;
};

enum synth_proto { SYNTH_TCP, SYNTH_UDP, SYNTH_ICMP, SYNTH_PROTOS };
enum synth_side { SYNTH_CLIENT, SYNTH_SERVER, SYNTH_SIDES };

/* Frames of one form: a protocol, over IPv4 or IPv6, with a VLAN tag or without. */
#define SYNTH_FORM_VLAN 1u
#define SYNTH_FORM_IPV6 2u
#define SYNTH_FORM(proto, flags) ((unsigned int)(proto)*4 + (flags))
#define SYNTH_FORMS SYNTH_FORM(SYNTH_PROTOS, 0)

/*
 * A form: the headers as each side sends them, all fields that vary zero, and their sums. The low
 * 32 bits of both addresses are those of `base` plus a number.
 */
struct synth_form {
	uint8_t bytes[SYNTH_SIDES][SYNTH_TEMPLATE];
	uint32_t base[SYNTH_SIDES];
	uint32_t l3_sum;              /* IPv4 header */
	uint32_t l4_sum[SYNTH_SIDES]; /* L4 header and pseudo header */
	uint8_t proto;                /* enum synth_proto */
	bool ipv6;
	bool vlan;
	uint8_t l3_off;
	uint8_t l4_off;
	uint8_t header_len;            /* up to the payload */
	uint8_t length_off;            /* of IP's length field, */
	uint8_t length_from;           /* which counts from here */
	uint8_t addr_off[SYNTH_SIDES]; /* low 32 bits of the sender's address, of the receiver's */
};

/* Every form, and the payload: the byte at offset x of a frame is pattern[x % SYNTH_PATTERN]. */
struct synth_forms {
	struct synth_form form[SYNTH_FORMS];
	uint8_t pattern[2 * SYNTH_PATTERN];      /* twice, to be copied from any offset */
	uint32_t pattern_sum[SYNTH_PATTERN + 1]; /* of the first bytes */
};

/* A slot and its flow; zero before the first. Two of them share a cache line. */
struct synth_flow {
	uint32_t seq[SYNTH_SIDES];  /* next sequence number; ICMP: the echo's in the first */
	uint32_t left[SYNTH_SIDES]; /* packets with data still to come; UDP, ICMP: pairs of them */
	uint32_t client;            /* its number: the slot's among those of all workers */
	uint16_t server;            /* its number */
	uint16_t port;              /* client's; ICMP: identifier */
	uint16_t service;           /* server's port */
	uint16_t size;              /* of the ICMP request, which the reply repeats */
	uint8_t form;
	uint8_t step; /* enum synth_step */
	uint16_t spare;
};

/* The next frame of a flow. */
struct synth_frame {
	uint32_t seq;
	uint32_t ack;
	uint16_t payload;
	uint8_t side; /* who sends it */
	uint8_t tcp_flags;
};

/* Numbers 0 to count - 1, number k with a probability proportional to (k + 1) ^ -exponent. */
struct synth_zipf {
	double exponent; /* 0: all alike */
	double count;
	double low; /* ends of the integral of the hat function */
	double high;
	double squeeze;
	double weight; /* sum over all numbers */
};

/* Events that are allowed by now, in units that are whole at any rate: no drift. */
struct synth_pace {
	uint64_t rate; /* credit for each TSC cycle; 0: no bound */
	uint64_t cost; /* credit for each event */
	uint64_t credit;
	uint64_t most;    /* credit that can be saved up */
	uint64_t longest; /* cycles after which it has been */
	uint64_t last;    /* TSC of the last poll; 0: there was none */
};

/* A frame that the parser must flag. */
struct synth_malformed {
	uint8_t bytes[SYNTH_TEMPLATE];
	uint16_t len;
	uint8_t verdict;
};

/* A worker. */
struct synth {
	struct synth_flow *flows;
	struct weir_parse_burst burst;
	struct synth_pace pace;
	struct synth_zipf zipf;
	uint64_t slot_random;
	uint64_t random;
	uint64_t malformed_below; /* of 32 random bits */
	uint32_t first_client;
	uint32_t size_count;
	uint32_t next_malformed;
	double packets;
	double mix[SYNTH_PROTOS];
	double ipv6;
	double vlan;
	/* malformed frames made so far, by the verdict that they must get */
	uint64_t malformed_made[WEIR_VERDICT_MAX];
	uint16_t sizes[SYNTH_MAX_WEIGHT]; /* each as often as its weight says */
	struct synth_malformed malformed[SYNTH_MALFORMED];
	struct synth_forms forms;
};

/* SplitMix64 (Steele, Lea and Flood 2014): its state is a mere counter, so draws overlap. */
static inline uint64_t
synth_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 <= x < 1. */
static inline double
synth_random_unit(uint64_t *state)
{
	return (double)(synth_random(state) >> 11) * 0x1p-53;
}

/* Read the parameters that are text; 0, or -EINVAL with an error that names the source. */
int synth_sizes_parse(struct synth *s, const char *source, const char *text,
	struct weir_error *error);
int synth_mix_parse(struct synth *s, const char *source, const char *text,
	struct weir_error *error);

void synth_zipf_init(struct synth_zipf *zipf, uint32_t count, double exponent);
uint32_t synth_zipf_draw(const struct synth_zipf *zipf, uint64_t *random);
/* How many times as likely as the average a number is. */
double synth_zipf_skew(const struct synth_zipf *zipf, uint32_t number);

/* Share a rate, in events a second, between workers; 0: no bound. `pace` is zero. */
void synth_pace_init(struct synth_pace *pace, uint64_t rate, unsigned int workers, uint64_t hz);
/* How many of n events are due at a TSC. */
uint16_t synth_pace_due(struct synth_pace *pace, uint64_t now, uint16_t n);
/* So many of them were made. */
void synth_pace_take(struct synth_pace *pace, uint16_t n);

/*
 * Move the flow of a slot on by one frame, from its birth if need be. Its sizes are drawn from
 * `draw`, what else it needs from the worker's stream.
 */
void synth_flow_next(struct synth *s, uint32_t slot, uint64_t draw, struct synth_frame *frame);

void synth_forms_init(struct synth_forms *forms);
/* Write a frame of a flow; at least SYNTH_TEMPLATE bytes may be written. Returns its length. */
uint16_t synth_frame_write(const struct synth_forms *forms, const struct synth_flow *flow,
	const struct synth_frame *frame, uint8_t *bytes);

/* Make the malformed frames, as from a client. */
void synth_malformed_init(struct synth *s, uint32_t client);
/* Write the next one of the assortment. Returns its length. */
uint16_t synth_malformed_write(struct synth *s, uint8_t *bytes);

#endif /* WEIR_SYNTH_PRIVATE_H */
