/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Devices that their bus says are going: with PCI under vfio what the kernel asks for, which no driver of a
 * port sees. DPDK 22.11 calls it experimental.
 */
#define ALLOW_EXPERIMENTAL_API
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include <rte_dev.h>

#include "watch_private.h"

/* How often is looked whether it is being told no more. */
#define LOOK_US 100

/* One for the process, whatever the engines: DPDK knows it by its function. */
static unsigned int listening;
static pthread_mutex_t listening_lock = PTHREAD_MUTEX_INITIALIZER;

static void
device_event(const char *device, enum rte_dev_event_type event, void *arg __rte_unused)
{
	if (event == RTE_DEV_EVENT_REMOVE)
		watch_device_gone(device);
}

int
watch_devices(void)
{
	int rc = 0;

	pthread_mutex_lock(&listening_lock);
	if (listening == 0)
		rc = rte_dev_event_callback_register(NULL, device_event, NULL);
	if (rc == 0)
		listening++;
	pthread_mutex_unlock(&listening_lock);
	return rc;
}

void
watch_devices_end(void)
{
	pthread_mutex_lock(&listening_lock);
	if (--listening == 0)
		while (rte_dev_event_callback_unregister(NULL, device_event, NULL) == -EAGAIN)
			usleep(LOOK_US);
	pthread_mutex_unlock(&listening_lock);
}
