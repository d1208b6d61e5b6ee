"""What the inspect screen reads and says: the stream of a case, its head line, its selected step. No widgets."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content

from streamdoctor.errors import UsageError
from streamdoctor.faults import plans
from streamdoctor.faults.plans import Plan
from streamdoctor.report.words import plural
from streamdoctor.splits import strategies
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.reading import Reading
from streamdoctor.suite.subjects import Subject, find, layers_of
from streamdoctor.tui.case import CaseToInspect
from streamdoctor.tui.trace import Told, Trace
from streamdoctor.tui.words import fit, safe, verdict
from streamdoctor.visible import safe_bytes

_BESIDE = 12
"""Bytes shown before a piece, and after it."""


@dataclass(frozen=True)
class Looked:
    """The delivered body of a case, how its split cuts it, and when its bytes came."""

    reading: Reading
    cuts: Cuts
    arrivals: tuple[tuple[int, int], ...]

    def trace(self, cuts: Cuts | None) -> Trace:
        return Trace(self.reading, self.cuts if cuts is None else cuts, self.arrivals)


def look_at(case: CaseToInspect) -> Looked:
    """Reads the stream; takes a while for a long one. Raises what `find` raises, and UsageError where the case does not
    apply to what is there now."""
    subject = find(case.subject, case.dialect)
    said = subject.rephrased(case.rephrase)
    if said is None:
        raise UsageError(f"the rephrasing {case.rephrase} does not apply to what is in {case.subject} now")
    found = plans.plans(case.fault, said.reading)
    plan = found[0] if found else Plan(None, said.reading.body)
    reading = said.reading_of(plan.body)
    as_recorded = case.rephrase == "as-is" and plan.body == subject.reading.body
    arrivals = _arrivals(subject) if as_recorded else ()
    cuts = case.cuts if case.cuts is not None else _cuts(case, said, plan)
    return Looked(reading, tuple(cut for cut in cuts if 0 < cut < len(plan.body)), arrivals)


def _arrivals(subject: Subject) -> tuple[tuple[int, int], ...]:
    if subject.path is None or subject.recorded is None:
        return ()
    from streamdoctor.capture.file import load

    return layers_of(load(subject.path)).arrivals


def _cuts(case: CaseToInspect, subject: Subject, plan: Plan) -> Cuts:
    """The first run of the split; of a capture without a parser, its reads."""
    split = case.split if case.parser is not None else "recorded"
    material = subject.material(plan)
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
        return Content("\n").join([where, Content.styled("no parser: the pieces are the reads, as recorded", "$quiet")])
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
    got = [one.text for one in trace.told.got if one.step == step]
    due = [one.text for one in trace.told.due if one.step == step]
    if step > len(trace.ends):
        piece = Content.assemble(("the end ", "bold"), safe(trace.told.end, "$quiet"))
    else:
        piece = _piece(trace, step, width)
    out = fit(" | ".join(got) or "-", width - 8).rstrip()
    same = "".join(got) == "".join(due) if trace.told.level == "text" else got == due
    result = Content(out) if same else Content.assemble((out, "$error"), "  ≠")
    return [
        piece,
        Content.assemble(("due  ", "$quiet"), fit(" | ".join(due) or "-", width - 8)),
        Content.assemble(("out  ", "$quiet"), result),
    ]


def _piece(trace: Trace, step: int, width: int) -> Content:
    start, end = trace.span(step)
    cut = f"  then a cut: {trace.boundary(end)}" if end < len(trace.body) else ""
    name = f"step {step}  "
    before = safe_bytes(trace.body[max(start - _BESIDE, 0) : start])
    after = safe_bytes(trace.body[end : end + _BESIDE])
    room = max(width - cell_len(name + before + after + cut) - 4, 8)
    data = trace.body[start : min(end, start + 4000)]
    shown = fit(safe_bytes(data), room).rstrip() if end - start <= 4000 else fit(safe_bytes(data) + "…", room)
    return Content.assemble((name, "bold"), (before, "$quiet"), "│", shown, "│", (after, "$quiet"), (cut, "$warning"))
