"""A check as one page to open offline: verdict, matrix, causes, cases, and the JSON it was made from. Pure.

Readable without the script, which only filters, copies and moves with keys. Nothing is fetched: a policy in the page
forbids all but its own style and script, by their digests. Foreign text goes through `markup`, JSON `_embedded`.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

from streamdoctor.report.baseline import baseline_counts, baseline_lines
from streamdoctor.report.causes import Cause, causes
from streamdoctor.report.html_case import case_section
from streamdoctor.report.html_cause import cause_card
from streamdoctor.report.html_matrix import legend, matrix, notes, parsers_table, proofs
from streamdoctor.report.html_script import SCRIPT
from streamdoctor.report.html_style import STYLE
from streamdoctor.report.html_words import SHAPES, Anchors
from streamdoctor.report.json import check_document
from streamdoctor.report.markup import Html, join, tag
from streamdoctor.report.model import CheckReport
from streamdoctor.report.text import VERDICTS
from streamdoctor.report.words import plural

_MANY = 100
"""With more cards, those out of sight are not laid out before they are needed."""


def html_text(report: CheckReport) -> str:
    """The whole document."""
    folded = causes(report.results)
    head = join(
        [
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=_policy()),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
            tag("meta", name="generator", content=f"streamdoctor {report.version}"),
            tag("link", rel="icon", href="data:,"),
            tag("title", f"{_verdict(report)}: streamdoctor check"),
            Html(f"<style>{STYLE}</style>"),
        ],
        "\n",
    )
    anchors = Anchors(folded, report.exhibits)
    body = join([*_body(report, folded, anchors), _embedded(report), Html(f"<script>{SCRIPT}</script>")], "\n")
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'


def _policy() -> str:
    style, script = (b64encode(sha256(text.encode()).digest()).decode() for text in (STYLE, SCRIPT))
    allowed = f"style-src 'sha256-{style}'; script-src 'sha256-{script}'; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _body(report: CheckReport, folded: list[Cause], anchors: Anchors) -> Iterator[Html]:
    yield tag("a", "Skip to the causes", href="#causes", class_="skip")
    yield tag("header", *_head(report, folded), class_="top")
    sections = {"matrix": "Matrix", "causes": "Causes", "cases": "Cases", "parsers": "Parsers", "data": "JSON"}
    links = [tag("a", title, href=f"#{name}") for name, title in sections.items()]
    yield tag("nav", *links, _filter(report), aria_label="Sections and filter")
    findings = [_matrix(report, anchors), _causes(report, folded, anchors), _cases(report, folded, anchors)]
    many = len(folded) + len(report.exhibits) > _MANY
    yield tag("main", *findings, _parsers(report), _data(), id="main", class_="many" if many else None)


def _verdict(report: CheckReport) -> str:
    if report.failed:
        return "Failed"
    judged = any(result.verdict not in ("skipped", "error") for result in report.results)
    return "Passed" if judged and not any(r.verdict == "error" for r in report.results) else "Not judged"


def _head(report: CheckReport, folded: list[Cause]) -> Iterator[Html]:
    word = _verdict(report)
    shape = {"Failed": "fail", "Passed": "pass"}.get(word, "error")
    mark = tag("span", SHAPES[shape], aria_hidden="true", class_="shape")
    yield tag("p", "streamdoctor check", class_="brand")
    yield tag("h1", mark, word, class_=shape)
    yield tag("p", _sentence(report, folded), class_="sentence")
    if report.compared is not None:
        yield tag("p", f"Against the baseline: {baseline_counts(report.compared)}.", class_="sentence")
        told = list(baseline_lines(report.compared))[1:]
        yield tag("ul", *(tag("li", line.strip()) for line in told)) if told else Html("")
    yield tag("dl", *_provenance(report), class_="provenance")


def _sentence(report: CheckReport, folded: list[Cause]) -> str:
    worst = [cause for cause in folded if cause.found.verdict in ("fail", "hung")]
    bad = [cause for cause in worst if not cause.known]
    known = f" {plural(len(worst) - len(bad), 'cause')} known already." if len(worst) > len(bad) else ""
    parsers = plural(len(report.parsers), "parser")
    ran = f"{parsers} on {plural(len(report.subjects), 'stream')}, {plural(report.cases, 'case')}"
    if not bad:
        return f"{ran}: nothing {'new ' if known else ''}fails or hangs.{known}"
    wrong = len({cause.parser for cause in bad})
    return f"{ran}: {plural(len(bad), 'cause')} of failure in {plural(wrong, 'parser')}.{known}"


def _provenance(report: CheckReport) -> Iterator[Html]:
    seconds = sum(result.seconds for result in report.results)
    told = {
        "by": f"streamdoctor {report.version}" if report.version else "",
        "on": report.started,
        "with": report.python,
        "seed": str(report.seed),
        "work": f"{seconds:,.1f} s in parsers under test",
        "fails on": ", ".join(report.fail_on),
        "command": report.command,
    }
    for word, value in told.items():
        if value:
            yield tag("div", tag("dt", word), tag("dd", tag("code", value) if word == "command" else value))


def _filter(report: CheckReport) -> Html:
    """Hidden until the script is there, which alone can act on it."""
    seen = [verdict for verdict in VERDICTS if any(result.verdict == verdict for result in report.results)]
    boxes = [tag("label", tag("input", type="checkbox", name="verdict", value=v, checked=True), f" {v}") for v in seen]
    options = [tag("option", "every parser", value=""), *(tag("option", p, value=p) for p in report.parsers)]
    capture = tag("input", type="search", name="capture", placeholder="capture", aria_label="Capture", size="16")
    parts = [
        capture,
        tag("select", *options, name="parser", aria_label="Parser"),
        tag("fieldset", tag("legend", "Verdict", class_="unseen"), *boxes),
        tag("output", aria_live="polite"),
    ]
    return tag("form", *parts, hidden=True, id="filter", role="search", aria_label="Filter")


def _matrix(report: CheckReport, anchors: Anchors) -> Html:
    return _section("matrix", "Matrix", matrix(report, anchors), legend(report))


def _causes(report: CheckReport, folded: list[Cause], anchors: Anchors) -> Html:
    if not folded:
        return _section("causes", "Causes", tag("p", "Nothing was found."))
    of = len(report.subjects)
    cards = [cause_card(cause, number, of, anchors) for number, cause in enumerate(folded, 1)]
    keys = "Keys: / goes to the filter, j and k to the next and the previous one."
    return _section("causes", "Causes", tag("p", keys, class_="note keys"), *cards)


def _cases(report: CheckReport, folded: list[Cause], anchors: Anchors) -> Html:
    sections = [
        case_section(shown, report.exhibits[shown.found.case], anchors)
        for cause in folded
        for shown in cause.shown
        if anchors.case(shown.found)
    ]
    total = sum(len(cause.shown) for cause in folded)
    words = f"{len(sections)} of {plural(total, 'finding')} step by step, each in its plainest case."
    words = words if total else "There is none to show."
    return _section("cases", "Cases", tag("p", words, class_="note"), *sections)


def _parsers(report: CheckReport) -> Html:
    return _section("parsers", "Parsers", parsers_table(report), notes(report), proofs(report))


def _data() -> Html:
    words = (
        "All results as JSON (schema streamdoctor.check/1) stand in the source of this page, in the element #results."
    )
    return _section("data", "JSON", tag("p", words), tag("p", id="save"))


def _section(name: str, title: str, *parts: Html | None) -> Html:
    return tag("section", tag("h2", title, id=f"{name}-title"), *parts, id=name, aria_labelledby=f"{name}-title")


def _embedded(report: CheckReport) -> Html:
    """The twin: JSON that no parser of HTML can take for anything else."""
    text = json.dumps(check_document(report.results, report.seed), separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Html(f'<script type="application/json" id="results">{text}</script>')
