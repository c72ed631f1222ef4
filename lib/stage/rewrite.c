/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * rewrite: sets the priority or user words of the events that match. The match is read at init
 * into rows of (field, min, max); a burst is then a column of events that each row goes over.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <rte_bitops.h>

#include "stage.h"
#include "stage_private.h"

/* Most terms of a match. */
#define ROWS_MAX 16
/* Events matched at once: bits of a word. */
#define COLUMN 64
#define VLAN_ID_MASK 0xfffu

struct row;

/* What can be matched: one line a field. */
struct field {
	const char *name;
	uint32_t max;
	/* Bit i: events[i] is within the row's range. */
	uint64_t (*match)(const struct row *row, struct weir_event *const events[], uint16_t n);
};

struct row {
	const struct field *field;
	uint32_t min;
	uint32_t max;
};

struct rewrite_state {
	struct row rows[ROWS_MAX];
	uint16_t row_count;
	bool set_prio;
	bool set_user[WEIR_EVENT_USER_WORDS];
	uint8_t prio;
	uint64_t user[WEIR_EVENT_USER_WORDS];
};

static inline bool
within(const struct row *row, uint32_t value)
{
	return value - row->min <= row->max - row->min;
}

/* The match of a field: `expr` says of event `e` whether it is within row `r`. */
#define FIELD_MATCH(field, expr) \
	static uint64_t match_##field(const struct row *r, struct weir_event *const events[], \
		uint16_t n) \
	{ \
		uint64_t bits = 0; \
\
		for (uint16_t i = 0; i < n; i++) { \
			const struct weir_event *e = events[i]; \
\
			bits |= (uint64_t)(expr) << i; \
		} \
		return bits; \
	}

static inline bool
keyed(const struct weir_event *e)
{
	return e->flags & WEIR_EVENT_KEYED;
}

/* Whether the key's ports are ports: for ICMP they are an identifier. */
static inline bool
ported(const struct weir_event *e)
{
	return keyed(e) &&
		(e->proto == IPPROTO_TCP || e->proto == IPPROTO_UDP || e->proto == IPPROTO_SCTP) &&
		!(e->flags & WEIR_EVENT_LATER_FRAGMENT);
}

/* A first fragment may have them outside of its key. */
static inline bool
sport_within(const struct row *r, const struct weir_event *e)
{
	rte_be16_t sport = 0, dport = 0;

	if (!ported(e))
		return false;
	weir_event_ports(e, &sport, &dport);
	return within(r, rte_be_to_cpu_16(sport));
}

static inline bool
dport_within(const struct row *r, const struct weir_event *e)
{
	rte_be16_t sport = 0, dport = 0;

	if (!ported(e))
		return false;
	weir_event_ports(e, &sport, &dport);
	return within(r, rte_be_to_cpu_16(dport));
}

static inline bool
vlan_within(const struct row *r, const struct weir_event *e, uint8_t tag)
{
	return tag < weir_event_vlan_count(e) && within(r, e->vlan[tag] & VLAN_ID_MASK);
}

FIELD_MATCH(proto, keyed(e) && within(r, e->proto))
FIELD_MATCH(sport, sport_within(r, e))
FIELD_MATCH(dport, dport_within(r, e))
FIELD_MATCH(port, sport_within(r, e) || dport_within(r, e))
FIELD_MATCH(vlan, vlan_within(r, e, 0) || vlan_within(r, e, 1))
FIELD_MATCH(ip_version, within(r, weir_event_ip_version(e)))
FIELD_MATCH(verdict, within(r, e->verdict))
FIELD_MATCH(len, within(r, e->len))
FIELD_MATCH(tunnel, within(r, e->tunnel))
FIELD_MATCH(bad_l3_checksum, within(r, !!(e->flags & WEIR_EVENT_BAD_L3_CKSUM)))
FIELD_MATCH(bad_l4_checksum, within(r, !!(e->flags & WEIR_EVENT_BAD_L4_CKSUM)))
FIELD_MATCH(truncated, within(r, !!(e->flags & WEIR_EVENT_TRUNCATED)))

#define FIELD(field, most) \
	{ \
		.name = #field, .max = (most), .match = match_##field \
	}

static const struct field fields[] = {
	FIELD(proto, UINT8_MAX),
	FIELD(sport, UINT16_MAX),
	FIELD(dport, UINT16_MAX),
	FIELD(port, UINT16_MAX),
	FIELD(vlan, VLAN_ID_MASK),
	FIELD(ip_version, 6),
	FIELD(verdict, WEIR_VERDICT_MAX - 1),
	FIELD(len, UINT32_MAX),
	FIELD(tunnel, WEIR_TUNNEL_MAX - 1),
	FIELD(truncated, 1),
	FIELD(bad_l3_checksum, 1),
	FIELD(bad_l4_checksum, 1),
};

