"""What is said of a parser is true, and of use to its author: kind, smallest case, mend, and what it was judged on."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path

import pytest

from streamdoctor.errors import UsageError
from streamdoctor.parsers.load import load
from streamdoctor.rephrasings.catalogue import REPHRASINGS
from streamdoctor.report.text import advice
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import read_body
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.results import Found, Result, worth_telling
from streamdoctor.suite.subjects import Subject, find
from streamdoctor.testing import check_parser
from tests.suite.lab import SHORT, STRANGERS, judged, kinds, told

WHOLE = Axes(splits=("whole",), rephrasings=("as-is",))
CHAT, PLAIN = "probe:openai-chat", "probe:sse"


def ref(name: str) -> str:
    return f"{STRANGERS / 'hostile.py'}:{name}"


def found(name: str, stream: str, rephrase: str, splits: tuple[str, ...] = ("whole",)) -> Found:
    """The one finding of its rephrasing."""
    (result,) = judged(ref(name), [stream], Axes(splits=splits, rephrasings=(rephrase,)))
    (one,) = result.findings
    return one


def body(one: Found) -> bytes:
    assert one.minimal is not None
    return b64decode(one.minimal["body_b64"])


def mend(one: Found) -> str:
    return advice(one.finding, one.blamed, one.cuts, one.boundary)


def unasked(name: str, axes: Axes = WHOLE) -> list[Result]:
    """As `check` does where no stream is given: over all probes."""
    probes = [f"probe:{dialect}" for dialect in ("sse", "ndjson", "openai-chat", "ollama", "anthropic")]
    return worth_telling(check([ref(name)], [*map(find, probes)], Options(axes, unasked=True), SHORT))


def test_the_words_in_which_a_stream_was_recorded_are_blamed_like_a_rephrasing(tmp_path: Path) -> None:
    """A parser that looks for two LF, on a body that was recorded with CRLF."""
    (tmp_path / "theirs.py").write_text(
        "class P:\n"
        "    def __init__(self): self.rest = b''\n"
        "    def feed(self, piece):\n"
        "        *events, self.rest = (self.rest + piece).split(b'\\n\\n')\n"
        "        return [event.decode().removeprefix('data: ') for event in events]\n"
    )
    body = b"data: one\r\n\r\ndata: two\r\n\r\n"
    subject = Subject(None, "recorded", read_body(body, by_name("sse")), recorded=())
    (result,) = check([f"{tmp_path}/theirs.py:P"], [subject], Options(Axes(("whole",))))
    (found,) = result.findings
    assert (found.rephrase, found.wording, found.blamed) == ("as-is", "crlf", "crlf")
    assert advice(found.finding, found.blamed, found.cuts, found.boundary) == REPHRASINGS["crlf"].mend


def test_messages_under_the_type_of_their_event_are_read() -> None:
    results = judged(ref("ByEventType"), ["probe:bedrock-converse"], Axes(splits=("whole", "bytes")))
    assert {(r.verdict, r.level, r.fits) for r in results} == {("pass", "json", True)}, told(results)


def test_what_is_wrong_in_one_piece_is_calibrated_in_a_piece_an_event() -> None:
    (result,) = judged(ref("LooksForDone"), [CHAT], WHOLE)
    assert (result.level, result.role, result.fits) == ("json", "consumer", True)
    assert (result.verdict, kinds([result])) == ("fail", {"truncated"}), told([result])


def test_words_that_are_stripped_are_judged_as_words() -> None:
    results = unasked("strips_text")
    assert [(r.probe, r.level, r.verdict) for r in results] == [("openai-chat", "text", "fail")], told(results)
    assert results[0].findings[0].finding.expected == " "


def test_only_streams_in_which_it_has_a_say_are_held_against_it() -> None:
    """It is not accused of raising on NDJSON; that its items cannot be read is what is told."""
    results = unasked("own_objects")
    assert [(r.probe, r.verdict) for r in results] == [("openai-chat", "error")], told(results)
    assert "its items (Chunk)" in (results[0].note or "")
    with pytest.raises(AssertionError, match=r"its items \(Chunk\)"):
        check_parser(ref("own_objects"), split="whole", rephrase="as-is")


def test_where_it_has_a_say_nowhere_every_stream_counts(tmp_path: Path) -> None:
    file = tmp_path / "silent.py"
    file.write_text("def silent(pieces):\n    for _ in pieces:\n        yield from ()\n", encoding="utf-8")
    results = check([f"{file}:silent"], [find(PLAIN), find(CHAT)], Options(WHOLE, unasked=True), SHORT)
    assert {result.verdict for result in results} == {"fail"}, told(results)


def test_who_reads_plain_streams_or_one_api_is_not_asked_for_the_others() -> None:
    results = unasked("plain_or_chat")
    assert {r.probe: r.verdict for r in results} == {"sse": "pass", "openai-chat": "pass"}, told(results)


def test_who_reads_plain_streams_only_has_to_read_each_like_them() -> None:
    results = unasked("plain_words")
    assert {r.probe: r.verdict for r in results} == {"sse": "pass", "openai-chat": "fail", "anthropic": "fail"}
    assert {(r.level, r.fits) for r in results if r.verdict == "fail"} == {("data", False)}, told(results)


@pytest.mark.parametrize(
    ("rephrase", "smallest"),
    [
        ("bom", {b"\xef\xbb\xbfdata: l\n\ndata: \n\n"}),
        ("cr", {b"data: \r\r"}),
    ],
)
def test_the_smallest_case_shows_what_the_rephrasing_showed(rephrase: str, smallest: set[bytes]) -> None:
    """Not the colon that it needs as well, which a smaller body would show."""
    assert body(found("only_lf", PLAIN, rephrase)) in smallest


def test_a_smallest_case_takes_no_liberty_that_the_stream_did_not_take(tmp_path: Path) -> None:
    """This one wants a space, too: a case without one would be green when that alone is mended."""
    file = tmp_path / "wants.py"
    file.write_text(
        "import re\ndef blocks(pieces):\n    text = b''.join(pieces)\n"
        "    while found := re.match(rb'data: (.*)\\n\\n', text):\n"
        "        yield found[1].decode()\n        text = text[found.end():]\n",
        encoding="utf-8",
    )
    (result,) = judged(f"{file}:blocks", [PLAIN], Axes(splits=("whole",), rephrasings=("comments",)))
    small = body(result.findings[0])
    assert re.search(rb"^:", small, re.M) and not re.search(rb"^data:(?! )", small, re.M), small


def test_a_smallest_case_has_no_other_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "blocks.py"
    file.write_text(
        "def blocks(pieces):\n    *found, _ = b''.join(pieces).split(b'\\n\\n')\n"
        "    for one in found:\n        yield one.removeprefix(b'data: ')\n",
        encoding="utf-8",
    )
    (result,) = judged(f"{file}:blocks", [PLAIN], Axes(splits=("whole",), rephrasings=("crlf",)))
    small = body(result.findings[0])
    assert small.count(b"\r\n") == small.count(b"\n") == small.count(b"\r") > 0


def test_a_smallest_case_that_takes_earlier_streams_is_none() -> None:
    one = found("drops_seen_ids", PLAIN, "ids")
    assert one.minimal is None
    assert one.finding.rule == "SD103"


def test_what_outlives_a_stream_is_one_cause_and_its_mend() -> None:
    axes = Axes(splits=("whole",), rephrasings=("ids", "multi-line-data", "line-separators"))
    (result,) = judged(ref("KeepsLastId"), ["probe:anthropic"], axes)
    assert [one.finding.rule for one in result.findings] == ["SD403"], told([result])
    assert "Keep all state in the instance" in mend(result.findings[0])


def test_what_is_late_anyway_is_not_told_of_cr() -> None:
    (result,) = judged(ref("HoldsOneBack"), [PLAIN], Axes(splits=("whole", "events"), rephrasings=("as-is", "cr")))
    assert {one.finding.rule for one in result.findings} == {"SD310", "SD311"}, told([result])


def test_a_cut_that_alters_has_a_mend_for_cuts() -> None:
    one = found("CountsToThree", PLAIN, "as-is", ("bytes",))
    assert one.finding.rule == "SD404"
    assert "where a piece begins or ends" in mend(one)


def test_a_class_that_needs_an_argument_is_told_so() -> None:
    with pytest.raises(UsageError, match="NeedsUrl has `feed`, but cannot be made without arguments"):
        load(ref("NeedsUrl"))
