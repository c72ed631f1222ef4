/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a machine lacks, told from what its kernel would say: machines in a folder. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plan/preflight.h"

#include "imagine.h"

#define DEVICE "0000:01:00.0"
#define D "sys/bus/pci/devices/" DEVICE
#define OTHER "sys/bus/pci/devices/0000:01:00.1"
#define FILE_OF(name, text) "echo '" text "' >" name "; "
#define BIND(device, driver) \
	"mkdir -p sys/bus/pci/drivers/" driver "; ln -sfn ../../../../bus/pci/drivers/" driver \
	" " device "/driver; "

/* A NIC that may be used: under vfio-pci, in an IOMMU group of its own, its node there. */
#define GOOD \
	"mkdir -p " D " " OTHER " sys/kernel/iommu_groups/7/devices dev/vfio proc/net" \
	" sys/class/iommu/dmar0 sys/firmware/acpi/tables; : >sys/firmware/acpi/tables/DMAR; " FILE_OF( \
		D "/class", "0x020000") FILE_OF(D "/vendor", "0x8086") \
		FILE_OF(OTHER "/class", "0x020000") "ln -s ../../../../kernel/iommu_groups/7 " D \
						    "/iommu_group; " \
						    "ln -s ../../../../bus/pci/devices/" DEVICE \
						    " sys/kernel/iommu_groups/7/devices/" DEVICE \
						    "; : >dev/vfio/7; " BIND(D, "vfio-pci")
#define INTERFACE(flags) \
	"mkdir -p " D "/net/eth1 sys/class/net/eth1; " FILE_OF("sys/class/net/eth1/flags", flags)

static char root[] = "/tmp/weir-preflight-XXXXXX";

static void
shell(const char *steps)
{
	char command[4096];

	snprintf(command, sizeof(command), "cd %s && set -e; %s", root, steps);
	if (system(command) != 0)
		fail_msg("failed: %s", steps);
}

/* Another machine, with these steps made after those of a good one. */
static void
machine_of(const char *steps)
{
	shell("find . -mindepth 1 -delete");
	shell(GOOD);
	shell(steps);
}

static int
setup(void **state)
{
	return mkdtemp(root) != NULL ? imagine_types(state) : -1;
}

static int
teardown(void **state)
{
	(void)state;
	shell("find . -mindepth 1 -delete");
	return rmdir(root);
}

/* A fault of a machine, and what is said of it. */
struct row {
	const char *steps;
	enum weir_mend mend;
	const char *text;
	const char *command;
};

#define ZEROS "000000000000000000000000000000"
/* A line of the kernel's, whose destinations have 32 digits. */
#define ROUTE6(to, bits, interface) \
	to " " bits " 00" ZEROS " 00 00" ZEROS " 00000400 00000002 00000000 00000003     " interface
#define BIND_IT(between) \
	"echo vfio-pci >/" D "/driver_override && " between "echo " DEVICE \
	" >/sys/bus/pci/drivers_probe"
#define LET_GO "echo " DEVICE " >/" D "/driver/unbind && "
#define LOOSE "rm " D "/driver; "

