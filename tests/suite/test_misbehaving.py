"""Parsers that do harm: each gets a true verdict, soon, and nobody else notices."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest

from streamdoctor.errors import UsageError
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.results import Result
from streamdoctor.suite.single import replay
from streamdoctor.suite.subjects import from_probe
from streamdoctor.suite.workers import Limits
from tests.suite.lab import CHATS, PLAIN, STRANGERS, captures, judged, told

SOME = Axes(splits=("whole", "bytes", "fixed:7"))
GOOD = f"{STRANGERS / 'sse.py'}:sync_text"


def one(tmp_path: Path, name: str, axes: Axes = SOME) -> Result:
    """The verdict on one chat, with a good parser beside it that must not notice."""
    refs = [f"{STRANGERS / 'misbehaving.py'}:{name}", GOOD]
    bad, good = judged(refs, captures(tmp_path, {"chat": CHATS["chat"]}), axes)
    assert good.verdict == "pass", told([good])
    return bad


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        pytest.param("spins", "SD302", marks=pytest.mark.slow),
        pytest.param("spins_at_once", "SD302", marks=pytest.mark.slow),
        pytest.param("sleeps_at_once", "SD303", marks=pytest.mark.slow),
        pytest.param("infinite_empty", "SD302", marks=pytest.mark.slow),
        pytest.param("infinite_after", "SD302", marks=pytest.mark.slow),
        pytest.param("FeedCoroWaits", "SD303", marks=pytest.mark.slow),
        ("Exits", "SD703"),
        pytest.param("ExitsAlways", "SD703", marks=pytest.mark.slow),
        ("Segv", "SD703"),
        pytest.param("closes_fds", "SD703", marks=pytest.mark.slow),
        ("InitRaises", "SD701"),
        ("raises_system_exit", "SD701"),
        ("raises_ki", "SD701"),
        pytest.param("raises_weird", "SD701", marks=pytest.mark.slow),
        pytest.param("bad_property", "SD701", marks=pytest.mark.slow),
        ("FeedNone", "SD101"),
        ("FeedStr", "SD402"),
        ("nones", "SD203"),
        ("returns_list", "SD311"),
        ("replaces_builtins", "SD703"),
        pytest.param("takes_signals_and_spins", "SD302", marks=pytest.mark.slow),
        pytest.param("takes_signals_and_sleeps", "SD303", marks=pytest.mark.slow),
    ],
)
def test_harm_is_called_by_its_name(tmp_path: Path, name: str, rule: str) -> None:
    result = one(tmp_path, name)
    assert rule in {found.finding.rule for found in result.findings}, told([result])
    assert result.verdict == ("hung" if rule.startswith("SD30") else "fail")
    assert result.cases


HARM = """
import os, time

class Theirs:
    def __init__(self):
        self.buffer = b""

    def feed(self, piece):
        if 0x80 <= piece[0] < 0xC0:
            HARM
        *events, self.buffer = (self.buffer + piece).split(b"\\n\\n")
        return [event.decode().removeprefix("data:").removeprefix(" ") for event in events]

    def close(self):
        return []
