"""Which names a piece of a function binds, and which of them later code may read."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from .trees import children, walk

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def bound(*nodes: Any) -> set[str]:
    """The names that statements bind in the function they are in."""
    found: set[str] = set()
    for node in nodes:
        _bound(node, found, inner=False)
    return found


def _bound(node: Any, found: set[str], *, inner: bool) -> None:
    kind = type(node)
    if kind is ast.Name:
        if not inner and type(node.ctx) is not ast.Load:
            found.add(node.id)
        return
    if kind in _SCOPES:
        if kind is not ast.Lambda and not inner:
            found.add(node.name)
        return
    if kind in _COMPREHENSIONS:
        inner = True  # only what := binds is seen outside
    elif kind is ast.NamedExpr:
        found.add(node.target.id)
    elif kind in (ast.Import, ast.ImportFrom):
        found.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    elif kind in (ast.ExceptHandler, ast.MatchAs, ast.MatchStar) and node.name:
        found.add(node.name)
    elif kind is ast.MatchMapping and node.rest:
        found.add(node.rest)
    for child in children(node):
        if child._fields:
            _bound(child, found, inner=inner)


def read(*nodes: Any) -> set[str]:
    """The names that occur in some code to be read, in inner functions too."""
    return {
        node.id
        for top in nodes
        for node in walk(top)
        if type(node) is ast.Name and type(node.ctx) is not ast.Store
    }


def declared(body: Iterable[Any], kind: Any) -> set[str]:
    """The names in the ``global`` or ``nonlocal`` statements of a function."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, kind):
            found.update(node.names)
        elif not isinstance(node, _SCOPES):
            found |= declared(children(node), kind)
    return found


def rebound(body: Iterable[Any]) -> set[str]:
    """The names that functions in some code declare as those of a function around them."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found |= declared(node.body, ast.Nonlocal)
        found |= rebound(children(node))
    return found


def own_parts(node: Any) -> list[Any]:
    """A statement without the statements in it."""
    inner = {id(child) for block in _blocks(node) for child in block}
    if not inner:
        return [node]
    found: list[Any] = []
    for child in children(node):
        if id(child) not in inner:
            found += own_parts(child) if isinstance(child, (ast.match_case, ast.ExceptHandler)) else [child]
    return found


class Liveness:
    """For each statement of a function, the names that may be read after it.

    Names that inner functions read can be read at any time.
    """

    def __init__(self, body: list[Any]) -> None:
        self.after: dict[Any, set[str]] = {}
        self.head: dict[Any, set[str]] = {}  # for a loop: what may be read at the start of a turn
        self.always: set[str] = set()
        for node in (inner for top in body for inner in walk(top)):
            if isinstance(node, _SCOPES):
                self.always |= read(node)
        self.block(body, set(), set(), set())

    def block(self, body: list[Any], out: set[str], at_break: set[str], at_continue: set[str]) -> set[str]:
        """The names alive before a block, from those alive after it."""
        for node in reversed(body):
            self.after[node] = out | self.always | self.after.get(node, set())
            out = self.statement(node, out, at_break, at_continue)
        return out

    def statement(self, node: Any, out: set[str], at_break: set[str], at_continue: set[str]) -> set[str]:
        """The names alive before one statement."""
        if isinstance(node, ast.If):
            jumps = (at_break, at_continue)
            return read(node.test) | self.block(node.body, out, *jumps) | self.block(node.orelse, out, *jumps)
        if isinstance(node, (ast.While, ast.For)):
            return self.loop(node, out, at_break, at_continue)
        if isinstance(node, (ast.Return, ast.Raise)):
            return read(node)
        if isinstance(node, ast.Break):
            return at_break
        if isinstance(node, ast.Continue):
            return at_continue
        if isinstance(node, (ast.Try, ast.TryStar, ast.With, ast.Match)):
            everything = out | read(node)  # an exception may leave it anywhere
            for block in _blocks(node):
                self.block(block, everything, at_break | everything, at_continue | everything)
            return everything | at_break | at_continue
        if isinstance(node, ast.Assign) or (isinstance(node, ast.AnnAssign) and node.value is not None):
            return (out - bound(node)) | read(node)
        return out | read(node) | (bound(node) if isinstance(node, ast.AugAssign) else set())

    def loop(self, node: Any, out: set[str], at_break: set[str], at_continue: set[str]) -> set[str]:
        """The names alive before a loop: a turn may be the first, the last, or one between."""
        at_end = self.block(node.orelse, out, at_break, at_continue)
        head: set[str] = set()
        for _ in range(3):
            turn = self.block(node.body, head, out, head)
            own = read(node.test) if isinstance(node, ast.While) else set()
            kills = bound(node.target) if isinstance(node, ast.For) else set()
            head = head | own | at_end | (turn - kills)
        self.head[node] = head | self.always
        return head | (read(node.iter) if isinstance(node, ast.For) else set())


def _blocks(node: Any) -> list[list[Any]]:
    found = [getattr(node, name) for name in ("body", "orelse", "finalbody") if hasattr(node, name)]
    found += [part.body for name in ("handlers", "cases") for part in getattr(node, name, ())]
    return [block for block in found if isinstance(block, list)]
