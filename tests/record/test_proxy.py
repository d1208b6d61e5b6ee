"""The recorder on real sockets: putting it in the path changes nothing, and the capture says what happened."""

from __future__ import annotations

import asyncio
import errno
import json
import shutil
import socket
import sys
from pathlib import Path

import pytest

from streamdoctor.capture.file import CaptureWriter
from streamdoctor.errors import UsageError
from streamdoctor.record.legs import HIGH_WATER, READ_BYTES
from streamdoctor.record.proxy import Recorder
from tests.record.sockets import (
    CHUNKED,
    GET,
    Desk,
    Handler,
    read_head,
    read_to_end,
    recording,
    reset,
    run,
    until,
    until_taken,
    upstream,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what the peer's kernel has taken")
EVENTS = [f'data: {{"n":{n},"text":"caf\u00e9 \u2713"}}\r\n\r\n'.encode() for n in range(28)]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def odd_pieces() -> list[bytes]:
    """28 pieces of a chunked stream, cut inside code points and between CR and LF."""
    body = b"".join(chunk(event) for event in EVENTS)
    cuts = [body.index(b"\xe2\x9c") + 1, body.index(b"\r\n\r\n") + 1]
    cuts = sorted({*cuts, *range(97, len(body), len(body) // 26)})[:27]
    return [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def in_step(pieces: list[bytes], gate: asyncio.Semaphore, how: str) -> Handler:
    """Sends a piece each time the gate opens, then ends as told."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        for piece in pieces:
            await gate.acquire()
            writer.write(piece)
        await gate.acquire()
        await until_taken(writer)
        if how == "rst":
            reset(writer)
        elif how == "whole":
            writer.write(b"0\r\n\r\n")
            await writer.drain()
            await reader.read()

    return handle


async def take_in_step(reader: asyncio.StreamReader, count: int, gate: asyncio.Semaphore) -> list[bytes]:
    """Opens the gate, takes what one read gives, and so on: each piece must arrive alone."""
    taken = []
    for _ in range(count):
        gate.release()
        taken.append(await reader.read(65536))
    gate.release()
    return taken


@pytest.mark.parametrize(("how", "cause"), [("rst", "reset"), ("fin", "eof"), ("whole", "complete")])
def test_pieces_and_endings_are_those_of_the_upstream(tmp_path: Path, how: str, cause: str) -> None:
    pieces = [CHUNKED, *odd_pieces()]

    async def scene() -> None:
        gate = asyncio.Semaphore(0)
        async with upstream(in_step(pieces, gate, how)) as port, recording(port, tmp_path) as desk:
            reader, writer = await desk.connect()
            writer.write(GET)
            taken = await take_in_step(reader, len(pieces), gate)
            if how == "whole":
                assert await reader.readexactly(5) == b"0\r\n\r\n"
                writer.close()
            rest, ending = await read_to_end(reader)
            told, capture = await desk.next()
            writer.close()
        assert taken == pieces
        assert (rest, ending) == (b"", "rst" if how == "rst" else "fin")
        stored = [read.data for read in capture.reads("<")]
        assert stored[: len(pieces)] == pieces
        assert capture.data(">") == GET
        assert (capture.cause, told.cause, told.status) == (cause, cause, 200)
        times = [read.ns for read in capture.reads("<")]
        assert times == sorted(times) and told.reads == len(times)

    run(scene())


def test_nothing_is_lost_before_a_reset(tmp_path: Path) -> None:
    size = 1_000_097

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b"x" * size)
        await until_taken(writer)
        reset(writer)

    async def scene() -> None:
        async with upstream(handle) as port, recording(port, tmp_path) as desk:
            reader, writer = await desk.connect()
            writer.write(GET)
            _, capture = await desk.next()  # the upstream is gone before the client begins to read
            data, ending = await read_to_end(reader)
            writer.close()
        assert data.count(b"x") == size and ending == "rst"
        assert capture.data("<") == data and capture.cause == "reset"

    run(scene())


def test_a_half_close_stays_one(tmp_path: Path) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.read()  # all, to the end of the client's half
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nyou sent %d bytes" % len(asked))

    async def scene() -> None:
        async with upstream(handle) as port, recording(port, tmp_path) as desk:
            reader, writer = await desk.connect()
            writer.write(GET)
            writer.write_eof()
            data, ending = await read_to_end(reader)
            _, capture = await desk.next()
            writer.close()
        assert data.startswith(b"HTTP/1.0 200 OK\r\n\r\nyou sent ") and ending == "fin"
        assert capture.cause == "complete" and capture.end is not None and capture.end.framing == "close"
        assert "downstream-half-closed" in [mark.name for mark in capture.marks()]

    run(scene())


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_client_that_leaves_closes_the_upstream(tmp_path: Path, how: str) -> None:
    async def scene() -> None:
        left: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_head(reader)
            writer.write(CHUNKED + chunk(b"data: a\n\n"))
            left.set_result((await read_to_end(reader))[1])

        async with upstream(handle) as port, recording(port, tmp_path) as desk:
            reader, writer = await desk.connect()
            writer.write(GET)
            await reader.readuntil(b"data: a\n\n\r\n")
            if how == "rst":
                reset(writer)
            else:
                writer.close()
            assert await left == how
            _, capture = await desk.next()
        assert capture.cause == "client-closed" and capture.end is not None and capture.end.side == "downstream"

    run(scene())


def test_a_slow_client_slows_the_upstream_and_memory_stays_bounded(tmp_path: Path) -> None:
    size = 48 << 20

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size >> 16):
            writer.write(b"x" * 65536)
            await writer.drain()
        await reader.read()

    async def scene() -> None:
        async with upstream(handle) as port, recording(port, tmp_path) as desk:
            reader, writer = await desk.connect()
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(GET)
            await until(lambda: any(link.down.waiting > HIGH_WATER for link in desk.recorder.links))
            (link,) = desk.recorder.links
            assert link.down.waiting <= HIGH_WATER + READ_BYTES <= 64 << 10
            writer.transport.resume_reading()  # type: ignore[attr-defined]
            await read_head(reader)
            got, most = 0, 0
            while got < size:
                got += len(await reader.read(1 << 20))
                most = max(most, link.down.waiting)
            writer.close()
            told, capture = await desk.next()
        assert most <= HIGH_WATER + READ_BYTES
        marks = [mark for mark in capture.marks() if mark.name.startswith("downstream")]
        assert [mark.name for mark in marks[:2]] == ["downstream-paused", "downstream-resumed"]
        assert marks[0].details["waiting"] > HIGH_WATER
        assert told.cause == "complete" and told.size > size

    run(scene())


def echo(size: int = 200) -> Handler:
    """Keep-alive: answers each request with its own head, in chunks, as long as requests come."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await read_head(reader)
            writer.write(CHUNKED)
            for at in range(0, len(head), size):
                writer.write(chunk(head[at : at + size]))
                await writer.drain()
            writer.write(b"0\r\n\r\n")

    return handle


def test_many_clients_at_once_and_many_exchanges_a_connection(tmp_path: Path) -> None:
    async def client(desk: Desk, name: int) -> None:
        reader, writer = await desk.connect()
        for number in range(4):
            writer.write(b"GET /c%d/%d HTTP/1.1\r\nHost: h\r\n\r\n" % (name, number))
            await read_head(reader)
            body = await reader.readuntil(b"0\r\n\r\n")
            assert b"GET /c%d/%d HTTP/1.1" % (name, number) in body
        writer.close()

    async def scene() -> None:
        async with upstream(echo(40)) as port, recording(port, tmp_path) as desk:
            await asyncio.gather(*(client(desk, name) for name in range(50)))
            told = [await desk.next() for _ in range(200)]
        for exchange, capture in told:
            assert exchange.cause == "complete"
            assert exchange.target.encode() in capture.data("<")
            assert exchange.target.encode() in capture.data(">")
        assert len({exchange.path for exchange, _ in told}) == 200
        assert {capture.header.exchange for _, capture in told} == {1, 2, 3, 4}

    run(scene())


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


async def ask(desk: Desk) -> tuple[bytes, dict[str, str]]:
    """The status line of the answer, and the error in its body."""
    reader, writer = await desk.connect()
    writer.write(GET)
    data, ending = await read_to_end(reader)
    assert ending == "fin"
    writer.close()
    head, _, body = data.partition(b"\r\n\r\n")
    error: dict[str, str] = json.loads(body)["error"]
    return head.partition(b"\r\n")[0], error


def test_an_upstream_that_refuses(tmp_path: Path) -> None:
    async def scene() -> None:
        async with recording(free_port(), tmp_path) as desk:
            status, error = await ask(desk)
            _, capture = await desk.next()
        assert status == b"HTTP/1.1 502 Bad Gateway"
        assert error["code"] == "refused" and "nothing listens there" in error["message"]
        assert capture.cause == "refused" and capture.data(">") == GET and capture.data("<") == b""

    run(scene())


def test_a_name_that_cannot_be_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def scene() -> None:
        desk = Desk("http://api.invalid", tmp_path)
        async with desk.recorder:
            monkeypatch.setattr(socket, "getaddrinfo", fails)
            reader, writer = await asyncio.open_connection(sock=_connected(desk.recorder.port))
            writer.write(GET)
            data, _ = await read_to_end(reader)
            writer.close()
            _, capture = await desk.next()
        assert b"502 Bad Gateway" in data and b"cannot be resolved" in data
        assert capture.cause == "dns-error"

    run(scene())


def _connected(port: int) -> socket.socket:
    sock = socket.socket()
    sock.connect(("127.0.0.1", port))
    sock.setblocking(False)
    return sock


def test_an_upstream_that_does_not_answer_in_time(tmp_path: Path) -> None:
    """A listener whose queue is full takes no connection: the kernel drops what comes."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    waiting = [socket.socket() for _ in range(3)]
    for sock in waiting:
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", port))

    async def scene() -> None:
        async with recording(port, tmp_path, connect_seconds=0.2) as desk:
            status, error = await ask(desk)
            _, capture = await desk.next()
        assert status == b"HTTP/1.1 504 Gateway Timeout" and error["code"] == "timeout"
        assert capture.cause == "timeout"

    run(scene())
    for sock in (listener, *waiting):
        sock.close()


def test_retries_are_attempts_of_one_session(tmp_path: Path) -> None:
    """Two failures and a success of one request, then another request."""
    answers = [
        b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
    ]
    body = b"POST /v1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n%s\r\n"

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        await reader.readexactly(2)
        writer.write(answers.pop(0) if answers else b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def scene() -> None:
        async with upstream(handle) as port, recording(port, tmp_path) as desk:
            seen = []
            for extra, text in (
                (b"", b"hi"),
                (b"X-Stainless-Retry-Count: 1\r\n", b"hi"),
                (b"X-Stainless-Retry-Count: 2\r\n", b"hi"),
                (b"", b"ho"),
            ):
                reader, writer = await desk.connect()
                writer.write(body % extra + text)
                await read_to_end(reader)
                writer.close()
                told, capture = await desk.next()
                assert (capture.header.session, capture.header.attempt) == (told.session, told.attempt)
                seen.append((told.session, told.attempt))
        assert [attempt for _, attempt in seen] == [1, 2, 3, 1]
        assert len({session for session, _ in seen[:3]}) == 1 and seen[3][0] != seen[0][0]

    run(scene())


def test_a_full_disk_stops_recording_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with upstream(echo()) as port, recording(port, tmp_path) as desk:
            reader, writer = await desk.connect()
            writer.write(GET)
            await reader.readuntil(b"0\r\n\r\n")
            await desk.next()

            def full(*_: object) -> None:
                raise OSError(errno.ENOSPC, "No space left on device")

            monkeypatch.setattr(CaptureWriter, "flush", full)
            for _ in range(2):
                writer.write(GET)
                assert (await reader.readuntil(b"0\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
                told = await desk.done.get()
                assert told.cause == "complete"
            assert told.path is None
            writer.close()
        assert len(desk.troubles) == 1 and "No space left on device" in desk.troubles[0]
        assert desk.recorder.store.failure == desk.troubles[0]

    run(scene())


def test_a_folder_that_is_gone_stops_recording_and_nothing_else(tmp_path: Path) -> None:
    async def scene() -> None:
        async with upstream(echo()) as port, recording(port, tmp_path / "out") as desk:
            shutil.rmtree(tmp_path / "out")
            reader, writer = await desk.connect()
            for _ in range(2):
                writer.write(GET)
                assert (await reader.readuntil(b"0\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
                assert (await desk.done.get()).path is None
            writer.close()
        assert len(desk.troubles) == 1 and "relaying goes on" in desk.troubles[0]

    run(scene())


def test_stopping_tears_what_is_under_way_and_keeps_what_came(tmp_path: Path) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(CHUNKED + chunk(b"data: a\n\n"))
        await reader.read()

    async def scene() -> None:
        async with upstream(handle) as port, recording(port, tmp_path) as desk:
            reader, writer = await desk.connect()
            writer.write(GET)
            await reader.readuntil(b"data: a\n\n\r\n")
            await desk.recorder.stop()
            assert await read_to_end(reader) == (b"", "rst")
            _, capture = await desk.next()
            writer.close()
        assert capture.cause == "recorder-stopped" and capture.data("<").endswith(b"data: a\n\n\r\n")

    run(scene())


@pytest.mark.parametrize(
    "target",
    [
        b"/../../../etc/passwd",
        b"/..%2f..%2fx",
        b"/a\x00b",
        b"/" + "\U0001f600".encode() * 2000,
        b"/" + b"A" * 8000,
        b"/CON:|?<>*\"'\\",
        b"//evil.example.com/x",
        b"/.hidden",
        b"/-rf",
    ],
)
def test_no_request_chooses_where_its_capture_goes(tmp_path: Path, target: bytes) -> None:
    out = tmp_path / "out"

    async def scene() -> None:
        async with upstream(echo()) as port, recording(port, out) as desk:
            reader, writer = await desk.connect()
            writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await reader.readuntil(b"0\r\n\r\n")).startswith(b"HTTP/1.1 200")
            told, capture = await desk.next()
            writer.close()
        assert target in capture.data(">")
        assert told.path is not None and told.path.parent == out
        assert set(told.path.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-") and len(told.path.name) < 200
        assert ".." not in told.path.name
        assert [path.name for path in tmp_path.iterdir()] == ["out"]

    run(scene())


def test_two_recorders_in_one_folder_do_not_collide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import streamdoctor.record.store as store

    class Stopped(store.datetime):  # type: ignore[misc, name-defined]
        @classmethod
        def now(cls, tz: object = None) -> store.datetime:  # type: ignore[name-defined]
            return cls(2026, 11, 22, 16, tzinfo=store.UTC)  # type: ignore[attr-defined]

    monkeypatch.setattr(store, "datetime", Stopped)

    async def scene() -> None:
        async with upstream(echo()) as port, recording(port, tmp_path) as one, recording(port, tmp_path) as two:
            for desk in (one, two):
                reader, writer = await desk.connect()
                writer.write(GET)
                await reader.readuntil(b"0\r\n\r\n")
                writer.close()
                await desk.next()
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names == [
            "20261122-160000.000000-127.0.0.1-v1-x-2.capture.jsonl",
            "20261122-160000.000000-127.0.0.1-v1-x.capture.jsonl",
        ]

    run(scene())


@pytest.mark.parametrize(
    "url",
    ["", "api.example.com", "ftp://h", "http://", "http://h:99999", "http://h:x", "https://u:p@h", "http://h/?k=1",
     "http://h/a b", "http://[::1", "http://h/\x1b[2J"],
)  # fmt: skip
def test_a_bad_upstream_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(UsageError) as raised:
        Recorder(url)
    assert "\n" not in str(raised.value)


def test_what_cannot_be_listened_on_or_written_to(tmp_path: Path) -> None:
    async def scene() -> None:
        async with upstream(echo()) as port:
            with pytest.raises(UsageError, match="the port is in use"):
                await Recorder("http://h", port=port, out=tmp_path).start()
        (tmp_path / "file").write_text("")
        with pytest.raises(UsageError, match="cannot write to the folder"):
            await Recorder("http://h", out=tmp_path / "file" / "out").start()
        with pytest.raises(UsageError, match="this very listener"):
            await Recorder("http://127.0.0.1:4711", port=4711, out=tmp_path).start()

    run(scene())
