/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Fuzz a stage of flows. The first two bytes choose its configuration; the rest are packets, each of three bytes,
 * how long its frame is, how much later it comes, and what is not known of it, and its frame. Whatever they are,
 * each packet goes on, each that has a key is counted in one flow once, and every flow begins and ends once, with
 * figures that hold together. Frames are in the heap, where a sanitizer sees what is read around them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include <weir/flow.h>
#include <weir/parse.h>

#include "unit/flow/follower.h"
#include "unit/parse/reshape.h"

#define CHOICES 2u
#define HEAD 3u
#define MBUFS 63u
#define BURST 8u

struct packets {
	const uint8_t *at;
	const uint8_t *end;
	uint64_t now;
};

/* What the state machine was told. */
static struct {
	uint64_t begun;
	uint64_t ended;
	uint64_t told_of; /* packets, in runs */
	uint64_t counted; /* packets, in the records of flows that ended */
} seen;

static struct {
	struct rte_mempool *pool;
	void *rooms[MBUFS]; /* buf_addr, of the mbufs at hand */
	struct weir_stage_ops stage;
} bed;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static void
check(bool right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "wrong: %s\n", what);
	abort();
}

static void
told_new(struct weir_worker *worker __rte_unused, struct weir_flow *flow __rte_unused, void *user,
	const struct weir_event *event __rte_unused)
{
	uint64_t *packets = user;

	check(*packets == 0, "what a new flow keeps is not 0");
	seen.begun++;
}

static void
told_packets(struct weir_worker *worker __rte_unused, struct weir_flow *flow, void *user,
	struct weir_event *const events[], uint16_t n)
{
	uint64_t *packets = user;

	for (uint16_t i = 0; i < n; i++)
		check(events[i]->key.proto == flow->key.proto, "a packet of another flow");
	*packets += n;
	seen.told_of += n;
}

static void
told_state(struct weir_worker *worker __rte_unused, struct weir_flow *flow __rte_unused,
	void *user __rte_unused, enum weir_flow_state old, enum weir_flow_state state)
{
	check(old != state && state < WEIR_FLOW_STATES, "the state is the same");
}

static void
told_end(struct weir_worker *worker, struct weir_flow *flow, void *user,
	enum weir_flow_reason reason)
{
	struct weir_flow_record record = { .size = sizeof(record) };
	const struct weir_flow_side *sides = record.sides;
	const uint64_t *packets = user;

	check(weir_flow_read(worker, flow, &record) == 0, "no record");
	check(reason < WEIR_FLOW_REASONS, "no reason");
	check(sides[0].packets + sides[1].packets == *packets, "packets by runs and by record");
	check(record.end >= record.start, "it ends before it begins");
	for (unsigned int i = 0; i < WEIR_FLOW_SIDES; i++)
		check(sides[i].packets != 0 || (sides[i].bytes | sides[i].last) == 0,
			"a side that has sent nothing");
	seen.counted += sides[0].packets + sides[1].packets;
	seen.ended++;
}

static const struct weir_flow_ops ops = {
	.size = sizeof(struct weir_flow_ops),
	.name = "fuzzed",
	.help = "hold what is told of flows together",
	.user_size = sizeof(uint64_t),
	.on_new = told_new,
	.on_packets = told_packets,
	.on_state = told_state,
	.on_end = told_end,
};

static int
stage_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	return weir_flow_stage_init(&ops, worker, conf, state, error);
}

