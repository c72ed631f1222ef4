/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Captures, byte by byte: whatever they say, and in whatever pieces they come. */
#include "testing.h"

#include <rte_byteorder.h>
#include <rte_common.h>

#include "captures.h"

#define ROOM 4096
#define MUTATIONS 100000
/* A pcap that has 8 more bytes in front of each packet. */
#define KUZNETZOV 0xa1b2cd34

/* A file that is made, in either byte order. */
struct file {
	uint8_t bytes[ROOM];
	size_t n;
	bool big;
};

static void
put(struct file *file, uint64_t v, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		file->bytes[file->n++] = (uint8_t)(v >> 8 * (file->big ? size - 1 - i : i));
}

static void
put_bytes(struct file *file, size_t n)
{
	for (size_t i = 0; i < n; i++)
		file->bytes[file->n++] = (uint8_t)i;
}

static void
put_pcap(struct file *file, uint32_t magic, unsigned int records)
{
	put(file, magic, 4);
	put(file, 2, 2);
	put(file, 4, 2);
	put(file, 0, 8);
	put(file, 65535, 4);
	put(file, 1, 4);
	for (unsigned int i = 0; i < records; i++) {
		put(file, 1600000000 + i, 4);
		put(file, i, 4);
		put(file, 10 * i, 4);
		put(file, 10 * i + 1, 4);
		if (magic == KUZNETZOV)
			put(file, 7, 8);
		put_bytes(file, 10 * i);
	}
}

static void
put_section(struct file *file)
{
	put(file, 0x0a0d0d0a, 4);
	put(file, 28, 4);
	put(file, 0x1a2b3c4d, 4);
	put(file, 1, 2);
	put(file, 0, 2);
	put(file, UINT64_MAX, 8);
	put(file, 28, 4);
}

static void
put_interface(struct file *file, uint16_t link, uint8_t tsresol, int64_t offset)
{
	put(file, 1, 4);
	put(file, 44, 4);
	put(file, link, 2);
	put(file, 0, 2);
	put(file, 100, 4);
	put(file, 9, 2);
	put(file, 1, 2);
	put(file, tsresol, 1);
	put(file, 0, 3);
	put(file, 14, 2);
	put(file, 8, 2);
	put(file, (uint64_t)offset, 8);
	put(file, 0, 4); /* the end of options */
	put(file, 44, 4);
}

/* Enhanced or, with type 2, the obsolete one. */
static void
put_packet(struct file *file, uint32_t type, uint32_t interface, uint64_t ticks, uint32_t len)
{
	uint32_t padded = (len + 3) & ~3u;

	put(file, type, 4);
	put(file, 32 + padded, 4);
	if (type == 2) {
		put(file, interface, 2);
		put(file, 7, 2);
	} else {
		put(file, interface, 4);
	}
	put(file, ticks >> 32, 4);
	put(file, (uint32_t)ticks, 4);
	put(file, len, 4);
	put(file, len, 4);
	put_bytes(file, padded);
	put(file, 32 + padded, 4);
}

static void
put_simple(struct file *file, uint32_t wire, uint32_t len)
{
	put(file, 3, 4);
	put(file, 16 + len, 4);
	put(file, wire, 4);
	put_bytes(file, len);
	put(file, 16 + len, 4);
}

static void
put_other(struct file *file, uint32_t type, uint32_t len)
{
	put(file, type, 4);
	put(file, 12 + len, 4);
	put_bytes(file, len);
	put(file, 12 + len, 4);
}

#define SEEDS 8

/* Files that have everything. */
static void
seed_file(unsigned int which, struct file *file)
{
	memset(file, 0, sizeof(*file));
	file->big = which & 1;
	switch (which / 2) {
	case 0:
		put_pcap(file, 0xa1b2c3d4, 8);
		break;
	case 1:
		put_pcap(file, 0xa1b23c4d, 3);
		break;
	case 3:
		put_pcap(file, KUZNETZOV, 5);
		break;
	default:
		put_section(file);
		put_interface(file, 1, 6, 0);
		put_interface(file, 101, 0x80 | 30, -5);
		put_packet(file, 6, 0, 12345678, 61);
		put_packet(file, 6, 1, UINT64_C(9) << 30, 20);
		put_other(file, 5, 40);
		put_packet(file, 2, 1, UINT64_C(10) << 30, 22);
		put_simple(file, 120, 100);
		file->big = !file->big;
		put_section(file);
		put_interface(file, 276, 9, 1000);
		put_packet(file, 6, 0, 1, 0);
		put_other(file, 0x80000001, 500);
		put_packet(file, 6, 0, 2, 1);
	}
}

static void
walk(const struct file *file, size_t more, struct captures_read *read)
{
	const char *wrong = captures_walk(file->bytes, file->n, more, read);

	if (wrong != NULL)
		fail_msg("%s", wrong);
}

