/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The steps that a plan is made in, and the machine that it is made for. */
#ifndef WEIR_PLAN_PRIVATE_H
#define WEIR_PLAN_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>
#include <rte_lcore.h>

#include "match/match.h"
#include "plan.h"

#define MACHINE_SOCKETS RTE_MAX_NUMA_NODES

/* A number that workers can be placed on; one that EAL does not have is on any CPU. */
struct machine_lcore {
	bool present;               /* EAL launches there; or the plan is told that others run it */
	enum rte_lcore_role_t role; /* who has it with EAL */
	int socket;
	rte_cpuset_t cpus; /* that its thread may run on */
};

struct machine_port {
	char name[RTE_ETH_NAME_MAX_LEN];
	uint16_t id;
	int socket; /* -1: none */
	const char *driver;
	uint16_t max_rx_queues;
	uint16_t max_tx_queues;
	uint16_t rx_ring; /* descriptors that the driver advises; 0: it doesn't */
	uint16_t tx_ring;
	struct rte_eth_desc_lim rx_lim;
	struct rte_eth_desc_lim tx_lim;
	uint32_t speed;       /* Mbit/s; 0: not known */
	uint16_t mtu;         /* 0: not known */
	bool scatter;         /* it offers chains */
	uint32_t cut;         /* its driver cuts frames that are longer; 0: it does not */
	uint64_t rx_offloads; /* that it offers */
	uint64_t tx_offloads;
	uint64_t rss;            /* types of RSS that it offers; 0: it has none */
	uint8_t rss_key;         /* bytes of its RSS key; 0: it does not tell */
	uint16_t reta;           /* entries of its RETA; 0: none, or it does not tell */
	struct port_found found; /* what somebody has made of it already */
};

/* Memory of a socket, in bytes. */
struct machine_memory {
	uint64_t heap;      /* EAL's, used and free */
	uint64_t heap_free; /* of that */
	uint64_t huge_free; /* in hugepages of any size that EAL could still take */
	uint64_t huge_2m;   /* in hugepages of 2 MB, used and free */
};

/*
 * All that the plan asks of EAL, libnuma and the kernel: asked once, so that a plan is of one
 * instant, and tests can imagine machines.
 */
struct machine {
	struct machine_lcore lcores[RTE_MAX_LCORE];
	unsigned int main_lcore;
	struct machine_port ports[RTE_MAX_ETHPORTS];
	unsigned int port_count;
	/* port_queue_find(); NULL: no driver tells of its queues. */
	void (*queue_find)(uint16_t id, bool receives, uint16_t queue,
		struct port_queue_found *found);
	bool power_monitor; /* CPUs can watch memory, */
	bool power_pause;   /* and pause until a given time */
	bool hugepages;     /* else all memory is one heap that cannot grow */
	unsigned int socket_count;
	struct machine_memory memory[MACHINE_SOCKETS];
	uint8_t distance[MACHINE_SOCKETS][MACHINE_SOCKETS];
};

/* machine.c: what this machine says. */
void machine_read(struct machine *machine);
/* Distances of a machine of which nothing is known: 10 to itself, 20 to any other socket. */
void machine_distances(struct machine *machine);

/* plan.c: weir_plan_create() for a given machine and a checked pipeline. Copies the machine. */
struct weir_plan *plan_make(const struct weir_pipeline *pipeline, const struct weir_plan_conf *conf,
	const struct machine *machine, struct weir_error *error);