static int
stage_needs(const void *conf, struct weir_stage_needs *needs, struct weir_error *error)
{
	return weir_flow_stage_needs(&ops, conf, needs, error);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *eal[] = { "fuzz", "--no-huge", "-m", "128", "--no-pci", "--lcores", "0@0",
		"--no-shconf", "--no-telemetry", "--log-level", "lib.eal:4" };

	(void)argc;
	(void)argv;
	check(rte_eal_init(RTE_DIM(eal), (char **)(uintptr_t)eal) >= 0, "EAL");
	bed.pool = weir_pool_create("fuzz", MBUFS, 0, 0, RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	check(bed.pool != NULL, "no pool");
	weir_flow_stage(&ops, &bed.stage);
	bed.stage.init = stage_init;
	bed.stage.needs = stage_needs;
	return 0;
}

/* How much later a packet comes: some are later by much, and some earlier. */
static uint64_t
later(uint8_t code)
{
	if (code < 200)
		return (uint64_t)code * 1000000;
	return code < 250 ? (uint64_t)(code - 199) * 20 * SECOND : -(uint64_t)(code - 249) * SECOND;
}

/* The next packet, parsed; NULL: there are no more. Its frame is in the heap, to be freed. */
static struct weir_event *
packet_next(struct packets *packets)
{
	struct weir_parse_burst burst = { .size = sizeof(burst) };
	struct weir_event *event;
	struct rte_mbuf *mbuf;
	const uint8_t *head;
	uint16_t len;

	if (packets->end - packets->at <= (ptrdiff_t)HEAD)
		return NULL;
	head = packets->at;
	packets->at += HEAD;
	len = (uint16_t)RTE_MIN(head[0], packets->end - packets->at);
	mbuf = rte_pktmbuf_alloc(bed.pool);
	check(mbuf != NULL, "mbufs are lost");
	mbuf->buf_addr = malloc(len);
	check(mbuf->buf_addr != NULL || len == 0, "no memory");
	memcpy(mbuf->buf_addr, packets->at, len);
	packets->at += len;
	mbuf->data_off = 0;
	mbuf->data_len = len;
	mbuf->pkt_len = len;
	burst.fragments = head[2] & 1;
	burst.depth = head[2] & 2 ? WEIR_PARSE_KEY_ONLY : WEIR_PARSE_FULL;
	weir_parse(&mbuf, 1, &burst);
	event = weir_mbuf_event(mbuf);
	packets->now += later(head[1]);
	event->wire_ns = packets->now;
	event->flags |= head[2] & 4 ? WEIR_EVENT_NO_TIME : WEIR_EVENT_WIRE_TIME;
	event->wire_len += head[2] >> 3;
	return event;
}

/* A burst goes through the stage. False: there are no more packets. */
static bool
burst_go(struct follower *f, struct packets *packets, uint64_t *keyed)
{
	struct weir_event *events[BURST];
	struct rte_mbuf *mbufs[BURST];
	void *frames[BURST];
	uint16_t n;

	for (n = 0; n < BURST; n++) {
		events[n] = packet_next(packets);
		if (events[n] == NULL)
			break;
		mbufs[n] = weir_event_mbuf(events[n]);
		frames[n] = mbufs[n]->buf_addr;
		*keyed += events[n]->flags & WEIR_EVENT_KEYED ? 1 : 0;
	}
	f->stats.in += n;
	f->ops->process(&f->worker, f->track, events, n);
	for (uint16_t i = 0; i < n; i++) {
		/* What the pool has of it from its first day on. */
		mbufs[i]->buf_addr = rte_mbuf_to_baddr(mbufs[i]);
		free(frames[i]);
	}
	return n == BURST;
}

static struct track_conf
conf_of(const uint8_t *data)
{
	static const char *const keys[] = { "5-tuple", "5-tuple+vlan", "5-tuple+tunnel",
		"5-tuple+vlan+tunnel+port" };
	struct track_conf conf = follower_conf(1u + data[0] % 16);

	conf.on_full = data[0] >> 4 & 1 ? WEIR_FLOW_REFUSE : WEIR_FLOW_EVICT;
	conf.key = keys[data[0] >> 5 & 3];
	conf.active = data[1] & 1 ? 0 : SECOND;
	conf.lifetime = data[1] & 2 ? 30 * SECOND : 0;
	conf.udp = data[1] & 4 ? 0 : conf.udp;
	return conf;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packets packets = { data + CHOICES, data + size, UINT64_C(1700000000) * SECOND };
	struct weir_flow_stats stats = WEIR_FLOW_STATS_INIT;
	struct follower f = { .ops = NULL };
	struct weir_error error = { 0 };
	struct track_conf conf;
	uint64_t keyed = 0;

	if (size < CHOICES)
		return -1;
	conf = conf_of(data);
	memset(&seen, 0, sizeof(seen));
	check(follower_make(&f, &bed.stage, &conf, &error) == 0, error.text);
	while (burst_go(&f, &packets, &keyed))
		;
	weir_flow_stats(f.track->table, &stats);
	check(seen.told_of + stats.refused == keyed, "packets with a key");
	check(stats.flows <= conf.capacity, "more flows than there is room for");
	check(seen.begun == seen.ended + stats.flows, "flows that there are");
	follower_free(&f);
	check(seen.begun == seen.ended && seen.counted == seen.told_of, "flows that ended");
	check(rte_mempool_full(bed.pool), "mbufs are lost");
	return 0;
}

/* One frame is changed by what it is made of, three times of four. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	uint64_t random = seed;
	size_t at = CHOICES, len, rest;
	struct shaped f;

	if (reshape_below(&random, 4) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	while (at + HEAD < size && at + HEAD + data[at] < size && reshape_below(&random, 4) != 0)
		at += HEAD + data[at];
	if (at + HEAD + 1 >= size)
		return LLVMFuzzerMutate(data, size, max_size);
	len = RTE_MIN((size_t)data[at], size - at - HEAD);
	rest = size - at - HEAD - len;
	memcpy(f.bytes, data + at + HEAD, len);
	f.len = (uint32_t)len;
	reshape(&f, &random);
	f.len = RTE_MIN(f.len, (uint32_t)UINT8_MAX);
	if (at + HEAD + f.len + rest > max_size)
		return LLVMFuzzerMutate(data, size, max_size);
	memmove(data + at + HEAD + f.len, data + at + HEAD + len, rest);
	memcpy(data + at + HEAD, f.bytes, f.len);
	data[at] = (uint8_t)f.len;
	return at + HEAD + f.len + rest;
}
