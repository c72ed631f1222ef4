/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * A port that goes away while the engine runs. Its driver tells so by RTE_ETH_EVENT_INTR_RMV, or the bus
 * of its device by RTE_DEV_EVENT_REMOVE, on a thread of EAL; whoever closes the port may do so when this
 * has returned, for no worker touches it any more then.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
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

/* Whoever closes the device must not do so while it is set up, stopped or closed here; whether it was in time. */
static bool
port_wait(const struct port_state *port)
{
	uint64_t deadline = rte_rdtsc() + PASS_MS * (rte_get_tsc_hz() / MS_PER_S);

	while (__atomic_load_n(&port->busy, __ATOMIC_ACQUIRE)) {
		if (rte_rdtsc() >= deadline) {
			GONE_LOG(WARNING,
				"'%s': port %s is still set up or stopped after %u ms: do not "
				"close it\n",
				weir_engine_name(port->engine), port->plan->name, PASS_MS);
			return false;
		}
		usleep(LOOK_US);
	}
	return true;
}

/* The lcores that were at the port; those that take too long are told. */
static void
port_await(const struct port_state *port)
{
	struct weir_engine *engine = port->engine;
	/* Two passes are waited for, each after a wait. */
	uint64_t cycles = PASS_MS * (rte_get_tsc_hz() / MS_PER_S) + 2 * engine_longest_wait(engine);
	uint64_t deadline = rte_rdtsc() + cycles;
	unsigned int lcore = RTE_MAX_LCORE;

	while (!port_left(port, &lcore) && rte_rdtsc() < deadline)
		usleep(LOOK_US);
	if (!port_left(port, &lcore))
		GONE_LOG(WARNING,
			"'%s': lcore %u has made no pass for %u ms and may use port %s still: do "
			"not close it\n",
			weir_engine_name(engine), lcore,
			(unsigned int)(cycles / (rte_get_tsc_hz() / MS_PER_S)), port->plan->name);
}

/* A port as an engine has it, looked for by its id or by its device. */
struct search {
	uint16_t id;
	const char *device; /* NULL: by its id */
	bool busy; /* one that the control side is at; else one that is there, which is marked */
	struct port_state *port;
};

/* What was let go has nothing to do with who has its id now. */
static bool
port_matches(struct port_state *port, const struct search *search)
{
	bool matches;

	rte_spinlock_lock(&port->lock);
	if (search->device != NULL)
		matches = strcmp(port->device, search->device) == 0;
	else
		matches = port->id == search->id;
	matches = matches && !port->let_go;
	rte_spinlock_unlock(&port->lock);
	return matches;
}

/* While `calls` is not 0 the engine stays. */
static int
port_search(struct weir_engine *engine, void *arg)
{
	struct search *search = arg;

	for (unsigned int i = 0; search->port == NULL && i < engine->port_count; i++) {
		struct port_state *port = &engine->ports[i];

		if (!port_matches(port, search))
			continue;
		if (search->busy ? __atomic_load_n(&port->busy, __ATOMIC_RELAXED) :
				   port_mark(port)) {
			__atomic_fetch_add(&port->calls, 1, __ATOMIC_ACQUIRE);
			search->port = port;
		}
	}
	return search->port != NULL;
}

static struct port_state *
port_next(struct search *search)
{
	search->port = NULL;
	engine_search_each(port_search, search);
	return search->port;
}

static void
port_done(struct port_state *port)
{
	__atomic_fetch_sub(&port->calls, 1, __ATOMIC_RELEASE);
}

/* A port that is set up has its workers wait for it only at the end of that. Whether all went in time. */
static bool
port_goes(struct port_state *port)
{
	bool in_time;

	GONE_LOG(WARNING,
		"'%s': port %s went away: it is polled no more, and what would be sent on it is "
		"dropped as port_gone\n",
		weir_engine_name(port->engine), port->plan->name);
	in_time = port_wait(port);
	port_changed(port, WEIR_PORT_GONE, 0);
	port_leave(port);
	port_await(port);
	return in_time;
}

/* All that are looked for; a device may have several ports. */
static void
ports_go(struct search search)
{
	bool in_time = true;

	while (port_next(&search) != NULL) {
		in_time &= port_goes(search.port);
		port_done(search.port);
	}
	search.busy = true;
	while (in_time && port_next(&search) != NULL) {
		in_time = port_wait(search.port);
		port_done(search.port);
	}
}

static int
port_removed(uint16_t id, enum rte_eth_event_type event __rte_unused, void *arg __rte_unused,
	void *ret __rte_unused)
{
	ports_go((struct search){ .id = id });
	return 0;
}

void
watch_device_gone(const char *device)
{
	ports_go((struct search){ .device = device });
}

/* Engines that have a port of the application's, and are told of it. */
static unsigned int adopters[RTE_MAX_ETHPORTS];
static pthread_mutex_t adopters_lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * DPDK keeps what is registered for a port when that goes, and it cannot be taken back any more.
 * So nothing is registered that may not be there later: one function, without an argument.
 */
int
watch_port(const struct port_state *port)
{
	int rc;

	pthread_mutex_lock(&adopters_lock);
	rc = rte_eth_dev_callback_register(port->id, RTE_ETH_EVENT_INTR_RMV, port_removed, NULL);
	if (rc == 0)
		rc = watch_port_link(port);
	if (rc == 0)
		adopters[port->id] += port->plan->adopted;
	pthread_mutex_unlock(&adopters_lock);
	return rc;
}

/* What is told right now is waited for: it asks for no lock that is held here. */
void
watch_port_over(const struct port_state *port)
{
	if (!port->plan->adopted)
		return;
	pthread_mutex_lock(&adopters_lock);
	if (--adopters[port->id] == 0) {
		while (rte_eth_dev_callback_unregister(port->id, RTE_ETH_EVENT_INTR_RMV,
			       port_removed, NULL) == -EAGAIN)
			usleep(LOOK_US);
		while (watch_port_link_over(port) == -EAGAIN)
			usleep(LOOK_US);
	}
	pthread_mutex_unlock(&adopters_lock);
}
