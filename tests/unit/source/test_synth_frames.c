/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The frames of synth: checksums, and what flows say. */
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "test_synth.h"

#define MAX_CLIENTS 64

static struct rte_mempool *pool;

static int
setup(void **state)
{
	(void)state;
	pool = weir_pool_create("frames", 255, 32, 0, RTE_PKTMBUF_HEADROOM + SYNTH_MAX_FRAME,
		SOCKET_ID_ANY);
	return pool != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	testing_pool_is_full(pool);
	rte_mempool_free(pool);
	return 0;
}

/* A checksum is right if all that it is over adds up to this. */
static uint16_t
sum(const void *l4, size_t len, uint16_t pseudo_header)
{
	uint32_t total = (uint32_t)rte_raw_cksum(l4, len) + pseudo_header;

	return (uint16_t)((total >> 16) + (total & 0xffff));
}

static void
check_ipv4(const struct weir_event *event)
{
	const uint8_t *l3 = event_bytes(event) + event->l3_off;
	const uint8_t *l4 = event_bytes(event) + event->l4_off;
	struct rte_ipv4_hdr ip;
	uint16_t len;

	memcpy(&ip, l3, sizeof(ip));
	len = rte_be_to_cpu_16(ip.total_length);
	assert_int_equal(event->l3_off + len, event->payload_off + event->payload_len);
	assert_int_equal(rte_raw_cksum(&ip, sizeof(ip)), 0xffff);
	assert_int_equal(sum(l4, len - sizeof(ip),
				 event->proto == 1 ? 0 : rte_ipv4_phdr_cksum(&ip, 0)),
		0xffff);
}

static void
check_ipv6(const struct weir_event *event)
{
	const uint8_t *l3 = event_bytes(event) + event->l3_off;
	const uint8_t *l4 = event_bytes(event) + event->l4_off;
	struct rte_ipv6_hdr ip;
	uint16_t len;

	memcpy(&ip, l3, sizeof(ip));
	len = rte_be_to_cpu_16(ip.payload_len);
	assert_int_equal(event->l4_off + len, event->payload_off + event->payload_len);
	assert_int_equal(sum(l4, len, rte_ipv6_phdr_cksum(&ip, 0)), 0xffff);
}

static void
see_checksums(void *arg, const struct weir_event *event)
{
	(void)arg;
	if (event->verdict != WEIR_VERDICT_OK)
		return;
	assert_true(event->len >= SYNTH_MIN_FRAME);
	assert_true(event->payload_off + event->payload_len == event->len ||
		(event->len == SYNTH_MIN_FRAME && event->payload_len == 0));
	if (weir_event_ip_version(event) == 4)
		check_ipv4(event);
	else
		check_ipv6(event);
}

static void
has_right_checksums(void **state)
{
	/* around the ends of blocks, odd and even, smallest and largest */
	static const char *const sizes[] = { "imix", "60", "61", "63:1,64:1,65:1", "75",
		"79:1,82:1", "127:1,128:1,129:1,130:1", "191:1,192:1,193:1", "1513:1,1514:1,1515:1",
		"8999", "9000" };
	struct rig rig = { .conf = rig_conf() };

	(void)state;
	rig.conf.mix = "tcp,udp,icmp";
	rig.conf.ipv6 = 0.5;
	rig.conf.vlan = 0.5;
	for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
		rig.conf.sizes = sizes[i];
		rig.conf.seed = i;
		rig_open(&rig, pool);
		rig_run(&rig, 5000, see_checksums, NULL);
		rig_close(&rig);
	}
}

/* A checksum that happens to be 0 is sent as 0xffff by UDP: one of them is among so many. */
static void
see_udp_checksum(void *arg, const struct weir_event *event)
{
	uint64_t *ones = arg;
	const uint8_t *udp = event_bytes(event) + event->l4_off;

	assert_false(udp[6] == 0 && udp[7] == 0);
	*ones += udp[6] == 0xff && udp[7] == 0xff;
	see_checksums(NULL, event);
}

static void
never_sends_udp_without_checksum(void **state)
{
	struct rig rig = { .conf = rig_conf() };
	uint64_t ones = 0;

	(void)state;
	rig.conf.mix = "udp";
	rig.conf.sizes = "60";
	rig.conf.malformed = 0;
	rig.conf.packets = 1;
	rig_open(&rig, pool);
	rig_run(&rig, 1000000, see_udp_checksum, &ones);
	rig_close(&rig);
	assert_true(ones > 0);
}

