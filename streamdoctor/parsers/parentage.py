"""A child that ends when its parent does, however the parent ends: on Linux the kernel sees to it."""

from __future__ import annotations

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PRCTL = getattr(ctypes.CDLL(None), "prctl", None) if sys.platform == "linux" else None


def end_with_parent(how: signal.Signals = signal.SIGKILL) -> None:
    """Called in the child: it gets this signal when the thread that forked it is gone."""
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, how)
