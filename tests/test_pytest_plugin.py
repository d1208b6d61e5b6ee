"""The plugin as a project uses it: a wrong parser, a right one, an SDK client, and a case that is fixed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from streamdoctor.diagnosis.rules import RULES

pytest_plugins = ["pytester"]

CAPTURES = Path(__file__).parents[1] / "captures"
EMOJI = "llama-chat-emoji-japanese.capture.jsonl"

PARSERS = '''
import codecs

class Right:
    """Data of events, by LF."""

    def __init__(self):
        self.decoder, self.buffer = codecs.getincrementaldecoder("utf-8")(), ""

    def feed(self, piece):
        self.buffer += self.decode(piece)
        *events, self.buffer = self.buffer.split("\\n\\n")
        return [event.removeprefix("data: ") for event in events]

    def decode(self, piece):
        return self.decoder.decode(piece)

class Wrong(Right):
    def decode(self, piece):
        return piece.decode("utf-8", "replace")
'''
TESTS = """
import pytest
from parsers import Right, Wrong
from streamdoctor.testing import check_parser

@pytest.mark.streamdoctor("*ascii*", "*emoji*", splits="boundaries")
@pytest.mark.parametrize("parser", [Right, Wrong])
def test_parser(capture, parser):
    check_parser(parser, capture)

@pytest.mark.streamdoctor(splits=["whole", "bytes"], prove=True)
def test_proof():
    check_parser("reference", "probe:sse")

def test_client(replay_server):
    from urllib.request import Request, urlopen
    with replay_server("captures/EMOJI") as entered:
        assert entered.url
    server = replay_server("captures/EMOJI", split="bytes")
    with urlopen(Request(server.url + "/v1/chat/completions", method="POST")) as response:
        assert response.read().count(b"data: ") == 132
""".replace("EMOJI", EMOJI)
SDK = """
import openai

def test_sdk(replay_server):
    server = replay_server("captures/EMOJI", split="boundaries")
    with openai.OpenAI(base_url=server.url + "/v1", api_key="-") as client:
        parts = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}], stream=True)
        text = "".join(part.choices[0].delta.content or "" for part in parts)
    assert text.startswith("The caf\u00e9 is open")
