/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The description, as the plan and the engine read it. */
#ifndef WEIR_LIB_PIPELINE_H
#define WEIR_LIB_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_lcore.h>

#include <weir/link.h>
#include <weir/parse.h>
#include <weir/pipeline.h>

#include "source/source.h"
#include "stage/stage.h"

/* The key `numa`. */
enum numa_policy { NUMA_PREFER, NUMA_STRICT, NUMA_OFF };

/* Section [pipeline]. */
struct pipeline_conf {
	const char *name;
	uint64_t burst;     /* events moved at once, 1 to 256; 32 */
	uint64_t numa;      /* enum numa_policy */
	uint64_t hash_seed; /* of the flow hash; 0: random */
};

/* Section [pool]. */
struct pool_conf {
	uint64_t size;      /* mbufs per socket; 0: auto */
	uint64_t data_room; /* bytes for a packet, headroom included; 0: auto */
	uint64_t cache;     /* mbufs that each lcore keeps, 0 to 512; 256 */
};

/* What every source and stage has; unused keys are not in its section's table. */
struct node_conf {
	const char *type; /* as given; "" where `device` says it */
	uint64_t
		workers; /* a source's `queues`, a stage's `workers`; 1; 0: auto, until it is planned */
	const char *lcores; /* "": the plan chooses */
	const char *numa;   /* "": follows; or a socket's number */
	uint64_t idle;      /* enum weir_wait */
	uint64_t idle_min;  /* ns */
	uint64_t idle_max;  /* ns */
	/* sources of ethdev type */
	const char *device;   /* "": none */
	uint64_t descriptors; /* RX descriptors a queue; 0: the driver's choice, or 1024 */
	/* sources */
	uint64_t tunnel;         /* enum weir_parse_tunnel */
	uint64_t fragments;      /* enum weir_parse_fragments */
	uint64_t checksum;       /* enum source_checksum */
	uint64_t under_pressure; /* enum weir_parse_depth */
	const char *drop;        /* as given, or ""; see pipeline_drops() */
	const char *vxlan_ports; /* as given; see pipeline_vxlan_ports() */
	/* stages */
	const char *input; /* list as given */
};

/* Section [link FROM TO]; one for every link, from the defaults where there is no section. */
struct link_conf {
	uint64_t kind; /* enum weir_link_kind */
	uint64_t ring; /* capacity of each ring, in events; auto is made by weir_pipeline_check() */
	uint64_t spread;   /* enum weir_spread */
	uint64_t on_full;  /* enum weir_on_full; auto is resolved by weir_pipeline_check() */
	uint64_t full;     /* enum weir_wait: how a blocked producer waits */
	uint64_t full_min; /* ns */
	uint64_t full_max; /* ns */
	double high;       /* share of the ring */
	double low;
	uint64_t block_timeout;            /* ns; 0: never */
	uint64_t deadline;                 /* ns; 0: none */
	double reserve[WEIR_PRIO_MAX + 1]; /* share of the ring that is kept from each priority */
	uint64_t gap_markers;
	uint64_t linger; /* passes; 0: none */
};

struct node {
	char name[WEIR_NAME_SIZE];
	bool source;
	const struct source_ops *source_ops;    /* sources */
	const struct weir_stage_ops *stage_ops; /* stages */
	struct node_conf conf;
	struct weir_stage_needs needs; /* stages: of each worker; made by weir_pipeline_check() */
	void *type_conf;         /* the struct that the type's parameters fill; NULL: it has none */
	struct section *section; /* text as given, for messages */
};

struct link {
	unsigned int from; /* index into nodes */
	unsigned int output;
	unsigned int to;
	bool feedback;        /* closes a cycle */
	const char *ring_why; /* why a ring holds so many by default; NULL: the file says so */
	struct link_conf conf;
	struct section *section; /* text as given, for messages; NULL: only `input` says so */
};

/*
 * Read-only for the plan and the engine. `links`, `order` and `needs` are made by weir_pipeline_check();
 * without it, or after a further weir_pipeline_set(), there are none. Links ascend by consumer,
 * and for each in the order of its `input`.
 */
struct weir_pipeline {
	struct pipeline_conf conf;
	struct pool_conf pool;
	struct node *nodes;
	unsigned int node_count;
	struct link *links;
	unsigned int link_count;
	unsigned int *order; /* nodes in topological order over links that are not feedback */
	struct pipeline_private *priv; /* text as given, for messages and for freeing */
};

