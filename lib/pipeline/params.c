/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The tables: what every section of a kind can say. */
#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_config.h>

#include "pipeline_private.h"

/* Most workers of a node: a flow spread tells so many apart (struct out_link). */
#define WORKERS_MAX 256
/* Words of the key `drop`, and NULL. */
#define DROP_WORDS_MAX (WEIR_VERDICT_MAX + 8)
#define WAIT_MAX_NS UINT64_C(1000000000)
/* Stamps of rings come round after some minutes; see STAMP_SHIFT. */
#define DEADLINE_MAX_NS UINT64_C(10000000000)

const char *const on_full_names[] = { "auto", "block", "drop-newest", "drop-oldest",
	"drop-priority", "drop-flow", "drop-late", NULL };
const char *const spread_names[] = { "flow", "round-robin", "copy", NULL };
const char *const wait_names[] = { "auto", "spin", "pause", "exponential", "yield", "sleep",
	"monitor", "interrupt", NULL };

static const char *const kind_names[] = { "auto", "ring", NULL };
static const char *const numa_names[] = { "prefer", "strict", "off", NULL };
static const char *const tunnel_names[] = { "inner", "outer", NULL };
static const char *const fragments_names[] = { "datagram", "flow", NULL };
static const char *const checksum_names[] = { "port", "off", "verify", "on", "auto", NULL };
static const char *const depth_names[] = { "full", "key-only", NULL };
static const char *const auto_word[] = { "auto", NULL };
static const char *const random_word[] = { "random", NULL };

const char *const section_kinds[] = { "pipeline", "pool", "source", "stage", "link", NULL };

/* A row of a table. */
#define ROW(key, kind, conf, member, least, most, text, words, line, alive) \
	{ \
		.name = key, .type = WEIR_PARAM_##kind, .offset = offsetof(struct conf, member), \
		.min = least, .max = most, .def = text, .values = words, .help = line, \
		.live = alive, \
	}
/* What is fixed while an engine runs, and what may be set then too. */
#define KEY(...) ROW(__VA_ARGS__, 0)
#define LIVE(...) ROW(__VA_ARGS__, 1)

/* What drop-priority keeps from a priority. */
#define RESERVE(n, priority, text) \
	LIVE("reserve." n, SHARE, link_conf, reserve[priority], 0, 100, text, NULL, \
		"drop-priority: share of the ring that priority " n \
		" leaves free for higher ones")

/* Keys that sources and stages have in common. */
#define NODE_KEYS \
	KEY("lcores", LCORES, node_conf, lcores, 0, 0, "", NULL, \
		"lcores that its workers run on, as 1,3-5; left out: the plan chooses"), \
		KEY("numa", STRING, node_conf, numa, 0, 0, "", NULL, \
			"socket that it runs on; left out: its port's, or its inputs'"), \
		LIVE("idle", ENUM, node_conf, idle, 0, 0, "auto", wait_names, \
			"what a worker with nothing to do does"), \
		LIVE("idle.min", DURATION, node_conf, idle_min, 1, WAIT_MAX_NS, "100ns", NULL, \
			"first wait of idle = exponential and interrupt"), \
		LIVE("idle.max", DURATION, node_conf, idle_max, 1, WAIT_MAX_NS, "50us", NULL, \
			"longest wait of idle = exponential, sleep and monitor; of interrupt before it " \
			"sleeps")

static const struct weir_param pipeline_params[] = {
	KEY("name", STRING, pipeline_conf, name, 0, 0, "", NULL,
		"name of the pipeline; left out: the file's"),
	KEY("burst", UINT, pipeline_conf, burst, 1, 256, "32", NULL, "events moved at once"),
	KEY("numa", ENUM, pipeline_conf, numa, 0, 0, "prefer", numa_names,
		"whether links may cross sockets: strict refuses, prefer says so"),
	KEY("hash_seed", UINT, pipeline_conf, hash_seed, 1, 0, "random", random_word,
		"seed of the flow hash, a secret: the same where machines are to agree on hashes"),
	{ .name = NULL },
};

static const struct weir_param pool_params[] = {
	KEY("size", SIZE, pool_conf, size, 64, UINT64_C(1) << 30, "auto", auto_word,
		"mbufs per socket; auto: what the pipeline can have in flight"),
	KEY("data_room", SIZE, pool_conf, data_room, 256, UINT16_MAX, "auto", auto_word,
		"bytes for a packet in each mbuf, headroom included; auto: one frame by the ports' mtu"),
	KEY("cache", UINT, pool_conf, cache, 0, 512, "256", NULL,
		"mbufs that each lcore keeps at hand"),
	{ .name = NULL },
};

