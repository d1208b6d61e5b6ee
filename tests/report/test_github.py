"""What the runner of GitHub Actions makes of our annotations: exactly what they say, and nothing else."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamdoctor.report.github import escaped, escaped_property, github_text
from streamdoctor.report.model import CheckReport
from streamdoctor.suite.results import Result
from streamdoctor.visible import safe_text
from tests.report.results import HOSTILE, found, result

DATA = {"%0D": "\r", "%0A": "\n", "%25": "%"}
PROPERTY = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}
"""What the runner undoes, in its order (actions/runner, src/Runner.Common/ActionCommand.cs)."""
TRICKS = [
    "::",
    "::error::x",
    "\n::stop-commands::t",
    "\r",
    "%",
    "%3A%3A",
    "%0A",
    "%250A",
    ",line=9",
    "file=b",
    "##[error]",
]
texts = st.lists(st.sampled_from([*TRICKS, "a", ":", " "]), min_size=1).map("".join)


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    message: str


def undone(text: str, escapes: dict[str, str]) -> str:
    for escape, meant in escapes.items():
        text = text.replace(escape, meant)
    return text


def acted_on(line: str) -> Command:
    """A line as the runner takes it: a name and properties up to the first `::` after its own, then the message."""
    assert line.startswith("::")
    head, border, message = line[2:].partition("::")
    assert border
    name, _, told = head.partition(" ")
    pairs = (pair.split("=", 1) for pair in told.strip().split(","))
    return Command(name, {key: undone(value, PROPERTY) for key, value in pairs}, undone(message, DATA))


def commands(*results: Result) -> list[Command]:
    text = github_text(CheckReport(list(results), started="2026-11-22T16:00:00Z", version="0.1"))
    return [acted_on(line) for line in re.split("\r\n|\r|\n", text.removesuffix("\n"))]


def test_a_message_escapes_percent_and_line_ends_only() -> None:
    assert escaped("100%\r\n::error::x, y") == "100%25%0D%0A::error::x, y"


def test_a_property_escapes_what_ends_it_too() -> None:
    assert escaped_property("C:\\a,b.py::n%\r\n") == "C%3A\\a%2Cb.py%3A%3An%25%0D%0A"


@given(texts)
def test_what_is_escaped_is_what_the_runner_shows(text: str) -> None:
    taken = acted_on(f"::error file={escaped_property('a' + text)},title=t::{escaped(text)}")
    assert taken == Command("error", {"file": "a" + text, "title": "t"}, text)


@given(texts)
@example(HOSTILE)
def test_foreign_text_adds_no_command_and_reads_as_it_is(text: str) -> None:
    wrong = result(found(reproduce=f"run {text}"), capture=f"a{text}", parser=f"p{text}.")
    unjudged = result(capture=f"b{text}", parser=f"q{text}", error=True, note=f"n{text}")
    first, second, last = commands(wrong, unjudged)
    assert first.name == second.name == "error"
    assert first.properties == {
        "file": safe_text(f"a{text}"),
        "line": "1",
        "title": safe_text(f"SD404 corrupted: p{text}."),
    }
    assert first.message.endswith("\n" + safe_text(f"run {text}"))
    assert second.properties["title"] == safe_text(f"q{text} was not judged")
    assert second.message == safe_text(f"n{text}")
    assert (last.name, last.properties) == ("notice", {"title": "streamdoctor"})


def test_an_annotation_is_at_the_parser_or_the_capture() -> None:
    first, second, last = commands(result(found()), result(found("SD511"), parser="src/p.py:Parser"))
    assert first.name == "error" and first.message.startswith("hands out something else")
    assert first.properties == {"file": "a.capture.jsonl", "line": "1", "title": "SD404 corrupted: mine"}
    assert second.name == "warning"
    assert second.properties == {"file": "src/p.py", "line": "1", "title": "SD511 non-strict: src/p.py:Parser"}
    assert last.message == "2 results from 20 cases: 1 fail, 1 non-strict"


@pytest.mark.parametrize("cases", [0, 1])
def test_a_run_ends_with_its_count(cases: int) -> None:
    *_, last = commands(*[result(cases=cases)] * cases)
    assert last.name == "notice" and last.message.startswith(f"{cases} result")
