/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* The mempool operations of a pool of several stacks. */
#ifndef WEIR_EVENT_STACKS_H
#define WEIR_EVENT_STACKS_H

/* Their name; NULL: DPDK's table of operations is full. The pool's config is a struct pool_stacks. */
const char *pool_stacks_ops(void);

#endif /* WEIR_EVENT_STACKS_H */
