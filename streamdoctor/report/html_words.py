"""Small parts that the page uses everywhere: verdicts as words with a shape, commands to copy. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable

from streamdoctor.report.causes import Cause
from streamdoctor.report.markup import Html, tag
from streamdoctor.suite.results import Found

SHAPES = {"pass": "✓", "non-strict": "≈", "fail": "✕", "hung": "∞", "error": "!", "skipped": "–"}
"""Beside each verdict's word, so that no colour is needed."""


class Anchors:
    """Where each finding is told: `case-ID` where its case is shown, numbered where several share a case; else at its
    cause."""

    def __init__(self, folded: Iterable[Cause], shown: Container[str]) -> None:
        self._cases: dict[int, str] = {}
        self._causes: dict[int, str] = {}
        taken: dict[str, int] = {}
        for number, cause in enumerate(folded, 1):
            for one in cause.shown:
                case = one.found.case
                self._causes[id(one.found)] = f"cause-{number}"
                if case in shown:
                    taken[case] = taken.get(case, 0) + 1
                    again = f"-{taken[case]}" if taken[case] > 1 else ""
                    self._cases[id(one.found)] = f"case-{case}{again}"

    def case(self, found: Found) -> str | None:
        """The place of its case, None where that is not shown."""
        return self._cases.get(id(found))

    def cause(self, found: Found) -> str:
        return self._causes[id(found)]


def badge(verdict: str) -> Html:
    """The verdict: shape and word."""
    shape = tag("span", SHAPES[verdict], aria_hidden="true", class_="shape")
    return tag("span", shape, verdict, class_=f"badge {verdict}")


def again(command: str) -> Html | None:
    """The command that shows it again; the script adds a button that copies it."""
    if not command:
        return None
    return tag("p", tag("span", "See it again", class_="label"), tag("code", command, class_="command"), class_="again")


def scrolled(name: str, heads: Iterable[str], rows: Iterable[Html], class_: str | None = None) -> Html:
    """A table that scrolls by itself, by keyboard too."""
    head = tag("thead", tag("tr", *(tag("th", word, scope="col") for word in heads)))
    table = tag("table", head, tag("tbody", *rows), class_=class_)
    return tag("div", table, class_="scroll", tabindex="0", role="group", aria_label=name)
