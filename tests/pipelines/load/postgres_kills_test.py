"""kill -9 at random moments of a load into PostgreSQL: the runs together load every row once, and reject every bad row once.

PENSTOCK_KILLS: how many while it works (20); 200 take some minutes. PENSTOCK_SEED: the moments (printed).
"""
import os
import random
import subprocess
import time
import unittest

from support import OK, SANITIZED
from moments import Moments
from postgres_support import PostgresTest

ROWS = 60_000 if SANITIZED else 200_000


def row(n):
    # Rows of unlike lengths, so that blocks end anywhere; one in 400 is malformed, one in 1000 is refused by the server.
    number = "x" if n % 1000 == 13 else n
    return f'{number},"{"x, " * (n * 7919 % 23)}"' + (",bad" if n % 400 == 7 else "") + "\n"


def is_bad(n):
    return n % 400 == 7 or n % 1000 == 13


class Kills(PostgresTest):
    def start(self, csv, *arguments):
        return subprocess.Popen(self.command(csv, "--table", "t", *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                cwd=self.folder)

    def anew(self):
        self.query("DROP TABLE IF EXISTS t, penstock_loads, penstock_progress; CREATE TABLE t(n bigint, text text)")
        for file in self.folder.glob("*.ndjson"):
            file.unlink()

    def check(self):
        good = [n for n in range(ROWS) if not is_bad(n)]
        found = sorted(int(n) for n, in self.query("SELECT n FROM t"))
        self.assertEqual(len(found), len(good), f"{len(set(good) - set(found))} missing, "
                                                f"{len(found) - len(set(found))} doubled")
        self.assertEqual(found, good)
        self.assertEqual(sorted(r["line"] for r in self.rejects()), [n + 2 for n in range(ROWS) if is_bad(n)])

    def test_at_random_moments_lose_no_row_and_double_none(self):
        kills = int(os.environ.get("PENSTOCK_KILLS", "20"))
        seed = int(os.environ.get("PENSTOCK_SEED", time.time_ns() % 1_000_000))
        dice = random.Random(seed)
        print(f"{kills} kills, PENSTOCK_SEED={seed}", flush=True)
        csv = self.write("t.csv", "n,text\n" + "".join(map(row, range(ROWS))))
        self.anew()
        began = time.monotonic()
        self.loads(csv, "--table", "t")
        whole = time.monotonic() - began
        self.check()
        moments, loads = Moments(dice, kills, whole / 2), 0
        while moments.go_on():
            self.anew()
            loads += 1
            with self.subTest(seed=seed, load=loads):
                for number in range(4):
                    load = self.start(csv, "--batch", str(dice.choice([200, 1000, 4096])))
                    if not moments.kill(load, resumed=number > 0):
                        break
                last = self.start(csv)
                _, err = last.communicate(timeout=240)
                self.assertEqual(last.returncode, OK, err)
                self.check()
        print(f"{moments.at_work} kills while the program worked, in {loads} loads; 0 missing, 0 doubled")


if __name__ == "__main__":
    unittest.main()
