/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 *
 * Asks telemetry sockets, for want of Python in the machine of scripts/vm.sh: a line read is
 * `NUMBER SOCKET COMMAND`, and one written `NUMBER 0 REPLY`, or `NUMBER 1`. It stays, as does what it joined
 * last: under TCG a process for each question costs more than all else that happens there.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define REPLY_MAX (1 << 15) /* DPDK's are shorter; one write, so that nothing comes between */
#define LINE_SIZE 1024
#define PATIENCE 20 /* seconds */

static int
join(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = PATIENCE };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	char greeting[REPLY_MAX];

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path) + 1);
	/* The first message is DPDK's own, of itself. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
		connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
		recv(fd, greeting, sizeof(greeting), 0) > 0)
		return fd;
	close(fd);
	return -1;
}

/* Gives the reply; how long it is, 0 where there is none. */
static size_t
ask(const char *path, const char *command, char *reply, size_t size)
{
	static char joined[LINE_SIZE];
	static int fd = -1;
	ssize_t len = 0;

	if (fd >= 0 && strcmp(path, joined) != 0) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		fd = join(path);
	if (fd < 0)
		return 0;
	snprintf(joined, sizeof(joined), "%s", path);
	if (send(fd, command, strlen(command), MSG_NOSIGNAL) > 0)
		len = recv(fd, reply, size, 0);
	if (len > 0)
		return (size_t)len;
	close(fd);
	fd = -1;
	return 0;
}

int
main(void)
{
	static char reply[REPLY_MAX];
	char line[LINE_SIZE], path[LINE_SIZE], command[LINE_SIZE];
	unsigned int number;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		size_t at, len;

		if (sscanf(line, "%u %1023s %1023s", &number, path, command) != 3)
			return 2;
		at = (size_t)snprintf(reply, sizeof(reply), "%u 0 ", number);
		len = ask(path, command, reply + at, sizeof(reply) - at - 1);
		if (len > 0)
			reply[at + len] = '\n';
		else
			at = (size_t)snprintf(reply, sizeof(reply), "%u 1\n", number) - 1;
		if (write(STDOUT_FILENO, reply, at + len + 1) < 0)
			return 1;
	}
	return 0;
}
