/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Which lcore a worker runs on. Nodes that name their lcores come first, then sources that are
 * bound to a socket, then other sources, then stages in topological order: each sees where what it
 * is joined with went. A node goes to one socket, as far as that has lcores without a worker; the rest
 * of its workers go to the nearest others, unless nothing may cross sockets.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "plan_private.h"

/* The lcores of EAL as a list. */
static const char *
machine_lcores(const struct machine *machine, char text[LCORES_TEXT_SIZE])
{
	struct lcore_set set = { 0 };

	for (unsigned int i = 0; i < RTE_MAX_LCORE; i++)
		if (machine->lcores[i].present && machine->lcores[i].role == ROLE_RTE)
			lcore_set_add(&set, i);
	return plan_lcores_text(&set, text);
}

/* There is a thread for it, but weir does not launch there; or there is none. */
static int
refuse_lcore(const struct placing *p, const char *where, const char *list, unsigned int lcore)
{
	const struct machine *machine = p->plan->machine;
	enum rte_lcore_role_t role = machine->lcores[lcore].role;
	char known[LCORES_TEXT_SIZE];

	if (role == ROLE_SERVICE || role == ROLE_NON_EAL)
		return weir_error_set(p->error, ENODEV,
			"%slcores = %s: lcore %u %s: weir launches nothing there (EAL has %s for "
			"that); the application may run it: `polled` or `run` of struct "
			"weir_plan_conf",
			where, list, lcore, plan_lcore_whose(role), machine_lcores(machine, known));
	return weir_error_set(p->error, ENODEV,
		"%slcores = %s: EAL has no lcore %u (it has %s); give it more by -l or --lcores",
		where, list, lcore, machine_lcores(machine, known));
}

/* Read a list of lcores that must be there; `where` says whose it is. */
static int
read_lcores(const struct placing *p, const char *where, const char *list, struct lcore_set *set)
{
	int ret = plan_lcores_read(where, "lcores", list, set, p->error);

	for (unsigned int i = 0; ret == 0 && i < RTE_MAX_LCORE; i++)
		if (lcore_set_has(set, i) && !p->plan->machine->lcores[i].present)
			ret = refuse_lcore(p, where, list, i);
	return ret;
}

/* The socket of a port; ANY_SOCKET where it or the port is missing. */
static int
port_socket(const struct weir_plan *plan, const struct plan_worker *worker)
{
	return worker->port < plan->port_count ? plan->ports[worker->port].socket : ANY_SOCKET;
}

/* Whether a node asks for a socket: by `numa =`, or by its port. */
static bool
socket_wanted(const struct placing *p, int socket)
{
	for (unsigned int i = 0; i < p->plan->worker_count; i++) {
		const struct plan_worker *worker = &p->plan->workers[i];
		const char *numa = plan_node(p->plan, worker)->conf.numa;

		if (port_socket(p->plan, worker) == socket ||
			(is_set(numa) && strtoul(numa, NULL, 10) == (unsigned long)socket))
			return true;
	}
	return false;
}

/*
 * Whether the lcores of a socket are left to nodes that ask for it: a worker there could have neither
 * rings nor state, and the plan would be refused for no more than that it fills the machine.
 */
static bool
socket_bare(const struct placing *p, int socket)
{
	const struct machine_memory *memory = &p->plan->machine->memory[socket];

	return p->plan->machine->hugepages && memory->heap_free + memory->huge_free == 0 &&
		!socket_wanted(p, socket);
}

static int
note_bare(const struct placing *p, const struct lcore_set *set)
{
	const struct machine *machine = p->plan->machine;
	bool told[MACHINE_SOCKETS] = { false };
	char command[HUGEPAGES_TEXT];
	int ret = 0;

	for (unsigned int i = 0; ret >= 0 && i < RTE_MAX_LCORE; i++) {
		int socket = machine->lcores[i].socket;

		if (!lcore_set_has(set, i) || told[socket])
			continue;
		told[socket] = true;
		ret = plan_note(p->plan,
			"EAL can have no memory on socket %d: its lcores are left out, until "
			"hugepages are reserved there: %s",
			socket, plan_hugepages_text((unsigned int)socket, 512, command));
	}
	return ret < 0 ? plan_no_memory(p->error) : 0;
}

