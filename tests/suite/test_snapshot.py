"""A state is a value: equal where a parser cannot tell the difference, different where it can; made anew, the same."""

from __future__ import annotations

import re
from collections import OrderedDict, defaultdict, deque
from functools import partial
from io import BytesIO, StringIO
from json import JSONDecoder
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamdoctor.stream.reading import DECODERS
from streamdoctor.suite.places import dict_of
from streamdoctor.suite.reach import Refused, World
from streamdoctor.suite.snapshot import Freezer, Key
from streamdoctor.suite.snapshot_plain import Plain
from streamdoctor.suite.states import ALL_CONDITIONS, States


class Thing:
    """Anything that is set on it."""

    def method(self) -> None: ...


def thing(**parts: Any) -> Any:
    made = Thing()
    made.__dict__.update(parts)
    return made


def buffer(data: Any, position: int = 0) -> Any:
    made = BytesIO(data) if isinstance(data, bytes) else StringIO(data)
    made.seek(position)
    return made


class Slotted:
    __slots__ = ("a", "b")


def freezer() -> Freezer:
    world = World()
    for value in (Thing, Slotted, re, defaultdict, partial):
        world.visit(value, "a test")
    return Freezer(world)


FREEZER = freezer()


def frozen(value: Any) -> Key:
    FREEZER.explain(value)
    return FREEZER.freeze(value)


ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.binary(max_size=4), st.text(max_size=4)
)


def keeps_its_order(value: set[Any]) -> bool:
    """Python itself may reorder a set that it copies; to restore one of those is refused while a proof runs."""
    return list(value) == list(value.copy()) == list(value.copy().copy())


SETS = st.sets(ATOMS, max_size=3).filter(keeps_its_order)
VALUES = st.recursive(
    ATOMS | st.binary(max_size=4).map(bytearray) | st.frozensets(ATOMS, max_size=3),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(ATOMS, inner, max_size=3),
        SETS,
        st.lists(inner, max_size=3).map(deque),
        st.builds(thing, a=inner, b=inner),
    ),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_made_of_a_frozen_value_freezes_to_the_same(value: Any) -> None:
    key = frozen(value)
    assert frozen(FREEZER.thaw(key)) == key
    assert type(FREEZER.thaw(key)) is type(value)


@given(VALUES, VALUES)
def test_values_that_differ_freeze_differently(a: Any, b: Any) -> None:
    if frozen(a) == frozen(b) and not isinstance(a, Thing):
        assert _same(a, b)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Thing) or isinstance(b, Thing):
        return type(a) is type(b)
    if isinstance(a, list | tuple | deque):
        return type(a) is type(b) and len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return type(a) is type(b) and _same(list(a.items()), list(b.items()))
    return type(a) is type(b) and a == b


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, True), (1, 1.0), (0.0, -0.0), (b"x", bytearray(b"x")), ("1", 1), ((1,), [1]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (deque([1]), deque([1], 3)), ({}, OrderedDict()), ([1], [True]), (thing(a=1), thing(a=True)),
        (thing(a=1, b=2), thing(b=2, a=1)), (frozenset(), set()), ([[]], [()]),
        (buffer(b"ab", 1), buffer(b"ab", 2)), (buffer(b"ab", 1), buffer(b"abc", 1)), (buffer(b"a"), buffer("a")),
        (JSONDecoder(), JSONDecoder(strict=False)), (JSONDecoder(), JSONDecoder(parse_int=float)),
    ],
)  # fmt: skip
def test_values_that_python_calls_equal_are_told_apart(a: Any, b: Any) -> None:
    assert frozen(a) != frozen(b)


def test_aliasing_shows() -> None:
    one = [1]
    assert frozen([one, one]) != frozen([[1], [1]])
    thawed = FREEZER.thaw(frozen([one, one]))
    assert thawed[0] is thawed[1]


def test_what_refers_to_itself_comes_back_so() -> None:
    thing = Thing()
    thing.__dict__.update(me=thing, do=thing.method, add=[].append)
    made = FREEZER.thaw(frozen(thing))
    assert made is not thing and made.me is made and made.do.__self__ is made


def test_slots_and_unset_slots() -> None:
    value = Slotted()
    value.a = [1]
    made = FREEZER.thaw(frozen(value))
    assert made.a == [1] and made.a is not value.a and not hasattr(made, "b")


def test_what_equals_nothing_is_refused_by_its_path() -> None:
    with pytest.raises(Refused, match=r"a NaN at parser\.a"):
        frozen(thing(a=float("nan")))


@pytest.mark.parametrize("made", [buffer(b"abcd", 2), buffer("äbc", 2), buffer(b""), buffer(b"ab", 7)])
def test_a_buffer_keeps_its_bytes_and_its_position(made: Any) -> None:
    other = FREEZER.thaw(frozen([made, made]))
    assert other[0] is other[1] is not made and type(other[0]) is type(made)
    assert (other[0].tell(), other[0].getvalue()) == (made.tell(), made.getvalue())
    assert other[0].read() == made.read()


def closed() -> BytesIO:
    made = BytesIO(b"a")
    made.close()
    return made


