/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * eject: hands events over to the application that embeds weir, by a ring or by a call. Lossless: what
 * it has no room for it does not let in. What is in the ring is held by the worker, until it has seen
 * that the application took it.
 *
 * Who writes what: the worker its own lines and the ring's slots and head; the application the lines
 * of its handle and the ring's tail. Once the handle is closed, and the application is seen to be out
 * of it, it is the control side's.
 */
#include <assert.h>
#include <errno.h>
#include <sched.h>

#include <rte_errno.h>
#include <rte_ring.h>

#include "sink_private.h"

/* The largest burst. */
#define KEPT_MAX BURST_MAX

enum { MODE_RING, MODE_CALL };

struct eject_conf {
	uint64_t mode;
	uint64_t packets; /* those alone */
	uint64_t ring;
	uint64_t keeps;
};

/* Own drop reasons. */
enum { EJECT_FULL };

/* The application's end. */
struct __rte_cache_aligned weir_eject {
	struct ring_consumer ring;
	uint32_t busy;   /* it is between its look at `closed` and what it does then */
	uint32_t closed; /* by the control side: it must not touch the ring any more */
	uint32_t claimed;
	bool packets;
};

struct eject_state {
	struct ring_producer ring;
	uint32_t counted; /* what is before that in the ring was taken, and is counted */
	bool calls;
	bool packets;
	uint16_t kept_count; /* that the function did not take */
	void *arg;
	weir_eject_fn fn; /* written after `arg` */
	struct weir_event *kept[KEPT_MAX];
	struct weir_eject handle;
	/* With a ring: struct rte_ring, and its slots. */
};
static_assert(offsetof(struct eject_state, handle) % RTE_CACHE_LINE_SIZE == 0 &&
		sizeof(struct eject_state) % RTE_CACHE_LINE_SIZE == 0,
	"lines of its own");

/* Slots of the rte_ring: one stays free. */
static unsigned int
ring_slots(const struct eject_conf *conf)
{
	return rte_align32pow2((uint32_t)conf->ring + 1);
}

static int
eject_needs(const void *conf, struct weir_stage_needs *needs, struct weir_error *error __rte_unused)
{
	const struct eject_conf *c = conf;
	bool calls = c->mode == MODE_CALL;

	needs->held = (uint32_t)(calls ? KEPT_MAX : c->ring) + (uint32_t)c->keeps;
	needs->let_go = 0;
	if (!calls)
		needs->state += (size_t)rte_ring_get_memsize(ring_slots(c));
	return 0;
}

