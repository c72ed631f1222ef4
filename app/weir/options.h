/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The table of options, for whoever tells of them. */
#ifndef WEIR_APP_OPTIONS_H
#define WEIR_APP_OPTIONS_H

#include <stdbool.h>

struct options;

/* One option. */
struct option_row {
	const char *name;
	char letter;          /* 0: none */
	const char *argument; /* NULL: none; in brackets: may be left out */
	int (*set)(struct options *options, const char *argument);
	bool alone; /* answers without a pipeline */
	const char *help;
};

/* The options by index; NULL beyond the last. */
const struct option_row *option_at(unsigned int i);

#endif /* WEIR_APP_OPTIONS_H */
