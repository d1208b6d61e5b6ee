"""Whatever comes from a wire is printable once it went through `visible`, and JSON stays the JSON it was."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.visible import safe_bytes, safe_json, safe_text, shorten

UNSAFE = set(map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0x202E, 0x2066, 0xFEFF, 0xFFFE, 0xFFFF]))
ANY = st.text(st.characters(codec=None, categories=None) | st.sampled_from(sorted(UNSAFE)))


@given(ANY, st.binary(max_size=50))
def test_nothing_unsafe_is_left(text: str, data: bytes) -> None:
    for safe in (safe_text(text), safe_bytes(data)):
        assert not UNSAFE & set(safe)
        assert safe_text(safe) == safe
        safe.encode()


@given(st.dictionaries(ANY, ANY | st.lists(ANY, max_size=3), max_size=4))
def test_json_to_be_read_is_the_same_json(document: dict[str, object]) -> None:
    text = safe_json(document)
    assert json.loads(text) == document
    assert not (UNSAFE - {"\n"}) & set(text)


@given(st.text(), st.integers(10, 60))
def test_shortened_text_fits_and_says_what_is_missing(text: str, width: int) -> None:
    short = shorten(text, width)
    assert short == text if len(text) <= width else len(short) <= width
