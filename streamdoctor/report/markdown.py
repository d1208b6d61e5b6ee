"""A check as a comment on a pull request: verdict, parsers, one folded entry a cause. Pure.

Foreign text stands in code spans and fenced blocks only, where it can neither format, link nor call anyone. Bounded:
GitHub takes 65,536 characters a comment.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape

import click

from streamdoctor.diagnosis.rules import RULES
from streamdoctor.report.baseline import baseline_lines
from streamdoctor.report.causes import Cause, causes
from streamdoctor.report.model import CheckReport
from streamdoctor.report.proof import proof_lines
from streamdoctor.report.text import VERDICTS, advice, on_subjects, smallest, summary_line, where
from streamdoctor.report.words import differing, plural
from streamdoctor.suite.results import Result
from streamdoctor.visible import safe_text

MOST = 60_000
_MOST_PARSERS = 50
_MOST_PROOFS = 12


def markdown_text(report: CheckReport) -> str:
    """The whole comment; causes that find no room are counted."""
    lines = [*_head(report), *_proofs(report)]
    left = MOST - sum(len(line) + 1 for line in lines)
    folded = causes(report.results)
    for number, cause in enumerate(folded):
        entry = list(_cause(cause, len(report.subjects)))
        left -= sum(len(line) + 1 for line in entry)
        if left < 0:
            lines += ["", f"{plural(len(folded) - number, 'cause')} more found no room here."]
            break
        lines += entry
    return "\n".join([*lines, "", *_foot(report)]) + "\n"


def _head(report: CheckReport) -> Iterator[str]:
    yield f"### streamdoctor: {'failed' if report.failed else 'nothing new is wrong' if report.compared else 'passed'}"
    yield ""
    yield f"{click.unstyle(summary_line(report.results))}."
    if report.compared is not None:
        yield ""
        yield from (f"- {code(line.strip())}" for line in baseline_lines(report.compared))
    yield ""
    seen = [verdict for verdict in VERDICTS if any(result.verdict == verdict for result in report.results)]
    yield f"| parser | {' | '.join(seen)} |"
    yield f"|---|{'---:|' * len(seen)}"
    for parser in report.parsers[:_MOST_PARSERS]:
        yield _row(parser, [result for result in report.results if result.parser == parser], seen)
    if len(report.parsers) > _MOST_PARSERS:
        yield f"| {len(report.parsers) - _MOST_PARSERS} more | {' | '.join('' for _ in seen)} |"


def _row(parser: str, results: Sequence[Result], seen: Sequence[str]) -> str:
    counted = Counter(result.verdict for result in results)
    cells = [str(counted[verdict] or "") for verdict in seen]  # type: ignore[index]
    return f"| {code(parser, cell=True)} | {' | '.join(cells)} |"


def _proofs(report: CheckReport) -> Iterator[str]:
    """Proofs and refusals, in one fold; those that find no room are counted."""
    proved = [result for result in report.results if result.proof is not None or result.proof_refused is not None]
    if not proved:
        return
    given = sum(result.proof is not None for result in proved)
    told = [(safe_text(f"{result.parser} on {result.subject}"), *proof_lines(result)) for result in proved]
    yield ""
    yield f"<details><summary>{plural(given, 'proof')} of all chunkings, {len(proved) - given} refused</summary>"
    yield ""
    yield from _fenced([line for lines in told[:_MOST_PROOFS] for line in lines])
    if len(told) > _MOST_PROOFS:
        yield ""
        yield f"{len(told) - _MOST_PROOFS} more found no room here."
    yield ""
    yield "</details>"


def _cause(cause: Cause, of: int) -> Iterator[str]:
    """Closed, so that the comment stays short; what is known already is told as such."""
    found = cause.found
    rule = RULES[found.finding.rule]
    known = "known: " if cause.known else ""
    yield ""
    title = f"{_inline(cause.title)} ({_inline(cause.parser)})"
    yield f"<details><summary>{known}{rule.code} {rule.kind}: {title}</summary>"
    yield ""
    yield f"On {code(on_subjects(cause, of))}; {code(where(found))}; {plural(cause.count, 'case')}."
    yield ""
    yield f"**Mend:** {_inline(advice(found.finding, found.blamed, found.cuts, found.boundary))}"
    yield ""
    expected, got = differing(found.finding.expected, found.finding.actual, 160)
    lines = [f"expected  {expected}", f"got       {got}"]
    if found.minimal is not None:
        lines.append(f"smallest  {smallest(found.minimal)}")
    if found.reproduce:
        lines.append(f"again     {safe_text(found.reproduce)}")
    yield from _fenced(lines)
    yield ""
    yield "</details>"


def _foot(report: CheckReport) -> Iterator[str]:
    told = [report.version and f"streamdoctor {report.version}", f"seed {report.seed}", report.started]
    yield f"<sub>{escape(', '.join(filter(None, told)))}</sub>"


def _fenced(lines: Sequence[str]) -> Iterator[str]:
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}text"
    yield from lines
    yield fence


def code(text: str, *, cell: bool = False) -> str:
    """Foreign text as a code span; in a cell of a table its bars are escaped, which GitHub undoes there."""
    text = safe_text(text)
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text.replace('|', chr(92) + '|') if cell else text}{pad}{ticks}"


def _inline(text: str) -> str:
    """Text inside of HTML: `<`, `&` and what Markdown would format or call as character references."""
    return re.sub(r"[\\`*_{}\[\]<>()#+!|~&@:]", lambda match: f"&#{ord(match.group())};", safe_text(text))
