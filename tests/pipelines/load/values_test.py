"""What is in the file is in the table, value for value."""
import csv
import glob
import io
import json
import random
import unittest
from pathlib import Path

from support import LoadTest

IEEE = sorted(glob.glob("/usr/share/ieee-data/*.csv"))


def parsed(text, delimiter=","):
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    next(rows)
    return [tuple(row) for row in rows if row]


def as_text(rows):
    return [tuple(str(value) for value in row) for row in rows]


class Csv(LoadTest):
    def test_names_the_table_after_the_file_and_the_columns_after_the_header(self):
        self.loads(self.write("cities of.csv", "name,postal code\nBern,3000\n"))
        self.assertEqual(self.query('SELECT name, "postal code" FROM "cities of"'), [("Bern", 3000)])

    @unittest.skipUnless(IEEE, "needs the package ieee-data")
    def test_the_ieee_registries_are_what_python_reads(self):
        ended = self.loads(*IEEE, "--table", "oui")
        expected = [row for file in IEEE for row in parsed(Path(file).read_bytes().decode())]
        self.assertEqual(self.query("SELECT count(*) FROM oui"), [(len(expected),)])
        self.assertEqual(ended.report["rows_inserted"], len(expected))
        self.assertTrue(self.rows("oui") == expected, "the dump differs from Python's parse")

    def test_whatever_python_writes_comes_back(self):
        rng = random.Random(7)
        pieces = ["", "a", '"', ",", "\n", "\r\n", "é", "日本", "007", "1.50", "-3", "0.1", " ", "''", "\t", ";"]
        rows = [["".join(rng.choices(pieces, k=rng.randint(0, 4))) for _ in range(5)] for _ in range(20000)]
        for number, row in enumerate(rows):
            row[0] = str(number)
        for line_end in "\n", "\r\n":
            with self.subTest(line_end=line_end):
                out = io.StringIO(newline="")
                writer = csv.writer(out, lineterminator=line_end)
                writer.writerow(["id", "b", "c", "d", "e"])
                writer.writerows(rows)
                self.db.unlink(missing_ok=True)
                self.loads(self.write("t.csv", out.getvalue()), "--batch", 100, "--workers", 3)
                self.assertTrue(as_text(self.rows()) == [tuple(row) for row in rows])
                self.assertEqual(self.query("SELECT typeof(id), count(*) FROM t GROUP BY 1"), [("integer", 20000)])

    def test_a_number_is_a_number_only_where_no_digit_is_lost(self):
        text = "n,code,price,mixed,long\n" + "1,002272,0.5,1,9223372036854775807\n-20,7,12.25,1.50,9223372036854775808\n"
        self.loads(self.write("t.csv", text))
        self.assertEqual(self.rows(), [(1, "002272", 0.5, "1", "9223372036854775807"),
                                       (-20, "7", 12.25, "1.50", "9223372036854775808")])

    def test_a_text_that_comes_after_the_sample_stays_text(self):
        lines = [f"{i}" for i in range(50)] + ["002272", "1e5", "7.0", "", "x"]
        self.loads(self.write("t.csv", "n\n" + "\n".join(lines).replace("\n\n", '\n""\n') + "\n"), "--batch", 10)
        values = [row[0] for row in self.rows()]
        self.assertEqual(values, list(range(50)) + ["002272", "1e5", "7.0", "", "x"])

    def test_types_text_stores_text(self):
        self.loads(self.write("t.csv", "a,b\n1,2.5\n"), "--types", "text")
        self.assertEqual(self.rows(), [("1", "2.5")])

    def test_other_delimiters_and_tabs_by_the_ending(self):
        self.loads(self.write("t.csv", "a;b\n1;x,y\n"), "--delimiter", ";")
        self.loads(self.write("tabs.tsv", "a\tb\n1\tx,y\n"))
        self.assertEqual(self.rows("tabs"), self.rows("t"))

    def test_a_byte_order_mark_is_no_part_of_the_first_name(self):
        self.loads(self.write("t.csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n"))
        self.assertEqual(self.query("SELECT a FROM t"), [(1,)])

    def test_standard_input(self):
        self.loads("-", "--table", "t", input=b"a,b\n1,2\n")
        self.loads("-", input=b"a,b\n3,4\n")
        self.assertEqual((self.rows(), self.rows("stdin")), ([(1, 2)], [(3, 4)]))

    def test_a_second_load_appends_and_keeps_the_kind_of_each_column(self):
        self.loads(self.write("t.csv", "n,code\n1,x\n"))
        self.loads(self.write("more.csv", "N,CODE\n2,7\n03,8\n"), "--table", "t")
        self.assertEqual(self.rows(), [(1, "x"), (2, "7"), ("03", "8")])

    def test_one_plain_file_is_left(self):
        self.loads(self.write("t.csv", "a\n1\n"))
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["t.csv", "t.db"])


