/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Capture files that ports write. net_pcap does not look whether a write worked, and counts every
 * packet as sent: on a full disk only the length of the file tells.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <rte_ethdev.h>

#include "source/source.h"
#include "watch_private.h"

#define PCAP_DRIVER "net_pcap"
/* What a file has before its packets, and each of these before its bytes. */
#define PCAP_FILE_LEN 24
#define PCAP_RECORD_LEN 16

/* Where a port's packets go: files, one for each queue, or an interface. */
struct written {
	char first[PATH_MAX];
	unsigned int count;
	unsigned int known; /* those that are files, with a length that says something */
	uint64_t size;
	bool interface;
};

static void
file_add(struct written *written, const char *path)
{
	struct stat st;

	if (written->count++ == 0)
		snprintf(written->first, sizeof(written->first), "%s", path);
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		written->known++;
		written->size += (uint64_t)st.st_size;
	}
}

static void
arguments_look(uint16_t id, struct written *written)
{
	struct rte_eth_dev_info info;
	char value[PATH_MAX];

	if (rte_eth_dev_info_get(id, &info) != 0)
		return;
	while (port_arg(&info, "tx_pcap", written->count, value, sizeof(value)))
		file_add(written, value);
	written->interface = port_arg(&info, "iface", 0, value, sizeof(value)) ||
		port_arg(&info, "tx_iface", 0, value, sizeof(value));
}

/* Say what is wrong; false: nothing is, or nobody can know. */
static bool
files_wrong(const struct plan_port *plan, const struct written *written,
	const struct port_counts *counts, struct weir_error *error)
{
	uint64_t all = written->count * PCAP_FILE_LEN + counts->opackets * PCAP_RECORD_LEN +
		counts->obytes;

	if (written->count == 0)
		weir_error_set(error, EIO,
			"port %s (%s) has neither tx_pcap= nor an interface: its driver dropped "
			"%" PRIu64 " packets, which the ledger has as transmitted",
			plan->name, plan->driver, counts->opackets);
	else if (written->known == written->count && written->size < all)
		weir_error_set(error, EIO,
			"port %s (%s) did not write all packets that it counts as sent: '%s'%s has "
			"%" PRIu64 " bytes of %" PRIu64 "; is its disk full? The ledger has them "
			"as transmitted",
			plan->name, plan->driver, written->first,
			written->count > 1 ? " with those of its other queues" : "", written->size,
			all);
	else
		return false;
	return true;
}

void
watch_written(struct weir_engine *engine, unsigned int port)
{
	struct port_state *state = &engine->ports[port];
	struct written written = { .count = 0 };
	struct port_counts counts;
	struct weir_error error;

	if (strcmp(state->plan->driver, PCAP_DRIVER) != 0 || state->gone)
		return;
	engine_port_counts(state, &counts);
	arguments_look(state->id, &written);
	if (counts.opackets > 0 && !written.interface &&
		files_wrong(state->plan, &written, &counts, &error))
		failures_add(&engine->failures, &error);
}
