"""The cases of a subject: rephrasing x split x fault, in a fixed order, each with a short id that stays the same."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streamdoctor.faults import plans as faults
from streamdoctor.faults.plans import Plan
from streamdoctor.rephrasings.catalogue import AS_IS, REPHRASINGS
from streamdoctor.rephrasings.catalogue import validate as validate_rephrasings
from streamdoctor.splits import strategies
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.reading import Reading
from streamdoctor.suite.subjects import Subject

MOST_ENDS = 100
"""Events before which a stream ends cleanly by default: with more, the work would grow with their square."""


class Combination(NamedTuple):
    """Splits that are run under each of some faults, in one rephrasing; None is no fault."""

    splits: tuple[str, ...]
    faults: tuple[str | None, ...]
    rephrase: str = AS_IS


@dataclass(frozen=True)
class Axes:
    """What the user asked for; empty tuples mean the default."""

    splits: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    seed: int = 0
    rephrasings: tuple[str, ...] = ()

    def combinations(self, reading: Reading) -> list[Combination]:
        """The default: as it is under every standard split, and whole under each fault of an ending; rephrased in
        every way, with few splits. With splits or faults given: those, as it is unless told otherwise."""
        if not self.splits and not self.faults:
            return [one for name in self.rephrasings or REPHRASINGS for one in _default(name, reading, self.seed)]
        splits = tuple(strategies.expand(self.splits or ("whole",), self.seed))
        return [Combination(splits, self.faults or (None,), name) for name in self.rephrasings or (AS_IS,)]

    def words(self) -> list[str]:
        """The command-line options that say the same again."""
        named = (("split", self.splits), ("fault", self.faults), ("rephrase", self.rephrasings))
        words = [word for name, values in named for value in values for word in (f"--{name}", value)]
        return words + ([f"--seed={self.seed}"] if self.seed else [])

    def validate(self) -> None:
        """Raises UsageError for what no body could be run with."""
        strategies.expand(self.splits)
        faults.validate(self.faults)
        validate_rephrasings(self.rephrasings)


def _default(name: str, reading: Reading, seed: int) -> list[Combination]:
    if name != AS_IS:
        return [Combination(tuple(REPHRASINGS[name].splits), (None,), name)]
    return [Combination(strategies.standard(seed), (None,)), Combination(("whole",), default_faults(reading))]


def default_faults(reading: Reading) -> tuple[str, ...]:
    """The faults of an ending: a clean end before every event, the resend in front of the one in the middle. Of more
    than `MOST_ENDS` events, as many of them as that, spread evenly: each takes as long as half of the stream."""
    count = len(reading.events)
    some = tuple(f"cut@e{1 + count * n // MOST_ENDS}:clean" for n in range(MOST_ENDS))
    ends = some if count > MOST_ENDS else ("cut@every-event:clean",)
    return ("keep-open", "no-marker", *ends, *((f"resend@e{count // 2 + 1}",) if count else ()))


class Case(NamedTuple):
    """One run: the plan of the upstream, and where its body is cut."""

    plan: Plan
    split: str
    cuts: Cuts
    rephrase: str = AS_IS


def cases(subject: Subject, axes: Axes) -> Iterator[Case]:
    """Every case once: the same cuts under the same fault are not run again for another split. The cases of one
    rephrasing stand together; one that does not apply has none."""
    seen: set[tuple[str, str | None, bytes]] = set()
    for combination in axes.combinations(subject.reading):
        own = subject.rephrased(combination.rephrase)
        for case in _cases(own, combination, axes.seed) if own is not None else ():
            key = (case.rephrase, case.plan.fault, hashlib.sha256(array("Q", case.cuts)).digest())
            if key not in seen:
                seen.add(key)
                yield case


def without_cases(subject: Subject, axes: Axes) -> list[str]:
    """What was asked for by name and has no case here, with the reason."""
    framing = subject.reading.provider.framing
    words = []
    for name in axes.rephrasings:
        if subject.rephrased(name) is None:
            framings = REPHRASINGS[name].bodies
            why = f"is for {' and '.join(framings)} only"
            if framing in framings:
                why = "changes nothing in this stream, or what it means"
            words.append(f"the rephrasing {name} {why}")
    for fault in axes.faults:
        if next(faults.each(fault, subject.reading), None) is None:
            words.append(f"the fault {fault} needs {faults.needs(fault)}")
    return words


class Numbered:
    """The cases of a subject by number. One is kept, for all are too much: asked for in order, it is one pass."""

    def __init__(self, subject: Subject, axes: Axes) -> None:
        self._subject, self._axes = subject, axes
        self._at = -1
        self._left: Iterator[Case] = iter(())
        self._case: Case | None = None

    def case(self, index: int) -> Case:
        """Raises IndexError where there are not so many."""
        if index < self._at or self._case is None:
            self._at, self._left = -1, cases(self._subject, self._axes)
        while self._at < index:
            self._case = next(self._left, None)
            self._at += 1
            if self._case is None:
                raise IndexError(index)
        assert self._case is not None
        return self._case


def _cases(subject: Subject, combination: Combination, seed: int) -> Iterator[Case]:
    for fault in combination.faults:
        for plan in faults.each(fault, subject.reading):
            for run in _runs(combination.splits, subject.material(plan), seed):
                yield Case(plan, run.split, run.cuts, combination.rephrase)


def _runs(splits: Sequence[str], material: strategies.Material, seed: int) -> Iterator[strategies.Run]:
    for split in splits:
        yield from strategies.runs(split, material, seed)


def case_id(subject: Subject, parser: str, fault: str | None, cuts: Cuts, rephrase: str = AS_IS) -> str:
    """Eight hex digits: the same for the same bytes, dialect, parser, rephrasing, fault and cuts, anywhere."""
    what = [subject.digest, subject.reading.provider.name, parser, rephrase, fault, list(cuts)]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:8]
