/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* From the timestamps of drivers to the wire time of events. */
#include "testing.h"

#include <string.h>

#include <rte_mbuf_dyn.h>

#include "source/source_private.h"

#define PACKETS 3

static struct wire_clock wire;
static struct rte_mempool *pool;

static void
stamp(struct rte_mbuf *mbuf, uint64_t ticks)
{
	*RTE_MBUF_DYNFIELD(mbuf, wire.offset, uint64_t *) = ticks;
	mbuf->ol_flags |= wire.flag;
}

/* Known where the driver says so and only there, 0 being a time as any other. */
static void
test_known(void **state)
{
	struct rte_mbuf *mbufs[PACKETS];

	(void)state;
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, mbufs, PACKETS), 0);
	for (unsigned int i = 0; i < PACKETS; i++) {
		struct weir_event *event = weir_mbuf_event(mbufs[i]);

		memset(event, 0, sizeof(*event));
		event->flags = WEIR_EVENT_KEYED;
	}
	wire_clock_set(&wire, 0, 0, UINT64_C(1000) << WIRE_CLOCK_SHIFT);
	stamp(mbufs[0], 1234567);
	stamp(mbufs[2], 0);
	wire_clock_stamp(&wire, mbufs, PACKETS);
	assert_int_equal(weir_mbuf_event(mbufs[0])->wire_ns, 1234567000);
	assert_int_equal(weir_mbuf_event(mbufs[0])->flags, WEIR_EVENT_KEYED | WEIR_EVENT_WIRE_TIME);
	assert_int_equal(weir_mbuf_event(mbufs[1])->wire_ns, 0);
	assert_int_equal(weir_mbuf_event(mbufs[1])->flags, WEIR_EVENT_KEYED);
	assert_int_equal(weir_mbuf_event(mbufs[2])->wire_ns, 0);
	assert_int_equal(weir_mbuf_event(mbufs[2])->flags, WEIR_EVENT_KEYED | WEIR_EVENT_WIRE_TIME);
	rte_pktmbuf_free_bulk(mbufs, PACKETS);
}

/* A clock that counts up or down from where it was when its rate was learnt. */
static void
test_base(void **state)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

	(void)state;
	assert_non_null(mbuf);
	wire_clock_set(&wire, 5000, 1000000, UINT64_C(2) << WIRE_CLOCK_SHIFT);
	stamp(mbuf, 5100);
	wire_clock_stamp(&wire, &mbuf, 1);
	assert_int_equal(weir_mbuf_event(mbuf)->wire_ns, 1000200);
	stamp(mbuf, 4900);
	wire_clock_stamp(&wire, &mbuf, 1);
	assert_int_equal(weir_mbuf_event(mbuf)->wire_ns, 999800);
	rte_pktmbuf_free(mbuf);
}

/* A port's clock that is off by so many parts in a million, of so many ticks a second. */
struct simulated {
	double hz;
	double ppm;
	uint64_t first; /* tick of second 0 */
	int64_t wall;   /* ns from the steady clock to the wall clock */
};

static struct clock_reading
reading_at(const struct simulated *sim, double s, int64_t jitter)
{
	struct clock_reading reading = {
		.ticks = sim->first + (uint64_t)(int64_t)(s * sim->hz * (1 + sim->ppm * 1e-6)),
		.steady_ns =
			1000 * (uint64_t)NS_PER_S + (uint64_t)(int64_t)(s * 1e9) + (uint64_t)jitter,
	};

	reading.wall_ns = reading.steady_ns + (uint64_t)sim->wall;
	return reading;
}

/* The wire time of a packet at a second. */
static uint64_t
wire_at(const struct simulated *sim, struct rte_mbuf *mbuf, double s)
{
	struct clock_reading reading = reading_at(sim, s, 0);

	stamp(mbuf, reading.ticks);
	wire_clock_stamp(&wire, &mbuf, 1);
	return weir_mbuf_event(mbuf)->wire_ns;
}

/* As the clock is after its port was set up: a rate of 10 ms, read with some us of error. */
static void
begin(const struct simulated *sim)
{
	struct clock_reading now = reading_at(sim, 0, 3000);

	wire.since = reading_at(sim, -0.01, -3000);
	wire.next = now;
	wire.wall_ns = sim->wall;
	wire_clock_set(&wire, now.ticks, now.wall_ns,
		(uint64_t)(((__int128)(now.steady_ns - wire.since.steady_ns) << WIRE_CLOCK_SHIFT) /
			(now.ticks - wire.since.ticks)));
}

