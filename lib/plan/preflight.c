/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "event/compat.h"
#include "preflight.h"
#include "sysfs.h"

/* Of a port that is none yet nobody knows how many queues it has. */
#define IMAGINED_QUEUES 1024
/* Enough for any plan: what is missing is told apart. */
#define IMAGINED_MEMORY (UINT64_C(1) << 50)

void
preflight_tell(struct preflight *preflight, bool fault, enum weir_mend mend, const char *subject,
	const char *text, const char *command)
{
	const struct weir_finding finding = {
		.size = sizeof(finding),
		.fault = fault,
		.mend = mend,
		.subject = subject,
		.text = text,
		.command = command,
	};

	preflight->faults += fault;
	preflight->found(&finding, preflight->arg);
}

static bool
is_port(const struct machine *machine, const char *device)
{
	for (unsigned int i = 0; i < machine->port_count; i++)
		if (strcmp(machine->ports[i].name, device) == 0)
			return true;
	return false;
}

static void
imagine_port(struct machine *machine, const char *root, const char *device)
{
	struct machine_port *port;
	char name[RTE_ETH_NAME_MAX_LEN], line[16];
	struct rte_pci_addr address;

	snprintf(name, sizeof(name), "%s", device);
	if (rte_pci_addr_parse(device, &address) == 0)
		rte_pci_device_name(&address, name, sizeof(name));
	if (device[0] == '\0' || is_port(machine, name) || machine->port_count == RTE_MAX_ETHPORTS)
		return;
	port = &machine->ports[machine->port_count];
	snprintf(port->name, sizeof(port->name), "%s", name);
	port->id = (uint16_t)machine->port_count++;
	port->driver = "";
	port->max_rx_queues = port->max_tx_queues = IMAGINED_QUEUES;
	port->mtu = RTE_ETHER_MTU;
	port->socket = -1;
	if (sysfs_line(root, line, sizeof(line), "/sys/bus/pci/devices/%s/numa_node", name))
		port->socket = atoi(line);
	if (port->socket >= MACHINE_SOCKETS)
		port->socket = -1;
}

/* The machine as it would be if nothing were missing. */
static struct machine *
imagine(const struct machine *machine, const struct weir_pipeline *pipeline, const char *root,
	bool no_huge)
{
	struct machine *whole = malloc(sizeof(*whole));

	if (whole == NULL)
		return NULL;
	*whole = *machine;
	whole->port_count = 0;
	for (unsigned int i = 0; i < pipeline->node_count; i++) {
		const char *device = plan_node_device(&pipeline->nodes[i]);

		if (device != NULL)
			imagine_port(whole, root, device);
	}
	whole->hugepages = !no_huge;
	for (unsigned int i = 0; i < MACHINE_SOCKETS; i++)
		whole->memory[i].heap_free = whole->memory[i].huge_free = whole->memory[i].huge_2m =
			IMAGINED_MEMORY;
	return whole;
}

static bool
is_made(const char *const *vdevs, const char *name)
{
	size_t n = strlen(name);

	for (; *vdevs != NULL; vdevs++)
		if (strncmp(*vdevs, name, n) == 0 && ((*vdevs)[n] == '\0' || (*vdevs)[n] == ','))
			return true;
	return false;
}

/* What EAL was told counts already; what it makes of it does not yet. */
static void
look_told(const struct weir_preflight_conf *conf, struct device_facts *facts)
{
	device_look_eal(facts);
	facts->probed = false;
	facts->no_pci = facts->pci && conf->no_pci;
	if (facts->pci || conf->vdevs == NULL)
		return;
	facts->allowed = is_made(conf->vdevs, facts->name);
	facts->probed = true;
}

static void
look_device(struct preflight *preflight, const struct node *node, const char *device)
{
	struct device_trouble trouble = { .mend = WEIR_MEND_NONE };
	struct device_facts facts;

	device_look(&facts, preflight->root, node->name, device);
	look_told(&preflight->conf, &facts);
	if ((facts.pci || !facts.allowed) && device_judge(&facts, &trouble))
		preflight_tell(preflight, true, trouble.mend, facts.name, trouble.text,
			trouble.command);
}

