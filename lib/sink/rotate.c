/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rotate.h"
#include "sink_private.h"

/* Most files of one second. */
#define NUMBER_MAX 1000000

/* Name a file anew, but not over another. */
static int
rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	/* Not every file system can; a second name is given by all that have them, and never over another. */
	if (errno != EINVAL || link(from, to) != 0)
		return -errno;
	return unlink(from) == 0 ? 0 : -errno;
}

static bool
is_file(const char *path, dev_t device, ino_t inode)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

/* 20260101T120000 */
static void
stamp_make(char stamp[16], uint64_t second)
{
	char text[EVE_SECOND_LEN + 1] = { 0 };
	unsigned int n = 0;

	eve_put_second(text, second);
	for (unsigned int i = 0; i < EVE_SECOND_LEN && n < 15; i++)
		if (text[i] != '-' && text[i] != ':')
			stamp[n++] = text[i];
	stamp[n] = '\0';
}

int
rotate_away(const char *path, dev_t device, ino_t inode, uint64_t second, struct rotated *last)
{
	uint32_t number = last->second == second ? last->number + 1 : 0;
	char to[PATH_MAX], stamp[16];
	int rc = -EEXIST;

	if (!is_file(path, device, inode))
		return 0;
	stamp_make(stamp, second);
	for (; rc == -EEXIST && number < NUMBER_MAX; number++) {
		int len = number == 0 ? snprintf(to, sizeof(to), "%s.%s", path, stamp) :
					snprintf(to, sizeof(to), "%s.%s.%u", path, stamp, number);

		if (len >= (int)sizeof(to))
			return -ENAMETOOLONG;
		rc = rename_new(path, to);
		*last = (struct rotated){ .second = second, .number = number };
	}
	return rc;
}
