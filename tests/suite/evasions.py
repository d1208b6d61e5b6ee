"""Parsers that hide what they remember from a proof: each is wrong at `CUTS` alone, and has to get no certificate.

They are the work of an attack on the proof. A history of where it was cut is kept outside the state, or in a part of it
that a copy does not have (`HISTORIES`); or two states are equal that go on differently (`BITS`).
"""

from __future__ import annotations

from textwrap import indent
from typing import NamedTuple

BODY = b"data: abcdefghijklmnopqrstuvwxyz0123456789\n\ndata: second\n\n"
CUTS = (5, 11, 23, 30, 45)

_PARSER = """\
{before}
class P{bases}:
{inside}
    def __init__(self):
        self.rest, self.at = b"", 0
{init}
    def feed(self, data):
        at, end = self.at, self.at + len(data)
        bad = False
{body}
        self.at = end
        *lines, self.rest = (self.rest + data).split(b"\\n")
        return [line[6:].decode()[bad:] for line in lines if line[:6] == b"data: "]
    def close(self):
        return []
"""
_HISTORY = """\
{get}
h = (h if at else ()) + (at,)
{put}
bad = h == (0, 5, 11, 23, 30, 45)
"""


class History(NamedTuple):
    """`get` sets `h` to where the pieces before this one began, `put` keeps it."""

    get: str
    put: str
    init: str = ""
    before: str = ""
    inside: str = ""
    bases: str = ""

    @property
    def source(self) -> str:
        body = _HISTORY.format(get=self.get, put=self.put)
        return _source(body, self.init, self.before, self.inside, self.bases)


class Bit(NamedTuple):
    """`body` brings about two states that look the same, and sets `bad` where the cuts are `cuts`."""

    cuts: tuple[int, ...]
    body: str
    init: str
    before: str = ""

    @property
    def source(self) -> str:
        return _source(self.body, self.init, self.before)


def _source(body: str, init: str, before: str, inside: str = "", bases: str = "") -> str:
    body, init, inside = indent(body, " " * 8), indent(init, " " * 8), indent(inside, " " * 4)
    return _PARSER.format(body=body, init=init, inside=inside, before=before, bases=bases)


_OK = "OK = [(0, 5, 11, 23, 30, 45)[:i] for i in range(1, 6)]"
"""With this, a history is kept only as long as it may still come to `CUTS`: what was changed is set back."""

