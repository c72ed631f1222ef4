/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The standard descriptors, whatever the caller closed; and what else is open. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"

/*
 * Where one of them is closed, the next file that anybody opens gets its number: EAL's mapped
 * configuration, say, and then a table is written into that. They are opened for reading alone:
 * what is to be written to a closed one still fails, and says so in the exit status.
 */
void
standard_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDONLY) != fd)
			_exit(STATUS_MACHINE);
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int
own_fd(const struct stat *file, int first)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	struct stat st;
	int fd = -1;

	while (dir != NULL && fd < 0 && (entry = readdir(dir)) != NULL)
		if (atoi(entry->d_name) >= first &&
			fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && same_file(&st, file))
			fd = atoi(entry->d_name);
	if (dir != NULL)
		closedir(dir);
	return fd;
}
