"""Rows that are no data go to the file of rejected rows, and the counts add up."""
import os
import unittest

from support import BAD_ROW, OUTPUT, LoadTest


class Rejected(LoadTest):
    def reasons(self):
        return [(row["line"], row["reason"]) for row in self.rejects()]

    def test_with_file_line_reason_and_text(self):
        path = self.write("t.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n")
        ended = self.loads(path)
        self.assertEqual(self.rows(), [(1, 2), (7, 8)])
        self.assertEqual((ended.report["rows_read"], ended.report["rows_rejected"]), (4, 2))
        self.assertEqual([(row["file"], row["line"], row["text"]) for row in self.rejects()],
                         [(str(path), 3, "3"), (str(path), 4, "4,5,6")])
        self.assertTrue(all(row["reason"] for row in self.rejects()))

    def test_into_the_file_that_was_named_and_only_when_there_are_any(self):
        self.loads(self.write("t.csv", "a\n1\n"), "--rejects", "bad")
        self.assertFalse((self.folder / "bad").exists())
        ended = self.loads(self.write("t.csv", "a\n1,2\n"), "--rejects", "bad")
        self.assertEqual(ended.report["rejects"], "bad")
        self.assertEqual(len(self.rejects("bad")), 1)

    def test_an_unterminated_quote_at_the_end_of_file(self):
        ended = self.loads(self.write("t.csv", 'a,b\n1,2\n3,"never closed\n5,6\n'))
        self.assertEqual(self.rows(), [(1, 2)])
        self.assertEqual(ended.report["rows_rejected"], 1)
        (row,) = self.rejects()
        self.assertEqual((row["line"], row["text"]), (3, '3,"never closed\n5,6'))
        self.assertIn("quote", row["reason"])

    def test_nul_bytes(self):
        self.loads(self.write("t.csv", b"a,b\n1,2\n3,\x00\n5,6\n"))
        self.assertEqual(self.rows(), [(1, 2), (5, 6)])
        (row,) = self.rejects()
        self.assertEqual((row["line"], row["text"]), (3, "3,\x00"))
        self.assertIn("NUL", row["reason"])

    def test_invalid_utf_8(self):
        self.loads(self.write("t.csv", b"a,b\n1,x\n3,\xff\xfe\n5,\xc3\xa9\n"))
        self.assertEqual(self.rows(), [(1, "x"), (5, "é")])
        (row,) = self.rejects()
        self.assertEqual((row["line"], row["text"], row["bytes"]), (3, "3,\ufffd\ufffd", 5))
        self.assertIn("UTF-8", row["reason"])

    def test_lines_of_ndjson(self):
        lines = [b'{"a":1}', b'{"a":', b"[1]", b'{"a":1,"a":2}', b'{"b":1}', b'{"a":"\xff"}', b'{"a":2} x', b'{"a":3}']
        ended = self.loads(self.write("t.ndjson", b"\n".join(lines)), "--batch", 1)
        self.assertEqual(self.rows(), [(1,), (3,)])
        self.assertEqual(ended.report["rows_rejected"], 6)
        self.assertEqual([row["line"] for row in self.rejects()], [2, 3, 4, 5, 6, 7])

    def test_a_row_above_the_limit(self):
        self.loads(self.write("t.csv", "a,b\n1,2\n3," + "x" * 5000 + "\n5,6\n"), "--max-row", "4kb")
        self.assertEqual(self.rows(), [(1, 2), (5, 6)])
        (row,) = self.rejects()
        self.assertEqual((row["line"], row["bytes"]), (3, 5003))
        self.assertIn("4096 bytes", row["reason"])

    def test_a_row_that_breaks_a_rule_of_the_table(self):
        self.query("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL CHECK (b <> 'no'))")
        ended = self.loads(self.write("t.csv", "a,b\n1,x\n2,no\n1,y\nz\n3,w\n"))
        self.assertEqual(self.rows(), [(1, "x"), (3, "w")])
        self.assertEqual((ended.report["rows_read"], ended.report["rows_rejected"]), (5, 3))
        by_line = {row["line"]: row for row in self.rejects()}
        self.assertEqual(by_line[3]["values"], [2, "no"])
        self.assertIn("CHECK", by_line[3]["reason"])
        self.assertIn("UNIQUE", by_line[4]["reason"])
        self.assertEqual(by_line[5]["text"], "z")

    def test_of_several_files_each_with_its_name(self):
        a, b = self.write("a.csv", "x\n1\n2,\n"), self.write("b.csv", "x\n,3\n4\n")
        self.loads(a, b, "--table", "t")
        self.assertEqual([(row["file"], row["line"]) for row in self.rejects()], [(str(a), 3), (str(b), 2)])

    def test_all_of_them_is_no_failure_of_the_program(self):
        ended = self.loads(self.write("t.csv", "a,b\n1\n2\n"))
        self.assertEqual((ended.report["rows_inserted"], ended.report["rows_rejected"]), (0, 2))

    def test_a_file_for_them_that_cannot_be_written(self):
        path = self.write("t.csv", "a,b\n1,2\n3\n")
        self.refuses(OUTPUT, path, "--rejects", "no/such/folder", says=["'no/such/folder'", "No such file"])
        os.mkfifo(self.folder / "pipe")
        self.refuses(OUTPUT, path, "--rejects", self.folder / "pipe", says="nobody reads this named pipe")
        self.db.unlink()
        ended = self.refuses(OUTPUT, path, "--rejects", "/dev/full", says=["'/dev/full'", "No space left"])
        self.assertEqual(ended.report["rows_inserted"], 0)


class Failing(LoadTest):
    def test_stops_at_the_first_bad_row_and_keeps_those_before_it(self):
        lines = [f"{i},x" for i in range(100)]
        lines[73] = "73"
        lines[74] = "74,,"
        path = self.write("t.csv", "a,b\n" + "\n".join(lines) + "\n")
        for batch in 1, 10, 1000:
            with self.subTest(batch=batch):
                self.db.unlink(missing_ok=True)
                ended = self.refuses(BAD_ROW, path, "--batch", batch, "--on-bad-row", "fail", "--table", "t",
                                     says=["t.csv, line 75: ", "73 rows are committed"])
                self.assertEqual([row[0] for row in self.rows()], list(range(73)))
                self.assertEqual((ended.report["rows_inserted"], ended.report["rows_rejected"]), (73, 1))

    def test_at_a_rule_of_the_table(self):
        self.query("CREATE TABLE t (a UNIQUE)")
        self.refuses(BAD_ROW, self.write("t.csv", "a\n1\n2\n1\n3\n"), "--on-bad-row", "fail",
                     says=["t.csv, line 4: ", "UNIQUE", "2 rows are committed"])
        self.assertEqual(self.rows(), [(1,), (2,)])


if __name__ == "__main__":
    unittest.main()
