"""The judge on trial: parsers that differ from the reference in one place, convicted if and only if it shows.

What shows is found without the judge: a driver of five lines and an independent reading of the specification.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.levels import View
from streamdoctor.parsers.shapes import Shape
from streamdoctor.splits.strategies import Cuts, pieces
from streamdoctor.stream import sse
from tests.properties import whatwg
from tests.properties.judging import calibration_of, findings
from tests.properties.mutants import Mutant, mutants

pytestmark = pytest.mark.slow

BODIES = (
    b"data: a\n\ndata: b\n\n",
    b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
    b"event: x\ndata: a\n\ndata: b\n\n",
    b"event: x\n\ndata: a\n\n",
    b": hi\n\ndata: a\n: ho\n\n:\ndata: b\n\n",
    b"data: a\rdata: b\r\rdata: c\r\r",
    b"data: a\r\n\r\nevent: y\r\ndata: b\r\n\r\n",
    b"data: a\n\r\ndata: b\r\n\ndata: c\r\n\rdata: d\n\n",
    b"\xef\xbb\xbfdata: a\n\ndata: b\n\n",
    b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n",
    b"data: a\n\xef\xbb\xbfdata: b\ndata: c\n\n",
    b"data: a\ndata: b\ndata\ndata: c\n\n",
    b"data\n\ndata:\n\ndata: \n\ndata:  a\n\n",
    b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n",
    b"id: 1\n\ndata: a\n\n",
    b"retry: 10\ndata: a\n\nretry: x\ndata: b\n\nretry: \xc2\xb2\ndata: c\n\n",
    b"foo: 1\nDATA: no\ndata : no\n data: no\ndata: a\nx\n\n",
    "event: naïve\nid: ü\ndata: 日本\u2028語🌟\n\ndata: é\n\n".encode(),
    b"data: a\xff\n\ndata: \xf0\x9f\n\ndata: \xe6\x97\n\nid: \xff\nevent: \xff\ndata: b\n\n",
    b"data: a\n\ndata: b\n",
    b"data: a\n\ndata: b",
    b"\n\n\r\n\rdata: a\n\n\n\ndata: b\n\n",
    b"data:a\nevent:z\nid:9\n\ndata:b:c\nevent: q: r\n\n",
)

SPARSE = 7
"""Of the single cuts every mutant sees each seventh; one that got away so far sees all."""

Unit = tuple[str, ...]


class Case(NamedTuple):
    body: bytes
    cuts: Cuts


@dataclass
class Shown:
    """What a mutant did in one case, seen without the judge."""

    wrong: bool
    late: bool
    lone_cr: bool
    flushed: bool


@dataclass
class Fate:
    """How many cases showed a difference; in how many there was one that its level has no words for; and the cases in
    which the judge disagreed."""

    name: str
    level: str
    shown: int = 0
    unspoken: int = 0
    disagreements: list[str] = field(default_factory=list)


# --- without the judge


def drive(mutant: Mutant, parts: Sequence[bytes]) -> tuple[list[tuple[int, Any]], bool]:
    """(step, item) of all that came out, and whether it raised."""
    out: list[tuple[int, Any]] = []
    try:
        parser = mutant.make()
        for step, part in enumerate(parts, 1):
            out += [(step, item) for item in parser.feed(part) or ()]
        out += [(len(parts) + 1, item) for item in parser.close() or ()]
    except Exception:
        return out, True
    return out, False


def told(item: Any, level: str, ids: str) -> Unit:
    """What an item says, as far as the level has words for it."""
    data = _text(getattr(item, "data", None))
    if data is None:
        return ("no event", type(item).__name__)
    kind = _text(getattr(item, "type", "")) or "message"
    identity = _text(item.id) or ""
    return (data,) if level == "data" else (kind, data, "" if ids == "none" else identity)


def _text(value: Any) -> str | None:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else None


@cache
def right(body: bytes, level: str, ids: str) -> tuple[Unit, ...]:
    def unit(event: whatwg.Told) -> Unit:
        identity = {"last": event.id, "own": event.own, "none": ""}[ids]
        return (event.data,) if level == "data" else (event.type, event.data, identity)

    return tuple(map(unit, whatwg.events(body)))


def look(mutant: Mutant, case: Case, level: str, ids: str) -> Shown:
    """Whether the output, or the step of what is right in it, differs from the specification's."""
    parts = pieces(*case)
    out, raised = drive(mutant, parts)
    got = tuple(told(item, level, ids) for _, item in out)
    expected = right(case.body, level, ids)
    late = list(_late(case.body, parts, [step for step, _ in out], got, expected))
    whole = right(case.body + b"\n\n", level, ids)
    return Shown(
        wrong=raised or got != expected,
        late=bool(late),
        lone_cr=all(case.body[due - 1 : due + 1] in (b"\r", b"\rd") for due in late),
        flushed=not raised and got == whole != expected,
    )


