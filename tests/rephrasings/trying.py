"""One parser in this process on probes: calibrated, run in every case, judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamdoctor.parsers.calibrate import Calibration
from streamdoctor.parsers.load import lend
from streamdoctor.rephrasings.probes import PROBES
from streamdoctor.suite.cases import Axes, cases
from streamdoctor.suite.examine import Examiner, Options
from streamdoctor.suite.subjects import Subject


class Tried(Examiner):
    """A parser at hand."""

    def __init__(self, parser: Callable[..., Any]) -> None:
        with lend(parser) as ref:
            super().__init__(ref, Options())

    def calibration(self, dialect: str) -> Calibration:
        number = next(i for i, probe in enumerate(PROBES) if probe.dialect == dialect)
        found = self.calibrate(number)
        assert found is not None, f"it does not read the plain probe of {dialect}"
        return found

    def kinds(self, subject: Subject, axes: Axes) -> dict[str, set[str]]:
        """The kinds found, by rephrasing; one without a finding is left out."""
        calibration = self.calibration(subject.dialect)
        found: dict[str, set[str]] = {}
        for case in cases(subject, axes):
            own = subject.rephrased(case.rephrase)
            assert own is not None
            if self.unfit(own, case.plan, calibration) is None:
                for finding in self.findings(own, calibration, case.plan, case.cuts, False):
                    found.setdefault(case.rephrase, set()).add(finding.kind)
        return found
