/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "preflight.h"
#include "sysfs.h"

#define MB (UINT64_C(1) << 20)
#define HUGEPAGE (2 * MB)
/* Where no plan says how much: so much, but no more than half of what is free. */
#define NO_PLAN (512 * MB)
/* EAL's without hugepages: what it takes unasked, and of it for itself; and steps of what is advised. */
#define HEAP_DEFAULT_MB 64
#define HEAP_OWN (4 * MB)
#define HEAP_STEP (64 * MB)
#define MOUNT "mkdir -p /dev/hugepages && mount -t hugetlbfs -o pagesize=2M none /dev/hugepages"

static bool
add_size(const char *name, void *arg)
{
	uint64_t kb;

	/* What a folder's name says of it is looked up by whoever looks below it. */
	if (sscanf(name, "hugepages-%" SCNu64 "kB", &kb) == 1 && kb > 2048)
		*(uint64_t *)arg = kb;
	return false;
}

/* Bytes free in hugepages of a socket: of 2 MB, and of what is larger. */
static uint64_t
free_bytes(const char *root, unsigned int socket)
{
	char folder[SYSFS_PATH];
	uint64_t larger = 0, bytes;

	snprintf(folder, sizeof(folder), "/sys/devices/system/node/node%u/hugepages", socket);
	bytes = sysfs_number(root, "%s/hugepages-2048kB/free_hugepages", folder) * HUGEPAGE;
	sysfs_each(root, folder, add_size, &larger);
	if (larger != 0)
		bytes += sysfs_number(root, "%s/hugepages-%" PRIu64 "kB/free_hugepages", folder,
				 larger) *
			larger * 1024;
	return bytes;
}

/* What the kernel could make hugepages of. More asked of it than that, it kills processes for it. */
static uint64_t
free_memory(const char *root, unsigned int socket)
{
	char path[SYSFS_PATH], line[128];
	uint64_t kb = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/sys/devices/system/node/node%u/meminfo", root, socket);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "Node %*u MemFree: %" SCNu64 " kB", &kb) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return kb * 1024;
}

/* What else has hugepages there keeps them. */
static void
tell_socket(struct preflight *preflight, unsigned int socket, uint64_t wanted, uint64_t there,
	bool fault)
{
	uint64_t all = sysfs_number(preflight->root,
		"/sys/devices/system/node/node%u/hugepages/hugepages-2048kB/nr_hugepages", socket);
	uint64_t left = free_memory(preflight->root, socket);
	char text[256], command[HUGEPAGES_TEXT];
	size_t used;

	used = (size_t)snprintf(text, sizeof(text),
		"socket %u has %" PRIu64 " MB free in hugepages, and %" PRIu64
		" MB are wanted there",
		socket, there / MB, (wanted + MB - 1) / MB);
	if (wanted - there > left / 4 * 3) {
		snprintf(text + used, sizeof(text) - used,
			"; it has no more than %" PRIu64
			" MB of memory free: end what uses it, or let weir take less",
			left / MB);
		preflight_tell(preflight, fault, WEIR_MEND_NONE, "memory", text, "");
		return;
	}
	plan_hugepages_text(socket, all + (wanted - there + HUGEPAGE - 1) / HUGEPAGE, command);
	preflight_tell(preflight, fault, WEIR_MEND_SAFE, "memory", text, command);
}

static void
tell_asked(struct preflight *preflight, unsigned int socket, uint64_t asked, uint64_t there)
{
	uint64_t all = sysfs_number(preflight->root,
		"/sys/devices/system/node/node%u/hugepages/hugepages-2048kB/nr_hugepages", socket);
	char text[160], command[HUGEPAGES_TEXT];

	snprintf(text, sizeof(text),
		"-m has EAL take %" PRIu64 " MB at the start, and %" PRIu64
		" MB are free in hugepages (without it EAL takes what is needed)",
		asked / MB, there / MB);
	plan_hugepages_text(socket, all + (asked - there + HUGEPAGE - 1) / HUGEPAGE, command);
	preflight_tell(preflight, true, WEIR_MEND_RUN, "memory", text, command);
}

static bool
has_port(const struct weir_plan *plan, unsigned int socket)
{
	for (unsigned int i = 0; i < plan->port_count; i++)
		if (plan->ports[i].socket == (int)socket)
			return true;
	return false;
}

/* The lcores of a socket without any are left out, unless a port is there or all sockets are so. */
static bool
is_left_out(const struct preflight *preflight, const struct weir_plan *plan, unsigned int socket,
	uint64_t there)
{
	if (there > 0 || has_port(plan, socket))
		return false;
	for (unsigned int i = 0; i < MACHINE_SOCKETS; i++)
		if (free_bytes(preflight->root, i) > 0)
			return true;
	return false;
}

