/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Of what lengths frames must be for a port to take them. Some drivers hand each frame to the kernel,
 * which refuses it for its length; they say no more than that it was not taken, as if there were no
 * room for it, and would say so for ever. Other drivers take what they are given.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_ether.h>

#include "engine_private.h"
#include "source/source.h"

static const struct {
	const char *driver;
	uint16_t shortest;
	uint16_t more;        /* than the MTU a frame may be */
	uint16_t more_tagged; /* the same, with a VLAN tag of type 0x8100 */
	bool interface;       /* the MTU is that of the kernel's interface */
} drivers[] = {
	{ "net_tap", RTE_ETHER_HDR_LEN, 22, 22, false },
	{ "net_tun", 0, 22, 22, false },
	{ "net_pcap", RTE_ETHER_HDR_LEN, RTE_ETHER_HDR_LEN, RTE_ETHER_HDR_LEN + 4, true },
};

/* The interface that net_pcap sends on from a queue. */
static bool
queue_interface(uint16_t id, uint16_t queue, char interface[IFNAMSIZ])
{
	struct rte_eth_dev_info info;

	return rte_eth_dev_info_get(id, &info) == 0 &&
		(port_arg(&info, "tx_iface", queue, interface, IFNAMSIZ) ||
			port_arg(&info, "iface", 0, interface, IFNAMSIZ));
}

/* What the kernel has as the MTU of an interface; 0: it cannot be asked. */
static uint32_t
interface_mtu(const char *interface)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return 0;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	rc = ioctl(fd, SIOCGIFMTU, &request);
	close(fd);
	return rc == 0 && request.ifr_mtu > 0 ? (uint32_t)request.ifr_mtu : 0;
}

static uint32_t
queue_mtu(uint16_t id, uint16_t queue, bool of_interface)
{
	char interface[IFNAMSIZ];
	uint16_t mtu;

	if (of_interface)
		return queue_interface(id, queue, interface) ? interface_mtu(interface) : 0;
	return rte_eth_dev_get_mtu(id, &mtu) == 0 ? mtu : 0;
}

static void
lengths_look(struct weir_worker *worker, unsigned int driver)
{
	uint32_t mtu = queue_mtu(worker->port, worker->queue, drivers[driver].interface);

	frame_lengths_set(&worker->takes, drivers[driver].shortest,
		mtu == 0 ? UINT32_MAX : mtu + drivers[driver].more,
		mtu == 0 ? UINT32_MAX : mtu + drivers[driver].more_tagged);
}

void
port_frames_look(const struct port_state *port)
{
	const struct weir_engine *engine = port->engine;
	unsigned int driver = 0;

	while (driver < RTE_DIM(drivers) && strcmp(port->plan->driver, drivers[driver].driver) != 0)
		driver++;
	for (unsigned int i = 0; driver < RTE_DIM(drivers) && i < engine->seat_count; i++)
		if (!engine->seats[i].node->source && engine->seats[i].worker->port == port->id)
			lengths_look(engine->seats[i].worker, driver);
}
