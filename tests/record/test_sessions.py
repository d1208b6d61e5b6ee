"""A retry is visible as one, and nothing else is called a retry."""

from __future__ import annotations

from streamdoctor.record.commands import Identity
from streamdoctor.record.sessions import Sessions


def request(body: bytes = b"", *, head: bytes = b"h", bodied: bool = True, retry: int = 0) -> Identity:
    return Identity(head, body, bodied, retry)


def play(*steps: tuple[Identity, str]) -> list[tuple[str, int]]:
    """Each request, then how it went: "ok", "failed" or "open". (session, attempt) of each."""
    sessions, seen = Sessions(), []
    for number, (asked, how) in enumerate(steps):
        attempt = sessions.begin(asked, f"s{number}")
        attempt.ended, attempt.failed = how != "open", how == "failed"
        seen.append((attempt.session, attempt.number))
    return seen


def test_the_same_request_again_is_the_next_attempt() -> None:
    same = request(b"hi")
    assert play((same, "failed"), (same, "ok"), (same, "ok")) == [("s0", 1), ("s0", 2), ("s0", 3)]


def test_another_body_or_head_is_another_session() -> None:
    steps = (request(b"hi"), "ok"), (request(b"ho"), "ok"), (request(b"hi", head=b"x"), "ok"), (request(b"hi"), "ok")
    assert play(*steps) == [("s0", 1), ("s1", 1), ("s2", 1), ("s0", 2)]


def test_requests_at_the_same_time_are_no_attempts_of_each_other() -> None:
    assert play((request(b"hi"), "open"), (request(b"hi"), "ok")) == [("s0", 1), ("s1", 1)]
    assert play((request(b"hi"), "open"), (request(b"hi", retry=1), "ok")) == [("s0", 1), ("s0", 2)]


def test_a_body_that_is_not_known_yet_needs_a_sign() -> None:
    assert play((request(), "ok"), (request(), "ok")) == [("s0", 1), ("s1", 1)]
    assert play((request(), "failed"), (request(), "ok")) == [("s0", 1), ("s0", 2)]
    assert play((request(b"hi"), "ok"), (request(retry=1), "ok")) == [("s0", 1), ("s0", 2)]
    assert play((request(b"hi"), "failed"), (request(b"hi there"), "ok")) == [("s0", 1), ("s0", 2)]
    assert play((request(bodied=False), "ok"), (request(bodied=False), "ok")) == [("s0", 1), ("s0", 2)]


def test_what_has_no_head_yet_stands_alone() -> None:
    sessions = Sessions()
    assert [sessions.begin(None, name).number for name in "ab"] == [1, 1]


def test_memory_is_bounded() -> None:
    sessions = Sessions()
    for number in range(1000):
        sessions.begin(request(head=b"%d" % number), "s").ended = True
    assert sessions.begin(request(b"x", head=b"1", retry=1), "new").session == "new"
