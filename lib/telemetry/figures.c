/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The table of figures. */
#include <rte_common.h>

#include <weir/figures.h>

/* The type of a member; an array of characters is a pointer to one here. */
#define TYPE_OF(member) \
	_Generic(member, \
		uint64_t: WEIR_FIGURE_U64, \
		int64_t: WEIR_FIGURE_I64, \
		uint32_t: WEIR_FIGURE_U32, \
		int: WEIR_FIGURE_I32, \
		uint16_t: WEIR_FIGURE_U16, \
		double: WEIR_FIGURE_DOUBLE, \
		bool: WEIR_FIGURE_BOOL, \
		const char *: WEIR_FIGURE_STRING, \
		char *: WEIR_FIGURE_CHARS)

/* A row, of the struct that FIGURES names. */
#define KNOWN_ROW(name, member, kind, unit, known, unknown, help) \
	{ \
		(name), (help), WEIR_FIGURE_##kind, WEIR_UNIT_##unit, \
			TYPE_OF(((struct FIGURES *)0)->member), offsetof(struct FIGURES, member), \
			(known), (unknown) \
	}
#define ROW(name, member, kind, unit, help) KNOWN_ROW(name, member, kind, unit, 0, NULL, help)

#define FIGURES weir_engine_figures
static const struct weir_figure engine_rows[] = {
	ROW("weir", weir, TEXT, NONE, "version of weir"),
	ROW("dpdk", dpdk, TEXT, NONE, "version of DPDK"),
	ROW("pipeline", pipeline, TEXT, NONE, "name of the pipeline"),
	ROW("elapsed_s", elapsed, GAUGE, SECONDS, "from start to stop"),
	ROW("flow_seed", flow_seed, INDEX, NONE,
		"with the `level` of a ring it tells which flows `drop-flow` sheds: "
		"`weir_flow_place()` in `weir/link.h`"),
	ROW("hash_seed", hash_seed, TEXT, NONE,
		"of the flow hash, a secret: who sends and knows it can aim at one worker"),
};
#undef FIGURES

#define FIGURES weir_ledger
static const struct weir_figure ledger_rows[] = {
	ROW("received", received, COUNTER, EVENTS,
		"taken in by sources, and handed in to `inject`"),
	ROW("created", created, COUNTER, EVENTS, "copies, and what stages make"),
	ROW("released", released, COUNTER, EVENTS, "done with"),
	ROW("transmitted", transmitted, COUNTER, EVENTS, "left through a port"),
	ROW("ejected", ejected, COUNTER, EVENTS, "handed over to the application"),
	ROW("dropped", dropped, COUNTER, EVENTS, "lost, each for one reason of `drops`"),
	ROW("in_flight", in_flight, GAUGE, EVENTS,
		"in rings, those of `inject` and `eject` included, in hand or held"),
	ROW("unaccounted", unaccounted, GAUGE, EVENTS,
		"at rest, what the others do not explain: 0, or a defect"),
};
#undef FIGURES

#define FIGURES weir_node_figures
static const struct weir_figure node_rows[] = {
	ROW("name", name, TEXT, NONE, "of the source or stage"),
	ROW("type", type, TEXT, NONE, "of that"),
	ROW("workers", workers, LENGTH, NONE, "its workers; in a report their list"),
	KNOWN_ROW("progress", progress, GAUGE, SHARE,
		offsetof(struct weir_node_figures, progresses), "not known",
		"of its files, by bytes: what a source has read"),
};
#undef FIGURES

