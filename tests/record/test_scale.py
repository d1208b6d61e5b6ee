"""The recorder at size, as its own process: memory stays flat, no stream is lost, none is out of order."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from streamdoctor.capture.file import load
from tests.record.sockets import CHUNKED, GET, read_head, upstream
from tests.record.test_command import command, end
from tests.record.test_proxy import chunk

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

GIGABYTE = 1 << 30
FLAT = 32 << 20
STREAMS = 1000
PATIENCE = 240.0


def peak(pid: int) -> int:
    """The most bytes that a process had in memory so far."""
    told = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert told is not None
    return int(told[1]) << 10


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(scene(), PATIENCE)

    asyncio.run(bounded())


def test_a_slow_reader_of_a_gigabyte_leaves_memory_flat(tmp_path: Path) -> None:
    async def fast(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIGABYTE)
        for _ in range(GIGABYTE >> 16):
            writer.write(b"x" * 65536)
            await writer.drain()
        await reader.read()

    async def scene() -> None:
        async with upstream(fast) as port, command(f"http://127.0.0.1:{port}", tmp_path) as (process, own):
            reader, writer = await asyncio.open_connection("127.0.0.1", own)
            before = peak(process.pid)
            writer.write(GET)
            await read_head(reader)
            got = 0
            while got < GIGABYTE:
                part = await reader.read(1 << 20)
                assert part
                got += len(part)
                await asyncio.sleep(0.001)  # the client is the slow side
            assert peak(process.pid) - before < FLAT
            writer.close()
            await end(process, signal.SIGINT)
        (kept,) = tmp_path.glob("*.capture.jsonl")
        assert kept.stat().st_size > GIGABYTE
        with kept.open("rb") as file:
            file.seek(-500, 2)
            assert b'"cause":"complete"' in file.read() and kept.unlink() is None

    play(scene)


def test_a_thousand_streams_at_once_are_whole_and_in_order(tmp_path: Path) -> None:
    everyone = asyncio.Barrier(STREAMS)

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = (await read_head(reader)).split()[1]
        await everyone.wait()
        writer.write(CHUNKED)
        for number in range(20):
            writer.write(chunk(b"%s:%d\n" % (name, number)))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    def body(name: bytes) -> bytes:
        return CHUNKED + b"".join(chunk(b"%s:%d\n" % (name, number)) for number in range(20)) + b"0\r\n\r\n"

    async def client(own: int, name: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", own)
        writer.write(b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % name)
        wanted = body(name)
        assert await reader.readexactly(len(wanted)) == wanted
        writer.close()

    async def scene() -> None:
        names = [b"/s%d" % number for number in range(STREAMS)]
        async with upstream(count) as port, command(f"http://127.0.0.1:{port}", tmp_path) as (process, own):
            await asyncio.gather(*(client(own, name) for name in names))
            await end(process, signal.SIGINT)
        held = [load(path) for path in tmp_path.glob("*.capture.jsonl")]
        told = {capture.data(">").split()[1]: capture for capture in held}
        assert sorted(told) == sorted(names) and len(held) == STREAMS
        assert all(capture.data("<") == body(name) for name, capture in told.items())
        assert {capture.cause for capture in held} == {"complete"}

    play(scene)
