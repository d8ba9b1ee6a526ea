#!/usr/bin/python3
"""Python's asyncio.Queue under uvloop, which has one thread."""

import asyncio
import pathlib
import sys

import uvloop

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))
from measured import MASK, compete, expected, value  # noqa: E402


def values(n):
    """Made before the time is taken: mixing a number takes Python longer than handing it over."""
    return [value(i) for i in range(n)]


def answer(into):
    return len(into), sum(into) & MASK


async def produce(items, values, try_first):
    for item in values:
        if try_first:
            try:
                items.put_nowait(item)
                continue
            except asyncio.QueueFull:
                pass
        await items.put(item)


async def consume(items, share, into, try_first):
    for _ in range(share):
        if try_first:
            try:
                into.append(items.get_nowait())
                continue
            except asyncio.QueueEmpty:
                pass
        into.append(await items.get())


def hand_over(sides, try_first):
    async def both_sides(values):
        items = asyncio.Queue(1024)
        into = []
        parts = [values[side::sides] for side in range(sides)]
        await asyncio.gather(
            *(produce(items, part, try_first) for part in parts),
            *(consume(items, len(part), into, try_first) for part in parts),
        )
        return answer(into)

    return lambda values: asyncio.run(both_sides(values))


def alone(try_first):
    async def one(values):
        items = asyncio.Queue(1024)
        into = []
        for item in values:
            if try_first:
                items.put_nowait(item)
                into.append(items.get_nowait())
            else:
                await items.put(item)
                into.append(await items.get())
        return answer(into)

    return lambda values: asyncio.run(one(values))


uvloop.install()
cases = {}
for way, try_first in (("async", False), ("try_first", True)):
    for sides in (1, 2):
        cases[f"handoff/coroutines/{sides}x{sides}/8B/{way}"] = (hand_over(sides, try_first), expected, values)
    cases[f"handoff/coroutines/alone/8B/{way}"] = (alone(try_first), expected, values)
compete(cases)
