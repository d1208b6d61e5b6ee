"""What a parser owes where a stream ends, breaks off or stalls (DESIGN section 6, the ending oracle). Pure.

Rules: to raise at an end that came too early is correct, whatever is raised; to end normally there is not, for whoever
decides when a stream is over. What was whole by then must be out, and nothing that was not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import takewhile

from streamdoctor.diagnosis.compare import common_prefix, data_of
from streamdoctor.diagnosis.trial import Finding, Trial
from streamdoctor.diagnosis.wording import show
from streamdoctor.parsers.levels import Expected, Unit, View, kept, parse_json, unit_of
from streamdoctor.rephrasings.probes import probe_for
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.providers.stray import stray_errors
from streamdoctor.stream.reading import Reading, read_body

_OF_LINES = ("sse", "ndjson")

# --- raising


def excused(trial: Trial) -> bool:
    """Is what the parser raised correct reporting: of the transport, of an end that came too early, of a stall, of the
    API's own error?"""
    transcript = trial.transcript
    raised = transcript.raised
    if raised is None or transcript.reset_seen or _at_a_stall(trial):
        return True
    if raised.step >= transcript.last_step and (_cut_short(trial) or _incomplete_body(trial.reading)):
        return True
    return any(raised.step >= transcript.step_of(offset) for offset in _errors(trial.reading))


def _at_a_stall(trial: Trial) -> bool:
    """Did it raise because nothing came for so long? In the pause, or after it by a time-out that it counted itself."""
    raised = trial.transcript.raised
    if raised is None or not trial.plan.pauses:
        return False
    return trial.transcript.stalled or "timeout" in raised.type.lower()


def _cut_short(trial: Trial) -> bool:
    """Does a clean end come before all was delivered?"""
    return trial.plan.fault is not None and trial.plan.ending == "clean" and _is_beginning(trial)


def _is_beginning(trial: Trial) -> bool:
    """Are the delivered bytes fewer than the whole stream has?"""
    return len(trial.plan.body) < len(trial.whole.body)


def _incomplete_body(reading: Reading) -> bool:
    if reading.pending is not None or reading.problems or _inside_a_block(reading):
        return True
    return reading.provider.has_signal and reading.complete is not True


def _inside_a_block(reading: Reading) -> bool:
    """Does an SSE body end inside a line, or between a field and its blank line? Without data nothing is pending."""
    if reading.provider.framing != "sse":
        return False
    block = takewhile(bool, (text for _, _, text in reversed(reading.lines)))
    return bool(reading.tail) or any(not text.startswith(":") for text in block)


def _errors(reading: Reading) -> Iterator[int]:
    """The offsets by which the API's own error is there, in an event or outside all of them."""
    if reading.first_error is not None:
        yield _may_be_known(reading, reading.first_error)
    elif reading.provider.framing == "sse":
        yield from (error.end for error in stray_errors(reading.body))


def _may_be_known(reading: Reading, index: int) -> int:
    """The first offset at which a parser may act on an event: with the first byte that ends its last line. The blank
    line comes later, and so may the LF of a CRLF; to hand it out early is no fault either (`timing`)."""
    if reading.provider.framing not in _OF_LINES:
        return reading.dues[index]
    event = reading.events[index]
    return event.start + len(reading.body[event.start : event.end].rstrip(b"\r\n")) + 1


# --- ending normally


def incomplete(trial: Trial) -> Iterator[Finding]:
    """Ending normally where the transport raised, or where a consumer never saw the terminal signal."""
    transcript = trial.transcript
    if not transcript.finished or not transcript.can_end:
        return
    end = len(trial.plan.body)
    if transcript.reset_seen and not transcript.again:
        if not (trial.calibration.role == "consumer" and trial.reading.complete):
            summary = "ends normally although the transport raised"
            yield Finding("SD502", "ending", end, "an error", "a normal end", summary)
    elif gave_up(trial):
        yield _unproved(trial, "ends normally while the upstream stalls, with the terminal signal still to come")
    elif _ends_unproved(trial):
        yield _unproved(trial, "ends normally although the terminal signal never came")


