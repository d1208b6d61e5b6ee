"""Secrets never reach the disk, whatever the reads; everything else does, unchanged."""

from __future__ import annotations

import json
import re
import time
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.capture.redact import (
    LONGEST_LINE,
    SHORTEST_HOLD,
    SHORTEST_SECRET,
    BodyMask,
    Rules,
    covered,
    mask_head,
    occurrences,
    spellings,
)

KEY = b"sk-live-0123456789"


def head(*lines: bytes, target: bytes = b"/v1/x") -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


@pytest.mark.parametrize(
    "line",
    [
        b"Authorization: Bearer " + KEY,
        b"authorization:" + KEY,
        b"Proxy-Authorization: Basic " + KEY,
        b"Cookie: a=" + KEY + b"; b=2",
        b"Set-Cookie: session=" + KEY + b"; Path=/",
        b"X-API-Key: " + KEY,
        b"api-key: " + KEY,
        b"x-goog-api-key: " + KEY,
        b"X-Amz-Security-Token: " + KEY,
        b"Ocp-Apim-Subscription-Key: " + KEY,
        b"X-Auth-Token : " + KEY,
        b"Authorization: Bearer\r\n\t" + KEY,
    ],
)
def test_the_value_of_a_secret_header_is_covered(line: bytes) -> None:
    data = head(b"Host: h", line, b"Accept: */*")
    masked = mask_head(data, Rules())
    assert KEY not in masked.data and len(masked.data) == len(data)
    assert KEY in masked.values
    name = line.split(b":")[0].strip()
    assert masked.data.startswith(b"GET /v1/x HTTP/1.1\r\nHost: h\r\n" + name)
    assert masked.data.endswith(b"\r\nAccept: */*\r\n\r\n")
    assert masked.names == (name.decode().lower(),)


@pytest.mark.parametrize(
    "line",
    [
        b"Idempotency-Key: 0123456789",
        b"Sec-WebSocket-Key: 0123456789",
        b"X-RateLimit-Remaining-Tokens: 149984",
        b"WWW-Authenticate: Bearer realm=12345678",
        b"Content-Type: text/event-stream",
    ],
)
def test_other_headers_stay(line: bytes) -> None:
    data = head(line)
    assert mask_head(data, Rules()) == (data, (), frozenset())


@pytest.mark.parametrize(
    "name", [b"key", b"api_key", b"api-key", b"apikey", b"access_token", b"X-Amz-Signature", b"sig"]
)
def test_a_secret_parameter_of_the_url_is_covered(name: bytes) -> None:
    data = head(target=b"/v1?alt=sse&" + name + b"=" + KEY + b"&n=1")
    masked = mask_head(data, Rules())
    stars = b"*" * len(KEY)
    assert masked.data == head(target=b"/v1?alt=sse&" + name + b"=" + stars + b"&n=1")
    assert masked.names == ("?" + name.decode().lower(),)


def test_a_short_value_is_covered_where_it_stands_and_not_looked_for() -> None:
    masked = mask_head(head(b"Api-Key: none", b"Accept: none", target=b"/?key=a"), Rules())
    assert masked.data == head(b"Api-Key: ****", b"Accept: none", target=b"/?key=*")
    assert masked.values == frozenset()


def test_a_secret_is_covered_wherever_the_head_repeats_it() -> None:
    masked = mask_head(head(b"X-Debug: " + KEY, b"Authorization: Bearer " + KEY, target=b"/" + KEY), Rules())
    assert KEY not in masked.data and masked.data.count(b"*") == 3 * len(KEY) + len(b"Bearer ")


def test_a_password_in_a_url_and_the_user_s_own_names_and_patterns() -> None:
    rules = Rules(frozenset({"x-team"}), (re.compile(rb"user-\d+"),))
    masked = mask_head(head(b"Referer: http://me:hunter2@h/", b"X-Team: blue", b"X-U: user-12"), rules)
    assert masked.data == head(b"Referer: http://me:*******@h/", b"X-Team: ****", b"X-U: *******")


