"""The demo: the recorder, the reference and the specimens, on what the package embeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamdoctor.capture.file import load
from streamdoctor.cli.demo import STREAMS
from streamdoctor.parsers.load import OURS
from tests.cli.conftest import Run


def row_of(line: str) -> tuple[str, list[str]]:
    name, *cells = line.split() or [""]
    return name, cells


@pytest.mark.slow
def test_the_demo_records_checks_and_says_why(run: Run, tmp_path: Path) -> None:
    done = run("demo", "--out", "kept")
    assert done.code == 0
    matrix, _, why = done.out.partition("2. check")[2].partition("3. why")
    verdicts = dict(row_of(line) for line in matrix.splitlines() if row_of(line)[0] in OURS)
    assert set(OURS) == verdicts.keys() == {row_of(line)[0] for line in why.splitlines()} & set(OURS)
    assert verdicts.pop("reference") == ["pass"] * len(STREAMS)
    assert all("fail" in row for row in verdicts.values())
    recorded = sorted((tmp_path / "kept").glob("*.capture.jsonl"))
    assert len(recorded) == len(STREAMS)
    assert all(load(path).cause == "complete" for path in recorded)
