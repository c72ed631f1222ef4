/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Events, and their way back to the pool. */
#include "testing.h"

#include <string.h>

#include <rte_malloc.h>

#include <weir/error.h>

#include "event/event.h"

#define POOL_SIZE 511
#define POOL_CACHE 32
#define DATA_ROOM 512
/* Events in hand at once in the random runs. */
#define HAND 256
#define ROUNDS 4000

static struct rte_mempool *pools[2];

static void
object_check(struct rte_mempool *pool, void *arg, void *object, unsigned int index)
{
	const struct rte_mbuf *mbuf = object;
	unsigned int *seen = arg;
	const char *reason = NULL;

	(void)index;
	if (rte_mbuf_check(mbuf, 0, &reason) != 0)
		fail_msg("%s", reason);
	assert_null(mbuf->next);
	assert_int_equal(mbuf->nb_segs, 1);
	assert_int_equal(rte_mbuf_refcnt_read(mbuf), 1);
	assert_ptr_equal(mbuf->pool, pool);
	assert_true(RTE_MBUF_DIRECT(mbuf));
	++*seen;
}

/* Every mbuf is in its pool, and as rte_mbuf_raw_alloc() has to find it. */
static void
pool_is_sane(struct rte_mempool *pool)
{
	unsigned int seen = 0;

	testing_pool_is_full(pool);
	rte_mempool_audit(pool);
	rte_mempool_obj_iter(pool, object_check, &seen);
	assert_int_equal(seen, pool->size);
}

static int
pools_create(void **state)
{
	(void)state;
	pools[0] = weir_pool_create("one", POOL_SIZE, POOL_CACHE, 0, DATA_ROOM, SOCKET_ID_ANY);
	pools[1] = weir_pool_create("two", POOL_SIZE, POOL_CACHE, 64, DATA_ROOM, SOCKET_ID_ANY);
	return pools[0] != NULL && pools[1] != NULL ? 0 : -1;
}

static int
pools_free(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		pool_is_sane(pools[i]);
		rte_mempool_free(pools[i]);
	}
	return 0;
}

/* An event that is marked as its mbuf is now. */
static struct weir_event *
event_of(struct rte_mbuf *mbuf)
{
	struct weir_event *event;

	assert_non_null(mbuf);
	event = weir_mbuf_event(mbuf);
	event->flags = weir_mbuf_mark(mbuf);
	return event;
}

static struct weir_event *
event_get(struct rte_mempool *pool)
{
	return event_of(rte_pktmbuf_alloc(pool));
}

static void
pool_refused(int code, const char *name, unsigned int size, unsigned int cache, uint16_t priv,
	uint16_t room)
{
	rte_errno = 0;
	assert_null(weir_pool_create(name, size, cache, priv, room, SOCKET_ID_ANY));
	assert_int_equal(rte_errno, code);
}

static void
test_pool_refusals(void **state)
{
	(void)state;
	pool_refused(EINVAL, "none", 0, 0, 0, DATA_ROOM);
	pool_refused(EINVAL, "cache", 63, RTE_MEMPOOL_CACHE_MAX_SIZE + 1, 0, DATA_ROOM);
	pool_refused(EINVAL, "cache", 63, 64, 0, DATA_ROOM);
	pool_refused(EINVAL, "priv", 63, 0, 4, DATA_ROOM);
	pool_refused(EINVAL, "priv", 63, 0, UINT16_MAX - sizeof(struct weir_event) + 1, DATA_ROOM);
	pool_refused(EEXIST, "one", 63, 0, 0, DATA_ROOM);
	pool_refused(ENOMEM, "huge", 1u << 24, 0, 0, UINT16_MAX);
}

static void
test_pool(void **state)
{
	struct rte_mempool *pool;
	struct weir_event *event;

	(void)state;
	assert_int_equal(rte_pktmbuf_data_room_size(pools[0]), DATA_ROOM);
	assert_int_equal(rte_pktmbuf_priv_size(pools[0]), sizeof(struct weir_event));
	assert_int_equal(rte_pktmbuf_priv_size(pools[1]), sizeof(struct weir_event) + 64);

	pool = weir_pool_create("bare", 63, 0, 0, 0, SOCKET_ID_ANY);
	assert_non_null(pool);
	event = event_get(pool);
	assert_true(weir_mbuf_fits(weir_event_mbuf(event)));
	assert_int_equal(rte_pktmbuf_data_room_size(pool), 0);
	assert_int_equal(event->flags, WEIR_EVENT_PRISTINE);
	events_free(&event, 1);
	pool_is_sane(pool);
	rte_mempool_free(pool);
}

