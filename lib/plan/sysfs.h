/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What the kernel tells in /sys, /proc and /dev. Paths are below a root: "" is this machine's, and
 * tests make machines of their own in a folder.
 */
#ifndef WEIR_PLAN_SYSFS_H
#define WEIR_PLAN_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_lcore.h>

#define SYSFS_PATH 512

/* Whether there is such a file. */
bool sysfs_there(const char *root, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first line of a file without its newline, "" where there is none. Whether there is one. */
bool sysfs_line(const char *root, char *line, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The number that a file begins with, also as 0x10; 0 where there is none. */
uint64_t sysfs_number(const char *root, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The last part of what a link names, "" where there is none. Whether there is one. */
bool sysfs_link(const char *root, char *name, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/*
 * Call for each entry of a folder, those with a dot in front left out, until one returns true. Whether
 * one did.
 */
bool sysfs_each(const char *root, const char *folder, bool (*each)(const char *name, void *arg),
	void *arg);
/* CPUs of a list as 0-3,8; none where it is not one. */
void sysfs_cpus(const char *list, rte_cpuset_t *cpus);
/* And back, with as many of them as there is room for. */
#define SYSFS_CPUS_TEXT 128
const char *sysfs_cpus_text(const rte_cpuset_t *cpus, char text[SYSFS_CPUS_TEXT]);

#endif /* WEIR_PLAN_SYSFS_H */
