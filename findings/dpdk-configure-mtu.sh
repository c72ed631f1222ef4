#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# DPDK 22.11.11 (Debian 12), rte_eth_dev_configure(): it sets the port's MTU and tells no driver.
#
# With rxmode.mtu 0, as in a conf that says nothing of the MTU, a port that is configured again (for
# another number of queues, say) has an MTU of 1500 from then on, whatever rte_eth_dev_set_mtu() had
# set. With another rxmode.mtu it has that. Neither calls the driver's mtu_set: net_tap and
# net_af_packet leave their interfaces as they were, so that rte_eth_dev_get_mtu() and the kernel
# tell different MTUs.
#
# Why it matters: an application that makes frames as long as rte_eth_dev_get_mtu() allows gives
# net_af_packet frames that the kernel drops as too long, and the port counts them as sent. Call
# rte_eth_dev_set_mtu() after each rte_eth_dev_configure().
# shellcheck source=findings/common.bash
. "$(dirname "$(readlink -f "$0")")/common.bash"
fetch_dpdk libdpdk-dev=22.11.11-0+deb12u1
compile net_tap net_af_packet net_null <<'C'
#include "port.h"

static void
show(const char *name, const char *after, const char *interface)
{
	uint16_t mtu = 0;

	must(rte_eth_dev_get_mtu(port_named(name), &mtu) == 0, "rte_eth_dev_get_mtu");
	printf("%s, %s: port %u", name, after, mtu);
	if (interface != NULL)
		printf(", interface %d", interface_mtu(interface));
	printf("\n");
}

static void
configure_again(const char *name, const char *interface)
{
	configure(name, 0);
	must(rte_eth_dev_set_mtu(port_named(name), 1400) == 0, "rte_eth_dev_set_mtu");
	show(name, "MTU set to 1400", interface);
	start(name);
	show(name, "configured again and started", interface);
}

/* Frames as long as the port's MTU allows. */
static void
send_full(const char *name, const char *peer)
{
	struct rte_mbuf *frames[4];
	uint16_t mtu = 0;
	int fd = open_interface(peer);

	must(rte_eth_dev_get_mtu(port_named(name), &mtu) == 0, "rte_eth_dev_get_mtu");
	make_frames(frames, 4, mtu + RTE_ETHER_HDR_LEN);
	send_burst(name, frames, 4);
	printf("%u frames arrived\n", count_arrived(fd));
}

int
main(int argc, char **argv)
{
	begin(argc, argv);
	configure_again("net_null0", NULL);
	configure_again("net_tap0", "tap0");
	configure("net_tap1", 1300);
	must(rte_eth_dev_start(port_named("net_tap1")) == 0, "rte_eth_dev_start");
	show("net_tap1", "configured for 1300 and started", "tap1");
	configure_again("net_af_packet0", "here");
	send_full("net_af_packet0", "there");
	must(rte_eth_dev_set_mtu(port_named("net_af_packet0"), 1400) == 0, "rte_eth_dev_set_mtu");
	show("net_af_packet0", "MTU set again", "here");
	send_full("net_af_packet0", "there");
	return 0;
}
C
run 'pair here there' \
    --vdev net_null0 --vdev net_tap0,iface=tap0 --vdev net_tap1,iface=tap1 \
    --vdev net_af_packet0,iface=here
expect <<'END'
DPDK 22.11.11
net_null0, MTU set to 1400: port 1400
net_null0, configured again and started: port 1500
net_tap0, MTU set to 1400: port 1400, interface 1400
net_tap0, configured again and started: port 1500, interface 1400
net_tap1, configured for 1300 and started: port 1300, interface 1500
net_af_packet0, MTU set to 1400: port 1400, interface 1400
net_af_packet0, configured again and started: port 1500, interface 1400
4 given, 4 taken; in all opackets 4, oerrors 0
0 frames arrived
net_af_packet0, MTU set again: port 1400, interface 1400
4 given, 4 taken; in all opackets 8, oerrors 0
4 frames arrived
END
