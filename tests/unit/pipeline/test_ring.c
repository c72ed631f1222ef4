/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a ring holds where nothing is said, and of which workers there are rings. */
#include "testing.h"

#include "loaded.h"

/* The ring of the link from `b` to `c` behind a source: workers of `b` and `c`, and what they are. */
static uint64_t
ring_of(unsigned int burst, const char *type, unsigned int b, unsigned int c, const char *more,
	const char **why)
{
	struct weir_pipeline *pipeline;
	const struct link *link;
	char text[512];
	uint64_t ring;

	snprintf(text, sizeof(text),
		"[pipeline]\nburst = %u\n[source a]\ntype = synth\n"
		"[stage b]\ntype = %s\ninput = a\nworkers = %u\n"
		"[stage c]\ntype = t_pass\ninput = b\nworkers = %u\n%s",
		burst, type, b, c, more);
	pipeline = load_checked(text);
	link = link_of(pipeline, "b", "c");
	ring = link->conf.ring;
	*why = link->ring_why;
	assert_int_equal(pipeline_stride(pipeline, link_of(pipeline, "a", "b")), 1);
	weir_pipeline_free(pipeline);
	return ring;
}

/* A given capacity is that, whatever it takes. */
static void
test_given(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(ring_of(32, "t_pass", 30, 30, "[link b c]\nring = 64\n", &why), 64);
	assert_null(why);
	assert_int_equal(ring_of(32, "t_pass", 1, 1, "[link b c]\nring = 1024\n", &why), 1024);
	assert_int_equal(ring_of(32, "t_pass", 1, 1, "[link b c]\nring = auto\n", &why), 1023);
	assert_non_null(why);
}

static void
test_share(void **state)
{
	static const struct {
		unsigned int burst, producers;
		uint64_t ring;
		const char *why;
	} cases[] = {
		{ 32, 1, 1023, "the most by default" },
		{ 32, 4, 1023, "the most by default" },
		{ 32, 5, 511, "4096 for each worker over its producers" },
		{ 32, 8, 511, "4096 for each worker over its producers" },
		{ 32, 16, 255, "4096 for each worker over its producers" },
		{ 32, 30, 127, "4096 for each worker over its producers" },
		{ 32, 60, 127, "4 bursts at least" },
		{ 32, 256, 127, "4 bursts at least" },
		{ 33, 60, 255, "4 bursts at least" },
		{ 256, 256, 1023, "4 bursts at least" },
		{ 1, 60, 63, "4096 for each worker over its producers" },
		{ 1, 256, 63, "4 bursts at least" },
	};
	const char *why;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		assert_int_equal(ring_of(cases[i].burst, "t_pass", cases[i].producers, 7, "", &why),
			cases[i].ring);
		assert_string_equal(why, cases[i].why);
	}
	/* of 30 producers a worker meets one */
	assert_int_equal(ring_of(32, "count", 30, 30, "", &why), 1023);
	/* two of 30 */
	assert_int_equal(ring_of(32, "count", 30, 15, "", &why), 1023);
	assert_int_equal(ring_of(32, "count", 30, 31, "", &why), 127);
}

/* No less than one event may become, also on the way over calls: such a ring would never have room. */
static void
test_needs(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(ring_of(1, "t_many", 60, 7, "", &why), 127);
	assert_string_equal(why, "what may come there for one event");
	assert_int_equal(ring_of(10, "t_many", 60, 7, "", &why), 1023);
	assert_int_equal(ring_of(1, "t_held", 60, 7, "[link b c]\non_full = drop-newest\n", &why),
		1024);
	assert_int_equal(ring_of(1, "t_pass", 60, 7,
				 "[stage m]\ntype = t_many\ninput = a\n"
				 "[stage n]\ntype = t_pass\ninput = m\n"
				 "[link m n]\nspread = copy\n",
				 &why),
		63);
}

/* The link from `y` to `z`, behind stages that make more of one event. */
static uint64_t
ring_behind(const char *text)
{
	struct weir_pipeline *pipeline = load_checked(text);
	uint64_t ring = link_of(pipeline, "y", "z")->conf.ring;

	weir_pipeline_free(pipeline);
	return ring;
}

#define BEHIND(link) \
	"[pipeline]\nburst = 1\n[source a]\ntype = synth\n" \
	"[stage m]\ntype = t_many\ninput = a\n" \
	"[stage x]\ntype = t_pass\ninput = m\n" \
	"[stage y]\ntype = t_pass\ninput = x, m\nworkers = 60\n" \
	"[stage z]\ntype = t_pass\ninput = y\n" link

static void
test_behind(void **state)
{
	(void)state;
	assert_int_equal(ring_behind(BEHIND("")), 255);
	assert_int_equal(ring_behind(BEHIND("[link m y]\nkind = ring\n")), 127);
	assert_int_equal(ring_behind(BEHIND("[link m y]\nkind = ring\n[link x y]\nkind = ring\n")),
		63);
	assert_int_equal(ring_behind(BEHIND("[link x y]\nspread = copy\n")), 1024);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_behind),
	};

	types_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
