"""Playing captures, measured: how far from their recorded times pieces arrive, and what apart costs without waiting.

Beside it a bare asyncio server that sleeps between writes, for what loop and machine take. All share the machine.
"""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from streamdoctor.capture.file import CaptureWriter
from streamdoctor.capture.model import RECEIVED, SENT, Header
from tests.replay.scenes import MS, POST, odd_pieces

GAP_MS = 30
ROUNDS = 10
CLIENTS = 200
MANY = 20_000
BUDGET_MS = 5.0


def main(words: Sequence[str]) -> None:
    pieces = odd_pieces()
    print(f"{len(pieces)} pieces {GAP_MS} ms apart, then RST; error of a piece's time since the request, in ms")
    with tempfile.TemporaryDirectory() as folder:
        recorded = _write(Path(folder) / "odd.capture.jsonl", pieces, GAP_MS)
        with _served(recorded) as port:
            ours = _errors([_one(port, len(pieces)) for _ in range(ROUNDS)])
            crowd = _errors(asyncio.run(_crowd(port, len(pieces))))
        bare = _errors(asyncio.run(_beside_bare(pieces)))
        _say("one client", ours, f"   budget {BUDGET_MS}: {'holds' if _p95(ours) < BUDGET_MS else 'MISSED'}")
        _say(f"{CLIENTS} clients at once", crowd)
        _say(f"{CLIENTS} clients at once, bare asyncio", bare, f"   ours is {_p95(crowd) / _p95(bare):.1f} x")
        many = _write(Path(folder) / "many.capture.jsonl", [pieces[0], *[b"5\r\n12345\r\n"] * MANY], 0)
        with _served(many, "--speed", "0") as port:
            _say_apart(port)


def _say(title: str, errors: Sequence[float], more: str = "") -> None:
    print(f"  {title:36} p50 {errors[len(errors) // 2]:6.2f}  p95 {_p95(errors):6.2f}  max {errors[-1]:6.2f}{more}")


def _say_apart(port: int) -> None:
    start = time.perf_counter()
    arrivals = _one(port, MANY + 1)
    seconds = time.perf_counter() - start
    print(
        f"without waiting, {MANY:,} pieces: {len(arrivals) - 1:,} reads, {(len(arrivals) - 1) / seconds:,.0f} a second"
    )


def _p95(errors: Sequence[float]) -> float:
    return errors[len(errors) * 95 // 100]


def _errors(runs: Sequence[Sequence[float]]) -> list[float]:
    """Distances in ms of all arrivals (seconds since the request) from where they were recorded, sorted."""
    return sorted(abs(at * 1000 - GAP_MS * n) for run in runs for n, at in enumerate(run, 1))


def _write(path: Path, pieces: Sequence[bytes], gap_ms: int) -> Path:
    writer = CaptureWriter(path, Header("2026-11-23T00:00:00Z", "bench"))
    writer.read(0, SENT, POST)
    for number, piece in enumerate(pieces, 1):
        writer.read(number * gap_ms * MS, RECEIVED, piece)
    writer.end((len(pieces) + 1) * gap_ms * MS, "reset", "upstream")
    return path


@contextmanager
def _served(*arguments: object) -> Iterator[int]:
    words = [sys.executable, "-m", "streamdoctor", "serve", *map(str, arguments), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(words, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        try:
            found = re.search(rb"127\.0\.0\.1:(\d+)", process.stderr.readline())
            assert found
            yield int(found[1])
        finally:
            process.terminate()
            process.stderr.read()


def _one(port: int, pieces: int) -> list[float]:
    """When each read came, to the end, in seconds since the request; the end itself last."""
    arrivals = []
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(POST)
        start = time.perf_counter()
        try:
            while client.recv(1 << 16):
                arrivals.append(time.perf_counter() - start)
        except ConnectionResetError:
            pass
        arrivals.append(time.perf_counter() - start)
    if len(arrivals) != pieces + 1:
        print(f"  {len(arrivals) - 1} reads instead of {pieces}")
    return arrivals


async def _crowd(port: int, pieces: int) -> list[list[float]]:
    return list(await asyncio.gather(*(_many(port) for _ in range(CLIENTS))))


async def _many(port: int) -> list[float]:
    now = asyncio.get_running_loop().time
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(POST)
    start, arrivals = now(), []
    try:
        while await reader.read(1 << 16):
            arrivals.append(now() - start)
    except ConnectionResetError:
        pass
    writer.close()
    return [*arrivals, now() - start]


async def _beside_bare(pieces: Sequence[bytes]) -> list[list[float]]:
    """The same crowd at a server of a few lines, in a process of its own."""
    source = (
        "import asyncio, sys\n"
        f"pieces, gap = {list(pieces)!r}, {GAP_MS / 1000}\n"
        "async def serve(reader, writer):\n"
        "    await reader.read(65536)\n"
        "    start = asyncio.get_running_loop().time()\n"
        "    for number, piece in enumerate([*pieces, None], 1):\n"
        "        await asyncio.sleep(start + number * gap - asyncio.get_running_loop().time())\n"
        "        writer.close() if piece is None else writer.write(piece)\n"
        "async def main():\n"
        "    server = await asyncio.start_server(serve, '127.0.0.1', 0, backlog=1024)\n"
        "    print(server.sockets[0].getsockname()[1], flush=True)\n"
        "    await asyncio.to_thread(sys.stdin.read)\n"
        "asyncio.run(main())\n"
    )
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", source, stdin=pipe, stdout=pipe)
    assert process.stdout is not None and process.stdin is not None
    port = int(await process.stdout.readline())
    try:
        return await _crowd(port, len(pieces))
    finally:
        process.stdin.close()
        await process.wait()
