"""One case in this process: each shape gets its pieces when it asks, and whatever it does is a fact in a transcript."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import pytest

from streamdoctor.faults.plans import Ending, Plan
from streamdoctor.parsers.shapes import find_shape
from streamdoctor.replay.inprocess import NotAStream, run
from streamdoctor.replay.transcript import Transcript

BODY = b"ab\ncd\nef\n"
CUTS = (3, 6)


def played(parser: Any, ending: Ending = "clean", again: bytes | None = None) -> Transcript:
    return run(find_shape(parser), Plan(None, BODY, ending, again), CUTS)


def out(transcript: Transcript) -> list[tuple[int, str]]:
    return [(output.step, output.item.text) for output in transcript.outputs]


class Feed:
    def feed(self, piece: bytes) -> list[bytes]:
        return [piece]

    def close(self) -> str:
        return "closed"


def sync(pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield from pieces


async def asynchronous(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield piece


def either(pieces: Any) -> Any:
    return asynchronous(pieces)


async def awaited(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    return asynchronous(pieces)


PIECES = [(1, "ab\n"), (2, "cd\n"), (3, "ef\n")]


@pytest.mark.parametrize("parser", [sync, asynchronous, either, awaited])
def test_a_function_gets_a_piece_a_step(parser: Any) -> None:
    transcript = played(parser)
    assert out(transcript) == PIECES
    assert transcript.finished
    assert transcript.end_seen
    assert transcript.ends == (3, 6, 9)


def test_an_object_is_fed_and_closed() -> None:
    transcript = played(Feed)
    assert out(transcript) == [*PIECES, (4, "closed")]
    assert transcript.finished
    assert not transcript.can_end, "it has no `done`"


@pytest.mark.parametrize(
    "result",
    [
        ["a", "b"],
        ("a", "b"),
        iter(("a", "b")),
        {"a": 1, "b": 2}.keys(),
    ],
    ids=lambda result: type(result).__name__,
)
def test_what_feed_returns_is_drained_at_once(result: Any) -> None:
    class Once:
        def __init__(self) -> None:
            self.left = [result]

        def feed(self, piece: bytes) -> Any:
            return self.left.pop() if self.left else None

    assert out(played(Once)) == [(1, "a"), (1, "b")]


@pytest.mark.parametrize(("item", "text"), [("one", "one"), (b"one", "one"), ({"a": 1}, '{"a":1}')])
def test_a_single_item_stands_for_itself(item: Any, text: str) -> None:
    class Single(Feed):
        def feed(self, piece: bytes) -> Any:
            return item

    assert out(played(Single))[0] == (1, text)


def test_a_list_that_is_used_again_is_taken_as_it_was() -> None:
    class Reuses:
        def __init__(self) -> None:
            self.out: list[bytes] = []

        def feed(self, piece: bytes) -> list[bytes]:
            self.out.clear()
            self.out.append(piece)
            return self.out

    assert out(played(Reuses)) == PIECES


# --- async feed: one loop from the first piece to the end


class Queued:
    """Works in a task of its own, which lives in the loop that the object was made in."""

    def __init__(self) -> None:
        self.given: asyncio.Queue[bytes] = asyncio.Queue()
        self.out: list[bytes] = []
        self.task = asyncio.create_task(self.work())

    async def work(self) -> None:
        while True:
            piece = await self.given.get()
            self.out.append(piece)
            self.given.task_done()

    async def feed(self, piece: bytes) -> list[bytes]:
        self.given.put_nowait(piece)
        await self.given.join()
        out, self.out = self.out, []
        return out

    async def close(self) -> None:
        self.task.cancel()


class FeedsAsync:
    async def feed(self, piece: bytes) -> AsyncIterator[bytes]:
        yield piece


class Sleeps:
    async def feed(self, piece: bytes) -> list[bytes]:
        await asyncio.sleep(3600)
        return [piece]


@pytest.mark.parametrize("parser", [Queued, FeedsAsync, Sleeps])
def test_an_async_feed_is_awaited(parser: Any) -> None:
    transcript = played(parser)
    assert out(transcript) == PIECES
    assert transcript.raised is None


def test_an_async_feed_that_waits_for_nothing_is_stuck() -> None:
    class Waits:
        async def feed(self, piece: bytes) -> None:
            await asyncio.get_running_loop().create_future()

    assert played(Waits).stuck == "idle"


# --- asking


def test_asking_is_what_counts_on_an_open_connection() -> None:
    def stops(pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            yield piece
            if piece == b"ef\n":
                return

    assert played(sync, "open").asked
    assert not played(sync, "open").finished
    assert played(stops, "open").finished
    assert not played(stops, "open").asked


def test_whoever_catches_everything_still_asked() -> None:
    def catches(pieces: Iterable[bytes]) -> Iterator[bytes]:
        try:
            yield from pieces
        except BaseException as error:
            raise RuntimeError("something went wrong") from error

    transcript = played(catches, "open")
    assert transcript.asked


def test_an_async_parser_may_look_for_more_for_a_second() -> None:
    async def drains(pieces: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
        try:
            async with asyncio.timeout(seconds):
                async for piece in pieces:
                    yield piece
        except TimeoutError:
            pass

    assert not played(lambda pieces: drains(pieces, 0.5), "open").asked
    assert played(lambda pieces: drains(pieces, 60), "open").asked


def test_a_prefetching_task_asks_early_and_is_no_asking() -> None:
    async def prefetches(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        found: asyncio.Queue[bytes] = asyncio.Queue()

        async def pump() -> None:
            async for piece in pieces:
                await found.put(piece)

        task = asyncio.create_task(pump())
        while (piece := await found.get()) != b"ef\n":
            yield piece
        task.cancel()
        yield piece

    transcript = played(prefetches, "open")
    assert out(transcript) == PIECES
    assert transcript.finished
    assert not transcript.asked


def pumped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces, fetched by a thread that runs ahead."""
    found: queue.Queue[Any] = queue.Queue()

    def pump() -> None:
        try:
            for piece in pieces:
                found.put(piece)
            found.put(None)
        except BaseException as error:
            found.put(error)

    threading.Thread(target=pump, daemon=True).start()
    while (piece := found.get()) is not None:
        if isinstance(piece, BaseException):
            raise piece
        yield piece


