"""What becomes of URLs: a line each, whatever came of them."""
import json
import pty
import os
import subprocess
import unittest

from support import NOTHING, OK, OUTPUT, PROGRAM, SOME_FAILED, USAGE, FetchTest


class Results(FetchTest):
    def test_are_a_line_each(self):
        urls = [self.url("ok"), self.url("large/1000"), self.url("redirect/1")]
        ended = self.fetch(*urls)
        self.assertEqual(ended.code, OK, ended.err)
        lines = ended.by_number()
        self.assertEqual([lines[n]["url"] for n in (1, 2, 3)], urls)
        self.assertEqual([lines[n]["status"] for n in (1, 2, 3)], [200, 200, 200])
        self.assertEqual([lines[n]["bytes"] for n in (1, 2, 3)], [2, 1000, 2])
        self.assertEqual([lines[n]["error"] for n in (1, 2, 3)], [None] * 3)
        self.assertEqual(lines[3]["from"], self.url("ok"))
        self.assertTrue(all(line["elapsed"] > 0 and line["attempts"] == 1 for line in ended.lines))
        self.assertIn("3 URLs found = 3 well + 0 failed", ended.err)

    def test_of_what_fails_say_why_and_change_nothing_for_the_others(self):
        urls = [self.url("ok"), self.url("status/404"), self.url("reset"), "not a url", self.url("never"), self.url("ok")]
        ended = self.fetch(*urls, "--timeout", "2s", "--retries", 0)
        self.assertEqual(ended.code, SOME_FAILED)
        lines = ended.by_number()
        self.assertEqual([lines[n]["status"] for n in range(1, 7)], [200, 404, None, None, None, 200])
        self.assertEqual([lines[n]["error"] and lines[n]["error"]["kind"] for n in range(1, 7)],
                         [None, None, "reset", "invalid", "timeout", None])
        self.assertTrue(lines[5]["error"]["reason"])
        self.assertIn("6 URLs found = 2 well + 4 failed", ended.err)

    def test_of_standard_input(self):
        text = f"\n  {self.url('ok')}  \r\n\n{self.url('status/500')}\n{self.url('ok')}".encode()
        ended = self.fetch("-", "--output", "r.ndjson", "--report", "json", input=text,
                           results=self.folder / "r.ndjson")
        self.assertEqual(ended.code, SOME_FAILED)
        self.assertEqual([ended.by_number()[n]["status"] for n in (1, 2, 3)], [200, 500, 200])
        report = ended.report
        self.assertEqual((report["urls_found"], report["urls_well"], report["urls_failed"]), (3, 2, 1))
        self.assertEqual(report["exit_code"], SOME_FAILED)

    def test_of_a_thousand_are_all_there(self):
        ended = self.fetch("-", input=self.input(1000))
        self.assertEqual(ended.code, OK)
        self.assertEqual(sorted(line["n"] for line in ended.lines), list(range(1, 1001)))

    def test_in_a_directory_have_their_bodies(self):
        ended = self.fetch(self.url("ok"), self.url("large/100000"), "--output", "out/",
                           results=self.folder / "out/results.ndjson")
        self.assertEqual(ended.code, OK, ended.err)
        lines = ended.by_number()
        self.assertEqual((self.folder / "out" / lines[1]["file"]).read_text(), "ok")
        self.assertEqual((self.folder / "out" / lines[2]["file"]).read_text(), "x" * 100000)


class Requests(FetchTest):
    def echo(self, *arguments):
        ended = self.fetch(self.url("echo"), "--output", "out/", *arguments,
                           results=self.folder / "out/results.ndjson")
        self.assertEqual(ended.code, OK, ended.err)
        return json.loads((self.folder / "out/00000001.body").read_text())

    def test_have_the_method_the_body_and_the_headers(self):
        seen = self.echo("--json", '{"a":1}', "--header", "X-One: 1", "--header", "X-Two:2")
        self.assertEqual((seen["method"], seen["body"]), ("POST", '{"a":1}'))
        self.assertEqual(seen["headers"]["content-type"], "application/json")
        self.assertEqual((seen["headers"]["x-one"], seen["headers"]["x-two"]), ("1", "2"))
        self.assertEqual(self.echo("--method", "PUT", "--data", "d")["method"], "PUT")

    def test_are_repeated_if_that_does_no_harm(self):
        self.assertEqual(self.fetch(self.url("flaky/a/2/503"), "--backoff", "1ms").code, OK)
        self.assertEqual(self.fetch(self.url("flaky/b/1/503"), "--backoff", "1ms", "--method", "POST").code, SOME_FAILED)
        self.assertEqual(self.server.count("b"), 1)
        ended = self.fetch(self.url("flaky/c/1/503"), "--backoff", "1ms", "--method", "POST", "--idempotency-keys")
        self.assertEqual((ended.code, ended.lines[0]["attempts"]), (OK, 2))

    def test_keep_to_the_rate(self):
        ended = self.fetch("-", "--rate", "200/s", input=self.input(300, "clock"))
        self.assertEqual(ended.code, OK)
        seen = json.loads(self.server.ask("/windows"))
        self.assertEqual(seen["all"], 300)
        # On a busy machine the server sees requests later than they came; the program may be as late.
        self.assertLessEqual(seen["most"], max(200, 200 / 1.02 * (1 + 2 * seen["late"]) + 1))
        self.assertGreater(300 / (seen["over"] - 2 * seen["lost"]), 0.95 * 200)


class CommandLine(FetchTest):
    def test_that_cannot_be_is_refused(self):
        for arguments in [["--unknown"], ["--concurrency", "0"], ["--rate", "fast"], ["--timeout", "10"],
                          ["--retries", "-1"], ["--header", "none"], ["--json", "1", "--data", "2"], ["-"],
                          ["--max-body", "big"], ["--output", ""], ["--resume", "r"], ["--progress", "no"]]:
            with self.subTest(arguments=arguments):
                self.refuses(USAGE, self.url("ok"), *arguments, says="penstock-fetch --help")
        self.refuses(USAGE, self.url("ok"), "--header", "A B: c", says="A B")

    def test_without_a_url_ends_with_a_code_of_its_own(self):
        ended = self.fetch("-", input=b"\n \n")
        self.assertEqual(ended.code, NOTHING)

    def test_help_names_every_exit_code(self):
        out = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout
        for code in (0, 1, 2, 3, 4, 11, 12, 13, 20, 21):
            self.assertRegex(out, rf"\n +{code}  ")

    def test_names_an_output_that_cannot_be_written(self):
        self.refuses(OUTPUT, self.url("ok"), "--output", "no/such/file", says="no/such/file")
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, self.url("ok")], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, OUTPUT)
        self.assertIn("cannot write the results: No space left", done.stderr)

    def test_shows_progress_on_a_terminal(self):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([PROGRAM, self.url("never"), "--timeout", "2s", "--retries", "0"], stderr=theirs,
                                   stdout=subprocess.DEVNULL)
        os.close(theirs)
        seen = b""
        try:
            while b"1 under way" not in seen:
                seen += os.read(ours, 4096)
        finally:
            process.kill()
            process.wait()
            os.close(ours)
        self.assertIn(b"0 fetched", seen)


if __name__ == "__main__":
    unittest.main()
