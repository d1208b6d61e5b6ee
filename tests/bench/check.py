"""Checking: all chunkings beside those one could feed, beside Hypothesis alone, and what judging costs beside parsing.

Planted bugs need one, two or three cuts at once, at places that no boundary class names. Hypothesis gets as many
examples as stated, no database and no deadline; whatever it does not find is said to be not found. Seconds are wall
time, with every process that is started. `quick`: fewer seeds and examples.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from itertools import islice
from math import log2, log10
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.levels import View
from streamdoctor.report.words import plural
from streamdoctor.splits.strategies import pieces as cut_at
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import read_body
from streamdoctor.stream.sse import SSEDecoder
from streamdoctor.suite.cases import Axes, cases
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.prove import prove
from streamdoctor.suite.prover import Task
from streamdoctor.suite.second import random_chunkings
from streamdoctor.suite.subjects import Subject, from_capture
from streamdoctor.suite.workers import Limits
from streamdoctor.testing import chunkings

CAPTURE = "captures/llama-chat-ascii.capture.jsonl"
SIZE, SAMPLE = 500, 2_000
PLANTED = """
class Parser:
    # Wrong only if all of these offsets are cut.
    cuts = {cuts}
    def __init__(self):
        self.rest, self.at, self.hit = b"", 0, ()
    def feed(self, data):
        self.at += len(data)
        if self.at in self.cuts:
            self.hit += (self.at,)
        *lines, self.rest = (self.rest + data).split(b"\\n")
        bad = self.hit == self.cuts
        return [line[6:].decode()[bad:] for line in lines if line[:6] == b"data: "]
    def close(self):
        return []