/* All that are chosen from, but for those of bare sockets unless there are no others. */
static int
find_chosen(struct placing *p)
{
	const struct machine *machine = p->plan->machine;
	struct lcore_set bare = { 0 };
	unsigned int count = 0, left = 0;

	for (unsigned int i = 0; i < RTE_MAX_LCORE; i++) {
		if (!plan_lcore_chosen(p->plan, i))
			continue;
		if (socket_bare(p, machine->lcores[i].socket)) {
			lcore_set_add(&bare, i);
			left++;
		} else {
			lcore_set_add(&p->usable, i);
			count++;
		}
	}
	if (count > 0)
		return left > 0 ? note_bare(p, &bare) : 0;
	if (left > 0)
		p->usable = bare;
	else
		lcore_set_add(&p->usable, machine->main_lcore);
	return 0;
}

/* The lcores that the plan chooses from. */
static int
find_usable(struct placing *p, const char *list)
{
	return list != NULL ? read_lcores(p, "", list, &p->usable) : find_chosen(p);
}

static void
find_groups(struct placing *p)
{
	const struct weir_pipeline *pipeline = p->plan->pipeline;
	unsigned int i, n, from, to;

	for (n = 0; n < pipeline->node_count; n++)
		p->group[n] = n;
	for (i = 0; i < pipeline->link_count; i++) {
		from = p->group[pipeline->links[i].from];
		to = p->group[pipeline->links[i].to];
		for (n = 0; n < pipeline->node_count; n++)
			if (p->group[n] == to)
				p->group[n] = from;
	}
}

/* `lcores =` of a node: its workers in turn. */
static int
place_named(struct placing *p, unsigned int n)
{
	const struct node *node = &p->plan->pipeline->nodes[n];
	struct plan_worker *worker = &p->plan->workers[plan_first_worker(p->plan, n)];
	char where[WEIR_NAME_SIZE + 16];
	unsigned int i, lcore = 0;
	struct lcore_set set;
	int ret;

	snprintf(where, sizeof(where), "[%s %s] ", plan_node_kind(node), node->name);
	ret = read_lcores(p, where, node->conf.lcores, &set);
	for (i = 0; ret == 0 && i < node_workers(node); lcore = (lcore + 1) % RTE_MAX_LCORE)
		if (lcore_set_has(&set, lcore))
			place_worker(p, &worker[i++], lcore);
	return ret;
}

/* The socket that has most votes; ANY_SOCKET where there are none. */
static int
most_votes(const unsigned int votes[MACHINE_SOCKETS])
{
	int socket, best = ANY_SOCKET;

	for (socket = 0; socket < MACHINE_SOCKETS; socket++)
		if (votes[socket] > (best < 0 ? 0 : votes[best]))
			best = socket;
	return best;
}

/* Where most of what feeds a node runs. */
static int
input_socket(const struct placing *p, unsigned int node)
{
	unsigned int votes[MACHINE_SOCKETS] = { 0 };
	unsigned int n, i, first;

	for (n = 0; n < p->plan->pipeline->node_count; n++) {
		if (!is_placed(p, n) || !feeds(p->plan->pipeline, n, node))
			continue;
		first = plan_first_worker(p->plan, n);
		for (i = 0; i < node_workers(&p->plan->pipeline->nodes[n]); i++)
			votes[p->plan->workers[first + i].socket]++;
	}
	return most_votes(votes);
}

/* Where most of all runs that a node is joined with over any number of links, ports included. */
static int
group_socket(const struct placing *p, unsigned int node)
{
	unsigned int votes[MACHINE_SOCKETS] = { 0 };
	const struct plan_worker *worker;
	unsigned int i;
	int socket;

	for (i = 0; i < p->plan->worker_count; i++) {
		worker = &p->plan->workers[i];
		if (p->group[worker->node] != p->group[node])
			continue;
		socket = worker->lcore != LCORE_ID_ANY ? worker->socket :
							 port_socket(p->plan, worker);
		if (socket >= 0)
			votes[socket]++;
	}
	return most_votes(votes);
}

/* The socket whose usable lcores have the fewest workers each; among those, the most lcores. */
static int
free_socket(const struct placing *p)
{
	unsigned int lcores[MACHINE_SOCKETS] = { 0 };
	unsigned int load[MACHINE_SOCKETS] = { 0 };
	int socket, best = ANY_SOCKET;
	unsigned int i;

	for (i = 0; i < RTE_MAX_LCORE; i++)
		if (lcore_set_has(&p->usable, i)) {
			lcores[placed_socket(p, i)]++;
			load[placed_socket(p, i)] += p->load[i];
		}
	for (socket = 0; socket < MACHINE_SOCKETS; socket++) {
		unsigned int mine, its;

		if (lcores[socket] == 0)
			continue;
		mine = best < 0 ? 1 : load[socket] * lcores[best];
		its = best < 0 ? 2 : load[best] * lcores[socket];
		if (mine < its || (mine == its && lcores[socket] > lcores[best]))
			best = socket;
	}
	return best;
}

