/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* --preflight: what the machine lacks, a line each, for people and for scripts/preflight.sh. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "app.h"

/* EAL's options that count for a plan, or say what devices it may take. All take a value. */
static const char *const kept[] = { "-l", "-c", "--lcores", "--coremask", "--main-lcore", "-a",
	"--allow", "-b", "--block", "-d", "--driver-path" };
/* In place of the rest: no device is taken, nor a hugepage, nor the run directory of another. */
static const char *const added[] = { "--no-pci", "--no-huge", "-m", "64", "--no-telemetry",
	"--log-level", "lib.eal:error" };

/* How many arguments an option takes with its value; 0: it is not that option. */
static int
takes(const char *argument, const char *option)
{
	size_t n = strlen(option);
	bool is_short = option[1] != '-';

	if (strncmp(argument, option, n) != 0)
		return 0;
	if (argument[n] == '\0')
		return 2;
	return is_short || argument[n] == '=' ? 1 : 0;
}

static int
is_kept(const char *argument)
{
	int n = 0;

	for (unsigned int i = 0; n == 0 && i < RTE_DIM(kept); i++)
		n = takes(argument, kept[i]);
	return n;
}

char **
preflight_eal(int *argc, char **argv)
{
	static char prefix[48];
	char **own = calloc((size_t)*argc + RTE_DIM(added) + 2, sizeof(*own));
	int used = 0;

	if (own == NULL)
		return NULL;
	own[used++] = argv[0];
	for (int i = 1; i < *argc; i++) {
		int n = is_kept(argv[i]);

		for (int k = 0; k < n && i + k < *argc; k++)
			own[used++] = argv[i + k];
		i += n > 0 ? n - 1 : 0;
	}
	for (unsigned int i = 0; i < RTE_DIM(added); i++)
		own[used++] = (char *)(uintptr_t)added[i];
	snprintf(prefix, sizeof(prefix), "--file-prefix=preflight-%d", (int)getpid());
	own[used++] = prefix;
	*argc = used;
	return own;
}

/* Fields do not have tabs: names of the file and of the kernel have none. */
static void
print(const struct weir_finding *finding, void *arg)
{
	static const char *const mends[] = {
		[WEIR_MEND_NONE] = "none",
		[WEIR_MEND_SAFE] = "apply",
		[WEIR_MEND_RUN] = "run",
		[WEIR_MEND_OPTION] = "give",
		[WEIR_MEND_KERNEL] = "boot",
	};

	fprintf(arg, "%s\t%s\t%s\t%s\t%s\n", finding->fault ? "fault" : "advice", finding->subject,
		finding->text, mends[finding->mend],
		finding->mend == WEIR_MEND_NONE ? "-" : finding->command);
}

/* The value of an option that stands there, past which *i goes; NULL: it is another. */
static const char *
value_of(int argc, char **argv, int *i, const char *option)
{
	int n = takes(argv[*i], option);

	if (n == 2)
		return ++*i < argc ? argv[*i] : NULL;
	if (n == 0)
		return NULL;
	return argv[*i] + strlen(option) + (option[1] == '-');
}

/* -m, which has a long name from DPDK 25.11 on. */
static const char *
memory_of(int argc, char **argv, int *i)
{
	const char *value = value_of(argc, argv, i, "-m");

	return value != NULL || *i == argc ? value : value_of(argc, argv, i, "--memory-size");
}

/* What EAL is given for a run, as far as it concerns what is looked at; vdevs is for free(). */
static const char **
look_given(struct weir_preflight_conf *conf, int argc, char **argv)
{
	const char **vdevs = calloc((size_t)argc + 1, sizeof(*vdevs)), *value;
	unsigned int count = 0;

	if (vdevs == NULL)
		return NULL;
	for (int i = 1; i < argc; i++) {
		if ((value = value_of(argc, argv, &i, "--vdev")) != NULL)
			vdevs[count++] = value;
		else if (i < argc && (value = memory_of(argc, argv, &i)) != NULL)
			conf->memory_mb = (uint32_t)strtoul(value, NULL, 0);
	}
	conf->vdevs = vdevs;
	conf->no_huge = has_argument(argc, argv, "--no-huge");
	conf->in_memory = has_argument(argc, argv, "--in-memory");
	conf->no_pci = has_argument(argc, argv, "--no-pci");
	return vdevs;
}

int
preflight(const struct weir_pipeline *pipeline, int argc, char **argv)
{
	struct weir_preflight_conf conf;
	struct weir_error error;
	const char **vdevs;
	int faults;

	weir_preflight_conf_init(&conf);
	vdevs = look_given(&conf, argc, argv);
	if (vdevs == NULL) {
		complain("no memory for the command line");
		return STATUS_MACHINE;
	}
	faults = weir_preflight(pipeline, &conf, print, stdout, &error);
	free(vdevs);
	if (faults < 0)
		complain("%s", error.text);
	if (faults < 0 && error.code == EINVAL)
		return STATUS_USAGE;
	return faults == 0 ? STATUS_OK : STATUS_MACHINE;
}
