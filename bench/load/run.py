#!/usr/bin/env python3
"""Files to SQLite: penstock-load beside a bare loop and the sqlite3 shell, in one table.

    cmake --preset bench && cmake --build --preset bench
    bench/load/run.py                       # 1 GB of CSV and of NDJSON, 5 rounds: about 10 minutes, 3 GB of disk
    bench/load/run.py --bytes 100000000 --rounds 3

The data are made from a fixed seed. In each round every contender loads the same file into a new database, one after the
other, so that a change of the machine's mood meets them all. What is timed is the whole process, from its start to the
closed database; disks are synced before it. After it the content is checked: the number of rows, and the length of all
values. The table goes to standard output.
"""
import argparse
import json
import multiprocessing
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = ["id", "code", "name", "company", "city", "amount", "created", "comment"]


def tails(count=50_000):
    """Rows without their id: a code with leading zeros, quoted commas and quotes, some UTF-8, a price, a time, a text."""
    rng = random.Random(20240607)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 10))) for _ in range(3000)]
    cities = ["Zürich", "São Paulo", "New York", "Berlin", "Köln, Nord", "東京", "Łódź"]
    for number in range(count):
        comment = " ".join(rng.choices(words, k=rng.randint(2, 8)))
        yield (f"{rng.randrange(10**6):06}", " ".join(rng.choices(words, k=2)),
               rng.choice(words) + (", Inc." if number % 3 == 0 else ""), rng.choice(cities),
               rng.randrange(10**5) + rng.randint(1, 9) / 10,
               f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02} {rng.randrange(24):02}:{rng.randrange(60):02}",
               comment + (' "so they say"' if number % 50 == 0 else ""))


def quoted(field):
    text = str(field)
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def generate(path, form, size):
    """Writes rows until the file has at least `size` bytes; returns how many."""
    if form == "csv":
        ready = [",".join(map(quoted, tail)) for tail in tails()]
        header, begin, end = ",".join(COLUMNS) + "\n", "", ","
    else:
        ready = [json.dumps(dict(zip(COLUMNS[1:], tail)), ensure_ascii=False)[1:] for tail in tails()]
        header, begin, end = "", '{"id": ', ", "
    rows, written = 0, 0
    with open(path, "w", encoding="utf-8", newline="") as out:
        out.write(header)
        while written < size:
            piece = "".join(f"{begin}{rows + i}{end}{tail}\n" for i, tail in enumerate(ready))
            rows += len(ready)
            written += len(piece.encode())
            out.write(piece)
    return rows


def contenders(build, form, file, db):
    load = [build / "pipelines/load/penstock-load", file, "--to", f"sqlite:{db}", "--table", "rows"]
    if form == "csv":
        return {
            "`penstock-load`": load,
            "`penstock-load --types text`": [*load, "--types", "text"],
            "bare loop (`bare_insert.cpp`)": [build / "bench/load/bare_insert", file, db],
            "`sqlite3` `.import`": ["sqlite3", db, f'.import --csv "{file}" rows'],
        }
    values = ", ".join(f"line ->> '$.{name}' AS {name}" for name in COLUMNS)
    return {
        "`penstock-load`": load,
        "bare loop (`bare_ndjson.cpp`)": [build / "bench/load/bare_ndjson", file, db],
        "`sqlite3` `.import` of lines, then `->>`": [
            "sqlite3", db, "CREATE TEMP TABLE lines (line)", ".mode ascii", '.separator "\\001" "\\n"',
            f'.import "{file}" lines', f"CREATE TABLE rows AS SELECT {values} FROM lines"],
    }


def measure(command):
    os.sync()
    begin = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed: {output.decode()}")
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * 1024}


def checksum(db):
    connection = sqlite3.connect(db)
    lengths = " + ".join(f"length({name})" for name in COLUMNS)
    result = connection.execute(f"SELECT count(*), sum({lengths}) FROM rows").fetchone()
    connection.close()
    return result


def spread(values, form):
    return f"{form(statistics.median(values))} ({form(min(values))} to {form(max(values))})"


def compete(build, form, folder, size, rounds):
    file, db = folder / f"rows.{form}", folder / "rows.db"
    # In a process of its own: the peak memory of a child counts what its parent had when it was started.
    with multiprocessing.Pool(1) as pool:
        rows = pool.apply(generate, (file, form, size))
    results, sums = {}, {}
    for number in range(rounds):
        for name, command in contenders(build, form, file, db).items():
            results.setdefault(name, []).append(measure(command))
            if number == 0:
                sums[name] = checksum(db)
            for left in folder.glob("rows.db*"):
                left.unlink()
            print(f"{form} round {number + 1}: {name} {results[name][-1]['seconds']:.2f} s", file=sys.stderr)
    if len(set(sums.values())) != 1 or next(iter(sums.values()))[0] != rows:
        sys.exit(f"the contenders disagree about what was in the file: {sums}")
    print(f"\n{form.upper()}: {file.stat().st_size / 1e9:.2f} GB, {rows:,} rows of {len(COLUMNS)} columns\n")
    print("| | rows/s | seconds | processor seconds | peak memory | beside `penstock-load` |\n|---|---|---|---|---|---|")
    ours = [r["seconds"] for r in results["`penstock-load`"]]
    for name, runs in results.items():
        seconds = [r["seconds"] for r in runs]
        ratio = statistics.median(s / o for s, o in zip(seconds, ours))
        print(f"| {name} | {rows / statistics.median(seconds):,.0f} | {spread(seconds, '{:.2f}'.format)} "
              f"| {statistics.median(r['cpu'] for r in runs):.1f} | {max(r['peak'] for r in runs) / 1e6:.0f} MB "
              f"| {'1' if runs is results['`penstock-load`'] else f'{ratio:.2f} × the time'} |")
    file.unlink()


def circumstances(rounds):
    def out(*command):
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.strip()
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{time.strftime('%Y-%m-%d')}, commit {out('git', 'rev-parse', '--short', 'HEAD')}, {cpu}, {os.cpu_count()} cores, "
          f"Linux {platform.release()}, SQLite {sqlite3.sqlite_version}, {out('c++', '--version').splitlines()[0]}; "
          f"medians of {rounds} interleaved rounds, smallest and largest in brackets; load average before: "
          f"{os.getloadavg()[0]:.1f}.")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build", type=Path, default=ROOT / "build/bench", help="where the programs were built")
    options.add_argument("--bytes", type=int, default=10**9, help="size of each file")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--folder", type=Path, help="where files and databases go; default: the build's")
    asked = options.parse_args()
    circumstances(asked.rounds)
    with tempfile.TemporaryDirectory(dir=asked.folder or asked.build, prefix="load-") as folder:
        for form in "csv", "ndjson":
            compete(asked.build.resolve(), form, Path(folder).resolve(), asked.bytes, asked.rounds)


if __name__ == "__main__":
    main()
