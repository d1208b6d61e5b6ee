"""The same cause over many captures is one entry: findings of one parser, folded. Pure; in the order of the results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from streamdoctor.rephrasings.catalogue import AS_IS
from streamdoctor.suite.results import WORST, Found, Result, cause_of

_NUMBER = re.compile(r"\d[\d,]*")


class Shown(NamedTuple):
    """One finding, where it was made."""

    result: Result
    found: Found


@dataclass(frozen=True)
class Cause:
    """What one parser gets wrong in one way; `shown` is never empty, the plainest case first."""

    parser: str
    shown: tuple[Shown, ...]

    @property
    def found(self) -> Found:
        return self.shown[0].found

    @property
    def result(self) -> Result:
        return self.shown[0].result

    @property
    def count(self) -> int:
        """How many cases showed it, on all captures."""
        return sum(one.found.count for one in self.shown)

    @property
    def subjects(self) -> list[str]:
        return list(dict.fromkeys(one.result.subject for one in self.shown))

    @property
    def known(self) -> bool:
        """Does the baseline accept all of it?"""
        return all(one.found.known for one in self.shown)

    @property
    def title(self) -> str:
        """What happens; N for a number that is not the same on all captures."""
        summary = self.found.finding.summary
        seen = {tuple(_NUMBER.findall(one.found.finding.summary)) for one in self.shown}
        numbers = list(zip(*seen, strict=True)) if len(set(map(len, seen))) == 1 else []
        told = iter(["N" if len(set(number)) > 1 else number[0] for number in numbers])
        return _NUMBER.sub(lambda match: next(told, "N"), summary)


def causes(results: Iterable[Result]) -> list[Cause]:
    """All causes: parser by parser, worst first; what a baseline accepts stands apart, behind what is new."""
    folded: dict[tuple[object, ...], list[Shown]] = {}
    parsers: dict[str, int] = {}
    for result in results:
        parsers.setdefault(result.parser, len(parsers))
        for found in result.findings:
            key = (result.parser, found.known, *cause_of(found))
            folded.setdefault(key, []).append(Shown(result, found))
    made = [Cause(str(key[0]), tuple(sorted(shown, key=_plainest))) for key, shown in folded.items()]
    return sorted(made, key=lambda cause: (parsers[cause.parser], *_worst(cause)))


def _plainest(shown: Shown) -> tuple[object, ...]:
    minimal = shown.found.minimal
    return minimal is None, len(minimal["body_b64"]) if minimal else 0, len(shown.found.cuts)


def _worst(cause: Cause) -> tuple[object, ...]:
    found = cause.found
    rephrased = found.rephrase != AS_IS
    return cause.known, WORST.index(found.verdict), found.fault is not None, rephrased, -len(cause.shown), -cause.count


def named(names: Sequence[str], most: int) -> str:
    """`a, b and 3 more`."""
    told = list(names[:most])
    if len(names) > most:
        return f"{', '.join(told)} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(told[:-1]), told[-1]])) if told else "none"
