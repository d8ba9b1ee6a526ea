"""Memory stays below 64 MB, whatever comes."""
import os
import subprocess
import unittest

from support import OK, SANITIZED, Ended, LoadTest

LIMIT = 64_000_000
LESS = 20 if SANITIZED else 1  # of everything, where each step is slow and memory is not measured


class Memory(LoadTest):
    def load_stream(self, pieces, *arguments):
        """Feeds standard input piece by piece; returns how it ended and the peak memory in bytes."""
        load = subprocess.Popen(self.command("-", "--table", "t", *arguments), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with load.stdin:
            for piece in pieces:
                load.stdin.write(piece)
        out, err = load.stdout.read(), load.stderr.read()
        load.stdout.close(), load.stderr.close()
        _, status, usage = os.wait4(load.pid, 0)
        load.returncode = os.waitstatus_to_exitcode(status)
        ended = Ended(load.returncode, out, err)
        self.assertEqual((ended.code, ended.err), (OK, b""))
        self.check_counts(ended)
        if not SANITIZED:
            self.assertLess(usage.ru_maxrss * 1024, LIMIT)
        return ended

    def test_of_many_rows(self):
        row = b'%d,007,"Zurich, Kreis 4",12.25,2024-05-06 07:08:09,a comment of some length that goes on,\xc3\xa9\n'
        piece = b"".join(row % i for i in range(10_000))
        ended = self.load_stream([b"id,code,place,price,at,comment,name\n", *[piece] * (200 // LESS)], "--workers", 4)
        self.assertEqual(ended.report["rows_inserted"], 2_000_000 // LESS)

    def test_of_many_lines_of_ndjson(self):
        line = b'{"id":%d,"code":"007","price":12.25,"at":"2024-05-06","comment":"a \\"quoted\\" text","tags":[1,2]}\n'
        piece = b"".join(line % i for i in range(10_000))
        ended = self.load_stream([piece] * (100 // LESS), "--format", "ndjson", "--workers", 4)
        self.assertEqual(ended.report["rows_inserted"], 1_000_000 // LESS)

    def test_of_a_line_of_100_megabytes(self):
        filler = b"x" * 1_000_000
        ended = self.load_stream([b"a,b\n1,2\n3,", *[filler] * 100, b"\n5,6\n"])
        self.assertEqual(self.rows(), [(1, 2), (5, 6)])
        self.assertEqual(ended.report["rows_rejected"], 1)
        (row,) = self.rejects()
        self.assertEqual((row["line"], row["bytes"]), (3, 100_000_003))
        self.assertLessEqual(len(row["text"]), 4096)

    def test_of_a_quote_that_is_never_closed(self):
        ended = self.load_stream([b'a,b\n1,2\n3,"', *[b"x,y\n" * 250_000] * 100])
        self.assertEqual((self.rows(), ended.report["rows_rejected"]), ([(1, 2)], 1))
        self.assertIn("quote", self.rejects()[0]["reason"])

    def test_of_a_line_of_100_megabytes_of_ndjson(self):
        filler = b"x" * 1_000_000
        ended = self.load_stream([b'{"a":1}\n{"a":"', *[filler] * 100, b'"}\n{"a":2}\n'], "--format", "ndjson")
        self.assertEqual((self.rows(), ended.report["rows_rejected"]), ([(1,), (2,)], 1))

    def test_of_rows_just_below_the_limit(self):
        row = b"1," + b"x" * 1_000_000 + b"\n"
        ended = self.load_stream([b"a,b\n", *[row] * 100], "--workers", 4)
        self.assertEqual(ended.report["rows_inserted"], 100)

    def test_of_lines_of_ndjson_just_below_the_limit(self):
        line = b'{"a":"' + b"\\n" * 500_000 + b'"}\n'
        ended = self.load_stream([line] * 50, "--format", "ndjson", "--workers", 4)
        self.assertEqual(ended.report["rows_inserted"], 50)

    def test_of_nothing_but_empty_fields(self):
        names = b",".join(b"c%d" % i for i in range(1000))
        row = b"," * 999 + b"\n"
        ended = self.load_stream([names + b"\n", *[row * 100] * (100 // LESS)], "--workers", 4)
        self.assertEqual(ended.report["rows_inserted"], 10_000 // LESS)

    def test_of_nothing_but_bad_rows(self):
        ended = self.load_stream([b"a,b\n", *[b"1\n" * (100_000 // LESS)] * 10], "--workers", 4)
        self.assertEqual(ended.report["rows_rejected"], 1_000_000 // LESS)


if __name__ == "__main__":
    unittest.main()