static void
seeds(void **state)
{
	static const unsigned int records[SEEDS] = { 8, 8, 3, 3, 6, 6, 5, 5 };
	struct captures_read read, other;
	struct file file;

	(void)state;
	for (unsigned int i = 0; i < SEEDS; i++) {
		seed_file(i, &file);
		walk(&file, ROOM, &read);
		assert_int_equal(read.records, records[i]);
		assert_int_equal(read.offset, file.n);
		assert_false(read.wrong);
		for (size_t more = 0; more < 100; more++) {
			walk(&file, more, &other);
			assert_memory_equal(&other, &read, sizeof(read));
		}
	}
	/* The byte order makes no difference to what is read. */
	seed_file(4, &file);
	walk(&file, 0, &read);
	seed_file(5, &file);
	walk(&file, 0, &other);
	assert_int_equal(read.sum, other.sum);
}

/* A file that ends early is cut, at what has begun; only between records nobody can tell. */
static void
cuts(void **state)
{
	struct captures_read read;
	struct file file;

	(void)state;
	for (unsigned int i = 0; i < SEEDS; i++) {
		size_t size, ends = 0;

		seed_file(i, &file);
		for (size = file.n; size-- > 0;) {
			file.n = size;
			walk(&file, 0, &read);
			assert_in_range(read.offset, 0, size);
			assert_true(read.wrong || read.offset == size);
			ends += !read.wrong;
		}
		assert_in_range(ends, 3, 20);
	}
}

/* Whatever bytes there are: in pieces or at once the same is read, up to the same wrong byte. */
static void
mutations(void **state)
{
	uint64_t random = 23;
	struct captures_read whole, pieces;
	struct file file;
	unsigned int wrong = 0;

	(void)state;
	for (unsigned int i = 0; i < MUTATIONS; i++) {
		seed_file((unsigned int)(testing_random(&random) % SEEDS), &file);
		for (uint64_t n = 1 + testing_random(&random) % 4; n > 0; n--)
			file.bytes[testing_random(&random) % file.n] = testing_random(&random) % 2 ?
				(uint8_t)testing_random(&random) :
				(uint8_t)(testing_random(&random) % 8);
		walk(&file, ROOM, &whole);
		walk(&file, testing_random(&random) % 64, &pieces);
		assert_int_equal(whole.records, pieces.records);
		assert_int_equal(whole.sum, pieces.sum);
		assert_int_equal(whole.wrong, pieces.wrong);
		assert_int_equal(whole.offset, pieces.offset);
		wrong += whole.wrong;
	}
	assert_in_range(wrong, MUTATIONS / 10, MUTATIONS * 9 / 10);
}

/* The one packet of a file. */
static struct capture_record
only_record(const struct file *file)
{
	struct capture capture = { .offset = 0 };
	struct capture_record record = { .len = 0 };
	enum capture_result result;
	size_t at = 0;

	do {
		result = capture_next(&capture, file->bytes + at, file->n - at, &record);
		at += capture.used;
	} while (result == CAPTURE_PASSED);
	assert_int_equal(result, CAPTURE_RECORD);
	capture_end(&capture);
	return record;
}

/* On the wire a packet had what the file says: not less than is here, nor what no reader of captures tells. */
static void
wire_lengths(void **state)
{
	static const struct {
		uint32_t said;
		uint32_t told;
	} cases[] = {
		{ 0, 10 },
		{ 9, 10 },
		{ 11, 11 },
		{ INT32_MAX, INT32_MAX },
		{ UINT32_C(0x80000000), INT32_MAX },
		{ UINT32_C(4093509168), INT32_MAX },
		{ UINT32_MAX, INT32_MAX },
	};
	struct file file;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		memset(&file, 0, sizeof(file));
		put_pcap(&file, 0xa1b2c3d4, 0);
		put(&file, 0, 8);
		put(&file, 10, 4);
		put(&file, cases[i].said, 4);
		put_bytes(&file, 10);
		assert_int_equal(only_record(&file).wire_len, cases[i].told);
		memset(&file, 0, sizeof(file));
		put_section(&file);
		put_interface(&file, 1, 6, 0);
		put_packet(&file, 6, 0, 1, 10);
		file.n -= 4 + 12 + 4;
		put(&file, cases[i].said, 4);
		file.n += 12 + 4;
		assert_int_equal(only_record(&file).wire_len, cases[i].told);
	}
}

