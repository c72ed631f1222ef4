/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* A port whose driver gives nothing for fewer than eight, and less room than that behind it. */
#include "engine/rig.h"

#include <rte_dev.h>
#include <rte_ethdev.h>

#define DEVICE "net_ring0"
#define LEAST 8
/* Bytes of a packet: Ethernet, IPv4, UDP. */
#define HEADERS (14 + 20 + 8)

/* The port's ring, and what the driver was asked for. */
static struct {
	struct rte_ring *ring;
	struct rte_mempool *pool;
	uint16_t port;
	uint16_t (*rx_burst)(void *queue, struct rte_mbuf **mbufs, uint16_t n);
	unsigned int refused;
	uint64_t
		number; /* of the last packet: where t_order looks for it, and the parser never writes */
} picky;

/* As vector code of NICs' drivers: whole eights, and nothing for fewer. */
static uint16_t
picky_rx_burst(void *queue, struct rte_mbuf **mbufs, uint16_t n)
{
	if (n < LEAST) {
		picky.refused++;
		return 0;
	}
	return picky.rx_burst(queue, mbufs, n & ~(LEAST - 1));
}

static void
picky_create(void)
{
	memset(&picky, 0, sizeof(picky));
	assert_int_equal(rte_eal_hotplug_add("vdev", DEVICE, ""), 0);
	picky.ring = rte_ring_lookup("ETH_RXTX0_" DEVICE);
	picky.pool = weir_pool_create("few", 4095, 0, 0, 256, SOCKET_ID_ANY);
	assert_non_null(picky.ring);
	assert_non_null(picky.pool);
	assert_int_equal(rte_eth_dev_get_port_by_name(DEVICE, &picky.port), 0);
}

/* Once its port is started. */
static void
picky_begin(void)
{
	struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[picky.port];

	picky.rx_burst = ops->rx_pkt_burst;
	ops->rx_pkt_burst = picky_rx_burst;
}

static void
picky_end(void)
{
	struct rte_mbuf *mbuf;

	while (rte_ring_dequeue(picky.ring, (void **)&mbuf) == 0)
		rte_pktmbuf_free(mbuf);
	testing_pool_is_full(picky.pool);
	assert_int_equal(rte_eal_hotplug_remove("vdev", DEVICE), 0);
	rte_mempool_free(picky.pool);
}

static void
picky_fill(unsigned int n)
{
	static const uint8_t headers[HEADERS] = { 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 6, 0x08, 0x00,
		0x45, 0, 0, 20 + 8, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x10, 0,
		0x20, 0, 0, 8, 0, 0 };

	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(picky.pool);

		if (mbuf == NULL)
			abort();
		memcpy(rte_pktmbuf_append(mbuf, HEADERS), headers, HEADERS);
		weir_mbuf_event(mbuf)->user[0] = ++picky.number;
		weir_mbuf_event(mbuf)->user[1] = 0;
		assert_int_equal(rte_ring_enqueue(picky.ring, mbuf), 0);
	}
}

/* As a port's driver counts them. */
static uint64_t
picky_given(const struct rig *rig)
{
	struct weir_port_figures p = WEIR_PORT_FIGURES_INIT;

	assert_int_equal(weir_ledger_port(rig->engine, 0, &p), 0);
	return p.ipackets;
}

/* Whatever is kept is in the ledger, and in its place. */
static void
kept_is_counted(const struct rig *rig)
{
	uint64_t held = rig_sum(rig, "wan", held);

	assert_true(held < LEAST);
	assert_int_equal(rig_ledger(rig).received, picky_given(rig));
	assert_true(rig_ledger(rig).in_flight >= held);
	assert_int_equal(rig->engine->seats[0].kept_count, held);
}

static void
finish(struct rig *rig, uint64_t n)
{
	rig_stop(rig);
	assert_int_equal(rig_ledger(rig).received, n);
	assert_int_equal(picky_given(rig), n);
	rig_end(rig);
	picky_end();
}

