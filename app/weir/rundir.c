/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * EAL's run directory, which EAL leaves behind with what lies in it: each run with a --file-prefix
 * of its own would leave one more. What others use, or have made, stays.
 */
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "app.h"

/* "": it is not this process's. */
static char path[PATH_MAX];
static bool ended;

/* What EAL makes there; who uses one that is `locked` has a lock on it. */
static const struct {
	const char *pattern;
	bool locked;
} made[] = {
	{ "fbarray_*", true },
	{ "mp_socket", false },
	{ "hugepage_info", false },
};

/*
 * Whether nobody else has a lock on it any more. EAL keeps some files open to the end: its own lock
 * then becomes the one that is tried.
 */
static bool
is_free(int folder, const char *name)
{
	struct stat st;
	int own = fstatat(folder, name, &st, 0) == 0 ? own_fd(&st, 0) : -1;
	int fd = own >= 0 ? own : openat(folder, name, O_RDONLY | O_CLOEXEC);
	bool is = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;

	if (own < 0 && fd >= 0)
		close(fd);
	return is;
}

static void
clear_entry(int folder, const char *name)
{
	for (unsigned int i = 0; i < RTE_DIM(made); i++)
		if (fnmatch(made[i].pattern, name, 0) == 0 &&
			(!made[i].locked || is_free(folder, name)))
			unlinkat(folder, name, 0);
}

/* The configuration last: who starts with the same prefix finds it locked until then. */
static void
rundir_clear(void)
{
	DIR *dir = ended && path[0] != '\0' ? opendir(path) : NULL;
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		clear_entry(dirfd(dir), entry->d_name);
	unlinkat(dirfd(dir), "config", 0);
	closedir(dir);
	rmdir(path);
}

void
rundir_before_eal(void)
{
	/* EAL removes its telemetry socket when the process exits: after what is asked for later. */
	atexit(rundir_clear);
}

/*
 * EAL keeps its configuration open, and locked, for as long as it has the directory to itself, and
 * only then. To open that here and close it again would give the lock up.
 */
void
rundir_own(void)
{
	char file[PATH_MAX];
	const char *folder = rte_eal_get_runtime_dir();
	int n = snprintf(file, sizeof(file), "%s/config", folder);
	struct stat st;

	if (n > 0 && (size_t)n < sizeof(file) && stat(file, &st) == 0 && own_fd(&st, 0) >= 0)
		snprintf(path, sizeof(path), "%s", folder);
}

void
rundir_after_eal(void)
{
	ended = true;
}