#define FIGURES weir_worker_figures
static const struct weir_figure worker_rows[] = {
	ROW("node", node, LABEL, NONE, "its source or stage"),
	ROW("worker", index, LABEL, NONE, "which of its node's workers, from 0"),
	ROW("lcore", lcore, INDEX, NONE, "where it runs"),
	ROW("socket", socket, INDEX, NONE, "of that lcore"),
	ROW("in", in, COUNTER, EVENTS, "taken in"),
	ROW("out", out, COUNTER, EVENTS, "passed on, those transmitted or ejected included"),
	ROW("created", created, COUNTER, EVENTS, "made"),
	ROW("released", released, COUNTER, EVENTS, "done with"),
	ROW("transmitted", transmitted, COUNTER, EVENTS, "left through a port"),
	ROW("ejected", ejected, COUNTER, EVENTS, "handed over to the application"),
	ROW("dropped", dropped, COUNTER, EVENTS, "lost here or on a link out of here"),
	ROW("held", held, GAUGE, EVENTS, "kept for later"),
	ROW("busy", busy, GAUGE, SHARE, "of its lcore's time: it worked"),
	ROW("others", others, GAUGE, SHARE, "its lcore worked, for other workers"),
	ROW("idle", idle, GAUGE, SHARE, "looked for work and found none"),
	ROW("spin", spin, GAUGE, SHARE, "waited for work, on the CPU"),
	ROW("blocked", blocked, GAUGE, SHARE, "had work, and no room for it"),
	ROW("sleep", sleep, GAUGE, SHARE, "waited for work, in the kernel"),
	ROW("pressures", pressures, COUNTER, TIMES, "a link behind it pressed on it"),
	ROW("key_only", key_only, COUNTER, PACKETS,
		"a source parsed them under pressure no further than their key"),
	ROW("truncated", truncated, COUNTER, PACKETS,
		"their IP length goes beyond their frame; of a source"),
	ROW("no_length", no_length, COUNTER, PACKETS,
		"their IP header has length 0, as segmentation offload leaves it; of a source"),
	ROW("bad_l3_checksum", bad_l3_checksum, COUNTER, PACKETS,
		"their IPv4 checksum is wrong, by the port or by checksum = verify; of a source"),
	ROW("bad_l4_checksum", bad_l4_checksum, COUNTER, PACKETS,
		"their checksum of L4 is wrong, likewise; of a source"),
};
#undef FIGURES

#define FIGURES weir_latency_figures
static const struct weir_figure latency_rows[] = {
	ROW("count", count, COUNTER, TIMES, "measured, on about one pass of an lcore in 64"),
	ROW("p50_ns", p50, GAUGE, NS, "half of them are not longer"),
	ROW("p99_ns", p99, GAUGE, NS, "99 of a hundred are not"),
	ROW("p999_ns", p999, GAUGE, NS, "999 of a thousand are not"),
	ROW("max_ns", max, GAUGE, NS, "none is"),
};
#undef FIGURES

#define FIGURES weir_link_figures
static const struct weir_figure link_rows[] = {
	ROW("from", from, TEXT, NONE, "the producing node, with .OUTPUT where it has several"),
	ROW("to", to, TEXT, NONE, "the consuming node"),
	ROW("kind", kind, TEXT, NONE, "`ring`, or `call` where both ends share an lcore"),
	ROW("on_full", on_full, TEXT, NONE, "the drop policy"),
	ROW("rings", rings, LENGTH, NONE, "its rings; in a report their list"),
	ROW("count", count, GAUGE, EVENTS, "in its rings now"),
	ROW("capacity", capacity, GAUGE, EVENTS, "that its rings can hold"),
	ROW("dropped", dropped, COUNTER, EVENTS, "lost on it"),
	ROW("fill", fill, GAUGE, SHARE, "how full its rings are now"),
	ROW("peak", peak, GAUGE, SHARE, "how full the fullest of them ever was"),
};
#undef FIGURES

#define FIGURES weir_ring_figures
static const struct weir_figure ring_rows[] = {
	ROW("from", from, LABEL, NONE, "the producing node, with .OUTPUT where it has several"),
	ROW("to", to, LABEL, NONE, "the consuming node"),
	ROW("producer", producer, INDEX, NONE, "which worker of the producing node, from 0"),
	ROW("consumer", consumer, INDEX, NONE, "which worker of the consuming node, from 0"),
	ROW("socket", socket, INDEX, NONE, "where its memory is"),
	ROW("capacity", capacity, GAUGE, EVENTS, "that it can hold"),
	ROW("count", count, GAUGE, EVENTS, "in it now"),
	ROW("high_water", high_water, GAUGE, EVENTS, "most that its consumer found in it"),
	ROW("enqueued", enqueued, COUNTER, EVENTS, "put in"),
	ROW("dequeued", dequeued, COUNTER, EVENTS, "taken out"),
	ROW("dropped", dropped, COUNTER, EVENTS, "lost on it"),
	ROW("dropped_inside", dropped_inside, COUNTER, EVENTS,
		"of those, lost after they were put in"),
	ROW("level", level, GAUGE, NONE,
		"`drop-flow`: flows are shed whose `weir_flow_place()` is below it"),
	ROW("level_most", level_most, GAUGE, NONE,
		"the greatest it was: flows from there on were never shed"),
};
#undef FIGURES