@pytest.mark.parametrize("made", [closed(), StringIO("a", newline=None), StringIO("a", newline="")])
def test_a_buffer_that_holds_more_than_it_shows_is_refused(made: Any) -> None:
    with pytest.raises(Refused):
        frozen(made)


def test_decoders_that_are_made_alike_are_one() -> None:
    assert frozen([JSONDecoder(), 1]) == frozen([JSONDecoder(), 1])
    assert FREEZER.thaw(frozen(JSONDecoder())).decode("[1.5]") == [1.5]


def test_a_default_dict_keeps_its_factory() -> None:
    made = FREEZER.thaw(frozen(defaultdict(list, a=[1])))
    assert made.default_factory is list and made == {"a": [1]}


def test_no_code_of_the_object_runs() -> None:
    class Loud(Thing):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

        def __setattr__(self, name: str, value: Any) -> None:
            raise AssertionError(name)

        __eq__ = __hash__ = __repr__ = __reduce_ex__ = None  # type: ignore[assignment]

    value = object.__new__(Loud)
    dict_of(value)["a"] = [1]
    made = FREEZER.thaw(frozen(value))
    assert dict_of(made) == {"a": [1]}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (thing(a=thing(b=memoryview(b""))), "a native object of type memoryview at parser.a.b"),
        (thing(a=[0, iter([])]), "an iterator, list_iterator, at parser.a[1]"),
        (thing(a={"k": (n for n in [])}), "a generator, whose frame cannot be frozen, at parser.a['k']"),
        (thing(a=ValueError()), "ValueError, a subclass of the built-in Exception, at parser.a"),
        (thing(a=type("Text", (str,), {})()), "Text, a subclass of the built-in str, at parser.a"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_frozen_is_named_with_its_path(value: Any, words: str) -> None:
    with pytest.raises(Refused) as refused:
        frozen(value)
    assert words in str(refused.value)


# --- the fast way


def plain(value: Thing) -> Plain | None:
    world = World()
    world.visit(Thing, "a test")
    world.seal()
    return Plain.of(value, world)


@given(st.dictionaries(st.sampled_from("abc"), ATOMS | st.lists(ATOMS, max_size=2), max_size=3),
       st.dictionaries(st.sampled_from("abc"), ATOMS | st.lists(ATOMS, max_size=2), max_size=3))  # fmt: skip
def test_the_fast_way_recognises_only_what_freezes_to_the_same(a: dict[str, Any], b: dict[str, Any]) -> None:
    pattern = plain(thing(**a))
    assert pattern is not None or float in {type(part) for v in a.values() for part in (v if type(v) is list else [v])}
    if pattern is not None:
        assert pattern.same(pattern.make())
        assert pattern.same(thing(**b)) == (frozen(thing(**a)) == frozen(thing(**b)))


def test_the_fast_way_makes_new_lists_each_time_and_sees_aliases() -> None:
    pattern = plain(thing(a=[1], b=bytearray(b"x"), c=[1]))
    assert pattern is not None
    made = pattern.make()
    made.a.append(2)
    assert not pattern.same(made) and pattern.same(pattern.make())
    shared = [1]
    assert not pattern.same(thing(a=shared, b=bytearray(b"x"), c=shared))


def test_the_fast_way_is_not_for_what_is_nested() -> None:
    assert plain(thing(a=[[1]])) is None
    assert plain(thing(a={})) is None
    assert plain(thing(a=1.5)) is None


# --- the world


@pytest.mark.parametrize("framing", DECODERS)
def test_the_states_of_the_reference_can_be_kept(framing: str) -> None:
    states = States(DECODERS[framing], ALL_CONDITIONS)
    states.check(states.first)
    states.check_world()
    assert states.untouched() and not states.assumed


class Table:
    names = {"a": [1]}  # noqa: RUF012
    text = "x"

    def feed(self, data: bytes) -> None: ...


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda: setattr(Table, "text", "y"), "class attribute Table.text"),
        (lambda: setattr(Table, "other", 1), "class attribute Table.other"),
        (lambda: Table.names["a"].append(2), "class attribute Table.names"),
        (lambda: Table.names.update(b=[]), "class attribute Table.names"),
        (lambda: setattr(Table, "feed", Thing.method), "class attribute Table.feed"),
        (lambda: setattr(Table.feed, "__defaults__", (1,)), "default argument of function Table.feed"),
    ],
)
def test_a_change_out_there_is_seen_and_named(change: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for attribute, value in (("names", {"a": [1]}), ("feed", lambda self, data: None)):
        monkeypatch.setattr(Table, attribute, value)
    monkeypatch.setattr(Table, "text", "x")
    Table.feed.__qualname__ = "Table.feed"
    states = States(Table, ALL_CONDITIONS)
    change()
    with pytest.raises(Refused, match=f"hidden state in {re.escape(name)}"):
        states.check_world()
    if hasattr(Table, "other"):
        del Table.other


def test_an_equal_value_written_anew_is_no_change() -> None:
    states = States(Table, ALL_CONDITIONS)
    Table.text = "".join(["x"])
    states.check_world()


def test_what_is_shared_with_the_world_stays_shared() -> None:
    class Uses(Table):
        def __init__(self) -> None:
            self.known = Table.names

    states = States(Uses, ALL_CONDITIONS)
    assert states.thaw(states.first).known is Table.names
