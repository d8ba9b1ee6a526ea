"""Runs the cases of a contender and prints a line of JSON for each."""

import argparse
import json
import os
import re
import sys
import time

MASK = 2**64 - 1
EXPECTED = {}


def value(i):
    """The number that item i carries."""
    i = (i + 0x9E3779B97F4A7C15) & MASK
    i = ((i ^ (i >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    i = ((i ^ (i >> 27)) * 0x94D049BB133111EB) & MASK
    return i ^ (i >> 31)


def expected(n):
    """The right answer for the items 0 to n - 1: their count and sum."""
    if n not in EXPECTED:
        EXPECTED[n] = (n, sum(map(value, range(n))) & MASK)
    return EXPECTED[n]


def answer(values):
    """What came, where a list of it was kept."""
    return len(values), sum(values) & MASK


def check(name, got, n):
    """Ends the program when the answer is wrong."""
    if got != expected(n):
        sys.exit(f"{name}: wrong answer: {got} instead of {expected(n)}")


def timed(name, run, n):
    """The values are made before: mixing a number takes Python longer than handing it over."""
    values = [value(i) for i in range(n)]
    processor, start = time.process_time(), time.perf_counter()
    got = run(values)
    wall, processor = time.perf_counter() - start, time.process_time() - processor
    check(name, got, n)
    return wall, processor


def find_items(name, run):
    target = float(os.environ.get("PENSTOCK_BENCH_MILLISECONDS") or 150) / 1000
    n = 1000
    while True:
        took, _ = timed(name, run, n)
        if took >= target / 5:
            return int(n * target / took) + 1
        n *= 10 if took < target / 50 else 4


def measure(name, run):
    n = find_items(name, run)
    wall, processor = timed(name, run, n)
    return {"items": n, "ns_per_item": wall * 1e9 / n, "cpu_ns_per_item": processor * 1e9 / n}


def main(cases=None, told=None):
    """The whole program of a contender. `cases`: name to a function of the values, which gives the answer; `told`: name to
    a function that measures, checks and tells its counters by itself."""
    options = argparse.ArgumentParser()
    options.add_argument("--list", action="store_true")
    options.add_argument("--run", default="")
    arguments = options.parse_args()
    work = {name: (lambda name=name, run=run: measure(name, run)) for name, run in (cases or {}).items()}
    work.update(told or {})
    for name, tell in work.items():
        if arguments.list:
            print(name)
        elif re.search(arguments.run, name):
            print(json.dumps({"case": name, "checked": True, **tell()}), flush=True)
