"""A load that ended early goes on where it ended; a second load of the same inputs says what it does."""
import json
import os
import signal
import sqlite3
import subprocess
import unittest

from database_test import small_disk
from support import BAD_ROW, CHANGED, DISK_FULL, LOCKED, OK, STOPPED, LoadTest, catches, eventually


class ResumeTest(LoadTest):
    def numbers(self, last, name="t.csv", first=0):
        return self.write(name, "n\n" + "".join(f"{n}\n" for n in range(first, last)))

    def interrupt(self, *arguments, limit="--fsize=300000", **more):
        """Some batches are committed, then the database may not grow any more."""
        ended = self.run_load(*arguments, "--table", "t", "--batch", 100, prefix=["prlimit", limit], **more)
        self.assertEqual(ended.code, DISK_FULL, ended.err)
        self.assertGreater(ended.report["rows_inserted"], 0)
        return ended

    def check_rows(self, last):
        # Not assertEqual: the difference of long lists takes minutes.
        self.assertTrue([row[0] for row in self.rows()] == list(range(last)))
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])

    def notes(self, ended):
        text = ended.err.decode()
        self.assertEqual(ended.code, OK, text)
        self.assertEqual(text, f"penstock-load: {ended.report['note']}\n")
        self.assertEqual(ended.report["rows_read"], 0)
        return text


