/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Every allocation of create, and every queue of its ports, fails once: it is said, and nothing is left behind. */
#include "rig.h"

#include <sys/epoll.h>

#include <rte_bus_vdev.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

/* Allocations until one fails; 0: none does. */
static unsigned long fuse;

static bool
blown(void)
{
	return fuse != 0 && --fuse == 0;
}

#define WRAP(name, result, failed, params, args) \
	result __real_##name params; \
	result __wrap_##name params; \
	result __wrap_##name params \
	{ \
		if (blown()) { \
			rte_errno = ENOMEM; \
			return failed; \
		} \
		return __real_##name args; \
	}

WRAP(calloc, void *, NULL, (size_t n, size_t size), (n, size))
WRAP(realloc, void *, NULL, (void *p, size_t size), (p, size))
WRAP(rte_zmalloc, void *, NULL, (const char *type, size_t size, unsigned int align),
	(type, size, align))
WRAP(rte_zmalloc_socket, void *, NULL,
	(const char *type, size_t size, unsigned int align, int socket),
	(type, size, align, socket))
WRAP(rte_ring_create, struct rte_ring *, NULL,
	(const char *name, unsigned int count, int socket, unsigned int flags),
	(name, count, socket, flags))
WRAP(rte_mempool_create_empty, struct rte_mempool *, NULL,
	(const char *name, unsigned int n, unsigned int size, unsigned int cache,
		unsigned int private, int socket, unsigned int flags),
	(name, n, size, cache, private, socket, flags))

WRAP(epoll_create1, int, -1, (int flags), (flags))
WRAP(rte_eth_dev_callback_register, int, -ENOMEM,
	(uint16_t id, enum rte_eth_event_type event, rte_eth_dev_cb_fn function, void *arg),
	(id, event, function, arg))
WRAP(rte_eth_rx_queue_setup, int, -ENOMEM,
	(uint16_t id, uint16_t queue, uint16_t n, unsigned int socket,
		const struct rte_eth_rxconf *conf, struct rte_mempool *pool),
	(id, queue, n, socket, conf, pool))
WRAP(rte_eth_tx_queue_setup, int, -ENOMEM,
	(uint16_t id, uint16_t queue, uint16_t n, unsigned int socket,
		const struct rte_eth_txconf *conf),
	(id, queue, n, socket, conf))
WRAP(rte_eth_dev_start, int, -ENOMEM, (uint16_t id), (id))

static size_t
heap_used(void)
{
	struct rte_malloc_socket_stats stats;

	assert_int_equal(rte_malloc_get_socket_stats(0, &stats), 0);
	return stats.heap_allocsz_bytes;
}

/* Fail one allocation after the other until create gets through; how many there are. */
static unsigned long
fail_each(struct rig *rig)
{
	size_t used;
	unsigned long n = 0;

	/* What DPDK makes once for all stays. */
	rig_create(rig, 100);
	assert_int_equal(weir_engine_destroy(rig->engine), 0);
	used = heap_used();
	do {
		fuse = ++n;
		rig->engine = weir_engine_create(rig->plan, NULL, &rig->error);
		if (rig->engine != NULL)
			break;
		fuse = 0;
		assert_int_equal(rig->error.code, ENOMEM);
		assert_true(rig->error.text[0] != '\0');
		assert_int_equal(heap_used(), used);
	} while (n < 1000);
	fuse = 0;
	return n - 1;
}

static void
test_create(void **state)
{
	struct rig rig;
	unsigned long n;

	(void)state;
	rig_describe(&rig, "nomem",
		SECTIONS("source gen: type=synth; queues=2",
			"stage mid: type=t_filter; input=gen; workers=2",
			"stage end: type=count; input=mid.match",
			"stage rest: type=count; input=mid.rest",
			"link gen mid: kind=ring; deadline=1ms; on_full=drop-late"));
	rig_place(&rig, "0-1");
	n = fail_each(&rig);
	print_message("%lu allocations, each failed once\n", n);
	assert_true(n > 20 && n < 1000);
	rig_wait_received(&rig, 1000);
	rig_stop(&rig);
	rig_end(&rig);
}

/* A port to poll, to sleep at and to send on. To start takes nothing at all. */
static void
test_port(void **state)
{
	struct rig rig;
	unsigned long n;

	(void)state;
	rig_describe(&rig, "noport",
		SECTIONS("source wan: device=net_null0; idle=interrupt; lcores=1",
			"stage end: type=tx; input=wan; device=net_null0; lcores=2"));
	rig_place(&rig, NULL);
	n = fail_each(&rig);
	print_message("%lu allocations, each failed once\n", n);
	assert_true(n > 20 && n < 1000);
	fuse = 1;
	rig_start(&rig);
	assert_int_equal(fuse, 1);
	fuse = 0;
	rig_wait_received(&rig, 1000);
	rig_stop(&rig);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_port),
	};

	rig_eal_init();
	if (rte_vdev_init("net_null0", "") != 0)
		return 1;
	return cmocka_run_group_tests_name("no memory", tests, NULL, NULL);
}
