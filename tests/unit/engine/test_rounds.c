/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Two engines that are made, run and ended again and again leave nothing behind. */
#include "rig.h"

#include <dirent.h>

#include <rte_malloc.h>

#define ROUNDS 50

/* What a process has that an engine may have made. */
struct left {
	size_t bytes; /* of EAL's heaps */
	unsigned int blocks;
	unsigned int files;
	unsigned int threads;
};

static unsigned int
entries(const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static struct left
left_now(void)
{
	struct left left = { .files = entries("/proc/self/fd"),
		.threads = entries("/proc/self/task") };
	struct rte_malloc_socket_stats stats;

	for (int socket = 0; socket < RTE_MAX_NUMA_NODES; socket++) {
		if (rte_malloc_get_socket_stats(socket, &stats) != 0)
			continue;
		left.bytes += stats.heap_allocsz_bytes;
		left.blocks += stats.alloc_count;
	}
	return left;
}

/* One with calls and what is held, one by rings over two lcores; either may be the first to end. */
static void
round_of_two(unsigned int round)
{
	struct rig one, two;

	rig_make(&one, "one", "1", 500,
		SECTIONS("source gen: type=synth", "stage h: type=t_hold; input=gen",
			"stage end: type=t_pass; input=h"));
	rig_make(&two, "two", "2-3", 700,
		SECTIONS("source gen: type=synth; lcores=2",
			"stage end: type=t_pass; input=gen; lcores=3",
			"link gen end: ring=64; on_full=drop-oldest"));
	rig_start(&one);
	rig_start(&two);
	/* Each fourth is stopped in the midst. */
	if (round % 4 != 0) {
		rig_wait(&one, 500);
		rig_wait(&two, 700);
	}
	rig_stop(round % 2 == 0 ? &one : &two);
	rig_end(round % 2 == 0 ? &one : &two);
	rig_stop(round % 2 == 0 ? &two : &one);
	rig_end(round % 2 == 0 ? &two : &one);
}

static void
test_rounds(void **state)
{
	struct left first, last;

	(void)state;
	round_of_two(1);
	first = left_now();
	for (unsigned int round = 0; round < ROUNDS; round++)
		round_of_two(round);
	last = left_now();
	assert_int_equal(last.bytes, first.bytes);
	assert_int_equal(last.blocks, first.blocks);
	assert_int_equal(last.files, first.files);
	assert_int_equal(last.threads, first.threads);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rounds) };

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
