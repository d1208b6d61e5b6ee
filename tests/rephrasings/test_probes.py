"""Every probe is its own dialect's plainest stream: recognised, complete, with the text that it should have."""

from __future__ import annotations

import pytest

from streamdoctor.rephrasings.probes import PROBES, Probe, probe_for
from streamdoctor.stream.providers import PROVIDERS, assemble, by_name, completeness, guess_framing, recognise
from streamdoctor.stream.reading import DECODERS, Reading, read_body

every_probe = pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.dialect)
PLAIN = {"sse", "ndjson"}
WITHOUT_PROBE = {"json-array", "aws-eventstream"}


def _read(probe: Probe) -> Reading:
    return read_body(probe.body, by_name(probe.dialect))


def test_every_provider_has_one_but_two_plain_framings() -> None:
    assert {probe.dialect for probe in PROBES} == {provider.name for provider in PROVIDERS} - WITHOUT_PROBE
    assert probe_for("json-array") is None
    assert probe_for("ollama") in PROBES


@every_probe
def test_it_is_recognised_from_its_bytes(probe: Probe) -> None:
    framing = guess_framing(None, probe.body)
    assert framing == by_name(probe.dialect).framing
    assert recognise(framing, _read(probe).events).name == probe.dialect


@every_probe
def test_it_is_recognised_while_it_arrives(probe: Probe) -> None:
    """By its first half; GPUStack tells itself only at the end."""
    events = _read(probe).events
    name = recognise(by_name(probe.dialect).framing, events[: (len(events) + 1) // 2]).name
    assert name == ("openai-chat" if probe.dialect == "gpustack" else probe.dialect) or probe.dialect == "replicate"


@every_probe
def test_each_piece_is_one_event(probe: Probe) -> None:
    decoder = DECODERS[by_name(probe.dialect).framing]()
    given = [decoder.feed(event) for event in probe.events]
    assert [len(events) for events in given] == [1] * len(probe.events)
    assert decoder.pending is None
    assert decoder.close() == []
    assert decoder.problems == []


@every_probe
def test_it_is_complete_and_only_with_its_end(probe: Probe) -> None:
    provider, meanings = by_name(probe.dialect), _read(probe).meanings
    complete, ended_by = completeness(provider, meanings)
    if probe.dialect in PLAIN:
        assert (complete, ended_by) == (None, None)
    else:
        assert complete is True
        assert ended_by in provider.ends
        assert meanings[-1].signal is not None
        first = next(at for at, meaning in enumerate(meanings) if meaning.signal is not None)
        assert completeness(provider, meanings[:first]) == (False, None)


@every_probe
def test_its_text(probe: Probe) -> None:
    found = assemble(_read(probe).meanings)
    if probe.dialect in PLAIN:
        assert found.texts == {}
    else:
        assert found.texts[0].rstrip("!") in ("Hello", "Hello world")
        assert set(found.texts) == {0}
    assert found.errors == []


@every_probe
def test_after_it_comes_one_event_with_text(probe: Probe) -> None:
    provider = by_name(probe.dialect)
    decoder = DECODERS[provider.framing]()
    decoder.feed(probe.body)
    if probe.dialect == "gemini-array":
        assert probe.after == b""
        return
    (event,) = decoder.feed(probe.after)
    assert probe.dialect in PLAIN or provider.read(event).text[0].text == " again"


@every_probe
def test_it_is_plain(probe: Probe) -> None:
    assert 4 <= len(probe.events) <= 6
    if by_name(probe.dialect).framing != "aws-eventstream":
        assert probe.body.isascii()
        assert b"\r" not in probe.body
        assert probe.body.count(b"\n") <= 20
    assert len(probe.body) < 2_000


def test_the_chat_probe_is_short_enough_for_a_count_of_lines() -> None:
    chat = probe_for("openai-chat")
    assert chat is not None
    assert chat.body.count(b"\n") <= 12
