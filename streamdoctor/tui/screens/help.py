"""What can be done here, over the screen that asked; typing searches. From the registry of actions."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from streamdoctor.tui.actions import ACTIONS, BY_BINDING, HELP, Action, bindings, key_words
from streamdoctor.tui.widgets.bars import KeyLine
from streamdoctor.tui.widgets.rows import Rows
from streamdoctor.tui.words import fit

_KEYS = 16


class HelpScreen(ModalScreen[None]):
    """`of` is the screen that is explained."""

    BINDINGS = bindings(HELP)
    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        #box { width: 92; max-width: 100%; height: 90%; border: round $primary; background: $background; padding: 0 1; }
        #search { border: none; background: $panel; height: 1; padding: 0 1; }
    }
    """

    def __init__(self, of: Screen[object]) -> None:
        super().__init__()
        bound = of.active_bindings.values()
        found = (BY_BINDING.get(active.binding.id or "") for active in bound if active.enabled)
        self._all = sorted({action for action in found if action is not None}, key=ACTIONS.index)
        self._lines = help_lines(self._all, "")

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = "what can be done here"
            yield Input(placeholder="type to search", id="search", compact=True)
            yield Rows(self._draw, empty="no action is called that", opens=False, id="lines")
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one(Rows).set_count(len(self._lines))
        self.query_one(Input).focus()

    def _draw(self, index: int, width: int) -> Content:
        return self._lines[index]

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        self._lines = help_lines(self._all, event.value)
        self.query_one(Rows).set_count(len(self._lines))

    @on(Input.Submitted)
    def _to_lines(self) -> None:
        self.query_one(Rows).focus()

    def action_close(self) -> None:
        self.dismiss(None)


def help_lines(actions: list[Action], searched: str) -> list[Content]:
    """The actions that have all words searched for, group by group."""
    words = searched.lower().split()
    kept = [action for action in actions if all(word in _text(action) for word in words)]
    lines: list[Content] = []
    for group in dict.fromkeys(action.group for action in kept):
        lines += [Content("")] if lines else []
        lines.append(Content.styled(group, "$quiet"))
        lines += [_line(action) for action in kept if action.group == group]
    return lines


def _text(action: Action) -> str:
    return f"{action.words} {action.help} {action.group} {key_words(action.keys)}".lower()


def _line(action: Action) -> Content:
    return Content.assemble("  ", (fit(key_words(action.keys), _KEYS), "bold $primary"), action.help)
