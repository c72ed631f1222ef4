/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <dirent.h>
#include <inttypes.h>
#include <numa.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_string_fns.h>

#include "plan_private.h"

#define LOCAL_DISTANCE 10
#define REMOTE_DISTANCE 20

void
machine_distances(struct machine *machine)
{
	unsigned int i;

	memset(machine->distance, REMOTE_DISTANCE, sizeof(machine->distance));
	for (i = 0; i < MACHINE_SOCKETS; i++)
		machine->distance[i][i] = LOCAL_DISTANCE;
}

static void
read_distances(struct machine *machine)
{
	int i, k, distance;

	machine_distances(machine);
	if (numa_available() < 0)
		return;
	for (i = 0; i <= numa_max_node() && i < MACHINE_SOCKETS; i++)
		for (k = 0; k <= numa_max_node() && k < MACHINE_SOCKETS; k++) {
			distance = numa_distance(i, k);
			if (distance > 0 && distance <= UINT8_MAX)
				machine->distance[i][k] = (uint8_t)distance;
		}
}

/* The socket of an lcore; where its CPUs are of several, that of the first. */
static int
lcore_socket(unsigned int lcore, const rte_cpuset_t *cpus)
{
	int socket = (int)rte_lcore_to_socket_id(lcore);
	int cpu;

	for (cpu = 0; socket < 0 && cpu < CPU_SETSIZE && numa_available() == 0; cpu++)
		if (CPU_ISSET(cpu, cpus))
			socket = numa_node_of_cpu(cpu);
	return socket >= 0 && socket < MACHINE_SOCKETS ? socket : 0;
}

/* The CPUs that the process could use when it began: EAL binds the thread that calls it. */
static rte_cpuset_t
process_cpus(void)
{
	rte_cpuset_t cpus = rte_lcore_cpuset(rte_get_main_lcore());

	for (unsigned int i = 0; i < CPU_SETSIZE && numa_available() == 0; i++)
		if (i < numa_all_cpus_ptr->size && numa_bitmask_isbitset(numa_all_cpus_ptr, i))
			CPU_SET(i, &cpus);
	return cpus;
}

static void
read_lcores(struct machine *machine)
{
	rte_cpuset_t any = process_cpus();
	unsigned int main_lcore = rte_get_main_lcore();
	rte_cpuset_t main_cpus = rte_lcore_cpuset(main_lcore);
	int main_socket = lcore_socket(main_lcore, &main_cpus);

	machine->main_lcore = main_lcore;
	for (unsigned int i = 0; i < RTE_MAX_LCORE; i++) {
		struct machine_lcore *lcore = &machine->lcores[i];

		lcore->role = rte_eal_lcore_role(i);
		lcore->present = lcore->role == ROLE_RTE;
		lcore->cpus = lcore->role != ROLE_OFF ? rte_lcore_cpuset(i) : any;
		lcore->socket =
			lcore->role != ROLE_OFF ? lcore_socket(i, &lcore->cpus) : main_socket;
	}
}

/* Mbit/s of the link, or what the port can do at best where that is not known yet; 0: neither. */
static uint32_t
port_speed(uint16_t id, const struct rte_eth_dev_info *info)
{
	static const struct {
		uint32_t capa;
		uint32_t speed;
	} speeds[] = {
		{ RTE_ETH_LINK_SPEED_200G, RTE_ETH_SPEED_NUM_200G },
		{ RTE_ETH_LINK_SPEED_100G, RTE_ETH_SPEED_NUM_100G },
		{ RTE_ETH_LINK_SPEED_56G, RTE_ETH_SPEED_NUM_56G },
		{ RTE_ETH_LINK_SPEED_50G, RTE_ETH_SPEED_NUM_50G },
		{ RTE_ETH_LINK_SPEED_40G, RTE_ETH_SPEED_NUM_40G },
		{ RTE_ETH_LINK_SPEED_25G, RTE_ETH_SPEED_NUM_25G },
		{ RTE_ETH_LINK_SPEED_20G, RTE_ETH_SPEED_NUM_20G },
		{ RTE_ETH_LINK_SPEED_10G, RTE_ETH_SPEED_NUM_10G },
		{ RTE_ETH_LINK_SPEED_5G, RTE_ETH_SPEED_NUM_5G },
		{ RTE_ETH_LINK_SPEED_2_5G, RTE_ETH_SPEED_NUM_2_5G },
		{ RTE_ETH_LINK_SPEED_1G, RTE_ETH_SPEED_NUM_1G },
	};
	struct rte_eth_link link;
	unsigned int i;

	if (rte_eth_link_get_nowait(id, &link) == 0 && link.link_speed != RTE_ETH_SPEED_NUM_NONE &&
		link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN)
		return link.link_speed;
	for (i = 0; i < RTE_DIM(speeds); i++)
		if ((info->speed_capa & speeds[i].capa) != 0)
			return speeds[i].speed;
	return 0;
}

