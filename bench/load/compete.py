#!/usr/bin/env python3
"""A contender of scripts/bench: one load of a generated file into a new SQLite table. The long form, with files of 1 GB, is run.py.

usage: compete.py CONTENDER --list, or compete.py CONTENDER --run REGEX
"""
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import run

BUILD = run.ROOT / "build/bench"
CONTENDERS = {"penstock": "`penstock-load`", "bare": "bare loop", "shell": "`sqlite3`"}
FORMS = ("csv", "ndjson")


def size():
    """Some 200 MB in a full run, a third of it in a quick one."""
    milliseconds = float(os.environ.get("PENSTOCK_BENCH_MILLISECONDS", 0)) or 150
    return int(200e6 * milliseconds / 150)


def data(form):
    """(the file, the number of its rows); made once."""
    folder = BUILD / "load-data"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"rows-{size()}.{form}"
    note = file.with_suffix(f".{form}.json")
    if not note.exists():
        rows = run.processes.aside(run.generate, file, form, size())
        note.write_text(json.dumps({"rows": rows}))
    return file, note


def load(contender, form):
    file, note = data(form)
    known = json.loads(note.read_text())
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        db = Path(folder) / "rows.db"
        name, command = next((n, c) for n, c in run.contenders(BUILD, form, file, db).items()
                             if n.startswith(CONTENDERS[contender]))
        used = run.measure(command)
        rows, lengths = run.checksum(db)
    if rows != known["rows"]:
        sys.exit(f"{name}, {form}: {rows} rows instead of {known['rows']}")
    if lengths != known.setdefault("lengths", lengths):
        sys.exit(f"{name}, {form}: the values have {lengths} characters in all; the contender before had {known['lengths']}")
    note.write_text(json.dumps(known))
    print(json.dumps({"case": f"load/{form}", "items": rows, "ns_per_item": used["seconds"] * 1e9 / rows,
                      "cpu_ns_per_item": used["cpu"] * 1e9 / rows, "peak_mb": used["peak"] / 1e6, "checked": True}))


def main():
    match sys.argv[1:]:
        case [contender, "--list"] if contender in CONTENDERS:
            print("\n".join(f"load/{form}" for form in FORMS))
        case [contender, "--run", pattern] if contender in CONTENDERS:
            for form in FORMS:
                if re.search(pattern, f"load/{form}"):
                    load(contender, form)
        case _:
            print(__doc__.split("\n\n")[1], file=sys.stderr)
            sys.exit(2)


if __name__ == "__main__":
    main()
