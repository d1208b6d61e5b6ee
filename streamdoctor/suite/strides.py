"""The edges of a walk whose nodes are all known, one an offset: fed in the order of their lengths, not their offsets.

All edges of one length are runs in pieces of that length, one from each of as many offsets: a parser that came to a
node goes on from there, and is made anew only where a run begins. What comes to anything but the node that is known is
for the walk in order to settle (`Irregular`). Cost goal: 1.2 microseconds a step, and what the parser takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from streamdoctor.replay.inprocess import is_done
from streamdoctor.suite.expectation import WRONG, Expectation
from streamdoctor.suite.nodes import Irregular, Node, raised
from streamdoctor.suite.reach import Refused
from streamdoctor.suite.spread import Helper
from streamdoctor.suite.states import States

_WINDOW = 256
"""How many nodes are left in one go: their states together are not to be larger than a processor's cache."""
_BLOCK = 64
_EXACT_EVERY = 5000

Ended = Callable[[int, int, str], None]
"""Is told that the edge from one offset to another ends the run, and how. Raises Irregular if that is not known yet."""
Late = Callable[[int, int, int], bool]
"""May so many units be out after such an edge, and no more? Raises Irregular likewise."""
Spread = Callable[[Callable[[Callable[[], None]], int]], Helper]
"""Starts a helper."""
Going = Callable[[int, int], None]
"""Is told before which offset all edges were fed, and how many that are."""


class Strides:
    """`nodes` are by offset, None where there is none. `size` is the last, `steps` how many edges were fed."""

    def __init__(
        self,
        states: States,
        expectation: Expectation,
        body: bytes,
        nodes: Sequence[Node | None],
        ended: Ended,
        late: Late,
    ) -> None:
        self._states, self._expectation, self._body, self._nodes = states, expectation, body, nodes
        self._ended, self._late = ended, late
        self._ask = any(node.may_be_done for node in nodes if node is not None)
        self.size, self.steps = len(body), 0
        self._checked = self._told = 0

    def run(self, lengths: Sequence[int], going: Going) -> None:
        """Feeds all edges of these lengths, by the window; tells `going` every now and then. Raises Irregular."""
        for first in range(0, self.size, _WINDOW):
            last = min(first + _WINDOW, self.size)
            for length in lengths:
                self._feed_all(first, last, length, going)
        self._states.check_world()

    def _feed_all(self, first: int, last: int, length: int, going: Going) -> None:
        """The edges of this length that leave a node from `first` to before `last`."""
        beyond = min(last + length, self.size + 1)
        if length > (last - first) // 2:  # few would go on
            self._feed_blocks(range(first + length, beyond), length, going)
            return
        for start in range(first, first + length):
            self._feed_blocks(range(start + length, beyond, length), length, going)

    def _feed_blocks(self, ends: range, length: int, going: Going) -> None:
        parser, out = None, 0
        for at in range(0, len(ends), _BLOCK):
            block = ends[at : at + _BLOCK]
            parser, out = self._feed(parser, out, block, length)
            self._count(len(block), ends.start - length, going)

    def _count(self, steps: int, offset: int, going: Going) -> None:
        self.steps += steps
        if self.steps - self._told >= _BLOCK:
            self._told = self.steps
            going(offset, self.steps)
        if self.steps - self._checked >= _EXACT_EVERY:
            self._checked = self.steps
            self._states.check_world()

    def _feed(self, parser: Any, out: int, ends: range, length: int) -> tuple[Any, int]:
        """The edges of this length that come to `ends`: one run if these are as far apart, which goes on with `parser`
        and `out` units out; None begins at a node."""
        body, nodes, expectation = self._body, self._nodes, self._expectation
        need, untouched, ask, goes_on = expectation.need, self._states.untouched, self._ask, ends.step == length
        for end in ends:
            if parser is None:
                node = nodes[end - length]
                if node is None:
                    self.steps -= 1
                    continue
                parser, out = node.make(), node.out
            expectation.reached = now = out
            try:
                result = parser.feed(body[end - length : end])
                if type(result) is not list or result:
                    now = expectation.take(result, out)
                    result = None  # as the driver lets go of it
                done = ask and is_done(parser)
            except Refused:
                raise
            except BaseException as error:
                self._ended(end - length, end, raised(error))
                parser = None
                continue
            known = nodes[end]
            if now < need[end] and (now == WRONG or not self._late(end - length, end, now)):
                raise Irregular
            if done:
                self._ended(end - length, end, "done")
                parser = None
            elif known is not None and known.out == now and (known.same(parser) or self._is_in(known, parser)):
                out = now
                if not goes_on:
                    parser = None
            else:
                raise Irregular
            if not untouched():
                self._states.check_world()
        return parser, out

    def _is_in(self, known: Node, parser: Any) -> bool:
        """Is it in this state, which was not seen at a glance?"""
        try:
            done = not self._ask and is_done(parser)
        except BaseException:
            return False
        return not done and self._states.freeze(parser) == known.frozen(self._states)


def in_two(strides: Strides, lengths: range, going: Going, spread: Spread | None) -> int:
    """Every other length in a helper, if there is one. How many edges were fed; raises Irregular."""
    if spread is None:
        strides.run(lengths, going)
        return strides.steps

    def half(beat: Callable[[], None]) -> int:
        strides.run(lengths[1::2], lambda length, steps: beat())
        return strides.steps

    helper = spread(half)
    try:
        strides.run(lengths[::2], going)
        steps = helper.wait(lambda: going(strides.size, strides.steps))
    finally:
        helper.stop()
    return strides.steps + (steps or 0)
