"""What comes twice, goes missing or is told differently: restarts, repeated and skipped events, text told again. Pure.

A repetition may be the answer itself ("ha ha ha"), so equal text alone is no proof. Proof is an opening event that
comes again, an id or a sequence number that does, or all that came so far coming again glued to its own unfinished end.
Cost: linear, but for APIs that tell the whole text with every event; at most 64 places are compared at length.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from streamdoctor.diagnosis.symptoms.evidence import Evidence, Symptom, Symptoms, counted
from streamdoctor.stream.event import Event
from streamdoctor.stream.providers.base import integer, mapping, mappings, parse, string
from streamdoctor.stream.reading import Reading

OPENINGS = frozenset(
    {"message_start", "message-start", "messageStart", "response.created", "interaction.created", "thread.run.created"}
)
"""The events that open an answer, once, in the APIs that have such an event."""

SHORTEST_RESTART = 20
"""Characters that have to come again: fewer are a word or two, which answers repeat."""

SHORTEST_RESEND, SHORTEST_RESEND_OF_TEXT = 3, 8
"""Different events that have to come again, byte for byte and in order: where the first opens an answer and has no text
of its own, and where it may be a word like any other."""

LEAST_CUMULATIVE = 5
"""Pieces in a row that each begin with all of the one before: grammar alone makes no such row."""

LEAST_AGREED = 2
"""How often the text told beside the deltas has to be all of them before it counts as such: some hosts tell only the
piece a second time."""

_OPENS = re.compile("|".join(sorted(OPENINGS)))
_MOST_PLACES = 64


def repeats(evidence: Evidence) -> Symptoms:
    reading = evidence.reading
    if reading is None:
        return
    restart = next(_restarts(evidence, reading), None)
    if restart is not None:
        yield restart
    else:
        yield from _repeated(evidence, reading)
    yield from _skipped(evidence, reading)
    yield from _cumulative(evidence, reading)
    yield from _retold(evidence, reading)


# -- the whole from its start


def _restarts(evidence: Evidence, reading: Reading) -> Symptoms:
    """What proves it best comes first."""
    yield from _opened_again(evidence, reading)
    yield from _resent(evidence, reading)
    yield from _second_answer(evidence, reading)
    yield from _text_again(evidence, reading)


def _opened_again(evidence: Evidence, reading: Reading) -> Symptoms:
    opened = [(i, kind) for i, event in enumerate(reading.events) if (kind := _kind(event)) in OPENINGS]
    again = [(i, kind) for i, kind in opened if kind == opened[0][1]][1:]
    if again:
        index, kind = again[0]
        often = f", {len(again)} times in all" if len(again) > 1 else ""
        yield evidence.at_event("SD620", index, f"{kind}, which opens an answer, comes again{often}", len(again))


def _kind(event: Event) -> str:
    if event.type != "message":
        return event.type
    if not _OPENS.search(event.data):
        return ""
    return string((parse(event.data) or {}).get("type"))


def _resent(evidence: Evidence, reading: Reading) -> Symptoms:
    """All events so far come again, byte for byte, as a retry or a reconnect behind a proxy gives them."""
    data = [(event.type, event.data) for event in reading.events]
    opens = reading.provider.has_signal and bool(data) and not reading.meanings[0].text
    least = SHORTEST_RESEND if opens else SHORTEST_RESEND_OF_TEXT
    places = (i for i in range(least, len(data)) if data[i] == data[0])
    for place, _ in zip(places, range(_MOST_PLACES), strict=False):
        length = min(place, len(data) - place)
        if len(set(data[:length])) >= least and data[place : place + length] == data[:length]:
            yield evidence.at_event(
                "SD620", place, f"the first {length} events come again, byte for byte, from event {place + 1} on"
            )
            return


def _second_answer(evidence: Evidence, reading: Reading) -> Symptoms:
    """A chunk that names the role again under another id, where ids did not change with every chunk."""
    previous, run = "", 0
    for index, event in enumerate(reading.events):
        if '"role"' not in event.data and (f'"{previous}"' in event.data or not event.data):
            run += 1
            continue
        document = parse(event.data) or {}
        identity = string(document.get("id"))
        roles = any("role" in mapping(choice.get("delta")) for choice in mappings(document.get("choices")))
        if identity and previous and identity != previous and roles and run > 1:
            yield evidence.at_event("SD620", index, f"a second answer begins at event {index + 1}, under another id")
            return
        run = run + 1 if identity == previous else 1
        previous = identity or previous


def _text_again(evidence: Evidence, reading: Reading) -> Symptoms:
    for pieces in _pieces(reading).values():
        text = "".join(piece for _, piece in pieces)
        place = text.find(text[:SHORTEST_RESTART], 1)
        index = _event_at(pieces, place)
        if place >= SHORTEST_RESTART and index is not None and _is_restart(text, place):
            yield evidence.at_event(
                "SD620", index, f"the text begins again: its first {counted(place, 'character')} come a second time"
            )


def _is_restart(text: str, place: int) -> bool:
    """All of the text so far again, or as much as there is, glued to it with no space or stop between."""
    again = text[place : 2 * place]
    glued = text[place - 1].isalnum() and text[place].isalnum()
    return glued and len(again) >= SHORTEST_RESTART and text.startswith(again)


def _pieces(reading: Reading) -> dict[int, list[tuple[int, str]]]:
    """(event, text) of each piece, by choice."""
    pieces: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for index, meaning in enumerate(reading.meanings):
        for choice, text in meaning.text:
            pieces[choice].append((index, text))
    return pieces


def _event_at(pieces: Sequence[tuple[int, str]], place: int) -> int | None:
    """The event whose text begins at `place`, None if none does."""
    at = 0
    for index, piece in pieces:
        if at >= place:
            return index if at == place else None
        at += len(piece)
    return None


# -- single events


def _repeated(evidence: Evidence, reading: Reading) -> Symptoms:
    seen: dict[tuple[str, str], str] = {}
    again: list[tuple[int, str]] = []
    for index, event in enumerate(reading.events):
        key = _identity(event)
        if key is None:
            continue
        if seen.get(key) == event.data:
            again.append((index, f"{key[0]} {key[1]}"))
        seen[key] = event.data
    if again:
        index, name = again[0]
        summary = f"event {index + 1} comes a second time, with {name}"
        yield evidence.at_event("SD621", index, summary, len(again))


def _identity(event: Event) -> tuple[str, str] | None:
    """What only one event of a stream may bear: its id, or the API's own number."""
    if event.own_id:
        return "id", event.own_id
    number = _number(event)
    return None if number is None else ("number", str(number))


