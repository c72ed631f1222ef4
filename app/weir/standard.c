/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The standard descriptors, whatever the caller closed. */
#include <errno.h>
#include <fcntl.h>
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