""".replace("EMOJI", EMOJI)


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(parsers=PARSERS, test_streams=TESTS)
    pytester.makeini("[pytest]\nstreamdoctor_captures = captures\npythonpath = .\n")
    folder = pytester.mkdir("captures")
    for name in (EMOJI, "llama-chat-ascii.capture.jsonl", "aimock-chat-tool-calls.capture.jsonl"):
        shutil.copy(CAPTURES / name, folder)
    return pytester


@pytest.mark.slow
def test_failures_read_well(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("-q")
    result.assert_outcomes(passed=5, failed=1)
    lines = result.outlines[
        result.outlines.index(
            "E       AssertionError: parsers.py:Wrong breaks on 1 of 1 stream (32 cases): corrupted 1"
        ) :
    ]
    assert [line.removeprefix("E").removeprefix("       ").rstrip() for line in lines[1:11]] == [
        "",
        "SD401 corrupted: breaks a character: U+FFFD stands where it was whole",
        "  stream    captures/llama-chat-emoji-japanese.capture.jsonl (openai-chat); judged at level data, parser",
        "  case      cut at byte 1,259, inside utf8; 4 cases, oracle: same-for-every-cut",
        '  bytes     :0,"delta":{"content":"\\xc3│\\xa9"}}],"created":17954346',
        '  expected  …":0,"delta":{"content":"é"}}],"created":17…70…","system_fingerprint":"b0-unknown","objec…',
        '  got       …":0,"delta":{"content":"��"}}],"created":1…70…2","system_fingerprint":"b0-unknown","obje…',
        "                                     ^",
        f"  mend      {RULES['SD401'].mend}",
        "  smallest  24 bytes “data: é\\n\\ndata: [DONE]\\n\\n”, cut at 7",
    ]  # fmt: skip
    assert "site-packages" not in result.stdout.str()


@pytest.mark.slow
def test_an_sdk_reads_from_the_server(project: pytest.Pytester) -> None:
    pytest.importorskip("openai")
    project.makepyfile(test_sdk=SDK)
    project.runpytest_subprocess("test_sdk.py").assert_outcomes(passed=1)


@pytest.mark.slow
def test_selection_and_last_failed_work(project: pytest.Pytester) -> None:
    project.runpytest_subprocess("-q", "-k", "emoji").assert_outcomes(passed=1, failed=1, deselected=4)
    again = project.runpytest_subprocess("-q", "--lf", "-p", "xdist", "-n", "2")
    again.assert_outcomes(failed=1)


@pytest.mark.slow
def test_the_command_line_overrules_the_marker(project: pytest.Pytester) -> None:
    done = project.runpytest_subprocess("-q", "-k", "test_parser", "--streamdoctor-splits", "whole")
    done.assert_outcomes(passed=4, deselected=2)


def test_a_capture_without_the_thing_to_break_is_skipped_and_says_why(project: pytest.Pytester) -> None:
    """Only where the plugin chose the capture: who names one himself is told that nothing was judged."""
    shutil.copy(CAPTURES / "llama-chat-killed.capture.jsonl", project.path / "captures")
    project.makepyfile(
        test_streams="""
        import pytest
        from streamdoctor.testing import check_parser

        @pytest.mark.streamdoctor("*killed*", "*ascii*", faults="no-marker")
        def test_chosen(capture):
            check_parser("reference", capture)

        @pytest.mark.streamdoctor(faults="no-marker")
        def test_named():
            check_parser("reference", "captures/llama-chat-killed.capture.jsonl")
        """
    )
    done = project.runpytest_subprocess("-q", "-rs")
    done.assert_outcomes(passed=1, skipped=1, failed=1)
    done.stdout.fnmatch_lines(["E*NothingThere: nothing was judged: *", "SKIPPED*no-marker needs a terminal signal"])


@pytest.mark.slow
def test_a_written_case_fails_before_the_fix_and_passes_after(project: pytest.Pytester) -> None:
    words = ["minimise", f"captures/{EMOJI}", "-p", "parsers.py:Wrong", "-s", "cuts:1259", "-o", "cut-inside-e"]
    subprocess.run([sys.executable, "-m", "streamdoctor", *words], check=True, capture_output=True, cwd=project.path)
    result = project.runpytest_subprocess("-q", "cut-inside-e.case.json")
    result.assert_outcomes(failed=1)
    assert "parsers.py:Wrong breaks on 1 of 1 stream (1 case): corrupted 1" in result.stdout.str()
    source = (project.path / "parsers.py").read_text()
    (project.path / "parsers.py").write_text(
        source.replace('piece.decode("utf-8", "replace")', "super().decode(piece)")
    )
    project.runpytest_subprocess("-q", "cut-inside-e.case.json").assert_outcomes(passed=1)


def test_a_file_that_is_no_case_says_so(project: pytest.Pytester) -> None:
    for name, text in {"empty": "{}", "torn": "[", "new": '{"schema": "x/9"}'}.items():
        (project.path / f"{name}.case.json").write_text(text)
    result = project.runpytest_subprocess("-q", *(f"{name}.case.json" for name in ("empty", "torn", "new")))
    result.assert_outcomes(errors=3)
    no_case = "no case of streamdoctor"
    for words in (f"empty.case.json*{no_case}", f"torn.case.json*{no_case}", "needs another"):
        result.stdout.fnmatch_lines_random(f"*{words}*")


@pytest.mark.parametrize(
    ("ini", "marker", "says"),
    [
        ("", "", "wants `streamdoctor_captures"),
        pytest.param("streamdoctor_captures = nowhere", "", "there is no capture", marks=pytest.mark.slow),
        pytest.param(
            "streamdoctor_captures = captures",
            "@pytest.mark.streamdoctor('nothing*')",
            "is called like that",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_is_not_there_is_said(project: pytest.Pytester, ini: str, marker: str, says: str) -> None:
    project.makeini(f"[pytest]\n{ini}\n")
    project.makepyfile(test_streams=f"import pytest\n{marker}\ndef test(capture): pass\n")
    result = project.runpytest_subprocess("-q")
    assert result.ret != 0
    assert says in result.stdout.str() + result.stderr.str()


@pytest.mark.slow
def test_captures_are_recorded_anew_but_not_in_ci(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    from streamdoctor.testing import load, replay_server

    monkeypatch.setenv("STREAMDOCTOR_HEADER_AUTHORIZATION", "Bearer 0123456789abcdef")
    path = project.path / "captures" / EMOJI
    with replay_server(CAPTURES / "llama-chat-ascii.capture.jsonl") as upstream:
        lines = path.read_text(encoding="utf-8").split("\n")
        header = {**json.loads(lines[0]), "upstream": upstream.url}
        path.write_text("\n".join([json.dumps(header), *lines[1:]]), encoding="utf-8")
        before = load(path)
        arguments = ("-q", "--streamdoctor-record", "-k", "emoji and Right")
        monkeypatch.setenv("CI", "true")
        refused = project.runpytest_subprocess(*arguments)
        assert "not recorded where CI is set" in refused.stderr.str()
        monkeypatch.delenv("CI")
        project.runpytest_subprocess(*arguments).assert_outcomes(passed=1, deselected=5)
        monkeypatch.delenv("STREAMDOCTOR_HEADER_AUTHORIZATION")
        missing = project.runpytest_subprocess(*arguments)
    assert "set STREAMDOCTOR_HEADER_AUTHORIZATION" in missing.stdout.str()
    after = load(path)
    assert (before.data("<") == after.data("<"), after.data("<").count(b"data: ") > 5) == (False, True)
    assert "Bearer" not in path.read_text(encoding="utf-8")


def test_nothing_is_loaded_before_it_is_used(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_streams="import sys\ndef test():\n"
        "    ours = {name for name in sys.modules if name.startswith('streamdoctor.')}\n"
        "    assert ours == {'streamdoctor.pytest_plugin'}\n"
        "    assert not {'hypothesis', 'textual', 'click'} & set(sys.modules)\n"
    )
    project.runpytest_subprocess("-q", "-p", "no:hypothesispytest").assert_outcomes(passed=1)
