"""`streamdoctor fetch` as its users run it, and the request it makes."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import pty
import signal
import sys
from pathlib import Path

import pytest

from streamdoctor.capture.file import expand, load
from streamdoctor.capture.model import Capture
from streamdoctor.cli.fetch import Body, SafeText
from streamdoctor.errors import UsageError
from streamdoctor.record.asking import build_request
from tests.record.sockets import CHUNKED, Handler, read_head, reset, run, until_taken, upstream

EVENTS = ["data: caf\u00e9 \x1b[2J\r\n\r\n".encode(), b"data: [DONE]\r\n\r\n"]
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


async def fetch(*arguments: str, out: Path, **streams: int) -> asyncio.subprocess.Process:
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE, **streams}
    words = (sys.executable, "-m", "streamdoctor", "fetch", "--out", str(out), *arguments)
    return await asyncio.create_subprocess_exec(*words, **pipes)


def only(out: Path) -> Capture:
    (path,) = expand([str(out)])
    return load(path)


def answering(*pieces: bytes, end: str = "fin") -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        for piece in pieces:
            writer.write(piece)
        await until_taken(writer)
        if end == "rst":
            reset(writer)
        elif end == "wait":
            await reader.read()

    return handle


def chunks(*events: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(event), event) for event in events)


def test_the_body_is_printed_as_it_arrives_and_all_of_it_recorded(tmp_path: Path) -> None:
    async def scene() -> None:
        gate = asyncio.Event()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await read_head(reader)
            assert b"Authorization: Bearer sk-0123456789" in head and head.startswith(b"POST /v1/chat?a=b HTTP/1.1\r\n")
            assert await reader.readexactly(7) == b'{"n":1}'
            writer.write(CHUNKED + chunks(EVENTS[0]))
            await gate.wait()
            writer.write(chunks(EVENTS[1]) + b"0\r\n\r\n")
            await reader.read()

        async with upstream(handle) as port:
            url = f"http://127.0.0.1:{port}/v1/chat?a=b"
            process = await fetch(url, "-d", '{"n":1}', "-H", "Authorization: Bearer sk-0123456789", out=tmp_path)
            assert process.stdout is not None
            assert await process.stdout.readexactly(len(EVENTS[0])) == EVENTS[0], "while the response is under way"
            gate.set()
            out, err = await process.communicate()
        capture = only(tmp_path)
        assert out == EVENTS[1] and process.returncode == 0
        assert capture.data("<") == CHUNKED + chunks(*EVENTS) + b"0\r\n\r\n"
        assert (capture.header.via, capture.cause) == ("fetch", "complete")
        assert b"sk-0123456789" not in capture.data(">") and capture.data(">").endswith(b'{"n":1}')
        assert "complete (chunked)" in err.decode() and str(tmp_path) in err.decode()

    run(scene())


@pytest.mark.parametrize(
    ("pieces", "end", "code", "cause"),
    [
        ((HELLO,), "wait", 0, "complete"),
        ((b"HTTP/1.1 500 Oh\r\nContent-Length: 1\r\n\r\nx",), "wait", 0, "complete"),
        ((b"HTTP/1.1 200 OK\r\n\r\nto the end",), "fin", 0, "complete"),
        ((CHUNKED, chunks(EVENTS[0])), "fin", 1, "eof"),
        ((CHUNKED, chunks(EVENTS[0])), "rst", 1, "reset"),
        ((b"hello, this is no HTTP",), "fin", 1, "protocol-error"),
        ((), "fin", 1, "eof"),
    ],
)
def test_how_it_ended_is_in_the_exit_code_and_the_capture(
    tmp_path: Path, pieces: tuple[bytes, ...], end: str, code: int, cause: str
) -> None:
    async def scene() -> None:
        async with upstream(answering(*pieces, end=end)) as port:
            process = await fetch(f"http://127.0.0.1:{port}", out=tmp_path)
            _, err = await process.communicate()
        assert (process.returncode, only(tmp_path).cause) == (code, cause), err

    run(scene())


@pytest.mark.parametrize(
    ("url", "cause", "message"),
    [
        ("http://127.0.0.1:1/x", "refused", "127.0.0.1:1 refused the connection"),
        ("http://no-such-host.invalid/x", "dns-error", "no-such-host.invalid cannot be resolved"),
    ],
)
def test_nobody_there_is_one_clear_line_and_a_capture(tmp_path: Path, url: str, cause: str, message: str) -> None:
    async def scene() -> None:
        process = await fetch(url, out=tmp_path)
        out, err = await process.communicate()
        assert (process.returncode, out) == (4, b"")
        assert sum(message in line for line in err.decode().splitlines()) == 1
        capture = only(tmp_path)
        assert capture.cause == cause and capture.data(">").startswith(b"GET /x HTTP/1.1\r\n")
        assert capture.end is not None and message in capture.end.details["message"]

    run(scene())


def test_what_is_no_tls_is_said(tmp_path: Path) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async def scene() -> None:
        async with upstream(handle) as port:
            process = await fetch(f"https://127.0.0.1:{port}/", out=tmp_path)
            _, err = await process.communicate()
        assert process.returncode == 4 and "does not speak TLS" in err.decode()
        assert only(tmp_path).cause == "tls-error"

    run(scene())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_a_capture_that_says_so(tmp_path: Path, how: signal.Signals) -> None:
    async def scene() -> None:
        async with upstream(answering(CHUNKED, chunks(EVENTS[0]), end="wait")) as port:
            process = await fetch(f"http://127.0.0.1:{port}", out=tmp_path)
            assert process.stdout is not None
            await process.stdout.readexactly(len(EVENTS[0]))
            process.send_signal(how)
            _, err = await process.communicate()
        assert process.returncode == 130 and b"Traceback" not in err
        capture = only(tmp_path)
        assert capture.cause == "client-closed" and capture.end is not None
        assert capture.end.details["by"] == "interrupted"

    run(scene())


def test_a_reader_that_leaves_ends_it(tmp_path: Path) -> None:
    async def scene() -> None:
        gone = asyncio.Event()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_head(reader)
            writer.write(CHUNKED + chunks(EVENTS[0]))
            await gone.wait()
            writer.write(chunks(EVENTS[1]))
            assert not await reader.read(), "the fetch leaves"

        async with upstream(handle) as port:
            ours, theirs = os.pipe()
            process = await fetch(f"http://127.0.0.1:{port}", out=tmp_path, stdout=theirs)
            os.close(theirs)
            await asyncio.to_thread(os.read, ours, 1)
            os.close(ours)
            gone.set()
            _, err = await process.communicate()
        assert process.returncode == 0 and b"Traceback" not in err
        assert only(tmp_path).cause == "client-closed"

    run(scene())


def test_a_reader_that_is_behind_holds_the_upstream_back(tmp_path: Path) -> None:
    size = 8 << 20

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        await writer.drain()

    async def scene() -> None:
        async with upstream(handle) as port:
            ours, theirs = os.pipe()
            process = await fetch(f"http://127.0.0.1:{port}", out=tmp_path, stdout=theirs)
            os.close(theirs)
            while not list(tmp_path.glob("*")) or b"downstream-paused" not in only_bytes(tmp_path):
                await asyncio.sleep(0.01)
            got = await asyncio.to_thread(_drain, ours)
            await process.wait()
        assert got == size and process.returncode == 0
        marks = [mark.name for mark in only(tmp_path).marks()]
        paused, resumed = (marks.count(f"downstream-{what}") for what in ("paused", "resumed"))
        assert paused - resumed in (0, 1) and resumed >= 1  # the last pause may outlive the response

    run(scene())


def only_bytes(out: Path) -> bytes:
    (path,) = expand([str(out)])
    return path.read_bytes()


def _drain(descriptor: int) -> int:
    got = 0
    while data := os.read(descriptor, 1 << 20):
        got += len(data)
    os.close(descriptor)
    return got


def test_a_terminal_gets_nothing_raw(tmp_path: Path) -> None:
    async def scene() -> None:
        packed = gzip.compress(EVENTS[0])
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
        async with upstream(answering(head + packed, end="wait")) as port:
            ours, theirs = pty.openpty()
            process = await fetch(f"http://127.0.0.1:{port}", out=tmp_path, stdout=theirs)
            os.close(theirs)
            await process.communicate()
        shown = os.read(ours, 4096).decode()
        os.close(ours)
        assert shown == "data: caf\u00e9 \\x1b[2J\r\n\r\n"  # the terminal itself makes CRLF of LF

    run(scene())


def test_safe_text_is_the_same_however_it_comes() -> None:
    data = "a\r\nb\rc\u009b\u2028\t\u2713 \U0001f9d1\u200d\U0001f680".encode() + b"\xff\xe2\x9c"
    want = b"a\nb\\rc\\x9b\\u2028\t\xe2\x9c\x93 \xf0\x9f\xa7\x91\xe2\x80\x8d\xf0\x9f\x9a\x80\\xff\\xe2\\x9c"
    ways = [[data[:cut], data[cut:]] for cut in range(len(data))]
    for pieces in [*ways, [bytes([byte]) for byte in data]]:
        shown = SafeText()
        assert b"".join(map(shown.feed, pieces)) + shown.close() == want


def test_a_pipe_gets_the_body_alone_and_unchanged() -> None:
    body = Body("GET", terminal=False)
    assert b"".join(body.feed(bytes([byte])) for byte in HELLO) + body.close() == b"hello"
    assert Body("HEAD", terminal=False).feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") == b""


def test_the_request() -> None:
    request = build_request("https://h.example:444/a b/\u00e9?q=\u2713&x=%20", None, ["X: 1", "user-agent:"], b"a=b")
    lines = request.data.decode().split("\r\n")
    assert lines[0] == "POST /a%20b/%C3%A9?q=%E2%9C%93&x=%20 HTTP/1.1"
    assert lines[1:] == [
        "Host: h.example:444", "Accept: */*", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 3",
        "X: 1", "", "a=b",
    ]  # fmt: skip
    assert request.upstream.url == "https://h.example:444"
    assert build_request("http://h", None, [], None).data.startswith(b"GET / HTTP/1.1\r\nHost: h\r\n")
    assert b"Content-Type: application/json\r\n" in build_request("http://h", "PUT", [], json.dumps({}).encode()).data


@pytest.mark.parametrize(
    ("url", "method", "headers"),
    [
        ("h.example/x", None, []),
        ("ftp://h", None, []),
        ("http://", None, []),
        ("http://user:word@h", None, []),
        ("http://h:port", None, []),
        ("http://h", "G T", []),
        ("http://h", None, ["no colon"]),
        ("http://h", None, ["A: b\r\nC: d"]),
        ("http://h", None, [": b"]),
    ],
)
def test_what_cannot_be_sent_is_the_callers_mistake(url: str, method: str | None, headers: list[str]) -> None:
    with pytest.raises(UsageError):
        build_request(url, method, headers, None)


def test_nothing_in_a_url_can_add_a_line() -> None:
    assert build_request("http://h/\r\nX: y?\r\nZ: w", None, [], None).data.count(b"\r\n") == 5
