"""The cost oracle on real parsers: what is quadratic is convicted, what is linear is not."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from streamdoctor.parsers.load import lend
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.cost import LOADS
from streamdoctor.suite.examine import Options
from streamdoctor.suite.results import Result
from streamdoctor.suite.subjects import from_probe

pytestmark = pytest.mark.slow


class SearchesAgain:
    def __init__(self) -> None:
        self.buffer = b""

    def feed(self, piece: bytes) -> list[str]:
        self.buffer += piece
        *events, self.buffer = self.buffer.split(b"\n\n")
        return [event.decode().removeprefix("data: ") for event in events]


class KeepsAll:
    def __init__(self) -> None:
        self.everything, self.out = b"", 0

    def feed(self, piece: bytes) -> list[str]:
        self.everything += piece
        events = self.everything.split(b"\n\n")[:-1]
        new, self.out = events[self.out :], len(events)
        return [event.decode().removeprefix("data: ") for event in new]


def by_lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Linear: parts of a line are joined once."""
    decoder, parts = codecs.getincrementaldecoder("utf-8")(), []
    for piece in pieces:
        *lines, rest = decoder.decode(piece).split("\n")
        for line in lines:
            whole = "".join([*parts, line])
            parts.clear()
            if whole.startswith("data: "):
                yield whole[6:]
        parts.append(rest)


def measured(parser: Any, dialect: str = "sse") -> Result:
    with lend(parser) as ref:
        (result,) = check([ref], [from_probe(dialect)], Options(Axes(("whole",)), cost=True))
    assert not result.error and not result.skipped
    return result


def slow(parser: Any, dialect: str = "sse") -> set[tuple[str, str]]:
    """The rules, and the shape of the stream on which each showed."""
    result = measured(parser, dialect)
    return {(f.finding.rule, f.finding.summary.partition(":")[0]) for f in result.findings if f.kind == "slow"}


@pytest.mark.parametrize("parser", ["reference", by_lines])
def test_linear_work_is_not_slow(parser: Any) -> None:
    assert slow(parser) == set()


def test_a_search_from_the_start_is_slow_on_one_long_event() -> None:
    """A busy machine may hide it, for three of three runs have to be steep: so it is looked for once more."""
    told = slow(SearchesAgain) or slow(SearchesAgain)
    assert told == {("SD320", "one event in pieces of 64 bytes")}


def test_to_keep_everything_is_slow_on_a_long_stream() -> None:
    assert ("SD321", "many events in pieces of 64 bytes") in (slow(KeepsAll) or slow(KeepsAll))


def test_dialects_without_lines_are_left_alone() -> None:
    assert slow("reference", "bedrock-converse") == set()
    assert (measured("reference", "bedrock-converse").cost or "").startswith("not measured: ")


def test_what_was_measured_is_told_also_where_nothing_is_slow() -> None:
    words = measured("reference").cost or ""
    assert all(load.words in words for load in LOADS)
    assert re.search(r"to the power of [01]\.[0-9] \(.*; up to 52[0-9],[0-9]{3} bytes$", words), words
