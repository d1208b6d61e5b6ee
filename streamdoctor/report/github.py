"""A check as workflow commands of GitHub Actions: an annotation a cause. Pure.

The step summary is the report `markdown`, which the command line appends where GITHUB_STEP_SUMMARY names a file.
Escapes are those that the runner undoes (ActionCommand.cs of actions/runner, command.ts of actions/toolkit): `%`, CR
and LF in messages; `:` and `,` in properties too. The first `::` after a line's own is where its message begins, and a
line is one command, so `::` in a message is text.
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from streamdoctor.diagnosis.rules import RULES
from streamdoctor.report.causes import Cause, causes
from streamdoctor.report.model import CheckReport
from streamdoctor.report.text import advice, on_subjects, summary_line, where
from streamdoctor.report.words import expected_and_got
from streamdoctor.suite.results import Result, fails
from streamdoctor.visible import safe_text


def github_text(report: CheckReport) -> str:
    """One line an annotation; errors are what makes the run fail."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: CheckReport) -> Iterator[str]:
    for cause in causes(report.results):
        if not cause.known:
            level = "error" if fails(cause.found, report.fail_on) else "warning"
            yield _command(level, cause.result, _title(cause), _message(cause, len(report.subjects)))
    for result in report.results:
        if result.verdict == "error":
            yield _command("error", result, f"{safe_text(result.parser)} was not judged", safe_text(result.note or ""))
    yield f"::notice title=streamdoctor::{escaped(click.unstyle(summary_line(report.results)))}"


def _command(level: str, result: Result, title: str, message: str) -> str:
    place = _file(result)
    properties = [*([f"file={escaped_property(place)}", "line=1"] if place else [])]
    properties.append(f"title={escaped_property(title)}")
    return f"::{level} {','.join(properties)}::{escaped(message)}"


def _file(result: Result) -> str | None:
    """The parser's own file where it is named by one, else the capture."""
    path, colon, _ = result.parser.rpartition(":")
    return safe_text(path) if colon and path.endswith(".py") else result.capture and safe_text(result.capture)


def _title(cause: Cause) -> str:
    rule = RULES[cause.found.finding.rule]
    return safe_text(f"{rule.code} {rule.kind}: {cause.parser}")


def _message(cause: Cause, of: int) -> str:
    found = cause.found
    lines = [
        f"{safe_text(cause.title)}; {where(found)}, on {on_subjects(cause, of)}",
        expected_and_got(found.finding),
        f"mend: {advice(found.finding, found.blamed, found.cuts, found.boundary)}",
        safe_text(found.reproduce),
    ]
    return "\n".join(filter(None, lines))


def escaped(text: str) -> str:
    """A message, in one line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escaped_property(text: str) -> str:
    """The value of a property: nothing in it ends the value or begins the message."""
    return escaped(text).replace(":", "%3A").replace(",", "%2C")
