/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */
/**
 * What the programs of the findings share: a port with one queue each way, and frames for it.
 * All of it ends the program where a step fails that has nothing to do with the finding.
 */
#ifndef FINDINGS_PORT_H
#define FINDINGS_PORT_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_version.h>

/* IEEE 802's local experimental EtherType: nothing else in the namespace sends it. */
#define FRAME_TYPE 0x88b5

static struct rte_mempool *pool;

static inline void
must(int fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "%s failed: %s\n", what, strerror(errno));
	exit(2);
}

static inline void
begin(int argc, char **argv)
{
	must(rte_eal_init(argc, argv) >= 0, "rte_eal_init");
	printf("%s\n", rte_version());
	pool = rte_pktmbuf_pool_create("finding", 2047, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	must(pool != NULL, "rte_pktmbuf_pool_create");
}

static inline uint16_t
port_named(const char *name)
{
	uint16_t port = 0;

	must(rte_eth_dev_get_port_by_name(name, &port) == 0, name);
	return port;
}

/* What an application does that asks for nothing but a number of queues, or for an MTU as well. */
static inline void
configure(const char *name, uint32_t mtu)
{
	struct rte_eth_conf conf = { .rxmode.mtu = mtu };
	uint16_t port = port_named(name);

	must(rte_eth_dev_configure(port, 1, 1, &conf) == 0, "rte_eth_dev_configure");
	must(rte_eth_rx_queue_setup(port, 0, 256, SOCKET_ID_ANY, NULL, pool) == 0,
		"rte_eth_rx_queue_setup");
	must(rte_eth_tx_queue_setup(port, 0, 256, SOCKET_ID_ANY, NULL) == 0,
		"rte_eth_tx_queue_setup");
}

static inline void
start(const char *name)
{
	configure(name, 0);
	must(rte_eth_dev_start(port_named(name)) == 0, "rte_eth_dev_start");
}

static inline void
make_frames(struct rte_mbuf **frames, unsigned int n, uint16_t length)
{
	struct rte_ether_hdr *header;

	must(rte_pktmbuf_alloc_bulk(pool, frames, n) == 0, "rte_pktmbuf_alloc_bulk");
	for (unsigned int i = 0; i < n; i++) {
		header = (struct rte_ether_hdr *)rte_pktmbuf_append(frames[i], length);
		memset(header, 0, length);
		memset(&header->dst_addr, 0xff, sizeof(header->dst_addr));
		header->src_addr.addr_bytes[0] = 2;
		header->ether_type = htons(FRAME_TYPE);
	}
}

/* A socket that gets the finding's frames from a kernel interface, or sends them there. */
static inline int
open_interface(const char *name)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(FRAME_TYPE),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(FRAME_TYPE));

	must(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0, "AF_PACKET socket");
	return fd;
}

/* Frames that came in from the wire up to now; what this host sent there itself is left out. */
static inline unsigned int
count_arrived(int fd)
{
	char frame[2048];
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);
	unsigned int n = 0;

	usleep(100000);
	while (recvfrom(fd, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&from, &size) >
		0) {
		n += from.sll_pkttype != PACKET_OUTGOING;
		size = sizeof(from);
	}
	return n;
}

/* Gives a burst to a port, and prints what came of it. */
static inline void
send_burst(const char *name, struct rte_mbuf **frames, uint16_t n)
{
	struct rte_eth_stats stats;
	uint16_t port = port_named(name);
	uint16_t taken = rte_eth_tx_burst(port, 0, frames, n);

	must(rte_eth_stats_get(port, &stats) == 0, "rte_eth_stats_get");
	printf("%u given, %u taken; in all opackets %u, oerrors %u\n", n, taken,
		(unsigned int)stats.opackets, (unsigned int)stats.oerrors);
}

static inline void
set_up(const char *interface, int up)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	must(fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0, "SIOCGIFFLAGS");
	request.ifr_flags = up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP;
	must(ioctl(fd, SIOCSIFFLAGS, &request) == 0, "SIOCSIFFLAGS");
	close(fd);
	usleep(100000);
	printf("%s %s\n", interface, up ? "up" : "down");
}

static inline int
interface_mtu(const char *name)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	must(fd >= 0 && ioctl(fd, SIOCGIFMTU, &request) == 0, "SIOCGIFMTU");
	close(fd);
	return request.ifr_mtu;
}

#endif
