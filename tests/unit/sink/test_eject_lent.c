/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Mbufs of the engine's own pools that the application has. */
#include "eject.h"

/* An engine that makes packets of its own pool; the application takes n of them, and has the pool. */
static struct rte_mempool *
take(struct rig *rig, const char *name, uint64_t events, struct rte_mbuf *mbufs[], uint16_t n)
{
	struct weir_eject *eject;
	uint16_t got = 0;

	rig_make(rig, name, "0", events,
		SECTIONS("source gen: type=synth",
			"stage out: type=eject; events=packets; input=gen"));
	eject = app_eject(rig, 0);
	while (got < n) {
		rig_pass(rig);
		got += weir_eject_packets(eject, mbufs + got, (uint16_t)(n - got));
	}
	return mbufs[0]->pool;
}

static struct weir_pool_figures
figures(const struct rig *rig)
{
	struct weir_pool_figures p = WEIR_POOL_FIGURES_INIT;

	assert_int_equal(weir_ledger_pool(rig->engine, 0, &p), 0);
	return p;
}

/* They are lent, not leaked, and the pool is left to the application, which goes on to use it. */
static void
test_lent(void **state)
{
	struct rte_mbuf *mbufs[10];
	struct rte_mempool *pool;
	struct rig_log log;
	struct rig rig;

	(void)state;
	pool = take(&rig, "lent", 100, mbufs, 10);
	assert_int_equal(figures(&rig).lent, 0);
	weir_engine_stop(rig.engine, 0);
	assert_int_equal(figures(&rig).lent, 10);
	assert_int_equal(figures(&rig).leaked, 0);
	assert_int_equal(figures(&rig).available, figures(&rig).mbufs - 10);
	assert_int_equal(rig_ledger(&rig).ejected, 10);
	assert_int_equal(rig_ledger(&rig).unaccounted, 0);
	rig_log_begin(&log);
	assert_int_equal(weir_engine_destroy(rig.engine), 0);
	assert_int_equal(rig_log_count(&log, "10 mbufs of pool weir_"), 1);
	rig_log_end(&log);
	rig_free(&rig);

	assert_ptr_equal(rte_mempool_lookup(pool->name), pool);
	for (unsigned int i = 0; i < 10; i++)
		memset(rte_pktmbuf_mtod(mbufs[i], void *), 0, rte_pktmbuf_data_len(mbufs[i]));
	rte_pktmbuf_free_bulk(mbufs, 10);
	testing_pool_is_full(pool);
	rte_mempool_free(pool);
}

/* All are back before the engine goes: it frees its pool as ever. */
static void
test_come_home(void **state)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	struct rte_mbuf *mbufs[32];
	struct rig rig;

	(void)state;
	snprintf(name, sizeof(name), "%s", take(&rig, "home", 32, mbufs, 32)->name);
	rig_stop(&rig);
	rte_pktmbuf_free_bulk(mbufs, 32);
	rig_end(&rig);
	assert_null(rte_mempool_lookup(name));
}

/* What else is missing is leaked: no more is lent than was ejected. */
static void
test_leak(void **state)
{
	struct rte_mbuf *mbufs[8], *lost[5];
	struct rte_mempool *pool;
	struct rig_log log;
	struct rig rig;

	(void)state;
	pool = take(&rig, "leak", 8, mbufs, 8);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, lost, 5), 0);
	rig_stop(&rig);
	assert_int_equal(figures(&rig).lent, 8);
	assert_int_equal(figures(&rig).leaked, 5);
	rig_log_begin(&log);
	assert_int_equal(weir_engine_destroy(rig.engine), 5);
	rig_log_end(&log);
	rig_free(&rig);
	rte_pktmbuf_free_bulk(mbufs, 8);
	rte_pktmbuf_free_bulk(lost, 5);
	rte_mempool_free(pool);
}

