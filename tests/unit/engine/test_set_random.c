/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * Everything that is live is set at random by two threads, while two lcores run a diamond as fast as
 * they can: it never stands still for good, loses nothing once it is lossless again, and balances.
 */
#include "rig.h"

#include <pthread.h>

#define SETS 3000

#define RINGS "kind=ring; ring=256; deadline=1ms"

static const char *const links[] = { "link gen a", "link gen b", "link a end", "link b end" };

struct setter {
	struct rig *rig;
	uint64_t random;
	unsigned int done;
	char failure[WEIR_ERROR_TEXT];
};

static unsigned int
draw(struct setter *setter, unsigned int n)
{
	return (unsigned int)(testing_random(&setter->random) >> 16) % n;
}

static const char *
draw_policy(struct setter *setter)
{
	return on_full_names[draw(setter, WEIR_ON_FULL_MAX)];
}

/* Without monitor and the like, whatever the machine has; and nothing that sleeps for long. */
static const char *
draw_wait(struct setter *setter)
{
	return wait_names[draw(setter, WEIR_WAIT_SLEEP + 1)];
}

static void
draw_link(struct setter *setter, char *text, size_t size)
{
	const char *link = links[draw(setter, RTE_DIM(links))];

	switch (draw(setter, 10)) {
	case 0:
		snprintf(text, size, "%s.high=%u%%", link, draw(setter, 101));
		break;
	case 1:
		snprintf(text, size, "%s.low=%u%%", link, draw(setter, 101));
		break;
	case 2:
		snprintf(text, size, "%s.reserve.%u=%u%%", link, draw(setter, PRIORITIES),
			draw(setter, 101));
		break;
	case 3:
		snprintf(text, size, "%s.deadline=%uus", link, 1 + draw(setter, 2000));
		break;
	case 4:
		snprintf(text, size, "%s.block_timeout=%uus", link, draw(setter, 2) * 100);
		break;
	case 5:
		snprintf(text, size, "%s.gap_markers=%s", link, draw(setter, 2) ? "on" : "off");
		break;
	case 6:
		snprintf(text, size, "%s.linger=%u", link, draw(setter, 3) * draw(setter, 128));
		break;
	case 7:
		snprintf(text, size, "%s.full=%s", link, draw_wait(setter));
		break;
	default:
		snprintf(text, size, "%s.on_full=%s", link, draw_policy(setter));
	}
}

static void
draw_text(struct setter *setter, char *text, size_t size)
{
	static const char *const nodes[] = { "gen", "a", "b", "end" };
	const char *node = nodes[draw(setter, RTE_DIM(nodes))];

	switch (draw(setter, 16)) {
	case 0:
		snprintf(text, size, "%s.idle=%s", node, draw_wait(setter));
		break;
	case 1:
		snprintf(text, size, "%s.idle.max=%uus", node, 1 + draw(setter, 100));
		break;
	case 2:
		snprintf(text, size, "b.cycles=%u", draw(setter, 3) * 1000);
		break;
	case 3:
		snprintf(text, size, "gen.rate=%u", draw(setter, 2) * 1000000);
		break;
	default:
		draw_link(setter, text, size);
	}
}

/* Whatever is refused is refused with a reason; on a thread of its own, without cmocka's asserts. */
static void *
setter_run(void *arg)
{
	struct setter *setter = arg;
	struct weir_error error;
	char text[128];

	for (unsigned int i = 0; i < SETS && setter->failure[0] == '\0'; i++) {
		int rc;

		draw_text(setter, text, sizeof(text));
		error.text[0] = '\0';
		rc = weir_engine_set(setter->rig->engine, text, &error);
		if (rc == 0)
			setter->done++;
		else if (rc != -EINVAL || error.text[0] == '\0')
			snprintf(setter->failure, sizeof(setter->failure), "%s: %d %s", text, rc,
				error.text);
		if (i % 8 == 0)
			usleep(200);
	}
	return NULL;
}

/* All of it lossless, and without delay. */
static void
make_lossless(struct rig *rig)
{
	char text[128];

	for (unsigned int i = 0; i < RTE_DIM(links); i++) {
		snprintf(text, sizeof(text), "%s.on_full=block", links[i]);
		rig_ok(rig, weir_engine_set(rig->engine, text, &rig->error));
		snprintf(text, sizeof(text), "%s.block_timeout=0", links[i]);
		rig_ok(rig, weir_engine_set(rig->engine, text, &rig->error));
		snprintf(text, sizeof(text), "%s.gap_markers=off", links[i]);
		rig_ok(rig, weir_engine_set(rig->engine, text, &rig->error));
	}
}

