/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The source synth: parameters, shares, determinism, pace. */
#include <rte_cycles.h>

#include "test_synth.h"

static struct rte_mempool *pool;

static int
setup(void **state)
{
	(void)state;
	pool = weir_pool_create("synth", POOL_SIZE, 32, 0, 2176, SOCKET_ID_ANY);
	return pool != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	testing_pool_is_full(pool);
	rte_mempool_free(pool);
	return 0;
}

static void
refuses_sizes(void **state)
{
	static const char *const wrong[] = { "", " ", "59", "9001", "0", "-60", "60.5", "imax",
		"imix:1", "imix,60", "64:0", "64:", ":1", "64:7,", ",64", "64:7;594:4",
		"64:7 594:4", "64:-1", "64:1025", "64:1000,594:25", "64:x", "64x", "0x40",
		"1000000000000000000000", "64:18446744073709551617", "64:1:1",
		"abcdefghijklmnopqrstuvwxyz" };
	struct rig rig = { .conf = rig_conf() };

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(wrong); i++) {
		rig.conf.sizes = wrong[i];
		rig_refused(&rig, pool, 1, EINVAL, "sizes");
	}
}

static void
refuses_mix(void **state)
{
	static const char *const wrong[] = { "", "sctp", "tcp:0", "tcp:0,udp:0,icmp:0", "tcp,tcp",
		"tcp:1,", "tcp:1 udp:1", "TCP", "tcp:-1", "tcp:1.5", "tcp80", "80:tcp",
		"tcp:1000000000", ",", "tcp:1,icmpv6:1" };
	struct rig rig = { .conf = rig_conf() };

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(wrong); i++) {
		rig.conf.mix = wrong[i];
		rig_refused(&rig, pool, 1, EINVAL, "mix");
	}
}

static void
refuses_frames_beyond_the_mbuf(void **state)
{
	struct rte_mempool *tiny =
		weir_pool_create("tiny", 7, 0, 0, RTE_PKTMBUF_HEADROOM + 127, SOCKET_ID_ANY);
	struct rig rig = { .conf = rig_conf() };

	(void)state;
	assert_non_null(tiny);
	rig.conf.sizes = "2049";
	rig_refused(&rig, pool, 1, EINVAL, "sizes");
	rig.conf.sizes = "60:100,2049:1";
	rig_refused(&rig, pool, 1, EINVAL, "sizes");
	rig.conf.sizes = "60";
	rig_refused(&rig, tiny, 1, EINVAL, "sizes");
	rte_mempool_free(tiny);
	rig.conf.sizes = "2048";
	rig_open(&rig, pool);
	rig_run(&rig, 1000, NULL, NULL);
	rig_close(&rig);
}

static void
refuses_too_few_or_too_many_flows(void **state)
{
	struct rig rig = { .conf = rig_conf() };

	(void)state;
	rig.conf.flows = 3;
	rig_refused(&rig, pool, 4, EINVAL, "flows");
	rig.conf.flows = SYNTH_MAX_FLOWS;
	rig_refused(&rig, pool, 1, ENOMEM, "flows");
}

/* Each row of the table fits its struct, and the defaults are what the tests say they are. */
static void
lists_parameters(void **state)
{
	const struct weir_param *param;
	struct rig rig = { .conf = rig_conf() };

	(void)state;
	assert_string_equal(source_synth.type.name, "synth");
	assert_int_equal(source_synth.conf_size, sizeof(struct synth_conf));
	for (param = source_synth.type.params; param->name != NULL; param++) {
		assert_true(param->offset + 8 <= sizeof(struct synth_conf));
		assert_non_null(param->def);
		assert_non_null(param->help);
		if (param->offset == offsetof(struct synth_conf, sizes))
			rig.conf.sizes = param->def;
		else if (param->offset == offsetof(struct synth_conf, mix))
			rig.conf.mix = param->def;
	}
	rig_open(&rig, pool);
	assert_int_equal(rig.s->size_count, 12);
	assert_int_equal(rig.s->sizes[6], 60);
	assert_int_equal(rig.s->sizes[7], 590);
	assert_int_equal(rig.s->sizes[11], 1514);
	assert_true(fabs(rig.s->mix[SYNTH_UDP] - 0.18) < 1e-9);
	rig_close(&rig);
}

