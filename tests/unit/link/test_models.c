/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Every policy against its model: by a million random operations the same events come out, in the
 * same order, and every counter is the same. What time it is, is up to the test: stamps
 * and the start of waits are set back by hand, and looks are told the time.
 */
#include "rig.h"

#include "model.h"

#ifdef __SANITIZE_ADDRESS__
#define OPERATIONS 150000
#else
#define OPERATIONS 1000000
#endif
/* Of what comes out all is looked at, of the counters all so often. */
#define LOOK_EVERY 4
/* Links of other shapes that share them. */
#define SHAPES 20
#define FLOWS 300
#define FORWARD_MAX 200
#define PULL_MAX 200

/* A unit of the model's time: a fraction of what stamps can tell, and longer than a test takes. */
#define UNIT_STAMPS (UINT32_C(1) << 27)
#define UNIT_CYCLES ((uint64_t)UNIT_STAMPS << STAMP_SHIFT)
#define UNITS_MAX 12

/* What is tried beside the policy itself. */
struct variant {
	enum weir_on_full on_full;
	bool times_out; /* block_timeout is set */
	bool overruns;  /* the producer forwards more than it has room for, at times */
	bool changes;   /* settings and policies change */
};

static struct run {
	struct rig rig;
	struct model model;
	const struct variant *variant;
	uint64_t random;
	uint64_t *expected; /* ids of what comes next */
	unsigned int came;
	bool pressed; /* what the producer was told last */
	bool alone;   /* its gates are its own: they are not asked each time */
	uint32_t flows[FLOWS];
	uint64_t numbers[FLOWS];         /* last one given to an event of the flow */
	uint64_t seen[RIG_LANES][FLOWS]; /* last one that came */
	unsigned int greed;              /* of the consumers, until that changes */
} run;

static unsigned int
any(unsigned int n)
{
	return (unsigned int)(testing_random(&run.random) % n);
}

/* What comes is what the model says, and of each flow in its order. */
static void
take(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	const struct rig_worker *consumer = state;
	uint64_t *seen =
		run.seen[run.model.spread == WEIR_SPREAD_FLOW ? 0 : consumer - run.rig.consumers];

	for (uint16_t i = 0; i < n; i++) {
		uint64_t flow = events[i]->user[1], number = events[i]->user[2];

		if (events[i]->user[0] != run.expected[run.came++])
			fail_msg("event %" PRIu64 " came, not %" PRIu64, events[i]->user[0],
				run.expected[run.came - 1]);
		assert_true(number > seen[flow]);
		seen[flow] = number;
	}
	weir_release(worker, events, n);
}

static void
told(struct weir_worker *worker, void *state, bool on)
{
	(void)worker;
	(void)state;
	assert_true(on != run.pressed);
	run.pressed = on;
}

/* Settings at random, the same ones for both. */
static void
settings_draw(void)
{
	struct link_settings *settings = &run.rig.settings;
	struct model *model = &run.model;
	uint32_t least = UINT32_MAX;

	for (unsigned int l = 0; l < model->lane_count; l++)
		least = RTE_MIN(least, model->lanes[l].capacity);
	model->high = 1 + any(least);
	model->low = any(model->high);
	model->wait = run.variant->times_out ? any(5) : 0;
	model->deadline = 1 + any(5);
	for (int i = WEIR_PRIO_MAX; i >= 0; i--) {
		uint32_t above = i == WEIR_PRIO_MAX ? 0 : model->reserve[i + 1];

		model->reserve[i] = above + any(4) * any(1 + (least - above) / 4);
		model->reserve[i] = RTE_MIN(model->reserve[i], least);
	}
	if (run.variant->changes)
		model->on_full = WEIR_ON_FULL_BLOCK + any(WEIR_ON_FULL_MAX - WEIR_ON_FULL_BLOCK);
	settings->policy = link_policy(model->on_full);
	settings->high = model->high;
	settings->low = model->low;
	settings->timeout = model->wait * UNIT_CYCLES;
	settings->deadline = model->deadline * UNIT_CYCLES;
	memcpy(settings->reserve, model->reserve, sizeof(settings->reserve));
}

static void
settings_change(void)
{
	settings_draw();
	rig_set(&run.rig);
	worker_settle(&run.rig.producer.worker);
	model_reset(&run.model);
}

static void
lanes_make(void)
{
	struct weir_worker *producer = &run.rig.producer.worker;

	run.model.lane_count = 1 + any(RIG_LANES);
	for (unsigned int l = 0; l < run.model.lane_count; l++) {
		struct ring_producer *ring = &run.rig.lanes[l].ring;

		run.model.lanes[l].capacity = 4 + any(1 + any(120));
		rig_lane(&run.rig, run.model.lanes[l].capacity);
		ring->seed = run.model.seed;
		run.rig.consumers[l].worker.process = take;
		producer->gates[l] = (struct gate){ .ring = ring,
			.link = &run.rig.link,
			.times = 1,
			.alone = run.alone };
	}
	producer->gates_all = (uint16_t)run.model.lane_count;
	producer->pressure = told;
}

