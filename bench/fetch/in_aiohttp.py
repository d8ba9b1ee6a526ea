"""aiohttp, on uvloop where that is installed: as many tasks as requests are under way."""
import asyncio
import sys

import aiohttp

try:
    import uvloop
    uvloop.install()
except ImportError:
    pass


async def main(url, requests, concurrency):
    left, well, size = requests, 0, 0

    async def work(session):
        nonlocal left, well, size
        while left > 0:
            left -= 1
            async with session.get(url) as answer:
                body = await answer.read()
                well += answer.status == 200
                size += len(body)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
        await asyncio.gather(*(work(session) for _ in range(concurrency)))
    print(well, size)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
