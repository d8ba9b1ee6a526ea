#!/usr/bin/env python3
"""Files to SQLite: penstock-load beside a bare loop and the sqlite3 shell, in one table.

    cmake --preset bench && cmake --build --preset bench
    bench/load/run.py                       # 1 GB of CSV and of NDJSON, 5 rounds: about 10 minutes, 3 GB of disk
    bench/load/run.py --bytes 100000000 --rounds 3

The data are made from a fixed seed. In each round every contender loads the same file into a new database, one after the
other in an order drawn anew, so that a change of the machine's mood meets them all. What is timed is the whole process, from
its start to the closed database; disks are synced before it. After it the content is checked: the number of rows, and the
length of all values. The table goes to standard output.
"""
import argparse
import json
import os
import random
import sqlite3
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/tools"))
import processes  # noqa: E402
from circumstances import Watch  # noqa: E402

OURS = "`penstock-load`"
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
            OURS: load,
            "`penstock-load --types text`": [*load, "--types", "text"],
            "bare loop (`bare_insert.cpp`)": [build / "bench/load/bare_insert", file, db],
            "`sqlite3` `.import`": ["sqlite3", db, f'.import --csv "{file}" rows'],
        }
    values = ", ".join(f"line ->> '$.{name}' AS {name}" for name in COLUMNS)
    return {
        OURS: load,
        "bare loop (`bare_ndjson.cpp`)": [build / "bench/load/bare_ndjson", file, db],
        "`sqlite3` `.import` of lines, then `->>`": [
            "sqlite3", db, "CREATE TEMP TABLE lines (line)", ".mode ascii", '.separator "\\001" "\\n"',
            f'.import "{file}" lines', f"CREATE TABLE rows AS SELECT {values} FROM lines"],
    }


def measure(command):
    os.sync()
    return processes.measure(command)


def checksum(db):
    connection = sqlite3.connect(db)
    lengths = " + ".join(f"length({name})" for name in COLUMNS)
    result = connection.execute(f"SELECT count(*), sum({lengths}) FROM rows").fetchone()
    connection.close()
    return result


def compete(build, form, folder, size, rounds):
    file, db = folder / f"rows.{form}", folder / "rows.db"
    rows = processes.aside(generate, file, form, size)
    sums = {}

    def load(name, command):
        used = measure(command)
        if name not in sums:
            sums[name] = checksum(db)
        for left in folder.glob("rows.db*"):
            left.unlink()
        return used
    results = processes.compete(contenders(build, form, file, db), rounds, load)
    if len(set(sums.values())) != 1 or next(iter(sums.values()))[0] != rows:
        sys.exit(f"the contenders disagree about what was in the file: {sums}")
    print(f"\n{form.upper()}: {file.stat().st_size / 1e9:.2f} GB, {rows:,} rows of {len(COLUMNS)} columns\n")
    print(processes.table(results, OURS, "rows/s", lambda seconds: rows / seconds), flush=True)
    file.unlink()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build", type=Path, default=ROOT / "build/bench", help="where the programs were built")
    options.add_argument("--bytes", type=int, default=10**9, help="size of each file")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--folder", type=Path, help="where files and databases go; default: the build's")
    asked = options.parse_args()
    watch = Watch(asked.build)
    with tempfile.TemporaryDirectory(dir=asked.folder or asked.build, prefix="load-") as folder:
        for form in "csv", "ndjson":
            compete(asked.build.resolve(), form, Path(folder).resolve(), asked.bytes, asked.rounds)
    print("\n" + processes.circumstances(watch, asked.rounds, {"SQLite": sqlite3.sqlite_version}))


if __name__ == "__main__":
    main()
