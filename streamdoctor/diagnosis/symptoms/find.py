"""All examinations of one capture. Pure. To add one: a function from `Evidence` to symptoms, and its rules."""

from __future__ import annotations

from collections.abc import Callable

from streamdoctor.capture.model import Capture
from streamdoctor.diagnosis.symptoms.characters import characters
from streamdoctor.diagnosis.symptoms.ending import endings
from streamdoctor.diagnosis.symptoms.errors import errors
from streamdoctor.diagnosis.symptoms.evidence import Evidence, Symptom, Symptoms, severity_rank
from streamdoctor.diagnosis.symptoms.pace import pace
from streamdoctor.diagnosis.symptoms.repeats import repeats
from streamdoctor.diagnosis.symptoms.transport import transport
from streamdoctor.stream.layers import Layers

_EXAMINATIONS: tuple[Callable[[Evidence], Symptoms], ...] = (endings, errors, repeats, pace, characters, transport)


def find_symptoms(capture: Capture, layers: Layers) -> tuple[Symptom, ...]:
    """What is wrong with the upstream's side of `capture`, the worst first."""
    evidence = Evidence(capture, layers)
    found = [symptom for examine in _EXAMINATIONS for symptom in examine(evidence)]
    return tuple(sorted(found, key=severity_rank))
