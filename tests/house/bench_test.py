"""What scripts/bench makes of what was measured: verdicts, tables, charts, the document. Nothing is measured here.
Usage: bench_test.py <scripts/bench>"""

import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

SCRIPT = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(SCRIPT.parents[1] / "bench/tools"))

import chart  # noqa: E402
import contenders  # noqa: E402
import document  # noqa: E402
import rounds  # noqa: E402
import table  # noqa: E402
import verdicts  # noqa: E402
from results import Results  # noqa: E402

CIRCUMSTANCES = {"date": "2026-01-01", "commit": "abc", "machine": "a machine", "compiler": "g++", "flags": "-O3", "rounds": 3,
                 "milliseconds": 50, "load_before": 0.1, "versions": {"oneTBB": "2021.8"}}
PIPELINE = [{"name": "penstock", "what": "", "role": "ours", "batches": False},
            {"name": "oneTBB parallel_pipeline", "what": "", "role": "rival", "batches": False},
            {"name": "threads", "what": "", "role": "rival", "batches": True},
            {"name": "fused loop", "what": "", "role": "limit", "batches": False}]


def measured(ours=(20, 70, 30), tbb=(800, 900, 850), threads=(31, 33, 32), fused=(5, 6, 7)):
    """Three rounds of 16 stages; the median of ours is 30, their mean 40."""
    cases = {"pipeline/serial/k16/8B": {
        c["name"]: {"ns_per_item": list(values)} for c, values in zip(PIPELINE, (ours, tbb, threads, fused))}}
    return Results({"pipeline": {"circumstances": CIRCUMSTANCES, "contenders": PIPELINE,
                                 "left_out": [["Go channels", "not installed here: golang"]], "cases": cases}})


def verdict(results, words):
    return next((figure, said) for budget, figure, said in verdicts.verdicts(results) if words in budget)


class bench(unittest.TestCase):
    def run_script(self, *options):
        done = subprocess.run([SCRIPT, *options], capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def test_a_wrong_option_is_told_in_one_sentence(self):
        for options, sentence in ((["--rounds", "0"], "must be at least 1"), (["--question", "nothing"], "no question 'nothing'"),
                                  (["--fast"], "unrecognized arguments: --fast"), (["--rounds", "x"], "invalid int value")):
            code, output, problem = self.run_script(*options)
            self.assertEqual((code, output, problem.count("\n")), (2, "", 1), problem)
            self.assertIn(sentence, problem)

    def test_a_budget_is_met_by_the_median(self):
        figure, said = verdict(measured(), "at most 10, 15, 32 ns")
        self.assertIn("16 stages: 30.0 ns", figure)
        self.assertEqual(said, "met; 2 of 3 not measured")

    def test_a_missed_budget_says_by_how_much(self):
        self.assertIn("missed: 25.0 % too much", verdict(measured(ours=(40, 40, 40)), "at most 10, 15, 32 ns")[1])
        self.assertIn("missed: 10.0 times as much", verdict(measured(ours=(320, 320, 320)), "at most 10, 15, 32 ns")[1])
        self.assertEqual(verdict(measured(ours=(80, 90, 85)), "at least 20 times")[1], "missed: 50.0 % short")

    def test_a_ratio_is_the_median_of_the_rounds_ratios(self):
        self.assertEqual(verdict(measured(ours=(10, 100, 40), tbb=(300, 3000, 1200)), "at least 20 times"), ("30.0 ×", "met"))

    def test_rivals_that_batch_do_not_count_where_single_items_are_asked(self):
        self.assertIn("the nearest, oneTBB parallel_pipeline: 28.3 ×", verdict(measured(), "one item at a time")[0])

    def test_what_has_no_data_is_not_measured(self):
        self.assertTrue(all(said == "not measured" for _, _, said in verdicts.verdicts(Results())))

    def test_a_table_has_median_spread_and_ratios(self):
        line = table.summary(measured(), "pipeline").splitlines()[-1]
        for cell in ("30.0 (20.0 to 70.0)", "threads: 32.0", "0.94 ×", "fused loop: 6.00", "4.29 ×"):
            self.assertIn(cell, line)

    def test_a_chart_is_well_formed_and_leaves_out_the_limits(self):
        drawn = chart.charts(measured(), "pipeline")["pipeline-serial-k16-8B.svg"]
        xml.dom.minidom.parseString(drawn)
        self.assertIn("parallel_pipeline", drawn)
        self.assertNotIn("fused", drawn)
        self.assertIn("prefers-color-scheme: dark", drawn)

    def test_what_is_written_by_hand_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            docs = pathlib.Path(folder)
            page = docs / "benchmarks.md"
            page.write_text(f"# Mine\n\n{document.BEGIN}\nold\n{document.END}\n\n## Also mine\n")
            for _ in range(2):
                document.write(measured(), docs)
            text = page.read_text()
            self.assertTrue(text.startswith("# Mine\n") and text.endswith("## Also mine\n"))
            self.assertNotIn("old", text)
            self.assertEqual(text.count("## Budgets"), 1)
            self.assertIn("Go channels**: left out, not installed here: golang", text)
            self.assertEqual(Results.load(docs / "benchmarks/results.json").questions, measured().questions)

    def test_a_page_without_a_place_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "benchmarks.md").write_text("# Mine\n")
            with self.assertRaises(contenders.BenchError):
                document.write(measured(), pathlib.Path(folder))

    def test_a_wrong_answer_ends_everything(self):
        for code, line in ((1, ""), (0, '{"case": "a/b", "ns_per_item": 1}'), (1, '{"case": "a/b", "checked": true}')):
            cheat = contenders.Contender("a", "cheat", "", ["sh", "-c", f"echo '{line}'; exit {code}"], "lines", "rival")
            cheat.programs["a/b"] = "."
            with self.assertRaises(contenders.BenchError):
                rounds.measure(cheat, "a/b", {"PATH": "/usr/bin:/bin"})

    def test_every_contender_is_described(self):
        for file in SCRIPT.parents[1].glob("bench/*/contenders.json"):
            found, left_out = contenders.load([file.parent.name])
            everybody = found.get(file.parent.name, []) + [c for c, _ in left_out]
            self.assertEqual(sum(c.role == "ours" for c in everybody), 1, file)
            self.assertEqual(len({c.name for c in everybody}), len(everybody), file)
            for c in everybody:
                self.assertIn(c.form, ("google", "lines"))
                self.assertIn(c.role, ("ours", "rival", "reference", "limit"))


if __name__ == "__main__":
    unittest.main()