static void
takes_spaces_in_lists(void **state)
{
	struct rig rig = { .conf = rig_conf() };

	(void)state;
	rig.conf.sizes = " 64 : 2 , 128 ";
	rig.conf.mix = "icmp, tcp : 3";
	rig_open(&rig, pool);
	assert_int_equal(rig.s->size_count, 3);
	assert_int_equal(rig.s->sizes[2], 128);
	assert_true(fabs(rig.s->mix[SYNTH_TCP] - 0.75) < 1e-9);
	assert_true(rig.s->mix[SYNTH_UDP] == 0);
	rig_close(&rig);
}

static void
fills_events(void **state)
{
	struct rig rig = { .conf = rig_conf() };
	struct weir_event *events[BURST];
	uint64_t before = rte_rdtsc();

	(void)state;
	rig.conf.malformed = 0;
	assert_int_equal(rig_init(&rig, pool, 2, 3), 0);
	assert_int_equal(rig_poll(&rig, events, 0), 0);
	assert_int_equal(rig_poll(&rig, events, BURST), BURST);
	for (unsigned int i = 0; i < BURST; i++) {
		assert_int_equal(events[i]->type, WEIR_EVENT_PACKET);
		assert_int_equal(events[i]->verdict, WEIR_VERDICT_OK);
		assert_int_equal(events[i]->port, RTE_MBUF_PORT_INVALID);
		assert_int_equal(events[i]->queue, 2);
		assert_int_equal(events[i]->tsc, events[0]->tsc);
		assert_true(events[i]->flags & WEIR_EVENT_PRISTINE);
		assert_true(events[i]->flags & WEIR_EVENT_KEYED);
		assert_int_equal(events[i]->len, weir_event_mbuf(events[i])->pkt_len);
		rte_mbuf_sanity_check(weir_event_mbuf(events[i]), 1);
	}
	assert_in_range(events[0]->tsc, before, rte_rdtsc());
	assert_int_equal(rig.worker.parsed->verdicts[WEIR_VERDICT_OK], BURST);
	events_free(events, BURST);
	rig_close(&rig);
}

/* Whether a burst was parsed key-only: all of it or nothing. */
static bool
burst_is_key_only(struct rig *rig)
{
	struct weir_event *events[BURST];
	unsigned int key_only = 0;

	assert_int_equal(rig_poll(rig, events, BURST), BURST);
	for (unsigned int i = 0; i < BURST; i++)
		key_only += events[i]->flags & WEIR_EVENT_KEYED && events[i]->l3_off == 0;
	events_free(events, BURST);
	assert_true(key_only == 0 || key_only == BURST);
	return key_only != 0;
}

/* Under pressure the parser goes to the depth that the source was given, and back after it. */
static void
under_pressure(void **state)
{
	static const uint8_t depths[] = { WEIR_PARSE_FULL, WEIR_PARSE_KEY_ONLY };
	struct rig rig = { .conf = rig_conf() };

	(void)state;
	rig.conf.malformed = 0;
	for (unsigned int i = 0; i < RTE_DIM(depths); i++) {
		rig_open(&rig, pool);
		rig.worker.under_pressure = depths[i];
		assert_false(burst_is_key_only(&rig));
		source_synth.pressure(&rig.worker, rig.s, true);
		assert_int_equal(burst_is_key_only(&rig), depths[i] == WEIR_PARSE_KEY_ONLY);
		source_synth.pressure(&rig.worker, rig.s, false);
		assert_false(burst_is_key_only(&rig));
		assert_int_equal(rig.worker.parsed->key_only, i * BURST);
		rig_close(&rig);
		assert_null(rig.worker.parsed);
	}
}

/* A digest of frames and their lengths, in order (FNV-1a). */
static void
see_digest(void *arg, const struct weir_event *event)
{
	uint64_t *digest = arg;
	const uint8_t *bytes = event_bytes(event);

	for (uint32_t i = 0; i < event->len; i++)
		*digest = (*digest ^ bytes[i]) * UINT64_C(0x100000001b3);
	*digest = (*digest ^ event->len) * UINT64_C(0x100000001b3);
}

static uint64_t
digest(const struct synth_conf *conf, unsigned int index, uint64_t n)
{
	struct rig rig = { .conf = *conf };
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	assert_int_equal(rig_init(&rig, pool, index, 2), 0);
	rig_run(&rig, n, see_digest, &sum);
	rig_close(&rig);
	return sum;
}

