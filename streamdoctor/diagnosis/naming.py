"""From a difference to its rule, in words: which code a difference has, and what the parser did. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from streamdoctor.diagnosis.compare import Difference, data_of, filled
from streamdoctor.diagnosis.wording import count
from streamdoctor.parsers.levels import Expected

_FEWEST = 3
"""Texts that grow by chance are fewer."""


def named(right: Expected, difference: Difference) -> tuple[str, str]:
    """The code of the rule, and what the parser does, as a sentence without its subject."""
    return _RULE_OF[difference.kind](right, difference)


def accumulates(right: Expected, texts: Sequence[str]) -> bool:
    """Is each of `texts`, which came out one by one, all before it and what is new, and the new all that was sent?"""
    told = [text for text in texts if text]
    if len(told) < _FEWEST or not all(len(a) < len(b) and b.startswith(a) for a, b in pairwise(told)):
        return False
    if isinstance(right.units, str):
        return right.units.startswith(told[-1])
    sent = [data for data in map(data_of, right.units) if data]
    both = min(len(told), len(sent))  # a marker may come out that is none of what is right, or the other way round
    return both >= _FEWEST and any(told[:both] == _accumulated(sent[:both], glue) for glue in ("", "\n"))


def _accumulated(sent: Sequence[str], glue: str) -> list[str]:
    return [*accumulate(sent, lambda before, new: f"{before}{glue}{new}")]


def _truncated(right: Expected, d: Difference) -> tuple[str, str]:
    if len(d.got) == len(d.expected):
        return "SD102", "hands out the beginning of an item as if it were whole"
    if not d.got and d.at + len(d.expected) == len(right.units):
        return "SD101", f"stops early: {count(d.expected)} at the end never came out"
    return "SD103", f"loses {count(d.expected, len(d.got))} in the middle"


def _duplicated(right: Expected, d: Difference) -> tuple[str, str]:
    return "SD201", f"hands out {count(d.got)} twice"


def _invented(right: Expected, d: Difference) -> tuple[str, str]:
    extra = len(d.got) - len(d.expected)
    if filled(d.got) == filled(d.expected):
        return "SD202", f"hands out {'an empty item' if extra == 1 else f'{extra} empty items'} that nobody sent"
    return "SD203", f"hands out {count(d.got)} that nobody sent"


def _reordered(right: Expected, d: Difference) -> tuple[str, str]:
    return "SD411", f"hands out {count(d.got)} in another order"


def _corrupted(right: Expected, d: Difference) -> tuple[str, str]:
    e, g = "".join(map(data_of, d.expected)), "".join(map(data_of, d.got))
    if g.count("\ufffd") > e.count("\ufffd"):
        return "SD401", "breaks a character: U+FFFD stands where it was whole"
    if len(d.expected) == len(d.got) and e == g:
        return "SD403", "the data is right, its event type or id is not"
    if len(d.expected) != len(d.got) and e.replace("\n", "") == g.replace("\n", ""):
        return "SD402", "draws the borders between items differently"
    return "SD404", "hands out something else than was sent"


_RULE_OF = {
    "truncated": _truncated,
    "duplicated": _duplicated,
    "invented": _invented,
    "reordered": _reordered,
    "corrupted": _corrupted,
}