"""


@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        ("os._exit(3)", "SD703"),
        pytest.param("while True: pass", "SD302", marks=pytest.mark.slow),
        pytest.param("time.sleep(1000)", "SD303", marks=pytest.mark.slow),
    ],
)
def test_what_takes_its_process_down_is_made_small_too(tmp_path: Path, harm: str, rule: str) -> None:
    (tmp_path / "theirs.py").write_text(HARM.replace("HARM", harm), encoding="utf-8")
    stream = captures(tmp_path, {"chat": CHATS["chat"]})
    (result,) = judged(f"{tmp_path / 'theirs.py'}:Theirs", stream, Axes(splits=("boundaries",)))
    (found,) = result.findings
    assert found.finding.rule == rule
    assert found.minimal is not None and found.minimal["cuts"] == [1]
    assert len(b64decode(found.minimal["body_b64"])) < 60


@pytest.mark.slow
def test_eating_memory_ends_in_an_exception_or_a_limit(tmp_path: Path) -> None:
    assert one(tmp_path, "Eats").verdict in ("fail", "hung")


@pytest.mark.parametrize(
    "name",
    [
        "Prints",
        "ReadsStdin",
        "leaves_threads",
        "leaves_busy_thread",
        "leaves_process",
        "chdirs",
        "forks",
        "takes_signals",
        "replaces_modules",
        "FeedAsyncGen",
        "FeedCoro",
        "FeedQueue",
    ],
)
def test_what_is_odd_is_not_wrong(tmp_path: Path, name: str) -> None:
    result = one(tmp_path, name)
    assert result.verdict == "pass", told([result])


@pytest.mark.slow
def test_who_imports_a_library_when_first_called_is_not_called_slow(tmp_path: Path) -> None:
    (tmp_path / "library.py").write_text(
        "import time\nuntil = time.process_time() + 0.4\nwhile time.process_time() < until: pass\n", encoding="utf-8"
    )
    file = tmp_path / "theirs.py"
    file.write_text(
        "def parse(pieces):\n    import library\n    yield from b''.join(pieces).decode().split('\\n')[:-1]\n"
    )
    (result,) = judged(f"{file}:parse", captures(tmp_path, {"plain": PLAIN["plain"]}), SOME)
    assert result.level == "lines", told([result])
    assert {found.kind for found in result.findings} == {"delayed"}


@pytest.mark.parametrize(("name", "what"), [("ints", "int"), ("tuples", "tuple"), ("magic", "Self")])
def test_items_that_cannot_be_read_are_not_judged(tmp_path: Path, name: str, what: str) -> None:
    result = one(tmp_path, name)
    assert result.verdict == "error"
    assert f"its items ({what})" in (result.note or "")


@pytest.mark.slow
def test_a_parser_that_hangs_everywhere_is_not_given_every_stream(tmp_path: Path) -> None:
    results = judged(f"{STRANGERS / 'misbehaving.py'}:spins_at_once", captures(tmp_path, PLAIN), SOME, Limits(cpu=0.05))
    assert [result.verdict for result in results] == ["hung"] * 3 + ["error"] * (len(PLAIN) - 3)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("raise ValueError('at import')", "at import"),
        ("import sys; sys.exit(3)", "SystemExit"),
        ("import os; os._exit(3)", "exit code 3"),
        ("while True: pass", "CPU time"),
        ("def parse(:", "SyntaxError"),
        ("parse = 7", "cannot be called"),
        ("def parse(a, b): pass", "takes 2"),
        ("def parse(*, a): pass", "keyword"),
        ("class parse: pass", "no `feed`"),
        ("other = 1", "there is no 'parse'"),
    ],
)
def test_what_is_no_parser_is_a_mistake_of_the_caller(tmp_path: Path, source: str, says: str) -> None:
    file = tmp_path / "theirs.py"
    file.write_text(source, encoding="utf-8")
    with pytest.raises(UsageError, match=says):
        judged(f"{file}:parse", ["probe:sse"])


def test_a_function_without_an_iterator_is_not_judged_and_stops_nobody_else(tmp_path: Path) -> None:
    file = tmp_path / "theirs.py"
    file.write_text("def parse(pieces): return None", encoding="utf-8")
    bad, good = judged([f"{file}:parse", GOOD], ["probe:openai-chat"], SOME)
    assert (bad.verdict, good.verdict) == ("error", "pass")
    assert "is no iterator" in (bad.note or "")


def command(*words: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "streamdoctor", *words, "--time-limit", "0.3"]
    return subprocess.run(run, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("FeedCoroWaits", 1), ("Segv", 1), ("Prints", 0), ("ints", 4)])
def test_the_commands_say_so_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
    (chat,) = captures(tmp_path, {"chat": CHATS["chat"]})
    monkeypatch.chdir(tmp_path)
    parser = ["-p", f"{STRANGERS / 'misbehaving.py'}:{name}", "--split", "bytes"]
    for done in (command("check", chat, *parser), command("replay", chat, *parser)):
        assert done.returncode == code, done.stdout + done.stderr
        assert "POLLUTION" not in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_loop_is_named_by_what_never_returned_and_shown_where_it_was(tmp_path: Path) -> None:
    """Each stop finds it in another line, but never outside `feed`."""
    file = tmp_path / "turning.py"
    file.write_text(
        "import json\n"
        "class Parser:\n"
        "    def turn(self, n): return json.dumps(n + 1)\n"
        "    def feed(self, data):\n"
        "        n = 0\n"
        "        while True:\n"
        "            n = int(self.turn(n))\n"
    )
    subject, ref, limits = from_probe("sse"), f"{file}:Parser", Limits(0.3, 5.0)
    (result,) = check([ref], [subject], Options(Axes(("whole",))), limits)
    assert result.findings[0].finding.summary.endswith("(CPU time used up, in feed of turning.py)")
    place = replay(ref, subject, "whole", None, Options(), limits).place
    assert re.fullmatch(r"at \w+\.py:\d+ in \w+(, from turning\.py:[67] in feed)?", place), place


@pytest.mark.slow
def test_one_that_hangs_without_its_marker_is_not_tried_on_every_dialect(tmp_path: Path) -> None:
    """Three hangs on plain probes are enough: then only the dialects of what is checked are looked at."""
    (tmp_path / "theirs.py").write_text(
        "def parse(pieces):\n"
        "    rest, pieces = b'', iter(pieces)\n"
        "    while True:\n"
        "        piece = next(pieces, None)\n"
        "        if piece is None:\n"
        f"            open({str(tmp_path / 'hangs')!r}, 'a').write('x')\n"
        "            while True: pass\n"
        "        *events, rest = (rest + piece).split(b'\\n\\n')\n"
        "        for event in events:\n"
        "            if event == b'data: [DONE]': return\n"
        "            if event[:6] == b'data: ': yield event[6:].decode()\n"
    )
    axes = Axes(("whole",), (), 0, ("as-is",))
    limits = Limits(cpu=0.3, wall=2.0)
    (result,) = check([f"{tmp_path}/theirs.py:parse"], [from_probe("openai-chat")], Options(axes), limits)
    assert (result.verdict, result.level) == ("pass", "data"), told([result])
    assert len((tmp_path / "hangs").read_text()) <= 2 * 3