static const struct row rows[] = {
	{ "rm -r " D, WEIR_MEND_RUN,
		"this machine has no PCI device " DEVICE " (its NICs: 0000:01:00.1)",
		"echo 1 >/sys/bus/pci/rescan" },
	{ FILE_OF(D "/class", "0x060400"), WEIR_MEND_NONE, "is no NIC", "" },
	{ FILE_OF(D "/vendor", "0x15b3"), WEIR_MEND_RUN, "NIC of Mellanox stays with mlx5_core",
		"echo >/" D "/driver_override && " LET_GO "echo " DEVICE
		" >/sys/bus/pci/drivers_probe" },
	{ LOOSE FILE_OF(D "/vendor", "0x15b3"), WEIR_MEND_SAFE, "has no driver",
		"modprobe -a mlx5_core mlx5_ib ib_uverbs" },
	{ ": >.dockerenv; rm dev/vfio/7", WEIR_MEND_OPTION,
		"this container has no /dev/vfio/7: start it with",
		"--device /dev/vfio/vfio --device /dev/vfio/7 --ulimit memlock=-1 "
		"-v /dev/hugepages:/dev/hugepages" },
	{ "mkdir run; : >run/.containerenv; " LOOSE, WEIR_MEND_OPTION, "outside of this container",
		"--device /dev/vfio --ulimit memlock=-1 -v /dev/hugepages:/dev/hugepages" },
	{ LOOSE BIND(D, "ixgbe") FILE_OF(D "/sriov_numvfs", "4") "ln -s ../0000:01:10.0 " D
								 "/virtfn0",
		WEIR_MEND_OPTION, "has 4 virtual functions", "-s wan.device=0000:01:10.0" },
	{ LOOSE "rm -r sys/class/iommu/dmar0 " D "/iommu_group", WEIR_MEND_KERNEL,
		"the IOMMU is off", "intel_iommu=on iommu=pt" },
	{ LOOSE "rm -r sys/class/iommu/dmar0 " D
		"/iommu_group; mv sys/firmware/acpi/tables/DMAR sys/firmware/acpi/tables/IVRS",
		WEIR_MEND_KERNEL, "the IOMMU is off", "iommu=pt amd_iommu=on" },
	{ LOOSE "rm -r " D
		"/iommu_group sys/firmware; mkdir -p sys/module/vfio/parameters; " FILE_OF(
			"sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N"),
		WEIR_MEND_RUN, "may write all memory",
		"echo 1 >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode" },
	{ LOOSE "rm -r " D
		"/iommu_group sys/firmware; mkdir -p sys/module/vfio/parameters; " FILE_OF(
			"sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y"),
		WEIR_MEND_SAFE, "is bound to no driver", BIND_IT("") },
	{ LOOSE "rm -r " D "/iommu_group sys/firmware", WEIR_MEND_RUN,
		"or the hypervisor, or go without", NULL },
	{ LOOSE "rm -r sys/bus/pci/drivers/vfio-pci", WEIR_MEND_SAFE,
		"the kernel's module vfio-pci is not loaded",
		"modprobe -a vfio-pci vfio_iommu_type1" },
	{ BIND(D, "e1000e") INTERFACE("0x1003")
			FILE_OF("proc/net/route", "Iface\tDestination\neth1\t00000000"),
		WEIR_MEND_RUN, "the default route goes over its interface eth1",
		"ip link set eth1 down" },
	{ BIND(D, "e1000e") INTERFACE("0x1003")
			FILE_OF("proc/net/route", "Iface\tDestination\neth0\t00000000"),
		WEIR_MEND_RUN, "e1000e has " DEVICE ", and its interface eth1 is up",
		"ip link set eth1 down" },
	{ BIND(D, "e1000e") INTERFACE("0x1003")
			FILE_OF("proc/net/ipv6_route", ROUTE6("00" ZEROS, "00", "eth1")),
		WEIR_MEND_RUN, "the default route goes over its interface eth1",
		"ip link set eth1 down" },
	{ BIND(D, "e1000e") INTERFACE("0x1003") FILE_OF("proc/net/ipv6_route",
		  ROUTE6("fd" ZEROS, "40", "eth1") "\n" ROUTE6("00" ZEROS, "00", "eth10")),
		WEIR_MEND_RUN, "e1000e has " DEVICE ", and its interface eth1 is up",
		"ip link set eth1 down" },
	{ BIND(D, "virtio-pci") INTERFACE("0x1003") "mkdir " D "/virtio0; mv " D "/net " D
						    "/virtio0/net",
		WEIR_MEND_RUN, "its interface eth1 is up", "ip link set eth1 down" },
	{ BIND(D, "cxgb4")
			INTERFACE("0x1002") "mkdir -p " D "/net/eth0 " D "/net/eth2 "
					    "sys/class/net/eth0 sys/class/net/eth2; " FILE_OF(
						    "sys/class/net/eth0/flags", "0x1002")
						    FILE_OF("sys/class/net/eth2/flags", "0x1003"),
		WEIR_MEND_RUN, "its interface eth2 is up", "ip link set eth2 down" },
	{ BIND(D, "e1000e"), WEIR_MEND_RUN,
		"no interface of it is seen here: another network namespace may use it",
		BIND_IT(LET_GO) },
	{ BIND(D, "e1000e") INTERFACE("0x1002"), WEIR_MEND_SAFE, "is bound to the kernel's e1000e",
		BIND_IT(LET_GO) },
	{ LOOSE, WEIR_MEND_SAFE, "is bound to no driver", BIND_IT("") },
	{ "ln -s ../../../../bus/pci/devices/0000:01:00.1 "
	  "sys/kernel/iommu_groups/7/devices/0000:01:00.1; " BIND(OTHER, "igb"),
		WEIR_MEND_RUN,
		"IOMMU group 7 of " DEVICE " has 0000:01:00.1 too, which the kernel's igb keeps",
		"echo 0000:01:00.1 >/" OTHER "/driver/unbind" },
	{ "mkdir -p proc/4711/fd; ln -s /dev/vfio/7 proc/4711/fd/9; " FILE_OF("proc/4711/comm",
		  "testpmd"),
		WEIR_MEND_RUN, "process 4711 (testpmd) has " DEVICE ": end it as it is ended",
		"kill 4711" },
	{ "mkdir -p proc/4711/fd; ln -s /dev/vfio/7 proc/4711/fd/9; " FILE_OF("proc/4711/comm",
		  "vpp_main") FILE_OF("proc/4711/cgroup", "0::/system.slice/vpp.service/workers"),
		WEIR_MEND_RUN,
		"process 4711 (vpp_main) of the service vpp.service has " DEVICE ": stop that",
		"systemctl stop vpp.service" },
	{ "mkdir -p proc/4711/fd; ln -s /dev/vfio/7 proc/4711/fd/9; " FILE_OF("proc/4711/comm",
		  "testpmd")
			FILE_OF("proc/4711/cgroup", "0::/user.slice/user-0.slice/session-2.scope"),
		WEIR_MEND_RUN, "process 4711 (testpmd) has " DEVICE ": end it", "kill 4711" },
};

