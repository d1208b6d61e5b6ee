"""The terminal interface: a capture of 1,000,000 reads, and how long a key waits while 10,000 cases are checked.

DESIGN section 10: first paint under 1 s, any jump under 50 ms, memory flat. The program runs on a pseudo-terminal: a
time is from its start, or from a key, to what stands on the screen then. `quick`: 50,000 reads.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from textual.pilot import Pilot

from streamdoctor.capture.file import SUFFIX, CaptureWriter
from streamdoctor.capture.model import RECEIVED, SENT, Header
from streamdoctor.tui.app import Lab
from streamdoctor.tui.state import State
from streamdoctor.tui.widgets.rows import Rows
from tests.bench.terminal import Terminal

CAPTURES = Path(__file__).parents[2] / "captures"
CASES = 10_000
PARSERS = ("reference", "finally-works", "decodes-each-piece", "splits-lines-everywhere", "limits-lines",
           "waits-longer")  # fmt: skip
KEYS = 200
READS, QUICK_READS = 1_000_000, 50_000
PAINT, JUMP = 1.0, 0.050
"""Seconds: the budgets."""
JUMPS = 100
_MS = 1_000_000


def main(words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _reads(Path(folder), QUICK_READS if "quick" in words else READS)
    _cases()


# --- a long capture


def _reads(folder: Path, count: int) -> None:
    """Opens it from the list of captures, goes through it while it is read, then jumps about in it."""
    generate(folder / f"long{SUFFIX}", count)
    pieces = count - 1
    with Terminal(["tui", "."], folder) as terminal:
        listed = terminal.until("unread") - terminal.started
        opened = terminal.jump("\r", "step 1 of")
        print(f"a capture of {count:,} reads: listed after {_told(listed, PAINT)}, its bytes {_told(opened, PAINT)}")
        reading = _while_it_is_read(terminal, pieces)
        print(f"  all of it read {time.perf_counter() - terminal.started:.0f} s after the start")
        if reading:
            _print("  ] meanwhile", [wait * 1e3 for wait in reading])
        _jumps(terminal, pieces)
    with Terminal(["tui", "."], folder) as terminal:
        terminal.until("unread")
        terminal.jump("\r", "step 1 of")
        print(f"  left while it is read: {terminal.leave('q'):.2f} s after q")


def generate(path: Path, count: int) -> None:
    """A capture of one response in `count` reads: the head, then an event a read."""
    writer = CaptureWriter(path, Header("2026-11-22T16:00:00.000000Z", "bench"), batched=True)
    writer.read(0, SENT, b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
    writer.read(_MS, RECEIVED, b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    for number in range(2, count + 1):
        event = b'data: {"choices":[{"index":0,"delta":{"content":"%d "}}]}\n\n' % number
        writer.read(number * _MS, RECEIVED, event)
        if number % 1000 == 0:
            writer.flush()
    writer.end(count * _MS, "complete", "upstream", "close")


def _while_it_is_read(terminal: Terminal, pieces: int) -> list[float]:
    """Steps on until the screen counts all pieces (and the end); the seconds each key took."""
    waits: list[float] = []
    step, whole = 1, f"of {pieces + 1:,}:"
    while whole not in terminal.shown:
        step += 1
        waits.append(terminal.jump("]", f"step {step:,} of"))
        time.sleep(0.05)
    return waits


def _jumps(terminal: Terminal, pieces: int) -> None:
    """To the end and back, with the memory before and after."""
    ends = [("G", f"step {pieces:,} of"), ("g", "step 1 of")]
    _jump(terminal, *ends[0])
    before = terminal.memory
    waits = [_jump(terminal, *ends[number % 2]) for number in range(1, JUMPS)]
    slow = sum(wait > JUMP * 1e3 for wait in waits)
    _print("  G and g", waits)
    print(f"  {slow} of {len(waits)} over {JUMP * 1e3:.0f} ms; memory {before:,} MiB, then {terminal.memory:,} MiB")


def _jump(terminal: Terminal, key: str, text: str) -> float:
    time.sleep(0.02)
    return terminal.jump(key, text) * 1e3


def _told(seconds: float, budget: float) -> str:
    return f"{seconds:.2f} s{'' if seconds <= budget else f' (over {budget:g} s)'}"


# --- a check in the background


def _cases() -> None:
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            shutil.copytree(CAPTURES, "captures")
            asyncio.run(_measure())
        finally:
            os.chdir(here)


async def _measure() -> None:
    state = State(parsers=PARSERS, splits=("standard",), place="matrix")
    async with Lab(Path("captures"), state=state).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        while len(app.captures_screen.entries) < len(list(CAPTURES.glob("*.jsonl"))):
            app.go("captures")
            await pilot.pause(0.1)
        app.go("matrix")
        await pilot.pause(0.1)
        app.check()
        while not app.grid.subjects:
            await pilot.pause(0.1)
        app.stop_check()
        await pilot.pause(0.5)
        alone = await _waits(pilot, lambda: False)
        started = time.perf_counter()
        app.check()
        await pilot.pause(0.2)
        busy = await _waits(pilot, lambda: app.checking.running)
        seconds = time.perf_counter() - started
        cases = sum(result.cases for result in app.grid.results.values())
    print(f"{cases:,} cases in {seconds:.1f} s ({'enough' if cases >= CASES else 'too few: add parsers'})")
    _print("alone", alone)
    _print("while checking", busy)
    print(f"ratio of the medians {statistics.median(busy) / statistics.median(alone):.1f}")


async def _waits(pilot: Pilot[str], more: Callable[[], bool]) -> list[float]:
    """Milliseconds from a key to the line that it moves to, for KEYS keys, or as long as there is `more`."""
    rows = pilot.app.matrix_screen.query_one(Rows)
    waits: list[float] = []
    while len(waits) < KEYS or more():
        before = rows.cursor
        key = "j" if before < rows.count - 1 else "g"
        started = time.perf_counter()
        pilot.app.simulate_key(key)
        while rows.cursor == before:
            await asyncio.sleep(0)
        waits.append((time.perf_counter() - started) * 1e3)
        await asyncio.sleep(0.02)
    return waits


def _print(name: str, waits: Sequence[float]) -> None:
    ordered = sorted(waits)
    half, most = (ordered[len(ordered) * percent // 100] for percent in (50, 95))
    print(f"{name:16} {len(waits):>5} keys: p50 {half:.1f} ms, p95 {most:.1f} ms, max {ordered[-1]:.1f} ms")


if __name__ == "__main__":
    main([])
