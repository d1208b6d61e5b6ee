"""A long capture read in a process of its own, so that no key waits for it: `python -m streamdoctor.tui.reader PATH`.

Its answer is an Entry, pickled, on stdout: both sides are ours. It ends with its work, or when it is killed.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
from asyncio.subprocess import DEVNULL
from pathlib import Path

from streamdoctor.tui import processes
from streamdoctor.tui.library import LONG, Entry, Stamp, read_entry

_DIED = "it was not read to its end: the process that reads it died"


async def entry_of(path: Path, stamp: Stamp) -> Entry:
    """What there is to say of one capture; a short one is read in a thread."""
    _, size, _ = stamp
    if size < LONG:
        return await asyncio.to_thread(read_entry, path, stamp)
    process = await processes.start(["-m", "streamdoctor.tui.reader", str(path)], stderr=DEVNULL)
    try:
        told, _ = await process.communicate(pickle.dumps(stamp))
    finally:
        await processes.kill(process)
    entry: Entry = pickle.loads(told) if told else Entry(path, stamp, trouble=_DIED)
    return entry


def main() -> None:
    stamp: Stamp = pickle.load(sys.stdin.buffer)
    sys.stdout.buffer.write(pickle.dumps(read_entry(Path(sys.argv[1]), stamp)))


if __name__ == "__main__":
    main()