/* A TCP session, as who listens sees it. */
struct session {
	struct weir_key key; /* from the client; its ip_version 0: none is open */
	struct weir_key last_key;
	uint32_t seq[SYNTH_SIDES];
	uint32_t packets[SYNTH_SIDES];
	uint8_t stage; /* control packets seen */
};

struct sessions {
	struct session of[MAX_CLIENTS];
	uint32_t ended;
	uint64_t packets;
};

static uint32_t
be32_at(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void
open_session(struct session *session, const struct weir_event *event)
{
	assert_int_not_equal(event->key.sport, session->last_key.sport);
	memset(session->packets, 0, sizeof(session->packets));
	session->key = event->key;
	session->last_key = event->key;
	session->seq[0] = be32_at(event_bytes(event) + event->l4_off + 4);
	session->stage = 0;
}

/* Which side sends; all of the packet's key must be the session's. */
static unsigned int
session_side(const struct session *session, const struct weir_key *key)
{
	if (memcmp(key, &session->key, sizeof(*key)) == 0)
		return SYNTH_CLIENT;
	assert_memory_equal(key->src, session->key.dst, sizeof(key->src));
	assert_memory_equal(key->dst, session->key.src, sizeof(key->dst));
	assert_int_equal(key->sport, session->key.dport);
	assert_int_equal(key->dport, session->key.sport);
	return SYNTH_SERVER;
}

/* A packet without data: the next of the six, in their order. */
static void
see_control(struct session *session, unsigned int side, uint8_t flags)
{
	static const struct {
		uint8_t side, flags;
	} order[] = { { 0, 0x02 }, { 1, 0x12 }, { 0, 0x10 }, { 0, 0x11 }, { 1, 0x11 },
		{ 0, 0x10 } };

	assert_in_range(session->stage, 0, RTE_DIM(order) - 1);
	assert_int_equal(side, order[session->stage].side);
	assert_int_equal(flags, order[session->stage].flags);
	session->stage++;
}

static void
see_segment(struct session *session, const struct weir_event *event)
{
	const uint8_t *tcp = event_bytes(event) + event->l4_off;
	unsigned int side = session_side(session, &event->key);

	if (event->tcp_flags == 0x12)
		session->seq[SYNTH_SERVER] = be32_at(tcp + 4);
	assert_int_equal(be32_at(tcp + 4), session->seq[side]);
	if (event->tcp_flags & RTE_TCP_ACK_FLAG)
		assert_int_equal(be32_at(tcp + 8), session->seq[!side]);
	session->seq[side] += event->payload_len;
	session->seq[side] += event->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG) ? 1 : 0;
	if (event->payload_len == 0) {
		see_control(session, side, event->tcp_flags);
		return;
	}
	assert_int_equal(session->stage, 3);
	assert_int_equal(event->tcp_flags, 0x18);
	session->packets[side]++;
}

static void
see_session(void *arg, const struct weir_event *event)
{
	struct sessions *sessions = arg;
	uint32_t client = event_client(event);
	struct session *session;

	assert_in_range(client, 0, MAX_CLIENTS - 1);
	session = &sessions->of[client];
	if (session->key.ip_version == 0)
		open_session(session, event);
	see_segment(session, event);
	if (session->stage < 6)
		return;
	assert_true(session->packets[0] > 0 && session->packets[1] > 0);
	sessions->packets += session->packets[0] + session->packets[1];
	sessions->ended++;
	session->key.ip_version = 0;
}

static void
completes_tcp_sessions(void **state)
{
	struct sessions *sessions = calloc(1, sizeof(*sessions));
	struct rig rig = { .conf = rig_conf() };

	(void)state;
	rig.conf.mix = "tcp";
	rig.conf.malformed = 0;
	rig.conf.flows = MAX_CLIENTS;
	rig_open(&rig, pool);
	rig_run(&rig, 200000, see_session, sessions);
	rig_close(&rig);
	assert_in_range(sessions->ended, 200000 / 22 * 95 / 100, 200000 / 22 * 105 / 100);
	assert_in_range(sessions->packets / sessions->ended, 15, 16);
	free(sessions);
}

/* By zipf the first client's sessions are longer, in proportion to its packets. */
static void
makes_elephants(void **state)
{
	struct sessions *sessions = calloc(1, sizeof(*sessions));
	struct rig rig = { .conf = rig_conf() };

	(void)state;
	rig.conf.mix = "tcp";
	rig.conf.malformed = 0;
	rig.conf.flows = MAX_CLIENTS;
	rig.conf.zipf = 1;
	rig.conf.packets = 1000;
	rig_open(&rig, pool);
	rig_run(&rig, 100000, see_session, sessions);
	rig_close(&rig);
	assert_true(sessions->of[0].packets[0] + sessions->of[0].packets[1] > 4000);
	free(sessions);
}