static void
judged(const struct device_facts *facts, enum weir_mend mend, const char *text, const char *command)
{
	struct device_trouble trouble;

	assert_true(device_judge(facts, &trouble));
	if (strstr(trouble.text, text) == NULL)
		fail_msg("'%s' is not in: %s", text, trouble.text);
	assert_int_equal(trouble.mend, mend);
	if (command != NULL)
		assert_string_equal(trouble.command, command);
	assert_null(strchr(trouble.text, '{'));
}

static void
test_devices(void **state)
{
	struct device_facts facts;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		machine_of(rows[i].steps);
		device_look(&facts, root, "wan", "01:00.0");
		facts.may_lock = UINT64_MAX;
		judged(&facts, rows[i].mend, rows[i].text, rows[i].command);
	}
}

/* Neither a good device nor what may be beside it is complained of. */
static void
test_good(void **state)
{
	static const char *const steps[] = { ":",
		"ln -s ../../../../bus/pci/devices/0000:01:00.1 "
		"sys/kernel/iommu_groups/7/devices/0000:01:00.1; " BIND(OTHER, "pcieport"),
		BIND(D, "uio_pci_generic"), ": >.dockerenv",
		FILE_OF(D "/vendor", "0x15b3") BIND(D, "mlx5_core") INTERFACE("0x1003") };
	struct device_trouble trouble;
	struct device_facts facts;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(steps); i++) {
		machine_of(steps[i]);
		device_look(&facts, root, "wan", DEVICE);
		facts.may_lock = UINT64_MAX;
		if (device_judge(&facts, &trouble))
			fail_msg("%s: %s", steps[i], trouble.text);
	}
}

