"""`streamdoctor serve` as a user runs it: a process, what it says, signals, exit codes."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streamdoctor.capture.file import load
from streamdoctor.capture.model import RECEIVED, SENT
from tests.cli.conftest import CAPTURES, Run
from tests.cli.test_errors import one_clear_line
from tests.record.sockets import run as play

Process = asyncio.subprocess.Process

ASCII = CAPTURES / "llama-chat-ascii.capture.jsonl"
RESET = CAPTURES / "node-chat-reset.capture.jsonl"
FEED = CAPTURES / "starlette-app-events.capture.jsonl"


@asynccontextmanager
async def serving(*arguments: object) -> AsyncIterator[tuple[Process, int, str]]:
    """The command at work, its port, and what it said until then."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streamdoctor", "serve", *map(str, arguments), "--listen", "127.0.0.1:0",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        said = await process.stderr.readuntil(b"ctrl-C ends it\n")
        found = re.search(rb"http://127\.0\.0\.1:(\d+)", said)
        assert found, said
        yield process, int(found[1]), said.decode()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def end(process: Process, how: signal.Signals = signal.SIGINT) -> str:
    process.send_signal(how)
    out, err = await process.communicate()
    assert out == b"" and b"Traceback" not in err
    assert process.returncode == 0
    return err.decode()


async def request(port: int, data: bytes, size: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    got = await reader.readexactly(size)
    writer.close()
    return got


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_says_what_there_is_who_took_what_and_sums_up(how: signal.Signals) -> None:
    async def scene() -> None:
        async with serving(ASCII, RESET, FEED, "--speed", "0") as (process, port, said):
            for path in (ASCII, ASCII, RESET):
                source = load(path)
                wanted = source.data(RECEIVED)
                assert await request(port, source.data(SENT), len(wanted)) == wanted
            assert await request(port, b"GET /\x1b[2J HTTP/1.1\r\nHost: h\r\n\r\n", 12) == b"HTTP/1.1 404"
            err = await end(process, how)
        assert said.startswith("serving 3 captures on http://127.0.0.1:")
        assert "POST /v1/chat/completions  llama-chat-ascii\n" in err and "GET /feed  starlette-app-events\n" in err
        assert f"OPENAI_BASE_URL=http://127.0.0.1:{port}/v1  # llama-chat-ascii\n" in err
        assert re.search(r"POST /v1/chat/completions  200  llama-chat-ascii  39 of 39 pieces, 9,914 bytes.* complete\n",
                         err)  # fmt: skip
        assert re.search(r"node-chat-reset  14 of 14 pieces.*  (?:reset|the client left after 14 of 14)\n", err)
        assert "4 requests:\n" in err and "llama-chat-ascii: taken 2 times: complete 2\n" in err
        assert "no capture: 1 request answered by the server itself\n" in err
        assert "\x1b" not in err and "starlette-app-events: taken" not in err

    play(scene())


def test_a_client_that_leaves_early_is_named_in_the_summary() -> None:
    async def scene() -> None:
        async with serving(FEED) as (process, port, _):
            assert process.stderr is not None
            await request(port, b"GET /feed HTTP/1.1\r\nHost: h\r\n\r\n", 100)
            line = await process.stderr.readuntil(b" of 7\n")
            err = await end(process)
        assert re.search(rb"the client left after [1-6] of 7\n", line)
        assert "taken 1 time: client-closed 1 (1 before the last piece)" in err

    play(scene())


def test_nobody_came() -> None:
    async def scene() -> None:
        async with serving(ASCII, "--speed", "10") as (process, _, said):
            err = await end(process)
        assert ", 10 times as fast as recorded; ctrl-C ends it" in said and "no request came\n" in err

    play(scene())


def test_what_is_played_otherwise_is_said() -> None:
    async def scene() -> None:
        split = ("--split", "bytes", "--fault", "no-marker", "--speed", "0", "--cors")
        async with serving(FEED, ASCII, *split) as (process, port, _):
            head = await request(port, load(ASCII).data(SENT), 12)
            err = await end(process)
        assert head == b"HTTP/1.1 200"
        assert "starlette-app-events: played as recorded (no-marker: does not apply to it)" in err
        assert "bodies are decoded, cut and framed anew" in err and "--cors: headers are added" in err
        assert "llama-chat-ascii (bytes no-marker)" in err

    play(scene())


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "Missing argument"),
        (["nowhere.capture.jsonl"], 3, "no such file"),
        (["EMPTY"], 2, "no capture in this folder"),
        (["BROKEN"], 3, "not a streamdoctor capture"),
        ([ASCII, "--split", "nope"], 2, "unknown split"),
        ([ASCII, "--split", "standard"], 2, "serve plays one"),
        ([ASCII, "--split", "cuts:999999"], 2, "not inside the body"),
        ([ASCII, "--fault", "nope"], 2, "unknown fault"),
        ([FEED, "--fault", "no-marker"], 2, "does not apply"),
        ([ASCII, "--framing", "nope"], 2, "nope"),
        ([ASCII, "--speed", "-1"], 2, "-1"),
        ([ASCII, "--listen", "nowhere"], 2, "expected HOST:PORT"),
        ([ASCII, "--listen", "PORT"], 2, "the port is in use"),
    ],
)
def test_a_mistake_is_one_clear_line(run: Run, tmp_path: Path, arguments: list[object], code: int, says: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.capture.jsonl").write_bytes(b"hello\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = f"127.0.0.1:{taken.getsockname()[1]}"
        names = {"EMPTY": tmp_path / "empty", "BROKEN": tmp_path / "broken.capture.jsonl", "PORT": port}
        done = run("serve", *(names.get(str(word), word) for word in arguments))
    assert done.code == code
    assert says in done.err and done.out == ""
    assert one_clear_line(done.err)
