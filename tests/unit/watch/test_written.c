/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Whether the capture files that a port writes have what its driver says it sent. */
#include "engine/rig.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <rte_dev.h>

#define DEVICE "net_pcap0"
#define EVENTS 1000

static char path[64], second[64];

/* No file gets longer than that from now on. */
static void
limit(rlim_t most)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = RTE_MIN(most, limit.rlim_max);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Send by a port with these arguments, files no longer than `most`; the failure, or ENOENT. */
static int
run(const char *arguments, const char *out, rlim_t most, struct weir_error *error)
{
	struct weir_error more;
	struct rig rig;
	int rc;

	assert_int_equal(rte_eal_hotplug_add("vdev", DEVICE, arguments), 0);
	rig_describe(&rig, "written", SECTIONS("source gen: type=synth", out));
	rig_place(&rig, "0");
	rig_create(&rig, EVENTS);
	limit(most);
	rig_wait(&rig, EVENTS);
	rig_stop(&rig);
	limit(RLIM_INFINITY);
	assert_int_equal(rig_ledger(&rig).transmitted, EVENTS);
	rc = weir_engine_failure(rig.engine, 0, error);
	assert_int_equal(weir_engine_failure(rig.engine, 1, &more), -ENOENT);
	rig_end(&rig);
	assert_int_equal(rte_eal_hotplug_remove("vdev", DEVICE), 0);
	return rc == 0 ? error->code : -rc;
}

#define OUT(workers) "stage out: type=tx; input=gen; device=" DEVICE "; workers=" workers

/* Full at once, and in the midst. */
static void
test_short(void **state)
{
	static const rlim_t limits[] = { 0, 24, 10000 };
	char arguments[128];
	struct weir_error error;

	(void)state;
	snprintf(arguments, sizeof(arguments), "tx_pcap=%s", path);
	for (unsigned int i = 0; i < RTE_DIM(limits); i++) {
		assert_int_equal(run(arguments, OUT("1"), limits[i], &error), EIO);
		assert_non_null(strstr(error.text, "did not write all packets"));
		assert_non_null(strstr(error.text, path));
	}
}

/* Both queues have a file: that one is whole does not hide that the other is not. */
static void
test_two_queues(void **state)
{
	char arguments[160];
	struct weir_error error;

	(void)state;
	snprintf(arguments, sizeof(arguments), "tx_pcap=%s,tx_pcap=%s", path, second);
	assert_int_equal(run(arguments, OUT("2"), RLIM_INFINITY, &error), ENOENT);
	assert_int_equal(run(arguments, OUT("2"), 20000, &error), EIO);
	assert_non_null(strstr(error.text, "other queues"));
}

static void
test_nowhere(void **state)
{
	char arguments[128];
	struct weir_error error;

	(void)state;
	snprintf(arguments, sizeof(arguments), "tx_pcap=%s", path);
	assert_int_equal(run(arguments, OUT("1"), RLIM_INFINITY, &error), ENOENT);
	snprintf(arguments, sizeof(arguments), "rx_pcap=%s", path);
	assert_int_equal(run(arguments, OUT("1"), RLIM_INFINITY, &error), EIO);
	assert_non_null(strstr(error.text, "dropped 1000 packets"));
}

/* All is there; or nobody can know. */
static void
test_whole(void **state)
{
	char arguments[128];
	struct weir_error error;

	(void)state;
	snprintf(arguments, sizeof(arguments), "tx_pcap=%s", path);
	assert_int_equal(run(arguments, OUT("1"), RLIM_INFINITY, &error), ENOENT);
	assert_int_equal(run("tx_pcap=/dev/null", OUT("1"), RLIM_INFINITY, &error), ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_two_queues),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_whole),
	};
	int rc;

	testing_eal_init(NULL);
	signal(SIGXFSZ, SIG_IGN);
	snprintf(path, sizeof(path), "/tmp/weir-written-%d.pcap", (int)getpid());
	snprintf(second, sizeof(second), "/tmp/weir-written-%d-2.pcap", (int)getpid());
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	unlink(second);
	return rc;
}
