"""Screen 3: the trace of one case. One selected step filters every pane; the cuts can be edited, and the parser runs
again at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from threading import Thread
from typing import Any

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from streamdoctor.splits.strategies import Cuts
from streamdoctor.tui.actions import actions_of, bindings
from streamdoctor.tui.case import CaseToInspect
from streamdoctor.tui.choices import Option, splits
from streamdoctor.tui.inspecting import Looked, pair_line, readings, step_lines, summary
from streamdoctor.tui.screens.case import CaseScreen
from streamdoctor.tui.screens.choose import Choose
from streamdoctor.tui.trace import Told, Trace, moved_cut, with_cut
from streamdoctor.tui.widgets.bytes import BytesView
from streamdoctor.tui.widgets.lanes import Lanes
from streamdoctor.tui.widgets.rows import Rows
from streamdoctor.tui.words import safe

_WITH_PARSER = {"finding_next", "finding_before", "minimise", "explain", "write", "copy"}
_WITH_STREAM = {action.id for action in actions_of("inspect")}
NOTHING = "Nothing to inspect yet: choose a capture (1) or a verdict (2) and press enter."
_FRAME = 1 / 20
_PAUSE = 0.08
"""Seconds without another edit before the parser runs again."""
_SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0)


class InspectScreen(CaseScreen):
    """`case` is set by whoever opens it, also before the screen was ever shown."""

    PLACE = "inspect"
    BINDINGS = bindings(PLACE)
    DEFAULT_CSS = """
    InspectScreen {
        #nothing { padding: 0 1; }
        #summary { height: auto; max-height: 3; padding: 0 1; }
        #middle { height: 1fr; }
        #bytes { width: 78; padding: 0 1; }
        #sides { width: 1fr; border-left: solid $rule; }
        #heads { height: 1; padding: 0 1; color: $quiet; }
        #pairs { padding: 0 1; }
        #step { height: 5; border-top: solid $rule; padding: 0 1; }
        &.-narrow #middle { layout: vertical; }
        &.-narrow #bytes { width: 100%; height: 3fr; }
        &.-narrow #sides { width: 100%; height: 2fr; border-left: none; border-top: solid $rule; }
        &.-narrow #step { height: 4; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._ready = False
        self.step = 1
        self.by_time = False
        self.speed = 1.0
        self._looked: Looked | None = None
        self._glanced = False
        self._undo: list[tuple[str, Cuts | None]] = []
        self._finding = 0
        self._playing = False
        self._now = 0.0

    def panes(self) -> Iterable[Widget]:
        yield Static(NOTHING, id="nothing")
        yield Static(id="summary")
        yield Lanes(id="lanes")
        with Horizontal(id="middle"):
            yield BytesView(self._to_step_of, id="bytes")
            with Vertical(id="sides"):
                yield Static(id="heads")
                yield Rows(self._pair_line, opens=False, id="pairs")
        yield Static(id="step")

    def on_mount(self) -> None:
        self._ticking = self.set_interval(_FRAME, self._tick, pause=True)
        self.query_one(BytesView).focus()
        self._ready = True
        self._show()
        if self.case is not None:
            self.watch_case()

    def watch_case(self) -> None:
        """Another case: its bytes are read in a thread, and the parser runs."""
        if not self._ready or self.case is None:
            return
        self.stamp_file(self.case)
        self._undo.clear()
        self._looked, self._glanced = None, False
        self._playing = False
        self._finding = self.case.findings.index(self.case.finding) if self.case.finding in self.case.findings else 0
        self.say("reading")
        self._read(self.case)

    # --- reading and running

    def _read(self, case: CaseToInspect) -> None:
        """In a thread that nobody waits for: who leaves, leaves at once."""
        app = self.app

        def work() -> None:
            for told in readings(case):
                if self.alive:
                    app.call_from_thread(self._hear, case, told)

        Thread(target=work, name="streamdoctor reads a capture", daemon=True).start()

    def _hear(self, case: CaseToInspect, told: Looked | str) -> None:
        """The stream, at first its beginning where it is long, which can be gone through, but not cut; or why not."""
        if case is not self.case or not self.alive:
            return
        if isinstance(told, str):
            self._failed(told)
            return
        self._looked = told if told.whole else None
        self.step = self.step if self._glanced else 1
        self.trace = told.trace(None)
        self._show(first=not self._glanced)
        self._glanced = not told.whole
        if told.whole:
            self._run()
        else:
            self.say("reading the rest")

    def _failed(self, message: str) -> None:
        self._looked = self.trace = None
        self.say("")
        self.query_one("#nothing", Static).update(safe(message, "$error"))
        self._show()

    def _run(self) -> None:
        """Replays the case as it is now; of several runs asked for, the last one counts."""
        if self.case is None or self.case.parser is None or self._looked is None:
            self.say("")
            return
        self.say("running")
        self.run_worker(self._replay(self.case), group="replay", exclusive=True)

    async def _replay(self, case: CaseToInspect) -> None:
        await asyncio.sleep(_PAUSE)
        answer = await asyncio.shield(self.ask("replay", case))
        if case is self.case and self._looked is not None and self.alive:
            self._take(answer)

    def _take(self, answer: dict[str, Any]) -> None:
        self.say("")
        if answer["t"] == "trouble":
            self.tell_trouble(answer)
            return
        assert self._looked is not None
        first = self.trace is None or not self.trace.told.due
        self.trace = replace(self._looked.trace(tuple(answer["cuts"])), told=Told.of(answer))
        self._show(first=first)

    # --- showing

    def _show(self, *, first: bool = False) -> None:
        """All panes, as they are now; `first`: the first difference is selected."""
        trace = self.trace
        self.query_one("#nothing").display = trace is None
        for name in ("#summary", "#lanes", "#middle", "#step"):
            self.query_one(name).display = trace is not None
        if trace is None or self.case is None:
            return
        bytes_view, pairs = self.query_one(BytesView), self.query_one("#pairs", Rows)
        bytes_view.show(trace)
        pairs.set_count(trace.lines, empty="nothing was due, and nothing came out" if trace.replayed else "no events")
        if first:
            self._select_difference()
        else:
            self.select(min(self.step, trace.steps), move=False)
        self._show_words()
        self.call_after_refresh(self._show_words)

    def _show_words(self) -> None:
        """What depends on the width, which is right only once the panes have their places."""
        trace = self.trace
        if trace is None or self.case is None or not self.alive:
            return
        self.query_one("#summary", Static).update(summary(self.case, trace, self._finding, self._wide))
        half = max((self.query_one("#pairs").size.width - 3) // 2, 4)
        heads = f"{'due':^{half}} {'came out':^{half}}" if trace.replayed else "events"
        self.query_one("#heads", Static).update(heads)
        self._show_step(trace)
        self.refresh_bindings()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_words)

    def _show_step(self, trace: Trace) -> None:
        lines = Content("\n").join(step_lines(trace, self.step, self._wide))
        self.query_one("#step", Static).update(lines, layout=False)

    def _select_difference(self) -> None:
        trace = self.trace
        assert trace is not None
        if trace.first_difference is None:
            cut = trace.cuts[0] if trace.cuts else None
            self.select(trace.step_at(cut - 1) if cut else 1)
            return
        pair = trace.pairs[trace.first_difference]
        self.query_one("#pairs", Rows).cursor = trace.first_difference
        self.select(min(pair.step, trace.steps))
        if trace.cuts and len(trace.cuts) <= 4:
            self.query_one(BytesView).at = trace.cuts[0]

    def select(self, step: int, *, move: bool = True) -> None:
        """The step that all panes show; `move`: the bytes go there too."""
        trace = self.trace
        if trace is None:
            return
        self.step = max(1, min(step, trace.steps))
        bytes_view = self.query_one(BytesView)
        bytes_view.step = self.step
        if move:
            bytes_view.at = trace.span(self.step)[0]
        self.query_one(Lanes).show(trace, self.step, self.by_time)
        self._show_step(trace)
        self.query_one("#pairs").refresh()

    @property
    def _wide(self) -> int:
        return max(self.size.width - 2, 20)

    def _pair_line(self, index: int, width: int) -> Content:
        assert self.trace is not None
        return pair_line(self.trace, index, self.step, width)

    # --- what the panes say

    def _to_step_of(self, offset: int) -> None:
        if self.trace is not None:
            self.select(self.trace.step_at(offset), move=False)

    @on(Lanes.Picked)
    def _picked(self, event: Lanes.Picked) -> None:
        self.select(event.step)

    @on(Rows.Moved, "#pairs")
    def _paired(self, event: Rows.Moved) -> None:
        if self.trace is not None and event.rows.has_focus and event.index < self.trace.lines:
            self.select(self.trace.line(event.index).step)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a stream nothing can be done, without a parser nothing with it."""
        if action in _WITH_PARSER:
            return self.trace is not None and self.case is not None and self.case.parser is not None
        return action not in _WITH_STREAM or self.trace is not None

    # --- going through it

    def action_piece_next(self) -> None:
        self.select(self.step + 1)

    def action_piece_before(self) -> None:
        self.select(self.step - 1)

    def action_event_next(self) -> None:
        if self.trace is not None:
            offset = self.trace.event_after(self.query_one(BytesView).at)
            self._to_byte(offset if offset is not None else len(self.trace.body) - 1)

    def action_event_before(self) -> None:
        if self.trace is not None:
            self._to_byte(self.trace.event_before(self.query_one(BytesView).at) or 0)

    def _to_byte(self, offset: int) -> None:
        if self.trace is not None and self.trace.body:
            self.query_one(BytesView).at = offset
            self.select(self.trace.step_at(self.query_one(BytesView).at), move=False)

    def action_finding_next(self) -> None:
        self._to_finding(1)

    def action_finding_before(self) -> None:
        self._to_finding(-1)

    def _to_finding(self, by: int) -> None:
        case = self.case
        if case is None or not case.findings:
            self.lab.tell("this case has no other findings")
            return
        number = (self._finding + by) % len(case.findings)
        finding = case.findings[number]
        self.case = replace(
            case,
            rephrase=finding["rephrase"],
            split=finding["split"],
            cuts=tuple(finding["cuts"]),
            fault=finding["fault"],
            finding=finding,
        )

    def action_scale(self) -> None:
        self.by_time = not self.by_time
        self.select(self.step, move=False)

    # --- playing

    def action_play(self) -> None:
        """Steps in recorded time, from the selected one on."""
        if self.trace is None or not self.trace.arrivals:
            self.lab.tell("the times of this stream are not known")
            return
        self._playing = not self._playing
        if self._playing:
            last = self.step >= self.trace.steps
            self._now = 0.0 if last else float(self.trace.time_of(self.trace.span(self.step)[1]))
            self._ticking.resume()
        self.say(f"playing, {self.speed:g} times as fast" if self._playing else "")

    def _tick(self) -> None:
        if not self._playing or self.trace is None:
            self._ticking.pause()
            return
        self._now += _FRAME * self.speed * 1e9
        over = self._now >= self.trace.until
        self.select(self.trace.steps if over else self.trace.step_at_time(int(self._now)))
        if over:
            self.action_play()

    def action_faster(self) -> None:
        self._set_speed(1)

    def action_slower(self) -> None:
        self._set_speed(-1)

    def _set_speed(self, by: int) -> None:
        self.speed = _SPEEDS[max(0, min(_SPEEDS.index(self.speed) + by, len(_SPEEDS) - 1))]
        self.say(f"{'playing, ' if self._playing else ''}{self.speed:g} times as fast")

    # --- cutting

    def _cut(self, cuts: Cuts | None, split: str = "cuts", **more: Any) -> None:
        """Another way to cut: shown at once, and the parser runs again."""
        case = self.case
        if case is None or self._looked is None:
            return
        self._undo.append((case.split, case.cuts))
        self._change(replace(case, split=split, cuts=cuts, **more))

    def _change(self, case: CaseToInspect) -> None:
        assert self._looked is not None
        self.set_reactive(InspectScreen.case, case)
        told = self.trace.told if self.trace else Told()
        self.trace = replace(self._looked.trace(case.cuts if case.cuts is not None else ()), told=told)
        self._show()
        self._run()

    def action_cut_here(self) -> None:
        if self.trace is not None:
            at = self.query_one(BytesView).at
            self._cut(with_cut(self.trace.cuts, at, len(self.trace.body)))
            self._to_byte(at)

    def action_cut_left(self) -> None:
        self._move_cut(-1)

    def action_cut_right(self) -> None:
        self._move_cut(1)

    def _move_cut(self, by: int) -> None:
        if self.trace is not None and self.trace.cuts:
            cuts, at = moved_cut(self.trace.cuts, self.query_one(BytesView).at, by, len(self.trace.body))
            self._cut(cuts)
            self._to_byte(at)

    def action_undo(self) -> None:
        if self._undo and self.case is not None:
            split, cuts = self._undo.pop()
            self._change(replace(self.case, split=split, cuts=cuts))

    def action_split(self) -> None:
        """One strategy, chosen from the list; the first marked counts."""
        if self.case is None or self._looked is None:
            return

        def chosen(options: tuple[Option, ...] | None) -> None:
            if options and options[0].name != "standard":
                self._cut(None, options[0].name)

        self.app.push_screen(Choose(replace(splits(()), none="mark one: how to cut")), chosen)

    def action_seed(self) -> None:
        """The next random way to cut."""
        if self.case is not None:
            seed = self.case.seed + 1
            self._cut(None, f"random:seed={seed},runs=1", seed=seed)