/* The same by polls of random sizes, with some in between that find the pool empty. */
static uint64_t
digest_raggedly(const struct synth_conf *conf, uint64_t n, uint64_t *random)
{
	struct rig rig = { .conf = *conf };
	struct weir_event *events[256];
	struct rte_mbuf *all[POOL_SIZE];
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	uint16_t want, got, i;

	assert_int_equal(rig_init(&rig, pool, 0, 2), 0);
	while (n > 0) {
		want = (uint16_t)RTE_MIN(n, testing_random(random) % 256 + 1);
		got = rig_poll(&rig, events, want);
		assert_int_equal(got, want);
		for (i = 0; i < got; i++)
			see_digest(&sum, events[i]);
		events_free(events, got);
		n -= got;
		if (testing_random(random) % 16 != 0)
			continue;
		assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, POOL_SIZE), 0);
		assert_int_equal(rig_poll(&rig, events, want), 0);
		rte_pktmbuf_free_bulk(all, POOL_SIZE);
	}
	rig_close(&rig);
	return sum;
}

static void
repeats_itself(void **state)
{
	struct synth_conf conf = rig_conf();
	uint64_t random = testing_seed(), n = 20000, first;

	(void)state;
	for (conf.zipf = 0; conf.zipf < 2; conf.zipf++) {
		conf.seed = 1;
		first = digest(&conf, 0, n);
		assert_int_equal(first, digest(&conf, 0, n));
		assert_int_equal(first, digest_raggedly(&conf, n, &random));
		assert_int_not_equal(first, digest(&conf, 1, n));
		conf.seed = 2;
		assert_int_not_equal(first, digest(&conf, 0, n));
	}
}

/* No two streams of random numbers are one, whatever the seed and the worker. */
static void
draws_from_streams_apart(void **state)
{
	uint64_t streams[4 * 4 * 2];
	struct rig rig = { .conf = rig_conf() };
	unsigned int n = 0, i, worker;

	(void)state;
	for (rig.conf.seed = 0; rig.conf.seed < 4; rig.conf.seed++) {
		for (worker = 0; worker < 4; worker++) {
			assert_int_equal(rig_init(&rig, pool, worker, 4), 0);
			streams[n++] = rig.s->random;
			streams[n++] = rig.s->slot_random;
			rig_close(&rig);
		}
	}
	while (n-- > 0)
		for (i = 0; i < n; i++)
			assert_int_not_equal(streams[i], streams[n]);
}

/* Counts of clients seen. */
struct clients {
	uint32_t count[128];
};

static void
see_client(void *arg, const struct weir_event *event)
{
	struct clients *clients = arg;
	uint32_t client;

	if (event->verdict != WEIR_VERDICT_OK)
		return;
	client = event_client(event);
	assert_in_range(client, 0, RTE_DIM(clients->count) - 1);
	clients->count[client]++;
}

static void
splits_flows_between_workers(void **state)
{
	struct clients clients[3] = { 0 };
	struct rig rig = { .conf = rig_conf() };
	unsigned int i, c, owners;

	(void)state;
	rig.conf.flows = 100;
	for (i = 0; i < 3; i++) {
		assert_int_equal(rig_init(&rig, pool, i, 3), 0);
		rig_run(&rig, 5000, see_client, &clients[i]);
		rig_close(&rig);
	}
	for (c = 0; c < RTE_DIM(clients[0].count); c++) {
		for (i = owners = 0; i < 3; i++)
			owners += clients[i].count[c] > 0;
		assert_int_equal(owners, c < 100);
	}
}

static void
skews_flows(void **state)
{
	struct clients clients = { 0 };
	struct rig rig = { .conf = rig_conf() };

	(void)state;
	rig.conf.flows = 100;
	rig.conf.zipf = 1;
	rig.conf.malformed = 0;
	rig_open(&rig, pool);
	rig_run(&rig, 100000, see_client, &clients);
	rig_close(&rig);
	assert_share(clients.count[0], 100000, 1 / 5.187378);
	assert_share(clients.count[1], 100000, 1 / 5.187378 / 2);
	assert_share(clients.count[99], 100000, 1 / 5.187378 / 100);
}

/* Counts of packets by what they are. */
struct shares {
	uint64_t n, well, tcp, udp, icmp, ipv6, vlan, data, size[3];
};

