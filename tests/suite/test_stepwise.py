"""What `replay` and the HTML report show of each step: what came out, what was due, and whether that is all right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamdoctor.parsers.load import lend
from streamdoctor.report.steps import replay_lines
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.examine import Options
from streamdoctor.suite.single import Replayed, replay
from streamdoctor.suite.stepwise import Stepwise
from streamdoctor.suite.subjects import from_probe
from streamdoctor.suite.workers import Limits


class AtTheCR:
    """By the specification, and as early as that allows: a CR ends a line, an LF after it is skipped."""

    def __init__(self) -> None:
        self.line, self.after_cr = b"", False
        self.data: list[str] = []
        self.type = ""

    def feed(self, piece: bytes) -> list[dict[str, str]]:
        events = []
        for at in range(len(piece)):
            byte, skip = piece[at : at + 1], self.after_cr and piece[at : at + 1] == b"\n"
            self.after_cr = byte == b"\r"
            if byte not in (b"\r", b"\n"):
                self.line += byte
            elif not skip:
                events += self.take(self.line.decode("utf-8", "replace"))
                self.line = b""
        return events

    def take(self, line: str) -> list[dict[str, str]]:
        name, _, value = line.removeprefix("\ufeff").partition(":")
        if name == "data":
            self.data.append(value.removeprefix(" "))
        if name == "event":
            self.type = value.removeprefix(" ")
        if line:
            return []
        data, self.data = self.data, []
        kind, self.type = self.type, ""
        return [{"type": kind or "message", "data": "\n".join(data)}] if data else []


class CRLFTwice(AtTheCR):
    """But for an LF at the start of a piece, which it takes for another line end."""

    def feed(self, piece: bytes) -> list[dict[str, str]]:
        self.after_cr = False
        return super().feed(piece)


class LosesTypes(AtTheCR):
    def feed(self, piece: bytes) -> list[dict[str, str]]:
        return [event | {"type": "message"} for event in super().feed(piece)]


def played(parser: Callable[[], Any], dialect: str, split: str, rephrase: str) -> tuple[Replayed, Stepwise]:
    with lend(parser) as ref:
        options = Options(Axes((split,), (), 0, (rephrase,)), level="event")
        done = replay(ref, from_probe(dialect), split, None, options, Limits(), rephrase)
    assert done.steps is not None
    return done, done.steps


def steps_that_differ(done: Replayed, steps: Stepwise) -> list[int]:
    return [step for step in range(1, done.transcript.last_step + 1) if not steps.is_right(step)]


@pytest.mark.parametrize("parser", [AtTheCR, "reference"])
@pytest.mark.parametrize("rephrase", ["crlf", "cr", "mixed-ends"])
@pytest.mark.parametrize("dialect", ["sse", "anthropic"])
def test_no_step_of_a_right_parser_is_marked(parser: Any, rephrase: str, dialect: str) -> None:
    """Whether it acts at the CR or at the LF."""
    done, steps = played(parser, dialect, "bytes", rephrase)
    assert (done.findings, steps_that_differ(done, steps)) == ((), [])


def test_an_event_without_data_shows() -> None:
    done, steps = played(AtTheCR, "sse", "whole", "empty-data")
    assert (done.findings, steps.out(1)) == ((), steps.due(1))
    assert " | (empty)" in steps.due(1), steps.due(1)


def test_the_type_shows_that_is_lost() -> None:
    done, steps = played(LosesTypes, "anthropic", "whole", "as-is")
    assert steps.due(1).startswith("[message_start] {")
    assert steps.out(1).startswith("{")
    text = "\n".join(replay_lines(done, "it"))
    assert "due    “[message_start]" in text
    assert steps_that_differ(done, steps) == [1]


def test_only_the_step_after_the_cut_is_marked_and_the_mend_names_the_line_end() -> None:
    done, steps = played(CRLFTwice, "anthropic", "cuts:21", "crlf")
    assert steps_that_differ(done, steps) == [2]
    assert "mend: Skip one LF at the start of a piece" in "\n".join(replay_lines(done, "it"))
