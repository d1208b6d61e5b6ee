"""How one capture reads: its line in the list, its facts, its text. Pure: an entry and a width in, content out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from textual.content import Content

from streamdoctor.diagnosis.rules import RULES
from streamdoctor.report.words import duration, plural
from streamdoctor.tui.library import Entry
from streamdoctor.tui.words import VERDICT_STYLES, fit, fit_path, lines_of, safe, spark

_STATES = {
    "complete": "$success",
    "incomplete": "$error bold",
    "growing": "$warning",
    "unread": "$quiet",
    "-": "$quiet",
}


class _Column(NamedTuple):
    """`width` 0 takes what is left. Below `least` columns of room it is left out."""

    title: str
    width: int
    right: bool = False
    least: int = 0


_COLUMNS = (
    _Column("capture", 0),
    _Column("provider", 18, least=92),
    _Column("http", 4, right=True),
    _Column("state", 10),
    _Column("events", 7, right=True),
    _Column("duration", 9, right=True),
    _Column("worst finding", 13),
)


def head_line(width: int) -> Content:
    return Content("  ".join(fit(column.title, room, right=column.right) for column, room in _columns(width)))


def row_line(entry: Entry, base: Path, width: int) -> Content:
    """One capture, in the columns that find room."""
    name = name_of(entry.path, base)
    if entry.trouble:
        (_, room), *_ = _columns(width)
        return Content.assemble(fit_path(name, room), "  ", ("cannot be read: ", "$error bold"), safe(entry.trouble))
    unread = entry.state == "unread"
    cells = {
        "capture": (name, ""),
        "provider": (entry.provider, "$quiet"),
        "http": (entry.status, "" if entry.status[:1] == "2" else "$quiet" if unread else "$error bold"),
        "state": (entry.state, _STATES[entry.state]),
        "events": ("" if unread else f"{entry.events:,}", ""),
        "duration": (duration(entry.duration or None), ""),
        "worst finding": _worst(entry),
    }
    parts = []
    for column, room in _columns(width):
        text, style = cells[column.title]
        shown = fit(text, room, right=column.right) if column.width else fit_path(text, room)
        parts.append(Content.styled(shown, style))
    return Content("  ").join(parts)


def _columns(width: int) -> list[tuple[_Column, int]]:
    kept = [column for column in _COLUMNS if width >= column.least]
    taken = sum(column.width + 2 for column in kept if column.width)
    return [(column, column.width or max(width - taken, 8)) for column in kept]


def name_of(path: Path, base: Path) -> str:
    """How a capture is called on every screen: by its path in the folder that is open."""
    try:
        shown = str(path.relative_to(base))
    except ValueError:
        shown = path.name
    return shown.replace(".capture.jsonl", "")


def _worst(entry: Entry) -> tuple[str, str]:
    worst = entry.worst
    if worst is None:
        return "", ""
    severity = RULES[worst.rule].severity
    return f"{worst.rule} {severity}", VERDICT_STYLES[severity]


def facts(entry: Entry, width: int) -> Content:
    """What it is, how it ended, when its bytes came, what is wrong with it."""
    return Content("\n").join(_fact_lines(entry, width))


def _fact_lines(entry: Entry, width: int) -> Iterator[Content]:
    if entry.trouble:
        yield safe(entry.trouble, "$error")
        return
    if entry.state == "unread":
        yield Content.styled("it is not read yet; enter opens it all the same", "$quiet")
        return
    yield Content.assemble(safe(entry.asked, "bold"), "  ", safe(entry.answered))
    state = Content.styled(entry.state, _STATES[entry.state])
    yield Content.assemble(safe(entry.provider), "  ", state, "  ", safe(f"ended: {entry.ended}", "$quiet"))
    sizes = f"{plural(entry.reads, 'read')}, {plural(entry.size, 'byte')}, {plural(entry.events, 'event')}"
    known = entry.first_byte is not None or entry.max_gap is not None
    times = f"first byte {duration(entry.first_byte)}, longest gap {duration(entry.max_gap)}" if known else ""
    yield Content(f"{sizes}{'; ' if len(sizes + times) + 2 <= width else chr(10)}{times}" if times else sizes)
    if any(entry.slots) and entry.duration:
        words = f" {duration(entry.duration)}"
        yield Content.assemble((spark(entry.slots, width - len(words)), "$primary"), (words, "$quiet"))
    for warning in entry.warnings:
        yield Content.assemble(("file  ", "$warning"), safe(warning))
    for found in entry.findings:
        severity = RULES[found.rule].severity
        yield Content.assemble((f"{found.rule} {severity}", VERDICT_STYLES[severity]), "  ", safe(found.summary))


def text_lines(entry: Entry) -> Content:
    """The text that the stream carries, its line ends kept, everything else that a terminal would act on escaped."""
    if entry.trouble or not entry.text:
        return Content.styled("" if entry.trouble or entry.state == "unread" else "no text", "$quiet")
    return lines_of(entry.text)
