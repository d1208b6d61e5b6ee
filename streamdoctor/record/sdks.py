"""The SDKs that can be pointed at a listener through their environment: the one registry of them. Pure.

To add one: its name, the variables that hold its base URL, where it goes without them, and the path that the value
carries after the host.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class SDK(NamedTuple):
    """`port` is where a value that names none points; None where the scheme says it."""

    name: str
    variables: tuple[str, ...]
    upstream: str
    path: str = ""
    port: int | None = None


SDKS = (
    SDK("openai", ("OPENAI_BASE_URL", "OPENAI_API_BASE"), "https://api.openai.com", "/v1"),
    SDK("anthropic", ("ANTHROPIC_BASE_URL",), "https://api.anthropic.com"),
    SDK("gemini", ("GOOGLE_GEMINI_BASE_URL",), "https://generativelanguage.googleapis.com"),
    SDK("cohere", ("CO_API_URL",), "https://api.cohere.com"),
    SDK("groq", ("GROQ_BASE_URL",), "https://api.groq.com"),
    SDK("cerebras", ("CEREBRAS_BASE_URL",), "https://api.cerebras.ai"),
    SDK("replicate", ("REPLICATE_BASE_URL",), "https://api.replicate.com"),
    SDK("ollama", ("OLLAMA_HOST",), "http://127.0.0.1:11434", port=11434),
)

_EVERYWHERE = ("0.0.0.0", "::", "")
_LOCAL = "127.0.0.1,localhost,::1"


class Stand(NamedTuple):
    """A listener to be: the upstream behind it, and the variables that point there, with the path each carries."""

    name: str
    upstream: str
    paths: Mapping[str, str]

    def values(self, url: str) -> dict[str, str]:
        """The variables, now that the listener has a URL."""
        return {variable: url + path for variable, path in self.paths.items()}


def stands(upstream: str | None, environment: Mapping[str, str]) -> list[Stand]:
    """One for all SDKs in front of `upstream`; without it one each, in front of where that SDK goes now."""
    if upstream is None:
        return [_own_stand(sdk, environment) for sdk in SDKS]
    base = upstream.rstrip("/")
    paths = {name: _missing(base, sdk.path) for sdk in SDKS for name in sdk.variables}
    return [Stand("", upstream, paths)]


def _missing(base: str, path: str) -> str:
    """The path that the value must carry: none where the upstream's own ends with it."""
    return "" if base.endswith(path) else path


def _own_stand(sdk: SDK, environment: Mapping[str, str]) -> Stand:
    now = next((environment[name] for name in sdk.variables if environment.get(name)), "")
    upstream = _as_url(now, sdk).rstrip("/") if now else sdk.upstream + sdk.path
    path = sdk.path if upstream.endswith(sdk.path) else ""
    return Stand(sdk.name, upstream.removesuffix(path), dict.fromkeys(sdk.variables, path))


def _as_url(value: str, sdk: SDK) -> str:
    """A value as a URL to connect to: some SDKs take `HOST`, `:PORT` or the address that a server listens on."""
    scheme, mark, rest = value.rpartition("://")
    place, slash, path = rest.partition("/")
    host, colon, port = place.rpartition(":")
    if not colon or not port.isdigit():
        host, port = place, ""
    host = "127.0.0.1" if host.strip("[]") in _EVERYWHERE else host
    if not port and sdk.port and not mark:
        port = str(sdk.port)
    return f"{scheme or 'http'}://{host}{':' + port if port else ''}{slash}{path}"


def child_environment(environment: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """What the child gets: the base URLs, and no proxy on the way to them."""
    exempt = {
        name: ",".join(filter(None, (environment.get(name) or environment.get(other), _LOCAL)))
        for name, other in (("NO_PROXY", "no_proxy"), ("no_proxy", "NO_PROXY"))
    }
    return {**environment, **values, **exempt}


def export_lines(values: Sequence[Mapping[str, str]]) -> list[str]:
    """`NAME=URL` to paste, a line each."""
    return [f"{name}={value}" for group in values for name, value in group.items()]