static void
test_layout(void **state)
{
	struct weir_event *event = event_get(pools[1]);
	struct rte_mbuf *mbuf = weir_event_mbuf(event);

	(void)state;
	assert_int_equal(sizeof(struct weir_event), 128);
	assert_int_equal(offsetof(struct weir_event, key), 64);
	assert_int_equal(sizeof(struct weir_key), 40);
	assert_int_equal((uintptr_t)event % RTE_CACHE_LINE_MIN_SIZE, 0);
	assert_ptr_equal((uint8_t *)mbuf + sizeof(*mbuf), event);
	assert_ptr_equal(weir_mbuf_event(mbuf), event);
	assert_ptr_equal(rte_mbuf_to_priv(mbuf), event);
	/* The data of a packet does not reach into the event, nor into what is behind it. */
	assert_true((uint8_t *)mbuf->buf_addr >= (uint8_t *)(event + 1) + 64);
	memset(event + 1, 0xa5, 64);
	events_free(&event, 1);
}

static void
test_fits(void **state)
{
	struct rte_mempool *pool = rte_pktmbuf_pool_create("foreign", 63, 0,
		sizeof(struct weir_event) - 8, DATA_ROOM, SOCKET_ID_ANY);
	struct rte_mbuf *mbuf;

	(void)state;
	assert_non_null(pool);
	mbuf = rte_pktmbuf_alloc(pool);
	assert_false(weir_mbuf_fits(mbuf));
	rte_pktmbuf_free(mbuf);
	rte_mempool_free(pool);
}

static void
ext_free(void *addr, void *opaque)
{
	(void)addr;
	++*(unsigned int *)opaque;
}

/* Chained, referenced twice, a clone, on a buffer from outside: not pristine, each by itself. */
static void
test_mark(void **state)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pools[0]), *other;
	struct rte_mbuf_ext_shared_info *shared;
	unsigned int freed = 0;
	uint16_t size = 256;
	void *buffer = rte_malloc(NULL, size, 64);

	(void)state;
	assert_int_equal(weir_mbuf_mark(mbuf), WEIR_EVENT_PRISTINE);
	assert_int_equal(weir_mbuf_event(mbuf)->pool, weir_pool_index(pools[0]));

	rte_mbuf_refcnt_update(mbuf, 1);
	assert_int_equal(weir_mbuf_mark(mbuf), 0);
	rte_mbuf_refcnt_update(mbuf, -1);

	other = rte_pktmbuf_clone(mbuf, pools[1]);
	assert_non_null(other);
	assert_int_equal(weir_mbuf_mark(other), 0);
	assert_int_equal(weir_mbuf_mark(mbuf), 0);
	rte_pktmbuf_free(other);
	assert_int_equal(weir_mbuf_mark(mbuf), WEIR_EVENT_PRISTINE);

	assert_int_equal(rte_pktmbuf_chain(mbuf, rte_pktmbuf_alloc(pools[1])), 0);
	assert_int_equal(weir_mbuf_mark(mbuf), 0);
	rte_pktmbuf_free(mbuf);

	mbuf = rte_pktmbuf_alloc(pools[0]);
	shared = rte_pktmbuf_ext_shinfo_init_helper(buffer, &size, ext_free, &freed);
	rte_pktmbuf_attach_extbuf(mbuf, buffer, 0, size, shared);
	assert_int_equal(weir_mbuf_mark(mbuf), 0);
	rte_pktmbuf_free(mbuf);
	assert_int_equal(freed, 1);
	rte_free(buffer);
}

/* Where the caller knows the pool; of none there is nothing to put an mbuf back into. */
static void
test_mark_of(void **state)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pools[0]);
	uint16_t index = weir_pool_index(pools[0]);

	(void)state;
	assert_int_equal(weir_mbuf_mark_of(mbuf, index), WEIR_EVENT_PRISTINE);
	assert_int_equal(weir_mbuf_event(mbuf)->pool, index);
	assert_int_equal(weir_mbuf_mark_of(mbuf, 0), 0);
	assert_int_equal(weir_mbuf_event(mbuf)->pool, 0);
	rte_mbuf_refcnt_update(mbuf, 1);
	assert_int_equal(weir_mbuf_mark_of(mbuf, index), 0);
	rte_mbuf_refcnt_update(mbuf, -1);
	rte_pktmbuf_free(mbuf);
}

