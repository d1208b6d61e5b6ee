"""A transcript as text: each piece, what came out of it, and what the reference says where that differs. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from streamdoctor.diagnosis.rules import RULES
from streamdoctor.rephrasings.catalogue import AS_IS, REPHRASINGS
from streamdoctor.report.text import advice
from streamdoctor.report.words import plural, quoted, verdict_word
from streamdoctor.splits.boundaries import Boundaries
from streamdoctor.suite.single import Replayed
from streamdoctor.visible import safe_bytes, safe_text, shorten

_WIDTH = 96
_MOST_STEPS = 60


def replay_lines(replayed: Replayed, ref: str) -> Iterator[str]:
    """The case, its steps, its verdict."""
    yield from _head(replayed, ref)
    yield ""
    yield from _steps(replayed)
    yield from _end(replayed)
    yield ""
    yield from _verdict(replayed)


def _head(replayed: Replayed, ref: str) -> Iterator[str]:
    subject, run = replayed.subject, replayed.run
    events = plural(len(subject.reading.events), "event")
    size = plural(len(replayed.plan.body), "byte")
    yield f"{safe_text(subject.name)} ({subject.dialect}, {size}, {events}) against {safe_text(ref)}"
    which = f", run {replayed.number} of {replayed.of}" if replayed.of > 1 else ""
    fault = f", fault {replayed.plan.fault}" if replayed.plan.fault else ""
    if subject.rephrase != AS_IS:
        yield f"rephrased: {subject.rephrase} ({REPHRASINGS[subject.rephrase].summary})"
    yield f"split {run.split}{which}: {plural(len(run.cuts) + 1, 'piece')}{fault}"
    if replayed.calibration is not None:
        yield f"judged at level {replayed.calibration.view.level}, role {replayed.calibration.role}"


def _steps(replayed: Replayed) -> Iterator[str]:
    transcript, reading = replayed.transcript, replayed.subject.reading_of(replayed.plan.body)
    boundaries = Boundaries(replayed.plan.body, reading.provider.framing, reading.events)
    start, silent, shown = 0, 0, 0
    for step, end in enumerate(transcript.ends, 1):
        out, ref, right = _told(replayed, step)
        told = transcript.raised is not None and transcript.raised.step == step
        if len(transcript.ends) > _MOST_STEPS and not (out or ref or told):
            silent += 1
        elif shown < _MOST_STEPS or told or not right:
            yield from _silence(silent)
            silent, shown = 0, shown + 1
            yield _step_line(replayed.plan.body, boundaries, step, start, end)
            yield from _came_out(out, ref, right)
        start = end
    yield from _silence(silent)


def _silence(count: int) -> Iterator[str]:
    if count:
        yield f"     … {plural(count, 'step')} in which nothing came out, as it should"


def _step_line(body: bytes, boundaries: Boundaries, step: int, start: int, end: int) -> str:
    cut = f", then a cut: {boundaries.at(end)}" if end < len(body) else ""
    return f"{step:>4}  bytes {start:,} to {end:,}{cut}\n      piece  {shorten(safe_bytes(body[start:end]), _WIDTH)}"


def _told(replayed: Replayed, step: int) -> tuple[str, str, bool]:
    """What came out, what was due, and whether that is all right."""
    if replayed.steps is None:
        items = [output.item for output in replayed.transcript.outputs if output.step == step]
        return " | ".join(item.text for item in items), "", True
    return replayed.steps.out(step), replayed.steps.due(step), replayed.steps.is_right(step)


def _came_out(out: str, ref: str, right: bool) -> Iterator[str]:
    if out or right or not ref:
        yield f"      out    {quoted(out, _WIDTH) if out else '-'}"
    if not right:
        yield f"      due    {quoted(ref, _WIDTH) if ref else '-'}   ≠"


def _end(replayed: Replayed) -> Iterator[str]:
    transcript = replayed.transcript
    words = {"clean": "the stream ends", "open": "nothing more comes, the connection stays open", "reset": "a reset"}
    yield f" end  {words[replayed.plan.ending]}"
    yield from _came_out(*_told(replayed, transcript.last_step))
    if transcript.raised is not None:
        raised = transcript.raised
        where = f" at {raised.where}" if raised.where else ""
        yield f"      raised in step {raised.step}{where}: {raised.type}: {safe_text(shorten(raised.message, _WIDTH))}"
    elif transcript.asked:
        yield "      asked for more"
    elif transcript.finished:
        yield "      finished"
    elif transcript.stuck or transcript.died:
        yield f"      {transcript.stuck or transcript.died}{', ' if replayed.place else ''}{safe_text(replayed.place)}"


def _verdict(replayed: Replayed) -> Iterator[str]:
    if replayed.why is not None:
        yield f"{verdict_word('skipped')}: {safe_text(replayed.why)}"
    elif not replayed.findings:
        yield f"{verdict_word('pass')}: nothing wrong in this case"
    for finding in replayed.findings:
        rule = RULES[finding.rule]
        word = rule.kind if rule.kind in ("hung", "non-strict") else "fail"
        yield f"{verdict_word(word)}: {rule.code} {rule.kind}: {safe_text(finding.summary)}"
        yield f"      expected {quoted(finding.expected)}, got {quoted(finding.actual)}"
        yield f"      mend: {advice(finding, replayed.subject.rephrase, replayed.run.cuts, replayed.boundary)}"
