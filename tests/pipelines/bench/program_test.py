"""Runs penstock-bench as a user would."""
import json
import os
import pty
import re
import signal
import subprocess
import threading
import unittest
from pathlib import Path

PROGRAM = os.environ["PENSTOCK_BENCH"]
OK, USAGE, OUTPUT, NOTHING, STOPPED, CANCELLED = 0, 2, 11, 12, 20, 21
DEMONSTRATION = ["--producers", "2", "--consumers", "3", "--capacity", "5"]


def run(*arguments, **more):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=120, **more)


class BenchTest(unittest.TestCase):
    maxDiff = 2000

    def measures(self, *arguments):
        """What came of each measurement; all is well, and every item is accounted for."""
        done = run(*arguments, "--json")
        self.assertEqual((done.returncode, done.stderr), (OK, ""))
        return self.measurements(done.stdout, OK)

    def measurements(self, out, code):
        report = json.loads(out)
        self.assertEqual(report["exit_code"], code)
        for one in report["measurements"]:
            self.assertEqual(one["run"]["stages"][-1]["done"], one["items"])
            self.assertIn(one["limit"]["what"], ["nothing measured", "produce rate", "consume rate", "stage", "one core",
                                                 "cores", "hand-over"])
            self.assertTrue(one["limit"]["why"] and one["limit"]["advice"])
        return report["measurements"]


class Measuring(BenchTest):
    def test_goes_to_the_last_item(self):
        one, = self.measures("--items", "10000")
        self.assertEqual((one["items"], one["dropped"], one["run"]["state"]), (10000, 0, "completed"))
        self.assertAlmostEqual(one["items_per_s"], one["items"] / one["seconds"], places=3)
        self.assertEqual([stage["name"] for stage in one["run"]["stages"]], ["produce", "consume"])

    def test_builds_the_shape_that_was_asked_for(self):
        one, = self.measures(*DEMONSTRATION, "--stages", "2", "--workers", "4", "--order", "kept", "--item-bytes", "1KiB",
                             "--work", "1us", "--produce-work", "1us", "--consume-work", "1us", "--items", "1000")
        self.assertEqual([(stage["name"], stage["workers"]) for stage in one["run"]["stages"]],
                         [("turns", 1), ("produce", 2), ("stage 1", 4), ("stage 2", 4), ("consume", 3)])
        self.assertEqual([edge["capacity"] for edge in one["run"]["edges"]], [5, 5, 5, 5])
        self.assertEqual(one["items"], 1000)

    def test_keeps_to_rates_that_are_those_of_each(self):
        one, = self.measures(*DEMONSTRATION, "--produce-rate", "100/s", "--consume-rate", "75/s", "--items", "50")
        self.assertEqual([stage["name"] for stage in one["run"]["stages"]],
                         ["turns", "produce rate", "produce", "consume rate", "consume"])
        self.assertEqual(one["items"], 50)
        # 200/s in all, and three at once: never faster, whatever the machine does meanwhile.
        self.assertGreaterEqual(one["seconds"], (50 - 3) / 200)
        queue = one["run"]["edges"][2]
        self.assertEqual((queue["from"], queue["to"], queue["capacity"]), ("produce", "consume rate", 5))

    def test_of_no_item_has_a_code_of_its_own(self):
        done = run("--work", "10s", "--for", "1ms", "--drain-within", "1ms", "--on", "blocking", "--json")
        self.assertEqual((done.returncode, done.stderr),
                         (NOTHING, "penstock-bench: no item came through, so nothing was measured\n"))
        one, = self.measurements(done.stdout, NOTHING)
        self.assertEqual((one["items"], one["limit"]["what"]), (0, "nothing measured"))

    def test_says_which_shape_it_was(self):
        one, = self.measures("--items", "10", "--threads", "1", "--latency")
        self.assertEqual([one["shape"][name] for name in ("threads", "items", "latency")], [1, 10, True])
        one, = self.measures("--for", "20ms")
        self.assertEqual([one["shape"][name] for name in ("threads", "items", "latency")], [0, None, False])

    def test_counts_the_work_that_is_under_way_at_the_end(self):
        one, = self.measures("--on", "blocking", "--work", "200ms", "--for", "300ms", "--drain-within", "1ms")
        # Its worker always has an item; those that came back are two thirds of the time.
        self.assertGreater(one["run"]["stages"][1]["busy_s"], 0.8 * one["seconds"])
        self.assertIn("an item takes more than a tenth of the measurement in 'stage 1'", one["limit"]["caution"])

    def test_for_a_time_ends_by_itself(self):
        one, = self.measures("--for", "50ms")
        self.assertGreaterEqual(one["seconds"], 0.05)
        self.assertEqual(one["run"]["state"], "stopped")

    def test_of_latency_gives_percentiles_of_all_items(self):
        one, = self.measures("--latency", "--items", "5000", "--stages", "1")
        latency = one["latency"]
        self.assertEqual(latency["count"], 5000)
        values = [latency[name] for name in ("p50_s", "p90_s", "p99_s", "p99.9_s", "max_s")]
        self.assertEqual(values, sorted(values))
        self.assertGreater(values[0], 0)
        self.assertLess(values[-1], one["seconds"])

    def test_sweeps_one_option(self):
        rows = self.measures("--sweep", "workers=1,2,4", "--items", "2000")
        self.assertEqual([row["value"] for row in rows], ["1", "2", "4"])
        self.assertEqual([row["shape"]["workers"] for row in rows], [1, 2, 4])
        self.assertEqual(rows[0]["speed_up"], 1)
        for row in rows:
            self.assertAlmostEqual(row["speed_up"], row["items_per_s"] / rows[0]["items_per_s"])

    def test_waits_on_threads_where_work_is_blocking(self):
        one, = self.measures("--on", "blocking", "--workers", "8", "--work", "1ms", "--items", "80")
        self.assertGreaterEqual(one["seconds"], 0.01)
        self.assertEqual(one["items"], 80)


