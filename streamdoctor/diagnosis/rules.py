"""The rules: what can be wrong with a parser or an upstream, in the words of its users, and how to mend it.

One registry: parsers here, upstreams (SD6xx) and ourselves (SD9xx) in files of their own. A code never changes its
meaning; the hundreds are those of DESIGN section 6.
"""

from __future__ import annotations

from streamdoctor.diagnosis.harness_rules import HARNESS
from streamdoctor.diagnosis.rule import Rule
from streamdoctor.diagnosis.upstream_rules import UPSTREAM

_SSE = "WHATWG HTML section 9.2.6"

_PARSERS = (
    Rule(
        "SD101", "stops-early", "truncated",
        "The answer stops before its end, and nothing says so.",
        "The parser takes something else for the end: a count of lines, a read, a timer.",
        "End only at the provider's terminal signal or at the end of the body.",
    ),
    Rule(
        "SD102", "half-event", "truncated",
        "A word or a JSON text is cut off in the middle.",
        "A piece is parsed as if it were whole lines, or a line is cut at a character that ends no line.",
        "Keep the unfinished line until its line end has come; only LF, CRLF and CR end lines.",
        _SSE,
    ),
    Rule(
        "SD103", "event-lost", "truncated",
        "Something in the middle is missing.",
        "A piece, a line or an event that does not fit what the parser expects is thrown away.",
        "Keep what is unfinished; set no limit below the largest event; ignore only what the format says to ignore.",
        _SSE,
    ),
    Rule(
        "SD201", "repeated", "duplicated",
        "Words come twice.",
        "A retry starts again from the beginning, or a buffer is parsed again after it was used.",
        "Do not retry after the first event was handed out, or skip what was; take parsed bytes out of the buffer.",
    ),
    Rule(
        "SD202", "phantom", "invented",
        "An empty event appears that nobody sent.",
        "A blank line or a comment is handed out as an event.",
        "Dispatch nothing where no data line came since the last blank line.",
        _SSE,
    ),
    Rule(
        "SD203", "invented", "invented",
        "Something appears that nobody sent.",
        "Framing, a comment or an unknown field is taken for data.",
        "Hand out only the values of data lines; ignore comments and unknown fields.",
        _SSE,
    ),
    Rule(
        "SD204", "half-event-at-end", "invented",
        "When the connection dies, the last thing shown is half an event.",
        "What is left in the buffer at the end is handed out as if it were whole.",
        "Discard an unfinished event at the end of the stream, and report the end as incomplete.",
        _SSE,
    ),
    Rule(
        "SD205", "accumulated", "duplicated",
        "Each update shows everything so far once more.",
        "What was collected is handed out whole each time, and never let go of.",
        "Hand out only what is new, and empty the buffer of an event once the event was handed out.",
    ),
    Rule(
        "SD301", "waits-after-end", "hung",
        "Everything is there, and the spinner never stops.",
        "The parser waits for the connection to close instead of ending at the terminal signal.",
        "Stop at the provider's terminal signal; do not ask for more after it.",
    ),
    Rule(
        "SD302", "never-returns", "hung",
        "One core is busy and nothing more comes.",
        "A loop inside the parser does not advance on these bytes.",
        "Make every turn of the loop consume bytes or leave it.",
    ),
    Rule(
        "SD303", "blocks", "hung",
        "Nothing more comes, and nothing is busy.",
        "The parser waits for something that is not its input: a lock, a sleep, another thread.",
        "Wait only for the stream.",
    ),
    Rule(
        "SD310", "late", "delayed",
        "Each word is shown one step late; the last one waits for the end.",
        "The parser looks one piece or one line further than it needs before it hands an event out.",
        "Hand an event out with the byte that ends its blank line.",
        _SSE,
    ),
    Rule(
        "SD311", "held-to-end", "delayed",
        "Nothing is shown for a long time, then everything at once.",
        "What is parsed is collected and handed out at the end.",
        "Hand each event out when it is whole.",
    ),
    Rule(
        "SD320", "slow-on-large-events", "slow",
        "One long event, and the program stands still for seconds.",
        "Each character or piece has everything before it copied or searched once more.",
        "Search only what is new; keep the parts of a line in a list, and join them once.",
    ),
    Rule(
        "SD321", "slow-on-long-streams", "slow",
        "The longer the answer gets, the slower each word comes; a long one stands still.",
        "At every piece or event all that came before is gone through, copied or joined once more.",
        "Let go of what was handed out; keep the rest, and go on where the last search ended.",
    ),
    Rule(
        "SD401", "broken-character", "corrupted",
        "Letters, emoji or whole scripts turn into U+FFFD.",
        "Each piece is decoded by itself, though a cut may fall inside a code point.",
        "Use an incremental decoder (codecs.getincrementaldecoder('utf-8'), TextDecoder with stream: true), "
        "or decode whole lines only.",
        "Encoding Standard section 4.1",
    ),
    Rule(
        "SD402", "wrong-borders", "corrupted",
        "One event comes as two, or two as one.",
        "Events are told apart by pieces or by single line ends instead of blank lines.",
        "End an event at the blank line, nowhere else; join the data lines of one event with LF.",
        _SSE,
    ),
    Rule(
        "SD403", "wrong-name-or-id", "corrupted",
        "The text is right, but its event type or id is not.",
        "The event name or the id is lost, kept too long, or put to the wrong event.",
        "Reset the event name after every blank line; keep the last id.",
        _SSE,
    ),
    Rule(
        "SD404", "altered", "corrupted",
        "The text differs from what was sent.",
        "Characters are stripped, replaced or joined that belong to the data.",
        "Take one space after the colon away, and nothing else.",
        _SSE,
    ),
    Rule(
        "SD411", "out-of-order", "reordered",
        "Words come in another order.",
        "Pieces are worked on at the same time, or collected in something without order.",
        "Hand out in the order of arrival.",
    ),
    Rule(
        "SD501", "no-end-needed", "accepts-incomplete",
        "A cut answer looks like a finished one.",
        "The parser takes the end of the connection for the end of the answer.",
        "Raise when the stream ends before the provider's terminal signal.",
    ),
    Rule(
        "SD502", "swallows-error", "accepts-incomplete",
        "The connection broke, and the answer looks finished.",
        "An error of the transport is caught and dropped.",
        "Pass the error of the transport on.",
    ),
    Rule(
        "SD510", "end-by-evidence", "non-strict",
        "Nothing, as long as the caller looks at the finish reason.",
        "A stream without its terminal signal ends normally; its items carry the API's own end evidence.",
        "Raise when the terminal signal is missing, or document that callers must check the finish reason.",
        severity="note",
    ),
    Rule(
        "SD511", "unterminated-accepted", "non-strict",
        "Nothing: an event that lacked only its blank line is handed out at the end.",
        "What is left in the buffer at the end is dispatched.",
        "The specification discards it; harmless where the event was whole.",
        _SSE,
        severity="note",
    ),
    Rule(
        "SD512", "late-on-lone-cr", "non-strict",
        "With CR line ends, each event comes with the next one.",
        "The parser waits to see whether LF follows.",
        "End the line at CR and skip one LF after it.",
        _SSE,
        severity="note",
    ),
    Rule(
        "SD513", "refuses-loose-form", "non-strict",
        "Nothing with most upstreams; one that sends blank lines, or no last line end, is not understood.",
        "A blank line is parsed as an object, or the last line counts only with its end.",
        "Skip lines that are blank; at the end of the body take the last line if it is whole JSON.",
        "github.com/ndjson/ndjson-spec, section 3",
        severity="note",
    ),
    Rule(
        "SD514", "keeps-cr", "non-strict",
        "Nothing to whoever reads the lines as JSON, where a CR at the end is white space.",
        "Lines are ended at LF, and the CR in front of it stays.",
        "Take a CR away that stands right before the LF.",
        "github.com/ndjson/ndjson-spec, section 3.1; RFC 8259 section 2",
        severity="note",
    ),
    Rule(
        "SD701", "raises", "crashed",
        "The answer ends in a stack trace.",
        "The parser does not expect these bytes, or these cuts.",
        "Handle what the format allows; keep what is unfinished until the rest has come.",
    ),
    Rule(
        "SD702", "raises-in-character", "crashed",
        "The answer ends in a UnicodeDecodeError, now and then, and never in English.",
        "Each piece is decoded by itself, though a cut may fall inside a code point.",
        "Use an incremental decoder (codecs.getincrementaldecoder('utf-8'), TextDecoder with stream: true), "
        "or decode whole lines only.",
        "Encoding Standard section 4.1",
    ),
    Rule(
        "SD703", "process-died", "crashed",
        "The whole process is gone.",
        "The parser, or native code that it calls, ended the process.",
        "Never exit from a parser; look at the native code for the signal named.",
    ),
)  # fmt: skip

RULES: dict[str, Rule] = {rule.code: rule for rule in sorted((*_PARSERS, *UPSTREAM, *HARNESS))}
"""By code, in the order of the codes."""
