"""Long work, done in other processes: the app stays at the keyboard, and what is stopped is gone at once.

Rule: no fork here (this process has threads and a loop); each piece of work starts a process anew (`errand`).
"""

from __future__ import annotations

import json
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncGenerator
from dataclasses import asdict, dataclass
from typing import Any

from streamdoctor.tui import processes


@dataclass(frozen=True)
class Check:
    """What to check. Empty axes stand for the default of `check`."""

    parsers: tuple[str, ...]
    subjects: tuple[str, ...]
    splits: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    rephrasings: tuple[str, ...] = ()
    seed: int = 0

    @property
    def pairs(self) -> int:
        return len(self.parsers) * len(self.subjects)


async def check(request: Check) -> AsyncGenerator[dict[str, Any], None]:
    """The messages of a check (see `errand`), as they come. Closing the generator stops the work."""
    process = await processes.start(["-m", "streamdoctor.tui.errand"], stderr=DEVNULL)
    try:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(asdict(request)).encode() + b"\n")
        process.stdin.write_eof()
        async for line in process.stdout:
            yield json.loads(line)
    finally:
        await processes.kill(process)
