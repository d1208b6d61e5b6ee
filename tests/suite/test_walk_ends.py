"""How a walk ends where a parser says that it is done, hangs, raises where it is only asked, or is wrong elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.levels import View
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import read_body
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.prove import Outcome, prove
from streamdoctor.suite.prover import Task
from streamdoctor.suite.subjects import Subject, from_probe
from streamdoctor.suite.workers import Limits

DONE = b"data: ab\n\ndata: cdefghijk\n\ndata: [DONE]\n\n"
LINES = """
class Lines:
    def __init__(self): self.rest, self.at = b"", 0
    def feed(self, data):
        at, self.at = self.at, self.at + len(data)
        *lines, self.rest = (self.rest + data).split(b"\\n")
        out = [line[6:].decode() for line in lines if line[:6] == b"data: "]
        self.after(at, len(data), out)
        return out
    def after(self, at, size, out): pass
"""
DONE_LATE = """
class P(Lines):
    def after(self, at, size, out):
        if "[DONE]" in out: self.done = True
"""
DONE_ONCE = """
class P(Lines):
    fin = False
    def after(self, at, size, out): self.fin = "[DONE]" in out
    def done(self):
        fin, self.fin = self.fin, False
        return fin
"""
RAISES_WHEN_ASKED = """
class P(Lines):
    def boom(self): raise ValueError("boom")
    def after(self, at, size, out):
        if (at, size) == (7, 3): self.done = self.boom
"""
SNAPSHOT = """
class P(Lines):
    def snapshot(self):
        if self.rest == b"da": raise RuntimeError("not now")
        return self.rest, self.at
    def restore(self, kept): self.rest, self.at = kept
"""
RESTORE = """
class P(Lines):
    def snapshot(self): return self.rest, self.at
    def restore(self, kept):
        if kept[0] == b"da": raise RuntimeError("not now")
        self.rest, self.at = kept
"""
HANGS = """
class P(Lines):
    def after(self, at, size, out):
        while (at, size) == (60, 1): pass
        if self.at == {end}: self.done = True
"""
LONG_IS_WRONG = """
class P(Lines):
    def after(self, at, size, out):
        if size > 8: out.append("long")
"""


def outcome(folder: Path, source: str, body: bytes = DONE, longest: int | None = None) -> Outcome:
    (folder / "theirs.py").write_text(LINES + source)
    calibration = Calibration("sse", View("data"), "parser", True)
    subject = Subject(None, "ends", read_body(body, by_name("sse")))
    return prove(Task(f"{folder}/theirs.py:P", subject, calibration, Options(), Limits(2.0, 8.0), longest))


@pytest.mark.parametrize("source", [DONE_LATE, DONE_ONCE], ids=["late", "once"])
def test_done_is_asked_once_a_piece_in_a_run_as_in_the_walk(source: str, tmp_path: Path) -> None:
    found = outcome(tmp_path, source)
    assert found.proof is not None, found.refused


def test_what_raises_when_it_is_asked_whether_it_is_done_is_wrong_there(tmp_path: Path) -> None:
    found = outcome(tmp_path, RAISES_WHEN_ASKED)
    assert [(cuts, finding.rule) for cuts, finding in found.found] == [((7, 10), "SD701")]


@pytest.mark.parametrize(("source", "name"), [(SNAPSHOT, "snapshot"), (RESTORE, "restore")])
def test_a_snapshot_that_raises_is_a_reason(source: str, name: str, tmp_path: Path) -> None:
    assert (outcome(tmp_path, source).refused or "").startswith(f"its {name}() raised RuntimeError: not now")


@pytest.mark.slow
def test_a_hang_right_after_a_judged_run_is_named_with_its_own_cuts(tmp_path: Path) -> None:
    body = b"".join(b"data: line %d\n\n" % number for number in range(60))
    found = outcome(tmp_path, HANGS.format(end=len(body)), body)
    assert found.deadly is not None
    assert found.deadly[0] == (60, 61)


def test_longer_pieces_than_were_asked_for_disprove_nothing(tmp_path: Path) -> None:
    short, long = outcome(tmp_path, LONG_IS_WRONG, longest=8), outcome(tmp_path, LONG_IS_WRONG, longest=9)
    assert short.proof is not None, short.refused
    assert long.proof is None and (long.refused or "").startswith("disproved: ")


def test_what_is_not_strict_uncut_is_no_contradiction(tmp_path: Path) -> None:
    found = outcome(tmp_path, "class P(Lines): pass", b"data: a\n\ndata: b\n")
    assert (found.refused or "").startswith("with no cut at all it is not strict (SD511): a proof has no place")


def test_a_file_beside_the_parser_may_be_called_like_a_standard_module(tmp_path: Path) -> None:
    (tmp_path / "types.py").write_text("raise RuntimeError('not the standard one')")
    found = outcome(tmp_path, "class P(Lines): pass")
    assert found.proof is not None, found.refused


# --- with rephrasings


@pytest.mark.slow
def test_what_is_proved_is_the_body_in_the_words_that_were_asked_for(tmp_path: Path) -> None:
    """A parser that is wrong with CRLF alone, and right as it is."""
    (tmp_path / "theirs.py").write_text(
        LINES.replace("line[6:].decode()", "line[6:].decode().rstrip('\\r') + ('!' if line[-1:] == b'\\r' else '')")
    )
    ref, subject = f"{tmp_path}/theirs.py:Lines", from_probe("sse")

    def proved(*rephrasings: str) -> list[str]:
        options = Options(Axes(("whole",), (), 0, rephrasings), level="data", prove=True)
        (result,) = check([ref], [subject], options)
        assert (result.proof is None) == (result.proof_refused is not None)
        return [proof.rephrase for proof in (result.proof, *result.more_proofs) if proof is not None]

    assert proved() == proved("as-is") == ["as-is"]
    assert proved("as-is", "bom") == []
    assert proved("crlf") == proved("as-is", "crlf") == []
    assert proved("extra-blank-lines", "as-is") == ["extra-blank-lines", "as-is"]
