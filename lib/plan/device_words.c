/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Words in braces of what is said of a device. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "plan_private.h"

/* The value of a word in braces, into buf where it must be made. NULL: there is no such word. */
static const char *
value_of(const struct device_facts *facts, const char *word, size_t n, char *buf, size_t size)
{
	const char *pmd = device_pmd(facts);
	const struct {
		const char *word;
		const char *text; /* NULL: the number */
		uint64_t number;
	} words[] = {
		{ "name", facts->name, 0 },
		{ "node", facts->node, 0 },
		{ "nics", facts->nics[0] != '\0' ? facts->nics : "none", 0 },
		{ "driver", facts->driver, 0 },
		{ "interface", facts->interface, 0 },
		{ "group", facts->group, 0 },
		{ "other", facts->other, 0 },
		{ "other_driver", facts->other_driver, 0 },
		{ "vf", facts->vf, 0 },
		{ "vfs", NULL, facts->vfs },
		{ "pf", facts->pf, 0 },
		{ "holder", NULL, (uint64_t)facts->holder },
		{ "holder_name", facts->holder_name, 0 },
		{ "service", facts->service, 0 },
		{ "node_path", facts->vfio_node, 0 },
		{ "uid", NULL, facts->uid },
		{ "may_lock", NULL, facts->may_lock / 1024 },
		{ "iommu", facts->iommu_amd ? "iommu=pt amd_iommu=on" : "intel_iommu=on iommu=pt",
			0 },
		{ "pmd", pmd != NULL ? pmd : "?", 0 },
	};

	for (unsigned int i = 0; i < RTE_DIM(words); i++) {
		if (strlen(words[i].word) != n || strncmp(words[i].word, word, n) != 0)
			continue;
		if (words[i].text != NULL)
			return words[i].text;
		snprintf(buf, size, "%" PRIu64, words[i].number);
		return buf;
	}
	return NULL;
}

void
device_expand(const struct device_facts *facts, const char *from, char *to, size_t size)
{
	char number[24];
	size_t used = 0, n;

	while (*from != '\0' && used + 1 < size) {
		const char *value = NULL;

		n = *from == '{' ? strcspn(from + 1, "} ") : 0;
		if (n > 0)
			value = value_of(facts, from + 1, n, number, sizeof(number));
		if (value == NULL) {
			to[used++] = *from++;
			continue;
		}
		used += (size_t)snprintf(to + used, size - used, "%s", value);
		from += n + 2;
	}
	to[RTE_MIN(used, size - 1)] = '\0';
}
