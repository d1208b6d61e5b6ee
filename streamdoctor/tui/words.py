"""Foreign text on the screen: what came from a wire, a file name or a parser becomes safe, and as wide as asked.

Rule: never markup. `safe` gives a Content for any pane, `fit` a string of exactly so many cells for a column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import click
from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.style import Style

from streamdoctor.report.timeline import blocks_of
from streamdoctor.visible import safe_bytes, safe_text

VERDICT_STYLES = {
    "pass": "$success", "non-strict": "$warning", "fail": "$error bold", "hung": "$accent bold",
    "skipped": "$quiet", "error": "$error bold", "warning": "$warning", "note": "$quiet",
}  # fmt: skip
"""Of verdicts and of severities. Every colour is also a word."""

_AMBIGUOUS = re.compile("[\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")
"""What joins or changes the character before it: terminals do not agree how wide that is, so columns go without."""
_FLAGS = {0x1F1E6 + letter: chr(ord("A") + letter) for letter in range(26)}


def safe(text: str | bytes, style: str | Style = "") -> Content:
    """Foreign text as it may be shown: one line, nothing that a terminal would act on."""
    shown = safe_bytes(text) if isinstance(text, bytes) else safe_text(text)
    return Content.styled(shown, style) if style else Content(shown)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text`, made safe, in exactly `width` cells: cut with … or padded."""
    shown = _AMBIGUOUS.sub("", safe_text(text).translate(_FLAGS))
    size = cell_len(shown)
    if size > width:
        return set_cell_size(shown, width - 1) + "…" if width > 1 else "…"[:width]
    return " " * (width - size) + shown if right else shown + " " * (width - size)


def lines_of(text: str) -> Content:
    """Foreign text on lines of its own, everything else that a terminal would act on escaped."""
    return Content("\n").join(safe(line) for line in text.split("\n"))


def plain(text: str) -> Content:
    """A line of a report of ours: its colours, which are the terminal's, are left out."""
    return Content(click.unstyle(text))


def verdict(word: str, width: int = 0) -> Content:
    """A verdict in its colour; the word stands on its own where there is none."""
    return Content.styled(word.ljust(width), VERDICT_STYLES.get(word, ""))


def spark(counts: Sequence[int], width: int) -> str:
    """Counts over time as a line of blocks, in `width` columns."""
    if not counts or width < 1:
        return ""
    columns = [0] * width
    for slot, count in enumerate(counts):
        columns[slot * width // len(counts)] += count
    return blocks_of(columns)