/* What flags say in place of fields. */
static void
test_said_by_flags(void **state)
{
	static const struct {
		uint32_t flags;
		uint16_t stopped;
		uint8_t version;
		unsigned int vlans;
		uint16_t ethertype;
	} rows[] = {
		{ 0, 0, 0, 0, 0 },
		{ 0, 0x88cc, 0, 0, 0x88cc },
		{ WEIR_EVENT_IPV4, 6, 4, 0, 0x0800 },
		{ WEIR_EVENT_IPV6, 17, 6, 0, 0x86dd },
		{ WEIR_EVENT_IPV4, 0x6558, 4, 0, 0x0800 },
		{ WEIR_EVENT_VLAN, 0x0806, 0, 1, 0x0806 },
		{ WEIR_EVENT_VLAN | WEIR_EVENT_QINQ | WEIR_EVENT_IPV6, 6, 6, 2, 0x86dd },
		{ ~(WEIR_EVENT_VLAN | WEIR_EVENT_QINQ | WEIR_EVENT_IPV4 | WEIR_EVENT_IPV6), 0, 0, 0,
			0 },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		const struct weir_event event = {
			.flags = rows[i].flags,
			.stopped = rows[i].stopped,
		};

		assert_int_equal(weir_event_ip_version(&event), rows[i].version);
		assert_int_equal(weir_event_vlan_count(&event), rows[i].vlans);
		assert_int_equal(weir_event_ethertype(&event), rows[i].ethertype);
	}
}

/* Flags are bits of their own, and as many as there were before are left. */
static void
test_flags(void **state)
{
	static const uint32_t flags[] = { WEIR_EVENT_PRISTINE, WEIR_EVENT_SHARED, WEIR_EVENT_KEYED,
		WEIR_EVENT_FRAGMENT, WEIR_EVENT_LATER_FRAGMENT, WEIR_EVENT_TUNNELLED,
		WEIR_EVENT_MALFORMED, WEIR_EVENT_VLAN_STRIPPED, WEIR_EVENT_BAD_L3_CKSUM,
		WEIR_EVENT_BAD_L4_CKSUM, WEIR_EVENT_IPV4, WEIR_EVENT_IPV6, WEIR_EVENT_VLAN,
		WEIR_EVENT_QINQ, WEIR_EVENT_WIRE_TIME };
	uint32_t all = 0;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(flags); i++) {
		assert_int_equal(__builtin_popcount(flags[i]), 1);
		assert_int_equal(all & flags[i], 0);
		all |= flags[i];
	}
	assert_true(32 - __builtin_popcount(all) >= 16);
}

static void
test_touch(void **state)
{
	struct weir_event *event = event_get(pools[0]);

	(void)state;
	event->flags |= WEIR_EVENT_KEYED | WEIR_EVENT_FRAGMENT;
	weir_event_touch(event);
	assert_int_equal(event->flags, WEIR_EVENT_KEYED | WEIR_EVENT_FRAGMENT);
	weir_event_touch(event);
	assert_int_equal(event->flags, WEIR_EVENT_KEYED | WEIR_EVENT_FRAGMENT);
	events_free(&event, 1);
}

static void
test_free_none(void **state)
{
	(void)state;
	events_free(NULL, 0);
}

/* Runs longer than what goes back at once. */
static void
test_free_long(void **state)
{
	struct weir_event *events[HAND];

	(void)state;
	for (unsigned int i = 0; i < HAND; i++)
		events[i] = event_get(pools[0]);
	events_free(events, HAND);
	testing_pool_is_full(pools[0]);
}

/* Two pools in turn, and every third event not pristine. */
static void
test_free_mixed(void **state)
{
	struct weir_event *events[HAND];

	(void)state;
	for (unsigned int i = 0; i < HAND; i++) {
		events[i] = event_get(pools[i / 2 % 2]);
		if (i % 3 == 0)
			weir_event_touch(events[i]);
	}
	events_free(events, HAND);
	testing_pool_is_full(pools[0]);
	testing_pool_is_full(pools[1]);
}

