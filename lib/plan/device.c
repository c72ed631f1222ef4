/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Why EAL has no port for a device that the file names, and what helps. */
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_devargs.h>
#include <rte_eal.h>
#include <rte_pci.h>

#include "plan_private.h"

/* What can be said of a device that is no port. */
struct missing {
	const char *device;
	struct rte_pci_addr address;
	bool pci; /* it is a PCI address */
};

static bool
same_missing(const struct missing *missing, const char *name)
{
	struct rte_pci_addr address;

	if (!missing->pci)
		return strcmp(missing->device, name) == 0;
	return rte_pci_addr_parse(name, &address) == 0 &&
		rte_pci_addr_cmp(&address, &missing->address) == 0;
}

/* By -a or --vdev. */
static bool
is_given(const struct missing *missing)
{
	struct rte_devargs *args = NULL;

	RTE_EAL_DEVARGS_FOREACH(missing->pci ? "pci" : "vdev", args)
	if (args->policy == RTE_DEV_ALLOWED && same_missing(missing, args->name))
		return true;
	return false;
}

static bool
pci_is_off(const struct missing *missing)
{
	return missing->pci && rte_eal_has_pci() == 0;
}

static bool
pci_is_absent(const struct missing *missing)
{
	char path[64], name[PCI_PRI_STR_SIZE];

	rte_pci_device_name(&missing->address, name, sizeof(name));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", name);
	return missing->pci && access(path, F_OK) != 0;
}

static bool
pci_is_given(const struct missing *missing)
{
	return missing->pci && is_given(missing);
}

static bool
pci_is_not_given(const struct missing *missing)
{
	return missing->pci;
}

static bool
vdev_is_not_given(const struct missing *missing)
{
	return strncmp(missing->device, "net_", 4) == 0 || strncmp(missing->device, "eth_", 4) == 0;
}

static bool
is_interface(const struct missing *missing)
{
	return if_nametoindex(missing->device) != 0;
}

static bool
is_anything(const struct missing *missing __rte_unused)
{
	return true;
}

/* The first that holds; %s is the device. */
static const struct {
	bool (*holds)(const struct missing *missing);
	const char *hint;
} hints[] = {
	{ pci_is_off, "EAL was told --no-pci: leave that out, and give %s by -a" },
	{ pci_is_absent, "this machine has no PCI device %s: lspci -D lists those it has" },
	{ pci_is_given,
		"-a %s was given, but no driver of DPDK took it: bind it to vfio-pci, see "
		"dpdk-devbind.py --status" },
	{ pci_is_not_given, "give it by -a %s, bound to vfio-pci: see dpdk-devbind.py --status" },
	{ is_given,
		"--vdev %s was given, but its driver made no port of that name: see EAL's lines" },
	{ vdev_is_not_given, "give it by --vdev %s,ARGUMENTS" },
	{ is_interface,
		"it is an interface of the kernel: give --vdev net_af_packet0,iface=%s and set "
		"device = net_af_packet0" },
	{ is_anything,
		"a device is a PCI address, as 0000:01:00.0, or the name of a --vdev, as "
		"net_tap0" },
};

void
plan_device_hint(const char *device, char *text, size_t size)
{
	struct missing missing = { .device = device };
	unsigned int i = 0;

	missing.pci = rte_pci_addr_parse(device, &missing.address) == 0;
	while (!hints[i].holds(&missing))
		i++;
	snprintf(text, size, hints[i].hint, device);
}
