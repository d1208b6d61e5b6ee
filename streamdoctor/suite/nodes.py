"""The nodes of a walk over all chunkings: a state at an offset, and by what pieces it was come to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from streamdoctor.splits.strategies import Cuts
from streamdoctor.suite.snapshot import Key
from streamdoctor.suite.states import States

_BARE = 1024
"""Bytes of a node without what is in its state."""


class Irregular(Exception):
    """Something that cannot be settled out of the order of offsets."""


class Node:
    """A state at an offset; `pieces` is the least number that lead to it, the last of them from `parent`."""

    __slots__ = ("key", "make", "offset", "out", "parent", "pieces", "plain", "same")

    def __init__(self, states: States, offset: int, out: int, parser: Any, parent: Node | None) -> None:
        """The state that `parser` is in now. Raises Refused if it cannot be kept."""
        self.offset, self.out = offset, out
        self.key: Key | None = None
        self.plain = plain = states.plain(parser)
        if plain is None:
            self.key = key = states.freeze(parser)
            states.check(key)
        self.make: Callable[[], Any] = plain.make if plain is not None else lambda: states.thaw(key)
        self.same: Callable[[Any], bool] = _never if plain is None else plain.same
        self.parent = parent
        self.pieces: int = 0 if parent is None else parent.pieces + 1

    @property
    def may_be_done(self) -> bool:
        """Could asking for the attribute `done` of a parser in this state give anything, or do anything?"""
        return self.plain is None or self.plain.may_be_done

    def frozen(self, states: States) -> Key:
        """A state that is plain is frozen only where another is compared with it."""
        if self.key is None:
            assert self.plain is not None
            self.key = states.freeze(self.plain.make())
        return self.key

    def forget(self) -> None:
        """All but the path, which is all that is asked for once it was left."""
        self.key, self.plain, self.make, self.same = None, None, _gone, _never

    def size(self) -> int:
        """In bytes, or nearly."""
        return _BARE + sum(map(sys.getsizeof, self.plain.parts() if self.plain is not None else self.key or ()))

    def come_from(self, node: Node) -> None:
        """Over `node` as well: where that takes fewer pieces, it is the path."""
        if node.pieces + 1 < self.pieces:
            self.parent, self.pieces = node, node.pieces + 1

    def cuts(self, end: int, size: int) -> Cuts:
        """The chunking of `size` bytes that leads over this node to `end`, and then hands over the rest at once."""
        ends = [end] if end < size else []
        at: Node | None = self
        while at is not None and at.offset:
            if at.offset < size:
                ends.append(at.offset)
            at = at.parent
        return tuple(reversed(ends))


def raised(error: BaseException) -> str:
    """How a run ended that raised."""
    return f"raised {type(error).__qualname__}"


def _never(parser: Any) -> bool:
    return False


def _gone() -> Any:
    raise AssertionError("a node that was left has no state")
