"""What every report of a check is made of: the results, and where they came from. Pure data; times are arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streamdoctor.suite.baseline import Compared
from streamdoctor.suite.exhibit import Exhibit
from streamdoctor.suite.results import Result, exit_code


@dataclass(frozen=True)
class CheckReport:
    """`started` is in ISO format, `seconds` of work; both, `command` and `version` may be unknown. `exhibits` are what
    some findings need beside their numbers, by case id. `fail_on` is what makes the run fail."""

    results: Sequence[Result]
    seed: int = 0
    version: str = ""
    started: str = ""
    command: str = ""
    python: str = ""
    exhibits: Mapping[str, Exhibit] = field(default_factory=dict)
    compared: Compared | None = None
    fail_on: tuple[str, ...] = ("fail",)

    @property
    def failed(self) -> bool:
        return exit_code(self.results, self.fail_on) == 1

    @property
    def subjects(self) -> list[str]:
        return list(dict.fromkeys(result.subject for result in self.results))

    @property
    def parsers(self) -> list[str]:
        return list(dict.fromkeys(result.parser for result in self.results))

    @property
    def cases(self) -> int:
        return sum(result.cases for result in self.results)
