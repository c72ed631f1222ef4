/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Links of more lanes than a word of bits tells of, and of as many as there may be: under every spread,
 * policy and linger, changed at random, every event comes to the lane that is its, once and in order, or
 * is lost under a name. The rings' indices come round meanwhile.
 */
#include "testing.h"

#include <string.h>

#include "link/link_private.h"

#define CAPACITY 64
#define BURST 32
#define POOL 32767
#define STEPS 3000

static const uint16_t counts[] = { 63, 64, 65, 127, 128, 129, 192, 193, 255, LANES_MAX };

static struct rte_mempool *pool;

/* Of a run, but for `random` and `rings`, which stay. */
static struct wide {
	struct weir_worker worker, consumer;
	struct worker_stats stats, consumer_stats;
	struct output output;
	struct out_link link;
	struct link_settings settings;
	struct gate gates[LANES_MAX];
	struct lane lanes[LANES_MAX];
	struct ring_consumer ends[LANES_MAX];
	uint32_t stamps[LANES_MAX][2 * CAPACITY];
	uint8_t buckets[WEIR_BUCKETS];
	uint64_t last[LANES_MAX]; /* number of the last event that came */
	uint64_t next, got;
	uint32_t times; /* events put for one that there is room for */
	struct rte_ring *rings[LANES_MAX];
	uint64_t random;
} wide;

static unsigned int
draw(unsigned int n)
{
	return (unsigned int)(testing_random(&wide.random) >> 16) % n;
}

/* What tells of losses is the consumer's to end. */
static void
consume(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	(void)state;
	weir_release(worker, events, n);
}

static void
lane_make(unsigned int i)
{
	struct rte_ring *ring = wide.rings[i];

	if (ring == NULL) {
		char name[RTE_RING_NAMESIZE];

		snprintf(name, sizeof(name), "wide%u", i);
		ring = rte_ring_create(name, CAPACITY, SOCKET_ID_ANY,
			RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
		assert_non_null(ring);
		wide.rings[i] = ring;
	}
	ring->prod.head = ring->prod.tail = ring->cons.head = ring->cons.tail =
		UINT32_MAX - draw(100);
	ring_producer_init(&wide.lanes[i].ring, ring);
	ring_consumer_init(&wide.ends[i], ring, &wide.worker);
	wide.lanes[i].ring.stamps = wide.stamps[i];
	wide.ends[i].stamps = wide.stamps[i];
	wide.lanes[i].ring.seed = 1;
	wide.lanes[i].consumer = &wide.consumer;
	wide.gates[i] = (struct gate){
		.ring = &wide.lanes[i].ring,
		.link = &wide.link,
		.times = wide.times,
		.alone = true,
	};
}

/* As an engine applies what is set. */
static void
set(enum weir_on_full on_full)
{
	wide.settings = (struct link_settings){
		.policy = link_policy(on_full),
		.high = CAPACITY - 8 - draw(32),
		.low = 1 + draw(20),
		.gap_markers = draw(2) == 0,
		.linger = draw(2) * draw(9),
		.deadline = rte_get_tsc_hz() / 1000 * (1 + draw(3)),
	};
	for (unsigned int i = 0; i < PRIORITIES; i++)
		wide.settings.reserve[i] = draw(CAPACITY);
	out_link_set(&wide.worker, &wide.link, &wide.settings);
	for (uint16_t i = 0; i < wide.link.lane_count; i++)
		ring_consumer_set(&wide.ends[i], &wide.settings);
	worker_settle(&wide.worker);
}

static void
wide_make(uint16_t lanes, enum weir_spread spread)
{
	memset(&wide, 0, offsetof(struct wide, rings));
	wide.worker = (struct weir_worker){
		.stats = &wide.stats,
		.outputs = &wide.output,
		.output_count = 1,
		.gates = wide.gates,
		.gates_all = lanes,
		.burst = BURST,
		.pool = pool,
	};
	wide.consumer = (struct weir_worker){
		.stats = &wide.consumer_stats,
		.process = consume,
		.burst = BURST,
		.pool = pool,
	};
	wide.link.lanes = wide.lanes;
	wide.link.lane_count = lanes;
	wide.link.stride = 1;
	wide.link.buckets = wide.buckets;
	wide.output = (struct output){
		.links = &wide.link,
		.link_count = 1,
		.receivers = spread == WEIR_SPREAD_COPY ? lanes : 1,
	};
	wide.times = 1 + draw(3);
	for (unsigned int i = 0; i < lanes; i++)
		lane_make(i);
	spread_buckets(wide.buckets, lanes, 1);
	out_link_init(&wide.link, spread);
	set(WEIR_ON_FULL_BLOCK);
}

static struct weir_event *
event_make(bool few)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	struct weir_event *event;

	assert_non_null(mbuf);
	event = weir_mbuf_event(mbuf);
	*event = (struct weir_event){ 0 };
	event->type = WEIR_EVENT_USER;
	event->flags = weir_mbuf_mark(mbuf);
	event->prio = (uint8_t)draw(PRIORITIES);
	event->user[0] = ++wide.next;
	event->hash = (uint32_t)testing_random(&wide.random);
	if (few)
		event->hash %= UINT32_C(1) << 22;
	return event;
}

