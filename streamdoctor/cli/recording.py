"""What the commands that record share: where captures go, what is covered in them, whom to trust; and how they talk."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from streamdoctor.errors import UsageError
from streamdoctor.visible import safe_text, shorten

if TYPE_CHECKING:
    from streamdoctor.capture.redact import Rules
    from streamdoctor.record.store import Recorded

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Keeping(NamedTuple):
    """The folder for captures, what to cover in them (None: nothing), and whose certificates to take."""

    out: str
    rules: Rules | None
    ca: str | None
    insecure: bool

    def warn(self) -> None:
        """Says loudly what is not safe."""
        if self.insecure:
            say("streamdoctor: --insecure: the upstream's certificate is not checked; anyone on the way can read and "
                "change this")  # fmt: skip
        if self.rules is None:
            say("streamdoctor: --no-redact: keys and cookies go into the captures as they are")


def keeping(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--out --ca --insecure --redact-header --redact-pattern --no-redact`, handed over as one `keeping`."""
    options = (
        click.option("--out", metavar="DIR", default="captures", show_default=True, help="The folder for captures."),
        click.option("--ca", metavar="FILE", help="Trust these certificates (PEM) too."),
        click.option("--insecure", is_flag=True, help="Do not check the upstream's certificate."),
        click.option("--redact-header", metavar="NAME", multiple=True, help="Cover this header's value too."),
        click.option("--redact-pattern", metavar="REGEX", multiple=True, help="Cover what this matches, anywhere."),
        click.option("--no-redact", is_flag=True, help="Write secrets to disk as they are."),
    )

    @wraps(function)
    def gathered(
        *args: Any,
        out: str,
        ca: str | None,
        insecure: bool,
        redact_header: tuple[str, ...],
        redact_pattern: tuple[str, ...],
        no_redact: bool,
        **others: Any,
    ) -> Any:
        rules = None if no_redact else _rules(redact_header, redact_pattern)
        return function(*args, keeping=Keeping(out, rules, ca, insecure), **others)

    for option in reversed(options):
        gathered = option(gathered)
    return gathered


def _rules(headers: tuple[str, ...], patterns: tuple[str, ...]) -> Rules:
    from streamdoctor.capture.redact import Rules

    for name in headers:
        if not _HEADER_NAME.fullmatch(name):
            raise UsageError(f"--redact-header {name}: this is no header name")
    return Rules(frozenset(name.lower() for name in headers), tuple(map(_pattern, patterns)))


def _pattern(text: str) -> re.Pattern[bytes]:
    try:
        compiled = re.compile(text.encode("utf-8"))
    except re.error as error:
        raise UsageError(f"--redact-pattern {text}: {error}") from None
    if compiled.match(b""):
        raise UsageError(f"--redact-pattern {text}: it matches the empty string")
    return compiled


class Talk:
    """What the user sees on stderr while exchanges are recorded, and of them all at the end."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.count = 0
        self.say = say
        self._paths: list[Path] = []
        self._size = 0

    def warn(self, message: str) -> None:
        self.say(f"streamdoctor: {message}")

    def add(self, done: Recorded) -> None:
        """Counts an exchange without a word."""
        self.count += 1
        self._size += done.size
        if done.path:
            self._paths.append(done.path)

    def tell(self, done: Recorded) -> None:
        """One line an exchange."""
        self.add(done)
        self.say(f"{self.count:>4}  {told(done)}")
        if done.message:
            self.say(f"      {done.message}")

    def sum_up(self) -> None:
        if self.count:
            what = f"{_counted(self.count, 'exchange')}, {self._size} bytes received"
            self.say(f"{what}, {_counted(len(self._paths), 'capture')}:")

    def paths(self, *, err: bool = False) -> None:
        """The captures, a path a line."""
        for path in self._paths:
            click.echo(safe_text(str(path)) if err else str(path), err=err)


def told(done: Recorded) -> str:
    """One exchange on one line."""
    attempt = f", attempt {done.attempt}" if done.attempt > 1 else ""
    ending = f"{done.cause} ({done.framing})" if done.framing else done.cause
    return (
        f"{done.method or '?'} {shorten(safe_text(done.target or '?'), 60)}  {done.status or '---'}  "
        f"{done.reads} reads, {done.size} bytes, {done.ns / 1e9:.3f} s{attempt}  {ending}"
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def say(line: str) -> None:
    """A line on stderr, safe to print."""
    click.echo(safe_text(line), err=True)
