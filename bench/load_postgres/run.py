#!/usr/bin/env python3
"""CSV to PostgreSQL: penstock-load beside psql's \\copy, into a server of its own.

    cmake --preset bench && cmake --build --preset bench
    bench/load_postgres/run.py                      # 150 MB, 5 rounds: about a minute, 1 GB of disk
    bench/load_postgres/run.py --load build/release/pipelines/load/penstock-load --bytes 50000000 --rounds 3

The data are made from a fixed seed; all columns are text. In each round every contender loads the same file into a new table,
one after the other, after a checkpoint. What is timed is the whole process of the client. "Server" is the processor time of the
server's processes meanwhile: on a busy machine it says more than the clock does. After it the content is checked: the
tables must be equal as sets of rows with their counts. The server is the distribution's, with its defaults but for the port,
shared_buffers and max_wal_size (no checkpoint in the middle). Run it as root or as a user who may run initdb.
"""
import argparse
import ctypes
import os
import platform
import pwd
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = ["code", "name", "address", "comment"]


def programs():
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    sys.exit("run.py: no PostgreSQL server is installed (on Debian: apt-get install postgresql)")


def generate(path, size):
    rng = random.Random(20240607)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 10))) for _ in range(3000)]
    tails = [",".join([" ".join(rng.choices(words, k=2)), f'"{rng.choice(words)} {rng.randrange(100)}, {rng.choice(words)}"',
                       " ".join(rng.choices(words, k=rng.randint(1, 4)))]) for _ in range(20_000)]
    rows = written = 0
    with open(path, "w") as out:
        out.write(",".join(COLUMNS) + "\n")
        while written < size:
            piece = "".join(f"{rows + i:08}x,{tail}\n" for i, tail in enumerate(tails))
            rows += len(tails)
            written += out.write(piece)
    return rows


class Server:
    def __init__(self, folder):
        self.folder, self.owner = folder, None
        if os.geteuid() == 0:
            self.owner = pwd.getpwnam("postgres")
            os.chown(folder, self.owner.pw_uid, self.owner.pw_gid)
        data = folder / "data"
        subprocess.run([programs() / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"], check=True,
                       preexec_fn=self.demote, stdout=subprocess.DEVNULL, cwd="/")
        with open(data / "postgresql.auto.conf", "a") as settings:
            settings.write(f"listen_addresses = ''\nunix_socket_directories = '{folder}'\nshared_buffers = 256MB\nmax_wal_size = 8GB\n")
        self.process = subprocess.Popen([programs() / "postgres", "-D", data], preexec_fn=self.demote, stderr=subprocess.DEVNULL, cwd="/")
        while subprocess.run([programs() / "pg_isready", "-q", "-h", folder]).returncode != 0:
            time.sleep(0.05)

    def demote(self):
        if self.owner:
            os.setgroups([])
            os.setgid(self.owner.pw_gid)
            os.setuid(self.owner.pw_uid)
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG

    def cpu(self):
        """Of the server and its processes that have ended, in seconds: what a client used is in it once it has left."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def psql(self, *commands):
        arguments = [word for command in commands for word in ("-c", command)]
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "postgres", *arguments],
                              env=os.environ | {"PGOPTIONS": "-c client_min_messages=warning"}, stdout=subprocess.PIPE, check=True)
        return done.stdout.decode().strip()


def measure(server, command):
    server.psql("CHECKPOINT")
    time.sleep(0.1)  # the process that did it is to be counted before
    server_before, client_before = server.cpu(), resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    if done.returncode != 0:
        sys.exit(f"run.py: {command[0]} failed")
    client = resource.getrusage(resource.RUSAGE_CHILDREN)
    while int(server.psql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")) > 1:
        time.sleep(0.01)
    time.sleep(0.05)
    cpu = client.ru_utime + client.ru_stime - client_before.ru_utime - client_before.ru_stime
    return seconds, cpu, server.cpu() - server_before


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bytes", type=int, default=150_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--load", type=Path, default=ROOT / "build/bench/pipelines/load/penstock-load")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="penstock-bench-pg-"))
    os.chmod(folder, 0o755)
    server = Server(folder)
    data = Path(tempfile.mkdtemp(prefix="penstock-bench-"))
    try:
        file = data / "rows.csv"
        rows = generate(file, options.bytes)
        uri = f"postgres:///postgres?host={folder}&user=postgres"
        psql = ["psql", "-X", "-q", "-h", folder, "-U", "postgres", "-c"]
        contenders = {
            "`psql \\copy`": ("copied", [*psql, f"\\copy copied FROM '{file}' csv header"]),
            "`penstock-load`": ("loaded", [options.load, file, "--to", uri, "--table", "loaded", "--types", "text"]),
        }
        used = {name: [] for name in contenders}
        for _ in range(options.rounds):
            server.psql("DROP TABLE IF EXISTS copied, loaded, penstock_loads, penstock_progress")
            for name, (table, command) in contenders.items():
                server.psql(f"CREATE TABLE {table} ({', '.join(f'{c} text' for c in COLUMNS)})")
                used[name].append(measure(server, command))
            unequal = server.psql(f"SELECT count(*) FROM (SELECT {', '.join(COLUMNS)} FROM copied EXCEPT ALL SELECT {', '.join(COLUMNS)} "
                                  "FROM loaded) AS missing", "SELECT count(*) FROM loaded").split()
            if unequal != ["0", str(rows)]:
                sys.exit(f"run.py: the tables differ: {unequal}")
        print(f"{rows} rows, {file.stat().st_size / 1e6:.0f} MB, {options.rounds} rounds, medians (spread); equal rows checked; "
              f"{platform.machine()}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end\n")
        base = statistics.median(s for s, _, _ in used["`psql \\copy`"])
        base_cpu = statistics.median(c + s for _, c, s in used["`psql \\copy`"])
        print("| CSV to PostgreSQL | rows/s | × `\\copy` | client CPU | server CPU | CPU in all, `\\copy` = 1 |\n|---|---|---|---|---|---|")
        for name, runs in used.items():
            seconds = [s for s, _, _ in runs]
            median = statistics.median(seconds)
            client, of_server = (statistics.median(r[i] for r in runs) for i in (1, 2))
            total = statistics.median(c + s for _, c, s in runs)
            print(f"| {name} | {rows / median:,.0f} ({rows / max(seconds):,.0f} to {rows / min(seconds):,.0f}) | {base / median:.2f} | "
                  f"{client:.2f} s | {of_server:.2f} s | {total / base_cpu:.2f} |")
    finally:
        server.process.send_signal(signal.SIGINT)
        server.process.wait()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
