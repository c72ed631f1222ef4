/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What the files of this folder share. */
#ifndef WEIR_MATCH_PRIVATE_H
#define WEIR_MATCH_PRIVATE_H

#include <netinet/in.h>
#include <stddef.h>

#include "match.h"

/* EtherTypes, and protocols of IP that the system's headers do not name. */
#define TYPE_IPV4 0x0800
#define TYPE_ARP 0x0806
#define TYPE_RARP 0x8035
#define TYPE_VLAN 0x8100
#define TYPE_IPV6 0x86dd

/* tokens.c: the words of an expression, as far as they are read here. */
enum token_kind {
	TOKEN_END,
	TOKEN_WORD,   /* letters, digits, and . : - _ ; a word, number or address */
	TOKEN_QUOTED, /* the same behind a backslash: not a keyword */
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_SLASH,
	TOKEN_OTHER, /* all else */
};

#define TOKEN_SIZE 64

struct token {
	enum token_kind kind;
	const char *at; /* in the expression */
	size_t len;
	char text[TOKEN_SIZE]; /* of a word, cut where it is longer */
};

/* The token at *text, which then is behind it. */
void token_next(const char **text, struct token *token);
bool token_is(const struct token *token, const char *word);

/* names.c: the first word that libpcap would ask a name service for; false: there is none. */
bool match_name(const char *expression, struct token *name);
/* "; did you mean 'WORD'?", of the language, or "", into `text`, which is returned. */
const char *match_near(const struct token *name, char *text, size_t size);
/* Whether a word of the language is in it. */
bool match_word(const char *expression, const char *word);

/* terms.c: disjunctions of rules. One that is empty but for `part` matches everything. */
#define TERMS_MAX 64

struct terms {
	unsigned int count;
	bool many; /* they were more than there is room for */
	struct match_rule list[TERMS_MAX];
};

void terms_add(struct terms *terms, const struct match_rule *rule);
void terms_or(struct terms *terms, const struct terms *more);
/* What contradicts itself falls out. */
void terms_and(struct terms *terms, const struct terms *with);
/* Everything, and maybe more than is said. */
void terms_all(struct terms *terms);

enum match_kind { KIND_NONE, KIND_HOST, KIND_NET, KIND_PORT, KIND_PROTO };
enum match_way { WAY_EITHER, WAY_SRC, WAY_DST, WAY_BOTH };

/* What stands before an address or number, which may be left out in front of the next one. */
struct qualifiers {
	bool given;
	const char *proto; /* "" where there is none */
	enum match_way way;
	enum match_kind kind;
};

struct parser {
	const char *text; /* behind the token */
	struct token token;
	unsigned int
		depth; /* tags that what follows is behind: libpcap shifts by each `vlan` it meets */
	struct qualifiers last;
	bool failed; /* it is not of the kind that is read here */
};

/* address.c: the next token; those that take one give whether it was there. A number is up to `most`. */
void parser_next(struct parser *parser);
bool parser_take(struct parser *parser, const char *word);
bool parser_number(struct parser *parser, unsigned long most, unsigned long *number);

struct address {
	uint16_t type; /* EtherType of its protocol; 0: a MAC address */
	uint8_t bytes[16];
	uint8_t mask[16];
};

bool address_parse(struct parser *parser, const struct qualifiers *q, struct address *address);

/* primitive.c: a primitive, or after one `and` or `or` what is left of one. */
void primitive_parse(struct parser *parser, struct terms *terms);

#endif /* WEIR_MATCH_PRIVATE_H */
