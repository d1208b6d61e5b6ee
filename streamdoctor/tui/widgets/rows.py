"""A list of lines with a cursor, by the line API: a million lines cost no more than those that are seen.

Rule: the list owns no data. `draw(index, width)` makes a line when it is looked at; `set_count` says how
many there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual

from streamdoctor.tui.actions import LIST, bindings

Draw = Callable[[int, int], Content]


class Rows(ScrollView, can_focus=True):
    """`empty` is said where there are no lines. Where nothing `opens`, enter is the screen's own."""

    BINDINGS = bindings(LIST)
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--cursor", "rows--blurred"}
    DEFAULT_CSS = """
    Rows {
        height: 1fr; background: $background; color: $foreground; scrollbar-size-vertical: 1; overflow-x: hidden;
        & > .rows--cursor { background: $cursor; }
        & > .rows--blurred { background: $panel; }
        &:nocolor > .rows--cursor { text-style: reverse; }
        &:nocolor > .rows--blurred { text-style: underline; }
    }
    """
    cursor: reactive[int] = reactive(0)

    class Moved(Message):
        """The cursor stands on another line."""

        def __init__(self, rows: Rows, index: int) -> None:
            super().__init__()
            self.rows, self.index = rows, index

        @property
        def control(self) -> Rows:
            return self.rows

    class Chosen(Moved):
        """enter, or a click on the line of the cursor."""

    def __init__(self, draw: Draw, *, empty: str = "", opens: bool = True, id: str | None = None) -> None:
        super().__init__(id=id)
        self._opens = opens
        self._draw = draw
        self._empty = empty
        self.count = 0

    def set_count(self, count: int, *, empty: str | None = None) -> None:
        """There are `count` lines now, any of which may have changed."""
        self.count = count
        self._empty = self._empty if empty is None else empty
        self.virtual_size = Size(self.scrollable_content_region.width, count)
        self.cursor = self.validate_cursor(self.cursor)
        self.refresh()

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, self.count - 1))

    def watch_cursor(self) -> None:
        self.show_line(self.cursor)
        self.refresh()
        if self.count:
            self.post_message(self.Moved(self, self.cursor))

    def show_line(self, index: int) -> None:
        """Scrolls as little as shows the line."""
        self.scroll_to_region(Region(0, index, 1, 1), animate=False, force=True, x_axis=False)

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        if width < 1:
            return Strip.blank(0)  # while the terminal changes its size there may be no room at all
        if index >= self.count:
            return self._blank(y, width)
        style = self.visual_style
        if index == self.cursor:
            style += self._cursor_style("rows--cursor" if self.has_focus else "rows--blurred")
        line = self._draw(index, width).truncate(width, ellipsis=True, pad=True)
        return Visual.to_strips(self, line, width, 1, style)[0]

    def _cursor_style(self, name: str) -> Style:
        """That of a component; Textual's own leaves out whether it is reversed."""
        reverse = self.get_component_styles(name).text_style.reverse
        return self.get_visual_style(name) + Style(reverse=reverse)

    def _blank(self, y: int, width: int) -> Strip:
        said = Content.styled(self._empty if not self.count and y == 0 else "", "$quiet")
        return Visual.to_strips(self, said.truncate(width, pad=True), width, 1, self.visual_style)[0]

    def on_resize(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, self.count)
        self.call_after_refresh(self.show_line, self.cursor)

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index < self.count:
            if index == self.cursor:
                self.action_choose()
            self.cursor = index

    # --- actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "choose" or self._opens

    @property
    def _half(self) -> int:
        return max(self.size.height // 2, 1)

    def action_down(self) -> None:
        self.cursor += 1

    def action_up(self) -> None:
        self.cursor -= 1

    def action_top(self) -> None:
        self.cursor = 0

    def action_bottom(self) -> None:
        self.cursor = self.count - 1

    def action_half_down(self) -> None:
        self.cursor += self._half

    def action_half_up(self) -> None:
        self.cursor -= self._half

    def action_choose(self) -> None:
        if self.count:
            self.post_message(self.Chosen(self, self.cursor))