/* What the link type has beside itself: an FCS is left out, and bits of no meaning are refused. */
static void
link_bits(void **state)
{
	static const struct {
		uint32_t field;
		uint32_t len, wire;           /* in the file */
		uint32_t told_len, told_wire; /* UINT32_MAX: refused */
	} cases[] = {
		{ 1, 64, 64, 64, 64 },
		{ 0x24000001, 64, 64, 60, 60 },
		{ 0x14000001, 64, 64, 62, 62 },
		{ 0xf4000001, 64, 64, 34, 34 },
		{ 0x04000001, 64, 64, 64, 64 },
		/* Without the bit nothing is said of it. */
		{ 0x20000001, 64, 64, 64, 64 },
		/* Cut before the FCS, or within it. */
		{ 0x24000001, 40, 64, 40, 60 },
		{ 0x24000001, 60, 64, 60, 60 },
		{ 0x24000001, 62, 64, 60, 60 },
		/* Less than an FCS; nothing else. */
		{ 0x24000001, 3, 3, 3, 3 },
		{ 0x24000001, 4, 4, 0, 0 },
		{ 0x24000001, 0, 0, 0, 0 },
		{ 0x24000001, 10, 0x90000000, 10, INT32_MAX - 4 },
		{ 0x08000001, 64, 64, UINT32_MAX, 0 },
		{ 0x00010001, 64, 64, UINT32_MAX, 0 },
		{ 0x02000001, 64, 64, UINT32_MAX, 0 },
		{ 0xffffffff, 64, 64, UINT32_MAX, 0 },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct file file = { .big = i & 1 };
		struct captures_read read;
		struct capture_record record;

		put_pcap(&file, 0xa1b2c3d4, 0);
		file.n -= 4;
		put(&file, cases[i].field, 4);
		put(&file, 0, 8);
		put(&file, cases[i].len, 4);
		put(&file, cases[i].wire, 4);
		put_bytes(&file, cases[i].len);
		walk(&file, 0, &read);
		assert_int_equal(read.wrong, cases[i].told_len == UINT32_MAX);
		if (read.wrong) {
			assert_non_null(strstr(read.why, "link type 0x"));
			assert_int_equal(read.offset, 0);
			continue;
		}
		record = only_record(&file);
		assert_int_equal(record.len, cases[i].told_len);
		assert_int_equal(record.wire_len, cases[i].told_wire);
		assert_int_equal(record.l2, WEIR_PARSE_L2_ETHERNET);
	}
}

/* Clocks of interfaces against whole numbers. */
static void
times(void **state)
{
	static const struct {
		uint64_t units;
		uint8_t shift;
		int64_t offset;
		uint64_t ticks;
		bool timed;
		uint64_t ns;
	} cases[] = {
		{ 1000000, 0, 0, 0, true, 0 },
		{ 1000000, 0, 0, 1, true, 1000 },
		{ 1000000000, 0, 0, UINT64_MAX, true, UINT64_MAX },
		{ 1000000, 0, 0, UINT64_MAX, false, 0 },
		{ 1, 0, 0, UINT64_C(18446744073), true, UINT64_C(18446744073000000000) },
		{ 1, 0, 0, UINT64_C(18446744074), false, 0 },
		{ UINT64_C(10000000000000000000), 0, 0, UINT64_MAX, true, 1844674407 },
		{ UINT64_C(1000000000000), 0, 0, UINT64_C(1999), true, 1 },
		{ 1000000, 0, 5, 1, true, UINT64_C(5000001000) },
		{ 1000000, 0, -1, 999999, false, 0 },
		{ 1000000, 0, -1, 1000000, true, 0 },
		{ 1000000, 0, INT64_MAX, 0, false, 0 },
		{ 1000000, 0, INT64_MIN, UINT64_MAX, false, 0 },
		{ 0, 0, 0, 7, true, UINT64_C(7000000000) },
		{ 0, 1, 0, 7, true, UINT64_C(3500000000) },
		{ 0, 63, 0, UINT64_MAX, true, UINT64_C(1999999999) },
		{ 0, 64, 0, UINT64_MAX, true, 999999999 },
		{ 0, 127, 0, UINT64_MAX, true, 0 },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct capture_interface interface = { .units = cases[i].units,
			.shift = cases[i].shift,
			.offset = cases[i].offset };
		uint64_t ns;
		bool timed = capture_time(&interface, cases[i].ticks, &ns);

		if (timed != cases[i].timed || (timed && ns != cases[i].ns))
			fail_msg("case %u: %d %llu", i, timed, (unsigned long long)ns);
	}
}

static void
names(void **state)
{
	(void)state;
	assert_int_equal(capture_link(1), WEIR_PARSE_L2_ETHERNET);
	assert_int_equal(capture_link(108), WEIR_PARSE_L2_NULL);
	assert_true(capture_link(105) < 0);
	assert_true(capture_link(65535) < 0);
	assert_string_equal(capture_link_name(105), "IEEE802_11");
	assert_string_equal(capture_link_name(65535), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeds),
		cmocka_unit_test(cuts),
		cmocka_unit_test(mutations),
		cmocka_unit_test(wire_lengths),
		cmocka_unit_test(link_bits),
		cmocka_unit_test(times),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("source capture", tests, NULL, NULL);
}
