/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* tx, where a port does not take a frame for its length. */
#include "tx.h"

/*
 * A driver that refuses frames of some lengths, as what hands them to the kernel does, and else sends
 * as long as it has room.
 */
static struct refusing {
	uint32_t shortest, longest;
	unsigned int room;
	unsigned int calls;
	eth_tx_burst_t real;
} refusing;

static uint16_t
refusing_tx(void *queue, struct rte_mbuf **mbufs, uint16_t n)
{
	uint16_t fit = 0;

	refusing.calls++;
	while (fit < RTE_MIN((unsigned int)n, refusing.room) &&
		rte_pktmbuf_pkt_len(mbufs[fit]) >= refusing.shortest &&
		rte_pktmbuf_pkt_len(mbufs[fit]) <= refusing.longest)
		fit++;
	refusing.room -= fit;
	return refusing.real(queue, mbufs, fit);
}

static void
refusing_begin(struct rig *rig, uint32_t shortest, uint32_t longest, unsigned int room)
{
	tx_rig(rig);
	refusing =
		(struct refusing){ shortest, longest, room, 0, rte_eth_fp_ops[port].tx_pkt_burst };
	rte_eth_fp_ops[port].tx_pkt_burst = refusing_tx;
}

static void
refusing_end(struct rig *rig)
{
	rte_eth_fp_ops[port].tx_pkt_burst = refusing.real;
	rig_end(rig);
}

static struct weir_event *
event_of(struct rig *rig, uint16_t length, uint16_t type)
{
	struct weir_event *event = rig_event(rig);
	struct rte_mbuf *mbuf = weir_event_mbuf(event);

	*rte_pktmbuf_mtod_offset(mbuf, rte_be16_t *, 12) = rte_cpu_to_be_16(type);
	mbuf->data_len = length;
	mbuf->pkt_len = length;
	return event;
}

static unsigned int
rx_lengths(uint32_t lengths[], uint16_t n)
{
	struct rte_mbuf *mbufs[64];
	uint16_t got = rte_eth_rx_burst(port, 0, mbufs, n);

	for (uint16_t i = 0; i < got; i++)
		lengths[i] = rte_pktmbuf_pkt_len(mbufs[i]);
	rte_pktmbuf_free_bulk(mbufs, got);
	return got;
}

/* Of a driver of which no such length is known, nothing is dropped. */
static void
test_drops_none_unknown(void **state)
{
	struct weir_event *events[2];
	struct rig rig;

	(void)state;
	refusing_begin(&rig, 14, 1518, 100);
	events[0] = event_of(&rig, 0, 0);
	events[1] = event_of(&rig, 60, 0);
	rig_process(&rig, events, 2);
	assert_int_equal(rig.stats.held, 2);
	assert_int_equal(rig.ops->tick(&rig.worker, rig.state, 0), 0);
	refusing.shortest = 0;
	assert_int_equal(rig_drain(&rig), 0);
	assert_int_equal(rig.stats.transmitted, 2);
	assert_int_equal(rx_lengths((uint32_t[2]){ 0 }, 2), 2);
	refusing_end(&rig);
}

/* Frames that the port never takes: they are dropped wherever they stand, and the others go on. */
static void
test_drops_refused(void **state)
{
	static const uint16_t lengths[] = { 0, 13, 14, 60, 1514, 1515, 1519, 60, 2000 };
	struct weir_event *events[RTE_DIM(lengths)];
	uint32_t got[RTE_DIM(lengths)];
	struct rig rig;

	(void)state;
	refusing_begin(&rig, 14, 1514, 100);
	frame_lengths_set(&rig.worker.takes, 14, 1514, 1518);
	for (unsigned int i = 0; i < RTE_DIM(lengths); i++)
		events[i] = event_of(&rig, lengths[i], 0x800);
	rig_process(&rig, events, RTE_DIM(lengths));
	assert_int_equal(rig.stats.held, 0);
	assert_int_equal(rig.stats.transmitted, 4);
	assert_int_equal(rig_dropped(&rig, TX_PORT_REFUSED), 5);
	assert_int_equal(rx_lengths(got, RTE_DIM(lengths)), 4);
	assert_int_equal(got[0], 14);
	assert_int_equal(got[3], 60);

	/* A burst of nothing else, and one tagged that is not too long. */
	for (unsigned int i = 0; i < 4; i++)
		events[i] = event_of(&rig, 0, 0);
	rig_process(&rig, events, 4);
	assert_int_equal(rig_dropped(&rig, TX_PORT_REFUSED), 9);
	events[0] = event_of(&rig, 1518, 0x8100);
	events[1] = event_of(&rig, 1519, 0x8100);
	rig_process(&rig, events, 2);
	assert_int_equal(rig.stats.held, 2);
	refusing.longest = 1518;
	assert_int_equal(rig.ops->tick(&rig.worker, rig.state, 0), 2);
	assert_int_equal(rig.stats.held, 0);
	assert_int_equal(rig.stats.transmitted, 5);
	assert_int_equal(rig_dropped(&rig, TX_PORT_REFUSED), 10);
	assert_int_equal(rx_lengths(got, RTE_DIM(lengths)), 1);
	refusing_end(&rig);
}

