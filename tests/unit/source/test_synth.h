/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the tests of synth share: one worker of a source that nobody else runs. */
#ifndef WEIR_TEST_SYNTH_H
#define WEIR_TEST_SYNTH_H

#include <math.h>
#include <string.h>

#include "testing.h"

#include "source/synth_private.h"

#define POOL_SIZE 1023
#define BURST 32

struct rig {
	struct weir_worker worker;
	struct synth *s;
	struct synth_conf conf;
	struct weir_error error;
};

/* The defaults of the parameters. */
static inline struct synth_conf
rig_conf(void)
{
	return (struct synth_conf){ .flows = 1024,
		.sizes = "imix",
		.seed = 1,
		.mix = "tcp:80,udp:18,icmp:2",
		.ipv6 = 0.2,
		.vlan = 0.1,
		.malformed = 0.01,
		.packets = 8 };
}

/* Init worker `index` of `count`; what init says. */
static inline int
rig_init(struct rig *rig, struct rte_mempool *pool, unsigned int index, unsigned int count)
{
	size_t size = RTE_ALIGN_CEIL(source_synth.state_size, RTE_CACHE_LINE_SIZE);

	rig->worker = (struct weir_worker){ .name = "syn",
		.type = "synth",
		.index = index,
		.count = count,
		.socket = SOCKET_ID_ANY,
		.pool = pool };
	rig->error = (struct weir_error){ .code = 0 };
	rig->s = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	assert_non_null(rig->s);
	memset(rig->s, 0, size);
	return source_synth.init(&rig->worker, &rig->conf, rig->s, &rig->error);
}

static inline void
rig_open(struct rig *rig, struct rte_mempool *pool)
{
	assert_int_equal(rig_init(rig, pool, 0, 1), 0);
}

static inline void
rig_close(struct rig *rig)
{
	source_synth.fini(&rig->worker, rig->s);
	free(rig->s);
	testing_pool_is_full(rig->worker.pool);
}

/* Init fails with this errno, and names the source and the key. */
static inline void
rig_refused(struct rig *rig, struct rte_mempool *pool, unsigned int count, int code,
	const char *key)
{
	char where[64];

	snprintf(where, sizeof(where), "[source syn] %s", key);
	assert_int_equal(rig_init(rig, pool, 0, count), -code);
	assert_int_equal(rig->error.code, code);
	assert_ptr_equal(strstr(rig->error.text, where), rig->error.text);
	assert_non_null(strstr(rig->error.text, "expected"));
	free(rig->s);
}

static inline uint16_t
rig_poll(struct rig *rig, struct weir_event *events[], uint16_t n)
{
	return source_synth.poll(&rig->worker, rig->s, events, n);
}

/* Make n events and show each to `see`, which may be NULL. */
static inline void
rig_run(struct rig *rig, uint64_t n, void (*see)(void *arg, const struct weir_event *event),
	void *arg)
{
	struct weir_event *events[BURST];
	uint16_t got, i;

	while (n > 0) {
		got = rig_poll(rig, events, (uint16_t)RTE_MIN(n, (uint64_t)BURST));
		assert_int_equal(got, RTE_MIN(n, (uint64_t)BURST));
		for (i = 0; i < got && see != NULL; i++)
			see(arg, events[i]);
		events_free(events, got);
		n -= got;
	}
}

static inline const uint8_t *
event_bytes(const struct weir_event *event)
{
	return rte_pktmbuf_mtod(weir_event_mbuf(event), const uint8_t *);
}

/* The number of the client whose flow a keyed packet is of. */
static inline uint32_t
event_client(const struct weir_event *event)
{
	const uint8_t *src = event->key.src + 12, *dst = event->key.dst + 12;
	/* servers are 198.18/15, or in the second of both IPv6 networks */
	bool server = event->key.ip_version == 4 ? src[0] == 198 : event->key.src[5] == 2;
	const uint8_t *at = server ? dst : src;
	uint32_t low = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];

	return low - 1 - (event->key.ip_version == 4 ? 10u << 24 : 0);
}

/* A count of n trials is that of a probability, within six standard deviations. */
static inline void
assert_share(uint64_t count, uint64_t n, double share)
{
	double sigma = sqrt((double)n * share * (1 - share));

	if (fabs((double)count - (double)n * share) > 6 * sigma + 1e-9)
		fail_msg("%g instead of %g", (double)count / (double)n, share);
}

#endif /* WEIR_TEST_SYNTH_H */
