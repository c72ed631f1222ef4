#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# Installs what is missing, and builds Debian packages of what HEAD has: weir, libweir0, libweir-dev and weir-doc,
# with their source. Nothing of the work tree is changed; lintian has looked at them, and nothing is left to mend.
#   scripts/deb.sh [FOLDER]    where they go; build/deb, where left out
# tests/deb/fresh.sh tries them on a Debian 12 of its own.
set -eu
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/setup.sh"

case ${1-} in -*) usage ;; esac
folder=$(realpath -m -- "${1:-$top/build/deb}")
version=$(sed -n "s/^    version: '\(.*\)',$/\1/p" "$top/meson.build")
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct)}
# The one who builds; else who is named in the packages.
maintainer="${DEBFULLNAME:-The weir authors} <${DEBEMAIL:-weir@example.org}>"

changelog() {
    cat <<END
weir ($version) bookworm; urgency=medium

  * What the README tells of, built from $(git -C "$top" rev-parse --short=12 HEAD).

 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END
}

# shellcheck disable=SC2086,SC2154 # a list of words, of setup.sh
install_packages $deb_packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
source=$work/weir-$version
mkdir "$source"
git -C "$top" archive HEAD | tar -x -C "$source"
cp -r "$source/scripts/debian" "$source/debian"
changelog >"$source/debian/changelog"

say "building packages, which takes some minutes"
(cd "$source" && quietly dpkg-buildpackage -us -uc)
mkdir -p "$folder"
rm -f "$folder"/*weir*
find "$work" -maxdepth 1 -type f -exec cp -t "$folder" {} +
lintian --fail-on error,warning "$folder"/weir_*.changes
ls "$folder"