/* A port that is only slow loses none; one that takes longer frames gets them. */
static void
test_slow_drops_none(void **state)
{
	struct weir_event *events[8];
	uint32_t got[8];
	struct rig rig;

	(void)state;
	refusing_begin(&rig, 0, UINT32_MAX, 0);
	frame_lengths_set(&rig.worker.takes, 14, 1514, 1518);
	for (unsigned int i = 0; i < 8; i++)
		events[i] = event_of(&rig, 60, 0x800);
	rig_process(&rig, events, 8);
	for (unsigned int i = 0; i < 1000; i++)
		assert_int_equal(rig.ops->tick(&rig.worker, rig.state, 0), 0);
	assert_int_equal(refusing.calls, 1001);
	refusing.room = 3;
	assert_int_equal(rig.ops->tick(&rig.worker, rig.state, 0), 3);
	refusing.room = 100;
	assert_int_equal(rig_drain(&rig), 0);
	events[0] = event_of(&rig, 2000, 0x800);
	rig_process(&rig, events, 1);
	assert_int_equal(rig.stats.transmitted, 9);
	assert_int_equal(rig_dropped(&rig, TX_PORT_REFUSED), 0);
	assert_int_equal(rx_lengths(got, 8), 8);
	assert_int_equal(rx_lengths(got, 8), 1);
	assert_int_equal(got[0], 2000);
	refusing_end(&rig);
}

/* Some of each at random, with some room: those that fit arrive all, in order. */
static void
test_random_refused(void **state)
{
	uint64_t seed = testing_seed();
	uint32_t fed = 0, bad = 0, next = 0, got[64];
	struct rig rig;

	(void)state;
	refusing_begin(&rig, 14, 1514, 0);
	frame_lengths_set(&rig.worker.takes, 14, 1514, 1514);
	for (unsigned int pass = 0; pass < 4000; pass++) {
		uint64_t r = testing_random(&seed);
		uint16_t n = (uint16_t)RTE_MIN(r % (RIG_BURST + 1), rig_room(&rig));
		struct weir_event *events[RIG_BURST];
		unsigned int come;

		refusing.room = (r >> 16) % 40;
		for (uint16_t i = 0; i < n; i++) {
			bool is_bad = testing_random(&seed) % 4 == 0;

			events[i] = event_of(&rig, is_bad ? (i % 2 ? 13 : 1515) : 14 + fed++ % 1501,
				0x800);
			bad += is_bad;
		}
		if (n > 0)
			rig_process(&rig, events, n);
		if (r & 0x100)
			rig.ops->tick(&rig.worker, rig.state, 0);
		rig_is_balanced(&rig);
		come = rx_lengths(got, 64);
		for (unsigned int i = 0; i < come; i++)
			assert_int_equal(got[i], 14 + next++ % 1501);
	}
	refusing.room = UINT16_MAX;
	assert_int_equal(rig_drain(&rig), 0);
	next += rx_lengths(got, 64);
	assert_int_equal(next, fed);
	assert_int_equal(rig.stats.transmitted, fed);
	assert_int_equal(rig_dropped(&rig, TX_PORT_REFUSED), bad);
	refusing_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drops_none_unknown),
		cmocka_unit_test(test_drops_refused),
		cmocka_unit_test(test_slow_drops_none),
		cmocka_unit_test(test_random_refused),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, port_start, port_stop);
}
