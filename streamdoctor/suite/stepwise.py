"""What came out of one run by the step, beside what was due: in the words of the level. Pure.

A step is right if it hands out what is due in it, or if all is out by then that is due and nothing that cannot be
known: an event that ends in CRLF is complete at its CR (WHATWG HTML section 9.2.6).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from streamdoctor.diagnosis.wording import show_units
from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.levels import Expected, Unit, expected, observed
from streamdoctor.replay.transcript import Transcript
from streamdoctor.stream.reading import Reading


class Stepwise:
    """Steps count from 1; the last is the end of the stream."""

    def __init__(self, calibration: Calibration, reading: Reading, transcript: Transcript) -> None:
        self._right: Expected = expected(calibration.view, reading)
        self._units, counts = observed(calibration.view, transcript.items)
        last = transcript.last_step
        self._out = _by_step([output.step for output in transcript.outputs], counts, last)
        units = [due.units for due in self._right.dues]
        self._due = _by_step([transcript.step_of(due.offset) for due in self._right.dues], units, last)
        known = [due.offset - (reading.body[due.offset - 2 : due.offset] == b"\r\n") for due in self._right.dues]
        self._known = _by_step([transcript.step_of(offset) for offset in known], units, last)

    def out(self, step: int) -> str:
        """What came out; "" for nothing."""
        return _words(self._units, self._out, step)

    def due(self, step: int) -> str:
        """What the reference hands out."""
        return _words(self._right.units, self._due, step)

    def is_right(self, step: int) -> bool:
        if self.out(step) == self.due(step):
            return True
        out = self._out[step]
        enough = self._due[step] <= out <= self._known[step]
        return enough and self._units[:out] == self._right.units[:out]


def _by_step(steps: Sequence[int], counts: Sequence[int], last: int) -> list[int]:
    """How many units there are after each step, from step 0 on; `counts` are those once each of `steps` is over."""
    return [counts[at - 1] if (at := bisect_right(steps, step)) else 0 for step in range(last + 1)]


def _words(units: Sequence[Unit], counts: list[int], step: int) -> str:
    if not 0 < step < len(counts):
        return ""
    new = units[counts[step - 1] : counts[step]]
    return show_units(new) if new else ""
