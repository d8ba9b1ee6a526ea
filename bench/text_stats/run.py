#!/usr/bin/env python3
"""Text statistics: penstock-text-stats beside wc, asyncio and threads of Python, in one table.

    cmake --preset bench && cmake --build --preset bench
    bench/text_stats/run.py                        # 100,000 files of 4 KiB and one of 1 GB, 5 rounds: about 10 minutes
    bench/text_stats/run.py --files 10000 --bytes 100000000 --rounds 3
    bench/text_stats/run.py --folder /dev/shm      # where a disk is slow at making files

The data are made from a fixed seed: lines of words, one in fifty of them with characters beyond ASCII, and the same without
those. In each round every contender counts the same files, one after the other, so that a change of the machine's mood meets
them all. What is timed is the whole process, from its start to its end; the files are in the system's cache, as they
were just written. A peak of memory below that of this script, some 17 MB, shows as that. Each must find the same lines, words and characters. The table goes to standard output.
"""
import argparse
import multiprocessing
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
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


def aside(function, *arguments):
    """In a process of its own: the peak memory of a child counts what its parent had when it was started."""
    with multiprocessing.Pool(1) as pool:
        pool.apply(function, arguments)


def measure(command, output):
    """Runs it, and adds up the lines, words and characters that it prints for each file."""
    with open(output, "wb") as out:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdout=out, env=UTF8, shell=isinstance(command, str))
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}")
    sums = [0, 0, 0]
    for line in open(output, "rb"):
        if found := re.match(rb" *(\d+) +(\d+) +(\d+) .*/", line):
            for i in range(3):
                sums[i] += int(found[i + 1])
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss, "sums": sums}


def spread(values, form="{:.2f}"):
    return f"{form.format(statistics.median(values))} ({form.format(min(values))} to {form.format(max(values))})"


def compete(contenders, rounds, folder, per_second, unit):
    results = {name: [] for name in contenders}
    for number in range(rounds):
        for name, command in contenders.items():
            results[name].append(measure(command, folder / "output"))
            print(f"round {number + 1}: {name} {results[name][-1]['seconds']:.2f} s", file=sys.stderr)
    answers = {tuple(run["sums"]) for runs in results.values() for run in runs}
    if len(answers) != 1:
        sys.exit("the contenders disagree: " + str({name: runs[0]["sums"] for name, runs in results.items()}))
    print(f"| | {unit} | seconds | processor seconds | peak memory | beside `penstock-text-stats` |\n|---|---|---|---|---|---|")
    ours = [run["seconds"] for run in results[OURS]]
    for name, runs in results.items():
        seconds = [run["seconds"] for run in runs]
        ratio = statistics.median(s / o for s, o in zip(seconds, ours))
        print(f"| {name} | {per_second(statistics.median(seconds))} | {spread(seconds)} "
              f"| {statistics.median(run['cpu'] for run in runs):.2f} | {max(run['peak'] for run in runs) / 1024:.0f} MB "
              f"| {'1' if name == OURS else f'{ratio:.1f} × the time'} |")


def circumstances(rounds):
    def out(*command):
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.strip()
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{time.strftime('%Y-%m-%d')}, commit {out('git', 'rev-parse', '--short', 'HEAD')}, {cpu}, {os.cpu_count()} cores, "
          f"Linux {platform.release()}, {out('wc', '--version').splitlines()[0]}, {out('c++', '--version').splitlines()[0]}; "
          f"medians of {rounds} interleaved rounds, smallest and largest in brackets; load average before: "
          f"{os.getloadavg()[0]:.1f}.")


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
    circumstances(asked.rounds)
    with tempfile.TemporaryDirectory(dir=asked.folder or asked.build, prefix="text-stats-") as name:
        folder = Path(name).resolve()
        small = folder / "small"
        aside(make_files, small, asked.files, asked.size)
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
        compete(contenders, asked.rounds, folder, lambda s: f"{asked.files / s:,.0f}", "files/s")
        shutil.rmtree(small)

        large = folder / "large.txt"
        for what, share in ("one word in fifty with characters beyond ASCII", 0.02), ("ASCII", 0), ("only others", 1):
            aside(make_file, large, asked.bytes, share)
            contenders = {OURS: [program, str(large)], "`wc -lmw`": ["wc", "-lmw", str(large)]}
            print(f"\nOne file of {asked.bytes / 1e9:.1f} GB: {what}\n")
            compete(contenders, asked.rounds, folder, lambda s: f"{asked.bytes / s / 1e9:.2f}", "GB/s")


if __name__ == "__main__":
    main()
