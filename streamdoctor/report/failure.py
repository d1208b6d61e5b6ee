"""What is wrong with a parser, as the message of a failed test: kind, difference, bytes round the cut, advice. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import takewhile

from streamdoctor.diagnosis.rules import RULES
from streamdoctor.report.text import advice, smallest, where
from streamdoctor.report.words import plural
from streamdoctor.suite.results import Found, Result
from streamdoctor.suite.subjects import Subject
from streamdoctor.visible import safe_bytes, safe_text, shorten

MOST = 5
"""So many findings are told in full."""
_AROUND = 24
_WIDTH = 90


def failure_text(results: Sequence[Result], subjects: Sequence[Subject]) -> str:
    """All that is wrong in `results`, worst first; `subjects` are what they were run on, by name."""
    named = {subject.name: subject for subject in subjects}
    bad = [(result, found) for result in results for found in result.findings if found.verdict in ("fail", "hung")]
    lines = [_head(results, [found for _, found in bad])]
    for result, found in bad[:MOST]:
        lines += ["", *finding_text(result, found, named.get(result.subject))]
    if len(bad) > MOST:
        lines += ["", f"and {plural(len(bad) - MOST, 'finding')} more"]
    return "\n".join(lines)


def _head(results: Sequence[Result], bad: Sequence[Found]) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in Counter(found.kind for found in bad).items())
    failed = sum(result.verdict in ("fail", "hung") for result in results)
    cases = plural(sum(result.cases for result in results), "case")
    parser = safe_text(results[0].parser)
    return f"{parser} breaks on {failed} of {plural(len(results), 'stream')} ({cases}): {kinds}"


def finding_text(result: Result, found: Found, subject: Subject | None) -> Iterator[str]:
    """One finding, for a reader who has nothing else open."""
    rule = RULES[found.finding.rule]
    yield f"{rule.code} {rule.kind}: {safe_text(found.finding.summary)}"
    yield f"  stream    {safe_text(result.subject)} ({result.dialect}); judged at level {result.level}, {result.role}"
    yield f"  case      {where(found)}; {plural(found.count, 'case')}, oracle: {found.finding.oracle}"
    if subject is not None and found.cuts:
        yield from _bytes(found, subject)
    yield from aligned(found.finding.expected, found.finding.actual)
    yield f"  mend      {advice(found.finding, found.blamed, found.cuts, found.boundary)}"
    if found.minimal is not None:
        yield f"  smallest  {smallest(found.minimal)}"
    if found.reproduce:
        yield f"  again     {safe_text(found.reproduce)}"


def _bytes(found: Found, subject: Subject) -> Iterator[str]:
    """What stands round the first cut, which is drawn as a bar."""
    said = subject.rephrased(found.rephrase)
    cut = found.cuts[0]
    if said is None or cut >= len(said.reading.body):
        return
    body = said.reading.body
    before, after = safe_bytes(body[max(cut - _AROUND, 0) : cut]), safe_bytes(body[cut : cut + _AROUND])
    yield f"  bytes     {before}│{after}"


def aligned(expected: str, actual: str) -> Iterator[str]:
    """Both outputs, one under the other, with a mark below the first difference."""
    right, got = (shorten(safe_text(text), _WIDTH) for text in (expected, actual))
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(right, got, strict=False)))
    yield f"  expected  {right}"
    yield f"  got       {got}"
    if 0 < same < max(len(right), len(got)):
        yield f"            {' ' * same}^"
