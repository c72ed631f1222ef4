/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The source `synth`: parameters, and the poll that makes a burst. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>

#include "source_private.h"
#include "synth_private.h"

#define FIELD(name) offsetof(struct synth_conf, name)

static const struct weir_param synth_params[] = {
	{ .name = "flows",
		.type = WEIR_PARAM_SIZE,
		.offset = FIELD(flows),
		.min = 1,
		.max = SYNTH_MAX_FLOWS,
		.def = "1k",
		.help = "flows that run at once, over all workers; 32 bytes each" },
	{ .name = "zipf",
		.type = WEIR_PARAM_REAL,
		.offset = FIELD(zipf),
		.max = 3,
		.def = "0",
		.help = "skew of the flows: packets of the k-th are as k to the minus this; "
			"0: all alike" },
	{ .name = "sizes",
		.type = WEIR_PARAM_STRING,
		.offset = FIELD(sizes),
		.def = "imix",
		.help = "bytes of a frame with data, without FCS: imix (60:7,590:4,1514:1), a "
			"number 60 to 9000, or a list SIZE:WEIGHT; one too small for the headers "
			"becomes larger" },
	{ .name = "rate",
		.type = WEIR_PARAM_RATE,
		.offset = FIELD(rate),
		.max = UINT64_C(10000000000),
		.def = "0",
		.help = "events a second, over all workers; 0: as fast as it can",
		.live = 1 },
	{ .name = "seed",
		.type = WEIR_PARAM_UINT,
		.offset = FIELD(seed),
		.def = "1",
		.help = "of the random numbers: the same seed makes the same packets" },
	{ .name = "mix",
		.type = WEIR_PARAM_STRING,
		.offset = FIELD(mix),
		.def = "tcp:80,udp:18,icmp:2",
		.help = "protocols of the packets: a list PROTOCOL:WEIGHT of tcp, udp, icmp" },
	{ .name = "ipv6",
		.type = WEIR_PARAM_SHARE,
		.offset = FIELD(ipv6),
		.def = "20%",
		.help = "share of flows over IPv6" },
	{ .name = "vlan",
		.type = WEIR_PARAM_SHARE,
		.offset = FIELD(vlan),
		.def = "10%",
		.help = "share of flows with a VLAN tag" },
	{ .name = "malformed",
		.type = WEIR_PARAM_SHARE,
		.offset = FIELD(malformed),
		.def = "1%",
		.help = "share of packets that are wrong, each in one of all the ways that have a "
			"verdict" },
	{ .name = "packets",
		.type = WEIR_PARAM_UINT,
		.offset = FIELD(packets),
		.min = 1,
		.max = 1000000,
		.def = "8",
		.help = "packets with data each way in a flow, on average; with zipf more in "
			"those that have more" },
	{ .name = NULL },
};

/* This worker's part of the flows. */
static int
share_flows(struct synth *s, const struct weir_worker *worker, const struct synth_conf *conf,
	struct weir_error *error)
{
	uint64_t each = conf->flows / worker->count, more = conf->flows % worker->count;
	uint32_t count = (uint32_t)(each + (worker->index < more));

	if (each == 0)
		return weir_error_set(error, EINVAL,
			"[source %s] flows = %" PRIu64
			": expected at least one for each of its %u workers",
			worker->name, conf->flows, worker->count);
	s->first_client = (uint32_t)(worker->index * each + RTE_MIN(worker->index, more));
	synth_zipf_init(&s->zipf, count, conf->zipf);
	return 0;
}

static int
check_room(const struct synth *s, const struct weir_worker *worker, struct weir_error *error)
{
	uint32_t data_room = rte_pktmbuf_data_room_size(worker->pool), least = SYNTH_TEMPLATE, i;

	for (i = 0; i < s->size_count; i++)
		least = RTE_MAX(least, s->sizes[i]);
	if (data_room >= RTE_PKTMBUF_HEADROOM + least)
		return 0;
	return weir_error_set(error, EINVAL,
		"[source %s] sizes: frames of up to %u bytes don't fit the mbufs of the pool: expected "
		"smaller ones, or data_room = %u at least in [pool], which is %u",
		worker->name, least, RTE_PKTMBUF_HEADROOM + least, data_room);
}

static int
alloc_flows(struct synth *s, const struct weir_worker *worker, struct weir_error *error)
{
	size_t size = (size_t)s->zipf.count * sizeof(*s->flows);

	s->flows = rte_zmalloc_socket("synth", size, RTE_CACHE_LINE_SIZE, worker->socket);
	if (s->flows != NULL)
		return 0;
	return weir_error_set(error, ENOMEM,
		"[source %s] flows: no memory on socket %d for %zu kB of state: expected fewer flows, "
		"or more memory for EAL",
		worker->name, worker->socket, size / 1024);
}

/* Streams far apart from each other, and from those of other workers and seeds. */
static void
seed_streams(struct synth *s, uint64_t seed, unsigned int worker)
{
	uint64_t state = synth_random(&seed) ^ worker;

	s->random = synth_random(&state);
	s->slot_random = synth_random(&state);
}

