"""How a finding names units: few, short, and with what an event carries beside its data. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from streamdoctor.diagnosis.compare import common_prefix
from streamdoctor.parsers.levels import Unit

ONLY_AFTER = " (only after other streams in the same process)"
"""What the summary of a finding ends in that does not come again alone, in a fresh process."""
_EMPTY = "(empty)"
_SHOWN = 160
_LEAD = 24


def count(units: Sequence[Unit], less: int = 0) -> str:
    return plural(len(units) - less, "character" if isinstance(units, str) else "item")


def plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def show(units: Sequence[Unit]) -> str:
    return short(_text(units))


def show_both(expected: Sequence[Unit], got: Sequence[Unit]) -> tuple[str, str]:
    """Both, from a little before they differ."""
    right, wrong = _text(expected), _text(got)
    same = common_prefix(right, wrong)
    if same > _LEAD + 1:
        right, wrong = "…" + right[same - _LEAD :], "…" + wrong[same - _LEAD :]
    return short(right), short(wrong)


def _text(units: Sequence[Unit]) -> str:
    if not units:
        return "nothing"
    return show_units(units[:4] if not isinstance(units, str) else units)


def show_units(units: Sequence[Unit]) -> str:
    """All of them; "" for none."""
    return units if isinstance(units, str) else " | ".join(map(_show_unit, units))


def _show_unit(unit: Unit) -> str:
    if isinstance(unit, str):
        return unit or _EMPTY
    extras = [part for part in (unit.type if unit.type != "message" else "", unit.id and f"id {unit.id}") if part]
    data = unit.data or _EMPTY
    return f"[{', '.join(extras)}] {data}" if extras else data


def short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
