"""SIGTERM at random moments: the program ends within its deadline, and what is committed is exactly the beginning.

PENSTOCK_SIGTERMS: how many (20); 1000 are a soak of some minutes. PENSTOCK_SEED: the moments (printed).
"""
import os
import random
import signal
import subprocess
import time
import unittest
from collections import Counter

from support import OK, STOPPED, Ended, LoadTest, catches

ROWS = 400_000
DRAIN_WITHIN = 10


class Sigterms(LoadTest):
    def test_at_random_moments_end_within_the_deadline_with_exact_counts(self):
        count = int(os.environ.get("PENSTOCK_SIGTERMS", "20"))
        seed = int(os.environ.get("PENSTOCK_SEED", time.time_ns() % 1_000_000))
        dice = random.Random(seed)
        print(f"{count} signals, PENSTOCK_SEED={seed}", flush=True)
        # Rows of unlike lengths, so that blocks end anywhere.
        big = self.write("big.csv", "n,text\n" + "".join(f'{n},"{"x, " * (n * 7919 % 23)}"\n' for n in range(ROWS)))
        whole = self.time_of_a_load(big)
        ends, late = Counter(), 0.0
        for number in range(count):
            self.forget()
            with self.subTest(seed=seed, number=number):
                code, took, since_start = self.one(big, dice.uniform(0, 1.1 * whole))
                if code == OK:  # the first may have been the slowest
                    whole = min(whole, since_start)
                ends[code] += 1
                late = max(late, took)
        print(f"a whole load takes {whole:.2f} s; ends {dict(ends)}; at most {late:.2f} s from the signal to the end")
        if count >= 20:
            self.assertGreater(ends[STOPPED], count / 4, "most signals are to come while the program loads")

    def time_of_a_load(self, big):
        began = time.monotonic()
        self.loads(big, "--table", "t")
        return time.monotonic() - began

    def forget(self):
        for file in self.folder.glob("t.db*"):
            file.unlink()

    def committed(self):
        if not self.query("SELECT count(*) FROM sqlite_schema")[0][0]:
            return (0, None, None, 0)
        return self.query("SELECT count(*), min(n), max(n), count(DISTINCT n) FROM t")[0]

    def one(self, big, after):
        load = subprocess.Popen(self.command(big, "--table", "t", "--drain-within", f"{DRAIN_WITHIN}s"),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        began = time.monotonic()
        # A signal before the program listens would just kill it, as it would any program.
        while not catches(load.pid, signal.SIGTERM) and load.poll() is None:
            pass
        while time.monotonic() < began + after and load.poll() is None:
            pass
        sent = time.monotonic()
        load.send_signal(signal.SIGTERM)
        out, err = load.communicate(timeout=10 * DRAIN_WITHIN)
        over = time.monotonic()
        took = over - sent
        self.assertLess(took, DRAIN_WITHIN)
        self.assertIn(load.returncode, (OK, STOPPED), err)
        ended = Ended(load.returncode, out, err)
        self.check_counts(ended)
        inserted = ended.report["rows_inserted"]
        wanted = (inserted, 0, inserted - 1, inserted) if inserted > 0 else (0, None, None, 0)
        self.assertEqual(self.committed(), wanted)
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])
        if load.returncode == OK:
            self.assertEqual(inserted, ROWS)
        return load.returncode, took, over - began


if __name__ == "__main__":
    unittest.main()
