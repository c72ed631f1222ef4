/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The stage `flow`, and what stages of other state machines have of it: parameters, set-up, its end. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>

#include <rte_errno.h>
#include <rte_malloc.h>

#include "usual.h"

/* Most calls of weir_flow_tell() for one packet. */
#define TELLS_MAX 32

/* Of a struct weir_flow_ops, what has been there from the first. */
#define OPS_LEAST \
	(offsetof(struct weir_flow_ops, on_end) + RTE_SIZEOF_FIELD(struct weir_flow_ops, on_end))

#define DURATION(key, member, default, text) \
	{ \
		.name = key, .type = WEIR_PARAM_DURATION, \
		.offset = offsetof(struct track_conf, member), .def = default, .help = text, \
	}

static const char *const full_names[] = {
	[WEIR_FLOW_EVICT] = "evict",
	[WEIR_FLOW_REFUSE] = "refuse",
	NULL,
};

static const struct weir_param params[] = {
	{ .name = "capacity",
		.type = WEIR_PARAM_SIZE,
		.offset = offsetof(struct track_conf, capacity),
		.min = 1,
		.max = WEIR_FLOW_CAPACITY_MAX,
		.def = "65536",
		.help = "flows that each worker knows at once" },
	{ .name = "on_full",
		.type = WEIR_PARAM_ENUM,
		.offset = offsetof(struct track_conf, on_full),
		.values = full_names,
		.def = "evict",
		.help = "a new flow has the one end that matters least, or is refused" },
	{ .name = "key",
		.type = WEIR_PARAM_STRING,
		.offset = offsetof(struct track_conf, key),
		.def = "5-tuple",
		.help = "what tells flows apart: 5-tuple, and with + behind it: vlan, tunnel, port" },
	{ .name = "events",
		.type = WEIR_PARAM_STRING,
		.offset = offsetof(struct track_conf, events),
		.def = "new, established, update, end",
		.help = "what is told of flows; `none`: nothing" },
	{ .name = "records",
		.type = WEIR_PARAM_SIZE,
		.offset = offsetof(struct track_conf, records),
		.min = 4096,
		.max = 1 << 24,
		.def = "16384",
		.help = "events of flows of each worker that are under way at most: then it waits" },
	DURATION("active", active, "60s", "a flow is told of as often while it lasts; 0: never"),
	DURATION("lifetime", lifetime, "0",
		"a flow that has lasted for so long ends, and another begins; 0: never"),
	DURATION("timeout.tcp_new", tcp_new, "60s",
		"TCP without a handshake ends after so long without a packet; 0: never, as below"),
	DURATION("timeout.tcp", tcp, "600s", "TCP that is established"),
	DURATION("timeout.tcp_closing", tcp_closing, "120s", "TCP that one side has closed"),
	DURATION("timeout.tcp_closed", tcp_closed, "10s",
		"TCP that both sides have closed, or one has reset"),
	DURATION("timeout.udp_new", udp_new, "30s", "UDP of one side alone"),
	DURATION("timeout.udp", udp, "300s", "UDP of both sides"),
	DURATION("timeout.icmp", icmp, "30s", "ICMP and ICMPv6"),
	DURATION("timeout.other", other, "300s", "all others, and fragments"),
	{ .name = NULL },
};

static const char *const outputs[] = {
	[OUTPUT_PACKETS] = "packets",
	[OUTPUT_FLOWS] = "flows",
	NULL,
};

static const char *const key_names[] = { "vlan", "tunnel", "port" };
static const char *const event_names[] = { "new", "established", "update", "end" };

static int
name_find(const char *const names[], unsigned int count, const char *text, size_t len)
{
	for (unsigned int i = 0; i < count; i++)
		if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0)
			return (int)i;
	return -1;
}

/* The bits of the names that a text has between separators; -EINVAL with what was wrong. */
static int
bits_of(const char *text, const char *separators, const char *const names[], unsigned int count,
	const char **wrong)
{
	int bits = 0;

	for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
		size_t len = strcspn(text, separators);
		int i = name_find(names, count, text, len);

		*wrong = text;
		if (i < 0)
			return -EINVAL;
		bits |= 1 << i;
		text += len;
	}
	return bits;
}

