"""Runs penstock-fetch as a user would, against the server of tests/connectors/http."""
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # what these tests share with those of other programs

PROGRAM = os.environ["PENSTOCK_FETCH"]
SERVER = Path(__file__).resolve().parents[2] / "connectors" / "http" / "fault_server.py"

OK, INTERNAL, USAGE, UNREADABLE, NOTHING = range(5)
OUTPUT, SOME_FAILED, CANNOT_RESUME = range(11, 14)
STOPPED, CANCELLED = 20, 21


class Server:
    def __init__(self):
        self.process = subprocess.Popen([sys.executable, "-B", str(SERVER)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def ask(self, path):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url + path, timeout=60) as answer:
            return answer.read().decode()

    def count(self, key):
        return int(self.ask(f"/count/{key}"))

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Ended:
    """The program has ended: `code`, `err`, `report`, and the `lines` of its results."""

    def __init__(self, code, out, err, results=None):
        self.code, self.out, self.err = code, out.decode(), err.decode()
        text = results.read_text() if results is not None else self.out
        self.lines = [json.loads(line) for line in text.splitlines()]
        if results is not None and self.out.startswith("{"):
            self.report = json.loads(self.out)

    def by_number(self):
        return {line["n"]: line for line in self.lines}


class FetchTest(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)
        folder = tempfile.TemporaryDirectory(prefix="penstock fetch ")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.results = self.folder / "results.ndjson"
        self.resume = self.folder / "resume"

    def url(self, path):
        return f"{self.server.url}/{path}"

    def input(self, count, path="ok"):
        return "".join(f"{self.url(path)}?{number}\n" for number in range(1, count + 1)).encode()

    def fetch(self, *arguments, input=None, results=None):
        done = subprocess.run([PROGRAM, *map(str, arguments)], input=input, capture_output=True, cwd=self.folder,
                              timeout=240)
        return Ended(done.returncode, done.stdout, done.stderr, results)

    def refuses(self, code, *arguments, says, input=None):
        """Runs, and expects this code and one sentence with these words in it."""
        done = subprocess.run([PROGRAM, *map(str, arguments)], input=input, capture_output=True, cwd=self.folder,
                              timeout=240)
        err = done.stderr.decode()
        self.assertEqual(done.returncode, code, err)
        self.assertTrue(err.startswith("penstock-fetch: "), err)
        self.assertEqual(err.count("\n"), 1, err)
        for words in [says] if isinstance(says, str) else says:
            self.assertIn(words, err)


def eventually(what, condition, seconds=120):
    """Returns as soon as the condition is true; a test that would hang fails instead."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.001)


def _threads(pid):
    """For each thread its state, the signals that wait for it, and how often it was given a processor."""
    threads = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        fields = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines() if ":" in line)
        threads[task.name] = (fields["State"].split()[0], fields["ShdPnd"].strip(), fields["SigPnd"].strip(),
                              fields["voluntary_ctxt_switches"], fields["nonvoluntary_ctxt_switches"])
    return threads


def at_rest(pid):
    """Whether all threads wait, none has a signal to come, and none did anything between two looks."""
    first = _threads(pid)
    quiet = all(state == "S" and int(shared, 16) == 0 and int(own, 16) == 0 for state, shared, own, _, _ in first.values())
    return quiet and _threads(pid) == first
