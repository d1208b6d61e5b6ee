"""Content codings, incrementally: gzip, deflate, br and zstd, alone or stacked (RFC 9110 section 8.4; RFC 1950 to 1952,
RFC 7932, RFC 8878).

Rules: a byte comes out with the piece that lets us know it, whatever the cuts; broken or surplus bytes stop the decoder
with a note, and all that came before them is given. Nothing is raised: an unknown coding or a missing package is a
note as well. Bounded: at most `limit` bytes come out of each coding, so a bomb costs no more than that and a few MiB.
Cost: linear; br and zstd are fed a byte at a time, for a call that meets an error gives nothing of what it decoded.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from streamdoctor.stream.event import Problem

LIMIT = 256 << 20
CUT = "the end came inside it"
"""How the problem of a coding ends that was sound as far as it came."""

_SLICE = 1024
_BR_OUTPUT = 1 << 20
_ZSTD_WINDOW = 128 << 20


class CodingDecoder:
    """The codings of a `Content-Encoding` value, undone last first; None, "" and "identity" change nothing."""

    def __init__(self, codings: str | None, limit: int = LIMIT) -> None:
        names = [name.strip().lower() for name in (codings or "").split(",")]
        self._stages = [_Stage(name, limit) for name in reversed(names) if name not in ("", "identity")]

    @property
    def idle(self) -> bool:
        """Is there no coding to undo?"""
        return not self._stages

    def feed(self, data: bytes) -> bytes:
        """What `data` decodes to; nothing any more after a problem."""
        for stage in self._stages:
            data = stage.feed(data)
        return data

    def close(self) -> bytes:
        """Nothing more; a coding that is not at its own end is noted."""
        for stage in self._stages:
            stage.close()
        return b""

    @property
    def problems(self) -> list[Problem]:
        """At most one for each coding; the offset counts that coding's own bytes."""
        return [stage.problem for stage in self._stages if stage.problem is not None]


class _Unit(Protocol):
    """One member or frame. `consumed` counts the bytes used of the data last given; `ended` is set by the last one."""

    consumed: int
    ended: bool

    def pieces(self, data: bytes) -> Iterator[bytes]: ...


class _BrokenError(Exception):
    """Bytes that are not of the coding, or a coding that cannot be read here. Stays in this module."""


class _Stage:
    """One coding: its members one after the other, until bytes make no sense."""

    def __init__(self, name: str, limit: int) -> None:
        self.problem: Problem | None = None
        self._name = name
        self._limit = self._room = limit
        self._offset = 0
        self._members = 0
        self._unit: _Unit | None = None

    def feed(self, data: bytes) -> bytes:
        result = bytearray()
        while data and self.problem is None:
            data = data if self._unit else self._between(data)
            if self._unit and data:
                result += self._decode(self._unit, data)
                data = self._rest(self._unit, data)
        return bytes(result)

    def close(self) -> None:
        if self._unit:
            self._stop(CUT)

    def _between(self, data: bytes) -> bytes:
        """Begins a member. After the first, zero bytes are padding; only gzip and zstd may have more than one."""
        kept = data.lstrip(b"\0") if self._members else data
        self._offset += len(data) - len(kept)
        if kept and self._members and self._name not in _MANY:
            self._stop("bytes after its end")
        elif kept:
            try:
                self._unit = _UNITS.get(self._name, _unknown)()
            except _BrokenError as reason:
                self._stop(str(reason))
        return kept

    def _decode(self, unit: _Unit, data: bytes) -> bytes:
        result = bytearray()
        try:
            for piece in unit.pieces(data):
                result += piece[: self._room]
                if len(piece) > self._room:
                    self._stop(f"more than {self._limit} bytes come out of it; the rest is left out")
                    break
                self._room -= len(piece)
        except _BrokenError as reason:
            self._stop(f"not valid: {reason}", unit.consumed)
        return bytes(result)

    def _rest(self, unit: _Unit, data: bytes) -> bytes:
        """What an ended member left over."""
        self._offset += unit.consumed
        if unit.ended:
            self._unit = None
            self._members += 1
        return data[unit.consumed :]

    def _stop(self, message: str, further: int = 0) -> None:
        if self.problem is None:
            self.problem = Problem("coding", self._offset + further, f"{self._name}: {message}")


