"""`streamdoctor parsers`: the parsers that can be called by name."""

from __future__ import annotations

import click

from streamdoctor.parsers.command import SHIMS
from streamdoctor.parsers.load import BUILTINS, FORMS
from streamdoctor.parsers.shapes import ADAPTER


@click.command("parsers")
@click.option("--shim", type=click.Choice(SHIMS), help="Print the path of what runs parsers of another language.")
def command(shim: str | None) -> None:
    """List the built-in parsers, and how to name your own."""
    if shim is not None:
        click.echo(SHIMS[shim])
        return
    width = max(map(len, BUILTINS))
    for name, builtin in BUILTINS.items():
        click.echo(f"{name.ljust(width)}  {builtin.kind:9}  {builtin.summary}")
    click.echo(f"\nYour own: {FORMS.partition(', or')[0]}. For instance:\n\n{ADAPTER}")
