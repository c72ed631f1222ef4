/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Disjunctions of rules, and what becomes of them by `and` and `or`. */
#include <assert.h>
#include <string.h>

#include "match_private.h"

/* They are compared as bytes. */
static_assert(sizeof(struct match_rule) == 22 + 2 * sizeof(struct match_layer), "gaps in a rule");
static_assert(sizeof(struct match_layer) == 76, "gaps in a layer");

void
terms_add(struct terms *terms, const struct match_rule *rule)
{
	for (unsigned int i = 0; i < terms->count; i++)
		if (memcmp(&terms->list[i], rule, sizeof(*rule)) == 0)
			return;
	if (terms->count == TERMS_MAX)
		terms->many = true;
	else
		terms->list[terms->count++] = *rule;
}

void
terms_or(struct terms *terms, const struct terms *more)
{
	for (unsigned int i = 0; i < more->count; i++)
		terms_add(terms, &more->list[i]);
	terms->many |= more->many;
}

void
terms_all(struct terms *terms)
{
	terms->list[0] = (struct match_rule){ .part = 1 };
	terms->count = 1;
}

/* What both say of a number, of which either may say nothing; false: they contradict each other. */
static bool
join_number(uint8_t *has, uint16_t *value, uint8_t has_more, uint16_t more)
{
	if (*has && has_more && *value != more)
		return false;
	if (has_more)
		*value = more;
	*has |= has_more;
	return true;
}

static bool
join_bits(uint8_t *value, uint8_t *mask, const uint8_t *more, const uint8_t *more_mask, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((value[i] ^ more[i]) & mask[i] & more_mask[i])
			return false;
		value[i] |= more[i];
		mask[i] |= more_mask[i];
	}
	return true;
}

static bool
join_layer(struct match_layer *to, const struct match_layer *more)
{
	uint16_t proto = to->proto;

	if (to->type != 0 && more->type != 0 && to->type != more->type)
		return false;
	to->type |= more->type;
	if (!join_number(&to->has_proto, &proto, more->has_proto, more->proto))
		return false;
	to->proto = (uint8_t)proto;
	for (unsigned int i = 0; i < 2; i++)
		if (!join_number(&to->has_port[i], &to->port[i], more->has_port[i],
			    more->port[i]) ||
			!join_bits(to->address[i], to->mask[i], more->address[i], more->mask[i],
				sizeof(to->mask[i])))
			return false;
	to->first_fragment |= more->first_fragment;
	/* A first fragment's ports are not for the NIC: what is left is said by another term too. */
	if (to->first_fragment) {
		memset(to->has_port, 0, sizeof(to->has_port));
		memset(to->port, 0, sizeof(to->port));
	}
	return true;
}

static bool
join(struct match_rule *to, const struct match_rule *more)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (to->has_mac[i] && more->has_mac[i] &&
			memcmp(to->mac[i], more->mac[i], sizeof(to->mac[i])) != 0)
			return false;
		if (more->has_mac[i])
			memcpy(to->mac[i], more->mac[i], sizeof(to->mac[i]));
		to->has_mac[i] |= more->has_mac[i];
	}
	to->vlan |= more->vlan;
	to->part |= more->part;
	if (!join_number(&to->has_vlan_id, &to->vlan_id, more->has_vlan_id, more->vlan_id) ||
		!join_layer(&to->layer[0], &more->layer[0]) ||
		!join_layer(&to->layer[1], &more->layer[1]))
		return false;
	/* The tag's type is where the EtherType of a frame without one is. */
	return !to->vlan || to->layer[0].type == 0;
}

void
terms_and(struct terms *terms, const struct terms *with)
{
	struct terms product;

	product.count = 0;
	product.many = terms->many || with->many;
	for (unsigned int i = 0; i < terms->count; i++)
		for (unsigned int j = 0; j < with->count; j++) {
			struct match_rule both = terms->list[i];

			if (join(&both, &with->list[j]))
				terms_add(&product, &both);
		}
	*terms = product;
}
