"""Fewer cuts, the same rule: the smallest set of cuts under which a case still fails.

Contract of a shrinker: keep a candidate if it still fails; every candidate is smaller, so it ends. Deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streamdoctor.splits.strategies import Cuts

MOST_RUNS = 400


def fewest_cuts(fails: Callable[[Cuts], bool], cuts: Cuts) -> Cuts:
    """A subset of `cuts` from which no single cut can go, found in at most MOST_RUNS runs (then the best so far).

    No cut at all is tried first; then halves, quarters and so on are left out, as in delta debugging.
    """
    budget = iter(range(MOST_RUNS))
    if not cuts or fails(()):
        return ()
    parts = 2
    while len(cuts) > 1:
        smaller = next((c for c in _candidates(cuts, parts) if next(budget, None) is not None and fails(c)), None)
        if smaller is not None:
            parts = max(parts - 1, 2) if len(smaller) > 1 else 2
            cuts = smaller
        elif parts >= len(cuts) or next(budget, None) is None:
            break
        else:
            parts = min(parts * 2, len(cuts))
    return cuts


def _candidates(cuts: Cuts, parts: int) -> Iterator[Cuts]:
    """Each part alone, then everything but that part."""
    size = -(-len(cuts) // parts)
    slices = [cuts[i : i + size] for i in range(0, len(cuts), size)]
    yield from slices
    if len(slices) > 2:
        for i in range(len(slices)):
            yield tuple(cut for j, part in enumerate(slices) if j != i for cut in part)
