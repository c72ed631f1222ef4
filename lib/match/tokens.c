/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <ctype.h>
#include <string.h>

#include <rte_common.h>

#include "match_private.h"

static bool
of_word(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr(".:-_", c) != NULL);
}

/* Of a word in front of which is no backslash, `-` is neither the first nor the last sign: there it is minus. */
static size_t
word_len(const char *at, bool quoted)
{
	size_t len = 0;

	if (!quoted && *at == '-')
		return 0;
	while (of_word(at[len]))
		len++;
	while (!quoted && len > 0 && at[len - 1] == '-')
		len--;
	return len;
}

static enum token_kind
sign_kind(const char *at, size_t *len)
{
	*len = 2;
	if (strncmp(at, "&&", 2) == 0)
		return TOKEN_AND;
	if (strncmp(at, "||", 2) == 0)
		return TOKEN_OR;
	*len = 1;
	switch (*at) {
	case '!':
		return at[1] == '=' ? TOKEN_OTHER : TOKEN_NOT;
	case '(':
		return TOKEN_OPEN;
	case ')':
		return TOKEN_CLOSE;
	case '/':
		return TOKEN_SLASH;
	default:
		return TOKEN_OTHER;
	}
}

static enum token_kind
word_kind(const struct token *token)
{
	if (token_is(token, "and"))
		return TOKEN_AND;
	if (token_is(token, "or"))
		return TOKEN_OR;
	return token_is(token, "not") ? TOKEN_NOT : TOKEN_WORD;
}

void
token_next(const char **text, struct token *token)
{
	const char *at = *text + strspn(*text, " \t\r\n");
	bool quoted = *at == '\\';
	size_t len;

	at += quoted;
	len = word_len(at, quoted);
	*token = (struct token){ .at = at, .len = len };
	memcpy(token->text, at, RTE_MIN(len, (size_t)TOKEN_SIZE - 1));
	if (*at == '\0')
		token->kind = TOKEN_END;
	else if (len == 0)
		token->kind = sign_kind(at, &token->len);
	else
		token->kind = quoted ? TOKEN_QUOTED : word_kind(token);
	*text = at + token->len;
}

bool
token_is(const struct token *token, const char *word)
{
	return token->len == strlen(word) && strncmp(token->at, word, token->len) == 0;
}