def _late(
    body: bytes, parts: Sequence[bytes], steps: Sequence[int], got: Sequence[Unit], expected: Sequence[Unit]
) -> Iterator[int]:
    ends = list(accumulate(map(len, parts)))
    for due, step, one, other in zip(whatwg.dues(body), steps, got, expected, strict=False):
        if one != other:
            return
        if step > bisect_left(ends, due) + 1:
            yield due


# --- with the judge


def kinds(shape: Shape, calibration: Calibration, case: Case) -> set[str]:
    return {finding.kind for finding in findings(shape, calibration, *case)}


def disagreement(shown: Shown, found: set[str]) -> str | None:
    """How the verdict does not fit what was shown; None where it does."""
    failed = found - {"non-strict"}
    if not shown.wrong and not shown.late:
        return f"finds {found} where nothing is wrong" if found else None
    if not shown.wrong:
        allowed = {"delayed", "non-strict"} if shown.lone_cr else {"delayed"}
        return None if found and found <= allowed else f"finds {found or 'nothing'} where all that is wrong is late"
    if not found:
        return "finds nothing where the output is wrong"
    return None if failed - {"delayed"} or shown.flushed else f"finds only {found} where the output is wrong"


# --- the trial


def some_cases() -> list[Case]:
    uncut = [Case(body, ()) for body in BODIES]
    bytewise = [Case(body, tuple(range(1, len(body)))) for body in BODIES]
    return uncut + bytewise + _single_cuts()[::SPARSE]


@cache
def _single_cuts() -> list[Case]:
    return [Case(body, (cut,)) for body in BODIES for cut in range(1, len(body))]


def try_mutant(mutant: Mutant) -> Fate:
    """Every sampled case; and every single cut for one of which nothing has shown yet."""
    shape = Shape("feed", mutant.make)
    calibration = calibration_of(shape)
    view = calibration.view
    fate = Fate(mutant.name, view.level)
    for cases in (some_cases(), _single_cuts()):
        for case in cases:
            shown = look(mutant, case, view.level, view.ids)
            fate.shown += shown.wrong or shown.late
            if (view.level, view.ids) != ("event", "last"):
                fate.unspoken += not shown.wrong and look(mutant, case, "event", "last").wrong
            word = disagreement(shown, kinds(shape, calibration, case))
            if word is not None:
                fate.disagreements.append(f"{case.body!r} cut at {case.cuts}: {word}")
        if fate.shown:
            break
    return fate


@pytest.fixture(scope="module")
def fates() -> list[Fate]:
    source = Path(sse.__file__).read_text("utf-8")
    return [try_mutant(mutant) for mutant in mutants(source, "SSEDecoder")]


def test_the_judge_finds_what_shows_and_nothing_else(fates: list[Fate]) -> None:
    wrong = [(fate.name, fate.disagreements[:3]) for fate in fates if fate.disagreements]
    assert wrong == []


def test_there_are_many_mutants_of_both_sorts(fates: list[Fate]) -> None:
    subtle = [fate for fate in fates if fate.shown and fate.level == "event"]
    equivalent = [fate for fate in fates if not fate.shown and not fate.unspoken]
    assert len(subtle) >= 80, "they pass the plain probe, and are convicted elsewhere"
    assert len(equivalent) >= 60, "no case shows a difference, and none is found"


def test_what_no_case_convicts_is_wrong_only_where_calibration_saw_it_already(fates: list[Fate]) -> None:
    """The plain probe told that its types or ids are not ours: it is judged on data alone (DESIGN section 5)."""
    unconvicted = [fate for fate in fates if fate.unspoken and not fate.shown]
    assert {fate.level for fate in unconvicted} <= {"data"}
    assert len(unconvicted) <= 5


LOOP = """
class Loop:
    def feed(self, data):
        items, start = [], 0
        while start < len(data):
            items += [data[start : start + 2]]
            start += 2
        return items
    def close(self): ...
"""


def test_a_mutant_without_an_end_is_stopped_and_convicted() -> None:
    endless = [mutant for mutant in mutants(LOOP, "Loop") if drive(mutant, [b"data"]) != ([], False)]
    raised = [mutant for mutant in endless if drive(mutant, [b"data"])[1]]
    assert any("start += 2 -> pass" in mutant.name for mutant in raised)
    plain = Calibration("sse", View("data"), "unknown", False)
    assert all("crashed" in kinds(Shape("feed", mutant.make), plain, Case(BODIES[0], ())) for mutant in raised)
