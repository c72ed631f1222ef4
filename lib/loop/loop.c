/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The loop of an lcore: passes, housekeeping in between, and waiting where there is nothing to do. */
#include <numaif.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_lcore.h>

#include "loop_private.h"

/* Passes between two housekeepings, about. */
#define HOUSEKEEPING_PASSES 256
/* Where passes take long, 1 / this of a second. */
#define HOUSEKEEPING_A_SECOND 500
/* One pass in so many looks at the clock. */
#define CLOCK_PASSES 16
/* One pass in so many, about, is timed. */
#define SAMPLE_PASSES 64
#define STACK_PAGE 4096u /* the smallest that there is */

void
loop_init(struct loop *loop, const struct weir_plan *plan, struct control *control,
	unsigned int index, unsigned int lcore)
{
	loop->plan = plan;
	loop->control = control;
	loop->index = index;
	loop->lcore = lcore;
	loop->runs = plan_lcore(plan, lcore)->runs;
	loop->holder = loop->runs == RUNS_GIVEN ? HOLDER_AWAITED : HOLDER_NOBODY;
	loop->until_housekeeping = HOUSEKEEPING_PASSES;
	loop->until_sample = SAMPLE_PASSES;
	loop->look_cycles = rte_get_tsc_hz() / HOUSEKEEPING_A_SECOND;
	loop->random = lcore;
	loop->state = LCORE_IDLE;
}

void
loop_rewind(struct loop *loop)
{
	loop->since = 0;
	__atomic_store_n(&loop->began, 0, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < LCORE_STATES; i++)
		__atomic_store_n(&loop->cycles[i], 0, __ATOMIC_RELAXED);
	__atomic_store_n(&loop->tid, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&loop->stack, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&loop->state, LCORE_IDLE, __ATOMIC_RELAXED);
	__atomic_store_n(&loop->left, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&loop->finished, 0, __ATOMIC_RELEASE);
}

/*
 * Account for the pass that is over. A busy lcore does not look at the clock: its time is noted
 * when it has been busy, by the first pass that moved nothing.
 */
static void
loop_account(struct loop *loop, bool moved)
{
	enum lcore_state now = moved ? LCORE_BUSY : loop->blocked ? LCORE_BLOCKED : LCORE_IDLE;

	if (!moved) {
		loop_spent(loop, loop->state == LCORE_BUSY ? LCORE_BUSY : now);
		if (loop->state == LCORE_BUSY)
			loop->quiet = loop->since;
	}
	if (loop->state != now)
		__atomic_store_n(&loop->state, now, __ATOMIC_RELEASE);
}

/* About n, at random: what is done once in n passes shall not beat with what comes in bursts. */
static uint32_t
loop_about(struct loop *loop, uint32_t n)
{
	loop->random = loop->random * UINT64_C(6364136223846793005) + 1;
	return n / 2 + (uint32_t)(loop->random >> 56) % n;
}

/* Whether housekeeping is due: every so many passes, sooner where passes take long. */
static bool
loop_due(struct loop *loop, bool clock)
{
	/* An idle lcore has just looked at the clock. */
	uint64_t now = clock ? rte_rdtsc() : loop->since;

	if (likely(--loop->until_housekeeping > 0) &&
		(int64_t)(now - loop->looked) < (int64_t)loop->look_cycles)
		return false;
	loop->until_housekeeping = loop_about(loop, HOUSEKEEPING_PASSES);
	return true;
}

/* Whether a pass is one of those that are timed. */
static bool
loop_sampled(struct loop *loop)
{
	if (!WEIR_SAMPLING || likely(--loop->until_sample > 0))
		return false;
	loop->until_sample = loop_about(loop, SAMPLE_PASSES);
	return true;
}

static void
loop_housekeep(struct loop *loop)
{
	loop->looked = rte_rdtsc();
	loop_settings(loop);
	/* What is done puts nothing any more, no marker either: nobody may be there to take it. */
	for (unsigned int i = 0; i < loop->seat_count; i++)
		if (!loop->seats[i]->done) {
			worker_look(loop->seats[i]->worker, loop->looked);
			if (unlikely(loop->seats[i]->worker->changes != NULL))
				source_tell(loop->seats[i]);
		}
}

/* A pass while draining: events moved, or -ESHUTDOWN when every worker is done. */
static int
loop_drain_pass(struct loop *loop)
{
	unsigned int moved = 0, done = 0;

	if (loop_due(loop, true))
		loop_housekeep(loop);
	for (unsigned int i = 0; i < loop->seat_count; i++) {
		if (!loop->seats[i]->done)
			moved += seat_drain(loop, loop->seats[i]);
		done += loop->seats[i]->done;
	}
	return done == loop->seat_count ? -ESHUTDOWN : (int)moved;
}

/* Have a pass timed, or no longer. */
static __rte_noinline void
loop_time(struct loop *loop, bool on)
{
	for (unsigned int i = 0; i < loop->seat_count; i++)
		worker_time(loop->seats[i]->worker, on);
}

static int
loop_run_pass(struct loop *loop)
{
	bool timed = loop_sampled(loop);
	bool housekeeping = loop_due(loop, loop->passes % CLOCK_PASSES == 0);
	unsigned int moved = 0;

	if (unlikely(housekeeping))
		loop_housekeep(loop);
	if (unlikely(timed))
		loop_time(loop, true);
	for (unsigned int i = 0; i < loop->seat_count; i++)
		moved += timed ? seat_pass_timed(loop, loop->seats[i], housekeeping) :
				 seat_pass(loop, loop->seats[i], housekeeping);
	if (unlikely(timed))
		loop_time(loop, false);
	return (int)moved;
}

