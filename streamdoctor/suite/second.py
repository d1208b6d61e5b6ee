"""The same chunkings in a second process, with another hash seed: condition (h) of a proof.

`python -m streamdoctor.suite.second` reads one JSON object from stdin and writes one a line: `{"run": 40}` as it goes,
then `{"done": 1000}`, or what was wrong. Each run has an alarm: nobody watches this process but itself.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import IO, Any

import streamdoctor
from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.levels import View
from streamdoctor.splits.strategies import Cuts
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import read_body
from streamdoctor.suite.examine import Examiner, Options
from streamdoctor.suite.reach import Refused
from streamdoctor.suite.subjects import Subject
from streamdoctor.suite.workers import Limits

CHUNKINGS = 1000
_SMALL = 64
_TOLD_EVERY = 20


def random_chunkings(size: int, max_piece: int, seed: int, count: int) -> Iterator[Cuts]:
    """Single bytes, the longest pieces, then chunkings of a random scale each: half of small pieces, half of long."""
    most = min(max_piece, size)
    for number in range(count if size else 0):
        rng = Random(f"{seed}:{number}")
        least, longest = (0, min(most, _SMALL)) if number % 2 else (min(most, _SMALL) // 2, most)
        scale = (1, most)[number] if number < 2 else 1 + least + int(rng.random() * (longest - least))
        cuts: list[int] = []
        at = scale if number < 2 else 1 + int(rng.random() * scale)
        while at < size:
            cuts.append(at)
            at += scale if number < 2 else 1 + int(rng.random() * scale)
        yield tuple(cuts)


@dataclass(frozen=True)
class Question:
    """What the second process is asked: `count` chunkings of `subject` through the parser `ref`."""

    ref: str
    subject: Subject
    calibration: Calibration
    options: Options
    max_piece: int
    count: int = CHUNKINGS

    def to_json(self, limits: Limits) -> dict[str, Any]:
        options, reading = self.options, self.subject.reading
        return {
            "ref": self.ref, "dialect": reading.provider.name, "body": reading.body.hex(), "seed": options.axes.seed,
            "calibration": asdict(self.calibration), "level": options.level, "role": options.role,
            "at_eof": options.at_eof, "max_piece": self.max_piece, "count": self.count, "cpu": limits.cpu,
            "wall": limits.wall / 2, "rephrase": self.subject.rephrase,
        }  # fmt: skip


class SecondProcess:
    """Started at once, asked for its answer later."""

    def __init__(self, question: Question, limits: Limits, hash_seed: int) -> None:
        self.hash_seed = str(hash_seed + (os.environ.get("PYTHONHASHSEED") == str(hash_seed)))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streamdoctor.suite.second"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONHASHSEED": self.hash_seed, "PYTHONPATH": _ours()},
        )
        told = {**question.to_json(limits), "paths": [path or os.getcwd() for path in sys.path]}
        with self._process.stdin as stdin:  # type: ignore[union-attr]
            stdin.write(json.dumps(told).encode())

    def stop(self) -> None:
        self._process.kill()
        self._process.stdout.close()  # type: ignore[union-attr]
        self._process.wait()

    def answer(self, heard: Callable[[], None]) -> Cuts | None:
        """The cuts of a chunking that is wrong there, None where all agree. Raises Refused where it did not finish."""
        try:
            for line in self._process.stdout:  # type: ignore[union-attr]
                heard()
                message = json.loads(line)
                if "done" in message:
                    return None
                if "cuts" in message:
                    return tuple(message["cuts"])
                if "error" in message:
                    raise Refused(f"in a second process it could not be run: {message['error']}")
        finally:
            self.stop()
        raise Refused(f"in a second process it did not end (exit status {self._process.returncode})")


def _ours() -> str:
    """The folder of this package alone: beside a parser there may be a file that is called like a standard module."""
    inherited = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(Path(streamdoctor.__file__).parents[1]), *([inherited] if inherited else [])])


# --- in the second process


def main() -> None:
    told = json.load(sys.stdin)
    sys.path[:] = told["paths"]
    with os.fdopen(os.dup(1), "w", buffering=1) as out:
        _be_quiet()
        try:
            _answer(told, out)
        except Exception as error:
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=out)
        out.flush()
        os._exit(0)


def _answer(told: dict[str, Any], out: IO[str]) -> None:
    options = Options(level=told["level"], role=told["role"], at_eof=told["at_eof"])
    examiner = Examiner(told["ref"], options)
    body = bytes.fromhex(told["body"])
    subject = Subject(None, "second", read_body(body, by_name(told["dialect"])), rephrase=told["rephrase"])
    fields = told["calibration"]
    calibration = Calibration(**{**fields, "view": View(**fields["view"])})
    chunkings = random_chunkings(len(body), told["max_piece"], told["seed"], told["count"])
    for number, cuts in enumerate(chunkings):
        signal.setitimer(signal.ITIMER_PROF, told["cpu"])
        signal.setitimer(signal.ITIMER_REAL, told["wall"])
        findings = examiner.findings(subject, calibration, Plan(None, body), cuts, True)
        if any(finding.kind != "non-strict" for finding in findings):
            print(json.dumps({"cuts": cuts}), file=out)
            return
        if number % _TOLD_EVERY == 0:
            print(json.dumps({"run": number}), file=out)
    print(json.dumps({"done": told["count"]}), file=out)


def _be_quiet() -> None:
    """What the parser prints goes nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)


if __name__ == "__main__":
    main()
