/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Many frames of random nestings, right ones and wrong ones, by bursts: what holds of every event
 * holds of each. WEIR_TEST_FRAMES=N says how many; WEIR_TEST_SEED=N which.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <time.h>

#include "testing.h"

#include "guard.h"
#include "reshape.h"

#define STORM_FRAMES 300000
#define STORM_BURST 32
#define STORM_HEX 2048
/* A frame is changed so often before a new one is made. */
#define STORM_CHANGES 8

struct storm {
	struct shaped frames[STORM_BURST];
	struct rte_mbuf *mbufs[STORM_BURST];
	struct weir_event full[STORM_BURST];
	uint64_t keyed;
	uint64_t tunnelled;
	uint64_t malformed;
};

static void
storm_fail(const struct storm *s, unsigned int i, const char *wrong)
{
	char hex[2 * STORM_HEX + 1] = "";

	for (uint32_t at = 0; at < s->frames[i].len; at++)
		snprintf(hex + 2 * at, 3, "%02x", s->frames[i].bytes[at]);
	fail_msg("%s: %s", wrong, hex);
}

/* Each frame before a page of its own, parsed in one burst. */
static void
storm_parse(struct storm *s, struct weir_parse_burst *burst, int fill)
{
	for (unsigned int i = 0; i < STORM_BURST; i++)
		s->mbufs[i] = guard_segment(i, s->frames[i].bytes, s->frames[i].len, fill);
	weir_parse(s->mbufs, STORM_BURST, burst);
}

static void
storm_full(struct storm *s, struct weir_parse_burst burst)
{
	uint64_t counted = 0;

	storm_parse(s, &burst, PACKET_FILL);
	for (unsigned int i = 0; i < STORM_BURST; i++) {
		const char *wrong = packet_wrong(s->mbufs[i]);

		if (wrong != NULL)
			storm_fail(s, i, wrong);
		s->full[i] = *weir_mbuf_event(s->mbufs[i]);
		s->keyed += !!(s->full[i].flags & WEIR_EVENT_KEYED);
		s->tunnelled += !!(s->full[i].flags & WEIR_EVENT_TUNNELLED);
		s->malformed += !!(s->full[i].flags & WEIR_EVENT_MALFORMED);
	}
	for (unsigned int i = 0; i < WEIR_VERDICT_MAX; i++)
		counted += burst.verdicts[i];
	if (counted != STORM_BURST)
		storm_fail(s, 0, "verdict counts");
}

static void
storm_key_only(struct storm *s, struct weir_parse_burst burst)
{
	burst.depth = WEIR_PARSE_KEY_ONLY;
	storm_parse(s, &burst, PACKET_FILL);
	for (unsigned int i = 0; i < STORM_BURST; i++) {
		const struct weir_event *event = weir_mbuf_event(s->mbufs[i]);
		const char *wrong = burst.checksum == WEIR_PARSE_CHECKSUM_VERIFY ?
			packet_wrong_unverified(&s->full[i], event) :
			packet_wrong_key_only(&s->full[i], event);

		if (wrong != NULL)
			storm_fail(s, i, wrong);
	}
}

/* The same again, whatever the event's memory held; and in segments, which goes the general way. */
static void
storm_again(struct storm *s, unsigned int i, struct weir_parse_burst burst, uint64_t *seed)
{
	const struct shaped *f = &s->frames[i];
	uint32_t a = reshape_below(seed, f->len + 1);
	struct rte_mbuf *mbuf;
	size_t same = s->full[i].flags & WEIR_EVENT_KEYED ? offsetof(struct weir_event, user) :
							    offsetof(struct weir_event, key);

	storm_parse(s, &burst, 0);
	for (unsigned int j = 0; j < STORM_BURST; j++)
		if (memcmp(weir_mbuf_event(s->mbufs[j]), &s->full[j],
			    offsetof(struct weir_event, key)) != 0)
			storm_fail(s, j, "twice is not the same");
	mbuf = guard_make(STORM_BURST, f->bytes, f->len, a,
		a + reshape_below(seed, f->len - a + 1));
	weir_parse(&mbuf, 1, &burst);
	weir_mbuf_event(mbuf)->flags |= s->full[i].flags & WEIR_EVENT_PRISTINE;
	if (memcmp(weir_mbuf_event(mbuf), &s->full[i], same) != 0)
		storm_fail(s, i, "segments make a difference");
}

