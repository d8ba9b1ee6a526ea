#!/usr/bin/python3
"""Python: an asyncio task per wait under uvloop, each of which takes one item after the other. Every run is a process of its
own, as in waits.hpp; 100,000 wait for three seconds, since one is over before the last has begun."""

import asyncio
import json
import os
import pathlib
import sys
import time

import uvloop

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))
from measured import MASK, compete, expected, value  # noqa: E402


async def wait_for_all(waits, n, pause):
    items = map(value, range(n))
    count = total = 0

    async def slot():
        nonlocal count, total
        for item in items:
            await asyncio.sleep(pause)
            count += 1
            total += item

    await asyncio.gather(*(slot() for _ in range(waits)))
    return count, total & MASK


def peak_bytes():
    for line in pathlib.Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("no VmHWM")


def measure(waits, n, pause):
    base, processor, begin = peak_bytes(), time.process_time(), time.monotonic()
    got = asyncio.run(wait_for_all(waits, n, pause))
    wall, processor = time.monotonic() - begin, time.process_time() - processor
    grown = peak_bytes() - base
    if got != expected(n):
        sys.exit(f"waits/{waits}: wrong answer: {got} instead of {expected(n)}")
    told = {"items": n, "ns_per_item": wall * 1e9 / n, "cpu_ns_per_item": processor * 1e9 / n}
    return told | ({"bytes_per_wait": grown / waits} if n == waits else {})


def in_child(*question):
    def told():
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(write, json.dumps(measure(*question)).encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as answer:
            text = answer.read()
        if os.waitpid(child, 0)[1] != 0 or not text:
            sys.exit(1)
        return json.loads(text)

    return told


uvloop.install()
compete({"waits/10000/20ms": in_child(10_000, 30_000, 0.02), "waits/100000/20ms": in_child(100_000, 200_000, 0.02),
         "waits/10000/once": in_child(10_000, 10_000, 1), "waits/100000/once": in_child(100_000, 100_000, 3)})
