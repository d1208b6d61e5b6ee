"""Parsers in other languages: the protocol, its misuse, and the shim for Node."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from shlex import quote

import pytest

from streamdoctor.errors import UsageError
from streamdoctor.parsers.command import SHIMS, Command, Patience, ref_of, words_of
from streamdoctor.parsers.load import load, validate
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.results import Result
from streamdoctor.suite.subjects import from_capture, from_probe

ROOT = Path(__file__).parents[2]
EMOJI = str(ROOT / "captures" / "llama-chat-emoji-japanese.capture.jsonl")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
PACKAGES = ROOT / ".venv" / "node"

PARSER = r"""
import json, struct, sys
def say(**message): print(json.dumps(message), flush=True)
def frame():
    ASK
    size = struct.unpack(">I", sys.stdin.buffer.read(4) or b"\0\0\0\0")[0]
    return size, b"" if size in (0, 0xFFFFFFFF) else sys.stdin.buffer.read(size)
def one():
    buffer = b""
    while True:
        size, piece = frame()
        if size == 0xFFFFFFFF: return say(error="ConnectionResetError: gone")
        if size == 0: return END
        buffer += piece
        *events, buffer = buffer.split(b"\n\n")
        for event in events:
            data = DECODE.removeprefix("data: ")
            EVENT
            say(event=data)