/* Less of it is here than was on the wire: there too segments make no difference, at any depth. */
static void
storm_wire(struct storm *s, unsigned int i, struct weir_parse_burst burst, uint64_t *seed)
{
	const struct shaped *f = &s->frames[i];
	uint32_t len = f->len - reshape_below(seed, RTE_MIN(f->len, 64u) + 1);
	uint32_t wire = f->len + reshape_below(seed, 3), a = reshape_below(seed, len + 1);
	struct weir_event *whole, *cut;
	struct rte_mbuf *mbufs[2];
	size_t same;

	burst.wire_lens = (const uint32_t[]){ wire, wire };
	burst.depth = (uint8_t)reshape_below(seed, 2);
	mbufs[0] = guard_segment(0, f->bytes, len, PACKET_FILL);
	mbufs[1] = guard_make(STORM_BURST, f->bytes, len, a, a + reshape_below(seed, len - a + 1));
	weir_parse(mbufs, 2, &burst);
	whole = weir_mbuf_event(mbufs[0]);
	cut = weir_mbuf_event(mbufs[1]);
	cut->flags |= whole->flags & WEIR_EVENT_PRISTINE;
	same = whole->flags & WEIR_EVENT_KEYED ? offsetof(struct weir_event, user) :
						 offsetof(struct weir_event, key);
	if (memcmp(whole, cut, same) != 0 || whole->wire_len != RTE_MAX(wire, len))
		storm_fail(s, i, "segments make a difference to what was cut");
}

/* What a source may be told of how to parse. */
static struct weir_parse_burst
storm_options(uint64_t *seed)
{
	struct weir_parse_burst burst = { .size = sizeof(burst),
		.tunnel = reshape_below(seed, 8) == 0,
		.fragments = (uint8_t)reshape_below(seed, 2),
		.checksum = (uint8_t)reshape_below(seed, 3) };

	return burst;
}

static uint64_t
storm_frames(void)
{
	const char *given = getenv("WEIR_TEST_FRAMES");

	return given != NULL && *given != '\0' ? strtoull(given, NULL, 0) : STORM_FRAMES;
}

static double
storm_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
storm(void **state)
{
	static struct storm s;
	uint64_t seed = testing_seed(), n = storm_frames(), done;
	double begin = storm_now();

	(void)state;
	for (done = 0; done < n; done += STORM_BURST) {
		struct weir_parse_burst burst = storm_options(&seed);

		for (unsigned int i = 0; i < STORM_BURST; i++) {
			if (done / STORM_BURST % STORM_CHANGES == 0)
				reshape_make(&s.frames[i], &seed);
			else
				reshape(&s.frames[i], &seed);
		}
		storm_full(&s, burst);
		storm_key_only(&s, burst);
		storm_again(&s, reshape_below(&seed, STORM_BURST), burst, &seed);
		storm_wire(&s, reshape_below(&seed, STORM_BURST), burst, &seed);
	}
	print_message("%" PRIu64 " frames, %.0f a second: %.1f %% keyed, %.1f %% tunnelled, "
		      "%.1f %% malformed\n",
		done, (double)done / (storm_now() - begin), 100.0 * (double)s.keyed / (double)done,
		100.0 * (double)s.tunnelled / (double)done,
		100.0 * (double)s.malformed / (double)done);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(storm),
	};

	guard_init();
	return cmocka_run_group_tests_name("parse storm", tests, NULL, NULL);
}
