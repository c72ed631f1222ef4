/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Ports that the application has set up and keeps: what is refused, what is planned, and what is said. */

#include <limits.h>

#include "planned.h"

#define CHECKSUMS RTE_ETH_RX_OFFLOAD_CHECKSUM
#define STAMPS RTE_ETH_RX_OFFLOAD_TIMESTAMP
#define CHAINS RTE_ETH_TX_OFFLOAD_MULTI_SEGS
#define FAST RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE

#define WAN "[source wan]\ndevice = eth0\nadopt = on\n"
#define END "[stage end]\ntype = pass\ninput = wan\n"
#define GEN "[source gen]\ntype = synth\n"
#define OUT "[stage out]\ntype = tx\ndevice = eth0\nadopt = on\n"

static struct machine_port *eth0;
static struct rte_mempool *roomy, *other, *tight;

/* What the driver tells of its queues: from which on RX queues have another pool. */
static struct rte_mempool *told, *told_later;
static uint16_t later;
static uint16_t told_descriptors;

static void
queue_find(uint16_t id, bool receives, uint16_t queue, struct port_queue_found *found)
{
	assert_int_equal(id, 0);
	*found = (struct port_queue_found){ .descriptors = told_descriptors };
	if (receives)
		found->pool = queue < later ? told : told_later;
}

/* A port that its application has started with so many queues of each direction. */
static void
running(uint16_t queues)
{
	imagine(&machine, 1, 8);
	eth0 = imagine_port(&machine, "eth0", 0, 16);
	eth0->rx_offloads = CHECKSUMS | STAMPS | RTE_ETH_RX_OFFLOAD_SCATTER;
	eth0->tx_offloads = CHAINS | FAST;
	eth0->scatter = true;
	eth0->mtu = 1500;
	eth0->rss = RTE_ETH_RSS_IP;
	eth0->found = (struct port_found){
		.configured = true,
		.runs = true,
		.rx_queues = queues,
		.tx_queues = queues,
		.rx_offloads = CHECKSUMS,
		.rss = RTE_ETH_RSS_IP,
	};
	machine.queue_find = queue_find;
	told = told_later = roomy;
	later = UINT16_MAX;
	told_descriptors = 384;
}

/* What would need configuration, each by name, and how the application does it. */
static void
test_configuring(void **state)
{
	static const char *const rows[][3] = {
		{ "promiscuous = on", "promiscuous", "rte_eth_promiscuous_enable()" },
		{ "promiscuous = off", "promiscuous", "rte_eth_promiscuous_disable()" },
		{ "allmulticast = on", "allmulticast", "rte_eth_allmulticast_enable()" },
		{ "mac = 02:00:00:00:00:01", "mac", "rte_eth_dev_mac_addr_add()" },
		{ "rss = ip", "rss", "rss_conf" },
		{ "rss = off", "rss", "rss_conf" },
		{ "vlan_strip = on", "vlan_strip", "RTE_ETH_RX_OFFLOAD_VLAN_STRIP" },
		{ "rx_drop = on", "rx_drop", "rx_drop_en" },
		{ "flow_control = off", "flow_control", "rte_eth_dev_flow_ctrl_set()" },
		{ "mtu = 9000", "mtu", "rte_eth_dev_set_mtu()" },
	};
	char text[200], expected[200];

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		snprintf(text, sizeof(text), WAN "%s\n" END, rows[i][0]);
		snprintf(expected, sizeof(expected),
			"wrong:4: [source wan] %s: with adopt = on nothing of the port is "
			"configured: leave it out",
			rows[i][1]);
		pipeline_refused(text, expected);
		pipeline_refused(text, rows[i][2]);
	}
	pipeline_refused(WAN "descriptors = 512\n" END,
		"descriptors: with adopt = on nothing of the port is configured");
	pipeline_refused(WAN "queues = auto\n" END,
		"queues = auto: with adopt = on expected a number");
	pipeline_refused(GEN OUT "input = gen\ndescriptors = 512\n",
		"descriptors: with adopt = on nothing of the port is configured");
}

