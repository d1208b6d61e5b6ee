"""Our own SSE decoder through our own tool, and a stranger's correct one: for any body and cuts, nothing is found."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamdoctor.parsers.reference import reference
from streamdoctor.parsers.shapes import Shape, find_shape
from streamdoctor.splits.strategies import Cuts
from tests.properties import whatwg
from tests.properties.judging import calibration_of, findings, reading_of

NAMES = st.sampled_from([b"data", b"event", b"id", b"retry", b"", b"foo", b"Data", b" data", b"dat", b"data\0"])
COLONS = st.sampled_from([b": ", b":", b"", b":  ", b":\t", b"::"])
TEXTS = [
    b"",
    b"a",
    b"12",
    b"\0",
    b"[DONE]",
    "é🌟日".encode(),
    "\u2028\x85\x0b".encode(),
    b"\xf0\x9f",
    b"\xff",
    b"\xc2\xb2",
]
VALUES = st.sampled_from(TEXTS) | st.binary(max_size=4).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b""))
ENDS = st.sampled_from([b"\n", b"\n\n", b"\r\n", b"\r", b"\r\n\r\n", b"\r\r", b"\n\r", b""])
LINES = st.tuples(NAMES, COLONS, VALUES, ENDS).map(b"".join)
BOMS = st.sampled_from([b"", b"\xef\xbb\xbf", b"\xef\xbb"])
bodies = st.tuples(BOMS, st.lists(LINES | ENDS, max_size=12).map(b"".join)).map(b"".join) | st.binary(max_size=40)


@st.composite
def cases(draw: st.DrawFn) -> tuple[bytes, Cuts]:
    """A body and where it is cut: anywhere, or at every byte."""
    body = draw(bodies)
    inner = range(1, len(body))
    some = st.sets(st.sampled_from(inner), max_size=8).map(lambda cuts: tuple(sorted(cuts))) if inner else st.just(())
    return body, draw(some | st.just(tuple(inner)))


# --- a stranger: everything so far is decoded and read again for each piece


class Fed:
    def __init__(self) -> None:
        self._body = b""
        self._given = 0

    def feed(self, piece: bytes) -> list[whatwg.Told]:
        self._body += piece
        told = whatwg.events(self._body)
        new, self._given = list(told[self._given :]), len(told)
        return new


def pulled(pieces: Iterable[bytes]) -> Iterator[dict[str, str]]:
    fed = Fed()
    for piece in pieces:
        for told in fed.feed(piece):
            yield {"event": told.type, "data": told.data, "id": told.own}


async def awaited(pieces: AsyncIterable[bytes]) -> AsyncIterator[str]:
    fed = Fed()
    async for piece in pieces:
        for told in fed.feed(piece):
            yield told.data


PARSERS: dict[str, Callable[[], Shape]] = {
    "reference": lambda: reference("sse"),
    "fed": lambda: find_shape(Fed),
    "pulled": lambda: find_shape(pulled),
    "awaited": lambda: find_shape(awaited),
}


@pytest.fixture(params=PARSERS, scope="module")
def shape(request: pytest.FixtureRequest) -> Shape:
    return PARSERS[request.param]()


@pytest.fixture(scope="module")
def trial(shape: Shape) -> tuple[Shape, Any]:
    return shape, calibration_of(shape)


@settings(max_examples=100, deadline=None)
@given(case=cases())
def test_nothing_is_found_against_a_correct_decoder(trial: tuple[Shape, Any], case: tuple[bytes, Cuts]) -> None:
    shape, calibration = trial
    assert findings(shape, calibration, *case) == []


@pytest.mark.parametrize(
    ("name", "level", "ids"),
    [("reference", "event", "last"), ("fed", "event", "last"), ("pulled", "event", "own"), ("awaited", "data", "none")],
)
def test_each_is_judged_at_the_level_of_its_items(name: str, level: str, ids: str) -> None:
    calibration = calibration_of(PARSERS[name]())
    assert (calibration.view.level, calibration.view.ids, calibration.fits) == (level, ids, True)


@settings(max_examples=200, deadline=None)
@given(bodies)
def test_the_reference_agrees_with_the_other_reading_of_the_specification(body: bytes) -> None:
    reading = reading_of(body)
    told = [(event.type, event.data, event.id, event.own_id or "") for event in reading.events]
    assert told == [tuple(event) for event in whatwg.events(body)]
    assert reading.dues == whatwg.dues(body)
