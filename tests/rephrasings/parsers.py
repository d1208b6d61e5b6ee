"""Correct parsers in several shapes, and the same with one mistake each: what rephrasings are tried on.

Each line costs what it is long, however it is cut, so that an event of a megabyte takes no time.
"""

from __future__ import annotations

import json
import re
from codecs import getincrementaldecoder
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, NamedTuple


class Incomplete(Exception):
    """The stream ended before its terminal signal."""


class Event(NamedTuple):
    data: str
    event: str = "message"
    id: str = ""


class Lines:
    """Bytes in, whole lines out, by LF, CRLF and CR."""

    encoding = "utf-8-sig"
    ends = re.compile("\r\n|\n|\r")

    def __init__(self) -> None:
        self.decoder = getincrementaldecoder(self.encoding)("replace")
        self.parts: list[str] = []
        self.after_cr = False

    def push(self, piece: bytes) -> Iterator[str]:
        text = self.decoder.decode(piece)
        if self.after_cr and text:
            text, self.after_cr = text.removeprefix("\n"), False
        *ended, rest = self.ends.split(text)
        self.after_cr = text.endswith("\r")
        for line in ended:
            yield "".join([*self.parts, line])
            self.parts = []
        self.parts.append(rest)


class Decoder:
    """An object with `feed`: bytes in, events out."""

    lines: type[Lines] = Lines

    def __init__(self) -> None:
        self.reader = self.lines()
        self.data: list[str] = []
        self.event = self.id = ""

    def feed(self, piece: bytes) -> list[Event]:
        events = map(self.take, self.reader.push(piece))
        return [event for event in events if event is not None]

    def close(self) -> list[Event]:
        return []

    def take(self, line: str) -> Event | None:
        if not line:
            return self.dispatch()
        name, _, value = line.partition(":")
        self.field(name, self.value(value))
        return None

    def value(self, value: str) -> str:
        return value.removeprefix(" ")

    def field(self, name: str, value: str) -> None:
        if name == "data":
            self.data.append(value)
        elif name == "event":
            self.event = value
        elif name == "id" and "\0" not in value:
            self.id = value

    def dispatch(self) -> Event | None:
        data, kind = self.data, self.event
        self.data, self.event = [], ""
        return Event(self.joined(data), kind or "message", self.id) if data else None

    def joined(self, data: list[str]) -> str:
        return "\n".join(data)


def events(pieces: Iterable[bytes], make: Callable[[], Decoder] = Decoder) -> Iterator[Event]:
    """A generator over pieces."""
    decoder = make()
    for piece in pieces:
        yield from decoder.feed(piece)


def data(pieces: Iterable[bytes]) -> Iterator[str]:
    return (event.data for event in events(pieces))


async def async_data(pieces: AsyncIterable[bytes]) -> AsyncIterator[str]:
    decoder = Decoder()
    async for piece in pieces:
        for event in decoder.feed(piece):
            yield event.data


def delta(data: str) -> str:
    choices = json.loads(data).get("choices") or [{}]
    return choices[0].get("delta", {}).get("content") or ""


def chat_text(
    pieces: Iterable[bytes], make: Callable[[], Decoder] = Decoder, read: Callable[[str], str] = delta
) -> Iterator[str]:
    """A consumer of chat text, which stops at [DONE]."""
    for event in events(pieces, make):
        if event.data == "[DONE]":
            return
        yield read(event.data)
    raise Incomplete


def chat_json(pieces: Iterable[bytes]) -> Iterator[Any]:
    for event in events(pieces):
        if event.data == "[DONE]":
            return
        yield json.loads(event.data)
    raise Incomplete


class ChatFeed(Decoder):
    """The same as an object, which says when it is over."""

    done = False

    def feed(self, piece: bytes) -> list[Any]:
        out: list[str] = []
        for event in super().feed(piece):
            if event.data == "[DONE]":
                self.done = True
                break
            out.append(delta(event.data))
        return out

    def close(self) -> list[Any]:
        if not self.done:
            raise Incomplete
        return []


