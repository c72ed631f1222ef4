/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Expressions in software: libpcap compiles them, and runs them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_malloc.h>

#include "match_private.h"

/* Longest packet, as libpcap has it. */
#define PACKET_MAX 262144u
/* Longest header of which a program knows the length: IPv4's. */
#define HEADER_MAX 60u
#define VLAN_SIZE ((uint32_t)sizeof(struct rte_vlan_hdr))

struct match_program {
	struct bpf_program bpf;
	uint32_t reach;
};

struct match {
	uint32_t reach;  /* bytes of a frame beyond which it never looks */
	uint8_t *linear; /* so many of a frame that is not in one piece, and a tag */
	struct bpf_insn program[];
};

static uint32_t
load_size(const struct bpf_insn *insn)
{
	if (BPF_CLASS(insn->code) == BPF_LDX)
		return 1;
	switch (BPF_SIZE(insn->code)) {
	case BPF_W:
		return 4;
	case BPF_H:
		return 2;
	default:
		return 1;
	}
}

/* Whether it sets the index register to what is not a header's length. */
static bool
index_free(const struct bpf_insn *insn)
{
	if (BPF_CLASS(insn->code) == BPF_LDX)
		return BPF_MODE(insn->code) != BPF_MSH;
	return BPF_CLASS(insn->code) == BPF_MISC && BPF_MISCOP(insn->code) == BPF_TAX;
}

/* How far a program looks: as it says, plus a header's length where it goes by one. */
static uint32_t
program_reach(const struct bpf_program *program)
{
	bool free = false;
	uint64_t reach = 0;

	for (unsigned int i = 0; i < program->bf_len; i++)
		free |= index_free(&program->bf_insns[i]);
	for (unsigned int i = 0; i < program->bf_len; i++) {
		const struct bpf_insn *insn = &program->bf_insns[i];
		unsigned int class = BPF_CLASS(insn->code), mode = BPF_MODE(insn->code);
		uint64_t end = (uint64_t)insn->k + load_size(insn);

		if (class != BPF_LD && class != BPF_LDX)
			continue;
		if (mode == BPF_IND && free)
			return PACKET_MAX;
		if (mode == BPF_IND)
			end += HEADER_MAX;
		if (mode == BPF_IND || mode == BPF_ABS || mode == BPF_MSH)
			reach = RTE_MAX(reach, end);
	}
	return (uint32_t)RTE_MIN(reach, (uint64_t)PACKET_MAX);
}

/*
 * Without libpcap's optimizer: of some expressions it makes programs that match other packets than meant,
 * or none (as of `src net fd00::/127 and src net fd00::/127`), and it saves few cycles of a packet.
 */
static int
compile(const char *expression, int link, struct bpf_program *program, struct weir_error *error)
{
	char near[2 * TOKEN_SIZE];
	struct token name;
	pcap_t *pcap;
	int rc = 0;

	if (match_name(expression, &name))
		return weir_error_set(error, EINVAL,
			"'%.*s' is no word of pcap expressions, and names of hosts and networks are "
			"not looked up: expected an address%s",
			(int)RTE_MIN(name.len, (size_t)TOKEN_SIZE), name.at,
			match_near(&name, near, sizeof(near)));
	if (match_word(expression, "inbound") || match_word(expression, "outbound"))
		return weir_error_set(error, EINVAL,
			"what a port receives has no direction: leave inbound and outbound out");
	pcap = pcap_open_dead(link, PACKET_MAX);
	if (pcap == NULL)
		return weir_error_set(error, ENOMEM, "no memory to compile it");
	if (pcap_compile(pcap, program, expression, 0, PCAP_NETMASK_UNKNOWN) != 0)
		rc = weir_error_set(error, EINVAL, "libpcap: %s", pcap_geterr(pcap));
	pcap_close(pcap);
	return rc;
}

int
match_compile(struct match_program **program, const char *expression, int link,
	struct weir_error *error)
{
	struct match_program *own = calloc(1, sizeof(*own));
	int rc = own != NULL ? compile(expression, link, &own->bpf, error) :
			       weir_error_set(error, ENOMEM, "no memory to compile it");

	*program = NULL;
	if (rc != 0) {
		free(own);
		return rc;
	}
	own->reach = program_reach(&own->bpf);
	*program = own;
	return 0;
}

void
match_program_free(struct match_program *program)
{
	if (program == NULL)
		return;
	pcap_freecode(&program->bpf);
	free(program);
}

static size_t
program_bytes(const struct match_program *program)
{
	return program->bpf.bf_len * sizeof(program->bpf.bf_insns[0]);
}

size_t
match_memory(const struct match_program *program)
{
	return sizeof(struct match) + program_bytes(program) + program->reach + VLAN_SIZE;
}

/* All of it in one piece of memory, on the socket of who runs it. */
struct match *
match_create(const struct match_program *program, int socket)
{
	size_t bytes = program_bytes(program);
	struct match *match =
		rte_malloc_socket("match", match_memory(program), RTE_CACHE_LINE_SIZE, socket);

	if (match == NULL)
		return NULL;
	match->reach = program->reach;
	match->linear = (uint8_t *)match + sizeof(*match) + bytes;
	memcpy(match->program, program->bpf.bf_insns, bytes);
	return match;
}

void
match_free(struct match *match)
{
	rte_free(match);
}

/* The first bytes of a frame in one piece, a tag that was taken off back in its place. */
static __rte_noinline bool
linear_matches(const struct match *match, const struct rte_mbuf *mbuf)
{
	bool stripped = (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0;
	uint32_t len = RTE_MIN(match->reach, mbuf->pkt_len);
	uint32_t wire = mbuf->pkt_len + (stripped ? VLAN_SIZE : 0);
	const void *bytes = rte_pktmbuf_read(mbuf, 0, len, match->linear);
	const uint32_t at = 2 * RTE_ETHER_ADDR_LEN;
	struct rte_vlan_hdr tag;

	if (bytes != match->linear)
		memcpy(match->linear, bytes, len);
	if (stripped && len >= at) {
		memmove(match->linear + at + VLAN_SIZE, match->linear + at, len - at);
		tag.vlan_tci = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
		tag.eth_proto = rte_cpu_to_be_16(mbuf->vlan_tci);
		memcpy(match->linear + at, &tag, VLAN_SIZE);
		len += VLAN_SIZE;
	}
	return bpf_filter(match->program, match->linear, wire, len) != 0;
}

bool
match_mbuf(const struct match *match, const struct rte_mbuf *mbuf)
{
	if (unlikely((mbuf->data_len < mbuf->pkt_len && mbuf->data_len < match->reach) ||
		    mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		return linear_matches(match, mbuf);
	return bpf_filter(match->program, rte_pktmbuf_mtod(mbuf, const uint8_t *), mbuf->pkt_len,
		       mbuf->data_len) != 0;
}

bool
match_bytes(const struct match *match, const uint8_t *bytes, uint32_t len, uint32_t wire_len)
{
	return bpf_filter(match->program, bytes, wire_len, len) != 0;
}

uint16_t
match_burst(const struct match *match, struct rte_mbuf *mbufs[], uint16_t n,
	struct rte_mbuf *missed[])
{
	uint16_t kept = 0, out = 0;

	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], const void *));
	for (uint16_t i = 0; i < n; i++) {
		if (match_mbuf(match, mbufs[i]))
			mbufs[kept++] = mbufs[i];
		else
			missed[out++] = mbufs[i];
	}
	return kept;
}
