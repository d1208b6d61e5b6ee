"""Bytes as hex and text, wrapped at cuts, and two texts where they differ: markup for the page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from streamdoctor.report.markup import Html, join, tag
from streamdoctor.visible import safe_bytes, safe_text, shorten

_ROW = 16
_CONTEXT = 48


def byte_rows(start: int, data: bytes, cuts: Sequence[tuple[int, str]], here: int | None = None) -> Html:
    """The bytes from offset `start` on, a new row at each cut, which says what it falls inside; `here` is where the
    first that differs is due."""
    rows = join(_rows(start, data, dict(cuts), here))
    return tag("pre", rows, class_="bytes", tabindex="0", role="group", aria_label="bytes")


def _rows(start: int, data: bytes, cuts: Mapping[int, str], here: int | None) -> Iterator[Html]:
    places = {*cuts, *([] if here is None else [here])}
    borders = sorted({start, start + len(data), *(place for place in places if start < place < start + len(data))})
    for begin, end in pairwise(borders):
        yield from _border(begin, cuts, here)
        for at in range(begin, end, _ROW):
            yield _row(at, data[at - start : min(at + _ROW, end) - start], min(len(data), _ROW))
    yield from _border(borders[-1], cuts, here)


def _border(offset: int, cuts: Mapping[int, str], here: int | None) -> Iterator[Html]:
    if offset in cuts:
        yield _cut(offset, cuts[offset])
    if offset == here:
        yield Html(tag("span", f"by byte {offset:,} the first that differs is due", class_="here") + "\n")


def _cut(offset: int, name: str) -> Html:
    if not name:
        return Html(tag("span", f"cut at {offset:,}", class_="cut") + "\n")
    where = {"between-events": "between events", "other": "at no special place"}.get(name, f"inside {name}")
    return Html(tag("span", f"cut at {offset:,}, {where}", class_="cut") + "\n")


def _row(offset: int, data: bytes, width: int) -> Html:
    cells = (
        tag("span", f"{offset:>8,}", class_="o"),
        tag("span", data.hex(" ").ljust(width * 3 - 1), class_="x"),
        tag("span", safe_bytes(data), class_="t"),
    )
    return Html("  ".join(cells) + "\n")


def pair(expected: str, got: str, most: int = 400) -> Html:
    """Both texts, one under the other, what differs marked, in at most about `most` characters."""
    right, wrong = safe_text(expected), safe_text(got)
    before = _common(right, wrong)
    after = _common(right[before:][::-1], wrong[before:][::-1])
    if (before + after) * 2 < min(len(right), len(wrong)):
        before = after = 0  # two different texts: what letters they share by chance is of no interest
    rows = [
        tag("div", tag("dt", word), tag("dd", _marked(value, before, after, most)), class_=word)
        for word, value in (("expected", right), ("got", wrong))
    ]
    return tag("dl", *rows, class_="pair")


def _common(a: str, b: str) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _marked(value: str, before: int, after: int, most: int) -> Html:
    """What is the same is shown in part, what is not in a mark."""
    end = len(value) - after
    head, middle, tail = value[:before], value[before:end], value[end:]
    if len(head) > _CONTEXT:
        head = f"…{len(head) - _CONTEXT}…{head[-_CONTEXT:]}"
    nothing = tag("mark", tag("span", "nothing", class_="unseen"), class_="gap")
    marked = tag("mark", shorten(middle, most)) if middle else nothing
    return join([head, marked, shorten(tail, _CONTEXT)])
