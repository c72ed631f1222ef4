/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The links of ports: a link that goes down, is down at start, or whose interface is no more, is
 * told.
 */
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include "watch_private.h"

RTE_LOG_REGISTER(logtype_link, lib.weir.port, NOTICE);
#define LINK_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_link, __VA_ARGS__)

/* Changes that drivers have told of, of any port: who looks on sees that there is something to see. */
static uint32_t link_changes;

/*
 * On a thread of the driver, which may hold locks of its own: nothing is asked of it here, nor any
 * lock taken.
 */
static int
link_changed(uint16_t id __rte_unused, enum rte_eth_event_type event __rte_unused,
	void *arg __rte_unused, void *ret __rte_unused)
{
	__atomic_fetch_add(&link_changes, 1, __ATOMIC_RELEASE);
	return 0;
}

/* What is registered stays when the port goes, as with its removal. */
int
watch_port_link(const struct port_state *port)
{
	return rte_eth_dev_callback_register(port->id, RTE_ETH_EVENT_INTR_LSC, link_changed, NULL);
}

int
watch_port_link_over(const struct port_state *port)
{
	return rte_eth_dev_callback_unregister(port->id, RTE_ETH_EVENT_INTR_LSC, link_changed,
		NULL);
}

/* " (eth0)", or nothing, into buf, which is returned. */
static const char *
interface_text(const struct port_link *link, char buf[IFNAMSIZ + 4])
{
	buf[0] = '\0';
	if (link->interface[0] != '\0')
		snprintf(buf, IFNAMSIZ + 4, " (%s)", link->interface);
	return buf;
}

static void
link_tell(struct port_state *port, const struct port_link *link, enum link_state told)
{
	const char *engine = weir_engine_name(port->engine), *name = port->plan->name;
	char interface[IFNAMSIZ + 4], text[PORT_LINK_TEXT_SIZE];

	interface_text(link, interface);
	if (link->state == LINK_GONE) {
		LINK_LOG(WARNING,
			"'%s': port %s: its interface%s is gone: it is polled no more, and what "
			"would be sent on it is dropped as port_gone\n",
			engine, name, interface);
		port_changed(port, WEIR_PORT_GONE, 0);
	} else if (link->state == LINK_DOWN) {
		LINK_LOG(WARNING,
			"'%s': port %s: its link%s is down: nothing comes in or goes out\n", engine,
			name, interface);
		port_changed(port, WEIR_PORT_DOWN, 0);
	} else if (link->state == LINK_UNKNOWN) {
		LINK_LOG(NOTICE,
			"'%s': port %s: whether its link%s is up cannot be seen any more\n", engine,
			name, interface);
	} else if (told == LINK_DOWN) {
		LINK_LOG(NOTICE, "'%s': port %s: its link%s is up again%s\n", engine, name,
			interface, engine_port_link_text(link, text));
		port_changed(port, WEIR_PORT_UP, link->speed);
	}
}

static void
port_look(struct port_state *port, enum link_state *told)
{
	struct port_link link;

	/* As it was when the port was started. */
	engine_port_link(port, &link);
	if (*told == LINK_UNKNOWN && link.state == LINK_UP)
		*told = LINK_UP;
	engine_port_look(port, &link);
	if (link.state == *told)
		return;
	link_tell(port, &link, *told);
	if (link.state == LINK_GONE)
		port_forsake(port);
	*told = link.state;
}

static void
ports_look(struct weir_engine *engine, uint64_t now)
{
	engine->watch->looked_at = now;
	for (unsigned int i = 0; i < engine->port_count; i++)
		port_look(&engine->ports[i], &engine->watch->ports[i].link);
}

/* A link may take a second to come up when its port is started. */
void
watch_ports(struct weir_engine *engine, uint64_t now)
{
	struct watch *watch = engine->watch;
	uint32_t changes = __atomic_load_n(&link_changes, __ATOMIC_ACQUIRE);
	uint64_t since = RTE_MAX(watch->looked_at, stat_read(&engine->start_tsc));

	if ((watch->looked_at == 0 || changes == watch->changes) && now - since < rte_get_tsc_hz())
		return;
	watch->changes = changes;
	ports_look(engine, now);
}

void
watch_ports_last(struct weir_engine *engine)
{
	if (stat_read(&engine->start_tsc) != 0)
		ports_look(engine, rte_rdtsc());
}
