"""The answers that aimock gives, as its fixture file: python aimock_fixtures.py > fixtures.json"""

import json
import sys

LOGBOOK = "".join(
    f"{line:03d} The parcel left the depot, crossed the river and came to the next town by noon.\n"
    for line in range(1, 301)
)
DIARY = "".join(
    f"Day {day}: rain before noon, sun after it, and the boat still lies in the harbour. " for day in range(1, 21)
)
STATION = (
    "駅の案内です。"
    + "次の電車は、三番線から発車します。足元にご注意ください。" * 40
    + "窓の外に富士山🗻が見えます。"
    + "お弁当🍱とお茶🍵は、前の車両でお求めになれます。" * 40
    + "良い旅を！"
)
SONG = (
    "Grüße aus Köln 👋🏽! 東京は今日も雨です。🌧️ Cafe\u0301 s'il vous plaît ☕ "
    "and a family: 👨\u200d👩\u200d👧\u200d👦 🇯🇵 done."
)
TALE = "🧚\u200d♀️ Once upon a time 🏰 a fox 🦊 met a bear 🐻, and they were friends 👫 ever after 🌟🌟🌟."
SEPARATORS = (
    "first\u2028second\u2029third\u0085fourth; all one line of JSON. "
    "\u2028\u2028doubled, \u0085 alone, and a plain\nnewline at the end.\n"
)
TABLE = {
    "restaurant": 'Trattoria "Da Ugo"',
    "guests": 4,
    "time": "19:30",
    "note": "fenêtre, s'il vous plaît 🪟",
}
TAXI = {"from": "12 Hill Road", "at": "19:00"}


def answer(asked: str, response: object, **timing: object) -> dict[str, object]:
    """What aimock streams when the last user message holds `asked`; chunkSize counts UTF-16 units, latency ms."""
    if isinstance(response, str):
        response = {"content": response}
    return {"match": {"userMessage": asked}, "response": response, **timing}


FIXTURES = [
    answer("announce the next train", STATION, chunkSize=230, latency=40),
    answer("tell me a short fairy tale", TALE, chunkSize=6, latency=20),
    answer("sing in three languages", SONG, chunkSize=3, latency=20),
    answer(
        "weather in two sentences",
        "It rains in the morning and clears by noon. Take an umbrella, 傘さん ☂️.",
        chunkSize=8,
        latency=20,
    ),
    answer("odd line separators", SEPARATORS, chunkSize=7, latency=15),
    answer("the whole logbook", LOGBOOK, chunkSize=12000, latency=60),
    answer("read me the diary", DIARY, latency=25),
    answer(
        "plan a walk",
        "Start at the mill, follow the stream to the bridge, and come back by the ridge ⛰️ before dark.",
        chunkSize=8,
        latency=20,
        openRouterProcessing=True,
    ),
    answer(
        "book a table",
        {
            "toolCalls": [
                {"id": "call_table", "name": "book_table", "arguments": TABLE},
                {"id": "call_taxi", "name": "call_taxi", "arguments": TAXI},
            ]
        },
        chunkSize=9,
        latency=20,
    ),
]

if __name__ == "__main__":
    json.dump({"fixtures": FIXTURES}, sys.stdout, ensure_ascii=False, indent=1)