#define FIGURES weir_port_figures
static const struct weir_figure port_rows[] = {
	ROW("name", name, TEXT, NONE, "of the device"),
	ROW("port", port, INDEX, NONE, "number that DPDK gave it"),
	ROW("socket", socket, INDEX, NONE, "where the device is; -1: nowhere"),
	ROW("ipackets", ipackets, COUNTER, PACKETS, "received"),
	KNOWN_ROW("imissed", imissed, COUNTER, PACKETS,
		offsetof(struct weir_port_figures, reports_missed), "not reported by this driver",
		"the device had no free descriptor for them"),
	ROW("ierrors", ierrors, COUNTER, PACKETS, "received with an error"),
	ROW("rx_nombuf", rx_nombuf, COUNTER, TIMES, "no mbuf could be allocated"),
	ROW("opackets", opackets, COUNTER, PACKETS, "sent"),
	ROW("oerrors", oerrors, COUNTER, PACKETS,
		"errors of sending that its driver counts, also of tries that succeed later"),
	ROW("gone", gone, FLAG, NONE,
		"the device, or the kernel's interface under it, went away: its counts are the last "
		"that were read"),
	KNOWN_ROW("link", link, TEXT, NONE, offsetof(struct weir_port_figures, reports_link),
		"not reported by this driver", "`up` or `down`, looked at once a second"),
	ROW("link_downs", link_downs, COUNTER, TIMES,
		"it was seen to have gone down, or to be so at first"),
	KNOWN_ROW("speed_mbit", speed, GAUGE, NONE,
		offsetof(struct weir_port_figures, reports_speed), "not reported by this driver",
		"of the link, in Mbit/s"),
	ROW("received", received, COUNTER, PACKETS, "that its source took"),
	ROW("transmitted", transmitted, COUNTER, PACKETS, "that stages gave it"),
	ROW("left", left, COUNTER, PACKETS, "that waited in its RX queues when it was stopped"),
	KNOWN_ROW("unexplained", unexplained, GAUGE, PACKETS,
		offsetof(struct weir_port_figures, reports_unexplained), "not known",
		"at rest, `ipackets` less `received` and `left`: what came while it was being "
		"stopped, or its driver counts otherwise"),
	ROW("rules", rules, GAUGE, NONE,
		"rte_flow rules in the device, which keep out what `match` does not ask for; 0: none"),
	ROW("returns", returns, COUNTER, TIMES, "it came back after it went away"),
	KNOWN_ROW("duplex", duplex, TEXT, NONE, offsetof(struct weir_port_figures, reports_speed),
		"not reported by this driver", "of the link: `full`, or `half`, which is slow"),
	KNOWN_ROW("autoneg", autoneg, FLAG, NONE, offsetof(struct weir_port_figures, reports_speed),
		"not reported by this driver", "both ends agreed on speed and duplex"),
};
#undef FIGURES

#define FIGURES weir_queue_figures
static const struct weir_figure queue_rows[] = {
	ROW("port", port, TEXT, NONE, "its device"),
	ROW("direction", direction, TEXT, NONE, "`rx` or `tx`"),
	ROW("queue", queue, INDEX, NONE, "its number"),
	ROW("node", node, TEXT, NONE, "the source or stage that has it"),
	ROW("worker", worker, INDEX, NONE, "and which of its workers, from 0"),
	ROW("events", events, COUNTER, EVENTS, "that the worker took from it, or gave it"),
	KNOWN_ROW("packets", packets, COUNTER, PACKETS,
		offsetof(struct weir_queue_figures, reports_packets), "not reported by this driver",
		"that its driver counts"),
};
#undef FIGURES

#define FIGURES weir_pool_figures
static const struct weir_figure pool_rows[] = {
	ROW("name", name, TEXT, NONE, "of the mempool"),
	ROW("socket", socket, INDEX, NONE, "where its memory is"),
	ROW("size", mbufs, GAUGE, MBUFS, "that it has"),
	ROW("available", available, GAUGE, MBUFS, "free now"),
	ROW("leaked", leaked, GAUGE, MBUFS, "that a stop did not bring back"),
	ROW("kept", kept, GAUGE, MBUFS,
		"that drivers kept at a stop, as some do (`net_af_xdp`): not leaked"),
	ROW("lent", lent, GAUGE, MBUFS,
		"that are with the application after a stop, by `eject` or in a port of its own: not leaked"),
};
#undef FIGURES

