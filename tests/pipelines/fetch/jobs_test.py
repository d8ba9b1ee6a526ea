"""Whose a resume file is, and what a job keeps from one run to the next."""
import fcntl
import json
import resource
import subprocess
import unittest

from support import CANNOT_RESUME, OK, PROGRAM, SOME_FAILED, USAGE, FetchTest


class Jobs(FetchTest):
    def again(self, text, *arguments, results=None):
        results = results or self.results
        return self.fetch("-", "--output", self.results, "--resume", self.resume, "--report", "json", *arguments,
                          input=text, results=results)

    def refuses_again(self, *arguments, says):
        done = subprocess.run([PROGRAM, "-", "--output", self.results, "--resume", self.resume, *arguments],
                              input=self.input(5), capture_output=True, cwd=self.folder, timeout=240)
        self.assertEqual(done.returncode, CANNOT_RESUME, done.stderr)
        self.assertIn(says, done.stderr.decode())

    def test_leave_a_file_that_is_none_of_theirs_as_it_is(self):
        for text in ["my diary", "my diary\nday 1", "penstock-fetch 2 GET results", "penstock-load\n", "\n"]:
            with self.subTest(text=text):
                # A first line that was cut off is one of ours, and as good as none.
                self.resume.write_text(text)
                if text.startswith("penstock-fetch"):
                    self.assertEqual(self.again(self.input(3)).code, OK)
                    continue
                self.refuses_again(says="is no resume file")
                self.assertEqual(self.resume.read_text(), text)

    def test_that_were_killed_before_the_first_note_go_on(self):
        self.again(self.input(5))
        self.resume.write_text(self.resume.read_text().splitlines(keepends=True)[0])
        ended = self.again(self.input(5))
        self.assertEqual((ended.code, ended.report["urls_found"]), (OK, 5))
        self.assertEqual(sorted(line["n"] for line in ended.lines), [1, 2, 3, 4, 5])

    def test_that_are_refused_leave_no_resume_file(self):
        self.results.write_text("precious\n")
        self.refuses_again(says="knows nothing of")
        self.assertFalse(self.resume.exists())
        self.refuses_again(says="knows nothing of")
        self.assertEqual(self.results.read_text(), "precious\n")

    def test_have_idempotency_keys_of_their_own(self):
        def keys(resume, count):
            ended = self.fetch("-", "--method", "POST", "--idempotency-keys", "--output", f"{resume}/", "--resume",
                               f"{resume}.notes", input=self.input(count, "echo"),
                               results=self.folder / resume / "results.ndjson")
            self.assertEqual(ended.code, OK, ended.err)
            bodies = sorted((self.folder / resume).glob("*.body"))
            return [json.loads(body.read_text())["headers"]["idempotency-key"] for body in bodies]
        first, other = keys("one", 1), keys("two", 1)
        self.assertNotEqual(first, other)
        grown = keys("one", 2)
        self.assertEqual(grown[0], first[0])
        self.assertEqual(grown[0].split("-")[0], grown[1].split("-")[0])

    def test_that_failed_in_part_say_so_in_every_run(self):
        text = (self.input(3) + f"{self.url('status/404')}\n".encode())
        self.assertEqual(self.again(text).code, SOME_FAILED)
        ended = self.again(text)
        self.assertEqual((ended.code, ended.report["urls_found"], ended.report["urls_failed_before"]), (SOME_FAILED, 0, 1))

    def test_of_another_body_or_header_are_others(self):
        self.again(self.input(5), "--data", "one")
        self.refuses_again("--data", "two", says="belongs to another job")
        self.refuses_again("--data", "one", "--header", "X-A: 1", says="belongs to another job")

    def test_run_one_at_a_time(self):
        self.again(self.input(5))
        with open(self.resume) as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self.refuses_again(says="another run is using")

    def test_with_a_number_that_cannot_be_are_refused(self):
        self.again(self.input(5))
        with open(self.resume, "a") as notes:
            notes.write("4294967296 1 1 0\n")
        self.refuses_again(says="is no resume file")

    def test_remove_what_was_left_of_bodies(self):
        out = self.folder / "out"
        out.mkdir()
        (out / ".00000007.body.abcdef.tmp").write_text("torn")
        (out / "mine.tmp").write_text("kept")
        ended = self.fetch(self.url("ok"), "--output", "out/", "--resume", self.resume,
                           results=out / "results.ndjson")
        self.assertEqual(ended.code, OK, ended.err)
        self.assertEqual(sorted(entry.name for entry in out.iterdir()), ["00000001.body", "mine.tmp", "results.ndjson"])


class Limits(FetchTest):
    def limited(self, soft, hard, *arguments, input):
        return subprocess.run([PROGRAM, *arguments], input=input, capture_output=True, cwd=self.folder, timeout=240,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)))

    def test_of_open_files_are_raised_or_named(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        done = self.limited(100, hard, "-", "--concurrency", "200", input=self.input(200))
        self.assertEqual(done.returncode, OK, done.stderr)
        done = self.limited(100, 100, "-", "--concurrency", "200", input=self.input(200))
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertIn("needs 264 open files, and there may be 100", done.stderr.decode())
        done = self.limited(100, 100, "-", "--concurrency", "30", input=self.input(200))
        self.assertEqual(done.returncode, OK, done.stderr)

    def test_of_retries_are_those_of_the_budget(self):
        def ended(key, *arguments):
            text = "".join(f"{self.url(f'flaky/{key}{n}/1/503')}\n" for n in range(60)).encode()
            return self.fetch("-", "--backoff", "1ms", "--concurrency", "20", *arguments, input=text)
        well = [line["status"] == 200 for line in ended("a", "--retry-budget", "0").lines]
        self.assertEqual(sum(well), 20)
        self.assertEqual(ended("b", "--retry-budget", "100").code, OK)

    def test_of_a_thousand_a_second_are_nearly_reached(self):
        ended = self.fetch("-", "--rate", "1000/s", input=self.input(3000, "clock"))
        self.assertEqual(ended.code, OK)
        seen = json.loads(self.server.ask("/windows"))
        self.assertGreater(3000 / seen["over"], 0.95 * 1000)


if __name__ == "__main__":
    unittest.main()
