"""The snippets checker compares documents with regions of code. Usage: snippets_test.py <scripts/snippets>"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECKER = sys.argv.pop(1)
CODE = "int main() {\n  // [body]\n  run();\n    deep();\n  // [/body]\n}\n"


def page(code, name="body"):
    return f"Text.\n\n<!-- snippet: tests/a.cpp#{name} -->\n```cpp\n{code}```\n\nMore.\n"


class snippets(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "tests").mkdir()
        (self.root / "tests/a.cpp").write_text(CODE)

    def check(self, text, *options):
        (self.root / "README.md").write_text(text)
        done = subprocess.run([sys.executable, CHECKER, "--root", self.root, *options], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def test_a_block_that_equals_its_region_passes(self):
        self.assertEqual(self.check(page("run();\n  deep();\n")), (0, "snippets: 1 blocks, 0 problems\n"))

    def test_a_block_that_differs_is_named_with_its_line(self):
        code, output = self.check(page("run();\n"))
        self.assertEqual(code, 1)
        self.assertIn("README.md:3: differs from tests/a.cpp#body", output)

    def test_fix_rewrites_the_block_and_nothing_else(self):
        self.assertEqual(self.check(page("old();\n"), "--fix")[0], 0)
        self.assertEqual((self.root / "README.md").read_text(), page("run();\n  deep();\n"))

    def test_a_region_that_does_not_exist_is_named(self):
        code, output = self.check(page("run();\n", "gone"))
        self.assertEqual(code, 1)
        self.assertIn("tests/a.cpp has no region [gone]", output)

    def test_a_mark_without_a_block_is_named(self):
        code, output = self.check("<!-- snippet: tests/a.cpp#body -->\n\nNo code.\n")
        self.assertEqual(code, 1)
        self.assertIn("has no code block after it", output)

    def test_a_link_to_a_file_that_does_not_exist_is_named(self):
        code, output = self.check("[a](tests/a.cpp), [b](tests/b.cpp), [c](https://example.org), [d](#top)\n")
        self.assertEqual(code, 1)
        self.assertIn("links to tests/b.cpp", output)
        self.assertIn("1 problems", output)

    def test_a_lambda_in_a_code_block_is_no_link(self):
        self.assertEqual(self.check("```cpp\nauto f = [](const int n) {};\n```\n")[0], 0)


if __name__ == "__main__":
    unittest.main()
