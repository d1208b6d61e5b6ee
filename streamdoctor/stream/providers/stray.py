"""Errors that an SSE body carries where no event can: a conforming parser drops them without a word.

Two shapes are known: a field named `error` (llama.cpp's older builds, GPUStack) and a bare JSON object with a key
"error" (Gemini and Ollama's OpenAI route in the middle of a stream). Cost: linear; at most 16 objects of up to 1 MiB
are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple

from streamdoctor.stream.json_array import JSONArrayDecoder
from streamdoctor.stream.providers.base import one_line, parse

_SHAPE = rb"(?:(error: ?([^\r\n]*))|(?=\{))"
_FIRST, _LATER = re.compile(_SHAPE), re.compile(rb"[\r\n]" + _SHAPE)
"""At the beginning, and behind a line end: a pattern that begins with one is searched for ten times as fast."""
_MOST_OBJECTS = 16
_LONGEST = 1 << 20


class StrayError(NamedTuple):
    """An error outside all events: the body bytes `start` to `end`, and what it says in one line."""

    start: int
    end: int
    message: str


def stray_errors(body: bytes) -> list[StrayError]:
    """The errors of an SSE body that no event carries, in order."""
    return list(islice(_find(body), _MOST_OBJECTS))


def _find(body: bytes) -> Iterator[StrayError]:
    objects = 0
    first = _FIRST.match(body)
    for match in chain([first] if first else [], _LATER.finditer(body)):
        if match[1] is not None:
            yield StrayError(*match.span(1), _said(match[2]) or "error")
        elif objects < _MOST_OBJECTS:
            objects += 1
            yield from _object(body, match.end())


def _said(value: bytes) -> str | None:
    text = value.decode("utf-8", "replace")
    document = parse(text)
    return one_line(document.get("error") or document) if document else one_line(text)


def _object(body: bytes, start: int) -> Iterator[StrayError]:
    """The object that begins at `start`, if it is one and holds an error."""
    events = JSONArrayDecoder(_LONGEST).feed(body[start : start + _LONGEST])
    document = parse(events[0].data) if events else None
    message = one_line(document.get("error")) if document else None
    if message is not None:
        yield StrayError(start, start + events[0].end, message)
