"""How it ended: no response, refused, died, left, no terminal signal, cut inside an event. Pure."""

from __future__ import annotations

import re

from streamdoctor.diagnosis.symptoms.evidence import Evidence, Symptom, Symptoms, brief, counted, seconds
from streamdoctor.stream.event import Event
from streamdoctor.stream.reading import Reading

_FOREIGN = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|[\r\n])(?!data|event|id|retry|:)([^\r\n])")
_NO_BODY = frozenset({204, 304})
_MANY_ENDS = 3

OPEN_NS = 1_000_000_000
"""Nothing is computed after the terminal signal, so 1 s of open connection, which people notice, has no excuse."""

_DEATHS = {
    "eof": "the upstream closed the connection without the end that HTTP asks for",
    "reset": "the upstream reset the connection",
    "timeout": "the upstream fell silent until the time limit",
    "tls-error": "the encrypted connection broke",
    "protocol-error": "the upstream broke the rules of HTTP",
}


def endings(evidence: Evidence) -> Symptoms:
    if evidence.layers.response is None:
        yield evidence.whole("SD605", f"no response came: {evidence.capture.cause}")
        return
    if evidence.status is not None and evidence.status >= 300:
        yield _refused(evidence, evidence.status)
    reading = evidence.reading
    if not evidence.body:
        yield from _empty(evidence)
    elif reading is None:
        yield from _no_stream(evidence)
    else:
        yield from _of_stream(evidence, reading)


def _refused(evidence: Evidence, status: int) -> Symptom:
    said = [meaning.error for meaning in evidence.meanings if meaning.error]
    said += [stray.message for stray in evidence.strays]
    message = f": {brief(said[0])}" if said else ""
    return evidence.whole("SD607", f"the request was answered with status {status}, not with a stream{message}")


def _empty(evidence: Evidence) -> Symptoms:
    request, status = evidence.layers.request, evidence.status or 200
    expected = status < 300 and status not in _NO_BODY and not (request and request.method == "HEAD")
    if evidence.upstream_died:
        yield evidence.whole("SD602", f"{_death(evidence)} before the first byte of the body")
    elif evidence.left:
        yield evidence.whole("SD604", f"{_who_left(evidence)} before the first byte of the body")
    elif expected and not evidence.layers.problems:
        yield evidence.whole("SD608", "the body is empty: not one byte of a stream came")


def _no_stream(evidence: Evidence) -> Symptoms:
    if evidence.status is None or evidence.status < 300:
        told = evidence.layers.content_type
        said = f", although its content type is {brief(told)}" if told and "stream" in told else ""
        yield evidence.at_body("SD609", 0, f"the body is {_what(evidence.body)}, not an event stream{said}")
    if evidence.upstream_died:
        yield evidence.at_end("SD602", f"{_death(evidence)} after {counted(len(evidence.body), 'byte')} of the body")


def _no_fields(evidence: Evidence) -> Symptoms:
    """Lines that are no field and no comment, and not one event: a conforming parser hands out nothing at all."""
    framing = evidence.reading.provider.framing if evidence.reading else None
    foreign = _FOREIGN.search(evidence.body) if framing == "sse" else None
    if foreign is not None:
        what = f"the body is {_what(evidence.body)}: not one of its lines makes an event"
        yield evidence.at_body("SD609", foreign.start(1), what)


def _what(body: bytes) -> str:
    start = body[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "an HTML page"
    if start.startswith(b"<"):
        return "markup (XML or HTML)"
    if start[:1] in (b"{", b"["):
        return "JSON of another kind"
    return "binary data" if b"\0" in body[:4096] or start[:2] in (b"\x1f\x8b", b"\x89p") else "plain text"


def _of_stream(evidence: Evidence, reading: Reading) -> Symptoms:
    broken = any(problem.layer == "coding" for problem in evidence.layers.problems)
    if broken and not (evidence.upstream_died or evidence.left):
        return  # what could not be unpacked is not missing: the coding's own symptom says it
    if evidence.unread is not None:
        yield evidence.at_body("SD656", evidence.unread.offset, evidence.unread.message)
        return
    if not reading.events and reading.pending is None and not evidence.strays:
        yield from _no_fields(evidence)
    yield from _unfinished(evidence, reading)
    if reading.complete is True:
        yield from _after_completion(evidence, reading)
    elif reading.ended_by is None:
        yield from _incomplete(evidence, reading)


def _incomplete(evidence: Evidence, reading: Reading) -> Symptoms:
    """No error took the place of the end: who ended it? A plain stream may be left at any time, but not die."""
    missing = f"before {_awaited(reading)} came" if reading.provider.has_signal else "in the middle"
    after = f"after {counted(len(reading.events), 'event')}"
    if evidence.upstream_died:
        yield evidence.at_end("SD602", f"{_death(evidence)} {after}, {missing}: the answer is not whole")
    elif not reading.provider.has_signal:
        return
    elif evidence.left:
        yield evidence.at_end("SD604", f"{_who_left(evidence)} {after}, {missing}")
    else:
        yield evidence.at_end("SD601", f"{_clean_end(evidence)} {after}, but {_awaited(reading)} never came")


def _clean_end(evidence: Evidence) -> str:
    end = evidence.capture.end
    if evidence.capture.cause != "complete":
        return "the body ends"
    framing = f" ({end.framing})" if end and end.framing else ""
    return f"the response ended cleanly{framing}"


def _after_completion(evidence: Evidence, reading: Reading) -> Symptoms:
    if evidence.upstream_died:
        yield evidence.at_end("SD603", f"the answer is whole ({reading.ended_by} came), but {_death(evidence)}")
    last = reading.signals[-1] if reading.signals else len(reading.events) - 1
    told = evidence.time(last)
    if told is not None and evidence.over - told >= OPEN_NS:
        waited = seconds(evidence.over - told)
        until = "until the client left" if evidence.left else "before it ended"
        yield evidence.at_event(
            "SD634", last, f"the response stayed open for {waited} after {reading.ended_by} {until}"
        )


def _unfinished(evidence: Evidence, reading: Reading) -> Symptoms:
    pending = reading.pending
    if pending is None:
        return
    offset = max(pending.start, 0)
    count = counted(len(evidence.body) - offset, "byte")
    if _lacks_blank_line(evidence, reading, pending):
        summary = f"the last event{_of_signal(reading, pending)} lacks its blank line: a conforming parser discards it"
    else:
        summary = f"the body ends inside an event, after {count} of it"
    yield evidence.at_body("SD606", offset, summary)


def _lacks_blank_line(evidence: Evidence, reading: Reading, pending: Event) -> bool:
    """Is all there but the end of an SSE event: its last line ended, or its data a whole signal?"""
    if reading.provider.framing != "sse":
        return False
    return not reading.tail or bool(_of_signal(reading, pending))


def _of_signal(reading: Reading, pending: Event) -> str:
    signal = reading.provider.read(pending).signal
    return f", {signal}," if signal else ""


def _awaited(reading: Reading) -> str:
    ends = sorted(reading.provider.ends)
    if reading.provider.framing == "json-array":
        return "the closing ]"
    return "the terminal signal" if len(ends) > _MANY_ENDS else " or ".join(ends)


def _death(evidence: Evidence) -> str:
    return _DEATHS.get(evidence.capture.cause, f"the exchange ended by {evidence.capture.cause}")


def _who_left(evidence: Evidence) -> str:
    client = evidence.capture.cause == "client-closed" or (
        evidence.capture.end and evidence.capture.end.side == "downstream"
    )
    return "the client hung up" if client else f"the recording ended ({evidence.capture.cause})"