/*
 * What a driver can have of the queues that it says. net_tap tells other processes the files of its queues, of both
 * directions, in one message, and writes behind that where it has no room for them.
 */
static uint16_t
queues_true(const struct rte_eth_dev_info *info, uint16_t said)
{
	const char *driver = info->driver_name != NULL ? info->driver_name : "";
	bool tap = strcmp(driver, "net_tap") == 0 || strcmp(driver, "net_tun") == 0;

	return tap ? (uint16_t)RTE_MIN(said, RTE_MP_MAX_FD_NUM / 2) : said;
}

static void
read_ports(struct machine *machine)
{
	struct rte_eth_dev_info info;
	uint16_t id;

	RTE_ETH_FOREACH_DEV (id) {
		struct machine_port *port = &machine->ports[machine->port_count];

		if (rte_eth_dev_get_name_by_port(id, port->name) != 0 ||
			rte_eth_dev_info_get(id, &info) != 0)
			continue;
		port->id = id;
		port->socket = rte_eth_dev_socket_id(id);
		if (port->socket < 0 || port->socket >= MACHINE_SOCKETS)
			port->socket = -1;
		port->driver = info.driver_name;
		port->max_rx_queues = queues_true(&info, info.max_rx_queues);
		port->max_tx_queues = queues_true(&info, info.max_tx_queues);
		port->rx_ring = info.default_rxportconf.ring_size;
		port->tx_ring = info.default_txportconf.ring_size;
		port->rx_lim = info.rx_desc_lim;
		port->tx_lim = info.tx_desc_lim;
		port->speed = port_speed(id, &info);
		if (rte_eth_dev_get_mtu(id, &port->mtu) != 0)
			port->mtu = 0;
		port->scatter = (info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) != 0;
		port->cut = port_room(&info);
		port->rx_offloads = info.rx_offload_capa;
		port->tx_offloads = info.tx_offload_capa;
		port->rss = info.flow_type_rss_offloads;
		port->rss_key = info.hash_key_size;
		port->reta = info.reta_size;
		port_find(id, &port->found);
		machine->port_count++;
	}
}

/* A number in a file of one line; 0 where there is none. */
static uint64_t
read_number(const char *folder, const char *file)
{
	char path[512];
	uint64_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%" SCNu64, &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

/* Add up the hugepages of every size below a folder. False: there is no such folder. */
static bool
read_hugepages(const char *folder, struct machine_memory *memory)
{
	char path[384];
	struct dirent *entry;
	uint64_t kb;
	DIR *dir = opendir(folder);

	if (dir == NULL)
		return false;
	while ((entry = readdir(dir)) != NULL) {
		if (sscanf(entry->d_name, "hugepages-%" SCNu64 "kB", &kb) != 1)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		memory->huge_free += read_number(path, "free_hugepages") * kb * 1024;
		if (kb == 2048)
			memory->huge_2m = read_number(path, "nr_hugepages") * kb * 1024;
	}
	closedir(dir);
	return true;
}

static void
read_memory(struct machine *machine)
{
	struct rte_malloc_socket_stats stats;
	char folder[80];
	unsigned int i;

	machine->hugepages = rte_eal_has_hugepages() != 0;
	machine->socket_count = rte_socket_count();
	for (i = 0; i < machine->socket_count; i++) {
		int socket = rte_socket_id_by_idx(i);

		if (socket < 0 || socket >= MACHINE_SOCKETS)
			continue;
		if (rte_malloc_get_socket_stats(socket, &stats) == 0) {
			machine->memory[socket].heap = stats.heap_totalsz_bytes;
			machine->memory[socket].heap_free = stats.heap_freesz_bytes;
		}
		if (!machine->hugepages)
			continue;
		snprintf(folder, sizeof(folder), "/sys/devices/system/node/node%d/hugepages",
			socket);
		if (!read_hugepages(folder, &machine->memory[socket]))
			read_hugepages("/sys/kernel/mm/hugepages", &machine->memory[socket]);
	}
}

void
machine_read(struct machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	machine->queue_find = port_queue_find;
	wait_power(&machine->power_monitor, &machine->power_pause);
	read_lcores(machine);
	read_distances(machine);
	read_ports(machine);
	read_memory(machine);
}
