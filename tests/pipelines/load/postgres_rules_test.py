"""Loading into PostgreSQL: rules of tables that take a page apart, and runs that meet each other or the server's limits."""
import fcntl
import os
import signal
import subprocess
import unittest

from support import (BAD_ROW, CANCELLED, CHANGED, LOCKED, OK, OTHER_COLUMNS, OUTPUT, READ_ONLY, STOPPED, USAGE, Ended, catches,
                     eventually)
from postgres_support import PostgresTest, Relay


class Conflicts(PostgresTest):
    def test_of_keys_with_a_null_are_none(self):
        self.query("CREATE TABLE t(k int, l int, v text, UNIQUE (k, l))")
        csv = self.write("t.csv", "k,l,v\n1,,a\n1,,b\n,,c\n,,d\n1,2,e\n1,2,f\n")
        for choice, last in ("ignore", "e"), ("update", "f"):
            with self.subTest(choice=choice):
                self.query("TRUNCATE t")
                self.loads(csv, "--on-conflict", choice, "--key", "k,l", "--fresh")
                self.assertEqual(sorted(v for _, _, v in self.rows()), ["a", "b", "c", "d", last])

    def test_of_keys_whose_nulls_are_equal_update_one_after_the_other(self):
        self.query("CREATE TABLE t(k int, v text, UNIQUE NULLS NOT DISTINCT (k))")
        self.loads(self.write("t.csv", "k,v\n,a\n,b\n1,c\n"), "--on-conflict", "update", "--key", "k")
        self.assertEqual(sorted(v for _, v in self.rows()), ["b", "c"])

    def test_in_a_table_that_numbers_its_rows(self):
        self.query("CREATE TABLE t(id int GENERATED ALWAYS AS IDENTITY, k int UNIQUE, v text, penstock_row text)")
        ended = self.loads(self.write("t.csv", "k,v,penstock_row\n1,a,x\n2,b,y\n1,c,z\n"), "--on-conflict", "update", "--key", "k")
        self.assertEqual(ended.report["rows_rejected"], 0)
        self.assertEqual(sorted(row[1:] for row in self.rows()), [("1", "c", "z"), ("2", "b", "y")])

    def test_with_a_key_that_is_no_column_leave_no_trace(self):
        self.refuses(USAGE, self.write("t.csv", "k\n1\n"), "--on-conflict", "update", "--key", "absent")
        self.assertEqual(self.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), [("0",)])


