"""The head of an HTTP/1.x message, once it is whole: RFC 9112 sections 2 to 5.

h11 reads it where it can; what h11 refuses is read leniently, and the reason comes back as a sentence. Heads with
nothing odd about them, nearly all, are read by two patterns, and say what h11 would: that costs a fifth. Names are in
lower case, values are the wire's bytes as latin-1. No sentence quotes the wire: it may hold a secret.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import h11

MAX_HEAD = 1 << 16
"""A head, or trailers, of more bytes than this are not read as such. Node takes 16 KiB, nginx 32."""

Headers = tuple[tuple[str, str], ...]


class RequestHead(NamedTuple):
    """A request line and its headers, names in lower case; `start` and `end` are offsets on the wire."""

    method: str
    target: str
    version: str
    headers: Headers
    start: int
    end: int


class ResponseHead(NamedTuple):
    """A status line and its headers. Informational heads (1xx) come out too, before the final one."""

    status: int
    reason: str
    version: str
    headers: Headers
    start: int
    end: int


_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSION = re.compile(r"\d\.\d")
_STATUS_LINE = re.compile(r"HTTP/(\d\.\d) +(\d{3})(?: (.*))?", re.ASCII)
_QUOTED = re.compile(r":? *(?:bytearray\(|b['\"]).*", re.DOTALL)
# What h11 takes and has nothing to say about: no folding, no obsolete text, every framing header at most once.
_PLAIN_REQUEST = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/(1\.[01])\r\n")
_PLAIN_STATUS = re.compile(rb"HTTP/(1\.[01]) ([2-5][0-9]{2}) ([ -~]*)\r\n")
_PLAIN_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([!-~](?:[ -~]*[!-~])?)?[ \t]*\r\n")
_FRAMING = {"content-length": re.compile(r"[0-9]{1,18}"), "transfer-encoding": re.compile("chunked"), "host": None}
_ASKED = h11.Request(method="GET", target="/", headers=[("host", "")])


def parse_request(head: bytes, start: int) -> tuple[RequestHead | None, str]:
    """The head in `head`, which stands at `start` on the wire, and what is odd about it ("" for nothing)."""
    line = _PLAIN_REQUEST.match(head)
    fields = _plain_fields(head, line.end()) if line else None
    if line and fields and sum(name == "host" for name, _ in fields) == 1:
        method, target, version = (part.decode("ascii") for part in line.groups())
        return RequestHead(method, target, version, fields, start, start + len(head)), ""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
    connection.receive_data(head)
    end = start + len(head)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError as error:
        return _lenient_request(head, start, end, _unquoted(error))
    assert isinstance(event, h11.Request)
    method, target, version = (part.decode("ascii") for part in (event.method, event.target, event.http_version))
    return RequestHead(method, target, version, _text(event), start, end), ""


def _plain_fields(head: bytes, at: int) -> Headers | None:
    """The headers from `at` to the blank line that ends `head`; None where there is anything to think about."""
    fields: list[tuple[str, str]] = []
    seen: set[str] = set()
    while found := _PLAIN_FIELD.match(head, at):
        at = found.end()
        name, value = found[1].decode("ascii").lower(), (found[2] or b"").decode("ascii")
        if name in _FRAMING:
            wanted = _FRAMING[name]
            if name in seen or (wanted and not wanted.fullmatch(value)):
                return None
            seen.add(name)
        fields.append((name, value))
    return tuple(fields) if head[at:] == b"\r\n" else None


def _lenient_request(head: bytes, start: int, end: int, why: str) -> tuple[RequestHead | None, str]:
    first, _, rest = head.partition(b"\n")
    line, _, version = first.decode("latin-1").strip().rpartition(" HTTP/")
    method, _, target = line.partition(" ")
    if not (_METHOD.fullmatch(method) and target.strip() and _VERSION.fullmatch(version)):
        return None, why
    headers, odd = lenient_headers(rest)
    return RequestHead(method, target.strip(), version, headers, start, end), odd or why


def parse_response(head: bytes, start: int) -> tuple[ResponseHead | None, str]:
    """The head in `head`, which stands at `start` on the wire, and what is odd about it ("" for nothing)."""
    line = _PLAIN_STATUS.match(head)
    fields = _plain_fields(head, line.end()) if line else None
    if line and fields is not None:
        version, status, reason = (part.decode("ascii") for part in line.groups())
        return ResponseHead(int(status), reason, version, fields, start, start + len(head)), ""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
    connection.send(_ASKED)
    connection.receive_data(head)
    end = start + len(head)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError as error:
        return _lenient_response(head, start, end, _unquoted(error))
    assert isinstance(event, h11.Response | h11.InformationalResponse)
    reason, version = event.reason.decode("latin-1"), event.http_version.decode("ascii")
    return ResponseHead(event.status_code, reason, version, _text(event), start, end), ""


def _lenient_response(head: bytes, start: int, end: int, why: str) -> tuple[ResponseHead | None, str]:
    first, _, rest = head.partition(b"\n")
    line = _STATUS_LINE.fullmatch(first.rstrip(b"\r").decode("latin-1"))
    if not line:
        return None, why
    headers, odd = lenient_headers(rest)
    return ResponseHead(int(line[2]), line[3] or "", line[1], headers, start, end), odd or why


def _unquoted(error: h11.RemoteProtocolError) -> str:
    return _QUOTED.sub("", str(error))


def _text(event: h11.Request | h11.Response | h11.InformationalResponse) -> Headers:
    return tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in event.headers)


def listed(headers: Headers, name: str) -> list[str]:
    """The members of a header whose value is a list, empty ones left out."""
    values = [value for key, value in headers if key == name]
    if not values:
        return values
    members = (part.strip() for value in values for part in value.split(","))
    return [member for member in members if member]


def lenient_headers(lines: bytes) -> tuple[Headers, str]:
    """The headers in `lines`, and what was odd about them ("" for nothing): no line is refused."""
    headers: list[tuple[str, str]] = []
    odd = ""
    for line in lines.decode("latin-1").split("\n"):
        line = line.removesuffix("\r")
        if line[:1] in (" ", "\t") and headers:
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}".strip())
            continue
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip().lower(), value.strip(" \t")))
        elif line:
            odd = "a header line has no colon"
    return tuple(headers), odd
