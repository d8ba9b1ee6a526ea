"""Inputs that cannot be loaded as a whole: one sentence, a code of its own, and no table."""
import os
import subprocess
import unittest

from support import NOTHING, OTHER_COLUMNS, UNREADABLE, USAGE, LoadTest

# Root may read everything; so as root the program runs without that privilege.
UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


class Files(LoadTest):
    def test_a_missing_file(self):
        self.refuses(UNREADABLE, "no such.csv", says=["'no such.csv'", "No such file or directory"])
        self.assertFalse(self.db.exists())

    def test_a_missing_third_file_is_found_before_the_first_is_loaded(self):
        a, b = self.write("a.csv", "a\n1\n"), self.write("b.csv", "a\n2\n")
        self.refuses(UNREADABLE, a, b, "c.csv", says="'c.csv'")
        self.assertFalse(self.db.exists())

    def test_an_unreadable_file(self):
        path = self.write("t.csv", "a\n1\n")
        path.chmod(0)
        self.refuses(UNREADABLE, path, says=["t.csv", "Permission denied"], prefix=UNPRIVILEGED)
        self.assertFalse(self.db.exists())

    def test_a_file_whose_reading_fails(self):
        self.refuses(UNREADABLE, "/proc/self/mem", "--format", "csv", says=["/proc/self/mem", "Input/output error"])

    def test_a_directory(self):
        self.refuses(UNREADABLE, self.folder, says=[str(self.folder), "Is a directory"])

    def test_a_directory_as_standard_input(self):
        handle = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, handle)
        done = subprocess.run(self.command("-"), stdin=handle, capture_output=True)
        self.assertEqual(done.returncode, UNREADABLE)
        self.assertIn(b"standard input", done.stderr)

    def test_an_empty_file(self):
        for name in "t.csv", "t.ndjson":
            self.refuses(NOTHING, self.write(name, ""), says=f"{name} is empty")
        self.assertFalse(self.db.exists())

    def test_an_empty_standard_input(self):
        for form in "csv", "ndjson":
            self.refuses(NOTHING, "-", "--format", form, says="standard input is empty")
        self.assertFalse(self.db.exists())

    def test_a_file_of_blank_lines(self):
        for name in "t.csv", "t.ndjson":
            self.refuses(NOTHING, self.write(name, "\n\n"), says="empty")

    def test_header_only_makes_an_empty_table(self):
        for number, text in enumerate(["a,b", "a,b\n", "a,b\r\n\r\n"]):
            with self.subTest(text=text):
                ended = self.loads(self.write(f"t{number}.csv", text))
                self.assertEqual(ended.report["rows_read"], 0)
                self.assertEqual(self.query(f"SELECT name FROM pragma_table_info('t{number}')"), [("a",), ("b",)])

    def test_a_binary_file(self):
        picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
        self.refuses(NOTHING, self.write("t.csv", picture), says="t.csv, line 1: ")
        self.refuses(NOTHING, self.write("t.png", picture), says="t.png, line 1: ")
        self.refuses(NOTHING, self.write("t.ndjson", picture), says=["t.ndjson", "JSON object"])
        self.refuses(NOTHING, "/bin/true", says="/bin/true, line 1: ")

    def test_json_that_is_not_one_object_a_line(self):
        self.refuses(NOTHING, self.write("t.json", '[{"a":1},\n{"a":2}]\n'), says="one object a line")
        self.assertFalse(self.db.exists())

    def test_ndjson_at_standard_input_without_its_name(self):
        self.refuses(NOTHING, "-", input=b'{"a":1}\n', says="--format ndjson")


class Headers(LoadTest):
    def test_a_header_that_cannot_name_columns(self):
        self.refuses(NOTHING, self.write("t.csv", "a,,c\n1,2,3\n"), says="t.csv, line 1: column 2 has no name")
        self.refuses(NOTHING, self.write("t.csv", "id,b,ID\n1,2,3\n"), says="columns 1 and 3")
        self.refuses(NOTHING, self.write("t.csv", 'a,"b\n1,2\n'), says="t.csv, line 1: ")
        self.refuses(NOTHING, self.write("t.ndjson", '{"a":1,"A":2}\n'), says="columns 1 and 2")
        self.refuses(NOTHING, self.write("t.ndjson", '{"\\u0000":1}\n'), says="NUL")

    def test_a_name_that_holds_a_line_end_or_an_escape_leaves_one_line(self):
        ended = self.run_load(self.write("t.csv", '"a\n\x1b[31m","a\n\x1b[31m"\n1,2\n'))
        self.assertEqual(ended.code, NOTHING)
        self.assertEqual(ended.err.count(b"\n"), 1)
        self.assertIn(rb"'a\x0a\x1b[31m'", ended.err)

    def test_a_further_file_with_another_header_is_found_before_the_first_is_loaded(self):
        first = self.write("a.csv", "a,b\n1,2\n")
        for text, says in [("a,c\n1,2\n", "column 2 'c', not 'b' as"), ("a\n1\n", "1 columns, not 2 as"),
                           ("a,b,c\n1,2,3\n", "3 columns, not 2 as")]:
            self.refuses(OTHER_COLUMNS, first, self.write("b.csv", text), says=["b.csv", says, "a.csv"])
        self.assertFalse(self.db.exists())

    def test_a_pipe_with_another_header_is_found_when_its_turn_comes(self):
        first = self.write("a.csv", "a,b\n1,2\n")
        ended = self.refuses(OTHER_COLUMNS, first, "-", input=b"a,x\n3,4\n", says="standard input names its column 2")
        self.assertEqual(self.rows("a"), [(1, 2)][:ended.report["rows_inserted"]])

    def test_files_of_two_formats(self):
        self.refuses(USAGE, self.write("a.csv", "a\n1\n"), self.write("b.ndjson", '{"a":1}\n'), says="formats")


if __name__ == "__main__":
    unittest.main()
