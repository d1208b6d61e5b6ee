"""Errors that stand in an SSE body where no event carries them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.stream.providers import stray_errors

GEMINI = b'{\n  "error": {\n    "code": 499,\n    "message": "cancelled",\n    "status": "CANCELLED"\n  }\n}\n'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", []),
        (b'data: {"error": "in an event"}\n\n', []),
        (b'data: a\n\nerror: {"code":500,"message":"failed to decode"}\n\n', [(9, "failed to decode (500)")]),
        (b'error: {"error":{"message":"inner"}}\r\n', [(0, "inner")]),
        (b"error:no space\n", [(0, "no space")]),
        (b"error: \n", [(0, "error")]),
        (b"data: a error: b\n\nan error: c\n", []),
        (b"data: a\r\n\r\n" + GEMINI, [(11, "cancelled (499, CANCELLED)")]),
        (b'{"not": "an error"}\n{"error": "x"}\n', [(20, "x")]),
        (b'{"error": "cut', []),
        (b'data: a\n{"error": null}\n', []),
    ],
)
def test_stray_errors(body: bytes, said: list[tuple[int, str]]) -> None:
    assert [(error.start, error.message) for error in stray_errors(body)] == said


def test_the_span_holds_the_error() -> None:
    body = b"data: a\n\n" + GEMINI + b"data: b\n\n"
    (error,) = stray_errors(body)
    assert body[error.start : error.end] == GEMINI.strip()


@pytest.mark.slow
def test_a_body_full_of_them_is_read_in_bounded_time() -> None:
    assert len(stray_errors(b"error: x\n" * 1_000_000)) == 16
    assert stray_errors(b"{\n" * 200_000) == []


@given(st.binary(max_size=200))
def test_nothing_raises(body: bytes) -> None:
    stray_errors(body.replace(b"a", b'\n{"error":').replace(b"b", b"\nerror: "))
