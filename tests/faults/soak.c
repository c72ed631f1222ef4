/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * soak: pipelines of random shapes and policies at full rate, one after the other, with faults and
 * live changes at random moments:
 *
 *     soak SECONDS [SEED]
 *
 * Each must go on after every fault, drain within its time, balance and leave every pool full; the
 * first that does not ends the run.
 */
#include <signal.h>

#include <rte_bus_vdev.h>

#include "strike.h"

/* Longest that a fault lasts. */
#define SOAK_FAULT_US 20000
/* Changes and faults of one pipeline. */
#define SOAK_STEPS 12
/* A file of this folder, which is the run's own. */
#define CAPTURE "soak.pcap"
#define CAPTURE_PACKETS 500
#define CAPTURE_LONGEST 9000

struct shape {
	const char *const *sections;
	const char *const *links; /* those that are set live */
	const char *const *live;  /* other assignments, with %u for a random number */
};

#define NODES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct shape shapes[] = {
	/* A port and generated traffic into one stage, and on. */
	{ .sections = NODES("source wan: device=net_null0; queues=1",
		  "source gen: type=synth; malformed=10%",
		  "stage mid: type=t_stuck; input=wan, gen; workers=2",
		  "stage busy: type=work; input=mid; cycles=50",
		  "stage end: type=count; input=busy"),
		.links = NODES("link wan mid", "link gen mid", "link mid busy", "link busy end"),
		.live = NODES("busy.cycles=%u", "gen.rate=%u00k", "mid.idle.max=%uus") },
	/* Three workers into two over a diamond. */
	{ .sections = NODES("source gen: type=synth; queues=3",
		  "stage left: type=t_stuck; input=gen; workers=2",
		  "stage right: type=t_filter; input=gen",
		  "stage end: type=work; input=left, right.match, right.rest; workers=2; cycles=20"),
		.links = NODES("link gen left", "link gen right", "link left end",
			"link right.match end", "link right.rest end"),
		.live = NODES("end.cycles=%u", "gen.rate=%uM", "end.idle.min=%uns") },
	/* Round once and out, and to a port. */
	{ .sections = NODES("source gen: type=synth", "stage round: type=t_again; input=gen, back",
		  "stage back: type=t_pass; input=round.again",
		  "stage out: type=tx; input=round.out; device=net_null0"),
		.links = NODES("link gen round", "link round.again back", "link round.out out"),
		.live = NODES("gen.rate=%uM", "round.idle.max=%uus", "out.idle.max=%uus") },
	/* Copies, what makes more of one, and what holds. */
	{ .sections = NODES("source gen: type=synth", "stage fan: type=t_fan; input=gen",
		  "stage hold: type=t_hold; input=fan; workers=2",
		  "stage end: type=count; input=hold"),
		.links = NODES("link gen fan", "link fan hold", "link hold end"),
		.live = NODES("gen.rate=%uM", "gen.idle.max=%uus") },
	/* Many workers each, some joined only with those that they meet. */
	{ .sections = NODES("source gen: type=synth; queues=5",
		  "stage a: type=t_share; input=gen; workers=12",
		  "stage b: type=t_share; input=a; workers=9",
		  "stage c: type=t_stuck; input=b; workers=7",
		  "stage end: type=count; input=c, a; workers=3"),
		.links = NODES("link gen a", "link a b", "link b c", "link c end", "link a end"),
		.live = NODES("gen.rate=%uM", "a.idle.max=%uus", "end.idle.max=%uus") },
	/* Flows that come and go, and are told of to who is slow. */
	{ .sections = NODES("source gen: type=synth; malformed=10%; flows=5000",
		  "stage flow: type=flow; input=gen; workers=2; capacity=500; records=4096; "
		  "active=100us; lifetime=1ms; timeout.udp_new=1ms",
		  "stage end: type=count; input=flow.packets",
		  "stage told: type=t_stuck; input=flow.flows; workers=2"),
		.links = NODES("link gen flow", "link flow.packets end", "link flow.flows told"),
		.live = NODES("gen.rate=%uM", "flow.idle.max=%uus", "told.idle.max=%uus") },
	/* Captures with frames that need chains, one over and over, two merged. */
	{ .sections = NODES("source cap: type=pcap; path=" CAPTURE "; loop=forever",
		  "source both: type=pcap; path=" CAPTURE ", " CAPTURE "; loop=forever; order=time",
		  "stage mid: type=t_stuck; input=cap, both; workers=2",
		  "stage end: type=count; input=mid"),
		.links = NODES("link cap mid", "link both mid", "link mid end"),
		.live = NODES("cap.idle.max=%uus", "mid.idle.max=%uus") },
};

