"""The line at the top and the line at the bottom, the same on every screen.

Top: the four screens, where the work is, what goes on. Bottom: what can be done here now, from the registry of actions,
the least telling left out where room is short. Both can be clicked.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from streamdoctor.tui.actions import BY_BINDING, PLACES, Action, key_words
from streamdoctor.tui.words import fit

_WIDE = 100
"""From so many columns on the tabs stand apart."""


def click(action: str) -> Style:
    """What makes text do `action` when it is clicked."""
    return Style.from_meta({"@click": action})


class TopLine(Widget):
    """`state` is what goes on in the background, in words."""

    DEFAULT_CSS = """
    TopLine { height: 1; dock: top; padding: 0 1; background: $panel; color: $foreground; }
    """
    ALLOW_SELECT = False
    auto_links = False
    state: reactive[str] = reactive("")

    def __init__(self, place: str, where: str) -> None:
        super().__init__()
        self.place = place
        self.where = where

    def render(self) -> Content:
        tabs = Content("  " if self.size.width >= _WIDE else "").join(
            self._tab(number, name) for number, name in enumerate(PLACES, 1)
        )
        right = self.state or self.where
        room = self.size.width - tabs.cell_length - 2
        return Content.assemble(tabs, "  ", (fit(right, room, right=True), "$quiet")) if room > 8 else tabs

    def _tab(self, number: int, name: str) -> Content:
        style = "bold reverse" if name == self.place else "$quiet"
        words = f" {number} {PLACES[name]} "
        return Content.styled(words, style).stylize(click(f"app.show_{name}"))


class KeyLine(Widget):
    """The footer."""

    DEFAULT_CSS = """
    KeyLine { height: 1; dock: bottom; padding: 0 1; background: $panel; color: $foreground; }
    """
    ALLOW_SELECT = False
    auto_links = False

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.refresh())

    def render(self) -> Content:
        return key_line(self._active(), self.size.width)

    def _active(self) -> list[Action]:
        """What the keys would do now, each action once."""
        bound = self.screen.active_bindings.values()
        actions = (BY_BINDING.get(active.binding.id or "") for active in bound if active.enabled)
        return list(dict.fromkeys(action for action in actions if action is not None and action.rank))


def key_line(actions: Iterable[Action], width: int) -> Content:
    """`enter open  / filter`, as many as find room: those of the highest rank go first, but help stays."""
    kept = sorted(actions, key=lambda action: action.rank)
    while len(kept) > 1 and sum(map(_width, kept)) + 2 * (len(kept) - 1) > width:
        kept.remove(max((action for action in kept if action.id != "help"), key=_dispensable))
    return Content("  ").join(map(_key, kept))


def _dispensable(action: Action) -> tuple[bool, int]:
    return action.id != "quit", action.rank


def _width(action: Action) -> int:
    return len(key_words(action.keys[:1])) + 1 + len(action.words)


def _key(action: Action) -> Content:
    words = Content.assemble((key_words(action.keys[:1]), "bold $primary"), " ", (action.words, "$quiet"))
    return words.stylize(click(f"screen.press({action.keys[0]!r})"))
