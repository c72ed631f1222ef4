/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The flows of real captures fall into buckets as chance has it, where ../shared has captures. */
#include "testing.h"

#include <dirent.h>

#include "flows.h"
#include "packet.h"

#define FLOWS_MAX (1u << 18)
#define FRAME_MAX 65535
/* So few tell nothing. */
#define FLOWS_LEAST (WEIR_BUCKETS / 4)

#define PCAP_MAGIC 0xa1b2c3d4u
#define PCAP_MAGIC_NS 0xa1b23c4du
#define LINK_ETHERNET 1

struct pcap_file {
	uint32_t magic;
	uint32_t version;
	uint32_t zero[2];
	uint32_t snaplen;
	uint32_t link;
};

struct pcap_frame {
	uint32_t seconds;
	uint32_t fraction;
	uint32_t len;
	uint32_t wire_len;
};

static struct weir_key flows[FLOWS_MAX];
static unsigned int flow_count;

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct weir_key));
}

/* Each flow once, whichever its direction. */
static void
flows_sort(void)
{
	unsigned int kept = 0;

	qsort(flows, flow_count, sizeof(flows[0]), by_bytes);
	for (unsigned int i = 0; i < flow_count; i++)
		if (kept == 0 || by_bytes(&flows[kept - 1], &flows[i]) != 0)
			flows[kept++] = flows[i];
	flow_count = kept;
}

static void
flow_add(const struct weir_key *key)
{
	struct weir_key back = backwards(key);

	if (flow_count == FLOWS_MAX)
		flows_sort();
	if (flow_count < FLOWS_MAX)
		flows[flow_count++] = by_bytes(key, &back) < 0 ? *key : back;
}

static void
frame_add(const uint8_t *bytes, uint32_t len)
{
	struct weir_parse_burst burst = WEIR_PARSE_BURST_INIT;
	struct packet p;
	struct rte_mbuf *mbuf = packet_make(&p, bytes, len, 0, 0);

	weir_parse(&mbuf, 1, &burst);
	if (weir_mbuf_event(mbuf)->flags & WEIR_EVENT_KEYED)
		flow_add(&weir_mbuf_event(mbuf)->key);
	packet_free(&p);
}

/* Files of another kind or byte order are left out. */
static void
capture_add(FILE *file)
{
	static uint8_t bytes[FRAME_MAX];
	struct pcap_file head;
	struct pcap_frame frame;

	if (fread(&head, sizeof(head), 1, file) != 1 ||
		(head.magic != PCAP_MAGIC && head.magic != PCAP_MAGIC_NS) ||
		head.link != LINK_ETHERNET)
		return;
	while (fread(&frame, sizeof(frame), 1, file) == 1 && frame.len <= FRAME_MAX &&
		fread(bytes, 1, frame.len, file) == frame.len)
		frame_add(bytes, frame.len);
}

static void
captures_read(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[1024];
	FILE *file;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%.255s", folder, entry->d_name);
		file = fopen(path, "rb");
		if (file == NULL)
			continue;
		capture_add(file);
		fclose(file);
	}
	if (dir != NULL)
		closedir(dir);
	flows_sort();
}

static void
captures(void **state)
{
	static const uint64_t seeds[] = { 0, 1, UINT64_C(0x6b8fd1ce49c3a7e5) };
	const char *top = getenv("WEIR_TOP");
	struct counts counts;
	char folder[512];

	(void)state;
	snprintf(folder, sizeof(folder), "%s/../shared/pcaps", top != NULL ? top : ".");
	captures_read(folder);
	if (flow_count < FLOWS_LEAST) {
		print_message("skipped: %s has captures of %u flows, %u are needed\n", folder,
			flow_count, FLOWS_LEAST);
		skip();
	}
	for (unsigned int s = 0; s < RTE_DIM(seeds); s++) {
		counts_init(&counts, seeds[s]);
		for (unsigned int i = 0; i < flow_count; i++)
			counts_add(&counts, &flows[i]);
		counts_assert_even(&counts, "captures", 0);
		print_message("%u flows in %u buckets, seed %#llx: chi-square %.0f\n", flow_count,
			WEIR_BUCKETS, (unsigned long long)seeds[s],
			counts_chi(&counts, WEIR_BUCKETS));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captures),
	};

	return cmocka_run_group_tests_name("parse captures", tests, NULL, NULL);
}
