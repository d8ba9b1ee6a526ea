#!/usr/bin/python3
"""Python: asyncio tasks under uvloop that wait for an item of a queue, or sleep, and are cancelled one by one."""

import asyncio
import pathlib
import sys
import time

import uvloop

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))
from measured import MASK, compete, expected, value  # noqa: E402

WAITERS = 10_000
STORMS = 5


async def storm(name, wait):
    count = total = 0

    async def waiter(i):
        nonlocal count, total
        try:
            await wait()
        except asyncio.CancelledError:
            count += 1
            total += value(i)

    tasks = [asyncio.create_task(waiter(i)) for i in range(WAITERS)]
    await asyncio.sleep(0)
    begin, processor = time.monotonic(), time.process_time()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks)
    took = time.monotonic() - begin, time.process_time() - processor
    if (count, total & MASK) != expected(WAITERS):
        sys.exit(f"{name}: wrong answer: {count, total & MASK} instead of {expected(WAITERS)}")
    return took


def case(name, wait):
    async def storms():
        queue = asyncio.Queue()
        took = [await storm(name, lambda: wait(queue)) for _ in range(STORMS)]
        return [sum(times) for times in zip(*took)]

    def told():
        wall, processor = asyncio.run(storms())
        items = WAITERS * STORMS
        return {"items": items, "ns_per_item": wall * 1e9 / items, "cpu_ns_per_item": processor * 1e9 / items}

    return {name: told}


uvloop.install()
compete(case("storm/coroutines/10000/token", lambda queue: queue.get()) |
        case("storm/timers/10000", lambda _: asyncio.sleep(3600)))
