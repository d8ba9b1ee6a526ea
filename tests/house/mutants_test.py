"""The list of faults is compared with the sources and with docs/contract.md without a build. Usage: mutants_test.py <scripts/mutants>"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECKER = sys.argv.pop(1)
CONTRACT = "# The contract\n\n### What do `a` and b?\n\nThis.\n\nShown by `queue.does_it`.\n"
ENTRY = """# Faults.

capacity: it does that
test: queue_tests queue.does_it NAME=value
section: What do a and b?
file: framework/queue.hpp
- return 1;
+ return 2;
"""


class mutants(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ("tests/mutants", "docs", "framework"):
            (self.root / name).mkdir(parents=True)
        (self.root / "tests/queue_test.cpp").write_text("TEST(queue, does_it) {}\nTYPED_TEST(queue, does_more) {}\n")
        (self.root / "framework/queue.hpp").write_text("int f() {\nreturn 1;\n}\nint g() {\nreturn 3;\nreturn 3;\n}\n")

    def check(self, entry=ENTRY, contract=CONTRACT, how="--check"):
        (self.root / "tests/mutants/list.txt").write_text(entry)
        (self.root / "docs/contract.md").write_text(contract)
        done = subprocess.run([sys.executable, CHECKER, "--root", self.root, how], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def refuses(self, words, *arguments, **more):
        code, output = self.check(*arguments, **more)
        self.assertEqual(code, 1, output)
        self.assertIn(words, output)

    def test_a_list_that_fits_passes(self):
        self.assertEqual(self.check(), (0, "mutants: 1 faults for 1 sections, 0 problems\n"))
        self.assertEqual(self.check(how="--sections"), (0, ""))

    def test_a_section_may_be_left_out_where_the_test_says_it(self):
        self.assertEqual(self.check(ENTRY.replace("section: What do a and b?\n", ""))[0], 0)

    def test_a_section_without_a_fault_is_named(self):
        more = CONTRACT + "\n### And why?\n\nBecause.\n\nShown by `queue.does_more`.\n"
        self.refuses("no fault breaks 'And why?'", contract=more)
        self.assertEqual(self.check(contract=more, how="--sections"), (1, "And why?\n"))

    def test_a_section_needs_a_fault_that_a_test_named_there_must_notice(self):
        self.refuses("no fault breaks 'What do a and b?'", ENTRY.replace("does_it", "does_more"))

    def test_a_test_a_section_or_a_line_that_is_not_there_is_named(self):
        self.refuses("there is no test queue.does_that", ENTRY.replace("does_it", "does_that"))
        self.refuses("no section 'What else?'", ENTRY.replace("What do a and b?", "What else?"))
        self.refuses("the line is in framework/queue.hpp 0 times", ENTRY.replace("- return 1;", "- return 4;"))

    def test_a_line_that_is_there_twice_needs_a_place(self):
        twice = ENTRY.replace("- return 1;", "- return 3;")
        self.refuses("the line is in framework/queue.hpp 2 times", twice)
        self.assertEqual(self.check(twice.replace("\n- ", "\nafter: int g() {\n- "))[0], 0)

    def test_an_entry_that_is_not_whole_or_not_alone_is_named(self):
        self.refuses("capacity: has no line 'file'", ENTRY.replace("file: framework/queue.hpp\n", ""))
        self.refuses("two faults are named capacity", ENTRY + "\n" + ENTRY)


if __name__ == "__main__":
    unittest.main()
