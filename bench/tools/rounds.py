"""Lets the contenders compete: in each round every case, in each case one contender after the other, so that a change of the
machine's mood meets them all."""
import json
import os
import random
import subprocess
import sys
import time

from contenders import ROOT, BenchError, plain

LONGEST = 300  # seconds that one case of one contender may take

# Cases whose contenders get so many cores, whatever the machine has.
CORES = {"pipeline/many_stages/": 2}

# Where the rounds of ours or of a rival differ by more than this factor, there are as many rounds again.
UNSTEADY = 3

KNOWN = ("items", "ns_per_item", "cpu_ns_per_item", "p50_us", "p99_us", "p999_us", "cpu_percent", "bytes_per_wait",
         "allocations_per_item", "peak_mb")


def on_few_cores(case):
    """What a child does before it becomes a contender; None: nothing."""
    few = next((number for begin, number in CORES.items() if case.startswith(begin)), None)
    if few is None or not hasattr(os, "sched_setaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))[:few]
    return lambda: os.sched_setaffinity(0, cores)


def drawn(contenders, seed):
    """The order in a round, so that nobody always runs behind the same neighbour."""
    order = list(contenders)
    random.Random(seed).shuffle(order)
    return order


def measure(contender, case, environment):
    """The counters of one repetition. A wrong answer, or none, ends everything: a race in which one cheats has no result."""
    if contender.form == "google":
        options = [f"--benchmark_filter={contender.programs[case]}", "--benchmark_format=json"]
    else:
        options = ["--run", contender.programs[case]]
    try:
        done = subprocess.run([*contender.command, *options], cwd=ROOT, env=environment, timeout=LONGEST,
                              capture_output=True, text=True, preexec_fn=on_few_cores(case))
    except subprocess.TimeoutExpired:
        raise BenchError(f"{contender.name} took more than {LONGEST} s for {case}") from None
    who = f"{contender.name}, {case}"
    try:
        if contender.form == "google":
            answer = json.loads(done.stdout)["benchmarks"][0]
            if answer.get("error_occurred"):
                raise BenchError(f"{who}: {answer['error_message']}")
            checked, answered = True, plain(answer["name"])
        else:
            answer = json.loads(done.stdout.strip().splitlines()[-1])
            checked, answered = answer.get("checked") is True, answer["case"]
    except (ValueError, LookupError):
        raise BenchError(f"{who}: no result (exit code {done.returncode}): {done.stderr.strip()[-300:]}") from None
    if answered != case:
        raise BenchError(f"{who}: it answers another case, {answered}")
    if done.returncode != 0 or not checked:
        raise BenchError(f"{who}: its answer is wrong or was not checked: {done.stderr.strip()[-300:]}")
    return {name: answer[name] for name in KNOWN if name in answer}


def all_cases(contenders):
    """Each case once, in the order of whoever knows it first; only cases that ours knows, where there is ours."""
    ours = [c for c in contenders if c.role == "ours"] or contenders
    return list(dict.fromkeys(case for contender in ours for case in contender.cases))


def unsteady(contenders, by_name):
    """Of a case: whether one round more or less would give another median."""
    all_values = (by_name.get(c.name, {}).get("ns_per_item", ()) for c in contenders if c.role in ("ours", "rival"))
    return any(max(values) > UNSTEADY * min(values) for values in all_values if values)


def compete(question, contenders, rounds, milliseconds, wanted=None, once_above=None):
    """{case: {contender: {counter: [a value per round]}}}. Whoever takes more than `once_above` seconds for a case runs it in
    the first round only; ours never. With it there are no more rounds where results are unsteady."""
    environment = {**os.environ, "PENSTOCK_BENCH_MILLISECONDS": str(milliseconds)}
    cases = [case for case in all_cases(contenders) if wanted is None or wanted(case)]
    results = {case: {} for case in cases}
    slow = set()
    begin = time.monotonic()
    number, last = 0, rounds if cases else 0
    while number < last:
        for case in cases:
            able = [c for c in contenders if case in c.programs and (case, c.name) not in slow]
            for contender in drawn(able, f"{case} {number}"):
                started = time.monotonic()
                counters = measure(contender, case, environment)
                if once_above and contender.role != "ours" and time.monotonic() - started > once_above:
                    slow.add((case, contender.name))
                kept = results[case].setdefault(contender.name, {})
                for name, value in counters.items():
                    kept.setdefault(name, []).append(float(f"{value:.5g}"))
        number += 1
        spent = time.monotonic() - begin
        print(f"{question}: round {number} of {last}, {spent:.0f} s so far", file=sys.stderr, flush=True)
        if number == rounds and not once_above:
            cases = [case for case in cases if unsteady(contenders, results[case])]
            last = 2 * rounds if cases else rounds
    order = [c.name for c in contenders]
    return {case: {name: by_name[name] for name in order if name in by_name} for case, by_name in results.items()}
