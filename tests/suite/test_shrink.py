"""Shrinking keeps the failure, ends, and leaves nothing that could still go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.stream.sse import SSEDecoder
from streamdoctor.suite.shrink import ALL, SAFE, Small, shrink

STREAM = "".join(
    f'data: {{"n":{n},"choices":[{{"index":0,"delta":{{"content":"{word}"}}}}]}}\n\n'
    for n, word in enumerate(["one", "two", "thrée", "four"])
).encode()


def read(body: bytes):  # type: ignore[no-untyped-def]
    return SSEDecoder().feed(body)


def test_only_what_the_failure_needs_is_left() -> None:
    cut = STREAM.index("é".encode()) + 1

    def breaks_a_character(small: Small) -> bool:
        return any(small.body[cut - 1 : cut + 1] == "é".encode() for cut in small.cuts)

    found = shrink(Small(STREAM, (5, cut, 200)), breaks_a_character, read)
    assert found == Small("é".encode(), (1,))


def test_the_safe_levels_keep_the_json_whole() -> None:
    def has_text_with_an_accent(small: Small) -> bool:
        return any("é" in event.data for event in read(small.body))

    found = shrink(Small(STREAM, ()), has_text_with_an_accent, read, SAFE)
    assert found.body == 'data: {"n":2,"choices":[{"index":0,"delta":{"content":"é"}}]}\n\n'.encode()


def test_offsets_move_with_the_bytes_around_them() -> None:
    small = Small(b"0123456789", (2, 5, 9), 7)
    assert small.without([(0, 2), (4, 6)]) == Small(b"236789", (2, 5), 3)


def test_a_run_that_is_out_of_budget_gives_the_best_so_far() -> None:
    calls = []

    def keep(small: Small) -> bool:
        calls.append(small)
        return True

    found = shrink(Small(STREAM, ()), keep, read, most=3)
    assert len(calls) == 3
    assert len(found.body) < len(STREAM)


@given(st.binary(min_size=1, max_size=40), st.data())
def test_what_is_left_still_fails_and_nothing_single_can_go(body: bytes, data: st.DataObject) -> None:
    needle = body[: data.draw(st.integers(1, min(3, len(body))))]

    def keep(small: Small) -> bool:
        return needle in small.body

    found = shrink(Small(body, tuple(range(1, len(body)))), keep, read, ALL, most=5000)
    assert found == Small(needle, ())
