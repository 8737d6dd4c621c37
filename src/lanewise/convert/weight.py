"""What code weighs: how many additions of a value of each lane a turn of it takes, by its text.

It is an estimate, for `hot`: how often the code runs is counted, and what it weighs is told here. What loops inside it
do, and functions defined in it, is counted on its own.
"""

from __future__ import annotations

import ast
from typing import Any

from .light import FUNCTIONS, OPERATORS
from .trees import children

_CALL = 10  # of a function that is not known here
_PART = 3  # of a choice; where lanes part for it, that is counted
_DIVIDED = 12  # integers divided by what is no constant
_MOST = 3  # of another operator: powers, as they occur, are small
_INNER = (ast.For, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def weight(*nodes: Any) -> int:
    """What some statements or expressions weigh."""
    return sum(_own(node) + weight(*children(node)) for node in nodes if not isinstance(node, _INNER))


def turn(loop: Any) -> int:
    """What a turn of a loop weighs."""
    return 1 + weight(*loop.body, *([loop.test] if isinstance(loop, ast.While) else []))


def _own(node: Any) -> int:
    """What a node weighs without what is in it."""
    kind = type(node)
    if kind in (ast.BinOp, ast.AugAssign):
        return _operator(node)
    if kind is ast.Call:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return FUNCTIONS.get(name, _CALL) * max(1, len(node.args) - 1)
    return _WEIGHTS.get(kind, 0)


def _operator(node: Any) -> int:
    """What an operator weighs."""
    if isinstance(node.op, (ast.Mod, ast.FloorDiv)):
        by = node.right if isinstance(node, ast.BinOp) else node.value
        return _MOST if isinstance(by, ast.Constant) else _DIVIDED
    return min(OPERATORS.get(type(node.op), _MOST), _MOST)


_WEIGHTS: dict[type, int] = {
    ast.UnaryOp: 1, ast.Compare: 1, ast.BoolOp: 2, ast.IfExp: _PART, ast.If: _PART, ast.Assert: _PART, ast.Match: _PART,
    ast.Subscript: 3, ast.Break: _PART, ast.Return: 1,
}  # fmt: skip
