"""What an edge of the walk is held against: which units come next, and how many are due by an offset.

The judge's content and promptness (DESIGN section 6) for one step at a time. What is refused here is put before the
judge as a whole run, so this only has to be strict. Cost: 0.4 microseconds an item that is a tuple, str or bytes.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from streamdoctor.parsers.items import freeze
from streamdoctor.parsers.levels import Expected, View, observed
from streamdoctor.suite.reach import Refused

WRONG = -1
_PLAIN = frozenset({type(None), bool, int, str, bytes})
_UNSEEN = object()


class Expectation:
    """`need[p]` is how many units have to be out once the bytes before `p` are in. At level `text` a unit is a byte."""

    def __init__(self, view: View, right: Expected, body: bytes) -> None:
        self._view, self._body = view, body
        self._text = view.level == "text"
        self._surrogates = self._text and any("\ud800" <= one <= "\udfff" for one in str(right.units))
        self._units: Sequence[Any] = _utf8(right.units) if self._text else right.units
        self._dues = [(_size(right.units, due.units) if self._text else due.units, due.offset) for due in right.dues]
        self.need = self._needs()
        self.reached = 0
        """How many units the last `take` had seen when it ended, in whatever way."""
        self._seen: list[Any] = [_UNSEEN] * (len(self._units) + 1)
        self._kinds: list[Any] = [None] * (len(self._units) + 1)
        """Of each unit the item that it came out as, if that is all immutable; and the types of a tuple's parts."""

    @property
    def total(self) -> int:
        return len(self._units)

    def take(self, result: Any, out: int) -> int:
        """How many units are out after what `feed` or `close` returned; WRONG if one is not the next. Drains it."""
        self.reached = out
        if result is None:
            return out
        if type(result) is not list:
            result = items_of(result)
        seen, kinds = self._seen, self._kinds
        for item in result:
            if type(item) is type(seen[out]) and _equal(item, seen[out], kinds[out]):
                out += 1
            else:
                out = self._next(item, out)
                if out < 0:
                    return WRONG
            self.reached = out
        return out

    def _next(self, item: Any, out: int) -> int:
        """By the words of the level; an item of immutable parts is known again when it comes out in other runs."""
        if self._text:
            return self._next_text(item, out)
        if out >= len(self._units):
            return WRONG
        units, _ = observed(self._view, [freeze(item)])
        if len(units) != 1 or units[0] != self._units[out]:
            return WRONG
        if type(item) in _PLAIN:
            self._seen[out] = item
        elif isinstance(item, tuple) and type(item).__dictoffset__ == 0 and _PLAIN.issuperset(map(type, item)):
            self._seen[out], self._kinds[out] = item, [*map(type, item)]
        return out + 1

    def _next_text(self, item: Any, out: int) -> int:
        frozen = freeze(item)
        data = _utf8(frozen.text) if frozen.raw is None else frozen.raw
        if frozen.raw is not None and self._surrogates:
            raise Refused("it hands out bytes where the text has lone surrogates, which are none in UTF-8")
        end = out + len(data)
        return end if self._units[out:end] == data else WRONG

    def only_a_lone_cr_is_late(self, out: int, offset: int) -> bool:
        """Is all that is due by `offset` and not out an event whose lone CR may still become a CRLF?"""
        before = 0
        for index, (units, due) in enumerate(self._dues):
            if due > offset:
                break
            if units > before and units > out:
                following = self._dues[index + 1][1] if index + 1 < len(self._dues) else len(self._body) + 1
                lone = self._body[due - 1 : due] == b"\r" and self._body[due : due + 1] != b"\n"
                if not lone or following <= offset:
                    return False
            before = units
        return True

    def _needs(self) -> list[int]:
        need = [0] * (len(self._body) + 2)
        for units, offset in self._dues:
            need[min(offset, len(self._body) + 1)] = units
        for offset in range(1, len(need)):
            need[offset] = max(need[offset], need[offset - 1])
        return need


def items_of(result: Any) -> Any:
    """As the driver of `replay.inprocess` drains it."""
    if inspect.isawaitable(result) or hasattr(result, "__aiter__"):
        raise Refused("what its feed returns is asynchronous")
    if type(result) is list:
        return result
    if isinstance(result, str | bytes | bytearray | Mapping) or not hasattr(result, "__iter__"):
        return (result,)
    return result


def _equal(item: Any, known: Any, kinds: list[type] | None) -> bool:
    """Are two items of one type equal, down to the types of their parts?"""
    if kinds is None:
        return bool(item == known)
    return tuple.__eq__(item, known) is True and [*map(type, item)] == kinds


def _utf8(text: Any) -> bytes:
    return str(text).encode("utf-8", "surrogatepass")


def _size(text: Any, characters: int) -> int:
    return len(_utf8(text[:characters]))
