"""Correct parsers that keep their state in the ways people do, and the same with the state hidden where a copy of the
instance does not see it. All hand out the lines of plain SSE `data:` fields, at the end of their lines.
"""

from __future__ import annotations

import codecs
import functools
import io
import itertools
import json
import logging
import operator
import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

# ruff: noqa: B006


def values(lines: list[bytes]) -> list[str]:
    return [line[6:].decode() for line in lines if line.startswith(b"data: ")]


# --- correct


class Lines:
    """The base of most below: `keep` the unfinished line somewhere."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, data: bytes) -> list[str]:
        *lines, self.rest = (self.rest + data).split(b"\n")
        return values(lines)


class Buffer:
    def __init__(self) -> None:
        self.buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[str]:
        self.buffer += data
        while (end := self.buffer.find(b"\n")) >= 0:
            line = bytes(self.buffer[:end])
            del self.buffer[: end + 1]
            yield from values([line])


class Incremental:
    def __init__(self) -> None:
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.text = ""

    def feed(self, data: bytes) -> list[str]:
        *lines, self.text = (self.text + self.decoder.decode(data)).split("\n")
        return [line[6:] for line in lines if line.startswith("data: ")]


@dataclass
class State:
    rest: bytes = b""
    ready: deque[str] = field(default_factory=deque)


class Nested:
    def __init__(self) -> None:
        self.state = State()
        self.alias = self.state
        self.handler = self.take

    def take(self, line: bytes) -> None:
        self.alias.ready.extend(values([line]))

    def feed(self, data: bytes) -> list[str]:
        *lines, self.state.rest = (self.state.rest + data).split(b"\n")
        for line in lines:
            self.handler(line)
        out = list(self.state.ready)
        self.alias.ready.clear()
        return out


class Slots:
    __slots__ = ("rest", "unset")

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, data: bytes) -> list[str]:
        *lines, self.rest = (self.rest + data).split(b"\n")
        return values(lines)


class Item(NamedTuple):
    data: str


class Switching:
    """A state machine of bound methods; an id set of what was seen; items of its own."""

    def __init__(self) -> None:
        self.step = self.first
        self.line = bytearray()
        self.names = {"event", "id"}
        self.counts = {"data": 0}

    def first(self, byte: int) -> Item | None:
        self.step = self.rest
        return self.rest(byte)

    def rest(self, byte: int) -> Item | None:
        if byte != 10:
            self.line.append(byte)
            return None
        line, self.line = bytes(self.line), bytearray()
        self.step = self.first
        self.counts["data"] += line.partition(b":")[0].decode() not in self.names
        found = values([line])
        return Item(found[0]) if found else None

    def feed(self, data: bytes) -> list[Item]:
        return [item for byte in data if (item := self.step(byte)) is not None]


class Saves:
    """Keeps pieces, but tells its state itself."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[str]:
        self.pieces.append(data)
        if b"\n" not in data:
            return []
        *lines, rest = b"".join(self.pieces).split(b"\n")
        self.pieces = [rest]
        return values(lines)

    def snapshot(self) -> bytes:
        return b"".join(self.pieces)

    def restore(self, state: bytes) -> None:
        self.pieces = [state]


class Same(Lines):
    """Asks for None, classes, flags and members: of each there is one."""

    kind: State | None = None

    def feed(self, data: bytes) -> list[str]:
        assert self.kind is None and type(data) is bytes and self.__class__ is Same
        return super().feed(data) if data is not MISSING else []


MISSING = object()
LOG = logging.getLogger(__name__)


class Logs(Lines):
    def feed(self, data: bytes) -> list[str]:
        LOG.debug("%d bytes", len(data))
        return super().feed(data)


class Buffers:
    """Keeps what it has not read in a file in memory, and a decoder of its own beside it."""

    def __init__(self) -> None:
        self.file, self.decoder = io.BytesIO(), json.JSONDecoder()

    def feed(self, data: bytes) -> list[str]:
        at = self.file.tell()
        self.file.seek(0, 2)
        self.file.write(data)
        self.file.seek(at)
        lines = []
        while (line := self.file.readline()).endswith(b"\n"):
            lines.append(line[:-1])
        self.file = io.BytesIO(line)
        assert self.decoder.raw_decode("[1]") == ([1], 3)
        return values(lines)


CORRECT = ("Lines", "Buffer", "Incremental", "Nested", "Slots", "Switching", "Saves", "Same", "Logs", "Buffers")

# --- hidden: right for one way of cutting, wrong for others, by something a copy of the instance does not hold


