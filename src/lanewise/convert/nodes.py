"""Parts of Python's syntax trees, as the rewriting makes them and asks about them."""

from __future__ import annotations

import ast
from typing import Any

from ..regions.both import PREFIX
from . import light
from .trees import children, walk

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def variable(text: str, store: bool = False) -> ast.Name:
    """A name, read or bound."""
    return ast.Name(text, ast.Store() if store else ast.Load())


def call_helper(helper: str, *args: Any) -> ast.Call:
    """A call of one of `runtime`'s functions."""
    return ast.Call(variable(PREFIX + helper), list(args), [])


def cost_of(*nodes: Any) -> list[ast.keyword]:
    """What tells a branch that its sides may run on all lanes, if they may: from their text before it is rewritten."""
    found = light.cost(*nodes)
    return [ast.keyword("cost", ast.Constant(found))] if found else []


def call_method(owner: str, name: str, *args: Any) -> ast.Call:
    """A call of a method of what a variable holds."""
    return ast.Call(ast.Attribute(variable(owner), name, ast.Load()), list(args), [])


def thunk(body: Any) -> ast.Lambda:
    """An expression as a function without parameters."""
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), body)


def strings(names: Any) -> ast.Constant:
    """Names as a tuple of texts, in order."""
    text: Any = tuple(sorted(names))
    return ast.Constant(text)


def is_gone(value: Any) -> ast.Compare:
    """Whether all lanes have left in a call."""
    return ast.Compare(value, [ast.Is()], [variable(PREFIX + "GONE")])


def block_function(name: str, body: list[Any]) -> Any:
    """A block as a function without parameters."""
    return definition(name, ast.arguments([], [], None, [], [], None, []), body)


def definition(name: str, arguments: Any, body: list[Any]) -> Any:
    """The definition of a function."""
    made: Any = ast.FunctionDef(name, arguments, body, [], None, None)
    made.type_params = []  # which Python 3.12 has
    return made


def located(new: Any, node: Any) -> Any:
    """Give what stands for a statement the statement's place, where it has none of its own."""
    own = vars(node)
    place = {name: own[name] for name in ("lineno", "col_offset", "end_lineno", "end_col_offset") if name in own}
    for inner in walk(new):
        if inner._attributes and "lineno" not in inner.__dict__:
            inner.__dict__.update(place)
    return new


def holds(node: Any, kinds: Any) -> bool:
    """Whether some code holds a node of these kinds, not looking into inner functions."""
    for child in children(node):
        if isinstance(child, kinds) or (not isinstance(child, (*SCOPES, ast.Lambda)) and holds(child, kinds)):
            return True
    return False


def may_jump(body: list[Any]) -> bool:
    """Whether a block may be left other than at its end; the ways out of loops inside it do not count."""
    for node in body:
        if isinstance(node, (ast.Return, ast.Break, ast.Continue)):
            return True
        if isinstance(node, SCOPES):
            continue
        if isinstance(node, (ast.For, ast.While)):
            if holds(node, ast.Return) or may_jump(node.orelse):
                return True
        elif may_jump(children(node)):
            return True
    return False


def binds(node: Any) -> bool:
    """Whether an expression does what it can't do inside a function of its own."""
    return any(isinstance(n, (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await)) for n in walk(node))