static void
shape_make(const struct variant *variant, uint64_t random)
{
	memset(&run, 0, sizeof(run));
	run.random = random;
	run.alone = any(2) == 0;
	run.variant = variant;
	run.model.on_full = variant->on_full;
	run.model.spread = WEIR_SPREAD_FLOW + any(3);
	run.model.seed = (uint32_t)testing_random(&run.random);
	run.model.tick = rte_get_tsc_hz() / 100;
	run.model.ticks_now = rte_rdtsc();
	for (unsigned int i = 0; i < FLOWS; i++)
		run.flows[i] = (uint32_t)testing_random(&run.random);
	rig_make(&run.rig);
	lanes_make();
	settings_draw();
	rig_join(&run.rig, run.model.spread, run.model.on_full);
	worker_settle(&run.rig.producer.worker);
}

/* Nothing is left; what waited comes in order still. */
static void
shape_end(void)
{
	uint64_t ids[MODEL_QUEUE];

	worker_publish(&run.rig.producer.worker);
	model_publish(&run.model);
	for (unsigned int l = 0; l < run.model.lane_count; l++) {
		unsigned int n = model_pull(&run.model, &run.model.lanes[l], ids, MODEL_QUEUE);

		run.expected = ids;
		run.came = 0;
		assert_int_equal(rig_pull(&run.rig, l, MODEL_QUEUE), n);
		assert_int_equal(run.came, n);
	}
	rig_end(&run.rig);
}

/* Each end of a lane: its counters, and the ring between them as rte_ring has it. */
static void
lane_is_same(unsigned int l)
{
	const struct model_lane *model = &run.model.lanes[l];
	const struct ring_producer *ring = &run.rig.lanes[l].ring;
	const struct ring_consumer *end = &run.rig.ends[l];
	const struct worker_stats *stats = &run.rig.consumers[l].stats;

	assert_int_equal(ring_enqueued(ring), model->published);
	assert_int_equal(ring_taken(end) - rig_lost(end->dropped), model->dequeued);
	assert_memory_equal(ring->dropped, model->lost_before, sizeof(ring->dropped));
	assert_memory_equal(end->dropped, model->lost_behind, sizeof(end->dropped));
	assert_memory_equal(stats->dropped, model->lost_behind, sizeof(model->lost_behind));
	assert_int_equal(stats->in, model->taken);
	assert_int_equal(stats->released, model->dequeued);
	assert_int_equal(ring->level, model->level);
	assert_int_equal(rte_ring_count(ring->ring), model->published - model->taken);
	assert_int_equal(ring->ring->prod.head, ring->ring->prod.tail);
	assert_int_equal(ring->ring->cons.head, ring->ring->cons.tail);
	assert_true(end->high_water <= model->capacity);
}

static void
all_is_same(void)
{
	const struct worker_stats *stats = &run.rig.producer.stats;
	uint64_t dropped[DROP_LINK] = { 0 }, put = 0;

	for (unsigned int l = 0; l < run.model.lane_count; l++) {
		const struct model_lane *lane = &run.model.lanes[l];

		lane_is_same(l);
		put += lane->put;
		for (unsigned int i = 0; i < DROP_LINK; i++)
			dropped[i] += lane->lost_before[i];
	}
	assert_int_equal(stats->in, run.model.in);
	assert_int_equal(stats->created, run.model.created);
	assert_int_equal(stats->out, put);
	assert_memory_equal(stats->dropped, dropped, sizeof(dropped));
}

static void
forward(unsigned int n)
{
	struct weir_event *events[FORWARD_MAX];
	struct model_event models[FORWARD_MAX];

	for (unsigned int i = 0; i < n; i++) {
		unsigned int flow = any(FLOWS);

		events[i] = rig_event(&run.rig, run.flows[flow]);
		events[i]->prio = (uint8_t)any(WEIR_PRIO_MAX + 1);
		events[i]->user[1] = flow;
		events[i]->user[2] = ++run.numbers[flow];
		models[i] = (struct model_event){ .id = events[i]->user[0],
			.hash = events[i]->hash,
			.prio = events[i]->prio };
	}
	stat_add(&run.rig.producer.stats.in, n);
	weir_forward(&run.rig.producer.worker, 0, events, (uint16_t)n);
	model_forward(&run.model, models, n);
}

/* A pass of the producer: as many as it finds room for, unless it does not care. */
static void
op_forward(void)
{
	unsigned int n = 1 + any(any(32) == 0 ? FORWARD_MAX : 16);
	unsigned int room = worker_room(&run.rig.producer.worker, n);

	assert_int_equal(room, model_room(&run.model, n));
	if (!run.variant->overruns || any(50) != 0)
		n = room;
	if (n > 0)
		forward(n);
}

static uint32_t
tails(bool producer)
{
	uint32_t sum = 0;

	for (unsigned int l = 0; l < run.model.lane_count; l++) {
		const struct rte_ring *ring = run.rig.lanes[l].ring.ring;

		sum += producer ? ring->prod.tail : ring->cons.tail;
	}
	return sum;
}

