"""What each rephrasing is for: a mistake that nothing else shows. And who makes none is clean in all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streamdoctor.rephrasings.catalogue import AS_IS, REPHRASINGS
from streamdoctor.rephrasings.probes import PROBES
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.subjects import from_capture, from_probe
from tests.rephrasings import parsers
from tests.rephrasings.parsers import CORRECT
from tests.rephrasings.trying import Tried

SLOW = pytest.mark.slow
EVERY = Axes(rephrasings=tuple(REPHRASINGS))
SSE = ("sse", "openai-chat")
CHAT = ("openai-chat",)
NDJSON = ("ndjson",)

MUTANTS: dict[str, tuple[Callable[..., Any], tuple[str, ...], str]] = {
    "crlf": (parsers.ObjectsToTheBrace, NDJSON, "fail"),
    "cr": (parsers.ByFirstLineEnd, SSE, "fail"),
    "mixed-ends": (parsers.BySniffing, SSE, "fail"),
    "bom": (parsers.WithBOM, SSE, "fail"),
    "no-space": (parsers.TakesOneCharacter, SSE, "fail"),
    "comments": (parsers.FindsDataAnywhere, SSE, "fail"),
    "retry-field": (parsers.RetryMakesAnEvent, SSE, "fail"),
    "unknown-field": (parsers.KnowsItsFieldsOnly, SSE, "fail"),
    "extra-blank-lines": (parsers.BlankAfterBlank, SSE, "fail"),
    "two-spaces": (parsers.Strips, SSE, "fail"),
    "ids": (parsers.IdMakesAnEvent, SSE, "fail"),
    "multi-line-data": (parsers.text_by_lines, CHAT, "fail"),
    "empty-data": (parsers.SkipsEmptyLines, SSE, "fail"),
    "line-separators": (parsers.AtEverySeparator, SSE, "fail"),
    "json-escapes": (parsers.text_by_own_escapes, CHAT, "fail"),
    "no-final-blank-line": (parsers.FlushesRaw, SSE, "fail"),
    "blank-lines": (parsers.ObjectsOnEveryLine, NDJSON, "non-strict"),
    "no-final-newline": (parsers.ObjectsByLineEnds, NDJSON, "non-strict"),
    "big-event": (parsers.LimitsLines, SSE, "fail"),
}
"""The parser with one mistake, the dialects of the probes, and the verdict."""


def test_every_rephrasing_has_one() -> None:
    assert [AS_IS, *MUTANTS] == list(REPHRASINGS)


@pytest.mark.parametrize("name", [name if name == "no-space" else pytest.param(name, marks=SLOW) for name in MUTANTS])
def test_a_rephrasing_alone_convicts_its_mutant(name: str) -> None:
    parser, dialects, verdict = MUTANTS[name]
    convicted: dict[str, set[str]] = {}
    for dialect in dialects:
        for rephrasing, kinds in Tried(parser).kinds(from_probe(dialect), EVERY).items():
            convicted.setdefault(rephrasing, set()).update(kinds)
    wrong = {rephrasing: kinds for rephrasing, kinds in convicted.items() if kinds - {"non-strict"}}
    assert set(wrong if verdict == "fail" else convicted) == {name}, convicted
    assert verdict == "fail" or convicted[name] == {"non-strict"}


SPEAKS = {
    "decoder": [probe.dialect for probe in PROBES if not probe.events[0].startswith((b"{", b"[", b"\0"))],
    "ndjson": ["ndjson", "ollama", "cohere-v1"],
    "ollama_text": ["ollama"],
    **{name: ["openai-chat"] for name in ("chat_text", "chat_json", "chat_feed")},
    **{name: ["sse", "openai-chat", "replicate"] for name in ("events", "data", "async_data")},
}


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        pytest.param(name, dialect, marks=() if (name, dialect) == ("decoder", "openai-chat") else SLOW)
        for name in CORRECT
        for dialect in SPEAKS[name]
    ],
)
def test_a_correct_parser_is_clean_in_every_rephrasing(name: str, dialect: str) -> None:
    assert Tried(CORRECT[name]).kinds(from_probe(dialect), EVERY) == {}


CAPTURES = sorted((Path(__file__).parents[2] / "captures").glob("*.capture.jsonl"))
TOLD = {"openai-chat": ("decoder", "chat_text", "chat_feed"), "ollama": ("ndjson", "ollama_text")}


@pytest.mark.slow
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name.partition(".")[0])
def test_it_is_on_every_capture(path: Path) -> None:
    subject = from_capture(str(path))
    if subject.reading.provider.framing not in ("sse", "ndjson") or subject.skip:
        return
    all_but_the_biggest = tuple(name for name in REPHRASINGS if name != "big-event")
    for name in TOLD.get(subject.dialect, ("decoder",)):
        kinds = Tried(CORRECT[name]).kinds(subject, Axes(("whole", "fixed:5"), (), 0, all_but_the_biggest))
        kinds |= Tried(CORRECT[name]).kinds(subject, Axes((), (), 0, ("big-event",)))
        assert {name: found - {"non-strict"} for name, found in kinds.items() if found - {"non-strict"}} == {}