int
loop_pass(struct loop *loop)
{
	enum loop_order order = control_order(loop->control);
	int moved;

	fault_sleep(FAULT_DELAY);
	if (unlikely(loop->since == 0)) {
		loop->since = rte_rdtsc();
		__atomic_store_n(&loop->began, loop->since, __ATOMIC_RELAXED);
		loop_settings(loop);
	}
	/* Who sees it sees the last pass over: at a port, say. */
	stat_add_release(&loop->passes, 1);
	loop->blocked = false;
	if (likely(order == ORDER_RUN))
		moved = loop_run_pass(loop);
	else
		moved = order == ORDER_DRAIN ? loop_drain_pass(loop) : loop_give_up(loop);
	/* Also while it is blocked, or drains: what is set may be the way on. */
	if (moved == 0 || order == ORDER_DRAIN)
		loop_settings(loop);
	loop_account(loop, moved > 0);
	if (unlikely(moved == -ESHUTDOWN))
		__atomic_store_n(&loop->finished, 1, __ATOMIC_RELEASE);
	return moved;
}

int
loop_pass_polled(struct loop *loop)
{
	int moved;

	if (likely(loop->since != 0))
		loop_spent(loop, LCORE_IDLE);
	moved = loop_pass(loop);
	if (moved > 0)
		loop_spent(loop, LCORE_BUSY);
	__atomic_store_n(&loop->state, LCORE_IDLE, __ATOMIC_RELEASE);
	return moved;
}

static void
stack_move(char *stack, int socket)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t at = RTE_ALIGN_FLOOR((uintptr_t)stack, page);
	void *pages[LOOP_STACK / STACK_PAGE + 1];
	int sockets[RTE_DIM(pages)], found[RTE_DIM(pages)];
	unsigned int n = 0;

	for (; n < RTE_DIM(pages) && at < (uintptr_t)stack + LOOP_STACK; n++, at += page) {
		pages[n] = (void *)at;
		sockets[n] = socket;
	}
	if (socket >= 0)
		move_pages(0, n, pages, sockets, found, MPOL_MF_MOVE);
}

/*
 * A page is on the socket of whoever touches it first: the thread does, where its frames will be. What was
 * touched already, by who created the thread, or by itself before it was bound to its lcore, is moved; what
 * cannot be, the engine finds.
 */
static __rte_noinline void
loop_stack(struct loop *loop)
{
	volatile char frames[LOOP_STACK];

	for (size_t i = 0; i < sizeof(frames); i += RTE_CACHE_LINE_SIZE)
		frames[i] = 0;
	stack_move((char *)(uintptr_t)frames, (int)rte_lcore_to_socket_id(loop->lcore));
	__atomic_store_n(&loop->stack, (char *)__builtin_frame_address(0) - LOOP_STACK,
		__ATOMIC_RELEASE);
}

/* The stack of a thread of the application's is where it is, and may be small. */
static void
loop_stack_yours(struct loop *loop)
{
	__atomic_store_n(&loop->stack, (char *)__builtin_frame_address(0) - LOOP_STACK,
		__ATOMIC_RELEASE);
}

bool
loop_claim(struct loop *loop)
{
	uint32_t awaited = HOLDER_AWAITED;

	return __atomic_compare_exchange_n(&loop->holder, &awaited, HOLDER_RUNNER, false,
		__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

bool
loop_unclaimed(struct loop *loop)
{
	uint32_t awaited = HOLDER_AWAITED;

	return __atomic_compare_exchange_n(&loop->holder, &awaited, HOLDER_NOBODY, false,
		__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

void
loop_run(struct loop *loop)
{
	int slack = waiter_slack(1), moved;

	if (loop_holder(loop) == HOLDER_LAUNCHED)
		loop_stack(loop);
	else
		loop_stack_yours(loop);
	__atomic_store_n(&loop->tid, rte_gettid(), __ATOMIC_RELAXED);
	while ((moved = loop_pass(loop)) != -ESHUTDOWN) {
		if (moved > 0) {
			waiter_reset(&loop->idle);
			waiter_reset(&loop->full);
		} else {
			loop_wait(loop);
		}
	}
	waiter_slack(slack);
}

void
loop_leave(struct loop *loop)
{
	__atomic_store_n(&loop->left, 1, __ATOMIC_RELEASE);
}

int
loop_main(void *arg)
{
	loop_run(arg);
	loop_leave(arg);
	return 0;
}

/* What a worker has been given and has not yet passed on, ended or put aside. */
static int64_t
worker_in_hand(const struct worker_stats *stats)
{
	uint64_t out = stat_read(&stats->out) + stat_read(&stats->released) +
		stat_read(&stats->held) + worker_stats_dropped(stats);

	return (int64_t)(stat_read(&stats->in) + stat_read(&stats->created) - out);
}

bool
loop_in_hand(const struct loop *loop)
{
	for (unsigned int i = 0; i < loop->seat_count; i++)
		if (worker_in_hand(loop->seats[i]->worker->stats) > 0)
			return true;
	return false;
}

const struct seat *
loop_busy_seat(const struct loop *loop)
{
	const struct seat *at = __atomic_load_n(&loop->at, __ATOMIC_RELAXED);

	for (unsigned int i = 0; i < loop->seat_count; i++)
		if (worker_in_hand(loop->seats[i]->worker->stats) > 0)
			return loop->seats[i];
	return at != NULL ? at : loop->seats[0];
}
