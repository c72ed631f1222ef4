/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>
#include <stdio.h>

#include "plan_private.h"

static bool
is_subset(const rte_cpuset_t *inner, const rte_cpuset_t *outer)
{
	rte_cpuset_t both;

	CPU_AND(&both, inner, outer);
	return CPU_EQUAL(&both, inner);
}

/* Whether more lcores with workers are confined to an lcore's CPUs than there are such CPUs. */
static bool
is_crowded(const struct machine *machine, const struct lcore_set *polling, unsigned int lcore)
{
	unsigned int i;
	int confined = 0;

	for (i = 0; i < RTE_MAX_LCORE; i++)
		if (lcore_set_has(polling, i) &&
			is_subset(&machine->lcores[i].cpus, &machine->lcores[lcore].cpus))
			confined++;
	return confined > CPU_COUNT(&machine->lcores[lcore].cpus);
}

/* Whether an lcore's CPUs are among those of a crowded one, itself included. */
static bool
is_shared(const struct machine *machine, const struct lcore_set *polling, unsigned int lcore)
{
	unsigned int i;

	for (i = 0; i < RTE_MAX_LCORE; i++)
		if (lcore_set_has(polling, i) &&
			is_subset(&machine->lcores[lcore].cpus, &machine->lcores[i].cpus) &&
			is_crowded(machine, polling, i))
			return true;
	return false;
}

static int
note_shared(struct weir_plan *plan)
{
	char list[LCORES_TEXT_SIZE];

	if (plan_lcores_text(&plan->shared, list)[0] == '\0')
		return 0;
	return plan_note(plan, "lcores %s have less than a CPU each: with idle = auto they yield",
		list);
}

/*
 * How one waits where nobody says how. Who waits for a thread that may have no other CPU lets it
 * have this one.
 */
static enum weir_wait
wait_auto(const struct weir_plan *plan, unsigned int lcore)
{
	bool shared = lcore < RTE_MAX_LCORE && lcore_set_has(&plan->shared, lcore);
	const struct plan_lcore *at = plan_lcore(plan, lcore);

	shared |= at != NULL && at->threaded > 0;
	return shared ? WEIR_WAIT_YIELD : WEIR_WAIT_EXPONENTIAL;
}

/* Why an lcore cannot watch what comes in there; NULL: it can. */
static const char *
monitor_lacks(const struct weir_plan *plan, const struct plan_lcore *lcore)
{
	if (lcore == NULL)
		return "nothing comes in there";
	if (!plan->machine->power_monitor)
		return "this CPU cannot watch memory, or DPDK does not know how";
	if (lcore->made != 0)
		return "a source there has neither an RX queue nor a ring to watch";
	if (lcore->rx_queues + lcore->rings != 1)
		return "only one RX queue or ring can be watched, and there is not just one";
	return NULL;
}

/* Why RX interrupts cannot wake an lcore whenever something comes in there; NULL: they can. */
static const char *
interrupt_lacks(const struct plan_lcore *lcore)
{
	if (lcore == NULL || lcore->rx_queues == 0)
		return "it polls no RX queue";
	if (lcore->rings != 0)
		return "a ring ends there, which raises none";
	if (lcore->made != 0)
		return "a source there has no RX queue";
	return NULL;
}

enum weir_wait
plan_idle(const struct weir_plan *plan, enum weir_wait asked, unsigned int lcore)
{
	const struct plan_lcore *at = plan_lcore(plan, lcore);

	if (asked == WEIR_WAIT_AUTO)
		return wait_auto(plan, lcore);
	if (asked == WEIR_WAIT_MONITOR && !plan->machine->power_pause &&
		monitor_lacks(plan, at) != NULL)
		return WEIR_WAIT_EXPONENTIAL;
	if (asked == WEIR_WAIT_INTERRUPT && interrupt_lacks(at) != NULL)
		return WEIR_WAIT_SLEEP;
	return asked;
}

/* Room may come on any of several rings: there is no one place to watch. */
enum weir_wait
plan_full(const struct weir_plan *plan, enum weir_wait asked, unsigned int lcore)
{
	if (asked == WEIR_WAIT_AUTO)
		return wait_auto(plan, lcore);
	if (asked == WEIR_WAIT_MONITOR && !plan->machine->power_pause)
		return WEIR_WAIT_EXPONENTIAL;
	return asked == WEIR_WAIT_INTERRUPT ? WEIR_WAIT_SLEEP : asked;
}

