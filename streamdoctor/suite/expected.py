"""What a capture means, kept beside it as `NAME.expected.json` for review: digest of the events, text, completeness.

The reference reads the capture anew in every check; where that and the file disagree, one of them is wrong, and no
parser is judged on that capture until a person has said which.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from streamdoctor.capture.file import SUFFIXES
from streamdoctor.diagnosis.compare import common_prefix
from streamdoctor.errors import CaptureError
from streamdoctor.stream.providers.base import assemble
from streamdoctor.stream.reading import Reading
from streamdoctor.suite.subjects import Subject
from streamdoctor.visible import safe_json, safe_text, shorten

SCHEMA = "streamdoctor.expected/1"
SUFFIX = ".expected.json"
_LONG = 80
RULE = "SD903"
"""The result of a capture that does not mean what is expected of it."""


def path_of(capture: str) -> Path:
    """Where the expectation of a capture file stands."""
    suffix = next((suffix for suffix in reversed(SUFFIXES) if capture.endswith(suffix)), "")
    return Path(capture.removesuffix(suffix) + SUFFIX)


def meaning(reading: Reading) -> dict[str, Any]:
    """What is kept: enough to see a change in a diff."""
    assembled = assemble(reading.meanings)
    events = [[event.type, event.data, event.own_id] for event in reading.events]
    digest = hashlib.sha256(json.dumps(events).encode()).hexdigest()
    calls = [{"name": call.name, "arguments": call.arguments} for call in assembled.tool_calls]
    return {
        "schema": SCHEMA,
        "dialect": reading.provider.name,
        "events": {"count": len(events), "sha256": digest},
        "texts": {str(choice): text for choice, text in assembled.texts.items()},
        "tool_calls": calls,
        "complete": reading.complete,
        "ended_by": reading.ended_by,
    }


def update(subject: Subject) -> Path | None:
    """Writes what a capture means beside it; None where it is no stream. Raises CaptureError where that fails."""
    if subject.path is None or subject.skip:
        return None
    path = path_of(subject.path)
    try:
        path.write_text(safe_json(meaning(subject.reading)), encoding="utf-8")
    except OSError as error:
        raise CaptureError(f"{path} cannot be written: {error.strerror}") from None
    return path


def dispute(subject: Subject) -> str | None:
    """How the capture differs from what is expected of it; None where it does not, or nothing is. Raises CaptureError
    where the expectation cannot be read."""
    if subject.path is None or not path_of(subject.path).exists():
        return None
    path = path_of(subject.path)
    place = _difference(_load(path), {} if subject.skip else meaning(subject.reading))
    if place is None:
        return None
    name, right, now = place
    told = subject.skip or f"{name} is {_told(now, right)}, expected {_told(right, now)}"
    return f"{RULE}, the capture does not mean what {path.name} says: {told} (accept it with check --update)"


def _difference(wanted: dict[str, Any], got: dict[str, Any]) -> tuple[str, Any, Any] | None:
    """The first value that differs: its name, what it should be, what it is."""
    for name in {**got, **wanted}:
        right, now = wanted.get(name), got.get(name)
        if right != now and isinstance(right, dict) and isinstance(now, dict):
            inner = _difference(right, now)
            return inner and (f"{name}.{inner[0]}", *inner[1:])
        if right != now:
            return name, right, now
    return None


def _load(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise CaptureError(f"{path} is {document['schema']!r}, not {SCHEMA!r}")
        return dict(document)
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "write it anew with check --update"
        raise CaptureError(f"{path} is no expectation ({type(error).__name__}: {error})", hint=hint) from None


def _told(value: Any, other: Any) -> str:
    """A value on one line; of two long texts what differs."""
    if isinstance(value, str) and isinstance(other, str) and len(value) > _LONG:
        value = "…" + value[max(common_prefix(value, other) - _LONG // 4, 0) :]
    return shorten(safe_text(json.dumps(value, ensure_ascii=False)), _LONG)
