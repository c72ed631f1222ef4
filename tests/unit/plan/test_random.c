/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Random pipelines on random machines: what holds for every plan. */

#include <stdarg.h>

#include <jansson.h>

#include "imagine.h"

#define ROUNDS 2000
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
			add(text, "type = pass\n");
		add(text, "workers = %u\n", 1 + below(4));
		random_node(text);
		random_inputs(text, sources, n, last, read);
	}
}

static bool
usable(const struct node *node, unsigned int lcore)
{
	struct lcore_set set;
	unsigned int i, count = 0;

	if (node->conf.lcores[0] != '\0') {
		assert_int_equal(lcore_set_parse(node->conf.lcores, &set), 0);
		return lcore_set_has(&set, lcore);
	}
	for (i = 0; i < RTE_MAX_LCORE; i++)
		count += machine.lcores[i].present;
	return machine.lcores[lcore].present && (lcore != 0 || count == 1);
}

static void
check_workers(const struct weir_plan *plan)
{
	const struct weir_pipeline *pipeline = plan->pipeline;
	unsigned int i, n = 0, index = 0;

	for (i = 0; i < plan->worker_count; i++, index++) {
		const struct plan_worker *worker = &plan->workers[i];

		if (index == pipeline->nodes[n].conf.workers) {
			n++;
			index = 0;
			assert_int_equal(plan_first_worker(plan, n), i);
		}
		assert_int_equal(worker->node, n);
		assert_int_equal(worker->index, index);
		assert_true(usable(&pipeline->nodes[n], worker->lcore));
		assert_int_equal(worker->socket, machine.lcores[worker->lcore].socket);
		assert_int_not_equal(worker->idle, WEIR_WAIT_AUTO);
	}
	assert_int_equal(n, pipeline->node_count - 1);
	assert_int_equal(index, pipeline->nodes[n].conf.workers);
}

/* Whether a worker may have to wait, itself or for what is behind its lossless links. */
static bool
may_refuse(const struct weir_plan *plan, unsigned int worker)
{
	const struct node *node = &plan->pipeline->nodes[plan->workers[worker].node];
	unsigned int i;

	if (!node->source && node->stage_ops->room != NULL)
		return true;
	for (i = 0; i < plan->pair_count; i++) {
		const struct plan_pair *pair = &plan->pairs[i];
		const struct link *link = &plan->pipeline->links[pair->link];

		if (pair->producer == worker &&
			pipeline_on_full(plan->pipeline, link) == WEIR_ON_FULL_BLOCK &&
			(!pair->call || may_refuse(plan, pair->consumer)))
			return true;
	}
	return false;
}

/* A call where both are on one lcore; a lossy one only where the consumer takes anything. */
static bool
may_call(const struct weir_plan *plan, const struct link *link, unsigned int p, unsigned int c)
{
	if (plan->workers[p].lcore != plan->workers[c].lcore || link->conf.kind != WEIR_LINK_AUTO ||
		link->feedback)
		return false;
	return pipeline_on_full(plan->pipeline, link) == WEIR_ON_FULL_BLOCK || !may_refuse(plan, c);
}

static void
check_pairs(const struct weir_plan *plan)
{
	const struct weir_pipeline *pipeline = plan->pipeline;
	unsigned int l, p, c, i = 0;

	for (l = 0; l < pipeline->link_count; l++) {
		const struct link *link = &pipeline->links[l];
		unsigned int from = plan_first_worker(plan, link->from);
		unsigned int to = plan_first_worker(plan, link->to);

		for (p = from; p < from + pipeline->nodes[link->from].conf.workers; p++)
			for (c = to; c < to + pipeline->nodes[link->to].conf.workers; c++, i++) {
				const struct plan_pair *pair = &plan->pairs[i];
				bool call = may_call(plan, link, p, c);

				assert_true(i < plan->pair_count);
				assert_int_equal(pair->link, l);
				assert_int_equal(pair->producer, p);
				assert_int_equal(pair->consumer, c);
				assert_int_equal(pair->call, call);
				assert_int_equal(pair->capacity, call ? 0 : link->conf.ring);
			}
	}
	assert_int_equal(i, plan->pair_count);
}

