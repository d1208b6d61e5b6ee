"""A check in a process of its own: `python -m streamdoctor.tui.errand`, a request on stdin, messages on stdout.

The request and each message are one line of JSON. Messages: `judging` (parser, subject), `result` (one result in the
JSON of `check`; twice, the second time with its findings made small), `trouble` (message, hint, parser or subject),
`end`. The process ends with its work, or when it is killed with its group.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from streamdoctor.errors import StreamdoctorError
from streamdoctor.report.json import check_document
from streamdoctor.suite.cases import Axes
from streamdoctor.suite.check import check
from streamdoctor.suite.examine import Options
from streamdoctor.suite.jobs import processors
from streamdoctor.suite.results import Result
from streamdoctor.suite.subjects import Subject, find


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def run(request: dict[str, Any]) -> None:
    """Each parser on all subjects, one parser after the other: one that cannot be loaded costs no other."""
    axes = Axes(tuple(request["splits"]), tuple(request["faults"]), request["seed"], tuple(request["rephrasings"]))
    axes.validate()
    subjects = [subject for name in request["subjects"] if (subject := _found(name)) is not None]
    for parser in request["parsers"]:
        try:
            check([parser], subjects, Options(axes), progress=_judging, jobs=processors(), done=_done)
        except StreamdoctorError as error:
            _trouble(error, parser=parser)


def _found(name: str) -> Subject | None:
    try:
        return find(name)
    except StreamdoctorError as error:
        _trouble(error, subject=name)
        return None


def _judging(parser: str, subject: str, words: str) -> None:
    if not words:
        say({"t": "judging", "parser": parser, "subject": subject})


def _done(result: Result, final: bool) -> None:
    say({"t": "result", "result": check_document([result], 0)["results"][0]})


def _trouble(error: StreamdoctorError, *, parser: str | None = None, subject: str | None = None) -> None:
    say({"t": "trouble", "parser": parser, "subject": subject, "message": str(error), "hint": error.hint})


def main() -> None:
    request = json.loads(sys.stdin.readline())
    try:
        run(request)
    except StreamdoctorError as error:
        _trouble(error)
    say({"t": "end"})


if __name__ == "__main__":
    main()
