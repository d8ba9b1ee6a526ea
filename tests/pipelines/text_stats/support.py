"""Runs penstock-text-stats as a user would: a folder of its own for each test, and what came of it as one value."""
import json
import os
import sqlite3
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

PROGRAM = os.environ["PENSTOCK_TEXT_STATS"]
SANITIZED = bool(os.environ.get("PENSTOCK_SANITIZE"))

OK, INTERNAL, USAGE, UNREADABLE = range(4)
UNUSABLE, READ_ONLY, LOCKED, DISK_FULL, OUTPUT = range(7, 12)
STOPPED, CANCELLED = 20, 21


class Ended:
    """The program has ended: `code`, `err`, and of standard output `files` (path → lines, words, characters), `total`."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err.decode("utf-8", "replace")
        self.files, self.total = {}, None
        if not out.startswith(b"{"):
            for line in out.decode("utf-8", "surrogateescape").splitlines()[:-1]:
                lines, words, characters, _, path = line.split(None, 4)
                self.files[path] = tuple(map(int, (lines, words, characters)))
            self.total = self.files.pop("total", None)


class TextStatsTest(unittest.TestCase):
    maxDiff = 2000
    place = None  # of the folder; none: the usual one for temporary files

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="penstock text ", dir=self.place)
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.texts = self.folder / "texts"
        self.texts.mkdir()
        self.summary = self.folder / "summary.json"
        self.db = self.folder / "t.db"

    def write(self, name, content):
        path = self.texts / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run_it(self, *arguments):
        done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, cwd=self.folder, timeout=240,
                              stdin=subprocess.DEVNULL)
        return Ended(done.returncode, done.stdout, done.stderr)

    def counts(self, *arguments):
        """Runs, and expects success."""
        ended = self.run_it(*arguments)
        self.assertEqual((ended.code, ended.err), (OK, ""))
        return ended

    def refuses(self, code, *arguments, says):
        """Runs, and expects this code and one sentence with these words in it."""
        ended = self.run_it(*arguments)
        self.check_sentence(ended, code, says)
        return ended

    def check_sentence(self, ended, code, says):
        self.assertEqual(ended.code, code, ended.err)
        self.assertTrue(ended.err.startswith("penstock-text-stats: ") and ended.err.endswith("\n"), ended.err)
        self.assertEqual(ended.err.count("\n"), 1, ended.err)
        for words in [says] if isinstance(says, str) else says:
            self.assertIn(words, ended.err)

    def read_summary(self):
        """The summary, whose counts must add up."""
        summary = json.loads(self.summary.read_text())
        counted = [file for file in summary["files"] if "error" not in file]
        self.assertEqual(len(counted), summary["files_counted"])
        self.assertEqual(len(summary["files"]) - len(counted), summary["files_unreadable"])
        self.assertEqual(summary["files_found"], summary["files_counted"] + summary["files_unreadable"] +
                         summary["files_not_counted"])
        for what in "lines", "words", "characters", "bytes":
            self.assertEqual(summary["totals"][what], sum(file[what] for file in counted))
        return summary

    def rows(self):
        connection = sqlite3.connect(self.db)
        connection.text_factory = bytes
        try:
            return connection.execute("SELECT * FROM text_stats ORDER BY path").fetchall()
        finally:
            connection.close()


def eventually(what, condition, seconds=120):
    """Returns as soon as the condition is true; a test that would hang fails instead."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.001)


def catches(pid, signal):
    """Whether a handler is in place: before that, a signal would just kill the program."""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (signal - 1) & 1)
    return False


def _threads(pid):
    """For each thread its state and how often it was given a processor."""
    threads = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        fields = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines() if ":" in line)
        threads[task.name] = (fields["State"].split()[0], fields["ShdPnd"].strip(), fields["SigPnd"].strip(),
                              fields["voluntary_ctxt_switches"], fields["nonvoluntary_ctxt_switches"])
    return threads


def at_rest(pid):
    """Whether all threads wait, none has a signal to come, and none did anything between two looks: whatever was to
    happen because of a signal has happened, and what does not move waits for us."""
    first = _threads(pid)
    quiet = all(state == "S" and int(shared, 16) == 0 and int(own, 16) == 0 for state, shared, own, _, _ in first.values())
    return quiet and _threads(pid) == first
