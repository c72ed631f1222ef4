#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# What tests/vm runs in the machine: each line read is `NUMBER COMMAND`, run at once, beside those before it.
# Output goes to NUMBER.out and NUMBER.err, its process to NUMBER.pid, and `NUMBER STATUS` is written at its
# end. `NUMBER ask SOCKET COMMAND` asks telemetry, and the reply is behind the status. The first line written
# is `ready`.
cp ask /tmp/ask
mkfifo /tmp/questions
/tmp/ask </tmp/questions &
exec 3>/tmp/questions
echo ready
while read -r number command; do
    case $command in
    "ask "*)
        echo "$number ${command#ask }" >&3
        continue
        ;;
    esac
    {
        sh -c "echo \$\$ >$number.pid; $command" >"$number.out" 2>"$number.err" </dev/null 3>&-
        echo "$number $?"
    } &
done
