"""The promises checker compares docs/contract.md with tests and their results. Usage: promises_test.py <scripts/promises>"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECKER = sys.argv.pop(1)
SECTION = "# The contract\n\n### What?\n\nThis.\n\nShown by `queue.does_it`.\n"


class promises(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "tests").mkdir()
        (self.root / "docs").mkdir()
        (self.root / "tests/queue_test.cpp").write_text("TEST(queue, does_it) {}\nTYPED_TEST(queue, does_all) {}\n")

    def check(self, text, cases=None):
        (self.root / "docs/contract.md").write_text(text)
        results = []
        if cases is not None:
            results = [self.root / "results.xml"]
            results[0].write_text("<testsuite>" + "".join(f'<testcase name="{name}" status="{status}"/>'
                                                          for name, status in cases) + "</testsuite>")
        done = subprocess.run([sys.executable, CHECKER, "--root", self.root, *results], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def test_a_test_that_exists_is_enough_without_results(self):
        self.assertEqual(self.check(SECTION), (0, "promises: 1 tests that exist, 0 problems\n"))

    def test_a_test_that_does_not_exist_is_named(self):
        code, output = self.check(SECTION.replace("does_it", "does_that"))
        self.assertEqual(code, 1)
        self.assertIn("there is no test queue.does_that", output)

    def test_a_section_without_a_test_is_named(self):
        code, output = self.check(SECTION + "\n### And why?\n\nBecause.\n")
        self.assertEqual(code, 1)
        self.assertIn("'And why?' does not say what shows it", output)

    def test_a_test_that_ran_and_passed_is_fine(self):
        self.assertEqual(self.check(SECTION, [("queue.does_it", "run")])[0], 0)

    def test_a_test_that_did_not_run_or_did_not_pass_is_named(self):
        self.assertIn("queue.does_it did not run", self.check(SECTION, [("queue.other", "run")])[1])
        self.assertIn("queue.does_it did not pass: fail", self.check(SECTION, [("queue.does_it", "fail")])[1])

    def test_a_typed_test_passes_only_with_all_its_types(self):
        text = SECTION.replace("does_it", "does_all")
        self.assertEqual(self.check(text, [("queue/0.does_all", "run"), ("queue/1.does_all", "run")])[0], 0)
        self.assertEqual(self.check(text, [("queue/0.does_all", "fail"), ("queue/1.does_all", "run")])[0], 1)
        self.assertEqual(self.check(text, [("queue.does_all&lt;int&gt;", "run"), ("queue.does_all&lt;a, b&gt;", "run")])[0], 0)
        self.assertEqual(self.check(text, [("queue.does_all&lt;int&gt;", "run"), ("queue.does_all&lt;a, b&gt;", "fail")])[0], 1)


if __name__ == "__main__":
    unittest.main()