static int
key_bits(const char *text, const char **wrong)
{
	static const char tuple[] = "5-tuple";

	*wrong = text;
	if (strncmp(text, tuple, sizeof(tuple) - 1) != 0)
		return -EINVAL;
	text += sizeof(tuple) - 1;
	if (*text != '\0' && strchr("+ ", *text) == NULL)
		return -EINVAL;
	return bits_of(text, "+ ", key_names, RTE_DIM(key_names), wrong);
}

static int
event_bits(const char *text, const char **wrong)
{
	if (strcmp(text, "none") == 0)
		return 0;
	return bits_of(text, ", ", event_names, RTE_DIM(event_names), wrong);
}

static int
check(const char *node, const void *conf, struct weir_error *error)
{
	const struct track_conf *given = conf;
	const char *wrong;

	if (key_bits(given->key, &wrong) < 0)
		return weir_error_set(error, EINVAL,
			"stage '%s': key = %s: '%s' is none: expected 5-tuple, and behind it any of "
			"+vlan, +tunnel, +port",
			node, given->key, wrong);
	if (event_bits(given->events, &wrong) < 0)
		return weir_error_set(error, EINVAL,
			"stage '%s': events = %s: '%s' is none: expected some of new, established, "
			"update, end, with commas between them, or none",
			node, given->events, wrong);
	return 0;
}

/* Bytes of a state, with the state machine's of the worker behind it. */
static size_t
state_size(const struct weir_flow_ops *ops)
{
	return RTE_ALIGN(sizeof(struct track), RTE_CACHE_LINE_SIZE) + ops->worker_size;
}

static struct weir_flow_conf
table_conf(const struct weir_flow_ops *ops, const struct track_conf *conf)
{
	return (struct weir_flow_conf){
		.size = sizeof(struct weir_flow_conf),
		.name = "flow",
		.capacity = (uint32_t)conf->capacity,
		.user_size = (uint32_t)sizeof(struct tally) + ops->user_size,
		.on_full = (uint8_t)conf->on_full,
		.embryonic = 1 << LIFE_TCP_NEW | 1 << LIFE_TCP_CLOSED | 1 << LIFE_TCP_RESET |
			1 << LIFE_UDP_NEW | 1 << LIFE_ICMP_NEW | 1 << LIFE_OTHER_NEW,
		.idle = {
			[LIFE_TCP_NEW] = conf->tcp_new,
			[LIFE_TCP] = conf->tcp,
			[LIFE_TCP_CLOSING] = conf->tcp_closing,
			[LIFE_TCP_CLOSED] = conf->tcp_closed,
			[LIFE_TCP_RESET] = conf->tcp_closed,
			[LIFE_UDP_NEW] = conf->udp_new,
			[LIFE_UDP] = conf->udp,
			[LIFE_ICMP_NEW] = conf->icmp,
			[LIFE_ICMP] = conf->icmp,
			[LIFE_OTHER_NEW] = conf->other,
			[LIFE_OTHER] = conf->other,
		},
		.ends = {
			[LIFE_TCP_CLOSED] = WEIR_FLOW_FIN,
			[LIFE_TCP_RESET] = WEIR_FLOW_RST,
		},
		.on_end = track_end,
	};
}

int
weir_flow_stage_needs(const struct weir_flow_ops *ops, const void *conf,
	struct weir_stage_needs *needs, struct weir_error *error)
{
	const struct track_conf *given = conf;
	struct weir_flow_conf table = table_conf(ops, given);

	if (ops->user_size > WEIR_FLOW_OPS_USER_MAX)
		return weir_error_set(error, EINVAL,
			"stage type '%s': %u bytes with each flow: at most %d are possible",
			ops->name, ops->user_size, WEIR_FLOW_OPS_USER_MAX);
	if (ops->tells > TELLS_MAX)
		return weir_error_set(error, EINVAL,
			"stage type '%s': %u calls of weir_flow_tell() for one packet: at most %d are "
			"possible",
			ops->name, ops->tells, TELLS_MAX);
	/* A packet, and what it brings. */
	needs->fanout = (uint16_t)(1 + tell_most(ops));
	needs->state = state_size(ops);
	needs->memory = weir_flow_memory(&table) +
		records_count(&table) * sizeof(struct tally_cold) + tell_memory(ops, given);
	return 0;
}

