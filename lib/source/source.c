/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <string.h>

#include "source_private.h"

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
	worker->verdicts = parse->verdicts;
	worker->key_only = &parse->key_only;
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
