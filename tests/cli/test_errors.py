"""Bad input gets one clear line, the documented exit code and no traceback (DESIGN section 8)."""

from __future__ import annotations

import gzip
import socket
from pathlib import Path

import pytest

from tests.cli.conftest import Run

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
HEADER = b'{"streamdoctor":"capture","version":1,"started":"x","recorder":"y"}'
CHAT = "llama-chat-ascii.capture.jsonl"


def one_clear_line(err: str) -> bool:
    lines = [line for line in err.splitlines() if line and not line.startswith(("  ", "Usage:", "Try "))]
    return len(lines) == 1 and "Traceback" not in err


@pytest.mark.parametrize("command", ["show", "check", "replay"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (PNG, "not a streamdoctor capture"),
        (b"hello\n", "not a streamdoctor capture"),
        (HEADER.replace(b"1", b"2") + b"\n", "newer streamdoctor"),
        (HEADER + b'\n[0,"<","\\ud800"]\n', "surrogate"),
        (HEADER + b'\n[0,"<","a"]\nnonsense\n[1,"<","b"]\n', ":3:"),
    ],
)
def test_a_file_that_is_no_capture(run: Run, tmp_path: Path, command: str, content: bytes, says: str) -> None:
    path = tmp_path / "bad.capture.jsonl"
    path.write_bytes(content)
    parser = [] if command == "show" else ["--parser", "reference"]
    done = run(command, path, *parser)
    assert done.code == 3
    assert says in done.err
    assert str(path) in done.err
    assert one_clear_line(done.err)


@pytest.mark.parametrize("command", ["show", "check", "replay"])
def test_a_file_that_is_not_there(run: Run, command: str) -> None:
    done = run(command, "nowhere.capture.jsonl", *([] if command == "show" else ["-p", "reference"]))
    assert done.code == 3
    assert "no such file" in done.err
    assert one_clear_line(done.err)


def test_a_torn_capture_is_read_as_far_as_it_goes(run: Run, captures: Path, tmp_path: Path) -> None:
    whole = (captures / CHAT).read_bytes()
    torn = tmp_path / "torn.capture.jsonl"
    torn.write_bytes(whole[: len(whole) // 2])
    done = run("show", torn)
    assert done.code == 0
    assert "torn" in done.out
    assert "no end record" in done.out
    assert "NOT complete" in done.out


def test_a_torn_gzip_is_read_as_far_as_it_goes(run: Run, captures: Path, tmp_path: Path) -> None:
    packed = gzip.compress((captures / CHAT).read_bytes())
    torn = tmp_path / "torn.capture.jsonl.gz"
    torn.write_bytes(packed[:-200])
    done = run("show", torn)
    assert done.code == 0
    assert "gzip data is torn" in done.out


def test_a_folder_without_captures(run: Run, tmp_path: Path) -> None:
    done = run("check", tmp_path, "-p", "reference")
    assert done.code == 2
    assert "no capture in this folder" in done.err


@pytest.mark.parametrize(
    ("ref", "says"),
    [
        ("referense", "did you mean reference"),
        ("nowhere.py:parse", "no file nowhere.py"),
        ("json:nothing", "no 'nothing'"),
        ("no_such_module_here:parse", "cannot be imported"),
        (":parse", "names no parser"),
        ("json:JSONDecodeError", "takes 3"),
    ],
)
def test_a_parser_that_cannot_be_found(run: Run, captures: Path, ref: str, says: str) -> None:
    for command in ("check", "replay"):
        done = run(command, captures / CHAT, "-p", ref)
        assert done.code == 2
        assert says in done.err
        assert one_clear_line(done.err)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("raise ValueError('out of order')", "ValueError: out of order"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("import os; os._exit(0)", "cannot be loaded: exit code 0"),
        ("def parse(:", "SyntaxError"),
        ("parse = 3", "cannot be called"),
        ("def parse(a, b): ...", "takes 2"),
    ],
)
def test_a_parser_that_cannot_be_loaded(run: Run, captures: Path, tmp_path: Path, source: str, says: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(source)
    done = run("check", captures / CHAT, "-p", f"{path}:parse")
    assert done.code == 2
    assert says in done.err
    assert one_clear_line(done.err)


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--split", "everywhere", "unknown split"),
        ("--split", "fixed:0", "at least 1"),
        ("--split", "fixed:x", "whole number"),
        ("--split", "cuts:999999", "not inside the body"),
        ("--fault", "explode", "unknown fault"),
        ("--fault", "resend@e9999", "events"),
        ("--fault", "resend", "wants a place"),
        ("--dialect", "klingon", "unknown dialect"),
        ("--level", "deep", "not one of"),
    ],
)
def test_a_name_that_is_unknown(run: Run, captures: Path, option: str, value: str, says: str) -> None:
    for command in ("check", "replay"):
        done = run(command, captures / CHAT, "-p", "reference", option, value)
        assert done.code == 2
        assert says in done.err
        assert "Traceback" not in done.err


def test_usage_errors_of_the_command_line_itself(run: Run) -> None:
    assert run("chekc").code == 2
    assert run("check").code == 2
    assert run("--help").code == 0
    assert run("show", "--nonsense").code == 2


def test_a_port_that_is_in_use(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("record", "--upstream", "http://127.0.0.1:9", "--listen", f"127.0.0.1:{port}")
    assert done.code == 2
    assert "in use" in done.err
    assert one_clear_line(done.err)


def test_import_never_overwrites(run: Run, tmp_path: Path) -> None:
    body = tmp_path / "body.sse"
    body.write_bytes(b"data: 1\n\n")
    assert run("import", body, "--content-type", "text/event-stream").code == 0
    done = run("import", body, "--content-type", "text/event-stream")
    assert done.code == 2
    assert "exists already" in done.err


@pytest.mark.parametrize(
    ("argument", "says", "code"),
    [("nowhere.sse", "No such file", 3), ("body.sse", "no media type", 2)],
)
def test_import_of_what_cannot_be(run: Run, tmp_path: Path, argument: str, says: str, code: int) -> None:
    (tmp_path / "body.sse").write_bytes(b"data: 1\n\n")
    kind = "text/event-stream" if code == 3 else "a\r\nb/c"
    done = run("import", argument, "--content-type", kind)
    assert done.code == code
    assert says in done.err


def test_results_that_cannot_be_kept_are_still_told(run: Run, captures: Path, tmp_path: Path) -> None:
    (tmp_path / ".streamdoctor").write_text("a file in the way")
    done = run("check", captures / CHAT, "-p", "reference", "-s", "whole")
    assert done.code == 0
    assert "could not be kept" in done.err
    assert "1 pass" in done.out
