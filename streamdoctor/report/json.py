"""The JSON of `check`: schema streamdoctor.check/1, DESIGN section 8. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from streamdoctor.diagnosis.trial import Finding
from streamdoctor.report.model import CheckReport
from streamdoctor.suite.results import Coverage, Found, Proof, Result


def check_document(results: Iterable[Result], seed: int) -> dict[str, Any]:
    """All results of a check."""
    return {"schema": "streamdoctor.check/1", "seed": seed, "results": [_result(result) for result in results]}


def _result(result: Result) -> dict[str, Any]:
    return {
        "capture": result.capture,
        "probe": result.probe,
        "parser": result.parser,
        "dialect": result.dialect,
        "level": result.level,
        "role": result.role,
        "verdict": result.verdict,
        "cases": result.cases,
        "seconds": result.seconds,
        "note": result.note,
        "proof": None if result.proof is None else {**result.proof._asdict(), "assumed": list(result.proof.assumed)},
        "proof_refused": result.proof_refused,
        "boundaries": None if result.coverage is None else result.coverage._asdict(),
        "findings": [_found(found) for found in result.findings],
    }


def _found(found: Found) -> dict[str, Any]:
    return {
        "rule": found.finding.rule,
        "kind": found.kind,
        "oracle": found.finding.oracle,
        "case": found.case,
        "rephrase": found.rephrase,
        "split": found.split,
        "cuts": list(found.cuts),
        "fault": found.fault,
        "offset": found.offset,
        "boundary": found.boundary,
        "expected": found.finding.expected,
        "actual": found.finding.actual,
        "summary": found.finding.summary,
        "count": found.count,
        "minimal": found.minimal,
        "reproduce": found.reproduce,
        "known": found.known,
    }


def json_text(report: CheckReport) -> str:
    """The document, indented; ASCII only, so that nothing in it can do harm to a terminal."""
    return json.dumps(check_document(report.results, report.seed), indent=2) + "\n"


def results_of(document: Mapping[str, Any]) -> list[Result]:
    """The results in what `check_document` made. Raises KeyError, TypeError or ValueError for anything else."""
    return [_result_of(told) for told in document["results"]]


def _result_of(told: Mapping[str, Any]) -> Result:
    proof = told.get("proof")
    return Result(
        **{name: told[name] for name in ("capture", "probe", "parser", "dialect", "level", "role", "cases", "seconds")},
        findings=[found_of(finding) for finding in told["findings"]],
        skipped=told["verdict"] == "skipped",
        error=told["verdict"] == "error",
        note=told.get("note"),
        proof=Proof(**{**proof, "assumed": tuple(proof["assumed"])}) if proof else None,
        proof_refused=told.get("proof_refused"),
        coverage=_coverage_of(told.get("boundaries")),
    )


def _coverage_of(told: Mapping[str, Any] | None) -> Coverage | None:
    return Coverage(told["present"], tuple(told["recorded"]), tuple(told["checked"])) if told else None


def found_of(told: Mapping[str, Any]) -> Found:
    """One finding. The offset at which it shows is told only where no cut is."""
    finding = Finding(told["rule"], told["oracle"], told["offset"], told["expected"], told["actual"], told["summary"])
    names = ("case", "rephrase", "split", "fault", "count", "boundary", "minimal", "reproduce")
    return Found(
        finding, cuts=tuple(told["cuts"]), **{name: told[name] for name in names}, known=told.get("known", False)
    )
