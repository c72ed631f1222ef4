/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * A capture read as it comes, in pieces of any size, each in a heap block of just its length, so that
 * a sanitizer sees one byte read too many: for the reader's tests and its fuzzer.
 */
#ifndef WEIR_SOURCE_CAPTURES_H
#define WEIR_SOURCE_CAPTURES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/capture.h"

/* What was read of a file: all of its records in one number, and how it ended. */
struct captures_read {
	uint64_t records;
	uint64_t sum; /* of what they say and have */
	uint64_t offset;
	bool wrong;
	char why[sizeof(((struct capture *)NULL)->why)];
};

/* FNV-1a. */
static inline uint64_t
captures_sum(uint64_t sum, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum = (sum ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
	return sum;
}

/* What cannot be of a record in the n bytes that were given; or NULL. */
static inline const char *
captures_record_wrong(const struct capture *capture, const struct capture_record *record,
	const uint8_t *bytes, size_t n)
{
	if (record->data < bytes || record->data + record->len > bytes + capture->used)
		return "a packet outside of what was read";
	if (record->len > CAPTURE_PACKET_MAX || record->wire_len < record->len)
		return "lengths";
	if (record->l2 >= WEIR_PARSE_L2_MAX || capture->used > n)
		return "link type, or more used than there was";
	return NULL;
}

/* One step with the n bytes at `at`, in memory of their own; its result in `result`. */
static inline const char *
captures_step(struct capture *capture, const uint8_t *at, size_t n, struct captures_read *read,
	enum capture_result *result)
{
	uint8_t *own = malloc(n);
	struct capture_record record;
	const char *wrong = NULL;

	if (n > 0)
		memcpy(own, at, n);
	*result = capture_next(capture, own, n, &record);
	if (*result == CAPTURE_RECORD) {
		wrong = captures_record_wrong(capture, &record, own, n);
		if (wrong == NULL) {
			read->records++;
			read->sum = captures_sum(read->sum, record.data, record.len);
			read->sum = captures_sum(read->sum, &record.ns, sizeof(record.ns));
			read->sum =
				captures_sum(read->sum, &record.wire_len, sizeof(record.wire_len));
			read->sum = captures_sum(read->sum, &record.l2, 1) + record.timed;
		}
	} else if (*result == CAPTURE_MORE && capture->need <= n) {
		wrong = "more is wanted, but there is as much";
	} else if (*result == CAPTURE_MORE && capture->need > CAPTURE_PIECE_MAX) {
		wrong = "more is wanted than a piece may be";
	} else if (*result == CAPTURE_PASSED && capture->used == 0) {
		wrong = "no step forward";
	}
	free(own);
	return wrong;
}

/*
 * Read a file whose bytes come `more` at a time beyond what is wanted; what cannot be, or NULL.
 */
static inline const char *
captures_walk(const uint8_t *bytes, size_t size, size_t more, struct captures_read *read)
{
	struct capture capture = { .offset = 0 };
	enum capture_result result = CAPTURE_PASSED;
	size_t at = 0, n = 0;
	const char *wrong = NULL;

	memset(read, 0, sizeof(*read));
	for (;;) {
		wrong = captures_step(&capture, bytes + at, n, read, &result);
		if (wrong != NULL || result == CAPTURE_WRONG)
			break;
		if (result == CAPTURE_MORE) {
			if (at + n == size)
				break;
			n = capture.need + more < size - at ? capture.need + more : size - at;
			continue;
		}
		at += capture.used;
		n -= capture.used;
		if (capture.offset != at) {
			wrong = "the offset is not where it should be";
			break;
		}
	}
	read->wrong = wrong == NULL && (result == CAPTURE_WRONG || capture_cut(&capture, n));
	read->offset = capture.offset;
	if (read->wrong)
		memcpy(read->why, capture.why, sizeof(read->why));
	if (read->wrong && read->why[0] == '\0')
		wrong = "nothing is said of what is wrong";
	capture_end(&capture);
	return wrong;
}

#endif /* WEIR_SOURCE_CAPTURES_H */
