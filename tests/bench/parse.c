/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * weir_parse() against rte_net_get_ptype() on the same warm frames, in rounds that alternate, so
 * that a noisy machine disturbs both alike. Cycles a packet, in a table on stdout.
 *
 * usage: bench_parse [ROUNDS [KIND]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include <rte_vxlan.h>

#include <weir/parse.h>

#define ROUNDS_DEFAULT 21
#define ROUNDS_MAX 1001
#define FRAMES 512
#define FRAME_MAX 1518
/* Frames are visited in a random order too long for a branch predictor to learn. */
#define VISITS 16384
#define PASSES 16
#define BURST 32
#define PORT_VXLAN 4789

enum kind { TCP4, UDP4, TCP6, UDP6, VLAN_TCP4, VXLAN_TCP4, KINDS };

/* A row of the table: frames of these kinds, in equal parts. */
static const struct mix {
	const char *name;
	uint8_t kinds[8];
	uint8_t n;
	bool imix;
	uint16_t frames;
} mixes[] = {
	{ "tcp/ipv4", { TCP4 }, 1, false, 64 },
	{ "udp/ipv4", { UDP4 }, 1, false, 64 },
	{ "tcp/ipv6", { TCP6 }, 1, false, 64 },
	{ "udp/ipv6", { UDP6 }, 1, false, 64 },
	{ "vlan tcp/ipv4", { VLAN_TCP4 }, 1, false, 64 },
	{ "vxlan tcp/ipv4", { VXLAN_TCP4 }, 1, false, 64 },
	{ "imix", { TCP4, UDP4, TCP6, UDP6 }, 4, true, FRAMES },
	{ "mixed", { TCP4, UDP4, TCP6, UDP6, VLAN_TCP4, VXLAN_TCP4 }, 6, false, FRAMES },
};

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

static uint64_t
run_rte(struct rte_mbuf *const visits[])
{
	struct rte_net_hdr_lens lens;
	volatile uint32_t sink;
	uint32_t sum = 0;
	uint64_t begin = rte_rdtsc_precise();
	unsigned int pass, i;

	for (pass = 0; pass < PASSES; pass++)
		for (i = 0; i < VISITS; i++)
			sum += rte_net_get_ptype(visits[i], &lens, RTE_PTYPE_ALL_MASK);
	sink = sum;
	(void)sink;
	return rte_rdtsc_precise() - begin;
}

static uint64_t
run_weir(struct rte_mbuf *const visits[])
{
	struct weir_parse_burst burst = { .port = 1 };
	uint64_t begin = rte_rdtsc_precise();
	unsigned int pass, i;

	for (pass = 0; pass < PASSES; pass++) {
		burst.tsc = begin;
		for (i = 0; i < VISITS; i += BURST)
			weir_parse(visits + i, BURST, &burst);
	}
	if (burst.verdicts[WEIR_VERDICT_OK] != PASSES * VISITS)
		fprintf(stderr, "bench_parse: a frame is malformed\n");
	return rte_rdtsc_precise() - begin;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The rounds of one row: medians, the ratio of each round's two sides and how far it spreads. */
static void
measure(const struct mix *mix, struct rte_mbuf *const visits[], unsigned int rounds)
{
	static double rte[ROUNDS_MAX], weir[ROUNDS_MAX], ratio[ROUNDS_MAX];
	const double packets = (double)PASSES * VISITS;
	unsigned int i;

	run_rte(visits);
	run_weir(visits);
	for (i = 0; i < rounds; i++) {
		rte[i] = (double)run_rte(visits) / packets;
		weir[i] = (double)run_weir(visits) / packets;
		ratio[i] = weir[i] / rte[i];
	}
	qsort(rte, rounds, sizeof(rte[0]), by_value);
	qsort(weir, rounds, sizeof(weir[0]), by_value);
	qsort(ratio, rounds, sizeof(ratio[0]), by_value);
	printf("%-16s %10.1f %10.1f %8.2f   %.2f - %.2f\n", mix->name, rte[rounds / 2],
		weir[rounds / 2], ratio[rounds / 2], ratio[rounds / 10],
		ratio[rounds - 1 - rounds / 10]);
}

static void
run_mix(const struct mix *mix, struct rte_mbuf *mbufs[], unsigned int rounds)
{
	static struct rte_mbuf *visits[VISITS];
	unsigned int i;

	for (i = 0; i < mix->frames; i++)
		make_frame(mbufs[i], mix);
	for (i = 0; i < VISITS; i++)
		visits[i] = mbufs[rnd() % mix->frames];
	measure(mix, visits, rounds);
}

static int
start_eal(const char *program)
{
	char name[64], prefix[32];
	const char *argv[] = { name, "--no-huge", "-m", "128", "--no-pci", "--lcores", "0",
		"--file-prefix", prefix, "--log-level", "lib.eal:4", "--no-telemetry" };

	snprintf(name, sizeof(name), "%s", program);
	snprintf(prefix, sizeof(prefix), "weir-bench-%d", (int)getpid());
	return rte_eal_init((int)RTE_DIM(argv), (char **)(uintptr_t)argv);
}

int
main(int argc, char **argv)
{
	static struct rte_mbuf *mbufs[FRAMES];
	unsigned int rounds = argc > 1 ? (unsigned int)atoi(argv[1]) : ROUNDS_DEFAULT, i;
	struct rte_mempool *pool;

	if (rounds < 1 || rounds > ROUNDS_MAX || argc > 3) {
		fprintf(stderr, "usage: bench_parse [ROUNDS [KIND]]\n");
		return 2;
	}
	if (start_eal(argv[0]) < 0) {
		fprintf(stderr, "bench_parse: EAL: %s\n", rte_strerror(rte_errno));
		return 1;
	}
	pool = weir_pool_create("bench", 1023, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL || rte_pktmbuf_alloc_bulk(pool, mbufs, FRAMES) != 0) {
		fprintf(stderr, "bench_parse: no mbufs: %s\n", rte_strerror(rte_errno));
		return 1;
	}
	printf("%u rounds of %u packets a side; cycles a packet (median), ratio (median, 10 - 90 %%)\n",
		rounds, PASSES * VISITS);
	printf("%-16s %10s %10s %8s\n", "frames", "rte_net", "weir", "ratio");
	for (i = 0; i < RTE_DIM(mixes); i++)
		if (argc < 3 || strcmp(argv[2], mixes[i].name) == 0)
			run_mix(&mixes[i], mbufs, rounds);
	rte_pktmbuf_free_bulk(mbufs, FRAMES);
	rte_mempool_free(pool);
	return rte_eal_cleanup() == 0 ? 0 : 1;
}