/* `numa =` of a node: like any placement it gives way to the nearest unless numa is strict. */
static int
named_socket(struct placing *p, const struct node *node, int *socket)
{
	unsigned long wanted;
	char *end;
	int ret;

	wanted = strtoul(node->conf.numa, &end, 10);
	if (*end != '\0' || wanted >= MACHINE_SOCKETS)
		return weir_error_set(p->error, EINVAL,
			"[%s %s] numa = %s: expected a socket below %d", plan_node_kind(node),
			node->name, node->conf.numa, MACHINE_SOCKETS);
	*socket = nearest_usable(p, (int)wanted);
	if (*socket == (int)wanted)
		return 0;
	if (p->plan->pipeline->conf.numa == NUMA_STRICT)
		return weir_error_set(p->error, EXDEV,
			"[%s %s] numa = %lu: no usable lcore is on that socket; give EAL "
			"lcores of it "
			"by -l, or set numa = prefer in [pipeline]",
			plan_node_kind(node), node->name, wanted);
	ret = plan_note(p->plan, "[%s %s] numa = %lu: no usable lcore is on that socket, %d it is",
		plan_node_kind(node), node->name, wanted, *socket);
	return ret < 0 ? plan_no_memory(p->error) : 0;
}

/* The socket that a node goes to, which has usable lcores; ANY_SOCKET: all the same. */
static int
wanted_socket(struct placing *p, unsigned int n, int *socket)
{
	const struct node *node = &p->plan->pipeline->nodes[n];

	*socket = ANY_SOCKET;
	if (p->plan->pipeline->conf.numa == NUMA_OFF)
		return 0;
	if (is_set(node->conf.numa))
		return named_socket(p, node, socket);
	if (node->source)
		*socket = port_socket(p->plan, &p->plan->workers[plan_first_worker(p->plan, n)]);
	else
		*socket = input_socket(p, n);
	if (*socket < 0)
		*socket = group_socket(p, n);
	*socket = *socket < 0 ? free_socket(p) : nearest_usable(p, *socket);
	return 0;
}

static int
place_node(struct placing *p, unsigned int n)
{
	int socket, ret;

	if (is_placed(p, n))
		return 0;
	ret = wanted_socket(p, n, &socket);
	if (ret == 0)
		place_workers(p, n, socket);
	return ret;
}

/* Sources that are bound to a socket, or those that are not. */
static int
place_sources(struct placing *p, bool bound)
{
	const struct weir_pipeline *pipeline = p->plan->pipeline;
	unsigned int n;
	int ret = 0;

	for (n = 0; ret == 0 && n < pipeline->node_count; n++) {
		const struct plan_worker *worker = &p->plan->workers[plan_first_worker(p->plan, n)];

		if (!pipeline->nodes[n].source)
			continue;
		if (bound ==
			(is_set(pipeline->nodes[n].conf.numa) || port_socket(p->plan, worker) >= 0))
			ret = place_node(p, n);
	}
	return ret;
}

static int
place_all(struct placing *p)
{
	const struct weir_pipeline *pipeline = p->plan->pipeline;
	unsigned int n;
	int ret = 0;

	for (n = 0; ret == 0 && n < pipeline->node_count; n++)
		if (is_set(pipeline->nodes[n].conf.lcores))
			ret = place_named(p, n);
	if (ret == 0)
		ret = place_sources(p, true);
	if (ret == 0)
		ret = place_sources(p, false);
	for (n = 0; ret == 0 && n < pipeline->node_count; n++)
		ret = place_node(p, pipeline->order[n]);
	return ret;
}

int
plan_place(struct weir_plan *plan, const char *lcores, struct weir_error *error)
{
	struct placing p = { .plan = plan, .error = error };
	int ret;

	p.group = calloc(plan->pipeline->node_count, sizeof(*p.group));
	if (p.group == NULL)
		return plan_no_memory(error);
	find_groups(&p);
	ret = find_usable(&p, lcores);
	if (ret == 0)
		ret = place_all(&p);
	free(p.group);
	return ret;
}
