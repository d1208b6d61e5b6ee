"""A fast look, for every edge of a walk, at all that code could have written outside a parser.

Attributes are looked at that code writes somewhere (`bytecode.Writes`), and containers. What equals what it was, and is
of the same type where that could be told, is taken as unchanged. Cost: 0.1 to 0.3 microseconds.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from streamdoctor.suite.bytecode import Writes
from streamdoctor.suite.listed import ATOMS, MUTABLE
from streamdoctor.suite.places import Names, Place

_NUMBERS = frozenset({bool, int, float, complex})
"""Types whose values may be equal to one of another."""


class Quick:
    """All of it side by side with what it was: containers, cells, and bindings."""

    def __init__(self, places: Sequence[Place], noted: Sequence[dict[Any, Any]], writes: Writes) -> None:
        self._live: list[Any] = []
        self._saved: list[Any] = []
        self._typed: list[tuple[Any, list[type]]] = []
        self._bindings: list[tuple[Callable[[Any], Any], Any, Any, list[type]]] = []
        self._absent: list[tuple[Any, frozenset[str]]] = []
        self._writes = writes
        for place, contents in zip(places, noted, strict=True):
            owner = place.owner
            if type(owner) in MUTABLE:
                self._live.append(owner)
                self._saved.append(owner.copy())
                if not isinstance(owner, bytearray) and not _NUMBERS.isdisjoint(_types(owner)):
                    self._typed.append((owner, _types(owner)))
            elif isinstance(owner, types.CellType):
                if type(contents[""]) in ATOMS:
                    self._live.append(owner)
                    self._saved.append(types.CellType(contents[""]))
            else:
                self._bind(owner, contents)
        self._more = bool(self._bindings or self._typed or self._absent)

    def _bind(self, owner: Any, contents: dict[Any, Any]) -> None:
        """A class, the globals of a module, or an object: the names that code writes, there or not."""
        space: Any = owner.space if isinstance(owner, Names) else getattr(owner, "__dict__", None)
        if space is None:
            return
        written = [name for name in contents if name in self._writes.names and name in space]
        if written:
            get = itemgetter(*written, written[0])
            self._bindings.append((get, space, get(space), [*map(type, get(space))]))
        if isinstance(owner, Names) or not (absent := self._writes.others.difference(space)):
            return
        if type(space) is dict and not isinstance(owner, types.ModuleType):
            self._live.append(space)
            self._saved.append(space.copy())
        else:
            self._absent.append((space, frozenset(absent)))

    def same(self) -> bool:
        try:
            return self._live == self._saved and (not self._more or self._same_names())
        except Exception:
            return False

    def _same_names(self) -> bool:
        for get, space, saved, kinds in self._bindings:
            if get(space) != saved or [*map(type, get(space))] != kinds:
                return False
        return all(_types(owner) == kinds for owner, kinds in self._typed) and all(
            names.isdisjoint(space) for space, names in self._absent
        )


def _types(owner: Any) -> list[type]:
    return [*map(type, owner), *(map(type, owner.values()) if isinstance(owner, dict) else ())]
