"""The timeline: reads or pieces, what was due, what came out, over bytes or over time; the selected step is marked."""

from __future__ import annotations

from collections.abc import Iterable

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

    def show(self, trace: Trace, step: int, by_time: bool) -> None:
        self.trace, self.step, self.by_time = trace, step, by_time and bool(trace.arrivals)
        self.refresh()

    @property
    def _columns(self) -> int:
        return max(self.content_size.width - _NAMES, 1)

    def _column(self, offset: int) -> int:
        assert self.trace is not None
        whole = self.trace.until if self.by_time else len(self.trace.body)
        at = self.trace.time_of(offset) if self.by_time else offset
        return min(at * self._columns // max(whole, 1), self._columns - 1)

    def _lane(self, offsets: Iterable[int]) -> str:
        slots = [0] * self._columns
        for offset in offsets:
            slots[self._column(offset)] += 1
        return blocks_of(slots) if any(slots) else "·" * self._columns

    def render(self) -> Content:
        trace = self.trace
        if trace is None or not trace.body:
            return Content("")
        start, end = trace.span(self.step)
        first, last = self._column(start), self._column(max(end - 1, start))
        got = (trace.span(one.step)[1] for one in trace.told.got)
        due = (min(one.offset, len(trace.body)) for one in trace.told.due) if trace.told.due else (
            event.end for event in trace.reading.events
        )  # fmt: skip
        lanes = (("pieces", trace.ends), ("due", due), ("came out", got))
        lines = [
            Content.assemble((name.ljust(_NAMES), "$quiet"), (self._lane(offsets), "$quiet")).stylize(
                "bold $primary", _NAMES + first, _NAMES + last + 1
            )
            for name, offsets in lanes
        ]
        return Content("\n").join([*lines, Content.styled(self._scale(trace, start, end), "$quiet")])

    def _scale(self, trace: Trace, start: int, end: int) -> str:
        whole = duration(trace.until) if self.by_time else f"{len(trace.body):,} bytes"
        at = f", {duration(trace.time_of(end))}" if trace.arrivals else ""
        return f"{'':{_NAMES}}over {whole}; step {self.step} of {trace.steps}: bytes {start:,} to {end:,}{at}"

    def on_click(self, event: events.Click) -> None:
        if self.trace is None:
            return
        column = event.x - _NAMES - self.styles.padding.left
        ratio = max(0.0, min(column / self._columns, 1.0))
        if self.by_time:
            self.post_message(self.Picked(self.trace.step_at_time(round(ratio * self.trace.until))))
        else:
            self.post_message(self.Picked(self.trace.step_at(round(ratio * max(len(self.trace.body) - 1, 0)))))
