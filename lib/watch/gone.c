/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * A port whose device goes away while the engine runs. Its driver tells so by
 * RTE_ETH_EVENT_INTR_RMV, on a thread of EAL; whoever closes the device may do so when this has
 * returned, for no worker touches the port any more then.
 */
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include "watch_private.h"

RTE_LOG_REGISTER(logtype_gone, lib.weir.port, NOTICE);
#define GONE_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_gone, __VA_ARGS__)

/*
 * How long an lcore may take for the pass it is in, besides its waits, and how often that is
 * looked at.
 */
#define PASS_MS 1000
#define LOOK_US 100
/* A mark is seen by every core long before this is over. */
#define SEEN_US 1000

/* Whoever closes the device must not do so while it is set up, stopped or closed here. */
static void
port_wait(const struct port_state *port)
{
	uint64_t deadline = rte_rdtsc() + PASS_MS * (rte_get_tsc_hz() / MS_PER_S);

	while (__atomic_load_n(&port->busy, __ATOMIC_ACQUIRE)) {
		if (rte_rdtsc() >= deadline) {
			GONE_LOG(WARNING,
				"'%s': port %s is still set up or stopped after %u ms: do not "
				"close it\n",
				weir_engine_name(port->engine), port->plan->name, PASS_MS);
			return;
		}
		usleep(LOOK_US);
	}
}

static bool
port_has(const struct port_state *port, const struct seat *seat)
{
	return seat->plan->port == (unsigned int)(port->plan - port->engine->plan->ports);
}

/* The lcore has finished the pass that it was in, and with it what it was doing on the port. */
static bool
loop_passed(const struct loop *loop, uint64_t before)
{
	/* Two: the pass that is counted next may have begun before the mark was seen. */
	return stat_read_acquire(&loop->passes) - before >= 2 ||
		__atomic_load_n(&loop->finished, __ATOMIC_ACQUIRE);
}

/* Wait for the lcore of a worker of the port; false where that takes too long. */
static bool
seat_wait(const struct weir_engine *engine, const struct seat *seat, uint64_t deadline)
{
	const struct loop *loop = engine_loop(engine, seat->plan->lcore);
	uint64_t before = stat_read(&loop->passes);

	while (!loop_passed(loop, before)) {
		if (rte_rdtsc() >= deadline)
			return false;
		usleep(LOOK_US);
	}
	return true;
}

void
watch_port_left(struct port_state *port)
{
	struct weir_engine *engine = port->engine;

	for (unsigned int i = 0; i < engine->seat_count; i++)
		if (port_has(port, &engine->seats[i]))
			__atomic_store_n(&engine->seats[i].worker->port_gone, true,
				__ATOMIC_RELEASE);
}

static void
port_leave(struct port_state *port)
{
	struct weir_engine *engine = port->engine;
	/* Two passes are waited for, each after a wait. */
	uint64_t cycles = PASS_MS * (rte_get_tsc_hz() / MS_PER_S) + 2 * engine_longest_wait(engine);
	uint64_t deadline = rte_rdtsc() + cycles;

	watch_port_left(port);
	usleep(SEEN_US);
	/* What starts from now on sees the mark. */
	if (stat_read(&engine->start_tsc) == 0)
		return;
	for (unsigned int i = 0; i < engine->seat_count; i++)
		if (port_has(port, &engine->seats[i]) &&
			!seat_wait(engine, &engine->seats[i], deadline))
			GONE_LOG(WARNING,
				"'%s': lcore %u has made no pass for %u ms and may use port %s "
				"still: do not close it\n",
				weir_engine_name(engine), engine->seats[i].plan->lcore,
				(unsigned int)(cycles / (rte_get_tsc_hz() / MS_PER_S)),
				port->plan->name);
}

/* A port as an engine has it, looked for by its id. */
struct search {
	uint16_t id;
	struct port_state *port;
	bool fresh; /* it runs: else it is only waited for */
};

/* While `calls` is not 0 the engine stays. */
static int
port_search(struct weir_engine *engine, void *arg)
{
	struct search *search = arg;

	for (unsigned int i = 0; search->port == NULL && i < engine->port_count; i++) {
		struct port_state *port = &engine->ports[i];

		if (port->plan->id != search->id)
			continue;
		search->fresh = port_mark(port);
		if (search->fresh || __atomic_load_n(&port->busy, __ATOMIC_RELAXED)) {
			__atomic_fetch_add(&port->calls, 1, __ATOMIC_ACQUIRE);
			search->port = port;
		}
	}
	return search->port != NULL;
}

static int
port_removed(uint16_t id, enum rte_eth_event_type event __rte_unused, void *arg __rte_unused,
	void *ret __rte_unused)
{
	struct search search = { .id = id };

	engine_search_each(port_search, &search);
	if (search.port == NULL)
		return 0;
	if (search.fresh) {
		GONE_LOG(WARNING,
			"'%s': port %s went away: it is polled no more, and what would be sent on "
			"it is dropped as port_gone\n",
			weir_engine_name(search.port->engine), search.port->plan->name);
		port_leave(search.port);
	}
	port_wait(search.port);
	__atomic_fetch_sub(&search.port->calls, 1, __ATOMIC_RELEASE);
	return 0;
}

/*
 * DPDK keeps what is registered for a port when that goes, and it cannot be taken back any more.
 * So nothing is registered that may not be there later: one function, without an argument.
 */
int
watch_port(const struct port_state *port)
{
	int rc = rte_eth_dev_callback_register(port->plan->id, RTE_ETH_EVENT_INTR_RMV, port_removed,
		NULL);

	return rc != 0 ? rc : watch_port_link(port);
}
