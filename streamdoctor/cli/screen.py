"""The live table on a terminal: what ended scrolls by, what is open is drawn anew below it.

Rules: one write a frame, at most ten a second, none where nothing changed; a terminal that takes nothing (ctrl-S) costs
frames, never relaying. All text comes from `report.live`, made safe there.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence

from streamdoctor.cli.outlet import Outlet
from streamdoctor.record.commands import Close, Keep, Note, Open
from streamdoctor.record.store import Recording
from streamdoctor.record.watch import Watch
from streamdoctor.report.live import ended_lines, header_line, live_lines
from streamdoctor.visible import safe_text

_FRAME_SECONDS = 0.1
_LINES_A_HEADER = 40


class Screen:
    """Draws on the terminal at `descriptor` until it is closed."""

    def __init__(self, descriptor: int, colour: bool) -> None:
        loop = asyncio.get_running_loop()
        self.watch = Watch()
        self._descriptor = descriptor
        self._colour = colour
        self._outlet = Outlet(descriptor, loop, lambda _: None, lambda _: None, lambda: None)
        self._drawn: list[str] = []
        self._said: list[str] = []
        self._since_header = _LINES_A_HEADER
        self._ticking = loop.create_task(self._tick())

    def hear(self, recording: Recording, command: Open | Keep | Note | Close) -> None:
        self.watch.hear(time.monotonic_ns(), recording, command)

    def say(self, line: str) -> None:
        """A line that stays, above the table."""
        self._said.append(safe_text(line))

    async def close(self) -> None:
        """The last frame: what is open is left out, for the summary says it."""
        self._ticking.cancel()
        width, _ = self._size()
        self._write(self._lasting(width), [])
        await self._outlet.close()

    async def _tick(self) -> None:
        while True:
            if not self._outlet.waiting:
                self._draw()
            await asyncio.sleep(_FRAME_SECONDS)

    def _draw(self) -> None:
        width, height = self._size()
        table = live_lines(self.watch, time.monotonic_ns(), width, max(height - 2, 1), colour=self._colour)
        lasting = self._lasting(width)
        if lasting or table != self._drawn:
            self._write(lasting, table)

    def _lasting(self, width: int) -> list[str]:
        """What stays: what was said, what ended; the titles of the columns now and then."""
        said, self._said = self._said, []
        ended = ended_lines(self.watch.collect(), width, colour=self._colour)
        if ended or self.watch.open:
            if self._since_header >= _LINES_A_HEADER:
                self._since_header = 0
                ended.insert(0, header_line(width))
            self._since_header += len(ended)
        return said + ended

    def _write(self, lasting: Sequence[str], table: Sequence[str]) -> None:
        width, _ = self._size()
        up = sum(max(-(-_columns(line) // width), 1) for line in self._drawn)
        start = f"\x1b[{up}A\r" if up else "\r"
        text = "".join(f"{line}\x1b[K\r\n" for line in (*lasting, *table))
        self._drawn = list(table)
        self._outlet.write(f"{start}{text}\x1b[J".encode("utf-8", "replace"))

    def _size(self) -> tuple[int, int]:
        """Columns, less the last, in which some terminals wrap; and lines."""
        try:
            size = os.get_terminal_size(self._descriptor)
        except OSError:
            return 79, 24
        return max(size.columns - 1, 1), max(size.lines, 1)


def _columns(line: str) -> int:
    """How wide a line of ours stands on the screen: without its colours."""
    import click

    return len(click.unstyle(line))
