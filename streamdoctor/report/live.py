"""The live table of a recording: a line an exchange, cut to the width of the terminal. Pure: a state and a time in,
lines out.

Rule: a line is never wider than asked, and plain ASCII from the wire: what a terminal might show wide or not at all is
escaped. Columns that find no room are left out, the least telling first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import click

from streamdoctor.record.watch import Seen, Watch
from streamdoctor.report.words import duration, plural
from streamdoctor.visible import safe_text, shorten

STALLED = 5_000_000_000
"""Nanoseconds without a read after which an open exchange is called stalled."""


class Column(NamedTuple):
    """`rank`: columns of a higher rank go first when room is short; 0 never goes."""

    title: str
    width: int
    rank: int


COLUMNS = (
    Column("#", 4, 0),
    Column("exchange", 0, 0),
    Column("status", 6, 1),
    Column("first byte", 10, 3),
    Column("reads", 9, 4),
    Column("events", 9, 2),
    Column("longest gap", 11, 5),
    Column("state", 18, 0),
)
_LEAST = 20
_MOST = 60


def header_line(width: int) -> str:
    return _joined([column.title for column in COLUMNS], width)


def row_line(seen: Seen, now: int, width: int) -> str:
    """One exchange as it stands at `now`, monotonic nanoseconds."""
    count = seen.events.count
    events = "-" if count is None else f"{count:,}{'+' if seen.events.more else ''}"
    gap = seen.longest_gap if seen.closed else max(seen.longest_gap, seen.gap(now) if seen.reads else 0)
    longest = duration(gap) if seen.reads and gap else "-"
    status = str(seen.status or ("---" if seen.closed else "..."))
    first = duration(seen.first_ns)
    cells = [str(seen.number), exchange(seen), status, first, f"{seen.reads:,}", events, longest, state(seen, now)]
    return _joined(cells, width)


def exchange(seen: Seen) -> str:
    """Method and target, as plain ASCII."""
    attempt = f" (attempt {seen.attempt})" if seen.attempt > 1 else ""
    return _plain(f"{seen.method} {seen.target}" if seen.method else "(no request)") + attempt


def _plain(text: str) -> str:
    return safe_text(text).encode("ascii", "backslashreplace").decode("ascii")


def state(seen: Seen, now: int) -> str:
    """Open, stalled, or ended and why."""
    if seen.closed:
        closed = seen.closed
        return f"{closed.cause} ({closed.framing})" if closed.framing else closed.cause
    if seen.paused:
        return "open, slow client"
    gap = seen.gap(now)
    if gap >= STALLED:
        return f"stalled {gap // 1_000_000_000:,} s"
    return "open" if seen.reads else "no answer yet"


def coloured(line: str, seen: Seen, now: int) -> str:
    """The line in the colour of its state; every state is also a word."""
    if seen.closed:
        return line if seen.closed.cause == "complete" else click.style(line, fg="red")
    return click.style(line, fg="yellow") if seen.gap(now) >= STALLED else click.style(line, bold=True)


def foot_line(watch: Watch, width: int) -> str:
    count = f"{len(watch.open):,} open, {plural(watch.count, 'exchange')}, {watch.size:,} bytes; ctrl-C ends it"
    return _fit(count, width)


def live_lines(watch: Watch, now: int, width: int, height: int, *, colour: bool = False) -> list[str]:
    """The exchanges under way, the newest that find room, and the totals: at most `height` lines."""
    rows = list(watch.open.values())
    shown = _shown(rows, max(height - 1, 0))
    lines = [_row(seen, now, width, colour) for seen in shown]
    if len(shown) < len(rows) and height > 1:
        lines.insert(0, _fit(f"      {len(rows) - len(shown):,} more are open", width))
    return [*lines, foot_line(watch, width)][-max(height, 1) :]


def _shown(rows: Sequence[Seen], room: int) -> Sequence[Seen]:
    if len(rows) <= room:
        return rows
    return rows[len(rows) - room + 1 :] if room > 1 else ()


def ended_lines(ended: Iterable[Seen], width: int, *, colour: bool = False) -> list[str]:
    """A line an exchange that is over, and why, where there is more to say."""
    lines: list[str] = []
    for seen in ended:
        lines.append(_row(seen, 0, width, colour))
        message = seen.closed.details.get("message") if seen.closed else None
        if isinstance(message, str):
            lines.append(_fit("      " + _plain(message), width))
    return lines


def _row(seen: Seen, now: int, width: int, colour: bool) -> str:
    line = row_line(seen, now, width)
    return coloured(line, seen, now) if colour else line


def _joined(cells: Sequence[str], width: int) -> str:
    kept = _columns(width)
    fixed = sum(COLUMNS[i].width + 2 for i in kept if COLUMNS[i].width)
    target = min(max(width - fixed, 4), _MOST)
    parts = []
    for i in kept:
        column = COLUMNS[i]
        if not column.width:
            parts.append(shorten(cells[i], target).ljust(target))
        elif column.title == "state":
            parts.append(cells[i])
        else:
            parts.append(cells[i].rjust(column.width))
    return _fit("  ".join(parts).rstrip(), width)


def _columns(width: int) -> list[int]:
    """Which columns find room beside a target of some length."""
    kept = list(range(len(COLUMNS)))
    while sum(COLUMNS[i].width + 2 for i in kept) + _LEAST > width:
        worst = max(kept, key=lambda i: COLUMNS[i].rank)
        if not COLUMNS[worst].rank:
            break
        kept.remove(worst)
    return kept


def _fit(line: str, width: int) -> str:
    return line if len(line) <= width else line[: max(width - 1, 0)] + "…" * (width > 0)
