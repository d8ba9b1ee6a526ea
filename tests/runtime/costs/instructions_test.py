#!/usr/bin/env python3
"""Counts, under valgrind's callgrind, the instructions that an item costs (per hop of a pipeline; for a put and a get at a queue),
and compares with the recorded figure: unlike a time, it does not depend on what else the machine does. What starting and ending
costs falls out of the difference of two runs. A figure is recorded per compiler and program, in instructions.txt; other
compilers, and machines without valgrind, skip.

usage: instructions_test.py PROGRAM "COMPILER MAJOR" [--record]      exit code 77: skipped
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

RECORD = Path(__file__).resolve().parent / "instructions.txt"
FEW, MANY = 40_000, 160_000
PARTS = {"hops_program": (17, "per item and hop"), "queue_program": (1, "for a put and a get")}  # of an item's cost; in words
MARGIN = 0.10
SKIPPED = 77


def instructions(program, items, folder):
    done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", program, str(items)],
                          capture_output=True, text=True, timeout=100)
    if done.returncode != 0:
        sys.exit(f"{program} {items} failed under callgrind (exit code {done.returncode}): {done.stderr[-500:]}")
    return int(re.search(r"^(?:summary|totals): (\d+)", Path(folder, "out").read_text(), re.MULTILINE)[1])


def per_part(program):
    with tempfile.TemporaryDirectory() as folder:
        few, many = (instructions(program, items, folder) for items in (FEW, MANY))
    return (many - few) / ((MANY - FEW) * PARTS[Path(program).name][0])


def recorded(name):
    for line in RECORD.read_text().splitlines():
        known, _, figure = line.partition(":")
        if known == name:
            return float(figure)
    return None


def main():
    program, compiler = sys.argv[1:3]
    if shutil.which("valgrind") is None:
        print("skipped: valgrind is not installed")
        return SKIPPED
    record = "--record" in sys.argv
    name = f"{compiler} {Path(program).name}"
    before = recorded(name)
    if before is None and not record:
        print(f"skipped: no figure is recorded for {name} in {RECORD.name}")
        return SKIPPED
    now = per_part(program)
    print(f"{now:.2f} instructions {PARTS[Path(program).name][1]} with {compiler}; recorded: {before}")
    if record:
        kept = [line for line in RECORD.read_text().splitlines() if not line.startswith(f"{name}:")]
        RECORD.write_text("\n".join([*kept, f"{name}: {now:.1f}"]) + "\n")
        return 0
    if now > before * (1 + MARGIN):
        print(f"that is {(now / before - 1) * 100:.0f} % more, and {MARGIN * 100:.0f} % are allowed")
        return 1
    if now < before * (1 - MARGIN):
        print(f"that is {(1 - now / before) * 100:.0f} % less: well done; record it, so that it stays: run this with --record")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
