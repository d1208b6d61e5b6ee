"""How long a key waits while a check of 10,000 cases runs in the background, beside how long it waits alone."""

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

from streamdoctor.tui.app import Lab
from streamdoctor.tui.state import State
from streamdoctor.tui.widgets.rows import Rows

CAPTURES = Path(__file__).parents[2] / "captures"
CASES = 10_000
PARSERS = ("reference", "finally-works", "decodes-each-piece", "splits-lines-everywhere", "limits-lines",
           "waits-longer")  # fmt: skip
KEYS = 200


def main(words: list[str]) -> None:
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
