"""What the inspect screen reads and says: the stream of a case, its head line, its selected step. No widgets."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.cells import cell_len
from textual.content import Content

from streamdoctor.capture.file import load
from streamdoctor.errors import StreamdoctorError, UsageError
from streamdoctor.faults import plans
from streamdoctor.faults.plans import Plan
from streamdoctor.rephrasings.catalogue import AS_IS
from streamdoctor.report.words import plural
from streamdoctor.splits import strategies
from streamdoctor.splits.boundaries import Boundaries
from streamdoctor.splits.strategies import Cuts, Material
from streamdoctor.stream.reading import Reading
from streamdoctor.suite.subjects import Subject, find, layers_of, of_layers
from streamdoctor.tui.case import CaseToInspect
from streamdoctor.tui.library import LONG
from streamdoctor.tui.trace import Told, Trace
from streamdoctor.tui.words import fit, from_difference, safe, steady, verdict

_BESIDE = 12
"""Bytes shown before a piece, and after it."""
_GLANCE = 256 << 10
"""Bytes of the beginning of a long file, which are looked at first."""

Arrivals = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Looked:
    """The delivered body of a case, or its beginning, how its split cuts it, and when its bytes came."""

    reading: Reading
    cuts: Cuts
    arrivals: Arrivals
    boundaries: Boundaries
    whole: bool = True

    def trace(self, cuts: Cuts | None) -> Trace:
        return Trace(self.reading, self.cuts if cuts is None else cuts, self.boundaries, self.arrivals)


def look_at(case: CaseToInspect) -> Looked:
    """Reads the stream; takes a while for a long one. Raises what `find` raises, and UsageError where the case does not
    apply to what is there now."""
    with _uncollected():
        return _looked(case, *_found(case))


@contextmanager
def _uncollected() -> Iterator[None]:
    """What is made in the `with` is left out by the collector of cycles: a stream has none, and to walk the millions of
    objects of a long one takes seconds, in which no key is heard."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was:
            gc.enable()


def glance_at(case: CaseToInspect) -> Looked | None:
    """The beginning of a long stream, at once; None where all of it is read as soon, or where nothing can be said of a
    part: the file is too short, the case is in other words or breaks off."""
    path = Path(case.subject)
    if case.rephrase != AS_IS or case.fault or not path.is_file() or path.stat().st_size < LONG:
        return None
    subject, arrivals = _found(case, _GLANCE)
    return None if subject.skip else replace(_looked(case, subject, arrivals), whole=False)


def readings(case: CaseToInspect) -> Iterator[Looked | str]:
    """The beginning of a long stream, then all of it; or why it cannot be read."""
    try:
        if (glance := glance_at(case)) is not None:
            yield glance
        yield look_at(case)
    except StreamdoctorError as error:
        yield f"{error}{f'; {error.hint}' if error.hint else ''}"
    except OSError as error:
        yield f"{case.subject}: {error.strerror or error}"


def _found(case: CaseToInspect, most: int | None = None) -> tuple[Subject, Arrivals]:
    """The subject of a case, and when its bytes came; of a capture the first `most` bytes of the file."""
    if case.subject.startswith("probe:"):
        return find(case.subject, case.dialect), ()
    capture = load(case.subject, most)
    layers = layers_of(capture, case.dialect)
    subject = replace(of_layers(layers, capture.header.fidelity), path=case.subject)
    return subject, layers.arrivals if subject.recorded is not None else ()


def _looked(case: CaseToInspect, subject: Subject, arrivals: Arrivals) -> Looked:
    said = subject.rephrased(case.rephrase)
    if said is None:
        raise UsageError(f"the rephrasing {case.rephrase} does not apply to what is in {case.subject} now")
    found = plans.plans(case.fault, said.reading)
    plan = found[0] if found else Plan(None, said.reading.body)
    as_recorded = case.rephrase == AS_IS and plan.body == subject.reading.body
    material = said.material(plan)
    cuts = case.cuts if case.cuts is not None else _cuts(case, material)
    cuts = tuple(cut for cut in cuts if 0 < cut < len(plan.body))
    material.boundaries.at(0)  # finds them all, here, where it keeps nobody waiting
    return Looked(said.reading_of(plan.body), cuts, arrivals if as_recorded else (), material.boundaries)


def _cuts(case: CaseToInspect, material: Material) -> Cuts:
    """The first run of the split; of a capture without a parser, its reads."""
    split = case.split if case.parser is not None else "recorded"
    run = next((run for name in strategies.expand([split]) for run in strategies.runs(name, material, case.seed)), None)
    return run.cuts if run is not None else ()


