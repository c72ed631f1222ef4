/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The builder: what it refuses, what it makes of good files and calls. Without EAL. */
#include "testing.h"

#include "loaded.h"

static void
test_error(void **state)
{
	struct weir_error e;
	char text[2 * WEIR_ERROR_TEXT];

	(void)state;
	assert_int_equal(weir_error_set(NULL, EBUSY, "%s", "x"), -EBUSY);
	assert_int_equal(rte_errno, EBUSY);
	assert_int_equal(weir_error_set(&e, ENOMEM, "a %d\n\x1b[b", 7), -ENOMEM);
	assert_int_equal(e.code, ENOMEM);
	assert_string_equal(e.text, "a 7??[b");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	weir_error_set(&e, EINVAL, "%s", text);
	assert_int_equal(strlen(e.text), WEIR_ERROR_TEXT - 1);
}

static void
test_refusals(void **state)
{
	struct weir_pipeline *pipeline;

	(void)state;
	assert_null(weir_pipeline_create(NULL, &error));
	assert_null(weir_pipeline_create("", &error));
	assert_null(weir_pipeline_create("a b", &error));
	assert_null(weir_pipeline_create("abcdefghijklmnopqrstuvwx", &error));
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(weir_pipeline_check(NULL, &error), -EINVAL);
	weir_pipeline_free(NULL);

	pipeline = weir_pipeline_create("p", &error);
	assert_int_equal(weir_pipeline_set(NULL, "pool", "size", "1k", &error), -EINVAL);
	assert_int_equal(weir_pipeline_set(pipeline, NULL, "size", "1k", &error), -EINVAL);
	assert_int_equal(weir_pipeline_set(pipeline, "pool", NULL, "1k", &error), -EINVAL);
	assert_int_equal(weir_pipeline_set(pipeline, "pool", "size", NULL, &error), -EINVAL);
	assert_int_equal(weir_pipeline_set_text(NULL, "pool.size=1k", &error), -EINVAL);
	refuse_set(pipeline, "", "size", "1k", "unknown section []");
	refuse_set(pipeline, "pool", "", "1k", "'' is no key");
	refuse_set(pipeline, "pool", "size", "", "size has no value");
	refuse_set(pipeline, "pipeline", "name", "a\nb", "control character");
	refuse_set(pipeline, "wan", "queues", "2", "unknown section [wan]");
	weir_pipeline_free(pipeline);
}

/* A failure changes nothing: no section, no key, no type. */
static void
test_failure_changes_nothing(void **state)
{
	struct weir_pipeline *pipeline = weir_pipeline_create("p", &error);

	(void)state;
	refuse_set(pipeline, "source wan", "queues", "x", "[source wan] queues = x: expected");
	refuse_set(pipeline, "link a b", "ring", "x", "[link a b] ring = x: expected");
	assert_int_equal(pipeline->node_count, 0);
	set(pipeline, "stage wan", "workers", "2");
	refuse_set(pipeline, "wan", "workers", "0", "[stage wan] workers = 0: expected");
	assert_int_equal(node_of(pipeline, "wan")->conf.workers, 2);
	refuse_set(pipeline, "source wan", "queues", "2", "the name is taken by [stage wan]");
	set(pipeline, "wan", "t.uint", "3");
	refuse_set(pipeline, "wan", "type", "t_pass", "unknown key 't.uint'");
	assert_null(node_of(pipeline, "wan")->stage_ops);
	set(pipeline, "wan", "type", "t_all");
	assert_int_equal(((struct types_conf *)node_of(pipeline, "wan")->type_conf)->uint, 3);
	weir_pipeline_free(pipeline);
}

static void
test_type_again(void **state)
{
	struct weir_pipeline *pipeline = weir_pipeline_create("p", &error);

	(void)state;
	set(pipeline, "stage a", "type", "t_pass");
	set(pipeline, "a", "type", "t_all");
	set(pipeline, "a", "t.uint", "5");
	set(pipeline, "a", "type", "t_all");
	assert_int_equal(((struct types_conf *)node_of(pipeline, "a")->type_conf)->uint, 5);
	refuse_set(pipeline, "a", "type", "t_pass", "it is of another type, whose keys are set");
	set(pipeline, "source s", "device", "net_null0");
	assert_ptr_equal(node_of(pipeline, "s")->source_ops, &source_ethdev);
	refuse_set(pipeline, "s", "type", "synth", "key 'device' is for sources of type ethdev");
	set(pipeline, "s", "type", "ethdev");
	assert_string_equal(node_of(pipeline, "s")->conf.device, "net_null0");
	weir_pipeline_free(pipeline);
}

