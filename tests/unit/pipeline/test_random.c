/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Random edits of a good file: it is accepted, or refused with a message, and no more. */
#include "testing.h"

#include <string.h>

#include "pipeline/pipeline.h"
#include "pipeline/types.h"

#define RUNS 20000
#define EDITS_MAX 6
#define TEXT_MAX 4096

static const char good[] =
	"; a good file\n[pipeline]\nname = good\nburst = 32\nnuma = off\n\n[pool]\nsize = 64k\n\n"
	"[source wan]\ndevice = net_null0\nqueues = 2\nidle = sleep\nidle.max = 50us\n"
	"drop = trunc_l2, trunc_l3\n\n[source gen]\ntype = synth\n\n"
	"[stage fork]\ntype = t_fork\ninput = wan, gen\n\n"
	"[stage all]\ntype = t_all\ninput = fork.match, all\nt.uint = 3\nt.size = 1.5k\n"
	"t.duration = 20ms\nt.share = 5%\nt.lcores = 1,3-5\n\n"
	"[stage out]\ntype = t_sink\ninput = fork.other, all\nworkers = 3\n\n"
	"[link wan fork]\nring = 4096\nspread = round-robin\non_full = block\n\n"
	"[link all all]\non_full = drop-newest\n\n[link fork.other out]\nspread = copy\n";

static const char *const bits[] = { "[", "]", "=", ";", "\n", ",", ".", " ", "\r\n", "\t", ":",
	"[stage x]\n", "[link a b]\n", "input = all\n", "type = t_pass\n", "auto", "%",
	"99999999999", "-", "0x", "#", "\xef\xbb\xbf", "wan", "all", "drop-newest", "block", "type",
	"0" };

struct text {
	char data[TEXT_MAX];
	size_t len;
};

/* Replace `cut` bytes at a place by n others, as far as there is room. */
static void
splice(struct text *text, size_t at, size_t cut, const char *data, size_t n)
{
	char copy[TEXT_MAX];

	if (at + cut > text->len || text->len - cut + n > sizeof(text->data))
		return;
	memcpy(copy, data, n);
	memmove(text->data + at + n, text->data + at + cut, text->len - at - cut);
	memcpy(text->data + at, copy, n);
	text->len += n - cut;
}

static void
edit(struct text *text, uint64_t *seed)
{
	size_t at = testing_random(seed) % (text->len + 1);
	size_t from = testing_random(seed) % (text->len + 1);
	size_t n = testing_random(seed) % 40;
	const char *bit = bits[testing_random(seed) % RTE_DIM(bits)];
	char byte = (char)testing_random(seed);

	if (from + n > text->len)
		n = text->len - from;
	switch (testing_random(seed) % 5) {
	case 0:
		splice(text, at, 0, bit, strlen(bit));
		break;
	case 1:
		splice(text, at, 1, &byte, 1);
		break;
	case 2:
		splice(text, at, n, "", 0);
		break;
	case 3:
		splice(text, at, 0, text->data + from, n);
		break;
	default:
		splice(text, at, strlen(bit), bit, strlen(bit));
	}
}

static bool
run(const struct text *text)
{
	struct weir_error error = { 0 };
	struct weir_pipeline *pipeline = pipeline_load_text("r.ini", text->data, text->len, &error);
	bool fine = pipeline != NULL && weir_pipeline_check(pipeline, &error) == 0;

	if (fine) {
		assert_non_null(pipeline->order);
		assert_int_equal(error.code, 0);
	} else {
		assert_int_equal(error.code, EINVAL);
		assert_ptr_equal(strstr(error.text, "r.ini:"), error.text);
		assert_true(strlen(error.text) > 10);
	}
	weir_pipeline_free(pipeline);
	return fine;
}

static void
test_random(void **state)
{
	uint64_t seed = testing_seed();
	unsigned int accepted = 0;
	struct text text;

	(void)state;
	for (unsigned int i = 0; i < RUNS; i++) {
		unsigned int edits = (unsigned int)(testing_random(&seed) % EDITS_MAX);

		memcpy(text.data, good, sizeof(good) - 1);
		text.len = sizeof(good) - 1;
		for (unsigned int e = 0; e < edits; e++)
			edit(&text, &seed);
		accepted += run(&text);
	}
	/* Some runs edit nothing; many hit a key or a name. */
	assert_true(accepted > RUNS / EDITS_MAX / 2);
	assert_true(accepted < RUNS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };

	types_register();
	return cmocka_run_group_tests_name("pipeline random", tests, NULL, NULL);
}