/* An exchange of one client: request and answer in turn. */
struct exchange {
	bool asked;
	struct weir_key key;
	uint8_t echo[SYNTH_MAX_FRAME];
	uint16_t echo_len;
	uint16_t seq;
};

static void
see_answer(struct exchange *exchange, const struct weir_event *event)
{
	assert_memory_equal(event->key.src, exchange->key.dst, sizeof(event->key.src));
	assert_memory_equal(event->key.dst, exchange->key.src, sizeof(event->key.dst));
	assert_int_equal(event->key.sport, exchange->key.dport);
	assert_int_equal(event->key.dport, exchange->key.sport);
	exchange->asked = false;
}

static void
see_udp(void *arg, const struct weir_event *event)
{
	struct exchange *exchange = (struct exchange *)arg + event_client(event);

	assert_true(event->payload_len > 0);
	if (exchange->asked) {
		see_answer(exchange, event);
		return;
	}
	exchange->key = event->key;
	exchange->asked = true;
}

static void
see_icmp(void *arg, const struct weir_event *event)
{
	struct exchange *exchange = (struct exchange *)arg + event_client(event);
	const uint8_t *icmp = event_bytes(event) + event->l4_off;
	uint16_t len = event->payload_len + 4;

	assert_int_equal(icmp[1], 0);
	if (exchange->asked) {
		assert_int_equal(icmp[0], weir_event_ip_version(event) == 4 ? 0 : 129);
		assert_int_equal(len, exchange->echo_len);
		assert_memory_equal(icmp + 4, exchange->echo, len);
		see_answer(exchange, event);
		return;
	}
	assert_int_equal(icmp[0], weir_event_ip_version(event) == 4 ? 8 : 128);
	exchange->seq++;
	if (memcmp(&exchange->key, &event->key, sizeof(event->key)) != 0)
		exchange->seq = 1;
	assert_int_equal((uint16_t)(icmp[6] << 8 | icmp[7]), exchange->seq);
	memcpy(exchange->echo, icmp + 4, len);
	exchange->echo_len = len;
	exchange->key = event->key;
	exchange->asked = true;
}

static void
exchange_with(const char *mix, void (*see)(void *arg, const struct weir_event *event))
{
	struct exchange *exchanges = calloc(MAX_CLIENTS, sizeof(*exchanges));
	struct rig rig = { .conf = rig_conf() };

	rig.conf.mix = mix;
	rig.conf.malformed = 0;
	rig.conf.flows = MAX_CLIENTS;
	rig_open(&rig, pool);
	rig_run(&rig, 50000, see, exchanges);
	rig_close(&rig);
	free(exchanges);
}

static void
answers_udp(void **state)
{
	(void)state;
	exchange_with("udp", see_udp);
}

static void
answers_icmp(void **state)
{
	(void)state;
	exchange_with("icmp", see_icmp);
}

/* The parser finds in each malformed frame what was done to it, and nothing in any other. */
static void
makes_malformed_frames(void **state)
{
	struct rig rig = { .conf = rig_conf() };
	uint64_t n = 100000, malformed = 0;
	unsigned int verdict;

	(void)state;
	rig.conf.malformed = 0.1;
	rig_open(&rig, pool);
	rig_run(&rig, n, NULL, NULL);
	for (verdict = WEIR_VERDICT_OK + 1; verdict < WEIR_VERDICT_MAX; verdict++) {
		assert_int_equal(rig.worker.parsed->verdicts[verdict],
			rig.s->malformed_made[verdict]);
		assert_true(rig.s->malformed_made[verdict] > 0);
		malformed += rig.s->malformed_made[verdict];
	}
	assert_int_equal(rig.worker.parsed->verdicts[WEIR_VERDICT_OK], n - malformed);
	assert_in_range(malformed, n / 10 - n / 100, n / 10 + n / 100);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_right_checksums),
		cmocka_unit_test(never_sends_udp_without_checksum),
		cmocka_unit_test(completes_tcp_sessions),
		cmocka_unit_test(makes_elephants),
		cmocka_unit_test(answers_udp),
		cmocka_unit_test(answers_icmp),
		cmocka_unit_test(makes_malformed_frames),
	};

	testing_eal_init(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
