"""Runs penstock-load as a user would: a folder of its own for each test, and what came of it as one value."""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # what these tests share with those of other programs

PROGRAM = os.environ["PENSTOCK_LOAD"]
SANITIZED = bool(os.environ.get("PENSTOCK_SANITIZE"))

OK, INTERNAL, USAGE, UNREADABLE, NOTHING, BAD_ROW, OTHER_COLUMNS = range(7)
UNUSABLE, READ_ONLY, LOCKED, DISK_FULL, OUTPUT, CHANGED, DAMAGED = range(7, 14)
STOPPED, CANCELLED = 20, 21


class Ended:
    """The program has ended: `code`, `out`, `err`, and `report` where it wrote one as JSON."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.report = json.loads(out) if out.startswith(b"{") else None


class LoadTest(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="penstock load ")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.db = self.folder / "t.db"

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def command(self, *arguments, db=None):
        to = ["--to", f"sqlite:{db or self.db}"] if "--to" not in arguments else []
        return [PROGRAM, *map(str, arguments), *to, "--report", "json"]

    def run_load(self, *arguments, input=b"", db=None, prefix=()):
        done = subprocess.run([*prefix, *self.command(*arguments, db=db)], input=input, capture_output=True,
                              cwd=self.folder, timeout=240)
        return Ended(done.returncode, done.stdout, done.stderr)

    def loads(self, *arguments, **more):
        """Runs, and expects success; the counts add up with what is in the table."""
        ended = self.run_load(*arguments, **more)
        self.assertEqual((ended.code, ended.err), (OK, b""))
        self.check_counts(ended)
        return ended

    def refuses(self, code, *arguments, says=(), **more):
        """Runs, and expects this code and one sentence with these words in it."""
        ended = self.run_load(*arguments, **more)
        self.check_sentence(ended, code, says)
        if ended.report:
            self.check_counts(ended)
        return ended

    def check_sentence(self, ended, code, says=()):
        text = ended.err.decode()
        self.assertEqual(ended.code, code, text)
        self.assertTrue(text.startswith("penstock-load: ") and text.endswith("\n"), text)
        self.assertEqual(text.count("\n"), 1, text)
        for words in [says] if isinstance(says, str) else says:
            self.assertIn(words, text)
        if ended.report:
            self.assertEqual("penstock-load: " + ended.report["error"] + "\n", text)

    def check_counts(self, ended):
        r = ended.report
        self.assertEqual(r["exit_code"], ended.code)
        self.assertEqual(r["rows_read"], r["rows_inserted"] + r["rows_rejected"] + r["rows_not_loaded"])
        self.assertGreaterEqual(r["rows_not_loaded"], 0)
        for stage in r["run"]["stages"]:
            self.assertEqual(stage["in"], stage["done"] + stage["failed"] + stage["dropped"])

    def query(self, sql, db=None):
        connection = sqlite3.connect(db or self.db)
        try:
            with connection:
                return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def rows(self, table="t", db=None):
        return self.query(f'SELECT * FROM "{table}" ORDER BY rowid', db)

    def rejects(self, name="t.db.t.rejects.ndjson"):
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]


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