/* A reference that somebody else has keeps the mbuf out of its pool. */
static void
test_free_shared(void **state)
{
	struct weir_event *event = event_get(pools[0]);

	(void)state;
	weir_event_touch(event);
	rte_mbuf_refcnt_update(weir_event_mbuf(event), 1);
	events_free(&event, 1);
	assert_int_equal(rte_mempool_in_use_count(pools[0]), 1);
	events_free(&event, 1);
	testing_pool_is_full(pools[0]);
}

/* What stages may do to an event's mbuf, each after weir_event_touch(); all of it may fail. */
static void
event_change(struct weir_event *event, uint64_t *random, struct weir_event *hand[],
	unsigned int *count)
{
	struct rte_mbuf *mbuf = weir_event_mbuf(event), *other;

	weir_event_touch(event);
	switch (testing_random(random) % 3) {
	case 0:
		other = rte_pktmbuf_alloc(pools[testing_random(random) % 2]);
		if (other != NULL && rte_pktmbuf_chain(mbuf, other) != 0)
			rte_pktmbuf_free(other);
		break;
	case 1:
		rte_pktmbuf_refcnt_update(mbuf, 1);
		hand[(*count)++] = event;
		break;
	default:
		other = rte_pktmbuf_clone(mbuf, pools[testing_random(random) % 2]);
		if (other != NULL)
			hand[(*count)++] = event_of(other);
		break;
	}
}

static void
hand_shuffle(struct weir_event *hand[], unsigned int count, uint64_t *random)
{
	for (unsigned int i = count; i > 1; i--) {
		unsigned int j = (unsigned int)(testing_random(random) % i);
		struct weir_event *event = hand[i - 1];

		hand[i - 1] = hand[j];
		hand[j] = event;
	}
}

static void
test_random(void **state)
{
	uint64_t random = testing_seed();
	struct weir_event *hand[HAND];
	unsigned int count = 0;

	(void)state;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int n = (unsigned int)(testing_random(&random) % 64), back;

		for (unsigned int i = 0; i < n && count < HAND - 1; i++) {
			struct rte_mbuf *mbuf =
				rte_pktmbuf_alloc(pools[testing_random(&random) % 2]);

			if (mbuf == NULL)
				break;
			hand[count++] = event_of(mbuf);
			if (testing_random(&random) % 4 == 0)
				event_change(hand[count - 1], &random, hand, &count);
		}
		hand_shuffle(hand, count, &random);
		back = (unsigned int)(testing_random(&random) % (count + 1));
		count -= back;
		events_free(hand + count, back);
	}
	events_free(hand, count);
	pool_is_sane(pools[0]);
	pool_is_sane(pools[1]);
}

static void
test_names(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < WEIR_VERDICT_MAX; i++) {
		assert_non_null(weir_verdict_name(i));
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(weir_verdict_name(i), weir_verdict_name(j));
	}
	assert_null(weir_verdict_name(WEIR_VERDICT_MAX));
	assert_null(weir_verdict_name(UINT_MAX));
	for (unsigned int i = 0; i < WEIR_TUNNEL_MAX; i++) {
		assert_non_null(weir_tunnel_name(i));
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(weir_tunnel_name(i), weir_tunnel_name(j));
	}
	assert_null(weir_tunnel_name(WEIR_TUNNEL_MAX));
	assert_string_equal(weir_tunnel_name(WEIR_TUNNEL_NONE), "none");
}

static void
test_error(void **state)
{
	struct weir_error error;
	char text[2 * WEIR_ERROR_TEXT];

	(void)state;
	assert_int_equal(weir_error_set(NULL, ENOENT, "no %s", "way"), -ENOENT);
	assert_int_equal(rte_errno, ENOENT);
	assert_int_equal(weir_error_set(&error, EBUSY, "%s %d", "a\nb\x1b[1m", 7), -EBUSY);
	assert_int_equal(error.code, EBUSY);
	assert_string_equal(error.text, "a?b?[1m 7");

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	weir_error_set(&error, EINVAL, "%s", text);
	assert_int_equal(strlen(error.text), WEIR_ERROR_TEXT - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool_refusals),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_mark_of),
		cmocka_unit_test(test_said_by_flags),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_touch),
		cmocka_unit_test(test_free_none),
		cmocka_unit_test(test_free_long),
		cmocka_unit_test(test_free_mixed),
		cmocka_unit_test(test_free_shared),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_error),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, pools_create, pools_free);
}