/* A value over several lines is one, with a space between two; what follows it is read as ever. */
static void
test_goes_on(void **state)
{
	char text[4096] =
		"[source wan]\ndevice = net_null0\nmatch = host 10.0.0.0 \\ ; the first\n",
	     expected[4096] = "host 10.0.0.0";
	const struct ethdev_conf *conf;
	struct weir_pipeline *pipeline;
	size_t at = strlen(text), end = strlen(expected);

	(void)state;
	for (unsigned int i = 1; i < 100; i++) {
		at += (size_t)snprintf(text + at, sizeof(text) - at, "\tor host 10.0.0.%u%s\n", i,
			i < 99 ? " \\" : "");
		end += (size_t)snprintf(expected + end, sizeof(expected) - end,
			" or host 10.0.0.%u", i);
	}
	snprintf(text + at, sizeof(text) - at, "%s",
		"mac = 02:00:00:00:00:01,\\\r\n; not this one: 02:00:00:00:00:02,\n"
		"  02:00:00:00:00:03\nqueues = 2\n  descriptors = 512\n"
		"[stage out]\ntype = t_sink\ninput =\\\nwan\n");
	pipeline = load_checked(text);
	conf = node_of(pipeline, "wan")->type_conf;
	assert_string_equal(conf->match, expected);
	assert_string_equal(conf->mac, "02:00:00:00:00:01, 02:00:00:00:00:03");
	assert_int_equal(node_of(pipeline, "wan")->conf.workers, 2);
	assert_int_equal(node_of(pipeline, "wan")->conf.descriptors, 512);
	weir_pipeline_free(pipeline);
}

static const char design[] = "[pipeline]\n"
			     "name  = tap\n"
			     "burst = 32                ; events moved at once\n"
			     "numa  = prefer            ; strict | prefer | off\n"
			     "\n"
			     "[pool]\n"
			     "size = auto               ; or a number of mbufs per socket\n"
			     "\n"
			     "[source wan]\n"
			     "device  = 0000:01:00.0    ; any ethdev name\n"
			     "queues  = 2               ; one worker each\n"
			     "idle    = exponential\n"
			     "idle.max = 50us\n"
			     "\n"
			     "[stage busy]\n"
			     "type    = work\n"
			     "input   = wan             ; or several: input = wan, other\n"
			     "workers = 2\n"
			     "lcores  = 2-3\n"
			     "cycles  = 300\n"
			     "\n"
			     "[stage out]\n"
			     "type  = eve\n"
			     "input = busy\n"
			     "path  = events.json\n"
			     "\n"
			     "[link wan busy]\n"
			     "ring    = 4096\n"
			     "spread  = flow\n"
			     "on_full = drop-newest\n";

static void
test_design(void **state)
{
	struct weir_pipeline *pipeline = load_checked(design);
	const struct node *wan = node_of(pipeline, "wan"), *busy = node_of(pipeline, "busy");
	const struct link *link = link_of(pipeline, "wan", "busy");

	(void)state;
	assert_string_equal(weir_pipeline_name(pipeline), "tap");
	assert_int_equal(pipeline->conf.burst, 32);
	assert_int_equal(pipeline->pool.size, 0);
	assert_true(wan->source);
	assert_ptr_equal(wan->source_ops, &source_ethdev);
	assert_string_equal(wan->conf.device, "0000:01:00.0");
	assert_int_equal(wan->conf.workers, 2);
	assert_int_equal(wan->conf.idle, WEIR_WAIT_EXPONENTIAL);
	assert_int_equal(wan->conf.idle_max, 50000);
	assert_ptr_equal(busy->stage_ops, weir_stage_find("work"));
	assert_string_equal(busy->conf.lcores, "2-3");
	assert_int_equal(*(uint64_t *)((char *)busy->type_conf + busy->stage_ops->params[0].offset),
		300);
	assert_int_equal(pipeline->link_count, 2);
	assert_int_equal(link->conf.ring, 4096);
	assert_int_equal(pipeline_on_full(pipeline, link), WEIR_ON_FULL_DROP_NEWEST);
	assert_false(link_feedback(link));
	link = link_of(pipeline, "busy", "out");
	assert_int_equal(link->conf.ring, 1023);
	assert_int_equal(pipeline_on_full(pipeline, link), WEIR_ON_FULL_BLOCK);
	weir_pipeline_free(pipeline);
}

