/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The pipeline as a whole. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>

#include "pipeline_private.h"

#define BAD_CHECKSUM (WEIR_EVENT_BAD_L3_CKSUM | WEIR_EVENT_BAD_L4_CKSUM)

static int
check_not_empty(const struct weir_pipeline *pipeline, struct weir_error *error)
{
	const char *file = pipeline->priv->file;
	unsigned int sources = 0;
	const char *lacks;

	for (unsigned int i = 0; i < pipeline->node_count; i++)
		sources += pipeline->nodes[i].source;
	if (sources != 0 && sources != pipeline->node_count)
		return 0;
	lacks = section_kinds[sources == 0 ? SECTION_SOURCE : SECTION_STAGE];
	return pipeline_error(pipeline, NULL, 0, error,
		"%s%sa pipeline needs a %s: there is no section [%s NAME]",
		file != NULL ? file : "", file != NULL ? ": " : "", lacks, lacks);
}

/* A key that nobody could place yet may be `type` misspelt. */
static int
type_missing(const struct weir_pipeline *pipeline, const struct node *node,
	struct weir_error *error)
{
	const struct weir_param *params =
		section_params(node->source ? SECTION_SOURCE : SECTION_STAGE);
	const struct section *section = node->section;

	for (unsigned int i = 0; i < section->entry_count; i++) {
		struct nearest nearest;

		if (param_find(params, section->entries[i].key) != NULL)
			continue;
		nearest_init(&nearest, section->entries[i].key);
		nearest_try(&nearest, "type");
		nearest_try(&nearest, "device");
		if (nearest.best != NULL)
			return key_unknown(pipeline, section, params, NULL, &section->entries[i],
				error);
	}
	return pipeline_error(pipeline, section, section->line, error, "key 'type' is missing: %s",
		node->source ? "expected type, or the device of an ethdev source" :
			       "expected a registered stage type");
}

static int
check_given(const struct weir_pipeline *pipeline, const struct node *node,
	const struct weir_param *params, struct weir_error *error)
{
	const struct section *section = node->section;
	char expected[EXPECTED_SIZE];

	for (; params != NULL && params->name != NULL; params++)
		if (params->def == NULL && entry_find(section, params->name) == NULL)
			return pipeline_error(pipeline, section, section->line, error,
				"key '%s' is missing: expected %s (%s)", params->name,
				param_expected(params, expected, sizeof(expected)),
				params->help != NULL ? params->help : "");
	return 0;
}

int
check_waits(const struct weir_pipeline *pipeline, const struct node *node, struct weir_error *error)
{
	const struct section *section = node->section;

	if (node->conf.idle_min <= node->conf.idle_max)
		return 0;
	return pipeline_error(pipeline, section, entry_line(section, "idle.min"), error,
		"idle.min is more than idle.max");
}

/* What is asked for of checksums by name, where nobody would look at them. */
static int
check_checksums(const struct weir_pipeline *pipeline, const struct node *node,
	struct weir_error *error)
{
	const struct section *section = node->section;
	const char *type = node->source_ops->type.name;

	if (node->conf.checksum == CHECKSUM_ON && node->source_ops != &source_ethdev)
		return pipeline_error(pipeline, section, entry_line(section, "checksum"), error,
			"checksum = on: a source of type %s has no port that must find wrong checksums: "
			"expected port, off, or verify, by which weir finds them",
			type);
	if (!(pipeline_drops(&node->conf).flags & BAD_CHECKSUM) ||
		node->conf.checksum == CHECKSUM_VERIFY)
		return 0;
	if (node->conf.checksum == CHECKSUM_OFF)
		return pipeline_error(pipeline, section, entry_line(section, "drop"), error,
			"drop = %.64s: with checksum = off nobody finds wrong checksums: expected "
			"checksum = verify",
			node->conf.drop);
	if (!node->source_ops->checked)
		return pipeline_error(pipeline, section, entry_line(section, "drop"), error,
			"drop = %.64s: a source of type %s has no port that finds wrong checksums: "
			"expected checksum = verify, by which weir finds them",
			node->conf.drop, type);
	return 0;
}

/* Keys of any port, beside a port that is the application's. */
static int
check_adopted(const struct weir_pipeline *pipeline, const struct node *node,
	struct weir_error *error)
{
	const struct section *section = node->section;
	const struct ethdev_conf *ethdev = node->type_conf;

	if (node->source_ops != &source_ethdev || !ethdev->adopt)
		return 0;
	if (node->conf.workers == 0)
		return pipeline_error(pipeline, section, entry_line(section, "queues"), error,
			"queues = auto: with adopt = on expected a number: how many queues of the "
			"application's port are weir's, from queue.first on");
	if (node->conf.descriptors != 0)
		return pipeline_error(pipeline, section, entry_line(section, "descriptors"), error,
			"descriptors: with adopt = on nothing of the port is configured: leave it out; "
			"the application does that by rte_eth_rx_queue_setup()");
	return 0;
}

