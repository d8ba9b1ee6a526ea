"""Ctrl-C lets finish what is under way, a second one cancels."""
import signal
import subprocess
import unittest

from support import CANCELLED, OK, PROGRAM, STOPPED, Ended, FetchTest, at_rest, eventually


class Signals(FetchTest):
    def start(self, path, *arguments):
        self.process = subprocess.Popen([PROGRAM, "-", "--output", self.results, "--resume", self.resume, "--report",
                                         "json", "--concurrency", "4", *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.clean_up)
        # The input stays open, as from a terminal.
        self.process.stdin.write(self.input(8, path))
        self.process.stdin.flush()
        eventually("its requests have arrived", lambda: int(self.server.ask("/open")) >= 4)

    def clean_up(self):
        self.process.kill()
        self.process.communicate()

    def end(self):
        out, err = self.process.communicate(timeout=120)
        return Ended(self.process.returncode, out, err, self.results)

    def test_the_first_ends_the_reading_and_finishes_what_was_read(self):
        self.start("never", "--timeout", "1s", "--retries", "0", "--drain-within", "1m")
        self.process.send_signal(signal.SIGINT)
        ended = self.end()
        self.assertEqual(ended.code, STOPPED)
        self.assertIn("stopped by a signal", ended.err)
        self.assertEqual((len(ended.lines), ended.report["urls_not_fetched"]), (8, 0))

    def test_the_drain_may_take_so_long(self):
        self.start("never", "--drain-within", "200ms")
        self.process.send_signal(signal.SIGTERM)
        ended = self.end()
        self.assertEqual(ended.code, CANCELLED)
        self.assertIn("the drain took too long", ended.err)
        self.assertEqual((ended.lines, ended.report["urls_not_fetched"]), ([], 8))

    def test_the_second_cancels_and_the_next_run_goes_on(self):
        self.start("later/x", "--drain-within", "10m")
        self.process.send_signal(signal.SIGINT)
        eventually("it has heard", lambda: at_rest(self.process.pid))
        self.process.send_signal(signal.SIGINT)
        ended = self.end()
        self.assertEqual(ended.code, CANCELLED)
        self.assertIn("second signal", ended.err)
        self.assertEqual(ended.lines, [])
        self.server.ask("/release/x")
        again = self.fetch("-", "--output", self.results, "--resume", self.resume, input=self.input(8, "later/x"),
                           results=self.results)
        self.assertEqual(again.code, OK, again.err)
        self.assertEqual(len(again.lines), 8)


if __name__ == "__main__":
    unittest.main()
