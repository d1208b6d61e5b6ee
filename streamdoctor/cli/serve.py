"""`streamdoctor serve`: a fake upstream that plays captures on a socket."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamdoctor.cli.recording import say
from streamdoctor.faults import plans
from streamdoctor.replay.server_framing import FRAMINGS, Framing
from streamdoctor.replay.server_plan import Options, Programme
from streamdoctor.report.words import plural
from streamdoctor.splits import strategies
from streamdoctor.visible import safe_text, shorten

if TYPE_CHECKING:
    from streamdoctor.replay.server import Played, ReplayServer

_MOST_NAMES = 3
_SPLITS = [usage for usage in strategies.usages() if usage != "standard"]


@click.command("serve", short_help="A fake upstream that plays captures.")
@click.argument("captures", metavar="CAPTURE|DIR...", nargs=-1, required=True)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8086",
    show_default=True,
    help="Where clients come; port 0: any.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="FACTOR",
    help="2 is twice as fast as recorded; 0 waits for nothing.",
)
@click.option(
    "--split",
    "-s",
    default="recorded",
    show_default=True,
    metavar="NAME",
    help=f"Cut the body: {', '.join(_SPLITS)}. Of several runs, one a request.",
)
@click.option(
    "--framing", type=click.Choice(FRAMINGS), default="recorded", show_default=True, help="How HTTP frames the body."
)
@click.option(
    "--fault",
    "-f",
    "faults",
    multiple=True,
    metavar="NAME",
    help=f"Misbehave: {', '.join(plans.usages())}. Of several, one a request.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="For random splits.")
@click.option("--cors", is_flag=True, help="Let pages of any origin read this: headers are added to what is played.")
def command(
    captures: tuple[str, ...],
    listen: str,
    speed: float,
    split: str,
    framing: Framing,
    faults: tuple[str, ...],
    seed: int,
    cors: bool,
) -> None:
    """Play captures to any number of clients at once, as if this were the upstream: the bytes, the reads, their times
    and the end as recorded. A reset is a reset, and what never ended does not end.

    A request gets the capture of the same method and path; of several the next one, in turn. With --split, --framing
    or --fault the body is decoded, cut and framed anew; its pieces come at the recorded pace. ctrl-C ends it.

    Each piece is one write. A client on this machine (on Linux) reads each piece alone at any speed, if it reads within
    a quarter of a second; for others, writes are at least a millisecond apart, and the network may join them.
    """
    import asyncio

    from streamdoctor.capture.file import expand, load
    from streamdoctor.cli.listening import parse_listen
    from streamdoctor.replay.server import ReplayServer

    options = Options(split, faults, framing, seed)
    options.validate()
    host, port = parse_listen(listen)
    paths = list(dict.fromkeys(expand(captures)))
    talk = Talk()
    server = ReplayServer(
        [load(path) for path in paths],
        names=_names(paths),
        host=host,
        port=port,
        speed=speed,
        options=options,
        cors=cors,
        on_played=talk.tell,
    )
    asyncio.run(_serve(server, talk, options, cors))
    talk.sum_up(server)


def _names(paths: list[Path]) -> list[str]:
    """What each file is called in lines: its own name, with its folder where two share one."""
    short = [path.name.partition(".capture.jsonl")[0] for path in paths]
    taken = Counter(short)
    return [str(path) if taken[name] > 1 else name for path, name in zip(paths, short, strict=True)]


async def _serve(server: ReplayServer, talk: Talk, options: Options, cors: bool) -> None:
    import asyncio

    from streamdoctor.cli.listening import allow_many_files, ignore_gone_peers, stop_on_signals

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(ignore_gone_peers)
    stop = asyncio.Event()
    allow_many_files()
    async with server:
        stop_on_signals(loop, stop)
        talk.begin(server, options, cors)
        await stop.wait()


class Talk:
    """What is said on stderr: what there is, one line a request, and who took what."""

    def __init__(self) -> None:
        self._played: Counter[tuple[str, str, bool]] = Counter()

    def begin(self, server: ReplayServer, options: Options, cors: bool) -> None:
        made = server.programmes
        say(f"serving {plural(len(made), 'capture')} on {server.url}{_pace(server.speed)}; ctrl-C ends it")
        for line in listing(made):
            say(f"  {line}")
        for programme in made:
            if programme.note:
                say(f"streamdoctor: {programme.name}: {programme.note}")
        if not options.as_recorded:
            say("bodies are decoded, cut and framed anew; other headers are as recorded")
        if cors:
            say("--cors: headers are added to responses to requests with an Origin; without one they are byte-exact")
        if not server.url.startswith(("http://127.", "http://localhost:", "http://[::1]:")):
            say("streamdoctor: listening beyond this machine: whoever reaches this port can read the captures")
        self._base_urls(server)

    def _base_urls(self, server: ReplayServer) -> None:
        from streamdoctor.replay.server_urls import base_url_lines

        for line in base_url_lines(server.url, [(programme.path, programme.name) for programme in server.programmes]):
            say(line)

    def tell(self, done: Played) -> None:
        """One line a request."""
        early = done.cause == "client-closed" and done.pieces < done.of
        self._played[done.capture, done.cause, early] += 1
        target = shorten(safe_text(done.target or "?"), 60)
        what = f"{done.capture}{f' ({done.about})' if done.about else ''}  " if done.capture else ""
        say(
            f"{self._played.total():>4}  {done.method or '?'} {target}  {done.status or '---'}  {what}"
            f"{done.pieces} of {plural(done.of, 'piece')}, {done.size:,} bytes, {done.ns / 1e9:.3f} s  {_ending(done)}"
        )

    def sum_up(self, server: ReplayServer) -> None:
        if not self._played:
            say("no request came")
            return
        say(f"{plural(self._played.total(), 'request')}:")
        for programme in server.programmes:
            own = {key[1:]: count for key, count in self._played.items() if key[0] == programme.name}
            if own:
                say(f"  {programme.name}: {_counts(own)}")
        rest = sum(count for (name, _, _), count in self._played.items() if not name)
        if rest:
            say(f"  no capture: {plural(rest, 'request')} answered by the server itself")


def listing(made: list[Programme]) -> list[str]:
    """What there is, a line for each method and path."""
    groups: dict[tuple[str, str], list[str]] = {}
    for programme in made:
        groups.setdefault((programme.method, programme.path), []).append(programme.name)
    lines = []
    for (method, path), names in groups.items():
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        turns = ", in turn" if len(names) > 1 else ""
        what = f"{method} {path}" if method else "any other request"
        lines.append(f"{what}  {', '.join(names[:_MOST_NAMES])}{more}{turns}")
    return lines


def _pace(speed: float) -> str:
    if speed == 1:
        return ""
    return f", {speed:g} times as fast as recorded" if speed else ", without waiting"


def _ending(done: Played) -> str:
    if done.cause == "client-closed":
        return f"the client left after {done.left_after if done.left_after is not None else done.pieces} of {done.of}"
    if done.left_after is not None and done.left_after < done.of:
        return f"{done.cause}; the client had ended its side after {done.left_after}"
    return done.cause


def _counts(own: dict[tuple[str, bool], int]) -> str:
    """`taken 3 times: complete 2, client-closed 1 (1 before the last piece)`, from (cause, left early)."""
    causes: Counter[str] = Counter()
    for (cause, _), count in own.items():
        causes[cause] += count
    early = sum(count for (_, left), count in own.items() if left)
    ends = ", ".join(f"{cause} {count}" for cause, count in causes.items())
    return f"taken {plural(causes.total(), 'time')}: {ends}" + (f" ({early} before the last piece)" if early else "")