static int
eject_init(struct weir_worker *worker, const void *conf, void *state, struct weir_error *error)
{
	const struct eject_conf *c = conf;
	struct eject_state *s = state;
	struct rte_ring *ring = (struct rte_ring *)(s + 1);
	int rc;

	s->calls = c->mode == MODE_CALL;
	s->packets = s->handle.packets = c->packets;
	if (s->calls)
		return 0;
	rc = rte_ring_init(ring, "eject", (unsigned int)c->ring,
		RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	if (rc != 0)
		return weir_error_set(error, -rc, "[stage %s] no ring of %u events",
			weir_worker_name(worker), (unsigned int)c->ring);
	ring_producer_init(&s->ring, ring);
	ring_consumer_init(&s->handle.ring, ring, worker);
	s->counted = s->ring.seen;
	return 0;
}

/* Count what the application is known to have taken; how many. */
static unsigned int
taken_count(struct weir_worker *worker, struct eject_state *s)
{
	uint16_t n;
	unsigned int all = 0;

	while ((n = (uint16_t)RTE_MIN(s->ring.seen - s->counted, (uint32_t)UINT16_MAX)) > 0) {
		weir_ejected(worker, n);
		weir_unhold(worker, n);
		s->counted += n;
		all += n;
	}
	return all;
}

/* End what is no packet; how many are left. */
static uint16_t
packets_only(struct weir_worker *worker, struct weir_event *events[], uint16_t n)
{
	uint16_t packets = 0;

	for (uint16_t i = 0; i < n; i++)
		if (likely(events[i]->type == WEIR_EVENT_PACKET))
			events[packets++] = events[i];
		else
			weir_release(worker, &events[i], 1);
	return packets;
}

/* As many as there is room for: no more come, but by a mistake of ours. */
static uint16_t
fitting(struct weir_worker *worker, struct weir_event *events[], uint16_t n, uint32_t room)
{
	if (likely(n <= room))
		return n;
	weir_drop(worker, EJECT_FULL, events + room, (uint16_t)(n - room));
	return (uint16_t)room;
}

/* Offer events to the function; how many of the first it took. */
static uint16_t
call_take(struct weir_worker *worker, struct eject_state *s, struct weir_event *events[],
	uint16_t n)
{
	weir_eject_fn fn = __atomic_load_n(&s->fn, __ATOMIC_ACQUIRE);
	uint16_t taken = 0;

	if (fn != NULL && n > 0)
		taken = RTE_MIN(fn(s->arg, weir_worker_index(worker), events, n), n);
	weir_ejected(worker, taken);
	return taken;
}

static void
call_process(struct weir_worker *worker, struct eject_state *s, struct weir_event *events[],
	uint16_t n)
{
	uint16_t taken = s->kept_count == 0 ? call_take(worker, s, events, n) : 0;

	n = (uint16_t)(n - taken);
	n = fitting(worker, events + taken, n, KEPT_MAX - s->kept_count);
	for (uint16_t i = 0; unlikely(i < n); i++)
		s->kept[s->kept_count++] = events[taken + i];
	weir_hold(worker, n);
}

/* What the function did not take before; how many it took. */
static uint16_t
call_again(struct weir_worker *worker, struct eject_state *s)
{
	uint16_t burst = RTE_MIN(s->kept_count, weir_worker_burst(worker));
	uint16_t taken = call_take(worker, s, s->kept, burst);

	weir_unhold(worker, taken);
	s->kept_count = (uint16_t)(s->kept_count - taken);
	for (uint16_t i = 0; taken > 0 && i < s->kept_count; i++)
		s->kept[i] = s->kept[i + taken];
	return taken;
}

static void
eject_process(struct weir_worker *worker, void *state, struct weir_event *events[], uint16_t n)
{
	struct eject_state *s = state;

	if (s->packets)
		n = packets_only(worker, events, n);
	if (s->calls) {
		call_process(worker, s, events, n);
		return;
	}
	n = fitting(worker, events, n, ring_room(&s->ring, n));
	weir_hold(worker, n);
	ring_give(&s->ring, events, n);
}

/* In a ring, a burst and more is said as it is known: the application's line is left alone then. */
static unsigned int
eject_room(struct weir_worker *worker, void *state)
{
	struct eject_state *s = state;
	unsigned int room;

	if (s->calls)
		return s->kept_count > 0 || __atomic_load_n(&s->fn, __ATOMIC_RELAXED) == NULL ?
			0 :
			KEPT_MAX;
	room = ring_room(&s->ring, weir_worker_burst(worker));
	taken_count(worker, s);
	return room;
}

/* Look what was taken, or offer again what was not; how many went. */
static unsigned int
eject_look(struct weir_worker *worker, struct eject_state *s)
{
	if (s->calls)
		return s->kept_count > 0 ? call_again(worker, s) : 0;
	if (s->counted == s->ring.head)
		return 0;
	ring_room(&s->ring, UINT32_MAX);
	return taken_count(worker, s);
}

static unsigned int
eject_tick(struct weir_worker *worker, void *state, unsigned int room __rte_unused)
{
	return eject_look(worker, state);
}

static unsigned int
eject_drain(struct weir_worker *worker, void *state, unsigned int room __rte_unused)
{
	struct eject_state *s = state;

	eject_look(worker, s);
	return s->calls ? s->kept_count : s->ring.head - s->counted;
}

/*
 * Close, then wait for a thread that is between its look at `closed` and what it does: it copies a
 * burst out of the ring. Both sides are sequentially consistent: either it sees `closed`, or this
 * sees it busy.
 */
static void
handle_close(struct weir_eject *handle)
{
	__atomic_store_n(&handle->closed, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&handle->busy, __ATOMIC_SEQ_CST))
		sched_yield();
}

static void
eject_fini(struct weir_worker *worker, void *state)
{
	struct eject_state *s = state;
	struct weir_event *events[KEPT_MAX];
	unsigned int n;

	weir_abandon(worker, s->kept, s->kept_count);
	s->kept_count = 0;
	handle_close(&s->handle);
	if (s->calls)
		return;
	eject_look(worker, s);
	while ((n = ring_consumer_get(&s->handle.ring, events, KEPT_MAX)) > 0)
		weir_abandon(worker, events, (uint16_t)n);
}

bool
eject_hands_over(const struct weir_stage_ops *ops, const void *conf)
{
	return ops->process == eject_process &&
		((const struct eject_conf *)conf)->mode == MODE_RING;
}

/* Bytes of the ring, and of the application's end. */
static size_t
ring_bytes(unsigned int slots)
{
	return sizeof(struct weir_eject) + (size_t)rte_ring_get_memsize(slots);
}

bool
eject_rings(const struct weir_stage_ops *ops, const void *conf, struct app_rings *rings)
{
	const struct eject_conf *c = conf;

	if (!eject_hands_over(ops, conf))
		return false;
	*rings = (struct app_rings){ .count = 1,
		.capacity = (uint32_t)c->ring,
		.bytes = ring_bytes(ring_slots(c)) };
	return true;
}

bool
eject_ring(const struct weir_stage_ops *ops, const void *state, struct app_ring *ring)
{
	const struct eject_state *s = state;

	if (ops->process != eject_process || s->calls)
		return false;
	*ring = (struct app_ring){
		.producer = &s->ring,
		.taken = ring_taken(&s->handle.ring),
		.high_water = __atomic_load_n(&s->handle.ring.high_water, __ATOMIC_RELAXED),
		.bytes = ring_bytes(s->ring.mask + 1),
		.opened = __atomic_load_n(&s->handle.claimed, __ATOMIC_RELAXED) != 0,
	};
	return true;
}

