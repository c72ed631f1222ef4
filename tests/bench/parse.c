/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * weir_parse() against rte_net_get_ptype() on the same frames, warm and cold. Cycles a packet.
 */
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include <rte_vxlan.h>

#include <weir/parse.h>

#include "bench.h"

#define FRAMES 512
/* With the lines of their mbufs, 40 MB: more than a last-level cache gives two cores. */
#define FRAMES_COLD 131071
#define MEMORY_MB 512
#define FRAME_MAX 1518
/* Frames are visited in a random order too long for a branch predictor to learn. */
#define VISITS 16384
#define VISITS_COLD 131072
/* Packets parsed in a round. */
#define PACKETS 262144
#define AHEAD 8
#define AIM 1.25
#define BURST 32
#define PORT_VXLAN 4789

enum kind { TCP4, UDP4, TCP6, UDP6, VLAN_TCP4, VXLAN_TCP4, KINDS };

/* A row of the table: frames of these kinds, in equal parts. */
static const struct mix {
	const char *name;
	uint8_t kinds[8];
	uint8_t n;
	bool imix;
	uint32_t frames;
} mixes[] = {
	{ "tcp/ipv4", { TCP4 }, 1, false, 64 },
	{ "udp/ipv4", { UDP4 }, 1, false, 64 },
	{ "tcp/ipv6", { TCP6 }, 1, false, 64 },
	{ "udp/ipv6", { UDP6 }, 1, false, 64 },
	{ "vlan tcp/ipv4", { VLAN_TCP4 }, 1, false, 64 },
	{ "vxlan tcp/ipv4", { VXLAN_TCP4 }, 1, false, 64 },
	{ "imix", { TCP4, UDP4, TCP6, UDP6 }, 4, true, FRAMES },
	{ "udp/ipv6, cold", { UDP6 }, 1, false, FRAMES_COLD },
	{ "imix, cold", { TCP4, UDP4, TCP6, UDP6 }, 4, true, FRAMES_COLD },
	{ "mixed", { TCP4, UDP4, TCP6, UDP6, VLAN_TCP4, VXLAN_TCP4 }, 6, false, FRAMES },
};

static struct rte_mbuf *mbufs[FRAMES_COLD];
/* What is fetched ahead of the last is there, too. */
static struct rte_mbuf *visits[VISITS_COLD + AHEAD];
static unsigned int visit_count;

static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

static uint32_t
rnd(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * UINT64_C(0x2545F4914F6CDD1D)) >> 32);
}

static size_t
put_ether(uint8_t *at, uint16_t type, bool vlan)
{
	struct rte_ether_hdr *eth = (void *)at;
	struct rte_vlan_hdr *tag = (void *)(eth + 1);

	memset(at, 0x02, sizeof(*eth));
	eth->ether_type = rte_cpu_to_be_16(vlan ? RTE_ETHER_TYPE_VLAN : type);
	if (!vlan)
		return sizeof(*eth);
	tag->vlan_tci = rte_cpu_to_be_16((uint16_t)(rnd() % 4094 + 1));
	tag->eth_proto = rte_cpu_to_be_16(type);
	return sizeof(*eth) + sizeof(*tag);
}

static size_t
put_ipv4(uint8_t *at, uint8_t proto, size_t payload)
{
	struct rte_ipv4_hdr ip = {
		.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + payload)),
		.time_to_live = 64,
		.next_proto_id = proto,
		.src_addr = rnd(),
		.dst_addr = rnd(),
	};

	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
}

static size_t
put_ipv6(uint8_t *at, uint8_t proto, size_t payload)
{
	struct rte_ipv6_hdr ip = {
		.vtc_flow = rte_cpu_to_be_32(0x60000000),
		.payload_len = rte_cpu_to_be_16((uint16_t)payload),
		.proto = proto,
		.hop_limits = 64,
	};
	unsigned int i;

	for (i = 0; i < sizeof(ip.src_addr); i++) {
		ip.src_addr[i] = (uint8_t)rnd();
		ip.dst_addr[i] = (uint8_t)rnd();
	}
	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
}

