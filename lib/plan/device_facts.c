/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_devargs.h>
#include <rte_eal.h>

#include "device.h"
#include "sysfs.h"

#define PCI "/sys/bus/pci/devices/"

static bool
is_network(const char *root, const char *name)
{
	return sysfs_number(root, PCI "%s/class", name) >> 16 == 0x02;
}

static bool
add_nic(const char *name, void *arg)
{
	struct device_facts *facts = arg;
	size_t used = strlen(facts->nics);

	if (is_network(facts->root, name) && used + strlen(name) + 3 < sizeof(facts->nics))
		snprintf(facts->nics + used, sizeof(facts->nics) - used, "%s%s",
			used > 0 ? ", " : "", name);
	return false;
}

/* Of several, one that is up: true ends the search. */
static bool
take_interface(const char *name, void *arg)
{
	struct device_facts *facts = arg;

	facts->up = (sysfs_number(facts->root, "/sys/class/net/%s/flags", name) & 1) != 0;
	if (facts->up || facts->interface[0] == '\0')
		snprintf(facts->interface, sizeof(facts->interface), "%s", name);
	return facts->up;
}

/* virtio has a device of its own between the PCI device and its interface. */
static bool
look_below(const char *name, void *arg)
{
	struct device_facts *facts = arg;
	char folder[SYSFS_PATH];

	if (strncmp(name, "virtio", 6) != 0)
		return false;
	snprintf(folder, sizeof(folder), PCI "%s/%s/net", facts->name, name);
	return sysfs_each(facts->root, folder, take_interface, facts);
}

/* Whether a line of a table of routes is the default one, over that interface. */
static bool
is_default_route(const char *line, bool ipv6, const char *interface)
{
	char name[64] = "", to[40] = "", bits[16] = "";

	if (!ipv6)
		return sscanf(line, "%63s %15s", name, to) == 2 && strcmp(to, "00000000") == 0 &&
			strcmp(name, interface) == 0;
	return sscanf(line, "%39s %15s %*s %*s %*s %*s %*s %*s %*s %63s", to, bits, name) == 3 &&
		strspn(to, "0") == strlen(to) && strcmp(bits, "00") == 0 &&
		strcmp(name, interface) == 0;
}

static bool
has_default_route(const char *root, bool ipv6, const char *interface)
{
	char path[SYSFS_PATH], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/net/%sroute", root, ipv6 ? "ipv6_" : "");
	file = fopen(path, "re");
	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
		found = is_default_route(line, ipv6, interface);
	if (file != NULL)
		fclose(file);
	return found;
}

static void
look_interface(struct device_facts *facts)
{
	char folder[SYSFS_PATH];

	snprintf(folder, sizeof(folder), PCI "%s/net", facts->name);
	sysfs_each(facts->root, folder, take_interface, facts);
	if (facts->interface[0] == '\0') {
		snprintf(folder, sizeof(folder), PCI "%s", facts->name);
		sysfs_each(facts->root, folder, look_below, facts);
	}
	if (facts->interface[0] == '\0')
		return;
	facts->routed = has_default_route(facts->root, false, facts->interface) ||
		has_default_route(facts->root, true, facts->interface);
}

/* What the kernel lets be in a group beside a device under vfio. */
static bool
bars(const char *driver)
{
	static const char *const harmless[] = { "", "vfio-pci", "pci-stub", "pcieport" };

	for (unsigned int i = 0; i < RTE_DIM(harmless); i++)
		if (strcmp(driver, harmless[i]) == 0)
			return false;
	return true;
}

static bool
look_other(const char *name, void *arg)
{
	struct device_facts *facts = arg;
	char driver[DEVICE_NAME];

	sysfs_link(facts->root, driver, sizeof(driver), PCI "%s/driver", name);
	if (strcmp(name, facts->name) == 0 || !bars(driver))
		return false;
	snprintf(facts->other, sizeof(facts->other), "%s", name);
	snprintf(facts->other_driver, sizeof(facts->other_driver), "%s", driver);
	return true;
}

static void
look_group(struct device_facts *facts)
{
	char folder[SYSFS_PATH];

	if (!sysfs_link(facts->root, facts->group, sizeof(facts->group), PCI "%s/iommu_group",
		    facts->name))
		return;
	snprintf(folder, sizeof(folder), PCI "%s/iommu_group/devices", facts->name);
	sysfs_each(facts->root, folder, look_other, facts);
	snprintf(facts->vfio_node, sizeof(facts->vfio_node), "/dev/vfio/%s%s",
		facts->no_iommu ? "noiommu-" : "", facts->group);
	facts->vfio_node_there = sysfs_there(facts->root, "%s", facts->vfio_node);
}

static void
look_functions(struct device_facts *facts)
{
	facts->vfs = (unsigned int)sysfs_number(facts->root, PCI "%s/sriov_numvfs", facts->name);
	sysfs_link(facts->root, facts->vf, sizeof(facts->vf), PCI "%s/virtfn0", facts->name);
	if (sysfs_link(facts->root, facts->pf, sizeof(facts->pf), PCI "%s/physfn", facts->name))
		sysfs_link(facts->root, facts->pf_driver, sizeof(facts->pf_driver), PCI "%s/driver",
			facts->pf);
}

static void
look_pci(struct device_facts *facts)
{
	facts->there = sysfs_there(facts->root, PCI "%s", facts->name);
	if (!facts->there) {
		sysfs_each(facts->root, PCI, add_nic, facts);
		return;
	}
	facts->network = is_network(facts->root, facts->name);
	facts->vendor = (unsigned int)sysfs_number(facts->root, PCI "%s/vendor", facts->name);
	sysfs_link(facts->root, facts->driver, sizeof(facts->driver), PCI "%s/driver", facts->name);
	look_interface(facts);
	look_group(facts);
	look_functions(facts);
}

