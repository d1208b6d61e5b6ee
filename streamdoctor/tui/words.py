"""Foreign text on the screen: what came from a wire, a file name or a parser becomes safe, and as wide as asked.

Rules: never markup; nothing whose width terminals disagree on, so a character that is joined of several falls into its
parts (the bytes show it all). `safe` gives a Content for any pane, `fit` a string of exactly so many cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

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
"""What joins or changes the character before it: terminals do not agree how wide that is."""
_FLAGS = {0x1F1E6 + letter: chr(ord("A") + letter) for letter in range(26)}


def safe(text: str | bytes, style: str | Style = "") -> Content:
    """Foreign text as it may be shown: one line, nothing that a terminal would act on."""
    shown = steady(text)
    return Content.styled(shown, style) if style else Content(shown)


def steady(text: str | bytes) -> str:
    """`text` made safe, of characters that are as wide in every terminal."""
    shown = safe_bytes(text) if isinstance(text, bytes) else safe_text(text)
    return _AMBIGUOUS.sub("", shown.translate(_FLAGS))


def fit(text: str | bytes, width: int, *, right: bool = False) -> str:
    """`text`, made safe, in exactly `width` cells: cut with … or padded."""
    shown = steady(text)
    size = cell_len(shown)
    if size > width:
        return set_cell_size(shown, width - 1) + "…" if width > 1 else "…"[:width]
    return " " * (width - size) + shown if right else shown + " " * (width - size)


def fit_path(path: str, width: int) -> str:
    """A path in exactly `width` cells: cut with … at its beginning, for its end tells most."""
    shown = steady(path)
    while cell_len(shown) > width and len(shown) > 1:
        shown = "…" + shown[1 + shown.startswith("…") :]
    return fit(shown, width)


def from_difference(one: str, other: str, width: int) -> tuple[str, str]:
    """Two texts that are cut at `width`: without most of what is the same where they differ only behind that."""
    texts = steady(one), steady(other)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    skip = same - width // 3 if same > width // 2 and max(map(cell_len, texts)) > width else 0
    first, second = (f"…{text[skip:]}" if skip > 0 else text for text in texts)
    return first, second


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
