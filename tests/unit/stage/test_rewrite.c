/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>
#include <netinet/in.h>

#include "rig.h"

#define MARK 77
#define FOUR_TERMS "len=1,len=1,len=1,len=1"
#define SEVENTEEN_TERMS FOUR_TERMS "," FOUR_TERMS "," FOUR_TERMS "," FOUR_TERMS ",len=1"

static void
test_refuses(void **state)
{
	static const char *const matches[] = {
		"proto",
		"proto=",
		"=tcp",
		",",
		"proto=tcp,",
		"proto=tpc",
		"prot=tcp",
		"proto=256",
		"sport=65536",
		"sport=-1",
		"sport=1-",
		"sport=9-1",
		"sport=1-2-3",
		"len=1x",
		"vlan=4096",
		"verdict=fine",
		"tunnel=sstp",
		"ip_version=7",
		"proto=malformed",
		"len=18446744073709551616",
		"sport=+5",
		SEVENTEEN_TERMS,
	};
	static const char *const words[] = { "x", "-1", "1 2", "18446744073709551616", "0x" };
	struct rig rig;

	(void)state;
	rig_make(&rig, &stage_rewrite);
	for (unsigned int i = 0; i < RTE_DIM(matches); i++) {
		struct rewrite_conf conf = { .match = matches[i] };

		memset(rig.state, 0, rig.ops->state_size);
		rig.error.text[0] = '\0';
		assert_int_equal(rig_init(&rig, &conf), -EINVAL);
		assert_non_null(strstr(rig.error.text, "[stage rig] match"));
	}
	for (unsigned int i = 0; i < RTE_DIM(words); i++) {
		struct rewrite_conf conf = { .user = { NULL, words[i], "" } };

		assert_int_equal(rig_init(&rig, &conf), -EINVAL);
		assert_non_null(strstr(rig.error.text, "[stage rig] user1"));
	}
	rig_free(&rig);
}

/* Whether the match takes the event: by its priority, which is then 7. */
static bool
takes(const char *match, const struct weir_event *like)
{
	struct rewrite_conf conf = { .match = match, .prio = 1 + WEIR_PRIO_MAX, .user = { "77" } };
	struct weir_event *event;
	struct rte_mbuf *mbuf;
	struct rig rig;
	bool took;

	rig_make(&rig, &stage_rewrite);
	assert_int_equal(rig_init(&rig, &conf), 0);
	event = rig_event(&rig);
	mbuf = weir_event_mbuf(event);
	*event = *like;
	event->flags &= ~WEIR_EVENT_PRISTINE;
	/* A reference of our own keeps the event after its release. */
	rte_mbuf_refcnt_update(mbuf, 1);
	rig_process(&rig, &event, 1);
	took = weir_mbuf_event(mbuf)->prio == WEIR_PRIO_MAX;
	assert_int_equal(weir_mbuf_event(mbuf)->user[0] == MARK, took);
	rte_pktmbuf_free(mbuf);
	rig_end(&rig);
	return took;
}

static const struct weir_event https = {
	.type = WEIR_EVENT_PACKET,
	.flags = WEIR_EVENT_KEYED | WEIR_EVENT_TUNNELLED | WEIR_EVENT_IPV4 | WEIR_EVENT_VLAN |
		WEIR_EVENT_QINQ,
	.len = 100,
	.vlan = { 0x2005, 7 },
	.tunnel = WEIR_TUNNEL_VXLAN,
	.proto = IPPROTO_TCP,
	.key = { .sport = RTE_BE16(50000), .dport = RTE_BE16(443), .proto = IPPROTO_TCP },
};

static void
test_matches(void **state)
{
	static const char *const yes[] = {
		"",
		"proto=tcp",
		"proto=6",
		"proto=0x6",
		"dport=443",
		"sport=1024-65535",
		"port=443",
		"port=50000",
		"vlan=5",
		"vlan=7",
		"ip_version=4",
		"verdict=ok",
		"len=100",
		"len=64-128",
		"tunnel=vxlan",
		"tunnel=any",
		"proto=tcp,dport=443,len=64-128",
		" proto = tcp , dport = 443 ",
	};
	static const char *const no[] = {
		"proto=udp",
		"dport=50000",
		"sport=443",
		"port=444",
		"vlan=6",
		"ip_version=6",
		"verdict=malformed",
		"verdict=trunc_l3",
		"len=0-99",
		"len=101-4294967295",
		"tunnel=none",
		"tunnel=gre",
		"proto=tcp,dport=444",
		"proto=udp,dport=443",
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(yes); i++)
		assert_true(takes(yes[i], &https));
	for (unsigned int i = 0; i < RTE_DIM(no); i++)
		assert_false(takes(no[i], &https));
}

