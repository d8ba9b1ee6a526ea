"""The file of rejected rows: whose it is, and what is never cut from it."""
import fcntl
import json
import sqlite3
import subprocess
import unittest

from support import DISK_FULL, LOCKED, OK, OUTPUT, LoadTest, eventually


class RejectsFile(LoadTest):
    def rows_of(self, count):
        return "n\n" + "".join(f"{n}\n" if n % 7 else f"{n},bad\n" for n in range(count))

    def interrupt(self, path, *arguments):
        """Some batches are committed, then the database may not grow any more."""
        ended = self.run_load(path, "--table", "t", "--batch", 100, *arguments, prefix=["prlimit", "--fsize=400000"])
        self.assertEqual(ended.code, DISK_FULL, ended.err)
        self.assertGreater(ended.report["rows_rejected"], 0)
        return ended

    def lines(self, name):
        return [json.loads(line)["line"] for line in (self.folder / name).read_text().splitlines()]

    def test_is_named_after_the_database_and_the_table(self):
        path = self.write("t.csv", "a,b\n1\n")
        for table in "t", "u", "a/b":
            self.loads(path, "--table", table)
        for name in "t.db.t.rejects.ndjson", "t.db.u.rejects.ndjson", "t.db.a%2Fb.rejects.ndjson":
            self.assertEqual(self.lines(name), [2])

    def test_of_another_unfinished_load_is_left_as_it_is(self):
        first = self.write("first.csv", self.rows_of(100_000))
        self.interrupt(first, "--rejects", "bad")
        before = (self.folder / "bad").read_bytes()
        second = self.write("second.csv", "n\n1\n2,bad\n")
        for table in "t", "u":
            self.refuses(OUTPUT, second, "--table", table, "--rejects", "bad", says=["another unfinished load", "--rejects"])
            self.assertEqual((self.folder / "bad").read_bytes(), before)
            self.loads(second, "--table", table, "--rejects", "other")
        self.loads(first, "--table", "t", "--rejects", "bad")
        self.assertEqual(self.lines("bad"), [n + 2 for n in range(0, 100_000, 7)])
        # It is finished, and so its file is free.
        self.loads(self.write("third.csv", "n\n1\n2,bad\n"), "--table", "t", "--rejects", "bad")
        self.assertEqual(self.lines("bad"), [3])

    def test_of_another_unfinished_load_is_not_claimed_by_one_that_was_refused_it(self):
        first, second = self.write("first.csv", self.rows_of(100_000)), self.write("second.csv", self.rows_of(100_001))
        self.interrupt(first, "--rejects", "one")
        ended = self.run_load(second, "--table", "t", "--batch", 100, "--rejects", "two", prefix=["prlimit", "--fsize=800000"])
        self.assertEqual(ended.code, DISK_FULL, ended.err)
        before = (self.folder / "one").read_bytes()
        self.refuses(OUTPUT, second, "--table", "t", "--rejects", "one", says="another unfinished load")
        self.assertEqual((self.folder / "one").read_bytes(), before)
        self.loads(first, "--table", "t", "--rejects", "one")
        self.assertEqual(self.lines("one"), [n + 2 for n in range(0, 100_000, 7)])
        self.loads(second, "--table", "t", "--rejects", "two")
        self.assertEqual(self.lines("two"), [n + 2 for n in range(0, 100_000, 7)])

    def test_is_free_once_the_load_is_finished_that_had_it_when_another_began(self):
        first = self.write("first.csv", self.rows_of(100_000))
        self.interrupt(first, "--rejects", "bad")
        pipe = subprocess.Popen(self.command("-", "--table", "u", "--batch", 1, "--rejects", "bad"), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)
        pipe.stdin.write(b"n\n1\n2\n3\n")
        pipe.stdin.flush()
        eventually("a row of the second is in", lambda: self.has_rows("u"))
        self.loads(first, "--table", "t", "--rejects", "bad")
        _, err = pipe.communicate(b"4,bad\n", timeout=120)
        self.assertEqual((pipe.returncode, err), (OK, b""))
        self.assertEqual(self.lines("bad"), [5])

    def test_of_an_input_that_was_moved_is_gone_on_with(self):
        path = self.write("t.csv", self.rows_of(100_000))
        self.interrupt(path)
        self.loads(path.rename(self.folder / "moved.csv"), "--table", "t")
        self.assertEqual(self.lines("t.db.t.rejects.ndjson"), [n + 2 for n in range(0, 100_000, 7)])

    def test_changed_and_changed_back_loses_no_line(self):
        path = self.write("t.csv", self.rows_of(100_000))
        self.interrupt(path, "--rejects", "one")
        one = self.lines("one")
        ended = self.run_load(path, "--table", "t", "--batch", 100, "--rejects", "two", prefix=["prlimit", "--fsize=700000"])
        self.assertEqual(ended.code, DISK_FULL, ended.err)
        self.assertGreater(ended.report["rows_rejected"], 0)
        self.loads(path, "--table", "t", "--rejects", "one")
        self.assertEqual(self.lines("one")[:len(one)], one)
        all_lines = set(self.lines("one")) | set(self.lines("two"))
        self.assertEqual(all_lines, {n + 2 for n in range(0, 100_000, 7)})

    def test_of_a_load_that_goes_on_with_another_is_gone_on_with_behind_what_stands_there(self):
        path = self.write("t.csv", self.rows_of(100_000))
        self.interrupt(path)
        (self.folder / "notes").write_text('{"line": 0}\n{"line": -1}')
        self.loads(path, "--table", "t", "--rejects", "notes")
        lines = self.lines("notes")
        self.assertEqual(lines[:2], [0, -1])
        self.assertEqual(lines[2:], sorted(set(range(2, 100_002, 7)) & set(lines)))
        self.assertGreater(len(lines), 1000)

    def test_that_another_program_writes_to_is_not_touched(self):
        content = "".join(f"{n}\n" for n in range(1000))
        with open(self.folder / "bad", "w") as theirs:
            theirs.write(content)
            theirs.flush()
            fcntl.flock(theirs, fcntl.LOCK_EX)
            self.refuses(LOCKED, self.write("t.csv", "n\n1,bad\n"), "--rejects", "bad", "--lock-timeout", "10ms",
                         says="another program is writing to the file of rejected rows 'bad'")
            self.assertEqual((self.folder / "bad").read_text(), content)
        self.loads(self.write("t.csv", "n\n1,bad\n"), "--rejects", "bad")
        self.assertEqual(self.lines("bad"), [2])

    def test_of_a_load_is_cut_by_nobody_who_does_not_have_it(self):
        path = self.write("t.csv", self.rows_of(100_000))
        self.interrupt(path)
        file = self.folder / "t.db.t.rejects.ndjson"
        with open(file, "a") as theirs:  # a run of the load that is at work
            fcntl.flock(theirs, fcntl.LOCK_EX)
            theirs.write('{"line":1}\n')
            theirs.flush()
            before = file.read_bytes()
            self.refuses(LOCKED, path, "--table", "t", "--lock-timeout", "10ms", says="t.db.t.rejects.ndjson")
            self.assertEqual(file.read_bytes(), before)
        self.loads(path, "--table", "t")
        self.assertEqual(self.lines(file), [n + 2 for n in range(0, 100_000, 7)])

    def test_of_two_runs_at_once_holds_every_bad_row_once(self):
        path = self.write("t.csv", self.rows_of(20_000))
        for round in range(10):
            for file in self.folder.glob("t.db*"):
                file.unlink()
            if round % 2:
                self.run_load(path, "--batch", 100, prefix=["prlimit", "--fsize=100000"])
            runs = [subprocess.Popen(self.command(path, "--batch", 100), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                     cwd=self.folder) for _ in range(2)]
            said = b"".join(run.communicate(timeout=120)[1] for run in runs)
            codes = {run.returncode for run in runs}
            self.assertLessEqual(codes, {OK, LOCKED}, said)
            self.assertIn(OK, codes, said)
            self.assertTrue([n for n, in self.rows()] == [n for n in range(20_000) if n % 7])
            self.assertEqual(self.lines("t.db.t.rejects.ndjson"), [n + 2 for n in range(0, 20_000, 7)], said)

    def test_is_waited_for_in_no_transaction_and_left_alone_by_who_lost_his_load_meanwhile(self):
        for row in ("2,bad", "twice"):  # one that is malformed, and one that the table refuses
            with self.subTest(row=row):
                for file in self.folder.glob("t.db*"):
                    file.unlink()
                self.query("CREATE TABLE t(n UNIQUE)")
                path = self.write("t.csv", f"n\ntwice\n{row}\n")
                file = self.folder / "t.db.t.rejects.ndjson"
                with open(file, "w") as theirs:
                    fcntl.flock(theirs, fcntl.LOCK_EX)
                    theirs.write('{"line":1}\n')
                    theirs.flush()
                    run = subprocess.Popen(self.command(path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)
                    eventually("the load has begun", self.has_begun)
                    self.query("UPDATE penstock_progress SET owner = owner + 1")
                _, err = run.communicate(timeout=120)
                self.assertEqual(run.returncode, LOCKED, err)
                self.assertIn(b"another program goes on with the same load", err)
                self.assertEqual(file.read_text(), '{"line":1}\n')
                self.assertEqual(self.rows(), [])

    def test_that_another_load_left_lines_in_while_it_was_waited_for_is_left_as_it_is(self):
        path = self.write("t.csv", "n\n1\n2,bad\n")
        with open(self.folder / "bad", "w") as theirs:  # of a load that is at work
            fcntl.flock(theirs, fcntl.LOCK_EX)
            run = subprocess.Popen(self.command(path, "--rejects", "bad"), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   cwd=self.folder)
            eventually("the load has begun", self.has_begun)
            theirs.write('{"line":1}\n')
            theirs.flush()
            self.query("INSERT INTO penstock_loads (target, inputs, contents) SELECT target, 'others', contents FROM penstock_loads")
            self.query("CREATE TABLE other AS SELECT * FROM penstock_progress")
            self.query("UPDATE other SET load = load + 1, rejects_digest = 1")
            self.query("INSERT INTO penstock_progress SELECT * FROM other")
        _, err = run.communicate(timeout=120)
        self.assertEqual(run.returncode, OUTPUT, err)
        self.assertIn(b"another unfinished load", err)
        self.assertEqual((self.folder / "bad").read_text(), '{"line":1}\n')

    def has_begun(self):
        return self.has_rows("penstock_progress")

    def has_rows(self, table):
        try:
            return self.query(f"SELECT 1 FROM {table}") != []
        except sqlite3.OperationalError:
            return False

    def test_goes_on_when_a_finished_input_has_grown_also_if_it_was_removed(self):
        path = self.write("t.csv", "n\n1\n2,bad\n")
        self.loads(path)
        for line, expected in (4, [3, 4]), (5, [5]):
            with open(path, "a") as more:
                more.write("x,bad\n")
            if line == 5:
                (self.folder / "t.db.t.rejects.ndjson").unlink()
            self.loads(path)
            self.assertEqual(self.lines("t.db.t.rejects.ndjson"), expected)

    def test_names_a_run_that_lost_its_load_to_a_later_one(self):
        path = self.write("t.csv", self.rows_of(100_000))
        self.interrupt(path)
        (owner,), = self.query("SELECT owner FROM penstock_progress")
        self.loads(path, "--table", "t")
        self.assertEqual(self.query("SELECT owner FROM penstock_progress"), [(owner + 1,)])


if __name__ == "__main__":
    unittest.main()
