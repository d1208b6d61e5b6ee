"""Streams one answer with a vendor's SDK: python client.py chat|responses|messages PROMPT [JSON of further options]"""

import json
import sys

from anthropic import Anthropic
from openai import OpenAI


def chat(prompt: str, options: dict) -> None:
    asked = [{"role": "user", "content": prompt}]
    for chunk in OpenAI(max_retries=0).chat.completions.create(messages=asked, stream=True, **options):
        for choice in chunk.choices:
            for call in choice.delta.tool_calls or []:
                print(call.function.name or "", call.function.arguments or "", end="", flush=True)
            show(choice.delta.content or "")


def responses(prompt: str, options: dict) -> None:
    for event in OpenAI(max_retries=0).responses.create(input=prompt, stream=True, **options):
        show(getattr(event, "delta", ""))


def messages(prompt: str, options: dict) -> None:
    asked = [{"role": "user", "content": prompt}]
    with Anthropic(max_retries=0).messages.stream(messages=asked, **options) as stream:
        for text in stream.text_stream:
            show(text)


def show(text: str) -> None:
    print(text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"), end="", flush=True)


if __name__ == "__main__":
    further = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    try:
        {"chat": chat, "responses": responses, "messages": messages}[sys.argv[1]](
            sys.argv[2], {"model": "smollm2", **further}
        )
    except Exception as error:
        print(f"\n{type(error).__name__}: {error}", end="")
    print()
