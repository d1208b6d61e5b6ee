"""How the matrix reads: a line a capture with a word for each parser, and everything about one cell. Content out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from textual.content import Content

from streamdoctor.diagnosis.rules import RULES
from streamdoctor.report.text import advice, smallest, where
from streamdoctor.report.words import plural, quoted
from streamdoctor.suite.results import Found, Result
from streamdoctor.tui.words import VERDICT_STYLES, fit, safe

CELL = 16
_GAP = 2
_LEAST_NAME = 24
_LABEL = 11


class Frame(NamedTuple):
    """What of the columns finds room: the name of the capture takes `name` cells; `first` to `last` of the parsers are
    shown, of `of`."""

    name: int
    first: int
    last: int
    of: int

    @property
    def more(self) -> str:
        """How many parsers stand left and right of what is shown."""
        left, right = self.first, self.of - self.last
        return "".join((f"‹ {left} " if left else "", f"{right} ›" if right else "")).strip()


def frame(width: int, names: Sequence[str], parsers: int, column: int) -> Frame:
    """The columns that are shown, `column` among them."""
    longest = min(max(map(len, names), default=0), max(width - CELL - _GAP, 8))
    fits = max((width - min(longest, _LEAST_NAME)) // (CELL + _GAP), 1)
    shown = min(fits, parsers)
    first = max(0, min(column - shown + 1, parsers - shown)) if column >= shown else 0
    name = max(min(longest, width - shown * (CELL + _GAP)), 8)
    return Frame(name, first, first + shown, parsers)


def head_line(frame: Frame, parsers: Sequence[str], column: int) -> Content:
    """The names of the parsers, that of the column under the cursor marked."""
    parts = [Content.styled(fit(frame.more, frame.name), "$quiet")]
    for number in range(frame.first, frame.last):
        style = "bold" if number == column else "$quiet"
        parts.append(Content.styled(fit(parsers[number], CELL), style))
    return Content(" " * _GAP).join(parts)


def cell_words(result: Result | None, pending: bool, now: bool) -> tuple[str, str]:
    """A verdict, with the rule of its worst finding; and its style."""
    if now:
        return "judging ...", "$primary bold"
    if pending and result is None:
        return "waiting", "$quiet"
    if result is None:
        return "-", "$quiet"
    code = f" {result.findings[0].finding.rule}" if result.findings else ""
    return f"{result.verdict}{code}{' ...' if pending else ''}", VERDICT_STYLES[result.verdict]


def details(result: Result, width: int) -> Content:
    """One cell: the verdict, then every finding with where it shows, and how to see it again."""
    return Content("\n").join(_detail_lines(result, width))


def _detail_lines(result: Result, width: int) -> Iterator[Content]:
    how = f"{plural(result.cases, 'case')}, level {result.level}, {result.role}" if result.level else ""
    yield Content.assemble(
        safe(result.parser, "bold"), "  ", (result.verdict, VERDICT_STYLES[result.verdict]), "  ", (how, "$quiet"),
        "  on ", safe(result.subject, "$quiet"),
    )  # fmt: skip
    if result.note:
        yield from _labelled("note", result.note, width)
    if not result.findings and not result.note:
        yield Content("nothing wrong")
    for found in result.findings:
        yield Content("")
        yield from _finding_lines(found, width)


def _finding_lines(found: Found, width: int) -> Iterator[Content]:
    rule = RULES[found.finding.rule]
    style = VERDICT_STYLES[found.verdict]
    yield Content.assemble((f"{rule.code} {rule.kind}", style), "  ", safe(found.finding.summary))
    told = {
        "where": f"{where(found)} ({plural(found.count, 'case')}, oracle: {found.finding.oracle})",
        "expected": quoted(found.finding.expected, 200),
        "got": quoted(found.finding.actual, 200),
        "mend": advice(found.finding, found.blamed, found.cuts, found.boundary),
        "smallest": smallest(found.minimal) if found.minimal is not None else "",
        "again": found.reproduce,
    }
    for label, text in told.items():
        if text:
            yield from _labelled(label, text, width)


def _labelled(label: str, text: str, width: int) -> Iterator[Content]:
    """A label, and its text wrapped beside it."""
    for number, line in enumerate(safe(text).wrap(max(width - _LABEL, 20))):
        yield Content.assemble((f"  {label if not number else '':{_LABEL - 2}}", "$quiet"), line)
