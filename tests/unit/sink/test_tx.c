/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include "tx.h"

/* Feed n events, the first of which has the number `first` in its packet. */
static void
tx_feed(struct rig *rig, uint32_t first, uint16_t n)
{
	struct weir_event *events[TX_HELD_MAX + 1];

	for (uint16_t i = 0; i < n; i++) {
		events[i] = rig_event(rig);
		*rte_pktmbuf_mtod(weir_event_mbuf(events[i]), uint32_t *) = first + i;
	}
	rig_process(rig, events, n);
}

/* Receive at most n packets, which go on counting from `*next`. */
static unsigned int
rx_count(uint32_t *next, uint16_t n)
{
	struct rte_mbuf *mbufs[64];
	unsigned int total = 0;
	uint16_t got;

	while (total < n) {
		got = rte_eth_rx_burst(port, 0, mbufs, RTE_MIN(64u, n - total));
		if (got == 0)
			break;
		for (uint16_t i = 0; i < got; i++)
			assert_int_equal(*rte_pktmbuf_mtod(mbufs[i], uint32_t *), (*next)++);
		rte_pktmbuf_free_bulk(mbufs, got);
		total += got;
	}
	return total;
}

static void
test_refuses_no_queue(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig, &stage_tx);
	assert_int_equal(rig_init(&rig, &conf), -ENODEV);
	assert_non_null(strstr(rig.error.text, conf.device));
	rig_free(&rig);
}

static void
test_declares(void **state)
{
	(void)state;
	assert_int_equal(stage_tx.transmits, 1);
	assert_int_equal(stage_tx.params[0].offset, 0);
	assert_string_equal(stage_tx.params[0].name, "device");
	assert_null(stage_tx.params[0].def);
	assert_int_equal(stage_tx.max_held, TX_HELD_MAX);
	assert_null(stage_output_name(&stage_tx, 0));
}

static void
test_sends(void **state)
{
	uint32_t next = 5;
	struct rig rig;

	(void)state;
	tx_rig(&rig);
	assert_true(rig_room(&rig) >= RIG_BURST);
	tx_feed(&rig, 5, RIG_BURST);
	assert_int_equal(rig.stats.transmitted, RIG_BURST);
	assert_int_equal(rig.stats.out, RIG_BURST);
	assert_int_equal(rx_count(&next, 64), RIG_BURST);
	for (unsigned int i = 0; i < 200; i++)
		assert_int_equal(rig.ops->tick(&rig.worker, rig.state, 0), 0);
	assert_int_equal(rig_drain(&rig), 0);
	rig_end(&rig);
}

/* A ring that is full: the excess is held, nothing more is let in, and all leaves in order. */
static void
test_holds_and_tries_again(void **state)
{
	uint32_t next = 0;
	struct rig rig;

	(void)state;
	tx_rig(&rig);
	for (uint32_t i = 0; i < 1024; i += 32)
		tx_feed(&rig, i, 32);
	assert_int_equal(rig.stats.transmitted, RING_SIZE);
	assert_int_equal(rig.stats.held, 1);
	assert_int_equal(rig_room(&rig), 0);
	assert_int_equal(rig.ops->tick(&rig.worker, rig.state, 0), 0);
	assert_int_equal(rig_drain(&rig), 1);

	/* More all the same stays behind what is held. */
	tx_feed(&rig, 1024, 32);
	assert_int_equal(rig.stats.held, 33);
	assert_int_equal(rx_count(&next, 10), 10);
	assert_int_equal(rig.ops->tick(&rig.worker, rig.state, 0), 10);
	assert_int_equal(rig.stats.held, 23);
	rig_is_balanced(&rig);
	rx_count(&next, RING_SIZE);
	assert_int_equal(rig_drain(&rig), 0);
	assert_int_equal(rig_room(&rig), TX_HELD_MAX);
	rx_count(&next, RING_SIZE);
	assert_int_equal(next, 1056);
	assert_int_equal(rig.stats.transmitted, 1056);
	rig_end(&rig);
}

