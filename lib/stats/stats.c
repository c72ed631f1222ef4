/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include "stats.h"

static const char *const drop_reason_names[DROP_STAGE] = {
	[DROP_RING_FULL] = "ring_full",
	[DROP_OVERRUN] = "overrun",
	[DROP_BLOCK_TIMEOUT] = "block_timeout",
	[DROP_LOW_PRIORITY] = "low_priority",
	[DROP_FLOW_SHED] = "flow_shed",
	[DROP_OLDEST] = "oldest",
	[DROP_LATE] = "late",
	[DROP_FEEDBACK_CLOSED] = "feedback_closed",
	[DROP_DRAIN_ABANDONED] = "drain_abandoned",
	[DROP_NO_MBUF] = "no_mbuf",
	[DROP_VERDICT] = "verdict",
	[DROP_UNMATCHED] = "unmatched",
	[DROP_TRUNCATED] = "truncated",
	[DROP_CHECKSUM] = "bad_checksum",
};

const char *
drop_reason_name(unsigned int reason)
{
	return reason < DROP_STAGE ? drop_reason_names[reason] : NULL;
}

uint64_t
worker_stats_dropped(const struct worker_stats *stats)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < DROP_MAX; i++)
		sum += stat_read_acquire(&stats->dropped[i]);
	return sum;
}
