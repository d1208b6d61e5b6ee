"""Trials built by hand: a body, where it was cut, what came out in which step, how it ended; and the judge's word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from streamdoctor.diagnosis.judge import AtEof, Finding, Trial, judge
from streamdoctor.faults.plans import Ending, Plan
from streamdoctor.parsers.calibrate import Calibration, Role
from streamdoctor.parsers.items import freeze
from streamdoctor.parsers.levels import Drops, Level, View
from streamdoctor.replay.transcript import Output, Raised, Transcript
from streamdoctor.splits.strategies import pieces
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import read_body


@dataclass(frozen=True)
class Case:
    """`out` is a list of (step, item), `again` what a second attempt got, `whole` the body before the fault."""

    body: bytes
    out: Sequence[tuple[int, Any]] = ()
    cuts: tuple[int, ...] = ()
    dialect: str = "sse"
    level: Level = "data"
    role: Role = "parser"
    drops: Drops = "nothing"
    stops: bool = False
    fault: str | None = None
    ending: Ending = "clean"
    again: bytes | None = None
    whole: bytes | None = None
    at_eof: AtEof = "either"
    whole_is_right: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    def findings(self) -> list[Finding]:
        provider = by_name(self.dialect)
        view = View(self.level, self.drops)
        return judge(
            Trial(
                plan=Plan(self.fault, self.body, self.ending, self.again),
                reading=read_body(self.body, provider),
                calibration=Calibration(self.dialect, view, self.role, True, self.stops),
                transcript=self._transcript(),
                whole=read_body(self.body if self.whole is None else self.whole, provider),
                again=None if self.again is None else read_body(self.again, provider),
                at_eof=self.at_eof,
                whole_is_right=self.whole_is_right,
            )
        )

    def _transcript(self) -> Transcript:
        ends = tuple(accumulate(map(len, pieces(self.body, self.cuts))))
        facts = {"finished": "raised" not in self.facts and self.ending == "clean", "end_seen": self.ending == "clean"}
        return Transcript(ends, tuple(Output(step, freeze(item)) for step, item in self.out), **(facts | self.facts))


def rules(body: bytes, out: Sequence[tuple[int, Any]] = (), **more: Any) -> list[str]:
    """The codes of the findings."""
    return [finding.rule for finding in Case(body, out, **more).findings()]


def only(body: bytes, out: Sequence[tuple[int, Any]] = (), **more: Any) -> Finding:
    (finding,) = Case(body, out, **more).findings()
    return finding


def raised(step: int, kind: str = "ValueError") -> Raised:
    return Raised(step, kind, "what it said", "theirs.py:12")


def chunk(text: str, finish: str | None = None) -> str:
    delta = {"content": text} if text else {}
    return json.dumps({"object": "chat.completion.chunk", "choices": [{"delta": delta, "finish_reason": finish}]})


HELLO, WORLD, STOP, DONE = chunk("Hello"), chunk(" world"), chunk("", "stop"), "[DONE]"
ERROR = json.dumps({"error": {"message": "overloaded"}})


def sse(*data: str) -> bytes:
    """An event for each of `data`."""
    return "".join(f"data: {one}\n\n" for one in data).encode()


CHAT = sse(HELLO, WORLD, STOP, DONE)
