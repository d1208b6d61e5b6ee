"""The second axis of a case: other bytes whose events are known (DESIGN section 7). One registry.

To add one: write a pure function from a Reading to the new body (None where it does not apply), say what becomes of the
events, and enter both in REPHRASINGS with one line for the help. A property holds each to what it says of itself, and a
mutant that it alone convicts shows what it is for. AWS event streams and JSON arrays are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from streamdoctor.errors import UsageError
from streamdoctor.rephrasings import ndjson, payloads, sse
from streamdoctor.stream.event import Event
from streamdoctor.stream.reading import Reading

AS_IS = "as-is"
SPLITS = ("whole", "bytes", "boundaries")
"""How rephrased bodies are cut by default."""
COARSE_SPLITS = ("whole", "fixed:65536")
"""How they are where each byte would be too dear."""

Body = Callable[[Reading], bytes | None]
Events = Callable[[Reading], tuple[Event, ...]]


def the_same(reading: Reading) -> tuple[Event, ...]:
    return reading.events


class Rephrasing(NamedTuple):
    """`bodies` by framing; `events` is what comes of the old ones (their spans apart); `mend`: what a parser lacks that
    fails on it uncut; `splits` are those of the default; `lenient`: why a reader may refuse it, so that what it finds
    is `non-strict` at worst."""

    bodies: Mapping[str, Body]
    summary: str
    mend: str = ""
    events: Events = the_same
    splits: Sequence[str] = SPLITS
    lenient: str | None = None


def _sse(body: Body, summary: str, mend: str, events: Events = the_same) -> Rephrasing:
    return Rephrasing({"sse": body}, summary, mend, events)


def _ndjson(body: Body, summary: str, mend: str, lenient: str) -> Rephrasing:
    return Rephrasing({"ndjson": body}, summary, mend, lenient=lenient)


def _retold(retelling: payloads.Retelling, summary: str, mend: str, *, one_line: bool = True) -> Rephrasing:
    """In both framings, where it leaves every line one line."""
    bodies: dict[str, Body] = {"sse": sse.retold(retelling)}
    if one_line:
        bodies["ndjson"] = ndjson.retold(retelling)
    return Rephrasing(bodies, summary, mend, sse.retold_events(retelling))


REPHRASINGS: dict[str, Rephrasing] = {
    AS_IS: Rephrasing({}, "the bytes that were recorded"),
    "crlf": Rephrasing(
        {"sse": sse.with_ends(b"\r\n"), "ndjson": ndjson.crlf},
        "every line ends in CRLF",
        "CRLF ends one line: take both away, also where a cut falls between them.",
    ),
    "cr": _sse(
        sse.with_ends(b"\r"),
        "every line ends in CR",
        "End a line at CR too, as at LF and CRLF, and also where the body ends in it.",
    ),
    "mixed-ends": _sse(
        sse.with_ends(b"\n", b"\r\n", b"\r", b"\n", b"\r"),
        "lines end in LF, CRLF and CR in turn",
        "Each line may end in its own way, a blank one too: look for lines, not for two line ends of one kind.",
    ),
    "bom": _sse(sse.bom, "a byte order mark comes first", "Drop one U+FEFF at the very start of the stream."),
    "no-space": _sse(
        sse.no_space, "no space after the colon", "Split at the first colon, then take one space away if it is there."
    ),
    "comments": _sse(
        sse.comments,
        "comments between events and inside them",
        "Ignore every line that begins with a colon, between events and inside them.",
    ),
    "retry-field": _sse(
        sse.retry_field,
        "retry fields, in blocks of their own and inside events",
        "Ignore fields that you do not use; a block without data is no event.",
    ),
    "unknown-field": _sse(
        sse.unknown_field,
        "fields that the specification ignores, in the same places",
        "Compare whole field names, and ignore those that you do not know, with a colon or without.",
    ),
    "extra-blank-lines": _sse(
        sse.extra_blank_lines,
        "more than one blank line after an event",
        "A blank line without data before it ends nothing: go on.",
    ),
    "two-spaces": _retold(
        payloads.two_spaces,
        "two spaces after data: the second is data",
        "Take one space after the colon away, and no more.",
        one_line=False,
    ),
    "ids": _sse(
        sse.ids,
        "ids that are set, kept across a comment, and taken away",
        "Keep the last id until another comes; it makes no event where there is no data.",
        sse.ids_events,
    ),
    "multi-line-data": _retold(
        payloads.multi_line_data,
        "data over several lines, JSON broken between its tokens",
        "Collect the data lines of an event, and join them with LF at its blank line.",
        one_line=False,
    ),
    "empty-data": _sse(
        sse.empty_data,
        "an empty first data line; in plain text, an event without data",
        "An empty data line is a line: join it like any other, and dispatch an event that has no other.",
        sse.empty_data_events,
    ),
    "line-separators": _retold(
        payloads.line_separators,
        "U+2028, U+2029 and NEL in the text (plain text: VT, FF, FS too)",
        "Split lines at LF, CRLF and CR only: no str.splitlines, no line iterator over text.",
    ),
    "json-escapes": _retold(
        payloads.json_escapes,
        "text as \\u escapes, with a surrogate pair",
        "Leave escapes to a JSON parser: two of them may be one character.",
    ),
    "no-final-blank-line": _sse(
        sse.no_final_blank_line,
        "the last event lacks its blank line, so it is discarded",
        "Discard an unfinished event at the end; what is handed out all the same must be parsed like any other.",
        sse.all_but_the_last,
    ),
    "blank-lines": _ndjson(
        ndjson.blank_lines,
        "NDJSON: a blank line after every object",
        "Skip lines that are blank.",
        "a reader of NDJSON need not take blank lines",
    ),
    "no-final-newline": _ndjson(
        ndjson.no_final_newline,
        "NDJSON: the last line has no end",
        "At the end of the body, take the last line if it is whole JSON.",
        "a reader of NDJSON may want each line ended",
    ),
    "big-event": _retold(
        payloads.big_event,
        "an event of 1.1 MB; whole and in pieces of 64 KiB, unless --split says otherwise",
        "Set no limit on a line below what may be sent; look only at what is new; join the parts of a line once.",
    )._replace(splits=COARSE_SPLITS),
}
"""In the order in which they are tried: the one that takes longest is the last."""


def names() -> list[str]:
    return list(REPHRASINGS)


def validate(given: Sequence[str]) -> None:
    """Raises UsageError for a name that is no rephrasing."""
    for name in given:
        if name not in REPHRASINGS:
            raise UsageError(f"unknown rephrasing {name!r}", hint="rephrasings: " + " ".join(names()))


def rephrase(name: str, reading: Reading) -> bytes | None:
    """The body that says it so; None where that does not apply, or changes nothing."""
    if name == AS_IS:
        return reading.body
    make = REPHRASINGS[name].bodies.get(reading.provider.framing)
    body = make and make(reading)
    return body if body != reading.body else None


def applicable(reading: Reading) -> Iterator[tuple[str, bytes]]:
    """Every rephrasing that applies, `as-is` first, with its body."""
    for name in REPHRASINGS:
        body = rephrase(name, reading)
        if body is not None:
            yield name, body