REPEAT
"""
GOOD = {
    "ASK": "say(ask=True)",
    "END": "say(done=True)",
    "DECODE": "event.decode()",
    "EVENT": "",
    "REPEAT": "while True: one()",
}


def command(folder: Path, **changes: str) -> str:
    """A reference to a Python program that parses SSE, as GOOD says but for `changes`."""
    text = PARSER
    for name, value in {**GOOD, **changes}.items():
        text = text.replace(name, value)
    path = folder / "theirs.py"
    path.write_text(text)
    return f"$ {quote(sys.executable)} {quote(str(path))}"


def judged(ref: str, *splits: str, faults: tuple[str, ...] = (), stream: str = "probe:openai-chat") -> Result:
    subject = from_probe(stream.partition(":")[2]) if stream.startswith("probe:") else from_capture(stream)
    options = Options(Axes(splits, faults), patience=Patience(1.0, 2.0))
    (result,) = check([ref], [subject], options)
    return result


def rules(result: Result) -> set[str]:
    return {found.finding.rule for found in result.findings}


def test_a_correct_command_passes_in_lockstep(tmp_path: Path) -> None:
    result = judged(command(tmp_path), "whole", "events", "fixed:7", "boundaries")
    assert (result.verdict, result.level, result.role) == ("pass", "data", "parser")


@pytest.mark.slow
def test_one_that_handles_one_case_a_process_is_started_again(tmp_path: Path) -> None:
    result = judged(command(tmp_path, REPEAT="one()"), "whole", "fixed:50")
    assert (result.verdict, result.role) == ("pass", "parser")


def test_a_mistake_is_found_and_shown_again_by_a_command(tmp_path: Path) -> None:
    ref = command(tmp_path, DECODE='event.decode("ascii", "replace")')
    result = judged(ref, "whole", stream=EMOJI)
    assert result.verdict == "fail"
    assert f"--command {quote(ref.removeprefix('$ '))}" in result.findings[0].reproduce
    assert result.findings[0].minimal is not None


def test_what_is_held_back_until_the_end_is_late(tmp_path: Path) -> None:
    ref = command(tmp_path, END="[say(event=e) for e in held], say(done=True)", EVENT="held.append(data); continue")
    path = tmp_path / "theirs.py"
    path.write_text(path.read_text().replace('buffer = b""', 'buffer = b""; held = []'))
    assert rules(judged(ref, "events")) == {"SD311"}


def test_a_consumer_that_stops_and_one_that_waits(tmp_path: Path) -> None:
    stops = command(tmp_path, EVENT='if data == "[DONE]": return say(done=True)')
    result = judged(stops, "whole", faults=("keep-open", "no-marker"))
    assert (result.role, rules(result)) == ("consumer", {"SD501"})
    waits = command(tmp_path, EVENT='if data == "[DONE]": continue')
    result = judged(waits, "whole", faults=("keep-open",))
    assert (result.role, rules(result)) == ("consumer", {"SD301"})


def test_who_raises_at_a_reset_is_right(tmp_path: Path) -> None:
    assert judged(command(tmp_path), "whole", faults=("cut@e3:rst", "cut@e3:fin")).verdict == "pass"


@pytest.mark.slow
def test_who_never_asks_is_judged_on_content_only(tmp_path: Path) -> None:
    result = judged(command(tmp_path, ASK="pass", REPEAT="one()"), "whole", "events", "fixed:9")
    assert (result.verdict, result.level) == ("pass", "data")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"EVENT": "raise KeyError(data)"}, "SD701"),
        ({"EVENT": "sys.exit(3)"}, "SD701"),
        ({"EVENT": "import os; os.kill(os.getpid(), 11)"}, "SD701"),
        pytest.param({"EVENT": "while True: pass"}, "SD302", marks=pytest.mark.slow),
        pytest.param({"EVENT": "import time; time.sleep(60)"}, "SD303", marks=pytest.mark.slow),
        ({"EVENT": 'say(error="ValueError: no"); return'}, "SD701"),
    ],
)
def test_harm_is_called_by_its_name(tmp_path: Path, change: dict[str, str], rule: str) -> None:
    result = judged(command(tmp_path, **change), "whole")
    assert rules(result) == {rule}


def test_one_that_never_said_a_word_is_waited_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamdoctor.parsers.command._TRY_SECONDS", 0.2)
    silent = Command.of("$ sleep 60")
    assert silent.mute
    said: list[object] = []
    process = silent.process()
    silent.patience = Patience(1.0, 1.0)
    assert silent.answer(process, said.append).kind == "blocked"
    assert silent.mute
    silent.drop()


def test_one_that_speaks_is_given_its_time(tmp_path: Path) -> None:
    assert not Command.of(command(tmp_path)).mute
    assert not Command.of(command(tmp_path, ASK="pass", REPEAT="one()")).mute


@pytest.mark.parametrize(
    ("ref", "says"),
    [
        ("$ no-such-program", "No such file"),
        ("$ false", "does not start: exit code 1"),
        ("$ echo hello", "says nothing: hello"),
        ("$ 'open", "is no command"),
        ("$ ", "wants a command"),
    ],
)
def test_what_is_no_parser_says_why(ref: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        validate(ref)
        load(ref)


JAVASCRIPT = """
export async function* parse(pieces) {
  const decoder = new TextDecoder();
  let buffer = "";
  for await (const piece of pieces) {
    buffer += decoder.decode(piece, { stream: STREAM });
    const events = buffer.split("\\n\\n");
    buffer = events.pop();
    for (const event of events) yield event.slice(6);
  }
}
export class Parser {
  buffer = Buffer.alloc(0);
  feed(piece) {
    this.buffer = Buffer.concat([this.buffer, piece]);
    const out = [];
    for (let at; (at = this.buffer.indexOf("\\n\\n")) >= 0; this.buffer = this.buffer.subarray(at + 2)) {
      out.push({ data: this.buffer.subarray(6, at).toString() });
    }
    return out;
  }
}
export default () => new Parser();
export class Chatty extends Parser {
  feed(piece) {
    console.log("a piece of", piece.length);
    return super.feed(piece);
  }
}
export class Crashes extends Parser {
  feed(piece) {
    if (piece.length === 3) throw new Error("three");  // line 31
    return super.feed(piece);
  }
}
export class Pushes { push(piece) {} }
export const settings = { a: 1 };
export const numbers = () => ({ feed: () => ({ count: 10n }) });
"""


@needs_node
@pytest.mark.slow
@pytest.mark.parametrize(("name", "level"), [(":parse", "data"), (":Parser", "event"), ("", "event")])
def test_a_javascript_parser_in_each_shape(tmp_path: Path, name: str, level: str) -> None:
    (tmp_path / "theirs.mjs").write_text(JAVASCRIPT.replace("STREAM", "true"))
    result = judged(f"$ node shim:node {tmp_path}/theirs.mjs{name}", "whole", "events", "boundaries", stream=EMOJI)
    assert (result.verdict, result.level, result.role) == ("pass", level, "parser")


@needs_node
def test_what_a_module_prints_is_no_part_of_the_protocol(tmp_path: Path) -> None:
    (tmp_path / "theirs.mjs").write_text(JAVASCRIPT.replace("STREAM", "true"))
    assert judged(f"$ node shim:node {tmp_path}/theirs.mjs:Chatty", "whole", "events", stream=EMOJI).verdict == "pass"


@needs_node
def test_items_larger_than_a_pipe_holds_come_out_whole(tmp_path: Path) -> None:
    (tmp_path / "theirs.mjs").write_text(JAVASCRIPT.replace("STREAM", "true"))
    options = Options(Axes((), (), 0, ("big-event",)), patience=Patience(5.0, 10.0))
    (result,) = check([f"$ node shim:node {tmp_path}/theirs.mjs:Chatty"], [from_probe("openai-chat")], options)
    assert (result.verdict, result.cases) == ("pass", 2), result


def test_a_command_without_a_word_is_no_parser() -> None:
    result = judged("$ true", "whole")
    assert (result.verdict, "without a word about its first stream" in (result.note or "")) == ("error", True)


@needs_node
def test_an_error_in_javascript_has_a_name_a_message_and_a_place(tmp_path: Path) -> None:
    (tmp_path / "theirs.mjs").write_text(JAVASCRIPT.replace("STREAM", "true"))
    (found,) = judged(f"$ node shim:node {tmp_path}/theirs.mjs:Crashes", "fixed:3").findings
    line = 1 + JAVASCRIPT[: JAVASCRIPT.index("// line 31")].count("\n")
    assert (found.finding.rule, found.finding.actual) == ("SD701", "Error: three")
    assert found.finding.summary == f"raises Error in step 1 at theirs.mjs:{line}"


@needs_node
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Pushes", "Pushes is a class without feed\\(bytes\\): it has push"),
        ("settings", "settings is no class or function, but object"),
        (
            "nobody",
            "does not export nobody: it exports Chatty, Crashes, Parser, Pushes, default, numbers, parse, settings",
        ),
    ],
)
def test_a_module_of_another_shape_is_told_apart(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "theirs.mjs").write_text(JAVASCRIPT.replace("STREAM", "true"))
    with pytest.raises(UsageError, match=says):
        load(f"$ node shim:node {tmp_path}/theirs.mjs:{name}")


@needs_node
def test_an_item_that_json_cannot_hold_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "theirs.mjs").write_text(JAVASCRIPT.replace("STREAM", "true"))
    (found,) = judged(f"$ node shim:node {tmp_path}/theirs.mjs:numbers", "whole").findings
    assert "an item is nothing that JSON can hold" in found.finding.actual


def test_the_shim_is_the_same_reference_on_every_machine() -> None:
    ref = ref_of(f"node {SHIMS['node']} ./mine.mjs:parse")
    assert ref == ref_of("node shim:node ./mine.mjs:parse") == "$ node shim:node ./mine.mjs:parse"
    assert words_of(ref) == ["node", str(SHIMS["node"]), "./mine.mjs:parse"]


def test_a_line_that_is_no_message_says_where_else_to_print(tmp_path: Path) -> None:
    result = judged(command(tmp_path, EVENT='print("debugging")'), "whole")
    assert (result.verdict, "wrote a line that says nothing: debugging" in (result.note or "")) == ("error", True)


@needs_node
@pytest.mark.slow
def test_a_javascript_decode_per_piece_is_found(tmp_path: Path) -> None:
    (tmp_path / "theirs.mjs").write_text(JAVASCRIPT.replace("STREAM", "false"))
    assert rules(judged(f"$ node shim:node {tmp_path}/theirs.mjs:parse", "boundaries", stream=EMOJI)) == {"SD401"}


@needs_node
@pytest.mark.skipif(not PACKAGES.is_dir(), reason="needs: npm install --prefix .venv/node eventsource-parser")
def test_eventsource_parser_is_late_on_a_lone_cr_and_right_on_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PACKAGES)
    axes = Axes(("whole", "bytes"), (), 0, ("as-is", "crlf", "cr", "comments", "ids", "bom"))
    ref = "$ node shim:node eventsource-parser:createParser"
    (result,) = check([ref], [from_probe("sse")], Options(axes))
    assert {(found.rephrase, found.finding.rule) for found in result.findings} == {("cr", "SD101"), ("cr", "SD512")}