static struct {
	unsigned int pipelines;
	unsigned int strikes;
	unsigned int set;
	unsigned int refused;
	uint64_t events;
	uint64_t dropped;
} done;

static unsigned int
among(uint64_t *random, unsigned int n)
{
	return (unsigned int)(testing_random(random) % n);
}

static unsigned int
count(const char *const *names)
{
	unsigned int n = 0;

	while (names[n] != NULL)
		n++;
	return n;
}

/* Some key of a link, with some value. */
static void
link_key(uint64_t *random, char *text, size_t size)
{
	unsigned int low = among(random, 60);

	switch (among(random, 11)) {
	case 0:
		snprintf(text, size, "low=%u%%", low);
		break;
	case 6:
		snprintf(text, size, "linger=%u", among(random, 2) * among(random, 256));
		break;
	case 7:
		snprintf(text, size, "reserve.%u=%u%%", among(random, PRIORITIES),
			among(random, 101));
		break;
	case 1:
		snprintf(text, size, "high=%u%%", 61 + among(random, 40));
		break;
	case 2:
		snprintf(text, size, "deadline=%uus", 1 + among(random, 2000));
		break;
	case 3:
		snprintf(text, size, "gap_markers=%s", among(random, 2) ? "on" : "off");
		break;
	case 4:
		snprintf(text, size, "block_timeout=%uus", among(random, 3000));
		break;
	case 5:
		snprintf(text, size, "full=%s", wait_names[among(random, count(wait_names))]);
		break;
	default:
		snprintf(text, size, "on_full=%s",
			on_full_names[among(random, WEIR_ON_FULL_MAX - 1) + 1]);
		break;
	}
}

static void
change(struct rig *rig, const struct shape *shape, uint64_t *random)
{
	char key[64], text[128], format[64];
	struct weir_error error;

	if (among(random, 4) > 0) {
		link_key(random, key, sizeof(key));
		snprintf(text, sizeof(text), "%s.%s",
			shape->links[among(random, count(shape->links))], key);
	} else {
		snprintf(format, sizeof(format), "%s",
			shape->live[among(random, count(shape->live))]);
		*strstr(format, "%u") = '\0';
		snprintf(text, sizeof(text), "%s%u%s", format, 1 + among(random, 300),
			format + strlen(format) + 2);
	}
	if (weir_engine_set(rig->engine, text, &error) == 0)
		done.set++;
	else
		done.refused++;
}

/* Links' settings to begin with: the deadline is what makes stamps. */
static void
links_set(struct rig *rig, const struct shape *shape, uint64_t *random)
{
	struct weir_error error;
	char key[64], *value;

	for (unsigned int i = 0; i < count(shape->links); i++) {
		const char *link = shape->links[i];

		rig_ok(rig, weir_pipeline_set(rig->pipeline, link, "deadline", "1ms", &rig->error));
		if (among(random, 2))
			rig_ok(rig,
				weir_pipeline_set(rig->pipeline, link, "kind", "ring",
					&rig->error));
		rig_ok(rig,
			weir_pipeline_set(rig->pipeline, link, "spread",
				among(random, 2) ? "flow" :
						   spread_names[among(random, count(spread_names))],
				&rig->error));
		link_key(random, key, sizeof(key));
		value = strchr(key, '=');
		*value++ = '\0';
		/* Live only: a higher priority must not find less room. */
		if (strncmp(key, "reserve", 7) == 0)
			continue;
		weir_pipeline_set(rig->pipeline, link, key, value, &error);
		if (strcmp(key, "high") == 0 || strcmp(key, "low") == 0)
			weir_pipeline_set(rig->pipeline, link, "low", "10%", &error);
	}
}

/* At times no more mbufs than it cannot do without, and as many again. Its plan ends with that. */
static void
pool_shrink(struct rig *rig, uint64_t *random)
{
	const struct plan_pool *pool = &rig->plan->pools[0];
	uint64_t least = pool->descriptors + pool->bursts + pool->held;
	bool shrink = among(random, 3) == 0 && plan_pool_sum(pool) > 2 * least;
	char text[32];

	weir_plan_free(rig->plan);
	if (!shrink)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, least + among(random, (unsigned int)least));
	rig_ok(rig, weir_pipeline_set(rig->pipeline, "pool", "size", text, &rig->error));
}

