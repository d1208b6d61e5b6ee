"""The captures we ship: they load, they are what their README says, our reference passes, our specimens do not.

What each specimen is guilty of stands here and nowhere in the package.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from streamdoctor.capture.file import load
from streamdoctor.parsers.specimens import SPECIMENS
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.results import Result
from streamdoctor.suite.subjects import from_capture

FOLDER = Path(__file__).parents[1] / "captures"
FILES = sorted(FOLDER.glob("*.capture.jsonl"))

PROMISED = {
    "closes-after-lines": {"truncated"},
    "waits-longer": {"truncated"},
    "retries-from-start": {"duplicated"},
    "collects-then-flushes": {"delayed"},
    "finally-works": {"crashed", "accepts-incomplete"},
    "limits-lines": {"truncated"},
    "decodes-each-piece": {"corrupted"},
    "parses-each-piece": {"truncated"},
    "splits-lines-everywhere": {"truncated"},
}
"""The kinds that the row of each in the story promises: as recorded these, on some capture, and no other on any."""

QUICK = ("finally-works", "splits-lines-everywhere")
"""The others take seconds each."""

ON = ("llama-chat-emoji-japanese", "aimock-chat-big-events", "aimock-chat-line-separators")


def capture(name: str) -> str:
    return str(FOLDER / f"{name}.capture.jsonl")


def results(parser: str) -> list[Result]:
    as_recorded = Options(Axes(rephrasings=("as-is",)))
    return check([parser], [from_capture(capture(name)) for name in ON], as_recorded)


def test_every_specimen_has_a_promise() -> None:
    assert PROMISED.keys() == SPECIMENS.keys()


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SPECIMENS]
)
def test_a_specimen_is_found_guilty_of_what_it_does_and_of_nothing_else(name: str) -> None:
    own = results(name)
    assert {found.kind for result in own for found in result.findings} == PROMISED[name]
    assert {"fail"} <= {result.verdict for result in own} <= {"fail", "pass"}


@pytest.mark.slow
def test_rephrasings_show_it_on_one_plain_capture_alone() -> None:
    """ASCII, small events, LF: with the default of `check` it takes no luck with what was recorded."""
    results = check(["reference", *SPECIMENS], [from_capture(capture("llama-chat-ascii"))], Options())
    found = {result.parser: {finding.kind for finding in result.findings} for result in results}
    assert found.pop("reference") == set()
    assert {name: PROMISED[name] - kinds for name, kinds in found.items()} == {name: set() for name in SPECIMENS}


def test_the_finally_works_buffer_raises_on_a_cut_inside_a_code_point() -> None:
    own = results("finally-works")[0]
    crash = next(found for found in own.findings if found.kind == "crashed")
    assert crash.finding.actual.startswith("UnicodeDecodeError: ")
    assert (len(crash.cuts), crash.boundary) == (1, "utf8")


def test_the_reference_is_innocent() -> None:
    assert {result.verdict for result in results("reference")} == {"pass"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_shipped_capture_is_whole_small_and_without_secrets(path: Path) -> None:
    held = load(path)
    assert path.stat().st_size < 100_000
    assert held.warnings == ()
    assert held.header.fidelity == "read"
    assert held.end is not None
    for way in (">", "<"):
        assert held.end.details["bytes"][way] == len(held.data(way))  # type: ignore[arg-type]
    assert b"Bearer sk-" not in held.data(">")
    assert b"/work/" not in path.read_bytes()


def test_their_readme_is_what_is_written_from_them() -> None:
    recipe = runpy.run_path(str(FOLDER / "recipes" / "readme.py"))
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert recipe["written"](text, recipe["shown"]()) == text
    assert sum(map(len, recipe["WORDS"].values())) == len(FILES) >= 10