def test_a_thread_that_asks_early_is_no_asking_and_has_no_steps() -> None:
    def consumer(pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pumped(pieces):
            yield piece
            if piece == b"ef\n":
                return

    for ending in ("clean", "open"):
        transcript = played(consumer, ending)
        assert [text for _, text in out(transcript)] == ["ab\n", "cd\n", "ef\n"]
        assert transcript.threaded
        assert transcript.finished
        assert not transcript.asked


def test_what_a_thread_passes_on_was_asked_for() -> None:
    assert played(pumped, "open").asked
    reset = played(pumped, "reset")
    assert reset.raised is not None
    assert reset.raised.type == "ConnectionResetError"


# --- raising


def raising(error: BaseException) -> Callable[[Iterable[bytes]], Iterator[bytes]]:
    def parser(pieces: Iterable[bytes]) -> Iterator[bytes]:
        for number, piece in enumerate(pieces):
            if number == 1:
                raise error
            yield piece

    return parser


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), SystemExit(3), KeyboardInterrupt(), BaseException(), GeneratorExit(), Unspeakable()],
    ids=lambda error: type(error).__name__,
)
def test_whatever_is_raised_is_a_fact(error: BaseException) -> None:
    transcript = played(raising(error))
    assert out(transcript) == PIECES[:1]
    assert transcript.raised is not None
    assert (transcript.raised.type, transcript.raised.step) == (type(error).__qualname__, 2)
    assert (transcript.raised.where or "").startswith("test_inprocess.py:")


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_whatever_is_raised_in_a_loop_is_a_fact(error: type[BaseException]) -> None:
    async def parser(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            yield piece
            raise error

    raised = played(parser).raised
    assert raised is not None
    assert raised.type == error.__name__


def test_raising_in_init_and_in_a_property() -> None:
    class Unmakeable(Feed):
        def __init__(self) -> None:
            raise RuntimeError("no")

    class Item:
        @property
        def data(self) -> str:
            raise RuntimeError("no")

    class Odd:
        def feed(self, piece: bytes) -> list[Item]:
            return [Item()]

    assert played(Unmakeable).raised.step == 0  # type: ignore[union-attr]
    assert played(Odd).raised.step == 1  # type: ignore[union-attr]


def test_what_is_no_stream_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(NotAStream, match="NoneType"):
        played(lambda pieces: None)


# --- a second attempt, and no end


def test_who_asks_again_after_a_reset_gets_everything_again() -> None:
    def retries(pieces: Iterable[bytes]) -> Iterator[bytes]:
        for _ in range(2):
            try:
                yield from pieces
            except ConnectionError:
                continue

    transcript = played(retries, "reset", again=b"again")
    assert out(transcript)[-1][1] == "again"
    assert transcript.again
    assert not played(sync, "reset", again=b"again").again


def test_items_without_end_are_no_memory_leak() -> None:
    def floods(pieces: Iterable[bytes]) -> Iterator[str]:
        for _ in pieces:
            while True:
                yield ""

    class Accumulates(Feed):
        def __init__(self) -> None:
            self.out: list[bytes] = []

        def feed(self, piece: bytes) -> list[bytes]:
            self.out += [piece] * 1000
            return self.out

    assert played(floods).stuck == "flooding"
    accumulated = played(Accumulates)
    assert accumulated.stuck is None, "a list ends"
    assert accumulated.finished


def test_of_items_without_measure_the_first_are_kept() -> None:
    def great(pieces: Iterable[bytes]) -> Iterator[bytes | str]:
        yield "x" * (1 << 22)
        for piece in pieces:
            yield piece * 1_000_000
        while True:
            yield "y"

    transcript = played(great)
    assert 1 << 20 <= sum(len(item.text) for item in transcript.items) < 1 << 21
    assert transcript.stuck == "flooding", "what is not kept counts"
