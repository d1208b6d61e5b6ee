"""How two sequences become one kind: DESIGN section 6, rule by rule. Pure; boundaries and times play no part.

Units are the items of a level; at level `text` they are characters, and the sequence is a str.
Cost: linear, but for the last rule, whose alignment is bounded by the size of a window.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from streamdoctor.parsers.levels import Unit

Kind = Literal[
    "truncated",
    "duplicated",
    "invented",
    "reordered",
    "corrupted",
    "crashed",
    "hung",
    "delayed",
    "slow",
    "accepts-incomplete",
    "non-strict",
]

_WINDOW = 400
"""How many units of each side the alignment looks at, from the first difference on; what lies beyond costs nothing."""

_EDIT = 2 * _WINDOW
"""What an edit costs, where a match earns 1: of two alignments with as many edits the one with more matches is less."""


class Difference(NamedTuple):
    """`kind`, and where: unit `at` of the expected sequence; `expected` and `got` are the units that differ there."""

    kind: Kind
    at: int
    expected: Sequence[Unit]
    got: Sequence[Unit]


def data_of(unit: Unit) -> str:
    """The text of a unit: an event's data, or the unit itself."""
    return unit if isinstance(unit, str) else unit.data


def compare(expected: Sequence[Unit], got: Sequence[Unit]) -> Difference | None:
    """The one difference that names what went wrong; None where the sequences are equal."""
    if expected == got:
        return None
    start = common_prefix(expected, got)
    tail = _common_suffix(expected, got, start)
    e, g = expected[start : len(expected) - tail], got[start : len(got) - tail]
    kind = _kind_of_block(expected, start, e, g)
    if kind is not None:
        return Difference(kind, start, e, g)
    return _first_edit(expected, start, e, g)


def common_prefix(a: Sequence[Unit], b: Sequence[Unit]) -> int:
    """How many units `a` and `b` begin with in common, by halving: slices compare faster than units."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_suffix(a: Sequence[Unit], b: Sequence[Unit], start: int) -> int:
    return common_prefix(a[start:][::-1], b[start:][::-1])


def _kind_of_block(expected: Sequence[Unit], start: int, e: Sequence[Unit], g: Sequence[Unit]) -> Kind | None:
    if not g:
        return "truncated"
    if not e:
        return inserted(expected, start, g)
    if len(e) == len(g) and Counter(e) == Counter(g):
        return "reordered"
    if len(e) != len(g) and filled(e) == filled(g):
        return "invented" if len(g) > len(e) else "truncated"
    if not isinstance(e, str) and any(_joined(e, glue) == _joined(g, glue) for glue in ("", "\n", "\n\n")):
        return "corrupted"
    return None


def inserted(expected: Sequence[Unit], at: int, g: Sequence[Unit]) -> Kind:
    """`duplicated` if `g` repeats what stands right before or after `at`, or was all seen before; else `invented`."""
    if not any(map(data_of, g)):
        return "invented"
    before, after = expected[max(at - len(g), 0) : at], expected[at : at + len(g)]
    return "duplicated" if g in (before, after) or _seen(expected[:at], g) else "invented"


def _seen(before: Sequence[Unit], g: Sequence[Unit]) -> bool:
    """Of text, it is the shortest string whose repetition `g` is that has to stand in `before`."""
    if isinstance(before, str):
        text = str(g)
        return text[: (text + text).find(text, 1)] in before
    known = set(before)
    return all(unit in known for unit in g)


def filled(units: Sequence[Unit]) -> list[Unit]:
    """The units that are not empty."""
    return [unit for unit in units if data_of(unit)]


def _joined(units: Sequence[Unit], glue: str) -> str:
    return glue.join(map(data_of, units))


def _first_edit(expected: Sequence[Unit], start: int, e: Sequence[Unit], g: Sequence[Unit]) -> Difference:
    """The first edit of a minimal alignment of `e` and `g`, whose first units differ.

    Of several minimal ones, that with the most matches; then that which explains the most by what is missing: a unit
    cut short, then a unit left out.
    """
    costs = _distances(e, g)
    replace, delete, insert = costs[1][1], costs[1][0], costs[0][1]
    best = min(replace, delete, insert)
    kind = _replaced(e[0], g[0])
    if replace == best and (kind == "truncated" or delete > best):
        return Difference(kind, start, e[:1], g[:1])
    if delete == best:
        return Difference("truncated", start, e[:1], g[:0])
    extra = g[: _insertion(e, g, costs[0])]
    return Difference(inserted(expected, start, extra), start, e[:0], extra)


def _insertion(e: Sequence[Unit], g: Sequence[Unit], costs: Sequence[int]) -> int:
    """How many units the first insertion takes: one item, or as many characters as stand together."""
    count, most = 1, len(costs) - 1 if isinstance(g, str) else 1
    while count < most and g[count] != e[0] and costs[count] == costs[count + 1] + _EDIT:
        count += 1
    return count


def _replaced(e: Unit, g: Unit) -> Kind:
    whole, part = data_of(e), data_of(g)
    return "truncated" if part != whole and whole.startswith(part) else "corrupted"


def _distances(e: Sequence[Unit], g: Sequence[Unit]) -> list[list[int]]:
    """What aligning `e[i:]` and `g[j:]` costs for i and j up to 1, by the usual table from the end."""
    more_e, more_g = len(e) > _WINDOW, len(g) > _WINDOW
    e, g = e[:_WINDOW], g[:_WINDOW]
    below = [0] * (len(g) + 1) if more_e else list(range(len(g) * _EDIT, -1, -_EDIT))
    rows = [below]
    for i in range(len(e) - 1, -1, -1):
        row = [0] * len(g) + [0 if more_g else (len(e) - i) * _EDIT]
        for j in range(len(g) - 1, -1, -1):
            same = e[i] == g[j]
            row[j] = below[j + 1] - 1 if same else _EDIT + min(below[j + 1], below[j], row[j + 1])
        rows = [row, rows[0]]
        below = row
    return rows
