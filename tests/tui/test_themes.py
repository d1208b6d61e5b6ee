"""Themes: every word can be read, and nothing is told by colour alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.pilot import Pilot
from textual.theme import Theme

from streamdoctor.tui.themes import DARK, LIGHT
from tests.tui.driving import SMALL, driven, folder_of, lines_with, pressed, run, until

NAMES = ("llama-chat-ascii", "llama-chat-killed")


def contrast(one: str, other: str) -> float:
    """WCAG 2, relative luminance and contrast ratio."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    red, green, blue = (
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in Color.parse(colour).normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_words_stand_out_from_every_background(theme: Theme) -> None:
    colours = (theme.foreground, theme.primary, theme.warning, theme.error, theme.success, theme.accent)
    grounds = (theme.background, theme.panel, theme.variables["cursor"])
    for colour in (*colours, theme.variables["quiet"]):
        for ground in grounds:
            assert contrast(colour, ground) >= 4.5, (colour, ground)


def segments(pilot: Pilot[str], words: str) -> list[Segment]:
    """The segments of the first line below the heads that has `words`; none where none has."""
    strips = pilot.app.screen._compositor.render_strips(pilot.app.size)[2:]
    return next((list(strip) for strip in strips if words in strip.text), [])


@pytest.fixture(params=["NO_COLOR", "T"])
def plain(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Both ways to have no colour: the keys to press for it."""
    if request.param == "T":
        return ["T", "T"]
    monkeypatch.setenv("NO_COLOR", "1")
    return []


def test_without_colour_the_cursor_is_seen(plain: list[str], tmp_path: Path) -> None:
    @run
    async def walk() -> None:
        async with driven(folder_of(tmp_path, NAMES), SMALL) as pilot:
            await pressed(pilot, *plain)
            await lines_with(pilot, "2 of 2 captures")
            await until(pilot, lambda: reversed_words(pilot, NAMES[0]) and not reversed_words(pilot, NAMES[1]))
            await pressed(pilot, "j")
            await until(pilot, lambda: reversed_words(pilot, NAMES[1]) and not reversed_words(pilot, NAMES[0]))
            await pressed(pilot, "ctrl+p")
            await until(pilot, lambda: underlined(pilot, "Back ") and not underlined(pilot, "Captures  "))
            await pressed(pilot, "down")
            await until(pilot, lambda: not underlined(pilot, "Back ") and underlined(pilot, "Captures  "))

    walk()


def reversed_words(pilot: Pilot[str], words: str) -> bool:
    return any(segment.style and segment.style.reverse for segment in segments(pilot, words))


def underlined(pilot: Pilot[str], words: str) -> bool:
    return any(segment.style and segment.style.underline for segment in segments(pilot, words))
