"""Drawings of a case: when its bytes came, where it was cut, how large reads and pieces were. Inline SVG. Pure.

Each has a title that says in words what it shows; colours come from the style sheet, by class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import log2

from streamdoctor.report.markup import Html, join, tag
from streamdoctor.report.words import duration, plural

WIDTH, _LEFT, _RIGHT = 960, 72, 948
_SPAN = _RIGHT - _LEFT


def timeline(arrivals: Sequence[tuple[int, int]], shows: int | None) -> Html:
    """When the bytes came as recorded: a bar a read, taller for more; `shows` is the offset where it goes wrong."""
    until = max(arrivals[-1][1], 1)
    words = f"{plural(arrivals[-1][0], 'byte')} as recorded, the last after {duration(until)}"
    parts = [_label("recorded", 30), *_reads(arrivals, until), _axis(62), *_ticks(until)]
    if shows is not None:
        ns = next((ns for offset, ns in arrivals if offset >= shows), until)
        parts.append(_marker(_at(ns, until), 62, f"{duration(ns)}"))
    return _drawing(words, 100, parts)


def _reads(arrivals: Sequence[tuple[int, int]], until: int) -> Iterator[Html]:
    sizes = [after - before for before, after in pairwise((0, *(offset for offset, _ in arrivals)))]
    most = log2(max([*sizes, 1]) + 1)
    for size, (_, ns) in zip(sizes, arrivals, strict=True):
        height = max(3.0, 50 * log2(max(size, 0) + 1) / most)
        yield tag("rect", x=_at(ns, until), y=_round(62 - height), width=1.6, height=_round(height), class_="read")


def _ticks(until: int) -> Iterator[Html]:
    for part in range(5):
        x = _LEFT + _SPAN * part / 4
        anchor = "start" if part == 0 else "end" if part == 4 else "middle"
        yield tag("text", duration(until * part // 4), x=_round(x), y=94, text_anchor=anchor, class_="tick")


def strip(size: int, cuts: Sequence[int], events: Sequence[int], shows: int | None) -> Html:
    """The body from its first byte to its last: pieces, events, and where it goes wrong."""
    size = max(size, 1)
    words = (
        f"{plural(size, 'byte')}, {plural(len(events), 'event')}, cut at {', '.join(map(str, cuts[:8])) or 'no byte'}"
    )
    parts = [_label("pieces", 22), *_blocks(size, cuts, 8, "piece"), _label("events", 50)]
    parts += _blocks(size, events, 36, "event")
    parts += [tag("text", "0", x=_LEFT, y=92, class_="tick")]
    parts += [tag("text", f"{size:,} bytes", x=_RIGHT, y=92, text_anchor="end", class_="tick")]
    if shows is not None and 0 < shows <= size:
        parts.append(_marker(_at(shows, size), 61, f"byte {shows:,}"))
    return _drawing(words, 98, parts)


def _blocks(size: int, ends: Sequence[int], y: int, name: str) -> Iterator[Html]:
    places = sorted({0, *(end for end in ends if 0 < end < size), size})
    for number, (start, end) in enumerate(pairwise(places)):
        x = _at(start, size)
        width = max(_round(_at(end, size) - x - (0.8 if len(places) < 200 else 0)), 0.4)
        yield tag("rect", x=x, y=y, width=width, height=20, class_=f"{name} {'odd' if number % 2 else 'even'}")


def _marker(x: float, y: int, words: str) -> Html:
    """Where it goes wrong: a line through all lanes, with a label that stays inside."""
    anchor = "end" if x > (_LEFT + _RIGHT) / 2 else "start"
    label = tag(
        "text", words, x=_round(x + (-5 if anchor == "end" else 5)), y=y + 17, text_anchor=anchor, class_="shows"
    )
    return join([tag("line", x1=x, x2=x, y1=2, y2=y + 8, class_="shows"), label])


def histogram(title: str, sizes: Mapping[int, int]) -> Html:
    """How many of each size, in classes that double: 1, 2 to 3, 4 to 7 ..."""
    classes: dict[int, int] = {}
    for size, count in sizes.items():
        if size > 0:
            classes[size.bit_length() - 1] = classes.get(size.bit_length() - 1, 0) + count
    if not classes:
        return Html("")
    bars = list(range(min(classes), max(classes) + 1))
    most, width = max(classes.values()), min(440 / len(bars), 64)
    parts = [
        join(_bar(20 + index * width, width, classes.get(bar, 0), most, _class(bar))) for index, bar in enumerate(bars)
    ]
    told = ", ".join(f"{classes[bar]:,} of {_class(bar)}" for bar in bars if bar in classes)
    return _drawing(f"{title}: {told} bytes", 150, [tag("text", title, x=20, y=14, class_="lane"), *parts], 480)


def _bar(x: float, width: float, count: int, most: int, name: str) -> Iterator[Html]:
    height = 84 * count / most
    middle = _round(x + width / 2)
    if count:
        shape = {"y": _round(122 - height), "width": _round(width - 6), "height": _round(max(height, 2))}
        yield tag("rect", x=_round(x + 3), **shape, class_="bar")
        yield tag("text", f"{count:,}", x=middle, y=_round(117 - height), text_anchor="middle", class_="tick")
    yield tag("text", name, x=middle, y=138, text_anchor="middle", class_="tick")


def _class(bar: int) -> str:
    low, high = 1 << bar, (2 << bar) - 1
    return str(low) if low == high else f"{_short(low)}–{_short(high)}"


def _short(size: int) -> str:
    return str(size) if size < 1_000 else f"{size / 1024:.0f}k"


def _drawing(words: str, height: int, parts: Sequence[Html], width: int = WIDTH) -> Html:
    return tag("svg", tag("title", words), *parts, viewbox=f"0 0 {width} {height}", role="img", aria_label=words)


def _label(words: str, y: int) -> Html:
    return tag("text", words, x=0, y=y, class_="lane")


def _axis(y: int) -> Html:
    return tag("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="axis")


def _at(value: int, of: int) -> float:
    return _round(_LEFT + _SPAN * min(value, of) / of)


def _round(value: float) -> float:
    return round(value, 1)
