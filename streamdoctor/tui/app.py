"""The app: four screens as modes, the themes, and what every screen can do. Everything else lives in its screen."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
from textual.app import App, SystemCommand
from textual.filter import LineFilter, NoColor
from textual.screen import Screen
from textual.worker import Worker

from streamdoctor.parsers.load import OURS as OUR_PARSERS
from streamdoctor.rephrasings.probes import PROBES
from streamdoctor.report.text import summary_line
from streamdoctor.report.words import plural
from streamdoctor.tui import themes
from streamdoctor.tui.actions import ACTIONS, BY_BINDING, EVERYWHERE, PLACES, bindings, key_words
from streamdoctor.tui.case import CaseToInspect
from streamdoctor.tui.choices import FAULT, REPHRASE, Option
from streamdoctor.tui.desk import Check
from streamdoctor.tui.grid import Checking, Grid
from streamdoctor.tui.screens.base import LabScreen
from streamdoctor.tui.screens.captures import CapturesScreen
from streamdoctor.tui.screens.help import HelpScreen
from streamdoctor.tui.screens.inspect import InspectScreen
from streamdoctor.tui.screens.matrix import MatrixScreen
from streamdoctor.tui.screens.record import RecordScreen
from streamdoctor.tui.state import State, save, save_results
from streamdoctor.tui.tail import Tails
from streamdoctor.visible import safe_text

OURS = tuple(OUR_PARSERS)
PROBE_NAMES = [f"probe:{probe.dialect}" for probe in PROBES]
"""What is checked where nothing else was chosen."""
_WIDTHS = [(0, "-narrow"), (100, "-wide")]
_HEIGHTS = [(0, "-low"), (30, "-high")]
"""Classes that screens get by their size: below 100 columns panes fold."""


class Lab(App[str]):
    """Returns the line to leave behind. `where` is the folder or file it was opened on."""

    TITLE = "streamdoctor"
    BINDINGS = bindings(EVERYWHERE)
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    CSS = """
    SearchIcon { display: none; }
    CommandList:nocolor > .option-list--option-highlighted { text-style: underline; }
    ToastRack { margin-bottom: 2; }
    Toast:nocolor { border: round $foreground; padding: 0 1; }
    """
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS

    def __init__(
        self, where: Path, *, state: State | None = None, results: Mapping[str, Any] | None = None, place: str = ""
    ) -> None:
        super().__init__()
        self.where = where
        self.base = where if where.is_dir() else where.parent
        self.state = state or State()
        self.grid = Grid()
        if results is not None:
            self.grid.take(results)
        self.tails = Tails(self.base)
        self.checking = Checking(self.grid, self._tell_matrix)
        self._working: list[Worker[None]] = []
        self._start = place or self.state.place
        self.captures_screen = CapturesScreen()
        self.matrix_screen = MatrixScreen()
        self.inspect_screen = InspectScreen()
        self.record_screen = RecordScreen()
        self._before = "captures"
        self._no_color_filter = NoColor()
        for theme in themes.THEMES:
            self.register_theme(theme)
        for name in PLACES:
            self.add_mode(name, lambda name=name: getattr(self, f"{name}_screen"))  # type: ignore[misc]

    def on_mount(self) -> None:
        named = self.state.theme if self.state.theme in self.available_themes else themes.DARK.name
        self.theme = themes.PLAIN.name if self.no_color else named
        self.switch_mode(self._start if self._start in PLACES else "captures")

    def _tell_matrix(self) -> None:
        self.matrix_screen.mark_changed()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.VARIABLES

    def watch_theme(self, theme: str) -> None:
        self.no_color = theme == themes.PLAIN.name or "NO_COLOR" in os.environ

    def get_line_filters(self) -> Sequence[LineFilter]:
        filters = super().get_line_filters()
        return [*filters, self._no_color_filter] if self.no_color else filters

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every action that can be done here now, by the words of its help."""
        told = {action for action in ACTIONS if action.id == "command_palette"}
        for active in screen.active_bindings.values():
            action = BY_BINDING.get(active.binding.id or "")
            if action and active.enabled and action.group != "Move" and action not in told:
                told.add(action)
                words = f"{action.words[:1].upper()}{action.words[1:]}"
                help = f"{action.help} ({key_words(action.keys)})"
                yield SystemCommand(words, help, partial(self.simulate_key, active.binding.key))

    def tell(self, message: str, *, wrong: bool = False) -> None:
        """A message that goes away by itself."""
        self.notify(safe_text(message), severity="error" if wrong else "information", markup=False)

    def inspect(self, case: CaseToInspect) -> None:
        """Opens the inspect screen on `case`; esc comes back."""
        self.inspect_screen.case = case
        self.go("inspect")

    # --- the check in the background

    def check_captures(self, paths: Sequence[Path]) -> None:
        """Opens the matrix and checks the parsers on these captures."""
        self.grid.subjects = [str(path) for path in paths]
        self.go("matrix")
        self.check()

    def check(self) -> None:
        """Checks the chosen parsers on the subjects of the grid, or on the captures here, or on the probes."""
        state = self.state
        subjects = self.grid.subjects or [str(path) for path in self.captures_screen.paths] or PROBE_NAMES
        request = Check(self.parsers, tuple(subjects), state.splits, state.faults, state.rephrasings)
        self.matrix_screen.seek_failure()
        self.work(self._check(request), "check")

    @property
    def parsers(self) -> tuple[str, ...]:
        """Those that a check would judge."""
        return self.state.parsers or tuple(self.grid.parsers) or OURS

    async def _check(self, request: Check) -> None:
        try:
            await self.checking.run(request)
        finally:
            save_results(self.grid.document())

    def work(self, task: Coroutine[Any, Any, None], group: str) -> None:
        """Runs `task` in place of the one of its group; leaving the app waits until both are over."""
        worker = self.run_worker(task, group=group, exclusive=True)
        self._working = [known for known in self._working if not known.is_finished] + [worker]

    async def on_unmount(self) -> None:
        for worker in self._working:
            worker.cancel()
        await asyncio.gather(*(worker.wait() for worker in self._working), return_exceptions=True)

    def stop_check(self) -> None:
        self.workers.cancel_group(self, "check")

    def set_faults(self, chosen: Sequence[Option]) -> None:
        """Faults and rephrasings, as they were chosen from one list."""
        self.state.faults = tuple(option.name for option in chosen if option.kind == FAULT)
        self.state.rephrasings = tuple(option.name for option in chosen if option.kind == REPHRASE)

    # --- going about

    def go(self, place: str) -> None:
        if place != self.current_mode:
            self._before = self.current_mode
            self.switch_mode(place)

    # --- actions

    def action_show_captures(self) -> None:
        self.go("captures")

    def action_show_matrix(self) -> None:
        self.go("matrix")

    def action_show_inspect(self) -> None:
        self.go("inspect")

    def action_show_record(self) -> None:
        self.go("record")

    def action_next_pane(self) -> None:
        self.screen.focus_next()

    def action_previous_pane(self) -> None:
        self.screen.focus_previous()

    async def action_back(self) -> None:
        screen = self.screen
        if screen.maximized is not None:
            screen.minimize()
        elif not isinstance(screen, LabScreen):
            screen.dismiss()
        elif not screen.back() and self._before != self.current_mode:
            self.go(self._before)

    def action_zoom(self) -> None:
        if isinstance(self.screen, LabScreen):
            self.screen.zoom()

    def action_theme(self) -> None:
        names = themes.NAMES
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]

    def action_help(self) -> None:
        self.push_screen(HelpScreen(self.screen))

    async def action_quit(self) -> None:
        self.state.place = self.current_mode
        if "NO_COLOR" not in os.environ:
            self.state.theme = self.theme
        save(self.state)
        self.exit(self.summary())

    def summary(self) -> str:
        """The one line that stays on the terminal."""
        captures, recorded = len(self.captures_screen.paths), self.tails.watch.count
        told = [plural(captures, "capture")] if captures else []
        told += [f"{plural(recorded, 'exchange')} recorded"] if recorded else []
        told += [click.unstyle(summary_line(list(self.grid.results.values())))] if self.grid.results else []
        return f"{safe_text(str(self.where))}: {'; '.join(told) or 'nothing was checked'}"