def spoilt(items: list[str], wrong: bool) -> list[str]:
    return [item + "!" for item in items] if wrong else items


class ClassAttribute(Lines):
    fed = 0

    def feed(self, data: bytes) -> list[str]:
        ClassAttribute.fed += 1
        return spoilt(super().feed(data), ClassAttribute.fed % 5000 > 4900)


class ClassBuffer(Lines):
    kept = bytearray()

    def feed(self, data: bytes) -> list[str]:
        self.kept += data
        return super().feed(data)


class ClassToggle(Lines):
    odd = False

    def feed(self, data: bytes) -> list[str]:
        type(self).odd = not type(self).odd
        return super().feed(data)


COUNT = 0
SEEN: list[int] = []


class ModuleGlobal(Lines):
    def feed(self, data: bytes) -> list[str]:
        global COUNT
        COUNT += 1
        return super().feed(data)


class ModuleList(Lines):
    def feed(self, data: bytes) -> list[str]:
        SEEN.append(len(data))
        return super().feed(data)


class Default(Lines):
    def feed(self, data: bytes, seen: list[int] = []) -> list[str]:
        seen.append(1)
        return super().feed(data)


class FunctionAttribute(Lines):
    def feed(self, data: bytes) -> list[str]:
        FunctionAttribute.feed.__dict__["count"] = len(data)
        return super().feed(data)


def Closure() -> object:
    rest = b""

    class Parser:
        def feed(self, data: bytes) -> list[str]:
            nonlocal rest
            *lines, rest = (rest + data).split(b"\n")
            return values(lines)

    return Parser()


def counting() -> Callable[[], int]:
    count = [0]

    def more() -> int:
        count[0] += 1
        return count[0]

    return more


class ClosureList(Lines):
    more = staticmethod(counting())

    def feed(self, data: bytes) -> list[str]:
        self.more()
        return super().feed(data)


NUMBERS = itertools.count()


class ClassCounterInInit(Lines):
    made = 0

    def __init__(self) -> None:
        super().__init__()
        ClassCounterInInit.made += 1


class GlobalIterator(Lines):
    def feed(self, data: bytes) -> list[str]:
        next(NUMBERS)
        return super().feed(data)


class Memoryview(Lines):
    def __init__(self) -> None:
        super().__init__()
        self.view = memoryview(bytearray(4))


class OwnIterator(Lines):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = iter(range(9999))


class OwnGenerator(Lines):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = (n for n in range(9999))


class CCodec(Lines):
    def __init__(self) -> None:
        super().__init__()
        self.decoder = codecs.getincrementaldecoder("gbk")()


class UsesId(Lines):
    def feed(self, data: bytes) -> list[str]:
        return spoilt(super().feed(data), id(self) % 7919 == 1)


class UsesHash(Lines):
    def feed(self, data: bytes) -> list[str]:
        return spoilt(super().feed(data), hash("x") == 1)


class UsesTime(Lines):
    def feed(self, data: bytes) -> list[str]:
        return spoilt(super().feed(data), time.monotonic() < 0)


class UsesRandom(Lines):
    def feed(self, data: bytes) -> list[str]:
        return spoilt(super().feed(data), random.random() > 2)


class ImportsInside(Lines):
    def feed(self, data: bytes) -> list[str]:
        import os

        return spoilt(super().feed(data), os.getpid() < 0)


def seen_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    SEEN.append(len(pairs))
    return dict(pairs)


DECODER = json.JSONDecoder(object_pairs_hook=seen_pairs)


class DecoderHook(Lines):
    def feed(self, data: bytes) -> list[str]:
        DECODER.decode('{"a": 1}')
        return super().feed(data)


class DecoderAttribute(Lines):
    def feed(self, data: bytes) -> list[str]:
        DECODER.strict = b"\n" in data
        return super().feed(data)


class HashMethod(Lines):
    def feed(self, data: bytes) -> list[str]:
        return spoilt(super().feed(data), "x".__hash__() == 1)


class WritesModule(Lines):
    def feed(self, data: bytes) -> list[str]:
        json.fed = len(data)  # type: ignore[attr-defined]
        return super().feed(data)


class WritesImported(Lines):
    def feed(self, data: bytes) -> list[str]:
        import struct

        struct.fed = len(data)  # type: ignore[attr-defined]
        return super().feed(data)


class WritesFunction(Lines):
    def feed(self, data: bytes) -> list[str]:
        json.loads.fed = len(data)  # type: ignore[attr-defined]
        return super().feed(data)


class ComparesObjects(Lines):
    def feed(self, data: bytes) -> list[str]:
        return spoilt(super().feed(data), operator.is_(self.rest, data))


