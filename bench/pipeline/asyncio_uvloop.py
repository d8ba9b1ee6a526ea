"""Python: a task per stage, an asyncio.Queue of 1024 between two, on uvloop's event loop. get_nowait and put_nowait first, and
waiting only if need be: that was faster than always awaiting."""
import asyncio
import sys
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))
from measured import MASK, compete, value  # noqa: E402

CAPACITY = 1024
END = object()


def step(v):
    return ((v ^ 0x55) + 1) & MASK


async def put(out, item):
    if out.full():
        await out.put(item)
    else:
        out.put_nowait(item)


async def source(out, n):
    for i in range(n):
        await put(out, value(i))
    await put(out, END)


async def stage(into, out):
    while (v := await into.get() if into.empty() else into.get_nowait()) is not END:
        await put(out, step(v))
    await put(out, END)


async def line(k, n):
    edges = [asyncio.Queue(CAPACITY) for _ in range(k + 1)]
    tasks = [asyncio.create_task(source(edges[0], n))]
    tasks += [asyncio.create_task(stage(edges[s], edges[s + 1])) for s in range(k)]
    count, total, last = 0, 0, edges[-1]
    while (v := await last.get() if last.empty() else last.get_nowait()) is not END:
        count, total = count + 1, (total + v) & MASK
    await asyncio.gather(*tasks)
    return count, total


def after(k, n):
    total = 0
    for i in range(n):
        v = value(i)
        for _ in range(k):
            v = step(v)
        total += v
    return n, total & MASK


def case(k):
    return lambda n: asyncio.run(line(k, n)), lambda n: after(k, n)


uvloop.install()
compete({f"pipeline/serial/k{k}/8B": case(k) for k in (1, 4, 16)})
