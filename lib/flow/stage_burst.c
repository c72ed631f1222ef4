/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a stage of flows does on a pass: look up, count, tell, and end what is due. */
#include "usual.h"

/* Most flows that one burst or tick ends besides those that its packets end. */
#define EXPIRE_MOST 64

/* Packets of a burst that have a key. */
struct keyed {
	struct weir_event *events[TRACK_BURST];
	struct weir_flow_burst burst;
};

/* What tells flows of one 5-tuple apart, where that is asked for. */
static uint64_t
extra_of(uint8_t parts, const struct weir_event *event)
{
	uint64_t extra = 0;

	if (parts & KEY_VLAN && event->flags & WEIR_EVENT_VLAN)
		extra |= event->vlan[0] & 0xfffu;
	if (parts & KEY_VLAN && event->flags & WEIR_EVENT_QINQ)
		extra |= (event->vlan[1] & 0xfffu) << 12;
	if (parts & KEY_TUNNEL)
		extra |= (uint64_t)event->tunnel_id << 24;
	if (parts & KEY_PORT)
		extra |= (uint64_t)(event->port & 0xff) << 56;
	return extra;
}

static void
gather(struct track *track, struct keyed *keyed, struct weir_event *const events[], uint16_t n)
{
	struct weir_flow_burst *burst = &keyed->burst;
	uint16_t count = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct weir_event *event = events[i];

		if (unlikely(event->type != WEIR_EVENT_PACKET))
			continue;
		if (unlikely(!(event->flags & WEIR_EVENT_KEYED))) {
			stat_add(&track->stats.keyless, 1);
			continue;
		}
		/* Where its headers are. */
		rte_prefetch0(weir_event_mbuf(event));
		keyed->events[count] = event;
		burst->keys[count] = &event->key;
		burst->hashes[count] = event->hash;
		burst->lives[count] = track_life(event);
		burst->extras[count] = track->key == 0 ? 0 : extra_of(track->key, event);
		count++;
	}
	burst->n = count;
}

/* What is to be read of the frames, where it is not by the time that they are counted. */
static void
fetch(const struct keyed *keyed)
{
	for (uint16_t i = 0; i < keyed->burst.n; i++) {
		const struct weir_event *event = keyed->events[i];

		if (event->payload_len != 0)
			rte_prefetch0(rte_pktmbuf_mtod_offset(weir_event_mbuf(event), const void *,
				event->l4_off));
	}
}

/* Packets of one flow in a row, from `first` on, as the state machine gets them. */
struct run {
	struct track *track;
	struct keyed *keyed;
	uint16_t first;
};

/* They are done with: packet `end` is not of it. */
static void
run_end(struct run *run, uint16_t end)
{
	struct track *track = run->track;
	struct weir_flow *flow = run->keyed->burst.flows[run->first];
	uint16_t first = run->first;

	run->first = end;
	if (flow == NULL || track->ops->on_packets == NULL || first == end)
		return;
	track->ops->on_packets(track->worker, flow, track_user(flow), run->keyed->events + first,
		end - first);
}

/* A packet that is not the usual one of its flow. */
static __rte_noinline void
count_other(struct run *run, uint16_t i)
{
	struct track *track = run->track;
	const struct weir_flow_burst *burst = &run->keyed->burst;
	const struct weir_event *event = run->keyed->events[i];
	struct weir_flow *flow = burst->flows[i];
	unsigned int side = burst->reversed >> i & 1;
	bool created = burst->created >> i & 1;
	enum weir_flow_reason reason;

	if (flow == NULL)
		return;
	if (!created && unlikely(track_anew(track, flow, event, side, &reason))) {
		run_end(run, i);
		weir_flow_renew(track->table, flow, reason, track->now);
		created = true;
	}
	track_packet(track, flow, event, side, created);
}

static void
count_all(struct track *track, struct keyed *keyed)
{
	struct weir_flow *const *flows = keyed->burst.flows;
	struct run run = { .track = track, .keyed = keyed };
	bool runs = track->ops->on_packets != NULL;

	for (uint16_t i = 0; i < keyed->burst.n; i++) {
		const struct weir_event *event = keyed->events[i];

		track->now = clock_packet(&track->clock, event);
		clock_move(track, track->now);
		if (runs && flows[i] != flows[run.first])
			run_end(&run, i);
		if (unlikely(flows[i] == NULL ||
			    !usual_count(track, flows[i], event, keyed->burst.reversed >> i & 1)))
			count_other(&run, i);
	}
	if (runs)
		run_end(&run, keyed->burst.n);
}

static void
expire(struct track *track, uint64_t now, uint32_t most)
{
	if (now != 0 && most > 0)
		weir_flow_expire(track->table, now, RTE_MIN(most, (uint32_t)EXPIRE_MOST));
}

static void
burst(struct track *track, struct weir_event *events[], uint16_t n)
{
	uint32_t may = track->per_packet * n;
	struct keyed keyed;

	gather(track, &keyed, events, n);
	keyed.burst.size = sizeof(keyed.burst);
	if (keyed.burst.n > 0) {
		keyed.burst.now = clock_packet(&track->clock, keyed.events[0]);
		track->now = keyed.burst.now;
		weir_flow_lookup(track->table, &keyed.burst);
		fetch(&keyed);
		count_all(track, &keyed);
		clock_burst(&track->clock, keyed.events[keyed.burst.n - 1]->tsc);
	}
	expire(track, track->clock.latest,
		(may - RTE_MIN(may, (uint32_t)track->told_count)) / track->per_end);
	weir_forward(track->worker, OUTPUT_PACKETS, events, n);
	tell_flush(track);
}

void
track_process(struct weir_worker *worker __rte_unused, void *state, struct weir_event *events[],
	uint16_t n)
{
	for (uint16_t i = 0; i < n; i += TRACK_BURST)
		burst(state, events + i, (uint16_t)RTE_MIN(n - i, TRACK_BURST));
}

unsigned int
track_room(struct weir_worker *worker __rte_unused, void *state)
{
	struct track *track = state;

	return tell_ready(track) / track->per_packet;
}

/* Most ends that there is room to tell of. */
static uint32_t
room_for(struct track *track, unsigned int room)
{
	return RTE_MIN(tell_ready(track), (uint32_t)room) / track->per_end;
}

unsigned int
track_tick(struct weir_worker *worker __rte_unused, void *state, unsigned int room)
{
	struct track *track = state;

	clock_steer(&track->clock);
	expire(track, clock_now(&track->clock), room_for(track, room));
	figures_publish(track);
	return tell_flush(track);
}

/* What has been idle for too long ends for that, and what is left since the stage ends. */
unsigned int
track_drain(struct weir_worker *worker __rte_unused, void *state, unsigned int room)
{
	uint32_t most, touched = 0;
	struct track *track = state;
	unsigned int left;

	most = RTE_MIN(room_for(track, room), (uint32_t)EXPIRE_MOST);
	if (most == 0)
		return 1;
	if (track->clock.latest != 0)
		touched = weir_flow_expire(track->table, track->clock.latest, most);
	left = weir_flow_drain(track->table, most - touched);
	tell_flush(track);
	figures_publish(track);
	return left;
}
