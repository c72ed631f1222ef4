#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# DPDK 22.11.11 (Debian 12), librte_pdump: after a capture that was killed, its port refuses every other.
#
# What copies packets for a capture (dpdk-dumpcap, dpdk-pdump: any secondary process that calls
# rte_pdump_enable()) is put on the port in the primary process. A secondary that ends by SIGKILL, or
# crashes, does not take it off, and the primary is not told. It stays until the primary ends: it goes on
# copying each packet into a ring that nobody reads, and the next rte_pdump_enable() there fails with
# EEXIST. The primary may not call rte_pdump_disable() itself; other queues and ports are as before.
#
# Why it matters: whoever captures on a machine in production may not end that by kill -9, nor run out of
# memory; else each packet costs a copy more, and to look again takes a new start of what forwards them.
# shellcheck source=findings/common.bash
. "$(dirname "$(readlink -f "$0")")/common.bash"
free=$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages)
[ "$free" -ge 64 ] || give_up "wants 64 free hugepages of 2 MB, for processes that share them"
fetch_dpdk libdpdk-dev=22.11.11-0+deb12u1
more=(-l:libelf.so.1)
compile net_null pdump pcapng bpf <<'C'
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_pdump.h>
#include <rte_ring.h>
#include <rte_version.h>

/* A secondary: begins a capture at queue 0, and ends as it is told to. */
static int
capture(const char *name, const char *end)
{
	struct rte_ring *ring = rte_ring_create(name, 256, SOCKET_ID_ANY, 0);
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create(name, 511, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	int rc = rte_pdump_enable(0, 0, RTE_PDUMP_FLAG_RX, ring, pool, NULL);

	printf("%s: rte_pdump_enable() gives %d (%s)\n", name, rc,
		rc == 0 ? "captures" : rte_strerror(rte_errno));
	fflush(stdout);
	if (strcmp(end, "killed") == 0)
		raise(SIGKILL);
	if (rc == 0)
		printf("%s: rte_pdump_disable() gives %d\n", name,
			rte_pdump_disable(0, 0, RTE_PDUMP_FLAG_RX));
	rte_ring_free(ring);
	rte_mempool_free(pool);
	return 0;
}

static void
start_port(void)
{
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("port", 1023, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct rte_eth_conf conf = { 0 };

	if (rte_eth_dev_configure(0, 1, 1, &conf) != 0 ||
		rte_eth_rx_queue_setup(0, 0, 64, SOCKET_ID_ANY, NULL, pool) != 0 ||
		rte_eth_tx_queue_setup(0, 0, 64, SOCKET_ID_ANY, NULL) != 0 || rte_eth_dev_start(0) != 0)
		exit(1);
}

static void
run_secondary(const char *self, const char *prefix, const char *name, const char *end)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execl(self, self, "--proc-type=secondary", "--file-prefix", prefix, "--no-pci",
			"--no-telemetry", "--log-level=lib.*:critical", "-l", "0", "--", name, end,
			(char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

int
main(int argc, char **argv)
{
	char *self = argv[0];
	int used = rte_eal_init(argc, argv);

	if (used < 0)
		return 1;
	if (rte_eal_process_type() == RTE_PROC_SECONDARY)
		return capture(argv[used + 1], argv[used + 2]);
	printf("%s\n", rte_version());
	start_port();
	if (rte_pdump_init() != 0)
		return 1;
	run_secondary(self, argv[used + 1], "first", "ends");
	run_secondary(self, argv[used + 1], "second", "killed");
	run_secondary(self, argv[used + 1], "third", "ends");
	rte_pdump_uninit();
	return 0;
}
C
echo "libdpdk-dev $dpdk, Linux $(uname -r | cut -d- -f1)"
"$work/finding" --no-pci --no-telemetry --log-level=lib.eal:error --file-prefix "$prefix" -l 0 -m 64 \
    --vdev net_null0 -- "$prefix" >"$work/seen" 2>"$work/log" || {
    cat "$work/seen" "$work/log" >&2
    give_up "the program failed"
}
cat "$work/seen"
expect <<'END'
DPDK 22.11.11
first: rte_pdump_enable() gives 0 (captures)
first: rte_pdump_disable() gives 0
second: rte_pdump_enable() gives 0 (captures)
third: rte_pdump_enable() gives -1 (File exists)
END
