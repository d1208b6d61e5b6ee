"""What is put before a parser: a capture or a probe, read by the reference and ready to be cut."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property

from streamdoctor.capture.file import load
from streamdoctor.capture.model import Capture, Fidelity
from streamdoctor.errors import UsageError
from streamdoctor.faults.plans import Plan
from streamdoctor.rephrasings.catalogue import AS_IS, rephrase
from streamdoctor.rephrasings.probes import PROBES
from streamdoctor.splits.boundaries import Boundaries
from streamdoctor.splits.strategies import Cuts, Material
from streamdoctor.stream.layers import Layers, read_layers
from streamdoctor.stream.providers import by_name
from streamdoctor.stream.reading import Reading, read_body

UNNAMED = "(a capture in memory)"
MOST_BYTES = 4 << 20
"""Of a longer body a case takes seconds, and the cases of its cuts more memory than there is."""
_KEPT = 4
"""How many bodies of faults are kept read: cases of one plan come one after the other."""


@dataclass(frozen=True)
class Subject:
    """`path` or `probe` names where it came from; `recorded` are the read borders inside the decoded body, None where
    the capture does not keep them; `skip` says why it cannot be judged; `rephrase` in what words it is."""

    path: str | None
    probe: str | None
    reading: Reading
    recorded: Cuts | None = None
    skip: str | None = None
    rephrase: str = AS_IS
    _readings: dict[bytes, Reading] = field(default_factory=dict, compare=False, repr=False)
    _last: dict[str, Subject | None] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.path or f"probe:{self.probe}"

    @property
    def dialect(self) -> str:
        return "unknown" if self.skip and not self.reading.body else self.reading.provider.name

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.reading.body).hexdigest()

    def reading_of(self, body: bytes) -> Reading:
        """`body` in the dialect of this subject."""
        if body == self.reading.body:
            return self.reading
        known = self._readings.get(body)
        if known is None:
            if len(self._readings) >= _KEPT:
                del self._readings[next(iter(self._readings))]
            known = self._readings[body] = read_body(body, self.reading.provider)
        return known

    def rephrased(self, name: str) -> Subject | None:
        """Itself in other words, a subject of its own; None where they do not apply. The last one is kept."""
        if name == self.rephrase:
            return self
        if name not in self._last:
            self._last.clear()
            body = rephrase(name, self.reading)
            self._last[name] = None if body is None else self._saying(name, body)
        return self._last[name]

    def _saying(self, name: str, body: bytes) -> Subject:
        reading = read_body(body, self.reading.provider)
        return replace(self, reading=reading, recorded=None, rephrase=name, _readings={}, _last={})

    def material(self, plan: Plan) -> Material:
        """What splits need to cut the bytes that `plan` delivers."""
        reading = self.reading_of(plan.body)
        same = plan.body == self.reading.body
        boundaries = Boundaries(plan.body, reading.provider.framing, reading.events)
        return Material(plan.body, reading.events, boundaries, self.recorded if same else None)


def from_capture(path: str, dialect: str | None = None) -> Subject:
    """The capture at `path` as a subject. Raises CaptureError where it cannot be read."""
    return replace(of_capture(load(path), dialect), path=path)


def of_capture(capture: Capture, dialect: str | None = None) -> Subject:
    """A capture in memory as a subject; its name is that it has none."""
    return of_layers(layers_of(capture, dialect), capture.header.fidelity)


def of_layers(layers: Layers, fidelity: Fidelity) -> Subject:
    """A capture whose layers are known as a subject."""
    reading = layers.reading or read_body(b"", by_name("sse"))
    return Subject(UNNAMED, None, reading, layers.cuts if fidelity == "read" else None, _why_not(layers))


def layers_of(capture: Capture, dialect: str | None = None) -> Layers:
    """The layers of a capture."""
    sent = ((read.ns, read.data) for read in capture.reads(">"))
    return read_layers(sent, ((read.ns, read.data) for read in capture.reads("<")), dialect)


def from_probe(name: str) -> Subject:
    """The probe of the dialect `name`. Raises UsageError where there is none."""
    probe = next((probe for probe in PROBES if probe.dialect == name), None)
    if probe is None:
        known = " ".join(probe.dialect for probe in PROBES)
        raise UsageError(f"there is no probe {name!r}", hint=f"probes: {known}")
    return Subject(None, name, read_body(probe.body, by_name(name)))


def find(name: str, dialect: str | None = None) -> Subject:
    """The subject that a command line names: a capture file, or probe:DIALECT."""
    kind, colon, rest = name.partition(":")
    return from_probe(rest) if colon and kind == "probe" else from_capture(name, dialect)


def _why_not(layers: Layers) -> str | None:
    """Why the stream in a capture cannot be put before a parser; None where it can."""
    if layers.response is None:
        return "it holds no response"
    if not 200 <= layers.response.status < 300:
        return f"its response has status {layers.response.status}"
    if not layers.decoded:
        return "its response has no body"
    if layers.reading is None:
        return f"its body is no event stream (content type {layers.content_type or 'not given'})"
    if len(layers.decoded) > MOST_BYTES:
        return f"its body has {len(layers.decoded):,} bytes; at most {MOST_BYTES:,} are cut: import a part of it"
    return None
