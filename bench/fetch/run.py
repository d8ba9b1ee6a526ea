#!/usr/bin/env python3
"""Requests to nginx on loopback: penstock beside bare libcurl, Go, aiohttp and wrk, in one table.

    cmake --preset bench && cmake --build --preset bench
    bench/fetch/run.py                       # 100,000 requests, 64 under way, 5 rounds: about 3 minutes
    bench/fetch/run.py --requests 20000 --rounds 3 --build build/dev

In each round every contender fetches the same small file as often, one after the other, so that a change of the machine's
mood meets them all. What counts are requests per second of the client's processor time, user and system, its start and end
included; how long it took on the clock depends on the server too, which has the other core. Each must have got every
answer, with all its bytes. The table goes to standard output, and whether the budgets are met: 0.85 of the bare loop with
every policy on, ahead of Go, 8 times aiohttp. Go and aiohttp compete where they are installed, wrk too: it does not look at
what it gets, and is there to show where the floor is.
"""
import argparse
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BODY = b"x" * 1024


def unused_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start_server(folder):
    port = unused_port()
    (folder / "www").mkdir()
    (folder / "www/file").write_bytes(BODY)
    user = "user root;" if os.geteuid() == 0 else ""
    paths = " ".join(f"{what}_temp_path {folder}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/log; {user}\n"
        f"events {{ worker_connections 4096; }}\n"
        f"http {{ access_log off; keepalive_requests 100000000; open_file_cache max=10; {paths}\n"
        f"server {{ listen 127.0.0.1:{port} backlog=4096; root {folder}/www; }} }}\n")
    server = subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "log"])
    for _ in range(1000):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return server, f"http://127.0.0.1:{port}/file"
        time.sleep(0.01)
    sys.exit("nginx does not listen")


def measure(command):
    """Its output, and the seconds on the clock and of processor time that it took."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} ended with {process.returncode}")
    return output, time.monotonic() - begin, used.ru_utime + used.ru_stime


def contenders(build, scratch, url, requests, concurrency):
    arguments = [url, str(requests), str(concurrency)]
    found = {"penstock, all policies on": [build / "bench/fetch/fetch_penstock", *arguments],
             "bare libcurl, multi_perform": [build / "bench/fetch/fetch_bare_multi", *arguments],
             "bare libcurl, multi_socket_action": [build / "bench/fetch/fetch_bare_socket", *arguments]}
    if shutil.which("go"):
        subprocess.run(["go", "build", "-o", scratch / "fetch_go", HERE / "go/fetch.go"], check=True,
                       env={**os.environ, "GOCACHE": str(scratch / "cache"), "GOFLAGS": "-mod=mod", "GO111MODULE": "off"})
        found["Go, net/http"] = [scratch / "fetch_go", *arguments]
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import aiohttp"], stderr=subprocess.DEVNULL).returncode == 0:
            fast = subprocess.run([python, "-c", "import uvloop"], stderr=subprocess.DEVNULL).returncode == 0
            found["aiohttp, uvloop" if fast else "aiohttp, asyncio"] = [python, HERE / "in_aiohttp.py", *arguments]
            break
    if shutil.which("wrk"):
        found["wrk"] = ["wrk", "-t1", f"-c{concurrency}", "-d2", url]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", type=Path, default=ROOT / "build/bench")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="penstock-fetch-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server, url = start_server(folder)
        try:
            taking_part = contenders(asked.build.resolve(), folder, url, asked.requests, asked.concurrency)
            rates = {name: [] for name in taking_part}
            clock = {name: [] for name in taking_part}
            for _ in range(asked.rounds):
                for name, command in taking_part.items():
                    # Python takes its time; a fifth of the requests says as much.
                    few = name.startswith("aiohttp")
                    if few:
                        command = [*command[:-2], str(asked.requests // 5), command[-1]]
                    output, wall, cpu = measure(command)
                    if name == "wrk":
                        answered = int(re.search(r"(\d+) requests in", output)[1])
                    else:
                        answered, size = map(int, output.split())
                        wanted = asked.requests // 5 if few else asked.requests
                        if (answered, size) != (wanted, wanted * len(BODY)):
                            sys.exit(f"{name}: {answered} answers of {size} bytes instead of {wanted}")
                    rates[name].append(answered / cpu)
                    clock[name].append(answered / wall)
        finally:
            server.terminate()
            server.wait()
    middle = {name: statistics.median(values) for name, values in rates.items()}
    print(f"{asked.requests} requests, {asked.concurrency} under way, {asked.rounds} rounds; {platform.machine()}, "
          f"{os.cpu_count()} cores, Linux {platform.release()}\n")
    print("| | requests per second of client CPU | spread | per second on the clock |\n|---|--:|--:|--:|")
    for name, value in sorted(middle.items(), key=lambda entry: -entry[1]):
        values = rates[name]
        print(f"| {name} | {value:,.0f} | {min(values):,.0f} to {max(values):,.0f} | {statistics.median(clock[name]):,.0f} |")
    ours = middle["penstock, all policies on"]
    print()
    for rival, factor in (("bare libcurl, multi_perform", 0.85), ("Go, net/http", 1), ("aiohttp, uvloop", 8),
                          ("aiohttp, asyncio", 8)):
        if rival in middle:
            ratio = ours / middle[rival]
            print(f"{'met' if ratio >= factor else 'MISSED'}: {ratio:.2f} x {rival}, budget {factor}")


if __name__ == "__main__":
    main()