/* What may be pulled so that any lane has room for all that becomes of it: no less, and no more. */
static unsigned int
room(unsigned int want)
{
	unsigned int least = want;

	for (uint16_t i = 0; wide.settings.policy->lossless && i < wide.link.lane_count; i++) {
		const struct ring_producer *ring = &wide.lanes[i].ring;
		uint32_t fill = ring->head - ring->ring->cons.tail;

		least = RTE_MIN(least, (ring->capacity - fill) / wide.times);
	}
	assert_int_equal(worker_room(&wide.worker, want), least);
	return least;
}

static unsigned int
put(unsigned int n)
{
	struct weir_event *events[3 * BURST];
	uint64_t overrun = wide.stats.dropped[DROP_OVERRUN];
	bool few = draw(4) == 0;

	n = room(n) * wide.times;
	for (unsigned int i = 0; i < n; i++)
		events[i] = event_make(few);
	stat_add(&wide.stats.in, n);
	weir_forward(&wide.worker, 0, events, (uint16_t)n);
	assert_int_equal(wide.stats.dropped[DROP_OVERRUN], overrun);
	return n;
}

static void
take(unsigned int at, unsigned int n)
{
	struct weir_event *events[CAPACITY];

	if (wide.ends[at].excess != NULL)
		ring_consumer_shed(&wide.ends[at], &wide.consumer);
	n = ring_consumer_get(&wide.ends[at], events, n);
	for (unsigned int i = 0; i < n; i++) {
		if (events[i]->type == WEIR_EVENT_GAP)
			continue;
		assert_true(events[i]->user[0] > wide.last[at]);
		wide.last[at] = events[i]->user[0];
		wide.got++;
		if (wide.link.spread == WEIR_SPREAD_FLOW)
			assert_int_equal(wide.buckets[weir_flow_bucket(events[i]->hash)], at);
	}
	if (n > 0)
		worker_process(&wide.consumer, events, (uint16_t)n);
}

/* Nothing is left back but what may linger. */
static void
is_published(void)
{
	for (uint16_t i = 0; i < wide.link.lane_count; i++) {
		const struct ring_producer *ring = &wide.lanes[i].ring;
		bool listed = wide.worker.written != NULL &&
			(wide.link.written[i / 64] >> (i % 64) & 1) != 0;

		if (ring->ring->prod.tail != ring->head)
			assert_true(wide.settings.linger > 0 && listed);
	}
}

static void
step(void)
{
	unsigned int lanes = wide.link.lane_count;
	unsigned int moved = put(draw(BURST + 1));

	worker_publish(&wide.worker);
	worker_linger(&wide.worker, moved > 0);
	is_published();
	for (unsigned int i = draw(4) * lanes / 6; i > 0; i--)
		take(draw(lanes), draw(BURST) + 1);
	if (draw(20) == 0)
		worker_look(&wide.worker, rte_rdtsc());
	if (draw(100) == 0)
		set(WEIR_ON_FULL_BLOCK + draw(WEIR_ON_FULL_MAX - WEIR_ON_FULL_BLOCK));
}

static void
wide_end(void)
{
	struct worker_stats *in = &wide.stats, *out = &wide.consumer_stats;

	worker_flush(&wide.worker);
	for (uint16_t i = 0; i < wide.link.lane_count; i++)
		while (wide.ends[i].ring->prod.tail != ring_tail(&wide.ends[i]))
			take(i, CAPACITY);
	assert_int_equal(in->in + in->created, in->out + worker_stats_dropped(in));
	assert_int_equal(out->in + out->created, out->released + worker_stats_dropped(out));
	assert_int_equal(in->out, out->in);
	assert_true(wide.got > 0);
	testing_pool_is_full(pool);
}

static void
test_wide(void **state)
{
	static const enum weir_spread spreads[] = { WEIR_SPREAD_FLOW, WEIR_SPREAD_ROUND_ROBIN,
		WEIR_SPREAD_COPY };

	(void)state;
	wide.random = testing_seed();
	for (unsigned int c = 0; c < RTE_DIM(counts); c++)
		for (unsigned int s = 0; s < RTE_DIM(spreads); s++) {
			unsigned int steps = STEPS / (s == 2 ? 10 : 1);

			wide_make(counts[c], spreads[s]);
			for (unsigned int i = 0; i < steps; i++)
				step();
			wide_end();
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wide),
	};

	testing_eal_init(NULL);
	pool = weir_pool_create("wide", POOL, 64, 0, 0, SOCKET_ID_ANY);
	if (pool == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
