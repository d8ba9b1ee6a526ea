"""What the program does with directories, with files that cannot be read, and with what it is to write."""
import json
import os
import resource
import socket
import sqlite3
import subprocess
import unittest

from support import DISK_FULL, LOCKED, OK, OUTPUT, PROGRAM, SANITIZED, UNREADABLE, UNUSABLE, USAGE, TextStatsTest


class Directories(TextStatsTest):
    def test_are_walked_with_those_in_them_and_the_glob_chooses(self):
        for name in "a.txt", "b.log", "sub/c.txt", "sub/deep/d.txt", ".e.txt":
            self.write(name, "one two\n")
        ended = self.counts(self.texts, "--glob", "*.txt")
        self.assertEqual(sorted(ended.files), sorted(str(self.texts / n) for n in ("a.txt", "sub/c.txt", "sub/deep/d.txt", ".e.txt")))
        self.assertEqual(ended.total, (4, 8, 32))

    def test_and_files_are_counted_in_one_run(self):
        file = self.write("x/a.log", "1\n")
        self.write("y/b.txt", "1 2\n")
        ended = self.counts(file, self.texts / "y", "--glob", "*.txt")
        self.assertEqual((len(ended.files), ended.total), (2, (2, 3, 6)))

    def test_that_hold_what_is_written_give_the_same_each_time(self):
        self.write("a", "one two\n")
        (self.folder / "link").symlink_to(self.texts)
        for _ in range(2):
            ended = self.counts(self.texts, self.folder / "link", "--summary", self.texts / "s.json", "--to", f"sqlite:{self.texts}/t.db")
            self.assertEqual(sorted(os.path.basename(path) for path in ended.files), ["a", "a"])
        self.write("sub/s.json", "{}")
        self.assertEqual(len(self.counts(self.texts, "--summary", self.texts / "s.json", "--glob", "s.*").files), 1)

    def test_without_files_have_totals_of_nothing(self):
        ended = self.counts(self.texts)
        self.assertEqual((ended.files, ended.total), ({}, (0, 0, 0)))

    def test_what_is_no_file_is_passed_over(self):
        self.write("a", "x\n")
        os.mkfifo(self.texts / "pipe")
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(str(self.texts / "socket"))
        self.assertEqual(list(self.counts(self.texts).files), [str(self.texts / "a")])


class Unreadable(TextStatsTest):
    def test_files_are_reported_and_do_not_stop_the_rest(self):
        for number in range(300):
            self.write(f"{number}", "a b\n")
        for number in range(3):
            (self.texts / f"loop{number}").symlink_to(f"loop{number}")
        (self.texts / "dangling").symlink_to("nowhere")
        ended = self.run_it(self.texts, self.folder / "no such", "--summary", self.summary, "--to", f"sqlite:{self.db}")
        self.assertEqual((ended.code, len(ended.files), ended.total), (UNREADABLE, 300, (300, 600, 1200)))
        sentences = ended.err.splitlines()
        self.assertEqual(len(sentences), 5, ended.err)
        self.assertEqual(sum("Too many levels" in s for s in sentences), 3)
        self.assertEqual(sum("No such file" in s for s in sentences), 2)
        self.assertIn(b"305 files found = 300 counted + 5 unreadable", ended.out)
        summary = self.read_summary()
        self.assertEqual((summary["files_counted"], summary["files_unreadable"], summary["exit_code"]), (300, 5, UNREADABLE))
        failed = [row for row in self.rows() if row[6] is not None]
        self.assertEqual((len(self.rows()), len(failed)), (305, 5))
        self.assertTrue(all(row[1:6] == (None,) * 5 for row in failed))

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_for_want_of_permission_too(self):
        self.write("secret", "x").chmod(0)
        self.refuses(UNREADABLE, self.texts, says="Permission denied")

    def test_a_pipe_that_is_named_is_refused_and_nothing_waits(self):
        os.mkfifo(self.texts / "pipe")
        self.refuses(UNREADABLE, self.texts / "pipe", says=["no regular file", "pipe"])

    def test_a_name_that_would_break_the_line_or_the_terminal_is_shown_harmless(self):
        (self.texts / "a\nb\x1b[2J").symlink_to("nowhere")
        self.refuses(UNREADABLE, self.texts, says="a\\x0ab\\x1b[2J")


