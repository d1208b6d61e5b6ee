"""Screen 1: the captures of a folder, and what the one under the cursor holds.

Rule: files are read beside it, one at a time; the list is drawn anew at most ten times a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from textual import on, work
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from streamdoctor.report.words import plural
from streamdoctor.tui.actions import bindings
from streamdoctor.tui.case import CaseToInspect
from streamdoctor.tui.library import SORTS, Entry, Filter, ordered, stamps
from streamdoctor.tui.preview import facts, head_line, row_line, text_lines
from streamdoctor.tui.reader import entry_of
from streamdoctor.tui.screens.base import LabScreen
from streamdoctor.tui.widgets.rows import Rows

_EVERY = 0.5
"""Seconds between two looks at the folder."""
_FRAME = 0.1


class CapturesScreen(LabScreen):
    """The library."""

    PLACE = "captures"
    BINDINGS = bindings(PLACE)
    DEFAULT_CSS = """
    CapturesScreen {
        #heads { height: 1; padding: 0 1; color: $quiet; text-style: bold; }
        #library { height: 1fr; padding: 0 1; }
        #filter { height: 1; border: none; padding: 0 1; background: $panel; display: none; }
        #filter.-open { display: block; }
        #preview { height: 40%; border-top: solid $rule; }
        #facts { width: 50%; padding: 0 1; scrollbar-size-vertical: 1; }
        #words { width: 50%; padding: 0 1; scrollbar-size-vertical: 1; }
    }
    CapturesScreen.-narrow {
        #preview { layout: vertical; height: 45%; }
        #facts { width: 100%; height: auto; max-height: 60%; }
        #words { width: 100%; height: 1fr; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[Path, Entry] = {}
        self._unread: dict[Path, Entry] = {}
        self.shown: list[Entry] = []
        self.filter = Filter()
        self.sorted_by = SORTS[0]
        self._at: Path | None = None
        self._first = True

    def panes(self) -> Iterable[Widget]:
        yield Static(id="heads")
        yield Rows(self._draw, empty="reading ...", id="library")
        yield Input(placeholder="words to keep, !word to leave out", id="filter", compact=True)
        with Horizontal(id="preview"):
            yield VerticalScroll(Static(id="fact-lines"), id="facts", can_focus=False)
            yield VerticalScroll(Static(id="word-lines"), id="words")

    def on_mount(self) -> None:
        state = self.lab.state
        self.filter = Filter(state.filter, state.inverted)
        self.sorted_by = state.sort if state.sort in SORTS else SORTS[0]
        self._at = Path(state.at) if state.at else None
        self.query_one(Rows).focus()
        self._watch()

    # --- reading

    @work
    async def _watch(self) -> None:
        """Looks at the folder again and again, and reads what is new or has changed."""
        while True:
            found = await asyncio.to_thread(stamps, self.lab.where)
            if not self.alive:
                return
            changed = [path for path, stamp in found.items() if self._stamp(path) != stamp]
            gone = [path for path in self.entries if path not in found]
            for path in gone:
                del self.entries[path]
                self.lab.tell(f"{path.name} was deleted")
            await self._read(changed, found)
            if self.alive and (gone or changed or self._first):
                self._first = False
                self._arrange()
            await asyncio.sleep(_EVERY)

    async def _read(self, paths: list[Path], found: dict[Path, tuple[int, int, int]]) -> None:
        loop = asyncio.get_running_loop()
        drawn = loop.time()
        self._unread = {path: Entry(path, found[path], state="unread") for path in paths}
        if self._unread:
            self._arrange()
        for path in paths:
            before = self.entries.get(path)
            entry = self.entries[path] = await entry_of(path, found[path])
            if not self.alive:
                return
            del self._unread[path]
            self._tell_change(before, entry)
            if loop.time() - drawn > _FRAME:
                drawn = loop.time()
                self._arrange()

    @property
    def paths(self) -> list[Path]:
        """All captures here, whatever the filter keeps, read or not."""
        return sorted({**self._unread, **self.entries})

    def _stamp(self, path: Path) -> tuple[int, int, int] | None:
        entry = self.entries.get(path)
        return entry.stamp if entry else None

    def _tell_change(self, before: Entry | None, entry: Entry) -> None:
        if before is None:
            return
        if entry.trouble and not before.trouble:
            self.lab.tell(f"{entry.path.name} cannot be read any more: {entry.trouble}", wrong=True)
        elif before.stamp[0] != entry.stamp[0]:
            self.lab.tell(f"{entry.path.name} was replaced: read anew")

    def _arrange(self) -> None:
        """The list after anything changed; the cursor stays on its capture."""
        listed = {**self._unread, **self.entries}
        kept = [entry for entry in listed.values() if self.filter.keeps(entry)]
        self.shown = ordered(kept, self.sorted_by)
        rows = self.query_one(Rows)
        rows.set_count(len(self.shown), empty=self._why_empty())
        places = {entry.path: number for number, entry in enumerate(self.shown)}
        if self._at in places:
            rows.cursor = places[self._at]
        self._show_heads()
        self._show_preview()

    def _why_empty(self) -> str:
        if self.entries:
            return "no capture is like that: / changes the filter, esc takes it away"
        return f"no capture in {self.lab.where}: record some (4), or: streamdoctor demo --out DIR"

    # --- drawing

    def _draw(self, index: int, width: int) -> Content:
        return row_line(self.shown[index], self.lab.base, width)

    def _show_heads(self) -> None:
        rows = self.query_one(Rows)
        self.query_one("#heads", Static).update(head_line(rows.scrollable_content_region.width))
        said = [f"{len(self.shown)} of {plural(len({**self._unread, **self.entries}), 'capture')}"]
        if self.filter.words:
            said.append(f"{'not ' if self.filter.inverted else ''}“{self.filter.words}”")
        said.append(f"by {self.sorted_by}" if self.sorted_by == "name" else self.sorted_by)
        said += [f"{len(self._unread)} to read"] if self._unread else []
        self.say(", ".join(said))

    def _show_preview(self) -> None:
        entry = self.selected
        width = max(self.query_one("#facts").size.width - 2, 20)
        self.query_one("#fact-lines", Static).update(facts(entry, width) if entry else "")
        self.query_one("#word-lines", Static).update(text_lines(entry) if entry else "")

    @property
    def selected(self) -> Entry | None:
        rows = self.query_one(Rows)
        return self.shown[rows.cursor] if rows.cursor < len(self.shown) else None

    def on_resize(self) -> None:
        self.call_after_refresh(self._redraw)

    def _redraw(self) -> None:
        self._show_heads()
        self._show_preview()

    # --- what happens

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._at = self.selected.path if self.selected else self._at
        self.lab.state.at = str(self._at or "")
        self._show_preview()

    @on(Rows.Chosen)
    def action_look(self) -> None:
        if self.selected and self.selected.trouble:
            self.lab.tell(f"{self.selected.path.name} cannot be read: {self.selected.trouble}", wrong=True)
        elif self.selected:
            self.lab.inspect(CaseToInspect(str(self.selected.path), split="recorded"))

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self._set_filter(replace(self.filter, words=event.value))

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.query_one("#filter").remove_class("-open")
        self.query_one(Rows).focus()

    def _set_filter(self, filter: Filter) -> None:
        self.filter = filter
        self.lab.state.filter, self.lab.state.inverted = filter.words, filter.inverted
        self._arrange()

    def back(self) -> bool:
        """esc takes the filter away."""
        field = self.query_one("#filter", Input)
        was = bool(self.filter.words) or field.has_class("-open")
        field.value = ""
        self._filter_done()
        self._set_filter(Filter())
        return was

    def action_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.add_class("-open")
        field.value = self.filter.words
        field.focus()

    def action_invert(self) -> None:
        self._set_filter(replace(self.filter, inverted=not self.filter.inverted))

    def action_sort(self) -> None:
        self.sorted_by = self.lab.state.sort = SORTS[(SORTS.index(self.sorted_by) + 1) % len(SORTS)]
        self._arrange()

    def action_check(self) -> None:
        self.lab.check_captures([entry.path for entry in self.shown])
