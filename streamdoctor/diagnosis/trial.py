"""What the judge is given, one case with all that is known of it, and what it says: findings. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from streamdoctor.diagnosis.rules import RULES
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.replay.transcript import Transcript
from streamdoctor.stream.reading import Reading

Oracle = Literal["reference", "same-for-every-cut", "ending", "promptness", "cost"]
AtEof = Literal["either", "discard", "dispatch"]
AT_EOF: tuple[AtEof, ...] = ("either", "discard", "dispatch")


class Finding(NamedTuple):
    """One thing wrong in one case. `at` is the offset in the delivered body where it shows."""

    rule: str
    oracle: Oracle
    at: int
    expected: str
    actual: str
    summary: str

    @property
    def kind(self) -> str:
        return RULES[self.rule].kind


@dataclass(frozen=True)
class Trial:
    """What the judge looks at. `reading` is of the delivered body; `again` of what a second attempt got; `whole` of
    the capture before any fault. `whole_is_right`: uncut, this parser's content was right. `lenient`: why a parser may
    refuse this body, where it may."""

    plan: Plan
    reading: Reading
    calibration: Calibration
    transcript: Transcript
    whole: Reading
    again: Reading | None = None
    at_eof: AtEof = "either"
    whole_is_right: bool = False
    lenient: str | None = None
