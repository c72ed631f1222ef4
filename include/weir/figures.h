/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * figures: one table of all figures, which all that shows them goes by.
 *
 * For each noun, a struct of ledger.h, the table has what is shown of it: name, kind, unit, what it
 * means, and where it is in the struct. The report, telemetry, the command's tables and its
 * `--list-figures` are made from these rows alone: a figure is added by a member of its struct and a
 * row here, and has one name everywhere.
 *
 *     struct weir_port_figures port = WEIR_PORT_FIGURES_INIT;
 *     const struct weir_figure *figure;
 *     struct weir_value value;
 *
 *     weir_figures_read(engine, WEIR_NOUN_PORT, 0, &port);
 *     for (unsigned int i = 0; (figure = weir_figure(WEIR_NOUN_PORT, i)) != NULL; i++)
 *             if (weir_figure_value(figure, &port, &value) == 0)
 *                     show(figure->name, &value);
 *
 * Thread-safety: the table is constant; reading is as in ledger.h.
 */
#ifndef WEIR_FIGURES_H
#define WEIR_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/export.h>
#include <weir/ledger.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What has figures. */
enum weir_noun {
	WEIR_NOUN_ENGINE = 0, /**< struct weir_engine_figures */
	WEIR_NOUN_LEDGER,     /**< struct weir_ledger */
	WEIR_NOUN_NODE,       /**< struct weir_node_figures */
	WEIR_NOUN_WORKER,     /**< struct weir_worker_figures */
	WEIR_NOUN_LATENCY,    /**< struct weir_latency_figures */
	WEIR_NOUN_LINK,       /**< struct weir_link_figures */
	WEIR_NOUN_RING,       /**< struct weir_ring_figures */
	WEIR_NOUN_PORT,       /**< struct weir_port_figures */
	WEIR_NOUN_POOL,       /**< struct weir_pool_figures */
	WEIR_NOUN_LCORE,      /**< struct weir_lcore_figures */
	WEIR_NOUN_WATCH,      /**< struct weir_watch_figures */
	WEIR_NOUN_MEMORY,     /**< struct weir_memory_figures */
	WEIR_NOUN_QUEUE,      /**< struct weir_queue_figures */
	WEIR_NOUN_FLOW,       /**< struct weir_flow_figures */
	WEIR_NOUN_END,        /**< struct weir_end_figures */
	WEIR_NOUN_MAX         /**< number of nouns */
};

/** What a figure is, which says how it is shown and whether it can be added up. */
enum weir_figure_kind {
	WEIR_FIGURE_COUNTER = 0, /**< only grows */
	WEIR_FIGURE_GAUGE,       /**< goes up and down */
	WEIR_FIGURE_TEXT,        /**< a name or a word */
	WEIR_FIGURE_FLAG,        /**< yes or no */
	WEIR_FIGURE_INDEX,       /**< a number that names something: an lcore, a socket, a worker */
	WEIR_FIGURE_LENGTH,      /**< of a list, which a document has in its place */
	WEIR_FIGURE_LABEL,       /**< whose figures these are: said by what stands around them */
	WEIR_FIGURE_KIND_MAX     /**< number of kinds */
};

/** What a figure counts or is measured in. */
enum weir_unit {
	WEIR_UNIT_NONE = 0,
	WEIR_UNIT_EVENTS,
	WEIR_UNIT_PACKETS,
	WEIR_UNIT_MBUFS,
	WEIR_UNIT_BYTES,
	WEIR_UNIT_NS,
	WEIR_UNIT_CYCLES,
	WEIR_UNIT_SECONDS,
	WEIR_UNIT_SHARE, /**< 0 to 1; telemetry, which has no fractions, tells per cent */
	WEIR_UNIT_TIMES, /**< how often something happened */
	WEIR_UNIT_FLOWS,
	WEIR_UNIT_MAX /**< number of units */
};

