"""Parsers x subjects as a matrix of verdict words, with a legend and one line of diagnosis a parser. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streamdoctor.report.text import diagnosis
from streamdoctor.report.words import verdict_word
from streamdoctor.suite.results import WORST, Result
from streamdoctor.visible import safe_text

LEGEND = (
    ("pass", "as the reference, in every case"),
    ("non-strict", "differs where the specification and common practice differ"),
    ("fail", "loses, repeats, changes, invents or holds back output, or takes a cut stream for a whole one"),
    ("hung", "never ends"),
    ("error", "it could not be judged, for the reason that is told"),
    ("skipped", "not a stream of this parser's"),
)


def matrix_lines(results: Sequence[Result], names: dict[str, str]) -> Iterator[str]:
    """`names` are the column heads of the subjects, in order."""
    parsers = list(dict.fromkeys(result.parser for result in results))
    by_cell = {(result.parser, result.subject): result for result in results}
    width = max(map(len, parsers))
    columns = {subject: max(len(name), 10) for subject, name in names.items()}
    heads = "  ".join(safe_text(names[subject]).ljust(columns[subject]) for subject in names)
    yield f"{'':{width}}  {heads}"
    for parser in parsers:
        cells = [verdict_word(by_cell[parser, subject].verdict, columns[subject]) for subject in names]
        yield f"{safe_text(parser).ljust(width)}  {'  '.join(cells)}".rstrip()
    yield ""
    seen = {result.verdict for result in results}
    yield from (f"{verdict_word(word, 10)}  {meaning}" for word, meaning in LEGEND if word in seen)


def diagnosis_lines(results: Sequence[Result]) -> Iterator[str]:
    """One line a parser: its worst finding on any subject."""
    parsers = list(dict.fromkeys(result.parser for result in results))
    width = max(map(len, parsers))
    for parser in parsers:
        judged = [r for r in results if r.parser == parser and r.verdict in WORST]
        worst = min(judged, key=lambda r: WORST.index(r.verdict), default=None)
        yield f"{safe_text(parser).ljust(width)}  {diagnosis(worst) if worst else 'not judged'}"