static void
op_publish(void)
{
	bool unpublished = run.rig.producer.worker.written != NULL;

	worker_publish(&run.rig.producer.worker);
	model_publish(&run.model);
	for (unsigned int l = 0; unpublished && l < run.model.lane_count; l++)
		if (model_fill(&run.model.lanes[l]) > run.model.high)
			assert_true(run.rig.lanes[l].ring.pressed);
}

static void
op_pull(void)
{
	unsigned int l = any(run.model.lane_count);
	unsigned int n = any(4) == 0 ? any(PULL_MAX) : any(run.greed);
	uint64_t ids[PULL_MAX];
	uint32_t before = tails(true);

	run.expected = ids;
	run.came = 0;
	n = model_pull(&run.model, &run.model.lanes[l], ids, n);
	assert_int_equal(rig_pull(&run.rig, l, n), n);
	assert_int_equal(run.came, n);
	assert_int_equal(tails(true), before);
}

/* Time goes by: as far as the stamps can tell. */
static void
op_time(void)
{
	uint32_t units = any(4);

	if (model_oldest(&run.model) + units > UNITS_MAX)
		return;
	run.model.now += units;
	for (unsigned int l = 0; l < run.model.lane_count; l++) {
		struct ring_producer *ring = &run.rig.lanes[l].ring;

		for (uint32_t i = 0; i <= ring->mask; i++)
			ring->stamps[i] -= units * UNIT_STAMPS;
		if (ring->full_since != 0)
			ring->full_since -= units * UNIT_CYCLES;
	}
}

/* Between passes: ticks of drop-flow, and pressure that is over. */
static void
op_look(void)
{
	bool pressed = false;

	op_publish();
	run.model.ticks_now += any(8) == 0 ? any(200) * run.model.tick : any(run.model.tick * 2);
	worker_look(&run.rig.producer.worker, run.model.ticks_now);
	model_look(&run.model);
	for (unsigned int l = 0; l < run.model.lane_count; l++) {
		uint32_t fill = model_fill(&run.model.lanes[l]);

		pressed |= run.rig.lanes[l].ring.pressed;
		if (fill < run.model.low)
			assert_false(run.rig.lanes[l].ring.pressed);
	}
	assert_int_equal(pressed, run.pressed);
}

static void
step(void)
{
	uint32_t before = tails(false);
	unsigned int op = any(32);

	if (any(2000) == 0)
		run.greed = 1 + any(60);
	if (op < 14)
		op_forward();
	else if (op < 20)
		op_publish();
	else if (op < 21)
		op_time();
	else if (op < 22)
		op_look();
	else if (run.variant->changes && any(20) == 0)
		settings_change();
	if (op < 22)
		assert_int_equal(tails(false), before);
	else
		op_pull();
}

static void
test_model(void **state)
{
	const struct variant *variant = *state;
	uint64_t random = testing_seed(), lost[DROP_LINK] = { 0 };

	for (unsigned int i = 0; i < SHAPES; i++) {
		shape_make(variant, testing_random(&random) | 1);
		run.greed = 20;
		for (unsigned int k = 0; k < OPERATIONS / SHAPES; k++) {
			step();
			if (k % LOOK_EVERY == 0)
				all_is_same();
		}
		all_is_same();
		for (unsigned int l = 0; l < run.model.lane_count; l++)
			for (unsigned int r = 0; r < DROP_LINK; r++)
				lost[r] += run.model.lanes[l].lost_before[r] +
					run.model.lanes[l].lost_behind[r];
		shape_end();
	}
	for (unsigned int r = 0; r < DROP_LINK; r++)
		if (lost[r] > 0)
			print_message("%s %" PRIu64 "\n", drop_reason_name(r), lost[r]);
	if (variant->on_full == WEIR_ON_FULL_BLOCK && !variant->times_out && !variant->overruns)
		assert_int_equal(rig_lost(lost), 0);
}

#define MODEL(name, ...) \
	{ \
		"test_" name, test_model, NULL, NULL, &(struct variant) \
		{ \
			__VA_ARGS__ \
		} \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MODEL("block", .on_full = WEIR_ON_FULL_BLOCK),
		MODEL("block_overrun", .on_full = WEIR_ON_FULL_BLOCK, .overruns = true),
		MODEL("block_timeout", .on_full = WEIR_ON_FULL_BLOCK, .times_out = true),
		MODEL("drop_newest", .on_full = WEIR_ON_FULL_DROP_NEWEST),
		MODEL("drop_oldest", .on_full = WEIR_ON_FULL_DROP_OLDEST),
		MODEL("drop_priority", .on_full = WEIR_ON_FULL_DROP_PRIORITY),
		MODEL("drop_flow", .on_full = WEIR_ON_FULL_DROP_FLOW),
		MODEL("drop_late", .on_full = WEIR_ON_FULL_DROP_LATE),
		MODEL("changes", .on_full = WEIR_ON_FULL_BLOCK, .changes = true, .times_out = true),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
