/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Machines and pipelines at random. */
#ifndef WEIR_PLAN_DRAW_H
#define WEIR_PLAN_DRAW_H

#include <stdarg.h>

#include "imagine.h"

#define TEXT_SIZE 8192

static struct machine machine;
static uint64_t seed;

static unsigned int
below(unsigned int n)
{
	return (unsigned int)(testing_random(&seed) >> 33) % n;
}

static void
random_machine(void)
{
	unsigned int sockets = 1 + below(3), lcores = 1 + below(12), i;
	char name[16];

	imagine(&machine, sockets, lcores);
	for (i = 0; i < sockets * lcores; i++) {
		struct machine_lcore *lcore = &machine.lcores[i];

		if (below(8) == 0 && i != 0)
			lcore->present = false;
		if (below(8) == 0)
			CPU_SET(below(sockets * lcores), &lcore->cpus);
		if (below(16) == 0)
			lcore->socket = (int)below(sockets);
	}
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "eth%u", i);
		imagine_port(&machine, name, (int)below(sockets + 1) - 1, 16);
	}
}

struct text {
	char text[TEXT_SIZE];
	size_t used;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text->used +=
		(size_t)vsnprintf(text->text + text->used, TEXT_SIZE - text->used, format, args);
	va_end(args);
	assert_in_range(text->used, 0, TEXT_SIZE - 1);
}

static void
random_node(struct text *text)
{
	unsigned int lcore = below(8);

	if (below(6) == 0 && machine.lcores[lcore].present)
		add(text, "lcores = 0,%u\n", lcore);
	if (below(6) == 0)
		add(text, "numa = %u\n", below(4));
	if (below(3) == 0)
		add(text, "idle = sleep\n");
}

/* Every node reads some of those before it, and the last one what nobody else read. */
static void
random_inputs(struct text *text, unsigned int sources, unsigned int n, bool last, bool *read)
{
	unsigned int k, count = 0;
	bool input[32] = { false };

	for (k = 0; k < n; k++)
		if (below(3) == 0 || (last && k < sources && !read[k]) ||
			(k == n - 1 && count == 0)) {
			add(text, "%s%s%u", count == 0 ? "input = " : ", ", k < sources ? "s" : "t",
				k);
			input[k] = read[k] = true;
			count++;
		}
	/* now and then what it sends comes back to it */
	if (!last && below(10) == 0) {
		add(text, ", t%u\n", n + 1);
		add(text, "[link t%u t%u]\non_full = drop-newest\n", n + 1, n);
		read[n + 1] = true;
	} else {
		add(text, "\n");
	}
	for (k = 0; k < n; k++)
		if (input[k] && below(2) == 0)
			add(text, "[link %s%u t%u]\nring = %u\nspread = %s\n%s",
				k < sources ? "s" : "t", k, n, 64 + below(4000),
				spread_names[below(3)], below(4) == 0 ? "kind = ring\n" : "");
}

static void
random_pipeline(struct text *text)
{
	static const char *const numa[] = { "prefer", "strict", "off" };
	unsigned int sources = 1 + below(3), stages = 1 + below(7), n;
	bool read[32] = { false };

	text->used = 0;
	add(text, "[pipeline]\nburst = %u\nnuma = %s\n[pool]\ncache = %u\n", 1 + below(64),
		numa[below(3)], below(513));
	for (n = 0; n < sources; n++) {
		add(text, "[source s%u]\n", n);
		if (below(2) == 0)
			add(text, "device = eth%u\n", n);
		else
			add(text, "type = synth\n");
		add(text, "queues = %u\n", 1 + below(4));
		random_node(text);
	}
	for (; n < sources + stages; n++) {
		bool last = n == sources + stages - 1;

		add(text, "[stage t%u]\n", n);
		if (last && !read[n] && below(2) == 0)
			add(text, "type = tx\ndevice = eth%u\n", below(3));
		else
			add(text, "type = %s\n", below(2) == 0 ? "pass" : "count");
		add(text, "workers = %u\n", 1 + below(4));
		random_node(text);
		random_inputs(text, sources, n, last, read);
	}
}

#endif /* WEIR_PLAN_DRAW_H */