def summary(case: CaseToInspect, trace: Trace, number: int, width: int) -> Content:
    """What it is, the verdict, the finding: three lines of `width` cells."""
    told = trace.told
    axes = [plural(len(trace.cuts) + 1, "piece")]
    axes += [f"rephrased {case.rephrase}"] if case.rephrase != "as-is" else []
    axes += [f"fault {case.fault}"] if case.fault else []
    about = f"{trace.reading.provider.name}, {len(trace.body):,} bytes, {plural(len(trace.reading.events), 'event')}"
    how = f"  {', '.join(axes)} ({about})"
    where = Content.assemble(fit(case.subject, max(width - len(how), 12)).rstrip(), (how, "$quiet"))
    if case.parser is None:
        pieces = "the pieces are the reads, as recorded" if trace.arrivals else "the reads of it are not known"
        told_by = f"no parser: {pieces}; a verdict (2) opens with one"
        return Content("\n").join([where, Content.styled(fit(told_by, width), "$quiet")])
    which = f", finding {number + 1} of {len(case.findings)}" if case.findings else ""
    level = f"  level {told.level}, {told.role}{which}" if told.end else ""
    word = verdict(told.verdict) if told.end else Content("…")
    parser = fit(case.parser, max(width - len(level) - 14, 12)).rstrip()
    head = Content.assemble((parser, "bold"), "  ", word, (level, "$quiet"))
    return Content("\n").join([head, where, _finding_line(told, width)])


def _finding_line(told: Told, width: int) -> Content:
    if told.why is not None:
        return Content.styled(fit(told.why, width), "$quiet")
    if not told.findings:
        return Content.styled("nothing wrong in this case" if told.end else "", "$success")
    finding = told.findings[0]
    more = f" (+{len(told.findings) - 1} more)" if len(told.findings) > 1 else ""
    said = f"{finding['rule']} {finding['kind']}: {finding['summary']}"
    return Content.assemble((fit(said, width - len(more)).rstrip(), "$error"), (more, "$quiet"))


def step_lines(trace: Trace, step: int, width: int) -> list[Content]:
    """Before, the piece, after; what was due in the step, and what came out: each in `width` cells."""
    got, due = trace.got_in(step), trace.due_in(step)
    left, right = (" | ".join(texts) or "-" for texts in (due, got))
    if step > len(trace.ends):
        piece = Content.assemble(("the end ", "bold"), safe(trace.told.end, "$quiet"))
    else:
        piece = _piece(trace, step, width)
    same = "".join(got) == "".join(due) if trace.told.level == "text" else got == due
    if not trace.replayed:
        return [piece, Content.assemble(("events  ", "$quiet"), fit(left, width - 8))]
    if not same:
        left, right = from_difference(left, right, width - 8)
    out = fit(right, width - 8).rstrip()
    result = Content(out) if same else Content.assemble((out, "$error"), "  ≠")
    return [
        piece,
        Content.assemble(("due  ", "$quiet"), fit(left, width - 8)),
        Content.assemble(("out  ", "$quiet"), result),
    ]


def _piece(trace: Trace, step: int, width: int) -> Content:
    start, end = trace.span(step)
    cut = f"  then a cut: {trace.boundary(end)}" if end < len(trace.body) else ""
    name = f"step {step}  "
    before = steady(trace.body[max(start - _BESIDE, 0) : start])
    after = steady(trace.body[end : end + _BESIDE])
    room = max(width - cell_len(name + before + after + cut) - 4, 8)
    data = trace.body[start : min(end, start + 4000)]
    shown = fit(steady(data), room).rstrip() if end - start <= 4000 else fit(steady(data) + "…", room)
    return Content.assemble((name, "bold"), (before, "$quiet"), "│", shown, "│", (after, "$quiet"), (cut, "$warning"))


def pair_line(trace: Trace, index: int, step: int, width: int) -> Content:
    """What was due beside what came out, from where they differ; the event, where no parser ran. `step` is bold."""
    pair = trace.line(index)
    due, got = pair.due.text if pair.due else "", pair.got.text if pair.got else ""
    here = "bold" if pair.step == step else ""
    if not trace.replayed:
        return Content.styled(fit(due, width), here or "$foreground")
    half = max((width - 1) // 2, 4)
    if pair.due and pair.got and not pair.same:
        due, got = from_difference(due, got, half - 1)
    mark, style = (" ", "") if pair.same else ("≠", "$error")
    left, right = fit(due, half - 1), fit(got, width - half - 1)
    return Content.assemble((left, here or "$foreground"), (mark, "$error"), (right, f"{style} {here}".strip()))
