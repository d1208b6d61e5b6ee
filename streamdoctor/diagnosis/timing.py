"""Promptness (DESIGN section 6, oracle 4): was a unit handed out in the step that completed it? Pure.

Only units that match the reference count. An early unit is no fault: many decoders hand an event out with the line end
of its last line.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from streamdoctor.diagnosis.compare import common_prefix
from streamdoctor.parsers.levels import Due, Expected, Unit
from streamdoctor.replay.transcript import Transcript


class Late(NamedTuple):
    """An event due at body offset `offset`, in step `due`, that came out in step `out`.

    `lone_cr`: its terminator ends in a CR that no LF follows, and it came out no later than the next event's end.
    """

    offset: int
    due: int
    out: int
    lone_cr: bool


def late_units(
    transcript: Transcript, right: Expected, units: Sequence[Unit], counts: Sequence[int], body: bytes
) -> list[Late]:
    """All late ones, in order. `counts[i]` is how many units were out once output i was."""
    matched = common_prefix(right.units, units)
    late: list[Late] = []
    before = 0
    for index, due in enumerate(right.dues):
        if due.units > matched:
            break
        if due.units > before:
            step = transcript.step_of(due.offset)
            out = transcript.outputs[bisect_left(counts, due.units)].step
            if out > step:
                late.append(Late(due.offset, step, out, _lone_cr(transcript, right.dues, index, out, body)))
        before = due.units
    return late


def _lone_cr(transcript: Transcript, dues: Sequence[Due], index: int, out: int, body: bytes) -> bool:
    end = dues[index].offset
    if body[end - 1 : end] != b"\r" or body[end : end + 1] == b"\n":
        return False
    following = transcript.step_of(dues[index + 1].offset) if index + 1 < len(dues) else transcript.last_step
    return out <= following
