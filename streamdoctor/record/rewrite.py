"""The request head as the upstream must see it, and the answers we give in its stead.

Rules: only what a reverse proxy must change is changed (Host, and a target that names us); every other byte stays.
What would leave HTTP/1.1 or go to another host is refused, in words. RFC 9112 section 3.2, RFC 9110 section 7.8.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

from streamdoctor.stream.http1 import RequestHead
from streamdoctor.stream.http1_head import listed

_HOST = re.compile(rb"^(host[ \t]*:[ \t]*)[^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*", re.IGNORECASE | re.MULTILINE)
_H2C = re.compile(rb"^(?:upgrade|http2-settings)[ \t]*:[^\n]*\n(?:[ \t]+[^\n]*\n)*", re.IGNORECASE | re.MULTILINE)


class Place(NamedTuple):
    """Where requests go: the upstream's authority and base path (without a final slash), and our own authorities."""

    authority: str
    base: str = ""
    own: frozenset[str] = frozenset()


class Refusal(NamedTuple):
    status: int
    message: str


def refusal(head: RequestHead, place: Place) -> Refusal | None:
    """Why this request cannot be passed on, if it cannot."""
    if head.method == "CONNECT":
        return Refusal(501, "this is a reverse proxy: it opens no tunnels; use it as base URL, not as http_proxy")
    if head.method == "PRI" and head.target == "*":
        return Refusal(505, "this listener speaks HTTP/1.1: the client began with HTTP/2")
    if (wanted := _upgrade(head)) and wanted != ["h2c"]:
        return Refusal(501, f"an upgrade to {', '.join(wanted)[:40]} cannot be recorded: only HTTP/1.1 can")
    authority = _authority(head.target)
    if authority is not None and authority not in (place.own | {place.authority.lower()}):
        return Refusal(421, "the request is for another host: only the upstream is served; use this as base URL")
    return None


def _upgrade(head: RequestHead) -> list[str]:
    asked = any(token.lower() == "upgrade" for token in listed(head.headers, "connection"))
    return [token.lower() for token in listed(head.headers, "upgrade")] if asked else []


def _authority(target: str) -> str | None:
    """The authority of an absolute target, "" where it makes no sense, None for any other target."""
    if target.startswith("/") or "://" not in target:
        return None
    try:
        return urlsplit(target).netloc.lower()
    except ValueError:
        return ""


def rewritten(raw: bytes, head: RequestHead, place: Place) -> bytes:
    """The bytes of the head to send, given those that came."""
    line, newline, rest = raw.partition(b"\n")
    line = _rewritten_line(line, head, place)
    host = place.authority.encode("ascii")
    rest, count = _HOST.subn(lambda found: found[1] + host, rest)
    if not count and head.version == "1.1":
        rest = b"Host: " + host + b"\r\n" + rest
    if _upgrade(head):
        rest = _H2C.sub(b"", rest)
    return line + newline + rest


def _rewritten_line(line: bytes, head: RequestHead, place: Place) -> bytes:
    absolute = _authority(head.target) is not None
    if not absolute and not (place.base and head.target.startswith("/")):
        return line
    method, _, rest = line.partition(b" ")
    target, _, version = rest.strip().rpartition(b" ")
    if absolute:
        target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
    end = b"\r" if line.endswith(b"\r") else b""
    return b" ".join((method, place.base.encode("ascii") + target.strip(), version)) + end


def answer(status: int, code: str, message: str, method: str = "GET") -> bytes:
    """A whole response of ours, with the error in the JSON that the common SDKs show to their users."""
    error = {"error": {"message": f"streamdoctor: {message}", "type": "streamdoctor", "code": code}}
    body = json.dumps(error, ensure_ascii=True).encode("ascii") + b"\n"
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + (b"" if method == "HEAD" else body)
