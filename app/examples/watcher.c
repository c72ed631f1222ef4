/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * watcher: a secondary process of DPDK beside one that runs weir. It reads what shared memory tells it, how full
 * the pools are and what the ports count, and asks weir for the rest over the primary's telemetry socket,
 * as any program may that is no process of DPDK. The engine does not notice.
 *
 *     cc -o watcher watcher.c $(pkg-config --cflags --libs weir libdpdk)
 *     ./watcher --proc-type secondary --file-prefix PREFIX -- ENGINE
 *
 * with the file prefix of the primary, if it has one, and memory that can be shared: with --no-huge it cannot.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_debug.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

/* No reply of weir's is longer. */
#define REPLY_MAX 16384

static void
show_pool(struct rte_mempool *pool, void *arg __rte_unused)
{
	printf("pool %s: %u of %u in use\n", pool->name, rte_mempool_in_use_count(pool),
		pool->size);
}

static void
show_ports(void)
{
	struct rte_eth_stats stats;
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port) {
		if (rte_eth_stats_get(port, &stats) == 0)
			printf("port %u: ipackets %" PRIu64 ", imissed %" PRIu64 "\n", port,
				stats.ipackets, stats.imissed);
	}
}

/* The primary's socket, with its greeting read; -1: it does not answer. */
static int
telemetry_open(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char greeting[REPLY_MAX];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/dpdk_telemetry.v2",
		rte_eal_get_runtime_dir());
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 &&
		read(fd, greeting, sizeof(greeting)) > 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Ask, and print the answer, which is JSON. 0, or -1. */
static int
ask(int fd, const char *command, const char *engine)
{
	char question[128], reply[REPLY_MAX + 1];
	ssize_t n;

	snprintf(question, sizeof(question), "%s,%s", command, engine);
	if (write(fd, question, strlen(question)) < 0)
		return -1;
	n = read(fd, reply, sizeof(reply) - 1);
	if (n <= 0)
		return -1;
	printf("%.*s\n", (int)n, reply);
	return 0;
}

int
main(int argc, char **argv)
{
	int n = rte_eal_init(argc, argv), fd, status = 0;

	if (n < 0 || rte_eal_process_type() != RTE_PROC_SECONDARY || argc - n < 2)
		rte_exit(EXIT_FAILURE,
			"usage: watcher --proc-type secondary [EAL options] -- ENGINE\n");
	rte_mempool_walk(show_pool, NULL);
	show_ports();
	fd = telemetry_open();
	if (fd < 0 || ask(fd, "/weir/ledger", argv[n + 1]) != 0)
		status = 1;
	if (fd >= 0)
		close(fd);
	rte_eal_cleanup();
	return status;
}
