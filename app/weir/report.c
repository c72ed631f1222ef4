/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"

bool
report_is_apart(const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
		own_fd(&st, STDERR_FILENO + 1) < 0)
		return true;
	complain(
		"--report %s is a file that the run itself reads or writes, as the path of a stage; "
		"give it one of its own",
		path);
	return false;
}

FILE *
report_open(const char *path)
{
	FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");

	if (file == NULL)
		complain("cannot write the report: %s: %s", path, strerror(errno));
	return file;
}

int
report_write(const struct weir_engine *engine, FILE *file, const char *path)
{
	char *text = weir_report(engine);
	int ret = text != NULL ? 0 : -ENOMEM;

	if (ret == 0 && (fputs(text, file) == EOF || fputc('\n', file) == EOF))
		ret = -errno;
	if ((file == stdout ? fflush(file) : fclose(file)) != 0 && ret == 0)
		ret = -errno;
	if (ret != 0)
		complain("cannot write the report: %s: %s", path, strerror(-ret));
	free(text);
	return ret;
}

uint64_t
report_leaked(const struct weir_engine *engine)
{
	struct weir_pool_figures pool = WEIR_POOL_FIGURES_INIT;
	uint64_t leaked = 0;

	for (unsigned int i = 0; weir_ledger_pool(engine, i, &pool) == 0; i++)
		leaked += pool.leaked;
	return leaked;
}
