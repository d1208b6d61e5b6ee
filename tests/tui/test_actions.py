"""The registry of actions and what derives from it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from streamdoctor.tui.actions import (
    ACTIONS,
    BYTES,
    CHOOSE,
    EVERYWHERE,
    HELP,
    LIST,
    PLACES,
    SETTINGS,
    Action,
    actions_of,
    binding_id,
    table,
)
from streamdoctor.tui.app import Lab
from streamdoctor.tui.screens.captures import CapturesScreen
from streamdoctor.tui.screens.choose import Choose
from streamdoctor.tui.screens.help import HelpScreen
from streamdoctor.tui.screens.inspect import InspectScreen
from streamdoctor.tui.screens.matrix import MatrixScreen
from streamdoctor.tui.screens.record import RecordScreen
from streamdoctor.tui.screens.settings import Settings
from streamdoctor.tui.widgets.bars import key_line
from streamdoctor.tui.widgets.bytes import BytesView
from streamdoctor.tui.widgets.rows import Rows
from tests.tui.driving import driven, lines_with, pressed, run, until

DOERS = {
    EVERYWHERE: Lab,
    LIST: Rows,
    BYTES: BytesView,
    CHOOSE: Choose,
    SETTINGS: Settings,
    HELP: HelpScreen,
    "captures": CapturesScreen,
    "matrix": MatrixScreen,
    "inspect": InspectScreen,
    "record": RecordScreen,
}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: f"{action.place}.{action.id}")
def test_every_action_can_be_done_where_it_is_said(action: Action) -> None:
    assert callable(getattr(DOERS[action.place], f"action_{action.id}", None))


@pytest.mark.parametrize("place", [*PLACES, LIST, CHOOSE, HELP, SETTINGS, EVERYWHERE])
def test_a_key_means_one_thing_in_a_place(place: str) -> None:
    keys = Counter(key for action in actions_of(place) for key in action.keys)
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: f"{action.place}.{action.id}")
def test_every_action_is_explained_in_a_sentence(action: Action) -> None:
    assert action.help.endswith(".")
    assert len(action.words) <= 16


def test_the_readme_has_the_table_of_the_registry() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert "\n".join(table()) in readme, "put this there:\n" + "\n".join(table())


@pytest.mark.parametrize("width", range(8, 130, 7))
def test_the_footer_never_overflows_and_always_offers_help(width: int) -> None:
    actions = [action for action in actions_of("matrix", LIST, EVERYWHERE) if action.rank]
    line = key_line(actions, width)
    assert "? help" in line.plain
    assert line.cell_length <= max(width, len("? help"))


@pytest.mark.parametrize("place", PLACES)
def test_the_palette_and_the_help_offer_all_that_can_be_done(place: str, tmp_path: Path) -> None:
    @run
    async def walk() -> None:
        async with driven(tmp_path, place=place) as pilot:
            screen = pilot.app.screen
            offered = {command.help for command in pilot.app.get_system_commands(screen)}
            needless = {"palette"} | ({"stop"} if place == "matrix" else set())
            for action in actions_of(place, EVERYWHERE):
                on = screen.check_action(action.id, ()) if action.place == place else True
                if action.group != "Move" and action.words not in needless and on:
                    assert any(words.startswith(action.help) for words in offered), action
            await pressed(pilot, "?")
            shown = [line.plain for line in pilot.app.screen._lines]
            kept = [a for a in actions_of(place, EVERYWHERE) if any(a.help in line for line in shown)]
            assert {"everywhere.next_pane", "everywhere.help"} <= {binding_id(action) for action in kept}

    walk()


@run
async def test_what_the_palette_offers_is_done(tmp_path: Path) -> None:
    async with driven(tmp_path) as pilot:
        await pressed(pilot, "ctrl+p", *"filter")
        await lines_with(pilot, "Keeps the captures that hold all words typed")
        await pressed(pilot, "enter")
        await until(pilot, lambda: pilot.app.focused is not None and pilot.app.focused.id == "filter")
