/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <string.h>

#include "source_private.h"

/* Letters of an expression that a message shows. */
#define SHOWN_MAX 160

static const struct source_ops *const sources[] = {
	&source_ethdev,
	&source_synth,
	&source_inject,
	&source_pcap,
};

void
source_parse_init(struct weir_worker *worker, uint16_t port, uint16_t queue,
	struct weir_parse_burst *parse)
{
	*parse = WEIR_PARSE_BURST_INIT;
	parse->hash_key = worker->hash_key;
	parse->port = port;
	parse->queue = queue;
	parse->tunnel = worker->tunnel;
	parse->fragments = worker->fragments;
	parse->vxlan_ports = worker->vxlan_ports;
	parse->checksum = worker->checksum;
	worker->parsed = parse;
}

void
source_unmatched(struct weir_worker *worker, uint64_t n)
{
	worker->sifted = 1;
	stat_add(&worker->stats->in, n);
	stat_add_release(&worker->stats->dropped[DROP_UNMATCHED], n);
}

uint16_t
source_match(struct weir_worker *worker, const struct match *match, struct rte_mbuf *mbufs[],
	uint16_t n)
{
	struct rte_mbuf *missed[BURST_MAX];
	uint16_t kept = match_burst(match, mbufs, n, missed);

	if (kept < n) {
		rte_pktmbuf_free_bulk(missed, n - kept);
		source_unmatched(worker, n - kept);
	}
	return kept;
}

int
source_match_compile(const char *node, const char *expression, struct match_program **program,
	struct weir_error *error)
{
	struct weir_error why = { .code = 0 };
	int rc;

	*program = NULL;
	if (expression[0] == '\0')
		return 0;
	rc = match_compile(program, expression, MATCH_ETHERNET, &why);
	if (rc == 0)
		return 0;
	return weir_error_set(error, -rc, "[source %s] match = %.*s%s: %s", node, SHOWN_MAX,
		expression, strlen(expression) > SHOWN_MAX ? " ..." : "", why.text);
}

int
source_match_create(const struct weir_worker *worker, const struct match_program *program,
	struct match **match, struct weir_error *error)
{
	*match = match_create(program, worker->socket);
	if (*match != NULL)
		return 0;
	return weir_error_set(error, ENOMEM,
		"[source %s] match: no memory on socket %d for its program", worker->name,
		worker->socket);
}

const struct source_ops *
source_ops(unsigned int index)
{
	return index < RTE_DIM(sources) ? sources[index] : NULL;
}

const struct source_ops *
source_find(const char *name)
{
	const struct source_ops *ops;

	for (unsigned int i = 0; (ops = source_ops(i)) != NULL; i++)
		if (strcmp(ops->type.name, name) == 0)
			return ops;
	return NULL;
}

const struct weir_source_type *
weir_source_type(unsigned int index)
{
	const struct source_ops *ops = source_ops(index);

	return ops != NULL ? &ops->type : NULL;
}