/*
 * A plan has a pipeline until pipeline_leave(): nothing in it changes meanwhile, and it stays though its
 * owner frees it. Thread-safe.
 */
void pipeline_take(const struct weir_pipeline *pipeline);
void pipeline_leave(const struct weir_pipeline *pipeline);

/* The policy that `auto` stands for on this link. */
enum weir_on_full pipeline_on_full(const struct weir_pipeline *pipeline, const struct link *link);

/*
 * Read a pipeline from memory, as weir_pipeline_load() from a file; `name` is the file's, for
 * messages. For it and for fuzzing.
 */
struct weir_pipeline *pipeline_load_text(const char *name, const char *text, size_t len,
	struct weir_error *error);

/*
 * A copy of a checked pipeline, to be changed while an engine runs. Its links, its nodes and what the
 * types' parameters fill are its own; all else, texts among it, is that of the original, which must
 * outlive it. A copy may be copied. NULL: no memory.
 */
struct weir_pipeline *pipeline_copy(const struct weir_pipeline *pipeline);
void pipeline_copy_free(struct weir_pipeline *copy);

/* Give a node of such a copy so many workers, and the rings whose size is auto what suits then. */
int pipeline_set_workers(struct weir_pipeline *copy, unsigned int node, unsigned int workers,
	struct weir_error *error);

/* What was changed: a link, or a node. */
struct pipeline_change {
	unsigned int link; /* index; UINT_MAX: none */
	unsigned int node; /* index; UINT_MAX: none */
	bool of_type;      /* a parameter of the node's type */
	const struct weir_param *param;
};

/*
 * Set a live key of such a copy by a text "SECTION.KEY=VALUE", and check what it belongs to.
 * -EINVAL with `error`, also for keys that are not live: the copy may be changed then; free it.
 */
int pipeline_change(struct weir_pipeline *copy, const char *assignment,
	struct pipeline_change *change, struct weir_error *error);

/* Whether what goes over a link goes over another one, or to several workers, too: mbufs are shared. */
bool pipeline_shares(const struct weir_pipeline *pipeline, const struct link *link);

/* Index of a node by its name; node_count where there is none. */
unsigned int pipeline_node(const struct weir_pipeline *pipeline, const char *name);

/* What a source drops: packets of a verdict, and those with a flag. */
struct drops {
	uint32_t verdicts; /* bits 1 << enum weir_verdict */
	uint32_t flags;    /* WEIR_EVENT_… */
};

/* From its key `drop`. */
struct drops pipeline_drops(const struct node_conf *conf);
/* From its key `vxlan_ports`; false: the usual ones. */
bool pipeline_vxlan_ports(const struct node_conf *conf, struct weir_vxlan_ports *ports);

/* Whether a link closes a cycle; such a link is lossy and always a ring. */
static inline bool
link_feedback(const struct link *link)
{
	return link->feedback;
}

/*
 * Of the workers that a link joins those meet whose indices differ by a multiple of this; 1: all.
 * More than 1 where each producer has a share of the buckets for itself, which a flow spread brought
 * it, and the flow spread of this link goes by the same buckets.
 */
unsigned int pipeline_stride(const struct weir_pipeline *pipeline, const struct link *link);

/* Workers of a node: at least one. */
static inline unsigned int
node_workers(const struct node *node)
{
	return node->conf.workers != 0 ? (unsigned int)node->conf.workers : 1;
}

/* "node", or "node.output" where the node has several outputs; into buf, which is returned. */
#define LINK_FROM_SIZE (WEIR_NAME_SIZE + 24)
const char *pipeline_from(const struct weir_pipeline *pipeline, const struct link *link,
	char buf[LINK_FROM_SIZE]);

/* Whether a section has a key, and not only its default; NULL: there is no such section. */
bool pipeline_given(const struct section *section, const char *key);

/* Names of the policies as the file has them, indexed by their enums, NULL behind the last. */
extern const char *const on_full_names[];
extern const char *const spread_names[];
extern const char *const wait_names[];

/* A set of lcores. */
struct lcore_set {
	uint64_t bits[(RTE_MAX_LCORE + 63) / 64];
};
/* Read a list as 1,3-5; 0, or -EINVAL, also where there is none. */
int lcore_set_parse(const char *text, struct lcore_set *set);
static inline bool
lcore_set_has(const struct lcore_set *set, unsigned int lcore)
{
	return (set->bits[lcore / 64] >> (lcore % 64)) & 1;
}

#endif /* WEIR_LIB_PIPELINE_H */