def test_a_head_that_was_cut_is_covered_as_far_as_it_goes() -> None:
    assert mask_head(b"GET /?key=abc", Rules()).data == b"GET /?key=***"
    assert mask_head(b"GET / HTTP/1.1\r\nCookie: a=1; b", Rules()).data.endswith(b"Cookie: ******")


def test_spellings_of_a_secret() -> None:
    secret = b'pa/ss"wo+rd=='
    found = spellings([secret])
    for spelling in (
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
        quote(secret),
        json.dumps(secret.decode())[1:-1],
        json.dumps(secret.decode())[1:-1].replace("/", "\\/"),
    ):
        assert spelling.encode() in found
    assert list(map(len, found)) == sorted(map(len, found), reverse=True)
    assert spellings([b"short"]) == ()


def run(secrets: tuple[bytes, ...], reads: list[bytes], patterns: tuple[re.Pattern[bytes], ...] = ()) -> list[bytes]:
    """The reads as they are stored; asserts that they come out in order and whole."""
    mask = BodyMask(secrets, patterns)
    out = [one for ns, data in enumerate(reads) for one in mask.feed(ns, data, ((0, len(data)),))] + mask.finish()
    assert [ns for ns, _ in out] == list(range(len(reads)))
    assert [len(data) for _, data in out] == [len(data) for data in reads]
    return [data for _, data in out]


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut for cut in cuts if 0 < cut < len(data))})
    return [data[start:end] for start, end in pairwise(places)]


def expected(data: bytes, secrets: tuple[bytes, ...]) -> bytes:
    """Every occurrence covered, and a tail of 8 bytes or more that is the beginning of a secret."""
    spans = [span for secret in secrets for span in occurrences(data, secret)]
    tails = [n for s in secrets for n in range(SHORTEST_SECRET, len(s)) if data.endswith(s[:n])]
    return covered(data, [*spans, (len(data) - max(tails, default=0), len(data))])


def test_a_secret_cut_over_reads_is_covered_byte_by_byte_too() -> None:
    data = b'data: {"echo":"' + KEY + b'"}\n\n'
    assert KEY not in b"".join(run((KEY,), pieces(data, list(range(len(data))))))
    for cut in range(1, len(data)):
        stored = b"".join(run((KEY,), pieces(data, [cut])))
        assert stored.replace(b"*", b"") in (data.replace(KEY, KEY[:held]) for held in range(SHORTEST_HOLD))


secret_texts = st.text("ab-", min_size=8, max_size=14).map(str.encode)


@given(st.data())
def test_what_is_covered_does_not_depend_on_the_reads(data: st.DataObject) -> None:
    secrets = tuple(data.draw(st.lists(secret_texts, min_size=1, max_size=3, unique=True)))
    part = st.one_of(
        st.sampled_from(secrets),
        st.text("ab-", max_size=6).map(str.encode),
        st.builds(lambda s, n: s[:n], st.sampled_from(secrets), st.integers(1, 13)),
    )
    body = b"".join(data.draw(st.lists(part, max_size=8)))
    cuts = data.draw(st.lists(st.integers(1, 80), max_size=12))
    stored, wanted = b"".join(run(secrets, pieces(body, cuts))), expected(body, secrets)
    assert not any(secret in stored for secret in secrets)
    # Only the first bytes of a secret, fewer than are worth holding for, may have been released.
    released = [at for at in range(len(body)) if stored[at] != wanted[at]]
    for at in released:
        assert wanted[at] == 0x2A and stored[at] == body[at]
        assert any(first <= at < first + SHORTEST_HOLD for s in secrets for first, _ in occurrences(body, s)) or any(
            body.endswith(s[:n]) and len(body) - n <= at < len(body) - n + SHORTEST_HOLD
            for s in secrets
            for n in range(SHORTEST_SECRET, len(s))
        )


