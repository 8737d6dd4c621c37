"""``super()`` in a method, with its class and its object written out: parts of it may run in functions of their own."""

from __future__ import annotations

import ast
from typing import Any

from .nodes import located
from .trees import children, walk

CLASS = "__class__"


def plain_calls(node: Any) -> list[ast.Call]:
    """The calls of ``super()`` of a method itself, not those of functions in it; none if its object has no name."""
    if not (isinstance(node, ast.FunctionDef) and first_of(node)):
        return []
    found: list[ast.Call] = []
    pending: list[Any] = list(node.body)
    while pending:
        inner = pending.pop()
        if isinstance(inner, _SCOPES):
            continue
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "super":
            found += [inner] if not inner.args and not inner.keywords else []
        pending += children(inner)
    return found


_SCOPES = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp,
    ast.GeneratorExp,
)  # fmt: skip


def first_of(node: ast.FunctionDef) -> str:
    """The name of the object that a method is of."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    return arguments[0].arg if arguments else ""


def names_of(calls: list[ast.Call]) -> set[int]:
    """The names that stand in such calls, by identity."""
    return {id(inner) for call in calls for inner in walk(call)}


def write_out(node: Any) -> None:
    """Give each such call its arguments."""
    for call in plain_calls(node):
        call.args = [located(ast.Name(name, ast.Load()), call) for name in (CLASS, first_of(node))]