/* What a stage lost is not lent, though the application has some, and has given others back. */
static void
test_lost(void **state)
{
	struct weir_eject *eject;
	struct rte_mempool *pool;
	struct rte_mbuf *mbufs[8];
	struct rig_log log;
	uint16_t got = 0;
	struct rig rig;

	(void)state;
	rig_make(&rig, "lost", "0", 10,
		SECTIONS("source gen: type=synth", "stage worse: type=t_lose; input=gen; value=2",
			"stage out: type=eject; events=packets; input=worse"));
	eject = app_eject(&rig, 0);
	while (got < 8) {
		rig_pass(&rig);
		got += weir_eject_packets(eject, mbufs + got, (uint16_t)(8 - got));
	}
	pool = mbufs[0]->pool;
	rte_pktmbuf_free_bulk(mbufs + 3, 5);
	weir_engine_stop(rig.engine, RIG_PATIENCE_MS);
	assert_int_equal(rig_ledger(&rig).unaccounted, 2);
	assert_int_equal(figures(&rig).lent, 3);
	assert_int_equal(figures(&rig).leaked, 2);
	rig_log_begin(&log);
	assert_int_equal(weir_engine_destroy(rig.engine), 2);
	rig_log_end(&log);
	rig_free(&rig);
	rte_pktmbuf_free_bulk(mbufs, 3);
	assert_int_equal(rte_mempool_in_use_count(pool), 2);
	rte_mempool_free(pool);
}

#define LONG_FRAME 9000

/* A capture of one packet that takes several mbufs. */
static void
long_capture(const char *path)
{
	const uint32_t head[] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 };
	const uint32_t record[] = { 1, 0, LONG_FRAME, LONG_FRAME };
	static const uint8_t frame[LONG_FRAME];
	FILE *out = fopen(path, "wb");

	assert_non_null(out);
	assert_int_equal(fwrite(head, sizeof(head), 1, out), 1);
	assert_int_equal(fwrite(record, sizeof(record), 1, out), 1);
	assert_int_equal(fwrite(frame, sizeof(frame), 1, out), 1);
	assert_int_equal(fclose(out), 0);
}

/* All mbufs of a packet are lent with it. */
static void
test_chain(void **state)
{
	char path[] = "/tmp/weir-lent-XXXXXX", source[128];
	struct weir_eject *eject;
	struct rte_mempool *pool;
	struct rte_mbuf *mbuf;
	struct rig_log log;
	uint32_t segments;
	struct rig rig;

	(void)state;
	close(mkstemp(path));
	long_capture(path);
	snprintf(source, sizeof(source), "source gen: type=pcap; path=%s", path);
	rig_make(&rig, "chain", "0", 1,
		SECTIONS(source, "stage out: type=eject; events=packets; input=gen"));
	eject = app_eject(&rig, 0);
	while (weir_eject_packets(eject, &mbuf, 1) == 0)
		rig_pass(&rig);
	unlink(path);
	pool = mbuf->pool;
	segments = mbuf->nb_segs;
	assert_true(segments > 1);
	rig_stop(&rig);
	assert_int_equal(figures(&rig).lent, segments);
	assert_int_equal(figures(&rig).leaked, 0);
	rig_log_begin(&log);
	assert_int_equal(weir_engine_destroy(rig.engine), 0);
	rig_log_end(&log);
	rig_free(&rig);
	rte_pktmbuf_free(mbuf);
	testing_pool_is_full(pool);
	rte_mempool_free(pool);
}

/* Packets of the application's own are no business of the engine's: it goes while they are out. */
static void
test_own(void **state)
{
	struct weir_event *events[10];
	struct rig rig;

	(void)state;
	rig_make(&rig, "own", "0", 0,
		SECTIONS("source app: type=inject", "stage out: type=eject; input=app"));
	assert_int_equal(app_give(app_inject(&rig), 0, 10), 10);
	rig_pass(&rig);
	assert_int_equal(weir_eject_events(app_eject(&rig, 0), events, 10), 10);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).ejected, 10);
	rig_end(&rig);
	for (unsigned int i = 0; i < 10; i++)
		assert_true(app_private_is_whole(events[i], (uint8_t)i));
	weir_events_free(events, 10);
	testing_pool_is_full(app_pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lent),
		cmocka_unit_test(test_come_home),
		cmocka_unit_test(test_leak),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_own),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, app_pools, NULL);
}
