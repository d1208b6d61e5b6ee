"""A text of ours over the screen: what a rule means, which command shows a case again. esc closes it."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from streamdoctor.tui.actions import HELP, bindings
from streamdoctor.tui.widgets.bars import KeyLine
from streamdoctor.tui.widgets.rows import Rows

_WIDE = 90


class TellingScreen(ModalScreen[None]):
    """`title` and some lines, which can be scrolled."""

    BINDINGS = bindings(HELP)
    DEFAULT_CSS = """
    TellingScreen {
        align: center middle;
        #box {
            width: 96; max-width: 100%; height: auto; max-height: 90%; border: round $primary;
            background: $background; padding: 0 1;
        }
        #told { height: auto; max-height: 100%; }
    }
    """

    def __init__(self, title: str, lines: Sequence[Content]) -> None:
        super().__init__()
        self._title = title
        self._lines = [part for line in lines for part in _broken(line)]

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title
            rows = Rows(lambda index, width: self._lines[index], opens=False, id="told")
            rows.styles.height = max(len(self._lines), 1)
            yield rows
        yield KeyLine()

    def on_mount(self) -> None:
        rows = self.query_one(Rows)
        rows.set_count(len(self._lines))
        rows.focus()

    def action_close(self) -> None:
        self.dismiss(None)


def _broken(line: Content) -> list[Content]:
    """A line that is too wide, on several."""
    if line.cell_length <= _WIDE:
        return [line]
    return [Content(part) for part in wrap(line.plain, _WIDE, break_on_hyphens=False)]
