/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What the files of this folder, and their tests, know of one another. eve is in three parts: eve.c
 * is the stage, eve_json.c and eve_flow.c make lines of events, writer.c carries lines to the file.
 */
#ifndef WEIR_SINK_PRIVATE_H
#define WEIR_SINK_PRIVATE_H

#include <stdint.h>

#include <rte_ethdev.h>

#include "sink.h"
#include "writer.h"

/* What the parameters of `eve` fill. */
struct eve_conf {
	const char *path; /* "-": standard output */
	uint64_t buffer;  /* bytes */
	uint64_t community_id;
	struct rotation rotation;
};

/* Own drop reasons of `eve`. */
enum { EVE_WRITE_FAILED, EVE_BUFFER_FULL };

/* What the parameters of `tx` fill. */
struct tx_conf {
	const char *device;   /* first, as `transmits` asks */
	uint64_t descriptors; /* for the plan; 0: auto */
	uint64_t adopt;       /* for the plan: the application has set the port up, and keeps it */
	uint64_t queue_first; /* for the plan: of that, the first queue that is sent on */
};

/* Own drop reasons of `tx`. */
enum { TX_VLAN_INSERT, TX_QUEUE_FULL, TX_PORT_GONE, TX_PORT_REFUSED };

/* Most events that a worker of `tx` holds: the largest burst. */
#define TX_HELD_MAX 256

/*
 * Bytes copied at once: the longest line is some 1,700, and short texts are copied with what lies
 * behind them, within WRITER_LINE_MAX.
 */
#define EVE_COPY 32

/* Bytes of "2026-01-01T12:00:00.": each year has four digits. */
#define EVE_SECOND_LEN 20

/* A short text, copied whole and cut to its length. */
struct eve_text {
	uint8_t len;
	char text[31];
};

/* The name of a port as JSON: each byte of it may become six. */
struct eve_iface {
	uint16_t len;
	char text[RTE_ALIGN_CEIL(RTE_ETH_NAME_MAX_LEN * 6 + 14, EVE_COPY)];
};

/* A second since 1970 and its text. */
struct eve_date {
	uint64_t second;
	char text[EVE_SECOND_LEN];
};

/* The times of a flow's line: each is seldom in another second than that of the line before. */
enum { EVE_HAPPENED, EVE_START, EVE_END, EVE_DATES };

/* What lines have in common, made once. */
struct eve_format {
	bool community;  /* flows have a community id */
	uint32_t moves;  /* of ports, that `ifaces` is as of */
	uint64_t second; /* since 1970, that `stamp` says */
	char stamp[36];  /* how a line begins, up to the point before the microseconds */
	struct eve_date dates[EVE_DATES];
	struct eve_text proto[UINT8_MAX + 1];
	struct eve_text verdict[WEIR_VERDICT_MAX];
	struct eve_text tunnel[WEIR_TUNNEL_MAX];
	struct eve_iface ifaces[RTE_MAX_ETHPORTS];
};

void eve_format_init(struct eve_format *format);
/* eve_iface.c: the names of ports, and that they are right again where one has moved. */
void eve_ifaces_init(struct eve_format *format);
void eve_format_look(struct eve_format *format);

/*
 * Write the line of an event, its newline included, where WRITER_LINE_MAX bytes are free. `ns` is its
 * time since 1970. Returns the end of the line.
 */
char *eve_format_line(struct eve_format *format, const struct weir_event *event, uint64_t ns,
	char *at);

/* eve_flow.c: the line of an event of a flow, whose record lies behind it. */
char *eve_format_flow(struct eve_format *format, const struct weir_event *event, char *at);

/* The texts of an iface's name and of an address, as in lines; the end of what was written. */
void eve_iface_init(struct eve_iface *iface, const char *name);
char *eve_put_ipv6(char *at, const uint8_t address[16]);

/* eve_time.c: seconds since 1970, EVE_SECOND_LEN bytes of text. */
char *eve_put_second(char *at, uint64_t second);

#endif /* WEIR_SINK_PRIVATE_H */
