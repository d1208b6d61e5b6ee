"""A body as hex and text, one cell a byte, wrapped at its cuts: a cut is a line, with the class it falls inside.

Rule: no byte reaches the terminal raw, and columns stay aligned whatever the script: a character stands over its first
bytes where it fits into as many cells as it has bytes, the rest are dots.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.reactive import reactive

from streamdoctor.tui.actions import BYTES, bindings
from streamdoctor.tui.trace import Row, Trace, Wrapped
from streamdoctor.tui.widgets.rows import Rows
from streamdoctor.visible import safe_text

_OFFSET = 9
_CONTROL = {0x0A: "␊", 0x0D: "␍", 0x09: "␉", 0x00: "␀"}
_DOT = "·"


class BytesView(Rows, inherit_bindings=False):
    """`at` is the byte under the cursor; `step` is marked. `moved` hears at once where the user goes, so that what it
    changes is drawn together with the move."""

    BINDINGS = bindings(BYTES)
    DEFAULT_CSS = """
    BytesView:nocolor > .rows--cursor { text-style: underline; }
    BytesView:nocolor > .rows--blurred { text-style: none; }
    """
    at: reactive[int] = reactive(0, init=False)
    step: reactive[int] = reactive(0, init=False)

    def __init__(self, moved: Callable[[int], None], *, id: str | None = None) -> None:
        super().__init__(self._line, empty="no bytes", id=id)
        self._moved = moved
        self.trace: Trace | None = None
        self.rows = Wrapped((), 16)

    def show(self, trace: Trace) -> None:
        self.trace = trace
        self._wrap()

    def _wrap(self) -> None:
        if self.trace is None:
            return
        self.rows = Wrapped(self.trace.ends, self.bytes_wide)
        self.set_count(len(self.rows))
        self._follow()

    @property
    def bytes_wide(self) -> int:
        """As many bytes a row as fit, by eights: offset, three cells a byte in hex, one in text."""
        room = max(self.scrollable_content_region.width - _OFFSET - 2, 0) // 4
        return max(room // 8 * 8, 8) if room >= 8 else 8

    def on_resize(self) -> None:
        self._wrap()
        super().on_resize()

    def validate_at(self, at: int) -> int:
        return max(0, min(at, len(self.trace.body) - 1 if self.trace and self.trace.body else 0))

    def watch_at(self) -> None:
        self._follow()

    def go(self, offset: int) -> None:
        """To a byte, as the user: the other panes are told."""
        self.at = offset
        self._moved(self.at)

    def on_click(self, event: events.Click) -> None:
        event.prevent_default()
        index = self.scroll_offset.y + event.y
        if index < self.count and not self.rows.row(index).cut:
            row = self.rows.row(index)
            column = event.x - self.styles.padding.left - _OFFSET
            hex_wide = 3 * self.rows.width
            byte = column // 3 if column < hex_wide else column - hex_wide - 1
            self.go(max(row.start, min(row.start + byte, row.end - 1)))

    def watch_step(self) -> None:
        self.refresh()

    def _follow(self) -> None:
        row = self.rows.index_of(self.at) if len(self.rows) else 0
        self.set_reactive(Rows.cursor, self.validate_cursor(row))
        top, height = self.scroll_offset.y, self.size.height
        if not top < row < top + height - 2:
            self.scroll_to(y=max(row - height // 2, 0), animate=False, force=True, immediate=True)
        self.refresh()

    # --- moving

    def _to_row(self, index: int) -> None:
        """To the same column of another row; over the line of a cut."""
        if not self.count:
            return
        here = self.rows.row(self.cursor)
        index = max(0, min(index, self.count - 1))
        row = self.rows.row(index)
        if row.cut:
            index += 1 if index > self.cursor and index + 1 < self.count else -1
            row = self.rows.row(max(index, 0))
        self.go(min(row.start + (self.at - here.start), row.end - 1))

    def action_down(self) -> None:
        self._to_row(self.cursor + 1)

    def action_up(self) -> None:
        self._to_row(self.cursor - 1)

    def action_top(self) -> None:
        self.go(0)

    def action_bottom(self) -> None:
        self.go(len(self.trace.body) - 1 if self.trace else 0)

    def action_half_down(self) -> None:
        self._to_row(self.cursor + self._half)

    def action_half_up(self) -> None:
        self._to_row(self.cursor - self._half)

    def action_byte_left(self) -> None:
        self.go(self.at - 1)

    def action_byte_right(self) -> None:
        self.go(self.at + 1)

    # --- drawing

    def _line(self, index: int, width: int) -> Content:
        assert self.trace is not None
        row = self.rows.row(index)
        return self._cut_line(row, width) if row.cut else self._bytes_line(row)

    def _cut_line(self, row: Row, width: int) -> Content:
        assert self.trace is not None
        if row.start == len(self.trace.body):
            return Content.styled(f"{'':{_OFFSET}}═══ the end ".ljust(width, "═"), "$quiet")
        words = f"─── cut at {row.start:,}: {self.trace.boundary(row.start)} "
        return Content.styled(f"{'':{_OFFSET}}{words}".ljust(width, "─"), "$warning")

    def _bytes_line(self, row: Row) -> Content:
        assert self.trace is not None
        body = self.trace.body
        start, end = self.trace.span(self.step)
        selected = start <= row.start < end
        parts: list[str | tuple[str, str]] = [(f"{row.start:>8,} "[-_OFFSET:], "$quiet")]
        cells = text_cells(body, row.start, row.end)
        style = "bold" if selected else ""
        parts.append((" ".join(f"{byte:02x}" for byte in body[row.start : row.end]), style))
        parts.append(" " * (3 * (self.rows.width - (row.end - row.start)) + 2))
        parts.append(("".join(cells), style or "$foreground"))
        line = Content.assemble(*parts)
        return self._with_cursor(line, row, cells) if row.start <= self.at < row.end else line

    def _with_cursor(self, line: Content, row: Row, cells: list[str]) -> Content:
        column = self.at - row.start
        at = _OFFSET + 3 * column
        text = _OFFSET + 3 * self.rows.width + 1 + len("".join(cells[:column]))
        line = line.stylize("reverse", at, at + 2)
        return line.stylize("reverse", text, text + max(len(cells[column]), 1))


def text_cells(body: bytes, start: int, end: int) -> list[str]:
    """For each byte from `start` to `end` what stands in its cell; the cells of a character that covers several are
    empty after its first, and together as wide as it has bytes."""
    cells: list[str] = []
    at = start
    while at < end:
        byte = body[at]
        size = _length(byte)
        char = _character(body[at : at + size]) if size > 1 and at + size <= end else None
        if char is not None:
            wide = cell_len(char)
            cells += [char, *[""] * (wide - 1), *[_DOT] * (size - wide)]
            at += size
        else:
            cells.append(chr(byte) if 0x20 <= byte < 0x7F else _CONTROL.get(byte, _DOT))
            at += 1
    return cells


def _length(byte: int) -> int:
    return 2 if 0xC2 <= byte < 0xE0 else 3 if 0xE0 <= byte < 0xF0 else 4 if 0xF0 <= byte < 0xF5 else 1


def _character(data: bytes) -> str | None:
    """The one character in `data`, if a cell can show it: printable, left to right, one or two cells wide."""
    try:
        char = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    wide = cell_len(char)
    shown = len(char) == 1 and char.isprintable() and safe_text(char) == char and 1 <= wide <= min(2, len(data))
    return char if shown and not _right_to_left(char) else None


def _right_to_left(char: str) -> bool:
    """Hebrew and Arabic would turn the whole row around."""
    return 0x0590 <= ord(char) <= 0x08FF or 0xFB1D <= ord(char) <= 0xFEFF
