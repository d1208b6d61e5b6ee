"""The findings of one parser on one subject as a result shows them: each in its simplest case, made small, with the
command that shows it again: `replay` of that case, or `check` where it shows after others only."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote
from typing import Any

from streamdoctor.diagnosis.judge import Finding
from streamdoctor.diagnosis.wording import ONLY_AFTER
from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.command import PREFIX
from streamdoctor.rephrasings.catalogue import AS_IS
from streamdoctor.suite.cases import case_id
from streamdoctor.suite.examine import Options
from streamdoctor.suite.reduce import Folded
from streamdoctor.suite.reducing import reduced
from streamdoctor.suite.results import Found
from streamdoctor.suite.subjects import UNNAMED, Subject
from streamdoctor.suite.workers import Limits, Message

_MOST_CUTS = 12
"""More cuts than this are named by their split, where it has one run, in the command that shows the case again."""


def made_small(
    ref: str, subject: Subject, calibration: Calibration, options: Options, folded: Sequence[Folded], limits: Limits
) -> list[Found]:
    """Each of `folded` in its simplest case, made small in a child of its own, in which it comes first."""
    found: list[Found] = []
    for one in folded:
        own = subject.rephrased(one.case.rephrase) or subject
        told = reduced(ref, own, calibration, options, one, limits)
        minimal = told.get("minimal", {}).get("minimal")
        made = _found(ref, subject, own, options, one, told.get("reduced"), minimal)
        made.wording = told.get("wording", {}).get("name")
        found.append(made)
    return _folded(found)


def _folded(found: Sequence[Found]) -> list[Found]:
    """What outlives a stream shows in whatever words come next: of one rule that is one cause."""
    kept: dict[object, Found] = {}
    for number, one in enumerate(found):
        outlives = one.finding.summary.endswith(ONLY_AFTER)
        first = kept.setdefault(one.finding.rule if outlives else number, one)
        first.count += 0 if first is one else one.count
    return list(kept.values())


def in_its_case(ref: str, subject: Subject, options: Options, one: Folded) -> Found:
    """As it was found, with nothing made small."""
    own = subject.rephrased(one.case.rephrase) or subject
    return _found(ref, subject, own, options, one, None, None)


def _found(
    ref: str,
    subject: Subject,
    own: Subject,
    options: Options,
    one: Folded,
    reduced: Message | None,
    minimal: dict[str, Any] | None,
) -> Found:
    """`own` is `subject` in the words of the case; the case is known by what it was before."""
    case, finding, cuts = one.case, one.finding, one.case.cuts
    alone = reduced is None or bool(reduced["finding"])
    if reduced is not None:
        cuts = tuple(reduced["cuts"])
        if reduced["finding"]:
            finding = Finding(*reduced["finding"])
        else:
            finding = finding._replace(summary=finding.summary + ONLY_AFTER)
    uncut = one.finding.oracle == "same-for-every-cut" and not cuts
    found = Found(
        finding=finding._replace(oracle="reference" if uncut else one.finding.oracle),
        case=case_id(subject, ref, case.plan.fault, cuts, case.rephrase),
        rephrase=case.rephrase,
        split=case.split,
        cuts=cuts,
        fault=case.plan.fault,
        count=one.count,
        boundary=own.material(case.plan).boundaries.at(cuts[0]) if cuts else None,
        minimal=minimal,
    )
    if subject.path != UNNAMED and not ref.startswith("("):  # which a shell cannot name
        words = _case_words(found, named=cuts == case.cuts) if alone else options.axes.words()
        asked = _judge_words(subject, ref, "replay" if alone else "check")
        found.reproduce = " ".join([*asked, *words, *options.words()])
    return found


def _judge_words(subject: Subject, ref: str, command: str) -> list[str]:
    parser = ("--command", quote(ref.removeprefix(PREFIX))) if ref.startswith(PREFIX) else ("--parser", quote(ref))
    return ["streamdoctor", command, quote(subject.path or f"probe:{subject.probe}"), *parser]


def _case_words(found: Found, *, named: bool) -> list[str]:
    named = named and found.split in ("events", "bytes", "lines", "recorded") and len(found.cuts) > _MOST_CUTS
    words = ["--split", found.split if named else f"cuts:{','.join(map(str, found.cuts))}" if found.cuts else "whole"]
    words += ["--rephrase", found.rephrase] if found.rephrase != AS_IS else []
    return words + (["--fault", found.fault] if found.fault else [])