def _unproved(trial: Trial, summary: str) -> Finding:
    rule = "SD510" if _carries_evidence(trial) else "SD501"
    return Finding(rule, "ending", len(trial.plan.body), "an error", "a normal end", summary)


def _ends_unproved(trial: Trial) -> bool:
    reading, transcript = trial.reading, trial.transcript
    if not _decides(trial) or transcript.again or reading.complete or reading.signals or _signal_pending(reading):
        return False
    return transcript.done is not False and (transcript.end_seen or _drops_the_error(trial))


def _decides(trial: Trial) -> bool:
    """Does this parser decide when the stream is over, and can that be known?"""
    return trial.calibration.role == "consumer" and trial.reading.provider.has_signal


def gave_up(trial: Trial) -> bool:
    """Did a consumer end normally in a pause, before anything told that the stream is over?"""
    transcript, reading = trial.transcript, trial.reading
    if not (transcript.stalled and transcript.finished and _decides(trial)):
        return False
    told = (i for i, meaning in enumerate(reading.meanings) if meaning.signal or meaning.finish or meaning.error)
    first = next(told, None)
    return first is None or transcript.step_of(reading.dues[first]) > transcript.reached


def _signal_pending(reading: Reading) -> bool:
    """Did the signal come but for the end of its line? A parser that takes it saw the end."""
    return reading.pending is not None and reading.provider.read(reading.pending).signal is not None


def _drops_the_error(trial: Trial) -> bool:
    """Did it leave at the API's own error without handing it out, as text never does?"""
    error = trial.reading.first_error
    if error is None or trial.calibration.view.level != "text":
        return False
    return not any(meaning.finish for meaning in trial.reading.meanings[:error])


def _carries_evidence(trial: Trial) -> bool:
    """Do its items carry the API's own end evidence, so that whoever looks at them can tell that it is missing? The
    whole stream shows whether there is one; of a stream that is not whole, the probe of its dialect does."""
    view = trial.calibration.view
    if view.level not in ("json", "event"):
        return False
    shown = trial.whole if trial.whole.complete else _probe_reading(trial.whole.provider.name)
    return any(reading is not None and _shows_an_end(view, reading) for reading in (trial.reading, shown))


def _shows_an_end(view: View, reading: Reading) -> bool:
    return any(reading.meanings[index].finish or reading.meanings[index].error for index in kept(view, reading))


@lru_cache
def _probe_reading(dialect: str) -> Reading | None:
    probe = probe_for(dialect)
    return None if probe is None else read_body(probe.body, by_name(dialect))


# --- content at a stall


def left_at_a_stall(trial: Trial, right: Expected, units: Sequence[Unit]) -> bool:
    """Did it leave in a pause, and hand out by then all that was due? One that told the time by itself has not looked
    at the piece that came then."""
    transcript = trial.transcript
    if not (_at_a_stall(trial) or gave_up(trial)) or common_prefix(right.units, units) < len(units):
        return False
    seen = transcript.reached if transcript.stalled else transcript.reached - 1
    owed = (due.units for due in right.dues if transcript.step_of(due.offset) <= seen)
    return len(units) >= max(owed, default=0)


# --- the unterminated last event


def flushed(trial: Trial, right: Expected, units: Sequence[Unit]) -> list[Finding] | None:
    """The findings where all that differs is the unterminated event, handed out at the end; None where more does."""
    if trial.transcript.again or common_prefix(right.units, units) < len(right.units):
        return None
    extra = units[len(right.units) :]
    whole = _is_whole(trial, extra)
    if whole is None:
        return None
    at = trial.reading.pending.start if trial.reading.pending else len(trial.plan.body)
    if not whole:
        summary = "hands out half an event at the end, as if it were whole"
        return [Finding("SD204", "reference", at, "nothing", show(extra), summary)]
    if trial.at_eof == "dispatch":
        return []
    rule = "SD511" if trial.at_eof == "either" else "SD203"
    summary = "hands out an event that lacks its terminator, at the end of the stream"
    return [Finding(rule, "reference", at, "nothing", show(extra), summary)]


