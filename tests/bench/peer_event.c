/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * DPDK's eventdev with its software drivers. Each stage is an atomic event queue; events carry the
 * mbuf, and the flow by the hash that the parser has found. An lcore has a port for each source
 * and each worker on it. event_sw has a scheduler, which takes a core of its own where there are
 * more: here one of the two lcores calls it.
 */
#include <stdio.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_eventdev.h>
#include <rte_service.h>
#include <rte_service_component.h>

#include "bench.h"
#include "peers.h"

#define PORTS_MAX 4
#define STAGES_MAX 4
#define DEPTH 32
#define LIMIT 4096

static struct {
	const struct event_how *how;
	char name[32];
	uint8_t dev;
	uint8_t stages; /* event queues */
	uint8_t before; /* of them, served on LCORE_A */
	bool scheduled;
	uint32_t service;
	/* Ports: the sources', then the workers' of LCORE_A, then of LCORE_B. */
	uint8_t ports;
	uint8_t sources;
	uint8_t on_a;
} event;

/* A source's packets that the device has not taken yet. */
struct pending {
	struct rte_event events[RIG_BURST];
	uint16_t at;
	uint16_t count;
};

/* What a worker's port gave. */
struct batch {
	struct rte_event events[DEPTH];
	struct rte_mbuf *mbufs[DEPTH];
};

static inline void
schedule(unsigned int lcore)
{
	if (event.scheduled && (rig.now.one_lcore || event.how->scheduler_a == (lcore == LCORE_A)))
		rte_service_run_iter_on_app_lcore(event.service, 0);
}

static void
poll(uint8_t source, struct pending *pending)
{
	struct rte_mbuf *mbufs[RIG_BURST];
	unsigned int n = rig_poll(source, mbufs);

	for (unsigned int s = 0; event.how->fused && s < rig.now.before; s++)
		rig_handle(&rig.before[s], mbufs, n);
	for (unsigned int i = 0; i < n; i++)
		pending->events[i] = (struct rte_event){
			.flow_id = weir_mbuf_event(mbufs[i])->hash & 0xfffff,
			.event_type = RTE_EVENT_TYPE_ETHDEV,
			.op = RTE_EVENT_OP_NEW,
			.sched_type = RTE_SCHED_TYPE_ATOMIC,
			.queue_id = 0,
			.priority = RTE_EVENT_DEV_PRIORITY_NORMAL,
			.mbuf = mbufs[i],
		};
	pending->at = 0;
	pending->count = (uint16_t)n;
}

/* Hand in what is pending, or more packets. @return whether something is still pending */
static bool
source(uint8_t port, struct pending *pending)
{
	if (pending->at == pending->count && !rig_stopping())
		poll(port, pending);
	if (pending->at < pending->count)
		pending->at += rte_event_enqueue_new_burst(event.dev, port,
			pending->events + pending->at, pending->count - pending->at);
	else
		/* Of none: event_dsw then sends what it has in its buffers. */
		rte_event_enqueue_burst(event.dev, port, NULL, 0);
	return pending->at < pending->count;
}

static void
forward(uint8_t port, struct rte_event events[], unsigned int n)
{
	unsigned int sent = 0;

	for (unsigned int i = 0; i < n; i++) {
		events[i].queue_id++;
		events[i].op = RTE_EVENT_OP_FORWARD;
	}
	while (sent < n) {
		sent += rte_event_enqueue_forward_burst(event.dev, port, events + sent,
			(uint16_t)(n - sent));
		if (sent < n)
			schedule(rte_lcore_id());
	}
}

/* Events of one event queue. */
static void
handle(uint8_t port, struct rte_event events[], struct rte_mbuf *mbufs[], unsigned int n)
{
	uint8_t stage = events[0].queue_id;
	unsigned int more = event.how->fused ? rig.now.after : 1;

	for (unsigned int s = 0; s < more; s++)
		rig_handle(stage < event.before ? &rig.before[stage] : &rig.after[port + s], mbufs,
			n);
	if (stage + 1 == event.stages)
		rig_put(mbufs, n);
	else
		forward(port, events, n);
}

static void
work(uint8_t port)
{
	struct batch batch;
	unsigned int n = rte_event_dequeue_burst(event.dev, port, batch.events, DEPTH, 0), from, to;

	for (unsigned int i = 0; i < n; i++)
		rte_prefetch0(weir_mbuf_event(batch.mbufs[i] = batch.events[i].mbuf));
	for (from = 0; from < n; from = to) {
		for (to = from + 1; to < n; to++)
			if (batch.events[to].queue_id != batch.events[from].queue_id)
				break;
		handle(port, batch.events + from, batch.mbufs + from, to - from);
	}
}

