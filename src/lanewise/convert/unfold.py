"""Expressions that bind names (``:=``) in parts which Python may skip, as statements: lanes part there.

``while a and (n := n + 1) < 9`` is a loop without an end that leaves where its test, worked out by ``if``s, does not
hold. What is worked out before or around such a part in one expression stays as it is.
"""

from __future__ import annotations

import ast
from typing import Any

from ..regions.both import PREFIX
from .nodes import located, variable
from .trees import walk


def unfolded(node: Any) -> Any:
    """A function without such expressions; those defined inside it are left."""
    if isinstance(node.body, list):
        node.body = Unfold().block(node.body)
    return node


class Unfold(ast.NodeTransformer):
    """Statements with such expressions, rewritten; each takes the variables that it needs from a count."""

    def __init__(self) -> None:
        self.count = 0

    def block(self, body: list[Any]) -> list[Any]:
        """Some statements, rewritten."""
        return self.visit(ast.Module(body, [])).body  # type: ignore[no-any-return]

    def leave(self, node: Any) -> Any:
        """What has statements of its own."""
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = leave

    def held(self, value: Any) -> tuple[list[Any], Any]:
        """Statements that work out a value, and an expression that gives it."""
        if not _skips(value):
            return [], value
        if isinstance(value, ast.UnaryOp):
            steps, inner = self.held(value.operand)
            return steps, ast.UnaryOp(value.op, inner)
        self.count += 1
        name = f"{PREFIX}held{self.count}"
        if isinstance(value, ast.IfExp):
            sides = [[*steps, _bind(name, inner)] for steps, inner in map(self.held, (value.body, value.orelse))]
            steps, test = self.held(value.test)
            return [*steps, ast.If(test, *sides)], variable(name)
        first, *rest = value.values
        steps, inner = self.held(first)
        start = [*steps, _bind(name, inner)]
        body = start
        for part in rest:
            steps, inner = self.held(part)
            known: Any = variable(name) if isinstance(value.op, ast.And) else ast.UnaryOp(ast.Not(), variable(name))
            further = ast.If(known, [*steps, _bind(name, inner)], [])
            body.append(further)
            body = further.body
        return start, variable(name)

    def around(self, node: Any) -> Any:
        """A statement whose value may be worked out before it."""
        node = self.generic_visit(node)
        if node.value is None:
            return node
        steps, node.value = self.held(node.value)
        return [*[located(step, node) for step in steps], located(node, node)]

    visit_Return = visit_Expr = visit_Assign = around

    def visit_If(self, node: Any) -> Any:
        node = self.generic_visit(node)
        steps, node.test = self.held(node.test)
        return [*[located(step, node) for step in steps], located(node, node)]

    def visit_While(self, node: Any) -> Any:
        node = self.generic_visit(node)
        if node.orelse or not _skips(node.test):
            return node
        steps, test = self.held(node.test)
        leave = ast.If(ast.UnaryOp(ast.Not(), test), [ast.Break()], [])
        body = [located(step, node) for step in (*steps, leave)]
        return located(ast.While(ast.Constant(True), [*body, *node.body], []), node)


def _bind(name: str, value: Any) -> ast.Assign:
    return ast.Assign([variable(name, True)], value)


def _skips(value: Any) -> bool:
    """Whether a part of an expression that may be skipped binds a name."""
    if isinstance(value, ast.BoolOp):
        return any(map(_binds, value.values[1:])) or any(map(_skips, value.values))
    if isinstance(value, ast.IfExp):
        return _binds(value.body) or _binds(value.orelse) or _skips(value.test)
    return isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not) and _skips(value.operand)


def _binds(value: Any) -> bool:
    return any(isinstance(node, ast.NamedExpr) for node in walk(value))
