/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_private.h"

#define MB (UINT64_C(1) << 20)

static unsigned int
count_lcores(const struct weir_plan *plan)
{
	bool seen[RTE_MAX_LCORE] = { false };
	unsigned int i, count = 0;

	for (i = 0; i < plan->worker_count; i++)
		if (!seen[plan->workers[i].lcore]) {
			seen[plan->workers[i].lcore] = true;
			count++;
		}
	return count;
}

static const char *
plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void
text_head(const struct weir_plan *plan, FILE *out)
{
	const struct pipeline_conf *conf = &plan->pipeline->conf;
	unsigned int lcores = count_lcores(plan);

	fprintf(out, "pipeline %s: %u worker%s on %u lcore%s, burst %" PRIu64 ", numa %s\n",
		conf->name, plan->worker_count, plural(plan->worker_count), lcores, plural(lcores),
		conf->burst, plan_numa_names[conf->numa]);
}

static void
text_workers(const struct weir_plan *plan, FILE *out)
{
	const struct plan_worker *worker;
	const struct node *node;
	char name[WEIR_NAME_SIZE + 16];
	unsigned int i;
	bool queue;

	fprintf(out, "\nworkers\n  %-20s %-12s %5s %6s  %-12s %s\n", "worker", "type", "lcore",
		"socket", "idle", "port and queue");
	for (i = 0; i < plan->worker_count; i++) {
		worker = &plan->workers[i];
		node = plan_node(plan, worker);
		snprintf(name, sizeof(name), "%s[%u]", node->name, worker->index);
		queue = worker->port < plan->port_count;
		fprintf(out, "  %-20s %-12s %5u %6d  %-*s", name, plan_node_type(node),
			worker->lcore, worker->socket, queue ? 12 : 0, wait_names[worker->idle]);
		if (queue)
			fprintf(out, " %s %s %u", plan->ports[worker->port].name,
				node->source ? "RX" : "TX", worker->queue);
		fputc('\n', out);
	}
}

/* In bytes where these are few. */
static const char *
bytes_text(size_t bytes, char buf[TIME_TEXT_SIZE])
{
	if (bytes < 10000)
		snprintf(buf, TIME_TEXT_SIZE, "%zu B", bytes);
	else if (bytes < 10 * MB)
		snprintf(buf, TIME_TEXT_SIZE, "%zu kB", (bytes + 1023) / 1024);
	else
		snprintf(buf, TIME_TEXT_SIZE, "%" PRIu64 " MB", (bytes + MB - 1) / MB);
	return buf;
}

/* The rings between the application and the workers. */
static void
text_ends(const struct weir_plan *plan, FILE *out)
{
	char name[WEIR_NAME_SIZE + 16], bytes[TIME_TEXT_SIZE];
	struct app_rings rings;
	bool any = false;

	for (unsigned int i = 0; i < plan->worker_count; i++) {
		const struct plan_worker *worker = &plan->workers[i];

		if (!plan_app_rings(plan, worker, &rings))
			continue;
		if (!any)
			fprintf(out, "\nrings of the application\n  %-20s %-12s %5s %8s %6s %10s\n",
				"worker", "type", "rings", "capacity", "socket", "bytes each");
		any = true;
		snprintf(name, sizeof(name), "%s[%u]", plan_node(plan, worker)->name,
			worker->index);
		fprintf(out, "  %-20s %-12s %5u %8" PRIu32 " %6d %10s\n", name,
			plan_node_type(plan_node(plan, worker)), rings.count, rings.capacity,
			worker->socket, bytes_text(rings.bytes, bytes));
	}
}

/* What one worker of each stage needs. */
static void
text_stages(const struct weir_plan *plan, FILE *out)
{
	char state[TIME_TEXT_SIZE], memory[TIME_TEXT_SIZE], tick[TIME_TEXT_SIZE];
	unsigned int i;

	fprintf(out, "\nneeds of a worker\n  %-20s %10s %10s %8s %10s %10s %8s\n", "stage", "held",
		"let go", "fan-out", "state", "memory", "tick");
	for (i = 0; i < plan->pipeline->node_count; i++) {
		const struct node *node = &plan->pipeline->nodes[i];
		const struct weir_stage_needs *needs = &node->needs;

		if (node->source)
			continue;
		plan_time_text(needs->tick_interval, tick);
		fprintf(out, "  %-20s %10" PRIu32 " %10" PRIu32 " %8" PRIu16 " %10s %10s %8s\n",
			node->name, needs->held, needs->let_go, needs->fanout,
			bytes_text(needs->state, state), bytes_text(needs->memory, memory),
			needs->tick_interval != 0 ? tick : "-");
	}
}

