"""What one event means in one API's dialect, and what all events of a stream come to.

Rules: `read` looks at one event alone and never raises, whatever stands in it; a dialect is recognised by the shape of
its JSON, never by a key's place in it. Cost: one `json.loads` an event. Sources: the table in each provider's file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from streamdoctor.stream.event import Event

DONE = "[DONE]"
WHOLE_CALL = -1
"""A `ToolDelta.index` for calls that arrive whole and unnumbered: each is a call of its own."""

_HEAD, _TAIL = 16, 4
_SURROGATE = re.compile("[\ud800-\udfff]")


class TextDelta(NamedTuple):
    """A piece of the answer that users see; `choice` counts from 0."""

    choice: int
    text: str


@dataclass(frozen=True, slots=True)
class ToolDelta:
    """A piece of a tool call; `arguments` is a fragment of JSON text, `index` the API's own number of the call."""

    choice: int
    index: int
    id: str | None
    name: str | None
    arguments: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one event says."""

    text: tuple[TextDelta, ...] = ()
    tools: tuple[ToolDelta, ...] = ()
    signal: str | None = None
    """Set if the event is, or belongs to, the terminal signal: its name, as users see it in "ended_by"."""
    error: str | None = None
    """The API's own error, in one line."""
    finish: str | None = None
    """The API's end evidence inside content: the value of a finish reason, "done"."""
    usage: Mapping[str, Any] | None = None


NOTHING = Meaning()


class Provider(Protocol):
    """One dialect. `ends` holds the signals that prove the end; others may stand beside them (`[DONE]` after
    `response.completed`) but prove nothing alone."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def framing(self) -> str: ...
    @property
    def has_signal(self) -> bool: ...
    @property
    def ends(self) -> frozenset[str]: ...
    @property
    def definite(self) -> bool:
        """Does nothing follow the terminal signal, so that a client may leave there? Else it has to read to the end."""
        ...

    def recognises(self, events: Sequence[Event]) -> bool: ...

    def read(self, event: Event) -> Meaning: ...


class JSONDialect:
    """A provider whose events are JSON objects: says which are its own (`owns`) and what they mean (`mean`)."""

    name = ""
    title = ""
    framing = "sse"
    ends: frozenset[str] = frozenset()
    definite = True

    @property
    def has_signal(self) -> bool:
        return bool(self.ends)

    def recognises(self, events: Sequence[Event]) -> bool:
        """Whether one of the first or last events has a shape that only this API sends."""
        return any(self._owns_event(event) for event in sample(events))

    def read(self, event: Event) -> Meaning:
        """What `event` means; nothing if it is not a JSON object."""
        if event.data.strip() == DONE:
            return Meaning(signal=DONE)
        document = parse(event.data)
        return NOTHING if document is None else self.mean(document, event.type)

    def owns(self, document: Mapping[str, Any], kind: str) -> bool:
        raise NotImplementedError

    def mean(self, document: Mapping[str, Any], kind: str) -> Meaning:
        raise NotImplementedError

    def _owns_event(self, event: Event) -> bool:
        document = parse(event.data)
        return document is not None and self.owns(document, event.type)


def sample(events: Sequence[Event]) -> Sequence[Event]:
    """The events that recognition looks at: the first and the last few."""
    return events if len(events) <= _HEAD + _TAIL else [*events[:_HEAD], *events[-_TAIL:]]


# Reading JSON that may hold anything at any place.


def parse(text: str) -> dict[str, Any] | None:
    """The JSON object that `text` is, or None."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def mapping(value: object) -> Mapping[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The objects of `value` if it is an array, else none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def string(value: object) -> str:
    """`value` if it is a string, else ""."""
    return value if isinstance(value, str) else ""


def named(value: object) -> str | None:
    """`value` if it is a string with something in it, else None."""
    return value if isinstance(value, str) and value else None