class Text(BenchTest):
    def test_has_the_stages_the_rate_and_what_limits(self):
        done = run("--items", "1000", "--work", "1us", "--latency")
        self.assertEqual((done.returncode, done.stderr), (OK, ""))
        self.assertRegex(done.stdout, r"\A1 producer -> 1 stage -> 1 consumer, queues of 1024: completed after ")
        for stage in "produce", "stage 1", "consume":
            self.assertRegex(done.stdout, rf"(?m)^  {stage} +\w+ +1000 ")
        self.assertRegex(done.stdout, r"(?m)^1000 items in [\d.]+ s: [\d.]+( [kM])? items/s, one every [\d.]+ [num]?s$")
        self.assertRegex(done.stdout, r"(?m)^latency .*  p50 .*  p90 .*  p99 .*  p99\.9 .*  max ")
        self.assertRegex(done.stdout, r"(?m)^limited by .*\nto change that: ")

    def test_of_a_sweep_is_a_table_with_a_row_for_each_value(self):
        done = run("--items", "1000", "--sweep", "capacity=1,64")
        self.assertEqual((done.returncode, done.stderr), (OK, ""))
        self.assertIn("1 producer -> 1 consumer, queue, swept over capacity\n", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^  capacity +items/s +speed-up +limited by$")
        self.assertRegex(done.stdout, r"(?m)^ +1 +[\d.]+( [kM])? +1\.00  \S")
        self.assertRegex(done.stdout, r"(?m)^ +64 +[\d.]+( [kM])? +[\d.]+  \S")

    def test_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "--items", "10"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, OUTPUT)
        self.assertRegex(done.stderr, r"\Apenstock-bench: cannot write the report: .*\n\Z")

    def test_of_help_names_the_exit_codes_as_the_readme_does(self):
        done = run("--help")
        self.assertEqual((done.returncode, done.stderr), (OK, ""))
        codes = re.findall(r"^ +(\d+)  (.*)$", done.stdout.split("Exit codes:")[1], re.M)
        readme = (Path(__file__).parents[3] / "pipelines/bench/README.md").read_text()
        self.assertEqual(re.findall(r"^\| (\d+) \| (.*) \|$", readme, re.M), codes)
        for option in re.findall(r"^  (--[\w-]+)", done.stdout, re.M):
            if option not in ("--version", ):
                self.assertIn(f"`{option}", readme)

    def test_of_a_wrong_option_is_one_sentence(self):
        for arguments in ["--produce-rate", "2"], ["--for", "10"], ["--producers", "0"], ["--unknown"], ["--sweep", "x=1"]:
            with self.subTest(arguments=arguments):
                done = run(*arguments)
                self.assertEqual((done.returncode, done.stdout), (USAGE, ""))
                self.assertRegex(done.stderr, r"\Apenstock-bench: .*\(see penstock-bench --help\)\n\Z")


