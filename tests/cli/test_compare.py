"""`compare` and `export` as commands: what they print, write and return."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cli.conftest import Run

EMOJI = "llama-chat-emoji-japanese.capture.jsonl"
ASCII = "llama-chat-ascii.capture.jsonl"


def test_two_captures_are_the_same_or_not(run: Run, captures: Path) -> None:
    same = run("compare", captures / EMOJI, captures / EMOJI)
    assert (same.code, "the same but for the clock" in same.out) == (0, True)
    other = run("compare", captures / EMOJI, captures / ASCII, "--json", "-")
    document = json.loads(other.out)
    assert (other.code, document["schema"], document["same"]) == (1, "streamdoctor.compare/1", False)
    differing = {aspect["name"] for aspect in document["aspects"] if not aspect["same"]}
    assert {"body", "events", "text"} <= differing


def test_folders_are_compared_by_name(run: Run, captures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(captures / EMOJI, folder)
    shutil.copy(captures / EMOJI, other)
    assert run("compare", other, folder).code == 0
    shutil.copy(captures / ASCII, folder)
    lone = run("compare", other, folder, "--json", "-")
    assert (lone.code, [each["same"] for each in json.loads(lone.out)]) == (1, [True, False])
    assert json.loads(lone.out)[1]["a"] is None
    assert f"{ASCII}: different, the other folder has no capture of this name" in run("compare", other, folder).out
    (folder / ASCII).unlink()
    (folder / EMOJI).rename(folder / "other.capture.jsonl")
    done = run("compare", captures, folder)
    assert (done.code, "no capture of the same name" in done.err) == (2, True)


def test_what_cannot_be_compared(run: Run, captures: Path, tmp_path: Path) -> None:
    assert run("compare", captures / EMOJI, "nowhere").code == 3
    assert run("compare", captures, captures / EMOJI).code == 2
    (tmp_path / "x.capture.jsonl").write_bytes(b"\x89PNG")
    assert run("compare", captures / EMOJI, "x.capture.jsonl").code == 3


def test_an_export_is_written_once(run: Run, captures: Path, tmp_path: Path) -> None:
    for kind, name in (("har", "har"), ("capture", "tidy.capture.jsonl"), ("raw", "body")):
        words = ["export", captures / EMOJI, "--as", kind, *(["--tidy"] if kind == "capture" else [])]
        done = run(*words)
        assert (done.code, done.out.strip()) == (0, f"llama-chat-emoji-japanese.{name}")
        again = run(*words)
        assert (again.code, "exists already" in again.err) == (2, True)
    back = run("import", "llama-chat-emoji-japanese.har", "--as", "har", "-o", "back.capture.jsonl")
    assert back.code == 0
    assert run("compare", "back.capture.jsonl", captures / EMOJI).code == 0
    assert run("show", "llama-chat-emoji-japanese.tidy.capture.jsonl").code == 0


def test_a_packed_export_is_read_like_any(run: Run, captures: Path) -> None:
    run("export", captures / EMOJI, "--as", "capture", "-o", "small.capture.jsonl.gz")
    assert run("compare", "small.capture.jsonl.gz", captures / EMOJI).code == 0


def test_a_wrong_import_names_file_and_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.trace").write_text("== Info: x\nnonsense\n")
    done = run("import", "t.trace", "--as", "curl")
    assert (done.code, "t.trace:2: this is no line of a trace" in done.err) == (3, True)
    (tmp_path / "body").write_text("data: x\n\n")
    done = run("import", "body")
    assert (done.code, "wants its media type" in done.err) == (2, True)
