/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Ports whose interrupts are waited for, and never come: with `idle = interrupt` each packet then waits
 * for the end of a sleep. Drivers and devices that raise none for RX say that they do: e1000e by MSI-X,
 * for one.
 */
#include <string.h>

#include <rte_log.h>

#include "watch_private.h"

RTE_LOG_REGISTER(logtype_silent, lib.weir.wait, NOTICE);

/* Whether it is a PCI device that the kernel lends by vfio. */
static bool
device_is_vfio(const char *device)
{
	char driver[64];

	return device_driver(device, driver, sizeof(driver)) && strcmp(driver, "vfio-pci") == 0;
}

static void
silent_tell(const struct port_state *port, uint16_t queue)
{
	rte_log(RTE_LOG_WARNING, (uint32_t)logtype_silent,
		"'%s': port %s: packets of queue %u come, and never an interrupt: with idle = "
		"interrupt they wait for the end of a sleep; %sset idle = exponential\n",
		weir_engine_name(port->engine), port->plan->name, queue,
		device_is_vfio(port->device) ? "give EAL --vfio-intr=msi, or " : "");
}

static void
loop_silent(struct weir_engine *engine, const struct loop *loop)
{
	uint16_t id, queue;

	for (unsigned int i = 0; wait_queues_silent(loop->queues, &i, &id, &queue); i++)
		for (unsigned int p = 0; p < engine->port_count; p++) {
			struct port_seen *seen = &engine->watch->ports[p];

			if (engine->ports[p].id != id || seen->silent)
				continue;
			seen->silent = true;
			silent_tell(&engine->ports[p], queue);
		}
}

void
watch_silent(struct weir_engine *engine)
{
	for (unsigned int i = 0; i < engine->loop_count; i++)
		loop_silent(engine, &engine->loops[i]);
}
