"""Screen 2: verdicts come in while the keyboard stays free, and enter opens the worst case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streamdoctor.report.json import check_document, results_of
from streamdoctor.tui.grid import Grid
from streamdoctor.tui.state import State
from streamdoctor.tui.verdicts import CELL, frame
from tests.tui.driving import SMALL, driven, folder_of, lines_with, pressed, run, until

FAST = State(parsers=("reference", "decodes-each-piece"), splits=("whole", "boundaries"))
NAMES = ("llama-chat-ascii", "llama-chat-emoji-japanese")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return folder_of(tmp_path / "captures", NAMES)


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("column", [0, 3, 9])
def test_the_column_under_the_cursor_is_always_shown_and_nothing_is_wider(width: int, column: int) -> None:
    shown = frame(width, ["a" * 60, "b"], 10, column)
    assert shown.first <= column < shown.last
    assert shown.name + (shown.last - shown.first) * (CELL + 2) <= width


@run
async def test_a_check_fills_the_matrix_and_stops_at_the_first_failure(folder: Path) -> None:
    async with driven(folder, SMALL, state=FAST) as pilot:
        await lines_with(pilot, "2 of 2 captures")
        await pressed(pilot, "c")
        await lines_with(pilot, "4 results from", "1 fail", "3 pass")
        assert await lines_with(pilot, "llama-chat-emoji-japa", "fail SD401")
        assert await lines_with(pilot, "cut at byte")
        await pressed(pilot, "enter")
        case = pilot.app.inspect_screen.case
        assert (Path(case.subject).stem.split(".")[0], case.parser) == (NAMES[1], "decodes-each-piece")
        assert case.finding["rule"] == "SD401" and case.cuts == tuple(case.finding["cuts"])
        await pressed(pilot, "escape")
        assert pilot.app.current_mode == "matrix"
    kept = json.loads(Path(".streamdoctor/last.json").read_text())
    assert [result["verdict"] for result in kept["results"]] == ["pass", "pass", "pass", "fail"]
    assert json.loads(json.dumps(check_document(results_of(kept), 0))) == kept


@run
async def test_a_check_can_be_stopped_and_what_is_known_stays(folder: Path) -> None:
    state = State(parsers=("reference", "finally-works"))
    async with driven(folder, state=state) as pilot:
        await lines_with(pilot, "2 of 2 captures")
        await pressed(pilot, "c")
        await until(pilot, lambda: pilot.app.checking.now)
        await pressed(pilot, "escape")
        await until(pilot, lambda: not pilot.app.checking.running)
        assert pilot.app.current_mode == "matrix"
        assert await lines_with(pilot, "c check")


@run
async def test_a_parser_that_cannot_be_loaded_costs_no_other(folder: Path) -> None:
    (folder.parent / "broken.py").write_text("raise RuntimeError('[red]no\\x1b[2J')\n")
    state = State(parsers=("broken.py:parse", "reference"), splits=("whole",))
    async with driven(folder, state=state) as pilot:
        await lines_with(pilot, "2 of 2 captures")
        await pressed(pilot, "c")
        assert await lines_with(pilot, "could not: ", "broken.py:parse")
        assert await lines_with(pilot, "2 results from 2 cases: 2 pass")


@pytest.mark.slow
@run
async def test_parsers_are_chosen_from_a_list_or_typed(folder: Path) -> None:
    (folder.parent / "mine.py").write_text("def parse(pieces):\n    for piece in pieces:\n        yield piece\n")
    state = State(parsers=("reference",), splits=("whole",))
    async with driven(folder, state=state) as pilot:
        await pressed(pilot, "2", "P")
        await lines_with(pilot, "[x] reference")
        await pressed(pilot, "tab", *"mine.py:parse", "enter")
        assert await lines_with(pilot, "[x] mine.py:parse")
        await pressed(pilot, "tab", *"nothing", "enter")
        assert await lines_with(pilot, "unknown parser 'nothing'")
        await pressed(pilot, "tab", "enter")
        await until(pilot, lambda: state.parsers == ("mine.py:parse", "reference"))


@pytest.mark.slow
@run
async def test_splits_are_chosen_and_the_results_follow(folder: Path) -> None:
    state = State(parsers=("reference",), splits=("whole",))
    async with driven(folder, state=state) as pilot:
        await pressed(pilot, "2", "s")
        assert await lines_with(pilot, "[x] whole", "one piece")
        assert await lines_with(pilot, "[ ] bytes", "byte by byte")
        await pressed(pilot, "tab", *"lots", "enter")
        assert await lines_with(pilot, "unknown split 'lots'")
        await pressed(pilot, *["backspace"] * 4, *"fixed:512", "enter")
        assert await lines_with(pilot, "[x] fixed:512")
        await pressed(pilot, "enter")
        assert await lines_with(pilot, "2 results from 4 cases: 2 pass")
    assert state.splits == ("fixed:512", "whole")


@pytest.mark.slow
@run
async def test_faults_and_rephrasings_are_chosen_in_one_list(folder: Path) -> None:
    state = State(parsers=("reference", "finally-works"), splits=("whole",))
    async with driven(folder, state=state) as pilot:
        await pressed(pilot, "2", "f")
        assert await lines_with(pilot, "[ ] keep-open", "fault")
        assert await lines_with(pilot, "[ ] crlf", "rephrase")
        await pressed(pilot, "tab", *"no-marker", "enter", "tab", *"crlf", "enter", "escape")
        assert (state.faults, state.rephrasings) == ((), ())
        await pressed(pilot, "f", "tab", *"no-marker", "enter", "enter")
        assert await lines_with(pilot, "fail SD501")
    assert (state.faults, state.rephrasings) == (("no-marker",), ())


def test_results_that_are_asked_anew_keep_their_place_until_then() -> None:
    grid = Grid(["a", "b"], ["p"])
    assert list(grid.cells()) == [(0, 0), (1, 0)]
    assert grid.at(0, 0) is None and grid.wrong() == []


@run
async def test_captures_of_one_name_in_two_folders_are_told_apart(folder: Path) -> None:
    folder_of(folder / "again", NAMES[:1])
    async with driven(folder, SMALL, state=FAST) as pilot:
        await lines_with(pilot, "3 of 3 captures")
        await pressed(pilot, "2", "c")
        assert await lines_with(pilot, f"again/{NAMES[0]} ")
        assert await lines_with(pilot, f" {NAMES[0]} ")


@run
async def test_what_could_not_be_judged_is_said_whole(folder: Path) -> None:
    (folder / "junk.capture.jsonl").write_text("junk\n")
    async with driven(Path("captures"), SMALL, state=FAST) as pilot:
        await lines_with(pilot, "3 of 3 captures")
        await pressed(pilot, "c")
        assert await lines_with(pilot, "could not:", "junk.capture.jsonl")
        assert await lines_with(pilot, "its first line is no capture header")
        assert await lines_with(pilot, "4 results from")


@pytest.mark.slow
@run
async def test_the_fault_comments_is_not_the_rephrasing_comments(folder: Path) -> None:
    state = State(parsers=("reference",), splits=("whole",), rephrasings=("as-is",))
    async with driven(folder, state=state) as pilot:
        await pressed(pilot, "2", "f", "tab", *"comments", "enter")
        assert await lines_with(pilot, "[x] comments", "fault")
        assert await lines_with(pilot, "[ ] comments", "rephrase")
        await pressed(pilot, "enter")
        await lines_with(pilot, "2 results from")
    assert (state.faults, state.rephrasings) == (("comments",), ("as-is",))


@run
async def test_the_list_of_parsers_begins_with_those_that_a_check_would_judge(folder: Path) -> None:
    async with driven(folder, SMALL) as pilot:
        await pressed(pilot, "2", "P")
        assert await lines_with(pilot, "[x] reference")
        assert pilot.app.screen.choice.chosen
        assert tuple(option.name for option in pilot.app.screen.choice.chosen) == pilot.app.parsers


@run
async def test_what_is_cut_off_in_a_list_is_said_whole_below_it(folder: Path) -> None:
    async with driven(folder, SMALL) as pilot:
        await pressed(pilot, "2", "s", "j", "j", "j", "j", "j")
        assert await lines_with(pilot, "[ ] boundaries", "…")
        assert await lines_with(pilot, "cuts inside every boundary class, alone and all at once; boundaries:pairs:")
