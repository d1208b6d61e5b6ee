"""Level and role are found by looking at what comes out of the plainest streams, never by asking."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from streamdoctor.faults.plans import Plan
from streamdoctor.parsers.calibrate import Calibration, Outcome, calibrate, fallback, overruled
from streamdoctor.parsers.items import freeze
from streamdoctor.parsers.levels import View
from streamdoctor.parsers.shapes import find_shape
from streamdoctor.rephrasings.probes import probe_for
from streamdoctor.replay.inprocess import run
from streamdoctor.stream.event import Event
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import DECODERS

Form = Callable[[Event], Iterable[Any]]


def calibrated(parser: Any, dialect: str) -> Calibration | None:
    probe = probe_for(dialect)
    assert probe is not None

    def once(body: bytes, cuts: tuple[int, ...]) -> Outcome:
        told = run(find_shape(parser), Plan(None, body), cuts)
        return Outcome(told.items, not told.end_seen and told.raised is None, told.raised is not None)

    return calibrate(once, probe, by_name(dialect))


def parser(form: Form, *, stops: bool = False, marker: bool = True, framing: str = "sse") -> Any:
    def parse(pieces: Iterable[bytes]) -> Iterator[Any]:
        decoder = DECODERS[framing]()
        for piece in pieces:
            for event in decoder.feed(piece):
                if stops and event.data == "[DONE]":
                    return
                if marker or event.data != "[DONE]":
                    yield from form(event)

    return parse


def whole(event: Event) -> list[Any]:
    return [event]


def data(event: Event) -> list[Any]:
    return [event.data]


def parsed(event: Event) -> list[Any]:
    return [json.loads(event.data)]


def either(event: Event) -> list[Any]:
    return [json.loads(event.data)] if event.data[0] == "{" else [event.data]


def wrapped(event: Event) -> list[Any]:
    return [{"event": event.type, "data": json.loads(event.data)}]


def delta(event: Event) -> list[Any]:
    return [choice["delta"].get("content", "") for choice in json.loads(event.data)["choices"]]


@pytest.mark.parametrize(
    ("form", "how", "level", "role"),
    [
        (whole, {}, "event", "parser"),
        (whole, {"stops": True}, "event", "consumer"),
        (data, {}, "data", "parser"),
        (data, {"marker": False}, "data", "consumer"),
        (data, {"stops": True}, "data", "consumer"),
        (parsed, {"marker": False}, "json", "consumer"),
        (parsed, {"stops": True}, "json", "consumer"),
        (either, {}, "json", "parser"),
        (wrapped, {"stops": True}, "json", "consumer"),
        (delta, {"stops": True}, "text", "consumer"),
        (delta, {"marker": False}, "text", "consumer"),
    ],
)
def test_level_and_role_in_a_chat(form: Form, how: dict[str, bool], level: str, role: str) -> None:
    found = calibrated(parser(form, **how), "openai-chat")
    assert found is not None
    assert (found.view.level, found.role, found.fits) == (level, role, True)
    assert found.stops == ("stops" in how)


def test_a_marker_beside_the_signal_proves_nothing() -> None:
    """Cohere sends message-end, then [DONE]: whoever hands on the first has told the end."""
    found = calibrated(parser(parsed, marker=False), "cohere")
    assert found is not None
    assert (found.view.drops, found.role) == ("marker", "parser")


@pytest.mark.parametrize("dialect", ["openai-responses", "anthropic", "gemini", "tgi"])
def test_where_the_signal_is_json_it_comes_out(dialect: str) -> None:
    found = calibrated(parser(parsed), dialect)
    assert found is not None
    assert (found.view.level, found.role) == ("json", "parser")


def test_without_a_signal_everything_is_a_parser() -> None:
    assert calibrated(parser(data), "sse").role == "parser"  # type: ignore[union-attr]
    ndjson = calibrated(parser(parsed, framing="ndjson"), "ndjson")
    assert ndjson is not None
    assert (ndjson.view.level, ndjson.role) == ("json", "parser")


@pytest.mark.parametrize(
    ("ids", "form"),
    [
        ("last", whole),
        ("own", lambda event: [event._replace(id=event.own_id or "")]),
        ("none", lambda event: [{"data": event.data, "event": event.type}]),
    ],
)
def test_what_an_id_means_is_found_too(ids: str, form: Form) -> None:
    found = calibrated(parser(form), "sse")
    assert found is not None
    assert (found.view.level, found.view.ids) == ("event", ids)


def test_lines_are_a_level_too() -> None:
    def lines(pieces: Iterable[bytes]) -> Iterator[str]:
        yield from b"".join(pieces).decode().split("\n")[:-1]

    assert calibrated(lines, "sse").view.level == "lines"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda pieces: iter(()),
        lambda pieces: (_ for _ in pieces),
        lambda pieces: (1 // 0 for _ in pieces),
        parser(lambda event: [7]),
        parser(lambda event: [event.data[:-1]]),
    ],
)
def test_what_equals_the_reference_nowhere_does_not_speak_it(wrong: Any) -> None:
    assert calibrated(wrong, "sse") is None


def test_who_fits_nowhere_is_judged_on_content_all_the_same() -> None:
    assert fallback((), "sse").view == View("data", drops="marker")
    assert fallback((freeze("[DONE]"),), "sse").view == View("data")
    assert fallback((freeze({"a": 1}),), "sse").view.level == "json"
    assert fallback((freeze({"data": "x"}),), "sse").view.level == "data"
    assert fallback((freeze("x"),), "sse").role == "unknown"


def test_who_reads_plain_streams_is_judged_like_there() -> None:
    plain = Calibration("sse", View("event"), "parser", True)
    found = fallback((freeze({"data": "x", "event": "e"}),), "openai-chat", plain)
    assert (found.view.level, found.role, found.fits) == ("event", "unknown", False)


def test_items_of_no_known_form_cannot_be_judged() -> None:
    assert fallback((freeze(7), freeze(())), "sse").unread == "int, tuple"
    assert fallback((freeze(7), freeze("x")), "sse").unread is None


def test_the_user_knows_better() -> None:
    found = overruled(fallback((), "sse"), "lines", "consumer")
    assert (found.view.level, found.role, found.fits) == ("lines", "consumer", True)
