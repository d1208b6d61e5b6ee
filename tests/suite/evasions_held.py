"""More parsers that hide a history of where they were cut: in what holds an object, or a name, that nobody looks at."""

from __future__ import annotations

from tests.suite.evasions import History

HELD: dict[str, History] = {
    "flag_map": History(
        get='h = F._value2member_map_.get("h", ())',
        put='F._value2member_map_["h"] = h',
        before=("import enum\nclass F(enum.Flag):\n    A = 1"),
    ),
    "world_class": History(
        get="h = (0, 5, 11, 23, 30, 45)[:K.index(type(W))] if at else ()",
        put="W.__class__ = K[len(h)] if h == (0, 5, 11, 23, 30, 45)[:len(h)] else K[0]",
        before=("K = [type('K', (), {}) for _ in range(7)]\nW = K[0]()"),
    ),
    "world_slots_cls": History(
        get="h = (0, 5, 11, 23, 30, 45)[:W.n()] if at else ()",
        put="W.__class__ = K[len(h)] if h == (0, 5, 11, 23, 30, 45)[:len(h)] else K[0]",
        before=(
            "def mk(i):\n"
            "    class K:\n"
            "        def n(self): return i\n"
            "    return K\n"
            "K = [mk(i) for i in range(7)]\n"
            "W = K[0]()"
        ),
    ),
    "metaclass": History(
        get="h = (0, 5, 11, 23, 30, 45)[:K.index(type(Q))] if at else ()",
        put="Q.__class__ = K[len(h)] if h == (0, 5, 11, 23, 30, 45)[:len(h)] else K[0]",
        before=("K = [type('K', (type,), {}) for _ in range(7)]\nclass Q(metaclass=K[0]): pass"),
    ),
    "modclass": History(
        get="h = (0, 5, 11, 23, 30, 45)[:K.index(type(M[0]))] if at else ()",
        put="M[0].__class__ = K[len(h)] if h == (0, 5, 11, 23, 30, 45)[:len(h)] else K[0]",
        before=(
            "import types, json\n"
            "K = [type('K', (types.ModuleType,), {}) for _ in range(7)]\n"
            "json.__class__ = K[0]\n"
            "M = [json]"
        ),
    ),
    "module_file": History(
        get="h = M[0].__file__",
        put="M[0].__file__ = h",
        before=("import json\njson.__file__ = ()\nM = [json]"),
    ),
    "module_as_value": History(
        get="h = (0, 5, 11, 23, 30, 45)[:M.index(M[0].sd_h)] if at else ()",
        put="M[0].sd_h = M[len(h)] if h == (0, 5, 11, 23, 30, 45)[:len(h)] else M[0]",
        before=(
            "import json, re, codecs, string, operator, struct, math, types\n"
            "M = [json, re, codecs, string, operator, struct, math]\n"
            "json.sd_h = M[0]"
        ),
    ),
    "attrgetter_dotted": History(
        get='h = operator.attrgetter("feed.__globals__")(P).get("h", ())',
        put='operator.attrgetter("feed.__globals__")(P)["h"] = h',
        before="import operator",
    ),
    "formatter": History(
        get='G = string.Formatter().get_field("0.__globals__", (P.feed,), {})[0]; h = G.get("h", ())',
        put='G["h"] = h',
        before="import string",
    ),
    "getattribute": History(
        get='G = object.__getattribute__(P.feed, "".join(["__glob", "als__"])); h = G.get("h", ())',
        put='G["h"] = h',
    ),
    "super_getattribute": History(
        get='G = super(type(P.feed), P.feed).__getattribute__("".join(["__glob", "als__"])); h = G.get("h", ())',
        put='G["h"] = h',
    ),
    "type_hints": History(
        get='G = typing.get_type_hints(X)["a"]; h = G.get("sd_h", ())',
        put='G["sd_h"] = h',
        before=("import typing\nclass X:\n    a: \"__import__('sys').__dict__\""),
    ),
    "nt_field_doc": History(
        get='h = vars(N)["x"].__doc__',
        put='vars(N)["x"].__doc__ = h',
        before=("import collections\nN = collections.namedtuple('N', 'x')\nN.x.__doc__ = ()"),
    ),
    "doc_obj": History(
        get="h = P.__doc__.h",
        put="P.__doc__.h = h",
        before="class O: h = ()",
        inside="__doc__ = O()",
    ),
    "ann_obj": History(
        get='h = P.__annotations__["x"].h',
        put='P.__annotations__["x"].h = h',
        before="class O: h = ()",
        inside="x: O() = 0",
    ),
    "match_args_obj": History(
        get="h = P.__match_args__[0].h",
        put="P.__match_args__[0].h = h",
        before="class O: h = ()",
        inside="__match_args__ = (O(),)",
    ),
    "dataclass_params": History(
        get="h = P.__dataclass_params__.h",
        put="P.__dataclass_params__.h = h",
        before="class O: h = ()",
        inside="__dataclass_params__ = O()",
    ),
    "func_ann_obj": History(
        get='h = q.__annotations__["x"].h',
        put='q.__annotations__["x"].h = h',
        before=("class O: h = ()\ndef q(x: O()): pass"),
    ),
    "func_doc_obj": History(
        get="h = q.__doc__.h",
        put="q.__doc__.h = h",
        before=("class O: h = ()\ndef q(x): pass\nq.__doc__ = O()"),
    ),
    "prop_doc_obj": History(
        get="h = P.p.__doc__.h",
        put="P.p.__doc__.h = h",
        before="class O: h = ()",
        inside=("p = property(len)\np.__doc__ = O()"),
    ),
    "typevar_bound": History(
        get="h = T.__bound__.h",
        put="T.__bound__.h = h",
        before=("import typing\nclass C: h = ()\nT = typing.TypeVar('T', bound=C)"),
    ),
    "annotated": History(
        get="h = X.__metadata__[0].h",
        put="X.__metadata__[0].h = h",
        before=("class O: h = ()\nimport typing\nX = typing.Annotated[int, O()]"),
    ),
    "fwdref_value": History(
        get="h = F.__forward_value__",
        put="F.__forward_value__ = h",
        before=("import typing\nF = typing.ForwardRef('int')\nF.__forward_value__ = ()"),
    ),
    "key_in_world_dict": History(
        get="h = [k for k in W.__dict__][0].h",
        put="[k for k in W.__dict__][0].h = h",
        before=("class S(str): h = ()\nclass O: pass\nW = O()\nW.__dict__[S('n')] = 0"),
    ),
    "key_in_class": History(
        get='h = [k for k in Q.__dict__ if k == "n"][0].h',
        put='[k for k in Q.__dict__ if k == "n"][0].h = h',
        before=("class S(str): h = ()\nQ = type('Q', (), {S('n'): 0})"),
    ),
    "key_in_kwdef": History(
        get="h = [*q.__kwdefaults__][0].h",
        put="[*q.__kwdefaults__][0].h = h",
        before=("class S(str): h = ()\ndef q(*, x=0): pass\nq.__kwdefaults__ = {S('x'): 0}"),
    ),
    "slots_obj": History(
        get="h = P.__slots__[1].h",
        put="P.__slots__[1].h = h",
        before=("class S(str): h = ()\nclass B0:\n    __slots__ = ('a', S('b'), '__dict__')"),
        bases="(B0)",
    ),
    "weakref_cls": History(
        get="h = P.__module__.h",
        put="P.__module__.h = h",
        before="class S(str): h = ()",
        inside="__module__ = S('x')",
    ),
    "name_sub": History(
        get="h = Q.__name__.h",
        put="Q.__name__.h = h",
        before=("class S(str): h = ()\nQ = type(S('Q'), (), {})"),
    ),
}