void
plan_waiting_add(const struct plan_lcore *lcore, struct plan_waiting *waiting, enum weir_wait how,
	uint64_t min_ns, uint64_t max_ns)
{
	int more;

	max_ns = RTE_MIN(max_ns, plan_longest(lcore));
	more = wait_compare(how, waiting->how);
	if (waiting->how == WEIR_WAIT_AUTO || more < 0 || (more == 0 && max_ns < waiting->max_ns))
		*waiting = (struct plan_waiting){ how, RTE_MIN(min_ns, max_ns), max_ns };
}

/* The workers of an lcore that say how they wait when idle, or those that leave it open. */
static void
add_idle(const struct weir_plan *plan, const struct weir_pipeline *pipeline,
	const struct plan_lcore *lcore, bool open, struct plan_waiting *idle)
{
	unsigned int i;

	for (i = 0; i < plan->worker_count; i++) {
		const struct node_conf *conf = &pipeline->nodes[plan->workers[i].node].conf;
		enum weir_wait asked = (enum weir_wait)conf->idle;

		if (plan->workers[i].lcore == lcore->lcore && (asked == WEIR_WAIT_AUTO) == open)
			plan_waiting_add(lcore, idle, plan_idle(plan, asked, lcore->lcore),
				conf->idle_min, conf->idle_max);
	}
}

static bool
sends_from(const struct weir_plan *plan, const struct link *link, unsigned int lcore)
{
	unsigned int i;

	for (i = 0; i < plan->worker_count; i++)
		if (plan->workers[i].node == link->from && plan->workers[i].lcore == lcore)
			return true;
	return false;
}

static void
add_full(const struct weir_plan *plan, const struct weir_pipeline *pipeline,
	const struct plan_lcore *lcore, bool open, struct plan_waiting *full)
{
	unsigned int i;

	for (i = 0; i < pipeline->link_count; i++) {
		const struct link *link = &pipeline->links[i];
		enum weir_wait asked = (enum weir_wait)link->conf.full;

		if ((asked == WEIR_WAIT_AUTO) == open && sends_from(plan, link, lcore->lcore))
			plan_waiting_add(lcore, full, plan_full(plan, asked, lcore->lcore),
				link->conf.full_min, link->conf.full_max);
	}
}

void
plan_waits_by(const struct weir_plan *plan, const struct weir_pipeline *pipeline,
	const struct plan_lcore *lcore, struct plan_waiting *idle, struct plan_waiting *full)
{
	*idle = *full = (struct plan_waiting){ .how = WEIR_WAIT_AUTO };
	add_idle(plan, pipeline, lcore, false, idle);
	if (idle->how == WEIR_WAIT_AUTO)
		add_idle(plan, pipeline, lcore, true, idle);
	add_full(plan, pipeline, lcore, false, full);
	if (full->how == WEIR_WAIT_AUTO)
		add_full(plan, pipeline, lcore, true, full);
	/* Without outputs a stage may lack room of its own: it waits as if it were idle. */
	if (full->how == WEIR_WAIT_AUTO)
		plan_waiting_add(lcore, full, plan_full(plan, idle->how, lcore->lcore),
			idle->min_ns, idle->max_ns);
}

/* What monitor comes to where there is nothing that it can watch. */
static const char *
monitor_instead(const struct weir_plan *plan)
{
	return plan->machine->power_pause ? "pauses by the CPU's timer" : "waits exponentially";
}

/* Say where a choice of a worker, or of a link it sends on, is not what happens. */
static int
note_instead(struct weir_plan *plan, const struct plan_worker *worker)
{
	const struct node *node = plan_node(plan, worker);
	const struct plan_lcore *lcore = plan_lcore(plan, worker->lcore);
	const char *lacks;

	if (node->conf.idle == WEIR_WAIT_MONITOR) {
		lacks = monitor_lacks(plan, lcore);
		if (lacks != NULL)
			return plan_note(plan, "[%s %s] idle = monitor: lcore %u %s: %s",
				plan_node_kind(node), node->name, lcore->lcore,
				monitor_instead(plan), lacks);
	} else if (node->conf.idle == WEIR_WAIT_INTERRUPT) {
		lacks = interrupt_lacks(lcore);
		if (lacks != NULL)
			return plan_note(plan, "[%s %s] idle = interrupt: lcore %u sleeps: %s",
				plan_node_kind(node), node->name, lcore->lcore, lacks);
	}
	return 0;
}

/* Whether a wait of that kind is as long as `max` says. */
static bool
has_length(enum weir_wait how)
{
	return how == WEIR_WAIT_EXPONENTIAL || how == WEIR_WAIT_SLEEP || how == WEIR_WAIT_MONITOR ||
		how == WEIR_WAIT_INTERRUPT;
}

