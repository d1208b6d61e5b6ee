"""The check-up of one capture, as text and as JSON (schema streamdoctor.show/1, DESIGN section 8). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from streamdoctor.capture.model import RECEIVED, SENT
from streamdoctor.diagnosis.checkup import Checkup
from streamdoctor.diagnosis.rules import RULES
from streamdoctor.report.findings import finding_document, finding_lines
from streamdoctor.report.timeline import timeline
from streamdoctor.report.words import counts, duration, plural, quoted
from streamdoctor.stream.event import Event
from streamdoctor.stream.layers import header
from streamdoctor.stream.providers.base import named, parse
from streamdoctor.visible import safe_bytes, safe_text, shorten

_FIRST, _LAST = 5, 3
_WIDTH = 100
_LONG, _MOST_LINES = 400, 12
_TOLD = {"accept": "accepts", "accept-encoding": "coded as", "last-event-id": "after event", "user-agent": "by"}
"""Request headers that decide what comes back, and who asked."""


def checkup_document(name: str, checkup: Checkup) -> dict[str, Any]:
    """Everything about one capture."""
    layers, capture = checkup.layers, checkup.capture
    reading = layers.reading
    return {
        "schema": "streamdoctor.show/1",
        "capture": name,
        "fidelity": capture.header.fidelity,
        "request": _request(checkup),
        "response": _response(checkup),
        "provider": reading.provider.name if reading else None,
        "framing": reading.provider.framing if reading else None,
        "reads": len(capture.reads(RECEIVED)),
        "bytes": len(layers.decoded),
        "events": len(reading.events) if reading else 0,
        "text": checkup.text,
        "texts": {str(choice): text for choice, text in checkup.assembled.texts.items()},
        "tool_calls": [
            {"choice": c.choice, "index": c.index, "id": c.id, "name": c.name, "arguments": c.arguments}
            for c in checkup.assembled.tool_calls
        ],
        "usage": checkup.assembled.usage,
        "complete": checkup.complete,
        "ended_by": checkup.ended_by,
        "cause": capture.cause,
        "errors": checkup.assembled.errors,
        "problems": [problem._asdict() for problem in layers.problems],
        "warnings": list(capture.warnings),
        "timing": {name: getattr(checkup.timing, name) for name in _TIMES},
        "boundaries": checkup.boundaries,
        "rates": {name: getattr(checkup.rates, name) for name in ("bytes_per_second", "events_per_second")},
        "findings": [finding_document(symptom) for symptom in checkup.findings],
    }


_TIMES = ("first_byte", "first_event", "first_text", "p50_gap", "p95_gap", "max_gap", "duration", "stalls")


def _request(checkup: Checkup) -> dict[str, Any] | None:
    head = checkup.layers.request
    if head is None:
        return None
    return {
        "method": head.method,
        "target": head.target,
        "headers": [list(pair) for pair in head.headers],
        "bytes": len(checkup.layers.request_body),
        **_asked_for(checkup),
    }


def _response(checkup: Checkup) -> dict[str, Any] | None:
    head = checkup.layers.response
    if head is None:
        return None
    return {"status": head.status, "reason": head.reason, "headers": [list(pair) for pair in head.headers]}


def checkup_lines(name: str, checkup: Checkup, *, all_events: bool = False) -> Iterator[str]:
    """What it is, how it ended, its numbers, its text and its events."""
    yield safe_text(name)
    for warning in checkup.capture.warnings:
        yield f"  warning: {safe_text(warning)}"
    yield from (f"  {line}" for line in _facts(checkup))
    yield from _finding_lines(checkup)
    if checkup.text:
        yield ""
        yield from _text_lines(checkup.text)
    yield ""
    yield from event_lines(checkup, all_events=all_events)


def _finding_lines(checkup: Checkup) -> Iterator[str]:
    if checkup.findings:
        yield ""
        yield from (line for symptom in checkup.findings for line in finding_lines(symptom))
        codes = " ".join(dict.fromkeys(symptom.rule for symptom in checkup.findings))
        yield f"          what to do: streamdoctor explain {codes}"


def _text_lines(text: str) -> Iterator[str]:
    lines = text.split("\n")
    yield from (f"  │ {shorten(safe_text(line), _LONG)}" for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES or any(len(line) > _LONG for line in lines):
        yield "  │ … (--text prints all of it)"


def _facts(checkup: Checkup) -> Iterator[str]:
    yield _exchange(checkup)
    yield _ending(checkup)
    for problem in [problem for problem in checkup.layers.problems if problem.layer == "request"][:3]:
        yield f"request, byte {problem.offset:,}: {safe_text(problem.message)}"
    yield from _asked(checkup)
    yield _sizes(checkup)
    yield from _times(checkup)
    if checkup.boundaries:
        never = f"; never, of what there is: {', '.join(checkup.uncut)}" if checkup.uncut else ""
        yield f"the recorded reads cut: {counts(checkup.boundaries)}{never}"


def _exchange(checkup: Checkup) -> str:
    header, layers = checkup.capture.header, checkup.layers
    asked = f"{layers.request.method} {layers.request.target}" if layers.request else "(no request)"
    answer = f"{layers.response.status} {layers.response.reason}".strip() if layers.response else "no response"
    kind = f", {layers.content_type}" if layers.content_type else ""
    source = f" from {header.upstream}" if header.upstream else ""
    when = header.started.replace("T", " ")[:19]
    return safe_text(f"{asked}{source} at {when} UTC ({header.via}, fidelity {header.fidelity}): {answer}{kind}")


def _ending(checkup: Checkup) -> str:
    reading, capture = checkup.layers.reading, checkup.capture
    what = reading.provider.title if reading else "no event stream"
    unseen = "since its end is not looked at" if reading and reading.provider.has_signal else "in this dialect"
    said = {True: f"complete, ended by {checkup.ended_by}", None: f"complete or not cannot be told {unseen}"}
    state = (
        said.get(checkup.complete, "NOT complete: " + _why_incomplete(checkup)) if reading else "nothing to assemble"
    )
    framing = f" ({capture.end.framing})" if capture.end and capture.end.framing else ""
    side = f" by the {capture.end.side}" if capture.end and capture.end.side else ""
    return safe_text(f"{what}: {state}; the exchange ended: {capture.cause}{framing}{side}")


def _why_incomplete(checkup: Checkup) -> str:
    if checkup.ended_by is not None:
        return "an error came in place of the end"
    return "the terminal signal never came"


def _sizes(checkup: Checkup) -> str:
    layers, capture = checkup.layers, checkup.capture
    events = len(layers.reading.events) if layers.reading else 0
    parts = [
        plural(len(capture.reads(RECEIVED)), "read"),
        plural(len(capture.data(RECEIVED)), "byte"),
        plural(events, "event"),
        plural(len(checkup.text), "character") + " of text",
    ]
    if layers.chunks:
        parts.insert(2, plural(layers.chunks, "chunk"))
    if checkup.assembled.tool_calls:
        parts.append(plural(len(checkup.assembled.tool_calls), "tool call"))
    return ", ".join(parts) + f"; request {plural(len(capture.data(SENT)), 'byte')}"


def _asked(checkup: Checkup) -> Iterator[str]:
    """What the head and the body of the request tell of what was wanted, and by whom."""
    head = checkup.layers.request
    if head is None:
        return
    asked = _asked_for(checkup)
    parts = [f"model {asked['model']}"] if asked["model"] else []
    parts += [f"stream {str(asked['stream']).lower()}"] if asked["stream"] is not None else []
    parts += [f"{title} {value}" for name, title in _TOLD.items() if (value := header(head.headers, name))]
    if parts:
        yield safe_text(shorten("asked for: " + ", ".join(parts), _WIDTH + 20))


def _asked_for(checkup: Checkup) -> dict[str, Any]:
    """`model` and `stream` of a request in JSON, None where it does not say."""
    document = parse(checkup.layers.request_body.decode("utf-8", "replace")) or {}
    stream = document.get("stream")
    return {"model": named(document.get("model")), "stream": stream if isinstance(stream, bool) else None}


def _times(checkup: Checkup) -> Iterator[str]:
    timing = checkup.timing
    if timing.first_byte is None:
        yield "no times: they were not recorded"
        return
    gaps = f"gaps p50 {duration(timing.p50_gap)}, p95 {duration(timing.p95_gap)}, max {duration(timing.max_gap)}"
    first = f"first byte {duration(timing.first_byte)}, first event {duration(timing.first_event)}"
    first += f", first text {duration(timing.first_text)}" if timing.first_text is not None else ""
    stalled = f", stalled for {duration(timing.stalls)}" if timing.stalls else ""
    yield f"{first}; {gaps}{stalled}; {duration(timing.duration)} in all"
    yield from _pace(checkup)


def _pace(checkup: Checkup) -> Iterator[str]:
    rates = checkup.rates
    if rates.bytes_per_second is not None:
        events = f", {rates.events_per_second:,.1f} events a second" if rates.events_per_second is not None else ""
        yield f"{rates.bytes_per_second:,.0f} bytes a second{events}, from the first read with some to the last"
    line = timeline(checkup.layers.arrivals, checkup.timing.duration)
    if line is not None:
        yield f"timeline {line}"


def event_lines(checkup: Checkup, *, all_events: bool) -> Iterator[str]:
    """The events with their times; the first and the last few unless all are asked for."""
    reading = checkup.layers.reading
    if reading is None:
        yield f"  {shorten(safe_bytes(checkup.layers.decoded[:1000]), _WIDTH)}"
        return
    count = len(reading.events)
    hidden = 0 if all_events or count <= _FIRST + _LAST + 1 else count - _FIRST - _LAST
    for number, event in enumerate(reading.events, 1):
        if hidden and number == _FIRST + 1:
            yield f"  {'…':>5}  {hidden:,} more (--events shows them)"
        if not hidden or number <= _FIRST or number > count - _LAST:
            yield _event_line(checkup, number, event)
    if reading.pending is not None:
        yield f"  {'-':>5}  unfinished: {quoted(reading.pending.data, 80)}"


def _event_line(checkup: Checkup, number: int, event: Event) -> str:
    time = f"{duration(checkup.layers.time_of(event.end)):>9}" if checkup.timing.first_byte is not None else ""
    names = [event.type] if event.type != "message" else []
    names += [f"id {event.own_id}"] if event.own_id else []
    name = safe_text(shorten(f"[{', '.join(names)}] ", 40)) if names else ""
    return f"  {number:>5} {time}  {name}{shorten(safe_text(event.data), _WIDTH - len(name))}"


def read_lines(checkup: Checkup) -> Iterator[str]:
    """Every read of both directions, with its time, size and bytes; then the end."""
    for record in checkup.capture.records:
        data = getattr(record, "data", None)
        if data is not None:
            way = getattr(record, "direction", " ")
            yield f"  {duration(record.ns):>9} {way} {len(data):>6}  {shorten(safe_bytes(data[:400]), _WIDTH)}"
        else:
            yield f"  {duration(record.ns):>9} =         {safe_text(str(getattr(record, 'name', '')))}"
    yield f"  {duration(checkup.timing.duration):>9} .         {checkup.capture.cause}"


def table_lines(checkups: list[tuple[str, Checkup]]) -> Iterator[str]:
    """A line a capture, for a folder."""
    width = max((len(safe_text(name)) for name, _ in checkups), default=0)
    for name, checkup in checkups:
        reading = checkup.layers.reading
        state = {True: "complete", False: "INCOMPLETE", None: "-"}[checkup.complete] if reading else "-"
        status = checkup.layers.response.status if checkup.layers.response else "-"
        events = len(reading.events) if reading else 0
        codes = " ".join(dict.fromkeys(symptom.rule for symptom in checkup.findings))
        line = (
            f"{safe_text(name).ljust(width)}  {status!s:>3}  {_provider(checkup):18} {events:>6} events  "
            f"{duration(checkup.timing.duration):>9}  {state:10}  {safe_text(checkup.capture.cause):9}  {codes}"
        )
        yield line.rstrip()


def _provider(checkup: Checkup) -> str:
    reading = checkup.layers.reading
    return reading.provider.name if reading else "no stream"


_STATES = ("complete", "incomplete", "error", "not told", "captures")


def summary_lines(checkups: list[tuple[str, Checkup]]) -> Iterator[str]:
    """Provider by how its streams ended: how many of each, then all of them; and how often each finding was made."""
    rows: dict[str, Counter[str]] = {}
    for _, checkup in checkups:
        rows.setdefault(_provider(checkup), Counter()).update((_state(checkup), "captures"))
    total = sum(rows.values(), Counter())
    width = max(map(len, (*rows, "provider")))
    yield "  ".join(("provider".ljust(width), *_STATES))
    for name, row in (*sorted(rows.items()), ("all", total)):
        yield "  ".join((name.ljust(width), *(f"{row[state]:>{len(state)}}" for state in _STATES)))
    codes = Counter(code for _, checkup in checkups for code in {symptom.rule for symptom in checkup.findings})
    yield from [""] if codes else []
    yield from (f"{code}  {RULES[code].name:22} {count:>5}" for code, count in sorted(codes.items()))


def _state(checkup: Checkup) -> str:
    """One of `_STATES`; "not told" where the dialect has no terminal signal, or the body is no stream."""
    if checkup.complete is not True and checkup.ended_by is not None:
        return "error"
    return {True: "complete", False: "incomplete", None: "not told"}[checkup.complete]
