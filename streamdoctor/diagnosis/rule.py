"""One entry of the registry of rules: its code, its names, and what it tells people. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from streamdoctor.diagnosis.compare import Kind

RuleKind = Kind | Literal["harness"]
"""What comes of it for the reader of the stream, in the words of DESIGN section 6; "harness" where we are at fault."""

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""From the worst on: the answer is not whole or not right; some clients will suffer; worth knowing."""


class Rule(NamedTuple):
    """`seen` is what users see, `why` the usual cause, `mend` what to do; `spec` names what says so."""

    code: str
    name: str
    kind: RuleKind
    seen: str
    why: str
    mend: str
    spec: str = ""
    severity: Severity = "error"
