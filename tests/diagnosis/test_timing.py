"""Promptness: what comes out in a later step than the one that completed it, and what is no fault at all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.trials import CHAT, DONE, HELLO, STOP, WORLD, Case, only, rules, sse

ABCD = ("a", "b", "c", "d")


def steps(*numbers: int) -> list[tuple[int, Any]]:
    return list(zip(numbers, ABCD, strict=False))


def body(end: bytes, *data: str) -> tuple[bytes, tuple[int, ...]]:
    """An event for each of `data` with the line end `end`, cut behind each but the last."""
    events = [b"data: " + one.encode() + end * 2 for one in data]
    cuts = tuple(len(b"".join(events[:count])) for count in range(1, len(events)))
    return b"".join(events), cuts


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_each_in_the_step_that_completes_it_is_prompt(end: bytes) -> None:
    stream, cuts = body(end, *ABCD)
    assert rules(stream, steps(1, 2, 3, 4), cuts=cuts) == []


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_each_before_its_blank_line_is_prompt(end: bytes) -> None:
    stream, _ = body(end, "a", "b")
    half = len(stream) // 2
    cuts = (half - len(end), half, len(stream) - len(end))
    assert rules(stream, steps(1, 3), cuts=cuts) == []


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_look_ahead_is_late(end: bytes) -> None:
    stream, cuts = body(end, *ABCD)
    finding = only(stream, steps(2, 3, 4, 5), cuts=cuts)
    assert (finding.rule, finding.kind, finding.oracle) == ("SD310", "delayed", "promptness")
    assert (finding.at, finding.expected, finding.actual) == (cuts[0], "in step 1", "in step 2")


def test_only_the_last_one_late() -> None:
    stream, cuts = body(b"\n", *ABCD)
    assert rules(stream, steps(1, 2, 3, 5), cuts=cuts) == ["SD311"]
    assert rules(stream, steps(1, 2, 4, 4), cuts=cuts) == ["SD310"]


def test_held_to_the_end() -> None:
    stream, cuts = body(b"\n", *ABCD)
    assert rules(stream, steps(5, 5, 5, 5), cuts=cuts) == ["SD311"]
    assert rules(stream, steps(2, 2, 2, 2)) == ["SD311"]


def test_many_at_once_before_the_end_are_held_as_well() -> None:
    stream, cuts = body(b"\n", *ABCD)
    assert rules(stream, steps(4, 4, 4, 4), cuts=cuts) == ["SD311"]


def test_the_step_after_the_last_byte_is_late_even_in_one_piece() -> None:
    assert rules(sse("a"), steps(2)) == ["SD311"]


def test_crlf_is_due_with_its_lf() -> None:
    stream = b"data: a\r\n\r\ndata: b\r\n\r\n"
    between = stream.index(b"\r\n\r\n") + 3
    assert rules(stream, steps(1, 3), cuts=(between, between + 1)) == []
    assert rules(stream, steps(2, 3), cuts=(between, between + 1)) == []
    assert rules(stream, steps(3, 3), cuts=(between, between + 1)) == ["SD310"]


# --- lone CR


def test_one_event_late_on_lone_cr_is_non_strict() -> None:
    stream, cuts = body(b"\r", *ABCD)
    finding = only(stream, steps(2, 3, 4, 5), cuts=cuts)
    assert (finding.rule, finding.kind) == ("SD512", "non-strict")


def test_the_last_one_may_wait_for_the_end() -> None:
    stream, cuts = body(b"\r", *ABCD)
    assert rules(stream, steps(1, 2, 3, 5), cuts=cuts) == ["SD512"]


def test_later_than_the_next_events_end_is_late_on_lone_cr_too() -> None:
    stream, cuts = body(b"\r", *ABCD)
    assert rules(stream, steps(3, 3, 3, 4), cuts=cuts) == ["SD310"]
    assert rules(stream, steps(5, 5, 5, 5), cuts=cuts) == ["SD311"]


def test_one_late_event_that_ends_in_lf_spoils_the_excuse() -> None:
    stream = b"data: a\r\rdata: b\n\ndata: c\n\n"
    assert rules(stream, steps(2, 2, 3), cuts=(9, 18)) == ["SD512"]
    assert rules(stream, steps(2, 3, 3), cuts=(9, 18)) == ["SD310"]


def test_a_blank_line_of_cr_after_lf_counts_as_lone_cr() -> None:
    stream = b"data: a\n\rdata: b\n\n"
    assert rules(stream, steps(2, 2), cuts=(9,)) == ["SD512"]


# --- what does not count


def test_only_what_matches_the_reference_counts() -> None:
    stream, cuts = body(b"\n", *ABCD)
    assert rules(stream, [(1, "a"), (4, "x"), (4, "y"), (4, "d")], cuts=cuts) == ["SD404"]
    assert rules(stream, [(4, "a"), (4, "x"), (4, "y"), (4, "d")], cuts=cuts) == ["SD404", "SD310"]


def test_under_a_fault_times_are_not_judged() -> None:
    told: dict[str, Any] = {"fault": "no-marker", "whole": CHAT, "facts": {"finished": True}}
    stream = sse(HELLO, WORLD, STOP)
    assert rules(stream, [(2, HELLO), (2, WORLD), (2, STOP)], dialect="openai-chat", **told) == []


def test_what_only_the_end_completes_is_due_at_the_end() -> None:
    assert rules(b'{"n":1}\n{"n":2}', [(1, '{"n":1}'), (2, '{"n":2}')], dialect="ndjson") == []


def test_lines_are_due_with_their_own_end() -> None:
    stream = b"id: 7\ndata: a\n\n"
    prompt = [(1, "id: 7"), (2, "data: a"), (3, "")]
    assert rules(stream, prompt, cuts=(6, 14), level="lines") == []
    assert rules(stream, [(2, "id: 7"), (2, "data: a"), (3, "")], cuts=(6, 14), level="lines") == ["SD310"]


def test_text_is_due_with_the_event_that_carries_it() -> None:
    first, second = len(sse(HELLO)), len(sse(HELLO, WORLD))
    told: dict[str, Any] = {"dialect": "openai-chat", "level": "text", "cuts": (first, second)}
    assert rules(CHAT, [(1, "Hel"), (1, "lo"), (2, " world")], **told) == []
    assert rules(CHAT, [(1, "Hel"), (2, "lo"), (2, " world")], **told) == ["SD310"]
    assert rules(CHAT, [(3, "Hello world")], **told) == ["SD310"]


def test_a_dropped_marker_is_not_waited_for() -> None:
    told: dict[str, Any] = {"dialect": "openai-chat", "role": "consumer", "drops": "marker"}
    finding = Case(CHAT, [(1, HELLO), (1, WORLD), (1, STOP)], **told).findings()
    assert finding == []
    assert DONE.encode() in CHAT