class Objects:
    """NDJSON: an object with `feed`, the lines as they stand."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def feed(self, piece: bytes) -> list[str]:
        *ended, rest = piece.split(b"\n")
        lines = [b"".join([*self.parts, ended[0]]), *ended[1:]] if ended else []
        self.parts = [rest] if ended else [*self.parts, rest]
        return [text for line in lines for text in self.read(line)]

    def read(self, line: bytes) -> list[str]:
        return [self.whole(line)] if line.strip() else []

    def whole(self, line: bytes) -> str:
        return line.removesuffix(b"\r").decode()

    def close(self) -> list[str]:
        return self.read(b"".join(self.parts))


def ollama_text(pieces: Iterable[bytes]) -> Iterator[str]:
    objects = Objects()
    for piece in pieces:
        for line in objects.feed(piece):
            value = json.loads(line)
            yield value["message"]["content"]
            if value["done"]:
                return
    raise Incomplete


CORRECT: dict[str, Callable[..., Any]] = {
    "decoder": Decoder,
    "events": events,
    "data": data,
    "async_data": async_data,
    "chat_text": chat_text,
    "chat_json": chat_json,
    "chat_feed": ChatFeed,
    "ndjson": Objects,
    "ollama_text": ollama_text,
}


# --- one mistake each


class FirstLineByLF(Lines):
    """The first line is read up to LF, whatever it ends in."""

    first: bytes | None = b""

    def push(self, piece: bytes) -> Iterator[str]:
        if self.first is not None:
            piece = self.first + piece
            self.first = piece if b"\n" not in piece else None
        if self.first is None:
            yield from super().push(piece)


class Sniffing(Lines):
    """All lines end as the first one does."""

    end = ""

    def push(self, piece: bytes) -> Iterator[str]:
        text = "".join([*self.parts, self.decoder.decode(piece)])
        self.parts = [text]
        if not self.end:
            found = re.search("\r\n|\n|\r(?=.)", text, re.DOTALL)
            if found is None:
                return
            self.end = found[0]
        *ended, rest = self.split(text)
        self.parts = [rest]
        yield from ended

    def split(self, text: str) -> list[str]:
        return text.split(self.end)


class KeepsBOM(Lines):
    encoding = "utf-8"


class MoreEnds(Lines):
    ends = re.compile("\r\n|[\n\r\x0b\x0c\x1c\x85\u2028\u2029]")


class ByFirstLineEnd(Decoder):
    lines = FirstLineByLF


class BySniffing(Decoder):
    lines = Sniffing


class WithBOM(Decoder):
    lines = KeepsBOM


class AtEverySeparator(Decoder):
    lines = MoreEnds


class TakesOneCharacter(Decoder):
    def value(self, value: str) -> str:
        return value[1:]


class Strips(Decoder):
    def value(self, value: str) -> str:
        return value.strip()


class FindsDataAnywhere(Decoder):
    def take(self, line: str) -> Event | None:
        found = re.search(r"\bdata: (.*)", line) if line.startswith(":") else None
        return super().take(found[0] if found else line)


class RetryMakesAnEvent(Decoder):
    retry = False

    def field(self, name: str, value: str) -> None:
        self.retry = self.retry or name == "retry"
        super().field(name, value)

    def dispatch(self) -> Event | None:
        retry, self.retry = self.retry, False
        return super().dispatch() or (Event("") if retry else None)


class KnowsItsFieldsOnly(Decoder):
    def field(self, name: str, value: str) -> None:
        if name not in ("data", "event", "id", "retry", ""):
            raise KeyError(name)
        super().field(name, value)


class BlankAfterBlank(Decoder):
    blank = False

    def take(self, line: str) -> Event | None:
        again, self.blank = self.blank and not line, not line
        return super().take(line) or (Event("") if again else None)


class IdMakesAnEvent(Decoder):
    def dispatch(self) -> Event | None:
        return super().dispatch() or (Event("", "message", self.id) if self.id else None)


class SkipsEmptyLines(Decoder):
    def field(self, name: str, value: str) -> None:
        if value or name != "data":
            super().field(name, value)


class FlushesRaw(Decoder):
    def close(self) -> list[Event]:
        return [Event("\n".join(self.data) + "\n")] if self.data else []


class LimitsLines(Decoder):
    def take(self, line: str) -> Event | None:
        if len(line) > 512 * 1024:
            raise OverflowError("line too long")
        return super().take(line)


def text_by_lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """A data line is an event."""
    reader = Lines()
    for piece in pieces:
        for line in reader.push(piece):
            value = line[5:].strip() if line.startswith("data:") else ""
            if value == "[DONE]":
                return
            if value:
                yield delta(value)
    raise Incomplete


def text_by_own_escapes(pieces: Iterable[bytes]) -> Iterator[str]:
    """Takes each escape for a character."""

    def read(data: str) -> str:
        found = re.search(r'"content":"((?:[^"\\]|\\.)*)"', data)
        return re.sub(r"\\u(....)", lambda m: chr(int(m[1], 16)), found[1]) if found else ""

    return chat_text(pieces, read=read)


class ObjectsToTheBrace(Objects):
    """Takes a line whose last byte is no brace for one that is not whole."""

    def read(self, line: bytes) -> list[str]:
        return super().read(line) if line.endswith(b"}") else []


class ObjectsOnEveryLine(Objects):
    def read(self, line: bytes) -> list[str]:
        json.loads(line)
        return [self.whole(line)]

    def close(self) -> list[str]:
        return self.read(b"".join(self.parts)) if any(self.parts) else []


class ObjectsByLineEnds(Objects):
    def close(self) -> list[str]:
        return []
