"""Which exchanges are attempts of one request: the same request, sent again after the earlier attempt had ended.

Rule: heads must be equal but for what changes by itself, bodies as far as both are known. Where no byte of a body is
known yet, it takes a sign (the SDK's own retry count, or an earlier failure) to call it a retry. Pure.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from streamdoctor.record.commands import Identity

_MOST_REQUESTS = 256
_MOST_BODIES = 16


@dataclass(slots=True)
class Attempt:
    """One try: its session, its number in it from 1, and whether it is over and failed."""

    session: str
    number: int
    body: bytes = b""
    ended: bool = False
    failed: bool = False


class Sessions:
    """Remembers the last requests, a bounded number."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, list[Attempt]] = OrderedDict()

    def begin(self, request: Identity | None, session: str) -> Attempt:
        """The attempt that this request is: of an earlier session, or the first of the new `session`."""
        if request is None:
            return Attempt(session, 1)
        attempts = self._known.setdefault(request.head, [])
        self._known.move_to_end(request.head)
        earlier = next((one for one in reversed(attempts) if _same(one, request)), None)
        attempt = Attempt(session, 1, request.body)
        if earlier:
            attempts.remove(earlier)
            attempt = Attempt(earlier.session, earlier.number + 1, request.body or earlier.body)
        attempts.append(attempt)
        del attempts[:-_MOST_BODIES]
        if len(self._known) > _MOST_REQUESTS:
            self._known.popitem(last=False)
        return attempt


def _same(earlier: Attempt, request: Identity) -> bool:
    if not earlier.ended and not request.retry:
        return False
    shared = min(len(earlier.body), len(request.body))
    if earlier.body[:shared] != request.body[:shared]:
        return False
    return bool(shared or not request.bodied or request.retry or earlier.failed)
