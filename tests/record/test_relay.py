"""The relay as transcripts: what comes in on either side, what goes out, and what the captures hold."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.capture.redact import Rules
from streamdoctor.record.commands import (
    DOWN,
    UP,
    Close,
    Connect,
    Drop,
    Finish,
    Keep,
    Linger,
    Pause,
    Reset,
    Resume,
    Send,
)
from streamdoctor.record.relay import MOST_OPEN, MOST_WAITING
from streamdoctor.record.rewrite import Place
from tests.record.transcript import Paper

GET = b"GET /a HTTP/1.1\r\nHost: 127.0.0.1:8085\r\n\r\n"
GET_UP = b"GET /a HTTP/1.1\r\nHost: api.example.com\r\n\r\n"
POST = b"POST /v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
POST_UP = POST.replace(b"Host: x", b"Host: api.example.com")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
STREAM = CHUNKED + b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.0 200 OK\r\n\r\n"


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut for cut in cuts if 0 < cut < len(data))})
    return [data[start:end] for start, end in pairwise(places)]


# -- one exchange


def test_a_request_and_its_response() -> None:
    paper = Paper(connects=False)
    assert paper.client(GET) == [Connect()]
    paper.relay.upstream_connected(10, {"address": "192.0.2.1:443"})
    assert paper.commands[-1] == Send(UP, GET_UP)
    assert paper.server(OK[:20]) == [Send(DOWN, OK[:20])]
    assert paper.server(OK[20:]) == [Send(DOWN, OK[20:])]
    stored = paper.captures[1]
    assert (stored.opened.method, stored.opened.target) == ("GET", "/a")
    assert stored.reads[0] == (0, ">", GET)
    assert stored.data("<") == OK
    assert stored.notes == [("upstream-connected", {"address": "192.0.2.1:443"})]
    assert stored.closed == Close(1, 2, "complete", UP, "length", {}, 200, 1)


def test_bytes_are_passed_on_before_they_are_recorded() -> None:
    paper = Paper()
    paper.client(GET)
    since = len(paper.commands)
    paper.server(STREAM[:60])
    assert [type(command) for command in paper.commands[since:]] == [Send, Keep]


def test_head_bytes_leave_at_once_and_body_bytes_piece_for_piece() -> None:
    paper = Paper()
    assert paper.client(POST) == [Connect(), Send(UP, POST_UP)]
    assert paper.client(b"he") == [Send(UP, b"he")]
    assert paper.client(b"llo") == [Send(UP, b"llo")]
    assert [paper.server(part) for part in (b"HTTP/1.1 2", b"00")] == [[Send(DOWN, b"HTTP/1.1 2")], [Send(DOWN, b"00")]]


def test_continue_and_informational_heads_pass_through() -> None:
    paper = Paper()
    paper.client(POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
    paper.server(b"HTTP/1.1 100 Continue\r\n\r\n")
    paper.client(b"hello")
    paper.server(OK)
    assert paper.captures[1].cause == "complete" and paper.captures[1].closed.status == 200  # type: ignore[union-attr]
    assert paper.to_client == b"HTTP/1.1 100 Continue\r\n\r\n" + OK


@pytest.mark.parametrize(
    ("request_head", "response", "framing"),
    [
        (b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "none"),
        (GET, b"HTTP/1.1 204 No Content\r\n\r\n", "none"),
        (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "none"),
        (GET, STREAM, "chunked"),
        (GET, CHUNKED + b"0\r\nT: 1\r\n\r\n", "chunked"),
    ],
)
def test_how_responses_end(request_head: bytes, response: bytes, framing: str) -> None:
    paper = Paper()
    paper.client(request_head)
    paper.server(response)
    assert (paper.captures[1].cause, paper.captures[1].closed.framing) == ("complete", framing)  # type: ignore[union-attr]


def test_an_early_answer_does_not_end_the_request() -> None:
    paper = Paper()
    paper.client(POST + b"he")
    paper.server(OK)
    assert paper.captures[1].cause is None
    assert paper.client(b"llo") == [Send(UP, b"llo")]
    assert paper.captures[1].cause == "complete" and paper.captures[1].data(">") == POST + b"hello"


def test_an_early_answer_and_fin_leave_the_rest_of_the_request_passing() -> None:
    paper = Paper()
    paper.client(POST)
    paper.server(OK)
    assert paper.server_fin() == [Finish(DOWN)]
    assert paper.captures[1].cause == "complete"
    assert paper.client(b"GET / HTTP/1.1\r\n\r\n") == [Send(UP, b"GET / HTTP/1.1\r\n\r\n")]
    assert list(paper.captures) == [1]


# -- several exchanges


def test_keep_alive() -> None:
    paper = Paper()
    for number in (1, 2, 3):
        paper.client(GET)
        paper.server(STREAM)
        assert paper.captures[number].cause == "complete"
        assert paper.captures[number].data("<") == STREAM
    assert sum(isinstance(command, Connect) for command in paper.commands) == 1
    assert paper.captures[2].reads[0][0] == 0, "times count from the first request byte of each exchange"


def test_pipelined_requests_share_a_read() -> None:
    paper = Paper()
    paper.client(GET + POST + b"hello")
    assert paper.to_server == GET_UP + POST_UP + b"hello"
    paper.server(OK + STREAM)
    first, second = paper.captures[1], paper.captures[2]
    assert (first.data(">"), first.data("<")) == (GET, OK)
    assert (second.data(">"), second.data("<")) == (POST + b"hello", STREAM)
    assert "shared-read" in first.marks()
    assert (first.cause, second.cause) == ("complete", "complete")


def test_a_client_that_pipelines_too_much_is_paused() -> None:
    paper = Paper()
    assert Pause(DOWN) in paper.client(GET * MOST_OPEN)
    assert Resume(DOWN) in paper.server(OK)


def test_empty_lines_between_requests_are_no_exchange() -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(OK)
    assert paper.client(b"\r\n") == []
    assert list(paper.captures) == [1]
    paper.client(b"\r\n" + GET)
    assert paper.captures[2].data(">") == b"\r\n" + GET


def test_bytes_after_the_response_are_passed_on_kept_and_named() -> None:
    paper = Paper()
    paper.client(GET)
    assert paper.server(OK + b"extra") == [Send(DOWN, OK + b"extra")]
    assert paper.captures[1].data("<") == OK + b"extra" and paper.captures[1].cause == "complete"
    assert paper.captures[1].notes[-1][1]["message"] == "bytes came after the end of the response"


TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"


def test_bytes_in_a_later_read_that_no_request_asked_for_get_a_capture_of_their_own() -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(OK)
    assert paper.server(TIMEOUT[:9]) == [Send(DOWN, TIMEOUT[:9])]
    assert paper.server(TIMEOUT[9:]) == [Send(DOWN, TIMEOUT[9:])]
    paper.server_fin()
    asked, unasked = paper.captures[1], paper.captures[2]
    assert asked.data("<") == OK
    assert (unasked.data(">"), unasked.data("<"), unasked.cause) == (b"", TIMEOUT, "complete")
    assert unasked.closed is not None and unasked.closed.status == 408
    assert [mark for mark, details in unasked.notes if "no request asked for" in details["message"]] == ["oddity"]


def test_unasked_bytes_that_are_no_response_end_where_the_next_request_begins() -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(OK)
    assert paper.server(b"more") == [Send(DOWN, b"more")]
    assert paper.client(GET) == [Send(UP, GET_UP)]
    paper.server(OK)
    assert [stored.data("<") for stored in paper.captures.values()] == [OK, b"more", OK]
    assert [stored.cause for stored in paper.captures.values()] == ["complete", "protocol-error", "complete"]


def test_a_secret_of_the_exchange_before_is_covered_in_unasked_bytes() -> None:
    paper = Paper(rules=Rules())
    paper.client(GET[:-2] + b"Authorization: Bearer sk-abcdefgh\r\n\r\n")
    paper.server(OK)
    paper.server(b"\x00 no head: sk-abcdefgh!")
    paper.server_fin()
    assert paper.captures[2].data("<") == b"\x00 no head: ***********!"
    assert paper.to_client.endswith(b"sk-abcdefgh!")


def test_what_comes_after_the_client_left_is_no_exchange() -> None:
    paper = Paper()
    paper.client(GET)
    paper.client_rst()
    paper.server(OK)
    assert list(paper.captures) == [1]


# -- endings


def test_a_body_that_ends_with_the_connection() -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(UNTIL_CLOSE + b"hi")
    assert paper.server_fin() == [Finish(DOWN)]
    assert (paper.captures[1].cause, paper.captures[1].closed.framing) == ("complete", "close")  # type: ignore[union-attr]


def test_the_same_body_without_close_notify_is_no_proof_of_completeness() -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(UNTIL_CLOSE + b"hi")
    paper.server_fin("the connection ended without TLS close_notify")
    closed = paper.captures[1].closed
    assert closed is not None and closed.cause == "eof" and "close_notify" in closed.details["message"]


@pytest.mark.parametrize("response", [b"", STREAM[:10], STREAM[:-1], CHUNKED + b"3\r\nabc\r\n"])
def test_fin_without_the_terminator(response: bytes) -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(response)
    assert paper.server_fin() == [Finish(DOWN)]
    assert (paper.captures[1].cause, paper.captures[1].closed.side) == ("eof", UP)  # type: ignore[union-attr]
    assert paper.captures[1].data("<") == response


@pytest.mark.parametrize("response", [b"", STREAM[:60], UNTIL_CLOSE + b"hi"])
def test_rst_is_passed_on_as_rst(response: bytes) -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(response)
    assert paper.server_rst() == [Reset(DOWN)]
    assert (paper.captures[1].cause, paper.captures[1].closed.side) == ("reset", UP)  # type: ignore[union-attr]


def test_rst_between_exchanges() -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(OK)
    assert paper.server_rst() == [Reset(DOWN)]
    assert paper.captures[1].cause == "complete"
    assert paper.client(GET) == [], "the reset is on its way: a request that crosses it goes nowhere"


def test_a_client_that_ends_its_half_still_gets_the_response() -> None:
    paper = Paper()
    paper.client(GET)
    assert paper.client_fin() == [Finish(UP)]
    paper.server(UNTIL_CLOSE + b"hi")
    assert paper.server_fin() == [Finish(DOWN)]
    assert paper.captures[1].cause == "complete"
    assert paper.captures[1].marks() == ["upstream-connected", "downstream-half-closed", "upstream-half-closed"]


@pytest.mark.parametrize("response", [STREAM[:60], UNTIL_CLOSE + b"hi"])
def test_a_client_that_leaves_in_the_middle_closes_the_upstream(response: bytes) -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(response)
    assert paper.client_fin() == [Finish(UP)]
    paper.server_fin()
    assert (paper.captures[1].cause, paper.captures[1].closed.side) == ("client-closed", DOWN)  # type: ignore[union-attr]


def test_a_client_that_resets() -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(STREAM[:60])
    assert paper.client_rst() == [Reset(UP)]
    closed = paper.captures[1].closed
    assert closed is not None and (closed.cause, closed.side, closed.details) == ("client-closed", DOWN, {"by": "rst"})


def test_a_client_that_leaves_with_half_a_head() -> None:
    paper = Paper()
    paper.client(GET[:20])
    assert paper.client_fin() == [Finish(DOWN)]
    assert paper.captures[1].cause == "client-closed" and paper.captures[1].data(">") == GET[:20]
    paper = Paper()
    paper.client(GET)
    paper.server(OK)
    paper.client(GET[:20])
    assert paper.client_fin() == [Send(UP, GET[:20]), Finish(UP)]


def test_a_client_that_leaves_while_we_connect() -> None:
    paper = Paper(connects=False)
    paper.client(GET)
    assert paper.client_rst() == [Reset(UP)]
    assert paper.captures[1].cause == "client-closed"


def test_an_idle_connection_ends_in_order() -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(OK)
    assert paper.server_fin() == [Finish(DOWN)]
    assert paper.client_fin() == [Finish(UP)]
    assert Paper().client_fin() == [Finish(DOWN)]


@pytest.mark.parametrize(
    ("cause", "status"), [("refused", 502), ("dns-error", 502), ("tls-error", 502), ("timeout", 504)]
)
def test_an_upstream_that_cannot_be_reached(cause: str, status: int) -> None:
    paper = Paper(connects=False)
    paper.client(GET)
    paper.relay.upstream_failed(7, cause, "it is not there")
    answer, linger = paper.commands[-2:]
    assert isinstance(answer, Send) and linger == Linger(DOWN)
    assert answer.data.startswith(f"HTTP/1.1 {status} ".encode()) and b'"code": "%s"' % cause.encode() in answer.data
    closed = paper.captures[1].closed
    assert closed is not None and closed.cause == cause and closed.side == UP
    assert closed.details == {"message": "it is not there", "answered": status}
    assert paper.client(b"what still comes is dropped") == []


def test_stopping_tears_what_is_under_way() -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(STREAM[:60])
    paper.relay.stop(9)
    assert paper.commands[-2:] == [Reset(DOWN), Reset(UP)]
    assert (paper.captures[1].cause, paper.captures[1].closed.side) == ("recorder-stopped", "recorder")  # type: ignore[union-attr]
    idle = Paper()
    idle.client(GET)
    idle.server(OK)
    idle.relay.stop(9)
    assert idle.commands[-2:] == [Drop(DOWN), Drop(UP)]


# -- what is not understood


def test_a_response_that_makes_no_sense_still_arrives() -> None:
    paper = Paper()
    paper.client(GET)
    for part in (b"\x00\xff garbage", b"more", b"\r\n\r\n"):
        assert paper.server(part) == [Send(DOWN, part)]
    paper.server_fin()
    assert paper.captures[1].cause == "protocol-error"
    assert paper.captures[1].data("<") == b"\x00\xff garbagemore\r\n\r\n"
    assert "oddity" in paper.captures[1].marks()


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
            "there are two Content-Length headers",
        ),
        (CHUNKED + b"3\nabc\r\n0\r\n\r\n", "a chunk-size line ends in LF alone"),
    ],
)
def test_oddities_are_named(response: bytes, message: str) -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(response)
    assert paper.captures[1].cause == "complete" and paper.to_client == response
    assert [note["message"] for mark, note in paper.captures[1].notes if mark == "oddity"] == [message]


def test_a_request_whose_length_is_in_doubt_is_passed_on_to_the_end() -> None:
    paper = Paper()
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 50\r\n\r\na" + GET
    paper.client(request)
    assert paper.to_server == request.replace(b"Host: x", b"Host: api.example.com")
    assert list(paper.captures) == [1], "what may be a second request is not taken for one"
    paper.server(OK)
    paper.client_fin()
    paper.server_fin()
    assert paper.captures[1].cause == "complete"


@pytest.mark.parametrize(
    ("request_head", "status", "word"),
    [
        (b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", 501, b"tunnels"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 501, b"websocket"),
        (b"GET http://other.example.com/ HTTP/1.1\r\nHost: other.example.com\r\n\r\n", 421, b"another host"),
        (b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n", 421, b"another host"),
        (b"PRI * HTTP/2.0\r\n\r\n", 505, b"HTTP/2"),
        (b"\x16\x03\x01\x02\x00\x01", 400, b"no HTTP/1.1 request"),
        (b"NONSENSE\r\n\r\n", 400, b"no HTTP/1.1 request"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 400, b"no HTTP/1.1 request"),
    ],
)
def test_what_is_refused_and_why(request_head: bytes, status: int, word: bytes) -> None:
    paper = Paper()
    answer, linger = paper.client(request_head)
    assert isinstance(answer, Send) and linger == Linger(DOWN)
    assert answer.data.startswith(f"HTTP/1.1 {status} ".encode()) and word in answer.data
    assert paper.captures[1].cause == "protocol-error" and paper.captures[1].closed.side == DOWN  # type: ignore[union-attr]
    assert paper.to_server == b""


def test_a_refusal_waits_for_the_answers_before_it() -> None:
    paper = Paper()
    paper.client(GET + b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert paper.to_client == b""
    paper.server(OK)
    assert paper.to_client.startswith(OK + b"HTTP/1.1 501 ")


# -- what is rewritten


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        (b"GET / HTTP/1.1\r\nhOsT:\t x \r\nA:  b\r\n\r\n", b"GET / HTTP/1.1\r\nhOsT:\t h:1\r\nA:  b\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nA: b\r\n\r\n", b"GET / HTTP/1.1\r\nHost: h:1\r\nA: b\r\n\r\n"),
        (b"GET / HTTP/1.0\r\nA: b\r\n\r\n", b"GET / HTTP/1.0\r\nA: b\r\n\r\n"),
        (b"GET http://127.0.0.1:8085/x?y HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /x?y HTTP/1.1\r\nHost: h:1\r\n\r\n"),
        (b"GET http://H:1 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: h:1\r\n\r\n"),
        (b"GET /\nHost: x\n\n".replace(b"/\n", b"/ HTTP/1.1\n"), b"GET / HTTP/1.1\nHost: h:1\n\n"),
        (b"GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /a/../b HTTP/1.1\r\nHost: h:1\r\n\r\n"),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: A\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: h:1\r\nConnection: Upgrade\r\n\r\n",
        ),
    ],
)
def test_only_what_a_reverse_proxy_must_change_is_changed(came: bytes, goes: bytes) -> None:
    paper = Paper(Place("h:1", "", frozenset({"127.0.0.1:8085"})))
    paper.client(came)
    assert paper.to_server == goes
    assert paper.captures[1].data(">") == came, "the capture holds what the client sent"


def test_a_base_path_stands_before_the_target() -> None:
    paper = Paper(Place("h", "/base"))
    paper.client(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
    assert paper.to_server == b"GET /base/x HTTP/1.1\r\nHost: h\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"


# -- backpressure


def test_a_slow_client_slows_the_upstream() -> None:
    paper = Paper()
    paper.client(GET)
    paper.server(CHUNKED)
    paper.relay.paused(50, DOWN, 20_000)
    assert paper.commands[-1] == Pause(UP)
    paper.relay.resumed(60, DOWN, 3_000)
    assert paper.commands[-1] == Resume(UP)
    assert paper.captures[1].notes[1:] == [
        ("downstream-paused", {"waiting": 20_000}),
        ("downstream-resumed", {"waiting": 3_000}),
    ]


def test_a_slow_upstream_slows_the_client() -> None:
    paper = Paper()
    paper.client(POST)
    paper.relay.paused(50, UP, 20_000)
    assert paper.commands[-1] == Pause(DOWN)
    paper.relay.resumed(60, UP, 3_000)
    assert paper.commands[-1] == Resume(DOWN)


def test_what_waits_for_the_connection_is_bounded() -> None:
    paper = Paper(connects=False)
    big = POST.replace(b"Content-Length: 5", b"Content-Length: 99999")
    assert paper.client(big) == [Connect()]
    assert paper.client(b"x" * MOST_WAITING) == [Pause(DOWN)]
    paper.relay.upstream_connected(9, {})
    assert paper.commands[-1] == Resume(DOWN)
    assert len(paper.to_server) == len(big) + MOST_WAITING + len("api.example.com") - 1


# -- secrets

KEY = b"sk-live-0123456789"
SECRET_GET = b"GET /?key=" + KEY + b" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + KEY + b"\r\n\r\n"


def test_secrets_are_covered_in_the_capture_and_nowhere_else() -> None:
    paper = Paper(rules=Rules())
    response = CHUNKED + b"5\r\n" + KEY[:5] + b"\r\nd\r\n" + KEY[5:] + b"\r\n0\r\n\r\n"
    for byte in SECRET_GET:
        paper.client(bytes([byte]))
    for byte in response:
        paper.server(bytes([byte]))
    assert paper.to_server == SECRET_GET.replace(b"Host: x", b"Host: api.example.com")
    assert paper.to_client == response
    stored = paper.captures[1]
    assert [len(data) for _, _, data in stored.reads] == [1] * (len(SECRET_GET) + len(response))
    assert KEY not in stored.data(">") and len(stored.data(">")) == len(SECRET_GET)
    # The first three bytes of the echo were not worth holding back.
    assert stored.data("<") == response.replace(KEY[3:5] + b"\r", b"**\r").replace(KEY[5:], b"*" * 13)
    assert stored.opened.redacted == () and ("redacted", {"names": ["authorization", "?key"]}) in stored.notes
    assert stored.notes[-1] == ("redacted", {"body_bytes": {">": 0, "<": 15}})


def test_the_name_of_a_capture_holds_no_secret() -> None:
    paper = Paper(rules=Rules())
    paper.client(SECRET_GET.replace(b"GET /", b"GET /bot" + KEY + b"/x"))
    assert paper.captures[1].opened.target == "/bot" + "*" * 18 + "/x?key=" + "*" * 18
    assert paper.captures[1].opened.redacted == ("authorization", "?key")


def test_set_cookie_is_covered_and_a_compressed_body_is_named() -> None:
    paper = Paper(rules=Rules())
    paper.client(GET)
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: s=" + KEY + b"\r\nContent-Encoding: gzip\r\nContent-Length: 18\r\n\r\n"
    paper.server(head + KEY)
    assert KEY not in paper.captures[1].data("<")
    assert ("opaque-body", {"of": "response", "coding": "gzip"}) in paper.captures[1].notes
    assert ("redacted", {"names": ["set-cookie"]}) in paper.captures[1].notes


def test_without_rules_everything_is_stored_as_it_came() -> None:
    paper = Paper()
    paper.client(SECRET_GET[:20])
    assert paper.captures[1].data(">") == SECRET_GET[:20], "nothing is held back"


def test_a_torn_head_is_covered_as_far_as_it_came() -> None:
    paper = Paper(rules=Rules())
    paper.client(SECRET_GET[:-10])
    paper.client_fin()
    assert len(paper.captures[1].data(">")) == len(SECRET_GET) - 10
    assert KEY[:8] not in paper.captures[1].data(">")


# -- properties


def normal(name: str) -> tuple[bytes, bytes, bytes]:
    """(request, what goes up, response) of one exchange."""
    request, response = {
        "get": (GET, OK),
        "stream": (GET, STREAM),
        "post": (POST + b"hello", STREAM),
        "chunked-post": (
            POST.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"2\r\nhi\r\n0\r\n\r\n",
            OK,
        ),
        "head": (GET.replace(b"GET", b"HEAD"), b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        "early-hints": (GET, b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK),
    }[name]
    up = request.replace(b"Host: 127.0.0.1:8085", b"Host: api.example.com").replace(
        b"Host: x", b"Host: api.example.com"
    )
    return request, up, response


kinds = st.lists(
    st.sampled_from(["get", "stream", "post", "chunked-post", "head", "early-hints"]), min_size=1, max_size=4
)
some_cuts = st.lists(st.integers(1, 400), max_size=10)


@given(kinds, some_cuts, some_cuts, st.booleans(), st.booleans())
def test_cuts_on_both_sides_change_nothing(
    names: list[str], up_cuts: list[int], down_cuts: list[int], pipelined: bool, redacting: bool
) -> None:
    exchanges = [normal(name) for name in names]
    paper = Paper(rules=Rules() if redacting else None)
    if pipelined:
        rounds = [(b"".join(e[0] for e in exchanges), b"".join(e[2] for e in exchanges))]
    else:
        rounds = [(request, response) for request, _, response in exchanges]
    for request, response in rounds:
        for part in pieces(request, up_cuts):
            paper.client(part)
        for part in pieces(response, down_cuts):
            assert Send(DOWN, part) in paper.server(part)
    assert paper.to_server == b"".join(up for _, up, _ in exchanges)
    assert paper.to_client == b"".join(response for _, _, response in exchanges)
    assert len(paper.captures) == len(exchanges)
    for stored, (request, _, response) in zip(paper.captures.values(), exchanges, strict=True):
        assert (stored.data(">"), stored.data("<"), stored.cause) == (request, response, "complete")
        for way in (">", "<"):
            times = [ns for ns, direction, _ in stored.reads if direction == way]
            assert times == sorted(times)


said = [GET, POST, b"hello", b"\r\n", b"\x00", b"CONNECT a:1 HTTP/1.1\r\n\r\n", GET[:9]]
answered = [OK, STREAM, STREAM[:60], b"garbage", b"\r\n", UNTIL_CLOSE, b"0\r\n\r\n"]
happened = ["client_fin", "client_rst", "server_fin", "server_rst", "pause", "resume", "stop"]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("client"), st.sampled_from(said)),
        st.tuples(st.just("server"), st.sampled_from(answered)),
        st.tuples(st.sampled_from(happened), st.just(b"")),
    ),
    max_size=14,
)


@given(steps, st.booleans(), st.booleans())
def test_nothing_that_can_happen_upsets_it(script: list[tuple[str, bytes]], redacting: bool, connects: bool) -> None:
    """Whatever the order: no exception, response bytes are passed on, and every capture ends exactly once."""
    paper = Paper(rules=Rules() if redacting else None, connects=connects)
    over: set[str] = set()
    for what, data in script:
        side, _, how = what.partition("_")
        connected = any(isinstance(command, Connect) for command in paper.commands) and connects
        if side in over or (side == "server" and not connected):
            continue
        if how:
            over.add(side)
        match what:
            case "client":
                paper.client(data)
            case "server":
                assert paper.server(data)[0] == Send(DOWN, data)
            case "pause":
                paper.relay.paused(paper.now, DOWN, 1)
            case "resume":
                paper.relay.resumed(paper.now, DOWN, 1)
            case "stop":
                paper.relay.stop(paper.now)
                over |= {"client", "server"}
            case _:
                getattr(paper, what)()
    paper.relay.downstream_lost(paper.now + 1, "rst")
    assert paper.relay.idle
    assert all(stored.closed is not None for stored in paper.captures.values())
