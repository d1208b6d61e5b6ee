"""The outcome of a check, as data: what reports print and `check --json` writes (DESIGN section 8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from streamdoctor.diagnosis.judge import Finding
from streamdoctor.diagnosis.rules import RULES
from streamdoctor.errors import ExitCode
from streamdoctor.rephrasings.catalogue import AS_IS
from streamdoctor.splits.strategies import Cuts

Verdict = Literal["pass", "non-strict", "fail", "hung", "skipped", "error"]
WORST: tuple[Verdict, ...] = ("hung", "fail", "non-strict", "pass")


class Proof(NamedTuple):
    """Every one of `chunkings` ways to cut the body, rephrased so, into pieces of at most `max_piece` bytes is right,
    given what is `assumed`; `states` and `steps` are what it took."""

    chunkings: str
    max_piece: int
    states: int
    steps: int
    assumed: tuple[str, ...]
    rephrase: str = AS_IS


@dataclass
class Found:
    """A finding in its simplest case; `count` is how many cases gave the same. `minimal` is the smallest body found
    that still shows it ("body_b64", "cuts", "fault"). `wording`: the rephrasing in whose words the body was
    recorded, if these are to blame."""

    finding: Finding
    case: str
    rephrase: str
    split: str
    cuts: Cuts
    fault: str | None
    count: int = 1
    boundary: str | None = None
    minimal: dict[str, Any] | None = None
    reproduce: str = ""
    known: bool = False
    wording: str | None = None

    @property
    def kind(self) -> str:
        return RULES[self.finding.rule].kind

    @property
    def blamed(self) -> str:
        """The rephrasing that a parser may stumble over."""
        return self.rephrase if self.rephrase != AS_IS else self.wording or AS_IS

    @property
    def offset(self) -> int:
        """The first cut that it takes, or, where it takes none, where in the body it shows."""
        return self.cuts[0] if self.cuts else self.finding.at

    @property
    def verdict(self) -> Verdict:
        return "hung" if self.kind == "hung" else "non-strict" if self.kind == "non-strict" else "fail"


class Coverage(NamedTuple):
    """How many places of each boundary class a stream has; the classes that its recording cut, and that this check
    did, with the stream as it is."""

    present: dict[str, int]
    recorded: tuple[str, ...]
    checked: tuple[str, ...]

    @property
    def missing(self) -> dict[str, int]:
        return {name: count for name, count in self.present.items() if name not in self.checked}


@dataclass
class Result:
    """One parser on one capture or probe. `note` says why it was skipped, could not be judged, or what to know;
    `nothing_there`: it was skipped for what the capture or the options are, whatever the parser does. `fits` is False
    where its output equals the reference's at no level, on any plain probe. Where a proof was asked for, there is one,
    and one of each further rephrasing that was named, or why it was refused; `cost` is what was measured, where that
    was; `interrupted` by the user."""

    capture: str | None
    probe: str | None
    parser: str
    dialect: str
    level: str | None = None
    role: str = "unknown"
    cases: int = 0
    seconds: float = 0.0
    findings: list[Found] = field(default_factory=list)
    skipped: bool = False
    nothing_there: bool = False
    error: bool = False
    note: str | None = None
    fits: bool = True
    proof: Proof | None = None
    more_proofs: list[Proof] = field(default_factory=list)
    proof_refused: str | None = None
    cost: str | None = None
    interrupted: bool = False
    coverage: Coverage | None = None

    @property
    def subject(self) -> str:
        return self.capture or f"probe:{self.probe}"

    @property
    def verdict(self) -> Verdict:
        """The worst finding; `error` and `skipped` where there was no judging."""
        if self.error:
            return "error"
        if self.skipped:
            return "skipped"
        seen = {found.verdict for found in self.findings}
        return next((verdict for verdict in WORST if verdict in seen), "pass")

    def sort(self) -> None:
        """Worst first, then what needs no fault and shows in most cases; the same on every run."""
        self.findings.sort(
            key=lambda f: (
                WORST.index(f.verdict),
                f.fault is not None,
                f.rephrase != AS_IS,
                -f.count,
                f.finding.rule,
                f.cuts[:1],
                f.case,
            )
        )


def worth_telling(results: Sequence[Result]) -> list[Result]:
    """Of all probes, which nobody asked for: those that were judged, else those that ought to be, else one."""
    judged = [result for result in results if not result.skipped]
    return judged or [result for result in results if result.error] or list(results[:1])


def cause_of(found: Found) -> tuple[str, str, str, str | None, str | None]:
    """What stays the same where a cause shows in another capture, or in one recorded anew: rule, oracle, rephrasing,
    the kind of fault (without its place), and the exception of a crash."""
    exception = found.finding.actual.partition(":")[0] if found.kind == "crashed" else None
    fault = found.fault and found.fault.partition("@")[0]
    return found.finding.rule, found.finding.oracle, found.rephrase, fault, exception


FAIL_ON: tuple[Verdict, ...] = ("fail",)
"""A verdict stands for those that are worse too."""


def exit_code(results: Iterable[Result], fail_on: Collection[str] = FAIL_ON) -> ExitCode:
    """0 nothing wrong, 1 some `fail` or `hung` (or what `fail_on` says) that no baseline accepts, 4 nothing judged or
    some `error`, 130 interrupted (section 8)."""
    results = list(results)
    if any(result.interrupted for result in results):
        return ExitCode.INTERRUPTED
    verdicts = {result.verdict for result in results}
    if any(failing(result, fail_on) for result in results):
        return ExitCode.FOUND
    if "error" in verdicts or not verdicts & set(WORST):
        return ExitCode.NOT_JUDGED
    return ExitCode.OK


def failing(result: Result, fail_on: Collection[str] = FAIL_ON) -> bool:
    """Does this result make the run fail?"""
    skipped = result.verdict == "skipped" and "skipped" in fail_on
    return skipped or any(fails(found, fail_on) for found in result.findings)


def fails(found: Found, fail_on: Collection[str] = FAIL_ON) -> bool:
    """Is a finding new, and as bad as one of `fail_on`, or worse?"""
    mildest = max((WORST.index(verdict) for verdict in WORST if verdict in fail_on), default=-1)
    return not found.known and WORST.index(found.verdict) <= mildest