def owed_at_end(trial: Trial) -> Iterator[Finding]:
    """With `--at-eof dispatch`, a whole unterminated event has to come out."""
    pending = trial.reading.pending
    if trial.at_eof == "dispatch" and pending is not None and trial.transcript.finished:
        extra = unit_of(trial.calibration.view, pending, trial.reading)
        summary = "drops the last event, which lacks its terminator"
        if extra and _is_whole(trial, extra):
            yield Finding("SD101", "reference", pending.start, show(extra), "nothing", summary)


def _is_whole(trial: Trial, extra: Sequence[Unit]) -> bool | None:
    """Is `extra` the unterminated event, whole or only its beginning? None where it is neither. The stream before the
    fault tells; else its JSON does; plain text gets the benefit of the doubt."""
    reading, view = trial.reading, trial.calibration.view
    pending = reading.pending
    told = trial.plan.fault is not None and _is_beginning(trial)
    if told and (full := _units_cut(trial)):
        return True if extra == full else False if _begins(extra, full) else None
    if view.level in ("lines", "nonblank-lines"):
        ours = tuple(extra) == (reading.tail,) and bool(reading.tail)
    else:
        ours = pending is not None and bool(extra) and extra == unit_of(view, pending, reading)
    if not ours:
        return None
    if told:
        return False
    if pending is None or not reading.provider.has_signal or parse_json(pending.data) is not None:
        return True
    return reading.provider.read(pending).signal is not None


def _units_cut(trial: Trial) -> Sequence[Unit]:
    """What the event, or the line, that the fault cut in two would have been; nothing where it cut between them."""
    end, whole, view = len(trial.plan.body), trial.whole, trial.calibration.view
    if not whole.body.startswith(trial.plan.body):
        return ()
    if view.level in ("lines", "nonblank-lines"):
        line = next((text for start, stop, text in whole.lines if start < end < stop), "")
        return (line,) if line else ()
    event = next((event for event in whole.events if event.start < end < event.end), None)
    return unit_of(view, event, whole) if event is not None else ()


def _begins(extra: Sequence[Unit], full: Sequence[Unit]) -> bool:
    """Is `extra` one proper beginning of `full`? A character that was cut counts as gone."""
    if isinstance(extra, str) or isinstance(full, str):
        begun, text = str(extra), str(full)
    elif len(extra) != 1:
        return False
    else:
        begun, text = data_of(extra[0]), data_of(full[0])
    return text.startswith(begun.rstrip("\ufffd"))


def drops_unended_line(trial: Trial, right: Expected, units: Sequence[Unit]) -> bool:
    """Is all that is missing the last line of NDJSON, whose end never came? A reader may want each line ended."""
    if trial.reading.provider.framing != "ndjson" or not right.dues or right.dues[-1].offset <= len(trial.plan.body):
        return False
    before = right.dues[-2].units if len(right.dues) > 1 else 0
    return len(units) == before and units == right.units[:before]


def keeps_the_cr(trial: Trial, right: Expected, units: Sequence[Unit]) -> bool:
    """Is the CR of CRLF left on lines of NDJSON, where it is white space to whoever reads the JSON (RFC 8259)?"""
    if trial.reading.provider.framing != "ndjson" or len(units) != len(right.units):
        return False
    return all(got in (due, f"{due}\r") for got, due in zip(units, right.units, strict=True))


def waits_for_lf(trial: Trial, right: Expected, units: Sequence[Unit]) -> bool:
    """Is the last event all that is missing, for an LF that may still belong to its line end?"""
    body, transcript = trial.plan.body, trial.transcript
    if not (transcript.reset_seen or transcript.raised) or transcript.again or not body.endswith(b"\r"):
        return False
    before = next((due.units for due in reversed(right.dues) if due.offset < len(body)), 0)
    return len(right.units) > before == len(units) and units == right.units[:before]
