/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Why EAL has no port for a device that the file names, and what mends it. */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "plan_private.h"

/* Bytes that a driver under vfio has locked for it; a limit below is the kernel's default. */
#define LOCK_LEAST (UINT64_C(64) << 20)
/* Its drivers share a device with the kernel's own. */
#define VENDOR_MELLANOX 0x15b3

/* What EAL was told. */

static bool
pci_is_off(const struct device_facts *facts)
{
	return facts->pci && facts->no_pci;
}

static bool
is_blocked(const struct device_facts *facts)
{
	return facts->pci && facts->blocked;
}

static bool
is_left_out(const struct device_facts *facts)
{
	return facts->pci && facts->others && !facts->allowed;
}

/* The device itself. */

static bool
is_absent(const struct device_facts *facts)
{
	return facts->pci && !facts->there;
}

static bool
is_no_nic(const struct device_facts *facts)
{
	return facts->pci && !facts->network;
}

static bool
has_driver(const struct device_facts *facts, const char *driver)
{
	return facts->pci && strcmp(facts->driver, driver) == 0;
}

static bool
under_vfio(const struct device_facts *facts)
{
	return has_driver(facts, "vfio-pci");
}

/* By what DPDK's drivers take a device from the kernel. */
static bool
is_bound(const struct device_facts *facts)
{
	return under_vfio(facts) || has_driver(facts, "igb_uio") ||
		has_driver(facts, "uio_pci_generic");
}

static bool
is_shared(const struct device_facts *facts)
{
	return facts->pci && facts->vendor == VENDOR_MELLANOX;
}

static bool
shared_is_bound(const struct device_facts *facts)
{
	return is_shared(facts) && is_bound(facts);
}

static bool
shared_has_none(const struct device_facts *facts)
{
	return is_shared(facts) && facts->driver[0] == '\0';
}

static bool
shared_not_taken(const struct device_facts *facts)
{
	return is_shared(facts) && facts->probed;
}

/* Nothing of what follows holds for one whose kernel driver stays. */
static bool
is_plain(const struct device_facts *facts)
{
	return facts->pci && !is_shared(facts);
}

static bool
container_lacks_node(const struct device_facts *facts)
{
	return is_plain(facts) && facts->container && under_vfio(facts) && !facts->vfio_node_there;
}

static bool
container_is_not_given(const struct device_facts *facts)
{
	return is_plain(facts) && facts->container && !is_bound(facts);
}

static bool
has_functions(const struct device_facts *facts)
{
	return is_plain(facts) && facts->vfs > 0 && facts->vf[0] != '\0';
}

static bool
pf_is_under_vfio(const struct device_facts *facts)
{
	return is_plain(facts) && facts->probed && strcmp(facts->pf_driver, "vfio-pci") == 0 &&
		under_vfio(facts);
}

/* Binding. */

static bool
unbound_without_iommu(const struct device_facts *facts)
{
	return is_plain(facts) && !is_bound(facts) && facts->group[0] == '\0' && !facts->no_iommu;
}

static bool
iommu_is_off(const struct device_facts *facts)
{
	return unbound_without_iommu(facts) && facts->iommu_told && !facts->iommu_asked;
}

static bool
iommu_may_be_done_without(const struct device_facts *facts)
{
	return unbound_without_iommu(facts) && facts->vfio && facts->may_no_iommu;
}

static bool
vfio_is_missing(const struct device_facts *facts)
{
	return is_plain(facts) && !is_bound(facts) && !facts->vfio;
}

static bool
carries_default_route(const struct device_facts *facts)
{
	return is_plain(facts) && facts->up && facts->routed;
}

static bool
interface_is_up(const struct device_facts *facts)
{
	return is_plain(facts) && facts->up;
}

/* Of a network namespace only its own interfaces are seen. */
static bool
interface_is_elsewhere(const struct device_facts *facts)
{
	return is_plain(facts) && !is_bound(facts) && facts->driver[0] != '\0' &&
		facts->interface[0] == '\0';
}

static bool
kernel_has_it(const struct device_facts *facts)
{
	return is_plain(facts) && !is_bound(facts) && facts->driver[0] != '\0';
}

static bool
nobody_has_it(const struct device_facts *facts)
{
	return is_plain(facts) && !is_bound(facts);
}

/* Under vfio. */

static bool
group_is_barred(const struct device_facts *facts)
{
	return under_vfio(facts) && facts->other[0] != '\0';
}

static bool
is_held(const struct device_facts *facts)
{
	return under_vfio(facts) && facts->holder != 0;
}

/* Who ends its process alone sees it come back. */
static bool
service_holds_it(const struct device_facts *facts)
{
	return is_held(facts) && facts->service[0] != '\0';
}

static bool
user_is_barred(const struct device_facts *facts)
{
	return under_vfio(facts) && facts->vfio_node_there && !facts->may_open;
}

static bool
locks_too_little(const struct device_facts *facts)
{
	return under_vfio(facts) && facts->may_lock < LOCK_LEAST;
}

/* DPDK. */

