"""Comprehensions as the loops that they stand for: run as those where they choose, or end, by values of lanes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .nodes import call_method, definition, variable
from .trees import copied, walk

EATERS = frozenset({"sum", "any", "all"})
"""The builtins that make one value of a generator."""

TAKERS = frozenset({"min", "max", "sorted", "list", "tuple"})
"""Those that take all of its items first."""


def chooses(node: Any) -> bool:
    """Whether a comprehension may have other items in each lane, even if what it goes through has not."""
    return len(node.generators) > 1 or any(part.ifs for part in node.generators)


def as_definition(node: Any, name: str) -> Any:
    """A lambda with comprehensions that choose as a function with a name, which has room for their loops."""
    kinds = (ast.ListComp, ast.GeneratorExp)
    if not isinstance(node, ast.Lambda) or not any(isinstance(n, kinds) and chooses(n) for n in walk(node.body)):
        return node
    made = definition(name, node.args, [ast.copy_location(ast.Return(node.body), node.body)])
    return ast.copy_location(made, node)


def as_loop(node: Any, what: str, items: str, found: str, default: Any = None) -> list[Any]:
    """The statements of a function that does the same.

    Parameters
    ----------
    node : ListComp or GeneratorExp
        The comprehension.
    what : str
        ``list``, ``next``, or one of `EATERS`.
    items : str
        The name of the parameter: what it goes through.
    found : str
        The name of the result.
    default : expression, optional
        What ``next`` gives of no items.
    """
    step, start, end = _PARTS[what](copied(node.elt), found)
    end = end if default is None else copied(default)
    body: Any = step
    for n, part in reversed(list(enumerate(node.generators))):
        for test in reversed(part.ifs):
            body = ast.If(copied(test), [body], [])
        over = copied(part.iter) if n else variable(items)
        body = ast.For(copied(part.target), over, [body], [])
    return [*start, body, ast.Return(end)]


def _starting(found: str, value: Any) -> list[Any]:
    return [ast.Assign([variable(found, True)], value)]


def _list(item: Any, found: str) -> Any:
    return ast.Expr(call_method(found, "append", item)), _starting(found, ast.List([], ast.Load())), variable(found)


def _sum(item: Any, found: str) -> Any:
    step = ast.Assign([variable(found, True)], ast.BinOp(variable(found), ast.Add(), item))
    return step, _starting(found, ast.Constant(0)), variable(found)


def _any(item: Any, found: str) -> Any:
    return ast.If(item, [ast.Return(ast.Constant(True))], []), [], ast.Constant(False)


def _all(item: Any, found: str) -> Any:
    test = ast.UnaryOp(ast.Not(), item)
    return ast.If(test, [ast.Return(ast.Constant(False))], []), [], ast.Constant(True)


def _next(item: Any, found: str) -> Any:
    return ast.Return(item), [], ast.Constant(None)


_PARTS: dict[str, Callable[[Any, str], Any]] = {
    "list": _list, "sum": _sum, "any": _any, "all": _all, "next": _next,
}  # fmt: skip