static bool
is_anything(const char *name __rte_unused, void *arg __rte_unused)
{
	return true;
}

static void
look_machine(struct device_facts *facts)
{
	static const char tables[] = "/sys/firmware/acpi/tables/";
	const char *root = facts->root;
	char line[1024];

	facts->vfio = sysfs_there(root, "/sys/bus/pci/drivers/vfio-pci");
	facts->may_no_iommu = sysfs_line(root, line, sizeof(line),
		"/sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
	facts->no_iommu = facts->may_no_iommu && (line[0] == 'Y' || line[0] == '1');
	facts->iommu_amd = sysfs_there(root, "%sIVRS", tables);
	facts->iommu_told = facts->iommu_amd || sysfs_there(root, "%sDMAR", tables) ||
		sysfs_there(root, "%sIORT", tables);
	facts->iommu_asked = sysfs_each(root, "/sys/class/iommu", is_anything, NULL);
	facts->container = sysfs_there(root, "/.dockerenv") ||
		sysfs_there(root, "/run/.containerenv") ||
		sysfs_there(root, "/run/systemd/container");
}

/* The one of whose open files one is what is looked for. */
struct holder {
	struct device_facts *facts;
	const char *pid;
};

static bool
is_held(const char *name, void *arg)
{
	const struct holder *holder = arg;
	const struct device_facts *facts = holder->facts;
	char path[SYSFS_PATH], target[SYSFS_PATH];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/proc/%s/fd/%s", facts->root, holder->pid, name);
	len = readlink(path, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	return strcmp(target, facts->vfio_node) == 0;
}

/* "0::/system.slice/NAME.service", perhaps with more behind; what a container's says is not this machine's. */
static void
look_service(struct device_facts *facts, const char *pid)
{
	static const char above[] = "/system.slice/", end[] = ".service";
	char line[256];
	const char *name, *stop;

	sysfs_line(facts->root, line, sizeof(line), "/proc/%s/cgroup", pid);
	name = strstr(line, above);
	stop = name != NULL ? strstr(name, end) : NULL;
	if (stop == NULL)
		return;
	name += strlen(above);
	stop += strlen(end);
	if ((*stop == '\0' || *stop == '/') && strcspn(name, "/") == (size_t)(stop - name) &&
		(size_t)(stop - name) < sizeof(facts->service))
		snprintf(facts->service, sizeof(facts->service), "%.*s", (int)(stop - name), name);
}

static bool
look_holder(const char *name, void *arg)
{
	struct holder holder = { .facts = arg, .pid = name };
	char folder[SYSFS_PATH];
	long pid = strtol(name, NULL, 10);

	if (pid <= 0 || pid == (long)getpid())
		return false;
	snprintf(folder, sizeof(folder), "/proc/%s/fd", name);
	if (!sysfs_each(holder.facts->root, folder, is_held, &holder))
		return false;
	holder.facts->holder = pid;
	sysfs_line(holder.facts->root, holder.facts->holder_name, DEVICE_NAME, "/proc/%s/comm",
		name);
	look_service(holder.facts, name);
	return true;
}

/* Whether this process may lock memory beyond its limit. */
static bool
may_lock_any(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &head, data) == 0 &&
		(data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective & CAP_TO_MASK(CAP_IPC_LOCK)) != 0;
}

static void
look_process(struct device_facts *facts)
{
	char path[SYSFS_PATH];
	struct rlimit limit;

	facts->uid = (unsigned int)geteuid();
	snprintf(path, sizeof(path), "%s%s", facts->root, facts->vfio_node);
	facts->may_open = access(path, R_OK | W_OK) == 0;
	facts->may_lock = UINT64_MAX;
	if (!may_lock_any() && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
		limit.rlim_cur != RLIM_INFINITY)
		facts->may_lock = limit.rlim_cur;
}

void
device_look(struct device_facts *facts, const char *root, const char *node, const char *device)
{
	struct rte_pci_addr address;

	memset(facts, 0, sizeof(*facts));
	facts->root = root;
	facts->node = node;
	facts->given = device;
	facts->pci = rte_pci_addr_parse(device, &address) == 0;
	snprintf(facts->name, sizeof(facts->name), "%s", device);
	if (!facts->pci)
		return;
	rte_pci_device_name(&address, facts->name, sizeof(facts->name));
	look_machine(facts);
	look_pci(facts);
	if (facts->vfio_node[0] != '\0')
		sysfs_each(root, "/proc", look_holder, facts);
	look_process(facts);
}

static bool
same_name(const struct device_facts *facts, const char *name)
{
	struct rte_pci_addr a, b;

	if (!facts->pci)
		return strcmp(facts->name, name) == 0;
	return rte_pci_addr_parse(facts->name, &a) == 0 && rte_pci_addr_parse(name, &b) == 0 &&
		rte_pci_addr_cmp(&a, &b) == 0;
}

void
device_look_eal(struct device_facts *facts)
{
	struct rte_devargs *args = NULL;

	facts->probed = true;
	facts->no_pci = facts->pci && rte_eal_has_pci() == 0;
	RTE_EAL_DEVARGS_FOREACH(facts->pci ? "pci" : "vdev", args)
	{
		if (args->policy == RTE_DEV_BLOCKED)
			facts->blocked |= same_name(facts, args->name);
		else if (same_name(facts, args->name))
			facts->allowed = true;
		else
			facts->others = true;
	}
}