/* Whose devices one driver of DPDK takes, by its file; of Intel's there are many. */
static const struct {
	unsigned int vendor;
	const char *driver;
} drivers[] = {
	{ 0x1077, "qede.so" },
	{ 0x1137, "enic.so" },
	{ 0x1425, "cxgbe.so" },
	{ 0x14e4, "bnxt.so" },
	{ 0x15ad, "vmxnet3.so" },
	{ VENDOR_MELLANOX, "mlx5.so" },
	{ 0x1924, "sfc.so" },
	{ 0x1af4, "virtio.so" },
	{ 0x1d0f, "ena.so" },
	{ 0x8086, "DRIVER.so (e1000, igc, ixgbe, i40e, ice or iavf)" },
};

const char *
device_pmd(const struct device_facts *facts)
{
	for (unsigned int i = 0; i < RTE_DIM(drivers); i++)
		if (drivers[i].vendor == facts->vendor)
			return drivers[i].driver;
	return NULL;
}

static bool
driver_is_missing(const struct device_facts *facts)
{
	return is_bound(facts) && facts->probed && device_pmd(facts) != NULL;
}

static bool
is_not_taken(const struct device_facts *facts)
{
	return facts->pci && facts->probed;
}

/* What is no PCI device. */

static bool
vdev_made_none(const struct device_facts *facts)
{
	return !facts->pci && facts->allowed;
}

static bool
vdev_is_not_given(const struct device_facts *facts)
{
	return !facts->pci && facts->probed &&
		(strncmp(facts->name, "net_", 4) == 0 || strncmp(facts->name, "eth_", 4) == 0);
}

static bool
is_interface(const struct device_facts *facts)
{
	return !facts->pci && if_nametoindex(facts->name) != 0;
}

static bool
is_unknown(const struct device_facts *facts)
{
	return !facts->pci && facts->probed;
}

#define BIND_BEGIN "echo vfio-pci >/sys/bus/pci/devices/{name}/driver_override && "
#define BIND_LET_GO "echo {name} >/sys/bus/pci/devices/{name}/driver/unbind && "
#define BIND_END "echo {name} >/sys/bus/pci/drivers_probe"