static const struct weir_param source_params[] = {
	KEY("type", STRING, node_conf, type, 0, 0, "", NULL,
		"type of the source; ethdev where a device is given"),
	KEY("device", STRING, node_conf, device, 0, 0, "", NULL,
		"ethdev: the port, by the name or PCI address that EAL knows"),
	KEY("queues", UINT, node_conf, workers, 1, WORKERS_MAX, "1", auto_word,
		"workers; ethdev: one for each RX queue; auto: as many as lcores of the port's socket are "
		"left and the port spreads over"),
	KEY("descriptors", SIZE, node_conf, descriptors, 1, UINT16_MAX, "auto", auto_word,
		"ethdev: RX descriptors of each queue; auto: what the driver prefers"),
	KEY("tunnel", ENUM, node_conf, tunnel, 0, 0, "inner", tunnel_names,
		"whose 5-tuple becomes the key of a packet in a tunnel"),
	KEY("fragments", ENUM, node_conf, fragments, 0, 0, "datagram", fragments_names,
		"key of fragments: of their datagram, all of it without ports; flow: the first one has "
		"ports, and goes another way than the rest"),
	KEY("vxlan_ports", STRING, node_conf, vxlan_ports, 0, 0, VXLAN_PORTS_USUAL, NULL,
		"UDP destination ports of VXLAN, a list of up to 16; the first two are parsed the fastest"),
	KEY("checksum", ENUM, node_conf, checksum, 0, 0, "port", checksum_names,
		"who finds wrong checksums: the port, those that it can; verify: weir too, where the port "
		"does not say; on: the port, which must; auto is port"),
	KEY("under_pressure", ENUM, node_conf, under_pressure, 0, 0, "full", depth_names,
		"what the parser does while a link behind the source is above `high`"),
	KEY("drop", STRING, node_conf, drop, 0, 0, "", NULL,
		"packets that are dropped, a list: malformed or its verdicts, truncated, bad_checksum or one "
		"of its layers"),
	NODE_KEYS,
	{ .name = NULL },
};

static const struct weir_param stage_params[] = {
	KEY("type", STRING, node_conf, type, 0, 0, NULL, NULL,
		"a registered stage type; its parameters are keys here"),
	KEY("input", STRING, node_conf, input, 0, 0, NULL, NULL,
		"what it reads: NODE, or NODE.OUTPUT, several with commas"),
	KEY("workers", UINT, node_conf, workers, 1, WORKERS_MAX, "1", NULL,
		"instances, each on one lcore with its own state"),
	NODE_KEYS,
	{ .name = NULL },
};

static const struct weir_param link_params[] = {
	KEY("kind", ENUM, link_conf, kind, 0, 0, "auto", kind_names,
		"auto: a call where both ends share an lcore; ring: always a ring"),
	KEY("ring", SIZE, link_conf, ring, 64, UINT64_C(1) << 20, "auto", auto_word,
		"capacity of each ring in events; auto: 4096 for each worker over its producers, at "
		"least 4 bursts and at most 1023 a ring; depth helps bursts, never overload"),
	KEY("spread", ENUM, link_conf, spread, 0, 0, "flow", spread_names,
		"how the workers of the stage share what comes in"),
	LIVE("on_full", ENUM, link_conf, on_full, 0, 0, "auto", on_full_names,
		"when a ring is full; auto: drop-newest behind an ethdev source, else block"),
	LIVE("high", SHARE, link_conf, high, 0, 100, "75%", NULL,
		"fill above which drop-oldest and drop-flow shed, and producers are told"),
	LIVE("low", SHARE, link_conf, low, 0, 100, "50%", NULL,
		"fill down to which drop-oldest sheds, and below which the pressure is over"),
	LIVE("deadline", DURATION, link_conf, deadline, 1000, DEADLINE_MAX_NS, "", NULL,
		"drop-late: longest wait in the ring"),
	LIVE("block_timeout", DURATION, link_conf, block_timeout, 0, WAIT_MAX_NS * 60, "0", NULL,
		"block: drop the newest once the consumer took nothing for so long; 0: never"),
	RESERVE("0", 0, "40%"),
	RESERVE("1", 1, "35%"),
	RESERVE("2", 2, "30%"),
	RESERVE("3", 3, "25%"),
	RESERVE("4", 4, "20%"),
	RESERVE("5", 5, "15%"),
	RESERVE("6", 6, "10%"),
	RESERVE("7", 7, "0%"),
	LIVE("gap_markers", BOOL, link_conf, gap_markers, 0, 0, "off", NULL,
		"tell the stages behind of what was lost, by events of type gap"),
	LIVE("linger", UINT, link_conf, linger, 0, 255, "0", NULL,
		"passes that an event may wait at its producer until a cache line of its ring is full; "
		"0: none, what a pass makes is seen at its end"),
	LIVE("full", ENUM, link_conf, full, 0, 0, "auto", wait_names,
		"how a blocked producer waits; not interrupt"),
	LIVE("full.min", DURATION, link_conf, full_min, 1, WAIT_MAX_NS, "100ns", NULL,
		"first wait of full = exponential"),
	LIVE("full.max", DURATION, link_conf, full_max, 1, WAIT_MAX_NS, "50us", NULL,
		"longest wait of full = exponential, sleep and monitor"),
	{ .name = NULL },
};

