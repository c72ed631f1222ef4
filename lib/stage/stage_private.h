/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the files of this folder, and their tests, know of one another. */
#ifndef WEIR_STAGE_PRIVATE_H
#define WEIR_STAGE_PRIVATE_H

#include <stdint.h>

/* A worker of `count`. */
struct count_state {
	uint64_t events;
	uint64_t bytes;
};

/* What the parameters of `work` fill. */
struct work_conf {
	uint64_t cycles; /* of the TSC, for each event */
};

/* What the parameters of `rewrite` fill. */
struct rewrite_conf {
	const char *match;   /* conjunction, as proto=tcp,dport=443; "": every event */
	uint64_t prio;       /* 0: left as it is; else the priority plus 1 */
	const char *user[3]; /* numbers; "": left as it is */
};

#endif /* WEIR_STAGE_PRIVATE_H */
