"""The timeline: reads or pieces, what was due, what came out, over bytes or over time; the selected step is marked."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from streamdoctor.report.timeline import blocks_of
from streamdoctor.report.words import duration
from streamdoctor.tui.trace import Trace

_NAMES = 9


class Lanes(Widget):
    """Three lanes and a scale. A click goes to the step under it."""

    DEFAULT_CSS = "Lanes { height: 4; padding: 0 1; }"

    class Picked(Message):
        """A step was clicked."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.trace: Trace | None = None
        self.step = 1
        self.by_time = False
        self._lanes: list[str] = []
        """Drawn once for a trace and a width; empty where they are to be drawn."""

    def show(self, trace: Trace, step: int, by_time: bool) -> None:
        by_time = by_time and bool(trace.arrivals)
        if trace is not self.trace or by_time != self.by_time:
            self._lanes = []
        self.trace, self.step, self.by_time = trace, step, by_time
        self.refresh()

    def on_resize(self) -> None:
        self._lanes = []

    @property
    def _columns(self) -> int:
        return max(self.content_size.width - _NAMES, 1)

    def _column(self, offset: int, columns: int) -> int:
        assert self.trace is not None
        whole = self.trace.until if self.by_time else len(self.trace.body)
        at = self.trace.time_of(offset) if self.by_time else offset
        return min(at * columns // max(whole, 1), columns - 1)

    def _lane(self, things: Sequence[Any], offset_of: Callable[[Any], int]) -> str:
        """How many of `things`, which stand in the order of their offsets, fall into each column."""
        columns, before = self._columns, 0
        slots: list[int] = []
        for column in range(1, columns + 1):
            after = bisect_left(things, column, before, key=lambda thing: self._column(offset_of(thing), columns))
            slots.append(after - before)
            before = after
        return blocks_of(slots) if any(slots) else "·" * columns

    def _drawn(self, trace: Trace) -> list[str]:
        """The pieces, what was due, what came out."""
        told = trace.told
        if told.due:
            due = self._lane(told.due, lambda one: min(one.offset, len(trace.body)))
        else:
            due = self._lane(trace.reading.events, lambda event: event.end)
        got = self._lane(told.got, lambda one: trace.span(one.step)[1])
        return [self._lane(trace.ends, lambda end: end), due, got]

    def render(self) -> Content:
        trace = self.trace
        if trace is None or not trace.body:
            return Content("")
        self._lanes = self._lanes or self._drawn(trace)
        start, end = trace.span(self.step)
        first, last = (self._column(at, self._columns) for at in (start, max(end - 1, start)))
        lines = [
            Content.assemble((name.ljust(_NAMES), "$quiet"), (lane, "$quiet")).stylize(
                "bold $primary", _NAMES + first, _NAMES + last + 1
            )
            for name, lane in zip(("pieces", "due", "came out"), self._lanes, strict=True)
        ]
        return Content("\n").join([*lines, Content.styled(self._scale(trace, start, end), "$quiet")])

    def _scale(self, trace: Trace, start: int, end: int) -> str:
        whole = duration(trace.until) if self.by_time else f"{len(trace.body):,} bytes"
        at = f", {duration(trace.time_of(end))}" if trace.arrivals else ""
        return f"{'':{_NAMES}}over {whole}; step {self.step:,} of {trace.steps:,}: bytes {start:,} to {end:,}{at}"

    def on_click(self, event: events.Click) -> None:
        if self.trace is None:
            return
        column = event.x - _NAMES - self.styles.padding.left
        ratio = max(0.0, min(column / self._columns, 1.0))
        if self.by_time:
            self.post_message(self.Picked(self.trace.step_at_time(round(ratio * self.trace.until))))
        else:
            self.post_message(self.Picked(self.trace.step_at(round(ratio * max(len(self.trace.body) - 1, 0)))))