/* How one waits, and at most how long; nothing behind it where it ends its line. */
static void
text_waiting(const struct plan_waiting *waiting, bool last, FILE *out)
{
	char longest[TIME_TEXT_SIZE] = "";

	if (waiting->how != WEIR_WAIT_SPIN && waiting->how != WEIR_WAIT_PAUSE &&
		waiting->how != WEIR_WAIT_YIELD)
		plan_time_text(waiting->max_ns, longest);
	if (last && longest[0] == '\0')
		fprintf(out, "  %s", wait_names[waiting->how]);
	else
		fprintf(out, "  %-12s %8s", wait_names[waiting->how], longest);
}

static void
text_bound(const struct weir_plan *plan, const struct plan_lcore *lcore, FILE *out)
{
	uint64_t longest = plan_longest(lcore);
	const struct plan_port *port;
	char bound[TIME_TEXT_SIZE];

	if (longest == UINT64_MAX)
		return;
	fprintf(out, "  %s: ", plan_time_text(longest, bound));
	if (lcore->tick_ns == longest) {
		fprintf(out, "tick of %s", plan->pipeline->nodes[lcore->tick_node].name);
		return;
	}
	port = &plan->ports[lcore->bound_port];
	fprintf(out, "half of %s RX x %u at %u Mbit/s", port->name, port->rx_descriptors,
		plan_port_speed(plan, port));
}

static void
text_lcores(const struct weir_plan *plan, FILE *out)
{
	unsigned int i;

	fprintf(out, "\nlcores\n  %5s  %-8s  %-12s %8s  %-12s %8s  %s\n", "lcore", "how", "idle",
		"at most", "full", "at most", "bound, and why");
	for (i = 0; i < plan->lcore_count; i++) {
		const struct plan_lcore *lcore = &plan->lcores[i];

		fprintf(out, "  %5u  %-8s", lcore->lcore, plan_runs_names[lcore->runs]);
		text_waiting(&lcore->idle, false, out);
		text_waiting(&lcore->full, plan_longest(lcore) == UINT64_MAX, out);
		text_bound(plan, lcore, out);
		fputc('\n', out);
	}
}

static void
text_link(const struct weir_plan *plan, unsigned int i, FILE *out)
{
	const struct link *link = &plan->pipeline->links[i];
	struct plan_kinds kinds = plan_link_kinds(plan, i);
	char from[LINK_FROM_SIZE], ends[2 * LINK_FROM_SIZE + 8];

	snprintf(ends, sizeof(ends), "%s -> %s", pipeline_from(plan->pipeline, link, from),
		plan->pipeline->nodes[link->to].name);
	fprintf(out, "  %-32s", ends);
	if (kinds.calls != 0)
		fprintf(out, " %u call%s,", kinds.calls, plural(kinds.calls));
	if (kinds.rings != 0)
		fprintf(out, " %u ring%s of %" PRIu64 ", %s,", kinds.rings, plural(kinds.rings),
			link->conf.ring, on_full_names[pipeline_on_full(plan->pipeline, link)]);
	fprintf(out, " spread %s%s\n", spread_names[link->conf.spread],
		link_feedback(link) ? ", feedback" : "");
	if (kinds.rings != 0 && link->ring_why != NULL)
		fprintf(out, "    ring = auto: %s\n", link->ring_why);
}

static void
text_links(const struct weir_plan *plan, FILE *out)
{
	unsigned int i;

	if (plan->pipeline->link_count != 0)
		fputs("\nlinks\n", out);
	for (i = 0; i < plan->pipeline->link_count; i++)
		text_link(plan, i, out);
}

/* How long the frames of a port are, and what they take. */
static void
text_frames(const struct weir_plan *plan, const struct plan_port *port, FILE *out)
{
	fprintf(out, "    mtu %u%s: frames of %u bytes, each in %u mbuf%s of %u", port->mtu,
		port->mtu_given ? " as given" : "", port->frame, port->segments,
		plural(port->segments), plan->data_room - RTE_PKTMBUF_HEADROOM);
	fputs(port->chains || port->scatter ? "; longer ones in more\n" : "\n", out);
}