class Rules(PostgresTest):
    def test_of_a_trigger_that_leaves_rows_out_reject_them(self):
        self.query("CREATE TABLE t(n int); CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS "
                   "'BEGIN IF NEW.n % 1000 = 500 THEN RETURN NULL; END IF; RETURN NEW; END'; "
                   "CREATE TRIGGER odd BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION odd()")
        csv = self.write("t.csv", "n\n" + "".join(f"{n}\n" for n in range(3000)))
        ended = self.loads(csv)
        self.assertEqual((ended.report["rows_inserted"], ended.report["rows_rejected"]), (2997, 3))
        self.assertEqual([r["line"] for r in self.rejects()], [502, 1502, 2502])
        self.assertIn("trigger", self.rejects()[0]["reason"])
        self.query("TRUNCATE t")
        self.refuses(BAD_ROW, csv, "--fresh", "--on-bad-row", "fail", says=["line 502", "trigger"])
        self.assertEqual(self.query("SELECT count(*) FROM t"), [("500",)])

    def test_that_are_deferred_reject_the_row_and_name_it_once(self):
        self.query("CREATE TABLE p(n int PRIMARY KEY); INSERT INTO p SELECT generate_series(0, 999); "
                   "CREATE TABLE t(n int REFERENCES p DEFERRABLE INITIALLY DEFERRED)")
        csv = self.write("t.csv", "n\n" + "".join(f"{n}\n" for n in [*range(100), 5000, *range(100)]) + "1,bad\n")
        ended = self.loads(csv)
        self.assertEqual((ended.report["rows_inserted"], ended.report["rows_rejected"]), (200, 2))
        self.assertEqual(sorted(r["line"] for r in self.rejects()), [102, 203])
        self.query("TRUNCATE t")
        self.refuses(BAD_ROW, csv, "--fresh", "--on-bad-row", "fail", says=["line 102", "foreign key"])
        self.assertEqual(self.query("SELECT count(*) FROM t"), [("100",)])

    def test_that_fail_only_at_the_commit_double_no_rejected_row(self):
        # A rule that is looked at for another table than the one that is loaded.
        self.query("CREATE TABLE p(n int PRIMARY KEY); CREATE TABLE t(n int); "
                   "CREATE TABLE shadow(n int REFERENCES p DEFERRABLE INITIALLY DEFERRED); "
                   "CREATE FUNCTION copied() RETURNS trigger LANGUAGE plpgsql AS "
                   "'BEGIN INSERT INTO shadow VALUES (NEW.n); RETURN NEW; END'; "
                   "CREATE TRIGGER copied BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION copied()")
        csv = self.write("t.csv", "n\n1\n2,bad\n")
        ended = self.refuses(BAD_ROW, csv, says="0 rows are committed")
        self.assertEqual(ended.report["rows_rejected"], 0)
        self.assertEqual([r["line"] for r in self.rejects()], [3])
        self.query("INSERT INTO p VALUES (1)")
        self.loads(csv)
        self.assertEqual(([r["line"] for r in self.rejects()], self.rows()), ([3], [("1",)]))

    def test_before_a_malformed_row_end_a_load_that_is_to_fail(self):
        self.query("CREATE TABLE t(n int CHECK (n <> 3))")
        csv = self.write("t.csv", "n\n1\n2\n3\nx\n5,bad\n")
        self.refuses(BAD_ROW, csv, "--on-bad-row", "fail", says="line 4")
        self.assertEqual(self.rows(), [("1",), ("2",)])

    def test_between_two_that_the_server_finds_in_another_order(self):
        # Values are read before rules are looked at, so the later row is named first.
        self.query("CREATE TABLE t(n int, UNIQUE (n) DEFERRABLE INITIALLY DEFERRED, d date)")
        csv = self.write("t.csv", "n,d\n1,2024-01-01\n1,2024-01-01\n2,2024-02-30\n3,\n")
        self.refuses(BAD_ROW, csv, "--on-bad-row", "fail", says=["line 3", "duplicate key"])
        self.assertEqual(self.query("SELECT count(*) FROM t"), [("1",)])
        self.loads(csv)
        self.assertEqual(self.query("SELECT n FROM t ORDER BY 1"), [("1",), ("3",)])


class Names(PostgresTest):
    def test_of_tables_that_the_server_would_cut_are_refused(self):
        csv = self.write("t.csv", "a\n1\n")
        self.refuses(USAGE, csv, "--table", "x" * 64, says="63 bytes")
        self.loads(csv, "--table", "x" * 63)

    def test_of_files_need_not_be_utf_8(self):
        with open(os.path.join(os.fsencode(self.folder), b"t\xff.csv"), "w") as file:
            file.write("n\n1\n2,bad\n")
        name = os.fsdecode(b"t\xff.csv")
        self.loads(name, "--table", "t", "--rejects", os.fsdecode(b"bad\xfe"))
        self.assertIn(b"nothing was done", self.run_load(name, "--table", "t").err)
        self.assertEqual(self.rows(), [("1",)])
        self.refuses(USAGE, name, says="UTF-8")

    def test_of_servers_are_never_repeated(self):
        csv = self.write("t.csv", "a\n1\n")
        for to in ("postgres://me:sec%zzret@localhost/db", "postgres://me:secret@[::1/db", "postgres://me:secret@localhost:1x/db?secret",
                   "postgres://me:s/ecret@localhost/db?nonsense=secret", "postgras://me:secret@localhost/db", "secret"):
            with self.subTest(to=to):
                ended = self.run_load(csv, "--to", to)
                self.assertEqual(ended.code, USAGE, ended.err)
                for part in b"secret", b"sec%", b"ecret":
                    self.assertNotIn(part, ended.err)


