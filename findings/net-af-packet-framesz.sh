#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# DPDK 22.11.11 (Debian 12), net_af_packet: with a `framesz` that does not divide `blocksz` a port
# receives one block of frames, and then nothing.
#
# The kernel lays out each block anew; the driver looks for frame i at i * framesz, as if there were
# no blocks. With the default block of 4,096 bytes and framesz=1536, two to a block, it waits for
# the third frame where the kernel never puts one. Kernel and driver accept the sizes: framesz need
# only be a multiple of 16 and not above blocksz. The defaults, 2,048 in 4,096, are not hit.
#
# Why it matters: the port starts and is up. What comes fills the kernel's ring and is then lost,
# and imissed, ierrors and rx_nombuf stay 0. Give a framesz that divides blocksz.
# shellcheck source=findings/common.bash
. "$(dirname "$(readlink -f "$0")")/common.bash"
fetch_dpdk libdpdk-dev=22.11.11-0+deb12u1
compile net_af_packet <<'C'
#include "port.h"

static void
receive(const char *name, const char *peer, const char *sizes)
{
	char frame[64] = { [0 ... 5] = (char)0xff, 2, [12] = (char)(FRAME_TYPE >> 8),
			   (char)(FRAME_TYPE & 0xff) };
	struct rte_mbuf *bufs[32];
	struct rte_eth_stats stats;
	unsigned int n = 0;
	uint16_t got;
	int fd = open_interface(peer);

	start(name);
	for (int i = 0; i < 2000; i++) {
		/* The second half only asks for what is late. */
		if (i < 1000)
			must(send(fd, frame, sizeof(frame), 0) > 0, "send");
		got = rte_eth_rx_burst(port_named(name), 0, bufs, 32);
		rte_pktmbuf_free_bulk(bufs, got);
		n += got;
		usleep(100);
	}
	must(rte_eth_stats_get(port_named(name), &stats) == 0, "rte_eth_stats_get");
	printf("%s: %u of 1000 received, imissed %u, ierrors %u, rx_nombuf %u\n", sizes, n,
	       (unsigned int)stats.imissed, (unsigned int)stats.ierrors,
	       (unsigned int)stats.rx_nombuf);
}

int
main(int argc, char **argv)
{
	begin(argc, argv);
	receive("net_af_packet0", "there0", "framesz 2048, blocksz 4096");
	receive("net_af_packet1", "there1", "framesz 1536, blocksz 4096");
	receive("net_af_packet2", "there2", "framesz 1536, blocksz 8192");
	receive("net_af_packet3", "there3", "framesz 1536, blocksz 12288");
	return 0;
}
C
# shellcheck disable=SC2016 # expanded in the namespace
run 'for i in 0 1 2 3; do pair here$i there$i; done' \
    --vdev net_af_packet0,iface=here0,framesz=2048 \
    --vdev net_af_packet1,iface=here1,framesz=1536 \
    --vdev net_af_packet2,iface=here2,framesz=1536,blocksz=8192,framecnt=510 \
    --vdev net_af_packet3,iface=here3,framesz=1536,blocksz=12288
expect <<'END'
DPDK 22.11.11
framesz 2048, blocksz 4096: 1000 of 1000 received, imissed 0, ierrors 0, rx_nombuf 0
framesz 1536, blocksz 4096: 2 of 1000 received, imissed 0, ierrors 0, rx_nombuf 0
framesz 1536, blocksz 8192: 5 of 1000 received, imissed 0, ierrors 0, rx_nombuf 0
framesz 1536, blocksz 12288: 1000 of 1000 received, imissed 0, ierrors 0, rx_nombuf 0
END
