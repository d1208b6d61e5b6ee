"""Heads with nothing odd about them are read without h11, and say exactly what h11 would."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.stream import http1_head
from streamdoctor.stream.http1_head import parse_request, parse_response

NAMES = [
    "Host",
    "host",
    "Content-Length",
    "Transfer-Encoding",
    "X-A",
    "Set-Cookie",
    "Expect",
    "a b",
    "x:y",
    "",
    "\u00e9",
]
VALUES = [
    "h",
    "5",
    "05",
    "",
    "  x ",
    "chunked",
    "Chunked",
    "gzip, chunked",
    "5, 5",
    "a\tb",
    "\x01",
    "\u00e9",
    "x\t",
    "-1",
]
REQUESTS = [
    "GET / HTTP/1.1", "POST /a?b=%20 HTTP/1.0", "G@T / HTTP/1.1", "GET  / HTTP/1.1", "CONNECT h:1 HTTP/1.1",
    "GET /\u00e9 HTTP/1.1", "PRI * HTTP/2.0", "GET / HTTP/1.1 ", "get / http/1.1",
]  # fmt: skip
RESPONSES = [
    "HTTP/1.1 200 OK", "HTTP/1.0 200 ", "HTTP/1.1 200", "HTTP/1.1 101 S", "HTTP/1.1 100 C", "HTTP/1.1 304 x  y ",
    "HTTP/1.1 999 z", "HTTP/1.1  200 OK", "HTTP/1.1 200 a\tb", "HTTP/1.1 500 \u00e9",
]  # fmt: skip
fields = st.builds(
    "{}{}{}".format,
    st.sampled_from(NAMES) | st.text("aZ-_0", min_size=1),
    st.sampled_from([":", ": ", "\t:", ":  "]),
    st.sampled_from(VALUES) | st.text(st.characters(codec="latin-1"), max_size=5),
)
ends = st.sampled_from(["\r\n", "\r\n", "\n"])


@given(st.sampled_from(REQUESTS), st.sampled_from(RESPONSES), st.lists(fields | st.just("Host: h"), max_size=5), ends)
def test_it_says_what_h11_says(request_line: str, status_line: str, lines: list[str], end: str) -> None:
    for parse, first in ((parse_request, request_line), (parse_response, status_line)):
        head = (end.join([first, *lines]) + end + end).encode("latin-1")
        told = parse(head, 3)
        with pytest.MonkeyPatch.context() as patch:
            for name in ("_PLAIN_REQUEST", "_PLAIN_STATUS"):
                patch.setattr(http1_head, name, re.compile(b"(?!)"))
            assert parse(head, 3) == told


def test_an_ordinary_head_needs_no_h11(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(http1_head, "h11")
    request = b"POST /v1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX: a  b \r\n\r\n"
    parsed, odd = parse_request(request, 0)
    assert parsed is not None and not odd
    assert parsed.headers == (("host", "h"), ("content-length", "5"), ("x", "a  b"))
    response = b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nX:\r\n\r\n"
    headers = (("transfer-encoding", "chunked"), ("x", ""))
    assert parse_response(response, 7)[0] == (200, "", "1.1", headers, 7, 7 + len(response))
