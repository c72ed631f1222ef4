#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# DPDK 22.11.11 (Debian 12), rte_raw_cksum_mbuf(): wrong where a segment begins at an odd byte.
#
# The same 1,400 bytes are summed in one mbuf, and in chains of two that are parted at an even and at
# an odd byte. The sum of bytes does not depend on where they lie, but behind an odd byte the function
# exchanges the two bytes of a sum that has not been folded to 16 bits yet, so that its carries are
# lost. Short segments, and ones of zeros, have none and come out right. The functions that are built
# on it are wrong alike: rte_ipv4_udptcp_cksum_mbuf() and rte_ipv6_udptcp_cksum_mbuf().
#
# Why it matters: a checksum that software makes or verifies over a chain, as of a jumbo frame, is taken
# for wrong or sent wrong, for some chains only. What to do: sum each segment by
# rte_raw_cksum(), which folds, and exchange the bytes of that.
# shellcheck source=findings/common.bash
. "$(dirname "$(readlink -f "$0")")/common.bash"
fetch_dpdk libdpdk-dev=22.11.11-0+deb12u1
compile <<'C'
#include <stdio.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_mbuf.h>

#define LENGTH 1400

static uint8_t bytes[LENGTH];

/* The first `at` bytes in one segment, the others in the next; 0: all in one. */
static uint16_t
sum_parted(uint16_t at)
{
	struct rte_mbuf head, tail;
	uint16_t sum;

	memset(&head, 0, sizeof(head));
	memset(&tail, 0, sizeof(tail));
	head.buf_addr = bytes;
	head.nb_segs = at == 0 ? 1 : 2;
	head.pkt_len = LENGTH;
	head.data_len = at == 0 ? LENGTH : at;
	head.next = at == 0 ? NULL : &tail;
	tail.buf_addr = bytes + at;
	tail.data_len = LENGTH - at;
	return rte_raw_cksum_mbuf(&head, 0, LENGTH, &sum) == 0 ? sum : 0;
}

int
main(void)
{
	uint16_t right;

	for (unsigned int i = 0; i < LENGTH; i++)
		bytes[i] = 255 - i % 7;
	right = rte_raw_cksum(bytes, LENGTH);
	printf("in one mbuf: %s\n", sum_parted(0) == right ? "right" : "wrong");
	printf("parted at byte 700: %s\n", sum_parted(700) == right ? "right" : "wrong");
	printf("parted at byte 701: %s\n", sum_parted(701) == right ? "right" : "wrong");
	return 0;
}
C
run :
expect <<'TEXT'
in one mbuf: right
parted at byte 700: right
parted at byte 701: wrong
TEXT