/* Say where a wait that was asked for is too long for an RX ring, or for a tick. */
static int
note_bound(struct weir_plan *plan, const struct plan_lcore *lcore, const char *section,
	const char *key, uint64_t max_ns)
{
	char asked[TIME_TEXT_SIZE], bound[TIME_TEXT_SIZE];
	const struct plan_port *port;

	plan_time_text(max_ns, asked);
	plan_time_text(plan_longest(lcore), bound);
	if (lcore->tick_ns == plan_longest(lcore))
		return plan_note(plan,
			"[%s] %s.max = %s: lcore %u waits for no more than %s, the tick_interval "
			"of '%s'",
			section, key, asked, lcore->lcore, bound,
			plan->pipeline->nodes[lcore->tick_node].name);
	port = &plan->ports[lcore->bound_port];
	return plan_note(plan,
		"[%s] %s.max = %s: lcore %u waits for no more than %s, half of what %u RX "
		"descriptors of %s hold at %u Mbit/s",
		section, key, asked, lcore->lcore, bound, port->rx_descriptors, port->name,
		plan_port_speed(plan, port));
}

static int
note_bound_idle(struct weir_plan *plan, const struct plan_worker *worker)
{
	const struct node *node = plan_node(plan, worker);
	const struct plan_lcore *lcore = plan_lcore(plan, worker->lcore);
	char section[WEIR_NAME_SIZE + 8];

	if (node->conf.idle_max <= plan_longest(lcore) || !has_length(worker->idle) ||
		!pipeline_given(node->section, "idle.max"))
		return 0;
	snprintf(section, sizeof(section), "%s %s", plan_node_kind(node), node->name);
	return note_bound(plan, lcore, section, "idle", node->conf.idle_max);
}

static int
note_link(struct weir_plan *plan, const struct plan_lcore *lcore, const struct link *link)
{
	enum weir_wait asked = (enum weir_wait)link->conf.full;
	char from[LINK_FROM_SIZE], section[LINK_FROM_SIZE + WEIR_NAME_SIZE + 8];

	if (!sends_from(plan, link, lcore->lcore))
		return 0;
	snprintf(section, sizeof(section), "link %s %s", pipeline_from(plan->pipeline, link, from),
		plan->pipeline->nodes[link->to].name);
	if (asked == WEIR_WAIT_MONITOR &&
		plan_note(plan, "[%s] full = monitor: lcore %u %s: room may come on any ring",
			section, lcore->lcore, monitor_instead(plan)) < 0)
		return -ENOMEM;
	if (link->conf.full_max <= plan_longest(lcore) ||
		!has_length(plan_full(plan, asked, lcore->lcore)) ||
		!pipeline_given(link->section, "full.max"))
		return 0;
	return note_bound(plan, lcore, section, "full", link->conf.full_max);
}

static int
note_waits(struct weir_plan *plan)
{
	int rc = note_shared(plan);
	unsigned int i, l;

	for (i = 0; rc == 0 && i < plan->worker_count; i++) {
		rc = note_instead(plan, &plan->workers[i]);
		if (rc == 0)
			rc = note_bound_idle(plan, &plan->workers[i]);
	}
	for (i = 0; rc == 0 && i < plan->lcore_count; i++)
		for (l = 0; rc == 0 && l < plan->pipeline->link_count; l++)
			rc = note_link(plan, &plan->lcores[i], &plan->pipeline->links[l]);
	return rc;
}

static void
find_shared(struct weir_plan *plan)
{
	struct lcore_set polling = { 0 };
	unsigned int i;

	for (i = 0; i < plan->worker_count; i++)
		polling.bits[plan->workers[i].lcore / 64] |= UINT64_C(1)
			<< (plan->workers[i].lcore % 64);
	for (i = 0; i < RTE_MAX_LCORE; i++)
		if (lcore_set_has(&polling, i) && is_shared(plan->machine, &polling, i))
			plan->shared.bits[i / 64] |= UINT64_C(1) << (i % 64);
}

int
plan_waits(struct weir_plan *plan, struct weir_error *error)
{
	unsigned int i;

	find_shared(plan);
	for (i = 0; i < plan->lcore_count; i++)
		plan_waits_by(plan, plan->pipeline, &plan->lcores[i], &plan->lcores[i].idle,
			&plan->lcores[i].full);
	for (i = 0; i < plan->worker_count; i++) {
		struct plan_worker *worker = &plan->workers[i];
		enum weir_wait asked = (enum weir_wait)plan_node(plan, worker)->conf.idle;

		worker->idle = asked == WEIR_WAIT_AUTO ? plan_lcore(plan, worker->lcore)->idle.how :
							 plan_idle(plan, asked, worker->lcore);
	}
	return note_waits(plan) < 0 ? plan_no_memory(error) : 0;
}
