/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a port was made with: the arguments of its --vdev or -a. */
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_ethdev.h>
#include <rte_kvargs.h>

#include "source.h"

static const char *
pair_value(const struct rte_kvargs *args, const char *name, unsigned int n)
{
	for (unsigned int i = 0; i < args->count; i++)
		if (strcmp(args->pairs[i].key, name) == 0 && n-- == 0)
			return args->pairs[i].value;
	return NULL;
}

bool
port_arg(const struct rte_eth_dev_info *info, const char *name, unsigned int n, char *value,
	size_t size)
{
	const struct rte_devargs *devargs =
		info->device != NULL ? rte_dev_devargs(info->device) : NULL;
	struct rte_kvargs *args = NULL;
	const char *given = NULL;

	if (devargs != NULL && devargs->args != NULL)
		args = rte_kvargs_parse(devargs->args, NULL);
	if (args != NULL)
		given = pair_value(args, name, n);
	snprintf(value, size, "%s", given != NULL ? given : "");
	rte_kvargs_free(args);
	return given != NULL;
}