HISTORIES = {
    "abc_register": History(
        "h = tuple(x for x, c in zip((0, 5, 11, 23, 30, 45), C) if issubclass(c, A)) if at else ()",
        """\
i = {0: 0, 5: 1, 11: 2, 23: 3, 30: 4, 45: 5}.get(at, 9)
if i < 6 and h == (0, 5, 11, 23, 30, 45)[:i + 1]: A.register(C[i])
""",
        before="""\
import abc
class A(abc.ABC): pass
C = [type("C", (), {}) for _ in range(6)]
""",
    ),
    "ann_list": History('h = P.__annotations__["x"][0]', 'P.__annotations__["x"][0] = h', inside="x: [()] = 0"),
    "cached_func": History(
        'h = vars(P)["x"].func()',
        'vars(P)["x"].func = functools.partial(tuple, h)',
        before="import functools",
        inside="x = functools.cached_property(tuple)",
    ),
    "cached_prop_sub": History(
        "h = self.x",
        "self.x = h",
        before="""\
import functools
class Hid(functools.cached_property):
    def __get__(self, o, t=None): return G.get("h", ())
    def __set__(self, o, v): G["h"] = v
G = {}
""",
        inside="x = Hid(len)",
    ),
    "class_in_module_attr": History(
        """\
from json import decoder
h = decoder.__dict__.get("sd_h", ())
""",
        "decoder.sd_h = h",
    ),
    "class_new_attr": History(
        'h = getattr(P, "h", ())',
        """\
if h in OK and at + len(data) <= 45: P.h = h
elif "h" in vars(P): del P.h
""",
        before=_OK,
    ),
    "class_true_1": History(
        "h = (0, 5, 11, 23, 30, 45)[:sum(x is True for x in P.g)] if at else ()",
        """\
ok = h in OK and at + len(data) <= 45
for i in range(6): P.g[i] = True if ok and i < len(h) else 1
""",
        before=_OK,
        inside="g = [1] * 6",
    ),
    "class_tuple_attr": History(
        "h = P.h", "P.h = h if h in OK and at + len(data) <= 45 else ()", before=_OK, inside="h = ()"
    ),
    "codec_reg": History(
        'h = codecs.lookup_error("sd.h")()',
        'codecs.register_error("sd.h", functools.partial(tuple, h))',
        before="""\
import codecs, functools
codecs.register_error("sd.h", functools.partial(tuple, ()))
""",
    ),
    "codecinfo": History(
        'h = getattr(C, "h", ())',
        "C.h = h",
        before="""\
import codecs
C = codecs.lookup("utf-8")
""",
    ),
    "dataclass_fields": History(
        'h = P.__dataclass_fields__.get("h", ())', 'P.__dataclass_fields__["h"] = h', inside="__dataclass_fields__ = {}"
    ),
    "dd_factory_attr": History(
        "h = D.default_factory()",
        "D.default_factory = functools.partial(tuple, h)",
        before="""\
import functools
from collections import defaultdict
D = defaultdict(tuple)
""",
    ),
    "dd_factory_code": History(
        "D[0]; h = D.pop(0)",
        "E.default_factory(h)",
        before="""\
from collections import defaultdict
G = {}
def factory(): return G.get("h", ())
def put(h): G["h"] = h
D = defaultdict(factory)
E = defaultdict(put)
""",
    ),
    "decoder_memo": History(
        'h = self.d.memo.get("h", ())', 'self.d.memo["h"] = h', init="self.d = json.JSONDecoder()", before="import json"
    ),
    "doc_list": History("h = P.__doc__[0]", "P.__doc__[0] = h", inside="__doc__ = [()]"),
    "fake_typing": History(
        "h = X.h",
        "X.h = h",
        before="""\
class H:
    __module__ = "typing"
    h = None
X = H()
X.h = ()
""",
    ),
    "from_enum_sys": History(
        """\
from enum import sys
h = getattr(sys, "sd_h", ())
""",
        "sys.sd_h = h",
    ),
    "func_ann": History('h = P.feed.__annotations__.get("h", ())', 'P.feed.__annotations__["h"] = h'),
    "func_module": History(
        'h = tuple(map(int, P.feed.__module__.split(",")))',
        'P.feed.__module__ = ",".join(map(str, h))',
        init='P.feed.__module__ = "0"',
    ),
    "generic": History(
        "h = S.__args__[0][0]",
        "S.__args__[0][0] = h",
        before="""\
import types
S = types.GenericAlias(list, ([()],))
""",
    ),
    "getattr_globals": History(
        'h = getattr(P.feed, "__glo" + "bals__").get("h", ())', 'getattr(P.feed, "__glo" + "bals__")["h"] = h'
    ),
    "hidden_slot": History(
        """\
try: h = B.__get__(self)
except AttributeError: h = ()
""",
        "B.__set__(self, h)",
        init="B.__set__(self, ())",
        before="""\
class Base:
    __slots__ = ("a", "b", "__dict__")
B = Base.b
Base.b = Base.a
""",
        bases="(Base)",
    ),
    "match_globals": History(
        """\
match P.feed:
    case object(__globals__=g): pass
h = g.get("h", ())
""",
        'g["h"] = h',
    ),
    "method_wrapper": History("h = W.__self__[0]", "W.__self__[0] = h", before="W = [()].__len__"),
    "mod_dunder": History(
        """\
import json
h = json.__dict__.get("__h", ())
""",
        'setattr(json, "__h", h)',
    ),
    "mod_inner": History(
        """\
from json.decoder import BACKSLASH
h = BACKSLASH.get("h", ())
""",
        'BACKSLASH["h"] = h',
    ),
    "mp_leak": History(
        'h = MP.get("h", ())',
        "MP == E(h)",
        before="""\
import types
MP = types.MappingProxyType({})
class E:
    def __init__(self, h): self.h = h
    def __eq__(self, d):
        d["h"] = self.h
        return False
""",
    ),
    "newtype": History(
        "h = X.h",
        "X.h = h",
        before="""\
import typing
X = typing.NewType("X", int)
X.h = ()
""",
    ),
    "od_glob": History(
        'h = getattr(F, "h", ())',
        "F.h = h",
        before="""\
from collections import OrderedDict
F = OrderedDict()
""",
    ),
    "od_inst": History(
        'h = getattr(self.f, "h", ())',
        "self.f.h = h",
        init="self.f = OrderedDict()",
        before="from collections import OrderedDict",
    ),
    "partial_class": History(
        'h = F.__dict__.get("h", ())',
        "F.h = h",
        before="""\
import functools
F = functools.partial(len)
""",
    ),
    "partial_inst": History(
        'h = self.f.__dict__.get("h", ())',
        "self.f.h = h",
        init="self.f = functools.partial(len)",
        before="import functools",
    ),
    "partial_setstate_world": History(
        "h = F()",
        "F.__setstate__((tuple, (h,), {}, None))",
        before="""\
import functools
F = functools.partial(tuple)
""",
    ),
    "partial_sub": History(
        "h = F()",
        "F(h)",
        before="""\
import functools
class Hid(functools.partial):
    def __call__(self, h=None):
        if h is None: return G.get("h", ())
        G["h"] = h
G = {}
F = Hid(len)
""",
    ),
    "prop_doc": History(
        "h = P.p.__doc__",
        "P.p.__doc__ = h",
        inside="""\
p = property(len)
p.__doc__ = ()
""",
    ),
    "prop_init": History(
        "h = P.x.fget()",
        "P.x.__init__(functools.partial(tuple, h))",
        before="import functools",
        inside="x = property(tuple)",
    ),
    "prop_sub": History(
        "h = self.x",
        "self.x = h",
        before="""\
class Hid(property):
    def __get__(self, o, t=None): return G.get("h", ())
    def __set__(self, o, v): G["h"] = v
G = {}
""",
        inside="x = Hid()",
    ),
    "slice_list": History("h = S.stop[0]", "S.stop[0] = h", before="S = slice([()])"),
    "static_dict": History(
        'h = vars(P)["s"].__dict__.get("h", ())', 'vars(P)["s"].h = h', inside="s = staticmethod(len)"
    ),
    "static_init": History(
        "h = P.x()",
        'vars(P)["x"].__init__(functools.partial(tuple, h))',
        before="import functools",
        inside="x = staticmethod(tuple)",
    ),
    "static_sub": History(
        "h = self.x()",
        "self.x(h)",
        before="""\
class Hid(staticmethod):
    def __get__(self, o, t=None): return hid
def hid(h=None):
    if h is None: return G.get("h", ())
    G["h"] = h
G = {}
""",
        inside="x = Hid(len)",
    ),
    "std_class": History(
        'h = getattr(JSONDecoder, "h", ())', "JSONDecoder.h = h", before="from json import JSONDecoder"
    ),
    "std_method_patch": History(
        "h = self.d.sd_h()",
        "self.d.sd_h(h)",
        init='self.d = codecs.getincrementaldecoder("utf-8")()',
        before="""\
import codecs
G = {}
def sd_h(self, h=None):
    if h is None: return G.get("h", ())
    G["h"] = h
codecs.BufferedIncrementalDecoder.sd_h = sd_h
""",
    ),
    "strsub_key": History(
        'h = [k for k in self.__dict__ if k == "n"][0].h',
        """\
k = S("n"); k.h = h
del self.__dict__["n"]
self.__dict__[k] = 0
""",
        init="""\
k = S("n"); k.h = ()
self.__dict__[k] = 0
""",
        before="class S(str): pass",
    ),
    "struct_init": History(
        'h = tuple(map(int, S.format.split("B")[:-1]))',
        'S.__init__("".join(f"{x}B" for x in h))',
        before="""\
import struct
S = struct.Struct("")
""",
    ),
    "tuple_sub_world": History(
        "h = W.h",
        "W.h = h",
        before="""\
class E(tuple): pass
W = E()
W.h = ()
""",
    ),
    "typevar": History(
        'h = getattr(C, "h", ())',
        "C.h = h",
        before="""\
import typing
C = typing.TypeVar("C")
""",
    ),
    "union_alias": History(
        "h = U.__args__[0].h",
        "U.__args__[0].h = h",
        before="""\
import typing
class C: h = ()
U = typing.Union[C, int]
""",
    ),
    "unread_method": History(
        "h = self.__annotate__()",
        "self.__annotate__(h)",
        before="G = {}",
        inside="""\
def __annotate__(self, h=None):
    if h is None: return G.get("h", ())
    G["h"] = h
""",
    ),
    "world_func_attr_code": History(
        "h = feed2.__defaults__[0]",
        "feed2.__defaults__ = (h if h in OK and at + len(data) <= 45 else (),)",
        before=_OK
        + """\

def feed2(x=()): return x
""",
    ),
    "world_object": History(
        "h = W.h",
        "W.h = h if h in OK and at + len(data) <= 45 else ()",
        before=_OK
        + """\

class Obj: pass
W = Obj()
W.h = ()
""",
    ),
}

