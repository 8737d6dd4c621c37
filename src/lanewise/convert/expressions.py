"""The rewriting of expressions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..regions.both import PREFIX
from .comprehensions import EATERS, TAKERS, as_definition, chooses
from .nodes import binds, call_helper, cost_of, holds, located, thunk, variable
from .trees import copied

if TYPE_CHECKING:
    from .rewrite import Function

_COMPARISONS: dict[type, str] = {
    ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne",
    ast.Is: "is_", ast.IsNot: "is_not", ast.In: "in_", ast.NotIn: "not_in",
}  # fmt: skip
_OWN_NAMES = frozenset({"data", "lanes", "kind", "now"})  # attributes of lane values that are not those of arrays


class Expressions(ast.NodeTransformer):
    """The rewriting of expressions."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.inner = 0  # how many comprehensions deep

    def truth(self, node: Any) -> Any:
        """An expression of which only the truth is asked."""
        if isinstance(node, ast.BoolOp) and not binds(node):
            helper = "all" if isinstance(node.op, ast.And) else "any"
            first, *rest = node.values
            call = call_helper(helper, self.truth(first), *[thunk(self.truth(value)) for value in rest])
            call.keywords = cost_of(*rest)
            return self.at(call, node)
        return self.visit(copied(node))

    def at(self, new: Any, node: Any) -> Any:
        """What stands for an expression, in its place."""
        return located(new, node)

    def visit_BoolOp(self, node: Any) -> Any:
        if binds(node):
            return self.generic_visit(node)
        helper = "and" if isinstance(node.op, ast.And) else "or"
        cost = cost_of(*node.values[1:])
        first, *rest = [self.visit(value) for value in node.values]
        call = call_helper(helper, first, *[thunk(value) for value in rest])
        call.keywords = cost
        return self.at(call, node)

    def visit_IfExp(self, node: Any) -> Any:
        if binds(node):
            return self.generic_visit(node)
        cost = cost_of(node.body, node.orelse)
        sides = [thunk(self.visit(side)) for side in (node.body, node.orelse)]
        call = call_helper("if_expression", self.truth(node.test), *sides)
        call.keywords = cost
        return self.at(call, node)

    def visit_UnaryOp(self, node: Any) -> Any:
        if isinstance(node.op, ast.Not):
            return self.at(call_helper("not", self.truth(node.operand)), node)
        return self.generic_visit(node)

    def visit_Compare(self, node: Any) -> Any:
        if len(node.ops) == 1:
            if type(node.ops[0]) in (ast.Is, ast.IsNot, ast.In, ast.NotIn):
                helper = _COMPARISONS[type(node.ops[0])]
                return self.at(call_helper(helper, self.visit(node.left), self.visit(node.comparators[0])), node)
            return self.generic_visit(node)
        if binds(node):
            return self.generic_visit(node)
        cost = cost_of(*node.comparators[1:])
        steps = [
            ast.Tuple([variable(PREFIX + _COMPARISONS[type(op)]), thunk(self.visit(right))], ast.Load())
            for op, right in zip(node.ops, node.comparators, strict=True)
        ]
        call = call_helper("chain", self.visit(node.left), *steps)
        call.keywords = cost
        return self.at(call, node)

    def visit_Call(self, node: Any) -> Any:
        if self.takes_first(node):
            generator, default = node.args
            parts = self.comprehended(generator, "next", ast.GeneratorExp, default)
            return self.at(call_helper("comprehend", *parts), node)
        eater = self.eats(node)
        if eater in EATERS and not node.keywords:
            generator = node.args[0]
            parts = self.comprehended(generator, eater, ast.GeneratorExp)
            return self.at(call_helper("eat", node.func, *parts), node)
        if eater:
            node.args[0] = self.comprehension(node.args[0], ast.GeneratorExp)
            func, node.func = node.func, variable(PREFIX + "GONE")
            node = self.generic_visit(node)
            node.func = func
        else:
            node = self.generic_visit(node)
        if isinstance(node.func, ast.Attribute):
            node.func = self.at(call_helper("method", node.func.value, ast.Constant(node.func.attr)), node.func)
        elif not (isinstance(node.func, ast.Name) and node.func.id.startswith(PREFIX)):
            node.func = self.at(call_helper("function", node.func), node.func)
        return node

    def visit_Attribute(self, node: Any) -> Any:
        node = self.generic_visit(node)
        if node.attr in _OWN_NAMES and isinstance(node.ctx, ast.Load):
            return self.at(call_helper("attribute", node.value, ast.Constant(node.attr)), node)
        return node

    def eats(self, node: Any) -> str:
        """The name of the builtin that a call gives all items of a generator; "" if it is another call."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in EATERS | TAKERS or name in self.function.visible or len(node.args) != 1:
            return ""
        return name if isinstance(node.args[0], ast.GeneratorExp) and self.can_loop(node.args[0]) else ""

    def takes_first(self, node: Any) -> bool:
        """Whether a call is ``next`` of a generator, with something plain for where it has no items."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name != "next" or name in self.function.visible or len(node.args) != 2 or node.keywords:
            return False
        generator, default = node.args
        plain = default.operand if isinstance(default, ast.UnaryOp) else default
        return isinstance(plain, ast.Constant) and isinstance(generator, ast.GeneratorExp) and self.can_loop(generator)

    def can_loop(self, node: Any) -> bool:
        """Whether a comprehension can be a loop in a function of its own; inside of others there is no place for it."""
        targets = [part.target for part in node.generators]
        odd = any(holds(ast.Tuple([target], ast.Load()), (ast.Subscript, ast.Attribute)) for target in targets)
        return not self.inner and not binds(node) and not odd and not any(part.is_async for part in node.generators)

    def comprehended(self, node: Any, what: str, kind: Any, default: Any = None) -> list[Any]:
        """What it goes through, itself as it is written, the same as a loop, and whether it may part lanes itself."""
        loop = self.function.comprehension(node, what, default)
        first = self.visit(copied(node.generators[0].iter))
        items = self.function.fresh("items")
        written = copied(node)
        written.generators[0].iter = variable(items)
        written = self.visit_inner(kind(written.elt, written.generators))
        if default is not None:
            written = ast.Call(variable("next"), [written, copied(default)], [])
        arguments = ast.arguments([], [ast.arg(items)], None, [], [], None, [])
        return [first, ast.Lambda(arguments, written), variable(loop), ast.Constant(chooses(node))]

    def comprehension(self, node: Any, kind: Any) -> Any:
        """A comprehension whose items may differ in number between lanes."""
        return self.at(call_helper("comprehend", *self.comprehended(node, "list", kind)), node)

    def visit_inner(self, node: Any) -> Any:
        """What has variables of its own."""
        self.inner += 1
        node = self.generic_visit(node)
        self.inner -= 1
        return node

    visit_GeneratorExp = visit_inner

    def visit_container(self, node: Any) -> Any:
        """A new list, dict or set, which only the lanes at work know."""
        if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            return self.generic_visit(node)
        if isinstance(node, ast.ListComp) and self.can_loop(node):
            return self.at(call_helper("new", self.comprehension(node, ast.ListComp)), node)
        comprehends = isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp))
        return self.at(call_helper("new", self.visit_inner(node) if comprehends else self.generic_visit(node)), node)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_List = visit_Dict = visit_Set = visit_container

    def visit_BinOp(self, node: Any) -> Any:
        lists = _makes_list(node.left) or _makes_list(node.right)
        node = self.generic_visit(node)
        if lists and isinstance(node.op, ast.Mult):
            return self.at(call_helper("repeated", node.left, node.right), node)
        if lists and isinstance(node.op, ast.Add):
            return self.at(call_helper("concatenated", node.left, node.right), node)
        return node

    def visit_Subscript(self, node: Any) -> Any:
        if not isinstance(node.ctx, ast.Load):
            return self.generic_visit(node)
        if _is_constant_index(node.slice):
            made = self.generic_visit(node)
            return self.at(call_helper("sliced", made), node) if isinstance(node.slice, ast.Slice) else made
        base, index = self.subscript(node, fresh=False)
        return self.at(call_helper("get", base, index), node)

    def subscript(self, node: Any, *, fresh: bool = True) -> tuple[Any, Any]:
        """The object and the index of a subscript, as expressions."""
        if fresh:
            node = copied(node)
        return self.visit(node.value), self.visit(_index(node.slice, node))

    def visit_Lambda(self, node: Any) -> Any:
        defaults = any(item is not None for item in (*node.args.defaults, *node.args.kw_defaults))
        made = node if self.inner or defaults else as_definition(node, self.function.fresh("lambda"))
        new = self.function.inside(made).rewritten()
        if made is node:
            return new
        self.function.pending.append(new)
        return variable(made.name)