#define FIGURES weir_flow_figures
static const struct weir_figure flow_rows[] = {
	ROW("node", node, TEXT, NONE, "the stage that follows them"),
	ROW("worker", worker, INDEX, NONE, "and which of its workers, from 0"),
	ROW("capacity", capacity, GAUGE, FLOWS, "that there is room for"),
	ROW("flows", flows, GAUGE, FLOWS, "that there are"),
	ROW("load", load, GAUGE, SHARE, "of its room that they take"),
	ROW("created", created, COUNTER, FLOWS, "that began"),
	ROW("ended_idle", ended_idle, COUNTER, FLOWS, "that had no packet for too long"),
	ROW("ended_fin", ended_fin, COUNTER, FLOWS, "that both sides closed"),
	ROW("ended_rst", ended_rst, COUNTER, FLOWS, "that one side reset"),
	ROW("ended_active", ended_active, COUNTER, FLOWS, "that lasted for as long as one may"),
	ROW("ended_evicted", ended_evicted, COUNTER, FLOWS, "that a new one took the room of"),
	ROW("ended_drain", ended_drain, COUNTER, FLOWS, "that were there when it ended"),
	ROW("refused", refused, COUNTER, PACKETS, "without a flow: there was no room for one"),
	ROW("keyless", keyless, COUNTER, PACKETS, "without a flow: they have no key"),
	ROW("told", told, COUNTER, EVENTS, "that tell of flows"),
	ROW("late_ns", late_ns, GAUGE, NS, "most that an end by idleness was late"),
	ROW("backward", backward, COUNTER, PACKETS, "from before one that came before them"),
	ROW("far", far, COUNTER, PACKETS, "whose time lay more than an hour off"),
};
#undef FIGURES

#define FIGURES weir_end_figures
static const struct weir_figure end_rows[] = {
	ROW("node", node, TEXT, NONE, "the inject source or eject stage"),
	ROW("type", type, TEXT, NONE, "`inject`: the application puts in; `eject`: it takes out"),
	ROW("worker", worker, INDEX, NONE, "which worker of that, from 0"),
	ROW("end", end, INDEX, NONE, "which producer of the worker, from 0; of `eject` 0"),
	ROW("socket", socket, INDEX, NONE, "where its memory is"),
	ROW("opened", opened, FLAG, NONE, "the application has opened it"),
	ROW("capacity", capacity, GAUGE, EVENTS, "that it can hold"),
	ROW("count", count, GAUGE, EVENTS, "in it now"),
	ROW("fill", fill, GAUGE, SHARE, "how full it is now"),
	ROW("high_water", high_water, GAUGE, EVENTS, "most that who takes out found in it"),
	ROW("enqueued", enqueued, COUNTER, EVENTS, "put in"),
	ROW("dequeued", dequeued, COUNTER, EVENTS, "taken out"),
	ROW("refused", refused, COUNTER, EVENTS,
		"that the application gave `inject` while there was no room, as often as it did"),
	ROW("bytes", bytes, GAUGE, BYTES, "of its ring, and of what both sides keep of it"),
};
#undef FIGURES

#define FIGURES weir_lcore_figures
static const struct weir_figure lcore_rows[] = {
	ROW("lcore", lcore, INDEX, NONE, "which one"),
	ROW("launched", launched, FLAG, NONE,
		"weir's own loop has a thread there, launched or given over to it"),
	ROW("shared", shared, FLAG, NONE, "it has less than a CPU of its own"),
	ROW("passes", passes, COUNTER, TIMES, "over its workers"),
	ROW("switches", switches, COUNTER, TIMES,
		"its CPU went to another thread against its will"),
	ROW("waited_ns", waited_ns, COUNTER, NS, "could have run, but another thread did"),
	ROW("stolen_ns", stolen_ns, COUNTER, NS, "taken of its CPU by a hypervisor"),
	ROW("how", how, TEXT, NONE, "`launched` by weir, or `polled` or `run` by the application"),
};
#undef FIGURES

#define FIGURES weir_watch_figures
static const struct weir_figure watch_rows[] = {
	ROW("stuck_workers", stuck_workers, COUNTER, TIMES,
		"a worker with events waiting did not move"),
	ROW("stuck_lcores", stuck_lcores, COUNTER, TIMES, "an lcore made no pass"),
	ROW("all_blocked", all_blocked, COUNTER, TIMES, "no worker moved though events waited"),
	ROW("preempted", preempted, COUNTER, TIMES,
		"an lcore lost over 5 % of a second of its own CPU, most to other threads"),
	ROW("stolen", stolen, COUNTER, TIMES, "as `preempted`, most to a hypervisor"),
};
#undef FIGURES

