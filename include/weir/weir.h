/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * weir: everything of the public interface.
 *
 * NULL, where a header does not say what it means, is refused: who returns a pointer gives NULL, with
 * rte_errno EINVAL where others of its errors set that; who returns 0 or -errno gives -EINVAL; others give
 * 0 or false, or do nothing. So too does what is called with no engine, plan or pipeline. Not looked for is
 * it on the data path: in weir_parse() and weir_key_hash(), in what stage.h has for workers, in flow.h but
 * for making, freeing and figures of a table, and in inline functions: there it is a crash.
 *
 * A handle is good until it is freed, and what it gave that belongs to it, as a name, a producer or a flow:
 * nothing can tell one that was freed. In whatever order pipelines, plans and engines are freed, what others
 * are made of stays until they go.
 */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include <weir/eject.h>
#include <weir/engine.h>
#include <weir/error.h>
#include <weir/event.h>
#include <weir/figures.h>
#include <weir/flow.h>
#include <weir/ledger.h>
#include <weir/link.h>
#include <weir/param.h>
#include <weir/parse.h>
#include <weir/pipeline.h>
#include <weir/plan.h>
#include <weir/preflight.h>
#include <weir/size.h>
#include <weir/source.h>
#include <weir/stage.h>
#include <weir/version.h>

#endif /* WEIR_WEIR_H */
