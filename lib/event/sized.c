/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Structs that begin with their size, as a caller's headers had it. */
#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "event.h"

int
sized_give(void *to, const void *full, size_t size, size_t least)
{
	size_t given;

	if (to == NULL)
		return -EINVAL;
	memcpy(&given, to, sizeof(given));
	if (given < least)
		return -EINVAL;
	memcpy((char *)to + sizeof(given), (const char *)full + sizeof(given),
		RTE_MIN(given, size) - sizeof(given));
	return 0;
}

void
sized_init(void *to, const void *full, size_t size, size_t known)
{
	if (to == NULL)
		return;
	memset(to, 0, size);
	memcpy(to, full, RTE_MIN(size, known));
	memcpy(to, &size, RTE_MIN(size, sizeof(size)));
}

bool
sized_beyond(const void *from, size_t size, size_t known)
{
	const char *bytes = from;

	for (size_t i = known; i < size; i++)
		if (bytes[i] != 0)
			return true;
	return false;
}

int
sized_take(void *full, const void *from, size_t size, size_t least)
{
	size_t given;

	if (from == NULL)
		return -EINVAL;
	memcpy(&given, from, sizeof(given));
	if (given < least || given > SIZED_MAX)
		return -EINVAL;
	if (sized_beyond(from, given, size))
		return -E2BIG;
	memcpy((char *)full + sizeof(given), (const char *)from + sizeof(given),
		RTE_MIN(given, size) - sizeof(given));
	return 0;
}