"""
SHARES = ((0.3,), (0.25, 0.55), (0.2, 0.45, 0.7))
"""Where the planted cuts are, of the first event."""


def main(words: list[str]) -> None:
    quick = "quick" in words
    _covered()
    for events in (1, 8):
        for shares in SHARES:
            _against_hypothesis(_body(events), shares, *((3, 1_000) if quick else (5, 5_000)))
    _judging()


# --- all chunkings, beside feeding them one by one


def _covered() -> None:
    """A proof over all chunkings of a body, and how many of them could be fed in the same time."""
    body = from_capture(CAPTURE).reading.body[:SIZE]
    seconds, outcome = _timed(lambda: prove(_task("reference", body)))
    assert outcome.proof is not None, outcome.refused
    fed, _ = _timed(lambda: [_feed(cut_at(body, cuts)) for cuts in random_chunkings(len(body), len(body), 0, SAMPLE)])
    power, rate = int(outcome.proof.chunkings.removeprefix("2^")), SAMPLE / fed
    print(
        f"--prove of {len(body):,} bytes, any pieces: all 2^{power} chunkings in {seconds:.1f} s, 2^"
        f"{power - log2(seconds):.0f} a second; {outcome.proof.steps / seconds:,.0f} steps a second, with all processes"
    )
    print(
        f"  from scratch: {rate:,.0f} chunkings a second, measured on {SAMPLE:,} random ones; all of them would take "
        f"10^{power * log10(2) - log10(rate):.0f} seconds (extrapolated)"
    )


def _feed(pieces: Iterable[bytes]) -> int:
    decoder = SSEDecoder()
    return sum(len(decoder.feed(piece)) for piece in pieces) + len(decoder.close())


# --- planted bugs, beside Hypothesis


class Hunt(NamedTuple):
    """What became of one search: the examples run up to the first failure, None where none failed, and the seconds,
    with those of making it small."""

    examples: int | None
    seconds: float


def _against_hypothesis(body: bytes, shares: tuple[float, ...], seeds: int, most: int) -> None:
    first = body.index(b"\n")
    cuts = tuple(round(share * first) for share in shares)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "planted.py"
        path.write_text(PLANTED.format(cuts=cuts))
        seconds, outcome = _timed(lambda: prove(_task(f"{path}:Parser", body)))
        found = [found for found, finding in outcome.found if finding.kind != "non-strict"]
        assert found == [cuts], outcome
        hunts = [_hunt(_loaded(path), body, number, most) for number in range(seeds)]
    boundaries = _subject(body).material(next(cases(_subject(body), Axes(("whole",)))).plan).boundaries
    assert {boundaries.at(cut) for cut in cuts} == {"other"}
    needs = f"a bug that needs {plural(len(cuts), 'cut')} at once, in {len(body):,} bytes"
    print(f"{needs}: --prove has the fewest in {seconds:.2f} s, and has looked at all chunkings with fewer")
    print(f"  Hypothesis alone: {_hunted(hunts, most)}")


def _hunted(hunts: list[Hunt], most: int) -> str:
    """The medians of the searches that found it, and how many did not."""
    hits = [hunt for hunt in hunts if hunt.examples is not None]
    told = []
    if hits:
        examples, seconds = (statistics.median(hunt[i] for hunt in hits) for i in (0, 1))  # type: ignore[type-var]
        told.append(f"found by {len(hits)} of {len(hunts)} seeds, median {examples:,.0f} examples and {seconds:.2f} s")
    if len(hits) < len(hunts):
        seconds = statistics.median(hunt.seconds for hunt in hunts if hunt.examples is None)
        lost = f"{len(hunts) - len(hits)} of {len(hunts)}"
        told.append(f"not found in {most:,} examples by {lost}, after a median of {seconds:.2f} s")
    return "; ".join(told)


def _hunt(make: Callable[[], Any], body: bytes, number: int, most: int) -> Hunt:
    """One property, as a user would write it: cuts do not matter."""
    right = _items(make(), [body])
    run = 0
    failed: list[int] = []

    @seed(number)
    @settings(
        max_examples=most,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(chunkings(body))
    def cuts_do_not_matter(pieces: list[bytes]) -> None:
        nonlocal run
        run += 1
        if _items(make(), pieces) != right:
            failed.append(run)
            raise AssertionError

    started = time.perf_counter()
    with suppress(AssertionError):
        cuts_do_not_matter()
    return Hunt(failed[0] if failed else None, time.perf_counter() - started)


def _items(parser: Any, pieces: list[bytes]) -> list[str]:
    return [str(item) for piece in pieces for item in parser.feed(piece)] + list(parser.close())


def _loaded(path: Path) -> Callable[[], Any]:
    spec = spec_from_file_location("planted", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    make: Callable[[], Any] = module.Parser
    return make


def _body(events: int) -> bytes:
    return b"".join(b"data: %dabcdefghijklmnopqrstuvwxyz0123456789\n\n" % number for number in range(events))


def _subject(body: bytes) -> Subject:
    return Subject(None, "bench", read_body(body, by_name("sse")))


def _task(ref: str, body: bytes) -> Task:
    view = View("event" if ref == "reference" else "data")
    return Task(ref, _subject(body), Calibration("sse", view, "parser", True), Options(), Limits(), None)


# --- judging, beside parsing


def _judging() -> None:
    """The cases of a whole check, beside the same pieces handed to the same parser with nobody looking."""
    subject = from_capture(CAPTURE)
    seconds, results = _timed(lambda: check(["reference"], [subject], Options(), Limits()))
    count = results[0].cases
    work = list(islice(_pieces(subject), count))
    bare, _ = _timed(lambda: [_feed(pieces) for pieces in work])
    print(
        f"check of {len(subject.reading.body):,} bytes, one process: {count:,} cases in {seconds:.2f} s, "
        f"{count / seconds:,.0f} a second, its start and calibration included"
    )
    alone = f"{len(work):,} times in {bare:.2f} s, {len(work) / bare:,.0f} a second"
    print(f"  the parser alone: {alone}; a check takes {seconds / bare:.1f} x as long")


def _pieces(subject: Subject) -> Iterator[list[bytes]]:
    for case in cases(subject, Axes()):
        yield cut_at(case.plan.body, case.cuts)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    main(sys.argv[1:])