static size_t
put_tcp(uint8_t *at)
{
	struct rte_tcp_hdr tcp = {
		.src_port = (rte_be16_t)rnd(),
		.dst_port = rte_cpu_to_be_16(443),
		.data_off = sizeof(tcp) / 4 << 4,
		.tcp_flags = RTE_TCP_ACK_FLAG,
	};

	memcpy(at, &tcp, sizeof(tcp));
	return sizeof(tcp);
}

static size_t
put_udp(uint8_t *at, uint16_t port, size_t payload)
{
	struct rte_udp_hdr udp = {
		.src_port = (rte_be16_t)rnd(),
		.dst_port = rte_cpu_to_be_16(port),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(udp) + payload)),
	};

	memcpy(at, &udp, sizeof(udp));
	return sizeof(udp);
}

/* Ethernet to the end of a frame of `size` bytes. */
static void
put_frame(uint8_t *at, enum kind kind, size_t size)
{
	bool ipv6 = kind == TCP6 || kind == UDP6, udp = kind == UDP4 || kind == UDP6;
	size_t off =
		put_ether(at, ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4, kind == VLAN_TCP4);
	size_t ip_len = ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
	size_t payload = size - off - ip_len;
	uint8_t proto = udp ? IPPROTO_UDP : IPPROTO_TCP;

	off += ipv6 ? put_ipv6(at + off, proto, payload) : put_ipv4(at + off, proto, payload);
	if (udp)
		put_udp(at + off, 53, payload - sizeof(struct rte_udp_hdr));
	else
		put_tcp(at + off);
}

static size_t
put_vxlan(uint8_t *at, size_t inner)
{
	struct rte_vxlan_hdr vxlan = {
		.vx_flags = rte_cpu_to_be_32(0x08000000),
		.vx_vni = rte_cpu_to_be_32((rnd() & 0xffffff) << 8),
	};
	size_t payload = sizeof(vxlan) + inner;
	size_t off = put_ether(at, RTE_ETHER_TYPE_IPV4, false);

	off += put_ipv4(at + off, IPPROTO_UDP, sizeof(struct rte_udp_hdr) + payload);
	off += put_udp(at + off, PORT_VXLAN, payload);
	memcpy(at + off, &vxlan, sizeof(vxlan));
	return off + sizeof(vxlan);
}

/* Simple IMIX: 7 small, 4 middling, 1 full. */
static size_t
imix_size(void)
{
	uint32_t r = rnd() % 12;

	return r < 7 ? 78 : r < 11 ? 594 : FRAME_MAX;
}

static void
make_frame(struct rte_mbuf *mbuf, const struct mix *mix)
{
	enum kind kind = mix->kinds[rnd() % mix->n];
	size_t size = mix->imix ? imix_size() : 78, off = 0;
	uint8_t *at;

	rte_pktmbuf_reset(mbuf);
	at = (uint8_t *)rte_pktmbuf_append(mbuf, FRAME_MAX);
	if (kind == VXLAN_TCP4) {
		off = put_vxlan(at, size);
		kind = TCP4;
	}
	put_frame(at + off, kind, size);
	rte_pktmbuf_trim(mbuf, (uint16_t)(FRAME_MAX - off - size));
}

/* With an argument, the frames to come are fetched: weir_parse() does that. */
static void
run_rte(const void *prefetch, double figures[])
{
	struct rte_net_hdr_lens lens;
	volatile uint32_t sink;
	uint32_t sum = 0;
	uint64_t begin = rte_rdtsc_precise();

	for (unsigned int pass = 0; pass < PACKETS / visit_count; pass++) {
		for (unsigned int i = 0; i < visit_count; i++) {
			if (prefetch != NULL)
				rte_prefetch0(rte_pktmbuf_mtod(visits[i + AHEAD], void *));
			sum += rte_net_get_ptype(visits[i], &lens, RTE_PTYPE_ALL_MASK);
		}
	}
	sink = sum;
	(void)sink;
	figures[0] = (double)(rte_rdtsc_precise() - begin) / PACKETS;
}

