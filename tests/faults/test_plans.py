"""Fault plans: which bytes are delivered, how it ends, what a second attempt gets; names and places that are none."""

from __future__ import annotations

import json

import pytest

from streamdoctor.errors import ExitCode, UsageError
from streamdoctor.faults.plans import FAULTS, Plan, plans, usages, validate
from streamdoctor.rephrasings.probes import PROBES, probe_for
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import Reading, read_body

PLAIN = b"data: a\n\ndata: b\n\ndata: c\n\n"


def probe(dialect: str) -> Reading:
    found = probe_for(dialect)
    assert found is not None
    return read_body(found.body, by_name(dialect))


def plain() -> Reading:
    return read_body(PLAIN, by_name("sse"))


def test_no_fault_is_the_body_itself() -> None:
    assert plans(None, plain()) == [Plan(None, PLAIN, "clean", None)]


def test_keep_open_sends_everything_and_never_ends() -> None:
    reading = probe("openai-chat")
    assert plans("keep-open", reading) == [Plan("keep-open", reading.body, "open")]


def test_no_marker_leaves_out_the_terminal_signal_and_nothing_else() -> None:
    reading = probe("openai-chat")
    (plan,) = plans("no-marker", reading)
    assert (plan.fault, plan.ending, plan.again) == ("no-marker", "clean", None)
    assert plan.body + b"data: [DONE]\n\n" == reading.body


@pytest.mark.parametrize("dialect", [probe.dialect for probe in PROBES])
def test_without_its_marker_a_stream_keeps_its_other_events(dialect: str) -> None:
    reading = probe(dialect)
    for plan in plans("no-marker", reading):
        left = read_body(plan.body, reading.provider)
        kept = [event for index, event in enumerate(reading.events) if index not in reading.signals]
        assert [(event.type, event.data) for event in left.events] == [(event.type, event.data) for event in kept]
        assert left.signals == () and left.complete is not True


@pytest.mark.parametrize("spec", ["keep-open", "no-marker"])
def test_a_body_without_a_signal_cannot_miss_it(spec: str) -> None:
    assert plans(spec, plain()) == []


def test_a_json_array_without_its_marker_is_cut_off_not_broken() -> None:
    (plan,) = plans("no-marker", probe("gemini-array"))
    assert plan.body.startswith(b"[") and plan.body.endswith(b"}")
    assert json.loads(plan.body + b"]")


def test_signals_that_stand_apart_are_all_left_out() -> None:
    body = b"data: [DONE]\n\n: ping\n\ndata: [DONE]\n\n"
    (plan,) = plans("no-marker", read_body(body, by_name("openai-chat")))
    assert read_body(plan.body, by_name("openai-chat")).events == ()


@pytest.mark.parametrize(("at", "offset"), [("0", 0), ("5", 5), ("27", 27), ("e1", 0), ("e2", 9), ("e3", 18)])
def test_resend_resets_at_a_byte_or_before_an_event(at: str, offset: int) -> None:
    assert plans(f"resend@{at}", plain()) == [Plan(f"resend@{at}", PLAIN[:offset], "reset", PLAIN)]


def test_events_are_counted_from_one_by_their_own_first_byte() -> None:
    body = b": hello\n\nid: 1\ndata: a\n\n: ping\n\ndata: b\n\n"
    reading = read_body(body, by_name("sse"))
    starts = [len(plan.body) for at in ("e1", "e2") for plan in plans(f"resend@{at}", reading)]
    assert [body[start : start + 5] for start in starts] == [b"id: 1", b"data:"]


@pytest.mark.parametrize("at", ["28", "e4", "e0", "e", "ee1", "-1", "x", "1.5", "²", "9" * 13])
def test_a_place_that_is_not_in_the_body(at: str) -> None:
    with pytest.raises(UsageError) as told:
        plans(f"resend@{at}", plain())
    check_usage_error(told.value)


@pytest.mark.parametrize(
    "spec", ["", "kept-open", "keep-open@3", "keep-open@", "no-marker@e1", "resend", "resend@", "@3", "RESEND@3"]
)
def test_a_name_that_is_none(spec: str) -> None:
    with pytest.raises(UsageError) as told:
        validate([spec])
    check_usage_error(told.value)


def check_usage_error(error: UsageError) -> None:
    assert error.exit_code == ExitCode.USAGE == 2
    assert error.hint
    assert "\n" not in str(error)


def test_every_example_is_valid_and_every_fault_says_what_it_does() -> None:
    validate([fault.example for fault in FAULTS.values()])
    assert all(fault.summary and name in fault.example for name, fault in FAULTS.items())
    assert usages() == [fault.form for fault in FAULTS.values()]
