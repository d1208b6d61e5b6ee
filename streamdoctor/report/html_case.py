"""One case of the page: where in the stream it is, its bytes, its steps, its times. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from streamdoctor.diagnosis.rules import RULES
from streamdoctor.rephrasings.catalogue import AS_IS, REPHRASINGS
from streamdoctor.report.causes import Shown
from streamdoctor.report.html_bytes import byte_rows, pair
from streamdoctor.report.html_svg import histogram, strip, timeline
from streamdoctor.report.html_words import Anchors, again, badge, scrolled
from streamdoctor.report.markup import Html, join, tag
from streamdoctor.report.text import where
from streamdoctor.report.words import plural
from streamdoctor.suite.exhibit import Exhibit, Step
from streamdoctor.suite.trialled import CONTENT
from streamdoctor.visible import shorten

_MOST = 240


def case_section(shown: Shown, exhibit: Exhibit, anchors: Anchors) -> Html:
    """The case of one finding, from where it is to what came of each step."""
    found, result = shown.found, shown.result
    rule = RULES[found.finding.rule]
    head = tag(
        "header",
        badge(found.verdict),
        tag("h3", f"{rule.code} {rule.kind}: {found.finding.summary}"),
        tag("p", _place(shown), class_="where"),
    )
    back = tag("a", "all of this cause", href=f"#{anchors.cause(found)}")
    foot = tag("p", tag("span", f"case {found.case}", class_="id"), " · ", back, class_="foot")
    data = {"data_verdict": found.verdict, "data_parser": result.parser, "data_captures": result.subject}
    parts = [
        head,
        pair(found.finding.expected, found.finding.actual),
        *_body(shown, exhibit),
        again(found.reproduce),
        foot,
    ]
    return tag("article", *parts, id=anchors.case(found), class_="case", tabindex="-1", **data)


def _place(shown: Shown) -> Html:
    return join([tag("b", shown.result.parser), " on ", tag("b", shown.result.subject), f": {where(shown.found)}"])


def _body(shown: Shown, exhibit: Exhibit) -> Iterator[Html]:
    found = shown.found
    if found.rephrase != AS_IS:
        yield tag(
            "p", f"The stream was rephrased: {REPHRASINGS[found.rephrase].summary}. Its events are known all the same."
        )
    shows = found.offset if 0 < found.offset <= exhibit.size else None
    yield tag("h4", "Where in the stream")
    plain = found.rephrase == AS_IS and found.fault is None
    drawings = [timeline(exhibit.arrivals, shows if plain else None)] if exhibit.arrivals else []
    yield tag("figure", *drawings, strip(exhibit.size, exhibit.cuts, exhibit.events, shows), class_="wide")
    if exhibit.windows:
        yield tag("h4", "Bytes, wrapped at the cuts")
        here = found.finding.at if found.kind in CONTENT and not found.cuts else None
        yield join([byte_rows(window.start, window.data, window.cuts, here) for window in exhibit.windows])
    yield from _steps(exhibit)
    sizes = [histogram("sizes of pieces, bytes", exhibit.piece_sizes)]
    sizes += [histogram("sizes of reads as recorded, bytes", exhibit.read_sizes)] if exhibit.read_sizes else []
    yield tag("details", tag("summary", "Sizes of reads and pieces"), tag("figure", *sizes, class_="twin"))


def _steps(exhibit: Exhibit) -> Iterator[Html]:
    """Before, piece, after: round the first step in which other things came out than were due; then all steps."""
    at = next((i for i, step in enumerate(exhibit.steps) if step.number == exhibit.focus), None)
    if at is None:
        yield tag("p", "This case takes its process down: it was not run again for this page.", class_="note")
        return
    step, last = exhibit.steps[at], at + 1 == len(exhibit.steps)
    raises = re.match(rf"raised in step {step.number}\b", exhibit.end)
    yield tag("h4", "Where it goes wrong")
    panels = [
        _panel("Before", "what had come out", [_text(_before(exhibit, at))]),
        _panel(_name(step, exhibit), _span(step), [_text(step.piece)]),
        _panel("After", exhibit.end if last or raises else "what came out of it", [pair(step.due, step.out, 160)]),
    ]
    yield tag("div", *panels, class_="panels")
    rows = [tag("tr", *_row(one, exhibit), class_=None if one.right else "off") for one in exhibit.steps]
    table = scrolled("steps", ("step", "piece", "came out", "was due"), rows, "steps")
    count = f"{plural(len(exhibit.steps), 'step')} of {exhibit.steps_in_all:,}; {exhibit.end}"
    yield tag("details", tag("summary", f"Step by step: {shorten(count, _MOST)}"), table)


def _before(exhibit: Exhibit, at: int) -> str:
    told = [step.out for step in exhibit.steps[:at] if step.out]
    return told[-1] if told else ""


def _name(step: Step, exhibit: Exhibit) -> str:
    return "The end of the stream" if step.number == exhibit.steps_in_all else f"Piece {step.number:,}"


def _span(step: Step) -> str:
    cut = f", then a cut: {step.cut}" if step.cut else ""
    return f"bytes {step.start:,} to {step.end:,}{cut}" if step.end > step.start else "no bytes"


def _panel(title: str, note: str, parts: list[Html]) -> Html:
    return tag("section", tag("h5", title), tag("p", shorten(note, _MOST), class_="note"), *parts)


def _row(step: Step, exhibit: Exhibit) -> Iterator[Html]:
    yield tag("td", "end" if step.number == exhibit.steps_in_all else f"{step.number:,}")
    yield tag("td", _text(step.piece) if step.piece else None, tag("p", _span(step), class_="note"))
    yield tag("td", _text(shorten(step.out, _MOST)))
    differs = None if step.right else tag("span", " ≠", aria_label="differs")
    yield tag("td", _text(shorten(step.due, _MOST)), differs)


def _text(value: str) -> Html:
    return tag("code", value) if value else tag("span", "nothing", class_="note")
