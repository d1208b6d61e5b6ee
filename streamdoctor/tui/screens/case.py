"""A screen that shows one case: what can be done with it as a whole, whatever part of it is looked at."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any

from textual.content import Content
from textual.reactive import var

from streamdoctor.diagnosis.rules import RULES
from streamdoctor.report.rules import rule_lines
from streamdoctor.tui.case import CaseToInspect
from streamdoctor.tui.library import Stamp, stamp_of
from streamdoctor.tui.replays import Replays
from streamdoctor.tui.screens.base import LabScreen
from streamdoctor.tui.screens.telling import TellingScreen
from streamdoctor.tui.trace import Trace
from streamdoctor.tui.words import plain, safe

_EVERY = 0.5
"""Seconds between two looks at the file."""
_NO_PARSER = "there is no parser here: open a verdict (2)"


class CaseScreen(LabScreen):
    """`case` is what it was opened on, with the cuts as they are now; `trace` what is known of it."""

    case: var[CaseToInspect | None] = var(None, init=False, always_update=True)

    def __init__(self) -> None:
        super().__init__()
        self.trace: Trace | None = None
        self._replays: Replays | None = None
        self._stamp: Stamp | None = None
        self._gone = False

    def on_mount(self) -> None:
        self.set_interval(_EVERY, self._look_at_file)

    def stamp_file(self, case: CaseToInspect) -> None:
        """Its file is about to be read as it is now."""
        self._stamp, self._gone = stamp_of(Path(case.subject)), False

    def _look_at_file(self) -> None:
        """What is shown stays what was read; a file that holds something else by now is read anew."""
        before, case = self._stamp, self.case
        if case is None or before is None or not self.is_current:
            return
        now, name = stamp_of(Path(case.subject)), Path(case.subject).name
        if now is None:
            if not self._gone:
                self.lab.tell(f"{name} is gone: what is shown is what was read", wrong=True)
            self._gone = True
        elif now[0] == before[0] and now[1] > before[1]:
            self._stamp = now
            self.lab.tell(f"{name} has grown: open it again to see all of it")
        elif now != before:
            self.lab.tell(f"{name} has changed: it is read anew")
            self.case = case

    async def ask(self, do: str, case: CaseToInspect, **more: Any) -> dict[str, Any]:
        """What `replaying` answers."""
        if self._replays is None:
            self._replays = Replays()
        return await self._replays.ask(do, case, **more)

    async def on_unmount(self) -> None:
        if self._replays is not None:
            await self._replays.close()

    def tell_trouble(self, answer: dict[str, Any]) -> None:
        self.lab.tell(f"{answer['message']}{'; ' + answer['hint'] if answer['hint'] else ''}", wrong=True)

    def action_minimise(self) -> None:
        self._work("minimise", "making it small")

    def action_write(self) -> None:
        self._work("write", "writing", name=self._free_name())

    def _free_name(self) -> str:
        case = self.case
        base = Path(case.subject).name.partition(".")[0] if case else "case"
        rule = str(case.finding["rule"]).lower() if case and case.finding else "case"
        number, name = 1, f"{rule}-{base.replace('probe:', '')}"
        while Path(f"{name}.case.json").exists():
            number, name = number + 1, f"{rule}-{base.replace('probe:', '')}-{number + 1}"
        return name

    def _work(self, do: str, words: str, **more: Any) -> None:
        if self.case is None or self.case.parser is None:
            self.lab.tell(_NO_PARSER)
            return
        self.say(words)
        self.run_worker(self._done(do, self.case, **more), group=do, exclusive=True)

    async def _done(self, do: str, case: CaseToInspect, **more: Any) -> None:
        answer = await self.ask(do, case, **more)
        if not self.alive:
            return
        self.say("")
        if answer["t"] == "trouble":
            self.tell_trouble(answer)
        elif answer["t"] == "minimal":
            self.app.push_screen(TellingScreen("the smallest case", [safe(f"{answer['rule']}: {answer['words']}")]))
        else:
            lines = [safe(name) for name in answer["files"]]
            told = "run it: python -m pytest " + quote(answer["files"][-1])
            self.app.push_screen(TellingScreen("written", [*lines, Content(""), safe(told)]))

    def action_explain(self) -> None:
        found = self.trace.told.findings if self.trace else ()
        rules = [finding["rule"] for finding in found]
        if not rules and self.case is not None and self.case.finding is not None:
            rules = [self.case.finding["rule"]]
        if not rules:
            self.lab.tell("there is nothing wrong to explain")
            return
        self.app.push_screen(TellingScreen(rules[0], [plain(line) for line in rule_lines(RULES[rules[0]])]))

    def action_copy(self) -> None:
        """The command that shows this case again: to the clipboard, to a file, and on the screen."""
        if self.case is None or self.case.parser is None:
            self.lab.tell(_NO_PARSER)
            return
        command = self._command(self.case)
        self.app.copy_to_clipboard(command)
        path = Path(".streamdoctor") / "command.txt"
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_text(command + "\n", encoding="utf-8")
            where = f"copied, and written to {path}"
        except OSError as error:
            where = f"copied ({path} cannot be written: {error.strerror})"
        self.app.push_screen(TellingScreen(where, [safe(command)]))

    def _command(self, case: CaseToInspect) -> str:
        cuts = case.cuts
        split = case.split if cuts is None else f"cuts:{','.join(map(str, cuts))}" if cuts else "whole"
        words = ["streamdoctor", "replay", quote(case.subject), "--parser", quote(str(case.parser)), "--split", split]
        words += ["--rephrase", case.rephrase] if case.rephrase != "as-is" else []
        words += ["--fault", case.fault] if case.fault else []
        return " ".join(words)
