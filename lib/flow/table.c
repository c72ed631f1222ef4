/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* A table's life: all of its memory is taken when it is made. */
#include <errno.h>
#include <inttypes.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "event/compat.h"
#include "flow_private.h"

static uint32_t
record_size(const struct weir_flow_conf *conf)
{
	return (uint32_t)RTE_ALIGN(offsetof(struct weir_flow, stamp) + sizeof(uint16_t) +
			conf->user_size,
		RTE_CACHE_LINE_SIZE);
}

/* How groups are laid out: as many buckets as go into a page with their records, and what is left over. */
static void
groups_plan(struct weir_flow_table *table, const struct weir_flow_conf *conf)
{
	uint32_t record = record_size(conf), buckets = GROUP_BUCKETS_MAX, bytes, records;

	while (buckets > 1 &&
		buckets * RTE_CACHE_LINE_SIZE + GROUP_RECORDS(buckets) * record > GROUP_BYTES)
		buckets /= 2;
	records = GROUP_RECORDS(buckets);
	bytes = buckets * RTE_CACHE_LINE_SIZE + records * record;
	table->group_buckets = buckets;
	table->group_lines = bytes / RTE_CACHE_LINE_SIZE;
	table->group_turns = bytes == GROUP_BYTES && buckets == GROUP_BUCKETS_MAX ? 7 * 8 : 0;
	table->records_at = buckets;
	table->record_lines = record / RTE_CACHE_LINE_SIZE;
	table->group_inverse = UINT64_MAX / table->group_lines + 1;
	table->record_inverse = UINT64_MAX / table->record_lines + 1;
	table->group_count =
		(conf->capacity + conf->capacity / RECORDS_SPARE + records - 1) / records;
}

uint32_t
records_count(const struct weir_flow_conf *conf)
{
	struct weir_flow_table table;

	groups_plan(&table, conf);
	return table.group_count * GROUP_RECORDS(table.group_buckets);
}

/* Words of both kinds that say which groups are open. */
static size_t
open_words(const struct weir_flow_table *table)
{
	return (size_t)BITS_WORDS(table->group_count) + BITS_WORDS(BITS_WORDS(table->group_count));
}

static size_t
groups_bytes(const struct weir_flow_table *table)
{
	return (size_t)table->group_count * table->group_lines * RTE_CACHE_LINE_SIZE;
}

/* What a caller gives, into one of this version's size, and checked. */
static int
conf_take(struct weir_flow_conf *own, const struct weir_flow_conf *conf, struct weir_error *error)
{
	int rc;

	*own = WEIR_FLOW_CONF_INIT;
	rc = SIZED_TAKE(own, conf, capacity);
	if (rc != 0)
		return weir_error_set(error, -rc, SIZED_WHY(rc), "weir_flow_conf");
	if (own->name == NULL)
		own->name = "flows";
	if (own->capacity == 0 || own->capacity > WEIR_FLOW_CAPACITY_MAX)
		return weir_error_set(error, EINVAL,
			"flow table '%s': a capacity of %" PRIu32
			" flows: from 1 to %u are possible",
			own->name, own->capacity, WEIR_FLOW_CAPACITY_MAX);
	if (own->user_size > WEIR_FLOW_USER_MAX)
		return weir_error_set(error, EINVAL,
			"flow table '%s': %" PRIu32
			" bytes of the user's in each flow: at most %d are possible",
			own->name, own->user_size, WEIR_FLOW_USER_MAX);
	if (own->on_full > WEIR_FLOW_REFUSE)
		return weir_error_set(error, EINVAL,
			"flow table '%s': on_full is %u: expected "
			"WEIR_FLOW_EVICT or WEIR_FLOW_REFUSE",
			own->name, own->on_full);
	for (unsigned int i = 0; i < WEIR_FLOW_LIVES; i++)
		if (own->ends[i] >= WEIR_FLOW_REASONS)
			return weir_error_set(error, EINVAL,
				"flow table '%s': ends[%u] is %u: expected an enum "
				"weir_flow_reason, below %u",
				own->name, i, own->ends[i], WEIR_FLOW_REASONS);
	return 0;
}

static size_t
table_memory(const struct weir_flow_conf *conf)
{
	struct weir_flow_table table;

	groups_plan(&table, conf);
	return sizeof(table) + 2 * sizeof(struct flow_wheel) + groups_bytes(&table) +
		open_words(&table) * sizeof(uint64_t);
}

size_t
weir_flow_memory(const struct weir_flow_conf *conf)
{
	struct weir_flow_conf own;

	return conf_take(&own, conf, NULL) == 0 ? table_memory(&own) : 0;
}