/* Bursts of fewer than eight: all come, as they came in. */
static void
test_small_bursts(void **state)
{
	static const char *const bursts[] = { "pipeline: burst=1", "pipeline: burst=4",
		"pipeline: burst=7" };

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(bursts); i++) {
		struct rig rig;

		picky_create();
		rig_make(&rig, "small", "0", 0,
			SECTIONS(bursts[i], "source wan: device=" DEVICE,
				"stage o: type=t_order; input=wan",
				"link wan o: kind=ring; on_full=block"));
		picky_begin();
		picky_fill(200);
		for (unsigned int n = 0; n < 10; n++) {
			rig_pass(&rig);
			kept_is_counted(&rig);
		}
		assert_true(rig_ledger(&rig).received > 0);
		rig_wait(&rig, 200);
		assert_int_equal(rig_sum(&rig, "o", released), 200);
		assert_int_equal(picky.refused, 0);
		finish(&rig, 200);
	}
}

/* Of one come three, and the ring behind is emptied now and then: room for any number. */
static void
test_fanout(void **state)
{
	uint64_t random, sent = 0;
	struct rig rig;

	(void)state;
	random = testing_seed();
	picky_create();
	rig_make(&rig, "fan", "0-1", 0,
		SECTIONS("source wan: device=" DEVICE, "stage f: type=t_fan; input=wan; lcores=0",
			"stage end: type=t_pass; input=f; lcores=1", "link wan f: on_full=block",
			"link f end: ring=100; on_full=block"));
	picky_begin();
	for (unsigned int i = 0; i < 3000; i++) {
		unsigned int n = (unsigned int)(testing_random(&random) % 16);

		if (sent - rig_ledger(&rig).received < 500) {
			picky_fill(n);
			sent += n;
		}
		weir_worker_poll(rig.engine, testing_random(&random) % 4 == 0);
		kept_is_counted(&rig);
	}
	rig_wait(&rig, sent);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	assert_int_equal(rig_sum(&rig, "end", released), 3 * sent);
	finish(&rig, sent);
}

/* What is kept when a stop comes goes the whole way. */
static void
test_drain(void **state)
{
	struct rig rig;

	(void)state;
	picky_create();
	rig_make(&rig, "drains", "0", 0,
		SECTIONS("pipeline: burst=3", "source wan: device=" DEVICE,
			"stage end: type=t_pass; input=wan"));
	picky_begin();
	picky_fill(24);
	rig_pass(&rig);
	assert_int_equal(rig_ledger(&rig).received, 8);
	assert_int_equal(rig_sum(&rig, "wan", held), 5);
	assert_int_equal(rig_ledger(&rig).in_flight, 5);
	rig_stop(&rig);
	assert_int_equal(rig_sum(&rig, "end", released), 8);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	rig_end(&rig);
	picky_end();
}

/* Behind somebody who takes nothing any more it goes with a name. */
static void
test_abandon(void **state)
{
	struct rig rig;

	(void)state;
	picky_create();
	rig_make(&rig, "abandons", "0", 0,
		SECTIONS("source wan: device=" DEVICE,
			"stage end: type=t_shut; value=1000000; input=wan",
			"link wan end: kind=ring; ring=67; on_full=block"));
	picky_begin();
	picky_fill(100);
	for (unsigned int i = 0; i < 20; i++)
		rig_pass(&rig);
	assert_int_equal(rig_ledger(&rig).received, 72);
	assert_int_equal(rig_sum(&rig, "wan", held), 5);
	assert_true(rig.engine->loops[0].blocked);
	assert_int_equal(weir_engine_stop(rig.engine, 0), -ETIMEDOUT);
	assert_int_equal(rig_dropped(&rig, "drain_abandoned"), 72);
	rig_end(&rig);
	picky_end();
}

/* Room for a few, but nothing there: blocked where it is what waits behind that leaves no more. */
static void
test_not_idle(void **state)
{
	struct rig rig;

	(void)state;
	picky_create();
	rig_make(&rig, "waits", "0", 0,
		SECTIONS("source wan: device=" DEVICE,
			"stage end: type=t_shut; value=40; input=wan",
			"link wan end: kind=ring; ring=68; on_full=block"));
	picky_begin();
	picky_fill(64);
	for (unsigned int i = 0; i < 10; i++)
		rig_pass(&rig);
	assert_int_equal(rig_ledger(&rig).received, 64);
	assert_true(rig.engine->loops[0].blocked);
	rig_wait(&rig, 64);
	rig_pass(&rig);
	rig_pass(&rig);
	assert_false(rig.engine->loops[0].blocked);
	finish(&rig, 64);

	/* A burst of three is all that there ever is room for. */
	picky_create();
	rig_make(&rig, "rests", "0", 0,
		SECTIONS("pipeline: burst=3", "source wan: device=" DEVICE,
			"stage end: type=t_pass; input=wan"));
	picky_begin();
	rig_pass(&rig);
	assert_false(rig.engine->loops[0].blocked);
	finish(&rig, 0);
}