/* Of VXLAN, which it does not know, the inner frame by a second call. */
static void
run_rte_inner(const void *arg, double figures[])
{
	struct rte_net_hdr_lens lens;
	volatile uint32_t sink;
	uint32_t sum = 0;
	uint64_t begin = rte_rdtsc_precise();

	(void)arg;
	for (unsigned int pass = 0; pass < PACKETS / visit_count; pass++) {
		for (unsigned int i = 0; i < visit_count; i++) {
			struct rte_mbuf *m = visits[i];
			uint16_t off;

			sum += rte_net_get_ptype(m, &lens, RTE_PTYPE_ALL_MASK);
			off = lens.l2_len + lens.l3_len + lens.l4_len +
				sizeof(struct rte_vxlan_hdr);
			m->data_off += off;
			sum += rte_net_get_ptype(m, &lens, RTE_PTYPE_ALL_MASK);
			m->data_off -= off;
		}
	}
	sink = sum;
	(void)sink;
	figures[0] = (double)(rte_rdtsc_precise() - begin) / PACKETS;
}

static void
run_weir(const void *arg, double figures[])
{
	struct weir_parse_burst burst = { .port = 1 };
	uint64_t begin = rte_rdtsc_precise();

	(void)arg;
	for (unsigned int pass = 0; pass < PACKETS / visit_count; pass++) {
		burst.tsc = begin;
		for (unsigned int i = 0; i < visit_count; i += BURST)
			weir_parse(visits + i, BURST, &burst);
	}
	figures[0] = (double)(rte_rdtsc_precise() - begin) / PACKETS;
	if (burst.verdicts[WEIR_VERDICT_OK] != PACKETS)
		bench_die("a frame is malformed");
}

static void
run_mix(struct bench *bench, const struct mix *mix)
{
	static struct bench_side sides[] = {
		{ .name = "weir_parse", .run = run_weir },
		{ .name = "rte_net_get_ptype", .run = run_rte },
		{ .name = "rte_net_get_ptype, prefetching", .run = run_rte, .arg = "" },
		{ .name = "rte_net_get_ptype, inner too",
			.run = run_rte_inner,
			.at_most = { AIM } },
	};
	bool vxlan = mix->n == 1 && mix->kinds[0] == VXLAN_TCP4;

	for (unsigned int i = 0; i < mix->frames; i++)
		make_frame(mbufs[i], mix);
	visit_count = mix->frames == FRAMES_COLD ? VISITS_COLD : VISITS;
	for (unsigned int i = 0; i < visit_count + AHEAD; i++)
		visits[i] = mbufs[rnd() % mix->frames];
	/* Meant is the same work, warm. */
	sides[1].at_most[0] = vxlan || mix->frames == FRAMES_COLD ? 0 : AIM;
	bench_case(bench, mix->name, sides, RTE_DIM(sides) - !vxlan, 0);
}

int
main(int argc, char **argv)
{
	static const struct bench_metric metrics[] = { { "cost", "cycles a packet" } };
	struct bench bench = {
		.name = "parse",
		.title = "bytes to event, beside bytes to packet type",
		.metrics = metrics,
		.metric_count = RTE_DIM(metrics),
	};
	struct rte_mempool *pool;

	bench_open(&bench, argc, argv);
	bench_eal_with(&bench, NULL, "0", MEMORY_MB);
	pool = weir_pool_create("bench", FRAMES_COLD, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
		SOCKET_ID_ANY);
	if (pool == NULL || rte_pktmbuf_alloc_bulk(pool, mbufs, FRAMES_COLD) != 0)
		bench_die("no mbufs: %s", rte_strerror(rte_errno));
	for (unsigned int i = 0; i < RTE_DIM(mixes); i++)
		run_mix(&bench, &mixes[i]);
	rte_pktmbuf_free_bulk(mbufs, FRAMES_COLD);
	rte_mempool_free(pool);
	return bench_close(&bench);
}
