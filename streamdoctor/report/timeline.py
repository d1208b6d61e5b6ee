"""When the bytes of a body came, as one line of blocks. Pure; at most 80 columns, text only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from streamdoctor.report.words import duration

SLOTS = 40
_HEIGHTS = "▁▂▃▄▅▆▇█"
_NOTHING = "·"


def timeline(arrivals: Sequence[tuple[int, int]], until: int) -> str | None:
    """`arrivals` are (bytes so far, nanoseconds); time runs from the request to `until`. None where nothing came."""
    if not arrivals or until <= 0:
        return None
    blocks = blocks_of(slots_of(arrivals, until, SLOTS))
    return f"{blocks} {duration(until)}, {duration(until // SLOTS)} a block"


def slots_of(arrivals: Iterable[tuple[int, int]], until: int, count: int) -> list[int]:
    """How many bytes came in each of `count` slots of the time until `until`."""
    slots = [0] * count
    before = 0
    for total, ns in arrivals:
        slots[min(ns * count // max(until, 1), count - 1)] += total - before
        before = total
    return slots


def blocks_of(slots: Sequence[int]) -> str:
    """An eighth of the height for each eighth of the most; whatever is not nothing can be seen."""
    most = max(slots)
    return "".join(_HEIGHTS[-(-count * len(_HEIGHTS) // most) - 1] if count else _NOTHING for count in slots)