/* What is still held in the end is dropped; what was never let in on time as well. */
static void
test_abandons(void **state)
{
	uint32_t next = 0;
	struct rig rig;

	(void)state;
	tx_rig(&rig);
	rig.worker.burst = TX_HELD_MAX + 1;
	for (uint32_t i = 0; i < RING_SIZE - 7; i += 8)
		tx_feed(&rig, i, 8);
	tx_feed(&rig, 1016, TX_HELD_MAX + 1);
	assert_int_equal(rig.stats.transmitted, RING_SIZE);
	assert_int_equal(rig.stats.held, TX_HELD_MAX - 7);
	assert_int_equal(rig_dropped(&rig, TX_QUEUE_FULL), 1);
	rig.ops->fini(&rig.worker, rig.state);
	rig_is_balanced(&rig);
	assert_int_equal(rig.stats.dropped[DROP_DRAIN_ABANDONED], TX_HELD_MAX - 7);
	assert_int_equal(rx_count(&next, RING_SIZE), RING_SIZE);
	rig_free(&rig);
}

static void
test_releases_without_packet(void **state)
{
	struct weir_event *events[2];
	uint32_t next = 0;
	struct rig rig;

	(void)state;
	tx_rig(&rig);
	events[0] = rig_event(&rig);
	events[0]->type = WEIR_EVENT_USER;
	events[1] = rig_event(&rig);
	rig_process(&rig, events, 2);
	assert_int_equal(rig.stats.released, 1);
	assert_int_equal(rig.stats.transmitted, 1);
	assert_int_equal(rx_count(&next, 2), 1);
	rig_end(&rig);
}

/* A tag that the NIC stripped goes back in, and where it cannot, the packet does not leave. */
static void
test_inserts_stripped_tag(void **state)
{
	struct weir_event *event;
	struct rte_mbuf *mbuf;
	struct rig rig;

	(void)state;
	tx_rig(&rig);
	event = rig_event(&rig);
	event->flags |= WEIR_EVENT_VLAN_STRIPPED;
	weir_event_mbuf(event)->vlan_tci = 5;
	rig_process(&rig, &event, 1);
	assert_int_equal(rte_eth_rx_burst(port, 0, &mbuf, 1), 1);
	assert_int_equal(rte_pktmbuf_data_len(mbuf), 64);
	assert_int_equal(*rte_pktmbuf_mtod_offset(mbuf, rte_be32_t *, 12), RTE_BE32(0x81000005));
	rte_pktmbuf_free(mbuf);

	event = rig_event(&rig);
	event->flags |= WEIR_EVENT_VLAN_STRIPPED;
	event_share(event, 1);
	mbuf = weir_event_mbuf(event);
	rig_process(&rig, &event, 1);
	assert_int_equal(rig_dropped(&rig, TX_VLAN_INSERT), 1);
	rte_pktmbuf_free(mbuf);
	rig_end(&rig);
}

/* A shared event leaves by its reference; the other holder keeps the packet. */
static void
test_sends_shared(void **state)
{
	struct weir_event *event;
	struct rte_mbuf *mbuf;
	struct rig rig;

	(void)state;
	tx_rig(&rig);
	event = rig_event(&rig);
	event_share(event, 1);
	mbuf = weir_event_mbuf(event);
	rig_process(&rig, &event, 1);
	assert_int_equal(rig.stats.transmitted, 1);
	rte_pktmbuf_free(mbuf);
	assert_int_equal(rte_eth_rx_burst(port, 0, &mbuf, 1), 1);
	rte_pktmbuf_free(mbuf);
	rig_end(&rig);
}

static void
test_random(void **state)
{
	uint64_t seed = testing_seed();
	uint32_t fed = 0, next = 0;
	struct rig rig;

	(void)state;
	tx_rig(&rig);
	for (unsigned int pass = 0; pass < 2000; pass++) {
		uint64_t r = testing_random(&seed);
		uint16_t n = (uint16_t)RTE_MIN(r % (RIG_BURST + 1), rig_room(&rig));

		if (n > 0)
			tx_feed(&rig, fed, n);
		fed += n;
		if (r & 0x100)
			rig.ops->tick(&rig.worker, rig.state, 0);
		rx_count(&next, (r >> 16) % 32);
		rig_is_balanced(&rig);
	}
	while (rig_drain(&rig) > 0)
		rx_count(&next, 64);
	while (rx_count(&next, 64) > 0)
		;
	assert_int_equal(next, fed);
	assert_int_equal(rig.stats.transmitted, fed);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuses_no_queue),
		cmocka_unit_test(test_declares),
		cmocka_unit_test(test_sends),
		cmocka_unit_test(test_holds_and_tries_again),
		cmocka_unit_test(test_abandons),
		cmocka_unit_test(test_releases_without_packet),
		cmocka_unit_test(test_inserts_stripped_tag),
		cmocka_unit_test(test_sends_shared),
		cmocka_unit_test(test_random),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, port_start, port_stop);
}
