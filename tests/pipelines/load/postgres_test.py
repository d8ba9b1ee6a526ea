"""Loading into PostgreSQL: what a row becomes, what becomes of a bad one, and how it ends."""
import subprocess
import unittest

from support import BAD_ROW, LOCKED, NOTHING, OTHER_COLUMNS, UNUSABLE, USAGE, eventually
from postgres_support import PostgresTest


class Postgres(PostgresTest):
    def types(self, table="t"):
        return self.query(f"SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '{table}' "
                          "ORDER BY ordinal_position")

    def test_a_table_is_made_as_the_columns_were_found(self):
        csv = self.write("t.csv", 'id,name,code\n1,"O""Brien; \\. \\N",002272\n2.50,"two\nlines\t",7\n')
        self.loads(csv)
        self.assertEqual(self.types(), [("id", "text"), ("name", "text"), ("code", "text")], "2.50 is not how 2.5 is written")
        self.assertEqual(self.rows(), [("1", 'O"Brien; \\. \\N', "002272"), ("2.50", "two\nlines\t", "7")])
        csv = self.write("n.csv", "id,x,name\n1,1.5,a\n2,,b\\t\n-3,12,\n")
        self.loads(csv)
        self.assertEqual(self.types("n"), [("id", "numeric"), ("x", "numeric"), ("name", "text")])
        self.assertEqual(self.rows("n"), [("1", "1.5", "a"), ("2", None, "b\\t"), ("-3", "12", "")])
        self.loads(csv, "--table", "as text", "--types", "text")
        self.assertEqual(self.rows("as text")[1], ("2", "", "b\\t"))

    def test_ndjson_becomes_text_or_what_a_table_says(self):
        lines = self.write("t.ndjson", '{"a":1,"b":"x","c":[1, 2]}\n{"a":true,"b":null}\n{"c":0.10000000000000001,"a":"\\u0000"}\n')
        ended = self.loads(lines)
        self.assertEqual(ended.report["rows_rejected"], 1, "a NUL byte cannot be stored")
        self.assertEqual(self.rows(), [("1", "x", "[1, 2]"), ("true", None, None)])
        self.query("CREATE TABLE own(a bigint, b text, c jsonb, d int DEFAULT 7)")
        self.loads(self.write("u.ndjson", '{"a":1,"b":"x","c":[1, 2]}\n'), "--table", "own")
        self.assertEqual(self.rows("own"), [("1", "x", "[1, 2]", None)])

    def test_hostile_names_and_values_are_only_names_and_values(self):
        hostile = 'x"; DROP TABLE t; --'
        self.query("CREATE TABLE t(a int)")
        csv = self.write("h.csv", '"a"" b","\'; DROP TABLE t",select\n"\'); DROP TABLE t; --",$1,%s\n')
        self.loads(csv, "--table", hostile)
        self.assertEqual(self.query('SELECT * FROM "x""; DROP TABLE t; --"'), [("'); DROP TABLE t; --", "$1", "%s")])
        self.assertEqual(self.rows(), [])

    def test_bad_rows_stand_alone_in_the_file_and_all_others_are_in_the_table(self):
        self.query("CREATE TABLE t(n int PRIMARY KEY CHECK (n <> 77), d date)")
        bad = {5: "x,2024-01-01", 9: "3,2024-01-01", 77: "77,2024-01-01", 500: "500,2024-02-30", 1999: "99999999999,"}
        text = "n,d\n" + "".join(bad.get(n, f"{n},2024-01-01") + "\n" for n in range(2000))
        ended = self.loads(self.write("t.csv", text))
        self.assertEqual(ended.report["rows_rejected"], len(bad))
        self.assertEqual([int(n) for n, _ in self.rows()], [n for n in range(2000) if n not in bad])
        self.assertEqual([r["line"] for r in self.rejects()], [n + 2 for n in sorted(bad)])
        for row, words in zip(self.rejects(), ["invalid input syntax", "duplicate key", "check constraint", "out of range",
                                               "out of range"]):
            self.assertIn(words, row["reason"])

    def test_a_page_of_nothing_but_bad_rows_ends(self):
        self.query("CREATE TABLE t(n int)")
        ended = self.loads(self.write("t.csv", "n\n" + "x\n" * 5000 + "1\n"))
        self.assertEqual((ended.report["rows_rejected"], self.rows()), (5000, [("1",)]))

    def test_a_bad_row_that_the_server_does_not_name_is_found(self):
        self.query("CREATE TABLE t(n int PRIMARY KEY, m int CHECK (m < 10))")
        text = "n,m\n" + "".join(f"{n},{99 if n in (100, 101, 3000) else 1}\n" for n in range(4000))
        ended = self.loads(self.write("t.csv", text), "--on-conflict", "ignore", "--key", "n")
        self.assertEqual([r["line"] for r in self.rejects()], [102, 103, 3002])
        self.assertEqual(ended.report["rows_inserted"], 3997)
        self.assertEqual(self.query("SELECT count(*) FROM t"), [("3997",)])

    def test_a_number_that_would_not_stay_as_it_is_written_is_rejected(self):
        lines = ["n"] + ["1"] * 5000 + ["007", "1e5", "-0", "+1", " 1", ".5", "1.", "0x1", "NaN", "1.50", "0.0", "-0.5"]
        ended = self.loads(self.write("t.csv", "\n".join(lines) + "\n"), "--batch", "100")
        self.assertEqual(ended.report["rows_rejected"], 9)
        self.assertEqual([r[0] for r in self.rows()[5000:]], ["1.50", "0.0", "-0.5"])

    def test_the_first_bad_row_ends_a_load_that_is_to_fail(self):
        self.query("CREATE TABLE t(n int PRIMARY KEY)")
        csv = self.write("t.csv", "n\n" + "".join(f"{n}\n" for n in [*range(50), 7, *range(50, 60)]))
        self.refuses(BAD_ROW, csv, "--on-bad-row", "fail", says=["line 52", "duplicate key"])
        self.assertEqual(self.query("SELECT count(*) FROM t"), [("50",)])

    def test_conflicts_are_ignored_or_update(self):
        first = self.write("1.csv", "k,v\na,1\nb,2\na,3\n")
        self.loads(first, "--table", "t", "--on-conflict", "ignore", "--key", "k")
        self.assertEqual(sorted(self.rows()), [("a", "1"), ("b", "2")])
        second = self.write("2.csv", "k,v\nb,20\nc,30\nb,21\n")
        self.loads(second, "--table", "t", "--on-conflict", "ignore", "--key", "k")
        self.assertEqual(sorted(self.rows()), [("a", "1"), ("b", "2"), ("c", "30")])
        self.loads(second, "--table", "t", "--on-conflict", "update", "--key", "k", "--fresh")
        self.assertEqual(sorted(self.rows()), [("a", "1"), ("b", "21"), ("c", "30")])
        self.refuses(USAGE, second, "--on-conflict", "update", says="--key")
        self.refuses(USAGE, second, "--table", "t", "--on-conflict", "update", "--key", "absent", "--fresh", says="absent")

    def test_other_columns_and_empty_inputs_are_refused(self):
        self.query("CREATE TABLE t(a text, b text)")
        self.refuses(OTHER_COLUMNS, self.write("t.csv", "a,c\n1,2\n"), says=["column 2 'b'", "'c'"])
        self.refuses(OTHER_COLUMNS, self.write("t.ndjson", '{"a":1,"z":2}\n'), says="no column 'z'")
        self.refuses(NOTHING, self.write("e.csv", ""))
        self.assertEqual(self.rows(), [])

    def test_a_server_that_cannot_be_reached_is_one_sentence_without_the_password(self):
        csv = self.write("t.csv", "a\n1\n")
        ended = self.refuses(UNUSABLE, csv, "--to", "postgres://me:secret@localhost:1/db", says="cannot be reached")
        self.assertNotIn(b"secret", ended.err)
        ended = self.refuses(USAGE, csv, "--to", "postgras://me:secret@localhost/db")
        self.assertNotIn(b"secret", ended.err)
        self.refuses(UNUSABLE, csv, "--to", self.server.uri.replace("/postgres?", "/absent?"), says='"absent" does not exist')

    def test_a_lock_is_waited_for_no_longer_than_asked(self):
        self.query("CREATE TABLE t(a text)")
        holder = subprocess.Popen(["psql", "-X", "-q", "-h", self.server.folder, "-U", "postgres"], stdin=subprocess.PIPE)
        try:
            holder.stdin.write(b"BEGIN; LOCK TABLE t;\n")
            holder.stdin.flush()
            eventually("the lock", lambda: self.query("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'") != [("0",)])
            self.refuses(LOCKED, self.write("t.csv", "a\n1\n"), "--lock-timeout", "100ms", says="lock")
        finally:
            holder.stdin.close()
            holder.wait()
        self.assertEqual(self.rows(), [])

    def test_a_server_that_is_killed_ends_the_load_and_a_new_run_goes_on(self):
        rows = 400_000
        csv = self.write("t.csv", "n,text\n" + "".join(f"{n},row {n}\n" for n in range(rows)))
        self.query("CREATE TABLE t(n bigint, text text)")
        load = subprocess.Popen(self.command(csv, "--batch", "500"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)
        eventually("some rows", lambda: self.query("SELECT EXISTS (SELECT FROM t)") == [("t",)])
        self.server.stop()
        out, err = load.communicate(timeout=60)
        self.server.start()
        self.assertEqual(load.returncode, UNUSABLE, err)
        self.assertEqual(err.count(b"\n"), 1, err)
        ended = self.loads(csv)
        self.assertGreater(ended.report["earlier"]["rows_inserted"], 0)
        self.assertEqual(self.query("SELECT count(*), count(DISTINCT n), min(n), max(n) FROM t"),
                         [(str(rows), str(rows), "0", str(rows - 1))])


if __name__ == "__main__":
    unittest.main()
