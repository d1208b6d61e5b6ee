"""Characters broken before they came: bytes that are no UTF-8, U+FFFD, lone surrogates, NUL; empty events. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from streamdoctor.diagnosis.symptoms.evidence import Evidence, Symptoms, counted
from streamdoctor.stream.reading import Reading

MANY_EMPTY = 100
"""Events without data: fewer are somebody's keep-alive."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def characters(evidence: Evidence) -> Symptoms:
    reading = evidence.reading
    if reading is None:
        return
    if reading.provider.framing != "aws-eventstream":
        yield from _bytes(evidence)
    yield from _surrogates(evidence, reading)
    yield from _empty(evidence, reading)


def _bytes(evidence: Evidence) -> Symptoms:
    body = evidence.body
    try:
        body.decode()
    except UnicodeDecodeError as error:
        end = error.end >= len(body) and error.reason == "unexpected end of data"
        what = "ends inside a code point" if end else f"is not UTF-8: byte {body[error.start]:02x} ({error.reason})"
        yield evidence.at_body("SD640", error.start, f"the body {what}")
    else:
        yield from _replaced(evidence)
    nuls = body.count(b"\0")
    if nuls:
        yield evidence.at_body("SD643", body.index(b"\0"), f"the body holds {counted(nuls, 'NUL byte')}", nuls)


def _replaced(evidence: Evidence) -> Symptoms:
    """U+FFFD in what users see, sent as such."""
    broken = [i for i, meaning in enumerate(evidence.meanings) if any("\ufffd" in delta.text for delta in meaning.text)]
    if broken:
        yield evidence.at_event(
            "SD641", broken[0], f"the text of event {broken[0] + 1} was sent with U+FFFD in it", len(broken)
        )


def _surrogates(evidence: Evidence, reading: Reading) -> Symptoms:
    halves = list(_halves(reading))
    if not halves:
        return
    lone = [index for index, whole in halves if not whole]
    index = lone[0] if lone else halves[0][0]
    what = "holds half of a surrogate pair, and the other half never comes"
    if not lone:
        what = "ends with half of a surrogate pair: the character is whole only once the next piece has come"
    yield evidence.at_event("SD642", index, f"the text of event {index + 1} {what}", len(lone) or len(halves))


def _halves(reading: Reading) -> Iterator[tuple[int, bool]]:
    """(event, whether its other half follows) for each half of a surrogate pair in the text; second halves that follow
    their first are left out."""
    held: dict[int, int] = {}
    for index, meaning in enumerate(reading.meanings):
        for choice, text in meaning.text:
            before = held.pop(choice, None)
            joined = before is not None and "\udc00" <= text[0] <= "\udfff"
            if before is not None:
                yield before, joined
            rest = text[1:] if joined else text
            if rest and "\ud800" <= rest[-1] <= "\udbff":
                held[choice] = index
                rest = rest[:-1]
            if _SURROGATE.search(rest):
                yield index, False
    yield from ((index, False) for index in held.values())


def _empty(evidence: Evidence, reading: Reading) -> Symptoms:
    empty = [i for i, event in enumerate(reading.events) if not event.data]
    if len(empty) >= MANY_EMPTY and len(empty) * 2 > len(reading.events):
        summary = f"{len(empty):,} of {counted(len(reading.events), 'event')} carry no data"
        yield evidence.at_event("SD644", empty[0], summary, len(empty))