static void
test_defaults(void **state)
{
	struct weir_pipeline *pipeline =
		load_checked("[source s]\ntype = synth\n[source e]\ndevice = net_null0\n"
			     "[stage o]\ntype = t_sink\ninput = s, e\n");
	const struct link *link = link_of(pipeline, "s", "o");
	const struct node *o = node_of(pipeline, "o"), *e = node_of(pipeline, "e");

	(void)state;
	assert_string_equal(weir_pipeline_name(pipeline), "t");
	assert_int_equal(pipeline->conf.burst, 32);
	assert_int_equal(pipeline->conf.numa, NUMA_PREFER);
	assert_int_equal(pipeline->pool.data_room, 0);
	assert_int_equal(pipeline->pool.cache, 256);
	assert_int_equal(o->conf.workers, 1);
	assert_string_equal(o->conf.lcores, "");
	assert_string_equal(o->conf.numa, "");
	assert_string_equal(o->conf.device, "");
	assert_string_equal(o->conf.drop, "");
	assert_int_equal(o->conf.idle, WEIR_WAIT_AUTO);
	assert_int_equal(o->conf.idle_min, 100);
	assert_int_equal(o->conf.idle_max, 50000);
	assert_null(o->type_conf);
	assert_int_equal(e->conf.descriptors, 0);
	assert_int_equal(e->conf.tunnel, WEIR_PARSE_INNER);
	assert_int_equal(e->conf.under_pressure, WEIR_PARSE_FULL);
	assert_int_equal(e->conf.fragments, WEIR_PARSE_FRAGMENTS_DATAGRAM);
	assert_string_equal(e->conf.input, "");
	assert_int_equal(pipeline_drops(&e->conf).verdicts, 0);
	assert_int_equal(pipeline_drops(&e->conf).flags, 0);
	assert_int_equal(link->conf.kind, WEIR_LINK_AUTO);
	assert_int_equal(link->conf.ring, 1023);
	assert_int_equal(link->conf.spread, WEIR_SPREAD_FLOW);
	assert_int_equal(link->conf.on_full, WEIR_ON_FULL_BLOCK);
	assert_int_equal(link->conf.full, WEIR_WAIT_AUTO);
	assert_int_equal(link->conf.full_min, 100);
	assert_int_equal(link->conf.full_max, 50000);
	assert_int_equal(link->conf.linger, 0);
	assert_int_equal(link_of(pipeline, "e", "o")->conf.on_full, WEIR_ON_FULL_DROP_NEWEST);
	weir_pipeline_free(pipeline);
}

/* Names of arrays are what the enums are. */
static void
test_names(void **state)
{
	(void)state;
	for (unsigned int i = WEIR_ON_FULL_BLOCK; i < WEIR_ON_FULL_MAX; i++)
		assert_string_equal(on_full_names[i], link_policy((enum weir_on_full)i)->name);
	assert_null(on_full_names[WEIR_ON_FULL_MAX]);
	assert_string_equal(spread_names[WEIR_SPREAD_COPY], "copy");
	assert_null(spread_names[WEIR_SPREAD_COPY + 1]);
	assert_string_equal(wait_names[WEIR_WAIT_INTERRUPT], "interrupt");
	assert_null(wait_names[WEIR_WAIT_INTERRUPT + 1]);
	assert_null(weir_section_params(NULL));
	assert_null(weir_section_params("stages"));
	assert_string_equal(weir_section_params("link")[0].name, "kind");
	assert_string_equal(weir_section_params("pool")[0].name, "size");
}

/* Whatever the order of sections and keys, the pipeline is the same. */
static void
test_key_order(void **state)
{
	struct weir_pipeline *pipeline = load_checked(
		"\xef\xbb\xbf# with a BOM, CRLF and no final newline\r\n"
		"[link a out]\r\n\tring=2k\r\n"
		"[ stage   out ] ; the end\r\n  input = a\r\n  type = t_sink\r\n"
		"[stage a]\r\nt.uint = 0x10\r\nt.text = a = b;c: d ; x\r\n"
		"input = s\r\ntype = t_all\r\n"
		"[source s] # first\r\ntype = inject\r\ndrop = trunc_l2 , ext_chain\r\n"
		"[pipeline]\r\nname = n");
	const struct types_conf *conf = node_of(pipeline, "a")->type_conf;

	(void)state;
	assert_string_equal(weir_pipeline_name(pipeline), "n");
	assert_int_equal(conf->uint, 16);
	assert_string_equal(conf->text, "a = b;c: d");
	assert_int_equal(link_of(pipeline, "a", "out")->conf.ring, 2048);
	assert_int_equal(pipeline_drops(&node_of(pipeline, "s")->conf).verdicts,
		1u << WEIR_VERDICT_TRUNC_L2 | 1u << WEIR_VERDICT_EXT_CHAIN);
	set(pipeline, "s", "checksum", "verify");
	assert_int_equal(node_of(pipeline, "s")->conf.checksum, WEIR_PARSE_CHECKSUM_VERIFY);
	set(pipeline, "s", "fragments", "flow");
	assert_int_equal(node_of(pipeline, "s")->conf.fragments, WEIR_PARSE_FRAGMENTS_FLOW);
	set(pipeline, "s", "under_pressure", "key-only");
	assert_int_equal(node_of(pipeline, "s")->conf.under_pressure, WEIR_PARSE_KEY_ONLY);
	weir_pipeline_free(pipeline);
}

