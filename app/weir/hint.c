/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The one thing that would help where EAL does not start: by its errno, its options and the machine. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_pci.h>

#include "app.h"

#define HINT_SIZE 512
/* EAL takes no longer ones: its sockets lie there. */
#define FOLDER_SIZE 256

/* What EAL was asked, and what it said. */
struct failure {
	int code;
	int argc;
	char **argv;
	char folder[FOLDER_SIZE]; /* its run directory */
};

bool
has_argument(int argc, char **argv, const char *argument)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], argument) == 0)
			return true;
	}
	return false;
}

/* The i-th argument as the value of a long option, given behind `=` or as the next; NULL: it is not. */
static const char *
value_of(const struct failure *failure, int i, const char *option)
{
	size_t n = strlen(option);

	if (strncmp(failure->argv[i], option, n) != 0)
		return NULL;
	if (failure->argv[i][n] == '=')
		return failure->argv[i] + n + 1;
	return failure->argv[i][n] == '\0' && i + 1 < failure->argc ? failure->argv[i + 1] : NULL;
}

static void
folder_find(struct failure *failure)
{
	const char *base = getenv("RUNTIME_DIRECTORY");
	const char *prefix = "rte";

	/* As EAL looks for it; a service manager sets the first. */
	if (base == NULL)
		base = getuid() == 0 ? "/var/run" : getenv("XDG_RUNTIME_DIR");
	for (int i = 1; i < failure->argc; i++) {
		const char *value = value_of(failure, i, "--file-prefix");

		prefix = value != NULL ? value : prefix;
	}
	snprintf(failure->folder, sizeof(failure->folder), "%s/dpdk/%s",
		base != NULL ? base : "/tmp", prefix);
}

/* Its configuration is locked by another process. */
static bool
prefix_in_use(const struct failure *failure, char *hint)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[FOLDER_SIZE + sizeof("/config")];
	bool used;
	int fd;

	/* Its options are read before its files. */
	if (failure->code == EINVAL || failure->code == ENODEV)
		return false;
	snprintf(path, sizeof(path), "%s/config", failure->folder);
	fd = open(path, O_RDWR | O_CLOEXEC);
	used = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	if (fd >= 0)
		close(fd);
	if (used)
		snprintf(hint, HINT_SIZE,
			"process %ld has %s; beside another DPDK process: --file-prefix NAME",
			(long)lock.l_pid, failure->folder);
	return used;
}

/* Of a path that is not there the folder counts that it would be made in. */
static bool
may_write(const char *path)
{
	char above[FOLDER_SIZE + sizeof("/config")];
	char *slash;

	snprintf(above, sizeof(above), "%s", path);
	while (access(above, F_OK) != 0 && errno == ENOENT &&
		(slash = strrchr(above, '/')) != NULL && slash != above)
		*slash = '\0';
	return access(above, W_OK) == 0;
}

static bool
folder_is_barred(const struct failure *failure, char *hint)
{
	char path[FOLDER_SIZE + sizeof("/config")];

	snprintf(path, sizeof(path), "%s/config", failure->folder);
	if (may_write(failure->folder) && may_write(path))
		return false;
	snprintf(hint, HINT_SIZE, "user %u may not write in %s: give another --file-prefix%s",
		(unsigned int)getuid(), failure->folder,
		getuid() == 0 ? "" : ", or XDG_RUNTIME_DIR a folder of the user's own");
	return true;
}

/* -a takes anything that some bus knows; what begins as a PCI address does is meant as one. */
static bool
pci_is_wrong(const struct failure *failure, char *hint)
{
	struct rte_pci_addr address;

	if (failure->code != ENODEV && failure->code != EINVAL)
		return false;
	for (int i = 1; i < failure->argc; i++) {
		const char *device = value_of(failure, i, "--allow");
		char name[64];

		if (device == NULL && strncmp(failure->argv[i], "-a", 2) == 0)
			device = failure->argv[i][2] != '\0' ? failure->argv[i] + 2 :
				i + 1 < failure->argc        ? failure->argv[i + 1] :
							       "";
		if (device == NULL)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
		if (rte_pci_addr_parse(name, &address) == 0 || strstr(name, "=") != NULL)
			continue;
		snprintf(hint, HINT_SIZE,
			"'%s' is no PCI address, which is as 0000:01:00.0; lspci -D lists them",
			name);
		return true;
	}
	return false;
}

static bool
device_failed(const struct failure *failure, char *hint)
{
	bool given = false;

	for (int i = 1; i < failure->argc; i++)
		given |= value_of(failure, i, "--vdev") != NULL ||
			value_of(failure, i, "--allow") != NULL ||
			strncmp(failure->argv[i], "-a", 2) == 0;
	if (!given || (failure->code != ENODEV && failure->code != ENOTSUP))
		return false;
	snprintf(hint, HINT_SIZE, "see its lines above: a device of --vdev or -a was not taken");
	return true;
}

static bool
option_is_wrong(const struct failure *failure, char *hint)
{
	if (failure->code != EINVAL)
		return false;
	snprintf(hint, HINT_SIZE, "see its lines above; its options: weir --help --");
	return true;
}

static bool
memory_is_short(const struct failure *failure, char *hint)
{
	if (failure->code != ENOMEM || !has_argument(failure->argc, failure->argv, "--no-huge"))
		return false;
	snprintf(hint, HINT_SIZE,
		"see its lines above: what -m asks must be there; without -m it is 64 MB");
	return true;
}

/* Keeps the first fault that is found. */
static void
keep_first(const struct weir_finding *finding, void *arg)
{
	char *hint = arg;

	if (finding->fault && hint[0] == '\0')
		snprintf(hint, HINT_SIZE, "%s%s%s", finding->text,
			finding->command[0] != '\0' ? "; run as root: " : "", finding->command);
}

static bool
hugepages_lack(const struct failure *failure, char *hint)
{
	struct weir_preflight_conf conf;
	char first[HINT_SIZE] = "";

	if ((failure->code != ENOMEM && failure->code != EACCES) ||
		has_argument(failure->argc, failure->argv, "--no-huge"))
		return false;
	weir_preflight_conf_init(&conf);
	conf.in_memory = has_argument(failure->argc, failure->argv, "--in-memory");
	if (weir_preflight(NULL, &conf, keep_first, first, NULL) <= 0)
		return false;
	snprintf(hint, HINT_SIZE,
		"see its lines above; without hugepages: --no-huge -m 512; %.400s", first);
	return true;
}

static bool
is_anything(const struct failure *failure __rte_unused, char *hint)
{
	snprintf(hint, HINT_SIZE, "see its lines above");
	return true;
}

void
complain_of_eal(int code, int argc, char **argv)
{
	/* The first that is the cause; what can be looked at before what an errno is taken for. */
	static bool (*const causes[])(const struct failure *failure, char *hint) = { prefix_in_use,
		folder_is_barred, pci_is_wrong, device_failed, option_is_wrong, memory_is_short,
		hugepages_lack, is_anything };
	struct failure failure = { .code = code, .argc = argc, .argv = argv };
	char hint[HINT_SIZE];
	unsigned int i = 0;

	folder_find(&failure);
	while (!causes[i](&failure, hint))
		i++;
	complain("EAL failed%s%s; %s", code != 0 ? ": " : "", code != 0 ? strerror(code) : "",
		hint);
}
