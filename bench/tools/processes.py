"""Whole programs beside one another, for what lasts too long for scripts/bench: files of 1 GB, a hundred thousand files. The
results go to standard output as tables."""
import multiprocessing
import os
import statistics
import subprocess
import sys
import time

from circumstances import Watch, meanwhile, where
from rounds import drawn
from table import markdown, spread
from verdicts import short


def aside(function, *arguments):
    """In a process of its own: the peak memory of a child counts what its parent had when it was started."""
    with multiprocessing.Pool(1) as pool:
        return pool.apply(function, arguments)


def measure(command, output=subprocess.DEVNULL, environment=None):
    """Runs it to its end: seconds by the clock and of the processor, and the most memory in bytes. A text is for a shell."""
    begin = time.monotonic()
    in_shell = isinstance(command, str)
    process = subprocess.Popen(command if in_shell else [str(part) for part in command], stdout=output, env=environment,
                               shell=in_shell)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command if in_shell else command[0]} ended with {process.returncode}")
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * 1024}


def compete(contenders, rounds, run):
    """`contenders`: {name: command}. {name: [what `run(name, command)` gave in each round, by measure and more]}."""
    results = {name: [] for name in contenders}
    for number in range(rounds):
        for name in drawn(contenders, number):
            results[name].append(run(name, contenders[name]))
            print(f"round {number + 1}: {name} {results[name][-1]['seconds']:.2f} s", file=sys.stderr)
    return results


def table(results, ours, unit, per_second):
    """`per_second(seconds)`: how many of `unit` that is."""
    rows = []
    for name, runs in results.items():
        seconds = [run["seconds"] for run in runs]
        ratio = statistics.median(s / run["seconds"] for s, run in zip(seconds, results[ours]))
        rows.append([name, short(per_second(statistics.median(seconds))), spread(seconds, statistics.median(seconds)),
                     short(statistics.median(run["cpu"] for run in runs)), f"{max(run['peak'] for run in runs) / 1e6:.0f} MB",
                     "1" if name == ours else f"{short(ratio)} × the time"])
    return markdown(["", unit, "seconds", "processor seconds", "peak memory", f"beside {ours}"], rows)


def circumstances(watch: Watch, rounds, versions):
    """What to say when all is measured. `versions`: of the rivals, by name."""
    c = {**watch.circumstances(rounds=rounds), "versions": versions}
    return f"{where(c)} Medians of {rounds} interleaved rounds, smallest and largest in brackets. {meanwhile(c)}"
