#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# Checks who may include and do what:
#   scripts/check-layers.sh [TOP FOLDER]
# app/ includes nothing of the library but <weir/...>. lib/ never prints, exits or initialises EAL.
# A folder of lib/ includes only its own files and, of the folders on its line or above it, the one
# header that carries the folder's name. What else holds of rooms is checked by scripts/rooms.py.
set -eu
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cd "${1:-$here/..}"

# From the ground up; folders of one line may include each other.
layers=$("$here/rooms.py" --floors)
# Headers that everybody may include, besides a folder's own.
common="event/compat.h"
# What a pipe ends in runs here, so that `found` is kept.
shopt -s lastpipe
found=0

# report TITLE: lines on stdin are what is wrong
report() {
    local lines
    lines=$(cat)
    [ -n "$lines" ] || return 0
    printf '%s:\n%s\n' "$1" "$lines"
    found=1
}

# calls FOLDER NAME...: lines of C that call one of these, comments left out
calls() {
    local folder=$1 names
    shift
    names=$(IFS='|' && echo "$*")
    grep -rnE --include='*.[ch]' "(^|[^A-Za-z0-9_>.])($names)[[:space:]]*\(" "$folder" |
        grep -vE '^[^:]*:[0-9]*:[[:space:]]*(\*|/\*|//)' || true
}

line_of() {
    local n=0 line
    for line in $layers; do
        n=$((n + 1))
        case ",$line," in *",$1,"*) echo $n && return ;; esac
    done
    echo 0
}

# Includes in quotes, as FILE INCLUDED.
quoted() {
    grep -rHoE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]+"[^"]+"' "$1" |
        sed -E 's/^([^:]*):.*"([^"]+)"$/\1 \2/' || true
}

app_includes() {
    local file included
    quoted app | while read -r file included; do
        [ -f "$(dirname "$file")/$included" ] && [ "${included#*..}" = "$included" ] ||
            echo "$file includes \"$included\""
    done
}

lib_includes() {
    local file included own other
    quoted lib | while read -r file included; do
        own=$(echo "$file" | cut -d/ -f2)
        case $included in
        */*) other=${included%%/*} ;;
        *) other=$own included=$own/$included ;;
        esac
        [ "$other" != "$own" ] || continue
        case " $common " in *" $included "*) continue ;; esac
        if [ "$included" != "$other/$other.h" ]; then
            echo "$file includes $included, which is $other's own"
        elif [ "$(line_of "$other")" -eq 0 ] || [ "$(line_of "$other")" -gt "$(line_of "$own")" ]; then
            echo "$file includes $included, which stands above $own"
        fi
    done
}

app_includes | report "app/ includes what is not public"
lib_includes | report "lib/ includes against the layers"
calls lib printf puts putchar vprintf perror |
    report "lib/ prints"
grep -rnE --include='*.[ch]' '\b(stdout|stderr)\b' lib |
    grep -vE '^[^:]*:[0-9]*:[[:space:]]*(\*|/\*|//)' | report "lib/ uses stdout or stderr"
calls lib exit _exit _Exit quick_exit abort rte_exit rte_panic | report "lib/ ends the process"
calls lib rte_eal_init rte_eal_cleanup | report "lib/ initialises EAL"
calls lib signal sigaction | report "lib/ installs signal handlers"
# Also what it ends by itself with: nothing found is not the same as nothing looked at.
"$here/rooms.py" --check . 2>&1 | report "the rooms of lib/"
[ "$found" -eq 0 ] && echo "layers are kept"
exit "$found"
