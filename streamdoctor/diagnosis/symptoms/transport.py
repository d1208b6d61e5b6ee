"""What carries the events: content type, charset, HTTP framing, content coding, the events' own framing. Pure.

A missing end is not told here again: `ending` says it, with who ended it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from streamdoctor.diagnosis.symptoms.evidence import Evidence, Layer, Symptom, Symptoms, brief
from streamdoctor.stream.coding import CUT
from streamdoctor.stream.event import Problem
from streamdoctor.stream.providers import guess_framing
from streamdoctor.stream.reading import Reading

_MOST = 1_000
"""Problems that are looked at: a stream of nothing but broken frames has as many problems as frames."""

_UTF8 = frozenset({"utf-8", "utf8"})
_JSON_LINE = ("json-array", "ndjson")
"""What application/json promises, and what one line of JSON is taken for: no contradiction."""


def transport(evidence: Evidence) -> Symptoms:
    reading = evidence.reading
    if reading is not None and evidence.status is not None and evidence.status < 300 and reading.events:
        yield from _content_type(evidence, reading)
    yield from _folded(_as_symptom(evidence, it) for it in evidence.layers.problems[:_MOST] if _is_told(evidence, it))


def _content_type(evidence: Evidence, reading: Reading) -> Symptoms:
    framing, told = reading.provider.framing, evidence.layers.content_type
    if told is None:
        yield evidence.whole("SD650", f"the response has no Content-Type header, and its body is {_named(framing)}")
        return
    promised = guess_framing(told, b"")
    if promised != framing and (promised, framing) != _JSON_LINE:
        yield evidence.whole("SD650", f"the content type is {brief(told)}, but the body is {_named(framing)}")
    parameters = (part.strip().lower() for part in told.split(";")[1:])
    charset = next((it.partition("=")[2].strip('" ') for it in parameters if it.startswith("charset=")), "utf-8")
    if charset not in _UTF8 and framing != "aws-eventstream":
        yield evidence.whole("SD651", f"the content type names charset {brief(charset)}; {_named(framing)} is UTF-8")


def _named(framing: str) -> str:
    names = {
        "sse": "an event stream (SSE)",
        "ndjson": "NDJSON",
        "json-array": "a JSON array",
        "aws-eventstream": "an AWS event stream",
    }
    return names[framing]


def _folded(symptoms: Iterable[Symptom]) -> Symptoms:
    """The first of each rule, with how many there are."""
    first: dict[str, Symptom] = {}
    for symptom in symptoms:
        known = first.get(symptom.rule)
        first[symptom.rule] = symptom if known is None else replace(known, count=known.count + 1)
    yield from first.values()


def _is_told(evidence: Evidence, problem: Problem) -> bool:
    """All but requests' problems and the mere lack of an end."""
    if problem.layer in ("request", "events") or evidence.layers.response is None:
        return False
    if problem.layer == "http":
        return problem.offset < evidence.wire_size
    if problem.layer == "coding":
        return not (problem.message.endswith(CUT) and (evidence.upstream_died or evidence.left))
    return problem.offset < len(evidence.body)


def _as_symptom(evidence: Evidence, problem: Problem) -> Symptom:
    if problem.layer == "http":
        lost = evidence.layers.framing is None
        rule, word = ("SD652", "broken") if lost else ("SD655", "odd")
        return evidence.on_wire(rule, problem.offset, f"{word} HTTP: {problem.message}")
    layer: Layer = "coding"
    if problem.layer == layer:
        return Symptom("SD653", f"content coding {problem.message}", layer, problem.offset)
    return evidence.at_body("SD654", problem.offset, f"broken framing of events: {problem.message}")
