"""Which cases a stream gives, each once, and the ids they are known by."""

from __future__ import annotations

import pytest

from streamdoctor.errors import UsageError
from streamdoctor.rephrasings.catalogue import REPHRASINGS
from streamdoctor.suite.cases import Axes, case_id, cases
from streamdoctor.suite.subjects import from_probe

CHAT = from_probe("openai-chat")
PLAIN = from_probe("sse")


def faults(axes: Axes, subject: object = CHAT) -> set[str | None]:
    return {case.plan.fault for case in cases(subject, axes)}  # type: ignore[arg-type]


def test_the_default_of_what_was_recorded_is_every_standard_split_and_every_ending() -> None:
    found = list(cases(CHAT, Axes(rephrasings=("as-is",))))
    assert {case.plan.fault for case in found} == {None, "keep-open", "no-marker", "resend@e3"}
    assert {case.split.partition(":")[0] for case in found if case.plan.fault is None} >= {"whole", "bytes", "random"}
    assert all(case.cuts == () for case in found if case.plan.fault)


def test_without_a_terminal_signal_there_is_no_such_ending() -> None:
    assert faults(Axes(rephrasings=("as-is",)), PLAIN) == {None, "resend@e3"}


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
