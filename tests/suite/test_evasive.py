"""No certificate for a parser that is wrong in some chunking, however it hides that; and no false "fewest"."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.levels import View
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import read_body
from streamdoctor.suite.examine import Options
from streamdoctor.suite.prove import Outcome, prove
from streamdoctor.suite.prover import Task
from streamdoctor.suite.single import replay
from streamdoctor.suite.states import Conditions
from streamdoctor.suite.subjects import Subject
from streamdoctor.suite.workers import Limits
from tests.suite.evasions import BITS, BODY, CUTS
from tests.suite.evasions import HISTORIES as FIRST
from tests.suite.evasions_held import HELD

HISTORIES = {**FIRST, **HELD}
LIMITS = Limits(2.0, 8.0)
LONG = b"".join(b"data: line number %d of this stream\n\n" % number for number in range(16))


def subject(body: bytes) -> Subject:
    return Subject(None, "evasive", read_body(body, by_name("sse")))


def outcome(ref: str, body: bytes, *, second: bool = False) -> Outcome:
    calibration = Calibration("sse", View("data"), "parser", True)
    return prove(Task(ref, subject(body), calibration, Options(), LIMITS, None, Conditions(second=second)))


def is_wrong(ref: str, body: bytes, cuts: Cuts) -> bool:
    split = f"cuts:{','.join(map(str, cuts))}" if cuts else "whole"
    found = replay(ref, subject(body), split, None, Options(level="data", dialect="sse"), LIMITS).findings
    return any(finding.kind != "non-strict" for finding in found)


def written(folder: Path, source: str) -> str:
    (folder / "evasive.py").write_text(source)
    return f"{folder}/evasive.py:P"


@pytest.mark.slow
@pytest.mark.parametrize("name", HISTORIES)
def test_a_hidden_history_gets_no_certificate(name: str, tmp_path: Path) -> None:
    """Without the second process, which would not come upon it either."""
    ref = written(tmp_path, HISTORIES[name].source)
    assert outcome(ref, BODY).proof is None


@pytest.mark.parametrize("name", [name for name in BITS if "set" not in name])
def test_states_that_go_on_differently_get_no_certificate(name: str, tmp_path: Path) -> None:
    assert outcome(written(tmp_path, BITS[name].source), BODY).proof is None


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BITS if "set" in name])
def test_the_order_of_a_set_is_assumed_not_to_matter(name: str, tmp_path: Path) -> None:
    proof = outcome(written(tmp_path, BITS[name].source), BODY, second=True).proof
    assert proof is not None
    assert proof.assumed == ("the order of a set changes nothing (right under 8 hash seeds)",)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*HISTORIES, *BITS])
def test_each_of_them_is_wrong_where_it_says(name: str, tmp_path: Path) -> None:
    one = HISTORIES[name] if name in HISTORIES else BITS[name]
    cuts = CUTS if name in HISTORIES else BITS[name].cuts
    ref = written(tmp_path, one.source)
    assert is_wrong(ref, BODY, cuts) and not is_wrong(ref, BODY, ())


# --- what the walk itself did not see

CRASHES = """
class P:
    def __init__(self): self.rest, self.at = b"", 0
    def feed(self, data):
        at, self.at = self.at, self.at + len(data)
        if (at, self.at) == ({start}, 350): {harm}
        *lines, self.rest = (self.rest + data).split(b"\\n")
        return [line[6:].decode() for line in lines if line[:6] == b"data: "]
"""
REMEMBERS = """
WANT = (0, 5, 11, 23, 30, 45, 50)
class done(Exception): pass
class P:
    def __init__(self): self.rest, self.at, self.hit, self.done = b"", 0, (), False
    def feed(self, data):
        at, self.at = self.at, self.at + len(data)
        self.hit += (at,)
        if self.hit != WANT[:len(self.hit)]: self.hit = (-1,)
        *lines, self.rest = (self.rest + data).split(b"\\n")
        yield from [line[6:].decode() for line in lines if line[:6] == b"data: "]
        if self.hit == WANT and self.at == 58: raise done("a crash")
        if self.at == 58: self.done = True
"""
ANSWERS = """
WANT = (0, 5, 11, 23, 30, 45)
class Out:
    def __init__(self, parser, items): self.parser, self.items = parser, items
    def __bool__(self):
        self.parser.hit = ()
        return bool(self.items)
    def __iter__(self): return iter(self.items)
class P:
    def __init__(self): self.rest, self.at, self.hit, self.ready = b"", 0, (), {ready}
    {inside}
    def feed(self, data):
        if self.ready: self.hit += (self.at,)
        if self.hit != WANT[:len(self.hit)]: self.hit = (-1,)
        self.at += len(data)
        bad = self.hit == WANT
        *lines, self.rest = (self.rest + data).split(b"\\n")
        return {out}[line[6:].decode()[bad:] for line in lines if line[:6] == b"data: "])
"""
ASKED = """@property
    def done(self):
        if not self.at: self.ready = True
        return False
"""
FEWER = """
class P:
    def __init__(self): self.rest, self.at, self.hit = b"", 0, ()
    def feed(self, data):
        at, self.at = self.at, self.at + len(data)
        if at in (3, 6, 10): self.hit += (at,)
        if self.at == 58 and (at == 30 or (at == 10 and self.hit == (3, 6, 10))): raise ValueError("a crash")
        if at > 10: self.hit = ()
        *lines, self.rest = (self.rest + data).split(b"\\n")
        return [line[6:].decode() for line in lines if line[:6] == b"data: "]
"""


@pytest.mark.parametrize("start", [101, 102])
def test_a_crash_on_one_edge_is_found_in_either_half_of_a_walk(start: int, tmp_path: Path) -> None:
    found = outcome(written(tmp_path, CRASHES.format(start=start, harm='raise ValueError("a crash")')), LONG)
    assert [cuts for cuts, _ in found.found] == [(start, 350)]


@pytest.mark.slow
@pytest.mark.parametrize("start", [101, 102])
def test_an_edge_that_ends_the_process_is_found_in_either_half_of_a_walk(start: int, tmp_path: Path) -> None:
    harm = CRASHES.format(start=start, harm="os._exit(0)")
    found = prove(
        Task(
            written(tmp_path, "import os" + harm), subject(LONG), Calibration("sse", View("data"), "parser", True),
            Options(), LIMITS, None, Conditions(by_name=False, second=False),
        )
    )  # fmt: skip
    assert found.proof is None and found.deadly is not None and found.deadly[0] == (start, 350)


def test_an_exception_that_is_named_like_an_end_is_none(tmp_path: Path) -> None:
    found = outcome(written(tmp_path, REMEMBERS), BODY)
    assert [(cuts, finding.kind) for cuts, finding in found.found] == [((5, 11, 23, 30, 45, 50), "crashed")]


@pytest.mark.parametrize(
    ("ready", "inside", "out"), [(True, "", "Out(self, "), (False, ASKED, "list(")], ids=["is it empty?", "is it done?"]
)
def test_the_walk_asks_what_a_run_asks_and_no_more(ready: bool, inside: str, out: str, tmp_path: Path) -> None:
    found = outcome(written(tmp_path, ANSWERS.format(ready=ready, inside=inside, out=out)), BODY)
    assert [cuts for cuts, _ in found.found] == [CUTS]


def test_the_fewest_cuts_are_told_though_more_came_first(tmp_path: Path) -> None:
    found = outcome(written(tmp_path, FEWER), BODY)
    assert [len(cuts) for cuts, _ in found.found] == [1]
