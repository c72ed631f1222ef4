/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Every allocation of the plan fails once: nothing is left behind, and ENOMEM is said. */

#include <malloc.h>

#include "imagine.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifndef __SANITIZE_ADDRESS__

/* Allocations until one fails; 0: none does. */
static unsigned long fuse;
static bool counting;
static long blocks;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

static bool
blown(void)
{
	return fuse != 0 && --fuse == 0;
}

static void *
counted(void *p)
{
	if (counting && p != NULL)
		blocks++;
	return p;
}

void *
malloc(size_t size)
{
	return blown() ? NULL : counted(__libc_malloc(size));
}

void *
calloc(size_t n, size_t size)
{
	return blown() ? NULL : counted(__libc_calloc(n, size));
}

void *
realloc(void *p, size_t size)
{
	if (blown())
		return NULL;
	return p == NULL ? counted(__libc_malloc(size)) : __libc_realloc(p, size);
}

void
free(void *p)
{
	if (counting && p != NULL)
		blocks--;
	__libc_free(p);
}

static struct machine machine;
static struct weir_pipeline *pipeline;

static void
set_fuse(unsigned long n)
{
	blocks = 0;
	counting = true;
	fuse = n;
}

/* Whether it is still whole. */
static bool
take_fuse(void)
{
	bool whole = fuse != 0;

	fuse = 0;
	return whole;
}

/* The C library can do without some allocations, to shrink a buffer: then all is as always. */
static void
check_failure(const void *made)
{
	counting = false;
	assert_int_equal(blocks, 0);
	if (made == NULL)
		assert_int_equal(rte_errno, ENOMEM);
}

static void
test_make(void **state)
{
	unsigned long n, failed = 0;
	bool whole = false;

	(void)state;
	for (n = 1; !whole; n++) {
		struct weir_error error = { 0 };
		struct weir_plan *plan;

		rte_errno = 0;
		set_fuse(n);
		plan = plan_make(pipeline, NULL, &machine, &error);
		whole = take_fuse();
		assert_int_equal(error.code, plan == NULL ? ENOMEM : 0);
		weir_plan_free(plan);
		check_failure(plan);
		failed += plan == NULL;
	}
	assert_in_range(failed, 8, 1000);
}

static void
show(const struct weir_plan *plan, enum weir_plan_format format)
{
	unsigned long n, failed = 0;
	bool whole = false;
	char *text;

	for (n = 1; !whole; n++) {
		rte_errno = 0;
		set_fuse(n);
		text = weir_plan_show(plan, format);
		whole = take_fuse();
		free(text);
		check_failure(text);
		failed += text == NULL;
	}
	assert_true(failed > 0);
}

static void
test_show(void **state)
{
	struct weir_plan *plan = plan_on(pipeline, &machine, NULL);

	(void)state;
	show(plan, WEIR_PLAN_TEXT);
	show(plan, WEIR_PLAN_DOT);
	show(plan, WEIR_PLAN_JSON);
	weir_plan_free(plan);
}

static int
setup(void **state)
{
	if (imagine_types(state) != 0)
		return -1;
	imagine(&machine, 2, 3);
	imagine_port(&machine, "eth0", 1, 2);
	CPU_SET(3, &machine.lcores[4].cpus);
	CPU_CLR(4, &machine.lcores[4].cpus);
	pipeline = pipeline_of("[source a]\ndevice = eth0\nqueues = auto\ndescriptors = 70\n"
			       "[stage b]\ntype = pass\ninput = a\nnuma = 3\n"
			       "[stage c]\ntype = tx\ninput = b\ndevice = eth0\nnuma = 1\n");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	weir_pipeline_free(pipeline);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_show),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

#else

/* The sanitizer has malloc() for itself. */
int
main(void)
{
	return 77;
}

#endif
