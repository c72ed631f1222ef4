/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Nothing is read behind a frame, not a byte: every frame, and what is left of it when it is cut,
 * ends before a page that nobody may touch, in one segment and in several, at both depths.
 */
#include "testing.h"

#include "frames.h"
#include "guard.h"
#include "reshape.h"

#define MADE 300 /* frames of random nestings */

static struct weir_event
parse_at(const uint8_t *bytes, uint32_t len, uint32_t a, uint32_t b, uint8_t depth)
{
	struct weir_parse_burst burst = { .size = sizeof(burst), .depth = depth };
	struct rte_mbuf *mbuf = guard_make(0, bytes, len, a, b);
	const char *wrong;
	struct weir_event event;

	weir_parse(&mbuf, 1, &burst);
	event = *weir_mbuf_event(mbuf);
	wrong = depth == WEIR_PARSE_FULL ? packet_wrong(mbuf) : NULL;
	if (wrong != NULL)
		fail_msg("a frame of %u bytes, cut at %u and %u: %s", len, a, b, wrong);
	event.flags &= ~WEIR_EVENT_PRISTINE;
	return event;
}

/* All that may be left of a frame. */
static void
every_length(const uint8_t *bytes, uint32_t len)
{
	struct weir_event whole, cut, key_only;
	const char *wrong;

	for (uint32_t n = 0; n <= len; n++) {
		whole = parse_at(bytes, n, n, n, WEIR_PARSE_FULL);
		cut = parse_at(bytes, n, n / 3, n - n / 3, WEIR_PARSE_FULL);
		assert_memory_equal(&whole, &cut, sizeof(whole));
		cut = parse_at(bytes, n, 0, n > 0 ? n - 1 : 0, WEIR_PARSE_FULL);
		assert_memory_equal(&whole, &cut, sizeof(whole));
		key_only = parse_at(bytes, n, n, n, WEIR_PARSE_KEY_ONLY);
		wrong = packet_wrong_key_only(&whole, &key_only);
		if (wrong != NULL)
			fail_msg("a frame of %u bytes: %s", n, wrong);
	}
}

/* The test itself: a byte too many ends the program. */
static void
guarded(void **state)
{
	uint8_t byte = 7;
	struct rte_mbuf *mbuf = guard_make(0, &byte, 1, 1, 1);
	const uint8_t *data = rte_pktmbuf_mtod(mbuf, const uint8_t *);

	(void)state;
	assert_int_equal(*data, 7);
	assert_int_equal((uintptr_t)(data + 1) % (uintptr_t)sysconf(_SC_PAGESIZE), 0);
	assert_int_equal(madvise((void *)(uintptr_t)(data + 1), 1, MADV_POPULATE_READ), -1);
}

static void
frames(void **state)
{
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < FRAMES; i++) {
		frames_get(i, &f);
		every_length(frame_bytes(&f), frame_len(&f));
	}
}

static void
made(void **state)
{
	uint64_t seed = testing_seed();
	struct shaped f;

	(void)state;
	for (unsigned int i = 0; i < MADE; i++) {
		reshape_make(&f, &seed);
		every_length(f.bytes, f.len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guarded),
		cmocka_unit_test(frames),
		cmocka_unit_test(made),
	};

	guard_init();
	return cmocka_run_group_tests_name("parse guard", tests, NULL, NULL);
}
