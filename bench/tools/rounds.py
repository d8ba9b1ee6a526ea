"""Lets the contenders compete: in each round every case, in each case one contender after the other, so that a change of the
machine's mood meets them all."""
import json
import os
import subprocess
import sys
import time

from contenders import ROOT, BenchError

LONGEST = 300  # seconds that one case of one contender may take


def measure(contender, case, environment):
    """The counters of one repetition. A wrong answer, or none, ends everything: a race in which one cheats has no result."""
    if contender.form == "google":
        options = [f"--benchmark_filter={contender.programs[case]}", "--benchmark_format=json"]
    else:
        options = ["--run", contender.programs[case]]
    try:
        done = subprocess.run([*contender.command, *options], cwd=ROOT, env=environment, timeout=LONGEST,
                              capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{contender.name} took more than {LONGEST} s for {case}") from None
    who = f"{contender.name}, {case}"
    try:
        if contender.form == "google":
            answer = json.loads(done.stdout)["benchmarks"][0]
            if answer.get("error_occurred"):
                raise BenchError(f"{who}: {answer['error_message']}")
            checked = True
        else:
            answer = json.loads(done.stdout.strip().splitlines()[-1])
            checked = answer.get("checked") is True
    except (ValueError, LookupError):
        raise BenchError(f"{who}: no result (exit code {done.returncode}): {done.stderr.strip()[-300:]}") from None
    if done.returncode != 0 or not checked:
        raise BenchError(f"{who}: its answer is wrong or was not checked: {done.stderr.strip()[-300:]}")
    known = ("items", "ns_per_item", "cpu_ns_per_item", "p50_us", "p99_us", "p999_us", "cpu_percent", "bytes_per_wait",
             "allocations_per_item", "peak_mb")
    return {name: answer[name] for name in known if name in answer}


def all_cases(contenders):
    """Each case once, in the order of whoever knows it first; only cases that ours knows, where there is ours."""
    ours = [c for c in contenders if c.role == "ours"] or contenders
    return list(dict.fromkeys(case for contender in ours for case in contender.cases))


def compete(question, contenders, rounds, milliseconds, wanted=None, once_above=None):
    """{case: {contender: {counter: [a value per round]}}}. Whoever takes more than `once_above` seconds for a case runs it in
    the first round only; ours never."""
    environment = {**os.environ, "PENSTOCK_BENCH_MILLISECONDS": str(milliseconds)}
    cases = [case for case in all_cases(contenders) if wanted is None or wanted(case)]
    results = {case: {} for case in cases}
    slow = set()
    begin = time.monotonic()
    for number in range(rounds):
        for case in cases:
            able = [c for c in contenders if case in c.programs and (case, c.name) not in slow]
            first = number % len(able)  # nobody always runs behind the same neighbour
            for contender in able[first:] + able[:first]:
                started = time.monotonic()
                counters = measure(contender, case, environment)
                if once_above and contender.role != "ours" and time.monotonic() - started > once_above:
                    slow.add((case, contender.name))
                kept = results[case].setdefault(contender.name, {})
                for name, value in counters.items():
                    kept.setdefault(name, []).append(float(f"{value:.5g}"))
        spent = time.monotonic() - begin
        print(f"{question}: round {number + 1} of {rounds}, {spent:.0f} s so far", file=sys.stderr, flush=True)
    order = [c.name for c in contenders]
    return {case: {name: by_name[name] for name in order if name in by_name} for case, by_name in results.items()}
