#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# What tests/vm runs in the machine: each line read is `NUMBER COMMAND`, run at once, beside those before it.
# Output goes to NUMBER.out and NUMBER.err, its process to NUMBER.pid, and `NUMBER STATUS` is written at its
# end. The first line written is `ready`.
echo ready
while read -r number command; do
    {
        sh -c "echo \$\$ >$number.pid; $command" >"$number.out" 2>"$number.err" </dev/null
        echo "$number $?"
    } &
done