/* What the process may, and what EAL was told. */
static void
test_rights(void **state)
{
	struct device_facts facts, good;

	(void)state;
	machine_of(":");
	device_look(&good, root, "wan", DEVICE);
	good.may_lock = UINT64_MAX;
	good.uid = 1000;
	facts = good;
	facts.may_open = false;
	judged(&facts, WEIR_MEND_RUN, "user 1000 may not open /dev/vfio/7",
		"chown 1000 /dev/vfio/7");
	facts = good;
	facts.may_lock = 65536;
	judged(&facts, WEIR_MEND_RUN, "user 1000 may lock 64 kB", "ulimit -l unlimited");
	good.probed = true;
	facts = good;
	judged(&facts, WEIR_MEND_OPTION, "no driver of DPDK took it",
		"-d librte_net_DRIVER.so (e1000, igc, ixgbe, i40e, ice or iavf)");
	facts.vendor = 0x15ad;
	judged(&facts, WEIR_MEND_OPTION, "no driver of DPDK took it", "-d librte_net_vmxnet3.so");
	facts.vendor = 0x1234;
	judged(&facts, WEIR_MEND_NONE, "no driver of DPDK took it", "");
	snprintf(facts.pf_driver, sizeof(facts.pf_driver), "vfio-pci");
	judged(&facts, WEIR_MEND_OPTION, "virtual function", "--vfio-vf-token=UUID");
	facts.others = true;
	judged(&facts, WEIR_MEND_OPTION, "-a names other devices alone", "-a " DEVICE);
	facts.blocked = true;
	judged(&facts, WEIR_MEND_OPTION, "-b " DEVICE " keeps EAL from it", "-a " DEVICE);
	facts.no_pci = true;
	judged(&facts, WEIR_MEND_OPTION, "EAL was told --no-pci", "-a " DEVICE);
}

/* Findings, a line each. */
static char lines[8192];
static char mark[] = "*";

static void
add_line(const struct weir_finding *finding, void *arg)
{
	size_t used = strlen(lines);

	assert_int_equal(finding->size, sizeof(*finding));
	assert_true((finding->mend == WEIR_MEND_NONE) == (finding->command[0] == '\0'));
	snprintf(lines + used, sizeof(lines) - used, "%s %d %s: %s; %s\n", (const char *)arg,
		(int)finding->mend, finding->subject, finding->text, finding->command);
}

#define NODE(n) "sys/devices/system/node/node" n
#define HUGE(n, all, free) \
	"mkdir -p " NODE(n) "/hugepages/hugepages-2048kB; " FILE_OF( \
		NODE(n) "/hugepages/hugepages-2048kB/nr_hugepages", all) \
		FILE_OF(NODE(n) "/hugepages/hugepages-2048kB/free_hugepages", free) \
			FILE_OF(NODE(n) "/meminfo", "Node " n " MemFree:  8000000 kB")
#define ROOMY \
	FILE_OF("proc/mounts", "none /huge hugetlbfs rw,pagesize=2M 0 0") \
	"mkdir huge; " HUGE("0", "512", "512") HUGE("1", "512", "512") FILE_OF(D "/numa_node", \
		"1") "mkdir -p sys/devices/system/cpu; " FILE_OF("sys/devices/system/cpu/online", \
		"0-7")

