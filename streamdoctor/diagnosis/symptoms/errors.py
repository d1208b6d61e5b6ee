"""Errors that the stream carries, and what follows the terminal signal. Pure."""

from __future__ import annotations

from streamdoctor.diagnosis.symptoms.evidence import Evidence, Symptoms, brief, counted
from streamdoctor.stream.reading import Reading


def errors(evidence: Evidence) -> Symptoms:
    reading = evidence.reading
    if reading is None or (evidence.status is not None and evidence.status >= 300):
        return
    yield from _in_events(evidence, reading)
    yield from _outside_events(evidence, reading)
    yield from _end_after_error(evidence, reading)
    yield from _after_end(evidence, reading)


def _in_events(evidence: Evidence, reading: Reading) -> Symptoms:
    first = reading.first_error
    if first is None:
        return
    count = sum(meaning.error is not None for meaning in reading.meanings)
    status = f" although the status is {evidence.status}" if evidence.status else ""
    said = brief(reading.meanings[first].error or "")
    yield evidence.at_event(
        "SD610", first, f"event {first + 1} of {len(reading.events)} is an error{status}: {said}", count
    )


def _outside_events(evidence: Evidence, reading: Reading) -> Symptoms:
    if not evidence.strays:
        return
    stray = evidence.strays[0]
    said = brief(stray.message)
    count = len(evidence.strays)
    if not reading.events and reading.body[: stray.start].strip() == b"":
        yield evidence.at_body("SD609", stray.start, f"the body is a JSON document with an error, no stream: {said}")
    elif reading.body[stray.start : stray.start + 1] == b"{":
        what = "a bare JSON object, with no data: before it, carries an error that no parser hands out"
        yield evidence.at_body("SD612", stray.start, f"{what}: {said}", count)
    else:
        what = "a line of the unknown field error: carries an error, which a conforming parser drops"
        yield evidence.at_body("SD612", stray.start, f"{what}: {said}", count)


def _end_after_error(evidence: Evidence, reading: Reading) -> Symptoms:
    """The terminal signal in a later event than an error: whoever looks for the signal alone takes it for success."""
    offsets = [evidence.strays[0].start] if evidence.strays else []
    if reading.first_error is not None:
        offsets.append(reading.events[reading.first_error].start)
    later = [i for i in reading.signals if offsets and reading.events[i].start > min(offsets)]
    if later:
        signal = reading.meanings[later[-1]].signal
        yield evidence.at_event("SD611", later[-1], f"{signal} comes after the error, as if all were well")


def _after_end(evidence: Evidence, reading: Reading) -> Symptoms:
    """Where a client may leave at the terminal signal, what follows it is lost on it."""
    provider = reading.provider
    ends = [i for i, meaning in enumerate(reading.meanings) if meaning.signal in provider.ends]
    if not provider.definite or not ends:
        return
    after = [i for i in range(ends[0] + 1, len(reading.events)) if reading.meanings[i].signal is None]
    if after:
        signal = reading.meanings[ends[0]].signal
        more = counted(len(after), "event")
        text = sum(len(delta.text) for i in after for delta in reading.meanings[i].text)
        lost = f", with {counted(text, 'character')} of text" if text else ""
        verb = "comes" if len(after) == 1 else "come"
        yield evidence.at_event(
            "SD613", after[0], f"{more} {verb} after the terminal signal {signal}{lost}", len(after)
        )
