/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the files of this folder share. */
#ifndef WEIR_SOURCE_PRIVATE_H
#define WEIR_SOURCE_PRIVATE_H

#include "source.h"

/* Fixed point of a clock's rate. */
#define WIRE_CLOCK_SHIFT 32

/*
 * What a source parses with: its worker's queue or index, tunnels and hash key. The worker's figures
 * point into it.
 */
void source_parse_init(struct weir_worker *worker, uint16_t port, uint16_t queue,
	struct weir_parse_burst *parse);

/* How the driver's RX timestamps become ns since 1970. */
struct wire_clock {
	int offset;    /* of the mbuf's field; negative: the driver gives none */
	uint64_t flag; /* set where the field is filled */
	uint64_t mult; /* ns for each tick, times 2^WIRE_CLOCK_SHIFT */
	uint64_t base_ticks;
	uint64_t base_ns;
};

void wire_clock_init(uint16_t port, struct wire_clock *clock);

/* Set `wire_ns`, and that it is known, of the events of a burst; clock->offset is not negative. */
void wire_clock_stamp(const struct wire_clock *clock, struct rte_mbuf *const mbufs[], uint16_t n);

#endif /* WEIR_SOURCE_PRIVATE_H */
