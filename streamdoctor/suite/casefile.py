"""A failing case as files to keep: the smallest capture that shows it, `NAME.case.json` beside it, and a pytest test.

The pytest plugin collects the JSON by itself; the test is for those who would rather read Python.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streamdoctor.capture.convert.raw import from_raw
from streamdoctor.capture.file import SUFFIX, create
from streamdoctor.diagnosis.rules import RULES
from streamdoctor.diagnosis.trial import Finding
from streamdoctor.errors import UsageError
from streamdoctor.suite.cases import Case, case_id
from streamdoctor.suite.examine import Options
from streamdoctor.suite.reduce import Folded
from streamdoctor.suite.reducing import reduced
from streamdoctor.suite.single import Replayed
from streamdoctor.suite.workers import Limits

MOST_RUNS = 20_000
MEDIA_TYPES = {
    "sse": "text/event-stream",
    "ndjson": "application/x-ndjson",
    "json-array": "application/json",
    "aws-eventstream": "application/vnd.amazon.eventstream",
}

_TEST = '''\
"""{rule} {kind}: {summary}."""

from pathlib import Path

from streamdoctor.testing import check_case


def test_{name}() -> None:
    check_case(Path(__file__).with_name("{file}"))
'''


def minimal_of(replayed: Replayed, ref: str, options: Options, limits: Limits) -> tuple[dict[str, Any], Finding]:
    """The smallest case with the first finding of a replayed one. Raises UsageError where there is none, or it cannot
    be made smaller."""
    if not replayed.findings or replayed.calibration is None:
        raise UsageError(f"this case shows nothing wrong{f': {replayed.why}' if replayed.why else ''}")
    finding = replayed.findings[0]
    folded = Folded(finding, Case(replayed.plan, replayed.run.split, replayed.run.cuts, replayed.subject.rephrase))
    told = reduced(ref, replayed.subject, replayed.calibration, options, folded, limits, MOST_RUNS)
    if "minimal" not in told:
        raise UsageError("this case cannot be made smaller: it is too long, or does not come again")
    return told["minimal"]["minimal"], finding


def write_case(
    replayed: Replayed,
    ref: str,
    options: Options,
    minimal: dict[str, Any],
    finding: Finding,
    name: str | None = None,
    *,
    with_test: bool = False,
) -> list[Path]:
    """The files, written; `name` may hold a folder, and is the case's id where none is given. Raises UsageError where
    one of them is there already."""
    provider = replayed.subject.reading.provider
    cuts = tuple(minimal["cuts"])
    base = Path(name or case_id(replayed.subject, ref, minimal["fault"], cuts))
    capture, case = base.with_name(base.name + SUFFIX), base.with_name(base.name + ".case.json")
    rule = RULES[finding.rule]
    document = {
        "schema": "streamdoctor.case/1",
        "capture": capture.name,
        "parser": ref,
        "dialect": provider.name,
        "level": options.level,
        "role": options.role,
        "at_eof": options.at_eof,
        "split": f"cuts:{','.join(map(str, cuts))}" if cuts else "whole",
        "fault": minimal["fault"],
        "rule": finding.rule,
        "kind": rule.kind,
        "summary": finding.summary,
    }
    started = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    create(capture, from_raw(b64decode(minimal["body_b64"]), MEDIA_TYPES[provider.framing], started))
    create(case, (json.dumps(document, indent=2) + "\n").encode())
    if not with_test:
        return [capture, case]
    identifier = re.sub(r"\W", "_", base.name)
    test = base.with_name(f"test_{identifier}.py")
    said = json.dumps(finding.summary, ensure_ascii=True)[1:-1].replace("'", "\\'")
    text = _TEST.format(rule=rule.code, kind=rule.kind, summary=said, name=identifier, file=case.name)
    create(test, text.encode())
    return [capture, case, test]
