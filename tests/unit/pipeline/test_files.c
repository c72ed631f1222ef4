/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Files that are not there, or are none: a pipeline's own, and those that it reads. */
#include "testing.h"

#include "loaded.h"

/* What a file lacks is the machine's matter, not the description's. */
static void
test_captures(void **state)
{
	static const struct {
		const char *path;
		const char *said;
		int code;
	} rows[] = {
		{ "/no/such", "t.ini:3: [source wan] path = /no/such: No such file or directory",
			ENOENT },
		{ "/", "t.ini:3: [source wan] path = /: Is a directory", EISDIR },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct weir_pipeline *pipeline;

		snprintf(text, sizeof(text),
			"[source wan]\ntype = pcap\npath = %s\n[stage out]\ntype = t_sink\n"
			"input = wan\n",
			rows[i].path);
		pipeline = load(text);
		assert_int_equal(weir_pipeline_check(pipeline, &error), -rows[i].code);
		assert_int_equal(error.code, rows[i].code);
		assert_non_null(strstr(error.text, rows[i].said));
		weir_pipeline_free(pipeline);
	}
}

static void
refuse_file(const char *path, int code, const char *phrase)
{
	assert_null(weir_pipeline_load(path, &error));
	assert_int_equal(error.code, code);
	assert_int_equal(rte_errno, code);
	assert_non_null(strstr(error.text, phrase));
}

static void
test_files(void **state)
{
	(void)state;
	refuse_file(NULL, EINVAL, "expected a file's path");
	refuse_file("/nowhere/x.ini", ENOENT, "/nowhere/x.ini: No such file");
	refuse_file("/", EISDIR, "/: Is a directory");
	refuse_file("/dev/zero", EINVAL, "/dev/zero: has more than");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captures),
		cmocka_unit_test(test_files),
	};

	types_register();
	return cmocka_run_group_tests_name("pipeline files", tests, NULL, NULL);
}
