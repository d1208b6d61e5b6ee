"""A reference on the command line becomes a parser, or one sentence that says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamdoctor.errors import UsageError
from streamdoctor.parsers.load import BUILTINS, load, validate

GOOD = """
class Space:
    class Fed:
        def feed(self, piece): return [piece]
def parse(pieces):
    yield from pieces
broken = __import__("functools").partial(int, "x")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "theirs.py"
    path.write_text(GOOD, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", BUILTINS)
def test_every_built_in_loads_and_says_what_it_is(name: str) -> None:
    if BUILTINS[name].install is not None:
        pytest.skip(f"takes {BUILTINS[name].install}")
    assert load(name)("sse").kind in ("feed", "sync", "async")
    assert BUILTINS[name].summary


def test_a_name_in_a_file_or_a_module(file: Path) -> None:
    assert load(f"{file}:parse")("sse").kind == "sync"
    assert load(f"{file}:Space.Fed")("sse").kind == "feed"
    assert load("streamdoctor.stream.sse:SSEDecoder")("sse").kind == "feed"


def test_what_stands_beside_a_file_can_be_imported(file: Path) -> None:
    (file.parent / "beside_it.py").write_text("from theirs import parse\n", encoding="utf-8")
    (file.parent / "user.py").write_text("from beside_it import parse\n", encoding="utf-8")
    assert load(f"{file.parent / 'user.py'}:parse")("sse").kind == "sync"


def test_each_load_of_a_file_is_a_fresh_one(file: Path) -> None:
    assert load(f"{file}:parse")("sse").make is not load(f"{file}:parse")("sse").make


@pytest.mark.parametrize(
    ("ref", "says"),
    [
        ("referenc", "unknown parser"),
        (":parse", "names no parser"),
        ("json:", "names no parser"),
        ("nowhere.py:parse", "no file"),
        ("no_such_package:parse", "No module named"),
        ("json:lods", "no 'lods'"),
        ("json:decoder.nothing", "no 'nothing'"),
    ],
)
def test_what_is_wrong_is_said(ref: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        load(ref)


def test_a_file_without_a_name_says_what_is_in_it_and_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("class One: pass\nasync def two(pieces): yield\ndef _three(): pass\n1 / 0\n")
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "wrong.py").write_text("class :")
    hints = []
    for name in ("mine.py", "empty.py", "wrong.py", "none.py"):
        with pytest.raises(UsageError) as raised:
            validate(f"{tmp_path}/{name}")
        hints.append((str(raised.value), raised.value.hint))
    assert hints[0][1] == f"name one: {tmp_path}/mine.py:One, {tmp_path}/mine.py:two"
    assert hints[1][1] == "it defines no class or function"
    assert "cannot be read as Python: invalid syntax" in hints[2][0]
    assert "there is no file" in hints[3][0]


def test_a_file_that_is_no_python_file_is_called_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("class Parser: pass")
    with pytest.raises(UsageError, match="is no Python file") as raised:
        validate("text.txt:Parser")
    assert raised.value.hint == "its name has to end in .py"
    assert raised.value.__notes__ == [raised.value.hint]


def test_what_is_there_is_named_where_nothing_is_near(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("class One: pass\n")
    with pytest.raises(UsageError) as raised:
        load(f"{tmp_path}/mine.py:something_else")
    assert raised.value.hint == "it has One"


def test_a_near_miss_is_named() -> None:
    with pytest.raises(UsageError) as raised:
        validate("referenc")
    assert raised.value.hint == "did you mean reference?"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("1 / 0", r"ZeroDivisionError: division by zero \(.*theirs.py:1\)"),
        ("import sys\nsys.exit('bye')", r"SystemExit: bye \(.*theirs.py:2\)"),
        ("def (", "SyntaxError"),
        ("import no_such_package", "No module named"),
        ("class parse:\n    def __init__(self): raise ValueError('no')", "cannot be made: ValueError: no"),
    ],
)
def test_what_fails_to_import_says_where(file: Path, source: str, says: str) -> None:
    file.write_text(source, encoding="utf-8")
    with pytest.raises(UsageError, match=says):
        load(f"{file}:parse")