static void
test_types(void **state)
{
	struct weir_pipeline *pipeline = weir_pipeline_create("p", &error);
	const struct types_conf *conf;

	(void)state;
	set(pipeline, "stage a", "type", "t_all");
	conf = node_of(pipeline, "a")->type_conf;
	assert_int_equal(conf->uint, 7);
	assert_int_equal(conf->size, 0);
	assert_int_equal(conf->duration, 1500);
	assert_int_equal(conf->rate, 14880000);
	assert_true(conf->share == 0.75);
	assert_true(conf->real == 0.99);
	assert_int_equal(conf->flag, 1);
	assert_int_equal(conf->word, 1);
	assert_string_equal(conf->text, "hello");
	assert_string_equal(conf->lcores, "");
	set(pipeline, "a", "t.uint", "0x3E8");
	set(pipeline, "a", "t.size", "none");
	set(pipeline, "a", "t.duration", "0.25ms");
	set(pipeline, "a", "t.rate", "2G");
	set(pipeline, "a", "t.share", "12.5%");
	set(pipeline, "a", "t.real", "2");
	set(pipeline, "a", "t.flag", "off");
	set(pipeline, "a", "t.word", "blue");
	set(pipeline, "a", "t.text", "bye");
	set(pipeline, "a", "t.text", "x");
	set(pipeline, "a", "t.lcores", "1,3-5");
	assert_int_equal(conf->uint, 1000);
	assert_int_equal(conf->size, 1);
	assert_int_equal(conf->duration, 250000);
	assert_int_equal(conf->rate, 2000000000);
	assert_true(conf->share == 0.125);
	assert_true(conf->real == 2);
	assert_int_equal(conf->flag, 0);
	assert_int_equal(conf->word, 2);
	assert_string_equal(conf->text, "x");
	assert_string_equal(conf->lcores, "1,3-5");
	set(pipeline, "a", "t.size", "1.5k");
	set(pipeline, "a", "t.duration", "0.025m");
	assert_int_equal(conf->size, 1536);
	assert_int_equal(conf->duration, 1500000000);
	set(pipeline, "a", "t.duration", "0.0005h");
	assert_int_equal(conf->duration, 1800000000);
	set(pipeline, "a", "t.duration", "0");
	assert_int_equal(conf->duration, 0);
	weir_pipeline_free(pipeline);
}

/* Every type has defaults that its own table accepts, and no key that its section has too. */
static void
check_table(struct weir_pipeline *pipeline, const char *kind, const char *type,
	const struct weir_param *params)
{
	const struct weir_param *common = weir_section_params(kind);
	char section[64];

	if (strncmp(type, "t_bad", 5) == 0)
		return;
	snprintf(section, sizeof(section), "%s x-%.20s", kind, type);
	set(pipeline, section, "type", type);
	for (; params != NULL && params->name != NULL; params++) {
		assert_non_null(params->help);
		if (params->def != NULL && params->def[0] != '\0')
			set(pipeline, section, params->name, params->def);
		for (const struct weir_param *c = common; c->name != NULL; c++)
			assert_string_not_equal(c->name, params->name);
	}
}

static void
test_tables(void **state)
{
	struct weir_pipeline *pipeline = weir_pipeline_create("p", &error);
	const struct weir_source_type *source;
	const struct weir_stage_ops *ops = NULL;

	(void)state;
	for (unsigned int i = 0; (source = weir_source_type(i)) != NULL; i++)
		check_table(pipeline, "source", source->name, source->params);
	while ((ops = weir_stage_next(ops)) != NULL)
		check_table(pipeline, "stage", ops->name, ops->params);
	weir_pipeline_free(pipeline);
}