/* EAL takes what it needs for itself there, and panics where it cannot. */
static unsigned int
main_socket(const struct weir_plan *plan)
{
	const unsigned int socket = plan != NULL ?
		(unsigned int)plan->machine->lcores[plan->machine->main_lcore].socket :
		rte_lcore_to_socket_id(rte_get_main_lcore());

	return socket < MACHINE_SOCKETS ? socket : 0;
}

static void
look_plan(struct preflight *preflight, const struct weir_plan *plan)
{
	const unsigned int first = main_socket(plan);
	uint64_t bytes[MACHINE_SOCKETS] = { 0 };

	plan_socket_bytes(plan, bytes);
	for (unsigned int i = 0; i < MACHINE_SOCKETS; i++) {
		bool used = bytes[i] != 0 || i == first;
		uint64_t there = used ? free_bytes(preflight->root, i) : 0;

		if (used && there < bytes[i] + PLAN_BESIDE)
			tell_socket(preflight, i, bytes[i] + PLAN_BESIDE, there,
				i == first || !is_left_out(preflight, plan, i, there));
	}
}

static void
look_any(struct preflight *preflight)
{
	const unsigned int first = main_socket(NULL);

	if (free_bytes(preflight->root, first) == 0)
		tell_socket(preflight, first,
			RTE_MIN(NO_PLAN, free_memory(preflight->root, first) / 2), 0, true);
}

/* The folder where hugetlbfs is mounted that EAL would take; "" : none. */
static void
find_mount(const char *root, char folder[SYSFS_PATH])
{
	char path[SYSFS_PATH], line[1024], where[SYSFS_PATH], kind[32];
	FILE *file;

	folder[0] = '\0';
	snprintf(path, sizeof(path), "%s/proc/mounts", root);
	file = fopen(path, "re");
	while (file != NULL && folder[0] == '\0' && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "%*s %511s %31s", where, kind) == 2 &&
			strcmp(kind, "hugetlbfs") == 0)
			snprintf(folder, SYSFS_PATH, "%s", where);
	if (file != NULL)
		fclose(file);
}

static void
look_mount(struct preflight *preflight)
{
	char folder[SYSFS_PATH], path[2 * SYSFS_PATH], text[SYSFS_PATH + 64],
		command[SYSFS_PATH + 64];

	find_mount(preflight->root, folder);
	if (folder[0] == '\0') {
		preflight_tell(preflight, true, WEIR_MEND_SAFE, "memory",
			"hugetlbfs is not mounted (without it: --in-memory)", MOUNT);
		return;
	}
	snprintf(path, sizeof(path), "%s%s", preflight->root, folder);
	if (access(path, W_OK) == 0)
		return;
	snprintf(text, sizeof(text), "user %u may not write in %s (without that: --in-memory)",
		(unsigned int)geteuid(), folder);
	snprintf(command, sizeof(command), "chown %u %s", (unsigned int)geteuid(), folder);
	preflight_tell(preflight, true, WEIR_MEND_RUN, "memory", text, command);
}

/* Without hugepages all memory is one heap, of which EAL takes a little for itself. */
static void
look_heap(struct preflight *preflight, const struct weir_plan *plan)
{
	uint64_t there =
		MB * (preflight->conf.memory_mb != 0 ? preflight->conf.memory_mb : HEAP_DEFAULT_MB);
	char text[160], command[32];

	if (plan == NULL || plan->memory + HEAP_OWN <= there)
		return;
	snprintf(text, sizeof(text),
		"--no-huge has EAL take %" PRIu64 " MB%s, and %" PRIu64 " MB are wanted",
		there / MB, preflight->conf.memory_mb != 0 ? "" : " without -m",
		(plan->memory + HEAP_OWN + MB - 1) / MB);
	snprintf(command, sizeof(command), "-m %" PRIu64,
		(uint64_t)RTE_ALIGN_CEIL(plan->memory + HEAP_OWN, HEAP_STEP) / MB);
	preflight_tell(preflight, true, WEIR_MEND_OPTION, "memory", text, command);
}

/* What -m says is taken at the start, from whatever sockets have it. */
static void
look_asked(struct preflight *preflight, const struct weir_plan *plan)
{
	uint64_t asked = preflight->conf.memory_mb * MB, there = 0;

	for (unsigned int i = 0; i < MACHINE_SOCKETS; i++)
		there += free_bytes(preflight->root, i);
	if (asked > there)
		tell_asked(preflight, main_socket(plan), asked, there);
}

void
preflight_memory(struct preflight *preflight, const struct weir_plan *plan)
{
	if (preflight->conf.no_huge) {
		look_heap(preflight, plan);
		return;
	}
	if (plan != NULL)
		look_plan(preflight, plan);
	else
		look_any(preflight);
	look_asked(preflight, plan);
	if (!preflight->conf.in_memory)
		look_mount(preflight);
}
