"""Golden screens, as text, and the README's pictures, which are the same screens.

`python -m tests.tui.test_screens` writes both anew, into tests/screens.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from streamdoctor.tui.case import CaseToInspect
from streamdoctor.tui.state import State
from tests.tui.driving import SMALL, WIDE, driven, folder_of, lines_with, pressed, run, screen_lines, until

SCREENS = Path(__file__).parents[1] / "screens"
NAMES = (
    "aimock-chat-line-separators",
    "express-chat-gzip",
    "llama-chat-ascii",
    "llama-chat-emoji-japanese",
    "llama-chat-error-after-200",
    "llama-chat-killed",
)
PARSERS = ("reference", "decodes-each-piece", "finally-works", "splits-lines-everywhere", "waits-longer")


async def captures(pilot: Pilot[str]) -> None:
    await lines_with(pilot, "6 of 6 captures")
    await pressed(pilot, "j", "j", "j")


async def filtered(pilot: Pilot[str]) -> None:
    await lines_with(pilot, "6 of 6 captures")
    await pressed(pilot, "slash", *"sd6", "enter")
    await lines_with(pilot, "2 of 6 captures")


async def matrix(pilot: Pilot[str]) -> None:
    """At its first failure; which was found first is left to the clock."""
    await lines_with(pilot, "6 of 6 captures")
    await pressed(pilot, "c")
    await until(pilot, lambda: pilot.app.grid.results and not pilot.app.checking.running)
    await lines_with(pilot, "30 results from")
    pilot.app.matrix_screen.column = 0
    await pressed(pilot, "g", "n")
    await lines_with(pilot, "smallest")


async def inspected(pilot: Pilot[str]) -> None:
    """The worst finding of a cell, at the byte where it breaks."""
    path = str(Path("captures") / "llama-chat-emoji-japanese.capture.jsonl")
    pilot.app.inspect(CaseToInspect(path, "decodes-each-piece", split="cuts", cuts=(1259,)))
    screen = pilot.app.inspect_screen
    await until(pilot, lambda: screen.trace is not None and screen.trace.told.end)
    await lines_with(pilot, "cut at 1,259: utf8")


async def helped(pilot: Pilot[str]) -> None:
    await pressed(pilot, "2", "?", *"cho")
    await until(pilot, lambda: pilot.app.screen.query_one("#lines").count < 8)


GOLDENS: dict[str, tuple[Callable[[Pilot[str]], Awaitable[None]], tuple[int, int]]] = {
    "captures-120x40": (captures, WIDE),
    "captures-80x24": (filtered, SMALL),
    "matrix-120x40": (matrix, WIDE),
    "inspect-120x40": (inspected, WIDE),
    "inspect-80x24": (inspected, SMALL),
    "help-80x24": (helped, SMALL),
}
PICTURES = ("captures-120x40", "matrix-120x40", "inspect-120x40")
"""Those of the goldens that the README shows."""


async def shown(name: str, folder: Path) -> tuple[str, str]:
    """The screen as text, and as a picture."""
    walk, size = GOLDENS[name]
    folder_of(folder / "captures", NAMES)
    state = State(parsers=PARSERS, splits=("whole", "boundaries", "events"))
    async with driven(Path("captures"), size, state=state) as pilot:
        await walk(pilot)
        await pilot.pause()
        text = "\n".join(screen_lines(pilot)) + "\n"
        return text, re.sub(r"@font-face \{.*?\}", "", pilot.app.export_screenshot(), flags=re.DOTALL)


def weighed(name: str) -> object:
    """A whole check is for the slow run."""
    return pytest.param(name, marks=pytest.mark.slow) if name.startswith("matrix") else name


@pytest.mark.parametrize("name", [weighed(name) for name in GOLDENS])
@run
async def test_a_screen_looks_as_it_did(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text, _ = await shown(name, tmp_path)
    assert text == (SCREENS / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_the_readme_shows_its_golden_screen(name: str) -> None:
    picture = (SCREENS / f"{name}.svg").read_text(encoding="utf-8")
    said = re.sub(r"\s", "", html.unescape("".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture))))
    golden = re.sub(r"\s", "", (SCREENS / f"{name}.txt").read_text(encoding="utf-8"))
    assert golden in said
    assert f"tests/screens/{name}.svg" in (SCREENS.parents[1] / "README.md").read_text(encoding="utf-8")


def main() -> None:
    for name in GOLDENS:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            text, picture = asyncio.run(shown(name, Path(folder)))
            os.chdir(SCREENS)
        (SCREENS / f"{name}.txt").write_text(text, encoding="utf-8")
        if name in PICTURES:
            (SCREENS / f"{name}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
