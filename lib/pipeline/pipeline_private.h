/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#ifndef WEIR_PIPELINE_PRIVATE_H
#define WEIR_PIPELINE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/error.h>
#include <weir/param.h>

#include "event/event.h"
#include "pipeline.h"

/* "link FROM.OUTPUT TO", the final NUL included. */
#define TITLE_SIZE (4 * WEIR_NAME_SIZE)
/* What a message says was expected. */
#define EXPECTED_SIZE 320
/* Most letters of a key. */
#define KEY_MAX 64

enum section_kind {
	SECTION_PIPELINE,
	SECTION_POOL,
	SECTION_SOURCE,
	SECTION_STAGE,
	SECTION_LINK,
	SECTION_MAX
};

/* A key as given. The conf's strings point at `value`. */
struct entry {
	char *key;
	char *value;
	unsigned int line; /* 0: not from the file */
};

/* A section as given. */
struct section {
	char title[TITLE_SIZE]; /* without brackets */
	unsigned int line;      /* of its header; 0: not from the file */
	struct entry *entries;
	unsigned int entry_count;
};

/* Which section a text names. */
struct section_name {
	enum section_kind kind;
	char name[WEIR_NAME_SIZE];   /* of the node, or the link's FROM */
	char output[WEIR_NAME_SIZE]; /* the link's; "": none named */
	char to[WEIR_NAME_SIZE];     /* the link's TO */
};

/* A section [link FROM TO]. Whether there is such a link is seen by the check. */
struct link_text {
	struct section_name name;
	struct link_conf conf;
	struct section *section;
};

/* Lines of a value that went on. */
struct value_lines {
	unsigned int first; /* where its key is */
	unsigned int last;
};

struct pipeline_private {
	unsigned int users; /* plans that are made from it, and its owner until that frees it */
	char *file;         /* that was loaded, or NULL */
	unsigned int line;  /* that is being read; 0: none, what is set comes from the API */
	struct value_lines *values;
	unsigned int value_count;
	struct section pipeline;
	struct section pool;
	struct link_text *links;
	unsigned int link_count;
};

/* What weir_pipeline_set() sets: a section, and where its values go. */
struct target {
	struct section *section;
	enum section_kind kind;
	const struct weir_param *params;
	void *conf;
	struct node *node; /* of a source or stage, else NULL */
	bool added;
};

/* "SECTION.KEY=VALUE" in its parts. */
struct assignment {
	char *text;    /* what stands before the sign; `key` points into it */
	char *section; /* its front */
	const char *key;
	char *value;
};

/* A piece of a text. */
struct span {
	const char *text;
	size_t len;
};

/* value.c: one value of a table, to and from text. */

union param_value {
	uint64_t number;
	double real;
	const char *text;
};

const struct weir_param *param_find(const struct weir_param *params, const char *key);
int param_parse(const struct weir_param *param, const char *text, union param_value *value);
void param_store(const struct weir_param *param, const union param_value *value, void *conf);
/* The defaults of a table; a table's own default may be wrong: -EINVAL with the key in *bad. */
int params_default(const struct weir_param *params, void *conf, const char **bad);
/* What a value of that parameter looks like, into buf, which is returned. */
const char *param_expected(const struct weir_param *param, char *buf, size_t size);

/* names.c: words and lists. */

