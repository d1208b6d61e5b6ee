"""A small app on sse-starlette: a chat that looks like OpenAI's, and feeds of application events. Port 8201."""

import asyncio
import json
from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, JSONServerSentEvent, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

REPLY = (
    "Bonjour ! Voici trois gares où il fait bon attendre : 東京駅 (とうきょう), Zürich HB et São Bento 🚉. "
    "À Tōkyō, prenez un ekiben 🍱 ; à Zürich, un café ☕️ ; à Porto, regardez les azulejos. "
    "良い旅を! Gute Reise! Boa viagem! 👩🏽\u200d🚀"
)
RESTS = {6, 19}
"""Words after which the answer rests for longer than the ping interval."""


def chunk(delta: dict[str, str], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "chatcmpl-station", "object": "chat.completion.chunk", "created": 1795430000, "model": "station-1"}
    return json.dumps({**head, "choices": [choice]}, ensure_ascii=False)


async def chat(request: Request) -> EventSourceResponse:
    async def events() -> AsyncIterator[dict[str, str]]:
        yield {"data": chunk({"role": "assistant", "content": ""})}
        for number, word in enumerate(REPLY.split(" ")):
            yield {"data": chunk({"content": word if number == 0 else " " + word})}
            await asyncio.sleep(1.3 if number in RESTS else 0.03)
        yield {"data": chunk({}, "stop")}
        yield {"data": "[DONE]"}

    return EventSourceResponse(events(), ping=1)


async def feed(request: Request) -> EventSourceResponse:
    async def events() -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(comment="welcome")
        yield ServerSentEvent("12", event="viewers", id="1", retry=4000)
        yield ServerSentEvent("Platform 4\nZürich HB 🚆\n\nboarding now", event="notice", id="2")
        await asyncio.sleep(1.2)
        train = {"train": "IC 8", "delay": 3, "stops": ["Thun", "Spiez", "Visp"]}
        yield JSONServerSentEvent(train, event="train", id="3")
        yield ServerSentEvent("no name and no id: a plain message")
        yield ServerSentEvent("", event="heartbeat")
        yield ServerSentEvent("  two spaces stand before this", event="notice", id="4")
        await asyncio.sleep(1.1)
        yield ServerSentEvent("11", event="viewers", id="5")
        yield ServerSentEvent("新幹線 は 定刻です\n次は 名古屋", event="notice", id="6")
        yield ServerSentEvent("bye", event="end", id="7")

    return EventSourceResponse(events(), ping=1)


async def log(request: Request) -> EventSourceResponse:
    async def events() -> AsyncIterator[ServerSentEvent]:
        for minute in range(180):
            clock = f"{13 + minute // 60}:{minute % 60:02d}"
            yield ServerSentEvent(f"{clock} 気温 {7 + minute % 5}°", event="log")
            yield ServerSentEvent(f"{clock} vent {minute * 7 % 40} km/h")
            if minute % 12 == 11:
                await asyncio.sleep(0.05)

    return EventSourceResponse(events())


app = Starlette(
    routes=[
        Route("/v1/chat/completions", chat, methods=["POST"]),
        Route("/feed", feed),
        Route("/log", log),
    ]
)