/* Each device once, though several nodes name it. */
static void
look_devices(struct preflight *preflight, const struct weir_pipeline *pipeline)
{
	for (unsigned int i = 0; i < pipeline->node_count; i++) {
		const char *device = plan_node_device(&pipeline->nodes[i]);
		bool seen = device == NULL || device[0] == '\0';

		for (unsigned int k = 0; k < i && !seen; k++) {
			const char *other = plan_node_device(&pipeline->nodes[k]);

			seen = other != NULL && strcmp(device, other) == 0;
		}
		if (!seen)
			look_device(preflight, &pipeline->nodes[i], device);
	}
}

/* A worker that polls a port of another socket: each port once. */
static void
look_sockets(struct preflight *preflight, const struct weir_plan *plan)
{
	bool told[RTE_MAX_ETHPORTS] = { false };
	char text[256], cpus[SYSFS_CPUS_TEXT], command[SYSFS_CPUS_TEXT + 32];

	for (unsigned int i = 0; i < plan->worker_count; i++) {
		const struct plan_worker *worker = &plan->workers[i];
		const struct plan_port *port;

		if (worker->port >= plan->port_count || told[worker->port])
			continue;
		port = &plan->ports[worker->port];
		if (port->socket < 0 || port->socket == worker->socket)
			continue;
		told[worker->port] = true;
		snprintf(text, sizeof(text),
			"port %s is on socket %d, but [%s %s] works on lcore %u, socket %d",
			port->name, port->socket, plan_node_kind(plan_node(plan, worker)),
			plan_node(plan, worker)->name, worker->lcore, worker->socket);
		sysfs_line(preflight->root, cpus, sizeof(cpus),
			"/sys/devices/system/node/node%d/cpulist", port->socket);
		snprintf(command, sizeof(command), "-l %s", cpus);
		preflight_tell(preflight, false,
			cpus[0] != '\0' ? WEIR_MEND_OPTION : WEIR_MEND_NONE, port->name, text,
			cpus[0] != '\0' ? command : "");
	}
}

static struct weir_plan *
plan_whole(const struct preflight *preflight, const struct weir_pipeline *pipeline,
	const struct machine *machine, struct weir_error *error)
{
	struct weir_plan_conf conf;
	struct machine *whole =
		imagine(machine, pipeline, preflight->root, preflight->conf.no_huge);
	struct weir_plan *plan;

	if (whole == NULL) {
		plan_no_memory(error);
		return NULL;
	}
	weir_plan_conf_init(&conf);
	conf.lcores = preflight->conf.lcores;
	plan = plan_make(pipeline, &conf, whole, error);
	free(whole);
	return plan;
}

int
preflight_look(struct preflight *preflight, const struct weir_pipeline *pipeline,
	const struct machine *machine, struct weir_error *error)
{
	struct weir_error own = { 0 };
	struct weir_plan *plan;

	if (pipeline == NULL) {
		preflight_memory(preflight, NULL);
		return preflight->faults;
	}
	plan = plan_whole(preflight, pipeline, machine, &own);
	if (plan == NULL)
		return weir_error_set(error, own.code, "%s", own.text);
	preflight_memory(preflight, plan);
	look_devices(preflight, pipeline);
	look_sockets(preflight, plan);
	preflight_lcores(preflight, plan);
	weir_plan_free(plan);
	return preflight->faults;
}

void
weir_preflight_conf_init_sized(struct weir_preflight_conf *conf, size_t size)
{
	const struct weir_preflight_conf defaults = { .lcores = NULL };

	sized_init(conf, &defaults, size, sizeof(defaults));
}

int
weir_preflight(const struct weir_pipeline *pipeline, const struct weir_preflight_conf *conf,
	void (*found)(const struct weir_finding *finding, void *arg), void *arg,
	struct weir_error *error)
{
	struct preflight preflight = { .root = "", .found = found, .arg = arg };
	struct machine *machine;
	int rc;

	if (found == NULL)
		return weir_error_set(error, EINVAL, "nobody to tell what is found");
	rc = conf != NULL ? SIZED_TAKE(&preflight.conf, conf, lcores) : 0;
	if (rc != 0)
		return weir_error_set(error, -rc, SIZED_WHY(rc), "weir_preflight_conf");
	if (pipeline == NULL)
		return preflight_look(&preflight, NULL, NULL, error);
	if (!eal_is_there())
		return weir_error_set(error, EINVAL, EAL_MISSING, __func__);
	rc = weir_pipeline_check(pipeline, error);
	if (rc < 0)
		return rc;
	machine = malloc(sizeof(*machine));
	if (machine == NULL)
		return plan_no_memory(error);
	machine_read(machine);
	rc = preflight_look(&preflight, pipeline, machine, error);
	free(machine);
	return rc;
}
