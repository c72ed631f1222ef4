/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * A port that is gone: its workers leave it, and then its device is let go. The kernel waits for that
 * before it removes a device under vfio, and with it whoever asked for the removal.
 */
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include "engine_private.h"

RTE_LOG_REGISTER(logtype_port_gone, lib.weir.port, NOTICE);
#define PORT_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_port_gone, __VA_ARGS__)

/* How often is looked whether who tells that a port is gone has returned. */
#define LOOK_US 100
/* A mark is seen by every core long before this is over. */
#define SEEN_US 1000

/* Only ever onward: several may mark it at once, and one of them may have read the passes long ago. */
static void
loop_mark(struct loop *loop)
{
	uint64_t marked = __atomic_load_n(&loop->marked, __ATOMIC_RELAXED);
	uint64_t passes = stat_read(&loop->passes);

	while (marked < passes &&
		!__atomic_compare_exchange_n(&loop->marked, &marked, passes, false,
			__ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

void
port_leave(struct port_state *port)
{
	struct weir_engine *engine = port->engine;

	for (unsigned int i = 0; i < engine->seat_count; i++)
		if (port_has(port, &engine->seats[i]))
			__atomic_store_n(&engine->seats[i].worker->port_gone, true,
				__ATOMIC_RELEASE);
	rte_spinlock_lock(&port->lock);
	if (!port->let_go)
		engine_loops_leave(port);
	rte_spinlock_unlock(&port->lock);
	usleep(SEEN_US);
	for (unsigned int i = 0; i < engine->loop_count; i++)
		loop_mark(&engine->loops[i]);
}

/*
 * A device in software does not notice, nor that there is such an interface again: it is let go, to be made
 * anew then.
 */
void
port_forsake(struct port_state *port)
{
	if (port->engine->conf.hotplug && !port->plan->adopted && strcmp(port->bus, "vdev") == 0)
		port_mark(port);
	port_leave(port);
}

/* Two passes: the one that is counted next may have begun before the mark was seen. Where nobody came to run
 * it there are none, and who comes sees the mark. */
static bool
loop_left(const struct loop *loop)
{
	uint64_t marked = __atomic_load_n(&loop->marked, __ATOMIC_ACQUIRE);

	return stat_read_acquire(&loop->passes) - marked >= 2 ||
		__atomic_load_n(&loop->finished, __ATOMIC_ACQUIRE) ||
		loop_holder(loop) == HOLDER_AWAITED;
}

bool
port_left(const struct port_state *port, unsigned int *lcore)
{
	const struct weir_engine *engine = port->engine;

	/* What starts from now on sees the mark. */
	if (stat_read(&engine->start_tsc) == 0)
		return true;
	for (unsigned int i = 0; i < engine->seat_count; i++)
		if (port_has(port, &engine->seats[i]) &&
			!loop_left(engine_loop(engine, engine->seats[i].plan->lcore))) {
			*lcore = engine->seats[i].plan->lcore;
			return false;
		}
	return true;
}

/* Whether the id is still that of this port: another device may have it by now. */
static bool
port_is(const struct port_state *port)
{
	char name[RTE_ETH_NAME_MAX_LEN];

	return rte_eth_dev_get_name_by_port(port->id, name) == 0 &&
		strcmp(name, port->plan->name) == 0;
}

/* Whether its device has other ports too, which somebody may use. */
static bool
port_has_siblings(uint16_t id)
{
	uint16_t other;

	RTE_ETH_FOREACH_DEV_SIBLING(other, id)
	if (other != id)
		return true;
	return false;
}

/*
 * Of a device that has gone drivers may complain: nothing comes of that. One that came back and could not be
 * used was stopped there, and its rules are gone. 0, or -errno: it is not let go.
 */
static int
port_close(struct port_state *port)
{
	struct rte_eth_dev_info info = { 0 };
	bool siblings = port_has_siblings(port->id);

	if (rte_eth_dev_info_get(port->id, &info) != 0)
		info.device = NULL;
	if (port->started)
		port_stop(port->id, NULL, &port->rules);
	rte_eth_dev_close(port->id);
	if (siblings || info.device == NULL)
		return 0;
	return rte_dev_remove((struct rte_device *)(uintptr_t)info.device);
}

static void
port_let_go(struct port_state *port, struct slow *slow)
{
	struct weir_engine *engine = port->engine;
	const struct plan_port *plan = port->plan;
	int rc;

	slow_at(slow, "the end of port %s by its driver %s", plan->name, plan->driver);
	rte_spinlock_lock(&port->lock);
	port->let_go = true;
	rte_spinlock_unlock(&port->lock);
	if (!port_is(port))
		return;
	rc = port_close(port);
	port_keeps(engine, (unsigned int)(port - engine->ports));
	engine_pools_flush(engine);
	/* One that could not be used is left until it was seen to be away. */
	if (rc == 0 && port->started)
		port->let_go_tsc = rte_rdtsc();
	if (rc == 0)
		PORT_LOG(NOTICE, "'%s': port %s: its device was let go\n", weir_engine_name(engine),
			plan->name);
	else
		PORT_LOG(WARNING,
			"'%s': port %s: its device cannot be let go: %s; who removes it waits for "
			"the end of this process\n",
			weir_engine_name(engine), plan->name, rte_strerror(-rc));
}

/*
 * Who tells that it is gone may be at the port until it has returned, and its workers for two passes. One that
 * is the application's is that's to close.
 */
static bool
port_is_due(const struct port_state *port)
{
	unsigned int lcore;

	return !port->plan->adopted && __atomic_load_n(&port->gone, __ATOMIC_RELAXED) &&
		!port->let_go && __atomic_load_n(&port->calls, __ATOMIC_ACQUIRE) == 0 &&
		port_left(port, &lcore);
}

void
ports_let_go(struct weir_engine *engine, struct slow *slow)
{
	for (unsigned int i = 0; engine->conf.hotplug && i < engine->port_count; i++)
		if (port_is_due(&engine->ports[i]))
			port_let_go(&engine->ports[i], slow);
}

void
ports_await_calls(const struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->port_count; i++)
		while (__atomic_load_n(&engine->ports[i].calls, __ATOMIC_ACQUIRE) > 0)
			usleep(LOOK_US);
}

void
engine_ports_let_go(struct weir_engine *engine)
{
	struct slow slow;
	bool due = false;

	for (unsigned int i = 0; engine->conf.hotplug && i < engine->port_count; i++)
		due |= port_is_due(&engine->ports[i]);
	if (!due)
		return;
	slow_begin(&slow, engine);
	ports_let_go(engine, &slow);
	slow_end(&slow);
}