/* Flows that were not drained in time end all the same; of those nobody is told but a state machine. */
static void
abandon(struct track *track)
{
	struct weir_flow_stats stats = WEIR_FLOW_STATS_INIT;

	weir_flow_stats(track->table, &stats);
	if (stats.flows > 0 && track->worker->outputs[OUTPUT_FLOWS].link_count > 0)
		weir_worker_fail(track->worker, ETIMEDOUT,
			"stage '%s' worker %u: %" PRIu64
			" flows ended untold: they were not drained in "
			"time",
			track->worker->name, track->worker->index, stats.flows);
	while (weir_flow_drain(track->table, UINT_MAX) > 0)
		;
	figures_publish(track);
}

static void
fini(struct weir_worker *worker __rte_unused, void *state)
{
	struct track *track = state;

	tell_fini(track);
	if (track->table != NULL)
		abandon(track);
	rte_free(track->cold);
	weir_flow_table_free(track->table);
}

int
weir_flow_stage_init(const struct weir_flow_ops *ops, struct weir_worker *worker, const void *conf,
	void *state, struct weir_error *error)
{
	const struct track_conf *given = conf;
	struct weir_flow_conf table = table_conf(ops, given);
	struct track *track = state;
	const char *wrong;
	int rc;

	track->ops = ops;
	track->worker = worker;
	track->own = (uint8_t *)state + state_size(ops) - ops->worker_size;
	track->capacity = given->capacity;
	track->active = given->active != 0 ? given->active : UINT64_MAX;
	track->lifetime = given->lifetime != 0 ? given->lifetime : UINT64_MAX;
	for (unsigned int i = 0; i < WEIR_FLOW_LIVES; i++)
		track->within[i] = usual_within(table.idle[i]);
	track->key = (uint8_t)key_bits(given->key, &wrong);
	track->events = (uint8_t)event_bits(given->events, &wrong);
	clock_init(&track->clock);
	table.socket = worker->socket;
	table.arg = track;
	track->table = weir_flow_table_create(&table, error);
	if (track->table == NULL)
		return -rte_errno;
	track->cold = rte_zmalloc_socket("weir_flow", records_count(&table) * sizeof(*track->cold),
		RTE_CACHE_LINE_SIZE, worker->socket);
	rc = track->cold != NULL ? tell_init(track, given, error) : -ENOMEM;
	if (rc == 0)
		return 0;
	fini(worker, track);
	if (rc == -ENOMEM)
		weir_error_set(error, ENOMEM, "stage '%s': no memory for %" PRIu64 " flows",
			worker->name, given->capacity);
	return rc;
}

void *
weir_flow_worker(const struct weir_worker *worker)
{
	return ((const struct track *)worker->state)->own;
}

/* What all stage types of flows have. */
#define FLOW_STAGE(its_name, its_help) \
	WEIR_STAGE_OPS, .name = (its_name), .help = (its_help), .params = params, \
			.conf_size = sizeof(struct track_conf), \
			.state_size = sizeof(struct track), .outputs = outputs, \
			.process = track_process, .room = track_room, .tick = track_tick, \
			.drain = track_drain, .fini = fini, .check = check, .keeps_hash = 1

void
weir_flow_stage(const struct weir_flow_ops *ops, struct weir_stage_ops *stage)
{
	/* Of newer headers, with what is not known here: without a name it is refused. */
	if (ops->size < OPS_LEAST || sized_beyond(ops, ops->size, sizeof(*ops)))
		*stage = (struct weir_stage_ops){ WEIR_STAGE_OPS };
	else
		*stage = (struct weir_stage_ops){ FLOW_STAGE(ops->name, ops->help) };
}

static const struct weir_flow_ops flow_ops = {
	.size = sizeof(struct weir_flow_ops),
	.name = "flow",
};

static int
flow_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	return weir_flow_stage_init(&flow_ops, worker, conf, state, error);
}

static int
flow_needs(const void *conf, struct weir_stage_needs *needs, struct weir_error *error)
{
	return weir_flow_stage_needs(&flow_ops, conf, needs, error);
}

const struct weir_stage_ops stage_flow = {
	FLOW_STAGE("flow", "find the flow of each packet, follow its state, and tell of flows"),
	.init = flow_init,
	.needs = flow_needs,
};
