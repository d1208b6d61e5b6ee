"""The first axis of a case: named strategies that yield runs, each a tuple of cut offsets (DESIGN section 7).

To add one: write a generator from (Material, argument, seed) to Runs and enter it in STRATEGIES with one line for the
help. A cut lies strictly inside the body; cuts ascend.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from random import Random
from typing import NamedTuple

from streamdoctor.errors import UsageError
from streamdoctor.splits.boundaries import CLASSES, Boundaries
from streamdoctor.stream.event import Event

Cuts = tuple[int, ...]


class Run(NamedTuple):
    """One way to cut a body; `split` is the name of the strategy that gave it."""

    split: str
    cuts: Cuts


@dataclass(frozen=True)
class Material:
    """What strategies know of a body: `recorded` are its read borders, None where the capture does not keep them."""

    body: bytes
    events: Sequence[Event]
    boundaries: Boundaries
    recorded: Cuts | None = None

    def inside(self, offsets: Iterable[int]) -> Cuts:
        return tuple(sorted({o for o in offsets if 0 < o < len(self.body)}))


STANDARD = (
    "recorded",
    "whole",
    "bytes",
    "lines",
    "events",
    "boundaries",
    "boundaries:pairs",
    "fixed:2",
    "fixed:3",
    "fixed:7",
    "random:seed=0,runs=50",
)


def standard(seed: int = 0) -> tuple[str, ...]:
    """The standard splits, the random ones by `seed`."""
    return (*STANDARD[:-1], f"random:seed={seed},runs=50")


def _recorded(material: Material, argument: str, seed: int) -> Iterator[Cuts]:
    if material.recorded is not None:
        yield material.recorded


def _whole(material: Material, argument: str, seed: int) -> Iterator[Cuts]:
    yield ()


def _bytes(material: Material, argument: str, seed: int) -> Iterator[Cuts]:
    yield tuple(range(1, len(material.body)))


def _lines(material: Material, argument: str, seed: int) -> Iterator[Cuts]:
    yield material.inside(match.end() for match in re.finditer(rb"\r\n|\n|\r", material.body))


def _events(material: Material, argument: str, seed: int) -> Iterator[Cuts]:
    yield material.inside(event.end for event in material.events)


def _boundaries(material: Material, argument: str, seed: int) -> Iterator[Cuts]:
    if argument not in ("", "pairs"):
        raise UsageError(f"--split boundaries:{argument} is unknown", hint="boundaries, or boundaries:pairs")
    return _pairs(material) if argument else _classes(material)


def _pairs(material: Material) -> Iterator[Cuts]:
    """Two cuts at once: one place each of every two classes that this body has, and the first two of each class."""
    places = [offsets for offsets in map(material.boundaries.offsets, CLASSES) if offsets]
    for offsets in places:
        if len(offsets) > 1:
            yield offsets[0], offsets[1]
    for one, other in combinations(places, 2):
        yield tuple(sorted({one[0], other[len(other) // 2]}))


def _classes(material: Material) -> Iterator[Cuts]:
    """Each class alone (its first, a middle and its last offset, one cut each), then each class at all its offsets."""
    for name in CLASSES:
        offsets = material.boundaries.offsets(name)
        for offset in sorted({offsets[i] for i in (0, len(offsets) // 2, -1)} if offsets else ()):
            yield (offset,)
    for name in CLASSES:
        offsets = material.boundaries.offsets(name)
        if len(offsets) > 1:
            yield tuple(offsets)


def _fixed(material: Material, argument: str, seed: int) -> Iterator[Cuts]:
    size = _size(argument)
    yield tuple(range(size, len(material.body), size))


def _size(argument: str) -> int:
    size = _whole_number(argument, "fixed")
    if size < 1:
        raise UsageError("--split fixed:N wants pieces of at least 1 byte", hint="for instance fixed:7")
    return size


def _cuts(material: Material, argument: str, seed: int) -> Iterator[Cuts]:
    offsets = _offsets(argument)
    outside = [o for o in offsets if not 0 < o < len(material.body)]
    if outside:
        raise UsageError(
            f"--split cuts: {outside[0]} is not inside the body of {len(material.body)} bytes",
            hint=f"a cut is a body offset from 1 to {len(material.body) - 1}",
        )
    yield material.inside(offsets)


def _offsets(argument: str) -> list[int]:
    return [_whole_number(part, "cuts") for part in argument.split(",")]


def _every_cut(material: Material, argument: str, seed: int) -> Iterator[Cuts]:
    for offset in range(1, len(material.body)):
        yield (offset,)


def _random(material: Material, argument: str, seed: int) -> Iterator[Cuts]:
    """Runs of one scale each, from single bytes to halves, so that small and large pieces are both usual."""
    options = {"seed": seed, "runs": 50, **_options(argument)}
    size = len(material.body)
    for run in range(options["runs"]):
        rng = Random(f"{options['seed']}:{run}")
        cuts = max(1, min(size - 1, round(2 ** (rng.random() * max(size, 2).bit_length()) / 2)))
        if size > 1:
            yield tuple(sorted(rng.sample(range(1, size), cuts)))


def _options(argument: str) -> dict[str, int]:
    options: dict[str, int] = {}
    for part in filter(None, argument.split(",")):
        name, _, value = part.partition("=")
        if name not in ("seed", "runs"):
            raise UsageError(f"--split random: unknown option {name!r}", hint="random:seed=1,runs=200")
        options[name] = _whole_number(value, f"random {name}")
    if options.get("runs") == 0:
        raise UsageError("--split random wants at least 1 run", hint="random:seed=1,runs=200")
    return options


class Strategy(NamedTuple):
    """`example` shows the argument, empty where there is none."""

    runs: Callable[[Material, str, int], Iterator[Cuts]]
    example: str
    summary: str


STRATEGIES: dict[str, Strategy] = {
    "recorded": Strategy(_recorded, "", "the reads as they were recorded"),
    "whole": Strategy(_whole, "", "one piece"),
    "bytes": Strategy(_bytes, "", "byte by byte"),
    "lines": Strategy(_lines, "", "a piece a line"),
    "events": Strategy(_events, "", "a piece an event"),
    "boundaries": Strategy(
        _boundaries, "", "cuts inside every boundary class, alone and all at once; boundaries:pairs: two at once"
    ),
    "fixed": Strategy(_fixed, "fixed:N", "pieces of N bytes"),
    "cuts": Strategy(_cuts, "cuts:12,40", "cuts at these body offsets"),
    "every-cut": Strategy(_every_cut, "", "one run for each single cut"),
    "random": Strategy(_random, "random:seed=1,runs=200", "seeded random cuts"),
    "standard": Strategy(_whole, "", "all of: " + " ".join(STANDARD)),
}


_ARGUMENTS: dict[str, Callable[[str], object]] = {"fixed": _size, "cuts": _offsets, "random": _options}
"""How the argument of a strategy is read, where it takes one."""


def expand(specs: Sequence[str], seed: int = 0) -> list[str]:
    """`specs` with `standard` replaced by what it stands for. Raises UsageError for an unknown name, or an
    argument that fits no body."""
    out: list[str] = []
    for spec in specs:
        name, colon, argument = spec.partition(":")
        if name not in STRATEGIES:
            raise UsageError(f"unknown split {spec!r}", hint="splits: " + " ".join(usages()))
        if colon and not STRATEGIES[name].example and name != "boundaries":
            raise UsageError(f"--split {name} takes no argument", hint=f"for instance --split {name}")
        if (colon or name in ("fixed", "cuts")) and not argument:
            raise UsageError(f"--split {name} wants an argument", hint=f"for instance {STRATEGIES[name].example}")
        if name in _ARGUMENTS:
            _ARGUMENTS[name](argument)
        out.extend(standard(seed) if name == "standard" else (spec,))
    return list(dict.fromkeys(out))


def usages() -> list[str]:
    """How each strategy is written."""
    return [strategy.example or name for name, strategy in STRATEGIES.items()]


def runs(spec: str, material: Material, seed: int = 0) -> Iterator[Run]:
    """The runs of one strategy; none where it does not apply (`recorded` without read borders)."""
    name, _, argument = spec.partition(":")
    for cuts in STRATEGIES[name].runs(material, argument, seed):
        yield Run(spec, cuts)


def pieces(body: bytes, cuts: Cuts) -> list[bytes]:
    """`body` cut at `cuts`; no piece is empty, so an empty body gives none."""
    edges = [0, *cuts, len(body)]
    return [body[a:b] for a, b in pairwise(edges) if b > a]


def _whole_number(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        example = STRATEGIES[what.split()[0]].example
        raise UsageError(f"--split {what} wants a whole number, not {text!r}", hint=f"for instance {example}")
    return int(text)
