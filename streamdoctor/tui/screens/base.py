"""What the four screens have in common: the line at the top, the keys at the bottom, panes that can be zoomed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from streamdoctor.tui.actions import EVERYWHERE, actions_of, binding_id
from streamdoctor.tui.widgets.bars import KeyLine, TopLine

if TYPE_CHECKING:
    from streamdoctor.tui.app import Lab

_PANES: list[BindingType] = [
    Binding(",".join(action.keys), f"app.{action.id}", action.words, show=False, id=binding_id(action))
    for action in actions_of(EVERYWHERE)
    if action.id in ("next_pane", "previous_pane")
]
"""Keys that every screen of Textual's has already, there without our words."""


class LabScreen(Screen[None]):
    """A subclass sets `PLACE`, BINDINGS = bindings(PLACE), and gives its panes with `panes`.

    `back` is what esc does before the app goes back to the screen before: True if there was something to leave.
    """

    PLACE: ClassVar[str]
    BINDINGS = _PANES
    ALLOW_IN_MAXIMIZED_VIEW = "TopLine,KeyLine"
    ESCAPE_TO_MINIMIZE = False

    @property
    def lab(self) -> Lab:
        return cast("Lab", self.app)

    def compose(self) -> ComposeResult:
        yield TopLine(self.PLACE, str(self.lab.where))
        yield from self.panes()
        yield KeyLine()

    def panes(self) -> Iterable[Widget]:
        raise NotImplementedError

    @property
    def alive(self) -> bool:
        """Is there still somebody to tell? An answer may come after the screen is gone."""
        return self.is_attached and bool(self.query(TopLine))

    def back(self) -> bool:
        return False

    def say(self, state: str) -> None:
        """What goes on, at the top right."""
        self.query_one(TopLine).state = state

    def action_press(self, key: str) -> None:
        """A click on a key of the footer."""
        self.app.simulate_key(key)

    def zoom(self) -> None:
        """The focused pane alone, or all of them again."""
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None:
            self.maximize(self.focused, container=False)
