"""Screen 1: the library, its filter, and what happens to files while it looks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from streamdoctor.tui.library import Entry, Filter, Stamp, ordered, read_entry, stamps
from streamdoctor.tui.reader import entry_of
from tests.tui.driving import CAPTURES, SMALL, driven, folder_of, lines_with, pressed, run, told, until

NAMES = ("llama-chat-ascii", "llama-chat-error-after-200", "llama-chat-emoji-japanese")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return folder_of(tmp_path / "captures", NAMES)


def entries(folder: Path) -> list:
    return [read_entry(path, stamp) for path, stamp in stamps(folder).items()]


def test_a_filter_wants_every_word_and_none_that_is_denied(folder: Path) -> None:
    def kept(words: str, *, inverted: bool = False) -> list[str]:
        chosen = [entry for entry in entries(folder) if Filter(words, inverted).keeps(entry)]
        return sorted(entry.path.name.split(".")[0] for entry in chosen)

    assert kept("") == sorted(NAMES)
    assert kept("sd610") == ["llama-chat-error-after-200"]
    assert kept("llama !error") == ["llama-chat-ascii", "llama-chat-emoji-japanese"]
    assert kept("sd610", inverted=True) == ["llama-chat-ascii", "llama-chat-emoji-japanese"]


def test_the_worst_come_first_when_asked(folder: Path) -> None:
    assert ordered(entries(folder), "worst first")[0].path.name.startswith("llama-chat-error")


@run
async def test_the_library_lists_every_capture_with_its_ending_and_worst_finding(folder: Path) -> None:
    async with driven(folder, SMALL) as pilot:
        line = (await lines_with(pilot, "…ama-chat-error-after-200"))[0]
    assert line.split()[1:] == ["200", "incomplete", "21", "438.7", "ms", "SD610", "error"]


@run
async def test_a_capture_is_listed_before_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = asyncio.Event()

    async def later(path: Path, stamp: Stamp) -> Entry:
        await reading.wait()
        return read_entry(path, stamp)

    monkeypatch.setattr("streamdoctor.tui.screens.captures.entry_of", later)
    async with driven(folder) as pilot:
        await lines_with(pilot, "llama-chat-ascii", "unread")
        await lines_with(pilot, "3 of 3 captures, by name, 3 to read")
        reading.set()
        await lines_with(pilot, "llama-chat-ascii", "complete")
        await lines_with(pilot, "3 of 3 captures, by name")


def test_a_long_capture_is_read_in_a_process_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamdoctor.tui.reader.LONG", 0)
    for path, stamp in stamps(folder).items():
        assert asyncio.run(entry_of(path, stamp)) == read_entry(path, stamp)


@run
async def test_typing_filters_bang_inverts_and_escape_takes_it_away(folder: Path) -> None:
    async with driven(folder) as pilot:
        await lines_with(pilot, "3 of 3 captures")
        await pressed(pilot, "slash", *"sd610", "enter")
        assert await lines_with(pilot, "1 of 3 captures")
        await pressed(pilot, "!")
        assert await lines_with(pilot, "2 of 3 captures, not “sd610”")
        await pressed(pilot, "escape")
        assert await lines_with(pilot, "3 of 3 captures")


@run
async def test_a_capture_that_is_being_written_grows_on_the_screen(folder: Path) -> None:
    path = folder / f"{NAMES[0]}.capture.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:20]) + lines[20][:10])
    async with driven(folder) as pilot:
        assert await lines_with(pilot, f"{NAMES[0]} ", "growing")
        path.write_bytes(b"".join(lines))
        assert await lines_with(pilot, f"{NAMES[0]} ", "complete")


@run
async def test_a_capture_that_is_deleted_or_damaged_gives_a_message(folder: Path) -> None:
    async with driven(folder) as pilot:
        await lines_with(pilot, "3 of 3 captures")
        (folder / f"{NAMES[0]}.capture.jsonl").write_text("not a capture\nat all\n")
        assert await lines_with(pilot, f"{NAMES[0]} ", "cannot be read")
        (folder / f"{NAMES[1]}.capture.jsonl").unlink()
        assert await lines_with(pilot, "was deleted")
        assert pilot.app.is_running


@run
async def test_text_that_a_terminal_would_act_on_is_escaped(tmp_path: Path) -> None:
    path = folder_of(tmp_path / "captures", NAMES[:1]) / f"{NAMES[0]}.capture.jsonl"
    path.write_text(path.read_text().replace("The", r"\\u001b[2J[red]\\u0000\\t\\u202e", 1))
    async with driven(path.parent) as pilot:
        assert await lines_with(pilot, r"\x1b[2J[red]\x00\t\u202e")


@run
async def test_what_was_open_is_open_again(folder: Path) -> None:
    async with driven(folder) as pilot:
        await lines_with(pilot, "3 of 3 captures")
        await pressed(pilot, "G", "s", "slash", *"llama", "enter", "q")
    from streamdoctor.tui.state import load

    state = load()
    assert (state.filter, state.sort, state.saved) == ("llama", "worst first", True)
    assert Path(state.at).parent == folder
    async with driven(folder, state=state) as pilot:
        assert await lines_with(pilot, "3 of 3 captures, “llama”, worst first")
        await until(pilot, lambda: str(pilot.app.captures_screen.selected.path) == state.at)
        await asyncio.sleep(0)


@run
async def test_a_capture_that_is_replaced_or_torn_is_read_anew(folder: Path) -> None:
    path = folder / f"{NAMES[0]}.capture.jsonl"
    async with driven(folder) as pilot:
        await lines_with(pilot, f"{NAMES[0]} ", "complete", "40")
        (folder / "other").write_bytes((CAPTURES / f"{NAMES[1]}.capture.jsonl").read_bytes())
        (folder / "other").replace(path)
        assert await lines_with(pilot, f"{NAMES[0]} ", "incomplete", "21", "SD610")
        await told(pilot, f"{path.name} was replaced: read anew")
        path.write_bytes(path.read_bytes()[:3000])
        assert await lines_with(pilot, f"{NAMES[0]} ", "growing")


@run
async def test_a_capture_that_cannot_be_read_says_why_when_it_is_opened(folder: Path) -> None:
    (folder / "a.capture.jsonl").write_text("junk\n")
    async with driven(folder) as pilot:
        await lines_with(pilot, "4 of 4 captures")
        await pressed(pilot, "g", "enter")
        await told(pilot, "a.capture.jsonl cannot be read: line 1: this is not a streamdoctor capture")
        assert pilot.app.current_mode == "captures"