static void
test_words(void **state)
{
	(void)state;
	pipeline_refused("[source wan]\ndevice = eth0\nadopt = auto\n" END, "expected on or off");
	pipeline_refused(WAN "queue.first = 1024\n" END, "from 0 to 1023");
	pipeline_refused("[source wan]\ndevice = eth0\nqueue.first = 1\n" END,
		"queue.first = 1: expected adopt = on with it");
	pipeline_refused(GEN
		"[stage out]\ntype = tx\ndevice = eth0\nqueue.first = 1\ninput = gen\n",
		"queue.first = 1: expected adopt = on with it");
	pipeline_refused("[source wan]\ntype = synth\nadopt = on\n" END, "adopt");
}

/* Nobody has set it up, or weir has; or not with those queues. */
static void
test_found(void **state)
{
	(void)state;
	running(2);
	refused_on(WAN "queues = 3\n" END, &machine, NULL, ENODEV,
		"[source wan] queue.first = 0, queues = 3: port eth0 was configured by the application "
		"with 2 RX queues");
	refused_on(WAN "queue.first = 2\n" END, &machine, NULL, ENODEV,
		"queue.first = 2, queues = 1");
	refused_on(GEN OUT "input = gen\nqueue.first = 1\nworkers = 2\n", &machine, NULL, ENODEV,
		"[stage out] queue.first = 1, workers = 2: port eth0 was configured by the application "
		"with 2 TX queues");
	eth0->found.own = true;
	refused_on(WAN END, &machine, NULL, EBUSY, "port eth0 was configured by weir");
	eth0->found = (struct port_found){ .configured = false };
	refused_on(WAN END, &machine, NULL, ENODEV,
		"[source wan] adopt = on: port eth0 is not configured: its application does that");
	refused_on(GEN OUT "input = gen\n", &machine, NULL, ENODEV,
		"[stage out] adopt = on: port eth0 is not configured");
}

/* A port is the application's or weir's, and each queue one worker's. */
static void
test_owners(void **state)
{
	(void)state;
	running(4);
	refused_on(WAN "[stage out]\ntype = tx\ndevice = eth0\ninput = wan\n", &machine, NULL,
		EINVAL,
		"[stage out] device = eth0: [source wan] adopts that port from the application; set "
		"adopt = on in both, or in none");
	refused_on("[source wan]\ndevice = eth0\n" OUT "input = wan\n", &machine, NULL, EINVAL,
		"[stage out] device = eth0: [source wan] has weir set up that port; set adopt = on");
	refused_on(WAN "[source lan]\ndevice = eth0\nadopt = on\nqueue.first = 1\n"
		       "[stage end]\ntype = pass\ninput = wan, lan\n",
		&machine, NULL, EINVAL, "[source wan] receives from that port already");
	refused_on(GEN OUT "input = gen\nqueue.first = 1\nworkers = 2\n"
			   "[stage two]\ntype = tx\ndevice = eth0\nadopt = on\ninput = gen\n"
			   "queue.first = 2\n",
		&machine, NULL, EINVAL,
		"[stage two] queue.first = 2, workers = 1: [stage out] sends on TX queue 2 of port "
		"eth0 already");
}

/* What is asked for by all means, and the application has not switched on. */
static void
test_not_on(void **state)
{
	(void)state;
	running(1);
	eth0->found.rx_offloads = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	refused_on(WAN "timestamp = on\n" END, &machine, NULL, ENOTSUP,
		"[source wan] timestamp = on: port eth0 (net_imagined) was configured by the "
		"application with no TIMESTAMP; it has: IPV4_CKSUM");
	refused_on(WAN "checksum = on\n" END, &machine, NULL, ENOTSUP,
		"was configured by the application with no UDP_CKSUM TCP_CKSUM; it has: IPV4_CKSUM");
	eth0->found.rx_offloads = CHECKSUMS | STAMPS;
	planned(WAN "timestamp = on\nchecksum = on\n" END);
	assert_int_equal(plan->note_count, 0);
	done();
}

