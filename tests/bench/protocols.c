/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * protocols: counts packets and bytes per protocol, for the comparison with programs that read
 * captures. A shared object for EAL's -d. When the engine is destroyed, each worker writes a line
 * for each protocol that it has seen: IP version (0: none), protocol number, packets, bytes.
 */
#include <inttypes.h>
#include <stdio.h>

#include <weir/stage.h>

#define VERSIONS 7
#define PROTOCOLS 256

struct protocols {
	struct {
		uint64_t packets;
		uint64_t bytes;
	} seen[VERSIONS][PROTOCOLS];
};

static void
protocols_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct protocols *protocols = state;

	for (uint16_t i = 0; i < n; i++) {
		const struct weir_event *event = events[i];
		bool keyed = event->flags & WEIR_EVENT_KEYED;
		uint8_t version = weir_event_ip_version(event), proto = keyed ? event->proto : 0;

		protocols->seen[version][proto].packets++;
		protocols->seen[version][proto].bytes += event->len;
	}
	weir_release(worker, events, n);
}

static void
protocols_fini(struct weir_worker *worker __rte_unused, void *state)
{
	const struct protocols *protocols = state;

	for (unsigned int version = 0; version < VERSIONS; version++)
		for (unsigned int proto = 0; proto < PROTOCOLS; proto++)
			if (protocols->seen[version][proto].packets > 0)
				printf("%u %u %" PRIu64 " %" PRIu64 "\n", version, proto,
					protocols->seen[version][proto].packets,
					protocols->seen[version][proto].bytes);
}

static int
protocols_init(struct weir_worker *worker __rte_unused, const void *conf __rte_unused,
	void *state __rte_unused, struct weir_error *error __rte_unused)
{
	return 0;
}

static const struct weir_stage_ops protocols_ops = {
	WEIR_STAGE_OPS,
	.name = "protocols",
	.help = "counts packets and bytes per protocol",
	.state_size = sizeof(struct protocols),
	.init = protocols_init,
	.process = protocols_process,
	.fini = protocols_fini,
};

WEIR_STAGE_REGISTER(protocols_ops)
