# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
#
# A page of the manual of what the head of a script says: awk -v name=NAME -v what=SUMMARY -f script.awk SCRIPT
# Lines after `#   ` are its usage, those further in its words, and what ends that is told behind them.

function plain(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    gsub(/'/, "\\(aq", text)
    gsub(/`/, "\\(ga", text)
    gsub(/\^/, "\\(ha", text)
    gsub(/~/, "\\(ti", text)
    return text
}

NR == 1 {
    print ".TH \"" toupper(name) "\" 1 \"\" weir\n.SH NAME\n" plain(name) " \\- " plain(what)
    next
}
/^# SPDX/ || /^# Copyright/ || /^# shellcheck/ || /^#$/ { next }
!/^#/ { exit }
{
    sub(/^# /, "")
}
/^     *[a-z]+  / && !/^         / {
    match($0, /[a-z]+/)
    word = substr($0, RSTART, RLENGTH)
    rest = substr($0, RSTART + RLENGTH)
    sub(/^ */, "", rest)
    words = words ".TP\n.B " plain(word) "\n" plain(rest) "\n"
    next
}
/^     / {
    sub(/^ */, "")
    words = words plain($0) "\n"
    next
}
/^  / {
    sub(/^ *[^ ]+ */, "")
    usage = usage ".B " plain(name) "\n" plain($0) "\n"
    next
}
/^Exit status: / {
    sub(/^Exit status: /, "")
    status = status plain($0) "\n"
    next
}
status != "" {
    status = status plain($0) "\n"
    next
}
{
    if (words == "")
        about = about plain($0) "\n"
    else
        after = after plain($0) "\n"
}
END {
    printf ".SH SYNOPSIS\n%s.SH DESCRIPTION\n%s%s.PP\n%s.SH \"EXIT STATUS\"\n%s", usage, about, words, after, status
    print ".SH \"SEE ALSO\"\n.BR weir (1)"
}