static void
see_shares(void *arg, const struct weir_event *event)
{
	struct shares *shares = arg;

	shares->n++;
	if (event->verdict != WEIR_VERDICT_OK)
		return;
	shares->well++;
	shares->tcp += event->proto == 6;
	shares->udp += event->proto == 17;
	shares->icmp += event->proto == 1 || event->proto == 58;
	shares->ipv6 += weir_event_ip_version(event) == 6;
	shares->vlan += weir_event_vlan_count(event) == 1;
	if (event->payload_len == 0)
		return;
	shares->data++;
	shares->size[0] += event->len < 100;
	shares->size[1] += event->len == 590;
	shares->size[2] += event->len == 1514;
}

/* Flows, not packets, are independent draws: what is within a few per cent is right. */
static void
assert_near(uint64_t count, uint64_t n, double share)
{
	if (fabs((double)count / (double)n - share) > 0.02 + share * 0.03)
		fail_msg("%g instead of %g", (double)count / (double)n, share);
}

static void
keeps_shares(void **state)
{
	struct shares shares = { 0 };
	struct rig rig = { .conf = rig_conf() };
	uint64_t n = 500000;

	(void)state;
	rig.conf.mix = "tcp:60,udp:30,icmp:10";
	rig.conf.ipv6 = 0.4;
	rig.conf.vlan = 0.25;
	rig.conf.malformed = 0.05;
	rig.conf.packets = 4;
	rig_open(&rig, pool);
	rig_run(&rig, n, see_shares, &shares);
	rig_close(&rig);
	assert_share(shares.n - shares.well, n, 0.05);
	assert_near(shares.tcp, shares.well, 0.6);
	assert_near(shares.udp, shares.well, 0.3);
	assert_near(shares.icmp, shares.well, 0.1);
	assert_near(shares.ipv6, shares.well, 0.4);
	assert_near(shares.vlan, shares.well, 0.25);
	assert_near(shares.size[0], shares.data, 7.0 / 12);
	assert_near(shares.size[1], shares.data, 4.0 / 12);
	assert_near(shares.size[2], shares.data, 1.0 / 12);
	assert_int_equal(shares.size[0] + shares.size[1] + shares.size[2], shares.data);
}

static void
keeps_shares_of_all_or_nothing(void **state)
{
	struct shares shares = { 0 };
	struct rig rig = { .conf = rig_conf() };

	(void)state;
	rig.conf.mix = "udp";
	rig.conf.ipv6 = 1;
	rig.conf.vlan = 1;
	rig.conf.malformed = 0;
	rig.conf.flows = 1;
	rig_open(&rig, pool);
	rig_run(&rig, 1000, see_shares, &shares);
	rig_close(&rig);
	assert_int_equal(shares.udp, 1000);
	assert_int_equal(shares.ipv6, 1000);
	assert_int_equal(shares.vlan, 1000);
	memset(&shares, 0, sizeof(shares));
	rig.conf.malformed = 1;
	rig_open(&rig, pool);
	rig_run(&rig, 1000, see_shares, &shares);
	rig_close(&rig);
	assert_int_equal(shares.well, 0);
}

/* On a shared machine there is no telling how many are too few: others may have the CPU. */
static void
keeps_the_rate(void **state)
{
	struct rig rig = { .conf = rig_conf() };
	struct weir_event *events[BURST];
	uint64_t hz = rte_get_tsc_hz(), start = rte_rdtsc(), made = 0;
	uint16_t got;

	(void)state;
	rig.conf.rate = 1000000;
	assert_int_equal(rig_init(&rig, pool, 1, 2), 0);
	while (rte_rdtsc() - start < hz / 20) {
		got = rig_poll(&rig, events, BURST);
		events_free(events, got);
		made += got;
	}
	assert_true((double)made <= (double)(rte_rdtsc() - start) / (double)hz * 500000);
	assert_true(made > 2500);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_sizes),
		cmocka_unit_test(refuses_mix),
		cmocka_unit_test(refuses_frames_beyond_the_mbuf),
		cmocka_unit_test(refuses_too_few_or_too_many_flows),
		cmocka_unit_test(lists_parameters),
		cmocka_unit_test(takes_spaces_in_lists),
		cmocka_unit_test(fills_events),
		cmocka_unit_test(under_pressure),
		cmocka_unit_test(repeats_itself),
		cmocka_unit_test(draws_from_streams_apart),
		cmocka_unit_test(splits_flows_between_workers),
		cmocka_unit_test(skews_flows),
		cmocka_unit_test(keeps_shares),
		cmocka_unit_test(keeps_shares_of_all_or_nothing),
		cmocka_unit_test(keeps_the_rate),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