/* The first that holds. In braces: what device_expand() knows. */
static const struct cause {
	bool (*holds)(const struct device_facts *facts);
	enum weir_mend mend;
	const char *text;
	const char *command;
} causes[] = {
	{ pci_is_off, WEIR_MEND_OPTION, "EAL was told --no-pci: leave that out", "-a {name}" },
	{ is_absent, WEIR_MEND_RUN, "this machine has no PCI device {name} (its NICs: {nics})",
		"echo 1 >/sys/bus/pci/rescan" },
	{ is_no_nic, WEIR_MEND_NONE, "{name} is no NIC, but another kind of device", "" },
	{ is_blocked, WEIR_MEND_OPTION, "-b {name} keeps EAL from it: leave that out",
		"-a {name}" },
	{ is_left_out, WEIR_MEND_OPTION, "-a names other devices alone", "-a {name}" },
	{ shared_is_bound, WEIR_MEND_RUN,
		"{name} is bound to {driver}, but a NIC of Mellanox stays with mlx5_core (or "
		"mlx4_core), which DPDK shares it with",
		"echo >/sys/bus/pci/devices/{name}/driver_override && " BIND_LET_GO BIND_END },
	{ shared_has_none, WEIR_MEND_SAFE,
		"{name} has no driver, and a NIC of Mellanox wants that of the kernel",
		"modprobe -a mlx5_core mlx5_ib ib_uverbs" },
	{ shared_not_taken, WEIR_MEND_OPTION,
		"{name} has its kernel driver {driver}, which is right, but no driver of DPDK took "
		"it: its module ib_uverbs, Debian's ibverbs-providers or DPDK's driver is missing",
		"-d librte_net_mlx5.so" },
	{ container_lacks_node, WEIR_MEND_OPTION,
		"this container has no {node_path}: start it with",
		"--device /dev/vfio/vfio --device {node_path} --ulimit memlock=-1 "
		"-v /dev/hugepages:/dev/hugepages" },
	{ container_is_not_given, WEIR_MEND_OPTION,
		"{name} is not bound to vfio-pci: do so outside of this container, and start that "
		"with",
		"--device /dev/vfio --ulimit memlock=-1 -v /dev/hugepages:/dev/hugepages" },
	{ has_functions, WEIR_MEND_OPTION,
		"{name} has {vfs} virtual functions, which would go with its driver: take one of "
		"them",
		"-s {node}.device={vf}" },
	{ pf_is_under_vfio, WEIR_MEND_OPTION,
		"{name} is a virtual function of {pf}, which is under vfio-pci itself: its process "
		"knows the token",
		"--vfio-vf-token=UUID" },
	{ iommu_is_off, WEIR_MEND_KERNEL,
		"the IOMMU is off, without which vfio-pci takes no device", "{iommu}" },
	{ vfio_is_missing, WEIR_MEND_SAFE, "the kernel's module vfio-pci is not loaded",
		"modprobe -a vfio-pci vfio_iommu_type1" },
	{ iommu_may_be_done_without, WEIR_MEND_RUN,
		"there is no IOMMU: switch it on in the firmware, or let vfio-pci go without, "
		"where {name} may write all memory",
		"echo 1 >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode" },
	{ unbound_without_iommu, WEIR_MEND_RUN,
		"there is no IOMMU: switch it on in the firmware or the hypervisor, or go without, "
		"where {name} may write all memory",
		"modprobe uio_pci_generic && echo uio_pci_generic "
		">/sys/bus/pci/devices/{name}/driver_override && { echo {name} "
		">/sys/bus/pci/devices/{name}/driver/unbind; " BIND_END "; }" },
	{ carries_default_route, WEIR_MEND_RUN,
		"the kernel's {driver} has {name}, and the default route goes over its interface "
		"{interface}: this may cut you off",
		"ip link set {interface} down" },
	{ interface_is_up, WEIR_MEND_RUN,
		"the kernel's {driver} has {name}, and its interface {interface} is up",
		"ip link set {interface} down" },
	{ interface_is_elsewhere, WEIR_MEND_RUN,
		"the kernel's {driver} has {name}, and no interface of it is seen here: another network "
		"namespace may use it, as a container",
		BIND_BEGIN BIND_LET_GO BIND_END },
	{ kernel_has_it, WEIR_MEND_SAFE, "{name} is bound to the kernel's {driver}",
		BIND_BEGIN BIND_LET_GO BIND_END },
	{ nobody_has_it, WEIR_MEND_SAFE, "{name} is bound to no driver", BIND_BEGIN BIND_END },
	{ group_is_barred, WEIR_MEND_RUN,
		"IOMMU group {group} of {name} has {other} too, which the kernel's {other_driver} "
		"keeps: that must let go",
		"echo {other} >/sys/bus/pci/devices/{other}/driver/unbind" },
	{ service_holds_it, WEIR_MEND_RUN,
		"process {holder} ({holder_name}) of the service {service} has {name}: stop that",
		"systemctl stop {service}" },
	{ is_held, WEIR_MEND_RUN,
		"process {holder} ({holder_name}) has {name}: end it as it is ended (quit at its "
		"prompt, a shutdown of its guest), or else by a signal",
		"kill {holder}" },
	{ user_is_barred, WEIR_MEND_RUN, "user {uid} may not open {node_path}",
		"chown {uid} {node_path}" },
	{ locks_too_little, WEIR_MEND_RUN,
		"user {uid} may lock {may_lock} kB of memory, too little for {name}: in the shell "
		"that starts weir, before it becomes that user",
		"ulimit -l unlimited" },
	{ driver_is_missing, WEIR_MEND_OPTION,
		"{name} is bound to {driver} as it should be, but no driver of DPDK took it: see "
		"EAL's lines, or one is missing",
		"-d librte_net_{pmd}" },
	{ is_not_taken, WEIR_MEND_NONE,
		"{name} is bound to {driver} as it should be, but no driver of DPDK took it: see "
		"EAL's lines",
		"" },
	{ vdev_made_none, WEIR_MEND_NONE,
		"--vdev {name} was given, but its driver made no port of that name: see EAL's lines",
		"" },
	{ vdev_is_not_given, WEIR_MEND_OPTION, "no --vdev makes it", "--vdev {name},ARGUMENTS" },
	{ is_interface, WEIR_MEND_OPTION, "it is an interface of the kernel",
		"--vdev net_af_packet0,iface={name}, and -s {node}.device=net_af_packet0" },
	{ is_unknown, WEIR_MEND_NONE,
		"a device is a PCI address, as 0000:01:00.0, or the name of a --vdev, as net_tap0",
		"" },
};

bool
device_judge(const struct device_facts *facts, struct device_trouble *trouble)
{
	for (unsigned int i = 0; i < RTE_DIM(causes); i++) {
		if (!causes[i].holds(facts))
			continue;
		trouble->mend = causes[i].mend;
		device_expand(facts, causes[i].text, trouble->text, sizeof(trouble->text));
		device_expand(facts, causes[i].command, trouble->command, sizeof(trouble->command));
		return true;
	}
	return false;
}

void
device_say(enum weir_mend mend, const char *text, const char *command, char *line, size_t size)
{
	static const char *const ways[] = {
		[WEIR_MEND_NONE] = "",
		[WEIR_MEND_SAFE] = "; run as root: ",
		[WEIR_MEND_RUN] = "; run as root: ",
		[WEIR_MEND_OPTION] = "; give: ",
		[WEIR_MEND_KERNEL] = "; give the kernel, and boot anew: ",
	};

	snprintf(line, size, "%s%s%s", text, ways[mend], command);
}

void
plan_device_hint(const char *node, const char *device, char *text, size_t size)
{
	struct device_trouble trouble = { .mend = WEIR_MEND_NONE };
	struct device_facts facts;

	device_look(&facts, "", node, device);
	device_look_eal(&facts);
	if (device_judge(&facts, &trouble))
		device_say(trouble.mend, trouble.text, trouble.command, text, size);
	else
		snprintf(text, size, "see EAL's lines");
}
