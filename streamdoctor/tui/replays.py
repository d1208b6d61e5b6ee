"""The inspect screen's line to `replaying`: one process that stays, one request at a time, the newest one counts."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import DEVNULL, Process
from dataclasses import asdict, replace
from typing import Any

from streamdoctor.tui import processes
from streamdoctor.tui.case import CaseToInspect


class Replays:
    """Answers are those of `replaying`; a process that is gone is started anew."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._lock = asyncio.Lock()
        self._number = 0

    async def ask(self, do: str, case: CaseToInspect, **more: Any) -> dict[str, Any]:
        """What came of it; `t` is "trouble" where the process is gone."""
        async with self._lock:
            self._number += 1
            fields = asdict(replace(case, finding=None, findings=()))
            request = {"id": self._number, "do": do, **fields, **more}
            process = await self._running()
            assert process.stdin and process.stdout
            process.stdin.write(json.dumps(request).encode() + b"\n")
            while line := await process.stdout.readline():
                answer: dict[str, Any] = json.loads(line)
                if answer["id"] == self._number:
                    return answer
            await self.close()
            return {"t": "trouble", "message": "the process that replays ended", "hint": None}

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await processes.start(["-m", "streamdoctor.tui.replaying"], stderr=DEVNULL)
        return self._process

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await processes.kill(process)
