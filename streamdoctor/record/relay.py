"""The tap, sans-IO: bytes and their times go in, commands come out; the shell only performs them.

Rules: response bytes are passed on before they are understood, piece for piece; request heads are rewritten only where
a reverse proxy must, bodies never. FIN goes on as FIN, RST as RST, a half-close stays one. One upstream connection a
client connection. What is held in memory is bounded: a head, and what waits for the upstream connection.
Cost: one parse a byte beside the relaying.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from streamdoctor.capture.redact import Rules
from streamdoctor.record.commands import (
    DOWN,
    UP,
    Command,
    Connect,
    Drop,
    Finish,
    Linger,
    Pause,
    Reset,
    Resume,
    Send,
    Side,
)
from streamdoctor.record.exchange import Exchange
from streamdoctor.record.rewrite import Place, Refusal, answer, refusal, rewritten

MOST_WAITING = 16 << 10
"""Request bytes that may wait for the upstream connection before the client is paused."""
MOST_OPEN = 16
"""Requests that may be under way on one connection (pipelining) before the client is paused."""
_STATUS = {"timeout": 504}


class Relay:
    """One client connection and the upstream connection that serves it. `now` is always monotonic nanoseconds."""

    def __init__(self, place: Place, emit: Callable[[Command], None], rules: Rules | None = None) -> None:
        self._place = place
        self._emit = emit
        self._rules = rules
        self._exchanges: deque[Exchange] = deque()
        self._receiving: Exchange | None = None
        self._count = 0
        self._head = bytearray()
        self._waiting = bytearray()
        self._connecting = False
        self._connected = False
        self._deaf = False
        self._unfollowed = False
        self._parting = b""
        self._secrets: frozenset[bytes] = frozenset()
        self._ended: set[Side] = set()
        self._lost: set[Side] = set()
        self._pauses: dict[Side, set[str]] = {UP: set(), DOWN: set()}

    @property
    def idle(self) -> bool:
        """No exchange is under way."""
        return not self._exchanges

    # -- from the client

    def downstream_data(self, now: int, data: bytes) -> None:
        if self._unfollowed and self._connected and not self._deaf:
            self._emit(Send(UP, data))
            return
        while data and not self._deaf and not self._unfollowed:
            if self._receiving is None:
                if not data.strip(b"\r\n"):
                    return  # an empty line between requests: RFC 9112 section 2.2
                self._begin(now)
            data = self._take_request(now, data)

    def _begin(self, now: int) -> None:
        if self._exchanges and self._exchanges[-1].unasked:
            self._retire(now, self._exchanges[-1], "protocol-error", UP)
        self._count += 1
        self._receiving = Exchange(self._count, now, self._rules, self._emit)
        self._exchanges.append(self._receiving)
        if len(self._exchanges) >= MOST_OPEN:
            self._pause(DOWN, "pipelined")

    def _take_request(self, now: int, data: bytes) -> bytes:
        """Passes on what belongs to the request under way; gives back what follows it."""
        exchange = self._receiving
        assert exchange is not None
        passing = exchange.head is not None
        events, used = exchange.parse_request(data)
        refused = None
        if passing:
            self._to_upstream(data if used == len(data) else data[:used])
        else:
            refused = self._take_head(exchange, data[:used])
        exchange.record_request(now, data[:used], events)
        if refused:
            self._refuse(now, exchange, refused)
            return b""
        return self._end_request(now, exchange, data[used:])

    def _take_head(self, exchange: Exchange, data: bytes) -> Refusal | None:
        """Holds the head until it is whole, then sends it rewritten, with what follows it."""
        self._head += data
        head = exchange.head
        if head is None:
            return Refusal(400, "this is no HTTP/1.1 request") if exchange.request_broken else None
        held = bytes(self._head)
        self._head.clear()
        refused = refusal(head, self._place)
        if refused is None:
            raw = held[head.start : head.end]
            self._to_upstream(rewritten(raw, head, self._place) + held[head.end :])
        return refused

    def _end_request(self, now: int, exchange: Exchange, rest: bytes) -> bytes:
        if exchange.request_done:
            self._receiving = None
            if rest.strip(b"\r\n"):
                exchange.note(now, "shared-read", {"direction": ">", "bytes": len(rest)})
            if exchange.response_done:
                self._retire(now, exchange, "complete", UP)
        return rest

    def _to_upstream(self, data: bytes) -> None:
        if self._connected:
            self._emit(Send(UP, data))
            return
        self._waiting += data
        if not self._connecting:
            self._connecting = True
            self._emit(Connect())
        if len(self._waiting) > MOST_WAITING:
            self._pause(DOWN, "connecting")

    def _refuse(self, now: int, exchange: Exchange, why: Refusal) -> None:
        """Answers in the upstream's stead, after the answers that are still due."""
        self._deaf = True
        method = exchange.head.method if exchange.head else "GET"
        self._parting = answer(why.status, "refused-by-recorder", why.message, method)
        details = {"message": why.message, "answered": why.status}
        self._retire(now, exchange, "protocol-error", DOWN, details)

    def downstream_eof(self, now: int) -> None:
        self._ended.add(DOWN)
        for exchange in self._exchanges:
            exchange.note(now, "downstream-half-closed")
            exchange.client_left = exchange.response_begun
        if self._receiving and self._receiving.head is None:
            if self._connected:
                self._emit(Send(UP, bytes(self._head)))
            self._retire(now, self._receiving, "client-closed", DOWN, {"by": "fin"})
        if self._connected:
            self._emit(Finish(UP))
        elif not self._connecting:
            self._emit(Finish(DOWN))

    def downstream_lost(self, now: int, message: str | None) -> None:
        """The client's connection is gone: with a `message` if it was torn down, None if both halves had ended."""
        self._lost.add(DOWN)
        for exchange in list(self._exchanges):
            cause = "complete" if exchange.response_done else "client-closed"
            side = UP if exchange.response_done else DOWN
            self._retire(now, exchange, cause, side, {} if exchange.response_done else {"by": message or "fin"})
        if self._connecting and UP not in self._lost:
            self._emit(Reset(UP) if message else Finish(UP))

    # -- from the upstream

    def upstream_connected(self, now: int, details: Mapping[str, Any]) -> None:
        self._connected = True
        if self._exchanges:
            self._exchanges[0].note(now, "upstream-connected", details)
        if self._waiting:
            self._emit(Send(UP, bytes(self._waiting)))
            self._waiting.clear()
        self._resume(DOWN, "connecting")
        if DOWN in self._ended:
            self._emit(Finish(UP))

    def upstream_failed(self, now: int, cause: str, message: str) -> None:
        """There is no connection to the upstream and never was: the client is told why."""
        self._lost.add(UP)
        self._deaf = True
        status = _STATUS.get(cause, 502)
        head = self._exchanges[0].head if self._exchanges else None
        self._parting = answer(status, cause, message, head.method if head else "GET")
        for exchange in list(self._exchanges):
            self._retire(now, exchange, cause, UP, {"message": message, "answered": status})
        self._part()
        self._resume(DOWN, "connecting")

    def upstream_data(self, now: int, data: bytes) -> None:
        self._emit(Send(DOWN, data))
        while data:
            exchange = self._awaiting() or self._begin_unasked(now)
            if exchange is None:
                return
            data = self._follow_response(now, exchange, data)

    def _begin_unasked(self, now: int) -> Exchange | None:
        """For bytes after a response that is over, say a 408 on an idle connection. None while all is ending."""
        if self._deaf or self._unfollowed or DOWN in self._lost:
            return None
        self._count += 1
        exchange = Exchange(self._count, now, self._rules, self._emit, unasked=True)
        exchange.open_unasked(now, self._secrets)
        self._exchanges.append(exchange)
        return exchange

    def _awaiting(self) -> Exchange | None:
        """The exchange to which the next response byte belongs."""
        for exchange in self._exchanges:
            if not exchange.response_done:
                return exchange
        return self._exchanges[-1] if self._exchanges else None

    def _follow_response(self, now: int, exchange: Exchange, data: bytes) -> bytes:
        rest = data if exchange.response_done else exchange.take_response(now, data)
        if rest and exchange is self._exchanges[-1]:
            exchange.stray(now, rest)
            rest = b""
        elif rest:
            exchange.note(now, "shared-read", {"direction": "<", "bytes": len(rest)})
        if exchange.response_done and exchange.request_done:
            self._retire(now, exchange, "complete", UP)
        return rest

    def upstream_eof(self, now: int, incomplete: str = "") -> None:
        """The upstream ended its half; `incomplete` says what TLS missed at the end, if anything."""
        self._ended.add(UP)
        for exchange in list(self._exchanges):
            exchange.note(now, "upstream-half-closed")
            cause, side = self._judge_end(exchange, incomplete)
            self._retire(now, exchange, cause, side, {"message": incomplete} if incomplete else None)
        self._emit(Finish(DOWN))

    def _judge_end(self, exchange: Exchange, incomplete: str) -> tuple[str, Side]:
        """Cause and side, given that no more response bytes come. RFC 9112 sections 8 and 9.8."""
        framed = exchange.response_done
        begun, left, broken = exchange.response_begun, exchange.client_left, exchange.response_broken
        complete = exchange.close_response()
        if framed or (complete and not left and not incomplete):
            return "complete", UP
        if left or (DOWN in self._ended and not begun):
            return "client-closed", DOWN
        return ("protocol-error" if broken else "eof"), UP

    def upstream_lost(self, now: int, cause: str, message: str | None) -> None:
        """The upstream's connection is gone: with a `message` if it was torn down, None if both halves had ended."""
        self._lost.add(UP)
        self._deaf = True
        for exchange in list(self._exchanges):
            if exchange.response_done:
                self._retire(now, exchange, "complete", UP)
            elif exchange.client_left:
                self._retire(now, exchange, "client-closed", DOWN, {"by": "fin"})
            else:
                self._retire(now, exchange, cause, UP, {"message": message} if message else None)
        if DOWN not in self._lost:
            self._emit(Reset(DOWN) if message else Linger(DOWN))

    # -- pauses and the end

    def paused(self, now: int, side: Side, waiting: int) -> None:
        """`side` takes no more for now: `waiting` bytes are in memory."""
        self._note_pause(now, f"{side}-paused", waiting)
        self._pause(UP if side == DOWN else DOWN, "full")

    def resumed(self, now: int, side: Side, waiting: int) -> None:
        self._note_pause(now, f"{side}-resumed", waiting)
        self._resume(UP if side == DOWN else DOWN, "full")

    def _note_pause(self, now: int, mark: str, waiting: int) -> None:
        exchange = self._awaiting()
        if exchange:
            exchange.note(now, mark, {"waiting": waiting})

    def _pause(self, side: Side, why: str) -> None:
        if not self._pauses[side]:
            self._emit(Pause(side))
        self._pauses[side].add(why)

    def _resume(self, side: Side, why: str) -> None:
        if why in self._pauses[side]:
            self._pauses[side].remove(why)
            if not self._pauses[side]:
                self._emit(Resume(side))

    def stop(self, now: int) -> None:
        """The recorder ends: what is under way is torn, so that no client takes it for whole."""
        torn = bool(self._exchanges)
        self._deaf = True
        for exchange in list(self._exchanges):
            self._retire(now, exchange, "recorder-stopped", "recorder")
        for side in (DOWN, UP):
            if side not in self._lost:
                self._emit(Reset(side) if torn else Drop(side))

    def _retire(
        self, now: int, exchange: Exchange, cause: str, side: str, details: Mapping[str, Any] | None = None
    ) -> None:
        exchange.end(now, cause, side, details)
        self._secrets = exchange.secrets
        self._exchanges.remove(exchange)
        if exchange is self._receiving:
            # The rest of its request is passed on, but there is no capture left to keep it in.
            self._receiving = None
            self._unfollowed = True
        self._resume(DOWN, "pipelined")
        self._part()

    def _part(self) -> None:
        if self._parting and not self._exchanges:
            self._emit(Send(DOWN, self._parting))
            self._emit(Linger(DOWN))
            self._parting = b""
            if self._connected:
                self._emit(Finish(UP))
