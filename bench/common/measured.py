"""What the Python programs of the benchmarks share: the checked question, and measuring a case. See bench/common/*.hpp."""
import json
import os
import re
import sys
import time

MASK = (1 << 64) - 1


def value(i):
    i = (i + 0x9E3779B97F4A7C15) & MASK
    i = ((i ^ (i >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    i = ((i ^ (i >> 27)) * 0x94D049BB133111EB) & MASK
    return i ^ (i >> 31)


def expected(n):
    """Of the items 0 to n - 1, unchanged: their count and sum."""
    return n, sum(map(value, range(n))) & MASK


def measure(name, run, right, prepare=lambda n: n):
    """run(n) and right(n) give (count, sum). How many items a repetition takes is tried out first, and it is made
    up to the target by further runs, as in measured.hpp. `prepare`: what run is given instead of n, made before the time is
    taken."""
    target = float(os.environ.get("PENSTOCK_BENCH_MILLISECONDS", 0)) / 1000 or 0.15

    def checked(n):
        prepared = prepare(n)
        begin, processor = time.monotonic(), time.process_time()
        got = run(prepared)
        wall, processor = time.monotonic() - begin, time.process_time() - processor
        if got != right(n):
            sys.exit(f"{name}: wrong answer: {got} instead of {right(n)}")
        return wall, processor

    n = 100
    while (wall := checked(n)[0]) < target / 5:
        n *= 10 if wall < target / 50 else 4
    n = max(1, int(n * target / wall))
    items, wall, processor = n, *checked(n)
    while wall < target * 3 / 4:
        n = max(1, int(items * (target - wall) / max(wall, 1e-9)))
        more = checked(n)
        items, wall, processor = items + n, wall + more[0], processor + more[1]
    print(json.dumps({"case": name, "items": items, "ns_per_item": wall * 1e9 / items,
                      "cpu_ns_per_item": processor * 1e9 / items, "checked": True}))


def compete(cases):
    """Obeys the command line: --list, or --run REGEX. `cases` gives the arguments of `measure` by name, or a function that
    measures, checks, and gives its counters."""
    match sys.argv[1:]:
        case ["--list"]:
            print("\n".join(cases))
        case ["--run", pattern]:
            for name, how in cases.items():
                if not re.search(pattern, name):
                    continue
                if callable(how):
                    print(json.dumps({"case": name, **how(), "checked": True}), flush=True)
                else:
                    measure(name, *how)
        case _:
            print("usage: --list, or --run REGEX", file=sys.stderr)
            sys.exit(2)