def _number(event: Event) -> int | None:
    if '"sequence_number"' not in event.data:
        return None
    number = integer((parse(event.data) or {}).get("sequence_number"), -1)
    return number if number >= 0 else None


def _skipped(evidence: Evidence, reading: Reading) -> Symptoms:
    numbered = [(i, n) for i, event in enumerate(reading.events) if (n := _number(event)) is not None]
    gaps = [(i, before, after) for (_, before), (i, after) in pairwise(numbered) if after > before + 1]
    if gaps:
        index, before, after = gaps[0]
        lost = sum(after - before - 1 for _, before, after in gaps)
        summary = f"number {after} follows number {before}: {counted(lost, 'event')} lost on the way"
        yield evidence.at_event("SD622", index, summary, len(gaps))


# -- text told again


def _cumulative(evidence: Evidence, reading: Reading) -> Symptoms:
    for pieces in _pieces(reading).values():
        row = 0
        for (_, before), (index, after) in pairwise(pieces):
            row = row + 1 if len(after) > len(before) and after.startswith(before) else 0
            if row == LEAST_CUMULATIVE:
                yield evidence.at_event(
                    "SD624", index, f"{row} pieces in a row each repeat all of the piece before and add to it"
                )
                return


def _retold(evidence: Evidence, reading: Reading) -> Symptoms:
    found = [*_shrinking(evidence, reading), *_told_at_end(evidence, reading)]
    if found:
        yield replace(found[0], count=len(found))


def _shrinking(evidence: Evidence, reading: Reading) -> Iterator[Symptom]:
    """`message.content` beside each delta is the text so far where it was that twice: then it may only grow."""
    joined: defaultdict[int, list[str]] = defaultdict(list)
    so_far: dict[int, str] = {}
    agreed: Counter[int] = Counter()
    for index, event in enumerate(reading.events):
        for choice, text in reading.meanings[index].text:
            joined[choice].append(text)
        for choice, told in _told(event):
            before = so_far.get(choice, "")
            if agreed[choice] >= LEAST_AGREED and not told.startswith(before):
                yield evidence.at_event("SD623", index, _changed(before, told))
            joined[choice] = ["".join(joined[choice])]
            agreed[choice] += [told] == joined[choice] and len(told) > len(before) > 0
            so_far[choice] = told


def _told(event: Event) -> Iterator[tuple[int, str]]:
    """The text that stands beside the deltas of an event, by choice."""
    if '"message"' in event.data and '"delta"' in event.data:
        for choice in mappings((parse(event.data) or {}).get("choices")):
            told = string(mapping(choice.get("message")).get("content"))
            if told:
                yield integer(choice.get("index")), told


def _changed(before: str, told: str) -> str:
    if before.startswith(told):
        return f"the text told so far shrinks from {len(before):,} to {counted(len(told), 'character')}"
    return f"the text told so far changes: it no longer begins with the {counted(len(before), 'character')} before"


def _told_at_end(evidence: Evidence, reading: Reading) -> Iterator[Symptom]:
    """`response.output_text.done` tells what the deltas of its part add up to."""
    parts: dict[tuple[int, int], list[str]] = {}
    for index, event in enumerate(reading.events):
        if "response.output_text." not in event.data:
            continue
        document = parse(event.data) or {}
        kind = string(document.get("type")) or event.type
        key = integer(document.get("output_index")), integer(document.get("content_index"))
        if kind == "response.output_text.delta":
            parts.setdefault(key, []).append(string(document.get("delta")))
        elif kind == "response.output_text.done":
            told, joined = string(document.get("text")), "".join(parts.get(key, []))
            if told != joined:
                yield evidence.at_event("SD623", index, _differs(told, joined))


def _differs(told: str, joined: str) -> str:
    return f"the whole text, {len(told):,} characters, is not what its pieces add up to, {len(joined):,} characters"
