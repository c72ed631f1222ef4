/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Engines with an application at both ends. */
#ifndef WEIR_SINK_EJECT_TEST_H
#define WEIR_SINK_EJECT_TEST_H

#include "engine/rig.h"

#define APP_POOL 8191
#define APP_PRIVATE 16

static struct rte_mempool *app_pool; /* of packets */
static struct rte_mempool *app_bare; /* of events without one */

static inline int
app_pools(void **state)
{
	(void)state;
	app_pool = weir_pool_create("app", APP_POOL, 0, APP_PRIVATE, 512, SOCKET_ID_ANY);
	app_bare = weir_pool_create("bare", 1023, 0, 0, 0, SOCKET_ID_ANY);
	return app_pool != NULL && app_bare != NULL ? 0 : -1;
}

/* An event of the application's own, numbered, with private bytes; NULL: the pool is empty. */
static inline struct weir_event *
app_event(struct rte_mempool *pool, uint8_t type, uint64_t number)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	struct weir_event *event;

	if (mbuf == NULL)
		return NULL;
	event = weir_mbuf_event(mbuf);
	memset(event, 0, sizeof(*event));
	event->type = type;
	event->hash = (uint32_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 32);
	event->flags = weir_mbuf_mark(mbuf) | WEIR_EVENT_KEYED;
	event->user[0] = number;
	if (pool == app_pool)
		memset(event + 1, (uint8_t)number, APP_PRIVATE);
	return event;
}

static inline bool
app_private_is_whole(const struct weir_event *event, uint8_t byte)
{
	const uint8_t *private = (const uint8_t *)(event + 1);

	for (unsigned int i = 0; i < APP_PRIVATE; i++)
		if (private[i] != byte)
			return false;
	return true;
}

static inline struct weir_inject *
app_inject(struct rig *rig)
{
	struct weir_inject *inject = weir_inject_open(rig->engine, "app", &rig->error);

	rig_ok(rig, inject == NULL);
	return inject;
}

static inline struct weir_eject *
app_eject(struct rig *rig, unsigned int worker)
{
	struct weir_eject *eject = weir_eject_open(rig->engine, "out", worker, &rig->error);

	rig_ok(rig, eject == NULL);
	return eject;
}

/* Hand in so many, numbered on from `number`; how many were taken. */
static inline unsigned int
app_give(struct weir_inject *inject, uint64_t number, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct weir_event *event = app_event(app_pool, WEIR_EVENT_PACKET, number + i);

		assert_non_null(event);
		if (weir_inject_events(inject, &event, 1) == 0) {
			weir_events_free(&event, 1);
			return i;
		}
	}
	return n;
}

static inline void
app_end(struct rig *rig)
{
	rig_end(rig);
	testing_pool_is_full(app_pool);
	testing_pool_is_full(app_bare);
}

#endif /* WEIR_SINK_EJECT_TEST_H */