/* Add a note. 0 or -ENOMEM. */
int plan_note(struct weir_plan *plan, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* An error of no memory. */
int plan_no_memory(struct weir_error *error);
/* "source" or "stage". */
const char *plan_node_kind(const struct node *node);
/* What `type =` says. */
const char *plan_node_type(const struct node *node);
static inline const struct node *
plan_node(const struct weir_plan *plan, const struct plan_worker *worker)
{
	return &plan->pipeline->nodes[worker->node];
}

/* How the pairs of a link are joined. */
struct plan_kinds {
	unsigned int calls;
	unsigned int rings;
};
struct plan_kinds plan_link_kinds(const struct weir_plan *plan, unsigned int link);

/* show_text.c: the rules that a port is asked for; NULL `why` where there are some, else why there are none. */
void plan_port_rules(const struct plan_port *port, struct match_rules *rules);

/* "auto" and so on, by enum numa_policy. */
extern const char *const plan_numa_names[];

/*
 * The steps, in their order. Each returns 0, or -errno after weir_error_set(); what it made until
 * then is freed with the plan.
 */

/* ports.c: the device of a node, "" where it is left out; NULL: nodes of its type have none. */
const char *plan_node_device(const struct node *node);
/* queues.c: how many queues auto is. `lcores` as in struct weir_plan_conf. */
int plan_queues(struct weir_plan *plan, const char *lcores, struct weir_error *error);
/* ports.c: the ports, and the queue of each worker. */
int plan_ports(struct weir_plan *plan, struct weir_error *error);
/* ports.c: give the workers of a node their queues of a port, from one on. */
void plan_give_queues(struct weir_plan *plan, unsigned int node, unsigned int port, uint16_t queue);
/* ports.c: descriptors of a queue for which so many are asked, 0: none, of a driver that advises some, or 0. */
uint16_t plan_descriptors(uint64_t asked, uint16_t advised, const struct rte_eth_desc_lim *lim);
/* ports.c: the source that receives from a port which is in the plan. */
const char *plan_receiver(const struct weir_plan *plan, unsigned int port);
/*
 * port_adopt.c: whether a node has queues of a port that the application has set up, and of such a node the
 * port and the queues of its workers, and what does not fit there.
 */
bool plan_node_adopts(const struct node *node);
int plan_adopt(struct weir_plan *plan, unsigned int n, struct plan_port *port,
	struct weir_error *error);
/* And at the end, what may be sent there by its offloads. `one`: its senders get mbufs of one pool each. */
int plan_adopt_tx(struct weir_plan *plan, struct plan_port *port, bool shared, bool one,
	struct weir_error *error);
/* Whether an adopted port is all that a source needs: every packet comes in an mbuf of the application's. */
static inline bool
plan_port_fits(const struct weir_plan *plan, const struct plan_worker *worker)
{
	return worker->port < plan->port_count && plan->ports[worker->port].fits;
}
/* device.c: why there is no port for a device, and what helps, as the end of a message. */
void plan_device_hint(const char *node, const char *device, char *text, size_t size);
/* frames.c: how long the frames of a port are; mtu: as the file has it, 0: as the port has it. */
void frames_of(struct plan_port *port, const struct machine_port *from, uint64_t mtu);
/* frames.c: the room of mbufs, and how many of them a frame takes, once the ports are there. */
int plan_frames(struct weir_plan *plan, struct weir_error *error);
/* yours.c: the lcores that the application runs itself; they are there from then on. */
int plan_yours(struct weir_plan *plan, const struct weir_plan_conf *conf, struct weir_error *error);
/* yours.c: whether workers may go to an lcore of which nobody says anything. */
bool plan_lcore_chosen(const struct weir_plan *plan, unsigned int lcore);
/* yours.c: a list of lcores, as those that `where` and `key` name: 0, or -errno with `error`. */
int plan_lcores_read(const char *where, const char *key, const char *list, struct lcore_set *set,
	struct weir_error *error);
/* place.c: the lcore and socket of each worker. `lcores` as in struct weir_plan_conf. */
int plan_place(struct weir_plan *plan, const char *lcores, struct weir_error *error);
/* place.c and pick.c: workers on their way to lcores. */
#define ANY_SOCKET (-1)

struct placing {
	struct weir_plan *plan;
	struct weir_error *error;
	struct lcore_set usable;
	unsigned int load[RTE_MAX_LCORE]; /* workers placed there */
	unsigned int *group;              /* of each node: nodes that links join have the same */
};

static inline bool
is_set(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static inline void
lcore_set_add(struct lcore_set *set, unsigned int lcore)
{
	set->bits[lcore / 64] |= UINT64_C(1) << (lcore % 64);
}

static inline int
placed_socket(const struct placing *p, unsigned int lcore)
{
	return p->plan->machine->lcores[lcore].socket;
}

/* Whether a node is placed, and so all its workers. */
static inline bool
is_placed(const struct placing *p, unsigned int node)
{
	return p->plan->workers[plan_first_worker(p->plan, node)].lcore != LCORE_ID_ANY;
}

void place_worker(struct placing *p, struct plan_worker *worker, unsigned int lcore);
/* Place the workers of a node, best on that socket, or ANY_SOCKET. */
void place_workers(struct placing *p, unsigned int node, int socket);
/* The socket itself, or the nearest one that has usable lcores. */
int nearest_usable(const struct placing *p, int wanted);
/* Whether a node feeds another by a link that is not a feedback. */
bool feeds(const struct weir_pipeline *pipeline, unsigned int from, unsigned int to);
/* calls.c: which pairs on one lcore are rings all the same, once the pairs are there. */
int plan_calls(struct weir_plan *plan, struct weir_error *error);
/* numa.c: what crosses sockets is refused or noted, once the pairs are there. */
int plan_numa(struct weir_plan *plan, struct weir_error *error);
/* lcores.c: the lcores that have workers, and what comes in there. */
int plan_lcores(struct weir_plan *plan, struct weir_error *error);
/* wait.c: who shares a CPU, and how each worker and lcore waits. */
int plan_waits(struct weir_plan *plan, struct weir_error *error);
/* port_setup.c: what ports that receive are asked for, once their frames are known. */
int plan_port_setup(struct weir_plan *plan, struct weir_error *error);
/* port_tx.c: and those that send, once the pairs are there. */
int plan_port_tx(struct weir_plan *plan, struct weir_error *error);
/* pool.c: the pools and their sizes. */
int plan_pools(struct weir_plan *plan, struct weir_error *error);
/* memory.c: bytes, and whether the machine has them. */
int plan_memory(struct weir_plan *plan, struct weir_error *error);
/* memory.c: bytes that a plan takes on each socket. */
void plan_socket_bytes(const struct weir_plan *plan, uint64_t bytes[MACHINE_SOCKETS]);
/* Bytes to advise on a socket beyond those, for what drivers and EAL take. */
#define PLAN_BESIDE (UINT64_C(32) << 20)
/* memory.c: what reserves so many hugepages of 2 MB in all on a socket, as root. Into text. */
#define HUGEPAGES_TEXT 112
const char *plan_hugepages_text(unsigned int socket, uint64_t pages, char text[HUGEPAGES_TEXT]);

/* lcores.c: Mbit/s of a port of the plan, as far as is known. */
uint32_t plan_port_speed(const struct weir_plan *plan, const struct plan_port *port);

/* A time as a person reads it: 34.4us. Into buf, which is returned. */
#define TIME_TEXT_SIZE 24
const char *plan_time_text(uint64_t ns, char buf[TIME_TEXT_SIZE]);

/* A set of lcores as 0-3,8, whole whatever there is in it. Into text, which is returned. */
#define LCORES_TEXT_SIZE (4 * RTE_MAX_LCORE)
const char *plan_lcores_text(const struct lcore_set *set, char text[LCORES_TEXT_SIZE]);

/* ports.c: the port that a device is of the machine, and of the plan; NULL: none. */
const struct machine_port *plan_find_port(const struct machine *machine, const char *device);
const struct machine_port *plan_machine_port(const struct weir_plan *plan,
	const struct plan_port *port);
/* ports.c: queues are to be a power of 2. */
bool plan_port_binary(const char *driver);
/* Whether it gets packets for each RX queue that the port was given, whoever opens it. */
bool plan_port_given(const char *driver);

/* port_setup.c: the words of offloads and of types of RSS, into text, which is returned. */
#define OFFLOADS_TEXT_SIZE 512
const char *plan_rx_offloads_text(uint64_t offloads, char text[OFFLOADS_TEXT_SIZE]);
const char *plan_tx_offloads_text(uint64_t offloads, char text[OFFLOADS_TEXT_SIZE]);
const char *plan_rss_text(uint64_t types, char text[OFFLOADS_TEXT_SIZE]);
/* port_costs.c: a fast path that a port's driver does without, and why, by number; NULL beyond the last. */
const char *plan_port_cost(const struct plan_port *port, unsigned int n);
/* pool.c: the workers that mbufs of a socket's pool can come to. */
void plan_pool_reach(const struct weir_plan *plan, int socket, bool *reached);

/* memory.c: the sum of terms; and terms in MB as a person reads them, into buf, which is returned. */
uint64_t plan_memory_sum(const struct plan_memory *memory);
#define MEMORY_TEXT_SIZE 128
const char *plan_memory_text(const struct plan_memory *memory, char buf[MEMORY_TEXT_SIZE]);

/* show_*.c: a string for free(), or NULL: no memory. */
char *plan_show_text(const struct weir_plan *plan);
char *plan_show_dot(const struct weir_plan *plan);
char *plan_show_json(const struct weir_plan *plan);

/* memory.c: the rings between a worker and the application; false: it has none. */
bool plan_app_rings(const struct weir_plan *plan, const struct plan_worker *worker,
	struct app_rings *rings);

#endif /* WEIR_PLAN_PRIVATE_H */
