"""Screen 2: captures x parsers, a verdict each, filled in while the check runs in the background."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from streamdoctor.report.text import summary_line
from streamdoctor.tui.actions import bindings
from streamdoctor.tui.case import case_of
from streamdoctor.tui.choices import Option, faults_and_rephrasings, parsers, splits
from streamdoctor.tui.grid import Checking, Grid
from streamdoctor.tui.preview import name_of
from streamdoctor.tui.screens.base import LabScreen
from streamdoctor.tui.screens.choose import Choose
from streamdoctor.tui.verdicts import CELL, Frame, cell_words, details, frame, head_line
from streamdoctor.tui.widgets.rows import Rows
from streamdoctor.tui.words import fit, fit_path, plain, safe

_FRAME = 0.1
_NOTHING = "nothing is checked yet: c checks, P chooses the parsers"


class MatrixScreen(LabScreen):
    """`column` is the parser under the cursor."""

    PLACE = "matrix"
    BINDINGS = bindings(PLACE)
    DEFAULT_CSS = """
    MatrixScreen {
        #progress { height: 1; padding: 0 1; }
        #troubles { height: auto; max-height: 3; padding: 0 1; }
        #parsers { height: 1; padding: 0 1; }
        #cells { height: 1fr; padding: 0 1; }
        #cells:nocolor > .rows--cursor { text-style: underline; }
        #cells:nocolor > .rows--blurred { text-style: none; }
        #cell { height: 45%; border-top: solid $rule; padding: 0 1; scrollbar-size-vertical: 1; }
    }
    """
    column: reactive[int] = reactive(0, init=False)

    def panes(self) -> Iterable[Widget]:
        yield Static(id="progress")
        yield Static(id="troubles")
        yield Static(id="parsers")
        yield Rows(self._draw, empty=_NOTHING, id="cells")
        with VerticalScroll(id="cell"):
            yield Static(id="details")

    @property
    def grid(self) -> Grid:
        return self.lab.grid

    @property
    def checking(self) -> Checking:
        return self.lab.checking

    def on_mount(self) -> None:
        self._dirty = True
        self._sought = False
        self.query_one(Rows).focus()
        self.set_interval(_FRAME, self._show)
        self._show()

    # --- drawing

    def mark_changed(self) -> None:
        """Something is known that was not; it is drawn with the next frame."""
        self._dirty = True

    def seek_failure(self) -> None:
        """The cursor goes to the first failure, as soon as there is one."""
        self._sought = False
        self._dirty = True

    def _show(self) -> None:
        if not self._dirty:
            return
        self._dirty = False
        rows = self.query_one(Rows)
        if not self._sought and (wrong := self.grid.wrong()):
            self._sought = True
            rows.count = len(self.grid.subjects)
            rows.cursor, self.column = wrong[0]
        rows.set_count(len(self.grid.subjects))
        self.query_one("#progress", Static).update(self._progress())
        troubles = self.query_one("#troubles", Static)
        troubles.display = bool(self.checking.troubles)
        troubles.update(self._troubles())
        self._show_cell()
        self.refresh_bindings()

    def _show_cell(self) -> None:
        frame = self._frame(self.query_one(Rows).scrollable_content_region.width)
        self.query_one("#parsers", Static).update(head_line(frame, self.grid.parsers, self.column))
        result = self.grid.at(self.query_one(Rows).cursor, self.column)
        self.query_one("#details", Static).update(details(result, self._room) if result else "")

    @property
    def _room(self) -> int:
        return self.query_one("#cell").scrollable_content_region.width

    def _progress(self) -> Content:
        checking = self.checking
        parts: list[Content | str | tuple[str, str]] = []
        if checking.running:
            done = checking.done * 20 // max(checking.total, 1)
            count = f" {checking.done} of {checking.total}  "
            parts += [("▰" * done + "▱" * (20 - done), "$primary"), count]
            if checking.now:
                now = f"{checking.now[1]} on {self._row_name(checking.now[0])}"
                parts.append((fit(now, max(self.size.width - 22 - len(count), 0)), "$quiet"))
        elif self.grid.results:
            parts.append(plain(summary_line(list(self.grid.results.values()))))
            parts += [("  stopped", "$warning")] if checking.stopped else []
        return Content.assemble(*parts)

    def _troubles(self) -> Content:
        """The last of what could not be judged, and how many more there are."""
        *others, last = self.checking.troubles or [""]
        more = f" (+{len(others)} more)" if others else ""
        return Content.assemble(("could not: ", "$error bold"), safe(last), (more, "$quiet"))

    def _frame(self, width: int) -> Frame:
        return frame(
            width, [self._row_name(subject) for subject in self.grid.subjects], len(self.grid.parsers), self.column
        )

    def _row_name(self, subject: str) -> str:
        return name_of(Path(subject), self.lab.base)

    def _draw(self, index: int, width: int) -> Content:
        shown = self._frame(width)
        subject = self.grid.subjects[index]
        rows = self.query_one(Rows)
        parts = [Content(fit_path(self._row_name(subject), shown.name))]
        for number in range(shown.first, shown.last):
            cell = (subject, self.grid.parsers[number])
            words, style = cell_words(
                self.grid.results.get(cell), cell in self.checking.pending, cell == self.checking.now
            )
            if index == rows.cursor and number == self.column:
                style = f"{style} reverse"
            parts.append(Content.styled(fit(words, CELL), style))
        return Content("  ").join(parts)

    def watch_column(self) -> None:
        self.query_one(Rows).refresh()
        self._show_cell()
        self.query_one("#cell").scroll_home(animate=False)

    def validate_column(self, column: int) -> int:
        return max(0, min(column, len(self.grid.parsers) - 1))

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_cell)

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._show_cell()
        self.query_one("#cell").scroll_home(animate=False)

    # --- actions

    @on(Rows.Chosen)
    def _open(self) -> None:
        place = (self.query_one(Rows).cursor, self.column)
        result = self.grid.at(*place)
        if result is None:
            self.lab.tell("nothing is known of this one yet: c checks")
            return
        self.lab.inspect(case_of(self.grid.told[result.subject, result.parser], seed=self.grid.seed))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":
            return self.checking.running
        if action == "check":
            return not self.checking.running
        return True

    def action_check(self) -> None:
        self.lab.check()

    def action_stop(self) -> None:
        self.lab.stop_check()

    def action_left(self) -> None:
        self.column -= 1

    def action_right(self) -> None:
        self.column += 1

    def action_next_wrong(self) -> None:
        self._go_wrong(after=True)

    def action_previous_wrong(self) -> None:
        self._go_wrong(after=False)

    def _go_wrong(self, *, after: bool) -> None:
        rows = self.query_one(Rows)
        here = (rows.cursor, self.column)
        wrong = self.grid.wrong()
        if not wrong:
            self.lab.tell("nothing fails here")
            return
        later = [place for place in wrong if place > here] or wrong
        earlier = [place for place in wrong if place < here] or wrong
        rows.cursor, self.column = later[0] if after else earlier[-1]

    def action_parsers(self) -> None:
        self.app.push_screen(Choose(parsers(self.lab.parsers)), self._parsers_chosen)

    def _parsers_chosen(self, chosen: tuple[Option, ...] | None) -> None:
        if chosen:
            self.lab.state.parsers = tuple(option.name for option in chosen)
            self.lab.check()

    def action_splits(self) -> None:
        self.app.push_screen(Choose(splits(self.lab.state.splits)), self._splits_chosen)

    def _splits_chosen(self, chosen: tuple[Option, ...] | None) -> None:
        if chosen is not None:
            self.lab.state.splits = tuple(option.name for option in chosen)
            self.lab.check()

    def action_faults(self) -> None:
        state = self.lab.state
        self.app.push_screen(Choose(faults_and_rephrasings(state.faults, state.rephrasings)), self._faults_chosen)

    def _faults_chosen(self, chosen: tuple[Option, ...] | None) -> None:
        if chosen is not None:
            self.lab.set_faults(chosen)
            self.lab.check()
