"""The command line in this process: arguments in, exit code and both streams out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from streamdoctor.cli import main

CAPTURES = Path(__file__).parents[2] / "captures"


class Done(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs `streamdoctor ARGS` in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def go(*args: object) -> Done:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["streamdoctor", *map(str, args)])
        with pytest.raises(SystemExit) as stopped:
            main()
        told = capfd.readouterr()
        return Done(int(stopped.value.code or 0), told.out, told.err)

    return go


@pytest.fixture
def captures() -> Path:
    return CAPTURES
