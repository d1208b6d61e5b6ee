"""The architecture is a test: who may import whom, what is pure, what a start may load (DESIGN section 2)."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import streamdoctor

PACKAGE = Path(streamdoctor.__file__).parent

# From the bottom of the house to its roof: each may import itself and what stands before it.
ORDER = (
    "errors", "visible", "stream", "capture", "record", "splits", "rephrasings", "faults", "parsers", "replay",
    "diagnosis", "suite", "report", "embedded", "testing", "pytest_plugin", "tui", "cli",
)  # fmt: skip
PURE = (
    "stream", "splits", "rephrasings", "faults", "diagnosis", "report", "capture/model.py", "capture/format.py",
    "capture/redact.py", "record/relay.py", "replay/transcript.py", "replay/playback.py", "replay/server_plan.py",
    "replay/server_framing.py",
    "replay/server_urls.py",
)  # fmt: skip
IMPURE_MODULES = {
    "asyncio", "io", "multiprocessing", "os", "pathlib", "queue", "random", "sched", "secrets", "select", "selectors",
    "shutil", "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "uuid",
}  # fmt: skip
IMPURE_NAMES = {"open", "print", "input"}
SEEDED = {"Random"}
"""`from random import Random` is pure: its seed is an argument."""


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, str | None]]:
    """(module, name) of every import in a file, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def is_pure(path: Path) -> bool:
    name = path.relative_to(PACKAGE).as_posix()
    return any(name == pure or name.startswith(pure + "/") for pure in PURE)


@pytest.mark.parametrize("path", sources(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_room_imports_only_what_stands_above_it(path: Path) -> None:
    own = room(path)
    if own in ("__init__", "__main__"):
        return
    for module, _ in imports(path):
        if module.startswith("streamdoctor."):
            other = module.split(".")[1]
            assert ORDER.index(other) <= ORDER.index(own), f"{own} imports {module}"


def test_diagnosis_knows_only_the_transcript_of_replay() -> None:
    for path in sources():
        if room(path) == "diagnosis":
            found = {module for module, _ in imports(path) if module.startswith("streamdoctor.replay")}
            assert found <= {"streamdoctor.replay.transcript"}, path


@pytest.mark.parametrize("path", [p for p in sources() if is_pure(p)], ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_pure_rooms_touch_no_clock_file_socket_thread_or_process(path: Path) -> None:
    for module, name in imports(path):
        if module == "random" and name in SEEDED:
            continue
        assert module.split(".")[0] not in IMPURE_MODULES, f"{path.name} imports {module}"
    calls = {
        n.func.id
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    assert not calls & IMPURE_NAMES, path


def test_every_pure_room_that_exists_is_looked_at() -> None:
    looked_at = {pure for pure in PURE for path in sources() if is_pure(path) and path.is_relative_to(PACKAGE / pure)}
    assert looked_at == {pure for pure in PURE if (PACKAGE / pure).exists()}
    assert len(looked_at) >= 8


def test_package_inits_are_empty_but_for_public_names() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        if room(path) in ("__init__", "cli") or path.parent.name == "providers":
            continue
        assert path.read_text() == "", path


def test_no_folder_is_empty() -> None:
    for folder in (path for path in PACKAGE.rglob("*") if path.is_dir() and path.name != "__pycache__"):
        files = [path for path in folder.rglob("*") if path.suffix != ".pyc" and path.is_file()]
        assert any(path.name != "__init__.py" for path in files), folder


def test_a_start_loads_nothing_heavy() -> None:
    script = (
        "import sys, streamdoctor.cli; print(sorted({'textual', 'hypothesis', 'pytest', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_files_and_functions_stay_small() -> None:
    for path in sources():
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno <= 70, f"{path}: {node.name}"


def test_each_module_says_what_it_is() -> None:
    for path in sources():
        text = path.read_text(encoding="utf-8")
        assert not text or ast.get_docstring(ast.parse(text)), path
