"""Captures made by hand, and raw clients that note every read: for tests of the replay server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import NamedTuple

from streamdoctor.capture.model import RECEIVED, SENT, Capture, End, Header, Mark, Read
from streamdoctor.replay.server import ReplayServer
from streamdoctor.stream.http1 import BodyData, MessageEnd, ResponseReader
from tests.record.sockets import CHUNKED, read_to_end

POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"
MS = 1_000_000

WORDS = ("café", "☕", "東京", "naïve", "Ça")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def capture(
    pieces: Sequence[bytes], *, cause: str = "complete", framing: str | None = None, gap_ms: int = 0, sent: bytes = POST
) -> Capture:
    """An exchange whose response came in `pieces`, the first after one gap, the end a gap after the last."""
    gap = gap_ms * MS
    reads = [Read(gap * n, RECEIVED, piece) for n, piece in enumerate(pieces, 1)]
    end = End(gap * (len(pieces) + 1), cause, "upstream", framing)
    marks = (Mark(0, "upstream-connected"),)
    return Capture(Header("2026-11-23T00:00:00Z", "test"), (Read(0, SENT, sent), *marks, *reads), end)


def odd_pieces() -> list[bytes]:
    """28 reads: a head, and a chunked body that ends nowhere, cut between all CR and LF and inside all characters."""
    body = b"".join(chunk(f"data: {word}\r\n\r\n".encode()) for word in WORDS)
    cuts = [found.end() for found in re.finditer(rb"\r(?=\n)|[\xc2-\xf4](?=[\x80-\xbf])", body)]
    return [CHUNKED, *(body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True))]


class Got(NamedTuple):
    """Reads and when each came (seconds of the loop), and the ending: "fin" or "rst"."""

    reads: list[bytes]
    times: list[float]
    ending: str


async def take(server: ReplayServer, request: bytes = POST) -> Got:
    """Reads to the end of the connection, noting each read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    now = asyncio.get_running_loop().time
    reads: list[bytes] = []
    times = [now()]
    writer.write(request)
    try:
        while data := await reader.read(1 << 16):
            reads.append(data)
            times.append(now())
        ending = "fin"
    except ConnectionResetError:
        ending = "rst"
    times.append(now())
    writer.close()
    return Got(reads, times, ending)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes = POST) -> bytes:
    """One response on a connection that stays, as it came."""
    method = request.partition(b" ")[0].decode()
    response, wire = ResponseReader(method), b""
    writer.write(request)
    while not response.finished and (data := await reader.read(1 << 16)):
        wire += data
        response.feed(data)
    return wire


def body_of(wire: bytes) -> tuple[bytes, str | None]:
    """The body in a whole response, and how HTTP ended it, None where it was cut."""
    reader = ResponseReader("POST")
    events = [*reader.feed(wire), *reader.close()]
    ends = [event.framing for event in events if isinstance(event, MessageEnd)]
    return b"".join(event.data for event in events if isinstance(event, BodyData)), ends[0] if ends else None


__all__ = ["CHUNKED", "Got", "ask", "body_of", "capture", "chunk", "odd_pieces", "read_to_end", "take"]