class GoingOn(ResumeTest):
    def test_after_a_failure_loads_the_rest(self):
        path = self.numbers(100_000)
        first = self.interrupt(path)
        second = self.loads(path, "--table", "t")
        self.assertEqual(second.report["earlier"], {"rows_inserted": first.report["rows_inserted"], "rows_rejected": 0})
        self.assertEqual(second.report["rows_inserted"], 100_000 - first.report["rows_inserted"])
        self.check_rows(100_000)

    def test_keeps_the_kind_of_every_value(self):
        rows = "".join(f"{n},{n:06},{n}.5\n" for n in range(50_000))
        path = self.write("t.csv", "n,code,price\n" + rows)
        whole = self.folder / "whole.db"
        self.loads(path, "--table", "t", db=whole)
        self.interrupt(path)
        self.loads(path, "--table", "t")
        self.assertTrue(self.rows() == self.rows(db=whole))

    def test_of_ndjson_rejects_a_key_that_the_table_lacks_as_a_whole_load_does(self):
        lines = [json.dumps({"n": n}) for n in range(50_000)]
        lines[40_000:40_002] = ['{"n": 1, "m": 2}', "[]"]
        path = self.write("t.ndjson", "\n".join(lines) + "\n")
        self.loads(path, "--table", "t", "--rejects", "whole", db=self.folder / "whole.db")
        self.interrupt(path)
        self.loads(path, "--table", "t")
        self.assertTrue(self.rows() == self.rows(db=self.folder / "whole.db"))
        self.assertEqual(self.rejects(), self.rejects("whole"))
        self.assertEqual(len(self.rejects()), 2)

    def test_over_several_files(self):
        paths = [self.numbers(20_000 * (i + 1), f"{i}.csv", 20_000 * i) for i in range(5)]
        self.interrupt(*paths)
        self.loads(*paths, "--table", "t")
        self.check_rows(100_000)

    def test_of_files_that_were_moved(self):
        path = self.numbers(100_000)
        self.interrupt(path)
        moved = path.rename(self.folder / "moved.csv")
        self.assertGreater(self.loads(moved, "--table", "t").report["earlier"]["rows_inserted"], 0)
        self.check_rows(100_000)

    def test_of_a_file_that_has_grown_loads_what_came(self):
        path = self.numbers(100_000)
        self.interrupt(path)
        with open(path, "a") as more:
            more.write("100000\n100001\n")
        self.loads(path, "--table", "t")
        self.check_rows(100_002)

    def test_after_a_stop_by_a_signal(self):
        path = self.numbers(3_000_000)
        load = subprocess.Popen(self.command(path, "--table", "t", "--batch", 500), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        eventually("a batch is committed", lambda: self.db.exists() and self.committed() > 0)
        load.send_signal(signal.SIGINT)
        load.communicate(timeout=120)
        self.assertEqual(load.returncode, STOPPED)
        self.loads(path, "--table", "t")
        self.assertEqual(self.query("SELECT count(*), count(DISTINCT n), max(n) FROM t"), [(3_000_000, 3_000_000, 2_999_999)])

    def test_hears_a_signal_while_it_waits_for_another_program(self):
        path = self.numbers(100_000)
        self.interrupt(path)
        other = sqlite3.connect(self.db, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        load = subprocess.Popen(self.command(path, "--table", "t", "--lock-timeout", "1h"), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        eventually("it handles signals", lambda: catches(load.pid, signal.SIGINT))
        load.send_signal(signal.SIGINT)
        load.communicate(timeout=60)
        self.assertEqual(load.returncode, STOPPED)
        other.execute("ROLLBACK")
        self.loads(path, "--table", "t")
        self.check_rows(100_000)

    def committed(self):
        try:
            return self.query("SELECT count(*) FROM t")[0][0]
        except sqlite3.OperationalError:
            return 0

    def test_keeps_what_is_rejected_to_one_line_each(self):
        rows = "".join(f"{n}\n" if n % 7 else f"{n},bad\n" for n in range(100_000))
        path = self.write("t.csv", "n\n" + rows)
        first = self.interrupt(path, limit="--fsize=400000:400000")
        # What a batch that was never committed left behind, and a part of a line.
        with open(self.folder / "t.db.t.rejects.ndjson", "a") as more:
            more.write('{"file":"t.csv","line":99}\n{"fi')
        second = self.loads(path, "--table", "t")
        self.assertTrue([row["line"] for row in self.rejects()] == [n + 2 for n in range(0, 100_000, 7)])
        self.assertEqual(first.report["rows_rejected"], second.report["earlier"]["rows_rejected"])

    def test_without_its_rejected_rows_is_refused_unless_others_are_named(self):
        rows = "".join(f"{n}\n" if n % 7 else f"{n},bad\n" for n in range(100_000))
        path = self.write("t.csv", "n\n" + rows)
        self.interrupt(path, limit="--fsize=400000:400000")
        file = self.folder / "t.db.t.rejects.ndjson"
        content = file.read_bytes()
        for changed in b"", content[:50], b"x" + content[1:]:
            file.write_bytes(changed)
            self.refuses(CHANGED, path, "--table", "t", says=["t.db.t.rejects.ndjson", "--fresh"])
        file.unlink()
        self.refuses(CHANGED, path, "--table", "t", says="t.db.t.rejects.ndjson")
        self.loads(path, "--table", "t", "--rejects", "others")
        file.write_bytes(content)
        lines = {row["line"] for row in self.rejects("others")} | {
            json.loads(line)["line"] for line in content.decode().splitlines() if line.endswith("}")}
        self.assertTrue({n + 2 for n in range(0, 100_000, 7)} <= lines)

    def test_at_a_bad_row_that_ended_it(self):
        path = self.write("t.csv", "n\n0\n1\n2,bad\n3\n")
        self.refuses(BAD_ROW, path, "--on-bad-row", "fail", says="line 4")
        self.refuses(BAD_ROW, path, "--on-bad-row", "fail", says="line 4")
        self.assertEqual(self.rows(), [(0,), (1,)])
        # The row may be mended; what was loaded before it may not change.
        self.write("t.csv", "n\n0\n1\n2\n3\n")
        self.assertEqual(self.loads(path, "--on-bad-row", "fail", "--batch", 1).report["rows_read"], 2)
        self.check_rows(4)

    def test_at_a_bad_row_compares_what_was_loaded_before_it(self):
        for name, first, bad in [("t.csv", "n\n1\n2\n3\n", "4,bad\n5\n"), ("t.ndjson", '{"n":1}\n{"n":2}\n\n{"n":3}\n', '{"n"\n{"n":5}\n')]:
            for batch in 1, 2, 1000:
                with self.subTest(name=name, batch=batch):
                    self.db.unlink(missing_ok=True)
                    path = self.write(name, first + bad)
                    self.refuses(BAD_ROW, path, "--on-bad-row", "fail", "--batch", batch)
                    self.write(name, (first + bad).replace("2", "7"))
                    self.refuses(CHANGED, path, "--batch", batch, says=[name, "--fresh"])
                    self.write(name, first + bad)
                    ended = self.loads(path)
                    self.assertEqual((ended.report["rows_inserted"], ended.report["rows_rejected"]), (1, 1))
                    self.assertEqual(self.rows(), [(1,), (2,), (3,), (5,)])

    def test_at_a_first_row_of_a_further_file_that_is_bad(self):
        for ending, header, rows, bad in [("csv", "n\n", "1\n2\n", "x,y\n3\n"), ("ndjson", "", '{"n":1}\n{"n":2}\n', '[]\n{"n":3}\n')]:
            with self.subTest(ending=ending):
                self.db.unlink(missing_ok=True)
                paths = [self.write(f"a.{ending}", header + rows), self.write(f"b.{ending}", "\ufeff" + header + bad)]
                self.refuses(BAD_ROW, *paths, "--table", "t", "--on-bad-row", "fail")
                ended = self.loads(*paths, "--table", "t")
                self.assertEqual((ended.report["rows_inserted"], ended.report["rows_rejected"]), (1, 1))
                self.check_rows_from_one(3)

    def check_rows_from_one(self, last):
        self.assertEqual(self.rows(), [(n,) for n in range(1, last + 1)])

    def test_before_a_row_that_the_table_refused_and_a_malformed_one_behind_it(self):
        self.query("CREATE TABLE t (n UNIQUE)")
        path = self.write("t.csv", "n\n0\n1\n1\n2\n2\n3,bad\n4\n")
        self.refuses(BAD_ROW, path, "--on-bad-row", "fail", says="line 4")
        self.assertEqual(self.rows(), [(0,), (1,)])
        ended = self.loads(path)
        self.assertEqual((ended.report["rows_inserted"], ended.report["rows_rejected"]), (2, 3))

    def test_at_a_row_that_the_table_refused(self):
        self.query("CREATE TABLE t (n UNIQUE)")
        path = self.write("t.csv", "n\n0\n1\n1\n2\n")
        self.refuses(BAD_ROW, path, "--on-bad-row", "fail", says="line 4")
        ended = self.loads(path)
        self.assertEqual((ended.report["rows_inserted"], ended.report["rows_rejected"]), (1, 1))
        self.check_rows(3)


class FullDisk(ResumeTest):
    def test_goes_on_when_there_is_room_again(self):
        path = self.numbers(300_000)
        with small_disk(self.folder / "small", 16 << 20) as disk:
            filler = disk / "filler"
            filler.write_bytes(bytes(13 << 20))
            db = disk / "t.db"
            ended = self.refuses(DISK_FULL, path, "--table", "t", db=db, says=["full", "rows are committed"])
            self.assertGreater(ended.report["rows_inserted"], 0)
            filler.unlink()
            self.loads(path, "--table", "t", db=db)
            self.assertTrue([row[0] for row in self.rows(db=db)] == list(range(300_000)))


class SecondWriter(ResumeTest):
    def test_that_commits_between_the_batches_is_no_matter(self):
        path = self.numbers(300_000)
        self.query("PRAGMA journal_mode = WAL")
        other = sqlite3.connect(self.db, isolation_level=None, timeout=60)
        self.addCleanup(other.close)
        other.execute("CREATE TABLE u (n)")
        for kills in 5, 4, 3, 2, 1, 0:
            load = subprocess.Popen(self.command(path, "--table", "t", "--batch", 300), stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
            for n in range(20):
                other.execute("INSERT INTO u VALUES (?)", (n,))
            if kills > 0:
                load.kill()
            load.wait()
            if load.returncode == OK:
                break
        self.assertEqual(load.returncode, OK)
        self.check_rows(300_000)


class Changed(ResumeTest):
    def test_sources_are_refused(self):
        path = self.numbers(100_000)
        self.interrupt(path)
        before = self.rows()
        content = path.read_bytes()
        for changed in content.replace(b"7", b"8", 1), content[:100], b"n\n" + content[4:], b"m" + content[1:]:
            path.write_bytes(changed)
            ended = self.run_load(path, "--table", "t")
            if not changed.startswith(b"m"):
                self.check_sentence(ended, CHANGED, ["t.csv", "--fresh"])
            self.assertNotEqual(ended.code, OK)
            self.assertTrue(self.rows() == before)
        path.write_bytes(content)
        self.loads(path, "--table", "t")
        self.check_rows(100_000)

    def test_sources_are_all_named_as_far_as_they_were_loaded(self):
        paths = [self.write(f"{i}.csv", f"n\n{i}\n{i}{',bad' if i == 2 else ''}\n") for i in range(4)]
        self.refuses(BAD_ROW, *paths, "--table", "t", "--on-bad-row", "fail")
        self.write("0.csv", "n\n0\n7\n")
        ended = self.refuses(CHANGED, *paths, "--table", "t", says=["0.csv, ", "1.csv or ", "2.csv is not", "--fresh"])
        self.assertNotIn(b"3.csv", ended.err)

    def test_lists_of_inputs_are_refused(self):
        paths = [self.numbers(60_000 * (i + 1), f"{i}.csv", 60_000 * i) for i in range(2)]
        self.interrupt(*paths)
        for other in paths[:1], paths[::-1], [*paths, paths[0]]:
            self.refuses(CHANGED, *other, "--table", "t", says=["0.csv", "same order", "--fresh"])
        self.loads(*paths, "--table", "t")
        self.check_rows(120_000)

    def test_an_emptied_table_is_refused_without_a_word(self):
        path = self.numbers(100_000)
        self.interrupt(path)
        self.query_and_commit("DELETE FROM t")
        self.refuses(CHANGED, path, "--table", "t", says=["--resume", "--fresh"])
        self.loads(path, "--table", "t", "--fresh")
        self.check_rows(100_000)

    def query_and_commit(self, sql):
        connection = sqlite3.connect(self.db)
        connection.execute(sql)
        connection.commit()
        connection.close()

    def test_a_table_that_was_dropped_is_loaded_anew(self):
        path = self.numbers(100_000)
        self.interrupt(path)
        self.query_and_commit("DROP TABLE t")
        self.loads(path, "--table", "t")
        self.check_rows(100_000)

    def test_fresh_begins_a_load_of_its_own(self):
        path = self.numbers(50_000)
        first = self.interrupt(path)
        self.loads(path, "--table", "t", "--fresh")
        self.assertEqual(len(self.rows()), 50_000 + first.report["rows_inserted"])
        self.notes(self.run_load(path, "--table", "t"))


class Again(ResumeTest):
    def test_the_same_file_says_that_it_is_loaded_and_how_to_load_it_once_more(self):
        path = self.numbers(1000)
        self.loads(path)
        for _ in range(2):
            said = self.notes(self.run_load(path))
            for words in "t.csv was loaded", "1000 rows", "nothing was done", "--fresh":
                self.assertIn(words, said)
        self.check_rows(1000)
        self.loads(path, "--fresh")
        self.assertEqual(len(self.rows()), 2000)

    def test_a_file_with_other_content_is_a_load_of_its_own_and_that_is_said(self):
        big = "n\n" + "".join(f"{n}\n" for n in range(100_000, 160_000))
        path = self.write("t.csv", big)
        self.assertIsNone(self.loads(path).report["note"])
        for count, content in enumerate([big.replace("130000\n", "130001\n"), "n\n5\n"], start=2):
            ended = self.loads(self.write("t.csv", content))
            self.assertIn("t.csv was loaded into table 't' before with other contents", ended.report["note"])
            self.assertEqual(self.query("SELECT count(*) FROM penstock_loads"), [(count,)])
        self.assertEqual(len(self.rows()), 60_000 + 60_000 + 1)

    def test_a_file_that_has_grown_loads_what_came(self):
        path = self.numbers(1000)
        self.loads(path)
        for last in 1001, 1500:
            with open(path, "a") as more:
                more.write("".join(f"{n}\n" for n in range(len(self.rows()), last)))
            ended = self.loads(path)
            self.assertEqual((ended.report["earlier"]["rows_inserted"], ended.report["note"]), (len(self.rows()) - ended.report["rows_inserted"], None))
            self.check_rows(last)
        self.notes(self.run_load(path))
        self.assertEqual(self.query("SELECT count(*), max(state) FROM penstock_loads JOIN penstock_progress ON load = id"), [(1, "loaded")])

    def test_a_file_that_grows_while_it_is_loaded_is_known_as_far_as_it_was_read(self):
        path = self.numbers(100_000)
        load = subprocess.Popen(self.command(path, "--table", "t", "--batch", 100), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        eventually("a batch is committed", lambda: self.db.exists() and GoingOn.committed(self) > 0)
        with open(path, "a") as more:
            more.write("100000\n")
        load.communicate(timeout=120)
        self.assertEqual(load.returncode, OK)
        self.assertEqual(self.run_load(path, "--table", "t").code, OK)
        self.check_rows(100_001)

    def test_a_file_is_known_however_its_name_is_written(self):
        path = self.numbers(1000)
        self.loads("t.csv")
        (self.folder / "sub").mkdir()
        for name in "./t.csv", path, "sub/../t.csv":
            self.notes(self.run_load(name))
        self.check_rows(1000)

    def test_files_whose_names_are_not_utf_8_are_two(self):
        for byte in b"\xfe", b"\xff":
            with open(os.path.join(os.fsencode(self.folder), b"t" + byte + b".csv"), "w") as file:
                file.write("n\n" + "x,y\n" + f"{byte[0]}\n")
            self.loads(os.fsdecode(b"t" + byte + b".csv"), "--table", "t")
        self.assertEqual(self.rows(), [(0xfe,), (0xff,)])

    def test_into_another_or_an_emptied_table_is_a_load_of_its_own(self):
        path = self.numbers(10)
        self.loads(path)
        self.loads(path, "--table", "u")
        self.assertEqual(len(self.rows("u")), 10)
        connection = sqlite3.connect(self.db)
        connection.execute("DELETE FROM t")
        connection.commit()
        connection.close()
        self.loads(path)
        self.check_rows(10)

    def test_two_loads_of_one_file_at_once_load_it_once(self):
        path = self.numbers(20_000)
        for _ in range(10):
            self.db.unlink(missing_ok=True)
            loads = [subprocess.Popen(self.command(path, "--batch", 100), stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL) for _ in range(2)]
            codes = {load.wait(timeout=120) for load in loads}
            self.assertLessEqual(codes, {OK, LOCKED})
            self.assertIn(OK, codes)
            self.check_rows(20_000)


class Pipes(ResumeTest):
    TEXT = b"n\n" + b"".join(b"%d\n" % n for n in range(100_000))

    def test_go_on_only_if_told_to(self):
        self.interrupt("-", input=self.TEXT)
        before = self.rows()
        self.refuses(CHANGED, "-", "--table", "t", input=b"n\n", says=["standard input", "--resume", "--fresh"])
        self.refuses(CHANGED, "-", "--table", "t", "--resume", input=self.TEXT.replace(b"7", b"8", 1), says="--fresh")
        self.assertTrue(self.rows() == before)
        self.loads("-", "--table", "t", "--resume", input=self.TEXT)
        self.check_rows(100_000)

    def test_are_loaded_as_often_as_they_come(self):
        for count in 1, 2:
            self.loads("-", "--table", "t", input=b"n\n1\n")
            self.assertEqual(self.rows(), [(1,)] * count)

    def test_that_were_stopped_by_a_signal_need_no_word(self):
        load = subprocess.Popen(self.command("-", "--table", "t", "--batch", 1), stdin=subprocess.PIPE,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        eventually("it handles signals", lambda: catches(load.pid, signal.SIGINT))
        load.stdin.write(b"n\n0\n1\n")
        load.stdin.flush()
        eventually("it is loaded", lambda: self.db.exists() and GoingOn.committed(self) > 0)
        load.send_signal(signal.SIGINT)
        self.assertEqual(load.wait(timeout=120), STOPPED)
        said = load.stderr.read()
        load.stderr.close()
        for words in b"2 rows are committed", b"as new rows", b"--resume":
            self.assertIn(words, said)
        load.stdin.close()
        self.loads("-", "--table", "t", input=b"n\n5\n")
        self.assertEqual(self.rows()[-1], (5,))


if __name__ == "__main__":
    unittest.main()
