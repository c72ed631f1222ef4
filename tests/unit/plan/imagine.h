/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Machines that nobody has, and pipelines on them. */
#ifndef WEIR_PLAN_IMAGINE_H
#define WEIR_PLAN_IMAGINE_H

#include <string.h>

#include <rte_errno.h>

#include "plan/plan_private.h"

#include "testing.h"

#define GB (UINT64_C(1) << 30)

/*
 * A machine of `sockets` times `lcores`, numbered socket by socket, each on a CPU of its own, with
 * lcore 0 as the main one, plenty of memory and no port.
 */
static inline void
imagine(struct machine *machine, unsigned int sockets, unsigned int lcores)
{
	unsigned int i;

	memset(machine, 0, sizeof(*machine));
	machine_distances(machine);
	machine->socket_count = sockets;
	machine->hugepages = true;
	for (i = 0; i < sockets; i++)
		machine->memory[i].huge_free = machine->memory[i].huge_2m = 64 * GB;
	for (i = sockets * lcores; i < RTE_MAX_LCORE; i++)
		machine->lcores[i].role = ROLE_OFF;
	for (i = 0; i < sockets * lcores; i++) {
		machine->lcores[i].present = true;
		machine->lcores[i].socket = (int)(i / lcores);
		CPU_SET(i, &machine->lcores[i].cpus);
	}
}

static inline struct machine_port *
imagine_port(struct machine *machine, const char *name, int socket, uint16_t queues)
{
	struct machine_port *port = &machine->ports[machine->port_count];

	snprintf(port->name, sizeof(port->name), "%s", name);
	port->id = (uint16_t)machine->port_count++;
	port->socket = socket;
	port->driver = "net_imagined";
	port->max_rx_queues = queues;
	port->max_tx_queues = queues;
	return port;
}

/* Stage types of the tests: they hold 10 events, which they let go of in tick(), and pass on what they get. */
static void
pass_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	(void)state;
	weir_forward(worker, 0, events, n);
}

static int
pass_needs(const void *conf, struct weir_stage_needs *needs, struct weir_error *error)
{
	(void)conf;
	(void)error;
	needs->let_go = 0;
	return 0;
}

static const struct weir_stage_ops pass_ops = {
	WEIR_STAGE_OPS,
	.name = "pass",
	.help = "passes on what it gets",
	.state_size = 1000,
	.max_held = 10,
	.process = pass_process,
	.needs = pass_needs,
};

static const char *const fork_outputs[] = { "out", "other", NULL };

static const struct weir_stage_ops fork_ops = {
	WEIR_STAGE_OPS,
	.name = "fork",
	.help = "has two outputs",
	.outputs = fork_outputs,
	.max_held = 10,
	.process = pass_process,
	.needs = pass_needs,
};

/* For the group's setup. */
static inline int
imagine_types(void **state)
{
	(void)state;
	return weir_stage_register(&pass_ops) != 0 || weir_stage_register(&fork_ops) != 0;
}

/* The pipeline that a text describes, which is right. */
static inline struct weir_pipeline *
pipeline_of(const char *text)
{
	struct weir_error error = { 0 };
	struct weir_pipeline *pipeline = pipeline_load_text("imagined", text, strlen(text), &error);

	if (pipeline == NULL || weir_pipeline_check(pipeline, &error) != 0)
		fail_msg("%s", error.text);
	return pipeline;
}

static inline struct weir_plan *
plan_on(const struct weir_pipeline *pipeline, const struct machine *machine, const char *lcores)
{
	struct weir_plan_conf conf;
	struct weir_error error = { 0 };
	struct weir_plan *plan;

	weir_plan_conf_init(&conf);
	conf.lcores = lcores;
	plan = plan_make(pipeline, &conf, machine, &error);
	if (plan == NULL)
		fail_msg("%s", error.text);
	return plan;
}

/* The plan is refused, and the message has a text in it. */
static inline void
refused_on(const char *text, const struct machine *machine, const char *lcores, int code,
	const char *expected)
{
	struct weir_pipeline *pipeline = pipeline_of(text);
	struct weir_plan_conf conf;
	struct weir_error error = { 0 };

	weir_plan_conf_init(&conf);
	conf.lcores = lcores;
	rte_errno = 0;
	assert_null(plan_make(pipeline, &conf, machine, &error));
	assert_int_equal(rte_errno, code);
	assert_int_equal(error.code, code);
	if (strstr(error.text, expected) == NULL)
		fail_msg("'%s' is not in: %s", expected, error.text);
	rte_errno = 0;
	assert_null(plan_make(pipeline, &conf, machine, NULL));
	assert_int_equal(rte_errno, code);
	weir_pipeline_free(pipeline);
}

/* Whether one of the notes has a text in it. */
static inline bool
has_note(const struct weir_plan *plan, const char *expected)
{
	unsigned int i;

	for (i = 0; i < plan->note_count; i++)
		if (strstr(plan->notes[i], expected) != NULL)
			return true;
	return false;
}

#endif /* WEIR_PLAN_IMAGINE_H */