static const struct weir_param *const tables[SECTION_MAX] = {
	[SECTION_PIPELINE] = pipeline_params,
	[SECTION_POOL] = pool_params,
	[SECTION_SOURCE] = source_params,
	[SECTION_STAGE] = stage_params,
	[SECTION_LINK] = link_params,
};

const struct weir_param *
section_params(enum section_kind kind)
{
	return tables[kind];
}

const struct weir_param *
weir_section_params(const char *kind)
{
	for (unsigned int i = 0; kind != NULL && i < SECTION_MAX; i++)
		if (strcmp(section_kinds[i], kind) == 0)
			return tables[i];
	return NULL;
}

bool
param_of_ethdev(const char *key)
{
	return strcmp(key, "device") == 0 || strcmp(key, "descriptors") == 0;
}

static int
name_check(const char *value, char *buf, size_t size)
{
	if (name_valid(value))
		return 0;
	text_add(buf, size, 0, "at most %d letters, digits, - and _", WEIR_NAME_SIZE - 1);
	return -EINVAL;
}

static int
socket_check(const char *value, char *buf, size_t size)
{
	static const struct weir_param socket = {
		.name = "numa",
		.type = WEIR_PARAM_UINT,
		.max = RTE_MAX_NUMA_NODES - 1,
	};
	union param_value number;

	if (strspn(value, "0123456789") == strlen(value) &&
		param_parse(&socket, value, &number) == 0)
		return 0;
	text_add(buf, size, 0, "the number of a socket, at most %d", RTE_MAX_NUMA_NODES - 1);
	return -EINVAL;
}

static int
drop_check(const char *value, char *buf, size_t size)
{
	const char *names[DROP_WORDS_MAX], *name;
	unsigned int count = 0;
	char word[WEIR_NAME_SIZE], near[64];
	struct nearest nearest;
	struct drops drops;
	struct span bad;
	size_t at;

	if (drops_parse(value, &drops, &bad) == 0)
		return 0;
	for (unsigned int i = 0; (name = drops_word(i)) != NULL; i++)
		names[count++] = name;
	for (unsigned int i = WEIR_VERDICT_OK + 1; (name = weir_verdict_name(i)) != NULL; i++)
		names[count++] = name;
	names[count] = NULL;
	nearest_init(&nearest, span_copy(bad, word, sizeof(word)) ? word : "");
	for (unsigned int i = 0; i < count; i++)
		nearest_try(&nearest, names[i]);
	at = text_add(buf, size, 0, "a list of ");
	at += words_join(buf + at, size - at, names);
	text_add(buf, size, at, "%s", nearest_text(&nearest, near, sizeof(near)));
	return -EINVAL;
}

static int
vxlan_ports_check(const char *value, char *buf, size_t size)
{
	struct weir_vxlan_ports ports;
	struct span bad;
	const char *what = vxlan_ports_parse(value, &ports, &bad);
	size_t at;

	if (what == NULL)
		return 0;
	at = text_add(buf, size, 0,
		"UDP ports with commas between them, at most %d, none twice or another tunnel's",
		WEIR_VXLAN_PORTS_MAX);
	if (bad.len > 0)
		text_add(buf, size, at, "; %.*s is %s", (int)bad.len, bad.text, what);
	return -EINVAL;
}

static int
input_check(const char *value, char *buf, size_t size)
{
	char node[WEIR_NAME_SIZE], output[WEIR_NAME_SIZE];
	struct span item;

	while (value != NULL) {
		value = list_next(value, &item);
		if (endpoint_parse(item, node, output) != 0) {
			text_add(buf, size, 0, "NODE or NODE.OUTPUT, several with commas");
			return -EINVAL;
		}
	}
	return 0;
}

int
text_check(const char *key, const char *value, char *buf, size_t size)
{
	static const struct {
		const char *key;
		int (*check)(const char *value, char *buf, size_t size);
	} forms[] = {
		{ "name", name_check },
		{ "numa", socket_check },
		{ "drop", drop_check },
		{ "vxlan_ports", vxlan_ports_check },
		{ "input", input_check },
	};

	for (unsigned int i = 0; i < RTE_DIM(forms); i++)
		if (strcmp(forms[i].key, key) == 0)
			return forms[i].check(value, buf, size);
	return 0;
}
