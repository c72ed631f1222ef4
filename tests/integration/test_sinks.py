# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""What becomes of lines where they cannot be written: no line is lost without a name."""
import calendar
import json
import os
import re
import resource
import signal
import subprocess
import time

import weirlib
from weirlib import ONE, THREE, WeirTest

PIPELINE = """\
[source gen]
type = synth
rate = 20k
[stage out]
type = eve
input = gen
path = %s
[link gen out]
on_full = block
"""


class Sinks(WeirTest):
    def started(self, path, *options, **where):
        """A run that has written something, or may not."""
        return self.start(PIPELINE % path, *options, **where)

    def wait_for(self, condition, process, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertTrue(condition(), "waited in vain; status %s" % process.poll())

    def whole(self, text):
        """How many lines, each of them whole."""
        self.assertTrue(text == "" or text.endswith("\n"), text[-200:])
        for line in text.splitlines():
            json.loads(line)
        return text.count("\n")

    def lines(self, path):
        with open(path, encoding="utf-8") as file:
            return self.whole(file.read())

    def lines_soon(self, path, process):
        """As lines(): what a full disk took of a line is there for the moment that it takes to cut it off."""
        def whole():
            with open(path, encoding="utf-8") as file:
                texts.append(file.read())
            return texts[-1].endswith("\n")
        texts = []
        self.wait_for(whole, process)
        return self.whole(texts[-1])

    def balanced(self, run, lines, status):
        """Released is what was written, and what was not has a name."""
        ledger, drops = run.report["ledger"], run.report["drops"]
        lost = drops["write_failed"] + drops["drain_abandoned"] + drops["buffer_full"]
        self.assertEqual(run.status, status, str(run))
        self.assertEqual(ledger["released"], lines, str(run))
        self.assertEqual(ledger["dropped"], lost, str(run))
        self.assertEqual(lost > 0, status == 1, str(run))
        self.assertEqual("not written to" in run.err or "lines are lost" in run.err, lost > 0,
                         str(run))
        return lost

    def refused(self, run, *words):
        self.assertEqual(run.status, 3, str(run))
        self.assertIsNone(run.report, str(run))
        for word in ("weir: [stage out]",) + words:
            self.assertIn(word, run.err)

    def test_refused_at_start(self):
        self.refused(self.run_weir(PIPELINE % self.folder, "-t", "1"), "Is a directory")
        self.refused(self.run_weir(PIPELINE % self.path("none/eve.json"), "-t", "1"),
                     "No such file")
        os.mkfifo(self.path("fifo"))
        self.refused(self.run_weir(PIPELINE % self.path("fifo"), "-t", "1"), self.path("fifo"),
                     "a FIFO must have a reader")

    def test_stdout_refused_at_start(self):
        for redirect in (">&-", "1</dev/null", "1<%s" % self.folder):
            command = self.command(PIPELINE % "-", ["-t", "1", "--tables", "stderr"])
            done = subprocess.run(["sh", "-c", 'exec "$@" ' + redirect, "sh", *command],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                  cwd=self.folder, timeout=weirlib.TIMEOUT, check=False)
            self.refused(self.finish(command, done.returncode, "", done.stderr),
                         "standard output")

    def test_dev_full(self):
        """It may have room again: weir waits for it, and at the end says what it lost."""
        run = self.run_weir(PIPELINE % "/dev/full", "-n", "3000")
        self.assertIn("cannot write '/dev/full': No space left on device", run.err)
        self.assertEqual(self.balanced(run, 0, 1), 3000)

    def test_reader_leaves(self):
        """A pipe whose reader takes some lines and goes."""
        process = self.started("-", "--tables", "stderr", "-t", "3")
        got = "".join(process.stdout.readline() for _ in range(500))
        process.stdout.close()
        process.stdout = None
        run = self.collect(process)
        self.assertIn("Broken pipe", run.err)
        self.assertEqual(self.whole(got), 500)
        self.assertGreaterEqual(run.report["ledger"]["released"], 500)
        self.balanced(run, run.report["ledger"]["released"], 1)

    def test_reader_pauses(self):
        """The end waits for a reader that is behind, though nothing more comes."""
        process = self.started("-", "--tables", "stderr", "-n", "4000", "-s", "gen.rate=0")
        time.sleep(4)
        out, err = process.communicate(timeout=weirlib.TIMEOUT)
        run = self.finish(process.args, process.returncode, out, err)
        self.balanced(run, self.whole(out), 0)
        self.assertEqual(self.whole(out), 4000)

    def test_reader_never_reads(self):
        process = self.started("-", "--tables", "stderr", "-n", "4000", "-s", "gen.rate=0")
        self.assertEqual(process.wait(timeout=weirlib.TIMEOUT), 1)
        out, err = process.communicate()
        run = self.finish(process.args, 1, out, err)
        self.balanced(run, self.whole(out), 1)

    def test_file_too_large(self):
        """A limit in the middle of a line."""
        for limit in (200000, 212345, 299999):
            path = self.path("eve.json")
            if os.path.exists(path):
                os.unlink(path)
            process = self.started(path, "-t", "3")
            # EAL's own files are larger.
            self.wait_for(lambda: os.path.exists(path), process)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))
            run = self.collect(process)
            self.assertIn("File too large", run.err)
            self.assertGreater(self.balanced(run, self.lines(path), 1), 0)
            self.assertLessEqual(limit - os.path.getsize(path), 1024)

    def disk(self, process, size, *options):
        """A disk that is only in the mount namespace of the process."""
        return subprocess.run(
            ["nsenter", "-t", str(process.pid), "-m", "mount", "-t", "tmpfs", "-o",
             ",".join(["size=%d" % size, *options]), "weir", self.path("disk")],
            capture_output=True, text=True, check=False)

    def test_full_disk_gets_room(self):
        """Three workers on a disk that is full and grows: whole lines, but for a moment, and none lost."""
        os.mkdir(self.path("disk"))
        inside = self.path("disk/eve.json")
        command = self.command(PIPELINE % inside, ["-s", "out.workers=3"], lcores=THREE)
        mount = 'mount -t tmpfs -o size=1m weir "$0" && exec "$@"'
        process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", mount, self.path("disk"), *command],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder)
        self.addCleanup(self.end, process)
        seen = "/proc/%d/root%s" % (process.pid, inside)
        deadline = time.monotonic() + 30
        while not (os.path.exists(seen) and os.path.getsize(seen) > 1000000):
            if process.poll() is not None:
                self.skipTest("no mount namespace: " + process.communicate()[1])
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        time.sleep(0.5)
        before = self.lines_soon(seen, process)
        time.sleep(0.5)
        self.assertEqual(self.lines_soon(seen, process), before)
        self.assertEqual(self.disk(process, 64 << 20, "remount").returncode, 0)
        self.wait_for(lambda: os.path.getsize(seen) > 3000000, process)
        copy = open(seen, encoding="utf-8")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=weirlib.TIMEOUT)
        run = self.finish(command, process.returncode, out, err)
        with copy:
            self.balanced(run, self.whole(copy.read()), 0)
        self.assertIn("No space left on device", run.err)
        self.assertIn("is written again after", run.err)

    def test_log_rotation(self):
        """SIGHUP: every line is in one of the files, and whole."""
        path = self.path("eve.json")
        process = self.started(path, "-s", "out.workers=2", lcores=THREE)
        for i in range(4):
            self.wait_for(lambda: os.path.exists(path) and os.path.getsize(path) > 20000, process)
            os.rename(path, "%s.%d" % (path, i))
            process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: os.path.exists(path) and os.path.getsize(path) > 20000, process)
        run = self.stop(process)
        files = [path] + ["%s.%d" % (path, i) for i in range(4)]
        self.balanced(run, sum(self.lines(file) for file in files), 0)
        self.assertEqual(run.err.count("was opened anew"), 4, str(run))

    def rotated(self, *options):
        """A run of two workers: the files of it, all of whose lines are whole and in one of them."""
        path = self.path("eve.json")
        process = self.started(path, "-s", "out.workers=2", "-s", "gen.rate=0", *options, lcores=THREE)
        self.wait_for(lambda: self.full(path) > 2, process)
        run = self.stop(process)
        files = [path] + [file for file in self.files(path) if file != path]
        self.assertTrue(all(re.fullmatch(r"eve\.json\.\d{8}T\d{6}(\.\d+)?", os.path.basename(file))
                            for file in files[1:]), files)
        self.balanced(run, sum(self.lines(file) for file in files), 0)
        return files

    def files(self, path):
        return [os.path.join(self.folder, name) for name in os.listdir(self.folder)
                if name.startswith(os.path.basename(path))]

    def full(self, path):
        return len(self.files(path)) - 1

    def test_rotation_by_size(self):
        limit = 256 << 10
        files = self.rotated("-s", "out.rotate_size=256k")
        for file in files[1:]:
            self.assertLessEqual(os.path.getsize(file), limit)
            self.assertGreater(os.path.getsize(file), limit - 2048)

    def test_rotation_by_time(self):
        """At each second, UTC, once."""
        files = self.rotated("-s", "out.rotate_time=1s", "-s", "gen.rate=2k")
        stamps = sorted(re.sub("[^0-9]", "", os.path.basename(file))[:14] for file in files[1:])
        self.assertEqual(len(stamps), len(set(stamps)))
        self.assertLessEqual(abs(time.time() - calendar.timegm(
            time.strptime(stamps[-1], "%Y%m%d%H%M%S"))), 30)

    def test_rotation_refused(self):
        os.mkfifo(self.path("fifo"))
        reader = os.open(self.path("fifo"), os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        for path in (self.path("fifo"), "/dev/null"):
            run = self.run_weir(PIPELINE % path, "-t", "1", "-s", "out.rotate_size=1M")
            self.assertEqual(run.status, 2, str(run))
            self.assertIn("[stage out] cannot rotate path '%s': it is no regular file" % path, run.err)
        for path, option, words in (("-", "rotate_time=1d", "expected"),
                                    ("-", "rotate_time=1h", "standard output"),
                                    ("-", "rotate_size=1M", "standard output"),
                                    ("x", "rotate_size=63k", "less than 64k"),
                                    ("x", "rotate_time=999ms", "less than 1s")):
            run = self.run_weir(PIPELINE % path, "--check", "-s", "out." + option)
            self.assertEqual(run.status, 2, str(run))
            self.assertIn(words, run.err)

    def test_hang_up_without_file(self):
        """The terminal was closed: as SIGTERM."""
        process = self.start("[source gen]\ntype = synth\nrate = 20k\n"
                             "[stage end]\ntype = count\ninput = gen\n")
        self.wait_for(lambda: self.ask(process, "/weir/ledger"), process)
        process.send_signal(signal.SIGHUP)
        run = self.collect(process)
        self.assertEqual(run.status, 0, str(run))
        self.assertIn("SIGHUP", run.err)

    def test_hang_up_is_ignored(self):
        """Under nohup it goes on."""
        command = self.command("[source gen]\ntype = synth\nrate = 20k\n"
                               "[stage end]\ntype = count\ninput = gen\n", [], lcores=ONE)
        process = subprocess.Popen(["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *command],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   cwd=self.folder)
        process.args = command
        self.addCleanup(self.end, process)
        self.wait_for(lambda: self.ask(process, "/weir/ledger"), process)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        self.assertIsNone(process.poll())
        self.assertEqual(self.stop(process).status, 0)


if __name__ == "__main__":
    # Under nohup it is ignored, and so it would be by what is started here.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    weirlib.main()
