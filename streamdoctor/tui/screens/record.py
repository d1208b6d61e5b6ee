"""Screen 4: exchanges as they arrive, and one of them followed: its words and its reads.

Rules: the recorder is another process; what is shown is read from its captures as they grow, so captures that another
terminal records into this folder are shown too. Follow mode is said in words, and ends when you scroll up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from textual import on, work
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from streamdoctor.report.words import plural
from streamdoctor.tui.actions import bindings
from streamdoctor.tui.case import CaseToInspect
from streamdoctor.tui.exchanges import head_line, read_line, row_line
from streamdoctor.tui.recorder import RecorderProcess
from streamdoctor.tui.screens.base import LabScreen
from streamdoctor.tui.screens.settings import Settings
from streamdoctor.tui.tail import Tail, Tails
from streamdoctor.tui.widgets.rows import Rows
from streamdoctor.tui.words import lines_of, safe

_EVERY = 0.15
_NOTHING = "nothing recorded yet: r starts the recorder"


class RecordScreen(LabScreen):
    """Live."""

    PLACE = "record"
    BINDINGS = bindings(PLACE)
    DEFAULT_CSS = """
    RecordScreen {
        #status { height: 1; padding: 0 1; }
        #titles { height: 1; padding: 0 1; color: $quiet; text-style: bold; }
        #exchanges { height: 1fr; padding: 0 1; }
        #stream { height: 50%; border-top: solid $rule; }
        #left { width: 50%; }
        #following { height: 1; padding: 0 1; color: $quiet; }
        #reads { padding: 0 1; }
        #text { width: 50%; padding: 0 1; scrollbar-size-vertical: 1; }
    }
    RecordScreen.-narrow {
        #stream { layout: vertical; height: 55%; }
        #left { width: 100%; height: 50%; }
        #text { width: 100%; height: 50%; border-top: dashed $rule; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.following = True
        self._said = ""
        self._where = ""
        self._last_seen = 0

    def panes(self) -> Iterable[Widget]:
        yield Static(id="status")
        yield Static(id="titles")
        yield Rows(self._draw_exchange, empty=_NOTHING, id="exchanges")
        with Horizontal(id="stream"):
            with Vertical(id="left"):
                yield Static(id="following")
                yield Rows(self._draw_read, opens=False, id="reads")
            with VerticalScroll(id="text"):
                yield Static(id="words")

    def on_mount(self) -> None:
        self.recorder = RecorderProcess(self._hear, self._ended)
        self._exchanges.focus()
        self._watch()

    @property
    def tails(self) -> Tails:
        return self.lab.tails

    @property
    def _exchanges(self) -> Rows:
        return self.query_one("#exchanges", Rows)

    @property
    def _reads(self) -> Rows:
        return self.query_one("#reads", Rows)

    @property
    def listed(self) -> list[Tail]:
        return list(self.tails.tails.values())

    @property
    def selected(self) -> Tail | None:
        listed = self.listed
        return listed[self._exchanges.cursor] if self._exchanges.cursor < len(listed) else None

    # --- what arrives

    @work
    async def _watch(self) -> None:
        while True:
            await asyncio.to_thread(self.tails.look, time.monotonic_ns(), time.time_ns())
            if self.alive and self.selected is not None:
                await asyncio.to_thread(self.selected.follow)
            if not self.alive:
                return
            self._show()
            await asyncio.sleep(_EVERY)

    def _show(self) -> None:
        listed = self.listed
        rows = self._exchanges
        at_end = rows.cursor >= rows.count - 1
        rows.set_count(len(listed))
        if self.following and at_end and not self._reads.has_focus:
            rows.cursor = len(listed) - 1
        self.query_one("#titles", Static).update(head_line(rows.scrollable_content_region.width))
        self.query_one("#status", Static).update(self._status())
        self._say_counts()
        self._show_stream()

    def _show_stream(self) -> None:
        tail = self.selected
        reads = self._reads
        reads.set_count(len(tail.arrived) if tail else 0, empty="no answer yet" if tail and not tail.trouble else "")
        if self.following:
            reads.cursor = reads.count - 1
            self._last_seen = reads.count
        self.query_one("#following", Static).update(self._following_words(reads.count))
        self.query_one("#words", Static).update(lines_of(tail.words.text if tail and tail.words else ""))
        if self.following:
            self.query_one("#text").scroll_end(animate=False)

    def _following_words(self, count: int) -> Content:
        if self.following:
            return Content.styled("following: what arrives is shown; scrolling up ends it", "$success")
        more = count - self._last_seen
        words = f"stands still; +{plural(more, 'line')} since" if more else "stands still"
        return Content.styled(f"{words}; f follows again", "$warning")

    def _status(self) -> Content:
        if self.recorder.running:
            on = Content.assemble(("recording  ", "$error bold"), safe(self._where or "starting ..."))
        else:
            on = Content.styled("not recording", "$quiet")
        return Content.assemble(on, "  ", safe(self._said, "$warning"))

    def _say_counts(self) -> None:
        watch = self.tails.watch
        count = sum(tail.open for tail in self.listed)
        self.say(f"{count} open, {plural(watch.count, 'exchange')}, {watch.size:,} bytes")

    # --- drawing

    def _draw_exchange(self, index: int, width: int) -> Content:
        return row_line(self.listed[index], time.monotonic_ns(), width)

    def _draw_read(self, index: int, width: int) -> Content:
        tail = self.selected
        return read_line(tail.arrived[index], width) if tail and index < len(tail.arrived) else Content("")

    # --- what happens

    @on(Rows.Moved, "#exchanges")
    def _other(self) -> None:
        self._show_stream()

    @on(Rows.Chosen, "#exchanges")
    def _enter(self) -> None:
        self.following = True
        self._reads.focus()
        self._show_stream()

    @on(Rows.Moved, "#reads")
    def _scrolled(self, moved: Rows.Moved) -> None:
        if moved.index < self._reads.count - 1 and self._reads.has_focus:
            self.following = False

    def back(self) -> bool:
        if self._exchanges.has_focus:
            return False
        self._exchanges.focus()
        self.following = True
        return True

    def action_follow(self) -> None:
        self.following = not self.following
        self._last_seen = self._reads.count
        self._show_stream()

    def action_look(self) -> None:
        tail = self.selected
        if tail is not None:
            self.lab.inspect(CaseToInspect(str(tail.path), split="recorded"))

    # --- the recorder

    def action_start(self) -> None:
        if self.recorder.running:
            self.run_worker(self.recorder.stop())
        elif not self.lab.state.upstream:
            self.action_settings()
        else:
            self._record()

    def action_settings(self) -> None:
        state = self.lab.state
        self.app.push_screen(Settings(state.upstream, state.listen, str(self.lab.base)), self._set)

    def _set(self, chosen: tuple[str, str] | None) -> None:
        if chosen is not None:
            self.lab.state.upstream, self.lab.state.listen = chosen
            if not self.recorder.running:
                self._record()

    def _record(self) -> None:
        self._said = self._where = ""
        state = self.lab.state
        self.lab.work(self.recorder.run(state.upstream, state.listen, self.lab.base), "record")

    def _hear(self, line: str) -> None:
        if line.startswith("recording "):
            self._where = line.removeprefix("recording ").partition(" into ")[0]
        elif line.startswith("streamdoctor: "):
            self._said = line.removeprefix("streamdoctor: ")

    def _ended(self, status: int) -> None:
        if status not in (0, 4):
            self.lab.tell(self._said or f"the recorder ended with status {status}", wrong=True)
