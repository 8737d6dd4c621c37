"""What little code costs that does nothing but compute: the sides of a branch that may run on all lanes.

Costs count additions of a value of each lane, as NumPy does them. What may do more than compute (a call of a
function that is not known here, a write, a loop) has no cost, and neither has what costs more than it might save.
Names may stand for anything; `regions.both` looks at that when the code runs.
"""

from __future__ import annotations

import ast
from typing import Any

LIMIT = 40

_OPERATORS: dict[type, int] = {
    ast.Add: 1, ast.Sub: 1, ast.Mult: 1, ast.Div: 2, ast.FloorDiv: 8, ast.Mod: 8, ast.Pow: 10, ast.LShift: 2,
    ast.RShift: 2, ast.BitAnd: 1, ast.BitOr: 1, ast.BitXor: 1,
}  # fmt: skip
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Is, ast.IsNot)
_FUNCTIONS = {
    **dict.fromkeys(("abs", "fabs", "absolute", "float", "bool", "sqrt", "real", "imag", "conj", "copysign"), 2),
    **dict.fromkeys(("min", "max", "minimum", "maximum", "fmin", "fmax", "int", "floor", "ceil", "trunc", "sign"), 3),
    **dict.fromkeys(("where", "isnan", "isinf", "isfinite", "radians", "degrees", "square", "rint", "float64"), 2),
    **dict.fromkeys(("exp", "log", "sin", "cos", "hypot"), 8),
    **dict.fromkeys(("tan", "atan", "asin", "acos", "atan2", "tanh", "sinh", "cosh", "log2", "log10", "log1p"), 12),
    **dict.fromkeys(("expm1", "arctan", "arctan2", "arcsin", "arccos", "cbrt", "pow"), 12),
}
_MODULES = frozenset({"math", "np", "numpy", "cmath", "jnp"})


def cost(*nodes: Any) -> int:
    """What some statements or expressions cost; 0 where they are not to run on all lanes."""
    try:
        total = sum(_cost(node) for node in nodes) + 1
    except _NotLight:
        return 0
    return total if total <= LIMIT else 0


class _NotLight(Exception):
    pass


def _cost(node: Any) -> int:
    rule = _RULES.get(type(node))
    if rule is None:
        raise _NotLight
    return int(rule(node))


def _all(nodes: Any) -> int:
    return sum(map(_cost, nodes))


def _assign(node: Any) -> int:
    for target in node.targets:
        items = target.elts if isinstance(target, ast.Tuple) else [target]
        if not all(isinstance(item, ast.Name) for item in items):
            raise _NotLight
    if isinstance(node.value, ast.Tuple) and all(isinstance(target, ast.Tuple) for target in node.targets):
        return _all(node.value.elts)
    return _cost(node.value)


def _augmented(node: Any) -> int:
    if not isinstance(node.target, ast.Name) or type(node.op) not in _OPERATORS:
        raise _NotLight
    return _OPERATORS[type(node.op)] + _cost(node.value)


def _binary(node: Any) -> int:
    if type(node.op) not in _OPERATORS:
        raise _NotLight
    return _OPERATORS[type(node.op)] + _cost(node.left) + _cost(node.right)


def _compare(node: Any) -> int:
    if not all(isinstance(op, _COMPARISONS) for op in node.ops):
        raise _NotLight
    return 2 * len(node.ops) - 1 + _cost(node.left) + _all(node.comparators)


def _call(node: Any) -> int:
    owner = node.func
    if isinstance(owner, ast.Attribute) and isinstance(owner.value, ast.Name) and owner.value.id in _MODULES:
        name = owner.attr
    else:
        name = owner.id if isinstance(owner, ast.Name) else ""
    if name not in _FUNCTIONS or node.keywords or not node.args:
        raise _NotLight
    return _FUNCTIONS[name] * max(1, len(node.args) - 1) + _all(node.args)


def _subscript(node: Any) -> int:
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    known = all(isinstance(item, (ast.Constant, ast.UnaryOp)) for item in items)
    return _cost(node.value) + (1 if known else 4 + _all(items))


def _nothing(node: Any) -> int:
    return 0


def _attribute(node: Any) -> int:
    if not isinstance(node.value, ast.Name) or node.value.id not in _MODULES:
        raise _NotLight
    return 0


_RULES: dict[type, Any] = {
    ast.Assign: _assign,
    ast.AugAssign: _augmented,
    ast.Pass: _nothing,
    ast.If: lambda node: 2 + _cost(node.test) + _all(node.body) + _all(node.orelse),
    ast.Constant: _nothing,
    ast.Name: _nothing,
    ast.Attribute: _attribute,
    ast.BinOp: _binary,
    ast.UnaryOp: lambda node: 1 + _cost(node.operand),
    ast.Compare: _compare,
    ast.BoolOp: lambda node: len(node.values) + _all(node.values),
    ast.IfExp: lambda node: 2 + _cost(node.test) + _cost(node.body) + _cost(node.orelse),
    ast.Call: _call,
    ast.Subscript: _subscript,
}
