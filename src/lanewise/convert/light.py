"""What little code costs that does nothing but compute: the sides of a branch that may run on all lanes.

Costs count additions of a value of each lane, as NumPy does them. What may do more than compute (a call of a
function that is not known here, a write, a loop) has no cost, and neither has what costs more than it might save.
Names may stand for anything; `regions.both` looks at that when the code runs.
"""

from __future__ import annotations

import ast
import builtins
from typing import Any

from .trees import walk

LIMIT = 80

OPERATORS: dict[type, int] = {
    ast.Add: 1, ast.Sub: 1, ast.Mult: 1, ast.Div: 2, ast.FloorDiv: 8, ast.Mod: 8, ast.Pow: 10, ast.LShift: 2,
    ast.RShift: 2, ast.BitAnd: 1, ast.BitOr: 1, ast.BitXor: 1,
}  # fmt: skip
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Is, ast.IsNot)
FUNCTIONS = {
    **dict.fromkeys(("abs", "fabs", "absolute", "float", "bool", "sqrt", "real", "imag", "conj", "copysign"), 2),
    **dict.fromkeys(("min", "max", "minimum", "maximum", "fmin", "fmax", "int", "floor", "ceil", "trunc", "sign"), 3),
    **dict.fromkeys(("where", "isnan", "isinf", "isfinite", "radians", "degrees", "square", "rint", "float64"), 2),
    **dict.fromkeys(("len", "complex", "round", "divmod"), 6),
    **dict.fromkeys(("exp", "log", "sin", "cos", "hypot"), 8),
    **dict.fromkeys(("tan", "atan", "asin", "acos", "atan2", "tanh", "sinh", "cosh", "log2", "log10", "log1p"), 12),
    **dict.fromkeys(("expm1", "arctan", "arctan2", "arcsin", "arccos", "cbrt", "pow"), 12),
}
_MODULES = frozenset({"math", "np", "numpy", "cmath", "jnp"})


def cost(*nodes: Any) -> int:
    """What some statements or expressions cost; 0 where they are not to run on all lanes."""
    total = _total(nodes)
    return total + 1 if total is not None and total < LIMIT else 0


def is_formula(node: Any) -> bool:
    """Whether the definition of a function has nothing but statements that compute, and one that returns."""
    if isinstance(node, ast.Lambda):
        return only_computes(node.body)
    body = [item for item in node.body if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))]
    if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
        return False
    values = body[-1].value.elts if isinstance(body[-1].value, ast.Tuple) else [body[-1].value]
    return only_computes(*body[:-1], *values)


def formulas(node: Any) -> set[tuple[str, int]]:
    """The functions defined in a function that are formulas, by name and line; where several are alike, if all are."""
    found: dict[tuple[str, int], bool] = {}
    for inner in walk(node):
        if isinstance(inner, (ast.FunctionDef, ast.Lambda)) and inner is not node:
            key = getattr(inner, "name", "<lambda>"), inner.lineno
            found[key] = found.get(key, True) and is_formula(inner)
    return {key for key, true in found.items() if true}


def only_computes(*nodes: Any) -> bool:
    """Whether some statements or expressions may be done for lanes that do not need them."""
    return _total(nodes) is not None


def steps(node: Any) -> list[tuple[str, Any, list[Any]]] | None:
    """A loop's turn as steps for `regions.turns`; None where it does more than compute.

    Each is what kind of step it is, its test, and its statements: those of a step that only computes, or the last that
    the lanes do that leave.
    """
    found: list[tuple[str, Any, list[Any]]] = []
    rest = list(node.body)
    if isinstance(node, ast.While):
        if not only_computes(node.test):
            return None
        if not (isinstance(node.test, ast.Constant) and node.test.value):
            found.append(("test", node.test, []))
    while rest:
        statement = rest.pop(0)
        if only_computes(statement):
            if found and found[-1][0] == "do":
                found[-1][2].append(statement)
            else:
                found.append(("do", None, [statement]))
            continue
        if not isinstance(statement, ast.If) or not only_computes(statement.test):
            return None
        *before, last = statement.body
        if not isinstance(last, (ast.Break, ast.Return)) or not only_computes(*before):
            return None
        if isinstance(last, ast.Break):
            found.append(("break", statement.test, before))
        else:
            found.append(("return", statement.test, statement.body))
        rest = [*statement.orelse, *rest]
    return found


class _NotLight(Exception):
    pass


def _total(nodes: Any) -> int | None:
    """The cost of all, if they only compute."""
    try:
        return _all(nodes)
    except _NotLight:
        return None


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
    if not isinstance(node.target, ast.Name) or type(node.op) not in OPERATORS:
        raise _NotLight
    return OPERATORS[type(node.op)] + _cost(node.value)


def _binary(node: Any) -> int:
    if type(node.op) not in OPERATORS:
        raise _NotLight
    return OPERATORS[type(node.op)] + _cost(node.left) + _cost(node.right)


def _compare(node: Any) -> int:
    if not all(isinstance(op, _COMPARISONS) for op in node.ops):
        raise _NotLight
    return 2 * len(node.ops) - 1 + _cost(node.left) + _all(node.comparators)


def _call(node: Any) -> int:
    owner = node.func
    if isinstance(owner, ast.Name) and owner.id not in FUNCTIONS and not hasattr(builtins, owner.id):
        if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
            raise _NotLight
        return _CALL + _all(node.args)  # of a function that may only compute: that is seen when it is called
    if isinstance(owner, ast.Attribute) and isinstance(owner.value, ast.Name) and owner.value.id in _MODULES:
        name = owner.attr
    else:
        name = owner.id if isinstance(owner, ast.Name) else ""
    if name not in FUNCTIONS or node.keywords or not node.args:
        raise _NotLight
    return FUNCTIONS[name] * max(1, len(node.args) - 1) + _all(node.args)


_CALL = 12


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
