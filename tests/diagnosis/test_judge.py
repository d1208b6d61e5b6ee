"""The judge before transcripts built by hand: what is a finding, what is none, and which one it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamdoctor.diagnosis.naming import accumulates
from streamdoctor.parsers.levels import Expected
from tests.diagnosis.trials import CHAT, DONE, ERROR, HELLO, STOP, WORLD, only, raised, rules, sse

AB = sse("a", "b")
ALL = [(1, "a"), (1, "b")]
CHAT_DATA = [(1, HELLO), (1, WORLD), (1, STOP), (1, DONE)]
TEXT = [(1, "Hello"), (1, " world")]
CONSUMER: dict[str, Any] = {"dialect": "openai-chat", "level": "text", "role": "consumer"}
OPEN: dict[str, Any] = {"fault": "keep-open", "ending": "open"}


# --- content


def test_what_is_right_gives_nothing() -> None:
    assert rules(AB, ALL) == []
    assert rules(CHAT, CHAT_DATA, dialect="openai-chat") == []
    assert rules(CHAT, TEXT, **CONSUMER) == []


@pytest.mark.parametrize(
    ("out", "rule", "kind"),
    [
        (["a"], "SD101", "truncated"),
        (["b"], "SD103", "truncated"),
        (["a", "b", "a"], "SD201", "duplicated"),
        (["a", "", "b"], "SD202", "invented"),
        (["a", "z", "b"], "SD203", "invented"),
        (["a", "b\ufffd"], "SD401", "corrupted"),
        (["ab"], "SD402", "corrupted"),
        (["a\nb"], "SD402", "corrupted"),
        (["a", " b"], "SD404", "corrupted"),
        (["b", "a"], "SD411", "reordered"),
    ],
)
def test_the_rule_of_a_difference(out: list[str], rule: str, kind: str) -> None:
    finding = only(AB, [(1, item) for item in out])
    assert (finding.rule, finding.kind, finding.oracle) == (rule, kind, "reference")


@pytest.mark.parametrize("glue", ["", "\n"])
def test_what_was_handed_out_before_comes_once_more_with_each_item(glue: str) -> None:
    sent = ["a", "b", "c", "d"]
    out = [(1, glue.join(sent[: count + 1])) for count in range(4)]
    finding = only(sse(*sent), out)
    assert (finding.rule, finding.kind) == ("SD205", "duplicated")
    assert rules(sse(*sent), [*out[:3], (1, "abcx")]) != ["SD205"]


def test_text_that_grows_is_told_from_text_that_nobody_sent() -> None:
    right = Expected("abcdef", ())
    assert accumulates(right, ["ab", "", "abcd", "abcdef"])
    assert not accumulates(right, ["ab", "abcd", "abcdeX"])
    assert not accumulates(right, ["ab", "cd", "ef"])
    assert not accumulates(right, ["ab", "abcdef"])


def test_half_an_item_is_told_from_a_lost_one() -> None:
    assert rules(sse("abc", "d"), [(1, "ab"), (1, "d")]) == ["SD102"]
    assert rules(sse("a", "", "b", "", "c"), [(1, "a"), (1, "b"), (1, "c")]) == ["SD103"]


def test_several_phantoms_are_phantoms() -> None:
    finding = only(sse("a", "b", "c"), [(1, item) for item in ("a", "", "b", "", "c")])
    assert (finding.rule, finding.summary) == ("SD202", "hands out 2 empty items that nobody sent")


def test_a_name_or_an_id_that_is_wrong() -> None:
    body = b"event: x\nid: 7\ndata: a\n\n"
    right = {"event": "x", "data": "a", "id": "7"}
    assert rules(body, [(1, right)], level="event") == []
    assert rules(body, [(1, right | {"event": "y"})], level="event") == ["SD403"]
    assert rules(body, [(1, right | {"id": "8"})], level="event") == ["SD403"]
    assert rules(body, [(1, right | {"event": "y", "id": "8"})], level="data") == []


def test_where_a_difference_shows() -> None:
    finding = only(sse("a", "bb", "c"), [(1, "a"), (1, "xx"), (1, "c")])
    assert (finding.at, finding.expected, finding.actual) == (len(sse("a", "bb")), "bb", "xx")


def test_what_only_cuts_bring_about_is_the_other_oracles() -> None:
    wrong = [(2, "a"), (2, "x")]
    assert only(AB, wrong, cuts=(3,), whole_is_right=True).oracle == "same-for-every-cut"
    assert only(AB, wrong, cuts=(3,), whole_is_right=False).oracle == "reference"
    assert only(AB, [(1, "a"), (1, "x")], whole_is_right=True).oracle == "reference"


# --- crash


def test_what_raises_has_crashed() -> None:
    finding = only(AB, [(1, "a")], cuts=(12,), facts={"raised": raised(2)})
    assert (finding.rule, finding.kind, finding.at) == ("SD701", "crashed", len(AB))
    assert "ValueError" in finding.actual and "theirs.py:12" in finding.summary


def test_a_crash_in_a_character_has_a_rule_of_its_own() -> None:
    assert rules(AB, facts={"raised": raised(1, "UnicodeDecodeError")}) == ["SD702"]


def test_a_crash_adds_no_content_where_all_before_it_was_right() -> None:
    assert rules(AB, [(1, "a")], facts={"raised": raised(1)}) == ["SD701"]
    assert rules(AB + sse("c"), [(1, "x"), (1, "b")], facts={"raised": raised(1)}) == ["SD701", "SD404"]


def test_raising_after_everything_is_a_crash_too() -> None:
    assert rules(AB, ALL, facts={"raised": raised(2)}) == ["SD701"]


def test_a_process_that_is_gone() -> None:
    assert rules(AB, facts={"died": "signal SIGSEGV", "finished": False}) == ["SD703"]


@pytest.mark.parametrize(
    "tail", [b"data: c", b"data: c\n", b"id", b"event: x\n", b": comm", b"\xef", b"id: 7\n: c\n", b"unknown: 1\n"]
)
def test_raising_at_an_end_inside_an_event_is_correct_reporting(tail: bytes) -> None:
    assert rules(AB + tail, ALL, facts={"raised": raised(2, "Incomplete")}) == []
    assert rules(AB + tail, ALL, cuts=(14,), facts={"raised": raised(2, "Incomplete")}) == ["SD701"]


@pytest.mark.parametrize("tail", [b"", b"\n", b": ping\n\n", b": ping\n", b"\r\n", b"id: 7\n\n"])
def test_raising_at_an_end_between_events_is_a_crash(tail: bytes) -> None:
    assert rules(AB + tail, ALL, facts={"raised": raised(2, "Incomplete")}) == ["SD701"]


def test_raising_where_the_marker_is_missing_is_correct_reporting() -> None:
    body = sse(HELLO, WORLD)
    assert rules(body, TEXT, fault="no-marker", facts={"raised": raised(2)}, **CONSUMER) == []
    assert rules(body, TEXT, facts={"raised": raised(2)}, **CONSUMER) == []
    assert rules(body, TEXT[:1], fault="no-marker", facts={"raised": raised(2)}, **CONSUMER) == ["SD101"]


def test_raising_before_the_end_is_a_crash_though_the_marker_is_missing() -> None:
    body = sse(HELLO, WORLD)
    assert rules(body, TEXT, cuts=(40,), facts={"raised": raised(2)}, **CONSUMER) == ["SD701"]


def test_raising_the_apis_own_error_is_correct_reporting() -> None:
    body = sse(HELLO, ERROR, DONE)
    first = len(sse(HELLO))
    told = {"cuts": (first, first + 5), **CONSUMER}
    assert rules(body, [(1, "Hello")], facts={"raised": raised(3, "APIError")}, **told) == []
    assert rules(body, [(1, "Hello")], facts={"raised": raised(2, "APIError")}, **told) == ["SD701"]


@pytest.mark.parametrize(("back", "wrong"), [(0, []), (1, []), (2, []), (3, []), (4, ["SD701"])])
def test_the_apis_error_may_be_raised_at_the_end_of_its_last_line(back: int, wrong: list[str]) -> None:
    """At a CR whose LF is still to come, and before the blank line; not while the line may go on."""
    before, after = (body.replace(b"\n", b"\r\n") for body in (sse(HELLO, ERROR), sse(DONE)))
    told = {"cuts": (len(before) - back,), "facts": {"raised": raised(1, "APIError")}, **CONSUMER}
    assert rules(before + after, [(1, "Hello")], **told) == wrong


def test_the_error_event_may_come_out_before_it_is_raised_or_not() -> None:
    body = sse(HELLO, ERROR, DONE)
    for out in ([(1, HELLO)], [(1, HELLO), (1, ERROR)], [(1, HELLO), (1, ERROR), (1, DONE)]):
        assert rules(body, out, dialect="openai-chat", facts={"raised": raised(1)}) == []
    assert rules(body, [], dialect="openai-chat", facts={"raised": raised(1)}) == ["SD101"]


def test_passing_on_what_the_transport_raised_is_correct_reporting() -> None:
    reset: dict[str, Any] = {"fault": "resend@e2", "ending": "reset", "again": AB, "whole": AB}
    told = {"raised": raised(2, "ConnectionResetError"), "reset_seen": True}
    assert rules(sse("a"), [(1, "a")], facts=told, **reset) == []
    assert rules(sse("a"), [], facts=told, **reset) == ["SD101"]


# --- hang


@pytest.mark.parametrize(("stuck", "rule"), [("spinning", "SD302"), ("blocked", "SD303"), ("idle", "SD303")])
def test_what_never_returns_is_hung(stuck: str, rule: str) -> None:
    finding = only(AB, [(1, "a")], facts={"stuck": stuck, "finished": False})
    assert (finding.rule, finding.kind) == (rule, "hung")


def test_a_hang_adds_content_only_where_what_came_before_was_wrong() -> None:
    stuck = {"stuck": "spinning", "finished": False}
    assert rules(AB, [(1, "a")], facts=stuck) == ["SD302"]
    assert rules(AB + sse("c"), [(1, "x"), (1, "b")], facts=stuck) == ["SD302", "SD404"]


ASKED = {"asked": True}


def test_a_consumer_that_asks_for_more_after_the_end_is_hung() -> None:
    assert rules(CHAT, TEXT, facts=ASKED, **OPEN, **CONSUMER) == ["SD301"]
    assert rules(CHAT, CHAT_DATA[:3], facts=ASKED, **OPEN, **CONSUMER | {"level": "data", "drops": "marker"}) == [
        "SD301"
    ]


def test_a_consumer_that_stops_by_itself_is_not() -> None:
    assert rules(CHAT, TEXT, facts={"finished": True}, **OPEN, **CONSUMER) == []


@pytest.mark.parametrize("role", ["parser", "unknown"])
def test_only_a_consumer_owes_an_end(role: str) -> None:
    assert rules(CHAT, TEXT, facts=ASKED, **OPEN, **CONSUMER | {"role": role}) == []


def test_nobody_owes_an_end_without_a_signal_or_after_an_error() -> None:
    assert rules(sse(HELLO, WORLD), TEXT, facts=ASKED, **OPEN, **CONSUMER) == []
    assert rules(sse(HELLO, ERROR, DONE), TEXT[:1], facts=ASKED, **OPEN, **CONSUMER) == []
    assert rules(AB, ALL, facts=ASKED, **OPEN, role="consumer") == []


def test_content_is_judged_on_the_run_that_ends() -> None:
    assert rules(CHAT, TEXT[:1], facts=ASKED, **OPEN, **CONSUMER) == []
    assert rules(CHAT, TEXT[:1], facts={"finished": True}, **OPEN, **CONSUMER) == []


def test_a_feed_object_without_done_can_end_nothing() -> None:
    assert rules(CHAT, TEXT, facts=ASKED | {"can_end": False}, **OPEN, **CONSUMER) == []
    assert rules(sse(HELLO, WORLD), TEXT, fault="no-marker", facts={"can_end": False}, **CONSUMER) == []


# --- accepts-incomplete

CUT: dict[str, Any] = {"fault": "no-marker", "whole": CHAT}


def test_text_and_bare_data_that_end_without_the_marker_fail() -> None:
    body = sse(HELLO, WORLD, STOP)
    finding = only(body, TEXT, **CUT, **CONSUMER)
    assert (finding.rule, finding.kind, finding.oracle) == ("SD501", "accepts-incomplete", "ending")
    bare = CONSUMER | {"level": "data", "drops": "marker"}
    assert rules(body, CHAT_DATA[:3], **CUT, **bare) == ["SD501"]


EVIDENT: dict[str, list[Any]] = {
    "json": [json.loads(data) for data in (HELLO, WORLD, STOP)],
    "event": [{"data": data} for data in (HELLO, WORLD, STOP)],
}


@pytest.mark.parametrize("level", EVIDENT)
def test_items_that_carry_the_evidence_make_it_non_strict(level: str) -> None:
    out = [(1, item) for item in EVIDENT[level]]
    told = CUT | CONSUMER | {"level": level, "drops": "marker"}
    finding = only(sse(HELLO, WORLD, STOP), out, **told)
    assert (finding.rule, finding.kind) == ("SD510", "non-strict")
    assert rules(sse(HELLO, WORLD), out[:2], **told) == ["SD510"], "that no item has it can be seen as well"


@pytest.mark.parametrize("role", ["parser", "unknown"])
def test_only_a_consumer_has_to_miss_the_marker(role: str) -> None:
    assert rules(sse(HELLO, WORLD), TEXT, **CUT, **CONSUMER | {"role": role}) == []


def test_a_dialect_without_a_signal_is_silent() -> None:
    assert rules(AB, ALL, role="consumer") == []


def test_a_consumer_that_says_it_is_not_done_accepts_nothing() -> None:
    body = sse(HELLO, WORLD)
    assert rules(body, TEXT, facts={"done": False, "finished": True}, **CUT, **CONSUMER) == []
    assert rules(body, TEXT, facts={"done": True, "finished": True}, **CUT, **CONSUMER) == ["SD501"]


@pytest.mark.parametrize("role", ["parser", "consumer", "unknown"])
def test_ending_normally_though_the_transport_raised(role: str) -> None:
    told: dict[str, Any] = {"role": role, "fault": "resend@e2", "ending": "reset", "again": AB, "whole": AB}
    assert rules(sse("a"), [(1, "a")], facts={"finished": True, "reset_seen": True}, **told) == ["SD502"]


def test_a_second_attempt_is_judged_by_what_it_got() -> None:
    told: dict[str, Any] = {"fault": "resend@e2", "ending": "reset", "again": AB, "whole": AB}
    facts = {"finished": True, "reset_seen": True, "again": True}
    assert rules(sse("a"), [(1, "a"), (3, "b")], facts=facts, **told) == []
    assert rules(sse("a"), [(1, "a"), (3, "a"), (3, "b")], facts=facts, **told) == ["SD201"]


# --- the unterminated last event


@pytest.mark.parametrize(("at_eof", "rule"), [("either", ["SD511"]), ("discard", ["SD203"]), ("dispatch", [])])
def test_a_whole_event_flushed_at_the_end(at_eof: str, rule: list[str]) -> None:
    for tail in (b"data: c", b"data: c\n"):
        assert rules(AB + tail, [*ALL, (2, "c")], at_eof=at_eof) == rule


@pytest.mark.parametrize(("at_eof", "rule"), [("either", []), ("discard", []), ("dispatch", ["SD101"])])
def test_a_whole_event_discarded_at_the_end(at_eof: str, rule: list[str]) -> None:
    for tail in (b"data: c", b"data: c\n"):
        assert rules(AB + tail, ALL, at_eof=at_eof) == rule


@pytest.mark.parametrize("at_eof", ["either", "discard", "dispatch"])
def test_half_an_event_flushed_at_the_end_is_invented(at_eof: str) -> None:
    half = sse(HELLO) + f"data: {WORLD[:20]}".encode()
    out = [(1, HELLO), (2, WORLD[:20])]
    finding = only(half, out, dialect="openai-chat", at_eof=at_eof)
    assert (finding.rule, finding.kind) == ("SD204", "invented")
    assert rules(half, out[:1], dialect="openai-chat", at_eof=at_eof) == []


def test_under_a_fault_the_stream_before_it_tells_half_from_whole() -> None:
    told: dict[str, Any] = {"fault": "cut", "whole": sse("a", "because"), "facts": {"finished": True}}
    assert rules(sse("a") + b"data: be", [(1, "a"), (2, "be")], **told) == ["SD204"]
    assert rules(sse("a") + b"data: because\n", [(1, "a"), (2, "because")], **told) == ["SD511"]


def test_half_of_two_lines_is_half_an_event() -> None:
    finding = only(AB + b"data: c\ndata: d", [*ALL, (2, "c")])
    assert finding.kind == "invented"


def test_a_marker_that_lacks_its_blank_line_is_whole() -> None:
    body = sse(HELLO, WORLD, STOP) + b"data: [DONE]"
    assert rules(body, [*CHAT_DATA[:3], (2, DONE)], dialect="openai-chat") == ["SD511"]


@pytest.mark.parametrize("level", ["lines", "nonblank-lines"])
@pytest.mark.parametrize(("at_eof", "rule"), [("either", ["SD511"]), ("discard", ["SD203"]), ("dispatch", [])])
def test_of_lines_it_is_the_last_line_that_is_flushed(level: str, at_eof: str, rule: list[str]) -> None:
    blank = [(1, "")] if level == "lines" else []
    out = [(1, "data: a"), *blank, (1, "id: 7")]
    body = sse("a") + b"id: 7\ndata: b"
    assert rules(body, [*out, (2, "data: b")], level=level, at_eof=at_eof) == rule
    assert rules(body, out, level=level, at_eof=at_eof) == (["SD101"] if at_eof == "dispatch" else [])


@pytest.mark.parametrize("at_eof", ["either", "discard", "dispatch"])
def test_lines_that_all_have_their_end_owe_nothing(at_eof: str) -> None:
    assert rules(sse("a") + b"data: b\n", [(1, "data: a"), (1, "data: b")], level="nonblank-lines", at_eof=at_eof) == []


def test_lines_of_ndjson_may_keep_their_cr() -> None:
    body = b'{"n":1}\r\n{"n":2}\r\n'
    assert rules(body, [(1, '{"n":1}'), (1, '{"n":2}')], dialect="ndjson") == []
    assert rules(body, [(1, '{"n":1}\r'), (1, '{"n":2}\r')], dialect="ndjson") == ["SD514"]
    assert rules(body, [(1, '{"n":1}\r'), (1, '{"n":3}\r')], dialect="ndjson") == ["SD404"]
    assert rules(sse("a"), [(1, "a\r")]) == ["SD404"]


def test_a_last_line_of_ndjson_without_its_end_may_be_dropped() -> None:
    body = b'{"n":1}\n{"n":2}'
    assert rules(body, [(1, '{"n":1}'), (2, '{"n":2}')], dialect="ndjson") == []
    assert rules(body, [(1, '{"n":1}')], dialect="ndjson") == ["SD513"]
    assert rules(body, [], dialect="ndjson") == ["SD101"]
    assert rules(body + b"\n", [(1, '{"n":1}')], dialect="ndjson") == ["SD101"]