static int
check_node(const struct weir_pipeline *pipeline, const struct node *node, struct weir_error *error)
{
	const struct section *section = node->section;
	int rc;

	if (node->source_ops == NULL && node->stage_ops == NULL)
		return type_missing(pipeline, node, error);
	if (node->source_ops == &source_ethdev && node->conf.device[0] == '\0')
		return pipeline_error(pipeline, section, section->line, error,
			"key 'device' is missing: expected the port's name or PCI address");
	if (node->source && node->conf.workers == 0 && node->source_ops != &source_ethdev)
		return pipeline_error(pipeline, section, entry_line(section, "queues"), error,
			"queues = auto: expected a number: only ports have queues to go by, and type %s "
			"has none",
			node->source_ops->type.name);
	if (node->source && node->source_ops->single && node->conf.workers > 1)
		return pipeline_error(pipeline, section, entry_line(section, "queues"), error,
			"queues = %" PRIu64 ": expected 1: one worker of type %s does all",
			node->conf.workers, node->source_ops->type.name);
	rc = node->source ? check_checksums(pipeline, node, error) : 0;
	if (rc == 0)
		rc = check_given(pipeline, node,
			section_params(node->source ? SECTION_SOURCE : SECTION_STAGE), error);
	if (rc == 0)
		rc = check_given(pipeline, node, node_type_params(node), error);
	if (rc == 0)
		rc = check_adopted(pipeline, node, error);
	return rc == 0 ? check_waits(pipeline, node, error) : rc;
}

static int
check_nodes(const struct weir_pipeline *pipeline, struct weir_error *error)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < pipeline->node_count; i++)
		rc = check_node(pipeline, &pipeline->nodes[i], error);
	return rc;
}

/* Where events can come, over feedback too. */
static void
reached_mark(const struct weir_pipeline *pipeline, bool *reached)
{
	bool changed = true;

	for (unsigned int i = 0; i < pipeline->node_count; i++)
		reached[i] = pipeline->nodes[i].source;
	while (changed) {
		changed = false;
		for (unsigned int i = 0; i < pipeline->link_count; i++) {
			const struct link *link = &pipeline->links[i];

			if (!reached[link->from] || reached[link->to])
				continue;
			reached[link->to] = true;
			changed = true;
		}
	}
}

static int
check_reached(const struct weir_pipeline *pipeline, struct weir_error *error)
{
	bool *reached = calloc(pipeline->node_count, sizeof(*reached));
	int rc = 0;

	if (reached == NULL)
		return no_memory(error);
	reached_mark(pipeline, reached);
	for (unsigned int i = 0; rc == 0 && i < pipeline->node_count; i++) {
		const struct section *section = pipeline->nodes[i].section;

		if (!reached[i])
			rc = pipeline_error(pipeline, section, entry_line(section, "input"), error,
				"input = %.64s: no source leads here",
				pipeline->nodes[i].conf.input);
	}
	free(reached);
	return rc;
}

static int
check_read(const struct weir_pipeline *pipeline, struct weir_error *error)
{
	for (unsigned int i = 0; i < pipeline->node_count; i++) {
		const struct node *node = &pipeline->nodes[i];
		unsigned int l = 0;

		while (l < pipeline->link_count && pipeline->links[l].from != i)
			l++;
		if (node->source && l == pipeline->link_count)
			return pipeline_error(pipeline, node->section, node->section->line, error,
				"nobody reads this source: expected a stage with input = %s",
				node->name);
	}
	return 0;
}

/* Thresholds, and room above them. */
static int
check_thresholds(const struct weir_pipeline *pipeline, const struct link *link,
	struct weir_error *error)
{
	const struct link_conf *conf = &link->conf;
	bool sheds = conf->on_full == WEIR_ON_FULL_DROP_OLDEST ||
		conf->on_full == WEIR_ON_FULL_DROP_FLOW;
	char key[KEY_MAX];

	if (conf->low >= conf->high)
		return link_error(pipeline, link, "low", error,
			"low = %g%% is not below high = %g%%", conf->low * 100, conf->high * 100);
	if (sheds && conf->ring < 2 * pipeline->conf.burst)
		return link_error(pipeline, link, "ring", error,
			"ring = %" PRIu64 ": %s needs room for a burst above `high`: expected at "
			"least %" PRIu64,
			conf->ring, on_full_names[conf->on_full], 2 * pipeline->conf.burst);
	if (conf->on_full == WEIR_ON_FULL_DROP_LATE && conf->deadline == 0)
		return link_error(pipeline, link, "on_full", error,
			"on_full = drop-late: expected `deadline`, the longest wait, as 1ms");
	for (unsigned int i = 1; i <= WEIR_PRIO_MAX; i++) {
		if (conf->reserve[i] <= conf->reserve[i - 1])
			continue;
		text_add(key, sizeof(key), 0, "reserve.%u", i);
		return link_error(pipeline, link, key, error,
			"%s = %g%% is more than reserve.%u = %g%%: a higher priority must not find "
			"less room",
			key, conf->reserve[i] * 100, i - 1, conf->reserve[i - 1] * 100);
	}
	return 0;
}