def _makes_list(node: Any) -> bool:
    """Whether an expression is a list for all to see."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mult)):
        return _makes_list(node.left) or _makes_list(node.right)
    return isinstance(node, (ast.List, ast.ListComp))


def named_iterators(node: Any) -> Any:
    """What a loop goes through, where that may be an iterator which later code sees as well."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        return located(call_helper("iterator", node), node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.func.id.startswith(PREFIX):
        node.args = [named_iterators(arg) if isinstance(arg, (ast.Name, ast.Attribute)) else arg for arg in node.args]
    return node


def _index(node: Any, where: Any) -> Any:
    """An index, its slices as calls of ``slice``."""
    if isinstance(node, ast.Slice):
        parts = [part if part is not None else ast.Constant(None) for part in (node.lower, node.upper, node.step)]
        return located(ast.Call(variable(PREFIX + "slice"), parts, []), where)
    if isinstance(node, ast.Tuple):
        return located(ast.Tuple([_index(item, where) for item in node.elts], ast.Load()), where)
    return node


def _is_constant_index(node: Any) -> bool:
    if isinstance(node, ast.Tuple):
        return all(_is_constant_index(item) for item in node.elts)
    if isinstance(node, ast.Slice):
        return all(part is None or _is_constant_index(part) for part in (node.lower, node.upper, node.step))
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, ast.Constant)
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Attribute) and node.attr == "newaxis")