class RenamesClass(Lines):
    def feed(self, data: bytes) -> list[str]:
        RenamesClass.__name__ = f"{len(data)} bytes"
        return super().feed(data)


class RenamesFunction(Lines):
    def feed(self, data: bytes) -> list[str]:
        Lines.feed.__doc__ = f"{len(data)} bytes"
        return super().feed(data)


class Annotates(Lines):
    fed: int

    def feed(self, data: bytes) -> list[str]:
        Annotates.__annotations__["fed"] = len(data)
        return super().feed(data)


class Pieces:
    """Correct, but its state tells how the bytes were cut."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[str]:
        self.pieces.append(data)
        if b"\n" not in data:
            return []
        *lines, rest = b"".join(self.pieces).split(b"\n")
        self.pieces = [rest]
        return values(lines)


class Counts(Lines):
    """Correct, but it counts."""

    def __init__(self) -> None:
        super().__init__()
        self.stats = State()
        self.stats.rest = b"0"

    def feed(self, data: bytes) -> list[str]:
        self.stats.rest = str(int(self.stats.rest) + 1).encode()
        return super().feed(data)


class Cached(Lines):
    @functools.cache  # noqa: B019
    def size(self, data: bytes) -> int:
        return len(data)

    def feed(self, data: bytes) -> list[str]:
        self.size(b"")
        return super().feed(data)


class PropertyCounts(Lines):
    reads = 0

    @property
    def done(self) -> bool:
        PropertyCounts.reads += 1
        return False


class GetattrCounts(Lines):
    asked = 0

    def __getattr__(self, name: str) -> object:
        GetattrCounts.asked += 1
        raise AttributeError(name)


class Patches(Lines):
    def feed(self, data: bytes) -> list[str]:
        out = super().feed(data)
        if out:
            Patches.feed = lambda self, data: []  # type: ignore[method-assign,assignment]
        return out


class Bytes(bytearray):
    """Holds what a plain instance does not."""


class Builtin(Lines):
    def __init__(self) -> None:
        super().__init__()
        self.buffer = Bytes()


class Deletes(Lines):
    def __del__(self) -> None:
        SEEN.clear()


def Generator(pieces: Iterator[bytes]) -> Iterator[str]:
    parser = Lines()
    for piece in pieces:
        yield from parser.feed(piece)


HIDDEN = {
    "ClassAttribute": "class attribute ClassAttribute.fed",
    "ClassBuffer": "class attribute ClassBuffer.kept",
    "ClassToggle": "class attribute ClassToggle.odd",
    "ModuleGlobal": "module global COUNT",
    "ModuleList": "module global SEEN",
    "Default": "default argument seen of Default.feed",
    "FunctionAttribute": "FunctionAttribute.feed",
    "Closure": "closure variable rest",
    "ClosureList": "closure variable count of counting",
    "ClassCounterInInit": "class attribute ClassCounterInInit.made",
    "GlobalIterator": "module global NUMBERS",
    "Memoryview": "memoryview at parser.view",
    "OwnIterator": "an iterator, range_iterator, at parser.numbers",
    "OwnGenerator": "a generator, whose frame cannot be frozen, at parser.numbers",
    "CCodec": "parser.decoder",
    "UsesId": "id() reached from UsesId.feed",
    "UsesHash": "hash() reached from UsesHash.feed",
    "UsesTime": "time.monotonic reached from",
    "UsesRandom": "random",
    "ImportsInside": "module os imported by ImportsInside.feed",
    "Pieces": "pieces",
    "Counts": "stats.rest",
    "Cached": "lru_cache",
    "PropertyCounts": "PropertyCounts.reads",
    "GetattrCounts": "GetattrCounts.asked",
    "Patches": "class attribute Patches.feed",
    "Builtin": "Bytes, a subclass of the built-in bytearray, at parser.buffer",
    "Deletes": "Deletes.__del__",
    "Generator": "a generator's frame cannot be frozen",
    "RenamesClass": "RenamesClass.feed writes __name__",
    "RenamesFunction": "RenamesFunction.feed writes __doc__",
    "Annotates": "class attribute Annotates.__annotations__",
    "DecoderHook": "module global SEEN",
    "DecoderAttribute": "attribute strict of module global DECODER",
    "HashMethod": "__hash__ reached from HashMethod.feed",
    "WritesModule": "module json used as a value in WritesModule.feed",
    "WritesImported": "module struct used as a value in WritesImported.feed",
    "WritesFunction": "attribute of function loads",
    "ComparesObjects": "operator.is_ reached from",
}
"""What each refusal has to name."""
