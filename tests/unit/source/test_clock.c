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
	wire.base_ticks = 0;
	wire.base_ns = 0;
	wire.mult = UINT64_C(1000) << WIRE_CLOCK_SHIFT;
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
	wire.base_ticks = 5000;
	wire.base_ns = 1000000;
	wire.mult = UINT64_C(2) << WIRE_CLOCK_SHIFT;
	stamp(mbuf, 5100);
	wire_clock_stamp(&wire, &mbuf, 1);
	assert_int_equal(weir_mbuf_event(mbuf)->wire_ns, 1000200);
	stamp(mbuf, 4900);
	wire_clock_stamp(&wire, &mbuf, 1);
	assert_int_equal(weir_mbuf_event(mbuf)->wire_ns, 999800);
	rte_pktmbuf_free(mbuf);
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
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests_name("clock", tests, setup, teardown);
}