/* Append as far as it fits; returns the new length. */
size_t text_add(char *buf, size_t size, size_t at, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* "a, b or c" */
size_t words_join(char *buf, size_t size, const char *const *words);
/* Copy a piece into buf; false where it is empty or too long. */
bool span_copy(struct span span, char *buf, size_t size);
/* Next item of a list with commas, trimmed; the rest of the list, or NULL behind the last. */
const char *list_next(const char *list, struct span *item);
/* Next word of a text; len 0: none. What follows it is returned. */
const char *word_next(const char *text, struct span *word);
bool name_valid(const char *name);
/* "node" or "node.output". */
int endpoint_parse(struct span span, char node[WEIR_NAME_SIZE], char output[WEIR_NAME_SIZE]);
/* As pipeline_drops(); -EINVAL with the item that is none in *bad, when not NULL. */
int drops_parse(const char *list, struct drops *drops, struct span *bad);
/* As pipeline_vxlan_ports(); NULL, or what the item in *bad is that does not belong there. */
const char *vxlan_ports_parse(const char *list, struct weir_vxlan_ports *ports, struct span *bad);
/* The i-th word that is no verdict's; NULL beyond the last. */
const char *drops_word(unsigned int i);

#define VXLAN_PORTS_USUAL "4789,8472"

/* params.c: the tables. */

extern const char *const section_kinds[SECTION_MAX + 1];
const struct weir_param *section_params(enum section_kind kind);
/*
 * Texts of a form that the tables cannot say. -EINVAL with what was expected in buf; 0 also for
 * keys of any text.
 */
int text_check(const char *key, const char *value, char *buf, size_t size);
/* Whether a key of every source says something to ethdev sources only. */
bool param_of_ethdev(const char *key);

/* section.c: sections as given. */

struct entry *entry_find(const struct section *section, const char *key);
/* Line of a key, or of its section where the key was not given. */
unsigned int entry_line(const struct section *section, const char *key);
/* Line of the key that a type's message begins with, behind a section in brackets perhaps; else of the section. */
unsigned int why_line(const struct section *section, const char *text);
/* Keep a key; *entry is new or has its former value, which is the caller's, in *former. */
int entry_set(struct section *section, const char *key, const char *value, unsigned int line,
	char **former);
void section_clear(struct section *section);
void section_title(const struct section_name *name, char title[TITLE_SIZE]);
int section_name_parse(const struct weir_pipeline *pipeline, const char *text,
	struct section_name *name, struct weir_error *error);
/* The section of that name, added where there is none. */
int section_open(struct weir_pipeline *pipeline, const struct section_name *name,
	struct target *target, struct weir_error *error);
/* Take back an addition. */
void section_withdraw(struct weir_pipeline *pipeline, const struct target *target);
/* A header in the file that is read. */
int section_header(struct weir_pipeline *pipeline, const char *text, char title[TITLE_SIZE],
	struct weir_error *error);

/*
 * Messages: "file:line: [title] …", or "file:line-line: …" of a value that went on; line 0 and a NULL section
 * are left out. Return -EINVAL.
 */
int pipeline_error(const struct weir_pipeline *pipeline, const struct section *section,
	unsigned int line, struct weir_error *error, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
int no_memory(struct weir_error *error);

/* keys.c: which row of which table a key is. */

/* The keys of the node's type; NULL: it has none, or no type yet. */
const struct weir_param *node_type_params(const struct node *node);
int key_unknown(const struct weir_pipeline *pipeline, const struct section *section,
	const struct weir_param *params, const struct weir_param *type_params,
	const struct entry *entry, struct weir_error *error);
/* Read a value by a table's row, and into its struct where there is one. */
int entry_apply(const struct weir_pipeline *pipeline, const struct section *section,
	const struct weir_param *param, const struct entry *entry, void *conf,
	struct weir_error *error);
/* Set one key of well-formed text. */
int target_set(struct weir_pipeline *pipeline, const struct target *target,
	const struct entry *given, struct weir_error *error);

/* builder.c */

/* Form of a key and its value, whatever they mean. */
int entry_form(const struct weir_pipeline *pipeline, const struct target *target,
	const struct entry *given, struct weir_error *error);
/* Cut a text where its section ends; for assignment_clear(), also where it failed. */
int assignment_split(const struct weir_pipeline *pipeline, const char *text,
	struct assignment *assignment, struct weir_error *error);
void assignment_clear(struct assignment *assignment);
/* What the check made is not true any more. */
void pipeline_forget(struct weir_pipeline *pipeline);

/* links.c: from `input` and the link sections to links. */
int links_make(struct weir_pipeline *pipeline, struct weir_error *error);
/* The link that a section names; `section` is that one, for messages. */
int link_named(const struct weir_pipeline *pipeline, const struct section_name *name,
	const struct section *section, struct link **link, struct weir_error *error);
/* A message on a link: in its section, or at the `input` that makes it. Returns -EINVAL. */
int link_error(const struct weir_pipeline *pipeline, const struct link *link, const char *key,
	struct weir_error *error, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* order.c: cycles, feedback and the topological order. */
int links_order(struct weir_pipeline *pipeline, struct weir_error *error);
/* Whether block links close a cycle: -EINVAL, with the cycle. */
int cycles_refuse(const struct weir_pipeline *pipeline, struct weir_error *error);

/* ring.c: what rings hold of which nothing is said, once links have their order and stages their
 * needs. 0 or -ENOMEM. */
int rings_size(struct weir_pipeline *pipeline, struct weir_error *error);

/* check.c: the keys of one link or node against each other. */
int check_link(const struct weir_pipeline *pipeline, const struct link *link,
	struct weir_error *error);
int check_waits(const struct weir_pipeline *pipeline, const struct node *node,
	struct weir_error *error);
int check_type(const struct weir_pipeline *pipeline, const struct node *node,
	struct weir_error *error);

/* needs.c: what the workers of each stage need, into its node; -EINVAL. */
int needs_make(struct weir_pipeline *pipeline, struct weir_error *error);
/* -EINVAL where a parameter of a copy's node makes that another. */
int needs_recheck(const struct weir_pipeline *copy, const struct node *node,
	struct weir_error *error);

/* shared.c: no stage that changes events gets shared ones. */
int links_shared(const struct weir_pipeline *pipeline, struct weir_error *error);

#endif /* WEIR_PIPELINE_PRIVATE_H */
