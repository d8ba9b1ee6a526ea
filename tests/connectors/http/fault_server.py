"""A server that does what servers do on bad days, one thing for each path. Prints its port; ends with its standard input.

  /ok                     200 "ok"
  /echo                   200, a JSON object of the request: method, target, headers, body
  /status/N               the status N; /status/N?after=V with `Retry-After: V`
  /flaky/KEY/N/STATUS     STATUS for the first N requests of that KEY, then 200; ?after=V as above
  /cut/KEY/N              breaks the connection for the first N requests of that KEY, then 200
  /slow                   a header line every 50 ms, for ever
  /reset                  half a body, then a reset
  /endless                a body without end
  /large/N                a body of N bytes
  /short                  a body shorter than it said
  /garbage                not HTTP
  /many_headers           headers without end
  /never                  no answer; counted as KEY never
  /later/KEY              no answer, until /release/KEY has been asked for
  /redirect/N             N redirects to /ok;  /redirect_to?URL
  /count/KEY              how many requests of that KEY came
  /clock                  200; the instants of all of these are counted: /windows
  /windows                the most /clock requests in any second, how many in all and over how long; and by how much
                          this server was kept from running meanwhile: at most, and in all
  /open                   connections that are open now
  /waiting                requests of /never and /later that have come and are not answered
"""
import asyncio
import json
import socket
import ssl
import struct
import sys
import time
from urllib.parse import parse_qs, unquote, urlsplit

counts = {}
instants = []
connections = set()
late = {"most": 0.0, "sum": 0.0}


async def notice_lateness():
    """On a busy machine a server does not see what comes when it comes; so it says by how much at most."""
    while True:
        due = time.monotonic() + 0.001
        await asyncio.sleep(0.001)
        by = time.monotonic() - due
        late["most"] = max(late["most"], by)
        late["sum"] += by if by > 0.002 else 0


def count(key):
    counts[key] = counts.get(key, 0) + 1
    return counts[key]


def answer(status, body=b"", headers=()):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def most_in_a_second():
    most = first = 0
    for last, when in enumerate(instants):
        while instants[first] <= when - 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


async def serve(reader, writer):
    connections.add(writer)
    try:
        while await one(reader, writer):
            pass
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        connections.discard(writer)
        writer.close()


async def one(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    came = time.monotonic()
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    url = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    what, *rest = url.path.strip("/").split("/")
    after = [f"Retry-After: {query['after']}"] if "after" in query else []

    if what == "ok":
        writer.write(answer(200, b"ok"))
    elif what == "clock":
        instants.append(came)
        writer.write(answer(200, b"ok"))
    elif what == "windows":
        over = instants[-1] - instants[0] if instants else 0
        seen = {"most": most_in_a_second(), "all": len(instants), "over": over, "late": late["most"], "lost": late["sum"]}
        writer.write(answer(200, json.dumps(seen).encode()))
        instants.clear()
        late.update(most=0.0, sum=0.0)
    elif what == "echo":
        whole = {"method": method, "target": target, "headers": headers, "body": body.decode("latin-1")}
        writer.write(answer(200, json.dumps(whole).encode(), ["Content-Type: application/json"]))
    elif what == "status":
        writer.write(answer(rest[0], b"status " + rest[0].encode(), after))
    elif what == "flaky":
        again = count(rest[0]) <= int(rest[1])
        writer.write(answer(rest[2], b"", after) if again else answer(200, b"ok"))
    elif what == "cut":
        if count(rest[0]) <= int(rest[1]):
            return False
        writer.write(answer(200, b"ok"))
    elif what == "count":
        writer.write(answer(200, str(counts.get(rest[0], 0)).encode()))
    elif what == "waiting":
        writer.write(answer(200, str(counts.get("waiting", 0)).encode()))
    elif what == "open":
        writer.write(answer(200, str(len(connections) - 1).encode()))
    elif what == "slow":
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-Slow: 1\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)
    elif what == "many_headers":
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: " + b"y" * 1000 + b"\r\n")
            await writer.drain()
    elif what == "reset":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + b"x" * 5000)
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    elif what == "short":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + b"x" * 5000)
        return False
    elif what == "endless":
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            await writer.drain()
    elif what == "large":
        left = int(rest[0])
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {left}\r\n\r\n".encode())
        while left > 0:
            part = min(left, 65536)
            writer.write(b"x" * part)
            await writer.drain()
            left -= part
    elif what == "garbage":
        writer.write(b"220 mail.example.org ESMTP\r\n")
        return False
    elif what == "release":
        counts["release " + rest[0]] = 1
        writer.write(answer(200, b"ok"))
    elif what == "later" and "release " + rest[0] in counts:
        writer.write(answer(200, b"ok"))
    elif what in ("never", "later"):
        count("never")
        counts["waiting"] = counts.get("waiting", 0) + 1
        try:
            await reader.read()  # until the other end has enough
        finally:
            counts["waiting"] -= 1
        return False
    elif what == "redirect":
        left = int(rest[0])
        to = f"/redirect/{left - 1}" if left > 1 else "/ok"
        writer.write(answer(302, b"elsewhere", [f"Location: {to}"]))
    elif what == "redirect_to":
        writer.write(answer(302, b"", [f"Location: {unquote(url.query)}"]))
    else:
        writer.write(answer(404, b"nothing here"))
    await writer.drain()
    return True


async def main():
    context = None
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context, backlog=4096)
    heart = asyncio.create_task(notice_lateness())
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    heart.cancel()


if __name__ == "__main__":
    asyncio.run(main())
