"""Driving the TUI in tests: an app on a folder of captures, keys pressed, the screen as lines of text."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from streamdoctor.tui.app import Lab
from streamdoctor.tui.state import State

CAPTURES = Path(__file__).parents[2] / "captures"

WIDE, SMALL = (120, 40), (80, 24)


def folder_of(folder: Path, names: Iterable[str]) -> Path:
    """A folder with copies of the captures `names`."""
    folder.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(CAPTURES / f"{name}.capture.jsonl", folder)
    return folder


def run(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """A test that is a coroutine, run in a loop of its own."""

    @wraps(test)
    def ran(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))  # type: ignore[arg-type]

    return ran


@asynccontextmanager
async def driven(
    where: Path, size: tuple[int, int] = WIDE, *, state: State | None = None, **options: Any
) -> AsyncIterator[Pilot[str]]:
    """The app, running without a terminal."""
    async with Lab(where, state=state, **options).run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield pilot


def screen_lines(pilot: Pilot[str]) -> list[str]:
    """What stands on the screen, a string a line, without the blanks at its end."""
    app = pilot.app
    strips = app.screen._compositor.render_strips(app.size)
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


async def pressed(pilot: Pilot[str], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)


async def until(pilot: Pilot[str], holds: Callable[[], object], seconds: float = 30) -> None:
    """Waits until `holds` does; the screen as it stands then, if it never does."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not holds():
        if loop.time() > end:
            raise AssertionError("it never came:\n" + "\n".join(screen_lines(pilot)))
        await pilot.pause(0.02)


async def told(pilot: Pilot[str], words: str) -> None:
    """Waits for a message that has `words`, however it is wrapped on the screen."""
    await until(pilot, lambda: any(words in message.message for message in pilot.app._notifications))


async def lines_with(pilot: Pilot[str], *words: str) -> list[str]:
    """The lines of the screen that have all of `words`, as soon as there is one."""

    def found() -> list[str]:
        return [line for line in screen_lines(pilot) if all(word in line for word in words)]

    await until(pilot, found)
    return found()