def integer(value: object, default: int = 0) -> int:
    """`value` if it is a whole number (3 or 3.0), else `default`."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def compact(value: object) -> str:
    """An argument object as the JSON text that other APIs would send; a string stays as it is."""
    if value is None or isinstance(value, str):
        return value or ""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return ""


def one_line(value: object) -> str | None:
    """An API's error value (text, or an object with message, type, code) in one line; None if there is no error."""
    if not value:
        return None
    if not isinstance(value, dict):
        return " ".join(compact(value).split()) or None
    message = string(value.get("message")) or string(value.get("detail")) or compact(value.get("error"))
    kinds = [compact(value[key]) for key in ("type", "code", "status") if value.get(key)]
    note = ", ".join(dict.fromkeys(kinds))
    text = f"{message} ({note})" if message and note else message or note or compact(value)
    return " ".join(text.split())


def texts(pieces: Iterable[tuple[int, object]]) -> tuple[TextDelta, ...]:
    """Text deltas of the pieces that are strings with something in them."""
    return tuple(TextDelta(choice, text) for choice, text in pieces if isinstance(text, str) and text)


# What a whole stream comes to.


@dataclass(slots=True)
class ToolCall:
    """A tool call, put together; `arguments` is JSON text once the stream is complete."""

    choice: int
    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(slots=True)
class Assembled:
    """What the events of one stream add up to."""

    texts: dict[int, str] = field(default_factory=dict)
    tool_calls: list[ToolCall] = field(default_factory=list)
    usage: dict[str, Any] | None = None
    finishes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)


class _Joiner:
    """Gathers deltas; strings are joined once, at the end."""

    def __init__(self) -> None:
        self.texts: dict[int, list[str]] = {}
        self.calls: list[tuple[ToolCall, list[str]]] = []
        self._open: dict[tuple[int, int], int] = {}

    def add_tool(self, delta: ToolDelta) -> None:
        """To the open call of that number, unless the delta brings another id: some hosts number every call 0."""
        key = (delta.choice, delta.index)
        place = None if delta.index == WHOLE_CALL else self._open.get(key)
        if place is None or (delta.id and self.calls[place][0].id not in (None, delta.id)):
            place = self._open[key] = len(self.calls)
            self.calls.append((ToolCall(delta.choice, delta.index), []))
        call, pieces = self.calls[place]
        call.id = call.id or delta.id
        call.name = call.name or delta.name
        pieces.append(delta.arguments)

    def tool_calls(self) -> list[ToolCall]:
        for call, pieces in self.calls:
            call.arguments = _whole("".join(pieces))
        return [call for call, _ in self.calls]


def assemble(meanings: Iterable[Meaning]) -> Assembled:
    """Texts by choice, tool calls, usage (later values over earlier ones), finish reasons, errors and signals."""
    result = Assembled()
    joiner = _Joiner()
    for meaning in meanings:
        for choice, text in meaning.text:
            joiner.texts.setdefault(choice, []).append(text)
        for delta in meaning.tools:
            joiner.add_tool(delta)
        if meaning.usage:
            result.usage = {**(result.usage or {}), **meaning.usage}
        _note(result.finishes, meaning.finish)
        _note(result.errors, meaning.error)
        _note(result.signals, meaning.signal)
    result.texts = {choice: _whole("".join(pieces)) for choice, pieces in joiner.texts.items()}
    result.tool_calls = joiner.tool_calls()
    return result


def completeness(
    provider: Provider, meanings: Iterable[Meaning], *, closed: bool | None = None, stray: bool = False
) -> tuple[bool | None, str | None]:
    """Whether the provider's own terminal signal was seen with no error in its place, and what ended the stream.

    None where the dialect has no signal. `closed` is what a JSON array decoder knows and no event tells: whether the
    closing `]` came; given, it is the signal of a dialect in that framing. `stray` tells of an error that stands
    outside all events (`stray_errors`).
    """
    by_bracket = closed is not None and provider.framing == "json-array"
    error = stray
    for meaning in meanings:
        error = error or meaning.error is not None
        if meaning.signal in provider.ends and not by_bracket:
            return not error, meaning.signal
    if not provider.has_signal:
        return None, "error" if error else None
    if by_bracket and closed:
        return not error, "]"
    return False, "error" if error else None


def _note(values: list[str], value: str | None) -> None:
    if value is not None:
        values.append(value)


def _whole(text: str) -> str:
    """`text` with surrogates that met their other half in the next delta made one character."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
