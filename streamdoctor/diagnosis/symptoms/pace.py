"""When things came: stalls, everything at once, batches, a compressor that holds back. Pure.

Nothing is said where times were not recorded, and no gap is the upstream's while the recorder had paused it for a slow
client. Cost: linear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

from streamdoctor.diagnosis.symptoms.evidence import Evidence, Symptom, Symptoms, seconds
from streamdoctor.stream.layers import header

STALL_NS = 5_000_000_000
"""A gap of over 5 s is a stall: models that think and servers that queue send comments more often than that."""

LATE_NS = 1_000_000_000
"""Who begins after 1 s cannot be a cache or a mock that has all of it at hand."""

MANY = 20
"""So many events at once are more than one read gathers from a model that is merely fast."""

FASTEST = 5_000
"""Events a second: the fastest models served today write less than that."""

HELD_NS = 100_000_000
"""0.1 s is what people notice: events that wait longer than that on average, for others to fill a buffer, are held."""

FEW = 5
"""Events a batch: below that the pieces of a proxy look like those of a model."""


class _Batch(NamedTuple):
    """The events with content that one read completed: the first of them, how many, when."""

    first: int
    size: int
    ns: int


def pace(evidence: Evidence) -> Symptoms:
    if not evidence.timed or evidence.reading is None:
        return
    yield from _stalls(evidence)
    if evidence.capture.header.fidelity in ("read", "chunk"):
        yield from _batching(evidence)


# -- stalls


def _stalls(evidence: Evidence) -> Symptoms:
    paused = list(_pauses(evidence))
    gaps = [(start, end, offset) for start, end, offset in _silences(evidence) if _own(start, end, paused) > STALL_NS]
    if gaps:
        start, end, offset = max(gaps, key=lambda gap: gap[1] - gap[0])
        more = f" ({len(gaps)} stalls, {seconds(sum(e - s for s, e, _ in gaps))} in all)" if len(gaps) > 1 else ""
        summary = f"nothing came for {seconds(end - start)}, {_where(evidence, offset)}{more}"
        yield replace(evidence.at_body("SD630", offset, summary, len(gaps)), ns=start)


def _where(evidence: Evidence, offset: int) -> str:
    before = sum(event.end <= offset for event in evidence.events)
    inside = any(event.start < offset < event.end for event in evidence.events)
    return f"inside event {before + 1}" if inside else f"after event {before} of {len(evidence.events)}"


def _silences(evidence: Evidence) -> Iterator[tuple[int, int, int]]:
    """(from, to, body offset): between reads that brought body bytes, and to an end without an answer's end."""
    arrivals = evidence.layers.arrivals
    for (offset, before), (_, after) in pairwise(arrivals):
        yield before, after, offset
    if arrivals and evidence.reading and evidence.reading.complete is False:
        yield arrivals[-1][1], evidence.over, arrivals[-1][0]


def _pauses(evidence: Evidence) -> Iterator[tuple[int, int]]:
    since: int | None = None
    for mark in evidence.capture.marks():
        if mark.name == "downstream-paused" and since is None:
            since = mark.ns
        elif mark.name == "downstream-resumed" and since is not None:
            yield since, mark.ns
            since = None
    if since is not None:
        yield since, evidence.over


def _own(start: int, end: int, paused: Sequence[tuple[int, int]]) -> int:
    """The part of a gap in which the upstream was not held by us."""
    held = sum(max(min(end, until) - max(start, since), 0) for since, until in paused)
    return end - start - held


# -- batches


def _batching(evidence: Evidence) -> Symptoms:
    batches = _batches(evidence)
    if not batches:
        return
    found = _all_at_once(evidence, batches) or _in_batches(evidence, batches)
    if found is not None:
        yield _by_compression(evidence, found)


def _batches(evidence: Evidence) -> list[_Batch]:
    """Read by read, the events with text or tool calls; in a plain stream all with data."""
    assert evidence.reading is not None
    plain = not evidence.reading.provider.has_signal
    batches: list[_Batch] = []
    for index, meaning in enumerate(evidence.meanings):
        if not (evidence.events[index].data if plain else meaning.text or meaning.tools):
            continue
        ns = evidence.layers.time_of(evidence.events[index].end)
        if batches and batches[-1].ns == ns:
            batches[-1] = batches[-1]._replace(size=batches[-1].size + 1)
        else:
            batches.append(_Batch(index, 1, ns))
    return batches


def _all_at_once(evidence: Evidence, batches: Sequence[_Batch]) -> Symptom | None:
    count = sum(batch.size for batch in batches)
    waited = batches[0].ns - evidence.asked
    span = batches[-1].ns - batches[0].ns
    if count < MANY or waited < LATE_NS or span * FASTEST > count * 1_000_000_000:
        return None
    how = "in one read" if len(batches) == 1 else f"within {seconds(span)}"
    summary = f"all {count} events with content came {how}, {seconds(waited)} after the request"
    return evidence.at_event("SD631", batches[0].first, summary, count)


def _in_batches(evidence: Evidence, batches: Sequence[_Batch]) -> Symptom | None:
    """Events that came together, at reads that end inside events, waited for each other: on average how long?"""
    later = batches[1:]
    if not later or fmean(batch.size for batch in batches) < FEW or not _cut_inside(evidence):
        return None
    waits = [(after.ns - before.ns) * (after.size - 1) / 2 for before, after in pairwise(batches)]
    held = sum(waits) / sum(batch.size for batch in later)
    if held < HELD_NS:
        return None
    size = max(batch.size for batch in batches)
    summary = (
        f"events come in {len(batches)} batches of up to {size}, cut inside events: each waits about"
        f" {seconds(round(held))} for a buffer to fill"
    )
    return evidence.at_event("SD632", batches[0].first, summary, len(batches))


def _cut_inside(evidence: Evidence) -> bool:
    """Do at least half of the reads end inside an event? Then a full buffer ended them, not a writer."""
    ends = {event.end for event in evidence.events}
    cuts = evidence.layers.cuts
    return bool(cuts) and sum(cut not in ends for cut in cuts) * 2 >= len(cuts)


def _by_compression(evidence: Evidence, found: Symptom) -> Symptom:
    response = evidence.layers.response
    coding = header(response.headers, "content-encoding") if response else None
    if coding in (None, "", "identity"):
        return found
    return replace(found, rule="SD633", summary=f"under content coding {coding}, {found.summary}")