static void
soak_make(struct rig *rig, const struct shape *shape, uint64_t *random)
{
	static const char *const lcores[] = { "1", "1-2", "1-3" };
	const char *at;

	memset(rig, 0, sizeof(*rig));
	rig->pipeline = weir_pipeline_create("soak", &rig->error);
	rig_ok(rig, rig->pipeline == NULL);
	for (const char *const *line = shape->sections; *line != NULL; line++)
		rig_section(rig, *line);
	do
		links_set(rig, shape, random);
	while (weir_pipeline_check(rig->pipeline, &rig->error) != 0);
	at = lcores[among(random, RTE_DIM(lcores))];
	rig_place(rig, at);
	pool_shrink(rig, random);
	rig_place(rig, at);
	rig_create(rig, 0);
}

static void
soak_one(uint64_t *random)
{
	const struct shape *shape = &shapes[among(random, RTE_DIM(shapes))];
	struct weir_ledger ledger = WEIR_LEDGER_INIT;
	struct rig rig;

	soak_make(&rig, shape, random);
	rig_start(&rig);
	for (unsigned int i = 0; i < SOAK_STEPS; i++) {
		if (among(random, 3) == 0) {
			strike(&strikes[among(random, RTE_DIM(strikes))], &rig,
				1 + among(random, SOAK_FAULT_US));
			done.strikes++;
			rig_wait_received(&rig, rig_ledger(&rig).received + 100);
		} else {
			change(&rig, shape, random);
		}
		strike_last(&rig, among(random, 5000));
	}
	rig_stop(&rig);
	ledger = rig_ledger(&rig);
	done.pipelines++;
	done.events += ledger.received + ledger.created;
	done.dropped += ledger.dropped;
	rig_end(&rig);
}

/* In a new folder, whose name is in `folder`: packets of all lengths, in this machine's order. */
static bool
capture_make(char *folder)
{
	static const uint8_t bytes[CAPTURE_LONGEST] = { [12] = 0x08, 0x00, 0x45 };
	const uint32_t head[6] = { 0xa1b2c3d4,
		RTE_BYTE_ORDER == RTE_BIG_ENDIAN ? 0x00020004 : 0x00040002, 0, 0, CAPTURE_LONGEST,
		1 };
	uint64_t random = 3;
	FILE *file;

	if (mkdtemp(folder) == NULL || chdir(folder) != 0 || (file = fopen(CAPTURE, "w")) == NULL)
		return false;
	fwrite(head, sizeof(head), 1, file);
	for (uint32_t i = 0; i < CAPTURE_PACKETS; i++) {
		uint32_t len = among(&random, CAPTURE_LONGEST + 1);
		const uint32_t record[4] = { i, 0, len, len };

		fwrite(record, sizeof(record), 1, file);
		fwrite(bytes, len, 1, file);
	}
	return fclose(file) == 0;
}

static void
capture_remove(const char *folder)
{
	unlink(CAPTURE);
	rmdir(folder);
}

static unsigned int soak_seconds;

static void
test_soak(void **state)
{
	uint64_t random = testing_seed(), hz = rte_get_tsc_hz();
	uint64_t start = rte_rdtsc(), told = start;

	(void)state;
	while (rte_rdtsc() - start < soak_seconds * hz) {
		soak_one(&random);
		if (rte_rdtsc() - told < 10 * hz)
			continue;
		told = rte_rdtsc();
		print_message("%" PRIu64
			      " s: %u pipelines, %u faults, %u changes (%u refused), %" PRIu64
			      " events, %" PRIu64 " dropped\n",
			(told - start) / hz, done.pipelines, done.strikes, done.set, done.refused,
			done.events, done.dropped);
	}
	print_message("soaked: %u pipelines, %u faults, %u changes (%u refused), %" PRIu64
		      " events, %" PRIu64 " dropped, all accounted for\n",
		done.pipelines, done.strikes, done.set, done.refused, done.events, done.dropped);
	assert_true(done.pipelines > 0);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_soak),
	};

	char folder[] = "/tmp/weir-soak-XXXXXX";
	int failed;

	soak_seconds = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 0;
	if (soak_seconds == 0) {
		fprintf(stderr, "usage: %s SECONDS [SEED]\n", argv[0]);
		return 2;
	}
	if (argc > 2)
		setenv("WEIR_TEST_SEED", argv[2], 1);
	signal(SIGPIPE, SIG_IGN);
	rig_eal_init();
	rte_log_set_level_pattern("lib.weir.*", RTE_LOG_ERR);
	if (rte_vdev_init("net_null0", "") != 0 || weir_stage_register(&stuck_ops) != 0 ||
		!capture_make(folder))
		return 1;
	failed = cmocka_run_group_tests_name("soak", tests, NULL, NULL);
	capture_remove(folder);
	return failed;
}
