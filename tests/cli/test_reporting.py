"""`check` in a team and in CI: reports to files, baseline, expectations, what makes it fail, the same on every run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from streamdoctor.report.reports import REPORTS
from tests.cli.conftest import Done, Run

README = Path(__file__).parents[2] / "README.md"
EVENTS = "starlette-app-events.capture.jsonl"
FEW = ("-s", "whole", "-s", "bytes", "-r", "as-is")
TIMES = re.compile(r'"seconds": ?[\d.]+|[\d.]+ s in parsers under test|time(stamp)?="[^"]*"|\d{4}-\d\d-\d\dT[\d:]+Z')


def check(run: Run, capture: Path, *args: object, parser: str = "finally-works") -> Done:
    return run("check", capture, "-p", parser, *FEW, *args)


def test_results_are_the_same_on_every_run(run: Run, captures: Path, tmp_path: Path) -> None:
    told = []
    for _ in range(2):
        check(run, captures / EVENTS, *(word for name in REPORTS for word in ("-o", f"{name}={name}.out")))
        told.append([TIMES.sub("", (tmp_path / f"{name}.out").read_text()) for name in REPORTS])
    assert told[0] == told[1]


def test_a_report_to_stdout_takes_the_place_of_the_text(run: Run, captures: Path) -> None:
    code, out, _ = check(run, captures / EVENTS, "-o", "json=-")
    assert (code, json.loads(out)["schema"]) == (1, "streamdoctor.check/1")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["-o", "pdf=x"], "there is no report 'pdf'"),
        (["-o", "json"], "json=FILE"),
        (["-o", "json=-", "--json", "-"], "two reports go to stdout"),
        (["-o", "json=no/such/folder/x"], "no/such/folder/x cannot be written"),
        (["--update-baseline"], "--update-baseline goes with --baseline"),
        (["--baseline", "nowhere.json"], "there is no file nowhere.json"),
    ],
)
def test_what_cannot_be_is_said(run: Run, captures: Path, args: list[str], says: str) -> None:
    done = run("check", captures / EVENTS, "-p", "reference", "-s", "whole", *args)
    assert done.code == 2
    assert says in done.err


def test_the_step_summary_is_appended(
    run: Run, captures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    _, out, _ = check(run, captures / EVENTS, "-o", "github=-")
    assert out.startswith("::error file=")
    assert summary.read_text().startswith("before\n### streamdoctor: failed")


def test_what_makes_it_fail_is_chosen(run: Run, captures: Path) -> None:
    lenient = ("probe:sse", "-p", "finally-works", "-s", "whole", "-r", "no-final-blank-line")
    assert run("check", *lenient).code == 0
    assert run("check", *lenient, "--fail-on", "non-strict").code == 1
    assert check(run, captures / EVENTS, "--fail-on", "hung").code == 0
    assert check(run, captures / EVENTS, "--fail-on", "never").code == 0


def test_the_help_names_every_report(run: Run) -> None:
    told = run("check", "--help").out
    assert [name for name, report in REPORTS.items() if f"{name:20} {report.summary}" not in told] == []


def test_where_a_report_cannot_go_is_known_before_the_work(run: Run, captures: Path, tmp_path: Path) -> None:
    for target in (".", "missing/report.html"):
        done = run("check", captures / EVENTS, "-p", "reference", "-o", f"html={target}")
        assert (done.code, done.out) == (2, "")
        assert f"{target} cannot be written" in done.err
    assert not (tmp_path / ".streamdoctor").exists()


# --- baseline


def test_a_baseline_accepts_what_is_known(run: Run, captures: Path, tmp_path: Path) -> None:
    assert check(run, captures / EVENTS, "--baseline", "known.json", "--update-baseline")[0] == 0
    first = (tmp_path / "known.json").read_text()
    code, out, _ = check(run, captures / EVENTS, "--baseline", "known.json")
    assert code == 0
    assert re.search(r"baseline: 0 new findings, \d known, 0 fixed\n", out)
    check(run, captures / EVENTS, "--baseline", "known.json", "--update-baseline")
    assert (tmp_path / "known.json").read_text() == first


def edited(file: Path, **fields: object) -> None:
    document = json.loads(file.read_text())
    document["accepted"][0].update(fields)
    file.write_text(json.dumps(document))


def test_new_fixed_and_stale_findings_are_told(run: Run, captures: Path, tmp_path: Path) -> None:
    check(run, captures / EVENTS, "--baseline", "known.json", "--update-baseline")
    edited(tmp_path / "known.json", rule="SD999")
    code, out, _ = check(run, captures / EVENTS, "--baseline", "known.json")
    assert code == 1
    assert re.search(r"baseline: 1 new finding, \d known, 1 fixed\n  fixed: SD999", out)
    edited(tmp_path / "known.json", subject="gone.capture.jsonl")
    _, out, _ = check(run, captures / EVENTS, "--baseline", "known.json")
    assert "1 stale" in out and "on gone.capture.jsonl" in out


def test_what_was_not_looked_for_is_not_called_fixed(run: Run, captures: Path) -> None:
    check(run, captures / EVENTS, "--baseline", "known.json", "--update-baseline")
    done = run("check", captures / EVENTS, "-p", "finally-works", "-s", "fixed:2", "--baseline", "known.json")
    assert " 0 fixed" in done.out
    done = run("check", captures / EVENTS, "-p", "reference", *FEW, "--baseline", "known.json")
    assert re.search(r" 0 fixed, \d not looked for in this run", done.out)


def test_a_baseline_means_the_same_from_another_folder(
    run: Run, captures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.capture.jsonl").write_bytes((captures / EVENTS).read_bytes())
    check(run, Path("a.capture.jsonl"), "--baseline", "known.json", "--update-baseline")
    (tmp_path / "deeper").mkdir()
    monkeypatch.chdir(tmp_path / "deeper")
    assert check(run, Path("../a.capture.jsonl"), "--baseline", "../known.json")[0] == 0


@pytest.mark.parametrize("text", ["", "[]", '{"schema":"other"}', '{"schema":"streamdoctor.baseline/1"}'])
def test_a_file_that_is_no_baseline_is_unreadable(run: Run, captures: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "known.json").write_text(text)
    code, _, err = check(run, captures / EVENTS, "--baseline", "known.json")
    assert code == 3
    assert "known.json" in err


# --- expectations


def test_a_capture_is_held_to_what_it_meant(run: Run, captures: Path, tmp_path: Path) -> None:
    kept, expected = tmp_path / "a.capture.jsonl", tmp_path / "a.expected.json"
    kept.write_bytes((captures / "llama-chat-emoji-japanese.capture.jsonl").read_bytes())
    assert check(run, kept, "--update", parser="reference")[0] == 0
    assert "東京は今日も雨です" in expected.read_text(encoding="utf-8")
    assert check(run, kept, parser="reference")[0] == 0
    expected.write_text(expected.read_text(encoding="utf-8").replace("東京", "京都"), encoding="utf-8")
    code, out, _ = check(run, kept, parser="reference")
    assert code == 4
    assert "SD903, the capture does not mean what a.expected.json says: texts.0 is" in " ".join(out.split())
    assert "(accept it with check --update)" in " ".join(out.split())
    expected.write_text("{}")
    assert check(run, kept, parser="reference")[0] == 3


# --- what the README says of CI


def test_the_commands_of_the_snippets_work(run: Run, captures: Path, tmp_path: Path) -> None:
    snippets = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    commands = [line for text in snippets for line in re.findall(r"streamdoctor (check .*)", text)]
    assert len(commands) == 2
    (tmp_path / "captures").mkdir()
    (tmp_path / "captures" / EVENTS).write_bytes((captures / EVENTS).read_bytes())
    for command in commands:
        done = run(*command.replace("my_package.sse:Parser", "reference").split())
        assert (done.code, done.err) == (0, "")
    assert {"streamdoctor.html", "report.xml"} <= {path.name for path in tmp_path.iterdir()}
