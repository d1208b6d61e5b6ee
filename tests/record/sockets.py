"""Real sockets on loopback: an upstream that does what it is told, and a recorder in front of it."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from streamdoctor.capture.file import load
from streamdoctor.capture.model import Capture
from streamdoctor.record.proxy import Recorded, Recorder

PATIENCE = 20.0
GET = b"GET /v1/x HTTP/1.1\r\nHost: h\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def run(scene: Coroutine[Any, Any, None]) -> None:
    """Plays a scene; one that does not end is an error, not a hang."""
    asyncio.run(asyncio.wait_for(scene, PATIENCE))


@asynccontextmanager
async def upstream(handler: Handler, **tls: Any) -> AsyncIterator[int]:
    """A server that gives every connection to `handler`; its port."""
    failures: list[BaseException] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except Exception as error:
            failures.append(error)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, **tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
    assert not failures, failures


class Desk:
    """A recorder at work, and what it has told so far."""

    def __init__(self, url: str, out: Path, **options: Any) -> None:
        self.done: asyncio.Queue[Recorded] = asyncio.Queue()
        self.troubles: list[str] = []
        self.out = out
        self.recorder = Recorder(
            url, out=out, on_exchange=self.done.put_nowait, on_trouble=self.troubles.append, **options
        )

    async def next(self) -> tuple[Recorded, Capture]:
        """The next finished exchange and its capture."""
        told = await self.done.get()
        assert told.path is not None
        return told, load(told.path)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.recorder.port)


@asynccontextmanager
async def recording(port: int, out: Path, scheme: str = "http", **options: Any) -> AsyncIterator[Desk]:
    desk = Desk(f"{scheme}://127.0.0.1:{port}", out, **options)
    async with desk.recorder:
        yield desk


async def read_head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def read_to_end(reader: asyncio.StreamReader) -> tuple[bytes, str]:
    """What came, and how it ended: "fin" or "rst"."""
    data = b""
    while True:
        try:
            part = await reader.read(65536)
        except ConnectionResetError:
            return data, "rst"
        if not part:
            return data, "fin"
        data += part


def reset(writer: asyncio.StreamWriter) -> None:
    """RST at once."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def until_taken(writer: asyncio.StreamWriter) -> None:
    """Returns when the peer's kernel has everything: a real condition, looked at again and again."""
    sock = writer.get_extra_info("socket")
    while writer.transport.get_write_buffer_size() or struct.unpack(  # type: ignore[attr-defined]
        "i", fcntl.ioctl(sock.fileno(), 0x5411, b"\0\0\0\0")
    ) != (0,):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Returns when `condition` holds; the scene's patience bounds the wait."""
    while not condition():
        await asyncio.sleep(0)
