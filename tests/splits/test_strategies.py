"""Every strategy: cuts that ascend and lie inside, pieces that join to the body; names that do not exist."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamdoctor.errors import ExitCode, UsageError
from streamdoctor.splits.boundaries import Boundaries
from streamdoctor.splits.strategies import STANDARD, STRATEGIES, Cuts, Material, expand, pieces, runs, usages
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import read_body

SPECS = ("recorded", "whole", "bytes", "lines", "events", "boundaries", "fixed:1", "fixed:3", "fixed:1000", "every-cut",
         "random", "random:seed=4,runs=5")  # fmt: skip
BODY = 'data: é🌟\r\n\r\n: hi\nid: 7\rdata: "\\n"\n\n'.encode()
bodies = st.lists(st.sampled_from([b"data: a", b"\n", b"\r\n", b"\r", b"\n\n", "é".encode(), b'{"a":"\\n"}', b"\xff"]))


def material(body: bytes, recorded: Cuts | None = None, dialect: str = "sse") -> Material:
    reading = read_body(body, by_name(dialect))
    framing = reading.provider.framing
    return Material(body, reading.events, Boundaries(body, framing, reading.events), recorded)


def cuts_of(spec: str, body: bytes = BODY, recorded: Cuts | None = None, seed: int = 0) -> list[Cuts]:
    return [run.cuts for run in runs(spec, material(body, recorded), seed)]


@settings(deadline=None)
@given(bodies.map(b"".join), st.sampled_from(["sse", "ndjson"]))
def test_cuts_ascend_inside_and_pieces_join_to_the_body(body: bytes, dialect: str) -> None:
    recorded = tuple(range(2, len(body), 5))
    for spec in SPECS:
        for run in runs(spec, material(body, recorded, dialect)):
            assert run.split == spec
            assert all(0 < cut < len(body) for cut in run.cuts)
            assert list(run.cuts) == sorted(set(run.cuts))
            parts = pieces(body, run.cuts)
            assert b"".join(parts) == body and all(parts)
            assert len(parts) == (len(run.cuts) + 1 if body else 0)


def test_an_empty_body_has_no_pieces_and_hardly_any_runs() -> None:
    assert pieces(b"", ()) == []
    for spec in SPECS:
        nowhere = spec in ("recorded", "boundaries", "every-cut") or spec.startswith("random")
        assert cuts_of(spec, b"") == ([] if nowhere else [()])


def test_where_each_cuts() -> None:
    body = b"data: a\r\n\r\nid: 7\n: x\rdata: b\n\n"
    assert cuts_of("whole", body) == [()]
    assert cuts_of("bytes", body) == [tuple(range(1, len(body)))]
    assert cuts_of("lines", body) == [(9, 11, 17, 21, 29)]
    assert cuts_of("events", body) == [(11,)]
    assert cuts_of("fixed:7", body) == [(7, 14, 21, 28)]
    assert cuts_of("cuts:12,4", body) == [(4, 12)]
    assert cuts_of("cuts:4,4", body) == [(4,)]


def test_recorded_needs_reads() -> None:
    assert cuts_of("recorded", recorded=(3, 9)) == [(3, 9)]
    assert cuts_of("recorded", recorded=()) == [()]
    assert cuts_of("recorded", recorded=None) == []


def test_every_cut_has_a_run_for_each() -> None:
    assert cuts_of("every-cut") == [(cut,) for cut in range(1, len(BODY))]


def test_boundaries_cut_every_class_alone_and_all_of_it_at_once() -> None:
    found = material(BODY).boundaries
    given = cuts_of("boundaries")
    for name in found.present():
        offsets = found.offsets(name)
        assert {(offsets[0],), (offsets[-1],)} <= set(given)
        assert len(offsets) == 1 or tuple(offsets) in given
    single = [cuts for cuts in given if len(cuts) == 1]
    assert len(single) <= 3 * len(found.present())


def test_random_is_the_same_for_the_same_seed() -> None:
    body = BODY * 20
    assert cuts_of("random:seed=1,runs=9", body) == cuts_of("random:runs=9,seed=1", body)
    assert cuts_of("random:runs=9", body, seed=1) == cuts_of("random:seed=1,runs=9", body)
    assert cuts_of("random:seed=1,runs=9", body) != cuts_of("random:seed=2,runs=9", body)
    assert cuts_of("random:seed=1,runs=9", body)[:4] == cuts_of("random:seed=1,runs=4", body)
    assert len(cuts_of("random", body)) == 50


def test_random_has_small_and_large_pieces() -> None:
    counts = [len(cuts) for cuts in cuts_of("random:runs=100", BODY * 20)]
    assert min(counts) <= 2 and max(counts) > 200


def test_standard_is_what_the_contract_says() -> None:
    assert expand(["standard"]) == list(STANDARD)
    assert " ".join(STANDARD) == (
        "recorded whole bytes lines events boundaries boundaries:pairs fixed:2 fixed:3 fixed:7 random:seed=0,runs=50"
    )
    assert list(STRATEGIES) == [
        "recorded", "whole", "bytes", "lines", "events", "boundaries", "fixed", "cuts", "every-cut", "random",
        "standard",
    ]  # fmt: skip


def test_expanding_keeps_the_order_and_says_nothing_twice() -> None:
    assert expand(["every-cut", "whole", "standard", "whole", "fixed:2"]) == [
        "every-cut", "whole", "recorded", *STANDARD[2:],
    ]  # fmt: skip
    assert expand([]) == []


NO_NAMES = "bite WHOLE whole: whole:3 every-cut:3 standard:1 fixed fixed: cuts cuts: random: : "
NO_ARGUMENTS = "fixed:0 fixed:x fixed:-1 fixed:2,3 fixed:٣ cuts:3, cuts:a random:runs random:runs=x random:runs=0 "
NO_ARGUMENTS += f"random:step=3 random:seed=-1 fixed:{'9' * 13}"


@pytest.mark.parametrize("spec", ["", " whole", *NO_NAMES.split()])
def test_a_name_that_is_none(spec: str) -> None:
    with pytest.raises(UsageError) as told:
        expand([spec])
    check_usage_error(told.value)


@pytest.mark.parametrize("spec", NO_ARGUMENTS.split())
def test_an_argument_that_makes_no_sense(spec: str) -> None:
    with pytest.raises(UsageError) as told:
        expand([spec])
    check_usage_error(told.value)


@pytest.mark.parametrize("spec", ["cuts:0", "cuts:1000"])
def test_a_cut_that_is_not_inside_this_body(spec: str) -> None:
    assert expand([spec]) == [spec]
    with pytest.raises(UsageError) as told:
        cuts_of(spec)
    check_usage_error(told.value)


def check_usage_error(error: UsageError) -> None:
    assert error.exit_code == ExitCode.USAGE == 2
    assert error.hint and not error.hint.endswith(" ")
    assert "\n" not in str(error)


def test_every_usage_can_be_used() -> None:
    for usage in usages():
        spec = usage.replace("N", "4").replace("12,40", "12,14")
        for one in expand([spec]):
            assert cuts_of(one, recorded=(3,))
