/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "plan_private.h"

/* Text of ours and of devices' names within a quoted string of dot. */
static void
dot_text(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void
dot_worker(const struct weir_plan *plan, unsigned int i, FILE *out)
{
	const struct plan_worker *worker = &plan->workers[i];
	const struct node *node = plan_node(plan, worker);
	struct app_rings rings;

	fprintf(out, "\t\t\tw%u [label=\"", i);
	dot_text(node->name, out);
	fprintf(out, "[%u]\\n", worker->index);
	dot_text(plan_node_type(node), out);
	if (!node->source && node->needs.held > 0)
		fprintf(out, "\\nholds %" PRIu32, node->needs.held);
	if (!node->source && node->needs.memory > 0)
		fprintf(out, "\\n%" PRIu64 " kB", ((uint64_t)node->needs.memory + 1023) / 1024);
	if (plan_app_rings(plan, worker, &rings))
		fprintf(out, "\\n%u ring%s of %" PRIu32, rings.count, rings.count == 1 ? "" : "s",
			rings.capacity);
	fputs("\"];\n", out);
}

static void
dot_lcore(const struct weir_plan *plan, unsigned int lcore, FILE *out)
{
	enum plan_runs runs = plan_lcore(plan, lcore)->runs;
	unsigned int i;

	fprintf(out, "\t\tsubgraph cluster_lcore%u {\n\t\t\tlabel=\"lcore %u%s%s\";\n", lcore,
		lcore, runs != RUNS_LAUNCHED ? ", " : "",
		runs != RUNS_LAUNCHED ? plan_runs_names[runs] : "");
	fputs("\t\t\tstyle=rounded;\n", out);
	for (i = 0; i < plan->worker_count; i++)
		if (plan->workers[i].lcore == lcore)
			dot_worker(plan, i, out);
	fputs("\t\t}\n", out);
}

static void
dot_socket(const struct weir_plan *plan, int socket, const bool used[RTE_MAX_LCORE], FILE *out)
{
	unsigned int i;
	bool open = false;

	for (i = 0; i < RTE_MAX_LCORE; i++) {
		if (!used[i] || plan->machine->lcores[i].socket != socket)
			continue;
		if (!open)
			fprintf(out, "\tsubgraph cluster_socket%d {\n\t\tlabel=\"socket %d\";\n",
				socket, socket);
		open = true;
		dot_lcore(plan, i, out);
	}
	if (open)
		fputs("\t}\n", out);
}

static void
dot_workers(const struct weir_plan *plan, FILE *out)
{
	bool used[RTE_MAX_LCORE] = { false };
	unsigned int i;
	int socket;

	for (i = 0; i < plan->worker_count; i++)
		used[plan->workers[i].lcore] = true;
	for (socket = 0; socket < MACHINE_SOCKETS; socket++)
		dot_socket(plan, socket, used, out);
}

static void
dot_ports(const struct weir_plan *plan, FILE *out)
{
	const struct plan_worker *worker;
	unsigned int i;

	for (i = 0; i < plan->port_count; i++) {
		fprintf(out, "\tp%u [shape=ellipse, label=\"", i);
		dot_text(plan->ports[i].name, out);
		if (plan->ports[i].socket >= 0)
			fprintf(out, "\\nsocket %d", plan->ports[i].socket);
		fputs("\"];\n", out);
	}
	for (i = 0; i < plan->worker_count; i++) {
		worker = &plan->workers[i];
		if (worker->port >= plan->port_count)
			continue;
		if (plan_node(plan, worker)->source)
			fprintf(out, "\tp%u -> w%u [label=\"RX %u\"];\n", worker->port, i,
				worker->queue);
		else
			fprintf(out, "\tw%u -> p%u [label=\"TX %u\"];\n", i, worker->port,
				worker->queue);
	}
}

static void
dot_pairs(const struct weir_plan *plan, FILE *out)
{
	const struct plan_pair *pair;
	const struct link *link;
	unsigned int i;

	for (i = 0; i < plan->pair_count; i++) {
		pair = &plan->pairs[i];
		link = &plan->pipeline->links[pair->link];
		fprintf(out, "\tw%u -> w%u ", pair->producer, pair->consumer);
		if (pair->call)
			fputs("[style=dashed, label=\"call\"];\n", out);
		else
			fprintf(out, "[label=\"%s\\nring %u\"];\n",
				on_full_names[pipeline_on_full(plan->pipeline, link)],
				pair->capacity);
	}
}

char *
plan_show_dot(const struct weir_plan *plan)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool failed;

	if (out == NULL)
		return NULL;
	fputs("digraph \"", out);
	dot_text(plan->pipeline->conf.name, out);
	fputs("\" {\n\trankdir=LR;\n\tnode [shape=box];\n", out);
	dot_workers(plan, out);
	dot_ports(plan, out);
	dot_pairs(plan, out);
	fputs("}\n", out);
	failed = ferror(out) != 0;
	if (fclose(out) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}