/* A worker of each queue, and each queue of a worker. */
static void
check_ports(const struct weir_plan *plan)
{
	unsigned int i, w, rx, tx;

	for (i = 0; i < plan->port_count; i++) {
		for (w = rx = tx = 0; w < plan->worker_count; w++) {
			if (plan->workers[w].port != i)
				continue;
			if (plan_node(plan, &plan->workers[w])->source)
				assert_int_equal(plan->workers[w].queue, rx++);
			else
				assert_int_equal(plan->workers[w].queue, tx++);
		}
		assert_int_equal(plan->ports[i].rx_queues, rx);
		assert_int_equal(plan->ports[i].tx_queues, tx);
		assert_true(rx + tx > 0);
	}
}

/* In hand of all workers: of a source that asks for more than a burst, that. */
static uint64_t
bursts_of(const struct weir_plan *plan)
{
	uint64_t sum = 0, burst = plan->pipeline->conf.burst;

	for (unsigned int w = 0; w < plan->worker_count; w++) {
		const struct node *node = plan_node(plan, &plan->workers[w]);

		sum += node->source ? RTE_MAX(burst, (uint64_t)node->source_ops->least) : burst;
	}
	return sum;
}

static void
check_pools(const struct weir_plan *plan)
{
	unsigned int i, w, sources;
	uint64_t rings = 0, all_rings = 0;

	for (i = 0; i < plan->pair_count; i++)
		all_rings += plan->pairs[i].capacity;
	for (i = 0; i < plan->pool_count; i++) {
		const struct plan_pool *pool = &plan->pools[i];

		assert_int_equal(pool->size,
			pool->descriptors + pool->rings + pool->caches + pool->bursts + pool->held +
				pool->margin);
		assert_true(pool->size * 2 >= pool->cache * 3);
		assert_ptr_equal(plan_pool(plan, pool->socket), pool);
		rings += pool->rings;
		for (w = sources = 0; w < plan->worker_count; w++)
			sources += plan_node(plan, &plan->workers[w])->source &&
				plan->workers[w].socket == pool->socket;
		assert_true(sources > 0);
		if (plan->pool_count == 1) {
			assert_int_equal(pool->bursts, bursts_of(plan));
			assert_int_equal(pool->rings, all_rings);
		}
	}
	/* every ring is counted at least once */
	assert_true(rings >= all_rings);
}

static void
check_sockets(const struct weir_plan *plan)
{
	unsigned int i, crossings = 0;

	for (i = 0; i < plan->pair_count; i++)
		crossings += plan->workers[plan->pairs[i].producer].socket !=
			plan->workers[plan->pairs[i].consumer].socket;
	for (i = 0; i < plan->worker_count; i++) {
		const struct plan_worker *worker = &plan->workers[i];

		crossings += worker->port < plan->port_count &&
			plan->ports[worker->port].socket >= 0 &&
			plan->ports[worker->port].socket != worker->socket;
	}
	if (plan->pipeline->conf.numa == NUMA_STRICT)
		assert_int_equal(crossings, 0);
	if (plan->pipeline->conf.numa == NUMA_PREFER)
		assert_int_equal(has_note(plan, "are crossed"), crossings > 0);
}

static void
check_shown(const struct weir_plan *plan)
{
	char *text = weir_plan_show(plan, WEIR_PLAN_JSON);
	json_t *root;

	assert_non_null(text);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_int_equal(json_array_size(json_object_get(root, "workers")), plan->worker_count);
	json_decref(root);
	free(text);
	text = weir_plan_show(plan, WEIR_PLAN_TEXT);
	assert_non_null(text);
	free(text);
	text = weir_plan_show(plan, WEIR_PLAN_DOT);
	assert_non_null(text);
	free(text);
}

static void
check_plan(const struct weir_plan *plan)
{
	check_workers(plan);
	check_pairs(plan);
	check_ports(plan);
	check_pools(plan);
	check_sockets(plan);
	check_shown(plan);
}

static void
test_random(void **state)
{
	static struct text text;
	unsigned int i, planned = 0;

	(void)state;
	seed = testing_seed();
	for (i = 0; i < ROUNDS; i++) {
		struct weir_error error = { 0 };
		struct weir_pipeline *pipeline;
		struct weir_plan *plan;

		random_machine();
		random_pipeline(&text);
		pipeline = pipeline_of(text.text);
		plan = plan_make(pipeline, NULL, &machine, &error);
		if (plan != NULL) {
			check_plan(plan);
			planned++;
		} else if (error.code != EXDEV || pipeline->conf.numa != NUMA_STRICT) {
			fail_msg("round %u: %s\n%s", i, error.text, text.text);
		}
		weir_plan_free(plan);
		weir_pipeline_free(pipeline);
	}
	assert_true(planned > ROUNDS / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };

	return cmocka_run_group_tests(tests, imagine_types, NULL);
}
