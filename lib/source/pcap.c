/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The source `pcap`: parameters, and the poll that makes packets of what was read. */

#include <rte_cycles.h>
#include <rte_memcpy.h>
#include <rte_prefetch.h>

#include "pcap_private.h"

#define FIELD(name) offsetof(struct pcap_conf, name)

/* How far ahead of the packet being copied its bytes are fetched. */
#define PREFETCH_AHEAD 4
/* Fixed point of cycles for each ns. */
#define PACE_SHIFT 32

/* Packets by the times between them. */
struct pcap_wire {
	bool on;
	bool began;
	uint64_t first_ns;
	uint64_t first_tsc;
	uint64_t cycles_per_ns; /* times 2^PACE_SHIFT */
};

struct pcap_state {
	struct pcap_queue queue;
	uint64_t tail; /* of the queue, */
	uint64_t seen; /* and its head when that was last read */
	uint32_t room; /* bytes of a packet in an mbuf */
	bool away;     /* other lcores read its events: their lines must come back first */
	struct synth_pace pace;
	struct pcap_wire wire;
	struct weir_parse_burst parse;
	struct match *match; /* what is asked for; NULL: all. Of the next packets, */
	uint16_t matched;    /* so many do match, */
	uint16_t missed;     /* and so many behind them do not */
	struct pcap_reader reader;
};

static const char *const order_names[] = { "files", "time", NULL };
static const char *const loop_words[] = { "forever", NULL };
static const char *const pace_words[] = { "fast", "wire", NULL };

static const struct weir_param pcap_params[] = {
	{ .name = "path",
		.type = WEIR_PARAM_STRING,
		.offset = FIELD(path),
		.help = "capture files, pcap or pcapng, several with commas; -: standard input" },
	{ .name = "order",
		.type = WEIR_PARAM_ENUM,
		.offset = FIELD(order),
		.def = "files",
		.values = order_names,
		.help = "of several files: one after the other, or merged by the packets' times" },
	{ .name = "loop",
		.type = WEIR_PARAM_UINT,
		.offset = FIELD(loop),
		.min = 1,
		.def = "1",
		.values = loop_words,
		.help = "how often all are read; the times of a further round go on from the last" },
	{ .name = "pace",
		.type = WEIR_PARAM_RATE,
		.offset = FIELD(pace),
		.min = 2,
		.max = UINT64_C(10000000000),
		.def = "fast",
		.values = pace_words,
		.help = "as fast as it can; by the packets' times; or packets a second" },
	{ .name = "match",
		.type = WEIR_PARAM_STRING,
		.offset = FIELD(match),
		.def = "",
		.help = "packets that are asked for, a pcap expression as tcp port 443; the others are "
			"dropped as unmatched; of captures of Ethernet" },
	{ .name = NULL },
};

static int
pcap_check(const char *node, const void *conf_, struct weir_error *error)
{
	return pcap_check_files(node, conf_, error);
}

static int
pcap_compile_match(const char *node, void *conf_, struct weir_error *error)
{
	struct pcap_conf *conf = conf_;

	return source_match_compile(node, conf->match, &conf->program, error);
}

static void
pcap_discard_match(void *conf_)
{
	struct pcap_conf *conf = conf_;

	match_program_free(conf->program);
	conf->program = NULL;
}

static size_t
pcap_memory(const void *conf)
{
	const struct pcap_conf *c = conf;

	return pcap_reader_memory(conf) + (c->program != NULL ? match_memory(c->program) : 0);
}

static uint16_t pcap_poll_match(struct weir_worker *worker, void *state,
	struct weir_event *events[], uint16_t n);

static void
pace_init(struct pcap_state *s, uint64_t pace)
{
	__extension__ typedef unsigned __int128 wide;

	s->wire.on = pace == PCAP_PACE_WIRE;
	s->wire.cycles_per_ns =
		(uint64_t)(((wide)rte_get_tsc_hz() << PACE_SHIFT) / (uint64_t)NS_PER_S);
	if (pace > PCAP_PACE_WIRE)
		synth_pace_init(&s->pace, pace, 1, rte_get_tsc_hz());
}

static int
pcap_init(struct weir_worker *worker, const void *conf_, void *state, struct weir_error *error)
{
	const struct pcap_conf *conf = conf_;
	struct pcap_state *s = state;
	int rc = 0;

	s->room = (uint32_t)rte_pktmbuf_data_room_size(worker->pool) - RTE_PKTMBUF_HEADROOM;
	s->away = worker_reaches_ring(worker);
	pace_init(s, conf->pace);
	source_parse_init(worker, RTE_MBUF_PORT_INVALID, (uint16_t)worker->index, &s->parse);
	s->reader.worker = worker;
	s->reader.queue = &s->queue;
	s->reader.conf = conf;
	worker->progress = &s->reader.progress;
	if (conf->program != NULL) {
		worker->poll = pcap_poll_match;
		rc = source_match_create(worker, conf->program, &s->match, error);
	}
	if (rc == 0)
		rc = pcap_reader_start(&s->reader, error);
	if (rc != 0)
		match_free(s->match);
	return rc;
}

