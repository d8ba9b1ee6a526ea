"""What scripts/bench makes of what was measured: verdicts, tables, charts, the document. Nothing is measured here.
Usage: bench_test.py <scripts/bench>"""

import pathlib
import subprocess
import sys
import tempfile
import unittest
import unittest.mock as mock
import xml.dom.minidom

SCRIPT = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(SCRIPT.parents[1] / "bench/tools"))

import chart  # noqa: E402
import circumstances  # noqa: E402
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
                                  (["--fast"], "unrecognized arguments: --fast"),
                                  (["--document", "--question", "load"], "takes no other option"),
                                  (["--rounds", "x"], "invalid int value")):
            code, output, problem = self.run_script(*options)
            self.assertEqual((code, output, problem.count("\n")), (2, "", 1), problem)
            self.assertIn(sentence, problem)

    def test_a_budget_is_met_by_the_median(self):
        figure, said = verdict(measured(), "at most 10, 15, 32 ns")
        self.assertIn("16 stages: 30.0 ns", figure)
        self.assertEqual(said, "not decided: 2 of 3 not measured")
        self.assertEqual(verdict(measured(tbb=(800, 900, 850)), "at least 20 times")[1], "met by the median, not in every round")
        self.assertEqual(verdict(measured(ours=(20, 21, 22)), "at least 20 times")[1], "met")

    def test_what_is_missed_is_decided_whatever_else_was_not_measured(self):
        said = verdict(measured(ours=(40, 40, 40)), "at most 10, 15, 32 ns")[1]
        self.assertEqual(said, "missed: 25.0 % too much; 2 of 3 not measured")

    def test_every_budget_is_decided_by_the_results_that_are_committed(self):
        """So a case or a rival that was given another name, and is judged no more, is found here."""
        results = Results.load(SCRIPT.parents[1] / "docs/benchmarks/results.json")
        for budget in verdicts.BUDGETS:
            for make in budget.figures:
                self.assertIsNotNone(make(results).value, f"{budget.words}: {make(results).where}")

    def test_a_missed_budget_says_by_how_much(self):
        self.assertIn("missed: 25.0 % too much", verdict(measured(ours=(40, 40, 40)), "at most 10, 15, 32 ns")[1])
        self.assertIn("missed: 10.0 times as much", verdict(measured(ours=(320, 320, 320)), "at most 10, 15, 32 ns")[1])
        self.assertEqual(verdict(measured(ours=(80, 90, 85)), "at least 20 times")[1], "missed: 50.0 % short")

    def test_a_ratio_is_the_median_of_the_rounds_ratios(self):
        steady = measured(ours=(10, 100, 40), tbb=(300, 3000, 1200))
        self.assertEqual(verdict(steady, "at least 20 times"), ("30.0 ×", "met"))

    def test_a_ratio_has_its_spread_and_a_mark_where_the_medians_have_quite_another(self):
        figure, said = verdict(measured(ours=(20, 30, 40), tbb=(900, 900, 900)), "at least 20 times")
        self.assertEqual((figure, said), ("30.0 × (22.5 to 45.0)", "met"))
        figure, said = verdict(measured(ours=(10, 100, 40), tbb=(300, 400, 1200)), "at least 20 times")
        self.assertEqual(figure, "30.0 × (4.00 to 30.0) †")
        in_doubt = measured(ours=(10, 20, 40), threads=(10, 5, 40))
        self.assertIn("†: the ratio of the two medians", table.summary(in_doubt, "pipeline"))

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

    def test_an_answer_to_another_case_ends_everything(self):
        for form, line in (("lines", '{"case": "a/c", "ns_per_item": 1, "checked": true}'),
                           ("google", '{"benchmarks": [{"name": "a/c/iterations:1/manual_time", "ns_per_item": 1}]}')):
            other = contenders.Contender("a", "other", "", ["sh", "-c", f"echo '{line}'"], form, "rival")
            for case in ("a/b", "a/c"):
                other.programs[case] = "."
            self.assertEqual(rounds.measure(other, "a/c", {"PATH": "/usr/bin:/bin"}), {"ns_per_item": 1})
            with self.assertRaisesRegex(contenders.BenchError, "answers another case, a/c"):
                rounds.measure(other, "a/b", {"PATH": "/usr/bin:/bin"})

    def test_a_contender_that_does_not_list_its_cases_is_one_sentence(self):
        stuck = contenders.Contender("a", "stuck", "", ["sh", "-c", "exec sleep 60"], "lines", "rival")
        with mock.patch.object(contenders, "LISTING", 0.01), self.assertRaisesRegex(contenders.BenchError, "to list its cases"):
            contenders.ask_cases(stuck)

    def compete(self, values, **how):
        """Who was measured, in order, and what came of it; `values` gives what a contender measures the n-th time."""
        there = [contenders.Contender("a", name, "", [], "lines", "ours" if name == "x" else "rival", cases=["a/b"],
                                      programs={"a/b": "."}) for name in "xyz"]
        order = []

        def measure(contender, *_):
            order.append(contender.name)
            return {"ns_per_item": values(contender.name, order.count(contender.name))}
        with mock.patch.object(rounds, "measure", measure), mock.patch("sys.stderr"):
            return order, rounds.compete("a", there, 6, 1, **how)["a/b"]

    def test_the_order_is_drawn_anew_in_each_round_and_the_same_in_each_run(self):
        order, _ = self.compete(lambda name, n: 1)
        self.assertEqual(self.compete(lambda name, n: 1)[0], order)
        of_rounds = ["".join(order[i:i + 3]) for i in range(0, 18, 3)]
        self.assertTrue(all(sorted(one) == list("xyz") for one in of_rounds))
        self.assertGreater(len({one[one.index("x") - 1] if one[0] != "x" else "" for one in of_rounds}), 1, of_rounds)

    def test_rounds_that_differ_much_bring_as_many_again_in_a_full_run(self):
        self.assertEqual(len(self.compete(lambda name, n: 30 if n == 1 else 10)[1]["x"]["ns_per_item"]), 6)
        self.assertEqual(len(self.compete(lambda name, n: 31 if (name, n) == ("z", 1) else 10)[1]["x"]["ns_per_item"]), 12)
        self.assertEqual(len(self.compete(lambda name, n: n, once_above=60)[1]["x"]["ns_per_item"]), 6)

    def test_more_stages_than_cores_get_two_cores(self):
        self.assertIsNone(rounds.on_few_cores("pipeline/serial/k1/8B"))
        with mock.patch("os.sched_getaffinity", lambda _: {3, 1, 2}), mock.patch("os.sched_setaffinity") as pinned:
            rounds.on_few_cores("pipeline/many_stages/k64/8B")()
        pinned.assert_called_once_with(0, [1, 2])

    def test_a_crate_has_one_build(self):
        builds = {}
        for file in SCRIPT.parents[1].glob("bench/*/contenders.json"):
            found, left_out = contenders.load([file.parent.name])
            for c in found.get(file.parent.name, []) + [c for c, _ in left_out]:
                if c.command[0].startswith("build/bench/rust/"):
                    builds.setdefault(c.crate, set()).add(" ".join(c.build))
        self.assertEqual({crate: len(commands) for crate, commands in builds.items()}, {"crossbeam": 1, "tokio": 1})

    def test_the_cores_that_were_used_are_shown(self):
        results = measured()
        for counters in results.questions["pipeline"]["cases"]["pipeline/serial/k16/8B"].values():
            counters["cpu_ns_per_item"] = [2 * value for value in counters["ns_per_item"]]
        self.assertRegex(table.summary(results, "pipeline").splitlines()[-1], r"\| +2\.00 \| threads: 32\.0 \| +2\.00 \|")
        self.assertIn("cores used", [heading.split(", ")[-1] for heading, _ in table.details(results, "pipeline")])

    def test_the_page_says_how_long_repetitions_took_and_what_the_machine_did_else(self):
        results = measured()
        results.questions["pipeline"]["cases"]["pipeline/serial/k16/8B"]["penstock"]["items"] = [1e6, 1e6, 1e6]
        self.assertIn("about 50 ms; they took 20 to 70 ms.", document.chapter(results, "pipeline"))
        self.assertIn("Load average before it", document.chapter(results, "pipeline"))
        results.questions["pipeline"]["circumstances"] = {
            **CIRCUMSTANCES, "foreign_percent": 3.0, "steal_percent": 0.5, "changed_since": ["this", "that"]}
        text = document.chapter(results, "pipeline")
        self.assertIn("other programs used 3.0 % of a core, and the host took 0.5 %", text)
        self.assertIn("Measured before this was changed: this; that.", text)

    def test_what_other_programs_use_is_what_is_not_ours(self):
        watch = circumstances.Watch()
        watch.machine, watch.own, watch.begin = (100.0, 5.0), 50.0, 0.0
        with mock.patch.object(circumstances, "machine_seconds", lambda: (112.0, 6.0)), \
                mock.patch.object(circumstances, "own_seconds", lambda: 60.0), mock.patch("time.monotonic", lambda: 10.0):
            self.assertEqual(watch.disturbances(), {"foreign_percent": 20.0, "steal_percent": 10.0})

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
