"""The live table: what stands in it, and that it fits whatever the terminal and whatever the wire."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.record.commands import Close
from streamdoctor.record.watch import EventCount, Seen, Watch
from streamdoctor.report.live import STALLED, ended_lines, header_line, live_lines, row_line, state

SECOND = 1_000_000_000


def seen(number: int = 1, target: str = "/v1/chat", **others: Any) -> Seen:
    return Seen(number, "POST", target, others.pop("attempt", 1), 0, EventCount("POST"), **others)


def closed(cause: str, framing: str | None = None, message: str | None = None) -> Close:
    return Close(1, SECOND, cause, "upstream", framing, {"message": message} if message else {}, 200, 5)


def test_a_row_says_it_all() -> None:
    one = seen(status=200, first_ns=183_000_000, last_ns=SECOND, reads=1234, longest_gap=40_000_000)
    one.events.count = 1200
    row = row_line(one, SECOND + 60_000_000, 140)
    assert row.split() == [
        "1", "POST", "/v1/chat", "200", "183.0", "ms", "1,234", "1,200", "60.0", "ms", "open",
    ]  # fmt: skip
    titles = header_line(140)
    assert titles.index("status") + len("status") == row.index("200") + len("200")


@pytest.mark.parametrize(
    ("one", "now", "words"),
    [
        (seen(), SECOND, "no answer yet"),
        (seen(reads=1, last_ns=SECOND), SECOND, "open"),
        (seen(reads=1, last_ns=SECOND), SECOND + STALLED, "stalled 5 s"),
        (seen(), STALLED + SECOND, "stalled 6 s"),
        (seen(reads=1, paused=True), 0, "open, slow client"),
        (seen(reads=1, closed=closed("reset")), 0, "reset"),
        (seen(reads=1, closed=closed("complete", "chunked")), 0, "complete (chunked)"),
    ],
)
def test_states(one: Seen, now: int, words: str) -> None:
    assert state(one, now) == words


def test_narrow_terminals_lose_the_least_telling_columns() -> None:
    assert "longest gap" not in header_line(90) and "events" in header_line(90)
    assert "events" not in header_line(60) and "status" in header_line(60)
    assert header_line(50).split() == ["#", "exchange", "state"]


def test_attempts_are_numbered_and_messages_told() -> None:
    lines = ended_lines([seen(attempt=3, closed=closed("refused", message="nobody\x1b there"))], 120)
    assert "(attempt 3)" in lines[0] and lines[0].endswith("refused")
    assert lines[1] == "      nobody\\x1b there"


def test_more_than_find_room_are_counted() -> None:
    watch = Watch(open={n: seen(n) for n in range(1, 31)}, count=35, size=9)
    lines = live_lines(watch, 0, 100, 6)
    assert len(lines) == 6
    assert lines[0].strip() == "26 more are open" and lines[-1].startswith("30 open, 35 exchanges, 9 bytes")
    assert [line.split()[0] for line in lines[1:-1]] == ["27", "28", "29", "30"]


@given(
    target=st.text(),
    width=st.integers(1, 200),
    height=st.integers(1, 30),
    count=st.integers(0, 40),
    message=st.text(),
    colour=st.booleans(),
)
def test_it_fits_and_nothing_from_the_wire_is_raw(
    target: str, width: int, height: int, count: int, message: str, colour: bool
) -> None:
    watch = Watch(open={n: seen(n, target) for n in range(count)}, count=count)
    ended = [seen(1, target, closed=closed("eof", message=message))]
    table = live_lines(watch, 0, width, height, colour=colour)
    assert len(table) <= height
    for line in [*table, *ended_lines(ended, width, colour=colour), header_line(width)]:
        plain = click.unstyle(line)
        assert len(plain) <= width
        assert plain.isprintable()
    for line in table:
        assert click.unstyle(line).replace("…", "").replace("µ", "").isascii()