/* Faults on a machine of 2 sockets of 4 lcores, with the NIC on the second, for EAL's arguments. */
static int
look_at(const char *device, struct weir_preflight_conf conf, const char *steps, const char *lcores)
{
	static struct machine machine;
	char text[128];
	struct weir_pipeline *pipeline;
	struct preflight preflight = { .root = root, .found = add_line, .arg = mark, .conf = conf };
	struct weir_error error = { 0 };
	int faults;

	snprintf(text, sizeof(text),
		"[source wan]\ndevice = %s\n[stage end]\ntype = pass\ninput = wan\n", device);
	pipeline = pipeline_of(text);
	imagine(&machine, 2, 4);
	machine.memory[0].huge_free = machine.memory[1].huge_free = 0;
	machine_of(ROOMY);
	shell(steps);
	lines[0] = '\0';
	preflight.conf.lcores = lcores;
	faults = preflight_look(&preflight, pipeline, &machine, &error);
	if (faults < 0)
		fail_msg("%s", error.text);
	weir_pipeline_free(pipeline);
	return faults;
}

static int
look(const char *steps, const char *lcores)
{
	return look_at(DEVICE, (struct weir_preflight_conf){ .lcores = NULL }, steps, lcores);
}

static void
said(const char *text)
{
	if (strstr(lines, text) == NULL)
		fail_msg("'%s' is not in:\n%s", text, lines);
}

static void
silent(const char *text)
{
	if (strstr(lines, text) != NULL)
		fail_msg("'%s' is in:\n%s", text, lines);
}

static void
test_memory(void **state)
{
	(void)state;
	assert_int_equal(look(":", "4-5"), 0);
	silent("* 1 memory");
	assert_int_equal(look(HUGE("1", "20", "3"), "4-5"), 1);
	said("* 1 memory: socket 1 has 6 MB free in hugepages, and ");
	said(" >/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages\n");
	/* The main lcore's socket has EAL's own. */
	assert_int_equal(look(HUGE("0", "4", "0"), "4-5"), 1);
	said("* 1 memory: socket 0 has 0 MB free in hugepages, and 32 MB are wanted there; echo 20 >");
	/* No more is asked of the kernel than it has. */
	assert_int_equal(look(HUGE("1", "0", "0")
					 FILE_OF(NODE("1") "/meminfo", "Node 1 MemFree: 20000 kB"),
				 "4-5"),
		1);
	said("* 0 memory: socket 1 has 0 MB free in hugepages");
	said("it has no more than 19 MB of memory free");
	assert_int_equal(look(": >proc/mounts", "4-5"), 1);
	said("* 1 memory: hugetlbfs is not mounted (without it: --in-memory); mkdir -p /dev/huge");
}

/* Without hugepages nothing is said of them; -m is what there is, or what must be there at the start. */
static void
test_memory_told(void **state)
{
	struct weir_preflight_conf conf = { .no_huge = 1, .memory_mb = 512 };

	(void)state;
	assert_int_equal(look_at(DEVICE, conf, HUGE("0", "0", "0") ": >proc/mounts", "4-5"), 0);
	silent("memory");
	conf.memory_mb = 4;
	assert_int_equal(look_at(DEVICE, conf, HUGE("0", "0", "0"), "4-5"), 1);
	said("* 3 memory: --no-huge has EAL take 4 MB, and ");
	said(" MB are wanted; -m 64\n");
	conf.memory_mb = 0;
	look_at(DEVICE, conf, HUGE("0", "0", "0"), "4-5");
	silent("hugepages");
	conf = (struct weir_preflight_conf){ .memory_mb = 2048 };
	assert_int_equal(look_at(DEVICE, conf, ":", "4-5"), 0);
	conf.memory_mb = 2049;
	assert_int_equal(look_at(DEVICE, conf, ":", "4-5"), 1);
	said("* 2 memory: -m has EAL take 2049 MB at the start, and 2048 MB are free in hugepages");
	said("; echo 513 >");
}