#define FIELDS_KNOWN \
	"proto, sport, dport, port, vlan, ip_version, verdict, len, tunnel, truncated, " \
	"bad_l3_checksum, bad_l4_checksum"

/* Values that have names besides those of verdicts and tunnels. */
static const struct {
	const char *field;
	const char *name;
	uint32_t min;
	uint32_t max;
} values[] = {
	{ "proto", "icmp", IPPROTO_ICMP, IPPROTO_ICMP },
	{ "proto", "tcp", IPPROTO_TCP, IPPROTO_TCP },
	{ "proto", "udp", IPPROTO_UDP, IPPROTO_UDP },
	{ "proto", "icmpv6", IPPROTO_ICMPV6, IPPROTO_ICMPV6 },
	{ "proto", "sctp", IPPROTO_SCTP, IPPROTO_SCTP },
	{ "verdict", "malformed", WEIR_VERDICT_OK + 1, WEIR_VERDICT_MAX - 1 },
	{ "tunnel", "any", WEIR_TUNNEL_NONE + 1, WEIR_TUNNEL_MAX - 1 },
};

static const struct field *
field_find(const char *name)
{
	for (unsigned int i = 0; i < RTE_DIM(fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

/* A number and nothing else; strtoull() alone takes signs and blanks too. */
static bool
number_read(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return errno == 0 && *end == '\0' && *value <= max;
}

/* A name among those that `name_of` gives by index. */
static bool
row_read_index(struct row *row, const char *text, const char *(*name_of)(unsigned int))
{
	const char *name;

	for (uint32_t i = 0; (name = name_of(i)) != NULL; i++) {
		if (strcmp(name, text) == 0) {
			row->min = i;
			row->max = i;
			return true;
		}
	}
	return false;
}

static bool
row_read_name(struct row *row, const char *text)
{
	for (unsigned int i = 0; i < RTE_DIM(values); i++) {
		if (strcmp(values[i].field, row->field->name) == 0 &&
			strcmp(values[i].name, text) == 0) {
			row->min = values[i].min;
			row->max = values[i].max;
			return true;
		}
	}
	if (strcmp(row->field->name, "verdict") == 0)
		return row_read_index(row, text, weir_verdict_name);
	if (strcmp(row->field->name, "tunnel") == 0)
		return row_read_index(row, text, weir_tunnel_name);
	return false;
}

/* MIN-MAX or one number; `text` is cut. */
static bool
row_read_range(struct row *row, char *text)
{
	char *high = strchr(text, '-');
	uint64_t min, max;

	if (high != NULL)
		*high++ = '\0';
	if (!number_read(text, row->field->max, &min) ||
		!number_read(high != NULL ? high : text, row->field->max, &max) || min > max)
		return false;
	row->min = (uint32_t)min;
	row->max = (uint32_t)max;
	return true;
}

/* One term, FIELD=VALUE, which is cut; what a message calls it stands in `match`. */
static int
row_read(struct row *row, char *term, const char *node, const char *match, struct weir_error *error)
{
	char *value = strchr(term, '=');

	if (value != NULL)
		*value++ = '\0';
	row->field = field_find(term);
	if (row->field == NULL)
		return weir_error_set(error, EINVAL,
			"[stage %s] match = %s: unknown field '%s'; known: " FIELDS_KNOWN, node,
			match, term);
	if (value == NULL)
		return weir_error_set(error, EINVAL,
			"[stage %s] match = %s: '%s' has no value, expected FIELD=VALUE", node,
			match, term);
	if (row_read_name(row, value) || row_read_range(row, value))
		return 0;
	return weir_error_set(error, EINVAL,
		"[stage %s] match = %s: bad value of '%s', expected a name it knows, a number up "
		"to %u, or MIN-MAX",
		node, match, row->field->name, row->field->max);
}

/* Take a blank-free copy, for " proto = tcp, dport = 443" too. NULL: no memory. */
static char *
text_squeeze(const char *text)
{
	char *copy = strdup(text);
	size_t n = 0;

	for (; copy != NULL && *text != '\0'; text++)
		if (*text != ' ' && *text != '\t')
			copy[n++] = *text;
	if (copy != NULL)
		copy[n] = '\0';
	return copy;
}

static int
rows_read(struct rewrite_state *rewrite, const char *match, const char *node,
	struct weir_error *error)
{
	char *text, *rest, *term;
	int ret = 0;

	if (match == NULL || match[0] == '\0')
		return 0;
	text = rest = text_squeeze(match);
	if (text == NULL)
		return weir_error_set(error, ENOMEM, "[stage %s] no memory", node);
	while (ret == 0 && (term = strsep(&rest, ",")) != NULL) {
		if (rewrite->row_count == ROWS_MAX)
			ret = weir_error_set(error, EINVAL, "[stage %s] match: more than %u terms",
				node, ROWS_MAX);
		else
			ret = row_read(&rewrite->rows[rewrite->row_count++], term, node, match,
				error);
	}
	free(text);
	return ret;
}

static int
user_read(struct rewrite_state *rewrite, const struct rewrite_conf *conf, const char *node,
	struct weir_error *error)
{
	for (unsigned int i = 0; i < WEIR_EVENT_USER_WORDS; i++) {
		const char *text = conf->user[i];

		if (text == NULL || text[0] == '\0')
			continue;
		if (!number_read(text, UINT64_MAX, &rewrite->user[i]))
			return weir_error_set(error, EINVAL,
				"[stage %s] user%u = %s: expected a number", node, i, text);
		rewrite->set_user[i] = true;
	}
	return 0;
}

static void
prio_read(struct rewrite_state *rewrite, const struct rewrite_conf *given)
{
	rewrite->set_prio = given->prio > 0;
	if (rewrite->set_prio)
		rewrite->prio = (uint8_t)(given->prio - 1);
}

static int
rewrite_read(struct rewrite_state *rewrite, const struct rewrite_conf *given, const char *node,
	struct weir_error *error)
{
	int ret = rows_read(rewrite, given->match, node, error);

	if (ret != 0)
		return ret;
	prio_read(rewrite, given);
	return user_read(rewrite, given, node, error);
}

static int
rewrite_check(const char *node, const void *conf, struct weir_error *error)
{
	struct rewrite_state rewrite = { 0 };

	return rewrite_read(&rewrite, conf, node, error);
}

static int
rewrite_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	return rewrite_read(state, conf, weir_worker_name(worker), error);
}

/* The priority alone is live. */
static void
rewrite_set(struct weir_worker *worker, void *state, const void *conf)
{
	(void)worker;
	prio_read(state, conf);
}

static uint64_t
rewrite_match(const struct rewrite_state *rewrite, struct weir_event *const events[], uint16_t n)
{
	uint64_t bits = n < COLUMN ? (UINT64_C(1) << n) - 1 : UINT64_MAX;

	for (uint16_t i = 0; i < rewrite->row_count && bits != 0; i++)
		bits &= rewrite->rows[i].field->match(&rewrite->rows[i], events, n);
	return bits;
}

static inline void
rewrite_event(const struct rewrite_state *rewrite, struct weir_event *event)
{
	if (rewrite->set_prio)
		event->prio = rewrite->prio;
	for (unsigned int i = 0; i < WEIR_EVENT_USER_WORDS; i++)
		if (rewrite->set_user[i])
			event->user[i] = rewrite->user[i];
}

static void
rewrite_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	const struct rewrite_state *rewrite = state;

	for (uint16_t i = 0; i < n; i += COLUMN) {
		uint64_t bits = rewrite_match(rewrite, events + i, RTE_MIN(n - i, COLUMN));

		for (; bits != 0; bits &= bits - 1)
			rewrite_event(rewrite, events[i + rte_bsf64(bits)]);
	}
	weir_forward(worker, 0, events, n);
}

static const char *const prio_names[] = { "keep", "0", "1", "2", "3", "4", "5", "6", "7", NULL };

#define USER_PARAM(n) \
	{ \
		.name = "user" #n, .type = WEIR_PARAM_STRING, \
		.offset = offsetof(struct rewrite_conf, user[n]), .def = "", \
		.help = "number that user word " #n " becomes; left out: as it is" \
	}

static const struct weir_param rewrite_params[] = {
	{ .name = "match",
		.type = WEIR_PARAM_STRING,
		.offset = offsetof(struct rewrite_conf, match),
		.def = "",
		.help = "which events, as proto=tcp,dport=443,len=64-128; fields: " FIELDS_KNOWN
			"; left out: all" },
	{ .name = "prio",
		.type = WEIR_PARAM_ENUM,
		.offset = offsetof(struct rewrite_conf, prio),
		.def = "keep",
		.values = prio_names,
		.help = "priority they get, 7 is shed last",
		.live = 1 },
	USER_PARAM(0),
	USER_PARAM(1),
	USER_PARAM(2),
	{ .name = NULL },
};

const struct weir_stage_ops stage_rewrite = {
	WEIR_STAGE_OPS,
	.name = "rewrite",
	.help = "set the priority or user words of events that match",
	.params = rewrite_params,
	.conf_size = sizeof(struct rewrite_conf),
	.state_size = sizeof(struct rewrite_state),
	.writes = 1,
	.check = rewrite_check,
	.init = rewrite_init,
	.process = rewrite_process,
	.set = rewrite_set,
	.keeps_hash = 1,
};
