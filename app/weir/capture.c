/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Captures from outside: dpdk-dumpcap and dpdk-pdump have DPDK put a function on a port, which copies what
 * the lcore takes there into their memory. When a capture ends DPDK (22.11) takes it off, and frees that
 * memory at once: an lcore that is in the function then, and has lost its CPU there, writes into nothing.
 * So what takes it off waits here until every lcore has come out of it. librte_pdump calls these two by
 * their names, and finds those of the program before DPDK's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_pdump.h>

#include "app.h"

/* An lcore is waited for that long, of the 5 s that who captures waits for an answer; and looked at. */
#define WAIT_S 3.0
#define LOOK_US 100
/* The one that is counted next may have begun before. */
#define PASSES 2

typedef int remove_callback(uint16_t port, uint16_t queue,
	const struct rte_eth_rxtx_callback *callback);

/* Whose lcores may be in such a function; NULL: none are. Held while they are waited for. */
static const struct weir_engine *engine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void
capture_open(void)
{
	/* Where no process can join, as with --in-memory, it does nothing. */
	if (rte_pdump_init() != 0)
		complain("dpdk-dumpcap and dpdk-pdump will capture nothing: %s",
			rte_strerror(rte_errno));
}

void
capture_of(const struct weir_engine *which)
{
	pthread_mutex_lock(&lock);
	engine = which;
	pthread_mutex_unlock(&lock);
}

void
capture_close(void)
{
	rte_pdump_uninit();
}

static void
wait_for_lcore(unsigned int i, double end)
{
	struct weir_lcore_figures lcore = WEIR_LCORE_FIGURES_INIT;
	uint64_t before;

	weir_ledger_lcore(engine, i, &lcore);
	before = lcore.passes;
	/* Lcores that have returned pass no more. */
	while (lcore.passes - before < PASSES && !weir_engine_drained(engine) && clock_s() < end) {
		usleep(LOOK_US);
		weir_ledger_lcore(engine, i, &lcore);
	}
}

static void
wait_for_passes(void)
{
	struct weir_lcore_figures lcore = WEIR_LCORE_FIGURES_INIT;
	double end = clock_s() + WAIT_S;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; engine != NULL && weir_ledger_lcore(engine, i, &lcore) == 0; i++)
		wait_for_lcore(i, end);
	pthread_mutex_unlock(&lock);
}

static int
remove_by(const char *name, uint16_t port, uint16_t queue,
	const struct rte_eth_rxtx_callback *callback)
{
	remove_callback *dpdk;
	int rc;

	*(void **)&dpdk = dlsym(RTLD_NEXT, name);
	if (dpdk == NULL)
		return -ENOTSUP;
	rc = dpdk(port, queue, callback);
	if (rc == 0)
		wait_for_passes();
	return rc;
}

int
rte_eth_remove_rx_callback(uint16_t port, uint16_t queue,
	const struct rte_eth_rxtx_callback *callback)
{
	return remove_by("rte_eth_remove_rx_callback", port, queue, callback);
}

int
rte_eth_remove_tx_callback(uint16_t port, uint16_t queue,
	const struct rte_eth_rxtx_callback *callback)
{
	return remove_by("rte_eth_remove_tx_callback", port, queue, callback);
}
