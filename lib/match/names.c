/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Names that libpcap would ask a name service for: all words that it does not know itself. */
#include <arpa/inet.h>
#include <string.h>

#include <rte_common.h>

#include "event/event.h"
#include "match_private.h"

/* What libpcap's language has of words: pcap-filter(7), and what its scanner takes besides. */
static const char words[] =
	" aarp action addr1 addr2 addr3 addr4 address1 address2 address3 address4 ah arp atalk bcc "
	"broadcast byte carp clnp connectmsg csnp decnet dir direction dpc dst es-is esis esp ether "
	"fddi fisu gateway geneve greater hdpc hfisu hlssu hmsu hopc host hsio hsls icmp icmp6 "
	"icmp6code icmp6type icmpcode icmptype ifindex ifname igmp igrp iih ilmic inbound ip ip6 ipx "
	"is-is isis iso l1 l2 lane lat len length less link llc lsp lssu lsu mask metac metaconnect "
	"moprc mopdl mpls msu multicast net netbeui oam oamf4 oamf4ec oamf4sc on opc outbound pim "
	"port portrange ppp pppoed pppoes proto protochain psnp ra radio rarp reason rnr rset rulenum "
	"ruleset sc sca sctp sio slip sls snp src srnr stp subrulenum subtype ta tcp tcpflags tr type "
	"udp vci vlan vpi vrrp wlan ";

/* Names of values in headers. */
static const char values[] =
	" icmp-echo icmp-echoreply icmp-ireq icmp-ireqreply icmp-maskreply icmp-maskreq "
	"icmp-paramprob icmp-redirect icmp-routeradvert icmp-routersolicit icmp-sourcequench "
	"icmp-timxceed icmp-tstamp icmp-tstampreply icmp-unreach "
	"icmp6-destinationunreach icmp6-destinationrunreach icmp6-echo icmp6-echoreply "
	"icmp6-homeagentdiscoveryreply icmp6-homeagentdiscoveryrequest "
	"icmp6-ineighbordiscoveryadvert icmp6-ineighbordiscoverysolicit "
	"icmp6-mobileprefixadvert icmp6-mobileprefixsolicit icmp6-multicastlistenerdone "
	"icmp6-multicastlistenerquery icmp6-multicastlistenerreportv1 "
	"icmp6-multicastlistenerreportv2 icmp6-neighboradvert icmp6-neighborsolicit "
	"icmp6-nodeinformationquery icmp6-nodeinformationresponse icmp6-packettoobig "
	"icmp6-parameterproblem icmp6-redirect icmp6-routeradvert icmp6-routerrenum "
	"icmp6-routersolicit icmp6-timeexceeded "
	"tcp-ack tcp-cwr tcp-ece tcp-fin tcp-push tcp-rst tcp-syn tcp-urg ";

/* Of what follows, names are of ports, protocols and the like, which are in files of the machine. */
static const char local[] =
	" action dir direction ifname on port portrange proto protochain reason "
	"rset ruleset subtype type ";

static bool
is_one_of(const char *list, const struct token *token)
{
	char word[TOKEN_SIZE + 2];

	if (token->len >= TOKEN_SIZE || strchr(token->text, ' ') != NULL)
		return false;
	word[0] = ' ';
	memcpy(word + 1, token->text, token->len);
	memcpy(word + 1 + token->len, " ", 2);
	return strstr(list, word) != NULL;
}

static bool
is_keyword(const struct token *token)
{
	return is_one_of(words, token) || is_one_of(values, token);
}

/* So many groups of hexadecimal digits with one sign between them, each of `least` to `most`. */
static bool
is_groups(const char *text, char sign, unsigned int groups, size_t least, size_t most)
{
	for (unsigned int i = 0; i < groups; i++) {
		size_t n = strspn(text, "0123456789abcdefABCDEF");

		if (n < least || n > most)
			return false;
		text += n;
		if (i + 1 < groups && *text++ != sign)
			return false;
	}
	return *text == '\0';
}

static bool
is_station(const char *text)
{
	return is_groups(text, ':', 6, 1, 2) || is_groups(text, '-', 6, 1, 2) ||
		is_groups(text, '.', 6, 1, 2) || is_groups(text, '.', 3, 4, 4) ||
		is_groups(text, ' ', 1, 12, 12);
}

static bool
is_number(const char *text)
{
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return is_groups(text + 2, ' ', 1, 1, 16);
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* One to four numbers with a point between two of them. */
static bool
is_dotted(const char *text)
{
	for (unsigned int i = 0; i < 4; i++) {
		size_t n = strspn(text, "0123456789");

		if (n < 1 || n > 3)
			return false;
		text += n;
		if (*text == '\0')
			return true;
		if (*text++ != '.')
			return false;
	}
	return false;
}

/* A number or address, as libpcap's scanner has them. */
static bool
is_literal(const struct token *token)
{
	struct in6_addr address;

	return token->len < TOKEN_SIZE &&
		(is_number(token->text) || is_dotted(token->text) || is_station(token->text) ||
			inet_pton(AF_INET6, token->text, &address) == 1);
}

static bool
is_half(const char *at, size_t len)
{
	struct token half = { .at = at, .len = len };

	memcpy(half.text, at, len);
	return len == 0 || is_number(half.text) || is_keyword(&half);
}

/* Of an offset and a size, in brackets. */
static bool
is_pair(const struct token *token)
{
	const char *at = token->len < TOKEN_SIZE ? strchr(token->text, ':') : NULL;

	return at != NULL && is_half(token->text, (size_t)(at - token->text)) &&
		is_half(at + 1, strlen(at + 1));
}

bool
match_name(const char *expression, struct token *name)
{
	bool here = false;
	int depth = 0;

	for (;;) {
		token_next(&expression, name);
		if (name->kind == TOKEN_END)
			return false;
		if (name->kind == TOKEN_OTHER)
			depth += (name->at[0] == '[') - (name->at[0] == ']');
		if (name->kind != TOKEN_WORD && name->kind != TOKEN_QUOTED)
			continue;
		if (name->kind == TOKEN_WORD && is_keyword(name))
			here = is_one_of(local, name);
		else if (!here && !is_literal(name) && !(depth > 0 && is_pair(name)))
			return true;
	}
}

const char *
match_near(const struct token *name, char *text, size_t size)
{
	char word[TOKEN_SIZE], best[TOKEN_SIZE];
	struct nearest nearest;
	size_t n;

	nearest_init(&nearest, name->text);
	for (const char *at = words + 1; *at != '\0'; at += n + 1) {
		n = strcspn(at, " ");
		memcpy(word, at, n);
		word[n] = '\0';
		nearest_try(&nearest, word);
		if (nearest.best == word)
			nearest.best = memcpy(best, word, n + 1);
	}
	return nearest_text(&nearest, text, size);
}

bool
match_word(const char *expression, const char *word)
{
	struct token token;

	do
		token_next(&expression, &token);
	while (token.kind != TOKEN_END && (token.kind != TOKEN_WORD || !token_is(&token, word)));
	return token.kind != TOKEN_END;
}