class Outputs(TextStatsTest):
    def test_agree_with_each_other(self):
        contents = {"a": "one two\n", "b": "", "c": "Zürich 東京\n", "large": "0123456 89\n" * 500_000}
        paths = {name: str(self.write(name, content)) for name, content in contents.items()}
        ended = self.counts(self.texts, "--summary", self.summary, "--to", f"sqlite:{self.db}")
        summary = self.read_summary()
        self.assertEqual({f["path"]: (f["lines"], f["words"], f["characters"]) for f in summary["files"]}, ended.files)
        self.assertEqual({row[0].decode(): row[1:4] for row in self.rows()}, ended.files)
        averages = {f["path"]: f["average_word_length"] for f in summary["files"]}
        self.assertEqual(averages, {paths["a"]: 3, paths["b"]: None, paths["c"]: 4, paths["large"]: 4.5})
        self.assertEqual({row[0].decode(): row[5] for row in self.rows()}, averages)
        self.assertEqual(summary["totals"]["bytes"], sum(len(text.encode()) for text in contents.values()))
        self.assertEqual(summary["run"]["state"], "completed")

    def test_as_json_hold_the_totals(self):
        self.write("a", "one two\n")
        ended = self.counts(self.texts, "--report", "json")
        report = json.loads(ended.out)
        self.assertEqual((report["files_counted"], report["totals"]["words"], report["error"]), (1, 2, None))

    def test_names_that_are_no_utf8_do_not_hurt(self):
        name = os.fsencode(self.texts) + b"/\xff\xfe"
        with open(name, "wb") as out:
            out.write(b"x\n")
        ended = self.counts(self.texts, "--summary", self.summary, "--to", f"sqlite:{self.db}")
        self.assertIn(name, ended.out)
        self.assertEqual(self.rows()[0][0], name)
        self.assertEqual(self.read_summary()["files_counted"], 1)

    def test_a_second_run_replaces_what_the_first_wrote(self):
        self.write("a", "x")
        for _ in range(2):
            self.counts(self.texts, "--summary", self.summary, "--to", f"sqlite:{self.db}")
            self.assertEqual((len(self.rows()), len(self.read_summary()["files"])), (1, 1))

    def test_a_table_of_others_is_left_alone(self):
        connection = sqlite3.connect(self.db)
        connection.executescript("CREATE TABLE text_stats (mine); INSERT INTO text_stats VALUES (1)")
        self.refuses(UNUSABLE, self.texts, "--to", f"sqlite:{self.db}", says="text_stats")
        self.assertEqual(connection.execute("SELECT * FROM text_stats").fetchall(), [(1,)])
        connection.close()

    def test_a_summary_that_cannot_be_written_is_refused_before_anything_is_counted(self):
        self.write("a", "x")
        ended = self.refuses(OUTPUT, self.texts, "--summary", self.folder / "no" / "such", says="cannot write")
        self.assertEqual(ended.out, b"")
        self.refuses(OUTPUT, self.texts, "--summary", "/dev/full", says="not a regular file")

    def test_a_summary_that_finds_no_room_leaves_the_old_one(self):
        for number in range(3000):
            self.write(f"{number}", "x")
        self.summary.write_text("old")
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        done = subprocess.run([PROGRAM, self.texts, "--summary", self.summary, "--report", "totals"], capture_output=True,
                              preexec_fn=limit)
        self.assertEqual(done.returncode, OUTPUT, done.stderr)
        self.assertIn(b"File too large", done.stderr)
        self.assertEqual(self.summary.read_text(), "old")
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["summary.json", "texts"])

    def test_a_report_that_nobody_can_take_is_a_failure_of_its_own(self):
        self.write("a", "x")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, self.texts], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, OUTPUT)
        self.assertIn(b"cannot write the report: No space left", done.stderr)
        ours, theirs = os.pipe()
        os.close(ours)
        done = subprocess.run([PROGRAM, self.texts], stdout=theirs, stderr=subprocess.PIPE)
        os.close(theirs)
        self.assertEqual((done.returncode, b"Broken pipe" in done.stderr), (OUTPUT, True))

    def test_wrong_options_are_one_sentence(self):
        self.refuses(USAGE, self.texts, "--concurrency", "0", says="--concurrency")
        self.refuses(USAGE, says="DIR")


class Memory(TextStatsTest):
    @unittest.skipIf(SANITIZED, "a sanitizer has a memory of its own")
    def test_stays_small_however_many_and_however_large_the_files(self):
        for number in range(5_000):
            self.write(f"{number % 20}/{number}", "some words\n")
        with open(self.texts / "large", "wb") as out:
            for _ in range(300):
                out.write(b"some words and\n" * 70_000)
        process = subprocess.Popen([PROGRAM, self.texts, "--summary", self.summary], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, OK)
        self.assertEqual(self.read_summary()["totals"]["words"], 5_000 * 2 + 300 * 70_000 * 3)
        self.assertLess(usage.ru_maxrss, 64 << 10)


if __name__ == "__main__":
    unittest.main()
