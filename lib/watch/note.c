/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* How the watchdog counts and tells. */
#include <stdarg.h>

#include <rte_cycles.h>
#include <rte_log.h>

#include "watch_private.h"

RTE_LOG_REGISTER(logtype_watch, lib.weir.watch, NOTICE);

/* Seconds between two logs of one kind. */
#define LOG_PERIOD_S 60

void
watch_log(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	rte_vlog(RTE_LOG_WARNING, (uint32_t)logtype_watch, format, list);
	va_end(list);
}

bool
watch_note(struct weir_engine *engine, enum watch_kind kind, uint64_t now)
{
	uint64_t *logged_at = &engine->watch->logged_at[kind];

	stat_add(&engine->watch->counts[kind], 1);
	if (*logged_at != 0 && now - *logged_at < LOG_PERIOD_S * rte_get_tsc_hz())
		return false;
	*logged_at = now;
	return true;
}