class Signals(BenchTest):
    """The program tells once a second how it is doing; what it told last is the handshake."""

    def start(self, *arguments):
        self.bench = subprocess.Popen([PROGRAM, *arguments, "--for", "1h", "--live", "always", "--json"],
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        watchdog = threading.Timer(60, self.bench.kill)
        watchdog.start()
        self.addCleanup(watchdog.cancel)
        self.last_told = ""
        self.addCleanup(self.end_it)

    def end_it(self):
        self.bench.kill()
        self.bench.wait()
        self.bench.stdout.close()
        self.bench.stderr.close()

    def told(self, words):
        while words not in (line := self.bench.stderr.readline()):
            self.assertTrue(line, f"no '{words}' came in a minute, or the program has ended; the last was: {self.last_told}")
            self.last_told = line

    def ends(self, code, sentence):
        out, err = self.bench.communicate(timeout=120)
        self.assertEqual((self.bench.returncode, err.splitlines()[-1]), (code, "penstock-bench: " + sentence))
        return self.measurements(out, code)

    def test_end_the_measurement_and_the_report_is_printed(self):
        for which in signal.SIGINT, signal.SIGTERM:
            with self.subTest(signal=which):
                self.start()
                self.told("queue")
                self.bench.send_signal(which)
                one, = self.ends(STOPPED, "stopped by a signal")
                self.assertGreater(one["items"], 0)
                self.assertEqual((one["dropped"], one["run"]["state"]), (0, "stopped"))

    def test_drop_what_is_on_its_way_when_the_drain_is_over(self):
        self.start("--capacity", "5", "--consume-rate", "1/h", "--drain-within", "1ms")
        self.told("5/5")
        self.bench.send_signal(signal.SIGINT)
        one, = self.ends(STOPPED, "stopped by a signal")
        self.assertEqual(one["items"], 1)
        self.assertEqual(one["dropped"], 5)

    def test_of_which_a_second_one_cancels_the_drain(self):
        self.start("--capacity", "5", "--consume-rate", "1/h", "--drain-within", "1h")
        self.told("5/5")
        self.bench.send_signal(signal.SIGINT)
        self.told("(ending)")
        self.bench.send_signal(signal.SIGINT)
        one, = self.ends(CANCELLED, "cancelled by a second signal")
        self.assertEqual((one["items"], one["dropped"]), (1, 5))

    def test_end_a_sweep_with_the_rows_that_are_there(self):
        self.start("--sweep", "capacity=4,8")
        self.told("queue")
        self.bench.send_signal(signal.SIGINT)
        one, = self.ends(STOPPED, "stopped by a signal; 1 of 2 values were measured")
        self.assertEqual(one["value"], "4")


class Live(BenchTest):
    def on_a_terminal(self, *arguments):
        """What a terminal gets until the queue has been shown, and after a Ctrl-C."""
        ours, theirs = pty.openpty()
        bench = subprocess.Popen([PROGRAM, *arguments, "--for", "1h"], stdout=subprocess.PIPE, stderr=theirs, text=True)
        os.close(theirs)
        seen = b""
        while b"consumed" not in seen:
            seen += os.read(ours, 4096)
        bench.send_signal(signal.SIGINT)
        out = bench.stdout.read()
        bench.stdout.close()
        try:
            while piece := os.read(ours, 4096):
                seen += piece
        except OSError:  # the end of a terminal
            pass
        os.close(ours)
        self.assertEqual(bench.wait(), STOPPED)
        return seen, out

    def test_line_is_redrawn_on_a_terminal_and_gone_at_the_end(self):
        seen, out = self.on_a_terminal(*DEMONSTRATION, "--produce-rate", "2/s", "--consume-rate", "1.5/s")
        self.assertRegex(seen, rb"\A(\r[^\r\n]{1,79}\x1b\[K)+\r\x1b\[Kpenstock-bench: stopped by a signal\r\n\Z")
        self.assertRegex(seen, rb"\d\.\d s  queue \[[#.]{5}\] \d/5  produced [\d.]+/s  consumed [\d.]+/s")
        self.assertIn("stopped after", out)

    def test_line_is_not_there_elsewhere(self):
        self.assertEqual(run("--items", "10").stderr, "")


if __name__ == "__main__":
    unittest.main()
