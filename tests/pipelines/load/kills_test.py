"""kill -9 at random moments: whatever a kill cuts off, the runs together load every row once and reject every bad row
once.

PENSTOCK_KILLS: how many while it works (20); 200 take some minutes. PENSTOCK_SEED: the moments (printed).
"""
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from support import OK, SANITIZED, LoadTest
from moments import Moments

ROWS = 60_000 if SANITIZED else 300_000


class Kills(LoadTest):
    def setUp(self):
        super().setUp()
        self.kills = int(os.environ.get("PENSTOCK_KILLS", "20"))
        self.seed = int(os.environ.get("PENSTOCK_SEED", time.time_ns() % 1_000_000))
        self.dice = random.Random(self.seed)
        print(f"{self.kills} kills, PENSTOCK_SEED={self.seed}", flush=True)

    @staticmethod
    def row(n):
        # Rows of unlike lengths, so that blocks end anywhere; one in 400 is bad.
        return f'{n},"{"x, " * (n * 7919 % 23)}"' + (",bad" if n % 400 == 7 else "") + "\n"

    def inputs(self):
        paths = []
        for i in range(3):
            rows = range(i * ROWS // 3, (i + 1) * ROWS // 3)
            paths.append(self.write(f"{i}.csv", "n,text\n" + "".join(map(self.row, rows))))
        return paths

    def start(self, paths, *arguments, prefix=()):
        return subprocess.Popen([*prefix, *self.command(*paths, "--table", "t", *arguments)], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, cwd=self.folder)

    def check(self, source_of):
        """Each good row is in the table once, each bad one in the file once, in order."""
        good = [n for n in range(ROWS) if n % 400 != 7]
        found = [n for n, in self.query("SELECT n FROM t ORDER BY rowid")]
        self.assertEqual(len(found), len(good), f"{len(set(good) - set(found))} missing, "
                                                f"{len(found) - len(set(found))} doubled")
        self.assertTrue(found == good, "not in the order of the input")
        rejected = [(os.path.basename(row["file"]), row["line"]) for row in self.rejects()]
        self.assertTrue(rejected == [source_of(n) for n in range(ROWS) if n % 400 == 7], "the rejected rows differ")
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])

    @staticmethod
    def in_three_files(n):
        return f"{n // (ROWS // 3)}.csv", n % (ROWS // 3) + 2

    def time_of_a_load(self, paths):
        began = time.monotonic()
        self.loads(*paths, "--table", "t")
        took = time.monotonic() - began
        self.check(self.in_three_files)
        return took

    def forget(self):
        for file in self.folder.glob("t.db*"):
            file.unlink()

    def test_at_random_moments_lose_no_row_and_double_none(self):
        paths = self.inputs()
        whole = self.time_of_a_load(paths)
        moments, loads = Moments(self.dice, self.kills, whole), 0
        while moments.go_on():
            self.forget()
            loads += 1
            with self.subTest(seed=self.seed, load=loads):
                for number in range(4):
                    load = self.start(paths, "--batch", self.dice.choice([50, 500, 4096]))
                    if not moments.kill(load, resumed=number > 0):
                        break
                last = self.start(paths)
                out, err = last.communicate(timeout=240)
                self.assertEqual(last.returncode, OK, err)
                self.check(self.in_three_files)
        print(f"{moments.at_work} kills while the program worked, in {loads} loads; 0 missing, 0 doubled")

    def test_at_system_calls_lose_no_row_and_double_none(self):
        if not shutil.which("strace"):
            self.fail("strace is not installed")
        if subprocess.run(["strace", "-qq", "-o", os.devnull, "true"]).returncode != 0 or SANITIZED:
            self.skipTest("a program cannot be traced here")
        paths = self.inputs()
        self.loads(*paths, "--table", "t")
        kills = 0
        for call in ("pwrite64", "fdatasync", "write", "openat", "ftruncate", "unlink", "close"):
            for _ in range(max(1, self.kills // 10)):
                self.forget()
                with self.subTest(seed=self.seed, call=call):
                    for _ in range(2):
                        when = self.dice.choice([1, 2, 3, 5, 10, 50, self.dice.randrange(1, 1000)])
                        cut = self.start(paths, "--batch", "1000", prefix=[
                            "strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e",
                            f"inject={call}:signal=KILL:when={when}"])
                        cut.communicate(timeout=240)
                        kills += cut.returncode != OK
                    self.loads(*paths, "--table", "t") if self.unfinished() else None
                    self.check(self.in_three_files)
        print(f"{kills} kills at system calls; 0 missing, 0 doubled")
        self.assertGreater(kills, 0)

    def unfinished(self):
        try:
            return self.query("SELECT state FROM penstock_progress ORDER BY load DESC LIMIT 1") != [("loaded",)]
        except sqlite3.OperationalError:
            return True

    def test_of_a_pipe_that_brings_the_same_bytes_again(self):
        text = ("n,text\n" + "".join(self.row(n) for n in range(ROWS))).encode()
        kills = 0
        for load in range(max(1, self.kills // 10)):
            self.forget()
            with self.subTest(seed=self.seed, load=load):
                for _ in range(3):
                    reader = subprocess.Popen(self.command("-", "--table", "t", "--resume"), stdin=subprocess.PIPE,
                                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                    # It cannot have come to the end of what was not written, and reads up to a pipe's length before that.
                    reader.stdin.write(text[:self.dice.randrange(len(text))])
                    reader.kill()
                    _, err = reader.communicate()
                    self.assertEqual(reader.returncode, -signal.SIGKILL, err)
                    kills += 1
                done = subprocess.run(self.command("-", "--table", "t", "--resume"), input=text, capture_output=True,
                                      timeout=240)
                self.assertEqual(done.returncode, OK, done.stderr)
                self.check(lambda n: ("standard input", n + 2))
        print(f"{kills} kills of a program that read a pipe; 0 missing, 0 doubled")


if __name__ == "__main__":
    unittest.main()
