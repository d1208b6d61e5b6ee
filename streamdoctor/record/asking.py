"""One request of our own and its response, sans-IO: bytes and their times go in, commands come out.

Rules: the same records as behind a proxy, with us in the client's place; response bytes go out before they are
understood. Whatever happens, exactly one Close comes, and nothing after it. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from streamdoctor import __version__
from streamdoctor.capture.redact import Rules
from streamdoctor.errors import UsageError
from streamdoctor.record.commands import DOWN, UP, Command, Connect, Drop, Finish, Pause, Reset, Resume, Send
from streamdoctor.record.exchange import Exchange
from streamdoctor.record.upstream import Upstream, parse_upstream

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_AS_IS = "!#$%&'()*+,/:;=?@[]~"  # quote() leaves these, letters and digits; all of them may stand in a target


class Request(NamedTuple):
    """Where it goes, its method, and its bytes as they leave."""

    upstream: Upstream
    method: str
    data: bytes


def build_request(url: str, method: str | None, headers: Sequence[str], body: bytes | None) -> Request:
    """The request for `url`. `headers` are `Name: value`; `Name:` leaves out one that we would add.

    Raises UsageError for what cannot be sent.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        raise UsageError(f"{url}: this is no URL") from None
    if "@" in parts.netloc:
        raise UsageError("a URL with a user is not sent: give -H 'Authorization: Basic ...'")
    upstream = parse_upstream(f"{parts.scheme}://{parts.netloc}" if parts.scheme else url, "fetch")
    method = method or ("GET" if body is None else "POST")
    if not _TOKEN.fullmatch(method):
        raise UsageError(f"-X {method}: this is no method")
    target = quote(parts.path or "/", _AS_IS) + ("?" + quote(parts.query, _AS_IS) if parts.query else "")
    fields = _fields(upstream, headers, body)
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields), "", ""]
    return Request(upstream, method, "\r\n".join(lines).encode("utf-8", "surrogateescape") + (body or b""))


def _fields(upstream: Upstream, headers: Sequence[str], body: bytes | None) -> list[tuple[str, str]]:
    given = [_field(header) for header in headers]
    ours = {"Host": upstream.authority, "User-Agent": f"streamdoctor/{__version__}", "Accept": "*/*"}
    if body is not None:
        ours["Content-Type"] = "application/json" if _is_json(body) else "application/x-www-form-urlencoded"
        ours["Content-Length"] = str(len(body))
    names = {name.lower() for name, _ in given}
    fields = [(name, value) for name, value in ours.items() if name.lower() not in names]
    return fields + [(name, value) for name, value in given if value]


def _field(header: str) -> tuple[str, str]:
    name, colon, value = header.partition(":")
    if not colon or not _TOKEN.fullmatch(name):
        raise UsageError(f"-H {header}: expected 'Name: value'")
    if re.search("[\0\r\n]", value):
        raise UsageError(f"-H {name}: a value is one line")
    return name, value.strip()


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


class Asking:
    """`now` is always monotonic nanoseconds; Send(DOWN) is what came, for whoever asked."""

    def __init__(self, request: Request, emit: Callable[[Command], None], rules: Rules | None) -> None:
        self.over = False
        self._request = request.data
        self._emit = emit
        self._rules = rules
        self._exchange: Exchange | None = None

    def begin(self, now: int) -> None:
        self._exchange = Exchange(1, now, self._rules, self._emit)
        events, used = self._exchange.parse_request(self._request)
        self._exchange.record_request(now, self._request[:used], events)
        self._emit(Connect())

    def connected(self, now: int, details: Mapping[str, Any]) -> None:
        if exchange := self._live():
            exchange.note(now, "upstream-connected", details)
            self._emit(Send(UP, self._request))

    def failed(self, now: int, cause: str, message: str) -> None:
        """There is no connection and never was."""
        self._end(now, cause, UP, {"message": message})

    def data(self, now: int, data: bytes) -> None:
        exchange = self._live()
        if exchange is None:
            return
        self._emit(Send(DOWN, data))
        rest = exchange.take_response(now, data)
        if rest:
            exchange.stray(now, rest)
        if exchange.response_done:
            self._end(now, "complete", UP)
            self._emit(Drop(UP))

    def eof(self, now: int, incomplete: str = "") -> None:
        """The upstream ended its half; `incomplete` says what TLS missed at the end, if anything."""
        exchange = self._live()
        if exchange is None:
            return
        exchange.note(now, "upstream-half-closed")
        broken = exchange.response_broken
        whole = exchange.close_response() and not incomplete
        cause = "complete" if whole else "protocol-error" if broken else "eof"
        self._end(now, cause, UP, {"message": incomplete} if incomplete else {})
        self._emit(Finish(UP))

    def lost(self, now: int, cause: str, message: str | None) -> None:
        """The connection is gone, with a `message` if it was torn down."""
        self._end(now, cause, UP, {"message": message} if message else {})

    def leave(self, now: int, by: str) -> None:
        """Who asked wants no more."""
        if self._live():
            self._end(now, "client-closed", DOWN, {"by": by})
            self._emit(Reset(UP))

    def paused(self, now: int, waiting: int) -> None:
        """Who asked takes no more for now: `waiting` bytes are in memory."""
        if exchange := self._live():
            exchange.note(now, "downstream-paused", {"waiting": waiting})
            self._emit(Pause(UP))

    def resumed(self, now: int, waiting: int) -> None:
        if exchange := self._live():
            exchange.note(now, "downstream-resumed", {"waiting": waiting})
            self._emit(Resume(UP))

    def _live(self) -> Exchange | None:
        return None if self.over else self._exchange

    def _end(self, now: int, cause: str, side: str, details: Mapping[str, Any] | None = None) -> None:
        if exchange := self._live():
            self.over = True
            exchange.end(now, cause, side, details)