/** The C type of a member. */
enum weir_figure_type {
	WEIR_FIGURE_U64 = 0, /**< uint64_t */
	WEIR_FIGURE_I64,     /**< int64_t */
	WEIR_FIGURE_U32,     /**< uint32_t, unsigned int */
	WEIR_FIGURE_I32,     /**< int */
	WEIR_FIGURE_U16,     /**< uint16_t */
	WEIR_FIGURE_DOUBLE,  /**< double */
	WEIR_FIGURE_BOOL,    /**< bool */
	WEIR_FIGURE_STRING,  /**< const char * */
	WEIR_FIGURE_CHARS,   /**< char[], ending with NUL */
};

/** A figure: a row of the table. */
struct weir_figure {
	const char *name;           /**< snake_case: the key wherever it is shown */
	const char *help;           /**< one line: what it is */
	enum weir_figure_kind kind; /**< what it is */
	enum weir_unit unit;        /**< what it is measured in */
	enum weir_figure_type type; /**< of the member of the noun's struct */
	size_t offset;              /**< of that member */
	size_t known;        /**< offset of a bool that says whether it is known; 0: it always is */
	const char *unknown; /**< what a document says where it is not; NULL where it always is */
};

/** Which member of a struct weir_value's union holds it. */
enum weir_value_type {
	WEIR_VALUE_NUMBER = 0, /**< number: of the unsigned types */
	WEIR_VALUE_INTEGER,    /**< integer: of the signed types */
	WEIR_VALUE_REAL,       /**< real: of a double */
	WEIR_VALUE_FLAG,       /**< flag: of a bool */
	WEIR_VALUE_TEXT,       /**< text: of both kinds of text */
};

/** The value of a figure, whatever the C type of its member. */
struct weir_value {
	enum weir_value_type type; /**< which of these */
	union {
		uint64_t number;
		int64_t integer;
		double real;
		bool flag;
		const char *text; /**< valid as long as the struct that it was read of */
	};
};

/** weir_figure() gives row i of a noun's table. @return NULL beyond the last noun or row */
WEIR_API const struct weir_figure *weir_figure(unsigned int noun, unsigned int i);

/**
 * weir_figure_value() reads a figure of its noun's struct.
 *
 * @param figures  begins with its size
 * @return 0; -ENODATA: it is not known here, or the struct's size has no room for it; -EINVAL: NULL
 */
WEIR_API int weir_figure_value(const struct weir_figure *figure, const void *figures,
	struct weir_value *value);

/**
 * weir_figures_read() reads the i-th of a noun, as weir_ledger_…() of that does. There is one engine,
 * ledger and watch; a latency is that of worker i / WEIR_LATENCY_MAX, its kind the remainder.
 *
 * @param figures  the noun's struct, which begins with its size
 * @return 0; -ENOENT beyond the last noun or one; -ENODATA: a latency that sources do not have;
 *   -EINVAL: no engine, or a size without room for the first figure
 */
WEIR_API int weir_figures_read(const struct weir_engine *engine, unsigned int noun, unsigned int i,
	void *figures);

/**
 * weir_figures_add() adds counters and gauges of one to those of a sum, and leaves the rest of the
 * sum alone. Shares add up too: of n workers the mean is a n-th.
 *
 * @return 0; -ENOENT beyond the last noun; -EINVAL: NULL
 */
WEIR_API int weir_figures_add(unsigned int noun, void *sum, const void *figures);

/** Name of a noun ("ledger", "worker" …); NULL beyond the last. */
WEIR_API const char *weir_noun_name(unsigned int noun);

/** Name of a kind ("counter" …); NULL beyond the last. */
WEIR_API const char *weir_figure_kind_name(unsigned int kind);

/** Name of a unit ("events", "ns" …), empty for WEIR_UNIT_NONE; NULL beyond the last. */
WEIR_API const char *weir_unit_name(unsigned int unit);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_FIGURES_H */