static unsigned int
settings_kept(const struct rig *rig)
{
	const struct settings *settings = rig->engine->settings;
	unsigned int n = 0;

	for (; settings != NULL; settings = settings->older)
		n++;
	return n;
}

static void
setters_run(struct rig *rig, uint64_t *seed)
{
	struct setter setters[2] = { { .rig = rig, .random = testing_random(seed) | 1 },
		{ .rig = rig, .random = testing_random(seed) | 1 } };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, setter_run, &setters[0]), 0);
	setter_run(&setters[1]);
	pthread_join(thread, NULL);
	for (unsigned int i = 0; i < 2; i++) {
		if (setters[i].failure[0] != '\0')
			fail_msg("%s", setters[i].failure);
		assert_true(setters[i].done > SETS / 4);
	}
	assert_true(settings_kept(rig) <= 1 + rig->engine->loop_count);
}

/* At random, and then on. */
static void
begin(struct rig *rig, const char *name, const char *const *sections, uint64_t *seed)
{
	rig_make(rig, name, "1-2", 0, sections);
	rig_start(rig);
	rig_wait_received(rig, 1000);
	setters_run(rig, seed);
	rig_ok(rig, weir_engine_set(rig->engine, "gen.rate=0", &rig->error));
	rig_wait_received(rig, rig_ledger(rig).received + 20000);
}

/* Nothing was ever put where there was no room that had been reserved. */
static void
end(struct rig *rig)
{
	rig_stop(rig);
	assert_int_equal(rig_dropped(rig, "overrun"), 0);
	rig_end(rig);
}

static void
run(const char *name, const char *const *sections, uint64_t *seed)
{
	uint64_t dropped;
	struct rig rig;

	begin(&rig, name, sections, seed);
	make_lossless(&rig);
	rig_wait_applied(&rig);
	dropped = rig_ledger(&rig).dropped;
	rig_wait_received(&rig, rig_ledger(&rig).received + 20000);
	assert_int_equal(rig_ledger(&rig).dropped, dropped);
	rig_stop(&rig);
	assert_int_equal(rig_ledger(&rig).dropped, dropped);
	end(&rig);
}

/* Both branches get every event; one worker each. */
static void
test_copies(void **state)
{
	uint64_t seed = testing_seed();

	(void)state;
	run("copies",
		SECTIONS("source gen: type=synth; flows=100; sizes=60; lcores=1",
			"stage a: type=t_pass; input=gen; lcores=2",
			"stage b: type=work; cycles=0; input=gen; lcores=1",
			"stage end: type=count; input=a, b; lcores=2", "link gen a: " RINGS,
			"link gen b: " RINGS, "link a end: " RINGS, "link b end: " RINGS),
		&seed);
}

/* Several workers each, spread by flow: meshes of rings, several policies' ways to push. */
static void
test_meshes(void **state)
{
	uint64_t seed = testing_seed();

	(void)state;
	run("meshes",
		SECTIONS("source gen: type=synth; flows=100; sizes=60; queues=2; lcores=1-2",
			"stage a: type=t_fan; input=gen; workers=2; lcores=1-2",
			"stage b: type=work; cycles=0; input=gen; workers=3; lcores=1-2",
			"stage end: type=count; input=a, b; workers=2; lcores=1-2",
			"link gen a: spread=round-robin; " RINGS, "link gen b: spread=copy; " RINGS,
			"link a end: " RINGS, "link b end: spread=copy; " RINGS),
		&seed);
}

/* With calls, lossy and lossless, so that some of it is refused. */
static void
test_calls(void **state)
{
	uint64_t seed = testing_seed();
	struct rig rig;

	(void)state;
	begin(&rig, "calls",
		SECTIONS("source gen: type=synth; flows=100; sizes=60; queues=2; lcores=1-2",
			"stage a: type=t_fan; input=gen; workers=2; lcores=1-2",
			"stage b: type=work; cycles=0; input=gen; lcores=1",
			"stage end: type=t_tight; input=a, b; lcores=2",
			"link gen a: on_full=drop-newest; ring=256; deadline=1ms",
			"link gen b: on_full=drop-newest; ring=256; deadline=1ms",
			"link a end: on_full=drop-oldest; ring=256; deadline=1ms",
			"link b end: on_full=block; ring=256; deadline=1ms"),
		&seed);
	end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_meshes),
		cmocka_unit_test(test_calls),
	};

	rig_eal_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
