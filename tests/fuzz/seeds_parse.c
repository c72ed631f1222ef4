/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Write the frames of the parser's tests into a directory, as seeds for fuzz_parse. */
#include <stdio.h>
#include <sys/stat.h>

#include "unit/parse/frames.h"

static int
write_seed(const char *dir, unsigned int number)
{
	static const uint8_t choices[3] = { 0, 20, 20 };
	struct frame f;
	char path[4096];
	FILE *file;
	size_t n;

	frames_get(number, &f);
	snprintf(path, sizeof(path), "%s/frame%02u", dir, number);
	file = fopen(path, "wb");
	if (file == NULL)
		return -1;
	n = fwrite(choices, 1, sizeof(choices), file);
	n += fwrite(frame_bytes(&f), 1, frame_len(&f), file);
	return fclose(file) != 0 || n != sizeof(choices) + frame_len(&f) ? -1 : 0;
}

int
main(int argc, char **argv)
{
	unsigned int i;

	if (argc != 2) {
		fprintf(stderr, "usage: seeds_parse DIR\n");
		return 2;
	}
	mkdir(argv[1], 0777);
	for (i = 0; i < FRAMES; i++) {
		if (write_seed(argv[1], i) != 0) {
			perror(argv[1]);
			return 1;
		}
	}
	return 0;
}
