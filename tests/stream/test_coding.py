"""Content codings: whole and in any pieces, stacked, broken, bombs; nothing is raised."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.stream.coding import CodingDecoder
from tests.feeding import pieces_of

TEXT = b'data: {"n": 1, "text": "Hello"}\n\n' * 50 + bytes(range(256))


def _raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def _brotli(data: bytes) -> bytes:
    compressed: bytes = _package("brotli").compress(data)
    return compressed


def _zstd(data: bytes) -> bytes:
    compressed: bytes = _package("zstandard").ZstdCompressor().compress(data)
    return compressed


def _package(name: str) -> Any:
    return pytest.importorskip(name, reason=f"the package {name} is not installed")


CODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", _raw_deflate),
    ("br", _brotli),
    ("zstd", _zstd),
    ("gzip, br", lambda data: _brotli(gzip.compress(data))),
    ("deflate,GZIP", lambda data: gzip.compress(zlib.compress(data))),
]
every_coding = pytest.mark.parametrize(
    ("coding", "encode"), CODINGS, ids=lambda it: it if isinstance(it, str) else it.__name__
)


def _decode(coding: str | None, pieces: list[bytes], **options: int) -> tuple[bytes, list[tuple[int, str]]]:
    decoder = CodingDecoder(coding, **options)
    result = b"".join(decoder.feed(piece) for piece in pieces) + decoder.close()
    return result, [(problem.offset, problem.message) for problem in decoder.problems]


def _bytes(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


@every_coding
def test_whole_and_byte_by_byte(coding: str, encode: Callable[[bytes], bytes]) -> None:
    encoded = encode(TEXT)
    assert _decode(coding, [encoded]) == _decode(coding, _bytes(encoded)) == (TEXT, [])


@every_coding
def test_every_cut_short_is_noted(coding: str, encode: Callable[[bytes], bytes]) -> None:
    encoded = encode(TEXT)
    for end in range(1, len(encoded)):
        decoded, problems = _decode(coding, [encoded[:end]])
        assert TEXT.startswith(decoded)
        assert [message.partition(": ")[2] for _, message in problems] == ["the end came inside it"] * len(problems)
        assert problems


@every_coding
@given(data=st.data())
def test_damage_gives_the_same_for_any_cuts(coding: str, encode: Callable[[bytes], bytes], data: st.DataObject) -> None:
    encoded = bytearray(encode(TEXT))
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    pieces = data.draw(pieces_of(bytes(encoded)))
    assert _decode(coding, pieces, limit=1 << 20) == _decode(coding, [bytes(encoded)], limit=1 << 20)


def test_no_coding_changes_nothing() -> None:
    for coding in (None, "", "identity", " identity , "):
        assert _decode(coding, [b"abc", b"", b"d"]) == (b"abcd", [])


def test_an_empty_body_is_fine() -> None:
    assert _decode("gzip", []) == (b"", [])


@pytest.mark.parametrize(("coding", "encode"), [("gzip", gzip.compress), ("zstd", _zstd)])
def test_several_members(coding: str, encode: Callable[[bytes], bytes]) -> None:
    encoded = encode(b"one ") + encode(b"two ") + b"\0\0\0"
    assert _decode(coding, [encoded]) == _decode(coding, _bytes(encoded)) == (b"one two ", [])


@pytest.mark.parametrize(
    ("coding", "encode", "surplus"),
    [
        ("gzip", gzip.compress, "gzip: not valid"),
        ("deflate", zlib.compress, "deflate: bytes after its end"),
        ("br", _brotli, "br: bytes after its end"),
        ("zstd", _zstd, "zstd: not valid"),
    ],
)
def test_surplus_bytes_are_noted_where_they_begin(coding: str, encode: Callable[[bytes], bytes], surplus: str) -> None:
    encoded = encode(TEXT)
    for pieces in ([encoded + b"surplus"], _bytes(encoded + b"surplus")):
        decoded, ((offset, message),) = _decode(coding, pieces)
        assert decoded == TEXT
        assert offset in range(len(encoded), len(encoded) + 7)
        assert message.startswith(surplus)


def test_text_comes_out_with_its_flush() -> None:
    compressor = zlib.compressobj(wbits=31)
    decoder = CodingDecoder("gzip")
    for event in (b"data: 1\n\n", b"data: 2\n\n"):
        flushed = compressor.compress(event) + compressor.flush(zlib.Z_SYNC_FLUSH)
        assert decoder.feed(flushed) == event


@pytest.mark.parametrize(("coding", "encode"), [("gzip", gzip.compress), ("br", _brotli), ("zstd", _zstd)])
def test_a_bomb_is_stopped_at_the_limit(coding: str, encode: Callable[[bytes], bytes]) -> None:
    decoded, ((_, message),) = _decode(coding, [encode(bytes(20_000_000))], limit=1_000_000)
    assert decoded == bytes(1_000_000)
    assert "more than 1000000 bytes" in message


def test_exactly_the_limit_is_no_bomb() -> None:
    assert _decode("gzip", [gzip.compress(b"x" * 1_000)], limit=1_000) == (b"x" * 1_000, [])


def test_what_is_not_of_the_coding_is_noted() -> None:
    decoded, ((offset, message),) = _decode("gzip", [b"data: plain\n\n", b"more"])
    assert (decoded, offset) == (b"", 1)  # zlib looks at two bytes
    assert "gzip: not valid" in message


def test_an_unknown_coding_is_noted() -> None:
    assert _decode("rot13", [b"abc"]) == (b"", [(0, "rot13: an unknown coding")])


@pytest.mark.parametrize(("coding", "package"), [("br", "brotli"), ("zstd", "zstandard")])
def test_a_missing_package_is_named(coding: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert _decode(coding, [b"abc"]) == (b"", [(0, f"{coding}: needs the package {package}")])