static void
wheels_init(struct weir_flow_table *table)
{
	for (unsigned int i = 0; i < RTE_DIM(table->wheels); i++) {
		memset(table->wheels[i]->latest, 0xff, sizeof(table->wheels[i]->latest));
		memset(table->wheels[i]->heads, 0xff, sizeof(table->wheels[i]->heads));
		memset(table->wheels[i]->tails, 0xff, sizeof(table->wheels[i]->tails));
	}
}

static void
records_init(struct weir_flow_table *table)
{
	uint32_t all = table->group_count * GROUP_RECORDS(table->group_buckets);

	for (unsigned int i = 0; i < RTE_DIM(table->victims); i++)
		table->victims[i] = record_line(table, 0);
	for (uint32_t i = all; i-- > 0;) {
		uint32_t index = record_line(table, i);

		flow_at(table, index)->life = LIFE_FREE;
		flow_at(table, index)->ahead = index;
		record_give(table, index);
	}
	table->free_count = table->capacity;
}

static void *
take(const char *name, size_t size, unsigned int align, int socket)
{
	return rte_zmalloc_socket(name, size, align, socket);
}

static int
table_take(struct weir_flow_table *table, const struct weir_flow_conf *conf)
{
	size_t bytes = groups_bytes(table);

	/* Places are numbers of 32 bits. */
	if (bytes / RTE_CACHE_LINE_SIZE >= FLOW_NONE)
		return -ENOMEM;
	table->groups = take(conf->name, bytes, GROUP_BYTES, conf->socket);
	table->open = take(conf->name, open_words(table) * sizeof(*table->open),
		RTE_CACHE_LINE_SIZE, conf->socket);
	for (unsigned int i = 0; i < RTE_DIM(table->wheels); i++)
		table->wheels[i] = take(conf->name, sizeof(*table->wheels[i]), RTE_CACHE_LINE_SIZE,
			conf->socket);
	if (table->groups == NULL || table->open == NULL || table->wheels[0] == NULL ||
		table->wheels[1] == NULL)
		return -ENOMEM;
	table->open_words = table->open + BITS_WORDS(table->group_count);
	return 0;
}

struct weir_flow_table *
weir_flow_table_create(const struct weir_flow_conf *conf, struct weir_error *error)
{
	struct weir_flow_table *table;
	struct weir_flow_conf own;

	if (conf_take(&own, conf, error) != 0)
		return NULL;
	if (!eal_is_there()) {
		weir_error_set(error, EINVAL, EAL_MISSING, __func__);
		return NULL;
	}
	table = take(own.name, sizeof(*table), RTE_CACHE_LINE_SIZE, own.socket);
	if (table == NULL)
		goto unmade;
	groups_plan(table, &own);
	table->capacity = own.capacity;
	table->user_size = own.user_size;
	table->embryonic = own.embryonic;
	table->on_full = own.on_full;
	table->on_end = own.on_end;
	table->arg = own.arg;
	memcpy(table->idle, own.idle, sizeof(table->idle));
	memcpy(table->ends, own.ends, sizeof(table->ends));
	if (table_take(table, &own) != 0)
		goto unmade;
	wheels_init(table);
	records_init(table);
	return table;
unmade:
	weir_flow_table_free(table);
	weir_error_set(error, ENOMEM,
		"flow table '%s': no %zu bytes of EAL's memory on socket %d "
		"for %" PRIu32 " flows: give more hugepages, or -m",
		own.name, table_memory(&own), own.socket, own.capacity);
	return NULL;
}

void
weir_flow_table_free(struct weir_flow_table *table)
{
	if (table == NULL)
		return;
	rte_free(table->wheels[0]);
	rte_free(table->wheels[1]);
	rte_free(table->open);
	rte_free(table->groups);
	rte_free(table);
}

int
weir_flow_stats(const struct weir_flow_table *table, struct weir_flow_stats *stats)
{
	struct weir_flow_stats now = WEIR_FLOW_STATS_INIT;

	if (table == NULL)
		return -EINVAL;
	now.created = stat_read(&table->stats.created);
	now.refused = stat_read(&table->stats.refused);
	now.late_ns = stat_read(&table->stats.late_ns);
	now.touched = stat_read(&table->stats.touched);
	for (unsigned int i = 0; i < WEIR_FLOW_REASONS; i++)
		now.ended[i] = stat_read(&table->stats.ended[i]);
	now.flows = table->capacity - __atomic_load_n(&table->free_count, __ATOMIC_RELAXED);
	return SIZED_GIVE(stats, &now, flows);
}
