"""Secrets covered with `*`, byte for byte, before anything reaches the disk: DESIGN sections 4 and 9.

Rules: lengths and read boundaries stay; a head is covered when it is whole; in a body only what may still become a
secret is held back, whole reads at a time. A secret is looked for as it is, percent-encoded and JSON-escaped. Limits:
compressed bodies, a secret spread over several events, secrets under 8 bytes outside their own header or parameter.
Cost: a find a secret and read, linear in the input.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, quote_plus, unquote, unquote_to_bytes

SHORTEST_SECRET = 8
"""A shorter value is covered where it stands, but not looked for elsewhere: it would hit innocent text."""
SHORTEST_HOLD = 4
"""A read is held back from the disk when it ends in this many bytes of a secret."""
LONGEST_LINE = 1 << 16
"""A pattern is matched within one line of at most this many bytes."""

_SECRET_NAME = re.compile(
    r"(?:.*[-_])?(?:authorization|cookie2?|(?:api|access|account|auth|functions|master|private|secret|service"
    r"|shared|subscription)[-_]?key|apikey|credentials?|passw(?:or)?d|secret|signature|token)",
    re.ASCII,
)
_SECRET_PARAMETER = re.compile(r"key|auth|sig|pass|pwd", re.ASCII)
_HEADER_LINE = re.compile(rb"^([^\s:]+)[ \t]*:[ \t]*([^\r\n]*(?:\r?\n[ \t]+[^\r\n]+)*)", re.MULTILINE)
_PARAMETER = re.compile(rb"[?&]([^=&#\s?]{1,64})=([^&#\s\"'<>]*)")
_USERINFO = re.compile(rb"://[^\s/?#@:]*:([^\s/?#@]+)@")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as secret: further header names, in lower case, and patterns of secrets in heads and bodies."""

    headers: frozenset[str] = frozenset()
    patterns: tuple[re.Pattern[bytes], ...] = ()

    def names_secret(self, header: str) -> bool:
        return header in self.headers or _is_secret_name(header)


@lru_cache(maxsize=1024)  # a client sends the same headers with every request
def _is_secret_name(name: str) -> bool:
    return _SECRET_NAME.fullmatch(name) is not None


class MaskedHead(NamedTuple):
    """A head with its secrets covered; `names` of the headers and parameters they stood in, and the values."""

    data: bytes
    names: tuple[str, ...]
    values: frozenset[bytes]


@dataclass(slots=True)
class _Found:
    spans: list[Span] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    values: set[bytes] = field(default_factory=set)

    def add(self, name: str, span: Span, values: Iterable[bytes]) -> None:
        if span[0] < span[1]:
            self.spans.append(span)
            if name not in self.names:
                self.names.append(name)
            self.values.update(value for value in values if len(value) >= SHORTEST_SECRET)


def mask_head(head: bytes, rules: Rules, known: Iterable[bytes] = ()) -> MaskedHead:
    """`head`, or what there is of one, with its own secrets and the `known` ones covered wherever they stand."""
    found = _Found()
    for line in _HEADER_LINE.finditer(head):
        name = line[1].decode("latin-1").lower()
        if rules.names_secret(name):
            found.add(name, line.span(2), _values(name, line[2]))
    for parameter in _PARAMETER.finditer(head):
        name = unquote(parameter[1].decode("latin-1")).lower()
        if _SECRET_PARAMETER.fullmatch(name) or rules.names_secret(name):
            found.add(f"?{name}", parameter.span(2), (parameter[2], unquote_to_bytes(parameter[2])))
    for password in _USERINFO.finditer(head):
        found.add("userinfo", password.span(1), (password[1],))
    spans = found.spans + list(_pattern_spans(head, rules.patterns))
    for secret in spellings(found.values | set(known)):
        spans.extend(occurrences(head, secret))
    return MaskedHead(covered(head, spans), tuple(found.names), frozenset(found.values))


def _values(name: str, value: bytes) -> list[bytes]:
    """The parts of a secret header that would be secret elsewhere too."""
    value = b" ".join(value.split())
    if "cookie" in name:
        pairs = value.split(b";")[:1] if name == "set-cookie" else value.split(b";")
        return [pair.partition(b"=")[2].strip(b' "') for pair in pairs]
    scheme, space, rest = value.partition(b" ")
    return [rest.strip() if space and scheme.isalpha() else value]


def _pattern_spans(data: bytes | bytearray, patterns: Iterable[re.Pattern[bytes]]) -> Iterable[Span]:
    return (match.span() for pattern in patterns for match in pattern.finditer(data))


def spellings(values: Iterable[bytes]) -> tuple[bytes, ...]:
    """Each value as it is, percent-encoded and JSON-escaped; the longest first."""
    return _spellings(frozenset(values))


@lru_cache(maxsize=64)  # a client sends the same secrets with every request
def _spellings(values: frozenset[bytes]) -> tuple[bytes, ...]:
    found: set[bytes] = set()
    for value in values:
        quoted = quote(value, safe="").encode("ascii")
        lower = re.sub(rb"%[0-9A-F]{2}", lambda escape: escape.group().lower(), quoted)
        found.update((value, quoted, lower, quote_plus(value).encode("ascii"), quote(value).encode("ascii")))
        text = value.decode("utf-8", "surrogateescape")
        for escaped in (json.dumps(text), json.dumps(text, ensure_ascii=False)):
            plain = escaped[1:-1].encode("utf-8", "surrogateescape")
            found.update((plain, plain.replace(b"/", b"\\/")))
    return tuple(sorted((f for f in found if len(f) >= SHORTEST_SECRET), key=lambda f: (-len(f), f)))


