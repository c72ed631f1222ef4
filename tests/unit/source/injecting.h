/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What hands packets to an inject source named `app`, from a pool of its own. */
#ifndef WEIR_SOURCE_INJECTING_H
#define WEIR_SOURCE_INJECTING_H

#include "engine/rig.h"

#define POOL_SIZE 4095

static struct rte_mempool *pool;

static inline int
pool_setup(void **state)
{
	(void)state;
	pool = weir_pool_create("app", POOL_SIZE, 0, 0, 512, SOCKET_ID_ANY);
	return pool != NULL ? 0 : -1;
}

/* One of 60 octets, from any thread. */
static inline struct rte_mbuf *
packet(struct rte_mempool *from)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(from);

	if (mbuf == NULL)
		abort();
	memset(rte_pktmbuf_append(mbuf, 60), 0, 60);
	return mbuf;
}

static inline struct weir_inject *
open_app(struct rig *rig)
{
	struct weir_inject *inject = weir_inject_open(rig->engine, "app", &rig->error);

	assert_non_null(inject);
	return inject;
}

/* Of a rig that has stopped. */
static inline void
end(struct rig *rig)
{
	rig_end(rig);
	testing_pool_is_full(pool);
}

#endif /* WEIR_SOURCE_INJECTING_H */