class _Zlib:
    """gzip, zlib or raw deflate, by zlib's number for the format. A slice that fails is fed again byte by byte."""

    def __init__(self, wbits: int) -> None:
        self.consumed = 0
        self.ended = False
        self._decoder = zlib.decompressobj(wbits)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        self.consumed = 0
        while self.consumed < len(data) and not self.ended:
            part = data[self.consumed : self.consumed + _SLICE]
            before = self._decoder.copy()
            try:
                piece = self._decoder.decompress(part)
            except zlib.error:
                yield from self._up_to_error(before, part)
                return
            self.ended = self._decoder.eof
            self.consumed += len(part) - len(self._decoder.unused_data)
            yield piece

    def _up_to_error(self, decoder: Any, part: bytes) -> Iterator[bytes]:
        try:
            for byte in part:
                yield decoder.decompress(bytes((byte,)))
                self.consumed += 1
        except zlib.error as error:
            raise _BrokenError(str(error)) from error


class _Deflate:
    """zlib as RFC 9110 has it, or the raw form that some servers send: the first two bytes tell."""

    def __init__(self) -> None:
        self.consumed = 0
        self.ended = False
        self._head = b""
        self._decoder: _Zlib | None = None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        held, self._head = len(self._head), self._head + data[: 2 - len(self._head)]
        self.consumed = len(data)
        if len(self._head) < 2:
            return
        if self._decoder is None:
            self._decoder = _Zlib(_deflate_format(self._head))
            data = self._head[:held] + data
        else:
            held = 0
        try:
            yield from self._decoder.pieces(data)
        finally:
            self.ended = self._decoder.ended
            self.consumed = max(self._decoder.consumed - held, 0)


class _Bytewise:
    """A decoder of a package, fed one byte at a time."""

    def __init__(self, package: str) -> None:
        self.consumed = 0
        self.ended = False
        try:
            self._package = importlib.import_module(package)
        except ImportError as error:
            raise _BrokenError(f"needs the package {package}") from error

    def pieces(self, data: bytes) -> Iterator[bytes]:
        self.consumed = 0
        try:
            while self.consumed < len(data) and not self.ended:
                yield from self._step(data[self.consumed : self.consumed + 1])
                self.consumed += 1
        except self._error() as error:
            raise _BrokenError(str(error)) from error

    def _step(self, byte: bytes) -> Iterator[bytes]:
        raise NotImplementedError

    def _error(self) -> type[Exception]:
        raise NotImplementedError


class _Brotli(_Bytewise):
    """A byte can give gigabytes: they come out in parts."""

    def __init__(self) -> None:
        super().__init__("brotli")
        self._decoder = self._package.Decompressor()

    def _step(self, byte: bytes) -> Iterator[bytes]:
        yield self._decoder.process(byte, output_buffer_limit=_BR_OUTPUT)
        while not (self._decoder.can_accept_more_data() or self._decoder.is_finished()):
            yield self._decoder.process(b"", output_buffer_limit=_BR_OUTPUT)
        self.ended = self._decoder.is_finished()

    def _error(self) -> type[Exception]:
        error: type[Exception] = self._package.error
        return error


class _Zstd(_Bytewise):
    """A byte gives a block at most: 128 KiB."""

    def __init__(self) -> None:
        super().__init__("zstandard")
        self._decoder = self._package.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()

    def _step(self, byte: bytes) -> Iterator[bytes]:
        yield self._decoder.decompress(byte)
        self.ended = self._decoder.eof

    def _error(self) -> type[Exception]:
        error: type[Exception] = self._package.ZstdError
        return error


def _gzip() -> _Unit:
    return _Zlib(16 + zlib.MAX_WBITS)


def _deflate_format(head: bytes) -> int:
    has_zlib_header = head[0] & 0x0F == 8 and int.from_bytes(head, "big") % 31 == 0
    return zlib.MAX_WBITS if has_zlib_header else -zlib.MAX_WBITS


def _unknown() -> _Unit:
    raise _BrokenError("an unknown coding")


_UNITS: dict[str, Callable[[], _Unit]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
_MANY = frozenset({"gzip", "x-gzip", "zstd"})
