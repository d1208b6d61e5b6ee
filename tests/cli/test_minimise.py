"""Case ids, and cases made small: both give the same finding again."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run

EMOJI = "llama-chat-emoji-japanese.capture.jsonl"


def checked(run: Run, captures: Path, parser: str) -> list[dict[str, object]]:
    document = json.loads(run("check", captures / EMOJI, "-p", parser, "-r", "as-is", "--json", "-").out)
    findings: list[dict[str, object]] = document["results"][0]["findings"]
    return findings


def test_a_case_id_replays_the_case(run: Run, captures: Path) -> None:
    (finding,) = checked(run, captures, "decodes-each-piece")
    done = run("replay", finding["case"])
    assert done.code == 1
    assert str(finding["rule"]) in done.out
    assert run("replay", "00000000").code == 2


def test_every_finding_carries_a_small_case_that_shows_it_again(run: Run, captures: Path, tmp_path: Path) -> None:
    findings = checked(run, captures, "finally-works")
    assert len(findings) == 2
    for number, finding in enumerate(findings):
        done = run("minimise", finding["case"], "-o", f"small{number}")
        assert done.code == 0
        case = json.loads((tmp_path / f"small{number}.case.json").read_text())
        assert case["rule"] == finding["rule"]
        fault = ["--fault", case["fault"]] if case["fault"] else []
        again = run(
            "replay", case["capture"], "--dialect", case["dialect"], "-p", case["parser"], "-s", case["split"], *fault
        )
        assert (again.code, finding["rule"] in again.out) == (1, True)
        shown = json.loads(run("show", "--json", "-", "--dialect", case["dialect"], case["capture"]).out)
        assert shown["bytes"] < 100


def test_no_single_byte_or_cut_could_still_go(run: Run, captures: Path, tmp_path: Path) -> None:
    run("minimise", captures / EMOJI, "-p", "decodes-each-piece", "-s", "cuts:5,1259,2000", "-o", "small")
    case = json.loads((tmp_path / "small.case.json").read_text())
    body = (tmp_path / "small.capture.jsonl").read_text().splitlines()[2]
    assert json.loads(body)[2] == 'data:{"choices":[{"delta":{"content":"é"}}]}\n\ndata:[DONE]\n\n'
    assert case["split"] == "cuts:39"


def test_a_case_that_shows_nothing_wrong_is_not_made_small(run: Run, captures: Path, tmp_path: Path) -> None:
    done = run("minimise", captures / EMOJI, "-p", "reference", "-o", "small")
    assert done.code == 4
    assert "nothing wrong" in done.err
    assert list(tmp_path.glob("small*")) == []


def test_results_that_are_not_there_or_not_ours(run: Run, tmp_path: Path) -> None:
    assert "no results are kept here" in run("minimise", "0123abcd").err
    (tmp_path / ".streamdoctor").mkdir()
    (tmp_path / ".streamdoctor" / "last.json").write_text("[]")
    done = run("replay", "0123abcd")
    assert (done.code, "no results are kept here" in done.err) == (2, True)
    done = run("replay", "some.capture.jsonl")
    assert (done.code, "nor is it a case id" in done.err) == (3, True)
