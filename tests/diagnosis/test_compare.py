"""How two sequences become one kind: DESIGN section 6's table row by row, then what holds for any two."""

from __future__ import annotations

import timeit
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.diagnosis.compare import Difference, Kind, compare
from streamdoctor.parsers.items import Fields
from streamdoctor.parsers.levels import Unit

Row = tuple[Sequence[Unit], Sequence[Unit], Kind, int]


def named(kind: str, data: str = "", own_id: str = "") -> Fields:
    return Fields(kind, data, own_id)


def kind_of(expected: Sequence[Unit], got: Sequence[Unit]) -> tuple[str, int]:
    difference = compare(expected, got)
    assert difference is not None
    return difference.kind, difference.at


BLOCKS: dict[str, Row] = {
    "the end is missing": (("a", "b", "c"), ("a", "b"), "truncated", 2),
    "all is missing": (("a", "b"), (), "truncated", 0),
    "the middle is missing": (("a", "b", "c"), ("a", "c"), "truncated", 1),
    "the beginning is missing": (("a", "b", "c"), ("b", "c"), "truncated", 0),
    "an empty item is missing": (("a", "", "c"), ("a", "c"), "truncated", 1),
    "a copy right behind": (("a", "b", "c"), ("a", "b", "b", "c"), "duplicated", 2),
    "a copy at the very beginning": (("a", "b"), ("a", "a", "b"), "duplicated", 1),
    "two copied at once": (("a", "b", "c"), ("a", "b", "a", "b", "c"), "duplicated", 2),
    "seen before, not next to it": (("a", "b", "c"), ("a", "b", "c", "a"), "duplicated", 3),
    "seen before, in another order": (("a", "b", "c"), ("a", "b", "c", "b", "a"), "duplicated", 3),
    "partly seen before": (("a", "b", "c"), ("a", "b", "c", "a", "z"), "invented", 3),
    "all of it comes again": (("a", "b"), ("a", "b", "a", "b"), "duplicated", 2),
    "never seen": (("a", "b"), ("a", "z", "b"), "invented", 1),
    "out of nothing": ((), ("a",), "invented", 0),
    "seen only later, not next to it": (("a", "b", "c"), ("c", "a", "b", "c"), "invented", 0),
    "a phantom": (("a", "b"), ("a", "", "b"), "invented", 1),
    "a phantom at the end": (("a", "b"), ("a", "b", ""), "invented", 2),
    "a phantom with a name": ((named("message", "a"),), (named("message", "a"), named("ping")), "invented", 1),
    "two swapped": (("a", "b", "c"), ("b", "a", "c"), "reordered", 0),
    "turned round": (("a", "b", "c"), ("c", "b", "a"), "reordered", 0),
    "an empty item in another place": (("a", "", "b"), ("", "a", "b"), "reordered", 0),
    "phantoms in several places": (("a", "b", "c"), ("a", "", "b", "", "c"), "invented", 1),
    "empty items lost in several places": (("a", "", "b", "", "c"), ("a", "b", "c"), "truncated", 1),
    "one split": (("a", "bc", "d"), ("a", "b", "c", "d"), "corrupted", 1),
    "two merged": (("a", "b", "c"), ("a", "bc"), "corrupted", 1),
    "split at LF": (("a\nb",), ("a", "b"), "corrupted", 0),
    "merged with LF": (("a", "b"), ("a\nb",), "corrupted", 0),
    "merged with a blank line": (("a", "b"), ("a\n\nb",), "corrupted", 0),
    "the border moved": (("ab", "c"), ("a", "bc"), "corrupted", 0),
    "only the name": ((named("x", "a"), named("y", "b")), (named("x", "a"), named("x", "b")), "corrupted", 1),
    "only the id": ((named("x", "a", "7"),), (named("x", "a"),), "corrupted", 0),
    "only the name, of an empty item": ((named("x"),), (named("y"),), "corrupted", 0),
    "only the names, of all": ((named("x", "a"), named("y", "b")), (named("", "a"), named("", "b")), "corrupted", 0),
}

