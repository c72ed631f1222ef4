/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What ports are asked for beside their queues: of what imagined drivers offer, by the keys of a file. */

#include "planned.h"

#define L3 RTE_ETH_RSS_IP
#define L4 (RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_SCTP)
#define FRAGMENTS (RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_FRAG_IPV6)
#define CHECKSUMS RTE_ETH_RX_OFFLOAD_CHECKSUM
#define STRIP RTE_ETH_RX_OFFLOAD_VLAN_STRIP
#define STAMPS RTE_ETH_RX_OFFLOAD_TIMESTAMP
#define CHAINS RTE_ETH_TX_OFFLOAD_MULTI_SEGS
#define FAST RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE

#define WAN "[source wan]\ndevice = eth0\n"
#define END "[stage end]\ntype = pass\ninput = wan\n"

static struct machine_port *eth0;

/* A machine of so many lcores to each of two sockets, with a NIC on the second that can all there is. */
static void
nic(unsigned int lcores)
{
	imagine(&machine, 2, lcores);
	eth0 = imagine_port(&machine, "eth0", 1, 16);
	eth0->rx_offloads = CHECKSUMS | STRIP | STAMPS | RTE_ETH_RX_OFFLOAD_SCATTER;
	eth0->tx_offloads = CHAINS | FAST;
	eth0->rss = L3 | L4;
	eth0->rss_key = 40;
	eth0->reta = 128;
}

static void
test_wrong_words(void **state)
{
	static const char *const rows[][2] = {
		{ "rss = tcp\n", "expected off, ip, l4 or auto" },
		{ "checksum = yes\n", "expected port, off, verify, on or auto" },
		{ "vlan_strip = auto\n", "expected on or off" },
		{ "timestamp = auto\n", "expected on or off" },
		{ "rx_drop = maybe\n", "expected off, on or auto" },
		{ "flow_control = on\n", "expected keep, off, rx, tx or full" },
		{ "allmulticast = auto\n", "expected on or off" },
		{ "promiscuous = yes\n", "expected off, on or auto" },
		{ "link_wait = 61s\n", "from 0 to 60s" },
		{ "queues = 0\n", "expected auto or a whole number, from 1 to 256" },
		{ "mac = 02:00:00:00:00\n", "mac = 02:00:00:00:00: expected at most 64" },
		{ "mac = 00:00:00:00:00:00\n", "expected at most 64 addresses" },
		{ "mac = 02:00:00:00:00:0g\n", "expected at most 64 addresses" },
		{ "mac = 02:00:00:00:00:01,\n", "expected at most 64 addresses" },
		{ "mac = 02:00:00:00:00:01 02:00:00:00:00:02\n", "with commas between" },
		{ "mac = 02:00:00:00:00:01\npromiscuous = on\n", "promiscuous = on takes all" },
	};
	char text[200];

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		snprintf(text, sizeof(text), WAN "%s" END, rows[i][0]);
		pipeline_refused(text, rows[i][1]);
	}
	pipeline_refused("[source wan]\ntype = synth\nqueues = auto\n" END,
		"queues = auto: expected a number: only ports have queues to go by");
	pipeline_refused("[source wan]\ntype = synth\nvlan_strip = on\n" END, "vlan_strip");
}

/* What is asked for by all means, and is not to be had, is said with what there is. */
static void
test_not_offered(void **state)
{
	(void)state;
	nic(4);
	eth0->rx_offloads = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | STRIP;
	eth0->rss = RTE_ETH_RSS_NONFRAG_IPV4_TCP;
	refused_on(WAN "timestamp = on\n" END, &machine, NULL, ENOTSUP,
		"[source wan] timestamp = on: port eth0 (net_imagined) has no TIMESTAMP; it has: "
		"VLAN_STRIP IPV4_CKSUM; leave it out");
	refused_on(WAN "checksum = on\n" END, &machine, NULL, ENOTSUP,
		"has no UDP_CKSUM TCP_CKSUM; it has: VLAN_STRIP IPV4_CKSUM; auto takes");
	refused_on(WAN "drop = bad_l4_checksum\n" END, &machine, NULL, ENOTSUP,
		"drop of wrong checksums: port eth0 (net_imagined) has no offload that finds them; it "
		"has: VLAN_STRIP IPV4_CKSUM; checksum = verify");
	refused_on(WAN "rss = ip\n" END, &machine, NULL, ENOTSUP,
		"rss = ip: port eth0 (net_imagined) has no RSS by addresses of any packet; it has: "
		"tcp; ");
	eth0->rx_offloads = 0;
	refused_on(WAN "vlan_strip = on\n" END, &machine, NULL, ENOTSUP,
		"has no VLAN_STRIP; it has: none; ");
	eth0->rss = RTE_ETH_RSS_IPV4;
	refused_on(WAN "rss = l4\n" END, &machine, NULL, ENOTSUP,
		"has no RSS by ports; it has: ipv4; ");
}

