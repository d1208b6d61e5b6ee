"""Parsers that differ from a given source in one place of its syntax tree, made systematically.

Every slot of the tree is offered every replacement that its node has; what does not compile or start is left out. A
step counter stands at the head of each function and loop, so that a mutant without an end raises.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MOST_STEPS = 20_000
_NOT_CODE = ("annotation", "returns", "decorator_list")
_TICK = "_tick"

_OTHER_OPERATORS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.GtE, ast.LtE),
    ast.LtE: (ast.Gt, ast.Lt),
    ast.Gt: (ast.LtE, ast.GtE),
    ast.GtE: (ast.Lt, ast.Gt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
}


class Endless(Exception):
    """A mutant took more steps than any parser needs."""


@dataclass
class Mutant:
    """`name` says what was changed; `make` starts the parser."""

    name: str
    make: Callable[[], Any]


def mutants(source: str, name: str) -> Iterator[Mutant]:
    """Every mutant of the class `name` in `source` that compiles and starts, in a fixed order."""
    tree = _Counting().visit(ast.parse(source))
    for label in _changes(tree):
        mutant = _start(tree, label, name)
        if mutant is not None:
            yield mutant


def _start(tree: ast.AST, label: str, name: str) -> Mutant | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            mutant = Mutant(label, _maker(compile(ast.fix_missing_locations(tree), "mutant", "exec"), name))
            mutant.make()
        except Exception:
            return None
    return mutant


def _maker(code: Any, name: str) -> Callable[[], Any]:
    steps = [0]

    def tick() -> None:
        steps[0] += 1
        if steps[0] > MOST_STEPS:
            raise Endless

    space: dict[str, Any] = {"__name__": "mutant", _TICK: tick}
    exec(code, space)

    def make() -> Any:
        steps[0] = 0
        return space[name]()

    return make


class _Counting(ast.NodeTransformer):
    """Puts a step counter at the head of each function and loop."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.FunctionDef | ast.For | ast.While):
            node.body.insert(0, ast.Expr(ast.Call(ast.Name(_TICK, ast.Load()), [], [])))
        return node


def _changes(tree: ast.AST) -> Iterator[str]:
    """Makes one change in `tree`, yields its name, takes it back, and so on."""
    for parent in list(ast.walk(tree)):
        if _is_fixed(parent):
            continue
        for field, value in ast.iter_fields(parent):
            if field not in _NOT_CODE:
                yield from _changes_of(parent, field, value)


def _changes_of(parent: ast.AST, field: str, value: Any) -> Iterator[str]:
    slots = value if isinstance(value, list) else [value]
    for index, child in enumerate(list(slots)):
        if not isinstance(child, ast.AST) or _is_fixed(child):
            continue
        for new in _others(child):
            ast.copy_location(new, child)
            _put(parent, field, index, new)
            yield f"line {getattr(child, 'lineno', getattr(parent, 'lineno', 0))}: {_text(child)} -> {_text(new)}"
            _put(parent, field, index, child)


def _put(parent: ast.AST, field: str, index: int, node: ast.AST) -> None:
    value = getattr(parent, field)
    if isinstance(value, list):
        value[index] = node
    else:
        setattr(parent, field, node)


def _is_fixed(node: ast.AST) -> bool:
    """Docstrings, imports and our own counters stay."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == _TICK
    return isinstance(node, ast.Expr) and (isinstance(node.value, ast.Constant) or _is_fixed(node.value))


def _text(node: ast.AST) -> str:
    return ast.unparse(node).replace("\n", " ")[:60] or type(node).__name__


def _others(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of `node`."""
    for operator in _OTHER_OPERATORS.get(type(node), ()):
        yield operator()
    if isinstance(node, ast.stmt):
        yield from _other_statements(node)
    elif isinstance(node, ast.expr):
        yield from _other_expressions(node)


def _other_statements(node: ast.stmt) -> Iterator[ast.stmt]:
    """Nothing at all; of a test only the branch; of a swap only its first half, so that nothing is reset."""
    if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Pass):
        yield ast.Pass()
    if isinstance(node, ast.If):
        yield ast.If(ast.Constant(True), node.body, node.orelse)
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple) and isinstance(node.targets[0], ast.Tuple):
        for target, value in zip(node.targets[0].elts, node.value.elts, strict=True):
            yield ast.Assign([target], value)


def _other_expressions(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Constant():
            yield from map(ast.Constant, _other_values(node.value))
        case ast.BoolOp():
            yield from node.values
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)
            yield from (node.body, node.orelse)
        case ast.Call(func=ast.Attribute()):
            yield node.func.value
        case ast.Slice():
            yield from _other_slices(node)


def _other_slices(node: ast.Slice) -> Iterator[ast.expr]:
    one = ast.Constant(1)
    if node.lower is not None:
        yield ast.Slice(None, node.upper)
        yield ast.Slice(ast.BinOp(node.lower, ast.Add(), one), node.upper)
    if node.upper is not None:
        yield ast.Slice(node.lower, None)
        yield ast.Slice(node.lower, ast.BinOp(node.upper, ast.Sub(), one))


def _other_values(value: Any) -> list[Any]:
    others: list[Any] = []
    match value:
        case bool():
            others = [not value]
        case int():
            others = [value + 1, value - 1]
        case str():
            others = [value + "x", ""]
        case bytes():
            others = [value + b"x", value[:-1], value[1:], b""]
        case None:
            others = [0]
    return [other for other in dict.fromkeys(others) if other != value]
