"""Where SDKs are pointed: at one listener, or each at its own in front of where it goes now."""

from __future__ import annotations

import pytest

from streamdoctor.errors import UsageError
from streamdoctor.record.sdks import SDKS, Stand, child_environment, export_lines, stands
from streamdoctor.record.upstream import parse_upstream

HERE = "http://127.0.0.1:1"


def own(name: str, **environment: str) -> Stand:
    return next(stand for stand in stands(None, environment) if stand.name == name)


def test_all_sdks_are_pointed_at_one_upstream() -> None:
    (stand,) = stands("http://127.0.0.1:8101", {"OPENAI_BASE_URL": "https://elsewhere.example/v1"})
    values = stand.values(HERE)
    assert stand.upstream == "http://127.0.0.1:8101"
    assert values["OPENAI_BASE_URL"] == values["OPENAI_API_BASE"] == HERE + "/v1"
    assert {values[name] for sdk in SDKS[1:] for name in sdk.variables} == {HERE}


@pytest.mark.parametrize("upstream", ["https://h.example/api/v1", "https://h.example/api/v1/"])
def test_an_upstream_that_has_the_path_already_gets_no_second_one(upstream: str) -> None:
    (stand,) = stands(upstream, {})
    assert stand.values(HERE)["OPENAI_BASE_URL"] == HERE


def test_each_sdk_goes_where_it_went() -> None:
    assert [stand.upstream for stand in stands(None, {})] == [sdk.upstream for sdk in SDKS]
    assert own("openai").values(HERE)["OPENAI_BASE_URL"] == HERE + "/v1"


@pytest.mark.parametrize(
    ("name", "variable", "value", "upstream", "path"),
    [
        ("openai", "OPENAI_BASE_URL", "https://gw.example/llm/v1/", "https://gw.example/llm", "/v1"),
        ("openai", "OPENAI_API_BASE", "https://gw.example/llm", "https://gw.example/llm", ""),
        ("anthropic", "ANTHROPIC_BASE_URL", "http://[::1]:9", "http://[::1]:9", ""),
        ("ollama", "OLLAMA_HOST", "box", "http://box:11434", ""),
        ("ollama", "OLLAMA_HOST", "0.0.0.0", "http://127.0.0.1:11434", ""),
        ("ollama", "OLLAMA_HOST", ":80", "http://127.0.0.1:80", ""),
        ("ollama", "OLLAMA_HOST", "https://box", "https://box", ""),
    ],
)
def test_a_variable_that_is_set_says_where_the_sdk_goes(
    name: str, variable: str, value: str, upstream: str, path: str
) -> None:
    stand = own(name, **{variable: value})
    assert (stand.upstream, stand.values(HERE)[variable]) == (upstream, HERE + path)
    assert parse_upstream(stand.upstream).url == upstream


def test_nonsense_in_a_variable_is_told_when_it_is_parsed() -> None:
    with pytest.raises(UsageError):
        parse_upstream(own("openai", OPENAI_BASE_URL="https://h:port/v1").upstream)


def test_registry_entries_are_whole() -> None:
    names = [name for sdk in SDKS for name in sdk.variables]
    assert len(names) == len(set(names))
    for sdk in SDKS:
        assert parse_upstream(sdk.upstream).url == sdk.upstream and sdk.variables


def test_the_child_reaches_the_listener_without_a_proxy() -> None:
    environment = child_environment({"PATH": "/bin", "no_proxy": "corp.example"}, {"OLLAMA_HOST": HERE})
    assert environment["OLLAMA_HOST"] == HERE and environment["PATH"] == "/bin"
    assert environment["NO_PROXY"] == environment["no_proxy"] == "corp.example,127.0.0.1,localhost,::1"


def test_lines_to_paste() -> None:
    (stand,) = stands("http://h.example", {})
    assert export_lines([stand.values(HERE)])[0] == f"OPENAI_BASE_URL={HERE}/v1"