#define FIGURES weir_memory_figures
static const struct weir_figure memory_rows[] = {
	ROW("kind", kind, TEXT, NONE,
		"`pool`, `worker` with its state, `rings` that end at it, or the `stack` of an lcore"),
	ROW("name", name, TEXT, NONE, "whose"),
	ROW("socket", socket, INDEX, NONE, "where the plan has it"),
	KNOWN_ROW("actual", actual, INDEX, NONE,
		offsetof(struct weir_memory_figures, reports_actual), "not known",
		"where most of its pages are, by what the kernel says"),
	KNOWN_ROW("elsewhere", elsewhere, GAUGE, SHARE,
		offsetof(struct weir_memory_figures, reports_actual), "not known",
		"of its pages, not on the planned socket: up to 256 of each piece are looked at"),
	ROW("bytes", bytes, GAUGE, BYTES, "of it"),
};
#undef FIGURES

#define NOUN(rows, name) \
	{ \
		rows, RTE_DIM(rows), name \
	}

static const struct noun {
	const struct weir_figure *rows;
	unsigned int count;
	const char *name;
} nouns[WEIR_NOUN_MAX] = {
	[WEIR_NOUN_ENGINE] = NOUN(engine_rows, "engine"),
	[WEIR_NOUN_LEDGER] = NOUN(ledger_rows, "ledger"),
	[WEIR_NOUN_NODE] = NOUN(node_rows, "node"),
	[WEIR_NOUN_WORKER] = NOUN(worker_rows, "worker"),
	[WEIR_NOUN_LATENCY] = NOUN(latency_rows, "latency"),
	[WEIR_NOUN_LINK] = NOUN(link_rows, "link"),
	[WEIR_NOUN_RING] = NOUN(ring_rows, "ring"),
	[WEIR_NOUN_PORT] = NOUN(port_rows, "port"),
	[WEIR_NOUN_POOL] = NOUN(pool_rows, "pool"),
	[WEIR_NOUN_LCORE] = NOUN(lcore_rows, "lcore"),
	[WEIR_NOUN_WATCH] = NOUN(watch_rows, "watch"),
	[WEIR_NOUN_MEMORY] = NOUN(memory_rows, "memory"),
	[WEIR_NOUN_QUEUE] = NOUN(queue_rows, "queue"),
	[WEIR_NOUN_FLOW] = NOUN(flow_rows, "flow"),
	[WEIR_NOUN_END] = NOUN(end_rows, "end"),
};

static const char *const kind_names[WEIR_FIGURE_KIND_MAX] = {
	[WEIR_FIGURE_COUNTER] = "counter",
	[WEIR_FIGURE_GAUGE] = "gauge",
	[WEIR_FIGURE_TEXT] = "text",
	[WEIR_FIGURE_FLAG] = "flag",
	[WEIR_FIGURE_INDEX] = "index",
	[WEIR_FIGURE_LENGTH] = "length",
	[WEIR_FIGURE_LABEL] = "label",
};

static const char *const unit_names[WEIR_UNIT_MAX] = {
	[WEIR_UNIT_NONE] = "",
	[WEIR_UNIT_EVENTS] = "events",
	[WEIR_UNIT_PACKETS] = "packets",
	[WEIR_UNIT_MBUFS] = "mbufs",
	[WEIR_UNIT_FLOWS] = "flows",
	[WEIR_UNIT_BYTES] = "bytes",
	[WEIR_UNIT_NS] = "ns",
	[WEIR_UNIT_CYCLES] = "cycles",
	[WEIR_UNIT_SECONDS] = "s",
	[WEIR_UNIT_SHARE] = "share",
	[WEIR_UNIT_TIMES] = "times",
};

const struct weir_figure *
weir_figure(unsigned int noun, unsigned int i)
{
	if (noun >= WEIR_NOUN_MAX || i >= nouns[noun].count)
		return NULL;
	return &nouns[noun].rows[i];
}

const char *
weir_noun_name(unsigned int noun)
{
	return noun < WEIR_NOUN_MAX ? nouns[noun].name : NULL;
}

const char *
weir_figure_kind_name(unsigned int kind)
{
	return kind < WEIR_FIGURE_KIND_MAX ? kind_names[kind] : NULL;
}

const char *
weir_unit_name(unsigned int unit)
{
	return unit < WEIR_UNIT_MAX ? unit_names[unit] : NULL;
}
