/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Random pipelines on random machines: what holds for every plan. */

#include <jansson.h>

#include "draw.h"

#define ROUNDS 2000

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

static const struct plan_pair *
pair_of(const struct weir_plan *plan, unsigned int link, unsigned int p, unsigned int c)
{
	unsigned int i;

	for (i = 0; i < plan->pair_count; i++)
		if (plan->pairs[i].link == link && plan->pairs[i].producer == p &&
			plan->pairs[i].consumer == c)
			return &plan->pairs[i];
	return NULL;
}

/* Workers are 1 to 4, so that these shares of the buckets go to one worker each. */
#define SHARES 12

/* Send what a worker has on to a consumer, by link; whether that is new there. */
static bool
bring(const struct weir_plan *plan, unsigned int l, unsigned int p, unsigned int c,
	bool (*has)[SHARES])
{
	const struct link *link = &plan->pipeline->links[l];
	const struct node *from = &plan->pipeline->nodes[link->from];
	const struct node *to = &plan->pipeline->nodes[link->to];
	bool keeps = !from->source && from->stage_ops->keeps_hash, some = false, news = false;
	unsigned int share;

	for (share = 0; share < SHARES; share++)
		some |= has[p][share];
	for (share = 0; share < SHARES; share++) {
		if (!(keeps ? has[p][share] : some) ||
			(link->conf.spread == WEIR_SPREAD_FLOW &&
				share % to->conf.workers != plan->workers[c].index))
			continue;
		assert_non_null(pair_of(plan, l, p, c));
		news |= !has[c][share];
		has[c][share] = true;
	}
	return news;
}

/* Wherever an event of any bucket goes there is a pair. */
static void
check_meetings(const struct weir_plan *plan)
{
	const struct weir_pipeline *pipeline = plan->pipeline;
	static bool has[256][SHARES];
	unsigned int l, p, c;
	bool news = true;

	assert_true(plan->worker_count <= RTE_DIM(has));
	for (p = 0; p < plan->worker_count; p++)
		memset(has[p], plan_node(plan, &plan->workers[p])->source, sizeof(has[p]));
	while (news) {
		news = false;
		for (l = 0; l < pipeline->link_count; l++)
			for (p = 0; p < plan->worker_count; p++)
				for (c = 0; c < plan->worker_count; c++)
					if (plan->workers[p].node == pipeline->links[l].from &&
						plan->workers[c].node == pipeline->links[l].to)
						news |= bring(plan, l, p, c, has);
	}
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
		unsigned int stride = pipeline_stride(pipeline, link);

		for (p = from; p < from + pipeline->nodes[link->from].conf.workers; p++)
			for (c = to; c < to + pipeline->nodes[link->to].conf.workers; c++) {
				const struct plan_pair *pair = &plan->pairs[i];
				bool call = may_call(plan, link, p, c);

				if ((p - from) % stride != (c - to) % stride)
					continue;
				i++;
				assert_true(i <= plan->pair_count);
				assert_int_equal(pair->link, l);
				assert_int_equal(pair->producer, p);
				assert_int_equal(pair->consumer, c);
				assert_int_equal(pair->call, call);
				assert_int_equal(pair->capacity, call ? 0 : link->conf.ring);
			}
	}
	assert_int_equal(i, plan->pair_count);
	check_meetings(plan);
}

/* Where nothing binds workers, no lcore has two more of them than another. */
static void
check_filled(const struct weir_plan *plan)
{
	unsigned int load[RTE_MAX_LCORE] = { 0 }, i, least = UINT_MAX, most = 0;

	for (i = 0; i < plan->pipeline->node_count; i++) {
		const struct node_conf *conf = &plan->pipeline->nodes[i].conf;

		if (conf->lcores[0] != '\0' || conf->numa[0] != '\0')
			return;
	}
	for (i = 0; i < plan->worker_count; i++)
		load[plan->workers[i].lcore]++;
	for (i = 0; i < RTE_MAX_LCORE; i++)
		if (usable(&plan->pipeline->nodes[0], i)) {
			least = RTE_MIN(least, load[i]);
			most = RTE_MAX(most, load[i]);
		}
	if (plan->pipeline->conf.numa != NUMA_STRICT)
		assert_in_range(most - least, 0, 1);
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

/* A stack for each lcore that allocates from a pool, and no two of them on one while there are enough. */
static void
check_stacks(const struct weir_plan *plan, const struct plan_pool *pool)
{
	bool used[POOL_STACKS_MAX] = { false }, seen[RTE_MAX_LCORE] = { false };
	unsigned int w, lcores = 0, homes = 0;
	struct pool_stacks stacks;

	plan_pool_stacks(plan, pool, &stacks);
	assert_int_equal(stacks.count, pool->stacks);
	for (w = 0; w < plan->worker_count; w++) {
		const struct plan_worker *worker = &plan->workers[w];

		assert_true(stacks.home[worker->lcore] < stacks.count);
		if (!plan_node(plan, worker)->source || worker->socket != pool->socket)
			continue;
		lcores += !seen[worker->lcore];
		seen[worker->lcore] = true;
		homes += !used[stacks.home[worker->lcore]];
		used[stacks.home[worker->lcore]] = true;
	}
	assert_int_equal(stacks.count, RTE_MIN(lcores, (unsigned int)POOL_STACKS_MAX));
	assert_int_equal(homes, stacks.count);
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
		check_stacks(plan, pool);
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
	check_filled(plan);
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
