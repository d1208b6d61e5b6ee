"""What a parser on trial hands out, frozen at the moment it comes out, so that nothing it does later can change it.

Items are str, bytes, a mapping, or an object with `.data` (and `.event` or `.type`, and `.id`): DESIGN section 5.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Form = Literal["text", "bytes", "mapping", "event", "other"]

_EXACT = 1 << 53
"""Below it a float holds every whole number."""

ABSENT = "\0absent"
"""Stands for an id that the item has no place for; no id can hold a NUL."""


class Fields(NamedTuple):
    """An item read as an event; `id` is ABSENT where the item has no such attribute or key."""

    type: str
    data: str
    id: str


class Item(NamedTuple):
    """One item: `text` is its str, its decoded bytes, its canonical JSON, or a description; `raw` its bytes;
    `fields` how it reads as an event, None if it does not."""

    form: Form
    text: str
    raw: bytes | None = None
    fields: Fields | None = None


def canonical_json(value: Any) -> str:
    """One text for each JSON value: sorted keys, no spaces, 1.0 as 1, which is the same number (RFC 8259 section 6).

    Raises TypeError or ValueError for what is no JSON."""
    text = _dumps(value)
    return _dumps(json.loads(text, parse_float=_number)) if ".0" in text else text


def _dumps(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _number(text: str) -> float:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def freeze(item: Any) -> Item:
    """The item as a value. What this cannot read becomes form "other", never an exception."""
    if isinstance(item, str):
        return Item("text", str(item))
    if isinstance(item, bytes | bytearray | memoryview):
        raw = bytes(item)
        return Item("bytes", raw.decode("utf-8", "replace"), raw)
    if isinstance(item, Mapping):
        return _freeze_mapping(item)
    data = getattr(item, "data", None)
    if isinstance(data, Mapping):
        return _freeze_mapping(data)
    text = _as_text(data)
    if text is not None:
        kind = getattr(item, "event", None) or getattr(item, "type", None)
        return Item("event", text, None, Fields(_kind(kind), text, _id(getattr(item, "id", ABSENT))))
    return Item("other", type(item).__qualname__)


def _freeze_mapping(item: Mapping[Any, Any]) -> Item:
    try:
        text = canonical_json(dict(item))
    except (TypeError, ValueError, RecursionError):
        return Item("other", f"{type(item).__qualname__} that is no JSON")
    data = _as_text(item.get("data"))
    fields = None
    if data is not None:
        kind = item.get("event") or item.get("type")
        fields = Fields(_kind(kind), data, _id(item.get("id", ABSENT)))
    return Item("mapping", text, None, fields)


def _as_text(value: Any) -> str | None:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    return None


def _kind(value: Any) -> str:
    return _as_text(value) or "message"


def _id(value: Any) -> str:
    text = _as_text("" if value is None else value)
    return str(value) if text is None else text
