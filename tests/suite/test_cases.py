"""Which cases a stream gives, each once, and the ids they are known by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streamdoctor.errors import UsageError
from streamdoctor.rephrasings.catalogue import REPHRASINGS
from streamdoctor.stream.reading import read_body
from streamdoctor.suite.cases import MOST_ENDS, Axes, Numbered, case_id, cases, default_faults
from streamdoctor.suite.examine import Options
from streamdoctor.suite.single import replay
from streamdoctor.suite.subjects import Subject, find, from_probe
from streamdoctor.suite.workers import Limits
from tests.suite.lab import capture, judged

CHAT = from_probe("openai-chat")
PLAIN = from_probe("sse")


def clean_ends(subject: Subject) -> set[str]:
    return {f"cut@e{number}:clean" for number in range(1, len(subject.reading.events) + 1)}


def faults(axes: Axes, subject: object = CHAT) -> set[str | None]:
    return {case.plan.fault for case in cases(subject, axes)}  # type: ignore[arg-type]


def test_the_default_of_what_was_recorded_is_every_standard_split_and_every_ending() -> None:
    found = list(cases(CHAT, Axes(rephrasings=("as-is",))))
    assert {case.plan.fault for case in found} == {None, "keep-open", "no-marker", "resend@e3", *clean_ends(CHAT)}
    assert {case.split.partition(":")[0] for case in found if case.plan.fault is None} >= {"whole", "bytes", "random"}
    assert all(case.cuts == () for case in found if case.plan.fault)


def test_without_a_terminal_signal_there_is_no_such_ending() -> None:
    assert faults(Axes(rephrasings=("as-is",)), PLAIN) == {None, "resend@e3", *clean_ends(PLAIN)}


def test_of_many_events_some_are_ends_the_first_and_late_ones_too() -> None:
    long = replace(PLAIN, reading=read_body(b"data: x\n\n" * (MOST_ENDS * 5), PLAIN.reading.provider))
    ends = [name for name in default_faults(long.reading) if name.startswith("cut@")]
    assert (len(ends), ends[0], ends[-1]) == (MOST_ENDS, "cut@e1:clean", f"cut@e{MOST_ENDS * 5 - 4}:clean")
    assert len({len(case.plan.body) for case in cases(long, Axes(("whole",), tuple(ends)))}) == MOST_ENDS


def test_cases_have_numbers() -> None:
    listed, numbered = list(cases(CHAT, Axes())), Numbered(CHAT, Axes())
    assert [numbered.case(index) for index in (0, 0, 7, 3, 40)] == [listed[index] for index in (0, 0, 7, 3, 40)]
    with pytest.raises(IndexError):
        numbered.case(len(listed))


def test_no_case_is_run_twice() -> None:
    for axes in (Axes(("every-cut", "boundaries", "fixed:1", "bytes")), Axes()):
        found = [(case.rephrase, case.plan.fault, case.cuts) for case in cases(CHAT, axes)]
        assert len(found) == len(set(found))


def test_the_default_has_every_rephrasing_that_applies() -> None:
    found = list(cases(PLAIN, Axes()))
    applies = [name for name in REPHRASINGS if PLAIN.rephrased(name) is not None]
    assert list(dict.fromkeys(case.rephrase for case in found)) == applies
    assert found[: len(list(cases(PLAIN, Axes(rephrasings=("as-is",)))))] == [c for c in found if c.rephrase == "as-is"]
    assert {case.split for case in found if case.rephrase == "crlf"} == {"whole", "bytes", "boundaries"}
    assert {case.split for case in found if case.rephrase == "big-event"} == {"whole", "fixed:65536"}
    assert all(case.plan.fault is None for case in found if case.rephrase != "as-is")


def test_a_rephrased_subject_is_one_of_its_own() -> None:
    own = PLAIN.rephrased("crlf")
    assert own is not None
    assert (own.name, own.recorded, own.reading.body) == (PLAIN.name, None, PLAIN.reading.body.replace(b"\n", b"\r\n"))
    assert PLAIN.rephrased("as-is") is PLAIN
    assert PLAIN.rephrased("blank-lines") is None
    assert [case.plan.body for case in cases(PLAIN, Axes(("whole",), (), 0, ("crlf", "blank-lines")))] == [
        own.reading.body
    ]


def test_what_the_user_asks_for_is_what_is_run() -> None:
    assert [case.cuts for case in cases(CHAT, Axes(("cuts:5,9",)))] == [(5, 9)]
    assert faults(Axes((), ("no-marker",))) == {"no-marker"}
    assert len(list(cases(CHAT, Axes(("whole", "fixed:100"), ("keep-open", "no-marker"))))) == 4
    assert len(list(cases(CHAT, Axes(("whole",), ("keep-open",), 0, ("crlf", "cr"))))) == 2


def test_the_order_is_the_same_every_time() -> None:
    assert list(cases(CHAT, Axes())) == list(cases(CHAT, Axes()))
    some = ("random:runs=5",)
    assert list(cases(CHAT, Axes(some, seed=3))) == list(cases(CHAT, Axes(some, seed=3)))
    assert list(cases(CHAT, Axes(some, seed=3))) != list(cases(CHAT, Axes(some, seed=4)))


@pytest.mark.parametrize(
    "axes",
    [Axes(("nothing",)), Axes((), ("nothing",)), Axes((), ("resend",)), Axes(rephrasings=("nothing",))],
)
def test_unknown_names_are_told_before_anything_runs(axes: Axes) -> None:
    with pytest.raises(UsageError):
        axes.validate()


def test_an_id_is_short_and_tells_cases_apart() -> None:
    first = case_id(CHAT, "p", None, (1, 2))
    assert first == case_id(from_probe("openai-chat"), "p", None, (1, 2))
    others = [
        case_id(PLAIN, "p", None, (1, 2)),
        case_id(CHAT, "q", None, (1, 2)),
        case_id(CHAT, "p", "no-marker", (1, 2)),
        case_id(CHAT, "p", None, (12,)),
        case_id(CHAT, "p", None, (1, 2), "crlf"),
    ]
    assert len({first, *others}) == 6
    assert len(first) == 8


def test_what_is_too_long_is_not_cut_and_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = capture(tmp_path, "long", b"data: x\n\n" * 20)
    assert find(path).skip is None
    monkeypatch.setattr("streamdoctor.suite.subjects.MOST_BYTES", 179)
    (result,) = judged("reference", [path])
    assert (result.verdict, result.cases) == ("skipped", 0)
    assert "180 bytes; at most 179 are cut" in (result.note or "")
    monkeypatch.setattr("streamdoctor.suite.single.MOST_BYTES", 179)
    with pytest.raises(UsageError, match="at most 179 are cut"):
        replay("reference", find(path), "whole", None, Options(), Limits())
