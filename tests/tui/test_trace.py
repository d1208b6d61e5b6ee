"""What the inspect screen shows, as data: rows of bytes, alignment, steps, cuts that move."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from streamdoctor.splits.boundaries import Boundaries
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import read_body
from streamdoctor.tui.inspecting import pair_line
from streamdoctor.tui.trace import Due, Got, Told, Trace, Wrapped, aligned, moved_cut, with_cut
from streamdoctor.tui.widgets.bytes import text_cells

BODY = "data: aé\n\ndata: b\n\n".encode()


def trace(*cuts: int, told: Told | None = None) -> Trace:
    arrivals = ((6, 1_000), (len(BODY), 9_000))
    reading = read_body(BODY, by_name("sse"))
    return Trace(reading, cuts, Boundaries(BODY, "sse", reading.events), arrivals, told or Told())


@given(st.sets(st.integers(1, 99)), st.integers(1, 40), st.integers(1, 100))
def test_rows_hold_every_byte_once_and_break_at_every_cut(cuts: set[int], width: int, size: int) -> None:
    ends = [*sorted(cut for cut in cuts if cut < size), size]
    wrapped = Wrapped(ends, width)
    rows = [wrapped.row(index) for index in range(len(wrapped))]
    data = [row for row in rows if not row.cut]
    assert [row.start for row in rows if row.cut] == ends
    assert all(0 < row.end - row.start <= width for row in data)
    assert data[0].start == 0 and data[-1].end == size
    assert all(before.end == after.start for before, after in pairwise(data))
    for offset in range(size):
        row = wrapped.row(wrapped.index_of(offset))
        assert not row.cut and row.start <= offset < row.end


def test_no_bytes_have_no_rows() -> None:
    assert len(Wrapped((), 16)) == 0
    assert Wrapped((), 16).index_of(0) == 0


def test_steps_and_spans() -> None:
    shown = trace(8, 12)
    assert (shown.steps, shown.span(1), shown.span(2), shown.span(3)) == (4, (0, 8), (8, 12), (12, len(BODY)))
    assert shown.span(4) == (len(BODY), len(BODY))
    assert [shown.step_at(offset) for offset in (0, 7, 8, 12, len(BODY) - 1)] == [1, 1, 2, 3, 3]
    assert shown.boundary(8) == "utf8"


def test_times_are_those_of_the_recording() -> None:
    shown = trace(6)
    assert (shown.time_of(1), shown.time_of(6), shown.time_of(7), shown.until) == (1_000, 1_000, 9_000, 9_000)
    assert (shown.step_at_time(0), shown.step_at_time(1_000), shown.step_at_time(9_000)) == (1, 1, 2)


def test_the_alignment_puts_equals_side_by_side() -> None:
    due = [Due(1, 1, text) for text in "abcd"]
    got = [Got(1, text) for text in "axcde"]
    pairs = aligned(due, got)
    assert [(p.due and p.due.text, p.got and p.got.text, p.same) for p in pairs] == [
        ("a", "a", True), ("b", "x", False), ("c", "c", True), ("d", "d", True), (None, "e", False),
    ]  # fmt: skip
    told = Told(tuple(due), tuple(got))
    assert trace(told=told).first_difference == 1
    assert trace(told=Told(tuple(due), tuple(Got(1, d.text) for d in due))).first_difference is None


def test_verdicts() -> None:
    assert Told().verdict == "pass"
    assert Told(findings=({"kind": "corrupted"}, {"kind": "hung"})).verdict == "hung"
    assert Told(findings=({"kind": "non-strict"},)).verdict == "non-strict"
    assert Told(why="it does not speak sse").verdict == "skipped"


@given(st.integers(-1, len(BODY) + 1))
def test_the_events_next_to_a_byte(offset: int) -> None:
    here = trace()
    assert here.event_after(offset) == next((e.end for e in here.reading.events if e.end > offset), None)
    assert here.event_before(offset) == next((e.start for e in here.reading.events[::-1] if e.start < offset), None)


def test_a_step_has_what_is_due_and_what_came_out_in_it() -> None:
    here = trace(told=Told((Due(1, 3, "a"), Due(2, 7, "b"), Due(2, 9, "c")), (Got(2, "a"), Got(3, "x"))))
    assert [here.due_in(step) for step in range(1, 4)] == [["a"], ["b", "c"], []]
    assert [here.got_in(step) for step in range(1, 4)] == [[], ["a"], ["x"]]


@pytest.mark.parametrize(
    ("cuts", "offset", "after"), [((), 3, (3,)), ((3,), 3, ()), ((3,), 5, (3, 5)), ((), 0, ()), ((), 10, ())]
)
def test_a_cut_is_put_or_taken_away(cuts: tuple[int, ...], offset: int, after: tuple[int, ...]) -> None:
    assert with_cut(cuts, offset, 10) == after


@pytest.mark.parametrize(
    ("cuts", "near", "by", "after"),
    [((3, 7), 4, 1, ((4, 7), 4)), ((3, 7), 6, -1, ((3, 6), 6)), ((1,), 1, -1, ((1,), 1)), ((3, 4), 3, 1, ((3, 4), 3)),
     ((), 2, 1, ((), 2))],
)  # fmt: skip
def test_the_nearest_cut_moves(cuts: tuple[int, ...], near: int, by: int, after: object) -> None:
    assert moved_cut(cuts, near, by, 10) == after


@given(st.one_of(st.binary(max_size=40), st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace"))))
def test_each_byte_has_one_cell_whatever_the_script(data: bytes) -> None:
    cells = text_cells(data, 0, len(data))
    assert cell_len("".join(cells)) == len(data) == len(cells)
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in "".join(cells))


def test_characters_stand_over_their_bytes() -> None:
    assert text_cells("é東x".encode(), 0, 6) == ["é", "·", "東", "", "·", "x"]
    assert text_cells("é".encode(), 0, 1) == ["·"]
    assert text_cells("\x1b[2Jא\u202e".encode(), 0, 9) == ["·", "[", "2", "J", "·", "·", "·", "·", "·"]


def test_without_a_parser_the_events_stand_in_the_place_of_what_was_due() -> None:
    here = trace(6)
    assert [here.line(index).due for index in range(here.lines)] == [Due(2, 11, "aé"), Due(2, 20, "b")]
    assert [here.due_in(step) for step in range(1, 4)] == [[], ["aé", "b"], []]


@pytest.mark.parametrize("width", [20, 37, 60])
def test_a_line_of_the_alignment_fills_its_width_and_shows_where_it_differs(width: int) -> None:
    long = "a" * 100
    here = trace(told=Told((Due(1, 3, long + "日本"), Due(1, 9, "same")), (Got(1, long + "X"), Got(1, "same"))))
    lines = [pair_line(here, index, 1, width) for index in range(here.lines)]
    assert [line.cell_length for line in lines] == [width - 1, width - 1]
    assert "日本" in lines[0].plain and "≠" in lines[0].plain and "X" in lines[0].plain
    assert lines[1].plain.split() == ["same", "same"]
