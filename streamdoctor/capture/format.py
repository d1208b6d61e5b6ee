"""Capture file version 1, one record a line: DESIGN section 4. Pure: lines in, records out, and back.

A string stands for its UTF-8 bytes; bytes that are not UTF-8 are {"b64": ...}. Writers escape everything an editor or
a terminal would act on, so a capture can be opened, diffed and grepped. Cost: one escape pass a record.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from streamdoctor.capture.model import FIDELITIES, PROTOCOLS, Direction, End, Header, Mark, Read, Record
from streamdoctor.errors import CaptureError

VERSION = 1
MAX_RECORD_BYTES = 1 << 20
"""No record carries more than this many bytes of the wire (1 MiB)."""

# json escapes C0, quote and backslash; these are what is left of what DESIGN section 4 lists.
_ESCAPED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_HEADER_KEYS = (
    "started", "recorder", "protocol", "upstream", "via", "fidelity", "connection", "exchange", "session", "attempt",
    "redacted",
)  # fmt: skip
_END_KEYS = ("cause", "side", "framing")


def encode_header(header: Header) -> bytes:
    """The first line of a file."""
    record: dict[str, Any] = {"streamdoctor": "capture", "version": VERSION}
    record.update((key, getattr(header, key)) for key in _HEADER_KEYS)
    record.update(header.extra)
    return _line(_dump({key: value for key, value in record.items() if value is not None}))


def encode_read(ns: int, direction: Direction, data: bytes) -> bytes:
    """The line, or the lines where `data` is over 1 MiB, of one read."""
    if len(data) > MAX_RECORD_BYTES:
        parts = (data[i : i + MAX_RECORD_BYTES] for i in range(0, len(data), MAX_RECORD_BYTES))
        return b"".join(encode_read(ns, direction, part) for part in parts)
    return b'[%d,"%b",%b]\n' % (ns, direction.encode(), _encode_bytes(data))


def _encode_bytes(data: bytes) -> bytes:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return b'{"b64":"%b"}' % b64encode(data)
    written = orjson.dumps(text)
    if data.isascii():
        return written.replace(b"\x7f", b"\\u007f")
    return _escape(written.decode()).encode()


def encode_mark(ns: int, name: str, details: Mapping[str, Any] | None = None) -> bytes:
    return _line(f'[{ns},"=",{_dump({"mark": name, **(details or {})})}]')


def encode_end(end: End) -> bytes:
    record = {"cause": end.cause, "side": end.side, "framing": end.framing, **end.details}
    return _line(f'[{end.ns},".",{_dump({k: v for k, v in record.items() if v is not None})}]')


def _escape(text: str) -> str:
    if text.isascii():
        return text.replace("\x7f", "\\u007f")
    return _ESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


_compact = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def _dump(value: Mapping[str, Any]) -> str:
    return _escape(_compact(value))


def _line(text: str) -> bytes:
    # A lone surrogate in a path or a message is not text: it is written as the replacement character.
    return text.encode("utf-8", "replace") + b"\n"


def decode_header(line: bytes) -> Header:
    """The header in `line`. Raises CaptureError for another kind of file, an unknown version or protocol."""
    try:
        record = _load(line, 1)
    except CaptureError:
        record = None
    if not isinstance(record, dict) or record.get("streamdoctor") != "capture":
        raise CaptureError("this is not a streamdoctor capture: its first line is no capture header", line=1)
    version = record.get("version")
    if version != VERSION:
        raise CaptureError(f"this capture has version {version!r}: it needs a newer streamdoctor", line=1)
    known = {key: record[key] for key in _HEADER_KEYS if record.get(key) is not None}
    _check_header(known)
    extra = {k: v for k, v in record.items() if k not in _HEADER_KEYS and k not in ("streamdoctor", "version")}
    known["redacted"] = tuple(known.get("redacted", ()))
    return Header(**known, extra=extra)


def _check_header(known: dict[str, Any]) -> None:
    types = {"exchange": int, "attempt": int, "redacted": list}
    for key in ("started", "recorder"):
        if key not in known:
            raise CaptureError(f"the header has no {key!r}", line=1)
    for key, value in known.items():
        if not isinstance(value, types.get(key, str)):
            raise CaptureError(f"the header's {key!r} is {value!r}: not a {types.get(key, str).__name__}", line=1)
    if known.get("protocol", PROTOCOLS[0]) not in PROTOCOLS:
        raise CaptureError(f"this capture is of {known['protocol']!r}: it needs a newer streamdoctor", line=1)
    if known.get("fidelity", FIDELITIES[0]) not in FIDELITIES:
        raise CaptureError(f"the header's 'fidelity' is {known['fidelity']!r}, not one of {FIDELITIES}", line=1)


def decode_record(line: bytes, number: int) -> Record | End:
    """The record in `line`, line `number` of its file. Raises CaptureError where it is malformed."""
    record = _load(line, number)
    match record:
        case [int(ns), (">" | "<") as direction, value] if not isinstance(ns, bool):
            return Read(ns, direction, _decode_data(value, number))
        case [int(ns), "=", {"mark": str(name)} as details]:
            return Mark(ns, name, {key: value for key, value in details.items() if key != "mark"})
        case [int(ns), ".", {"cause": str(cause)} as details]:
            return _decode_end(ns, cause, details, number)
    raise CaptureError("this line is no record: expected [nanoseconds, direction, what]", line=number)


def _decode_end(ns: int, cause: str, details: dict[str, Any], number: int) -> End:
    for key in ("side", "framing"):
        if not isinstance(details.get(key), str | None):
            raise CaptureError(f"the end record's {key!r} is not a string", line=number)
    rest = {key: value for key, value in details.items() if key not in _END_KEYS}
    return End(ns, cause, details.get("side"), details.get("framing"), rest)


def _decode_data(value: Any, number: int) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode("utf-8")
        except UnicodeEncodeError as error:
            where = f"\\u{ord(value[error.start]):04x}"
            raise CaptureError(f"a lone surrogate ({where}) stands for no bytes", line=number) from None
    if isinstance(value, dict) and isinstance(value.get("b64"), str):
        try:
            return b64decode(value["b64"], validate=True)
        except (Base64Error, ValueError) as error:
            raise CaptureError(f"bad base64: {error}", line=number) from None
    raise CaptureError('the bytes of a read are a string or {"b64": ...}', line=number)


def _load(line: bytes, number: int) -> Any:
    """Fast where it can be; what orjson refuses (lone surrogates, huge numbers) Python's own reader may still take."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CaptureError(f"this line is not JSON: {error}", line=number) from None


def split_lines(data: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """(number from 1, line without its end, whole?) of each line; lines end at LF only."""
    lines = data.split(b"\n")
    last = lines.pop()
    for number, line in enumerate(lines, 1):
        yield number, line, True
    if last:
        yield len(lines) + 1, last, False
