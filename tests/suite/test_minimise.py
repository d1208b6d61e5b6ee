"""Fewer cuts: what is left still fails, and none of it can go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.suite.minimise import MOST_RUNS, fewest_cuts

CUTS = st.lists(st.integers(1, 60), unique=True, max_size=40).map(lambda cuts: tuple(sorted(cuts)))


@given(CUTS, st.data())
def test_what_is_needed_is_what_is_left(cuts: tuple[int, ...], data: st.DataObject) -> None:
    needed = set(data.draw(st.lists(st.sampled_from(cuts), max_size=3))) if cuts else set()
    assert fewest_cuts(lambda tried: needed <= set(tried), cuts) == tuple(sorted(needed))


@given(CUTS, st.integers(0, 5))
def test_no_single_cut_can_go(cuts: tuple[int, ...], least: int) -> None:
    def fails(tried: tuple[int, ...]) -> bool:
        return sum(cut % 3 == 0 for cut in tried) >= min(least, sum(cut % 3 == 0 for cut in cuts))

    found = fewest_cuts(fails, cuts)
    assert set(found) <= set(cuts)
    assert list(found) == sorted(found)
    assert fails(found)
    assert not any(fails(tuple(c for c in found if c != cut)) for cut in found)


def test_no_cut_at_all_is_tried_first() -> None:
    tried: list[tuple[int, ...]] = []
    assert fewest_cuts(lambda cuts: not tried.append(cuts), (1, 2, 3)) == ()  # type: ignore[func-returns-value]
    assert tried == [()]


def test_it_ends_soon_even_where_every_cut_is_needed() -> None:
    runs = 0
    cuts = tuple(range(1, 5000))

    def fails(tried: tuple[int, ...]) -> bool:
        nonlocal runs
        runs += 1
        return tried == cuts

    assert fewest_cuts(fails, cuts) == cuts
    assert runs <= MOST_RUNS + 1