/* A driver that was promised mbufs of one pool must not be given others. */
static void
test_fast_free(void **state)
{
	static const char refusal[] =
		"port eth0 was configured by the application with MBUF_FAST_FREE";

	(void)state;
	running(4);
	eth0->driver = "net_ixgbe";
	eth0->found.tx_offloads = FAST;
	planned(WAN OUT "input = wan\n");
	assert_int_equal(plan->ports[0].setup.tx_offloads, FAST);
	done();
	planned(GEN OUT "input = gen\n");
	done();
	/* Of two pools; of one that is not told; shared; of the application's and of weir's. */
	later = 1;
	told_later = other;
	refused_on(WAN "queues = 2\n" OUT "input = wan\n", &machine, NULL, ENOTSUP, refusal);
	later = 0;
	told_later = NULL;
	refused_on(WAN OUT "input = wan\n", &machine, NULL, ENOTSUP, refusal);
	later = UINT16_MAX;
	refused_on(WAN END OUT "input = wan\n", &machine, NULL, ENOTSUP, refusal);
	refused_on(WAN GEN OUT "input = wan, gen\n", &machine, NULL, ENOTSUP, refusal);
	eth0->driver = "net_imagined";
	refused_on(WAN OUT "input = wan\n", &machine, NULL, ENOTSUP, refusal);
}

static void
queues_are(unsigned int node, const uint16_t *queues, unsigned int count)
{
	const struct plan_worker *workers = &plan->workers[plan_first_worker(plan, node)];

	for (unsigned int i = 0; i < count; i++) {
		assert_int_equal(workers[i].node, node);
		assert_int_equal(workers[i].queue, queues[i]);
	}
}

/* Its queues are those that are given, none is spare, and no pool is made. */
static void
test_planned(void **state)
{
	const struct plan_port *port;
	char *text;

	(void)state;
	running(8);
	port = planned(WAN "queue.first = 2\nqueues = 3\n" OUT
			   "input = wan\nqueue.first = 4\nworkers = 2\n"
			   "[stage two]\ntype = tx\ndevice = eth0\nadopt = on\ninput = wan\n"
			   "queue.first = 1\n");
	assert_true(port->adopted);
	queues_are(pipeline_node(pipeline, "wan"), (const uint16_t[]){ 2, 3, 4 }, 3);
	queues_are(pipeline_node(pipeline, "out"), (const uint16_t[]){ 4, 5 }, 2);
	queues_are(pipeline_node(pipeline, "two"), (const uint16_t[]){ 1 }, 1);
	assert_int_equal(port->rx_first, 2);
	assert_int_equal(port->rx_queues, 3);
	assert_int_equal(port->tx_first, 1);
	assert_int_equal(port->tx_queues, 5);
	assert_int_equal(port->rx_spare + port->tx_spare, 0);
	assert_int_equal(port->rx_descriptors, 384);
	assert_int_equal(port->tx_descriptors, 384);
	assert_int_equal(port->rx_mbufs, 0);
	assert_true(port->fits);
	assert_ptr_equal(port->rx_pool, roomy);
	assert_int_equal(plan->pool_count, 0);
	text = weir_plan_show(plan, WEIR_PLAN_TEXT);
	assert_non_null(strstr(text,
		"    adopted as the application has it: RX 2 to 4 TX 1 to 5; rx offloads "));
	assert_non_null(strstr(text, "; tx offloads none; mbufs of its roomy as they come\n"));
	assert_non_null(strstr(text, "pools: none, "));
	assert_null(strstr(text, "promiscuous"));
	free(text);
	text = weir_plan_show(plan, WEIR_PLAN_JSON);
	assert_non_null(strstr(text, "\"adopted\": true"));
	assert_non_null(strstr(text, "\"tx_first\": 1"));
	free(text);
	done();
}

static void
noted(const char *text, const char *note)
{
	planned(text);
	if (note == NULL)
		assert_int_equal(plan->note_count, 0);
	else if (!has_note(plan, note))
		fail_msg("no note '%s'", note);
	done();
}