static void
test_set_text(void **state)
{
	struct weir_pipeline *pipeline = load(design);

	(void)state;
	assert_int_equal(weir_pipeline_set_text(pipeline, "busy.cycles=7", &error), 0);
	assert_int_equal(weir_pipeline_set_text(pipeline, "wan.idle.max=1ms", &error), 0);
	assert_int_equal(weir_pipeline_set_text(pipeline, "stage busy.workers = 3", &error), 0);
	assert_int_equal(weir_pipeline_set_text(pipeline, "link wan busy.full.max=2ms", &error), 0);
	assert_int_equal(weir_pipeline_set_text(pipeline, "link busy.out out.ring=64", &error), 0);
	assert_int_equal(weir_pipeline_set_text(pipeline, " pool.size = 16k ", &error), 0);
	assert_int_equal(weir_pipeline_set_text(pipeline, "pipeline.name=x", &error), 0);
	assert_int_equal(weir_pipeline_set_text(pipeline, "stage n.type=t_all", &error), 0);
	assert_int_equal(weir_pipeline_set_text(pipeline, "n.t.text=a.b = c", &error), 0);
	assert_int_equal(weir_pipeline_set_text(pipeline, "n.input=wan", &error), 0);
	refuse_text(pipeline, NULL, "expected SECTION.KEY=VALUE");
	refuse_text(pipeline, "busy.cycles", "'busy.cycles': expected SECTION.KEY=VALUE");
	refuse_text(pipeline, "busy=3", "'busy': expected SECTION.KEY=VALUE");
	refuse_text(pipeline, "", "expected SECTION.KEY=VALUE");
	refuse_text(pipeline, "=", "'=': expected SECTION.KEY=VALUE");
	refuse_text(pipeline, ".=", "unknown section []");
	refuse_text(pipeline, "busi.cycles=3", "[busi]: expected pipeline");
	refuse_text(pipeline, "busi.cycles=3", "did you mean 'busy'?");
	refuse_text(pipeline, "busy.idle.mix=3", "unknown key 'idle.mix'; did you mean 'idle.min'");
	refuse_text(pipeline, "busy.cycles=", "cycles has no value");
	refuse_text(pipeline, "lnk wan busy.ring=64", "did you mean 'link'?");
	assert_int_equal(weir_pipeline_check(pipeline, &error), 0);
	assert_int_equal(node_of(pipeline, "busy")->conf.workers, 3);
	assert_int_equal(node_of(pipeline, "wan")->conf.idle_max, 1000000);
	assert_int_equal(link_of(pipeline, "wan", "busy")->conf.full_max, 2000000);
	assert_int_equal(link_of(pipeline, "busy", "out")->conf.ring, 64);
	assert_int_equal(pipeline->pool.size, 16384);
	assert_string_equal(weir_pipeline_name(pipeline), "x");
	assert_string_equal(((struct types_conf *)node_of(pipeline, "n")->type_conf)->text,
		"a.b = c");
	weir_pipeline_free(pipeline);
}

/* A check after a change sees the change, and an error after a set has no line of the file. */
static void
test_check_again(void **state)
{
	struct weir_pipeline *pipeline = load_checked(design);

	(void)state;
	assert_int_equal(weir_pipeline_check(pipeline, &error), 0);
	set(pipeline, "out", "input", "wan, busy");
	assert_null(pipeline->links);
	assert_int_equal(weir_pipeline_check(pipeline, &error), 0);
	assert_int_equal(pipeline->link_count, 3);
	set(pipeline, "out", "input", "wan, bussy");
	assert_int_equal(weir_pipeline_check(pipeline, &error), -EINVAL);
	assert_ptr_equal(strstr(error.text, "[stage out] input = wan, bussy: there is no"),
		error.text);
	weir_pipeline_free(pipeline);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
test_file(void **state)
{
	char dir[] = "/tmp/weir-pipeline-XXXXXX", path[64];
	struct weir_pipeline *pipeline;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/ta-p_1.v2.ini", dir);
	write_file(path, "[source s]\ntype = synth\n");
	pipeline = weir_pipeline_load(path, &error);
	assert_non_null(pipeline);
	assert_string_equal(weir_pipeline_name(pipeline), "ta-p_1");
	weir_pipeline_free(pipeline);
	unlink(path);
	snprintf(path, sizeof(path), "%s/a b.ini", dir);
	write_file(path, "[source s]\ntype = synth");
	pipeline = weir_pipeline_load(path, &error);
	assert_non_null(pipeline);
	assert_string_equal(weir_pipeline_name(pipeline), "weir");
	weir_pipeline_free(pipeline);
	unlink(path);
	rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_failure_changes_nothing),
		cmocka_unit_test(test_type_again),
		cmocka_unit_test(test_design),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_key_order),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_set_text),
		cmocka_unit_test(test_check_again),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_goes_on),
	};

	types_register();
	return cmocka_run_group_tests_name("pipeline builder", tests, NULL, NULL);
}