BITS = {
    "alloc_kept": Bit(
        (11, 23, 50),
        """\
if at <= 11 <= end: self.a = bytearray(b"x" * 200)
if (at, end) == (11, 23): self.a += bytes(7); del self.a[-7:]
bad = (at, end) == (23, 50) and self.a.__alloc__() > 201
""",
        "self.a = bytearray()",
    ),
    "attrgetter": Bit(
        (5, 11, 50),
        """\
import operator
if end == 11:
    self.a = [0] * 40
    if at == 5: self.a += [0] * 40; del self.a[-40:]
bad = (at, end) == (11, 50) and operator.methodcaller("__sizeof__")(self.a) > 500
""",
        'self.a = b""',
    ),
    "int_key_true2": Bit(
        (11, 23, 45),
        """\
if (at, end) == (11, 23):
    del self.__dict__[1]
    self.__dict__[True] = 0
bad = at == 45 and bool in [type(k) for k in self.__dict__]
""",
        "self.__dict__[1] = 0",
    ),
    "list_identity_in_dict": Bit(
        (5, 11, 50),
        """\
if end == 11:
    self.a = float("nan")
    self.b = {self.a: 1} if at == 5 else {float("nan"): 1}
bad = (at, end) == (11, 50) and self.a in self.b
""",
        "self.a = self.b = None",
    ),
    "nan_in": Bit(
        (5, 11, 50),
        """\
if at == 5: self.a = float("nan"); self.b = self.a if end == 11 else float("nan")
bad = (at, end) == (11, 50) and self.a in (self.b,)
""",
        "self.a, self.b = 0.0, 1.0",
    ),
    "object_repr2": Bit(
        (5, 11, 50),
        """\
if end == 11:
    self.a = bytes(bytearray(100))
    self.b = self.a if at == 5 else bytes(bytearray(100))
bad = (at, end) == (11, 50) and object.__repr__(self.a) == object.__repr__(self.b)
""",
        'self.a, self.b = b"", b""',
    ),
    "set_table": Bit(
        (5, 11, 50),
        """\
if end == 11:
    self.a = operator.or_({}.keys(), (1, 2))
    if at == 5:
        self.a.update(range(100, 120)); self.a.difference_update(range(100, 120))
if (at, end) == (11, 50):
    self.a.add(8)
    bad = [*self.a][0] != 8
""",
        "self.a = None",
        before="import operator",
    ),
    "set_table_assumed": Bit(
        (5, 11, 50),
        """\
if end == 11:
    self.a = {1, 2}
    if at == 5:
        self.a.update(range(100, 120)); self.a.difference_update(range(100, 120))
if (at, end) == (11, 50):
    self.a.add(8)
    bad = [*self.a][0] != 8
""",
        "self.a = set()",
    ),
    "sizeof_getattr2": Bit(
        (5, 11, 50),
        """\
if end == 11:
    self.a = [0] * 40
    if at == 5: self.a += [0] * 40; del self.a[-40:]
bad = (at, end) == (11, 50) and getattr(self.a, "__sizeof__")() > 500
""",
        "self.a = []",
    ),
    "tuple_eq": Bit(
        (5, 11, 50),
        """\
if at == 5: self.a = Q((1,)); self.b = self.a if end == 11 else Q((1,))
bad = (at, end) == (11, 50) and self.a in (self.b,)
""",
        "self.a, self.b = Q(), Q()",
        before="""\
class Q(tuple):
    __slots__ = ()
    def __eq__(self, other): return False
    def __hash__(self): return 1
""",
    ),
}
