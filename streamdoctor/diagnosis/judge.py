"""What one transcript means: the oracles of DESIGN section 6, for a stranger and for our own alike. Pure.

The judge knows bytes, the reading of them, how the parser was calibrated and what it did. It knows no names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from streamdoctor.diagnosis.compare import Difference, common_prefix, compare, data_of
from streamdoctor.diagnosis.endings import (
    drops_unended_line,
    excused,
    flushed,
    incomplete,
    keeps_the_cr,
    left_at_a_stall,
    owed_at_end,
    waits_for_lf,
)
from streamdoctor.diagnosis.naming import accumulates, named
from streamdoctor.diagnosis.timing import Late, late_units
from streamdoctor.diagnosis.trial import AT_EOF, AtEof, Finding, Oracle, Trial
from streamdoctor.diagnosis.wording import plural, short, show, show_both
from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.levels import (
    Expected,
    Unit,
    View,
    expected,
    has_stray_marker,
    is_ping,
    observed,
    parse_json,
)
from streamdoctor.stream.reading import Reading

__all__ = ["AT_EOF", "AtEof", "Finding", "Oracle", "Trial", "judge", "right_outputs", "unjudgeable"]

_MANY = 3
"""So many late events in one step are collected, not looked ahead."""

_LARGE = 1_000_000
"""A parser that uses up its CPU time on a body of so many bytes, and on no shorter one, is slow rather than endless."""


def judge(trial: Trial) -> list[Finding]:
    """All findings of one case; crash and hang first."""
    found = [*_hung(trial), *_crashed(trial)]
    if trial.plan.ending != "open":
        found += _content(trial, stopped=bool(found))
        found += incomplete(trial)
    if trial.plan.fault is None and not trial.transcript.threaded:
        found += _late(trial)
    return [_refused(trial, finding) for finding in found] if trial.lenient else found


def _refused(trial: Trial, finding: Finding) -> Finding:
    """A parser may refuse this body: what it makes of it is no worse than that. Never to end is."""
    if finding.kind in ("hung", "non-strict") or finding.rule == "SD703":
        return finding
    return finding._replace(rule="SD513", summary=f"{finding.summary}; {trial.lenient}")


def unjudgeable(reading: Reading, calibration: Calibration) -> str | None:
    """Why a parser of this level cannot be judged on this body; None where it can."""
    level = calibration.view.level
    if calibration.unread is not None and calibration.view.level != "text":
        return f"its items ({calibration.unread}) are no str, bytes, mapping, nor objects with .data"
    if level in ("json", "text"):
        for number, (event, meaning) in enumerate(zip(reading.events, reading.meanings, strict=True), 1):
            if meaning.signal is None and parse_json(event.data) is None:
                return f"event {number} is no JSON, which level {level} cannot carry"
    if level == "text" and len({delta.choice for meaning in reading.meanings for delta in meaning.text}) > 1:
        return "it has several choices, which level text cannot tell apart"
    return None


# --- crash and hang


def _hung(trial: Trial) -> Iterator[Finding]:
    transcript = trial.transcript
    if transcript.stuck == "spinning" and len(trial.plan.body) >= _LARGE:
        size = f"{len(trial.plan.body):,} bytes"
        yield Finding(
            "SD320", "cost", 0, "work that grows with the input", "more", f"is not done with {size} in its time"
        )
    elif transcript.stuck is not None:
        rule = "SD302" if transcript.stuck in ("spinning", "flooding") else "SD303"
        yield Finding(rule, "ending", _reached(trial), "an end", f"none ({transcript.stuck})", _stuck_summary(trial))
    elif trial.plan.ending == "open" and transcript.asked and _owes_an_end(trial) and _all_out(trial):
        summary = "asks for more after the terminal signal, with everything out, and would wait forever"
        yield Finding("SD301", "ending", len(trial.plan.body), "an end by itself", "asks for more", summary)


def _stuck_summary(trial: Trial) -> str:
    words = {
        "spinning": "never returns: it used up its CPU time",
        "blocked": "never returns: it waits without using the CPU",
        "idle": "waits for something that is not its input",
        "flooding": "hands out item after item without asking for more, and never ends",
    }
    step = _last_step(trial)
    return words[trial.transcript.stuck or "idle"] + (f", in step {step}" if step else "")


def _owes_an_end(trial: Trial) -> bool:
    """A consumer that can end, after a terminal signal that nothing follows, with no error in its place."""
    consumer = trial.calibration.role == "consumer" and trial.transcript.can_end
    told = trial.reading.provider.definite and bool(trial.reading.signals) and trial.reading.first_error is None
    return consumer and told


def _all_out(trial: Trial) -> bool:
    units, _ = observed(trial.calibration.view, trial.transcript.items)
    return any(units == right.units for right in right_outputs(trial))


def _crashed(trial: Trial) -> Iterator[Finding]:
    raised = trial.transcript.raised
    if trial.transcript.died is not None:
        summary = f"ends its whole process: {trial.transcript.died}"
        yield Finding("SD703", "reference", 0, "no exit", trial.transcript.died, summary)
    if raised is None or trial.transcript.asked or excused(trial):
        return
    rule = "SD702" if raised.type == "UnicodeDecodeError" else "SD701"
    where = f" at {raised.where}" if raised.where else ""
    summary = f"raises {raised.type} in step {raised.step}{where}"
    yield Finding(
        rule, "reference", _reached(trial), "no exception", short(f"{raised.type}: {raised.message}"), summary
    )


# --- content


def _content(trial: Trial, *, stopped: bool) -> Iterator[Finding]:
    """The difference from the reference; after a crash or a hang only where what came before was wrong already."""
    units, _ = observed(trial.calibration.view, trial.transcript.items)
    right = _closest(trial, units)
    if units == right.units:
        yield from owed_at_end(trial)
        return
    last = flushed(trial, right, units)
    if last is not None:
        yield from last
        return
    if stopped and common_prefix(right.units, units) == len(units):
        return
    if left_at_a_stall(trial, right, units):
        return
    if waits_for_lf(trial, right, units):
        summary = "an event that ends in a lone CR, right before the end came too early, never came out"
        yield Finding("SD512", "reference", len(trial.plan.body), show(right.units[len(units) :]), "nothing", summary)
        return
    if drops_unended_line(trial, right, units):
        summary = "drops the last line, which lacks its end"
        yield Finding("SD513", "reference", len(trial.plan.body), show(right.units[len(units) :]), "nothing", summary)
        return
    difference = compare(right.units, units)
    if difference is not None and keeps_the_cr(trial, right, units):
        expected, got = show_both(difference.expected, difference.got)
        yield Finding("SD514", "reference", len(trial.plan.body), expected, got, "leaves the CR of CRLF on its lines")
    elif difference is not None:
        finding = _as_finding(trial, right, difference)
        if accumulates(right, _texts(trial, units)):
            words = "hands out all that came before once more with each item"
            finding = finding._replace(rule="SD205", summary=words)
        yield finding


def _texts(trial: Trial, units: Sequence[Unit]) -> list[str]:
    """What came out, item by item."""
    return [item.text for item in trial.transcript.items] if isinstance(units, str) else [*map(data_of, units)]


def _closest(trial: Trial, units: Sequence[Unit]) -> Expected:
    """The right output that `units` are, or else the first of those that they agree with the longest."""
    rights = right_outputs(trial)
    equal = next((right for right in rights if right.units == units), None)
    return equal or max(rights, key=lambda right: common_prefix(right.units, units))


def right_outputs(trial: Trial) -> list[Expected]:
    """All outputs that are right, the usual one first.

    Keep-alive events may come out, all of them or none, and so may markers that this API does not send by itself: on no
    probe could the parser show what it makes of them.
    """
    view = trial.calibration.view
    rights = _right_in(trial, view)
    if view.level != "text" and any(map(is_ping, trial.reading.events)):
        rights += _right_in(trial, replace(view, pings=False))
    if view.drops == "nothing" and has_stray_marker(trial.reading):
        rights += _right_in(trial, replace(view, drops="marker"))
    return rights


def _right_in(trial: Trial, view: View) -> list[Expected]:
    transcript = trial.transcript
    reading = trial.again if trial.again is not None and transcript.again else trial.reading
    rights: list[Expected] = []
    if trial.calibration.stops and reading.signals:
        ends = [index + 1 for index in reversed(reading.signals)]
        rights += [expected(view, reading, end) for end in ends]
    else:
        rights.append(expected(view, reading))
    error = reading.first_error
    if error is not None and (transcript.raised is not None or transcript.finished):
        rights += [expected(view, reading, error), expected(view, reading, error + 1)]
    return rights


def _as_finding(trial: Trial, right: Expected, difference: Difference) -> Finding:
    rule, words = named(right, difference)
    oracle: Oracle = "same-for-every-cut" if trial.whole_is_right and len(trial.transcript.ends) > 1 else "reference"
    at = next((due.offset for due in right.dues if due.units > difference.at), len(trial.plan.body))
    expected, got = show_both(difference.expected, difference.got)
    return Finding(rule, oracle, min(at, len(trial.plan.body)), expected, got, words)


# --- promptness


def _late(trial: Trial) -> Iterator[Finding]:
    view = trial.calibration.view
    units, counts = observed(view, trial.transcript.items)
    late = late_units(trial.transcript, _closest(trial, units), units, counts, trial.plan.body)
    if late:
        yield _late_finding(trial, late)


def _late_finding(trial: Trial, late: Sequence[Late]) -> Finding:
    first = late[0]
    last_step = trial.transcript.last_step
    rule, words = "SD310", f"{len(late)} came out after the step that completed them"
    if all(one.lone_cr for one in late):
        rule, words = "SD512", f"{len(late)} that end in a lone CR came out one event late"
    elif all(one.out == last_step for one in late):
        rule, words = "SD311", f"{len(late)} came out only at the end of the stream"
    elif len(late) >= _MANY and len({one.out for one in late}) == 1:
        rule, words = "SD311", f"{len(late)} came out together in step {first.out}"
    summary = f"of {plural(len(trial.reading.events), 'event')}, {words}"
    return Finding(rule, "promptness", first.offset, f"in step {first.due}", f"in step {first.out}", summary)


# --- words


def _reached(trial: Trial) -> int:
    """The body offset up to which everything was handed over when it happened."""
    step = _last_step(trial)
    return trial.transcript.ends[min(step, len(trial.transcript.ends)) - 1] if step and trial.transcript.ends else 0


def _last_step(trial: Trial) -> int:
    transcript = trial.transcript
    if transcript.raised is not None:
        return transcript.raised.step
    return transcript.outputs[-1].step if transcript.outputs else 0
