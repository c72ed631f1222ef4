#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# archive.sh OUTPUT FOLDER OBJCOPY AR "COMPILER ARGUMENTS" ARCHIVE...
#
# One archive of one object of all archives, in which only what is visible is global.
set -eu
output=$1 object=$2/weir.o objcopy=$3 ar=$4 compiler=$5
shift 5
mkdir -p "${object%/*}"
# shellcheck disable=SC2086 # a list of words
$compiler -r -nostdlib -o "$object" -Wl,--whole-archive "$@" -Wl,--no-whole-archive
"$objcopy" --localize-hidden "$object"
rm -f "$output"
"$ar" rcs "$output" "$object"