int
eject_claim(void *state, struct weir_eject **eject)
{
	struct eject_state *s = state;

	if (s->calls)
		return -EINVAL;
	if (__atomic_exchange_n(&s->handle.claimed, 1, __ATOMIC_ACQ_REL) != 0)
		return -EBUSY;
	*eject = &s->handle;
	return 0;
}

int
eject_set_call(void *state, weir_eject_fn fn, void *arg)
{
	struct eject_state *s = state;

	if (!s->calls)
		return -EINVAL;
	if (__atomic_exchange_n(&s->handle.claimed, 1, __ATOMIC_ACQ_REL) != 0)
		return -EBUSY;
	s->arg = arg;
	__atomic_store_n(&s->fn, fn, __ATOMIC_RELEASE);
	return 0;
}

void
weir_eject_close(struct weir_eject *eject)
{
	if (eject != NULL)
		__atomic_store_n(&eject->claimed, 0, __ATOMIC_RELEASE);
}

/* Whether it is worth to be busy: else rte_errno says why not. */
static inline bool
handle_waits(const struct weir_eject *eject, uint16_t n)
{
	if (unlikely(__atomic_load_n(&eject->closed, __ATOMIC_RELAXED))) {
		rte_errno = ESHUTDOWN;
		return false;
	}
	if (n > 0 && ring_waits(&eject->ring))
		return true;
	rte_errno = EAGAIN;
	return false;
}

uint16_t
weir_eject_events(struct weir_eject *eject, struct weir_event *events[], uint16_t n)
{
	uint16_t got = 0;

	if (unlikely(eject == NULL || (events == NULL && n > 0))) {
		rte_errno = EINVAL;
		return 0;
	}
	if (!handle_waits(eject, n))
		return 0;
	__atomic_store_n(&eject->busy, 1, __ATOMIC_SEQ_CST);
	if (likely(!__atomic_load_n(&eject->closed, __ATOMIC_SEQ_CST)))
		got = (uint16_t)ring_consumer_get(&eject->ring, events, n);
	else
		rte_errno = ESHUTDOWN;
	__atomic_store_n(&eject->busy, 0, __ATOMIC_RELEASE);
	return got;
}

uint16_t
weir_eject_packets(struct weir_eject *eject, struct rte_mbuf *mbufs[], uint16_t n)
{
	struct weir_event *events[KEPT_MAX];
	uint16_t done = 0, got;

	if (unlikely(eject == NULL || (mbufs == NULL && n > 0) || !eject->packets)) {
		rte_errno = EINVAL;
		return 0;
	}
	do {
		got = weir_eject_events(eject, events,
			RTE_MIN((uint16_t)(n - done), (uint16_t)KEPT_MAX));
		for (uint16_t i = 0; i < got; i++)
			mbufs[done++] = weir_event_mbuf(events[i]);
	} while (got == KEPT_MAX);
	return done;
}

static const char *const modes[] = { "ring", "call", NULL };
static const char *const kinds[] = { "all", "packets", NULL };

static const struct weir_param eject_params[] = {
	{ .name = "mode",
		.type = WEIR_PARAM_ENUM,
		.offset = offsetof(struct eject_conf, mode),
		.def = "ring",
		.values = modes,
		.help = "ring: the application takes by weir_eject_events() or weir_eject_packets(), "
			"each worker by one thread; call: its function is called by the workers" },
	{ .name = "events",
		.type = WEIR_PARAM_ENUM,
		.offset = offsetof(struct eject_conf, packets),
		.def = "all",
		.values = kinds,
		.help = "what is handed over; packets: others end here" },
	{ .name = "ring",
		.type = WEIR_PARAM_SIZE,
		.offset = offsetof(struct eject_conf, ring),
		.min = 32,
		.max = 1 << 20,
		.def = "1024",
		.help = "events that wait for the application, at each worker" },
	{ .name = "keeps",
		.type = WEIR_PARAM_SIZE,
		.offset = offsetof(struct eject_conf, keeps),
		.max = 1 << 24,
		.def = "1024",
		.help = "mbufs that the application has at a time of what it took, of each worker: "
			"pools are larger by them" },
	{ .name = NULL },
};

static const char *const eject_reasons[] = {
	[EJECT_FULL] = "eject_full",
	NULL,
};

static const char *const eject_outputs[] = { NULL };

const struct weir_stage_ops stage_eject = {
	WEIR_STAGE_OPS,
	.name = "eject",
	.help = "hand events over to an embedding application",
	.params = eject_params,
	.conf_size = sizeof(struct eject_conf),
	.state_size = sizeof(struct eject_state),
	.outputs = eject_outputs,
	.reasons = eject_reasons,
	.init = eject_init,
	.process = eject_process,
	.room = eject_room,
	.tick = eject_tick,
	.drain = eject_drain,
	.fini = eject_fini,
	.needs = eject_needs,
};
