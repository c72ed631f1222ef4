/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* UTC, by arithmetic of our own: libc's takes a lock and may read the zone's file. */
#include <assert.h>

#include "eve_put.h"

#define S_PER_DAY 86400

/* Days since 1970 as a date of the Gregorian calendar (H. Hinnant, civil_from_days). */
static void
date_of(uint64_t days, uint32_t *year, uint32_t *month, uint32_t *day)
{
	uint64_t since = days + 719468; /* 1 March of year 0, where leap days come last */
	uint32_t era = (uint32_t)(since / 146097);
	uint32_t doe = (uint32_t)(since % 146097);
	uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	uint32_t mp = (5 * doy + 2) / 153;

	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = yoe + era * 400 + (*month <= 2);
}

static_assert(sizeof("2026-01-01T12:00:00.") - 1 == EVE_SECOND_LEN, "a second has room");

char *
eve_put_second(char *at, uint64_t second)
{
	uint32_t year, month, day, rest = (uint32_t)(second % S_PER_DAY);

	date_of(second / S_PER_DAY, &year, &month, &day);
	at = put_pair(put_pair(at, year / 100), year % 100);
	*at++ = '-';
	at = put_pair(at, month);
	*at++ = '-';
	at = put_pair(at, day);
	*at++ = 'T';
	at = put_pair(at, rest / 3600);
	*at++ = ':';
	at = put_pair(at, rest / 60 % 60);
	*at++ = ':';
	at = put_pair(at, rest % 60);
	*at++ = '.';
	return at;
}
