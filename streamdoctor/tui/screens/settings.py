"""What to record and where to listen, asked before the recorder starts: enter starts it, esc leaves all as it was."""

from __future__ import annotations

from urllib.parse import urlsplit

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from streamdoctor.tui.actions import SETTINGS, bindings
from streamdoctor.tui.widgets.bars import KeyLine
from streamdoctor.tui.words import safe


class Settings(ModalScreen[tuple[str, str] | None]):
    """Gives (upstream, listen)."""

    BINDINGS = bindings(SETTINGS)
    DEFAULT_CSS = """
    Settings {
        align: center middle;
        #box {
            width: 72; max-width: 100%; height: auto; border: round $primary; background: $background; padding: 1 2;
        }
        Input { border: none; background: $panel; height: 1; padding: 0 1; margin-bottom: 1; }
        #said { color: $quiet; }
    }
    """

    def __init__(self, upstream: str, listen: str, out: str) -> None:
        super().__init__()
        self._upstream, self._listen, self._out = upstream, listen, out

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = "record"
            yield Static("upstream: the API to record")
            yield Input(self._upstream, placeholder="https://api.openai.com", id="upstream", compact=True)
            yield Static("listen: point your client's base URL here")
            yield Input(self._listen, placeholder="127.0.0.1:8085", id="listen", compact=True)
            yield Static(safe(f"captures go to {self._out}; keys and cookies are covered"), id="said")
        yield KeyLine()

    @on(Input.Submitted)
    def action_begin(self) -> None:
        upstream = self.query_one("#upstream", Input).value.strip()
        listen = self.query_one("#listen", Input).value.strip() or "127.0.0.1:8085"
        if urlsplit(upstream).scheme not in ("http", "https"):
            self.query_one("#said", Static).update(safe("the upstream is a URL: http:// or https://", "$error"))
            return
        self.dismiss((upstream, listen))

    def action_leave(self) -> None:
        self.dismiss(None)