static inline const struct pcap_slot *
slot_at(const struct pcap_state *s, unsigned int i)
{
	return &s->queue.slots[(s->tail + i) % PCAP_SLOTS];
}

/* The bytes of a packet that is larger than an mbuf, in a chain of them. False: there are too few. */
static bool
copy_chain(struct weir_worker *worker, const struct pcap_state *s, const struct pcap_slot *slot,
	struct rte_mbuf *first)
{
	struct rte_mbuf *more[CAPTURE_PACKET_MAX / (256 - RTE_PKTMBUF_HEADROOM)], *last = first;
	unsigned int count = (slot->len - 1) / s->room;
	uint32_t at = s->room;

	if (rte_pktmbuf_alloc_bulk(worker->pool, more, count) != 0)
		return false;
	rte_memcpy(rte_pktmbuf_mtod(first, void *), slot->data, s->room);
	first->data_len = (uint16_t)s->room;
	for (unsigned int i = 0; i < count; i++) {
		last = last->next = more[i];
		last->data_len = (uint16_t)RTE_MIN(s->room, slot->len - at);
		rte_memcpy(rte_pktmbuf_mtod(last, void *), slot->data + at, last->data_len);
		at += last->data_len;
	}
	first->nb_segs = (uint16_t)(count + 1);
	first->pkt_len = slot->len;
	return true;
}

/* Copy the next n packets, or the first of them: how many there were mbufs for. */
static uint16_t
copy_packets(struct weir_worker *worker, const struct pcap_state *s, struct rte_mbuf *mbufs[],
	struct weir_event *events[], uint16_t n)
{
	if (fault_hit(FAULT_NO_MBUF) || rte_pktmbuf_alloc_bulk(worker->pool, mbufs, n) != 0)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		const struct pcap_slot *slot = slot_at(s, i);

		rte_prefetch0(slot_at(s, i + PREFETCH_AHEAD)->data);
		events[i] = weir_mbuf_event(mbufs[i]);
		if (s->away)
			prefetch_write(events[i]);
		if (unlikely(slot->len > s->room)) {
			if (copy_chain(worker, s, slot, mbufs[i]))
				continue;
			rte_pktmbuf_free_bulk(mbufs + i, n - i);
			return i;
		}
		rte_memcpy(rte_pktmbuf_mtod(mbufs[i], void *), slot->data, slot->len);
		mbufs[i]->data_len = (uint16_t)slot->len;
		mbufs[i]->pkt_len = slot->len;
	}
	return n;
}

/* By runs of one link type, which all of a capture mostly are. */
static void
parse_packets(struct pcap_state *s, struct rte_mbuf *const mbufs[], uint16_t n)
{
	uint32_t wire_lens[BURST_MAX];
	uint16_t end;

	for (uint16_t i = 0; i < n; i++)
		wire_lens[i] = slot_at(s, i)->wire_len;
	for (uint16_t at = 0; at < n; at = end) {
		s->parse.l2 = slot_at(s, at)->l2;
		s->parse.wire_lens = wire_lens + at;
		for (end = at + 1; end < n && slot_at(s, end)->l2 == s->parse.l2;)
			end++;
		weir_parse(mbufs + at, end - at, &s->parse);
	}
	s->parse.wire_lens = NULL;
}

/* What the capture says of packets beside their bytes and lengths. */
static void
stamp_packets(const struct pcap_state *s, struct weir_event *const events[], uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		const struct pcap_slot *slot = slot_at(s, i);

		events[i]->wire_ns = slot->ns;
		events[i]->flags |= slot->timed ? WEIR_EVENT_WIRE_TIME : WEIR_EVENT_NO_TIME;
	}
}

/* How many of the next n are due by their times: a packet that is late holds up nothing. */
static uint16_t
wire_due(struct pcap_state *s, uint64_t now, uint16_t n)
{
	__extension__ typedef unsigned __int128 wide;
	struct pcap_wire *wire = &s->wire;
	uint16_t i;

	for (i = 0; i < n; i++) {
		const struct pcap_slot *slot = slot_at(s, i);
		uint64_t since;

		if (!slot->timed)
			continue;
		if (!wire->began) {
			*wire = (struct pcap_wire){ true, true, slot->ns, now,
				wire->cycles_per_ns };
		}
		since = slot->ns > wire->first_ns ? slot->ns - wire->first_ns : 0;
		if ((uint64_t)((wide)since * wire->cycles_per_ns >> PACE_SHIFT) >
			now - wire->first_tsc)
			break;
	}
	return i;
}

