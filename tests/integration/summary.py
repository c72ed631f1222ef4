# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Sum up meson's testlog.json: why tests were skipped, then `N passed, N failed, N skipped`."""
import json
import sys

PASSED = {"OK", "EXPECTEDFAIL"}


def last_line(test):
    text = (test.get("stdout") or "") + (test.get("stderr") or "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def main(path):
    with open(path, encoding="utf-8", errors="replace") as log:
        tests = [json.loads(line) for line in log if line.strip()]
    passed = [t for t in tests if t["result"] in PASSED]
    skipped = [t for t in tests if t["result"] == "SKIP"]
    failed = len(tests) - len(passed) - len(skipped)
    for test in skipped:
        print("skipped %s: %s" % (test["name"], last_line(test)))
    print("%d passed, %d failed, %d skipped" % (len(passed), failed, len(skipped)))
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
