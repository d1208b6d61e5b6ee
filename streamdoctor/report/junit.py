"""A check as JUnit XML: a suite a parser, a test a capture or probe, one failure a test with all that is new. Pure.

Written to the schema that Jenkins and GitLab read (junit-10.xsd), with the attributes that stricter ones require.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from streamdoctor.report.causes import causes
from streamdoctor.report.model import CheckReport
from streamdoctor.report.text import cause_lines
from streamdoctor.suite.results import Result, failing
from streamdoctor.visible import safe_text

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def junit_text(report: CheckReport) -> str:
    """The whole document."""
    return "\n".join(_document(report)) + "\n"


def _document(report: CheckReport) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f"<testsuites {_counts(report, report.results)}>"
    for number, parser in enumerate(report.parsers):
        results = [result for result in report.results if result.parser == parser]
        skipped = sum(result.verdict == "skipped" for result in results)
        when = f' timestamp="{report.started[:19]}"' if report.started else ""
        yield (
            f'  <testsuite name={_attribute(parser)} {_counts(report, results)} skipped="{skipped}"{when}'
            f' hostname="localhost" id="{number}" package="streamdoctor">'
        )
        for result in results:
            yield from _case(report, result)
        yield "  </testsuite>"
    yield "</testsuites>"


def _counts(report: CheckReport, results: Sequence[Result]) -> str:
    failures = sum(failing(result, report.fail_on) for result in results)
    errors = sum(result.verdict == "error" for result in results)
    seconds = sum(result.seconds for result in results)
    return f'tests="{len(results)}" failures="{failures}" errors="{errors}" time="{seconds:.3f}"'


def _case(report: CheckReport, result: Result) -> Iterator[str]:
    name, parser = _attribute(result.subject), _attribute(result.parser)
    yield f'    <testcase classname={parser} name={name} time="{result.seconds:.3f}">'
    told = [line.strip() for cause in causes([result]) for line in cause_lines(cause)]
    if result.verdict == "error":
        yield f'      <error type="error" message={_attribute(result.note or "")}/>'
    elif failing(result, report.fail_on):
        yield _failure(result, told)
        told = []
    elif result.verdict == "skipped":
        yield f"      <skipped message={_attribute(result.note or '')}/>"
    if told:
        yield f"      <system-out>{_text(told)}</system-out>"
    yield "    </testcase>"


def _failure(result: Result, told: Sequence[str]) -> str:
    new = [found for found in result.findings if not found.known]
    if not new:
        return f'      <failure type="skipped" message={_attribute(result.note or "skipped")}/>'
    message = f"{new[0].finding.rule} {new[0].kind}: {new[0].finding.summary}"
    return f"      <failure type={_attribute(new[0].kind)} message={_attribute(message)}>{_text(told)}</failure>"


def _attribute(text: str) -> str:
    return quoteattr(legal(safe_text(text)))


def _text(lines: Sequence[str]) -> str:
    return escape(legal("\n".join(lines)))


def legal(text: str) -> str:
    """`text` with what XML 1.0 forbids written out (section 2.2 there)."""
    return _ILLEGAL.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
