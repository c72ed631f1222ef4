#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# DPDK 22.11.11 (Debian 12), net_af_packet: frames given while the interface is down count as
# `oerrors`, are kept all the same, and are sent once it is up.
#
# rte_eth_tx_burst() takes them all, which reads as success. They wait in the ring that the driver
# shares with the kernel, and go out with a burst after the interface is up again. Not with the
# first: the socket then still tells that it was down, and that burst counts as oerrors and waits
# too. opackets gets only the frames of the burst that took them along.
#
# Why it matters: frames of before an outage come out after it, as late as it lasted, and none of
# them is in opackets. A sender that makes up for oerrors sends all of them twice.
# shellcheck source=findings/common.bash
. "$(dirname "$(readlink -f "$0")")/common.bash"
fetch_dpdk libdpdk-dev=22.11.11-0+deb12u1
compile net_af_packet <<'C'
#include "port.h"

int
main(int argc, char **argv)
{
	struct rte_mbuf *frames[6];
	int fd;

	begin(argc, argv);
	start("net_af_packet0");
	fd = open_interface("there");
	make_frames(frames, 6, 64);
	set_up("here", 0);
	send_burst("net_af_packet0", frames, 4);
	set_up("here", 1);
	printf("%u frames arrived\n", count_arrived(fd));
	send_burst("net_af_packet0", frames + 4, 1);
	printf("%u frames arrived\n", count_arrived(fd));
	send_burst("net_af_packet0", frames + 5, 1);
	printf("%u frames arrived\n", count_arrived(fd));
	return 0;
}
C
run 'pair here there' --vdev net_af_packet0,iface=here
expect <<'END'
DPDK 22.11.11
here down
4 given, 4 taken; in all opackets 0, oerrors 4
here up
0 frames arrived
1 given, 1 taken; in all opackets 0, oerrors 5
0 frames arrived
1 given, 1 taken; in all opackets 1, oerrors 5
6 frames arrived
END
