/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * A port that was let go and comes back: under the name that it had, by whoever gives it to EAL again, or
 * under its PCI address with the driver of the kernel that lent it before; or, of a device in software, with
 * the interface of the kernel that was under it. It is set up as it was, and its workers are told to use it
 * again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_bus.h>
#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include "engine_private.h"
#include "sink/sink.h"

RTE_LOG_REGISTER(logtype_port_back, lib.weir.port, NOTICE);
#define BACK_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_port_back, __VA_ARGS__)

/* Seconds after which a removal is over that waited for the device to be let go. */
#define AWAY_S 3

bool
device_driver(const char *device, char *driver, size_t size)
{
	char path[128], link[256];
	const char *name = NULL;
	ssize_t n;

	driver[0] = '\0';
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.64s/driver", device);
	n = readlink(path, link, sizeof(link) - 1);
	if (n > 0) {
		link[n] = '\0';
		name = strrchr(link, '/');
	}
	if (name != NULL)
		snprintf(driver, size, "%s", name + 1);
	return driver[0] != '\0';
}

void
port_device(struct port_state *port)
{
	const struct rte_devargs *args;
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(port->id, &info) != 0 || info.device == NULL)
		return;
	args = rte_dev_devargs(info.device);
	/* It may be looked for already. */
	rte_spinlock_lock(&port->lock);
	snprintf(port->device, sizeof(port->device), "%s", rte_dev_name(info.device));
	rte_spinlock_unlock(&port->lock);
	snprintf(port->bus, sizeof(port->bus), "%s", rte_bus_name(rte_dev_bus(info.device)));
	if (strcmp(port->bus, "pci") == 0)
		device_driver(port->device, port->driver, sizeof(port->driver));
	if (port->args == NULL && args != NULL && args->args != NULL)
		port->args = strdup(args->args);
}

/* Whether it is there: to EAL, or to be given to it. */
static bool
port_is_there(const struct port_state *port, uint16_t *id)
{
	char driver[sizeof(port->driver)];

	if (rte_eth_dev_get_port_by_name(port->plan->name, id) == 0)
		return true;
	*id = RTE_MAX_ETHPORTS;
	if (port_interface_back(port))
		return true;
	return port->driver[0] != '\0' && device_driver(port->device, driver, sizeof(driver)) &&
		strcmp(driver, port->driver) == 0;
}

static int
port_probe(const struct port_state *port, uint16_t *id, struct weir_error *error)
{
	int rc = 0;

	if (*id == RTE_MAX_ETHPORTS)
		rc = rte_eal_hotplug_add(port->bus, port->device,
			port->args != NULL ? port->args : "");
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name(port->plan->name, id);
	return rc == 0 ? 0 : weir_error_set(error, -rc, "EAL does not take it");
}

/*
 * From now on it may go away again; until it runs whoever tells that waits, and nobody asks its driver, as
 * of a port that was stopped.
 */
static void
port_admit(struct port_state *port, uint16_t id)
{
	rte_spinlock_lock(&port->lock);
	port->id = id;
	port->gone = false;
	port->let_go = false;
	port->started = false;
	port->stopped = true;
	port->closed = false;
	__atomic_store_n(&port->busy, 1, __ATOMIC_RELAXED);
	rte_spinlock_unlock(&port->lock);
}

/* Its workers leave it alone: what is theirs may be written until they are told that it is there. */
static void
port_workers_move(struct port_state *port)
{
	struct weir_engine *engine = port->engine;

	for (unsigned int i = 0; i < engine->seat_count; i++) {
		const struct seat *seat = &engine->seats[i];

		if (!port_has(port, seat))
			continue;
		seat->worker->port = port->id;
		if (seat->node->source && seat->node->source_ops->back != NULL)
			seat->node->source_ops->back(seat->worker, seat->worker->state);
	}
}

/*
 * Unless it went away again meanwhile: then that is for who lets go, as is one that does not run; but for one
 * that somebody else gave to EAL.
 */
static bool
port_join(struct port_state *port, bool runs, bool ours)
{
	struct weir_engine *engine = port->engine;

	rte_spinlock_lock(&port->lock);
	port->stopped = false;
	port->started = runs;
	port->let_go = !runs && !ours;
	if (runs)
		port_link_init(port);
	runs = runs && !port->gone;
	port->gone = !runs;
	port->returns += runs;
	/* Before anything comes from it, and before it may go again. */
	if (runs) {
		port_changed_locked(port, WEIR_PORT_BACK, 0);
		engine_loops_return(port);
	}
	for (unsigned int i = 0; runs && i < engine->seat_count; i++)
		if (port_has(port, &engine->seats[i]))
			__atomic_store_n(&engine->seats[i].worker->port_gone, false,
				__ATOMIC_RELEASE);
	rte_spinlock_unlock(&port->lock);
	return runs;
}

static int
port_run_again(struct port_state *port, uint16_t id, bool ours, struct weir_error *error)
{
	uint16_t before = port->id;
	int rc;

	port_admit(port, id);
	rc = engine_tell_port(port);
	if (rc != 0)
		weir_error_set(error, -rc, "it cannot be told that it goes away");
	/* Those of the device that went away went with it. */
	port->rules = (struct port_rules){ 0 };
	if (rc == 0)
		rc = port_begin(port, error);
	if (rc == 0) {
		rc = port_complete(port, error);
		if (rc != 0)
			port_stop(id, port->plan->keys, &port->rules);
	}
	if (rc == 0) {
		engine_pools_flush(port->engine);
		port_workers_move(port);
		if (id != before)
			sink_ports_moved();
	}
	if (!port_join(port, rc == 0, ours) && rc == 0)
		rc = weir_error_set(error, ENODEV, "it went away again");
	port_release(port);
	return rc;
}

static void
port_take_up(struct port_state *port, uint16_t id, struct slow *slow)
{
	const struct plan_port *plan = port->plan;
	const char *engine = weir_engine_name(port->engine);
	struct weir_error error = { .code = 0 };
	bool ours = id == RTE_MAX_ETHPORTS;

	slow_at(slow, "the set-up of port %s by its driver %s", plan->name, plan->driver);
	if (port_probe(port, &id, &error) == 0 && port_run_again(port, id, ours, &error) == 0)
		BACK_LOG(NOTICE, "'%s': port %s is back: it is used again\n", engine, plan->name);
	else
		BACK_LOG(WARNING,
			"'%s': port %s is back, but cannot be used: %s; it is left until it comes "
			"back another time\n",
			engine, plan->name, error.text);
}

/*
 * A device that is there was away, if that was seen; or if the kernel has had the time to take it away
 * since it was let go: it may have been back before anybody looked.
 */
static bool
port_came_back(struct port_state *port)
{
	uint64_t since = port->let_go_tsc;
	bool away = port->absent || (since != 0 && rte_rdtsc() - since > AWAY_S * rte_get_tsc_hz());

	if (away) {
		port->absent = false;
		port->let_go_tsc = 0;
	}
	return away;
}

void
engine_ports_take_up(struct weir_engine *engine)
{
	for (unsigned int i = 0; engine->conf.hotplug && i < engine->port_count; i++) {
		struct port_state *port = &engine->ports[i];
		struct slow slow;
		uint16_t id;

		if (!port->let_go)
			continue;
		if (!port_is_there(port, &id)) {
			port->absent = true;
		} else if (port_came_back(port)) {
			slow_begin(&slow, engine);
			port_take_up(port, id, &slow);
			slow_end(&slow);
		}
	}
}