/* Devices that EAL makes, by what it is told: of others nothing is said where that is not known. */
static void
test_vdevs(void **state)
{
	static const char *const taps[] = { "net_tap0,iface=a", "net_tap10", NULL };
	const struct weir_preflight_conf unknown = { .lcores = NULL }, known = { .vdevs = taps },
					 none = { .vdevs = taps + 2 }, no_pci = { .no_pci = 1 };

	(void)state;
	assert_int_equal(look_at("net_tap0", unknown, ":", "4-5"), 0);
	assert_int_equal(look_at("net_tap0", known, ":", "4-5"), 0);
	assert_int_equal(look_at("net_tap10", known, ":", "4-5"), 0);
	assert_int_equal(look_at("net_tap1", known, ":", "4-5"), 1);
	said("* 3 net_tap1: no --vdev makes it; --vdev net_tap1,ARGUMENTS\n");
	assert_int_equal(look_at("net_tap0", none, ":", "4-5"), 1);
	assert_int_equal(look_at("lo", none, ":", "4-5"), 1);
	said("lo: it is an interface of the kernel");
	assert_int_equal(look_at("tap", none, ":", "4-5"), 1);
	said("tap: a device is a PCI address");
	assert_int_equal(look_at(DEVICE, no_pci, ":", "4-5"), 1);
	said("EAL was told --no-pci: leave that out; -a " DEVICE);
	assert_int_equal(look_at("net_tap0", no_pci, ":", "4-5"), 0);
}

static void
test_lcores(void **state)
{
	(void)state;
	look(":", "4-5");
	said("threads on CPUs of workers: 4-5; isolcpus=4-5 nohz_full=4-5 rcu_nocbs=4-5\n");
	look(FILE_OF("sys/devices/system/cpu/isolated", "4-7"), "4-5");
	said("ticks on CPUs of workers: 4-5");
	look(FILE_OF("sys/devices/system/cpu/isolated", "4-7")
			FILE_OF("sys/devices/system/cpu/nohz_full", "2,4-5"),
		"4-5");
	assert_string_equal(lines, "");
	look("mkdir -p sys/devices/system/cpu/cpu4/cpufreq sys/devices/system/cpu/cpu5/cpufreq; " FILE_OF(
		     "sys/devices/system/cpu/cpu4/cpufreq/scaling_governor", "performance")
			FILE_OF("sys/devices/system/cpu/cpu5/cpufreq/scaling_governor",
				"powersave"),
		"4-5");
	said("as their governor says: 5; for i in 5; do echo performance "
	     ">/sys/devices/system/cpu/cpu$i/cpufreq/scaling_governor; done\n");
	look(FILE_OF(NODE("1") "/cpulist", "4-7"), "1-2");
	said("* 3 " DEVICE ": port " DEVICE " is on socket 1, but [source wan] works on lcore ");
	said(", socket 0; -l 4-7\n");
	look("mkdir -p proc/71 proc/72 proc/73; printf 'VmSize: 1\\nCpus_allowed_list:\\t5\\n' "
	     ">proc/71/status; echo db >proc/71/comm; printf 'Cpus_allowed_list:\\t5\\n' "
	     ">proc/72/status; printf 'VmSize: 1\\nCpus_allowed_list:\\t0-7\\n' >proc/73/status",
		"4-5");
	said("process 71 (db) is bound to CPUs of workers: 5; taskset -apc 0-3,6-7 71\n");
	silent("process 72");
	silent("process 73");
}

static void
test_found(void **state)
{
	(void)state;
	assert_int_equal(look(LOOSE, "4-5"), 1);
	said("* 1 " DEVICE ": " DEVICE " is bound to no driver; echo vfio-pci >");
}

static void
test_refused(void **state)
{
	struct weir_preflight_conf conf;
	struct weir_error error;

	(void)state;
	weir_preflight_conf_init(&conf);
	assert_int_equal(weir_preflight(NULL, &conf, NULL, NULL, &error), -EINVAL);
	conf.size = 0;
	assert_int_equal(weir_preflight(NULL, &conf, add_line, mark, &error), -EINVAL);
	assert_non_null(strstr(error.text, "weir_preflight_conf"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_told),
		cmocka_unit_test(test_vdevs),
		cmocka_unit_test(test_lcores),
		cmocka_unit_test(test_found),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
