"""A baseline as data: what matches, what stays the same in the file whatever the order of results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streamdoctor.errors import CaptureError
from streamdoctor.suite.baseline import Baseline, empty, load
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.results import Result, exit_code
from tests.report.results import found, result

AXES = Axes(("bytes",))


def accepting(*results: Result, folder: Path) -> Baseline:
    return empty(folder / "known.json").renewed(results, AXES)


def test_an_entry_outlives_offsets_ids_and_places_of_faults(tmp_path: Path) -> None:
    baseline = accepting(result(found(fault="resend@e3"), capture="a"), folder=tmp_path)
    again = result(found(fault="resend@e9", case="ffffffff", cuts=(1, 2), at=99, summary="other words"), capture="a")
    compared = baseline.compare([again], AXES)
    assert (len(compared.new), len(compared.known), compared.fixed) == (0, 1, ())
    assert exit_code([again]) == 0


@pytest.mark.parametrize(
    "other",
    [
        result(found("SD103"), capture="a"),
        result(found(rephrase="crlf"), capture="a"),
        result(found(fault="no-marker"), capture="a"),
        result(found(), capture="b"),
        result(found(), capture="a", parser="another"),
        result(found("SD701", actual="KeyError: x"), capture="a"),
    ],
)
def test_another_cause_is_new(other: Result, tmp_path: Path) -> None:
    accepted = [result(found(), found("SD701", actual="ValueError: x"), capture="a")]
    assert len(accepting(*accepted, folder=tmp_path).compare([other], AXES).new) == 1
    assert exit_code([other]) == 1


def test_a_parser_is_the_same_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    baseline = accepting(result(found(), capture="a", parser=f"{tmp_path}/src/p.py:Parser"), folder=tmp_path)
    assert [entry.parser for entry in baseline.accepted] == ["src/p.py:Parser"]
    monkeypatch.chdir(tmp_path)
    (again,) = accepting(result(found(), capture="a", parser="src/p.py:Parser"), folder=tmp_path).accepted
    assert again.parser == "src/p.py:Parser"


def test_the_file_is_the_same_in_any_order(tmp_path: Path) -> None:
    results = [result(found(), found("SD103"), capture=name) for name in ("a", "b", "c")]
    texts = {accepting(*order, folder=tmp_path).text() for order in (results, results[::-1])}
    assert len(texts) == 1
    (tmp_path / "known.json").write_text(texts.pop(), encoding="utf-8")
    assert load(tmp_path / "known.json").text() == accepting(*results, folder=tmp_path).text()


def test_renewing_keeps_what_was_not_looked_for(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    baseline = accepting(*(result(found(), capture=str(tmp_path / name)) for name in "ab"), folder=tmp_path)
    renewed = baseline.renewed([result(capture=str(tmp_path / "a"))], AXES)
    assert [entry.subject for entry in renewed.accepted] == ["b"]


def test_what_could_not_be_judged_is_not_fixed(tmp_path: Path) -> None:
    baseline = accepting(result(found(), capture=str(tmp_path / "a")), folder=tmp_path)
    (tmp_path / "a").touch()
    compared = baseline.compare([result(capture=str(tmp_path / "a"), error=True)], AXES)
    assert (len(compared.fixed), len(compared.unseen)) == (0, 1)


@pytest.mark.parametrize("change", [{"rule": 7}, {"extra": "x"}, {"subject": None}])
def test_an_entry_that_is_none_is_said(change: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    document = json.loads(accepting(result(found(), capture="a"), folder=tmp_path).text())
    document["accepted"][0].update(change)
    path.write_text(json.dumps(document))
    with pytest.raises(CaptureError, match="is no baseline"):
        load(path)
