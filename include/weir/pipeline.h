/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * pipeline: the description: sources, stages, links. Pure data; nothing is allocated on the
 * machine's account, and EAL need not be initialised.
 *
 * Everything is a section with keys, as in the pipeline file; weir_pipeline_load() is only a
 * caller of the functions here. Sections: `pipeline`, `pool`, `source NAME`, `stage NAME`,
 * `link FROM TO`, where FROM is a node, or NODE.OUTPUT for a stage with several outputs.
 *
 * Call order: create or load; set; check; weir_plan_create(). Not thread-safe. While there is a plan
 * made from a pipeline, or an engine of such a plan, the pipeline stays as it is: it was checked, and
 * nothing can be set.
 */
#ifndef WEIR_PIPELINE_H
#define WEIR_PIPELINE_H

#include <weir/error.h>
#include <weir/export.h>
#include <weir/param.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most bytes of the name of a pipeline or node, the final NUL included. */
#define WEIR_NAME_SIZE 24

/** A pipeline. */
struct weir_pipeline;

/**
 * weir_pipeline_create() makes an empty pipeline.
 *
 * @param name  letters, digits, - and _; fewer than WEIR_NAME_SIZE
 * @return the pipeline, for weir_pipeline_free(); NULL with rte_errno EINVAL or ENOMEM
 */
WEIR_API struct weir_pipeline *weir_pipeline_create(const char *name, struct weir_error *error);

/**
 * weir_pipeline_load() reads a pipeline file, without checking it as a whole.
 *
 * Keys and sections may stand in any order; none may stand twice. A file without `name` gives the
 * pipeline its own name, without folder and suffix, as far as that makes one; else `weir`.
 *
 * @return the pipeline; NULL with `error` (file, line, section, key, what was expected, the nearest
 *   known name) and rte_errno EINVAL, ENOMEM, or what opening the file gave (ENOENT …)
 */
WEIR_API struct weir_pipeline *weir_pipeline_load(const char *path, struct weir_error *error);

/**
 * weir_pipeline_set() sets one key. A section that is not there yet is added; keys may be set
 * again. Keys of a type's own that come before `type` are checked when that comes; afterwards the
 * type stays as it is. `input` of a stage is a list of nodes, or NODE.OUTPUT, with commas; they
 * may be added later. A source with `device` is of type ethdev. A failure changes nothing.
 *
 * @param section  as in a file, without brackets: `stage busy`, `link wan busy`, `pool`. A name
 *   alone means the source or stage of that name
 * @return 0; -EINVAL with `error`: unknown section, unknown key (with the nearest known one), a
 *   value of the wrong type or out of range; -EBUSY: there is a plan made from the pipeline, or an
 *   engine of one: free them first; -ENOMEM
 */
WEIR_API int weir_pipeline_set(struct weir_pipeline *pipeline, const char *section, const char *key,
	const char *value, struct weir_error *error);

/**
 * weir_pipeline_set_text() sets one key by a text `SECTION.KEY=VALUE`, as in `busy.cycles=300`,
 * `link wan busy.full.max=1ms` or `pool.size=16k`: weir_pipeline_set() of what stands before the
 * key, which is as short as it can be.
 *
 * @return as weir_pipeline_set(); -EINVAL also for a text of another form
 */
WEIR_API int weir_pipeline_set_text(struct weir_pipeline *pipeline, const char *assignment,
	struct weir_error *error);

/**
 * weir_pipeline_check() checks the pipeline as a whole: keys that must be given are, inputs name
 * nodes and outputs that exist, link sections name links that `input` makes, every source is
 * read, no stage that changes events gets shared ones, `block` links form no cycle, and files that
 * sources read are there.
 *
 * Call it again after a further weir_pipeline_set(); else it is 0 at once.
 *
 * @return 0; -EINVAL with `error`; -ENOMEM; of a file that cannot be read what the kernel says, as
 *         -ENOENT, with `error`
 */
WEIR_API int weir_pipeline_check(const struct weir_pipeline *pipeline, struct weir_error *error);

/** Name of the pipeline. */
WEIR_API const char *weir_pipeline_name(const struct weir_pipeline *pipeline);

/**
 * weir_pipeline_free() frees a pipeline, which is not to be used any more; NULL is nothing. What plans
 * made from it need stays until the last of them is gone.
 */
WEIR_API void weir_pipeline_free(struct weir_pipeline *pipeline);

/** A source type, for help texts. */
struct weir_source_type {
	const char *name;                /**< what `type =` says */
	const char *help;                /**< one line */
	const struct weir_param *params; /**< its own keys */
};

/** weir_source_type() lists the source types by index; NULL beyond the last. */
WEIR_API const struct weir_source_type *weir_source_type(unsigned int index);

/**
 * weir_section_params() gives the keys that every section of a kind has, besides those of its
 * type.
 *
 * @param kind  "pipeline", "pool", "source", "stage" or "link"
 * @return the table, or NULL for another word
 */
WEIR_API const struct weir_param *weir_section_params(const char *kind);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_PIPELINE_H */
