#!/usr/bin/python3
"""Python's queue.Queue between threads. It has no batches, and an item is a number of any size."""

import pathlib
import queue
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))
from measured import MASK, compete, expected, value  # noqa: E402


def values(n):
    """Made before the time is taken: mixing a number takes Python longer than handing it over."""
    return [value(i) for i in range(n)]


def answer(into):
    return len(into), sum(into) & MASK


def hand_over(sides):
    def run(values):
        items = queue.Queue(1024)
        seen = [[] for _ in range(sides)]

        def produce(side):
            for item in values[side::sides]:
                items.put(item)

        def consume(into):
            while (item := items.get()) is not None:
                into.append(item)

        producers = [threading.Thread(target=produce, args=(side,)) for side in range(sides)]
        consumers = [threading.Thread(target=consume, args=(into,)) for into in seen]
        for thread in producers + consumers:
            thread.start()
        for thread in producers:
            thread.join()
        for _ in consumers:
            items.put(None)
        for thread in consumers:
            thread.join()
        return answer([item for into in seen for item in into])

    return run


compete({f"handoff/threads/{s}x{s}/8B/single": (hand_over(s), expected, values) for s in (1, 2, 4, 8)})
