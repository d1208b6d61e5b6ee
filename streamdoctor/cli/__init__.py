"""The command line: one file a command, loaded when it is called.

Results go to stdout, talk and progress to stderr. Every error of ours ends here as one clear line and its exit code.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import NoReturn

import click

from streamdoctor import __version__
from streamdoctor.errors import ExitCode, StreamdoctorError
from streamdoctor.visible import safe_text

# In the order in which `streamdoctor --help` lists them: the life of a stream.
COMMANDS = {
    "record": "Record live sessions: a reverse proxy that passes every byte on and keeps it.",
    "fetch": "Record one request, and print its body as it arrives.",
    "serve": "A fake upstream on a socket: plays captures as they came, or cut, framed and broken off as asked.",
    "show": "What captures hold: how each ended, its events, its numbers.",
    "replay": "One case step by step: each piece, what came out of it, what the reference says.",
    "check": "Run parsers over captures, cut in every way, and judge what comes out.",
    "compare": "Is it the same stream? Two captures, layer by layer.",
    "explain": "What a rule means: what users see, why it happens, how to mend it.",
    "minimise": "Make a failing case small, and keep it as files.",
    "import": "Make a capture of what was kept some other way: a body, a HAR, a trace of curl, a flow.",
    "export": "A capture for other tools, packed, or made quiet for a repository.",
    "parsers": "The parsers that can be called by name.",
    "tui": "See where it breaks: captures, verdicts, bytes and live recordings on one terminal.",
    "demo": "All of it in a few seconds: record a real stream, and see which parsers break on it.",
}


class LazyGroup(click.Group):
    """Knows each command's name and one line; imports `streamdoctor.cli.NAME` only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = "import_" if cmd_name == "import" else cmd_name
        command: click.Command = import_module(f"streamdoctor.cli.{module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="streamdoctor")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """The crash-test lab for stream parsers: record streamed responses, cut them, replay them, judge what comes out."""
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def main() -> NoReturn:
    """The entry point of the `streamdoctor` command."""
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        status = done.exit_code
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        status = ExitCode.INTERRUPTED
    except StreamdoctorError as error:
        click.echo(f"streamdoctor: {safe_text(str(error))}", err=True)
        if error.hint:
            for line in error.hint.split("\n"):
                click.echo(f"  {safe_text(line)}", err=True)
        status = error.exit_code
    except BrokenPipeError:
        # The reader of our output left: nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = ExitCode.OK
    sys.exit(int(status or 0))
