"""What the inspect screen is asked to look at: one case, as data. Whoever opens it fills this in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Finding = Mapping[str, Any]
"""One of the `findings` of a result in the JSON of `check` (DESIGN section 8)."""


@dataclass(frozen=True)
class CaseToInspect:
    """`subject` is the path of a capture or probe:DIALECT. Without a `parser` only the bytes are looked at.

    `cuts`, where given, are where the body is cut; else `split` says it. `findings` are all that the result has, to go
    through; `finding` is the one to begin with. `dialect`, `level` and `role` overrule calibration.
    """

    subject: str
    parser: str | None = None
    rephrase: str = "as-is"
    split: str = "whole"
    cuts: tuple[int, ...] | None = None
    fault: str | None = None
    dialect: str | None = None
    level: str | None = None
    role: str | None = None
    seed: int = 0
    finding: Finding | None = None
    findings: tuple[Finding, ...] = ()


def case_of(result: Mapping[str, Any], number: int = 0, *, seed: int = 0) -> CaseToInspect:
    """The case in which finding `number` of a result of `check --json` shows; in one piece where nothing is wrong."""
    subject = result["capture"] or f"probe:{result['probe']}"
    findings = tuple(result["findings"])
    if not findings:
        return CaseToInspect(subject, result["parser"], seed=seed)
    finding = findings[number]
    return CaseToInspect(
        subject=subject,
        parser=result["parser"],
        rephrase=finding["rephrase"],
        split=finding["split"],
        cuts=tuple(finding["cuts"]),
        fault=finding["fault"],
        seed=seed,
        finding=finding,
        findings=findings,
    )