/* What is wrong with the parameters or the machine comes first. */
static int
synth_setup(struct synth *s, const struct weir_worker *worker, const struct synth_conf *conf,
	struct weir_error *error)
{
	int err;

	err = synth_sizes_parse(s, worker->name, conf->sizes, error);
	if (err == 0)
		err = synth_mix_parse(s, worker->name, conf->mix, error);
	if (err == 0)
		err = share_flows(s, worker, conf, error);
	if (err == 0)
		err = check_room(s, worker, error);
	if (err == 0)
		err = alloc_flows(s, worker, error);
	return err;
}

static int
synth_check(const char *node, const void *conf_, struct weir_error *error)
{
	const struct synth_conf *conf = conf_;
	struct synth *s = calloc(1, sizeof(*s));
	int err;

	if (s == NULL)
		return weir_error_set(error, ENOMEM, "no memory to check [source %s]", node);
	err = synth_sizes_parse(s, node, conf->sizes, error);
	if (err == 0)
		err = synth_mix_parse(s, node, conf->mix, error);
	free(s);
	return err;
}

static int
synth_init(struct weir_worker *worker, const void *conf_, void *state, struct weir_error *error)
{
	const struct synth_conf *conf = conf_;
	struct synth *s = state;
	int err;

	err = synth_setup(s, worker, conf, error);
	if (err < 0)
		return err;
	seed_streams(s, conf->seed, worker->index);
	s->packets = (double)conf->packets;
	s->ipv6 = conf->ipv6;
	s->vlan = conf->vlan;
	s->malformed_below = (uint64_t)(conf->malformed * 0x1p32);
	synth_forms_init(&s->forms);
	synth_malformed_init(s, s->first_client);
	synth_pace_init(&s->pace, conf->rate, worker->count, rte_get_tsc_hz());
	source_parse_init(worker, RTE_MBUF_PORT_INVALID, (uint16_t)worker->index, &s->burst);
	return 0;
}

/* The rate alone is live: from now on, whatever was due by the former one. */
static void
synth_set(struct weir_worker *worker, void *state, const void *conf)
{
	const struct synth_conf *given = conf;
	struct synth *s = state;

	memset(&s->pace, 0, sizeof(s->pace));
	synth_pace_init(&s->pace, given->rate, worker->count, rte_get_tsc_hz());
}

/* Draw the slots of a burst ahead, so that memory has time to bring their flows. */
static void
draw_slots(struct synth *s, uint32_t slots[], uint16_t n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		slots[i] = synth_zipf_draw(&s->zipf, &s->slot_random);
		rte_prefetch0(&s->flows[slots[i]]);
	}
}

static uint16_t
write_packet(struct synth *s, uint32_t slot, uint8_t *bytes)
{
	uint64_t draw = synth_random(&s->random);
	struct synth_frame frame;

	if ((uint32_t)draw < s->malformed_below)
		return synth_malformed_write(s, bytes);
	synth_flow_next(s, slot, draw, &frame);
	return synth_frame_write(&s->forms, &s->flows[slot], &frame, bytes);
}

static uint16_t
synth_poll(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct synth *s = state;
	struct rte_mbuf *mbufs[BURST_MAX];
	uint32_t slots[BURST_MAX];
	unsigned int i;

	s->burst.tsc = rte_rdtsc();
	n = synth_pace_due(&s->pace, s->burst.tsc, RTE_MIN(n, (uint16_t)BURST_MAX));
	if (n == 0 || fault_hit(FAULT_NO_MBUF) ||
		rte_pktmbuf_alloc_bulk(worker->pool, mbufs, n) != 0)
		return 0;
	synth_pace_take(&s->pace, n);
	draw_slots(s, slots, n);
	for (i = 0; i < n; i++) {
		mbufs[i]->data_len =
			write_packet(s, slots[i], rte_pktmbuf_mtod(mbufs[i], uint8_t *));
		mbufs[i]->pkt_len = mbufs[i]->data_len;
		events[i] = weir_mbuf_event(mbufs[i]);
	}
	weir_parse(mbufs, n, &s->burst);
	return n;
}

static void
synth_pressure(struct weir_worker *worker, void *state, bool on)
{
	struct synth *s = state;

	s->burst.depth = on ? worker->under_pressure : WEIR_PARSE_FULL;
}

static void
synth_fini(struct weir_worker *worker, void *state)
{
	struct synth *s = state;

	worker->parsed = NULL;
	rte_free(s->flows);
}

const struct source_ops source_synth = {
	.type = {
		.name = "synth",
		.help = "generated traffic: flows of TCP, UDP and ICMP with right checksums",
		.params = synth_params,
	},
	.conf_size = sizeof(struct synth_conf),
	.state_size = sizeof(struct synth),
	.check = synth_check,
	.init = synth_init,
	.poll = synth_poll,
	.pressure = synth_pressure,
	.set = synth_set,
	.fini = synth_fini,
};
