"""A check as text: a parser at a time, one entry a cause, worst first, with the way to see it again. Pure."""

from __future__ import annotations

from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from streamdoctor.diagnosis.judge import Finding
from streamdoctor.diagnosis.rules import RULES
from streamdoctor.diagnosis.wording import ONLY_AFTER
from streamdoctor.parsers.command import PREFIX
from streamdoctor.parsers.shapes import ADAPTER, COMMAND_ADAPTER
from streamdoctor.rephrasings.catalogue import AS_IS, REPHRASINGS
from streamdoctor.report.baseline import baseline_lines
from streamdoctor.report.causes import Cause, causes, named
from streamdoctor.report.model import CheckReport
from streamdoctor.report.proof import proof_lines
from streamdoctor.report.words import counts, expected_and_got, plural, verdict_word
from streamdoctor.suite.results import Found, Result, Verdict
from streamdoctor.visible import safe_bytes, safe_text, shorten

MOST_CUTS = 12
"""More cuts than this are told by their number and their split."""
MOST_NAMED = 3
"""So many captures of a cause are named."""
MOST_FULL, MOST_TOLD = 5, 25
"""So many causes of a parser are told in full, and so many at all."""
_MOST_NOTE = 100
VERDICTS: tuple[Verdict, ...] = ("hung", "fail", "error", "non-strict", "pass", "skipped")


def check_lines(results: Sequence[Result]) -> Iterator[str]:
    """The whole report: each parser's verdicts and what is wrong with it, one entry a cause; then the count."""
    subjects = list(dict.fromkeys(result.subject for result in results))
    width = max((len(safe_text(result.parser)) for result in results), default=0)
    if len(subjects) == 1:
        yield f"{safe_text(subjects[0])}  ({results[0].dialect})"
    for parser in dict.fromkeys(result.parser for result in results):
        own = [result for result in results if result.parser == parser]
        yield from _alone(own[0], width) if len(subjects) == 1 else _over_many(own, width)
    yield ""
    unfit = {result.parser.startswith(PREFIX) for result in results if not result.fits}
    if unfit:
        yield "Where output fits no level, an adapter tells what the parser hands out:"
        for is_command in sorted(unfit):
            adapter = COMMAND_ADAPTER if is_command else ADAPTER
            yield from (f"    {line}" for line in adapter.splitlines())
        yield ""
    yield summary_line(results)


def summary_line(results: Sequence[Result]) -> str:
    """`12 results: 2 fail, 10 pass`."""
    cases = sum(result.cases for result in results)
    return f"{plural(len(results), 'result')} from {plural(cases, 'case')}: {verdict_counts(results) or 'nothing'}"


def verdict_counts(results: Sequence[Result]) -> str:
    """`2 fail, 10 pass`."""
    seen = Counter(result.verdict for result in results)
    return ", ".join(f"{seen[v]} {verdict_word(v)}" for v in VERDICTS if seen[v])


def _alone(result: Result, width: int) -> Iterator[str]:
    """A parser on the only subject there is."""
    how = f"{plural(result.cases, 'case')}, level {result.level}, {result.role}" if result.level else ""
    if result.skipped or result.error:
        how = safe_text(result.note or "")
    yield f"  {safe_text(result.parser).ljust(width)}  {verdict_word(result.verdict, 10)}  {how}".rstrip()
    if result.note and not result.skipped and not result.error:
        yield f"      note: {safe_text(result.note)}"
    if result.cases and result.coverage is not None and result.coverage.missing and result.proof is None:
        yield f"      no case cuts inside: {counts(result.coverage.missing)}"
    yield from proof_lines(result)
    yield from _cost_lines([result])
    yield from _causes_lines([result])


def _over_many(results: Sequence[Result], width: int) -> Iterator[str]:
    """A parser on several subjects: they are named where something is to be said of them."""
    ways = list(dict.fromkeys(f"level {result.level}, {result.role}" for result in results if result.level))
    cases = plural(sum(result.cases for result in results), "case")
    yield f"  {safe_text(results[0].parser).ljust(width)}  {verdict_counts(results)}  {'; '.join([cases, *ways])}"
    yield from _notes(results)
    for result in results:
        if result.proof is not None or result.proof_refused is not None:
            yield f"    {safe_text(result.subject)}"
            yield from proof_lines(result)
    yield from _cost_lines(results)
    yield from _causes_lines(results)


def _cost_lines(results: Sequence[Result]) -> Iterator[str]:
    """Measured once a dialect."""
    for dialect, words in {(result.dialect, result.cost): None for result in results if result.cost is not None}:
        yield f"      cost of {dialect}: {words}"


def _causes_lines(results: Sequence[Result]) -> Iterator[str]:
    """The causes of one parser: the first in full, then a line each, then how many more."""
    folded = causes(results)
    for cause in folded[:MOST_FULL]:
        yield from cause_lines(cause, len(results))
    for cause in folded[MOST_FULL:MOST_TOLD]:
        yield _short(cause, len(results))
    if len(folded) > MOST_TOLD:
        yield f"      and {plural(len(folded) - MOST_TOLD, 'cause')} more (--output tells all of them)"