/* What the source drops by verdict is not kept. */
static void
test_verdict(void **state)
{
	struct rig rig;

	(void)state;
	picky_create();
	rig_make(&rig, "drops", "0", 0,
		SECTIONS("pipeline: burst=3", "source wan: device=" DEVICE "; drop=malformed",
			"stage end: type=t_pass; input=wan"));
	picky_begin();
	for (unsigned int i = 0; i < 16; i++) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(picky.pool);

		assert_non_null(mbuf);
		memset(rte_pktmbuf_append(mbuf, 6), 0, 6);
		if (i % 2 == 0)
			assert_int_equal(rte_ring_enqueue(picky.ring, mbuf), 0);
		else
			rte_pktmbuf_free(mbuf);
		if (i % 2 == 1)
			picky_fill(1);
	}
	rig_pass(&rig);
	assert_int_equal(rig_dropped(&rig, "verdict"), 4);
	assert_int_equal(rig_sum(&rig, "wan", held), 1);
	rig_wait(&rig, 16);
	assert_int_equal(rig_dropped(&rig, "verdict"), 8);
	finish(&rig, 16);
}

/* A bound on what is taken: the last few in full, and what of them is kept comes too. */
static void
test_bound(void **state)
{
	struct rig rig;

	(void)state;
	picky_create();
	rig_make(&rig, "bound", "0", 20,
		SECTIONS("pipeline: burst=3", "source wan: device=" DEVICE,
			"stage end: type=t_pass; input=wan"));
	picky_begin();
	picky_fill(100);
	for (unsigned int i = 0; i < 50; i++)
		rig_pass(&rig);
	assert_int_equal(rig_sum(&rig, "end", released), 24);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).received, 24);
	assert_int_equal(rig_ledger(&rig).dropped, 0);
	rig_end(&rig);
	picky_end();
}

/* What came before an event of the port, as t_before sees it. */
static struct {
	unsigned int packets, before;
	bool told;
} seen_before;

static void
before_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	(void)state;
	for (uint16_t i = 0; i < n; i++) {
		if (events[i]->type == WEIR_EVENT_PORT) {
			seen_before.told = true;
			seen_before.before = seen_before.packets;
		} else {
			seen_before.packets++;
		}
	}
	weir_release(worker, events, n);
}

static const struct weir_stage_ops before_ops = {
	WEIR_STAGE_OPS,
	.name = "t_before",
	.help = "counts what comes before an event of a port",
	.process = before_process,
};

/* What happens to the port is told behind what is kept, which came before it. */
static void
told_behind(bool stops)
{
	struct rig rig;

	memset(&seen_before, 0, sizeof(seen_before));
	picky_create();
	rig_make(&rig, "behind", "0", 0,
		SECTIONS("pipeline: burst=3", "source wan: device=" DEVICE "; port_events=on",
			"stage end: type=t_before; input=wan"));
	picky_begin();
	picky_fill(LEAST);
	rig_pass(&rig);
	assert_int_equal(rig_sum(&rig, "wan", held), 5);
	port_changed(&rig.engine->ports[0], WEIR_PORT_DOWN, 0);
	for (unsigned int i = 0; !stops && i < 5; i++) {
		rig.engine->loops[0].until_housekeeping = 1;
		rig_pass(&rig);
	}
	assert_int_equal(seen_before.told, !stops);
	rig_stop(&rig);
	assert_true(seen_before.told);
	assert_int_equal(seen_before.before, LEAST);
	assert_int_equal(rig_ledger(&rig).created, 1);
	rig_end(&rig);
	picky_end();
}

static void
test_told_behind(void **state)
{
	(void)state;
	told_behind(false);
	told_behind(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_bursts),
		cmocka_unit_test(test_fanout),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_abandon),
		cmocka_unit_test(test_not_idle),
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_told_behind),
	};

	rig_eal_init();
	if (weir_stage_register(&before_ops) != 0)
		return 1;
	return cmocka_run_group_tests_name("few", tests, NULL, NULL);
}