def occurrences(data: bytes | bytearray, secret: bytes, start: int = 0) -> Iterable[Span]:
    """Every place of `secret` in `data`, overlapping ones too."""
    at = data.find(secret, start)
    while at >= 0:
        yield at, at + len(secret)
        at = data.find(secret, at + 1)


def covered(data: bytes, spans: Iterable[Span]) -> bytes:
    """`data` with `*` for each byte of `spans`."""
    result = None
    for start, end in spans:
        result = bytearray(data) if result is None else result
        result[start:end] = b"*" * (end - start)
    return data if result is None else bytes(result)


class _Held(NamedTuple):
    """A read that waits: its body bytes are `spans` of `data`, and stand at `start` to `end` in the body."""

    ns: int
    data: bytearray
    spans: Sequence[Span]
    start: int
    end: int


class BodyMask:
    """Takes reads, gives them back in order with the secrets of the body covered, as soon as it is sure of them."""

    def __init__(self, secrets: Sequence[bytes] = (), patterns: Sequence[re.Pattern[bytes]] = ()) -> None:
        """`secrets` as `spellings` gives them."""
        self.masked = 0
        """How many bytes were covered so far."""
        self._secrets = tuple(secrets)
        self._patterns = tuple(patterns)
        self._longest = max(map(len, self._secrets), default=0)
        self._held: deque[_Held] = deque()
        self._text = bytearray()
        self._base = 0
        self._line = 0

    @property
    def idle(self) -> bool:
        """There is nothing to look for: reads need not pass through here."""
        return not self._secrets and not self._patterns

    def feed(self, ns: int, data: bytes, spans: Sequence[Span]) -> list[tuple[int, bytes]]:
        """The reads that can be released, now that `data`, whose body bytes are `spans`, came at `ns`."""
        if self.idle:
            return [(ns, data)]
        start = self._base + len(self._text)
        for first, last in spans:
            self._text += data[first:last]
        end = self._base + len(self._text)
        self._held.append(_Held(ns, bytearray(data), spans, start, end))
        self._cover_secrets(start)
        self._cover_lines(self._text.rfind(b"\n", start - self._base) + 1)
        released = self._release(min(self._tail(), self._line if self._patterns else end))
        self._forget()
        return released

    def finish(self) -> list[tuple[int, bytes]]:
        """The rest, for the body is over: what of a secret stands at its end is covered, from 8 bytes on."""
        end = self._base + len(self._text)
        tail = self._tail()
        if end - tail >= SHORTEST_SECRET:
            self._cover(tail, end)
        self._cover_lines(len(self._text))
        return self._release(end)

    def _cover_secrets(self, start: int) -> None:
        """Covers what the bytes from `start` on complete."""
        for secret in self._secrets:
            since = max(0, start - self._base - len(secret) + 1)
            for first, last in occurrences(self._text, secret, since):
                self._cover(self._base + first, self._base + last)

    def _cover_lines(self, end: int) -> None:
        """Covers what the patterns match in whole lines, or in one that is too long to wait for."""
        if not self._patterns:
            return
        if self._base + len(self._text) - self._line > LONGEST_LINE:
            end = len(self._text)
        start = self._line - self._base
        if end <= start:
            return
        for first, last in _pattern_spans(self._text[start:end], self._patterns):
            self._cover(self._line + first, self._line + last)
        self._line = self._base + end

    def _tail(self) -> int:
        """Where the body's end may be the beginning of a secret; the body's end if it is not."""
        text, size = self._text, len(self._text)
        best = size
        for secret in self._secrets:
            at = text.find(secret[:SHORTEST_HOLD], max(0, size - len(secret) + 1))
            while 0 <= at < best:
                if secret.startswith(text[at:]):
                    best = at
                    break
                at = text.find(secret[:SHORTEST_HOLD], at + 1)
        return self._base + best

    def _cover(self, start: int, end: int) -> None:
        for held in self._held:
            if held.start < end and start < held.end:
                self._cover_in(held, start - held.start, end - held.start)

    def _cover_in(self, held: _Held, start: int, end: int) -> None:
        """Covers the body bytes `start` to `end` of one read, at their places on the wire."""
        passed = 0
        for first, last in held.spans:
            low, high = max(start, passed), min(end, passed + last - first)
            if low < high:
                at = first - passed
                self.masked += high - low - held.data.count(b"*", at + low, at + high)
                held.data[at + low : at + high] = b"*" * (high - low)
            passed += last - first

    def _release(self, safe: int) -> list[tuple[int, bytes]]:
        released: list[tuple[int, bytes]] = []
        while self._held and self._held[0].end <= safe:
            held = self._held.popleft()
            released.append((held.ns, bytes(held.data)))
        return released

    def _forget(self) -> None:
        """Drops body bytes that no match can begin in any more, now and then."""
        keep = min(len(self._text) - self._longest, self._line - self._base if self._patterns else len(self._text))
        if keep > 4096 + len(self._text) // 2:
            del self._text[:keep]
            self._base += keep
