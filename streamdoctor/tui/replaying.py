"""Cases replayed in a process of its own: `python -m streamdoctor.tui.replaying`, requests on stdin, answers on stdout.

Both are one line of JSON. A request has `id`, `do` ("replay", "minimise" or "write") and the fields of a
CaseToInspect; `write` also `name`. An answer has the `id`, and `t`: "replayed" (what `Told` reads), "minimal" (words),
"written" (files), or "trouble" (message, hint). It ends with its input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from streamdoctor.diagnosis.wording import show_units
from streamdoctor.errors import StreamdoctorError
from streamdoctor.parsers.command import Patience
from streamdoctor.parsers.items import Item
from streamdoctor.parsers.levels import expected, observed
from streamdoctor.report.text import advice, smallest
from streamdoctor.suite.casefile import minimal_of, write_case
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.examine import Options
from streamdoctor.suite.single import Replayed, replay
from streamdoctor.suite.subjects import find
from streamdoctor.suite.workers import Limits

SECONDS = 2.0
"""Of CPU time for a case: a hang is seen soon."""


def _options(request: dict[str, Any]) -> Options:
    axes = Axes(seed=request["seed"])
    patience = Patience.of(SECONDS)
    return Options(axes, request["level"], request["role"], dialect=request["dialect"], patience=patience)


def _replay(request: dict[str, Any]) -> Replayed:
    subject = find(request["subject"], request["dialect"])
    cuts = request["cuts"]
    split = request["split"] if cuts is None else f"cuts:{','.join(map(str, cuts))}" if cuts else "whole"
    limits = Limits(SECONDS, 4 * SECONDS)
    return replay(
        request["parser"], subject, split, request["fault"], _options(request), limits, request["rephrase"]
    )  # fmt: skip


def replayed(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to `replay`."""
    done = _replay(request)
    transcript, calibration = done.transcript, done.calibration
    reading = done.subject.reading_of(done.plan.body)
    due: list[list[Any]] = []
    got: list[list[Any]] = [[output.step, _item(output.item)] for output in transcript.outputs]
    if calibration is not None:
        right, before = expected(calibration.view, reading), 0
        for one in right.dues:
            due.append([transcript.step_of(one.offset), one.offset, show_units(right.units[before : one.units])])
            before = one.units
        units, counts = observed(calibration.view, transcript.items)
        starts = [0, *counts]
        got = [
            [output.step, show_units(units[starts[i] : counts[i]])] for i, output in enumerate(transcript.outputs)
        ]  # fmt: skip
    return {
        "t": "replayed",
        "split": done.run.split,
        "cuts": list(done.run.cuts),
        "dialect": done.subject.dialect,
        "level": calibration.view.level if calibration else None,
        "role": calibration.role if calibration else None,
        "why": done.why,
        "due": due,
        "got": got,
        "end": _end(done),
        "findings": [
            {
                **finding._asdict(),
                "kind": finding.kind,
                "mend": advice(finding, done.subject.rephrase, done.run.cuts, done.boundary),
            }
            for finding in done.findings
        ],
    }


def _item(item: Item) -> str:
    return item.fields.data if item.form == "event" and item.fields else item.text


def _end(done: Replayed) -> str:
    """How it ended, in words."""
    transcript = done.transcript
    if transcript.raised is not None:
        return f"raised {transcript.raised.type} in step {transcript.raised.step}: {transcript.raised.message}"
    if transcript.stuck or transcript.died:
        return f"{transcript.stuck or transcript.died}"
    return "asked for more" if transcript.asked else "finished" if transcript.finished else "stopped"


def minimised(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to `minimise`."""
    done = _replay(request)
    minimal, finding = minimal_of(done, request["parser"], _options(request), Limits(SECONDS, 4 * SECONDS))
    return {"t": "minimal", "rule": finding.rule, "words": smallest(minimal), "minimal": minimal}


def written(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to `write`: the case made small, and a test beside it."""
    done = _replay(request)
    options = _options(request)
    minimal, finding = minimal_of(done, request["parser"], options, Limits(SECONDS, 4 * SECONDS))
    paths = write_case(done, request["parser"], options, minimal, finding, request["name"], with_test=True)
    return {"t": "written", "files": [str(path) for path in paths]}


DO: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "replay": replayed,
    "minimise": minimised,
    "write": written,
}


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = DO[request["do"]](request)
        except StreamdoctorError as error:
            answer = {"t": "trouble", "message": str(error), "hint": error.hint}
        sys.stdout.write(json.dumps({"id": request["id"], **answer}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
