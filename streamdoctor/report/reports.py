"""The reports that a check can write, by name: the one registry of `--output`, its help and the README's table. Pure.

To add one: a module with a function from a CheckReport to text, and an entry here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from streamdoctor.report.github import github_text
from streamdoctor.report.html import html_text
from streamdoctor.report.json import json_text
from streamdoctor.report.junit import junit_text
from streamdoctor.report.markdown import markdown_text
from streamdoctor.report.model import CheckReport
from streamdoctor.report.text import report_lines


class Report(NamedTuple):
    """`exhibits`: does it show cases step by step?"""

    summary: str
    render: Callable[[CheckReport], str]
    exhibits: bool = False


def text(report: CheckReport) -> str:
    """The text report, without colours."""
    from click import unstyle

    return unstyle("\n".join(report_lines(report)) + "\n")


REPORTS: dict[str, Report] = {
    "text": Report("what `check` prints", text),
    "json": Report("everything, schema streamdoctor.check/1", json_text),
    "junit": Report("JUnit XML: a suite a parser, a test a capture", junit_text),
    "github": Report("annotations for GitHub Actions, and the step summary", github_text),
    "markdown": Report("a comment for a pull request", markdown_text),
    "html": Report("one page to open offline: matrix, causes, cases step by step", html_text, exhibits=True),
}
