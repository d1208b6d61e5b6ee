"""The shape of a parser is found by looking at it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from streamdoctor.errors import UsageError
from streamdoctor.parsers.shapes import ADAPTER, find_shape


class Fed:
    def feed(self, piece: bytes) -> None: ...


class FedWithOptions(Fed):
    def __init__(self, encoding: str = "utf-8", **more: Any) -> None: ...


class Iterates:
    def __init__(self, pieces: Any) -> None: ...

    def __iter__(self) -> Any: ...


class IteratesAsync:
    def __init__(self, pieces: Any) -> None: ...

    def __aiter__(self) -> Any: ...


class Called:
    def __call__(self, pieces: Any) -> Any:
        yield


class CalledAsync:
    async def __call__(self, pieces: Any) -> Any:
        yield


def plain(pieces: Any) -> Any: ...


def generator(pieces: Any, size: int = 3) -> Any:
    yield


async def coroutine(pieces: Any) -> Any: ...


async def generator_async(pieces: Any) -> Any:
    yield


def variadic(*streams: Any) -> Any: ...


def makes_one() -> Any:
    return Fed()


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (Fed, "feed"),
        (FedWithOptions, "feed"),
        (makes_one, "feed"),
        (partial(FedWithOptions, "latin-1"), "feed"),
        (plain, "look"),
        (generator, "sync"),
        (coroutine, "async"),
        (generator_async, "async"),
        (Iterates, "look"),
        (IteratesAsync, "async"),
        (Called(), "sync"),
        (CalledAsync(), "async"),
        (partial(generator, size=4), "sync"),
    ],
)
def test_shapes(target: Any, kind: str) -> None:
    assert find_shape(target).kind == kind


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (7, "cannot be called"),
        (lambda: 7, "no `feed`"),
        (lambda a, b: None, "takes 2"),
        (lambda *, key: None, "keyword"),
    ],
)
def test_what_has_no_shape_gets_an_adapter_to_start_from(target: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        find_shape(target)
    assert raised.value.hint == ADAPTER


def test_the_adapter_is_python() -> None:
    compile(ADAPTER, "adapter", "exec")
