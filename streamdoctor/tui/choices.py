"""What can be chosen for a check: parsers, splits, faults and rephrasings, each from its own registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from streamdoctor.faults.plans import FAULTS
from streamdoctor.faults.plans import validate as validate_faults
from streamdoctor.parsers.load import BUILTINS
from streamdoctor.parsers.load import validate as validate_parser
from streamdoctor.rephrasings.catalogue import REPHRASINGS
from streamdoctor.splits import strategies

FAULT, REPHRASE = "fault", "rephrase"


@dataclass(frozen=True)
class Option:
    name: str
    summary: str
    kind: str = ""


@dataclass(frozen=True)
class Choice:
    """`chosen` of `options`; others can be typed where `valid` raises no UsageError for them, and are of that `kind`.
    `none` says what it means to choose nothing, and is empty where something has to be chosen."""

    title: str
    options: tuple[Option, ...]
    chosen: tuple[Option, ...]
    typed: str
    valid: Callable[[str], object]
    none: str = ""
    kind: str = ""

    def named(self, name: str, options: Iterable[Option]) -> Option | None:
        """The one of `options` that who types `name` means: a fault and a rephrasing may have one name."""
        return next((one for one in options if one.name == name and self.kind in ("", one.kind)), None)


def parsers(chosen: tuple[str, ...]) -> Choice:
    listed = [
        Option(name, builtin.summary, builtin.kind)
        for name, builtin in BUILTINS.items()
        if builtin.install is None or name in chosen
    ]
    own = [Option(name, "", "yours") for name in chosen if name not in BUILTINS]
    options = (*own, *listed)
    return Choice("parsers", options, _of(options, chosen), "module:name or path.py:name", validate_parser)


def splits(chosen: tuple[str, ...]) -> Choice:
    listed = [Option(name, s.summary) for name, s in strategies.STRATEGIES.items() if name not in ("cuts", "fixed")]
    known = {option.name for option in listed}
    options = (*(Option(name, "typed") for name in chosen if name not in known), *listed)
    none = "none chosen: the default of check, every standard split"
    return Choice("splits", options, _of(options, chosen), "fixed:5, cuts:12,40, random:seed=1,runs=200",
                  lambda name: strategies.expand([name]), none)  # fmt: skip


def faults_and_rephrasings(faults: tuple[str, ...], rephrasings: tuple[str, ...]) -> Choice:
    listed = [Option(fault.example, fault.summary, FAULT) for fault in FAULTS.values()]
    known = {option.name for option in listed}
    all_faults = (*(Option(name, "typed", FAULT) for name in faults if name not in known), *listed)
    others = tuple(Option(name, rephrasing.summary, REPHRASE) for name, rephrasing in REPHRASINGS.items())
    none = "none chosen: the faults of an ending, and all rephrasings"
    chosen = (*_of(all_faults, faults), *_of(others, rephrasings))
    return Choice("faults and rephrasings", (*all_faults, *others), chosen, "stall@e3:60, cut@every-event:fin",
                  lambda name: validate_faults([name]), none, FAULT)  # fmt: skip


def _of(options: Iterable[Option], names: tuple[str, ...]) -> tuple[Option, ...]:
    return tuple(option for option in options if option.name in names)
