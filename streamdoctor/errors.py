"""Whose fault is it: the file's, the caller's or ours. What a parser on trial does is never an exception of ours."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What every command returns (DESIGN section 8)."""

    OK = 0
    FOUND = 1
    USAGE = 2
    UNREADABLE = 3
    NOT_JUDGED = 4
    BUG = 70
    INTERRUPTED = 130


class StreamdoctorError(Exception):
    """One line that says what was wrong and where; `hint` says what to do next."""

    exit_code: ExitCode = ExitCode.BUG

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        if hint is not None:
            self.add_note(hint)  # where a traceback is all that is shown


class CaptureError(StreamdoctorError):
    """The file is at fault. `line` counts from 1; `byte` is the offset of that line in the file, if known."""

    exit_code = ExitCode.UNREADABLE

    def __init__(
        self, message: str, *, line: int | None = None, byte: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.line = line
        self.byte = byte


class UsageError(StreamdoctorError):
    """The caller is at fault: an unknown name, a bad option, a parser that cannot be loaded."""

    exit_code = ExitCode.USAGE


class HarnessError(StreamdoctorError):
    """We are at fault."""


class IncompleteStream(ConnectionError, EOFError):
    """What the transport raises to a parser on trial where the connection ended before HTTP's own end of the body.

    Nobody's fault here: it stands for what real transports raise then (http.client.IncompleteRead, urllib3's
    ProtocolError, httpx.RemoteProtocolError, aiohttp.ClientPayloadError, asyncio.IncompleteReadError), and is caught by
    handlers of ConnectionError, OSError and EOFError.
    """
