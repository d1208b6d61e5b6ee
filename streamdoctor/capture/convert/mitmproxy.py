"""Flows that `mitmdump -w FILE` or a save in mitmproxy wrote: netstrings with types, one a flow; bodies only.

Of times the file has the request's, and those of the first and the last byte of the response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from streamdoctor.capture.convert.bodies import Kept, chosen, from_kept
from streamdoctor.errors import CaptureError

_MOST_DIGITS = 12
_DEEPEST = 40


def from_mitmproxy(data: bytes, entry: int | None = None) -> bytes:
    """The capture of flow number `entry` (from 1), else of the only one that may be a stream.

    Raises CaptureError for what are no flows, UsageError where one has to be named.
    """
    try:
        flows = [flow for flow in _values(data) if flow.get("request") and flow.get("response")]
        types = [dict(_fields(flow["response"])).get("content-type", "") for flow in flows]
        return _from_flow(flows[chosen([_url(flow["request"]) for flow in flows], types, entry)])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError) as error:
        raise CaptureError(
            f"these are no flows of mitmproxy: {type(error).__name__}: {error}",
            hint="they are what `mitmdump -w FILE` writes; mitmproxy converts the files of its old versions",
        ) from None


def _from_flow(flow: dict[str, Any]) -> bytes:
    request, response = flow["request"], flow["response"]
    if response["content"] is None:
        raise CaptureError(
            "this flow holds no body: it was streamed", hint="--set store_streamed_bodies=true makes mitmproxy keep it"
        )
    start = float(request["timestamp_start"])
    first = float(response["timestamp_start"])
    kept = Kept(
        method=request["method"].decode("latin-1"),
        url=_url(request),
        request_headers=_fields(request),
        request_body=request["content"] or b"",
        status=int(response["status_code"]),
        response_headers=_fields(response),
        body=response["content"],
        first_ns=_since(start, first),
        last_ns=_since(start, float(response["timestamp_end"] or first)),
    )
    started = datetime.fromtimestamp(start, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return from_kept(kept, started, "mitmproxy", ())


def _since(start: float, moment: float) -> int:
    return max(0, round((moment - start) * 1e6)) * 1000


def _fields(message: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message["headers"]]


def _url(request: dict[str, Any]) -> str:
    scheme, path = request["scheme"].decode("latin-1"), request["path"].decode("latin-1")
    host, port = str(request["host"]), int(request["port"])
    usual = {"http": 80, "https": 443}.get(scheme) == port
    return f"{scheme}://{f'[{host}]' if ':' in host else host}{'' if usual else f':{port}'}{path}"


def _values(data: bytes) -> Iterator[dict[str, Any]]:
    at = 0
    while at < len(data):
        value, at = _value(data, at, len(data), 0)
        yield value
    if not at:
        raise ValueError("the file is empty")


def _value(data: bytes, at: int, end: int, depth: int) -> tuple[Any, int]:
    """The value that begins at byte `at`, and where the next one begins. Raises ValueError, with the place."""
    colon = data.find(b":", at, at + _MOST_DIGITS + 1)
    digits = data[at : max(colon, at)]
    if not digits.isdigit():
        raise ValueError(f"at byte {at} no length begins")
    start = colon + 1
    stop = start + int(digits)
    if stop >= end or depth > _DEEPEST:
        raise ValueError(f"the value at byte {at} is torn, or too deep")
    kind = data[stop : stop + 1]
    if kind in _NESTED:
        return _NESTED[kind](_members(data, start, stop, depth)), stop + 1
    if kind not in _PLAIN:
        raise ValueError(f"the value at byte {at} is of no known type")
    return _PLAIN[kind](data[start:stop]), stop + 1


def _members(data: bytes, start: int, stop: int, depth: int) -> list[Any]:
    members = []
    while start < stop:
        member, start = _value(data, start, stop, depth + 1)
        members.append(member)
    return members


def _mapping(members: list[Any]) -> dict[str, Any]:
    names = [name.decode("utf-8") if isinstance(name, bytes) else str(name) for name in members[::2]]
    return dict(zip(names, members[1::2], strict=True))


_NESTED: dict[bytes, Callable[[list[Any]], Any]] = {b"]": list, b"}": _mapping}
_PLAIN: dict[bytes, Callable[[bytes], Any]] = {
    b",": bytes,
    b";": lambda data: data.decode("utf-8"),
    b"#": int,
    b"^": float,
    b"!": lambda data: data == b"true",
    b"~": lambda data: None,
}
