"""Single cuts resumed from the ends of events: the findings are those of runs from scratch, right or wrong."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from streamdoctor.parsers.load import lend
from streamdoctor.report.json import check_document
from streamdoctor.stream.sse import SSEDecoder
from streamdoctor.suite import resumed
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.results import Result
from streamdoctor.suite.subjects import Subject, from_capture
from tests.suite.lab import capture

BODY = "".join(f'data: {{"n":{n},"é":"東京 {n} 😀"}}\n\n' for n in range(60)).encode()


class Raw:
    def __init__(self) -> None:
        self.buffer = b""

    def feed(self, piece: bytes) -> list[str]:
        self.buffer += piece
        *events, self.buffer = self.buffer.split(b"\n\n")
        return [event.decode().removeprefix("data: ") for event in events]


class Decoding(Raw):
    """Right, with a codec of C in its state."""

    def __init__(self) -> None:
        super().__init__()
        self.decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, piece: bytes) -> list[str]:
        return super().feed(self.decoder.decode(piece).encode())


class PerPiece(Raw):
    def feed(self, piece: bytes) -> list[str]:
        return super().feed(piece.decode("utf-8", "replace").encode())


class DropsAfterLF(Raw):
    """Wrong at one place of each event: a cut between the two line ends."""

    def feed(self, piece: bytes) -> list[str]:
        return super().feed(piece.lstrip(b"\n") if self.buffer.endswith(b"\n") else piece)


class LosesRest(Raw):
    """Wrong at one cut: what follows a whole event in the same piece is lost if it ends there."""

    def feed(self, piece: bytes) -> list[str]:
        events = super().feed(piece)
        if events and self.buffer.endswith(b'{"n":42,"'):
            self.buffer = b""
        return events


class LosesNext(Raw):
    """Wrong at one cut: of what ends an event and goes on, the next event is lost."""

    def feed(self, piece: bytes) -> list[str]:
        begun = self.buffer.endswith(b'{"n":17,"')
        events = super().feed(piece)
        return [*events[:1], *events[2:]] if begun else events


class CountsPieces(Raw):
    """Wrong in the third piece only: no single cut shows it."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces = 0

    def feed(self, piece: bytes) -> list[str]:
        self.pieces += 1
        return super().feed(piece if self.pieces != 3 else b"")


class Late(Raw):
    """Holds the last event back."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[str] = []

    def feed(self, piece: bytes) -> list[str]:
        ready, self.held = self.held, super().feed(piece)
        return ready

    def close(self) -> list[str]:
        return self.held


class HiddenCount(Raw):
    """Wrong when an even number of pieces came, over all parsers."""

    count: ClassVar[list[int]] = [0]

    def feed(self, piece: bytes) -> list[str]:
        self.count[0] += 1
        return super().feed(piece)


class Lazy(Raw):
    def feed(self, piece: bytes) -> Any:
        return iter(super().feed(piece))


def from_stream(pieces: Iterable[bytes]) -> Iterator[str]:
    parser = Raw()
    for piece in pieces:
        yield from parser.feed(piece)


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    folder: Path = tmp_path_factory.mktemp("every-cut")
    return from_capture(capture(folder, "plain", BODY), "sse")


def judged(parser: Any, stream: Subject) -> Result:
    with lend(parser) as ref:
        (result,) = check([ref], [stream], Options(Axes(("every-cut",))))
    result.seconds = 0.0
    return result


@pytest.mark.slow
@pytest.mark.parametrize(
    "parser",
    [SSEDecoder, Raw, Decoding, PerPiece, DropsAfterLF, LosesRest, LosesNext, CountsPieces, Late, HiddenCount, Lazy],
)
def test_the_findings_are_those_of_runs_from_scratch(
    parser: Any, stream: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = judged(parser, stream)
    monkeypatch.setattr(resumed, "WORTH", 10**9)
    slow = judged(parser, stream)
    quick.note = slow.note = None
    assert check_document([quick], 0) == check_document([slow], 0)
    assert quick.cases == len(BODY) - 1


@pytest.mark.parametrize(
    ("parser", "says"),
    [
        (Raw, f"{len(BODY) - 1:,} single cuts were resumed"),
        (LosesRest, f"{len(BODY) - 2:,} single cuts were resumed"),
        (LosesNext, f"{len(BODY) - 2:,} single cuts were resumed"),
        (DropsAfterLF, "single cuts were resumed"),
        (CountsPieces, "event by event it is wrong"),
        (Late, "something is wrong uncut"),
        (Lazy, "is no list"),
        (from_stream, "only an object with feed"),
    ],
)
def test_the_result_says_what_was_resumed_and_what_was_not(parser: Any, says: str, stream: Subject) -> None:
    note = judged(parser, stream).note
    assert says in (note or "")
