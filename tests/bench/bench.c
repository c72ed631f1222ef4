/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_random.h>
#include <rte_version.h>

#include <weir/version.h>

#include "bench.h"

#define MEMORY_MB 512
#define EAL_ARGS_MAX 48

/* The figures of a case. */
struct figures {
	double of[BENCH_SIDES_MAX][BENCH_METRICS_MAX][BENCH_ROUNDS_MAX];
};

/* Figures, or ratios, in short. */
struct summary {
	double median, q1, q3, min, max;
};

static const char *program = "bench";
static bool eal_begun;

void
bench_die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "bench_%s: ", program);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void
usage(void)
{
	fprintf(stderr,
		"usage: bench_%s [--json FILE] [--case TEXT] [--side TEXT] [ROUNDS]\n"
		"  --json FILE   write all figures there\n"
		"  --case TEXT   only the cases with TEXT in their name\n"
		"  --side TEXT   only the sides with TEXT in their name\n"
		"  ROUNDS        1 to %d, %d if left out; fewer than %d are for trying out\n",
		program, BENCH_ROUNDS_MAX, BENCH_ROUNDS, BENCH_ROUNDS_MIN);
	exit(2);
}

static void
take_rounds(struct bench *bench, const char *text)
{
	char *end;
	unsigned long rounds = strtoul(text, &end, 10);

	if (*end != '\0' || rounds == 0 || rounds > BENCH_ROUNDS_MAX)
		usage();
	bench->rounds = (unsigned int)rounds;
}

void
bench_open(struct bench *bench, int argc, char **argv)
{
	const struct {
		const char *name;
		const char **value;
	} options[] = {
		{ "--json", &bench->json_path },
		{ "--case", &bench->only_case },
		{ "--side", &bench->only_side },
	};

	program = bench->name;
	bench->rounds = BENCH_ROUNDS;
	bench->json = json_object();
	for (int i = 1; i < argc; i++) {
		unsigned int o = 0;

		while (o < RTE_DIM(options) && strcmp(argv[i], options[o].name) != 0)
			o++;
		if (o == RTE_DIM(options))
			take_rounds(bench, argv[i]);
		else if (++i < argc)
			*options[o].value = argv[i];
		else
			usage();
	}
}

/*
 * Whether so many hugepages are free. valgrind has no addresses for what EAL reserves with them: there
 * WEIR_BENCH_NO_HUGE is set.
 */
static bool
hugepages_free(unsigned int memory_mb)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");
	unsigned int n = 0;

	if (file == NULL)
		return false;
	if (getenv("WEIR_BENCH_NO_HUGE") != NULL || fscanf(file, "%u", &n) != 1)
		n = 0;
	fclose(file);
	return n * 2 >= memory_mb;
}

/* The first two CPUs that this process may use; the same one twice where there is one. */
static void
own_cpus(int cpus[2])
{
	cpu_set_t set;
	int found = 0;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		bench_die("affinity: %s", strerror(errno));
	for (int i = 0; i < CPU_SETSIZE && found < 2; i++)
		if (CPU_ISSET(i, &set))
			cpus[found++] = i;
	if (found < 2)
		cpus[1] = cpus[0];
}

void
bench_eal(struct bench *bench, const char *const vdevs[])
{
	char lcores[64];
	int cpus[2];

	own_cpus(cpus);
	if (cpus[0] == cpus[1])
		fprintf(stderr, "bench_%s: one CPU: what takes two shares it\n", program);
	snprintf(lcores, sizeof(lcores), "0@%d,1@%d,2@%d", cpus[0], cpus[0], cpus[1]);
	bench_eal_with(bench, vdevs, lcores, MEMORY_MB);
}

/* EAL leaves the files of a --file-prefix behind. */
static void
forget_runtime_dir(void)
{
	DIR *dir = opendir(rte_eal_get_runtime_dir());
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(rte_eal_get_runtime_dir());
}

void
bench_eal_with(struct bench *bench, const char *const vdevs[], const char *lcores,
	unsigned int memory_mb)
{
	char prefix[64], memory[16];
	const char *args[EAL_ARGS_MAX] = { "bench" };
	int n = 1;

	bench->hugepages = hugepages_free(memory_mb);
	snprintf(prefix, sizeof(prefix), "weir-bench-%s-%d", bench->name, (int)getpid());
	snprintf(memory, sizeof(memory), "%u", memory_mb);
	args[n++] = bench->hugepages ? "--in-memory" : "--no-huge";
	args[n++] = "-m";
	args[n++] = memory;
	args[n++] = "--no-pci";
	args[n++] = "--no-telemetry";
	args[n++] = "--lcores";
	args[n++] = lcores;
	args[n++] = "--file-prefix";
	args[n++] = prefix;
	args[n++] = "--log-level";
	args[n++] = "*:4";
	for (unsigned int i = 0; vdevs != NULL && vdevs[i] != NULL && n < EAL_ARGS_MAX - 1; i++) {
		args[n++] = "--vdev";
		args[n++] = vdevs[i];
	}
	if (rte_eal_init(n, (char **)(uintptr_t)args) < 0)
		bench_die("EAL: %s", rte_strerror(rte_errno));
	eal_begun = true;
	atexit(forget_runtime_dir);
}

