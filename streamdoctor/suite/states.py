"""The states of one parser: put by, compared, taken up again; and the world outside them, watched.

JUDGING, conditions (a) to (e) of a proof. A parser's own `snapshot()` and `restore()` are trusted, and named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamdoctor.replay.inprocess import can_be_done
from streamdoctor.suite.places import MISSING, parts_of
from streamdoctor.suite.reach import Refused, World
from streamdoctor.suite.snapshot import Freezer, Key
from streamdoctor.suite.snapshot_plain import Plain
from streamdoctor.suite.sorts import sort_of


@dataclass(frozen=True)
class Conditions:
    """Which conditions of a proof are held to. All of them; less is for testing that each stands on its own."""

    by_name: bool = True
    world: bool = True
    second: bool = True


ALL_CONDITIONS = Conditions()


class States:
    """Makes parsers with `make` and keeps their states; `lent`: it is older than this process. Raises Refused
    where the first is not a state at all."""

    def __init__(self, make: Callable[[], Any], conditions: Conditions, *, lent: bool = False) -> None:
        self._make = make
        self.world = World(by_name=conditions.by_name)
        self._watches = conditions.world
        self._freezer = Freezer(self.world)
        self.world.visit(make, "the parser")
        self.world.watch_what_is_alive(before_the_fork=lent)
        parser = self._new()
        self.own = callable(getattr(parser, "snapshot", None)) and callable(getattr(parser, "restore", None))
        self.assumed = [f"{type(parser).__qualname__}.snapshot() and restore() tell the whole state"] * self.own
        self._discover(parser)
        self.assumed += self.world.assumed
        self.first = self.freeze(parser)
        self._made_alike()

    def _discover(self, parser: Any) -> None:
        """Code that the state holds is part of the world; what it shares with the world is not part of the state."""
        self.world.visit(type(parser), f"class {type(parser).__qualname__}")
        self._freezer.explain(self._snapshot(parser) if self.own else parser)
        self.world.seal()
        self.untouched: Callable[[], bool] = self.world.untouched if self._watches else lambda: True
        """Is the world as it was, for every edge?"""

    def _new(self) -> Any:
        """As the driver of `replay.inprocess` begins with it."""
        parser = self._make()
        can_be_done(parser)
        return parser

    def _made_alike(self) -> None:
        other = self._new()
        self.check_world()
        try:
            same = self.freeze(other) == self.first
        except Refused as refused:
            raise Refused(f"two new parsers are not alike: {refused}") from None
        if not same:
            raise Refused(f"two new parsers differ in {self.difference(self.first, self.freeze(other))}")

    def freeze(self, parser: Any) -> Key:
        return self._freezer.freeze(self._snapshot(parser) if self.own else parser)

    def _snapshot(self, parser: Any) -> Any:
        try:
            return parser.snapshot()
        except Exception as error:
            raise Refused(f"its snapshot() raised {type(error).__name__}: {error}") from None

    def thaw(self, key: Key) -> Any:
        value = self._freezer.thaw(key)
        if not self.own:
            return value
        parser = self._make()
        try:
            parser.restore(value)
        except Exception as error:
            raise Refused(f"its restore() raised {type(error).__name__}: {error}") from None
        return parser

    def check(self, key: Key) -> None:
        """Condition (c): what is made of a frozen state freezes to the same value."""
        if self.freeze(self.thaw(key)) != key:
            raise Refused(f"a state that was made anew is not the same in {self.difference(key, None)}")

    def plain(self, parser: Any) -> Plain | None:
        """The state of `parser` the fast way, for which condition (c) holds; None where there is no such way."""
        return None if self.own else Plain.of(parser, self.world)

    def check_world(self) -> None:
        """Condition (b). Raises Refused with the name of what changed."""
        changed = self.world.changed() if self._watches else None
        if changed is not None:
            raise Refused(f"hidden state in {changed}")

    def difference(self, key: Key, other: Key | None) -> str:
        """The first attribute in which two states differ; the state made anew of `key` where there is one only."""
        a = self._freezer.thaw(key)
        return self._differs(a, self._freezer.thaw(key if other is None else other), "")

    def _differs(self, a: Any, b: Any, path: str) -> str:
        if type(a) is type(b) and sort_of(a) == "instance":
            mine, others = parts_of(a), parts_of(b)
            for name in [*mine, *others]:
                if not self._alike(mine.get(name, MISSING), others.get(name, MISSING)):
                    return self._differs(mine.get(name, MISSING), others.get(name, MISSING), f"{path}.{name}")
        return f"attribute {path.lstrip('.')}" if path else "its state"

    def _alike(self, a: Any, b: Any) -> bool:
        if a is MISSING or b is MISSING:
            return a is b
        return self._freezer.freeze(a) == self._freezer.freeze(b)
