/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/**
 * @file
 * export: what a declaration of the public interface carries.
 */
#ifndef WEIR_EXPORT_H
#define WEIR_EXPORT_H

/** Seen outside of the library, of which everything else is hidden. */
#define WEIR_API __attribute__((visibility("default")))

#endif /* WEIR_EXPORT_H */
