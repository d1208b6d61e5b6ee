"""Captures x parsers as a table, with a legend that defines each verdict, and how each parser was judged. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import click

from streamdoctor.capture.file import SUFFIX
from streamdoctor.report.html_words import SHAPES, Anchors, badge, scrolled
from streamdoctor.report.markup import Html, join, tag
from streamdoctor.report.matrix import LEGEND
from streamdoctor.report.model import CheckReport
from streamdoctor.report.proof import proof_lines
from streamdoctor.report.text import diagnosis, verdict_counts
from streamdoctor.report.words import plural
from streamdoctor.suite.results import Result
from streamdoctor.visible import shorten


def matrix(report: CheckReport, anchors: Anchors) -> Html:
    """A row a stream, a column a parser; what is wrong links to its case, or to its cause."""
    cells = {(result.subject, result.parser): result for result in report.results}
    rows = []
    for subject in report.subjects:
        name = tag("th", subject.removesuffix(SUFFIX), scope="row", title=subject)
        row = (_cell(cells.get((subject, parser)), anchors) for parser in report.parsers)
        rows.append(tag("tr", name, *row, data_capture=subject))
    return scrolled("Verdicts by stream and parser", ("stream", *report.parsers), rows, "matrix")


def _cell(result: Result | None, anchors: Anchors) -> Html:
    if result is None:
        return tag("td")
    verdict = result.verdict
    words = join([tag("span", SHAPES[verdict], aria_hidden="true", class_="shape"), verdict])
    worst = result.findings[0] if result.findings else None
    link = worst and (anchors.case(worst) or anchors.cause(worst))
    known = result.findings and all(found.known for found in result.findings)
    words = join([words, tag("span", " known", class_="note")]) if known else words
    title = shorten(diagnosis(result), 160)
    return tag("td", tag("a", words, href=f"#{link}") if link else words, class_=verdict, title=title)


def legend(report: CheckReport) -> Html:
    """What each verdict that was given means."""
    seen = {result.verdict for result in report.results}
    rows = [tag("div", tag("dt", badge(word)), tag("dd", meaning)) for word, meaning in LEGEND if word in seen]
    return tag("dl", *rows, class_="legend")


def parsers_table(report: CheckReport) -> Html:
    """How each was judged, and what came of it."""
    words = ("parser", "level", "role", "cases", "verdicts")
    rows = []
    for parser in report.parsers:
        own = [result for result in report.results if result.parser == parser]
        level = ", ".join(dict.fromkeys(result.level for result in own if result.level))
        role = ", ".join(dict.fromkeys(result.role for result in own if result.level))
        cases = f"{sum(result.cases for result in own):,}"
        told = (level, role, cases, click.unstyle(verdict_counts(own)))
        rows.append(tag("tr", tag("th", parser, scope="row"), *(tag("td", cell) for cell in told)))
    return scrolled("How each parser was judged", words, rows)


def notes(report: CheckReport) -> Html | None:
    """Why something was not judged, and what to know of what was: each once."""
    about: dict[tuple[str, str, str], list[str]] = {}
    for result in report.results:
        if result.note:
            word = result.verdict if result.skipped or result.error else "note"
            about.setdefault((word, result.parser, result.note), []).append(result.subject)
    if not about:
        return None
    rows = [tag("li", *_note(*key, subjects)) for key, subjects in about.items()]
    return join([tag("h3", "Notes"), tag("ul", *rows, class_="notes")])


def _note(word: str, parser: str, note: str, subjects: list[str]) -> Iterator[Html | str]:
    yield badge(word) if word in SHAPES else tag("span", word, class_="badge known")
    yield join([" ", tag("b", parser), f": {note} "])
    listed = tag("ul", *(tag("li", subject) for subject in subjects))
    yield tag("details", tag("summary", plural(len(subjects), "stream")), listed)


def proofs(report: CheckReport) -> Html | None:
    """The certificates, or why there are none."""
    told = [(result, list(proof_lines(result))) for result in report.results]
    parts = [
        join([tag("h4", f"{result.parser} on {result.subject}"), tag("pre", join(lines_of(lines)), class_="proof")])
        for result, lines in told
        if lines
    ]
    return join([tag("h3", "Proofs"), *parts]) if parts else None


def lines_of(lines: list[str]) -> Iterator[Html]:
    """Lines for a `pre`."""
    for line in lines:
        yield Html(join([line.strip()]) + "\n")
