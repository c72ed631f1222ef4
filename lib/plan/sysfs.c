/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"

static void __attribute__((format(printf, 3, 0)))
path_of(char path[SYSFS_PATH], const char *root, const char *format, va_list args)
{
	int used = snprintf(path, SYSFS_PATH, "%s", root);

	if (used < SYSFS_PATH)
		vsnprintf(path + used, SYSFS_PATH - (size_t)used, format, args);
}

bool
sysfs_there(const char *root, const char *format, ...)
{
	char path[SYSFS_PATH];
	va_list args;

	va_start(args, format);
	path_of(path, root, format, args);
	va_end(args);
	return access(path, F_OK) == 0;
}

static bool
read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool read = file != NULL && fgets(line, (int)size, file) != NULL;

	if (!read)
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (file != NULL)
		fclose(file);
	return read;
}

bool
sysfs_line(const char *root, char *line, size_t size, const char *format, ...)
{
	char path[SYSFS_PATH];
	va_list args;

	va_start(args, format);
	path_of(path, root, format, args);
	va_end(args);
	return read_line(path, line, size);
}

uint64_t
sysfs_number(const char *root, const char *format, ...)
{
	char path[SYSFS_PATH], line[32];
	va_list args;

	va_start(args, format);
	path_of(path, root, format, args);
	va_end(args);
	return read_line(path, line, sizeof(line)) ? strtoull(line, NULL, 0) : 0;
}

bool
sysfs_link(const char *root, char *name, size_t size, const char *format, ...)
{
	char path[SYSFS_PATH], target[SYSFS_PATH];
	const char *last;
	va_list args;
	ssize_t len;

	va_start(args, format);
	path_of(path, root, format, args);
	va_end(args);
	len = readlink(path, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	last = strrchr(target, '/');
	snprintf(name, size, "%s", last != NULL ? last + 1 : target);
	return len > 0;
}

bool
sysfs_each(const char *root, const char *folder, bool (*each)(const char *name, void *arg),
	void *arg)
{
	char path[SYSFS_PATH];
	struct dirent *entry;
	bool done = false;
	DIR *dir;

	snprintf(path, sizeof(path), "%s%s", root, folder);
	dir = opendir(path);
	if (dir == NULL)
		return false;
	while (!done && (entry = readdir(dir)) != NULL)
		done = entry->d_name[0] != '.' && each(entry->d_name, arg);
	closedir(dir);
	return done;
}

void
sysfs_cpus(const char *list, rte_cpuset_t *cpus)
{
	char *end;

	CPU_ZERO(cpus);
	while (list[0] >= '0' && list[0] <= '9') {
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < CPU_SETSIZE; first++)
			CPU_SET((int)first, cpus);
		list = *end == ',' ? end + 1 : "";
	}
}

const char *
sysfs_cpus_text(const rte_cpuset_t *cpus, char text[SYSFS_CPUS_TEXT])
{
	size_t used = 0;
	int first, last;

	text[0] = '\0';
	for (first = 0; first < CPU_SETSIZE && used < SYSFS_CPUS_TEXT; first = last + 1) {
		last = first;
		if (!CPU_ISSET(first, cpus))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cpus))
			last++;
		used += (size_t)snprintf(text + used, SYSFS_CPUS_TEXT - used,
			last > first ? "%s%d-%d" : "%s%d", used > 0 ? "," : "", first, last);
	}
	return text;
}
