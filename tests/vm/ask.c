/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 *
 * Asks a telemetry socket, for want of Python in the machine of scripts/vm.sh:
 *   ask SOCKET COMMAND
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REPLY_MAX (1 << 16)

static int
join(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path));
	return connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? fd : -1;
}

int
main(int argc, char **argv)
{
	static char reply[REPLY_MAX];
	ssize_t len;
	int fd;

	if (argc != 3)
		return 2;
	fd = join(argv[1]);
	/* The first message is DPDK's own, of itself. */
	if (fd < 0 || recv(fd, reply, sizeof(reply), 0) <= 0 ||
		send(fd, argv[2], strlen(argv[2]), 0) < 0)
		return 1;
	len = recv(fd, reply, sizeof(reply), 0);
	if (len <= 0)
		return 1;
	printf("%.*s\n", (int)len, reply);
	return 0;
}
