"""One case, step by step, as data: what was handed over, what came out in which step, how it ended. Pure.

Steps count from 1, a step a piece; the end of the stream, or the error in its place, is a step of its own. What comes
out before the first piece is asked for has step 0.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal, NamedTuple

from streamdoctor.parsers.items import Item


class Output(NamedTuple):
    """An item, and the step in force when it came out."""

    step: int
    item: Item


class Raised(NamedTuple):
    """What the parser raised: type, message, and the innermost place in code that is not ours ("file.py:12")."""

    step: int
    type: str
    message: str
    where: str | None


Stuck = Literal["spinning", "blocked", "idle", "flooding"]
"""`spinning`: used up its CPU time; `blocked`: no CPU, no progress; `idle`: a loop with nothing left to wait for;
`flooding`: item after item in one step, without asking for more."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """`ends[i]` is the body offset up to which step i + 1 handed over.

    `finished`: it ended by itself and raised nothing. `end_seen`: it was told of the end. `asked`: with the connection
    kept open, it asked for more once everything was handed over. `reset_seen`: the transport raised to it (a reset, or
    an end without HTTP's own); `again`: it then asked once more, and was given a second attempt. `stalled`: when it
    ended, time had passed in a pause of the upstream, which was not over. `reached` is the step in force then.
    `died`: how its process ended, where it did. `done`: what its own attribute `done` said at last, None where it has
    none or needs none.
    `can_end` is False for a parser that has no way to say that it is over: no ending of it can be judged.
    `threaded`: it asks from a thread of its own, so that no item belongs to a step for certain.
    """

    ends: tuple[int, ...]
    outputs: tuple[Output, ...]
    raised: Raised | None = None
    finished: bool = False
    end_seen: bool = False
    asked: bool = False
    reset_seen: bool = False
    again: bool = False
    stalled: bool = False
    reached: int = 0
    done: bool | None = None
    can_end: bool = True
    threaded: bool = False
    stuck: Stuck | None = None
    died: str | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(output.item for output in self.outputs)

    @property
    def last_step(self) -> int:
        """The step of the end of the stream."""
        return len(self.ends) + 1

    def step_of(self, offset: int) -> int:
        """The step that hands over the byte before `offset`; the end's step for an offset beyond the body."""
        return bisect_left(self.ends, offset) + 1