void
plan_port_rules(const struct plan_port *port, struct match_rules *rules)
{
	match_rules_make(port->match, rules);
	if (port->match_rules)
		return;
	rules->count = 0;
	rules->why = port->adopted ? "adopt = on" : "match.rules = off";
}

/* What software does of what is asked of a port, and what it is asked to do itself. */
static void
text_match(const struct plan_port *port, FILE *out)
{
	struct match_rules rules;
	char text[MATCH_TEXT_SIZE];

	plan_port_rules(port, &rules);
	fprintf(out, "    match %s: in software", port->match);
	if (rules.why != NULL) {
		fprintf(out, " alone: %s\n", rules.why);
		return;
	}
	fprintf(out, ", and %u rule%s asked of the driver at the start, which say %s:\n",
		rules.count, plural(rules.count), rules.exact ? "all of it" : "part of it");
	for (unsigned int i = 0; i < rules.count; i++)
		fprintf(out, "      %s\n", match_rule_text(&rules.rules[i], text));
}

/* What comes in, and what else the file says of a port. */
static void
text_keys(const struct ethdev_conf *keys, FILE *out)
{
	static const char *const pauses[] = { "", "off", "rx", "tx", "full" };
	char longest[TIME_TEXT_SIZE];

	if (keys->mac[0] != '\0')
		fprintf(out, "; its own frames and those for %s", keys->mac);
	else
		fputs(keys->promiscuous != PORT_OFF ? "; promiscuous" : "; its own frames only",
			out);
	if (keys->allmulticast)
		fputs(", allmulticast", out);
	if (keys->rx_drop != PORT_AUTO)
		fprintf(out, "; rx_drop %s", keys->rx_drop == PORT_ON ? "on" : "off");
	if (keys->flow_control != PORT_FLOW_KEEP)
		fprintf(out, "; flow_control %s", pauses[keys->flow_control]);
	if (keys->link_wait != 0)
		fprintf(out, "; link_wait %s", plan_time_text(keys->link_wait, longest));
}

static void
text_rss(const struct port_setup *setup, FILE *out)
{
	char types[OFFLOADS_TEXT_SIZE];

	if (setup->rss == 0)
		return;
	fprintf(out, "RSS %s", plan_rss_text(setup->rss, types));
	if (setup->rss_key != 0)
		fprintf(out, ", symmetric key of %u bytes", setup->rss_key);
	else
		fputs(", its own key", out);
	if (setup->reta != 0)
		fprintf(out, ", RETA of %u", setup->reta);
	fputs("; ", out);
}

static void
text_adopted_queues(const char *direction, unsigned int first, unsigned int count, FILE *out)
{
	if (count != 0)
		fprintf(out, " %s %u to %u", direction, first, first + count - 1);
}

/* What weir has of a port that stays the application's, and what that has switched on. */
static void
text_adopted(const struct plan_port *port, FILE *out)
{
	char offloads[OFFLOADS_TEXT_SIZE];

	fputs("    adopted as the application has it:", out);
	text_adopted_queues("RX", port->rx_first, port->rx_queues, out);
	text_adopted_queues("TX", port->tx_first, port->tx_queues, out);
	if (port->rx_queues != 0)
		fprintf(out, "; rx offloads %s",
			plan_rx_offloads_text(port->setup.rx_offloads, offloads));
	if (port->tx_queues != 0)
		fprintf(out, "; tx offloads %s",
			plan_tx_offloads_text(port->setup.tx_offloads, offloads));
	if (port->fits)
		fprintf(out, "; mbufs of its %s as they come",
			port->rx_pool != NULL ? port->rx_pool->name : "pools");
	fputc('\n', out);
}

/* What a port is asked for, and the fast paths that this costs. */
static void
text_setup(const struct weir_plan *plan, const struct plan_port *port, FILE *out)
{
	uint32_t speed = plan_machine_port(plan, port)->speed;
	char offloads[OFFLOADS_TEXT_SIZE];
	const char *cost;

	if (speed != 0)
		fprintf(out, "    speed: %" PRIu32 " Mbit/s\n", speed);
	if (port->adopted)
		text_adopted(port, out);
	if (port->keys != NULL && !port->adopted) {
		fputs("    rx: ", out);
		text_rss(&port->setup, out);
		fprintf(out, "offloads %s",
			plan_rx_offloads_text(port->setup.rx_offloads, offloads));
		text_keys(port->keys, out);
		fputc('\n', out);
	}
	if (port->tx_queues != 0 && !port->adopted) {
		fprintf(out, "    tx: offloads %s",
			plan_tx_offloads_text(port->setup.tx_offloads, offloads));
		if (port->chained_by != NULL)
			fprintf(out, "; what comes by %s may be chains", port->chained_by);
		fputc('\n', out);
	}
	for (unsigned int i = 0; (cost = plan_port_cost(port, i)) != NULL; i++)
		fprintf(out, "    costs: %s\n", cost);
}

