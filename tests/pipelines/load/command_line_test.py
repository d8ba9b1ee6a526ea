"""What the user types and sees."""
import json
import os
import pty
import re
import subprocess
import unittest
from pathlib import Path

from support import OK, PROGRAM, USAGE, LoadTest


class Options(LoadTest):
    def test_that_are_unknown_or_cannot_be(self):
        path = self.write("t.csv", "a\n1\n")
        for arguments in [["--unknown"], ["--batch", "0"], ["--batch", "many"], ["--workers", "0"], ["--format", "xml"],
                          ["--delimiter", "ab"], ["--delimiter", ""], ["--delimiter", '"'], ["--types", "guess"],
                          ["--on-bad-row", "ignore"], ["--max-row", "0"], ["--progress", "sometimes"],
                          ["--drain-within", "10"], ["--drain-within", "-1s"], ["--drain-within", "s"],
                          ["--lock-timeout", "1 day"], ["--to", "t.db"], ["--to", "sqlite:"], ["--to", "mysql:x"]]:
            with self.subTest(arguments=arguments):
                ended = self.refuses(USAGE, path, *arguments, says="penstock-load --help")
                self.assertEqual(ended.out, b"")
                self.assertFalse(self.db.exists())

    def test_that_are_missing(self):
        for arguments in [[], ["t.csv"], ["--to", "sqlite:t.db"]]:
            done = subprocess.run([PROGRAM, *arguments], capture_output=True, cwd=self.folder)
            self.assertEqual(done.returncode, USAGE)
            self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)

    def test_standard_input_twice(self):
        self.refuses(USAGE, "-", "-", says="only once")

    def test_a_delimiter_for_ndjson(self):
        self.refuses(USAGE, self.write("t.ndjson", '{"a":1}\n'), "--delimiter", ";", says="NDJSON")

    def test_help_names_every_option_and_exit_code(self):
        done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (OK, ""))
        for word in ["FILES", "--to", "--table", "--format", "--delimiter", "--batch", "--workers", "--rejects",
                     "--types", "--on-bad-row", "--max-row", "--progress", "--report", "--drain-within",
                     "--lock-timeout", "--resume", "--fresh"]:
            self.assertIn(word, done.stdout)
        codes = re.findall(r"^ +(\d+)  ", done.stdout.split("Exit codes:")[1], re.M)
        self.assertEqual([int(code) for code in codes], [*range(14), 20, 21])

    def test_the_same_exit_codes_stand_in_the_readme(self):
        done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True)
        codes = re.findall(r"^ +(\d+)  (.*)$", done.stdout.split("Exit codes:")[1], re.M)
        readme = Path(__file__).parents[3] / "pipelines/load/README.md"
        self.assertEqual(re.findall(r"^\| (\d+) \| (.*) \|$", readme.read_text(), re.M), codes)


class Report(LoadTest):
    def test_as_text_has_a_line_for_each_stage_and_counts_that_add_up(self):
        path = self.write("t.csv", "a,b\n1,2\n3\n")
        done = subprocess.run([PROGRAM, path, "--to", f"sqlite:{self.db}"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (OK, ""))
        for stage in "read", "parse", "insert":
            self.assertRegex(done.stdout, rf"(?m)^ +{stage} ")
        self.assertIn("2 rows read = 1 inserted + 1 rejected", done.stdout)
        self.assertIn("t.db.t.rejects.ndjson", done.stdout)

    def test_as_json_is_one_object(self):
        ended = self.loads(self.write("t.csv", "a\n1\n"))
        self.assertEqual(ended.report["rows_read"], 1)
        self.assertEqual([stage["name"] for stage in ended.report["run"]["stages"]], ["read", "parse", "insert"])
        self.assertIsNone(ended.report["error"])


class Progress(LoadTest):
    def test_is_silent_where_nobody_looks(self):
        self.assertEqual(self.loads(self.write("t.csv", "a\n1\n")).err, b"")

    def test_is_plain_lines_elsewhere(self):
        ended = self.run_load(self.write("t.csv", "a\n1\n"), "--progress", "always")
        self.assertRegex(ended.err.decode(), r"\A100 %  1 +rows  .*rows/s  .*B/s\n\Z")

    def on_a_terminal(self, *arguments):
        ours, theirs = pty.openpty()
        load = subprocess.Popen(self.command("-", "--table", "t", *arguments), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=theirs, bufsize=0)
        os.close(theirs)
        load.stdin.write(b"a\n1\n")
        seen = b""
        while b"queues" not in seen and not arguments:
            seen += os.read(ours, 4096)
        load.stdin.close()
        out = load.stdout.read()
        load.stdout.close()
        try:
            while piece := os.read(ours, 4096):
                seen += piece
        except OSError:  # the end of a terminal
            pass
        os.close(ours)
        self.assertEqual(load.wait(), OK)
        self.assertEqual(json.loads(out)["rows_inserted"], 1)
        return seen

    def test_is_one_line_redrawn_on_a_terminal_and_gone_at_the_end(self):
        seen = self.on_a_terminal()
        self.assertNotIn(b"\n", seen)
        self.assertRegex(seen, rb"\A(\r[^\r]{1,79}\x1b\[K)+\r\x1b\[K\Z")
        self.assertRegex(seen, rb"rows/s  .*B/s  queues \d+/2 \d+/2")

    def test_never_is_nothing(self):
        self.assertEqual(self.on_a_terminal("--progress", "never"), b"")


if __name__ == "__main__":
    unittest.main()
