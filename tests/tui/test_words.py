"""Foreign text in panes and columns: safe, and as wide in every terminal as it was taken for."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from streamdoctor.tui.words import fit, fit_path, from_difference, lines_of, safe, steady

HOSTILE = (
    "日本語のテキスト",
    "👩‍👩‍👧‍👦 🇯🇵 👍🏽 1️⃣ ❤️",
    "Cre\u0300me bru\u0302le\u0301e",
    "שלום مرحبا",
    "\ttab \x00 \x1b[31mred \x1b]0;title\x07 \x9b2J \x7f",
    "\u202eoverride \ufeff \u2028",
    "[red]markup[/] [@click=app.quit]x[/]",
    b"\xe6\x97\xa5\xff\xc3",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("width", range(30))
def test_a_column_is_exactly_as_wide_as_it_was_asked_for(text: str | bytes, width: int) -> None:
    assert cell_len(fit(text, width)) == width
    assert cell_len(fit(text, width, right=True)) == width
    assert isinstance(text, bytes) or cell_len(fit_path(text, width)) == width


@pytest.mark.parametrize("text", HOSTILE)
def test_each_character_is_as_wide_alone_as_beside_the_others(text: str | bytes) -> None:
    shown = steady(text)
    assert sum(map(cell_len, shown)) == cell_len(shown)
    assert safe(text).plain == shown
    assert shown.isprintable()


def test_text_on_lines_of_its_own_keeps_these_alone() -> None:
    assert lines_of("a\n\tb\r\n👩🏽‍🚀").plain == "a\n\\tb\\r\n👩🚀"


def test_a_path_is_cut_at_its_beginning() -> None:
    assert fit_path("deep/folder/hostile", 10) == "…r/hostile"
    assert fit_path("日本語/x", 5) == "…語/x"
    assert fit_path("short", 8) == "short   "


def test_what_differs_is_shown_where_it_differs() -> None:
    one, other = from_difference("a" * 100 + "one", "a" * 100 + "two", 30)
    assert (one, other) == ("…" + "a" * 10 + "one", "…" + "a" * 10 + "two")
    assert from_difference("one", "two", 30) == ("one", "two")
    assert from_difference("x" + "a" * 100, "y" + "a" * 100, 30) == ("x" + "a" * 100, "y" + "a" * 100)
