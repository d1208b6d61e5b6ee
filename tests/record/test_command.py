"""`streamdoctor record` as a user runs it: a process, signals, exit codes, and one clear line for what is wrong."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streamdoctor.capture.file import expand, load
from streamdoctor.cli.listening import parse_listen
from streamdoctor.errors import UsageError
from tests.record.sockets import CHUNKED, GET, read_head, read_to_end, run, upstream

Process = asyncio.subprocess.Process


async def start(*arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streamdoctor", "record", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@asynccontextmanager
async def command(url: str, out: Path, *options: str) -> AsyncIterator[tuple[Process, int]]:
    """The command at work, and the port it listens on."""
    process = await start("--upstream", url, "--listen", "127.0.0.1:0", "--out", str(out), *options)
    try:
        assert process.stderr is not None
        said = b""
        while not (port := re.search(rb"recording http://127\.0\.0\.1:(\d+) ", said)):
            line = await process.stderr.readline()
            assert line, said
            said += line
        yield process, int(port[1])
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def end(process: Process, how: signal.Signals) -> tuple[str, str]:
    process.send_signal(how)
    out, err = await process.communicate()
    assert b"Traceback" not in err
    return out.decode(), err.decode()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_with_a_summary_and_the_paths(tmp_path: Path, how: signal.Signals) -> None:
    async def scene() -> None:
        async with (
            upstream(serve) as upstream_port,
            command(f"http://127.0.0.1:{upstream_port}", tmp_path) as (
                process,
                port,
            ),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET)
            assert (await read_to_end(reader))[0].endswith(b"hi")
            writer.close()
            out, err = await end(process, how)
            assert process.returncode == 0
        assert [Path(line) for line in out.splitlines()] == expand([str(tmp_path)])
        assert "GET /v1/x  200" in err and "complete (length)" in err and "1 exchange, " in err

    run(scene())


def test_a_recording_to_which_nothing_came_says_so(tmp_path: Path) -> None:
    async def scene() -> None:
        async with command("http://127.0.0.1:1", tmp_path) as (process, _):
            out, err = await end(process, signal.SIGINT)
            assert process.returncode == 4
        assert out == "" and "OPENAI_BASE_URL=http://127.0.0.1:" in err.partition("no exchange came")[2]

    run(scene())


def test_what_an_upstream_sends_cannot_reach_the_terminal_raw(tmp_path: Path) -> None:
    async def scene() -> None:
        async with (
            upstream(serve) as upstream_port,
            command(f"http://127.0.0.1:{upstream_port}", tmp_path) as (
                process,
                port,
            ),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /\x1b[2J\x9b HTTP/1.1\r\nHost: h\r\n\r\n")
            await read_to_end(reader)
            writer.close()
            out, err = await end(process, signal.SIGINT)
        assert not set(out + err) & {"\x1b", "\x9b"}

    run(scene())


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--upstream", "ftp://h"], 2, "must begin with http:// or https://"),
        (["--upstream", "http://h", "--listen", "nowhere"], 2, "expected HOST:PORT"),
        (["--upstream", "http://h", "--out", "/dev/null/x"], 2, "cannot write to the folder"),
        (["--upstream", "http://h", "--redact-pattern", "("], 2, "--redact-pattern ("),
        (["--upstream", "http://h", "--redact-pattern", "a*"], 2, "matches the empty string"),
        (["--upstream", "http://h", "--redact-header", "a b"], 2, "no header name"),
        (["--upstream", "https://h", "--ca", "/dev/null/x"], 2, "--ca /dev/null/x"),
        (["http://h"], 127, "an upstream is given with --upstream URL"),
        (["--", "no-such-command-here", "-x"], 127, "no-such-command-here: command not found"),
        (["--", "/"], 126, "/: cannot be run"),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path: Path, options: list[str], status: int, message: str) -> None:
    async def scene() -> None:
        process = await start("--out", str(tmp_path), *options)
        out, err = await process.communicate()
        assert process.returncode == status and out == b""
        assert message in err.decode() and b"Traceback" not in err

    run(scene())


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    async def scene() -> None:
        async with upstream(serve) as port:
            process = await start("--upstream", "http://h", "--listen", f"127.0.0.1:{port}", "--out", str(tmp_path))
            _, err = await process.communicate()
        assert process.returncode == 2
        assert err.decode().startswith(f"streamdoctor: cannot listen on 127.0.0.1:{port}: the port is in use")

    run(scene())


def test_killed_in_the_middle_of_fifty_streams(tmp_path: Path) -> None:
    """Every capture loads, and lacks at most its last read."""
    pieces = [CHUNKED, *(b"5\r\nn=%02d\n\r\n" % n for n in range(10))]

    async def serve_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        for piece in pieces:
            writer.write(piece)
            await reader.readexactly(1)  # the client has it

    async def client(port: int, name: int) -> asyncio.StreamWriter:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n" % name)
        for number, piece in enumerate(pieces):
            assert await reader.readexactly(len(piece)) == piece
            if number + 1 < len(pieces):
                writer.write(b"+")
        return writer

    async def scene() -> None:
        async with upstream(serve_slowly) as upstream_port:
            async with command(f"http://127.0.0.1:{upstream_port}", tmp_path) as (process, port):
                writers = await asyncio.gather(*(client(port, name) for name in range(50)))
                process.kill()
                await process.wait()
            for writer in writers:
                writer.close()
        captures = [load(path) for path in expand([str(tmp_path)])]
        assert len(captures) == 50
        for capture in captures:
            stored = [read.data for read in capture.reads("<")]
            assert stored in (pieces, pieces[:-1])
            assert capture.end is None and capture.cause == "recorder-stopped"

    run(scene())


def test_a_disk_that_fills_up_stops_recording_and_nothing_else(tmp_path: Path) -> None:
    """A file may grow to 4 KiB: what fits stays readable, the client gets everything, the exit code says it."""
    body = b"data: 0123456789\n\n" * 1000

    async def serve_much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(CHUNKED)
        for at in range(0, len(body), 900):
            writer.write(b"%x\r\n%s\r\n" % (len(body[at : at + 900]), body[at : at + 900]))
            await writer.drain()
            await reader.readexactly(1)
        writer.write(b"0\r\n\r\n")

    async def scene() -> None:
        async with upstream(serve_much) as upstream_port:
            recorder = (
                "--upstream",
                f"http://127.0.0.1:{upstream_port}",
                "--listen",
                "127.0.0.1:0",
                "--out",
                str(tmp_path),
            )
            process = await asyncio.create_subprocess_exec(
                "sh", "-c", 'ulimit -f 8; exec "$0" -m streamdoctor record "$@"', sys.executable, *recorder,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            assert process.stderr is not None
            said = (await process.stderr.readline()).decode()
            reader, writer = await asyncio.open_connection("127.0.0.1", int(said.split()[1].rpartition(":")[2]))
            writer.write(b"POST /v1 HTTP/1.1\r\nHost: h\r\nContent-Length: 999\r\n\r\n")
            got = await reader.readexactly(len(CHUNKED) + 900)
            writer.write(b"+" * 999)
            got += (await read_to_end(reader))[0]
            writer.close()
            _, err = await end(process, signal.SIGINT)
        assert got.count(b"data: ") == 1000 and got.endswith(b"0\r\n\r\n")
        assert process.returncode == 1 and err.count("recording stopped: File too large") == 1
        (path,) = expand([str(tmp_path)])
        capture = load(path)
        assert got.startswith(capture.data("<")) and capture.data("<").startswith(CHUNKED)
        assert capture.end is None or capture.cause == "disk-full"
        assert not any("torn" in warning for warning in capture.warnings)

    run(scene())


def test_where_to_listen() -> None:
    assert parse_listen("127.0.0.1:8085") == ("127.0.0.1", 8085)
    assert parse_listen("[::1]:0") == ("::1", 0)
    assert parse_listen(":81") == parse_listen("81") == ("127.0.0.1", 81)
    for wrong in ("", "h", "h:", "h:x", "h:65536", "h:-1", "h:\u0661"):
        with pytest.raises(UsageError):
            parse_listen(wrong)