/* The ports [first, end) belong to the lcore that calls. */
static int
loop(uint8_t first, uint8_t end)
{
	struct pending pending[RIG_QUEUES_MAX] = { 0 };
	unsigned int lcore = rte_lcore_id();
	bool ended = first > 0;

	while (!rig_finished()) {
		bool waits = !rig_stopping();

		for (uint8_t port = first; port < end; port++) {
			if (port < event.sources)
				waits |= source(port, &pending[port]);
			else
				work(port);
		}
		if (!waits && !ended) {
			rig_end_sources();
			ended = true;
		}
		schedule(lcore);
	}
	return 0;
}

static int
loop_a(void *arg)
{
	(void)arg;
	return loop(0, event.on_a);
}

static int
loop_b(void *arg)
{
	(void)arg;
	return loop(event.on_a, event.ports);
}

static int
loop_alone(void *arg)
{
	(void)arg;
	return loop(0, event.ports);
}

static void
must(int rc, const char *what)
{
	if (rc < 0)
		bench_die("%s: %s: %s", event.how->driver, what, rte_strerror(-rc));
}

/* Which port is whose. */
static void
lay_out(void)
{
	const struct rig_case *now = &rig.now;
	bool all = event.how->spread;

	event.stages = event.how->fused ? 1 : (uint8_t)(now->before + now->after);
	event.before = event.how->fused ? 0 : (uint8_t)now->before;
	event.sources = (uint8_t)now->queues;
	event.on_a = event.sources;
	if (!now->one_lcore && (event.before > 0 || all))
		event.on_a++;
	event.ports = event.on_a + (uint8_t)now->sinks;
}

static void
link_ports(void)
{
	for (uint8_t port = event.sources; port < event.ports; port++) {
		bool a = port < event.on_a, all = event.how->spread || rig.now.one_lcore;
		uint8_t queues[STAGES_MAX], n = 0;

		for (uint8_t queue = 0; queue < event.stages; queue++)
			if (all || a == (queue < event.before))
				queues[n++] = queue;
		if (rte_event_port_link(event.dev, port, queues, NULL, n) != n)
			must(-rte_errno, "link");
	}
}

static void
configure(void)
{
	struct rte_event_dev_config config = {
		.nb_events_limit = LIMIT,
		.nb_event_queues = event.stages,
		.nb_event_ports = event.ports,
		.nb_event_queue_flows = 1024,
		.nb_event_port_dequeue_depth = DEPTH,
		.nb_event_port_enqueue_depth = DEPTH,
	};
	struct rte_event_queue_conf queue = {
		.nb_atomic_flows = 1024,
		.nb_atomic_order_sequences = 1024,
		.schedule_type = RTE_SCHED_TYPE_ATOMIC,
		.priority = RTE_EVENT_DEV_PRIORITY_NORMAL,
	};
	struct rte_event_port_conf port = {
		/* As many on the way as a ring holds: mostly the drivers' default, too. */
		.new_event_threshold = (int32_t)rig.now.ring,
		.dequeue_depth = DEPTH,
		.enqueue_depth = DEPTH,
	};

	must(rte_event_dev_configure(event.dev, &config), "configure");
	for (uint8_t i = 0; i < event.stages; i++)
		must(rte_event_queue_setup(event.dev, i, &queue), "event queue");
	for (uint8_t i = 0; i < event.ports; i++)
		must(rte_event_port_setup(event.dev, i, &port), "event port");
}

static void
set_up(void)
{
	int dev;

	snprintf(event.name, sizeof(event.name), "%s0", event.how->driver);
	must(rte_eal_hotplug_add("vdev", event.name, ""), event.name);
	dev = rte_event_dev_get_dev_id(event.name);
	must(dev, event.name);
	event.dev = (uint8_t)dev;
	lay_out();
	configure();
	link_ports();
	event.scheduled = rte_event_dev_service_id_get(event.dev, &event.service) == 0;
	if (event.scheduled) {
		must(rte_service_runstate_set(event.service, 1), "service");
		must(rte_service_set_runstate_mapped_check(event.service, 0), "service");
	}
	must(rte_event_dev_start(event.dev), "start");
}

void
event_run(const void *how, double figures[])
{
	event.how = how;
	set_up();
	if (rig.now.one_lcore)
		figures[0] = rig_run(NULL, loop_alone, event.how->back, false);
	else
		figures[0] = rig_run(loop_a, loop_b, event.how->back, false);
	rte_event_dev_stop(event.dev);
	must(rte_event_dev_close(event.dev), "close");
	/* The driver leaves it registered, and there is room for 64. */
	if (event.scheduled)
		must(rte_service_component_unregister(event.service), "service");
	must(rte_eal_hotplug_remove("vdev", event.name), "remove");
}