/* Over an hour no packet is off by more than readings are, once a few were made; none goes back. */
static void
test_hour(void **state)
{
	struct simulated sims[] = {
		{ .hz = 1e9, .ppm = 0, .first = 77, .wall = INT64_C(1700000000) * NS_PER_S },
		{ .hz = 1e9, .ppm = 120, .first = 0, .wall = INT64_C(1700000000) * NS_PER_S },
		{ .hz = 156.25e6, .ppm = -80, .first = UINT64_MAX / 2, .wall = 5 },
		{ .hz = 3.2e9, .ppm = 3, .first = UINT64_MAX - 1000000, .wall = 0 },
	};
	uint64_t random = testing_seed();
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

	(void)state;
	assert_non_null(mbuf);
	for (unsigned int i = 0; i < RTE_DIM(sims); i++) {
		uint64_t before = 0;

		begin(&sims[i]);
		for (unsigned int s = 1; s <= 3600; s++) {
			int64_t jitter = (int64_t)(testing_random(&random) % 2000) - 1000;
			struct clock_reading now = reading_at(&sims[i], s, jitter);

			/* Before the reading, and after it, of a time before. */
			for (int part = -3; part < 3; part++) {
				double at = s + part * 1e-6;
				uint64_t ns = wire_at(&sims[i], mbuf, at);
				int64_t off = (int64_t)(ns -
					(1000 * (uint64_t)NS_PER_S + (uint64_t)(at * 1e9) +
						(uint64_t)sims[i].wall));

				assert_true(ns >= before);
				before = ns;
				if (s > 10 && (off > 4000 || off < -4000))
					fail_msg("clock %u, second %u: off by %lld ns", i, s,
						(long long)off);
				if (part == -1)
					assert_int_equal(wire_clock_learn(&wire, &now), 0);
			}
		}
	}
	rte_pktmbuf_free(mbuf);
}

/* When the wall clock steps, so do the times, at once, and it is told once. */
static void
test_step(void **state)
{
	static const int64_t steps[] = { INT64_C(3600) * NS_PER_S, -INT64_C(86400) * NS_PER_S,
		2000000, -2000000 };
	struct simulated sim = { .hz = 1e9, .wall = INT64_C(1700000000) * NS_PER_S };
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	struct clock_reading now;
	unsigned int s = 1;

	(void)state;
	assert_non_null(mbuf);
	begin(&sim);
	for (unsigned int i = 0; i < RTE_DIM(steps); i++) {
		sim.wall += steps[i];
		now = reading_at(&sim, s++, 0);
		assert_int_equal(wire_clock_learn(&wire, &now), steps[i]);
		assert_true(wire_at(&sim, mbuf, s - 1) - now.wall_ns < 2);
		now = reading_at(&sim, s++, 0);
		assert_int_equal(wire_clock_learn(&wire, &now), 0);
	}
	rte_pktmbuf_free(mbuf);
}

/* A clock that stands still, or is set back, teaches nothing. */
static void
test_still(void **state)
{
	struct simulated sim = { .hz = 1e9, .first = 1000000000 };
	struct clock_reading now;
	uint32_t version;

	(void)state;
	begin(&sim);
	version = wire.version;
	now = reading_at(&sim, 5, 0);
	now.ticks = wire.since.ticks;
	assert_int_equal(wire_clock_learn(&wire, &now), 0);
	now.ticks = 0;
	assert_int_equal(wire_clock_learn(&wire, &now), 0);
	assert_int_equal(wire.version, version);
}

static int
setup(void **state)
{
	(void)state;
	pool = weir_pool_create("clock", 63, 0, 0, 0, SOCKET_ID_ANY);
	return pool != NULL && rte_mbuf_dyn_rx_timestamp_register(&wire.offset, &wire.flag) == 0 ?
		0 :
		-1;
}

static int
teardown(void **state)
{
	(void)state;
	testing_pool_is_full(pool);
	rte_mempool_free(pool);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_hour),
		cmocka_unit_test(test_step),
		cmocka_unit_test(test_still),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests_name("clock", tests, setup, teardown);
}
