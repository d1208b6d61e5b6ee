"""The walk against trying every chunking: parsers made at random that go wrong by how they were cut, or do not."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.levels import View
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import read_body
from streamdoctor.suite import prover as proving
from streamdoctor.suite.examine import Examiner, Options
from streamdoctor.suite.prover import Task, prover
from streamdoctor.suite.states import Conditions
from streamdoctor.suite.subjects import Subject
from streamdoctor.suite.workers import Limits, Message

BODIES = (b"data: ab\n\n", b"data: a\ndata:", b"data: xy\n\n\n", b"data: a\n\nda")
PARSER = """
class P:
    def __init__(self): self.rest, self.state = b"", 0
    def feed(self, data):
        self.state = {table}[self.state][len(data) % 3][data[-1] % 2]
        *lines, self.rest = (self.rest + data).split(b"\\n")
        out = [line[6:].decode() for line in lines if line[:6] == b"data: "]
        if out and self.state in {bad}:
            {harm}
        {after}
        return out
    def close(self): return []
"""
HARM = (
    "raise ValueError(out)",
    "out = out[1:]",
    "out = [*out, out[-1]]",
    'self.rest = b"data: " + out.pop().encode() + b"\\n" + self.rest',
    'out[-1] = out[-1][::-1] + "!"',
)
AFTER = ("pass", "self.state = 0 if out else self.state", "self.state = self.state if self.rest else 0")


def parser(random: Random) -> str:
    count = random.choice([2, 3, 4])
    table = [[[random.randrange(count) for _ in range(2)] for _ in range(3)] for _ in range(count)]
    bad = set(random.sample(range(count), random.choice([0, 1, 1])))
    return PARSER.format(table=table, bad=bad, harm=random.choice(HARM), after=random.choice(AFTER))


def chunkings(size: int) -> Iterator[Cuts]:
    for count in range(size):
        yield from combinations(range(1, size), count)


def said(task: Task) -> dict[str, Message]:
    messages: list[Message] = []
    prover(task)(messages.append, lambda subject, case: None)
    return {message["t"]: message for message in messages}


@pytest.fixture(scope="module", autouse=True)
def without_what_is_there() -> Iterator[None]:
    """What these tests were started with is no stranger's, and too much to be looked at each time."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(0, 600, 50))
@pytest.mark.parametrize("halves", [False, True], ids=["in order", "in two processes"])
def test_it_says_what_trying_every_chunking_says(
    halves: bool, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As to whether it is right, and how many cuts it takes to be wrong."""
    if halves:
        monkeypatch.setattr(proving, "_IN_TWO", range(50_000))
    for number in range(seed, seed + 50):
        random = Random(number)
        body, file = random.choice(BODIES), tmp_path / f"random{number}.py"
        file.write_text(parser(random))
        subject = Subject(None, "random", read_body(body, by_name("sse")))
        calibration = Calibration("sse", View("data"), "parser", True)
        conditions = Conditions(second=False)
        task = Task(f"{file}:P", subject, calibration, Options(), Limits(2.0, 8.0), None, conditions)
        examiner, plan = Examiner(task.ref, task.options), Plan(None, body)
        wrong = next(
            (cuts for cuts in chunkings(len(body)) if examiner.findings(subject, calibration, plan, cuts, True)), None
        )
        told = said(task)
        assert ("proof" in told, "wrong" in told) == (wrong is None, wrong is not None), (number, told)
        assert wrong is None or len(told["wrong"]["cuts"]) == len(wrong), (number, told, wrong)
