"""Specimens: small parsers with one classic mistake each, as people write them for a chat API's stream.

They are judged by the same code as a stranger's; what each is found guilty of stands only in the tests. To add one:
write it, enter it in SPECIMENS with the sentence of what it does to a user.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, NamedTuple

MAX_LINES = 30
LINE_LIMIT = 10_000


class Incomplete(Exception):
    """The stream ended before `[DONE]`."""


def _delta(data: str) -> str:
    """The visible text of one chat chunk."""
    choices = json.loads(data).get("choices") or [{}]
    return choices[0].get("delta", {}).get("content") or ""


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Lines by LF, with a carry-over that keeps code points whole: the sound base of most specimens."""
    carry = bytearray()
    for piece in pieces:
        carry += piece
        if b"\n" in piece:
            *lines, carry = carry.split(b"\n")
            for line in lines:
                yield line.decode().removesuffix("\r")


def _deltas(lines: Iterable[str]) -> Iterator[str]:
    """Text until `[DONE]`; a stream that ends without it is an error."""
    for line in lines:
        name, _, value = line.partition(":")
        if name != "data":
            continue
        data = value.removeprefix(" ")
        if data == "[DONE]":
            return
        yield _delta(data)
    raise Incomplete


def closes_after_lines(pieces: Iterable[bytes]) -> Iterator[str]:
    for count, line in enumerate(_whole_lines(pieces)):
        if count == MAX_LINES or line == "data: [DONE]":
            return
        if line.startswith("data: "):
            yield _delta(line[6:])
    raise Incomplete


async def waits_longer(pieces: AsyncIterable[bytes]) -> AsyncIterator[str]:
    """The count is still there; only the time-out grew."""
    source = aiter(pieces)
    carry, count = bytearray(), 0
    while True:
        try:
            piece = await asyncio.wait_for(anext(source), timeout=120)
        except StopAsyncIteration:
            raise Incomplete from None
        carry += piece
        if b"\n" not in piece:
            continue
        *lines, carry = carry.split(b"\n")
        for line in lines:
            count += 1
            if count > MAX_LINES or line.strip() == b"data: [DONE]":
                return
            if line.startswith(b"data: "):
                yield _delta(line[6:].decode())


def retries_from_start(pieces: Iterable[bytes]) -> Iterator[str]:
    for _ in range(3):
        try:
            yield from _deltas(_whole_lines(pieces))
            return
        except ConnectionError:
            continue


def collects_then_flushes(pieces: Iterable[bytes]) -> Iterator[str]:
    collected: list[str] = []
    try:
        for text in _deltas(_whole_lines(pieces)):
            collected.append(text)
    finally:
        yield "".join(collected)


def finally_works(pieces: Iterable[bytes]) -> Iterator[str]:
    buffer = ""
    for piece in pieces:
        buffer += piece.decode()
        *lines, buffer = buffer.split("\n")
        for line in lines:
            if line == "data: [DONE]":
                return
            if line.startswith("data: "):
                yield line[6:]
    if buffer.startswith("data: "):
        yield buffer[6:]


def limits_lines(pieces: Iterable[bytes]) -> Iterator[str]:
    yield from _deltas(line for line in _whole_lines(pieces) if len(line) <= LINE_LIMIT)


def decodes_each_piece(pieces: Iterable[bytes]) -> Iterator[str]:
    text = (piece.decode("utf-8", errors="replace").encode() for piece in pieces)
    yield from _deltas(_whole_lines(text))


def parses_each_piece(pieces: Iterable[bytes]) -> Iterator[str]:
    for piece in pieces:
        for line in piece.decode("utf-8", errors="ignore").split("\n"):
            if line.startswith("data: "):
                yield line[6:].removesuffix("\r")


def splits_lines_everywhere(pieces: Iterable[bytes]) -> Iterator[str]:
    """`str.splitlines` ends lines at U+2028, U+2029, U+0085, VT, FF and more."""
    for text in _text_blocks(pieces):
        for line in text.splitlines():
            if line.startswith("data: "):
                if line == "data: [DONE]":
                    return
                yield line[6:]
    raise Incomplete


def _text_blocks(pieces: Iterable[bytes]) -> Iterator[str]:
    carry = b""
    for piece in pieces:
        carry += piece
        if b"\n" in piece:
            *blocks, carry = carry.replace(b"\r\n", b"\n").split(b"\n\n")
            for block in blocks:
                yield block.decode()


class Specimen(NamedTuple):
    """`summary`: what it does to a user, in one sentence."""

    parser: Callable[..., Any]
    summary: str


SPECIMENS: dict[str, Specimen] = {
    "closes-after-lines": Specimen(
        closes_after_lines, f"takes {MAX_LINES} lines for the whole answer: long ones stop mid-word"
    ),
    "waits-longer": Specimen(waits_longer, "the same with a time-out of 120 s instead of 30 s: nothing is better"),
    "retries-from-start": Specimen(retries_from_start, "asks again after an error: the reader gets the start twice"),
    "collects-then-flushes": Specimen(collects_then_flushes, "shows nothing until the end, then all at once"),
    "finally-works": Specimen(finally_works, "a line buffer over decoded pieces: works, until a piece ends inside é"),
    "limits-lines": Specimen(limits_lines, f"drops every line over {LINE_LIMIT:,} characters: a long event is lost"),
    "decodes-each-piece": Specimen(decodes_each_piece, "decodes piece by piece: emoji and Japanese turn into U+FFFD"),
    "parses-each-piece": Specimen(parses_each_piece, "takes every read for whole lines: events that are cut get lost"),
    "splits-lines-everywhere": Specimen(
        splits_lines_everywhere, "str.splitlines(): an event with U+2028 in its text is cut off there"
    ),
}