@given(st.binary(max_size=200), st.lists(st.integers(1, 200), max_size=10))
def test_text_that_holds_no_secret_is_stored_as_it_is(body: bytes, cuts: list[int]) -> None:
    reads = pieces(body, cuts) if body else []
    if KEY not in body:
        assert run((KEY,), reads) == reads


def test_only_what_may_still_become_a_secret_is_held() -> None:
    mask = BodyMask((KEY,))
    assert mask.feed(1, b"plain", ((0, 5),)) == [(1, b"plain")]
    assert mask.feed(2, b"x" + KEY[:3], ((0, 4),)) == [(2, b"x" + KEY[:3])]
    assert mask.feed(3, KEY[3:6], ((0, 3),)) == []
    assert mask.feed(4, b"!", ((0, 1),)) == [(3, KEY[3:6]), (4, b"!")]
    assert mask.feed(5, KEY + b" " + KEY[:5], ((0, 24),)) == []
    assert mask.feed(6, KEY[5:], ((0, 13),)) == [(5, b"*" * 18 + b" " + b"*" * 5), (6, b"*" * 13)]
    assert mask.masked == 2 * len(KEY)


def test_a_stream_that_was_cut_inside_a_secret_does_not_leak_most_of_it() -> None:
    assert run((KEY,), [b"a" + KEY[:10]]) == [b"a" + b"*" * 10]
    assert run((KEY,), [b"a" + KEY[:7]]) == [b"a" + KEY[:7]]


def test_a_secret_that_is_the_beginning_of_another() -> None:
    longer = KEY + b"-and-more"
    assert run(spellings([KEY, longer]), [KEY, b"-and-more!"]) == [b"*" * 18, b"*" * 9 + b"!"]
    assert run(spellings([KEY, longer]), [KEY, b"-and-less!"]) == [b"*" * 18, b"-and-less!"]


def test_chunk_framing_may_stand_between_the_bytes_of_a_secret() -> None:
    mask = BodyMask((KEY,))
    reads = [b"5\r\n" + KEY[:5] + b"\r\n", b"d\r\n" + KEY[5:] + b"\r\n", b"0\r\n\r\n"]
    out = mask.feed(1, reads[0], ((3, 8),)) + mask.feed(2, reads[1], ((3, 16),)) + mask.feed(3, reads[2], ())
    assert out == [(1, b"5\r\n*****\r\n"), (2, b"d\r\n" + b"*" * 13 + b"\r\n"), (3, b"0\r\n\r\n")]


def test_a_pattern_is_matched_within_a_line_however_it_is_cut() -> None:
    pattern = re.compile(rb"user-\d+")
    body = b"a user-123 b\nuser-4\nuser-\n5 user-77"
    wanted = b"a ******** b\n******\nuser-\n5 *******"
    for cut in range(1, len(body)):
        assert b"".join(run((), pieces(body, [cut]), (pattern,))) == wanted
    assert b"".join(run((), pieces(body, list(range(99))), (pattern,))) == wanted


def test_a_line_that_is_too_long_is_not_waited_for() -> None:
    mask = BodyMask((), (re.compile(rb"user-\d+"),))
    assert mask.feed(1, b"user-1 " + b"x" * 100, ((0, 107),)) == []
    released = mask.feed(2, b"y" * LONGEST_LINE, ((0, LONGEST_LINE),))
    assert [data[:8] for _, data in released] == [b"****** x", b"yyyyyyyy"]


def test_the_cost_is_linear_and_small() -> None:
    def seconds(reads: int) -> float:
        mask = BodyMask(spellings([KEY, KEY[::-1]]))
        begun = time.process_time()
        for ns in range(reads):
            mask.feed(ns, b'data: {"delta":"some words"}\n\n', ((0, 30),))
        return time.process_time() - begun

    small = min(seconds(2_000) for _ in range(3))
    assert min(seconds(16_000) for _ in range(2)) < small * 8 * 3
