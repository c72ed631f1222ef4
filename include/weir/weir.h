/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/** @file weir: everything of the public interface. */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

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
