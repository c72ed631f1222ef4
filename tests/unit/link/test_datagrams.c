/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* drop-flow lets datagrams in whole or not at all, whatever is shed meanwhile. */
#include "rig.h"

#define FLOWS 200
#define PIECES_MAX 6
#define DATAGRAMS 40000
#define OPEN_MAX 64
#define ROUNDS 2600

/* A datagram: how many pieces it has, how many were sent, and how many came through. */
struct datagram {
	uint8_t pieces;
	uint8_t sent;
	uint8_t came;
	uint8_t tag;
	uint32_t hash;
};

struct run {
	struct rig rig;
	struct ring_datagrams datagrams;
	struct datagram *all;
	uint32_t made;
	uint32_t open[OPEN_MAX]; /* those that are being sent */
	unsigned int open_count;
	uint32_t *owner; /* datagram of each event, by its number; UINT32_MAX: a whole packet */
	uint64_t seed;
	uint64_t now;
	uint32_t hashes[FLOWS];
	uint8_t tags[FLOWS];
};

static void
run_make(struct run *run, unsigned int capacity, uint64_t seed)
{
	memset(run, 0, sizeof(*run));
	run->seed = seed;
	run->all = calloc(DATAGRAMS, sizeof(*run->all));
	run->owner = calloc(RIG_LOG, sizeof(*run->owner));
	assert_non_null(run->all);
	assert_non_null(run->owner);
	for (unsigned int i = 0; i < FLOWS; i++)
		run->hashes[i] = (uint32_t)testing_random(&run->seed);
	rig_make(&run->rig);
	rig_lane(&run->rig, capacity);
	run->rig.settings.high = capacity * 3 / 4;
	run->rig.settings.low = capacity / 2;
	run->rig.lanes[0].ring.datagrams = &run->datagrams;
	run->now = rte_rdtsc();
	rig_join(&run->rig, WEIR_SPREAD_FLOW, WEIR_ON_FULL_DROP_FLOW);
}

static uint32_t
datagram_begin(struct run *run)
{
	unsigned int flow = (unsigned int)(testing_random(&run->seed) % FLOWS);
	struct datagram *d = &run->all[run->made];

	assert_true(run->made < DATAGRAMS);
	d->pieces = (uint8_t)(2 + testing_random(&run->seed) % (PIECES_MAX - 1));
	d->hash = run->hashes[flow];
	d->tag = run->tags[flow]++;
	return run->made++;
}

/* The next piece of one of those that are being sent, `width` at a time. */
static struct weir_event *
piece_next(struct run *run, unsigned int width)
{
	unsigned int slot;
	struct weir_event *event;
	struct datagram *d;
	uint32_t which;

	while (run->open_count < width)
		run->open[run->open_count++] = datagram_begin(run);
	slot = (unsigned int)(testing_random(&run->seed) % run->open_count);
	which = run->open[slot];
	d = &run->all[which];
	event = rig_event(&run->rig, d->hash);
	run->owner[event->user[0]] = which;
	event->type = WEIR_EVENT_PACKET;
	event->flags |= WEIR_EVENT_FRAGMENT | (uint32_t)d->tag << WEIR_EVENT_DATAGRAM_SHIFT;
	event->flags |= d->sent > 0 ? WEIR_EVENT_LATER_FRAGMENT : 0;
	if (++d->sent == d->pieces) {
		event->flags |= WEIR_EVENT_LAST_FRAGMENT;
		run->open[slot] = run->open[--run->open_count];
	}
	return event;
}

/* A whole packet of any flow. */
static struct weir_event *
packet_next(struct run *run)
{
	struct weir_event *event =
		rig_event(&run->rig, run->hashes[testing_random(&run->seed) % FLOWS] ^ 1);

	event->type = WEIR_EVENT_PACKET;
	run->owner[event->user[0]] = UINT32_MAX;
	return event;
}

static void
round_forward(struct run *run, unsigned int width, unsigned int whole_percent)
{
	struct weir_event *events[RIG_BURST];

	for (unsigned int i = 0; i < RIG_BURST; i++)
		events[i] = testing_random(&run->seed) % 100 < whole_percent ?
			packet_next(run) :
			piece_next(run, width);
	stat_add(&run->rig.producer.stats.in, RIG_BURST);
	weir_forward(&run->rig.producer.worker, 0, events, RIG_BURST);
	worker_publish(&run->rig.producer.worker);
}

/* As often as an engine would at a rate of some Mpps. */
static void
round_look(struct run *run)
{
	run->now += rte_get_tsc_hz() / 500;
	worker_look(&run->rig.producer.worker, run->now);
}

/* What was begun is sent to its end, at a rate that the consumer keeps up with. */
static void
run_finish(struct run *run)
{
	while (run->open_count > 0) {
		struct weir_event *event = piece_next(run, 1);

		stat_add(&run->rig.producer.stats.in, 1);
		weir_forward(&run->rig.producer.worker, 0, &event, 1);
		worker_publish(&run->rig.producer.worker);
		rig_pull(&run->rig, 0, 4);
	}
	rig_pull_all(&run->rig);
}

/* How many came whole; those of which a part came are a fault. */
static unsigned int
run_count(struct run *run, unsigned int *gone)
{
	const struct rig_worker *consumer = &run->rig.consumers[0];
	unsigned int whole = 0;

	for (unsigned int i = 0; i < consumer->logged; i++)
		if (run->owner[consumer->log[i]] != UINT32_MAX)
			run->all[run->owner[consumer->log[i]]].came++;
	*gone = 0;
	for (uint32_t i = 0; i < run->made; i++) {
		const struct datagram *d = &run->all[i];

		if (d->came != 0 && d->came != d->pieces)
			fail_msg("datagram %u: %u of %u pieces", i, d->came, d->pieces);
		whole += d->came == d->pieces;
		*gone += d->came == 0;
	}
	return whole;
}

/* Of twice as much as the consumer takes, `width` datagrams under way at a time. */
static void
overload(unsigned int capacity, unsigned int width, unsigned int whole_percent, uint64_t seed)
{
	unsigned int whole, gone;
	struct run *run = malloc(sizeof(*run));

	assert_non_null(run);
	run_make(run, capacity, seed);
	/* The ring fills with one after the other: what its policy did not look at yet ends soon. */
	for (unsigned int i = 0; i < 40 + capacity / 16; i++) {
		round_forward(run, 1, 0);
		rig_pull(&run->rig, 0, RIG_BURST / 2);
	}
	for (unsigned int i = 0; i < ROUNDS; i++) {
		round_forward(run, width, whole_percent);
		rig_pull(&run->rig, 0, RIG_BURST / 2);
		if (i % 8 == 0)
			round_look(run);
	}
	run_finish(run);
	whole = run_count(run, &gone);
	/* About half of them each. */
	assert_true(whole > run->made / 5);
	assert_true(gone > run->made / 5);
	rig_end(&run->rig);
	free(run->all);
	free(run->owner);
	free(run);
}

static void
one_by_one(void **state)
{
	uint64_t seed = testing_seed();

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		overload(64u << i, 1, 0, testing_random(&seed));
}

static void
among_packets(void **state)
{
	uint64_t seed = testing_seed();

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		overload(64u << i, 1, 50, testing_random(&seed));
}

static void
interleaved(void **state)
{
	uint64_t seed = testing_seed();

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		overload(256u << i, 4u << i, 20, testing_random(&seed));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(among_packets),
		cmocka_unit_test(interleaved),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests_name("link datagrams", tests, NULL, NULL);
}