def _short(cause: Cause, of: int) -> str:
    """One line, with the id by which `replay` knows its plainest case."""
    found = cause.found
    rule = RULES[found.finding.rule]
    on = f", on {len(cause.subjects)} of {of}" if of > 1 else ""
    known = "known: " if cause.known else ""
    return f"      {known}{rule.code} {rule.kind}: {safe_text(cause.title)}; {where(found)}{on} (replay {found.case})"


def _notes(results: Sequence[Result]) -> Iterator[str]:
    """Each note once, with those that it is about."""
    about: dict[tuple[str, str], list[str]] = {}
    for result in results:
        word = result.verdict if result.skipped or result.error else "note"
        if result.note:
            about.setdefault((word, result.note), []).append(safe_text(result.subject))
    for (label, note), subjects in about.items():
        told = safe_text(note)
        yield f"      {label}: {told if len(told) <= _MOST_NOTE else told[: _MOST_NOTE - 1] + '…'}"
        yield f"          on {named(subjects, MOST_NAMED)}"


def cause_lines(cause: Cause, of: int = 1) -> Iterator[str]:
    """One cause: what, on which of `of` subjects, expected against got, how to mend it, how to see it again."""
    found = cause.found
    rule = RULES[found.finding.rule]
    known = "known: " if cause.known else ""
    yield f"      {known}{rule.code} {rule.kind}: {safe_text(cause.title)}"
    if of > 1:
        yield f"          on {on_subjects(cause, of)}"
    first = "first of " if of > 1 and len(cause.shown) > 1 else ""
    yield f"          {where(found)} ({first}{plural(cause.count, 'case')}, oracle: {found.finding.oracle})"
    yield f"          {expected_and_got(found.finding)}"
    yield f"          mend: {advice(found.finding, found.blamed, found.cuts, found.boundary)}"
    if found.minimal is not None:
        yield f"          smallest: {smallest(found.minimal)}"
    if found.reproduce:
        yield f"          {safe_text(found.reproduce)}"


def on_subjects(cause: Cause, of: int) -> str:
    """`6 of 26: a, b, c and 3 more`."""
    subjects = [safe_text(name) for name in cause.subjects]
    return f"{len(subjects)} of {of}: {named(subjects, MOST_NAMED)}"


def advice(finding: Finding, rephrase: str, cuts: Sequence[int], boundary: str | None) -> str:
    """How to mend it: what outlives a stream, what one cut inside a CRLF does, and what is right uncut have mends of
    their own; else it is what a rephrasing asks for where that alone makes a parser fail, else what the rule says.
    `boundary` is what the first cut falls inside."""
    if finding.summary.endswith(ONLY_AFTER):
        return "Keep all state in the instance: none in a class, a module, a default argument or a cache."
    if len(cuts) == 1 and boundary == "cr-lf" and finding.oracle == "same-for-every-cut":
        return "Skip one LF at the start of a piece where the piece before it ended in CR: both are one line end."
    if finding.oracle == "same-for-every-cut" and finding.rule in _ALTERED:
        return "Decide nothing by where a piece begins or ends: keep what is unfinished, and go on from there."
    wording = "" if cuts or finding.oracle == "promptness" else REPHRASINGS[rephrase].mend
    return wording or RULES[finding.rule].mend


_ALTERED = ("SD403", "SD404")
"""What these say of fields and spaces is for what is wrong uncut."""


def smallest(minimal: dict[str, Any]) -> str:
    """The smallest body that shows it, where it is cut, and the fault."""
    body = b64decode(minimal["body_b64"])
    cuts = minimal["cuts"]
    cut = f", cut at {', '.join(map(str, cuts))}" if 0 < len(cuts) <= MOST_CUTS else ", uncut" if not cuts else ""
    fault = f", fault {minimal['fault']}" if minimal["fault"] else ""
    return f"{plural(len(body), 'byte')} “{shorten(safe_bytes(body), 80)}”{cut}{fault}"


def where(found: Found) -> str:
    """In which case it shows: the rephrasing, the cuts it takes and what they fall inside, and the fault."""
    if not found.cuts:
        place = "in one piece"
    elif len(found.cuts) > MOST_CUTS:
        place = f"split {found.split}, {len(found.cuts)} cuts"
    elif len(found.cuts) == 1:
        place = f"cut at byte {found.cuts[0]:,}, {_inside(found.boundary)}"
    else:
        place = f"{len(found.cuts)} cuts, the first at byte {found.cuts[0]:,}, {_inside(found.boundary)}"
    words = [] if found.rephrase == AS_IS else [f"rephrased {found.rephrase}"]
    return ", ".join([*words, place, *([f"fault {found.fault}"] if found.fault else [])])


def _inside(boundary: str | None) -> str:
    return {"between-events": "between events", "other": "at no special place"}.get(
        boundary or "", f"inside {boundary}"
    )


def diagnosis(result: Result) -> str:
    """One line on a result: its worst finding, or why there is none."""
    if result.findings:
        worst = result.findings[0]
        return f"{worst.finding.rule} {worst.kind}: {safe_text(worst.finding.summary)}; {where(worst)}"
    if result.verdict == "pass":
        return f"{plural(result.cases, 'case')} at level {result.level}: nothing wrong"
    return safe_text(result.note or "")


def report_lines(report: CheckReport) -> Iterator[str]:
    """The results, then what became of a baseline."""
    yield from check_lines(report.results)
    if report.compared is not None:
        yield from baseline_lines(report.compared)
