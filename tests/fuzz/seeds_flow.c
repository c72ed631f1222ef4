/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Write packets, made of the frames of the parser's tests, into a directory, as seeds for fuzz_flow. */
#include <stdio.h>
#include <sys/stat.h>

#include "unit/parse/frames.h"

#define TIMES 4 /* that each frame comes */

/* Those that are as short as a packet of fuzz_flow may be, one behind the other. */
static int
write_seed(const char *dir, unsigned int number)
{
	struct frame f;
	char path[4096];
	FILE *file;
	size_t n, want = 2;

	frames_get(number, &f);
	if (frame_len(&f) > UINT8_MAX)
		return 0;
	snprintf(path, sizeof(path), "%s/packets%02u", dir, number);
	file = fopen(path, "wb");
	if (file == NULL)
		return -1;
	n = fwrite((const uint8_t[]){ 7, 0 }, 1, 2, file);
	for (unsigned int i = 0; i < TIMES; i++) {
		n += fwrite((const uint8_t[]){ (uint8_t)frame_len(&f), 10, 0 }, 1, 3, file);
		n += fwrite(frame_bytes(&f), 1, frame_len(&f), file);
		want += 3 + frame_len(&f);
	}
	return fclose(file) != 0 || n != want ? -1 : 0;
}

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: seeds_flow DIR\n");
		return 2;
	}
	mkdir(argv[1], 0777);
	for (unsigned int i = 0; i < FRAMES; i++) {
		if (write_seed(argv[1], i) != 0) {
			perror(argv[1]);
			return 1;
		}
	}
	return 0;
}