int
check_link(const struct weir_pipeline *pipeline, const struct link *link, struct weir_error *error)
{
	const struct node *from = &pipeline->nodes[link->from];
	uint64_t fanout = from->source ? 1 : from->needs.fanout;
	uint64_t least = pipeline->conf.burst * fanout;
	uint64_t besides = from->source ? 0 : (from->needs.let_go + UINT64_C(1)) * fanout;

	if (link->conf.full_min > link->conf.full_max)
		return link_error(pipeline, link, "full.min", error,
			"full.min is more than full.max");
	if (link->conf.full == WEIR_WAIT_INTERRUPT)
		return link_error(pipeline, link, "full", error,
			"full = interrupt: no interrupt tells of room in a ring; expected sleep, or "
			"interrupt as the idle of the source");
	if (link->conf.on_full == WEIR_ON_FULL_BLOCK && link->conf.ring < least)
		return link_error(pipeline, link, "ring", error,
			"ring = %" PRIu64 ": a block link must hold a burst, times the events that "
			"'%s' makes of one: expected at least %" PRIu64,
			link->conf.ring, from->name, least);
	if (link->conf.on_full == WEIR_ON_FULL_BLOCK && link->conf.ring < besides)
		return link_error(pipeline, link, "ring", error,
			"ring = %" PRIu64 ": '%s' may let go of %" PRIu32
			" events that it holds beside the one it got, each as %" PRIu16
			": a block link must hold them: expected at least %" PRIu64,
			link->conf.ring, from->name, from->needs.let_go, from->needs.fanout,
			besides);
	return check_thresholds(pipeline, link, error);
}

static int
check_links(const struct weir_pipeline *pipeline, struct weir_error *error)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < pipeline->link_count; i++)
		rc = check_link(pipeline, &pipeline->links[i], error);
	return rc;
}

/* What only the type knows of its values; its error is given the place of the section. */
int
check_type(const struct weir_pipeline *pipeline, const struct node *node, struct weir_error *error)
{
	int (*type_check)(const char *, const void *, struct weir_error *) =
		node->source ? node->source_ops->check : node->stage_ops->check;
	struct weir_error why = { .code = EINVAL };

	if (type_check == NULL || type_check(node->name, node->type_conf, &why) == 0)
		return 0;
	pipeline_error(pipeline, NULL, why_line(node->section, why.text), error, "%s", why.text);
	if (why.code <= 0)
		return -EINVAL;
	if (error != NULL)
		error->code = why.code;
	rte_errno = why.code;
	return -why.code;
}

/* What the workers of a source share and takes long to make: once, however often it is asked for. */
static int
compile_sources(const struct weir_pipeline *pipeline, struct weir_error *error)
{
	struct weir_error why = { .code = EINVAL };
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < pipeline->node_count; i++) {
		const struct node *node = &pipeline->nodes[i];

		if (!node->source || node->source_ops->compile == NULL)
			continue;
		rc = node->source_ops->compile(node->name, node->type_conf, &why);
		if (rc != 0)
			pipeline_error(pipeline, NULL, why_line(node->section, why.text), error,
				"%s", why.text);
		if (rc != 0 && error != NULL)
			error->code = -rc;
	}
	return rc;
}

static int
check_types(const struct weir_pipeline *pipeline, struct weir_error *error)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < pipeline->node_count; i++)
		rc = check_type(pipeline, &pipeline->nodes[i], error);
	return rc;
}

static int
check(struct weir_pipeline *pipeline, struct weir_error *error)
{
	int rc = check_not_empty(pipeline, error);

	if (rc == 0)
		rc = check_nodes(pipeline, error);
	if (rc == 0)
		rc = check_types(pipeline, error);
	if (rc == 0)
		rc = needs_make(pipeline, error);
	if (rc == 0)
		rc = links_make(pipeline, error);
	if (rc == 0)
		rc = check_read(pipeline, error);
	if (rc == 0)
		rc = links_order(pipeline, error);
	if (rc == 0)
		rc = check_reached(pipeline, error);
	if (rc == 0)
		rc = rings_size(pipeline, error);
	if (rc == 0)
		rc = check_links(pipeline, error);
	if (rc == 0)
		rc = links_shared(pipeline, error);
	if (rc == 0)
		rc = compile_sources(pipeline, error);
	return rc;
}

int
weir_pipeline_check(const struct weir_pipeline *pipeline, struct weir_error *error)
{
	/* Links and order follow from the rest: making them changes nothing that was described. */
	struct weir_pipeline *own = (struct weir_pipeline *)(uintptr_t)pipeline;
	int rc;

	if (pipeline == NULL)
		return weir_error_set(error, EINVAL, "expected a pipeline");
	if (pipeline->order != NULL)
		return 0;
	rc = check(own, error);
	if (rc != 0)
		pipeline_forget(own);
	return rc;
}
