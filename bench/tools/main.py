"""The part of scripts/bench after the build; see its usage."""
import argparse
import os
import sys

import contenders
import document
import rounds
import table
from circumstances import Watch, meanwhile, where
from contenders import ROOT, BenchError
from questions import about, in_order
from results import Results

DOCS = ROOT / "docs"


class OneSentence(argparse.ArgumentParser):
    def error(self, message):
        print(f"bench: {message}; scripts/bench --help says what there is", file=sys.stderr)
        sys.exit(2)


def parse(arguments):
    asked = OneSentence(prog="scripts/bench", allow_abbrev=False, description=(
        "Builds the benchmarks, lets all contenders compete, and prints a table per question and a verdict per budget. A full "
        "run (20 to 30 minutes on 2 cores) also writes docs/benchmarks.md and docs/benchmarks/."))
    known = sorted(file.parent.name for file in ROOT.glob("bench/*/contenders.json"))
    asked.add_argument("--quick", action="store_true", help=(
        "shorter repetitions, 3 rounds, and what takes more than 5 s only once: under 10 minutes; writes nothing"))
    asked.add_argument("--rounds", type=int, metavar="N", help="default 5, 3 with --quick")
    asked.add_argument("--question", action="append", metavar="NAME", help=f"only this one, may be repeated: {', '.join(known)}")
    asked.add_argument("--case", metavar="WORD", help="only cases whose names have the word; writes nothing")
    asked.add_argument("--write", action="store_true", help="with --quick: write the documents all the same")
    asked.add_argument("--no-build", action="store_true", help="take the programs that are there")
    asked.add_argument("--document", action="store_true", help="measure nothing: write the document anew from its results")
    options = asked.parse_args(arguments)
    if options.document and len(arguments) > 1:
        asked.error("--document measures nothing, and takes no other option")
    if options.rounds is not None and options.rounds < 1:
        asked.error(f"--rounds must be at least 1, not {options.rounds}")
    for name in options.question or []:
        if name not in known:
            asked.error(f"there is no question '{name}', only {', '.join(known)}")
    if options.case and options.write:
        asked.error("--case is for looking at some cases; with it nothing is written")
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.milliseconds = 50 if options.quick else 150
    options.writes = options.write or not (options.quick or options.case)
    return options


class NoSuchCase(Exception):
    """Ends the program with this sentence and exit code 2."""


def compete(options):
    there, left_out = contenders.load(options.question)
    contenders.build(there, left_out)
    results = Results()
    for question in in_order(there):
        watch = Watch()
        for contender in there[question]:
            contenders.ask_cases(contender)
        wanted = (lambda case: options.case in case) if options.case else None
        cases = rounds.compete(question, there[question], options.rounds, options.milliseconds, wanted,
                               once_above=5 if options.quick else None)
        if not cases:
            continue
        results.questions[question] = {
            "circumstances": watch.circumstances(rounds=options.rounds, milliseconds=options.milliseconds),
            "contenders": [{"name": c.name, "what": c.what, "role": c.role, "batches": c.batches} for c in there[question]],
            "left_out": [[c.name, why] for c, why in left_out if c.question == question],
            "cases": cases}
    if not results.questions:
        raise NoSuchCase(f"no case of {', '.join(in_order(there))} has '{options.case}' in its name")
    return results


def show(results):
    for question in in_order(results.questions):
        circumstances = results.questions[question]["circumstances"]
        print(f"\n# {about(question).title}\n\n{where(circumstances)} "
              f"{document.repetitions(results, question)} {meanwhile(circumstances)}")
        for heading, text in table.details(results, question):
            print(f"\n{heading}\n\n{text}")
        for name, reason in results.questions[question]["left_out"]:
            print(f"\n{name} is left out: {reason}")
        print(f"\n{table.summary(results, question)}")
    budgets = table.budgets_on_terminal(results)
    print(f"\n# Budgets\n\n{budgets}" + (f"\n\n{table.DOUBTS}" if table.DOUBT in budgets else ""))


def main(arguments):
    options = parse(arguments)
    if os.environ.get("PENSTOCK_BENCH_ONLY_PARSE"):
        return 0
    try:
        before = Results.load(DOCS / "benchmarks/results.json")
        if options.document:
            document.write(before, DOCS)
            return 0
        results = compete(options)
        results.save(ROOT / "build/bench/last-results.json")  # of a run that writes nothing too
        show(results)
        if options.writes:
            before.questions.update(results.questions)  # the questions that were not asked keep their older answers
            document.write(before, DOCS)
            print(f"\nwritten: {DOCS / 'benchmarks.md'} and what is in {DOCS / 'benchmarks'}")
    except NoSuchCase as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 2
    except BenchError as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; nothing was written", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