EDITS: dict[str, Row] = {
    "cut short": (("abc", "d"), ("ab", "d"), "truncated", 0),
    "cut short to nothing": (("abc",), ("",), "truncated", 0),
    "grown": (("ab",), ("abc",), "corrupted", 0),
    "the head missing, not the tail": (("abc",), ("bc",), "corrupted", 0),
    "another one in its place": (("abc",), ("xyz",), "corrupted", 0),
    "cut short, under another name": ((named("x", "abc"),), (named("y", "a"),), "truncated", 0),
    "altered and renamed": ((named("x", "abc"),), (named("y", "abd"),), "corrupted", 0),
    "one lost, a later one altered": (("a", "b", "c"), ("b", "z"), "truncated", 0),
    "one copied, a later one altered": (("a", "b", "c", "d"), ("a", "b", "b", "c", "z"), "duplicated", 2),
    "one invented, a later one lost": (("a", "b", "c", "d"), ("a", "z", "b", "d"), "invented", 1),
    "a phantom, then one lost": (("a", "b", "c", "d"), ("a", "", "b", "d"), "invented", 1),
    "a copy and a stranger": (("a", "b", "c"), ("a", "a", "z", "b", "q"), "duplicated", 1),
    "one altered, a later one lost": (("a", "b", "c", "d"), ("x", "b", "d"), "corrupted", 0),
    "every one altered": (("a", "b", "c"), ("x", "y", "z"), "corrupted", 0),
}

TIES: dict[str, Row] = {
    "more that match: added, then left out": (("a", "b", "c", "d"), ("a", "z", "b", "d"), "invented", 1),
    "cut short rather than left out": (("abc", "d"), ("ab",), "truncated", 0),
    "left out rather than altered": (("a", "b"), ("z",), "truncated", 0),
    "altered rather than added to": (("a",), ("y", "z"), "corrupted", 0),
}

TEXT: dict[str, Row] = {
    "the end is missing": ("Hello world", "Hello", "truncated", 5),
    "a delta is missing": ("Hello big world", "Hello world", "truncated", 6),
    "one missing, later another": ("one two three four", "one three", "truncated", 5),
    "doubled": ("Hello", "HelloHello", "duplicated", 5),
    "three times": ("Hello", "HelloHelloHello", "duplicated", 5),
    "from the beginning again": ("Hello world", "HelHello world", "duplicated", 3),
    "from the beginning twice": ("Hello world", "HelHelHello world", "duplicated", 3),
    "a delta twice": ("Hello big world", "Hello big big world", "duplicated", 10),
    "one twice, later another": ("Hello big wide world", "Hello big big wide wide world!", "duplicated", 10),
    "a stranger": ("Hello world", "Hello : ping world", "invented", 6),
    "strangers in several places": ("Hello you and me", "Hello ## you and ## me", "invented", 6),
    "strangers made of letters seen before": ("Hello hollow world", "Hello loeh hollow loeh world", "invented", 6),
    "letters in another order": ("abc", "acb", "reordered", 1),
    "another letter": ("naïve", "naive", "corrupted", 2),
    "broken characters": ("a🌟b", "a\ufffd\ufffdb", "corrupted", 1),
}


@pytest.mark.parametrize("row", BLOCKS.values(), ids=BLOCKS)
def test_a_block_that_explains_everything(row: Row) -> None:
    expected, got, kind, at = row
    assert kind_of(expected, got) == (kind, at)


@pytest.mark.parametrize("row", EDITS.values(), ids=EDITS)
def test_else_the_first_edit_of_a_minimal_alignment(row: Row) -> None:
    expected, got, kind, at = row
    assert kind_of(expected, got) == (kind, at)


@pytest.mark.parametrize("row", TIES.values(), ids=TIES)
def test_of_several_minimal_ones_that_which_explains_most_by_what_is_missing(row: Row) -> None:
    expected, got, kind, at = row
    assert kind_of(expected, got) == (kind, at)


@pytest.mark.parametrize("row", TEXT.values(), ids=TEXT)
def test_text_is_compared_by_characters(row: Row) -> None:
    expected, got, kind, at = row
    assert kind_of(expected, got) == (kind, at)


@pytest.mark.parametrize(
    ("earlier", "later", "expected", "got"),
    [
        ("truncated", "corrupted", ("ab", "c"), ("ab",)),
        ("reordered", "corrupted", ("a", "b"), ("b", "a")),
        ("reordered", "invented", ("a", ""), ("", "a")),
        ("invented", "corrupted", ("a", "b"), ("", "a", "", "b")),
        ("corrupted", "truncated", ("abc", "d"), ("ab", "cd")),
    ],
)
def test_the_first_rule_that_applies(earlier: str, later: str, expected: Sequence[str], got: Sequence[str]) -> None:
    assert kind_of(expected, got)[0] == earlier != later


def test_a_difference_shows_what_differs() -> None:
    assert compare(("a", "b", "c"), ("a", "c")) == Difference("truncated", 1, ("b",), ())
    assert compare(("a", "b"), ("a", "zz", "b")) == Difference("invented", 1, (), ("zz",))
    assert compare(("a", "bc", "d"), ("a", "b", "d")) == Difference("truncated", 1, ("bc",), ("b",))
    assert compare("Hello you and me", "Hello ## you and ## me") == Difference("invented", 6, "", "## ")


