"""Screen 3: open the failure, step to the byte, move the cut, see the verdict change, keep it as a test."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from streamdoctor.tui.case import CaseToInspect
from streamdoctor.tui.inspecting import Looked, look_at
from streamdoctor.tui.widgets.bytes import BytesView
from tests.tui.driving import (
    CAPTURES,
    SMALL,
    WIDE,
    driven,
    folder_of,
    lines_with,
    pressed,
    run,
    screen_lines,
    told,
    until,
)

EMOJI = "llama-chat-emoji-japanese"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return folder_of(tmp_path / "captures", [EMOJI])


def case(folder: Path, parser: str | None = "decodes-each-piece", **more: object) -> CaseToInspect:
    cuts = {} if parser is None else {"split": "cuts", "cuts": (1259,)}
    finding = {"rule": "SD401", "rephrase": "as-is", "split": "cuts", "cuts": [1259], "fault": None}
    told = {} if parser is None else {"finding": finding, "findings": (finding,)}
    return CaseToInspect(str(folder / f"{EMOJI}.capture.jsonl"), parser, **{**cuts, **told, **more})  # type: ignore[arg-type]


async def settled(pilot: Pilot[str], verdict: str) -> None:
    screen = pilot.app.inspect_screen  # type: ignore[attr-defined]
    await until(
        pilot, lambda: screen.trace is not None and screen.trace.told.end and screen.trace.told.verdict == verdict
    )


@run
async def test_it_opens_on_the_byte_where_it_breaks(folder: Path) -> None:
    async with driven(folder, WIDE) as pilot:
        pilot.app.inspect(case(folder))
        await settled(pilot, "fail")
        await lines_with(pilot, "cut at 1,259: utf8")
        lines = screen_lines(pilot)
        assert any("decodes-each-piece" in line and "fail" in line and "level text, consumer" in line for line in lines)
        assert any("SD401 corrupted" in line for line in lines)
        assert any("1,259 a9 22 7d" in line for line in lines)
        assert any("≠��" in line and "│ é" in line for line in lines)
        assert any("step 2" in line and "\\xc3│\\xa9" in line for line in lines)


@run
async def test_the_beginning_of_a_long_capture_is_shown_while_the_rest_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def later(case: CaseToInspect) -> Looked:
        go_on.wait()
        return look_at(case)

    monkeypatch.setattr("streamdoctor.tui.inspecting.LONG", 0)
    monkeypatch.setattr("streamdoctor.tui.inspecting._GLANCE", 8192)
    monkeypatch.setattr("streamdoctor.tui.inspecting.look_at", later)
    try:
        async with driven(folder, WIDE) as pilot:
            pilot.app.inspect(case(folder, None, split="recorded"))
            await lines_with(pilot, "reading the rest")
            screen = pilot.app.inspect_screen
            cuts = screen.trace.cuts
            await pressed(pilot, "]", "]", "right", "a")
            await lines_with(pilot, f"step 3 of {len(cuts) + 2}:")
            assert screen.trace.cuts == cuts
            go_on.set()
            whole = look_at(screen.case)
            assert whole.cuts[: len(cuts)] == cuts and len(whole.cuts) > len(cuts)
            await lines_with(pilot, f"step 3 of {len(whole.cuts) + 2}:")
    finally:
        go_on.set()


def test_who_leaves_does_not_wait_for_what_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, waited = threading.Event(), []

    def later(case: CaseToInspect) -> Looked:
        waited.append(go_on.wait(20))
        return look_at(case)

    @run
    async def leave() -> None:
        async with driven(folder, WIDE) as pilot:
            pilot.app.inspect(case(folder, None, split="recorded"))
            await lines_with(pilot, "reading the rest")
            await pressed(pilot, "q")

    monkeypatch.setattr("streamdoctor.tui.inspecting.LONG", 0)
    monkeypatch.setattr("streamdoctor.tui.inspecting.look_at", later)
    try:
        leave()
        assert waited == []
    finally:
        go_on.set()


@run
async def test_a_cut_that_moves_changes_the_verdict_and_back(folder: Path) -> None:
    async with driven(folder, SMALL) as pilot:
        pilot.app.inspect(case(folder))
        await settled(pilot, "fail")
        await pressed(pilot, ">")
        await settled(pilot, "pass")
        await lines_with(pilot, "nothing wrong in this case")
        await lines_with(pilot, "cut at 1,260: json-string")
        await pressed(pilot, "<")
        await settled(pilot, "fail")
        await pressed(pilot, "a")
        await settled(pilot, "pass")
        assert pilot.app.inspect_screen.trace.cuts == ()
        await pressed(pilot, "u")
        await settled(pilot, "fail")


@run
async def test_steps_events_and_panes_go_together(folder: Path) -> None:
    async with driven(folder, WIDE) as pilot:
        pilot.app.inspect(case(folder))
        await settled(pilot, "fail")
        screen = pilot.app.inspect_screen
        await pressed(pilot, "[")
        assert (screen.step, screen.query_one(BytesView).at) == (1, 0)
        await pressed(pilot, "]", "]")
        assert screen.step == 3
        await lines_with(pilot, "the end")
        await pressed(pilot, "g", "}")
        assert screen.query_one(BytesView).at == screen.trace.reading.events[0].end
        await pressed(pilot, "}", "{")
        assert screen.query_one(BytesView).at == screen.trace.reading.events[1].start
        await pressed(pilot, "G")
        assert screen.query_one(BytesView).at == len(screen.trace.body) - 1


@run
async def test_recorded_time_plays(folder: Path) -> None:
    async with driven(folder, WIDE) as pilot:
        pilot.app.inspect(case(folder, None))
        screen = pilot.app.inspect_screen
        await until(pilot, lambda: screen.trace is not None)
        assert len(screen.trace.cuts) == 129
        await pressed(pilot, "+", "+", "+", "t", "space")
        await until(pilot, lambda: screen.step == screen.trace.steps)
        await lines_with(pilot, "over 2.48 s")


@pytest.mark.slow
@run
async def test_it_is_minimised_explained_copied_written_and_the_test_runs(folder: Path) -> None:
    async with driven(folder, WIDE) as pilot:
        pilot.app.inspect(case(folder))
        await settled(pilot, "fail")
        await pressed(pilot, "m")
        await lines_with(pilot, "the smallest case")
        await lines_with(pilot, "SD401: 60 bytes")
        await pressed(pilot, "escape", "e")
        await lines_with(pilot, "mend", "incremental decoder")
        await pressed(pilot, "escape", "y")
        await lines_with(pilot, "streamdoctor replay")
        await lines_with(pilot, "cuts:1259")
        await pressed(pilot, "escape", "w")
        await lines_with(pilot, f"test_sd401_{EMOJI.replace('-', '_')}.py")
    assert "--split cuts:1259" in Path(".streamdoctor/command.txt").read_text()
    test = f"test_sd401_{EMOJI.replace('-', '_')}.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "decodes-each-piece breaks on 1 of 1 stream" in done.stdout


@run
async def test_what_is_gone_torn_or_no_capture_gives_a_message(folder: Path) -> None:
    async with driven(folder, SMALL) as pilot:
        (folder / "odd.capture.jsonl").write_bytes(b"\x89PNG")
        pilot.app.inspect(CaseToInspect(str(folder / "odd.capture.jsonl"), "reference"))
        await until(pilot, lambda: any("not a streamdoctor capture" in line for line in screen_lines(pilot)))
        pilot.app.inspect(CaseToInspect(str(folder / "gone.capture.jsonl"), "reference"))
        await lines_with(pilot, "no such file")
        pilot.app.inspect(case(folder))
        await settled(pilot, "fail")
        await pressed(pilot, "q")


@run
async def test_hostile_bytes_stay_inert(folder: Path) -> None:
    body = "data: \x1b]0;pwned\x07\x1b[2J [red]x[/red] \u202e نص 👩🏽‍🚀 e\u0301\n\n".encode()
    name = folder / "hostile.sse"
    name.write_bytes(body)
    words = ["import", str(name), "--content-type", "text/event-stream", "-o", str(folder / "hostile.capture.jsonl")]
    subprocess.run([sys.executable, "-m", "streamdoctor", *words], check=True, capture_output=True)
    async with driven(folder, WIDE) as pilot:
        pilot.app.inspect(CaseToInspect(str(folder / "hostile.capture.jsonl"), "reference"))
        await settled(pilot, "pass")
        text = "\n".join(screen_lines(pilot))
        assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text
        assert "[red]x[/red]" in text


@run
async def test_without_a_parser_it_shows_the_events_and_offers_what_can_be_done(folder: Path) -> None:
    async with driven(folder, WIDE) as pilot:
        await pressed(pilot, "3")
        await lines_with(pilot, "Nothing to inspect yet")
        assert not [line for line in screen_lines(pilot) if "next piece" in line or "minimise" in line]
        pilot.app.inspect(case(folder, None, split="recorded"))
        await lines_with(pilot, "no parser: the pieces are the reads, as recorded")
        assert await lines_with(pilot, '│ {"choices":[{')
        assert await lines_with(pilot, "│ events")
        assert await lines_with(pilot, "] next piece", "a cut")
        assert not [line for line in screen_lines(pilot) if "minimise" in line or "explain" in line]
        await pressed(pilot, "]", "]")
        assert await lines_with(pilot, 'events  {"choices":[{')


@run
async def test_the_heads_stand_over_their_columns_in_every_size(folder: Path) -> None:
    async with driven(folder, WIDE) as pilot:
        pilot.app.inspect(case(folder))
        await settled(pilot, "fail")
        for size in (WIDE, SMALL, WIDE):
            await pilot.resize_terminal(*size)
            screen = pilot.app.inspect_screen

            def over() -> bool:
                heads = next(line for line in screen_lines(pilot) if " due " in line and "came out" in line)
                row = next(line for line in screen_lines(pilot) if "≠��" in line)
                return heads.index("due") < row.index("≠") < heads.index("came out")

            await until(pilot, over)
            assert screen.trace.told.verdict == "fail"


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:3000])


def replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes((CAPTURES / "llama-chat-ascii.capture.jsonl").read_bytes())
    other.replace(path)


def damaged(path: Path) -> None:
    path.write_text("not a capture\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "shown"),
    [(torn, "bytes, 4 events)"), (replaced, "40 events)"), (damaged, "is not a streamdoctor capture")],
)
@pytest.mark.parametrize("parser", [None, "reference"])
def test_a_capture_that_changes_while_it_is_open_is_read_anew(
    folder: Path, change: Callable[[Path], None], shown: str, parser: str | None
) -> None:
    @run
    async def walk() -> None:
        async with driven(folder, WIDE) as pilot:
            pilot.app.inspect(CaseToInspect(str(folder / f"{EMOJI}.capture.jsonl"), parser, split="recorded"))
            await lines_with(pilot, "132 events)")
            change(folder / f"{EMOJI}.capture.jsonl")
            await told(pilot, "has changed: it is read anew")
            assert await lines_with(pilot, shown)
            await pressed(pilot, "]", "}", "a", "u", "j", "G")
            assert pilot.app.is_running

    walk()


@pytest.mark.slow
@pytest.mark.parametrize("parser", [None, "reference"])
def test_a_capture_that_is_deleted_while_it_is_open_stays_as_it_was_read(folder: Path, parser: str | None) -> None:
    @run
    async def walk() -> None:
        async with driven(folder, WIDE) as pilot:
            path = folder / f"{EMOJI}.capture.jsonl"
            pilot.app.inspect(CaseToInspect(str(path), parser, split="recorded"))
            await lines_with(pilot, "132 events)")
            path.unlink()
            await told(pilot, "is gone: what is shown is what was read")
            await pressed(pilot, "]", "a")
            assert await lines_with(pilot, "132 events)")
            if parser is not None:
                await told(pilot, "o such file")
            replaced(path)
            assert await lines_with(pilot, "40 events)")

    walk()


@run
async def test_a_capture_that_has_grown_is_read_whole_when_it_is_opened_again(folder: Path) -> None:
    path = folder / f"{EMOJI}.capture.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:40]))
    async with driven(folder, WIDE) as pilot:
        await lines_with(pilot, "growing")
        await pressed(pilot, "enter")
        await lines_with(pilot, "no parser:")
        path.write_bytes(b"".join(lines))
        await told(pilot, "has grown: open it again to see all of it")
        await pressed(pilot, "1", "enter")
        assert await lines_with(pilot, "132 events)")
