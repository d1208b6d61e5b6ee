"""Each command on real captures: what it prints, its JSON, its exit code."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from streamdoctor.parsers.load import BUILTINS
from streamdoctor.rephrasings.catalogue import REPHRASINGS
from streamdoctor.rephrasings.probes import PROBES
from tests.cli.conftest import Run

CHAT = "llama-chat-ascii.capture.jsonl"
EMOJI = "llama-chat-emoji-japanese.capture.jsonl"
CHECK_KEYS = {
    "capture", "probe", "parser", "dialect", "level", "role", "verdict", "cases", "seconds", "proof", "proof_refused",
    "findings",
}  # fmt: skip
FINDING_KEYS = {
    "rule", "kind", "oracle", "case", "rephrase", "split", "cuts", "fault", "offset", "boundary", "expected", "actual",
    "summary", "count", "minimal", "reproduce",
}  # fmt: skip
SHOW_KEYS = {
    "schema", "capture", "fidelity", "request", "response", "provider", "framing", "reads", "bytes", "events", "text",
    "texts", "tool_calls", "usage", "complete", "ended_by", "cause", "timing", "boundaries", "findings",
}  # fmt: skip


def test_check_writes_the_schema_and_the_worst_first(run: Run, captures: Path) -> None:
    done = run("check", captures / EMOJI, "-p", "reference", "-p", "finally-works", "-r", "as-is", "--json", "-")
    assert done.code == 1
    document = json.loads(done.out)
    assert document["schema"] == "streamdoctor.check/1"
    good, bad = document["results"]
    assert good.keys() >= CHECK_KEYS
    assert (good["verdict"], good["level"], good["role"], good["findings"]) == ("pass", "event", "parser", [])
    assert bad["verdict"] == "fail"
    assert [finding["kind"] for finding in bad["findings"]] == ["crashed", "accepts-incomplete"]
    crash = bad["findings"][0]
    assert crash.keys() >= FINDING_KEYS
    assert (crash["boundary"], len(crash["cuts"])) == ("utf8", 1)
    assert crash["count"] > 1


@pytest.mark.slow
def test_every_reproducing_command_reproduces(run: Run, captures: Path) -> None:
    done = run("check", captures / CHAT, "-p", "parses-each-piece", "-p", "collects-then-flushes", "--json", "-")
    findings = [finding for result in json.loads(done.out)["results"] for finding in result["findings"]]
    assert len({finding["rephrase"] for finding in findings} - {"as-is"}) >= 3
    assert len({(finding["case"], finding["rule"]) for finding in findings}) == len(findings)
    for finding in findings:
        again = run(*shlex.split(finding["reproduce"])[1:])
        assert again.code == 1, finding["reproduce"]
        assert finding["rule"] in again.out


def test_case_ids_are_the_same_on_every_run(run: Run, captures: Path) -> None:
    first, second = (
        json.loads(run("check", captures / CHAT, "-p", "parses-each-piece", "-r", "as-is", "--json", "-").out)
        for _ in range(2)
    )
    for document in (first, second):
        for result in document["results"]:
            result.pop("seconds")
    assert first == second
    assert re.fullmatch("[0-9a-f]{8}", first["results"][0]["findings"][0]["case"])


def test_the_last_run_is_kept_and_ignored_by_git(run: Run, captures: Path, tmp_path: Path) -> None:
    run("check", captures / CHAT, "-p", "reference", "-s", "whole")
    kept = json.loads((tmp_path / ".streamdoctor" / "last.json").read_text())
    assert kept["schema"] == "streamdoctor.check/1"
    assert (tmp_path / ".streamdoctor" / ".gitignore").read_text() == "*\n"


def test_check_without_captures_runs_the_probes_that_the_parser_speaks(run: Run) -> None:
    done = run("check", "-p", "reference", "-p", "splits-lines-everywhere", "--json", "-", "-s", "bytes")
    assert done.code == 0
    results = json.loads(done.out)["results"]
    probed = {result["probe"] for result in results if result["parser"] == "reference"}
    assert probed == {probe.dialect for probe in PROBES}
    assert all(result["verdict"] != "skipped" for result in results)


def test_where_nothing_can_be_judged_the_exit_code_says_so(run: Run, captures: Path) -> None:
    done = run("check", captures / "aimock-ollama-ndjson.capture.jsonl", "-p", "limits-lines")
    assert done.code == 4
    assert "skipped" in done.out
    assert "it does not speak ollama" in done.out


def test_show_tells_one_capture(run: Run, captures: Path) -> None:
    done = run("show", captures / EMOJI)
    assert done.code == 0
    assert "complete, ended by [DONE]" in done.out
    assert "東京は今日も雨です" in done.out
    document = json.loads(run("show", "--json", "-", captures / EMOJI).out)
    assert document.keys() >= SHOW_KEYS
    assert document["complete"] is True
    assert document["text"] == document["texts"]["0"]
    assert all(value is None or isinstance(value, int) for value in document["timing"].values())
    assert run("show", "--text", captures / EMOJI).out == document["text"] + "\n"


def test_show_tells_a_stream_that_was_killed(run: Run, captures: Path) -> None:
    document = json.loads(run("show", "--json", "-", captures / "llama-chat-killed.capture.jsonl").out)
    assert (document["complete"], document["ended_by"], document["cause"]) == (False, None, "eof")


def test_show_lists_a_folder_and_its_json_is_a_list(run: Run, captures: Path) -> None:
    done = run("show", captures)
    files = sorted(captures.glob("*.capture.jsonl"))
    assert len(done.out.splitlines()) == len(files)
    assert [d["capture"] for d in json.loads(run("show", "--json", "-", captures).out)] == [str(f) for f in files]


def test_show_events_and_reads(run: Run, captures: Path) -> None:
    document = json.loads(run("show", "--json", "-", captures / CHAT).out)
    events = run("show", "--events", captures / CHAT).out.splitlines()
    assert len(events) == 1 + document["events"]
    assert "[DONE]" in events[-1]
    reads = run("show", "--reads", captures / CHAT).out.splitlines()
    assert sum(" < " in line for line in reads) >= document["reads"]


def test_replay_shows_each_step_and_what_was_due(run: Run, captures: Path) -> None:
    done = run("replay", captures / EMOJI, "-p", "decodes-each-piece", "-s", "cuts:1259")
    assert done.code == 1
    assert "then a cut: utf8" in done.out
    assert "SD401 corrupted" in done.out
    assert run("replay", captures / EMOJI, "-p", "reference", "-s", "bytes").code == 0
    assert run("replay", "probe:anthropic", "-p", "reference", "-s", "random").code == 0


def test_what_does_not_apply_is_not_judged(run: Run, captures: Path) -> None:
    done = run("check", captures / CHAT, "-p", "reference", "-r", "blank-lines")
    assert done.code == 4
    assert "no case that was asked for applies here; the rephrasing blank-lines is for ndjson only" in done.out
    done = run("check", captures / CHAT, "-p", "reference", "-f", "keep-open")
    assert "the fault keep-open: only a consumer owes an end on an open connection" in done.out
    assert run("replay", captures / CHAT, "-p", "reference", "-r", "blank-lines").code == 2
    assert run("check", captures / CHAT, "-p", "reference", "-r", "shouting").code == 2


def test_a_rephrased_case_says_what_it_is_and_what_is_missing(run: Run) -> None:
    done = run("replay", "probe:openai-chat", "-p", "finally-works", "-r", "no-space")
    assert done.code == 1
    assert "rephrased: no-space (no space after the colon)" in done.out
    assert "mend: Split at the first colon" in done.out
    assert run("replay", "probe:openai-chat", "-p", "reference", "-r", "no-space", "-s", "bytes").code == 0


def test_the_help_names_every_rephrasing(run: Run) -> None:
    told = run("check", "--help").out
    assert [name for name in REPHRASINGS if name not in told] == []


def test_replay_without_a_judgement_says_why(run: Run, captures: Path) -> None:
    done = run("replay", captures / "aimock-ollama-ndjson.capture.jsonl", "-p", "limits-lines")
    assert done.code == 4
    assert "it does not speak ollama" in done.out


def test_import_then_show(run: Run, tmp_path: Path) -> None:
    body = 'data: {"choices":[{"index":0,"delta":{"content":"Hé"}}]}\n\ndata: [DONE]\n\n'.encode()
    (tmp_path / "kept.sse").write_bytes(body)
    done = run("import", "kept.sse", "--as", "raw", "--content-type", "text/event-stream")
    assert (done.code, done.out) == (0, "kept.capture.jsonl\n")
    assert (tmp_path / "kept.capture.jsonl").stat().st_mode & 0o777 == 0o600
    document = json.loads(run("show", "--json", "-", "kept.capture.jsonl").out)
    assert (document["fidelity"], document["text"], document["complete"]) == ("body", "Hé", True)
    assert document["timing"]["first_byte"] is None
    assert run("check", "kept.capture.jsonl", "-p", "reference").code == 0


def test_parsers_lists_every_built_in(run: Run) -> None:
    done = run("parsers")
    assert done.code == 0
    assert [name for name in BUILTINS if name not in done.out] == []


def test_no_byte_of_the_wire_reaches_the_terminal_raw(run: Run, tmp_path: Path) -> None:
    hostile = "data: \x1b]0;owned\x07\x1b[2J\u202e\x9b31m\u2028\n\n"
    (tmp_path / "\x1b[31mhostile.sse").write_bytes(hostile.encode())
    run("import", "\x1b[31mhostile.sse", "--content-type", "text/event-stream", "-o", "h.capture.jsonl")
    for args in (
        ["show"],
        ["show", "--reads"],
        ["show", "--events"],
        ["replay", "-p", "reference"],
        ["check", "-p", "reference"],
    ):
        done = run(args[0], "h.capture.jsonl", *args[1:])
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", done.out + done.err), args