static uint64_t
rx_offloads(const char *keys)
{
	char text[200];
	uint64_t offloads;

	snprintf(text, sizeof(text), WAN "%s" END, keys);
	offloads = planned(text)->setup.rx_offloads;
	done();
	return offloads;
}

/* Of what costs nothing all that there is, of the rest what is asked for. */
static void
test_rx_offloads(void **state)
{
	(void)state;
	nic(4);
	assert_int_equal(rx_offloads(""), CHECKSUMS);
	assert_int_equal(rx_offloads("checksum = on\n"), CHECKSUMS);
	assert_int_equal(rx_offloads("checksum = off\n"), 0);
	assert_int_equal(rx_offloads("vlan_strip = on\n"), CHECKSUMS | STRIP);
	assert_int_equal(rx_offloads("timestamp = on\nchecksum = off\n"), STAMPS);
	eth0->scatter = true;
	assert_int_equal(rx_offloads("mtu = 20000\n"), CHECKSUMS | RTE_ETH_RX_OFFLOAD_SCATTER);
	eth0->rx_offloads = RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	assert_int_equal(rx_offloads(""), RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
	/* It gives them unasked. */
	eth0->driver = "net_pcap";
	assert_int_equal(rx_offloads("timestamp = on\n"), RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
}

static void
rss_is(const char *keys, uint64_t types, unsigned int key, unsigned int reta, const char *note)
{
	const struct plan_port *port;
	char text[200];

	snprintf(text, sizeof(text), WAN "%s" END, keys);
	port = planned(text);
	assert_int_equal(port->setup.rss, types);
	assert_int_equal(port->setup.rss_key, key);
	assert_int_equal(port->setup.reta, reta);
	if (note == NULL)
		assert_int_equal(plan->note_count, 0);
	else if (!has_note(plan, note))
		fail_msg("no note '%s'", note);
	done();
}

static void
test_rss(void **state)
{
	(void)state;
	nic(8);
	rss_is("", 0, 0, 0, NULL);
	rss_is("queues = 2\n", L3 | L4, 40, 128, NULL);
	rss_is("queues = 2\nrss = l4\n", L3 | L4, 40, 128, NULL);
	rss_is("queues = 2\nrss = ip\n", L3, 40, 128, NULL);
	rss_is("queues = 2\nrss = off\n", 0, 0, 0, "of 2 queues of port eth0 only those fill");
	eth0->reta = 2;
	rss_is("queues = 2\n", L3 | L4, 40, 2, NULL);
	rss_is("queues = 3\n", L3 | L4, 40, 2,
		"fills 2 at most, those behind stay empty: set queues = 2");
	eth0->reta = 0;
	rss_is("queues = 3\n", L3 | L4, 40, 0, NULL);
	eth0->rss_key = 0;
	rss_is("queues = 2\n", L3 | L4, 0, 0, "tells no size of its RSS key");
	eth0->rss_key = PORT_RSS_KEY_MAX + 1;
	rss_is("queues = 2\n", L3 | L4, 0, 0, "directions of a flow may come to different queues");
	eth0->rss_key = 52;
	eth0->rss &= ~FRAGMENTS;
	rss_is("queues = 2\n", (L3 | L4) & ~FRAGMENTS, 52, 0,
		"names no RSS for fragments: where it hashes the first one of a datagram by its ports, "
		"that comes to another queue than the rest: rss = ip keeps them together");
	rss_is("queues = 2\nrss = ip\n", L3 & ~FRAGMENTS, 52, 0, NULL);
	eth0->rss = RTE_ETH_RSS_L2_PAYLOAD;
	rss_is("queues = 2\n", 0, 0, 0,
		"port eth0 (net_imagined) has no RSS: a NIC then fills queue 0");
}

/* Queues that `auto` stands for, and what rings that gives. */
static void
queues_are(const char *text, unsigned int queues, unsigned int ring)
{
	const struct plan_port *port = planned(text);
	unsigned int pairs = 0;

	assert_int_equal(port->rx_queues, queues);
	for (unsigned int i = 0; i < plan->worker_count; i++)
		pairs += plan->workers[i].port == 0;
	assert_int_equal(pairs, queues);
	assert_int_equal(plan->pipeline->links[0].conf.ring, ring);
	assert_int_equal(pipeline->nodes[0].conf.workers, 0);
	assert_true(has_note(plan, "[source wan] queues = auto: "));
	done();
}

static void
test_queues_auto(void **state)
{
	(void)state;
	nic(8);
	queues_are(WAN "queues = auto\n" END, 7, 511);
	queues_are(WAN "queues = auto\n" END "workers = 3\n", 5, 511);
	queues_are(WAN "queues = auto\n" END "workers = 20\n", 1, 1023);
	queues_are(WAN "queues = auto\n" END "workers = 3\nnuma = 0\n", 8, 511);
	queues_are(WAN "queues = auto\n" END "lcores = 1\n", 8, 511);
	queues_are(WAN "queues = auto\n" END "lcores = 9\n", 7, 511);
	queues_are(WAN "queues = auto\nlcores = 9-11\n" END, 3, 1023);
	/* What is not joined with it has lcores of its own to look for. */
	queues_are(WAN "queues = auto\n" END "[source gen]\ntype = synth\n"
		       "[stage other]\ntype = pass\ninput = gen\nworkers = 4\n",
		7, 511);
	queues_are(WAN "queues = auto\n[link wan end]\nring = 64\n" END, 7, 64);
	eth0->max_rx_queues = 4;
	queues_are(WAN "queues = auto\n" END, 4, 1023);
	eth0->reta = 2;
	queues_are(WAN "queues = auto\n" END, 2, 1023);
	queues_are(WAN "queues = auto\nrss = off\n" END, 1, 1023);
	eth0->rss = 0;
	queues_are(WAN "queues = auto\n" END, 1, 1023);
	nic(8);
	eth0->driver = "net_vmxnet3";
	queues_are(WAN "queues = auto\n" END, 4, 1023);
	/* Packets come to all queues that it was given, whatever RSS and lcores say. */
	nic(2);
	eth0->driver = "net_af_packet";
	eth0->rss = 0;
	eth0->max_rx_queues = 4;
	queues_are(WAN "queues = auto\n" END, 4, 1023);
	assert_int_equal(planned(WAN "queues = 3\n" END)->rx_unopened, 1);
	assert_true(
		has_note(plan, "was given 4, and what comes to the others is lost: queues = 4"));
	done();
	assert_int_equal(planned(WAN "queues = 4\n" END)->rx_unopened, 0);
	done();
	nic(1);
	queues_are(WAN "queues = auto\n" END, 1, 1023);
	/* Two share what there is. */
	nic(8);
	imagine_port(&machine, "eth1", 1, 16)->rss = L3;
	queues_are(WAN "queues = auto\n[source lan]\ndevice = eth1\nqueues = auto\n"
		       "[stage end]\ntype = pass\ninput = wan, lan\n",
		3, 1023);
	refused_on("[source wan]\ndevice = eth7\nqueues = auto\n" END, &machine, NULL, ENODEV,
		"EAL has no such port");
}

static void
tx_is(const char *text, uint64_t offloads, const char *chained_by)
{
	const struct plan_port *port;
	unsigned int i = 0;

	planned(text);
	while (plan->ports[i].tx_queues == 0)
		i++;
	port = &plan->ports[i];
	assert_int_equal(port->setup.tx_offloads, offloads);
	if (chained_by == NULL)
		assert_null(port->chained_by);
	else
		assert_string_equal(port->chained_by, chained_by);
	done();
}

#define GEN "[source wan]\ntype = synth\n"
#define OUT(input) "[stage out]\ntype = tx\ndevice = eth0\ninput = " input "\n"

/* Chains where some may come, and raw puts only of what is known to be whole, alone and of one pool. */
static void
test_tx(void **state)
{
	struct machine_port *eth1;

	(void)state;
	nic(4);
	eth1 = imagine_port(&machine, "eth1", 1, 4);
	eth1->driver = "net_ixgbe";
	tx_is(GEN OUT("wan"), FAST, NULL);
	tx_is(GEN
		"[stage a]\ntype = work\ninput = wan\n[stage b]\ntype = rewrite\nmatch = proto=6\n"
		"prio = 1\ninput = a\n[stage c]\ntype = count\ninput = b\n" OUT("c"),
		FAST, NULL);
	tx_is(GEN OUT("wan") "workers = 2\n[link wan out]\nspread = round-robin\n", FAST, NULL);
	tx_is(GEN OUT("wan") "workers = 2\n[link wan out]\nspread = copy\n", 0, NULL);
	tx_is(GEN OUT("wan") END, 0, NULL);
	tx_is(GEN
		"[stage a]\ntype = count\ninput = wan\n[stage b]\ntype = count\ninput = wan\n" OUT(
			"a"),
		0, NULL);
	tx_is(GEN END OUT("end"), CHAINS, "end");
	tx_is("[source wan]\ntype = inject\n" OUT("wan"), CHAINS, "wan");
	tx_is("[source wan]\ntype = pcap\npath = /dev/null\n" OUT("wan"), CHAINS, "wan");
	tx_is("[source wan]\ndevice = eth1\n" OUT("wan"), FAST, NULL);
	tx_is("[source wan]\ndevice = eth0\n" OUT("wan"), CHAINS, "wan");
	/* Pools are of sockets. */
	tx_is(GEN "numa = 0\n[source lan]\ntype = synth\nnuma = 1\n" OUT("wan, lan"), 0, NULL);
	eth1->driver = "net_ring";
	tx_is("[source wan]\ndevice = eth1\n" OUT("wan"), CHAINS, "wan");
	eth1->driver = "mlx5_pci";
	tx_is("[source wan]\ndevice = eth1\n" OUT("wan"), 0, NULL);
	eth1->driver = "net_i40e";
	eth1->scatter = true;
	eth1->rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER;
	tx_is("[source wan]\ndevice = eth1\n" OUT("wan"), FAST, NULL);
	tx_is("[source wan]\ndevice = eth1\nmtu = 9000\n[pool]\ndata_room = 2176\n" OUT("wan"),
		CHAINS, "wan");
	eth0->tx_offloads = 0;
	tx_is(GEN OUT("wan"), 0, NULL);
	tx_is("[source wan]\ntype = inject\n" OUT("wan"), 0, "wan");
}

static void
test_tx_descriptors(void **state)
{
	(void)state;
	nic(4);
	eth0->tx_lim = (struct rte_eth_desc_lim){ .nb_max = 2048, .nb_min = 64, .nb_align = 32 };
	assert_int_equal(planned(GEN OUT("wan"))->tx_descriptors, 1024);
	done();
	assert_int_equal(planned(GEN OUT("wan") "descriptors = 256\n")->tx_descriptors, 256);
	assert_int_equal(plan->note_count, 0);
	done();
	assert_int_equal(planned(WAN END OUT("end") "descriptors = 100\n")->tx_descriptors, 128);
	assert_true(has_note(plan, "[stage out] descriptors = 100: port eth0 takes 128"));
	done();
	assert_int_equal(
		planned(GEN OUT("wan") "descriptors = 256\n"
				       "[stage more]\ntype = tx\ndevice = eth0\ninput = wan\n"
				       "descriptors = 512\n")
			->tx_descriptors,
		512);
	done();
}

static void
text_has(const char *text, const char *expected)
{
	char *shown;

	planned(text);
	shown = weir_plan_show(plan, WEIR_PLAN_TEXT);
	assert_non_null(shown);
	if (strstr(shown, expected) == NULL)
		fail_msg("'%s' is not in:\n%s", expected, shown);
	free(shown);
	shown = weir_plan_show(plan, WEIR_PLAN_JSON);
	assert_non_null(shown);
	free(shown);
	done();
}

/* All of it can be read, and what it costs. */
static void
test_shown(void **state)
{
	(void)state;
	nic(4);
	eth0->speed = 25000;
	text_has(WAN END,
		"    speed: 25000 Mbit/s\n    rx: offloads IPV4_CKSUM UDP_CKSUM TCP_CKSUM; "
		"promiscuous\n");
	text_has(WAN "queues = 2\n" END,
		"    rx: RSS ipv4 ipv6 ip-other ip-frag tcp udp sctp, symmetric key of 40 bytes, RETA of "
		"128; offloads ");
	text_has(WAN
		"checksum = off\nmac = 02:00:00:00:00:01, 01:00:5e:00:00:01\nallmulticast = on\n"
		"rx_drop = on\nflow_control = off\nlink_wait = 2s\n" END,
		"    rx: offloads none; its own frames and those for 02:00:00:00:00:01, "
		"01:00:5e:00:00:01, allmulticast; rx_drop on; flow_control off; link_wait 2s\n");
	text_has(WAN "promiscuous = off\nchecksum = off\n" END,
		"    rx: offloads none; its own frames only\n");
	text_has(GEN OUT("wan"), "    tx: offloads MBUF_FAST_FREE\n");
	text_has(WAN OUT("wan"), "    tx: offloads MULTI_SEGS; what comes by wan may be chains\n");
	eth0->driver = "mlx5_pci";
	text_has(WAN "timestamp = on\n" END,
		"    costs: timestamp = on: no compression of completions (CQE)\n");
	eth0->driver = "net_ice";
	text_has(WAN "timestamp = on\ndescriptors = 1000\n" END,
		"    costs: timestamp = on: no vector RX\n"
		"    costs: descriptors that are no power of 2: no vector RX\n");
	text_has("[source wan]\ntype = inject\n" OUT("wan"),
		"    costs: what may come in chains: no vector and no simple TX\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_words),
		cmocka_unit_test(test_not_offered),
		cmocka_unit_test(test_rx_offloads),
		cmocka_unit_test(test_rss),
		cmocka_unit_test(test_queues_auto),
		cmocka_unit_test(test_tx),
		cmocka_unit_test(test_tx_descriptors),
		cmocka_unit_test(test_shown),
	};

	return cmocka_run_group_tests(tests, imagine_types, NULL);
}
