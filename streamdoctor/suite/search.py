"""The bounded search where no proof can be given: single cuts, pairs over boundary classes, a seeded sample.

It says what it did and no more. Cost: at most about 50 MB handed over in all.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from streamdoctor.splits.boundaries import CLASSES
from streamdoctor.splits.strategies import Cuts, Material
from streamdoctor.suite.second import random_chunkings

MOST_BYTES = 50_000_000
SAMPLE = 200


class Search:
    """The chunkings of one search, and `words` for them."""

    def __init__(self, material: Material, max_piece: int, seed: int) -> None:
        self._material, self._max_piece, self._seed = material, max_piece, seed
        size = len(material.body)
        runs = max(MOST_BYTES // max(size, 1), 2 * SAMPLE)
        self.stride = max(1, -(-(size - 1) // max(runs - SAMPLE, 1)))
        self.singles = range(1, size, self.stride)
        self.pairs = list(combinations(self._places(), 2))[: max(runs - SAMPLE - len(self.singles), SAMPLE)]
        self.all_pairs = len(self.pairs) == len(list(combinations(self._places(), 2)))

    def _places(self) -> list[int]:
        """The first and the last offset of each class that this body has."""
        offsets = [self._material.boundaries.offsets(name) for name in CLASSES]
        return sorted({place for found in offsets if found for place in (found[0], found[-1])})

    def __iter__(self) -> Iterator[Cuts]:
        yield from ((cut,) for cut in self.singles)
        yield from self.pairs
        yield from random_chunkings(len(self._material.body), self._max_piece, self._seed, SAMPLE)

    @property
    def words(self) -> str:
        every = "every single cut" if self.stride == 1 else f"single cuts {self.stride} bytes apart"
        some = "all" if self.all_pairs else "some"
        sample = SAMPLE if self._material.body else 0
        return (
            f"{every} ({len(self.singles):,}), {some} pairs of the first and last place of each boundary class "
            f"({len(self.pairs):,}), {sample} random chunkings"
        )
