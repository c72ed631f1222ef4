#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# DPDK 22.11.11 (Debian 12), net_tap: `oerrors` counts frames that are not lost, and some twice.
#
# A frame that the kernel refuses for now, as while the interface is down, is not taken: it stays
# the caller's, as rte_eth_tx_burst() promises. But all that a call leaves count as oerrors at each
# call, and the first of them once more. Sent by a later call, they are opackets as well.
#
# Why it matters: for a caller that tries again, oerrors is no number of lost frames, and grows with
# the tries. opackets + oerrors is not what was given; a balance made of them never closes.
# shellcheck source=findings/common.bash
. "$(dirname "$(readlink -f "$0")")/common.bash"
fetch_dpdk libdpdk-dev=22.11.11-0+deb12u1
compile net_tap <<'C'
#include "port.h"

int
main(int argc, char **argv)
{
	struct rte_mbuf *frames[4];
	int fd;

	begin(argc, argv);
	start("net_tap0");
	fd = open_interface("tap0");
	make_frames(frames, 4, 64);
	set_up("tap0", 0);
	for (int i = 0; i < 3; i++)
		send_burst("net_tap0", frames, 4);
	set_up("tap0", 1);
	/* The first call on the socket tells that its interface was down. */
	count_arrived(fd);
	send_burst("net_tap0", frames, 4);
	printf("%u frames arrived\n", count_arrived(fd));
	return 0;
}
C
run : --vdev net_tap0,iface=tap0
expect <<'END'
DPDK 22.11.11
tap0 down
4 given, 0 taken; in all opackets 0, oerrors 5
4 given, 0 taken; in all opackets 0, oerrors 10
4 given, 0 taken; in all opackets 0, oerrors 15
tap0 up
4 given, 4 taken; in all opackets 4, oerrors 15
4 frames arrived
END
