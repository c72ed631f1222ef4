/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <weir/version.h>

const char *
weir_version(void)
{
	return WEIR_VERSION_TEXT;
}
