/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What can be set of a running engine. */
#include "engine_private.h"

static uint64_t
cycles_of(uint64_t ns)
{
	return (uint64_t)((double)ns * (double)rte_get_tsc_hz() / NS_PER_S);
}

void
engine_link_settings(const struct weir_pipeline *pipeline, const struct link_conf *conf,
	struct link_settings *settings)
{
	uint32_t capacity = (uint32_t)conf->ring, burst = (uint32_t)pipeline->conf.burst;
	/* What comes until the policy has acted finds room: a burst above `high`. */
	uint32_t most = capacity > burst ? capacity - burst : 1;
	uint32_t high = (uint32_t)(conf->high * capacity);

	*settings = (struct link_settings){
		.policy = link_policy((enum weir_on_full)conf->on_full),
		.high = RTE_MAX(RTE_MIN(high, most), 1u),
		.timeout = cycles_of(conf->block_timeout),
		.deadline = cycles_of(conf->deadline),
		.gap_markers = conf->gap_markers != 0,
	};
	settings->low = RTE_MIN((uint32_t)(conf->low * capacity), settings->high - 1);
	for (unsigned int i = 0; i < PRIORITIES; i++)
		settings->reserve[i] = (uint32_t)(conf->reserve[i] * capacity);
}
