"""One card a cause: what happens, the smallest case, expected against got, why, how to mend it, where. Pure."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from streamdoctor.diagnosis.rules import RULES
from streamdoctor.report.causes import Cause, Shown
from streamdoctor.report.html_bytes import byte_rows, pair
from streamdoctor.report.html_words import Anchors, again, badge
from streamdoctor.report.markup import Html, join, tag
from streamdoctor.report.text import MOST_CUTS, advice, where
from streamdoctor.report.words import plural

_MOST_BYTES = 512


def cause_card(cause: Cause, number: int, of: int, anchors: Anchors) -> Html:
    """The card of one cause; `of` is how many streams there are."""
    found = cause.found
    data = {
        "data_verdict": found.verdict,
        "data_parser": cause.parser,
        "data_captures": "\u241e".join(cause.subjects),
    }
    facts = tag("dl", *_facts(cause), class_="facts")
    compare = tag("div", tag("h4", "Expected and got"), pair(found.finding.expected, found.finding.actual))
    grid = tag("div", _smallest(found.minimal), compare, class_="grid")
    parts = [_head(cause, of), grid, facts, again(found.reproduce), _places(cause, anchors)]
    return tag("article", *parts, id=f"cause-{number}", class_=f"card {found.verdict}", tabindex="-1", **data)


def _head(cause: Cause, of: int) -> Html:
    rule = RULES[cause.found.finding.rule]
    streams = f"on {len(cause.subjects)} of {plural(of, 'stream')}, {plural(cause.count, 'case')}"
    known = tag("span", "known", class_="badge known") if cause.known else None
    return tag(
        "header",
        badge(cause.found.verdict),
        known,
        tag("h3", f"{rule.code} {rule.kind}: {cause.title}"),
        tag("p", tag("b", cause.parser), f" {streams}", class_="where"),
    )


def _smallest(minimal: dict[str, Any] | None) -> Html | None:
    if minimal is None:
        return None
    body, cuts = b64decode(minimal["body_b64"]), minimal["cuts"]
    places = [(cut, "") for cut in cuts] if len(cuts) <= MOST_CUTS else []
    told = f"{plural(len(body), 'byte')}, {f'{len(cuts)} cuts' if len(cuts) > 1 else 'one cut' if cuts else 'uncut'}"
    fault = f", fault {minimal['fault']}" if minimal["fault"] else ""
    more = tag("p", f"… {len(body) - _MOST_BYTES:,} bytes more", class_="note") if len(body) > _MOST_BYTES else None
    title = tag("h4", "Smallest ", tag("span", f"{told}{fault}", class_="note"))
    return tag("div", title, byte_rows(0, body[:_MOST_BYTES], places), more)


def _facts(cause: Cause) -> Iterator[Html]:
    found = cause.found
    rule = RULES[found.finding.rule]
    told = {
        "seen": rule.seen,
        "why": rule.why,
        "mend": advice(found.finding, found.blamed, found.cuts, found.boundary),
        "spec": rule.spec,
        "case": f"{where(found)}; oracle: {found.finding.oracle}",
    }
    for word, value in told.items():
        if value:
            yield tag("div", tag("dt", word), tag("dd", value), class_=f"fact-{word}")


def _places(cause: Cause, anchors: Anchors) -> Html:
    rows = [tag("li", *_place(shown, anchors)) for shown in cause.shown]
    first = anchors.case(cause.found)
    step = join([tag("a", "step by step", href=f"#{first}"), " · "]) if first else Html("")
    summary = tag("summary", plural(len(cause.subjects), "stream"))
    return tag("div", step, tag("details", summary, tag("ul", *rows, class_="places")), class_="places-row")


def _place(shown: Shown, anchors: Anchors) -> Iterator[Html | str]:
    anchor = anchors.case(shown.found)
    yield tag("a", shown.result.subject, href=f"#{anchor}") if anchor else shown.result.subject
    yield tag("span", f" {where(shown.found)}, {plural(shown.found.count, 'case')} · {shown.found.case}", class_="note")
