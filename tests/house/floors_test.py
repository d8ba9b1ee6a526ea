"""The floors checker lets a good tree pass and names each kind of violation. Usage: floors_test.py <scripts/floors>"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECKER = sys.argv.pop(1)

GOOD = {
    "include/penstock/base/error.hpp": "#include <string>\n",
    "include/penstock/core/ring.hpp": "#include <penstock/base/error.hpp>\n",
    "include/penstock/sync/detail/waiter.hpp": "#include <boost/asio/post.hpp>\n",
    "include/penstock/sync/queue.hpp": '#include "penstock/core/ring.hpp"\n#include <penstock/sync/detail/waiter.hpp>\n',
    "src/sync/queue.cpp": "#include <penstock/sync/queue.hpp>\n",
    "include/penstock/runtime/run.hpp": "#include <penstock/sync/queue.hpp>\n",
    "connectors/csv/include/penstock/csv.hpp": "#include <penstock/base/error.hpp>\n",
    "connectors/csv/src/csv.cpp": '#include <penstock/csv.hpp>\n',
}
LIST = """# F0 base
include/penstock/base/error.hpp
# F1 core
include/penstock/core/ring.hpp
# F2 sync
include/penstock/sync/detail/waiter.hpp
include/penstock/sync/queue.hpp
src/sync/queue.cpp
# F6 runtime
include/penstock/runtime/run.hpp
# F7 connectors
connectors/csv/
"""


class floors(unittest.TestCase):
    def run_on(self, changed=None, listed=LIST):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in (GOOD | (changed or {})).items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            (root / "floors.txt").write_text(listed)
            done = subprocess.run([sys.executable, CHECKER, "--root", folder], capture_output=True, text=True)
            return done.returncode, done.stdout + done.stderr

    def refuses(self, words, **tree):
        code, output = self.run_on(**tree)
        self.assertEqual(code, 1, output)
        self.assertIn(words, output)

    def test_a_good_tree_passes(self):
        self.assertEqual(self.run_on(), (0, "floors: 8 files, 0 violations\n"))

    def test_an_include_of_a_higher_floor_is_a_violation(self):
        self.refuses("base/error.hpp: includes include/penstock/core/ring.hpp, which is not listed before it",
                     changed={"include/penstock/base/error.hpp": "#  include <penstock/core/ring.hpp>\n"})

    def test_a_file_may_include_its_own_detail_even_when_that_is_listed_later(self):
        detail = "include/penstock/sync/detail/waiter.hpp\n"
        listed = LIST.replace(detail, "").replace("sync/queue.hpp\n", "sync/queue.hpp\n" + detail)
        self.assertEqual(self.run_on(listed=listed)[0], 0)

    def test_a_file_that_is_not_listed_is_a_violation(self):
        self.refuses("src/sync/gate.cpp: is not listed", changed={"src/sync/gate.cpp": ""})

    def test_a_file_of_a_listed_folder_needs_no_line_of_its_own_and_may_include_its_neighbours(self):
        self.assertEqual(self.run_on({"connectors/csv/src/utf8.hpp": "", "connectors/csv/src/csv.cpp": '#include "utf8.hpp"\n'})[0], 0)

    def test_a_connector_may_include_only_connectors_listed_before_it(self):
        files = {"connectors/files/include/penstock/files.hpp": "",
                 "connectors/csv/src/csv.cpp": "#include <penstock/files.hpp>\n"}
        self.assertEqual(self.run_on(files, LIST.replace("connectors/csv/", "connectors/files/\nconnectors/csv/"))[0], 0)
        self.refuses("csv.cpp: includes connectors/files/include/penstock/files.hpp, which is not listed before it",
                     changed=files, listed=LIST + "connectors/files/\n")

    def test_a_listed_file_that_does_not_exist_is_a_violation(self):
        self.refuses("lists src/gone.cpp, which does not exist", listed=LIST + "src/gone.cpp\n")

    def test_a_file_listed_twice_is_a_violation(self):
        self.refuses("src/sync/queue.cpp is listed twice", listed=LIST + "src/sync/queue.cpp\n")

    def test_floors_that_go_down_are_a_violation(self):
        self.refuses("F1 stands above F7", listed=LIST + "# F1 again\n")

    def test_an_include_that_does_not_exist_is_a_violation(self):
        self.refuses("includes penstock/base/words.hpp, which does not exist",
                     changed={"src/sync/queue.cpp": "#include <penstock/base/words.hpp>\n"})

    def test_the_rules_stand_on_the_standard_library_alone(self):
        self.refuses("includes boost/asio/post.hpp, but core stands on the standard library alone",
                     changed={"include/penstock/core/ring.hpp": "#include <boost/asio/post.hpp>\n"})

    def test_a_connector_that_includes_the_runtime_is_a_violation(self):
        self.refuses("csv.cpp: a connector includes include/penstock/runtime/run.hpp, which belongs to the runtime's floor",
                     changed={"connectors/csv/src/csv.cpp": "#include <penstock/runtime/run.hpp>\n"})

    def test_the_umbrella_is_for_users_only(self):
        self.refuses("includes the umbrella header",
                     changed={"include/penstock/penstock.hpp": "",
                              "connectors/csv/src/csv.cpp": "#include <penstock/penstock.hpp>\n"},
                     listed=LIST.replace("# F7", "include/penstock/penstock.hpp\n# F7"))

    def test_folders_that_include_each_other_are_a_violation_even_when_every_file_is_in_order(self):
        self.refuses("the folders form a cycle: core -> sync -> core",
                     changed={"include/penstock/core/late.hpp": "#include <penstock/sync/queue.hpp>\n"},
                     listed=LIST.replace("# F6", "include/penstock/core/late.hpp\n# F6"))


if __name__ == "__main__":
    unittest.main()
