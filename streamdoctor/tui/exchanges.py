"""How exchanges under way read: a line each, with a pulse, and a line for each read of one. Pure: content out."""

from __future__ import annotations

from typing import NamedTuple

from textual.content import Content

from streamdoctor.record.watch import Seen
from streamdoctor.report.live import STALLED, exchange, state
from streamdoctor.report.words import duration
from streamdoctor.tui.tail import Arrived, Tail
from streamdoctor.tui.words import fit, safe, spark


class _Column(NamedTuple):
    title: str
    width: int
    right: bool = False
    least: int = 0


_COLUMNS = (
    _Column("#", 4, right=True),
    _Column("exchange", 0),
    _Column("http", 4, right=True),
    _Column("first byte", 10, right=True, least=100),
    _Column("reads", 6, right=True),
    _Column("events", 7, right=True, least=70),
    _Column("longest gap", 11, right=True, least=110),
    _Column("pulse", 24, least=90),
    _Column("state", 18),
)


def _columns(width: int) -> list[tuple[_Column, int]]:
    kept = [column for column in _COLUMNS if width >= column.least]
    taken = sum(column.width + 2 for column in kept if column.width)
    return [(column, column.width or max(width - taken, 8)) for column in kept]


def head_line(width: int) -> Content:
    return Content("  ".join(fit(column.title, room, right=column.right) for column, room in _columns(width)))


def row_line(tail: Tail, now: int, width: int) -> Content:
    """One exchange as it stands at `now`, monotonic nanoseconds."""
    seen = tail.seen
    if tail.trouble or seen is None:
        why = tail.trouble or "waiting for its first line"
        return Content.assemble("      ", safe(tail.path.name), "  ", safe(why, "$error" if tail.trouble else "$quiet"))
    cells = {
        "#": (str(seen.number), "$quiet"),
        "exchange": (exchange(seen), ""),
        "http": (str(seen.status or "..."), ""),
        "first byte": (duration(seen.first_ns), ""),
        "reads": (f"{seen.reads:,}", ""),
        "events": (_events(seen), ""),
        "longest gap": (_gap(seen, now), ""),
        "pulse": (spark(tail.pulse.slots, 24) if seen.reads else "", "$primary"),
        "state": (state(seen, now), _style(seen, now)),
    }
    parts = [
        Content.styled(fit(cells[column.title][0], room, right=column.right), cells[column.title][1])
        for column, room in _columns(width)
    ]
    return Content("  ").join(parts)


def _events(seen: Seen) -> str:
    return "-" if seen.events.count is None else f"{seen.events.count:,}{'+' if seen.events.more else ''}"


def _gap(seen: Seen, now: int) -> str:
    gap = seen.longest_gap if seen.closed else max(seen.longest_gap, seen.gap(now) if seen.reads else 0)
    return duration(gap) if seen.reads and gap else "-"


def _style(seen: Seen, now: int) -> str:
    if seen.closed:
        return "$success" if seen.closed.cause == "complete" else "$error"
    return "$warning bold" if seen.gap(now) >= STALLED else "bold"


def read_line(read: Arrived, width: int) -> Content:
    """One read: when, after what gap, how much, and its first bytes."""
    about = f"{duration(read.ns):>9}  +{duration(read.gap):>9}  {read.size:>7,}  "
    return Content.assemble((about, "$quiet"), fit(read.start[: max(width, 1)], max(width - len(about), 0)))
