"""Each family of bugs that published libraries had is convicted by a rephrasing, a split or a fault, and is so called.

The families are those of 101 bugs in 43 libraries. Quadratic time stands in test_cost. One is left out: sizes of HTTP
chunks that leak into the text are no doing of a parser of bodies; a whole client is tried with `replay_server`.
"""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import NamedTuple

import pytest

from streamdoctor.suite.cases import Axes
from streamdoctor.suite.results import Result
from tests.suite.lab import CHATS, PLAIN, STRANGERS, captures, judged, kinds, told

CHAT, PLAIN_SSE, NDJSON = "probe:openai-chat", "probe:sse", "probe:ollama"
"""Streams that need no luck; `chat` and `plain` below are captures with what no probe holds."""


class Family(NamedTuple):
    """`axes` convict `parser` on `stream` of `kinds`, and of no other; `of` is the right parser."""

    words: str
    parser: str
    stream: str
    axes: Axes
    kinds: set[str]
    of: str = "Right"


def rephrased(name: str, *splits: str) -> Axes:
    return Axes(rephrasings=(name,), splits=splits)


def cut(*splits: str) -> Axes:
    return Axes(splits=splits)


def faulty(*faults: str) -> Axes:
    return Axes(splits=("whole",), faults=faults)


FAMILIES = (
    Family("U+2028 ends a line: raises", "Raises", CHAT, rephrased("line-separators"), {"crashed"}, "FieldsAreFatal"),
    Family("U+2028 ends a line: loses the tail", "LosesTheTail", CHAT, rephrased("line-separators"), {"truncated"}),
    Family("U+2028 drops the event", "DropsTheEvent", CHAT, rephrased("line-separators"), {"truncated"}),
    Family("U+2028 is deleted", "DeletesTheCharacter", CHAT, rephrased("line-separators"), {"corrupted"}),
    Family("a code point cut: U+FFFD", "DecodesWithReplacement", "chat", cut("boundaries"), {"corrupted"}),
    Family("a code point cut: raises", "DecodesStrictly", "chat", cut("boundaries"), {"crashed"}),
    Family("a code point cut: loses it", "DecodesAndLoses", "chat", cut("boundaries"), {"corrupted"}),
    Family("CR|LF cut: a name or an event lost", "CutCRLF", "plain-everything", cut("boundaries"), {"corrupted"}),
    Family("CR alone ends no line", "KnowsNoCR", PLAIN_SSE, rephrased("cr", "whole"), {"truncated"}),
    Family("CRLF ends no event", "KnowsNoCRLF", PLAIN_SSE, rephrased("crlf", "whole"), {"truncated"}),
    Family("mixed ends end no event", "TwoOfAKind", PLAIN_SSE, rephrased("mixed-ends", "whole"), {"truncated"}),
    Family("a lone CR holds the event back", "WaitsForTheNext", PLAIN_SSE, rephrased("cr"), {"non-strict"}),
    Family("a lone CR loses the last event", "LosesTheLastCR", PLAIN_SSE, rephrased("cr", "whole"), {"truncated"}),
    Family("no final blank line: raw", "FlushesRaw", PLAIN_SSE, rephrased("no-final-blank-line"), {"invented"}),
    Family("no final blank line: whole", "FlushesWhole", PLAIN_SSE, rephrased("no-final-blank-line"), {"non-strict"}),
    Family("a comment is an event", "CommentsAreData", PLAIN_SSE, rephrased("comments", "whole"), {"invented"}),
    Family("a field is fatal", "FieldsAreFatal", PLAIN_SSE, rephrased("unknown-field", "whole"), {"crashed"}),
    Family("a blank line is one", "BlankMakesAnEvent", PLAIN_SSE, rephrased("extra-blank-lines"), {"invented"}),
    Family("no space after the colon", "WantsASpace", PLAIN_SSE, rephrased("no-space", "whole"), {"truncated"}),
    Family("more spaces than one", "StripsAll", PLAIN_SSE, rephrased("two-spaces", "whole"), {"corrupted"}),
    Family("over 128 kB", "LimitOf128K", PLAIN_SSE, rephrased("big-event", "whole"), {"truncated"}),
    Family("over 512 kB", "LimitOf512K", PLAIN_SSE, rephrased("big-event", "whole"), {"truncated"}),
    Family("over 1 MB", "LimitOf1M", PLAIN_SSE, rephrased("big-event", "whole"), {"crashed"}),
    Family("a BOM eats the first event", "BOMIsText", PLAIN_SSE, rephrased("bom", "whole"), {"truncated"}),
    Family("a BOM that is cut", "BOMInTheFirstPiece", PLAIN_SSE, rephrased("bom", "bytes"), {"truncated"}),
    Family("half an event glued on", "glues", "chat", faulty("resend@75"), {"corrupted"}, "once"),
    Family("everything sent again", "sends_again", "chat", faulty("resend@e3"), {"duplicated"}, "once"),
    Family(
        "[DONE] not recognised", "wants_the_signal_as_it_is", CHAT, rephrased("no-space", "whole"), {"crashed"},
        "right_text",
    ),
    Family("[DONE] not obeyed", "does_not_obey_the_signal", CHAT, faulty("keep-open"), {"hung"}, "right_text"),
    Family("128 bytes held back", "Holds", CHAT, cut("events"), {"delayed"}),
    Family("512 bytes held back", "Holds512", CHAT, cut("events"), {"delayed"}),
    Family("a read taken for an event", "AReadIsAnEvent", CHAT, cut("fixed:40"), {"truncated"}),
    Family("a line over three reads", "TwoReadsAtMost", CHAT, cut("fixed:40"), {"truncated"}),
    Family("a record cut by a read", "ARecordIsARead", NDJSON, cut("fixed:40"), {"truncated"}, "Records"),
    Family("an event over several lines", "EachLineIsJSON", CHAT, rephrased("multi-line-data", "whole"), {"crashed"}),
    Family("multi-line data", "LastLineWins", PLAIN_SSE, rephrased("multi-line-data", "whole"), {"corrupted"}),
    Family("an empty first data line", "FirstEmptyLineIsNone", CHAT, rephrased("empty-data", "whole"), {"corrupted"}),
)  # fmt: skip


def ref(name: str) -> str:
    return f"{STRANGERS / 'families.py'}:{name}"


def results(family: Family, parser: str, folder: Path) -> list[Result]:
    known = {"chat": CHATS["chat"], **PLAIN}
    streams = captures(folder, {family.stream: known[family.stream]}) if family.stream in known else [family.stream]
    return judged(ref(parser), streams, family.axes)


@pytest.mark.parametrize("family", FAMILIES, ids=[family.words for family in FAMILIES])
def test_a_family_is_convicted_by_its_own_axis(family: Family, tmp_path: Path) -> None:
    found = results(family, family.parser, tmp_path)
    assert kinds(found) == family.kinds, told(found)


@pytest.mark.parametrize("family", FAMILIES, ids=[family.words for family in FAMILIES])
def test_without_the_mistake_it_is_right(family: Family, tmp_path: Path) -> None:
    found = results(family, family.of, tmp_path)
    assert {result.verdict for result in found} == {"pass"}, told(found)


def test_what_is_made_small_ends_its_lines_as_before() -> None:
    """A parser that knows neither CRLF nor CR is shown CRLF where that was told."""
    (result,) = judged(ref("KnowsNoCRLF"), [PLAIN_SSE], rephrased("crlf", "whole"))
    (found,) = result.findings
    assert found.minimal is not None
    body = b64decode(found.minimal["body_b64"])
    assert b"\r\n" in body and b"\r" not in body.replace(b"\r\n", b"")
