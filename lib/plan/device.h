/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What is known of a device that the file names, and why EAL may have no port for it. */
#ifndef WEIR_PLAN_DEVICE_H
#define WEIR_PLAN_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_pci.h>

#include <weir/preflight.h>

/* Room of a name of the kernel's: a driver, an interface, a PCI address. */
#define DEVICE_NAME 32

struct device_facts {
	const char *root;       /* as for sysfs_there() */
	const char *node;       /* that names the device */
	const char *given;      /* as the file has it */
	char name[DEVICE_NAME]; /* of a PCI device its whole address, else as the file has it */
	bool pci;
	/* Of EAL, once it has taken its devices: */
	bool probed;  /* it has */
	bool no_pci;  /* it was told --no-pci */
	bool allowed; /* -a or --vdev names it */
	bool others;  /* -a names others alone */
	bool blocked; /* -b names it */
	/* Of a PCI device, what the kernel tells; "" where it does not. */
	bool there;
	bool network;
	unsigned int vendor;
	char driver[DEVICE_NAME];
	char interface[DEVICE_NAME];
	bool up;                 /* that interface, */
	bool routed;             /* and the default route goes over it */
	char group[DEVICE_NAME]; /* of the IOMMU */
	char other[DEVICE_NAME]; /* a device of that group which its driver bars from use */
	char other_driver[DEVICE_NAME];
	char vf[DEVICE_NAME]; /* the first of its virtual functions, */
	unsigned int vfs;     /* and how many they are */
	char pf[DEVICE_NAME]; /* the physical function whose virtual one it is, */
	char pf_driver[DEVICE_NAME];
	char nics[128]; /* where it is not there: those that are */
	/* Of the machine: */
	bool vfio;         /* vfio-pci is there, */
	bool no_iommu;     /* and in no-IOMMU mode, */
	bool may_no_iommu; /* or could be */
	bool iommu_told;   /* the firmware tells of an IOMMU, */
	bool iommu_asked;  /* the kernel was told to use it, */
	bool iommu_amd;    /* and it is AMD's */
	bool container;
	char vfio_node[DEVICE_NAME + sizeof("/dev/vfio/noiommu-")];
	bool vfio_node_there;
	long holder; /* process that has it open; 0: none is seen */
	char holder_name[DEVICE_NAME];
	char service[64]; /* of systemd, that it is of; "": of none */
	/* Of this process: */
	unsigned int uid;
	bool may_open;     /* that */
	uint64_t may_lock; /* bytes of memory; UINT64_MAX: any */
};

/* device_facts.c: what the kernel tells of a device and its machine, below a root. */
void device_look(struct device_facts *facts, const char *root, const char *node,
	const char *device);
/* What EAL was told of it, once it has taken its devices. */
void device_look_eal(struct device_facts *facts);

#define DEVICE_TEXT 256
#define DEVICE_COMMAND 384

/* What is to be said of a device. */
struct device_trouble {
	enum weir_mend mend;
	char text[DEVICE_TEXT];
	char command[DEVICE_COMMAND];
};

/* device.c: the file of DPDK's driver for it; NULL: not known. */
const char *device_pmd(const struct device_facts *facts);
/* device_words.c: a text of device.c, its words in braces replaced by what the facts say. */
void device_expand(const struct device_facts *facts, const char *from, char *to, size_t size);
/* device.c: the first trouble that facts tell of. Whether there is any. */
bool device_judge(const struct device_facts *facts, struct device_trouble *trouble);
/* A trouble and what mends it in one line, as the end of a message. */
void device_say(enum weir_mend mend, const char *text, const char *command, char *line,
	size_t size);

#endif /* WEIR_PLAN_DEVICE_H */
