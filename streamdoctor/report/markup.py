"""HTML built from values: every text and attribute is made safe and escaped, in this one place. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from streamdoctor.visible import safe_text

_VOID = frozenset({"meta", "link", "br", "hr", "input", "rect", "line", "path", "circle", "polygon"})


class Html(str):
    """Markup that `tag` made: it is not escaped again."""


Child = str | Html | None


def text(value: str) -> Html:
    """Foreign or own text as markup that can do nothing."""
    return value if isinstance(value, Html) else Html(escape(safe_text(value)))


def tag(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Html:
    """One element. `class_` and `for_` lose their underscore, others turn it into a hyphen; None and False leave an
    attribute out, True gives it no value."""
    told = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if name in _VOID:
        return Html(f"<{name}{told}>" if name in ("meta", "link", "br", "hr", "input") else f"<{name}{told}/>")
    return Html(f"<{name}{told}>{join(children)}</{name}>")


def join(children: Iterable[Child], separator: str = "") -> Html:
    """Several one after the other."""
    return Html(separator.join(text(child) for child in children if child is not None))


def _attribute(key: str, value: str | int | float | bool | None) -> str:
    if value is False:
        return ""
    name = key.rstrip("_").replace("_", "-").replace("viewbox", "viewBox")
    return f" {name}" if value is True else f' {name}="{escape(safe_text(str(value)))}"'
