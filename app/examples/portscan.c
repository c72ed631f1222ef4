/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * portscan: a state machine over flows as a stage type of one's own. It counts for each address the flows that
 * it has begun and that were never established; each time there are `MOST` more of them, an event of the
 * example's own type, with the record of the last of these flows, goes to the output `flows`.
 *
 *     cc -shared -fPIC -o libportscan.so portscan.c $(pkg-config --cflags --libs weir)
 *     weir -d ./libportscan.so -- -c FILE
 *
 * All else is that of the stage `flow`: `events = none` leaves only what is told here. Addresses are counted by
 * a hash of them: two may share a count.
 */
#include <rte_hash_crc.h>

#include <weir/flow.h>

#define PORTSCAN_EVENT WEIR_EVENT_USER
#define MOST 100
#define SOURCES 65536

/* Of one worker: no other thread reads or writes it. */
struct portscan_worker {
	uint32_t alone[SOURCES]; /* flows of a source that were never established */
};

/* Of one flow. */
struct portscan_flow {
	bool alone;
};

static uint32_t *
alone_of(const struct weir_worker *worker, const struct weir_flow *flow)
{
	struct portscan_worker *own = weir_flow_worker(worker);

	return &own->alone[rte_hash_crc(flow->key.src, sizeof(flow->key.src), 0) % SOURCES];
}

static void
portscan_new(struct weir_worker *worker, struct weir_flow *flow, void *user,
	const struct weir_event *event __rte_unused)
{
	struct portscan_flow *own = user;
	uint32_t *alone = alone_of(worker, flow);

	own->alone = true;
	if (++*alone % MOST == 0)
		weir_flow_tell(worker, flow, PORTSCAN_EVENT);
}

static void
portscan_not_alone(const struct weir_worker *worker, const struct weir_flow *flow,
	struct portscan_flow *own)
{
	if (own->alone)
		--*alone_of(worker, flow);
	own->alone = false;
}

static void
portscan_state(struct weir_worker *worker, struct weir_flow *flow, void *user,
	enum weir_flow_state old __rte_unused, enum weir_flow_state state)
{
	if (state == WEIR_FLOW_STATE_ESTABLISHED)
		portscan_not_alone(worker, flow, user);
}

static void
portscan_end(struct weir_worker *worker, struct weir_flow *flow, void *user,
	enum weir_flow_reason reason __rte_unused)
{
	portscan_not_alone(worker, flow, user);
}

static const struct weir_flow_ops portscan = {
	.size = sizeof(struct weir_flow_ops),
	.name = "portscan",
	.help = "tell of who has begun many flows that nobody answered",
	.user_size = sizeof(struct portscan_flow),
	.worker_size = sizeof(struct portscan_worker),
	.tells = 1,
	.on_new = portscan_new,
	.on_state = portscan_state,
	.on_end = portscan_end,
};

WEIR_FLOW_STAGE(portscan)
