/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include <weir/parse.h>

#include "bench.h"
#include "rig.h"

#define WARM_MS 60
#define MEASURE_MS 240
#define FRAME 64

struct rig rig;

void
rig_set(const struct rig_case *now)
{
	rig.now = *now;
	if (rig.now.ring == 0)
		rig.now.ring = RIG_RING;
}

unsigned int
rig_poll(uint16_t queue, struct rte_mbuf *mbufs[])
{
	static struct weir_parse_burst bursts[RIG_QUEUES_MAX];
	struct weir_parse_burst *burst = &bursts[queue];
	unsigned int n = rte_eth_rx_burst(rig.port, queue, mbufs, RIG_BURST);

	if (n == 0)
		return 0;
	burst->size = sizeof(*burst);
	burst->tsc = rte_rdtsc();
	burst->port = rig.port;
	burst->queue = queue;
	weir_parse(mbufs, (uint16_t)n, burst);
	rig.sent += n;
	return n;
}

/* Not inlined: a stage is a function of its own, wherever it is called from. */
__rte_noinline void
rig_handle(struct rig_tally *tally, struct rte_mbuf *const mbufs[], unsigned int n)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < n; i++)
		bytes += weir_mbuf_event(mbufs[i])->len;
	tally->events += n;
	tally->bytes += bytes;
}

void
rig_put(struct rte_mbuf *mbufs[], unsigned int n)
{
	if (n == 0)
		return;
	if (rig.back == RIG_RAW)
		rte_mempool_put_bulk(rig.pool, (void **)mbufs, n);
	else
		rte_pktmbuf_free_bulk(mbufs, n);
	__atomic_store_n(&rig.consumed, rig.consumed + n, __ATOMIC_RELEASE);
}

double
rig_rate(uint64_t (*read)(void *arg), void *arg)
{
	uint64_t tsc, n;

	usleep(WARM_MS * 1000);
	tsc = rte_rdtsc();
	n = read(arg);
	usleep(MEASURE_MS * 1000);
	n = read(arg) - n;
	return (double)n * (double)rte_get_tsc_hz() / (double)(rte_rdtsc() - tsc) * 1e-6;
}

static uint64_t
read_consumed(void *arg)
{
	(void)arg;
	return __atomic_load_n(&rig.consumed, __ATOMIC_RELAXED);
}

static void
frame_write(struct rte_mempool *pool, void *arg, void *object, unsigned int index)
{
	struct rte_mbuf *m = object;
	const struct {
		struct rte_ether_hdr eth;
		struct rte_ipv4_hdr ip;
		struct rte_tcp_hdr tcp;
	} frame = {
		.eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.ip.version_ihl = RTE_IPV4_VHL_DEF,
		.ip.total_length = RTE_BE16(FRAME - sizeof(frame.eth)),
		.ip.time_to_live = 64,
		.ip.next_proto_id = IPPROTO_TCP,
		.ip.src_addr = rte_cpu_to_be_32(UINT32_C(0x0a000000) + index % RIG_FLOWS),
		.ip.dst_addr = RTE_BE32(UINT32_C(0xc0a80001)),
		.tcp.src_port = RTE_BE16(40000),
		.tcp.dst_port = RTE_BE16(443),
		.tcp.data_off = sizeof(frame.tcp) / 4 << 4,
	};

	static_assert(sizeof(frame) == 54, "headers without gaps");
	(void)pool;
	(void)arg;
	if (m->buf_len >= RTE_PKTMBUF_HEADROOM + FRAME)
		memcpy((char *)m->buf_addr + RTE_PKTMBUF_HEADROOM, &frame, sizeof(frame));
}

void
rig_fill(struct rte_mempool *pool)
{
	if (rig.now.flows)
		rte_mempool_obj_iter(pool, frame_write, NULL);
}

static void
set_up(bool own_pool)
{
	struct rte_eth_conf conf = { 0 };
	uint16_t queues = (uint16_t)rig.now.queues;

	rig.pool = own_pool ? rte_pktmbuf_pool_create("rig", rig.now.pool, RIG_POOL_CACHE,
				      sizeof(struct weir_event), RTE_MBUF_DEFAULT_BUF_SIZE, 0) :
			      weir_pool_create("rig", rig.now.pool, RIG_POOL_CACHE, 0,
				      RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	if (rig.pool == NULL)
		bench_die("pool: %s", rte_strerror(rte_errno));
	rig_fill(rig.pool);
	if (rte_eth_dev_get_port_by_name(RIG_PORT, &rig.port) != 0 ||
		rte_eth_dev_configure(rig.port, queues, 0, &conf) != 0)
		bench_die("port %s", RIG_PORT);
	for (uint16_t q = 0; q < queues; q++)
		if (rte_eth_rx_queue_setup(rig.port, q, RIG_DESCRIPTORS, 0, NULL, rig.pool) != 0)
			bench_die("port %s: queue %u", RIG_PORT, q);
	if (rte_eth_dev_start(rig.port) != 0)
		bench_die("port %s does not start", RIG_PORT);
	rig.stop = false;
	rig.ended = false;
	rig.sent = 0;
	rig.consumed = 0;
}

static void
take_down(void)
{
	rte_eth_dev_stop(rig.port);
	if (rte_mempool_avail_count(rig.pool) != rig.pool->size)
		bench_die("%u mbufs did not come back",
			rig.pool->size - rte_mempool_avail_count(rig.pool));
	bench_port_renew(RIG_PORT);
	rte_mempool_free(rig.pool);
}

/* Sources first: what they have sent is final once they have ended. */
static void __rte_noreturn
die_running(void)
{
	if (!__atomic_load_n(&rig.ended, __ATOMIC_ACQUIRE))
		bench_die("a source does not stop");
	if (!rig_finished())
		bench_die("of %" PRIu64 " packets %" PRIu64 " came out", rig.sent,
			__atomic_load_n(&rig.consumed, __ATOMIC_RELAXED));
	bench_die("all of %" PRIu64 " packets came out, and a loop does not stop", rig.sent);
}

static void
stop(void)
{
	unsigned int ms = 0;

	__atomic_store_n(&rig.stop, true, __ATOMIC_RELAXED);
	while (rte_eal_get_lcore_state(LCORE_A) == RUNNING ||
		rte_eal_get_lcore_state(LCORE_B) == RUNNING) {
		if (ms++ == RIG_END_MS)
			die_running();
		usleep(1000);
	}
	rte_eal_mp_wait_lcore();
}

double
rig_run(lcore_function_t *on_a, lcore_function_t *on_b, enum rig_back back, bool own_pool)
{
	double rate;

	rig.back = back;
	set_up(own_pool);
	rte_eal_remote_launch(on_b, NULL, LCORE_B);
	if (on_a != NULL)
		rte_eal_remote_launch(on_a, NULL, LCORE_A);
	rate = rig_rate(read_consumed, NULL);
	stop();
	take_down();
	return rate;
}
