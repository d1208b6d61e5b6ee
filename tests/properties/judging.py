"""One parser of plain SSE before the judge, in this process: calibrate, run, judge."""

from __future__ import annotations

from functools import lru_cache

from streamdoctor.diagnosis.judge import Finding, Trial, judge
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import Calibration, Outcome, calibrate, fallback
from streamdoctor.parsers.shapes import Shape
from streamdoctor.rephrasings.probes import probe_for
from streamdoctor.replay import inprocess
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import Reading, read_body

SSE = by_name("sse")


def calibration_of(shape: Shape, otherwise: bytes = b"data: a\n\n") -> Calibration:
    """As the plain probe tells, or, where it fits nothing, as the items of `otherwise` do."""

    def run(body: bytes, cuts: Cuts = ()) -> Outcome:
        transcript = inprocess.run(shape, Plan(None, body), cuts)
        return Outcome(transcript.items, not transcript.end_seen, transcript.raised is not None)

    probe = probe_for("sse")
    assert probe is not None
    return calibrate(run, probe, SSE) or fallback(run(otherwise).items, "sse")


@lru_cache(1000)
def reading_of(body: bytes) -> Reading:
    return read_body(body, SSE)


def findings(shape: Shape, calibration: Calibration, body: bytes, cuts: Cuts) -> list[Finding]:
    plan, reading = Plan(None, body), reading_of(body)
    return judge(Trial(plan, reading, calibration, inprocess.run(shape, plan, cuts), reading))
