/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 *
 * Sends frames on an interface of the kernel, as they are, for want of Python in the machine of
 * scripts/vm.sh:
 *   send INTERFACE FILE
 * The file has each frame behind its length, two bytes, the higher one first.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <net/if.h>

#include <linux/if_packet.h>

#define FRAME_MAX 65535

int
main(int argc, char **argv)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	static unsigned char head[2], frame[FRAME_MAX];
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	FILE *file;

	if (argc != 3)
		return 2;
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	file = fopen(argv[2], "r");
	if (fd < 0 || to.sll_ifindex == 0 || file == NULL)
		return 1;
	while (fread(head, sizeof(head), 1, file) == 1) {
		size_t len = (size_t)head[0] << 8 | head[1];

		if (fread(frame, len, 1, file) != 1 ||
			sendto(fd, frame, len, 0, (struct sockaddr *)&to, sizeof(to)) !=
				(ssize_t)len)
			return 1;
		/* A tap has room for 500 of them. */
		usleep(200);
	}
	return 0;
}