/* What an event does not say matches nothing. */
static void
test_unsaid_does_not_match(void **state)
{
	struct weir_event event = https;

	(void)state;
	event.flags &= ~WEIR_EVENT_KEYED;
	assert_false(takes("proto=0-255", &event));
	assert_false(takes("port=0-65535", &event));
	event = https;
	event.flags |= WEIR_EVENT_LATER_FRAGMENT;
	assert_false(takes("port=0-65535", &event));
	assert_true(takes("proto=tcp", &event));
	event = https;
	event.proto = IPPROTO_ICMP;
	assert_false(takes("port=0-65535", &event));
	event = https;
	event.flags &= ~WEIR_EVENT_QINQ;
	assert_false(takes("vlan=7", &event));
	assert_true(takes("vlan=5", &event));
	event.flags &= ~WEIR_EVENT_VLAN;
	assert_false(takes("vlan=0-4095", &event));
}

/* Left-out values stay as they are, user words too. */
static void
test_keeps(void **state)
{
	static const struct rewrite_conf conf = { .match = "", .user = { "", "0x10", NULL } };
	struct weir_event *event;
	struct rte_mbuf *mbuf;
	struct rig rig;

	(void)state;
	rig_make(&rig, &stage_rewrite);
	assert_int_equal(rig_init(&rig, &conf), 0);
	event = rig_event(&rig);
	mbuf = weir_event_mbuf(event);
	weir_event_touch(event);
	rte_mbuf_refcnt_update(mbuf, 1);
	event->user[0] = event->user[2] = 5;
	rig_process(&rig, &event, 1);
	assert_int_equal(event->prio, WEIR_PRIO_DEFAULT);
	assert_int_equal(event->user[0], 5);
	assert_int_equal(event->user[1], 16);
	assert_int_equal(event->user[2], 5);
	rte_pktmbuf_free(mbuf);
	rig_end(&rig);
}

/* The priority, and nothing else: what is matched, and the user words, stay. */
static void
test_set(void **state)
{
	static const struct {
		uint64_t prio;
		uint8_t expect;
	} rows[] = { { 1, 0 }, { 8, 7 }, { 0, WEIR_PRIO_DEFAULT }, { 3, 2 } };
	struct rewrite_conf conf = { .match = "len=100", .user = { "77" }, .prio = 5 };
	struct weir_event *event;
	struct rig rig;

	(void)state;
	rig_make(&rig, &stage_rewrite);
	assert_int_equal(rig_init(&rig, &conf), 0);
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		conf.prio = rows[i].prio;
		stage_rewrite.set(&rig.worker, rig.state, &conf);
		event = rig_event(&rig);
		event->len = 100;
		rte_mbuf_refcnt_update(weir_event_mbuf(event), 1);
		rig_process(&rig, &event, 1);
		assert_int_equal(event->prio, rows[i].expect);
		assert_int_equal(event->user[0], 77);
		rte_pktmbuf_free(weir_event_mbuf(event));
	}
	rig_end(&rig);
}

/* Bursts larger than a column, against a reading of the match by hand. */
static void
test_random(void **state)
{
	static const struct rewrite_conf conf = { .match = "proto=udp,len=100-199,vlan=3",
		.prio = 1 };
	uint64_t seed = testing_seed();
	struct weir_event *events[200];
	bool expect[200];
	struct rig rig;

	(void)state;
	rig_make(&rig, &stage_rewrite);
	rig.worker.burst = 200;
	assert_int_equal(rig_init(&rig, &conf), 0);
	for (unsigned int pass = 0; pass < 200; pass++) {
		uint16_t n = (uint16_t)(testing_random(&seed) % 200 + 1);

		for (uint16_t i = 0; i < n; i++) {
			struct weir_event *e = events[i] = rig_event(&rig);
			uint64_t r = testing_random(&seed);
			unsigned int tags;

			e->flags = r & 1 ? WEIR_EVENT_KEYED : 0;
			e->proto = r & 2 ? IPPROTO_UDP : IPPROTO_TCP;
			e->len = (r >> 8) % 300;
			tags = (r >> 20) % 3;
			e->flags |= tags > 0 ? WEIR_EVENT_VLAN : 0;
			e->flags |= tags > 1 ? WEIR_EVENT_QINQ : 0;
			e->vlan[0] = (r >> 24) % 4;
			e->vlan[1] = (r >> 28) % 4;
			expect[i] = (r & 1) && (r & 2) && e->len >= 100 && e->len < 200 &&
				((tags > 0 && e->vlan[0] == 3) || (tags > 1 && e->vlan[1] == 3));
			rte_mbuf_refcnt_update(weir_event_mbuf(e), 1);
		}
		rig_process(&rig, events, n);
		for (uint16_t i = 0; i < n; i++) {
			assert_int_equal(events[i]->prio, expect[i] ? 0 : WEIR_PRIO_DEFAULT);
			rte_pktmbuf_free(weir_event_mbuf(events[i]));
		}
	}
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_unsaid_does_not_match),
		cmocka_unit_test(test_keeps),
		cmocka_unit_test(test_random),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
