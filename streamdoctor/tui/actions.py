"""The one registry of what can be done in the TUI: keys, footer, help, command palette and the README's table derive
from it.

Rule: an action `id` of a place is the method `action_id` of that screen (of the list widget for `list`, of the app for
`everywhere`). To add one: a line here, the method there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.binding import Binding, BindingType

PLACES = {"captures": "Captures", "matrix": "Matrix", "inspect": "Inspect", "record": "Record"}
"""The four screens, in the order of their number keys."""

LIST, BYTES, EVERYWHERE = "list", "bytes", "everywhere"
CHOOSE, HELP, SETTINGS = "choose", "help", "settings"
"""What lies over a screen."""


class Action(NamedTuple):
    """`words` stand in the footer, `help` is one sentence. `rank` orders the footer, lowest first; 0 is left out."""

    id: str
    keys: tuple[str, ...]
    words: str
    help: str
    group: str
    place: str
    rank: int = 0


ACTIONS: tuple[Action, ...] = (
    # --- in every list
    Action("down", ("j", "down"), "down", "To the next line.", "Move", LIST),
    Action("up", ("k", "up"), "up", "To the line before.", "Move", LIST),
    Action("top", ("g", "home"), "top", "To the first line.", "Move", LIST),
    Action("bottom", ("G", "end"), "bottom", "To the last line.", "Move", LIST),
    Action("half_down", ("ctrl+d", "pagedown"), "half a page down", "Half a page down.", "Move", LIST),
    Action("half_up", ("ctrl+u", "pageup"), "half a page up", "Half a page up.", "Move", LIST),
    Action("choose", ("enter",), "open", "Opens what is selected.", "Move", LIST, 1),
    # --- captures
    Action("filter", ("/",), "filter", "Keeps the captures that hold all words typed; !word those without it.",
           "Find", "captures", 2),
    Action("invert", ("!",), "invert", "Turns the filter around: what it kept goes, what it hid comes.",
           "Find", "captures", 3),
    Action("check", ("c",), "check", "Checks the parsers on the captures that are listed.", "Do", "captures", 4),
    Action("look", ("i",), "inspect", "Looks at the bytes of the capture, with no parser.", "Do", "captures", 5),
    Action("sort", ("s",), "sort", "Sorts by the next column: name, worst finding, time.", "Find", "captures", 6),
    # --- matrix
    Action("check", ("c",), "check", "Checks the chosen parsers on the captures.", "Do", "matrix", 2),
    Action("stop", ("escape",), "stop", "Stops the check that is running; what is known stays.", "Do", "matrix", 2),
    Action("parsers", ("P",), "parsers", "Chooses the parsers.", "Choose", "matrix", 3),
    Action("splits", ("s",), "splits", "Chooses where to cut.", "Choose", "matrix", 4),
    Action("faults", ("f",), "faults", "Chooses faults of the upstream and rephrasings of the stream.",
           "Choose", "matrix", 5),
    Action("left", ("h", "left"), "left", "To the parser on the left.", "Move", "matrix"),
    Action("right", ("l", "right"), "right", "To the parser on the right.", "Move", "matrix"),
    Action("next_wrong", ("n",), "next failure", "To the next cell in which something is wrong.", "Find", "matrix", 6),
    Action("previous_wrong", ("N",), "failure before", "To the cell before in which something is wrong.",
           "Find", "matrix"),
    # --- inspect
    Action("piece_next", ("]",), "next piece", "To the next piece; the last is the end.", "Move", "inspect", 2),
    Action("piece_before", ("[",), "piece before", "To the piece before.", "Move", "inspect"),
    Action("event_next", ("}",), "next event", "To the end of the event.", "Move", "inspect"),
    Action("event_before", ("{",), "event before", "To the beginning of the event, or of the one before.",
           "Move", "inspect"),
    Action("finding_next", ("n",), "finding", "To the next finding of this parser here.", "Find", "inspect", 3),
    Action("finding_before", ("N",), "finding before", "To the finding before.", "Find", "inspect"),
    Action("cut_here", ("a",), "cut", "Cuts before the byte under the cursor, or takes the cut there away.",
           "Cut", "inspect", 4),
    Action("cut_left", ("<",), "move cut left", "Moves the nearest cut one byte to the left.", "Cut", "inspect"),
    Action("cut_right", (">",), "move cut right", "Moves the nearest cut one byte to the right.", "Cut", "inspect", 5),
    Action("split", ("s",), "split", "Chooses a strategy that cuts.", "Cut", "inspect", 6),
    Action("seed", ("R",), "random cuts", "The next random way to cut.", "Cut", "inspect"),
    Action("undo", ("u",), "undo", "Takes the last change of the cuts back.", "Cut", "inspect"),
    Action("play", ("space",), "play", "Plays the stream in recorded time, or stops.", "View", "inspect", 7),
    Action("faster", ("+",), "faster", "Plays faster.", "View", "inspect"),
    Action("slower", ("-",), "slower", "Plays slower.", "View", "inspect"),
    Action("scale", ("t",), "time or bytes", "The timeline over time, or over bytes.", "View", "inspect"),
    Action("minimise", ("m",), "minimise", "Makes the case as small as it can be.", "Do", "inspect", 8),
    Action("explain", ("e",), "explain", "What the rule means, and how to mend it.", "Do", "inspect", 9),
    Action("write", ("w",), "write test", "Writes the case as a capture and a pytest test, here.", "Do", "inspect", 10),
    Action("copy", ("y",), "copy", "Copies the command that shows the case again.", "Do", "inspect", 11),
    # --- in the bytes
    Action("down", ("j", "down"), "down", "To the row below.", "Move", BYTES),
    Action("up", ("k", "up"), "up", "To the row above.", "Move", BYTES),
    Action("byte_left", ("h", "left"), "left", "One byte to the left.", "Move", BYTES),
    Action("byte_right", ("l", "right"), "right", "One byte to the right.", "Move", BYTES),
    Action("top", ("g", "home"), "first byte", "To the first byte.", "Move", BYTES),
    Action("bottom", ("G", "end"), "last byte", "To the last byte.", "Move", BYTES),
    Action("half_down", ("ctrl+d", "pagedown"), "half a page down", "Half a page down.", "Move", BYTES),
    Action("half_up", ("ctrl+u", "pageup"), "half a page up", "Half a page up.", "Move", BYTES),
    # --- record
    Action("start", ("r",), "start or stop", "Starts or stops the recorder.", "Do", "record", 2),
    Action("settings", ("u",), "upstream", "What to record, and where to listen.", "Choose", "record", 3),
    Action("follow", ("f",), "follow", "Goes along with what arrives; scrolling up ends it.", "View", "record", 4),
    Action("look", ("i",), "inspect", "Looks at the bytes of the capture of this exchange.", "Do", "record", 5),
    # --- in a list to choose from
    Action("mark", ("space",), "mark", "Marks the line, or takes its mark away.", "Choose", CHOOSE, 1),
    Action("mark_all", ("a",), "all or none", "Marks all lines, or none.", "Choose", CHOOSE, 3),
    Action("take", ("enter",), "take", "Takes what is marked.", "Choose", CHOOSE, 2),
    Action("leave", ("escape",), "leave as it was", "Leaves everything as it was.", "Choose", CHOOSE, 4),
    # --- before the recorder starts
    Action("begin", ("ctrl+s",), "record", "Starts the recorder (enter does too).", "Do", SETTINGS, 1),
    Action("leave", ("escape",), "leave as it was", "Leaves everything as it was.", "Choose", SETTINGS, 2),
    # --- in the help
    Action("close", ("escape", "?"), "close", "Closes the help.", "Go", HELP, 1),
    # --- everywhere
    Action("show_captures", ("1",), "captures", "The library of captures.", "Go", EVERYWHERE),
    Action("show_matrix", ("2",), "matrix", "Parsers on captures: verdicts.", "Go", EVERYWHERE),
    Action("show_inspect", ("3",), "inspect", "One case, byte by byte.", "Go", EVERYWHERE),
    Action("show_record", ("4",), "record", "Exchanges as they arrive.", "Go", EVERYWHERE),
    Action("next_pane", ("tab",), "next pane", "To the next pane.", "Go", EVERYWHERE),
    Action("previous_pane", ("shift+tab",), "pane before", "To the pane before.", "Go", EVERYWHERE),
    Action("back", ("escape",), "back", "Back to where you came from.", "Go", EVERYWHERE, 90),
    Action("zoom", ("x",), "zoom", "The pane alone on the screen, or all panes again.", "View", EVERYWHERE, 91),
    Action("theme", ("T",), "theme", "The next theme: dark, light, no colour.", "View", EVERYWHERE),
    Action("help", ("?",), "help", "What can be done here; type to search.", "View", EVERYWHERE, 92),
    Action("command_palette", ("ctrl+p",), "palette", "Finds any action by its name.", "View", EVERYWHERE, 93),
    Action("quit", ("q",), "quit", "Leaves, with one line that sums up.", "Go", EVERYWHERE, 94),
)  # fmt: skip


def actions_of(*places: str) -> list[Action]:
    """What can be done in `places`, in the order of the registry."""
    return [action for action in ACTIONS if action.place in places]


def bindings(place: str) -> list[BindingType]:
    """The key bindings of one place; each carries the key of its action in its id."""
    return [
        Binding(",".join(action.keys), action.id, action.words, show=False, id=binding_id(action), priority=False)
        for action in actions_of(place)
    ]


def binding_id(action: Action) -> str:
    return f"{action.place}.{action.id}"


BY_BINDING = {binding_id(action): action for action in ACTIONS}


def table() -> list[str]:
    """The README's table: a row a place."""
    names = {EVERYWHERE: "everywhere", LIST: "every list", **PLACES, BYTES: "the bytes in Inspect"}
    rows = (f"| {name} | {_told(place)} |" for place, name in names.items() if actions_of(place))
    return ["| where | keys |", "|---|---|", *rows]


def _told(place: str) -> str:
    return ", ".join(f"`{key_words(action.keys)}` {action.words}" for action in actions_of(place))


def key_words(keys: Sequence[str]) -> str:
    """The keys as help and footer write them: `esc`, `ctrl+d`, `?`."""
    return " ".join(_SHORT.get(key, key) for key in keys)


_SHORT = {
    "escape": "esc", "pagedown": "pgdn", "pageup": "pgup", "down": "↓", "up": "↑", "left": "←", "right": "→",
}  # fmt: skip