/* Queues of one direction: those that workers use, and those that are there for the driver. */
static void
text_queues(const char *direction, unsigned int queues, unsigned int spare,
	unsigned int descriptors, FILE *out)
{
	if (queues != 0)
		fprintf(out, " %s %u x %u", direction, queues, descriptors);
	if (spare != 0)
		fprintf(out, " %s %u x %u unused", direction, spare, descriptors);
}

static void
text_ports(const struct weir_plan *plan, FILE *out)
{
	const struct plan_port *port;
	unsigned int i;

	if (plan->port_count != 0)
		fprintf(out, "\nports\n  %-20s %-14s %6s %s\n", "port", "driver", "socket",
			"queues x descriptors");
	for (i = 0; i < plan->port_count; i++) {
		port = &plan->ports[i];
		fprintf(out, "  %-20s %-14s ", port->name,
			port->driver != NULL ? port->driver : "?");
		if (port->socket >= 0)
			fprintf(out, "%6d", port->socket);
		else
			fprintf(out, "%6s", "none");
		text_queues("RX", port->rx_queues, port->rx_spare, port->rx_descriptors, out);
		text_queues("TX", port->tx_queues, port->tx_spare, port->tx_descriptors, out);
		fputc('\n', out);
		if (port->rx_queues != 0)
			text_frames(plan, port, out);
		if (port->rx_queues != 0 && port->match[0] != '\0')
			text_match(port, out);
		text_setup(plan, port, out);
	}
}

static void
text_pools(const struct weir_plan *plan, FILE *out)
{
	const struct plan_pool *pool;
	unsigned int i;

	fputs(plan->pool_count != 0 ?
			"\npools\n" :
			"\npools: none, every packet comes in an mbuf of the application's\n",
		out);
	for (i = 0; i < plan->pool_count; i++) {
		pool = &plan->pools[i];
		fprintf(out,
			"  socket %d: %u mbufs of %u bytes, cache %u, %u stack%s, %" PRIu64 " MB\n",
			pool->socket, pool->size, plan->data_room, pool->cache, pool->stacks,
			plural(pool->stacks), (pool->memory + MB - 1) / MB);
		fprintf(out,
			"    needs %" PRIu64
			" = %u descriptors + %u rings + %u caches + %u bursts + %u "
			"held + %u "
			"margin\n",
			plan_pool_sum(pool), pool->descriptors, pool->rings, pool->caches,
			pool->bursts, pool->held, pool->margin);
		if (pool->segments > 1)
			fprintf(out,
				"    %u mbufs for each frame: rings, bursts, held and margin so "
				"often\n",
				pool->segments);
	}
}

static void
text_tail(const struct weir_plan *plan, FILE *out)
{
	char terms[MEMORY_TEXT_SIZE];
	unsigned int i;

	fprintf(out, "\nmemory: %" PRIu64 " MB, %" PRIu64 " hugepage%s of 2 MB\n  MB: %s\n",
		(plan->memory + MB - 1) / MB, plan->hugepages_2m, plural(plan->hugepages_2m),
		plan_memory_text(&plan->terms, terms));
	if (plan->note_count != 0)
		fputs("\nnotes\n", out);
	for (i = 0; i < plan->note_count; i++)
		fprintf(out, "  %s\n", plan->notes[i]);
}

char *
plan_show_text(const struct weir_plan *plan)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool failed;

	if (out == NULL)
		return NULL;
	text_head(plan, out);
	text_workers(plan, out);
	text_stages(plan, out);
	text_lcores(plan, out);
	text_links(plan, out);
	text_ends(plan, out);
	text_ports(plan, out);
	text_pools(plan, out);
	text_tail(plan, out);
	failed = ferror(out) != 0;
	if (fclose(out) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}
