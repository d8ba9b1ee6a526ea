#!/usr/bin/env python3
"""The same counts in Python, for run.py: with asyncio and aiofiles, with asyncio and its threads, or with a pool of threads.

    in_python.py aiofiles|asyncio|threads DIR

Valid for the texts of run.py, which have no character that does not print; bytes that are no UTF-8 are no characters.
"""
import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor

CONCURRENCY = 5


def walk(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            yield os.path.join(where, name)


def count(content):
    text = content.decode("utf-8", "ignore")
    return text.count("\n"), len(text.split()), len(text)


def show(path, counts):
    sys.stdout.write("%d %d %d %s\n" % (*counts, path))


def read(path):
    with open(path, "rb") as file:
        return path, count(file.read())


def threads(folder):
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        for path, counts in pool.map(read, walk(folder), chunksize=64):
            show(path, counts)


async def each(folder, one):
    """As many coroutines as there may be files open take the next path, each on its own."""
    paths = walk(folder)

    async def worker():
        for path in paths:
            show(path, await one(path))

    await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))


async def with_threads(path):
    return (await asyncio.to_thread(read, path))[1]


async def with_aiofiles(path):
    import aiofiles
    async with aiofiles.open(path, "rb") as file:
        return count(await file.read())


if __name__ == "__main__":
    how, where = sys.argv[1:]
    if how == "threads":
        threads(where)
    else:
        asyncio.run(each(where, with_aiofiles if how == "aiofiles" else with_threads))