/* What has no room is copied, which is said, and takes a pool: as large as what is in flight, no descriptor. */
static void
test_copies(void **state)
{
	(void)state;
	running(4);
	noted(WAN END, NULL);
	told = tight;
	planned(WAN END);
	assert_false(plan->ports[0].fits);
	assert_true(has_note(plan,
		"[source wan] adopt = on: mbufs of RX queues of port eth0 have no room for an event: "
		"each packet is copied"));
	assert_int_equal(plan->pool_count, 1);
	assert_int_equal(plan->pools[0].descriptors, 0);
	done();
	told = NULL;
	noted(WAN END, "port eth0 (net_imagined) does not tell which pools its RX queues have");
	told = roomy;
	told_later = tight;
	later = 1;
	noted(WAN END, NULL);
	noted(WAN "queues = 2\n" END, "have no room for an event");
	machine.queue_find = NULL;
	noted(WAN END, "does not tell which pools");
	/* What it tells of its port are events of weir's. */
	running(1);
	planned(WAN "port_events = on\n" END);
	assert_true(plan->ports[0].fits);
	assert_int_equal(plan->pool_count, 1);
	done();
}

static void
test_notes(void **state)
{
	(void)state;
	running(4);
	eth0->found.runs = false;
	eth0->found.tx_offloads = CHAINS;
	noted(WAN END, "[source wan] adopt = on: port eth0 is not started");
	planned(WAN OUT "input = wan\n");
	assert_int_equal(plan->note_count, 1);
	done();
	eth0->found.runs = true;
	eth0->found.rx_offloads = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	noted(WAN END, "port eth0 could find wrong checksums (UDP_CKSUM TCP_CKSUM), and was");
	noted(WAN "checksum = off\n" END, NULL);
	noted(WAN "checksum = verify\n" END, NULL);
	eth0->found.rx_offloads = CHECKSUMS;
	noted(WAN "queues = 2\n" END, "spreads by RSS with the key of its application");
	eth0->found.rss = 0;
	noted(WAN "queues = 2\n" END, "was configured without RSS, which it has");
	noted(WAN END, NULL);
	/* Chains for a port that was not asked to send such. */
	eth0->found.tx_offloads = 0;
	noted(WAN OUT "input = wan\n",
		"was configured by the application without MULTI_SEGS: what "
		"comes by wan may be chains");
	eth0->found.tx_offloads = CHAINS;
	noted(WAN OUT "input = wan\n", NULL);
	eth0->found.tx_offloads = 0;
	eth0->tx_offloads = 0;
	noted(WAN OUT "input = wan\n", NULL);
}

/* Rules would be the port's: what is asked for is looked at in software. */
static void
test_match(void **state)
{
	char *text;

	(void)state;
	running(1);
	planned(WAN "match = tcp port 443\n" END);
	assert_false(plan->ports[0].match_rules);
	text = weir_plan_show(plan, WEIR_PLAN_TEXT);
	assert_non_null(strstr(text, "match tcp port 443: in software alone: adopt = on\n"));
	free(text);
	done();
}

/* How long frames are does not matter to pools that they do not come into. */
static void
test_frames(void **state)
{
	(void)state;
	running(1);
	eth0->mtu = 9000;
	planned(WAN GEN "[stage end]\ntype = pass\ninput = wan, gen\n");
	assert_int_equal(plan->data_room, 2048 + RTE_PKTMBUF_HEADROOM);
	assert_int_equal(plan->pools[0].segments, 1);
	assert_int_equal(plan->note_count, 0);
	done();
	told = tight;
	planned(WAN "[pool]\ndata_room = 2176\n" END);
	assert_int_equal(plan->pools[0].segments, 5);
	assert_int_equal(plan->note_count, 1);
	done();
}

static int
pools_create(void **state)
{
	roomy = weir_pool_create("roomy", 63, 0, 0, 2176, SOCKET_ID_ANY);
	other = weir_pool_create("other", 63, 0, 0, 2176, SOCKET_ID_ANY);
	tight = rte_pktmbuf_pool_create("tight", 63, 0, sizeof(struct weir_event) - 8, 2176,
		SOCKET_ID_ANY);
	return roomy == NULL || other == NULL || tight == NULL || imagine_types(state) != 0;
}

static int
pools_free(void **state)
{
	(void)state;
	rte_mempool_free(roomy);
	rte_mempool_free(other);
	rte_mempool_free(tight);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configuring),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_not_on),
		cmocka_unit_test(test_fast_free),
		cmocka_unit_test(test_planned),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_frames),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, pools_create, pools_free);
}