/* Packets that have been read and are due, at most n. */
static __rte_always_inline uint16_t
packets_due(struct weir_worker *worker, struct pcap_state *s, uint16_t n)
{
	uint32_t ended;

	if (s->seen - s->tail < n) {
		ended = __atomic_load_n(&s->queue.ended, __ATOMIC_ACQUIRE);
		s->seen = __atomic_load_n(&s->queue.head, __ATOMIC_ACQUIRE);
		if (s->seen == s->tail && ended)
			worker_exhausted(worker);
		n = (uint16_t)RTE_MIN(s->seen - s->tail, (uint64_t)n);
	}
	if (unlikely(s->wire.on))
		n = wire_due(s, s->parse.tsc, n);
	return synth_pace_due(&s->pace, s->parse.tsc, n);
}

/* Events of the next n packets, or of the first of them. */
static __rte_always_inline uint16_t
packets_take(struct weir_worker *worker, struct pcap_state *s, struct weir_event *events[],
	uint16_t n)
{
	struct rte_mbuf *mbufs[BURST_MAX];
	uint16_t got;

	got = copy_packets(worker, s, mbufs, events, n);
	/* There may be mbufs for one. */
	if (unlikely(got == 0) && n > 1)
		got = copy_packets(worker, s, mbufs, events, 1);
	parse_packets(s, mbufs, got);
	stamp_packets(s, events, got);
	synth_pace_take(&s->pace, got);
	s->tail += got;
	return got;
}

static uint16_t
pcap_poll(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct pcap_state *s = state;
	uint16_t got;

	s->parse.tsc = rte_rdtsc();
	n = packets_due(worker, s, RTE_MIN(n, (uint16_t)BURST_MAX));
	if (n == 0)
		return 0;
	got = packets_take(worker, s, events, n);
	__atomic_store_n(&s->queue.tail, s->tail, __ATOMIC_RELEASE);
	return got;
}

/*
 * Have those of the next n packets that match be the first of them. Never the last: when the tail has
 * passed the place where a packet was, its bytes are gone.
 */
static void
packets_match(struct weir_worker *worker, struct pcap_state *s, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		const struct pcap_slot slot = *slot_at(s, i);

		if (match_bytes(s->match, slot.data, slot.len, slot.wire_len))
			s->queue.slots[(s->tail + kept++) % PCAP_SLOTS] = slot;
	}
	s->matched = kept;
	s->missed = n - kept;
	if (s->missed == 0)
		return;
	source_unmatched(worker, s->missed);
	synth_pace_take(&s->pace, s->missed);
}

static uint16_t
pcap_poll_match(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct pcap_state *s = state;
	uint16_t got = 0, due;

	n = RTE_MIN(n, (uint16_t)BURST_MAX);
	s->parse.tsc = rte_rdtsc();
	for (unsigned int i = 0; s->matched == 0 && i < MATCH_BURSTS; i++) {
		due = packets_due(worker, s, n);
		if (due == 0)
			break;
		packets_match(worker, s, due);
		if (s->matched == 0)
			s->tail += s->missed;
	}
	if (s->matched > 0) {
		got = packets_take(worker, s, events, RTE_MIN(n, s->matched));
		s->matched -= got;
		if (s->matched == 0)
			s->tail += s->missed;
	}
	__atomic_store_n(&s->queue.tail, s->tail, __ATOMIC_RELEASE);
	return got;
}

static void
pcap_pressure(struct weir_worker *worker, void *state, bool on)
{
	struct pcap_state *s = state;

	s->parse.depth = on ? worker->under_pressure : WEIR_PARSE_FULL;
}

/* From a thread beside: packets were read, or a file is being read that makes nobody wait. */
static bool
pcap_pending(const struct weir_worker *worker __rte_unused, const void *state)
{
	const struct pcap_state *s = state;
	const struct pcap_queue *queue = &s->queue;

	if (__atomic_load_n(&queue->head, __ATOMIC_RELAXED) !=
		__atomic_load_n(&queue->tail, __ATOMIC_RELAXED))
		return true;
	if (__atomic_load_n(&queue->ended, __ATOMIC_ACQUIRE))
		return false;
	for (unsigned int i = 0; i < s->reader.file_count; i++)
		if (!__atomic_load_n(&s->reader.files[i].regular, __ATOMIC_RELAXED))
			return false;
	return true;
}

static void
pcap_fini(struct weir_worker *worker, void *state)
{
	struct pcap_state *s = state;

	worker->parsed = NULL;
	worker->progress = NULL;
	pcap_reader_stop(&s->reader);
	match_free(s->match);
	s->match = NULL;
}

const struct source_ops source_pcap = {
	.type = {
		.name = "pcap",
		.help = "packets of capture files, pcap and pcapng",
		.params = pcap_params,
	},
	.conf_size = sizeof(struct pcap_conf),
	.state_size = sizeof(struct pcap_state),
	.single = true,
	.threaded = true,
	.longest = CAPTURE_PACKET_MAX,
	.check = pcap_check,
	.compile = pcap_compile_match,
	.discard = pcap_discard_match,
	.memory = pcap_memory,
	.init = pcap_init,
	.poll = pcap_poll,
	.pressure = pcap_pressure,
	.fini = pcap_fini,
	.pending = pcap_pending,
};