class Refused(PostgresTest):
    def test_inputs_leave_no_trace(self):
        self.query("CREATE TABLE t(a text, b text)")
        self.refuses(OTHER_COLUMNS, self.write("t.csv", "a,c\n1,2\n"))
        self.assertEqual(self.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"), [("t",)])

    def test_nothing_to_a_role_that_may_use_the_tables_and_make_none(self):
        csv = self.write("t.csv", "a\n1\n")
        self.loads(csv)
        self.query("DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN; "
                   "GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO clerk; "
                   "REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO clerk")
        self.addCleanup(self.query, "DROP OWNED BY clerk; DROP ROLE clerk")
        as_clerk = self.server.uri.replace("user=postgres", "user=clerk")
        self.loads(self.write("u.csv", "a\n2\n"), "--table", "t", "--to", as_clerk)
        self.assertEqual(self.rows(), [("1",), ("2",)])
        self.refuses(READ_ONLY, csv, "--table", "new", "--to", as_clerk)


class Meeting(PostgresTest):
    """Two runs of one load at once."""

    def begin(self, *arguments):
        """A run that is at work: a row of the second page waits for a lock that we hold."""
        self.query("CREATE TABLE IF NOT EXISTS t(n int UNIQUE)")
        self.csv = self.write("t.csv", "n\n" + "".join(f"{n}\n" for n in range(200)))
        self.holder = subprocess.Popen(["psql", "-X", "-q", "-h", self.server.folder, "-U", "postgres"], stdin=subprocess.PIPE)
        self.addCleanup(self.holder.wait)
        self.addCleanup(self.holder.stdin.close)
        self.holder.stdin.write(b"BEGIN; INSERT INTO t VALUES (150);\n")
        self.holder.stdin.flush()
        eventually("the row", lambda: self.waiting("idle in transaction") == 1)
        run = self.start("--lock-timeout", "1h", *arguments)
        eventually("a page is committed", lambda: self.query("SELECT count(*) FROM t") == [("100",)])
        return run

    def start(self, *arguments):
        run = subprocess.Popen(self.command(self.csv, "--batch", "100", *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               cwd=self.folder)
        self.addCleanup(run.communicate)
        self.addCleanup(run.kill)
        return run

    def waiting(self, state):
        return int(self.query(f"SELECT count(*) FROM pg_stat_activity WHERE state = '{state}' AND datname = 'postgres'")[0][0])

    def for_an_advisory_lock(self):
        return self.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == [("1",)]

    def let_go(self):
        self.holder.stdin.write(b"ROLLBACK;\n")
        self.holder.stdin.flush()

    def test_the_second_waits_no_longer_than_asked_however_the_file_is_called(self):
        first = self.begin()
        for timeout in "0s", "50ms":
            for name in "t.csv", "./t.csv":
                self.refuses(LOCKED, name, "--lock-timeout", timeout, says="another run of this load")
        self.let_go()
        first.wait(timeout=60)
        self.assertEqual((first.returncode, len(self.rows())), (OK, 200))

    def test_the_second_hears_a_signal_while_it_waits(self):
        self.begin()
        second = self.start("--lock-timeout", "1h")
        eventually("it waits", self.for_an_advisory_lock)
        second.send_signal(signal.SIGTERM)
        second.wait(timeout=60)
        self.assertEqual(second.returncode, STOPPED)
        self.let_go()

    def test_a_file_in_which_another_load_left_lines_while_it_was_waited_for_is_left_as_it_is(self):
        self.csv = self.write("t.csv", "n\n1\n2,bad\n")
        with open(self.folder / "bad", "w") as theirs:
            fcntl.flock(theirs, fcntl.LOCK_EX)
            run = self.start("--rejects", "bad")
            eventually("the load has begun", lambda: self.server.psql("SELECT 1 FROM penstock_progress", check=False))
            theirs.write('{"line":1}\n')
            theirs.flush()
            self.query("INSERT INTO penstock_loads (target, inputs, contents) SELECT target, 'others', contents FROM penstock_loads; "
                       "CREATE TABLE other AS SELECT * FROM penstock_progress; "
                       "UPDATE other SET load = (SELECT max(id) FROM penstock_loads), rejects_digest = 1; "
                       "INSERT INTO penstock_progress SELECT * FROM other")
        _, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, OUTPUT, err)
        self.assertIn(b"another unfinished load", err)
        self.assertEqual((self.folder / "bad").read_text(), '{"line":1}\n')

    def test_they_load_every_row_once_and_reject_every_bad_row_once(self):
        self.query("CREATE TABLE t(n int)")
        self.csv = self.write("t.csv", "n\n" + "".join(f"{n}\n" if n % 7 else f"{n},bad\n" for n in range(5000)))
        for _ in range(3):
            codes = {run.wait(timeout=60) for run in [self.start("--fresh") if n == 0 else self.start() for n in range(2)]}
            self.assertLessEqual(codes, {OK, LOCKED})
            self.assertIn(OK, codes)
        lines = [r["line"] for r in self.rejects()]
        self.assertEqual(lines, [n + 2 for n in range(0, 5000, 7)])

    def test_the_second_goes_on_when_the_first_was_killed(self):
        first = self.begin()
        first.kill()
        second = self.start("--lock-timeout", "1h")
        self.let_go()
        second.wait(timeout=60)
        self.assertEqual((second.returncode, self.query("SELECT count(*), count(DISTINCT n) FROM t")), (OK, [("200", "200")]))


class Cancelled(PostgresTest):
    def test_while_a_page_is_undone_is_cancelled_and_no_failure(self):
        self.query("CREATE TABLE t(n int)")
        # The first page that does not fit is undone twice: as one COPY, and before the file of rejected rows is made.
        relay = Relay(self.server, b"ROLLBACK\0", 2)
        self.addCleanup(relay.remove)
        run = subprocess.Popen(self.command(self.write("t.csv", "n\n1\nx\n"), "--to", relay.uri), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, cwd=self.folder)
        self.addCleanup(run.kill)
        self.assertTrue(relay.kept.wait(60))
        for each in signal.SIGINT, signal.SIGTERM:
            run.send_signal(each)
        out, err = run.communicate(timeout=60)
        self.check_sentence(Ended(run.returncode, out, err), CANCELLED, "second signal")
        self.assertEqual(self.rows(), [])


class GoingOn(PostgresTest):
    def interrupted(self):
        csv = self.write("t.csv", "n\n1\n2\n3\n4,bad\n5\n")
        self.refuses(BAD_ROW, csv, "--on-bad-row", "fail", "--batch", 2)
        self.assertEqual(self.rows(), [("1",), ("2",), ("3",)])
        return csv

    def test_is_refused_where_what_was_loaded_has_changed(self):
        self.interrupted()
        csv = self.write("t.csv", "n\n1\n2\n7\n4,bad\n5\n")
        self.refuses(CHANGED, csv, says=["t.csv", "--fresh"])
        self.loads(csv, "--fresh")
        self.assertEqual(self.query("SELECT count(*) FROM t"), [("7",)])

    def test_of_a_pipe_takes_a_word(self):
        text = b"n\n1\n2\nx,y\n3\n"
        self.refuses(BAD_ROW, "-", "--table", "t", "--on-bad-row", "fail", input=text)
        self.refuses(CHANGED, "-", "--table", "t", input=text, says=["--resume", "--fresh"])
        ended = self.loads("-", "--table", "t", "--resume", input=text)
        self.assertEqual((ended.report["rows_inserted"], self.rows()), (1, [("1",), ("2",), ("3",)]))


if __name__ == "__main__":
    unittest.main()
