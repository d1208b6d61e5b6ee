"""Every chunking at once: a walk over (offset, state, units out), whose edges feed 1 to `max_piece` bytes.

DESIGN section 7. Equal states merge, so a correct parser has a node an offset, and 2^(N-1) chunkings are N^2/2 steps.
Nodes come in the order of their offsets, and each keeps its path of fewest cuts, so that once the walk is over the
wrong edge of least weight tells the fewest cuts that make the parser wrong. An edge that is not as expected is run
again from scratch and judged like any case: the walk accuses nobody by itself. A parser that has one state an offset is
walked in strides (`suite.strides`). Cost goal otherwise: 2 microseconds a step, and
what the parser takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from streamdoctor.diagnosis.judge import Finding
from streamdoctor.parsers.items import Item, freeze
from streamdoctor.replay.inprocess import is_done
from streamdoctor.splits.strategies import Cuts
from streamdoctor.suite.expectation import WRONG, Expectation, items_of
from streamdoctor.suite.nodes import Irregular, Node, raised
from streamdoctor.suite.reach import Refused
from streamdoctor.suite.snapshot import Key
from streamdoctor.suite.states import States
from streamdoctor.suite.strides import Spread, Strides, in_two

DEFAULT_MAX_PIECE = 64
MOST_STATES = 48
"""More states than this at one offset, and it is taken to depend on the number of pieces."""

ANNOUNCED = -1
"""The number of a block whose chunking was announced before it is run."""
_BLOCK = 64
_EXACT_EVERY = 5000
_MOST_BYTES = 64 << 20
"""Of all nodes, where all are kept at once."""


@dataclass
class Tally:
    """What the walk did so far: `states` nodes, `steps` edges fed, `offset` the last node's; `wrong` is the chunking of
    fewest cuts that is wrong, `soft` what is non-strict, one of a rule."""

    states: int = 0
    steps: int = 0
    offset: int = 0
    wrong: tuple[Cuts, Finding] | None = None
    soft: dict[str, tuple[Cuts, Finding]] = field(default_factory=dict)


class Judged(NamedTuple):
    """One chunking from scratch: what is wrong in it, how the parser ended ("raised " and the exception, "done" or
    "end"), and what came out at the end of the stream."""

    findings: list[Finding]
    how: str
    closing: tuple[Item, ...]

    @property
    def is_wrong(self) -> bool:
        return any(finding.kind != "non-strict" for finding in self.findings)


Judge = Callable[[Cuts], Judged]
Watch = Callable[[Tally, int], bool]
"""Called before each block of edges, with its number: True has each of its edges announced."""
Announce = Callable[[Cuts], None]


class Walk:
    """One parser, one body. `run` raises Refused where no proof can be given; `tally` tells how far it came."""

    def __init__(
        self,
        states: States,
        expectation: Expectation,
        body: bytes,
        max_piece: int,
        judge: Judge,
        watch: Watch = lambda tally, block: False,
        announce: Announce = lambda cuts: None,
        spread: Spread | None = None,
    ) -> None:
        self._states, self._expectation, self._body, self._judge = states, expectation, body, judge
        self._watch, self._announce = watch, announce
        self._max_piece, self._spread = max_piece, spread
        self._strict = False
        self._room: int | None = None
        """Bytes that are left for nodes, while all are kept."""
        self._size = len(body)
        self._at: list[list[Node]] = [[] for _ in range(self._size + 1)]
        self._ended: dict[tuple[str, int, int], int] = {}
        """With how many cuts each way to end was judged."""
        self._blocks = 0
        self._checked = 0
        self._late_seen = False
        self.tally = Tally()

    def run(self, *, whole_is_right: bool = True, in_order: bool = False) -> None:
        """Where the parser is wrong without a cut, there is nothing to walk for. Edges are announced only in order."""
        if not whole_is_right and self._judged(()):
            return
        self._look_for_growth()
        self._node(0, 0, self._states.thaw(self._states.first), None)
        if in_order or not self._in_strides():
            self._leave_all()
        self.tally.offset = self._size
        for node in self._at[self._size]:
            self._close(node)
        self._states.check_world()

    def _leave_all(self) -> None:
        """In the order of offsets, so that every node has its path of fewest cuts before it is left."""
        for offset in range(self._size):
            self.tally.offset = offset
            for node in self._at[offset]:
                if not self._too_far(node.pieces):
                    self._leave(node)
                node.forget()
            self._at[offset] = []

    def _in_strides(self) -> bool:
        """The longest pieces first: where they lead everywhere, and nowhere to two states, all nodes are known, with
        their fewest cuts, and all edges can be fed in any order. False where anything shows that is not known yet:
        then all is to be walked in order."""
        start = list(self._at[0])
        if self._one_state_each() and self._strided():
            return True
        self._at = [start, *([] for _ in range(self._size))]
        self.tally.steps, self.tally.states, self._checked = 0, 1, 0
        self._ended, self._late_seen = {}, False
        return False

    def _one_state_each(self) -> bool:
        """Leaves nodes by the longest pieces. Do they come to one state an offset, and is there room for them all?"""
        self._room = _MOST_BYTES
        try:
            for offset in range(0, self._size, self._max_piece):
                if len(self._at[offset]) == 1:
                    self._leave(self._at[offset][0])
        except Irregular:
            return False
        finally:
            self._room = None
        return not self.tally.wrong and max(map(len, self._at)) <= 1

    def _strided(self) -> bool:
        """Feeds all edges, those of every other length in a helper. False where that came upon anything new."""
        nodes = [at[0] if at else None for at in self._at]

        def ended(offset: int, end: int, how: str) -> None:
            self._end(self._at[offset][0], end, how)

        def late(offset: int, end: int, out: int) -> bool:
            return self._may_be_late(self._at[offset][0], end, out)

        strides = Strides(self._states, self._expectation, self._body, nodes, ended, late)
        self._strict = True
        self._going(0, 0)
        try:
            self.tally.steps = in_two(strides, range(1, self._max_piece + 1), self._going, self._spread)
        except Irregular:
            return False
        finally:
            self._strict = False
        return self.tally.steps == sum(min(self._max_piece, self._size - node.offset) for node in nodes if node)

    def _going(self, offset: int, steps: int) -> None:
        self.tally.offset, self.tally.steps = offset, steps
        self._blocks += 1
        self._watch(self.tally, self._blocks)

    def _look_for_growth(self) -> None:
        """A parser that counts pieces would be walked for long: single bytes and then the rest show it at once."""
        end = MOST_STATES + 1
        if end > min(self._size, self._max_piece):
            return
        keys: dict[Key, None] = {}
        for singles in range(end):
            cuts = (*range(1, singles + 1), end)[: self._size - 1]
            self._announce(cuts)
            self._watch(self.tally, ANNOUNCED)
            parser, out = self._states.thaw(self._states.first), 0
            try:
                for start, stop in pairwise((0, *range(1, singles + 1), end)):
                    out = self._expectation.take(parser.feed(self._body[start:stop]), max(out, 0))
            except Refused:
                raise
            except BaseException:
                return
            if out == WRONG:
                return
            keys[self._states.freeze(parser)] = None
        if len(keys) > MOST_STATES:
            self._refuse_growth(end, *list(keys)[:2])

    # --- edges

    def _leave(self, node: Node) -> None:
        """Every edge that leads on from `node`."""
        last = min(node.offset + self._max_piece, self._size)
        for start in range(node.offset + 1, last + 1, _BLOCK):
            ends = range(start, min(start + _BLOCK, last + 1))
            self._blocks += 1
            self._feed_block(node, ends, self._watch(self.tally, self._blocks))
        if self.tally.steps - self._checked >= _EXACT_EVERY:
            self._checked = self.tally.steps
            self._states.check_world()

    def _feed_block(self, node: Node, ends: range, announced: bool) -> None:
        body, offset, out, at = self._body, node.offset, node.out, self._at
        make = node.make
        expectation, untouched = self._expectation, self._states.untouched
        need, may_be_done = expectation.need, node.may_be_done
        self.tally.steps += len(ends)
        for end in ends:
            if announced:
                self._announce(self._cuts(node, end))
            expectation.reached = now = out
            try:
                parser = make()
                result = parser.feed(body[offset:end])
                if type(result) is not list or result:
                    now = expectation.take(result, out)
                    result = None  # as the driver lets go of it
                done = may_be_done and is_done(parser)
            except Refused:
                raise
            except BaseException as error:
                self._end(node, end, raised(error))
                continue
            if now == WRONG or (now < need[end] and not self._may_be_late(node, end, now)):
                self._accuse(node, end)
            elif done:
                self._end(node, end, "done")
            else:
                for known in at[end]:
                    if known.out == now and known.same(parser):
                        known.come_from(node)
                        break
                else:
                    self._arrive(node, end, now, parser, None if may_be_done else is_done)
            if not untouched():
                self._states.check_world()

    def _arrive(self, node: Node, end: int, out: int, parser: Any, ask: Callable[[Any], bool] | None) -> None:
        """The parser is in a state that was not recognised at a glance: that of a known node, or of a new one. Whether
        it is done is still to be asked, if there is `ask`."""
        try:
            done = ask is not None and ask(parser)
        except Refused:
            raise
        except BaseException as error:
            self._end(node, end, raised(error))
            return
        if done:
            self._end(node, end, "done")
            return
        if self._at[end]:
            key = self._states.freeze(parser)
            for known in self._at[end]:
                if known.out == out and known.frozen(self._states) == key:
                    known.come_from(node)
                    return
        self._node(end, out, parser, node)

    def _node(self, offset: int, out: int, parser: Any, parent: Node | None) -> None:
        nodes = self._at[offset]
        if self._strict:
            raise Irregular
        if len(nodes) >= MOST_STATES:
            self._refuse_growth(offset, self._states.freeze(parser), nodes[0].frozen(self._states))
        node = Node(self._states, offset, out, parser, parent)
        if self._room is not None:
            self._room -= node.size()
            if self._room < 0:
                raise Irregular
        nodes.append(node)
        self.tally.states += 1

    def _refuse_growth(self, offset: int, key: Key, other: Key) -> None:
        where = self._states.difference(key, other) if key != other else "how much came out"
        raise Refused(
            f"its state depends on how the bytes were cut: {MOST_STATES} states or more after {offset} bytes, "
            f"which differ in {where} (a state that grows with the number of pieces? add snapshot()/restore())"
        )

    # --- what is not as expected

    def _too_far(self, pieces: int) -> bool:
        """Is all that could be found from here wrong with no fewer cuts than what was found already?"""
        return self.tally.wrong is not None and pieces >= len(self.tally.wrong[0])

    def _may_be_late(self, node: Node, end: int, out: int) -> bool:
        if not self._expectation.only_a_lone_cr_is_late(out, end):
            return False
        if not self._late_seen:
            self._judged(self._cuts(node, end))
            self._late_seen = True
        return True

    def _accuse(self, node: Node, end: int) -> None:
        cuts = self._cuts(node, end)
        if self._too_far(len(cuts)) or self._judged(cuts):
            return
        if self._last.findings:
            rule = self._last.findings[0].rule
            raise Refused(f"with {cut_words(cuts)} it is not strict ({rule}): a proof has no place for that")
        raise Refused(f"with {cut_words(cuts)} a run from scratch is right and one from a kept state is not")

    def _end(self, node: Node, end: int, how: str) -> None:
        """It raised, or says that it is done: nothing follows, so a run up to here tells all."""
        key = (how, self._expectation.reached, end)
        cuts = self._cuts(node, end)
        if self._ended.get(key, self._size) > len(cuts) and not self._too_far(len(cuts)):
            right = not self._judged(cuts)
            self._ended[key] = len(cuts)
            if right and self._last.how != how:
                raise Refused(f"with {cut_words(cuts)} a run from scratch ends with {self._last.how}, a kept one {how}")

    def _close(self, node: Node) -> None:
        """The no-fault end, in the state of a node and, judged, from scratch."""
        cuts = self._cuts(node, self._size)
        if self._too_far(len(cuts)):
            return
        self._watch(self.tally, self._blocks)
        if not self._judged(cuts) and self._closing(node) != (self._last.how, self._last.closing):
            raise Refused(f"with {cut_words(cuts)} a run from scratch ends otherwise than one from a kept state")

    def _closing(self, node: Node) -> tuple[str, tuple[Item, ...]]:
        """How the parser ends from a kept state, and what comes out."""
        parser = self._states.thaw(node.frozen(self._states))
        items: list[Item] = []
        try:
            close = getattr(parser, "close", None)
            result = None if close is None else close()
            for item in () if result is None else items_of(result):
                items.append(freeze(item))
        except Refused:
            raise
        except BaseException as error:
            return raised(error), tuple(items)
        return "end", tuple(items)

    def _judged(self, cuts: Cuts) -> bool:
        """Is this chunking wrong, run from scratch? What hangs after that is no fault of it: the block goes on."""
        if self._strict:
            raise Irregular
        self._states.check_world()
        self._last = self._judge(cuts)
        if self._last.is_wrong and self._size - (cuts or (0,))[-1] > self._max_piece:
            within = range((cuts or (0,))[-1] + self._max_piece, self._size, self._max_piece)
            again = self._judge((*cuts, *within))  # what is asked for is pieces up to so long
            self._last = self._last if again.is_wrong else again
        self._watch(self.tally, self._blocks)
        for finding in self._last.findings:
            if finding.kind != "non-strict":
                self.tally.wrong = (cuts, finding)
                return True
            self.tally.soft.setdefault(finding.rule, (cuts, finding))
        return False

    def _cuts(self, node: Node, end: int) -> Cuts:
        return node.cuts(end, self._size)


def chunkings(size: int, max_piece: int) -> str:
    """How many ways there are to cut `size` bytes into pieces of at most `max_piece`: `2^2047`, or about that."""
    if max_piece >= size:
        return f"2^{max(size - 1, 0)}"
    counts = [1]
    total = 1
    for length in range(1, size + 1):
        counts.append(total)
        total += counts[length] - (counts[length - max_piece] if length >= max_piece else 0)
    number = counts[size]
    extra = max(number.bit_length() - 60, 0)
    power = math.log2(number >> extra) + extra
    return f"2^{round(power)}" if number == 1 << round(power) else f"about 2^{f'{power:.1f}'.removesuffix('.0')}"


def cut_words(cuts: Cuts) -> str:
    """`no cut at all`, `a cut at byte 17`, `cuts at bytes 6, 9`, `12 cuts`."""
    if not cuts:
        return "no cut at all"
    if len(cuts) > 8:
        return f"{len(cuts):,} cuts"
    return f"a cut at byte {cuts[0]:,}" if len(cuts) == 1 else f"cuts at bytes {', '.join(map(str, cuts))}"
