"""The two sides of a measured path, and the bare pump that a recorder is compared with, each a process of its own.

`python -m tests.bench.sides upstream` and `... pump PORT` print the port they listen on, and end with their stdin.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable

EVENT = 180
"""Bytes of an event, its blank line included."""
_TEXT = b"the quick brown fox jumps over the lazy dog 0123456789 "
_BLOCK = 1 << 20


def event(size: int, stamp: int = 0) -> bytes:
    """One event of `size` bytes that begins with a time."""
    start = b'data: {"t":%020d,"text":"' % stamp
    return start + (_TEXT * (size // len(_TEXT) + 1))[: size - len(start) - 4] + b'"}\n\n'


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def head(framing: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + framing.encode() + b"\r\n\r\n"


CHUNKED = head("Transfer-Encoding: chunked")


class Upstream(asyncio.Protocol):
    """Answers GET /KIND/A/B as KIND says; keep-alive."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.held = b""
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.tasks: set[asyncio.Task[None]] = set()

    def pause_writing(self) -> None:
        self.flowing.clear()

    def resume_writing(self) -> None:
        self.flowing.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.flowing.set()
        for task in self.tasks:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) >= 0:
            asked, self.held = self.held[:end], self.held[end + 4 :]
            kind, *numbers = asked.split(b" ")[1].decode().strip("/").split("/")
            if kind == "small":
                self.transport.write(SMALL)
                continue
            task = asyncio.get_running_loop().create_task(KINDS[kind](self, *map(int, numbers)))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _pour(self, block: bytes, size: int) -> None:
        for at in range(0, size, len(block)):
            self.transport.write(block[: size - at])
            await self.flowing.wait()

    async def length(self, size: int) -> None:
        self.transport.write(head(f"Content-Length: {size}"))
        await self._pour(event(EVENT) * (_BLOCK // EVENT), size)

    async def chunks(self, size: int, total: int) -> None:
        self.transport.write(CHUNKED)
        each = chunk(event(size))
        await self._pour(each * (_BLOCK // len(each)), total // size * len(each))
        self.transport.write(b"0\r\n\r\n")

    async def events(self, count: int) -> None:
        """Each in a write of its own, as fast as they are taken."""
        self.transport.write(CHUNKED)
        each = chunk(event(EVENT))
        for _ in range(count):
            self.transport.write(each)
            await asyncio.sleep(0)
            await self.flowing.wait()
        self.transport.write(b"0\r\n\r\n")

    async def paced(self, count: int, milliseconds: int) -> None:
        """Each on the clock, with the time at which it left."""
        self.transport.write(CHUNKED)
        due = time.monotonic()
        for _ in range(count):
            due += milliseconds / 1000
            await asyncio.sleep(max(due - time.monotonic(), 0))
            self.transport.write(chunk(event(EVENT, time.monotonic_ns())))
        self.transport.write(b"0\r\n\r\n")

    async def hold(self) -> None:
        """One event, and then nothing."""
        self.transport.write(CHUNKED + chunk(event(EVENT)))


SMALL = head("Content-Length: 180") + event(EVENT)
KINDS = {
    "length": Upstream.length,
    "chunks": Upstream.chunks,
    "events": Upstream.events,
    "paced": Upstream.paced,
    "hold": Upstream.hold,
}


class Pump(asyncio.Protocol):
    """One half of a bare pump: what comes goes to the other half, and nothing more."""

    def __init__(self, port: int, other: Pump | None = None) -> None:
        self.port = port
        self.other = other
        self.early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self.other is None:
            self.task = asyncio.get_running_loop().create_task(self._reach())
        else:
            self.other.other = self
            transport.write(b"".join(self.other.early))

    async def _reach(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: Pump(self.port, self), "127.0.0.1", self.port)

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self.early.append(data)
        else:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other:
            self.other.transport.close()


async def serve(factory: Callable[[], asyncio.Protocol]) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main(kind: str, port: str = "0") -> None:
    asyncio.run(serve(Upstream if kind == "upstream" else lambda: Pump(int(port))))


if __name__ == "__main__":
    main(*sys.argv[1:])