class Ndjson(LoadTest):
    def test_whatever_python_writes_comes_back(self):
        rng = random.Random(8)
        def value():
            return rng.choice([None, True, False, rng.randint(-10**6, 10**6), 2**63 - 1, -2**63, rng.random(), 1.5e300,
                               -0.1, "", "007", "é\"\\\n\u0001", "日本\U0001f600", "7", [1, {"a": None}], {"b": "x"}])
        rows = [{key: value() for key in "abcde"} for _ in range(5000)]
        text = "\n".join(json.dumps(row, ensure_ascii=number % 2 == 0) for number, row in enumerate(rows))
        self.loads(self.write("t.ndjson", text), "--batch", 100, "--workers", 3)
        def stored(v, number):
            return json.dumps(v, ensure_ascii=number % 2 == 0) if isinstance(v, (list, dict)) else v
        expected = [tuple(stored(v, number) for v in row.values()) for number, row in enumerate(rows)]
        got = self.rows()
        self.assertTrue(got == expected)
        kinds = {bool: int}  # SQLite has no booleans
        self.assertTrue(all(type(g) is kinds.get(type(e), type(e)) for gs, es in zip(got, expected) for g, e in zip(gs, es)))

    def test_a_number_keeps_its_text_where_a_double_would_be_another_number(self):
        numbers = ["1.0", "1e3", "0.10", "18446744073709551615", "123456789012345678901234567890", "1e400", "1e-400",
                   "0.1000000000000000055511151231257827"]
        self.loads(self.write("t.jsonl", "".join('{"n":%s}\n' % n for n in numbers)))
        self.assertEqual([row[0] for row in self.rows()], [1.0, 1000.0, 0.1, *numbers[3:]])

    def test_missing_keys_are_null_and_keys_come_in_any_order(self):
        self.loads(self.write("t.json", '{"a":1,"b":2}\n{"b":3}\n\n{"b":5,"a":4}\n'))
        self.assertEqual(self.rows(), [(1, 2), (None, 3), (4, 5)])

    def test_types_text_keeps_the_json_of_each_value(self):
        self.loads(self.write("t.ndjson", '{"a":1.50,"b":true,"c":null,"d":"x"}\n'), "--types", "text")
        self.assertEqual(self.rows(), [("1.50", "true", None, "x")])

    def test_is_known_by_its_ending_by_its_first_byte_or_by_name(self):
        line = b'{"a":1}\n'
        self.loads(self.write("t.ndjson", line))
        self.loads(self.write("t.log", line))
        self.loads("-", "--table", "t", "--format", "ndjson", input=line)
        self.assertEqual(self.rows(), [(1,)] * 3)

    def test_a_table_that_exists_takes_a_part_of_its_columns(self):
        self.query("CREATE TABLE t (a, b TEXT, c)")
        self.loads(self.write("t.ndjson", '{"c":1.5,"b":7}\n'))
        self.assertEqual(self.rows(), [(None, "7", 1.5)])


if __name__ == "__main__":
    unittest.main()