# --- for any two sequences

KINDS = {"truncated", "duplicated", "invented", "reordered", "corrupted"}
items = st.sampled_from(["", "a", "b", "ab", "abc", "a\nb", "🌟"])
units = items | st.builds(Fields, st.sampled_from(["message", "x"]), items, st.sampled_from(["", "7"]))
sequences = st.lists(units, max_size=8).map(tuple) | st.text("ab\n🌟", max_size=12)
filled = st.lists(st.integers(0, 30).map(str), min_size=1, max_size=12).map(tuple) | st.text("abc", min_size=1)


@given(sequences)
def test_equal_sequences_differ_in_nothing(sequence: Sequence[Unit]) -> None:
    assert compare(sequence, sequence[:]) is None


@given(filled, st.data())
def test_a_prefix_is_truncated(sequence: Sequence[Unit], data: st.DataObject) -> None:
    stop = data.draw(st.integers(0, len(sequence) - 1))
    assert kind_of(sequence, sequence[:stop]) == ("truncated", stop)


@given(filled, st.data())
def test_whatever_is_left_out_is_truncated(sequence: Sequence[Unit], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(sequence) - 1))
    stop = data.draw(st.integers(start + 1, len(sequence)))
    assert kind_of(sequence, sequence[:start] + sequence[stop:])[0] == "truncated"


@given(filled, st.data())
def test_a_copy_of_a_neighbour_is_duplicated(sequence: Sequence[Unit], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sequence) - 1))
    place = at + data.draw(st.integers(0, 1))
    got = sequence[:place] + sequence[at : at + 1] + sequence[place:]
    assert kind_of(sequence, got)[0] == "duplicated"


@given(filled, st.data())
def test_one_never_seen_is_invented(sequence: Sequence[Unit], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sequence)))
    stranger = "#" if isinstance(sequence, str) else ("#",)
    assert kind_of(sequence, sequence[:at] + stranger + sequence[at:]) == ("invented", at)


@given(sequences, sequences)
def test_any_two_give_at_most_one_kind_and_always_the_same(one: Sequence[Unit], other: Sequence[Unit]) -> None:
    if isinstance(one, str) != isinstance(other, str):
        one, other = tuple(one), tuple(other)
    difference = compare(one, other)
    assert difference == compare(one[:], other[:])
    assert (difference is None) == (one == other)
    if difference is not None:
        assert difference.kind in KINDS
        assert one[: difference.at] == other[: difference.at]
        assert one[difference.at :][: len(difference.expected)] == difference.expected
        assert other[difference.at :][: len(difference.got)] == difference.got


@given(sequences, sequences, st.integers(0, 3))
def test_what_stands_around_the_difference_plays_no_part_but_for_copies(
    one: Sequence[Unit], other: Sequence[Unit], count: int
) -> None:
    if isinstance(one, str) or isinstance(other, str):
        one, other = "".join(map(str, one)), "".join(map(str, other))
    frame: Sequence[Unit] = "<>#"[:count] if isinstance(one, str) else ("<", ">", "#")[:count]
    bare, framed = compare(one, other), compare(frame + one + frame, frame + other + frame)
    assert (bare and bare.kind) == (framed and framed.kind)


def test_long_texts_with_two_differences_are_fast() -> None:
    body = "".join(chr(97 + (i * i + i // 7) % 26) for i in range(100_000))
    other = body[:10_000] + "#" + body[10_001:90_000] + "#" + body[90_001:]
    assert kind_of(body, other) == ("corrupted", 10_000)
    assert min(timeit.repeat(lambda: compare(body, other), number=1, repeat=3)) < 1


def test_long_lists_with_two_differences_are_fast() -> None:
    body = tuple(f"{i} {i * i % 97}" for i in range(50_000))
    other = (*body[:100], *body[101:40_000], "#", *body[40_000:])
    assert kind_of(body, other) == ("truncated", 100)
    assert min(timeit.repeat(lambda: compare(body, other), number=1, repeat=3)) < 1


def test_many_insertions_in_a_long_text_stay_insertions() -> None:
    """The alignment sees a window only: what lies beyond it must not be held against what lies within."""
    words = [f"{chr(0x4E00 + i)}{chr(0x3041 + i * i % 83)} " for i in range(300)]
    told = "".join("".join(words[: i + 1]) for i in range(30)) + "".join(words) + "!"
    assert kind_of("".join(words), told)[0] == "duplicated"
