"""A killed run goes on: no URL is lost, and each has one line."""
import json
import random
import subprocess
import unittest

from support import CANNOT_RESUME, OK, OUTPUT, PROGRAM, USAGE, FetchTest
from moments import Moments


class Resume(FetchTest):
    def again(self, text, *arguments):
        return self.fetch("-", "--output", self.results, "--resume", self.resume, "--report", "json", *arguments,
                          input=text, results=self.results)

    def test_of_a_finished_job_does_nothing(self):
        text = self.input(50, "flaky/once/0/500")
        self.assertEqual(self.again(text).code, OK)
        before = self.results.read_bytes()
        ended = self.again(text)
        self.assertEqual((ended.code, ended.report["urls_found"], ended.report["urls_done_before"]), (OK, 0, 50))
        self.assertEqual(self.results.read_bytes(), before)
        self.assertEqual(self.server.count("once"), 50)

    def test_fetches_what_came_to_the_input_since(self):
        self.again(self.input(10))
        ended = self.again(self.input(15))
        self.assertEqual(sorted(line["n"] for line in ended.lines), list(range(1, 16)))
        self.assertEqual(ended.report["urls_found"], 5)

    def test_after_kills_at_any_moment_has_a_line_for_each(self):
        seed = random.randrange(1 << 30)
        print(f"seed {seed}")
        count = 3000
        text = self.input(count)
        (self.folder / "input").write_bytes(text)
        moments, jobs = Moments(random.Random(seed), wanted=20, within=0.15), 0
        while moments.go_on():
            for file in self.results, self.resume:
                file.unlink(missing_ok=True)
            jobs += 1
            for number in range(8):
                if not moments.kill(self.start(), resumed=number > 0):
                    break
            ended = self.again(text)
            self.assertEqual(ended.code, OK, ended.err)
            lines = {line["n"]: line["url"] for line in ended.lines}
            self.assertEqual((len(ended.lines), len(lines)), (count, count), f"seed {seed}")
            self.assertEqual([lines[n] for n in range(1, count + 1)], text.decode().split())
        print(f"{moments.at_work} kills while the program worked, in {jobs} jobs")

    def start(self):
        with open(self.folder / "input", "rb") as text:
            return subprocess.Popen([PROGRAM, "-", "--output", self.results, "--resume", self.resume, "--concurrency", "32"],
                                    stdin=text, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def test_cuts_off_lines_that_were_not_noted_and_notes_that_are_torn(self):
        text = self.input(20)
        self.again(text)
        notes = self.resume.read_text().splitlines(keepends=True)
        self.resume.write_text("".join(notes[:11]) + notes[11][:5])
        with open(self.results, "a") as results:
            results.write('{"n": 99, "torn')
        ended = self.again(text)
        self.assertEqual(ended.report["urls_found"], 10)
        self.assertEqual(sorted(line["n"] for line in ended.lines), list(range(1, 21)))

    def test_of_another_input_is_refused(self):
        self.again(self.input(5))
        before = self.results.read_bytes()
        self.refuses_again(self.input(5, "ok2"), says="another one in its place")
        self.assertEqual(self.results.read_bytes(), before)

    def test_of_another_method_is_refused(self):
        self.again(self.input(5))
        self.refuses_again(self.input(5), "--method", "DELETE", says="belongs to another job")

    def test_without_its_results_is_refused(self):
        self.again(self.input(5))
        self.results.write_text("")
        self.refuses_again(self.input(5), says="but the resume file has noted")

    def test_over_results_that_it_does_not_know_is_refused(self):
        self.results.write_text("precious\n")
        self.refuses_again(self.input(5), says="knows nothing of")
        self.assertEqual(self.results.read_text(), "precious\n")

    def test_needs_results_to_look_into(self):
        self.refuses(USAGE, self.url("ok"), "--resume", "r", says="--resume needs an --output")
        self.refuses(USAGE, self.url("ok"), "--resume", "r", "--output", "r", says="cannot take the results")
        self.refuses(OUTPUT, self.url("ok"), "--resume", "no/such/r", "--output", "o", says="no/such/r")

    def test_of_a_file_with_notes_that_are_none_is_refused(self):
        self.again(self.input(1))
        with open(self.resume, "a") as notes:
            notes.write("hello\n")
        before = self.resume.read_bytes()
        self.refuses_again(self.input(1), says="is no resume file")
        self.assertEqual(self.resume.read_bytes(), before)

    def refuses_again(self, text, *arguments, says):
        done = subprocess.run([PROGRAM, "-", "--output", self.results, "--resume", self.resume, *arguments], input=text,
                              capture_output=True, cwd=self.folder, timeout=240)
        self.assertEqual(done.returncode, CANNOT_RESUME, done.stderr)
        self.assertIn(says, done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