void
bench_port_renew(const char *name)
{
	if (rte_eal_hotplug_remove("vdev", name) != 0 || rte_eal_hotplug_add("vdev", name, "") != 0)
		bench_die("port %s cannot be made anew", name);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
bench_quantile(double figures[], unsigned int n, double share)
{
	qsort(figures, n, sizeof(*figures), compare);
	return figures[(unsigned int)(share * (n - 1) + 0.5)];
}

static struct summary
summarise(const double figures[], unsigned int n)
{
	double sorted[BENCH_ROUNDS_MAX];

	memcpy(sorted, figures, n * sizeof(*figures));
	return (struct summary){
		.median = bench_quantile(sorted, n, 0.5),
		.q1 = bench_quantile(sorted, n, 0.25),
		.q3 = bench_quantile(sorted, n, 0.75),
		.min = bench_quantile(sorted, n, 0),
		.max = bench_quantile(sorted, n, 1),
	};
}

/* Round by round: what one side has, divided by what another has. */
static struct summary
ratio(const double of[], const double to[], unsigned int n)
{
	double ratios[BENCH_ROUNDS_MAX];

	for (unsigned int r = 0; r < n; r++)
		ratios[r] = to[r] != 0 ? of[r] / to[r] : 0;
	return summarise(ratios, n);
}

static bool
runs(const struct bench *bench, const struct bench_side *side)
{
	return side->skipped == NULL &&
		(bench->only_side == NULL || strstr(side->name, bench->only_side) != NULL);
}

/*
 * One round of a side, with what it allocates somewhere else each time: how that lies to the stacks
 * and to static data in the low bits of addresses makes a tenth of some rates, and is nobody's merit.
 */
static void
run_side(const struct bench_side *side, double figures[])
{
	void *shift = rte_malloc(NULL, RTE_CACHE_LINE_SIZE * (1 + rte_rand_max(64)), 0);

	side->run(side->arg, figures);
	rte_free(shift);
}

static void
run_rounds(const struct bench *bench, const struct bench_side sides[], unsigned int n_sides,
	struct figures *figures)
{
	double round[BENCH_METRICS_MAX] = { 0 };

	for (unsigned int r = 0; r <= bench->rounds; r++) {
		for (unsigned int i = 0; i < n_sides; i++) {
			if (!runs(bench, &sides[i]))
				continue;
			run_side(&sides[i], round);
			for (unsigned int m = 0; r > 0 && m < bench->metric_count; m++)
				figures->of[i][m][r - 1] = round[m];
		}
	}
}

/* What was meant, and whether it came out; "" where nothing was. */
static const char *
aim(const struct bench_side *side, unsigned int metric, double ratio, char text[], size_t size)
{
	double least = side->at_least[metric], most = side->at_most[metric];

	text[0] = '\0';
	if (least != 0)
		snprintf(text, size, "  >= %.2f %s", least, ratio >= least ? "yes" : "NO");
	else if (most != 0)
		snprintf(text, size, "  <= %.2f %s", most, ratio <= most ? "yes" : "NO");
	return text;
}

static void
print_side(const struct bench *bench, const struct bench_side *side, unsigned int metric,
	const double own[], const double reference[])
{
	struct summary s = summarise(own, bench->rounds), r;
	char text[32];

	printf("  %-34s %10.2f %10.2f %10.2f", side->name, s.median, s.q1, s.q3);
	if (reference != NULL) {
		r = ratio(reference, own, bench->rounds);
		printf("   %8.3f %8.3f %8.3f%s", r.median, r.q1, r.q3,
			aim(side, metric, r.median, text, sizeof(text)));
	}
	printf("\n");
}

static void
print_case(const struct bench *bench, const char *name, const struct bench_side sides[],
	unsigned int n_sides, unsigned int reference, const struct figures *figures)
{
	bool has_ratio = runs(bench, &sides[reference]);

	for (unsigned int m = 0; m < bench->metric_count; m++) {
		const struct bench_metric *metric = &bench->metrics[m];

		printf("\n%s: %s, %s, %u rounds%s; ratio: of %s to each\n", name, metric->name,
			metric->unit, bench->rounds,
			bench->rounds < BENCH_ROUNDS_MIN ? " (too few)" : "",
			sides[reference].name);
		printf("  %-34s %10s %10s %10s   %8s %8s %8s\n", "", "median", "q1", "q3", "ratio",
			"q1", "q3");
		for (unsigned int i = 0; i < n_sides; i++) {
			if (runs(bench, &sides[i]))
				print_side(bench, &sides[i], m, figures->of[i][m],
					has_ratio ? figures->of[reference][m] : NULL);
			else if (sides[i].skipped != NULL)
				printf("  %-34s skipped: %s\n", sides[i].name, sides[i].skipped);
		}
	}
	fflush(stdout);
}

static json_t *
json_summary(struct summary s)
{
	return json_pack("{s:f,s:f,s:f,s:f,s:f}", "median", s.median, "q1", s.q1, "q3", s.q3, "min",
		s.min, "max", s.max);
}

static json_t *
json_metric(const struct bench *bench, const struct bench_side *side, unsigned int metric,
	const double own[], const double reference[])
{
	json_t *json = json_summary(summarise(own, bench->rounds)), *rounds = json_array();

	for (unsigned int r = 0; r < bench->rounds; r++)
		json_array_append_new(rounds, json_real(own[r]));
	json_object_set_new(json, "rounds", rounds);
	if (reference != NULL)
		json_object_set_new(json, "ratio",
			json_summary(ratio(reference, own, bench->rounds)));
	if (side->at_least[metric] != 0)
		json_object_set_new(json, "at_least", json_real(side->at_least[metric]));
	if (side->at_most[metric] != 0)
		json_object_set_new(json, "at_most", json_real(side->at_most[metric]));
	return json;
}

static json_t *
json_case(const struct bench *bench, const char *name, const struct bench_side sides[],
	unsigned int n_sides, unsigned int reference, const struct figures *figures)
{
	bool has_ratio = runs(bench, &sides[reference]);
	json_t *list = json_array();

	for (unsigned int i = 0; i < n_sides; i++) {
		json_t *side = json_pack("{s:s}", "name", sides[i].name);

		if (sides[i].skipped != NULL)
			json_object_set_new(side, "skipped", json_string(sides[i].skipped));
		for (unsigned int m = 0; runs(bench, &sides[i]) && m < bench->metric_count; m++)
			json_object_set_new(side, bench->metrics[m].name,
				json_metric(bench, &sides[i], m, figures->of[i][m],
					has_ratio ? figures->of[reference][m] : NULL));
		json_array_append_new(list, side);
	}
	return json_pack("{s:s,s:s,s:o}", "name", name, "reference", sides[reference].name, "sides",
		list);
}

void
bench_case(struct bench *bench, const char *name, const struct bench_side sides[],
	unsigned int n_sides, unsigned int reference)
{
	struct figures *figures;
	json_t *cases = json_object_get(bench->json, "cases");

	if (bench->only_case != NULL && strstr(name, bench->only_case) == NULL)
		return;
	if (n_sides > BENCH_SIDES_MAX || bench->metric_count > BENCH_METRICS_MAX)
		bench_die("case %s: too many sides or metrics", name);
	if (cases == NULL) {
		printf("%s: %s; %s\n", bench->name, bench->title,
			bench->hugepages ? "hugepages" : "no hugepages");
		cases = json_array();
		json_object_set_new(bench->json, "cases", cases);
	}
	figures = calloc(1, sizeof(*figures));
	if (figures == NULL)
		bench_die("no memory");
	run_rounds(bench, sides, n_sides, figures);
	print_case(bench, name, sides, n_sides, reference, figures);
	json_array_append_new(cases, json_case(bench, name, sides, n_sides, reference, figures));
	free(figures);
}

static void
json_head(const struct bench *bench)
{
	json_t *metrics = json_array();

	for (unsigned int m = 0; m < bench->metric_count; m++)
		json_array_append_new(metrics,
			json_pack("{s:s,s:s}", "name", bench->metrics[m].name, "unit",
				bench->metrics[m].unit));
	json_object_set_new(bench->json, "bench", json_string(bench->name));
	json_object_set_new(bench->json, "title", json_string(bench->title));
	json_object_set_new(bench->json, "weir", json_string(weir_version()));
	json_object_set_new(bench->json, "dpdk", json_string(rte_version()));
	json_object_set_new(bench->json, "hugepages", json_boolean(bench->hugepages));
	json_object_set_new(bench->json, "rounds", json_integer(bench->rounds));
	json_object_set_new(bench->json, "metrics", metrics);
}

int
bench_close(struct bench *bench)
{
	if (json_object_get(bench->json, "cases") == NULL)
		bench_die("no case has \"%s\" in its name", bench->only_case);
	json_head(bench);
	if (bench->json_path != NULL &&
		json_dump_file(bench->json, bench->json_path,
			JSON_INDENT(1) | JSON_REAL_PRECISION(8)) != 0)
		bench_die("cannot write %s: %s", bench->json_path, strerror(errno));
	json_decref(bench->json);
	if (eal_begun)
		rte_eal_cleanup();
	return 0;
}
