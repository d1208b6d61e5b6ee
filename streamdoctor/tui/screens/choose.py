"""A list to choose some of, over the screen that asked: space marks, enter takes, esc leaves all as it was."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from streamdoctor.errors import UsageError
from streamdoctor.tui.actions import CHOOSE, bindings
from streamdoctor.tui.choices import Choice, Option
from streamdoctor.tui.widgets.bars import KeyLine
from streamdoctor.tui.widgets.rows import Rows
from streamdoctor.tui.words import fit, safe


class Choose(ModalScreen[tuple[Option, ...] | None]):
    """Gives what is chosen in the order of the list, None where it was left."""

    BINDINGS = bindings(CHOOSE)
    DEFAULT_CSS = """
    Choose {
        align: center middle;
        #box { width: 96; max-width: 100%; height: 90%; border: round $primary; background: $background; padding: 0 1; }
        #typed { border: none; background: $panel; height: 1; padding: 0 1; }
        #about { height: 2; }
        #said { height: auto; color: $quiet; }
    }
    """

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self.choice = choice
        self.options = list(choice.options)
        self.marked = set(choice.chosen)

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self.choice.title
            yield Rows(self._draw, opens=False, id="options")
            yield Static(id="about")
            yield Input(placeholder=f"another: {self.choice.typed}", id="typed", compact=True)
            yield Static(safe(self.choice.none), id="said")
        yield KeyLine()

    def on_mount(self) -> None:
        rows = self.query_one(Rows)
        rows.set_count(len(self.options))
        rows.focus()

    def _draw(self, index: int, width: int) -> Content:
        option = self.options[index]
        mark = "[x]" if option in self.marked else "[ ]"
        kinds = max((len(option.kind) for option in self.options), default=0)
        name = min(max(len(option.name) for option in self.options), 30)
        return Content.assemble(
            f"{mark} {fit(option.name, name)}  ", (option.kind.ljust(kinds + 2 if kinds else 0), "$quiet"),
            safe(option.summary, "$quiet"),
        )  # fmt: skip

    @on(Rows.Moved)
    def _tell(self, moved: Rows.Moved) -> None:
        """What the line under the cursor says, all of it."""
        self.query_one("#about", Static).update(safe(self.options[moved.index].summary))

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        name = event.value.strip()
        if not name:
            return
        try:
            self.choice.valid(name)
        except UsageError as error:
            hint = f": {error.hint}" if error.hint else ""
            self.query_one("#said", Static).update(safe(f"{error}{hint}", "$error"))
            return
        option = self.choice.named(name, self.options)
        if option is None:
            option = Option(name, "typed", self.choice.kind)
            self.options.insert(0, option)
        self.marked.add(option)
        event.input.clear()
        rows = self.query_one(Rows)
        rows.set_count(len(self.options))
        rows.focus()

    def action_mark(self) -> None:
        rows = self.query_one(Rows)
        if rows.count:
            self.marked ^= {self.options[rows.cursor]}
            rows.refresh()

    def action_mark_all(self) -> None:
        every = set(self.options)
        self.marked = set() if self.marked >= every else every
        self.query_one(Rows).refresh()

    def action_take(self) -> None:
        chosen = tuple(option for option in self.options if option in self.marked)
        if not chosen and not self.choice.none:
            self.query_one("#said", Static).update(Content.styled("choose one at least: space marks", "$error"))
            return
        self.dismiss(chosen)

    def action_leave(self) -> None:
        self.dismiss(None)
