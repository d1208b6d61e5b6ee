"""Which framing a body has. The bytes decide where they are clear; the content type only where they are not.

Only the first 64 KiB are looked at. HTML, pictures, archives and plain text have no framing: None.
"""

from __future__ import annotations

import json
import re
import struct
from zlib import crc32

_LOOK = 64 << 10
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_PRELUDE = struct.Struct(">III")
_OTHER = re.compile(
    rb"<[!?a-zA-Z]|\x89PNG|GIF8|\xff\xd8\xff|%PDF|PK\x03\x04|\x1f\x8b|RIFF|\x00asm|\x7fELF", re.IGNORECASE
)
_LINE_END = re.compile(rb"\r\n|\n|\r")
_FIELD = re.compile(rb"(?:data|event|id|retry)(?::|$)|:")
_DATA = re.compile(rb"data(?::|$)")

_BY_TYPE = {
    "text/event-stream": "sse",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/x-jsonl": "ndjson",
    "application/json-seq": "ndjson",
    "application/jsonlines": "ndjson",
    "application/x-json-stream": "ndjson",
    "application/stream+json": "ndjson",
    "application/json": "json-array",
    "application/vnd.amazon.eventstream": "aws-eventstream",
}
_JSON = ("ndjson", "json-array")


def guess_framing(content_type: str | None, body: bytes) -> str | None:
    """ "sse", "ndjson", "json-array" (also for one JSON object over several lines), "aws-eventstream" or None."""
    told = _BY_TYPE.get((content_type or "").partition(";")[0].strip().lower())
    head = body[:_LOOK]
    if _is_message(head):
        return "aws-eventstream"
    text = head.removeprefix(_BOM).lstrip(_SPACE)
    if not text:
        return told
    if _OTHER.match(text):
        return None
    if text[:1] in (b"{", b"["):
        return _json_framing(text, told)
    if _is_sse(text):
        return "sse"
    return told if told == "sse" and _is_text(text) else None


def _is_message(head: bytes) -> bool:
    """Whether an AWS message begins here: its prelude carries its own CRC."""
    return len(head) >= _PRELUDE.size and _PRELUDE.unpack_from(head)[2] == crc32(head[:8])


def _is_sse(text: bytes) -> bool:
    """Whether fields and comments lead up to a `data` field."""
    for line in _LINE_END.split(text):
        if _DATA.match(line):
            return True
        if line and not _FIELD.match(line):
            return False
    return False


def _json_framing(text: bytes, told: str | None) -> str | None:
    """NDJSON if the first line is one value and others follow; an array or object if it goes on over lines."""
    first, newline, rest = text.partition(b"\n")
    if _is_json(first):
        if rest.strip(_SPACE):
            return "ndjson"
        return told if told in _JSON else "ndjson" if text[:1] == b"{" else "json-array"
    if not _begins_json(text):
        return None
    if newline or text[:1] == b"[":
        return "ndjson" if told == "ndjson" else "json-array"
    return told if told in _JSON else "ndjson"


def _begins_json(text: bytes) -> bool:
    """Whether what follows the bracket can be JSON, as far as it is there."""
    after = text[1:].lstrip(_SPACE)[:1]
    return after in (b'"}' if text[:1] == b"{" else b'{["]-0123456789tfn')


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return True


def _is_text(text: bytes) -> bool:
    return b"\0" not in text[:512]
