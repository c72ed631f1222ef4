/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* What a declaration of the public interface carries: everything else of the library is hidden. */
#ifndef WEIR_EXPORT_H
#define WEIR_EXPORT_H

#define WEIR_API __attribute__((visibility("default")))

#endif /* WEIR_EXPORT_H */
