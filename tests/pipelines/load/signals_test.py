"""Ctrl-C drains, a second one cancels; what is committed is always the beginning of the input."""
import fcntl
import os
import signal
import sqlite3
import struct
import subprocess
import termios
import unittest

from support import CANCELLED, OUTPUT, STOPPED, UNREADABLE, Ended, LoadTest, catches, eventually


class Signals(LoadTest):
    def start(self, *arguments, file="-"):
        self.load = subprocess.Popen(self.command(file, "--table", "t", *arguments), stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self.addCleanup(self.stop_load, self.load)

    @staticmethod
    def stop_load(load):
        load.kill()
        load.wait()
        for stream in load.stdin, load.stdout, load.stderr:
            stream.close()

    def feed(self, data):
        while data:
            data = data[self.load.stdin.write(data):]

    def all_is_read(self):
        waiting = fcntl.ioctl(self.load.stdin.fileno(), termios.FIONREAD, struct.pack("i", 0))
        return struct.unpack("i", waiting)[0] == 0

    def committed(self):
        try:
            return self.query("SELECT count(*) FROM t")[0][0]
        except sqlite3.OperationalError:  # not made yet
            return 0

    def send(self, which):
        eventually("the program handles signals", lambda: catches(self.load.pid, which))
        self.load.send_signal(which)

    def end(self):
        """The program ends although its input stays open."""
        self.assertIsNotNone(self.load.wait(timeout=120))
        return Ended(self.load.returncode, self.load.stdout.read(), self.load.stderr.read())

    def check_prefix(self, ended, first=0):
        self.check_counts(ended)
        count = ended.report["rows_inserted"]
        self.assertEqual([row[0] for row in self.rows()], list(range(first, first + count)))
        return count


class Draining(Signals):
    def test_commits_the_rows_that_were_read(self):
        for which in signal.SIGINT, signal.SIGTERM:
            with self.subTest(signal=which):
                self.db.unlink(missing_ok=True)
                self.start("--batch", 10)
                self.feed(b"n,x\n" + b"".join(b"%d,x\n" % i for i in range(35)) + b"35,half a r")
                eventually("three batches are committed", lambda: self.committed() == 30)
                eventually("the rest is read", self.all_is_read)
                self.send(which)
                ended = self.end()
                self.check_sentence(ended, STOPPED, "stopped by a signal")
                self.assertIn(self.check_prefix(ended), (30, 35))
                self.assertEqual(ended.report["rows_not_loaded"], 0)
                self.assertEqual(ended.report["run"]["state"], "stopped")

    def test_in_the_middle_of_a_large_input(self):
        file = self.folder / "t.csv"
        with open(file, "wb") as out:
            out.write(b"n,x\n")
            for begin in range(0, 4_000_000, 100_000):
                out.write(b"".join(b"%d,some text to make it longer\n" % i for i in range(begin, begin + 100_000)))
        self.start("--batch", 1000, file=file)
        eventually("a batch is committed", lambda: self.committed() > 0)
        self.send(signal.SIGINT)
        ended = self.end()
        self.check_sentence(ended, STOPPED, "rows are committed")
        count = self.check_prefix(ended)
        self.assertTrue(0 < count < 4_000_000)
        self.assertEqual(ended.report["rows_read"], count)

    def test_before_the_header_has_come_makes_no_table(self):
        self.start()
        self.feed(b"a,b")
        eventually("it is read", self.all_is_read)
        self.send(signal.SIGINT)
        ended = self.end()
        self.check_sentence(ended, STOPPED, "0 rows are committed")
        self.assertEqual(self.query("SELECT count(*) FROM sqlite_schema"), [(0,)])

    def test_before_anybody_has_opened_the_pipe(self):
        os.mkfifo(self.folder / "pipe")
        self.start(file=self.folder / "pipe")
        self.send(signal.SIGINT)
        self.check_sentence(self.end(), STOPPED, "0 rows are committed")

    def test_while_the_table_cannot_be_made_because_of_a_lock(self):
        self.query("PRAGMA journal_mode = WAL")
        other = sqlite3.connect(self.db, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        for form, text in ("csv", b"a\n1\n"), ("ndjson", b'{"a":1}\n'):
            with self.subTest(form=form):
                self.start("--format", form, "--lock-timeout", "1h", "--batch", 1)
                self.feed(text)
                eventually("all is read", self.all_is_read)
                self.send(signal.SIGINT)
                ended = self.end()
                self.check_sentence(ended, STOPPED, "0 rows are committed")
                self.check_counts(ended)

    def test_of_a_first_batch_commits_it(self):
        self.start()
        self.feed(b"n\n0\n1\n")
        eventually("all is read", self.all_is_read)
        self.send(signal.SIGINT)
        ended = self.end()
        self.check_sentence(ended, STOPPED, "2 rows are committed")
        self.assertEqual(self.check_prefix(ended), 2)

    def test_before_the_first_line_of_ndjson_has_come(self):
        self.start("--format", "ndjson")
        self.send(signal.SIGTERM)
        self.check_sentence(self.end(), STOPPED, "0 rows are committed")


class Cancelling(Signals):
    def with_an_insert_that_waits(self, *arguments):
        """Ten rows are committed, ten more wait for the lock that is returned."""
        self.start("--batch", 10, "--lock-timeout", "1h", *arguments)
        self.feed(b"n\n" + b"".join(b"%d\n" % i for i in range(10)))
        # A batch that is full goes at once; the eleventh row shows that it is.
        self.feed(b"10\n")
        eventually("a batch is committed", lambda: self.committed() == 10)
        other = sqlite3.connect(self.db, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        self.feed(b"".join(b"%d\n" % i for i in range(11, 25)))
        eventually("all is read", self.all_is_read)
        return other

    def test_by_a_second_signal(self):
        lock = self.with_an_insert_that_waits()
        self.send(signal.SIGINT)
        self.send(signal.SIGTERM)
        ended = self.end()
        lock.execute("ROLLBACK")
        self.check_sentence(ended, CANCELLED, ["second signal", "10 rows are committed"])
        self.assertEqual(self.check_prefix(ended), 10)

    def test_when_the_drain_takes_too_long(self):
        lock = self.with_an_insert_that_waits("--drain-within", "1ms")
        self.send(signal.SIGINT)
        ended = self.end()
        lock.execute("ROLLBACK")
        # The drain may find nothing left to wait for: then it was in time.
        if ended.code != STOPPED:
            self.check_sentence(ended, CANCELLED, ["too long", "10 rows are committed"])
        self.assertEqual(self.check_prefix(ended), 10)


class Killing(Signals):
    def test_leaves_a_sound_database_with_whole_batches(self):
        self.start("--batch", 10)
        self.feed(b"n\n" + b"".join(b"%d\n" % i for i in range(25)))
        eventually("two batches are committed", lambda: self.committed() == 20)
        self.load.kill()
        self.load.wait()
        self.assertEqual([row[0] for row in self.rows()], list(range(20)))
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])


class Output(Signals):
    def test_a_reader_that_left_does_not_undo_the_load(self):
        ours, theirs = os.pipe()
        os.close(ours)
        path = self.write("t.csv", "n\n0\n1\n")
        done = subprocess.run(self.command(path), stdout=theirs, stderr=subprocess.PIPE)
        os.close(theirs)
        self.assertEqual(done.returncode, OUTPUT)
        self.assertIn(b"Broken pipe", done.stderr)
        self.assertEqual(self.rows(), [(0,), (1,)])

    def run_in_a_shell(self, redirections, *arguments):
        command = ["sh", "-c", f'"$@" {redirections}', "sh", *self.command(*arguments)]
        return subprocess.run(command, capture_output=True, cwd=self.folder).returncode

    def test_a_sentence_that_nobody_can_read_leaves_the_exit_code(self):
        for redirection in "2>/dev/full", "2>&-":
            self.assertEqual(self.run_in_a_shell(redirection, "no such.csv"), UNREADABLE)

    def test_standard_streams_that_are_closed_are_no_files_of_the_load(self):
        path = self.write("t.csv", "n\n0\n1,1\n")
        self.assertEqual(self.run_in_a_shell(">&- 2>&- <&-", path), OUTPUT)
        self.assertEqual((self.rows(), [row["line"] for row in self.rejects()]), ([(0,)], [3]))
        self.assertEqual(self.run_in_a_shell("<&-", "-"), UNREADABLE)

    def test_errors_that_nobody_reads_are_no_matter(self):
        ours, theirs = os.pipe()
        os.close(ours)
        path = self.write("t.csv", "n\n0\n")
        done = subprocess.run(self.command(path, "--progress", "always"), stderr=theirs, stdout=subprocess.PIPE)
        os.close(theirs)
        self.assertEqual((done.returncode, self.rows()), (0, [(0,)]))


if __name__ == "__main__":
    unittest.main()
