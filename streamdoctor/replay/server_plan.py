"""What a capture plays, request after request: as recorded, or cut, framed and broken off as asked. Pure.

Rules: a split with several runs, and a fault with several plans, play one each request, in turn, then from the start.
Pieces come when their last byte was there in the recording; seconds that a fault plans pass at any speed. A response
without a body to cut, and one to which a fault does not apply, is played as recorded, with a note that says so.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple
from urllib.parse import urlsplit

from streamdoctor.capture.model import RECEIVED, SENT, Capture
from streamdoctor.errors import UsageError
from streamdoctor.faults import plans as faults
from streamdoctor.faults.plans import Plan
from streamdoctor.replay.playback import (
    Cause,
    Playback,
    Write,
    as_recorded,
    recorded_cause,
    recorded_end,
    request_end,
    response_reads,
)
from streamdoctor.replay.server_framing import FRAMINGS, Body, Framing, framed
from streamdoctor.splits import strategies
from streamdoctor.splits.boundaries import Boundaries
from streamdoctor.splits.strategies import Cuts, Material, pieces
from streamdoctor.stream.layers import Layers, read_layers
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import Reading, read_body

_ENDINGS: dict[str, Cause] = {"clean": "complete", "open": "open", "reset": "reset", "fin": "eof"}


@dataclass(frozen=True)
class Options:
    """How captures are played. `validate` raises UsageError for a name that is unknown."""

    split: str = "recorded"
    faults: tuple[str, ...] = ()
    framing: Framing = "recorded"
    seed: int = 0

    def validate(self) -> None:
        if len(strategies.expand([self.split])) > 1:
            raise UsageError("--split standard is many splits: serve plays one", hint="for instance --split bytes")
        faults.validate(self.faults)
        if self.framing not in FRAMINGS:
            raise UsageError(f"unknown framing {self.framing!r}", hint="framings: " + " ".join(FRAMINGS))

    @property
    def as_recorded(self) -> bool:
        return self.split == "recorded" and not self.faults and self.framing == "recorded"


class Programme:
    """The playbacks of one capture, in turn. `method` and `path` are "" where the capture holds no request."""

    def __init__(self, capture: Capture, name: str = "", options: Options = Options()) -> None:
        """Raises UsageError where an option names what this body does not have."""
        self.name = name
        self.note = ""
        """Why an option could not be followed."""
        self._capture = capture
        self._layers = read_layers(
            ((read.ns, read.data) for read in capture.reads(SENT)),
            ((read.ns, read.data) for read in capture.reads(RECEIVED)),
        )
        request = self._layers.request
        self.method = request.method if request else ""
        self.path = path_of(request.target) if request else ""
        self.recorded = options.as_recorded
        """It plays what was recorded: bytes, reads and end."""
        self._plans: list[Plan] = []
        self._options = options
        if not options.as_recorded:
            self._prepare(options)
        self._round = self._one_round()
        self._played = 0
        self._last: Playback | None = None

    def next(self) -> Playback:
        """What the next request gets."""
        playback = next(self._round, None)
        if playback is None and self._played == 1 and self._last is not None:
            return self._last  # the only one there is
        if playback is None:
            self._round, self._played = self._one_round(), 0
            playback = next(self._round)
        self._played += 1
        self._last = playback
        return playback

    def _prepare(self, options: Options) -> None:
        layers = self._layers
        if layers.response is None or not layers.decoded:
            self._leave_as_recorded("it has no body to cut")
            return
        if options.faults and layers.reading is None:
            self._leave_as_recorded(f"{' '.join(options.faults)}: its body has no events")
            return
        if options.faults:
            assert layers.reading is not None
            self._plans = [plan for spec in options.faults for plan in faults.plans(spec, layers.reading)]
            unknown = [plan.ending for plan in self._plans if plan.ending not in _ENDINGS]
            if unknown:
                raise UsageError(f"--fault: a socket has no ending {unknown[0]!r}")
            if not self._plans:
                self._leave_as_recorded(f"{' '.join(options.faults)}: does not apply to it")
                return
        if next(self._one_round(), None) is None:
            self.note = f"--split {options.split} gives no cuts here: it is sent in one piece"
            self._options = replace(options, split="whole")

    def _leave_as_recorded(self, why: str) -> None:
        self.note = f"played as recorded ({why})"
        self.recorded = True

    def _one_round(self) -> Iterator[Playback]:
        if self.recorded:
            yield as_recorded(self._capture, self._layers)
            return
        anew = _Anew(self._capture, self._layers, self._options)
        for plan in self._plans or (None,):
            yield from anew.playbacks(plan)


def path_of(target: str) -> str:
    """The path of a request target, without its query."""
    if "://" in target and not target.startswith("/"):
        return urlsplit(target).path or "/"
    return target.partition("?")[0]


def programmes(captures: Sequence[Capture], names: Sequence[str], options: Options) -> list[Programme]:
    """One for each capture. Raises UsageError where the options fit none of them."""
    options.validate()
    made: list[Programme] = []
    errors: list[UsageError] = []
    for capture, name in zip(captures, names, strict=True):
        try:
            made.append(Programme(capture, name, options))
        except UsageError as error:
            errors.append(error)
            made.append(Programme(capture, name))
            made[-1].note = f"played as recorded ({error})"
    if made and not options.as_recorded and all(programme.recorded for programme in made):
        raise errors[0] if errors else UsageError(f"{made[0].name or 'the capture'}: {made[0].note}")
    return made


class _Part(NamedTuple):
    """Bytes of the recorded body that stand in a planned one too."""

    old: int
    new: int
    size: int


class _Anew:
    """The decoded body of one response, cut and framed anew."""

    def __init__(self, capture: Capture, layers: Layers, options: Options) -> None:
        assert layers.response is not None
        self._layers = layers
        self._options = options
        self._head = layers.response
        self._reading = layers.reading or read_body(layers.decoded, by_name("sse"))
        reads = response_reads(capture, layers)
        self._start = request_end(capture, reads)
        self._end = recorded_end(capture, reads, self._start)
        self._cause = recorded_cause(capture, layers)
        wire = capture.data(RECEIVED)
        skipped = len(wire) - sum(len(read.data) for read in reads)
        self._raw_head = wire[skipped : self._head.end]
        ends = list(accumulate(len(read.data) for read in capture.reads(RECEIVED)))
        self._head_ns = self._since(capture.reads(RECEIVED)[bisect_left(ends, self._head.end)].ns)
        self._cuts = layers.cuts if capture.header.fidelity == "read" else None

    def _since(self, ns: int) -> int:
        return max(0, ns - self._start)

    def playbacks(self, plan: Plan | None) -> Iterator[Playback]:
        """One for each run of the split over what `plan` delivers; None is the body as it was."""
        body = plan.body if plan else self._layers.decoded
        parts = _parts(self._reading, body)
        for run in strategies.runs(self._options.split, self._material(body, parts), self._options.seed):
            about = " ".join(filter(None, (run.split, plan.fault if plan else None)))
            yield self._framed(self._body(body, run.cuts, parts, plan), about)
        if plan and plan.again is not None:
            yield from self.playbacks(Plan(f"{plan.fault}, the second attempt", plan.again))

    def _material(self, body: bytes, parts: Sequence[_Part]) -> Material:
        same = body == self._reading.body
        reading = self._reading if same else read_body(body, self._reading.provider)
        events = reading.events if self._layers.reading else ()
        material = Material(body, events, Boundaries(body, reading.provider.framing, events))
        if self._cuts is None:
            return material
        return replace(material, recorded=material.inside(_moved(self._cuts, parts)))

    def _body(self, body: bytes, cuts: Cuts, parts: Sequence[_Part], plan: Plan | None) -> Body:
        waits = dict(plan.pauses) if plan else {}
        writes, end = [], 0
        for piece in pieces(body, plan.apart(cuts) if plan else cuts):
            start, end = end, end + len(piece)
            ns = self._since(self._layers.time_of(_recorded_offset(end, parts)))
            writes.append(Write(ns, piece, waits.get(start, 0.0)))
        cause = _ENDINGS[plan.ending] if plan else self._cause
        stops = len(body) < len(self._layers.decoded) and self._layers.decoded.startswith(body)
        ends = self._since(self._layers.time_of(len(body) + 1)) if stops else self._end
        return Body(writes, self._full_length(), cause, ends, waits.get(end, 0.0))

    def _full_length(self) -> int:
        """The length that the recorded head stated of this body, or that of what came."""
        coded = any(name == "content-encoding" for name, _ in self._head.headers)
        stated = [value for name, value in self._head.headers if name == "content-length" and value.isdigit()]
        return int(stated[0]) if stated and not coded else len(self._layers.decoded)

    def _framed(self, body: Body, about: str) -> Playback:
        return framed(self._raw_head, self._head, self._head_ns, body, self._options.framing, about)


def _parts(reading: Reading, body: bytes) -> list[_Part]:
    """Where the events of `reading` stand in `body`, in order; those left out or changed are missing."""
    if reading.body.startswith(body):
        return [_Part(0, 0, len(body))]
    parts, at = [], 0
    for event in reading.events:
        found = body.find(reading.body[event.start : event.end], at)
        if found >= 0:
            parts.append(_Part(event.start, found, event.end - event.start))
            at = found + parts[-1].size
    return parts


def _recorded_offset(end: int, parts: Sequence[_Part]) -> int:
    """The recorded byte that must have come before the planned bytes up to `end` can be sent."""
    index = bisect_left(parts, end, key=lambda part: part.new) - 1
    if index < 0:
        return 0
    part = parts[index]
    return part.old + min(end - part.new, part.size)


def _moved(cuts: Cuts, parts: Sequence[_Part]) -> Iterator[int]:
    """The recorded `cuts` that fall into `parts`, where those stand now."""
    for cut in cuts:
        part = parts[max(0, bisect_right(parts, cut, key=lambda part: part.old) - 1)] if parts else None
        if part and part.old <= cut <= part.old + part.size:
            yield part.new + cut - part.old
