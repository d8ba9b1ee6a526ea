#!/usr/bin/env python3
"""Text statistics: penstock-text-stats beside wc, asyncio and threads of Python, in one table.

    cmake --preset bench && cmake --build --preset bench
    bench/text_stats/run.py                        # 100,000 files of 4 KiB and one of 1 GB, 5 rounds: about 10 minutes
    bench/text_stats/run.py --files 10000 --bytes 100000000 --rounds 3
    bench/text_stats/run.py --folder /dev/shm      # where a disk is slow at making files

The data are made from a fixed seed: lines of words, one in fifty of them with characters beyond ASCII, and the same without
those. In each round every contender counts the same files, one after the other in an order drawn anew, so that a change of the
machine's mood meets them all. What is timed is the whole process, from its start to its end; the files are in the system's
cache, as they were just written. A peak of memory below that of this script, some 20 MB, shows as that. Each must find the same
lines, words and characters. The table goes to standard output.
"""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/tools"))
import processes  # noqa: E402
from circumstances import Watch, out  # noqa: E402

HERE = Path(__file__).resolve().parent
UTF8 = {**os.environ, "LC_ALL": "C.UTF-8"}
OURS = "`penstock-text-stats`"


def words():
    rng = random.Random(20240607)
    plain = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 10))) for _ in range(3000)]
    wide = ["Zürich", "São", "Łódź", "naïve", "東京", "Straße", "–", "“so”"]
    return rng, plain, wide


def text(size, wide_share):
    rng, plain, wide = words()
    lines, written = [], 0
    while written < size:
        count = rng.randint(3, 15)
        line = " ".join(rng.choice(wide if rng.random() < wide_share else plain) for _ in range(count)).encode() + b"\n"
        lines.append(line)
        written += len(line)
    return b"".join(lines)[:size]


def make_files(folder, count, size):
    """In folders of a thousand; cut anywhere, so that some begin or end within a character."""
    source = text(4 << 20, 0.02)
    rng = random.Random(1)
    for number in range(count):
        if number % 1000 == 0:
            (folder / f"{number // 1000:04}").mkdir(parents=True)
        begin = rng.randrange(len(source) - size)
        (folder / f"{number // 1000:04}" / f"{number:07}.txt").write_bytes(source[begin:begin + size])


def make_file(path, size, wide_share):
    piece = text(16 << 20, wide_share)
    with open(path, "wb") as out:
        for written in range(0, size, len(piece)):
            out.write(piece[:size - written])


def measure(command, output):
    """Runs it, and adds up the lines, words and characters that it prints for each file."""
    with open(output, "wb") as into:
        used = processes.measure(command, into, UTF8)
    sums = [0, 0, 0]
    for line in open(output, "rb"):
        if found := re.match(rb" *(\d+) +(\d+) +(\d+) .*/", line):
            for i in range(3):
                sums[i] += int(found[i + 1])
    return {**used, "sums": sums}


def compete(contenders, rounds, folder, per_second, unit):
    results = processes.compete(contenders, rounds, lambda _, command: measure(command, folder / "output"))
    answers = {tuple(run["sums"]) for runs in results.values() for run in runs}
    if len(answers) != 1:
        sys.exit("the contenders disagree: " + str({name: runs[0]["sums"] for name, runs in results.items()}))
    print(processes.table(results, OURS, unit, per_second), flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build", type=Path, default=ROOT / "build/bench", help="where the program was built")
    options.add_argument("--files", type=int, default=100_000, help="how many small files")
    options.add_argument("--size", type=int, default=4096, help="bytes of each")
    options.add_argument("--bytes", type=int, default=10**9, help="size of the large file")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--folder", type=Path, help="where the files go; default: the build's")
    asked = options.parse_args()
    program = str(asked.build.resolve() / "pipelines/text_stats/penstock-text-stats")
    watch = Watch(asked.build)
    with tempfile.TemporaryDirectory(dir=asked.folder or asked.build, prefix="text-stats-") as name:
        folder = Path(name).resolve()
        small = folder / "small"
        processes.aside(make_files, small, asked.files, asked.size)
        python = [sys.executable, str(HERE / "in_python.py")]
        contenders = {
            OURS: [program, str(small)],
            "`find` and `xargs -P2 wc -lmw`": f"find '{small}' -type f -print0 | xargs -0 -P2 wc -lmw",
            "asyncio, files in threads": [*python, "asyncio", str(small)],
            "Python, a pool of threads": [*python, "threads", str(small)],
        }
        if subprocess.run([sys.executable, "-c", "import aiofiles"], capture_output=True).returncode == 0:
            contenders["asyncio, aiofiles"] = [*python, "aiofiles", str(small)]
        print(f"\n{asked.files:,} files of {asked.size:,} bytes\n")
        compete(contenders, asked.rounds, folder, lambda seconds: asked.files / seconds, "files/s")
        shutil.rmtree(small)

        large = folder / "large.txt"
        for what, share in ("one word in fifty with characters beyond ASCII", 0.02), ("ASCII", 0), ("only others", 1):
            processes.aside(make_file, large, asked.bytes, share)
            contenders = {OURS: [program, str(large)], "`wc -lmw`": ["wc", "-lmw", str(large)]}
            print(f"\nOne file of {asked.bytes / 1e9:.1f} GB: {what}\n")
            compete(contenders, asked.rounds, folder, lambda seconds: asked.bytes / seconds / 1e9, "GB/s")
    print("\n" + processes.circumstances(watch, asked.rounds, {"wc of GNU coreutils": out("wc", "--version").split()[3]}))


if __name__ == "__main__":
    main()
