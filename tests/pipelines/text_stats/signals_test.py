"""Ctrl-C ends the walk and counts what was found, a second one cancels; the report says how far it got."""
import os
import signal
import subprocess
import unittest

from support import CANCELLED, OK, PROGRAM, STOPPED, Ended, TextStatsTest, at_rest, catches, eventually

FILES = 20_000


class Signals(TextStatsTest):
    # Thousands of files are made faster where no disk is.
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

    def start(self, *arguments):
        """Runs until it waits for us to read its lines, with files that it has not come upon."""
        for number in range(FILES):
            (self.texts / f"{number:05}{'x' * 200}").touch()
        self.process = subprocess.Popen([PROGRAM, self.texts, "--summary", self.summary, *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.clean_up)
        eventually("it handles signals", lambda: catches(self.process.pid, signal.SIGINT))
        os.read(self.process.stdout.fileno(), 1)  # it is writing; the first byte is a space
        self.wait_for_rest()

    def clean_up(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def wait_for_rest(self):
        eventually("it waits for us", lambda: at_rest(self.process.pid))

    def send(self, which):
        self.process.send_signal(which)
        self.wait_for_rest()

    def end(self):
        out, err = self.process.communicate(timeout=120)
        return Ended(self.process.returncode, out, err)

    def test_the_first_counts_what_was_found_and_the_report_says_so(self):
        for which in signal.SIGINT, signal.SIGTERM:
            with self.subTest(signal=which):
                self.start("--drain-within", "10m")
                self.send(which)
                ended = self.end()
                self.check_sentence(ended, STOPPED, "stopped by a signal")
                summary = self.read_summary()
                self.assertEqual(summary["files_not_counted"], 0)
                self.assertEqual(summary["files_counted"], len(ended.files))
                self.assertLess(summary["files_counted"], FILES)
                self.assertIn(f"{len(ended.files)} files are counted", ended.err)
                self.assertEqual((summary["exit_code"], summary["run"]["state"]), (STOPPED, "stopped"))

    def test_the_second_gives_up_what_was_found(self):
        self.start("--drain-within", "10m")
        self.send(signal.SIGINT)
        self.send(signal.SIGINT)
        ended = self.end()
        self.check_sentence(ended, CANCELLED, "second signal")
        summary = self.read_summary()
        self.assertGreater(summary["files_not_counted"], 0)
        self.assertEqual(summary["files_counted"], len(ended.files))

    def test_none_and_all_are_counted(self):
        self.start()
        ended = self.end()
        self.assertEqual((ended.code, len(ended.files)), (OK, FILES))

    def test_a_kill_leaves_the_old_summary(self):
        self.summary.write_text("old")
        self.start()
        self.process.kill()
        self.process.wait()
        self.assertEqual(self.summary.read_text(), "old")


if __name__ == "__main__":
    unittest.main()
