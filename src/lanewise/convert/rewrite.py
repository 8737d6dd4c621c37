"""The rewriting: statements and expressions that ask about values become calls of `runtime`.

The sides of an ``if`` become inner functions, which answer `GONE` when all their lanes have left (by ``return``,
``break`` or ``continue``); what follows such a statement is then skipped. A loop stays a loop: its test, its
iterable and its ways out are calls of a `Loop` object. Each loop stands there twice, and runs as it was written
where nothing that it names is a lane value.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from typing import Any

from ..regions.both import PREFIX
from . import light
from .comprehensions import EATERS, TAKERS, as_loop, chooses
from .names import Liveness, bound, declared, read

_AUGMENTED: dict[type, str] = {
    ast.Add: "iadd", ast.Sub: "isub", ast.Mult: "imul", ast.Div: "itruediv", ast.FloorDiv: "ifloordiv",
    ast.Mod: "imod", ast.Pow: "ipow", ast.MatMult: "imatmul", ast.LShift: "ilshift", ast.RShift: "irshift",
    ast.BitAnd: "iand", ast.BitOr: "ior", ast.BitXor: "ixor",
}  # fmt: skip
_COMPARISONS: dict[type, str] = {
    ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne",
    ast.Is: "is_", ast.IsNot: "is_not", ast.In: "in_", ast.NotIn: "not_in",
}  # fmt: skip
_OWN_NAMES = frozenset({"data", "lanes", "kind", "now"})  # attributes of lane values that are not those of arrays
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LEFT_ALONE = frozenset({"super", "locals", "vars", "eval", "exec", "dir", "__class__"})


class CannotRewrite(Exception):
    """The function has something that only Python itself runs as it should."""


def _name(text: str, store: bool = False) -> ast.Name:
    return ast.Name(text, ast.Store() if store else ast.Load())


def _call(helper: str, *args: Any) -> ast.Call:
    return ast.Call(_name(PREFIX + helper), list(args), [])


def _cost(*nodes: Any) -> list[ast.keyword]:
    """What tells a branch that its sides may run on all lanes, if they may: from their text before it is rewritten."""
    cost = light.cost(*nodes)
    return [ast.keyword("cost", ast.Constant(cost))] if cost else []


def _method(owner: str, name: str, *args: Any) -> ast.Call:
    return ast.Call(ast.Attribute(_name(owner), name, ast.Load()), list(args), [])


def _thunk(body: Any) -> ast.Lambda:
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), body)


def _strings(names: Any) -> ast.Constant:
    text: Any = tuple(sorted(names))
    return ast.Constant(text)


def _is_gone(value: Any) -> ast.Compare:
    return ast.Compare(value, [ast.Is()], [_name(PREFIX + "GONE")])


def _holds(node: Any, kinds: Any) -> bool:
    """Whether some code holds a node of these kinds, not looking into inner functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, kinds) or (not isinstance(child, (*_SCOPES, ast.Lambda)) and _holds(child, kinds)):
            return True
    return False


def _jumps(body: list[Any]) -> bool:
    """Whether a block may be left other than at its end; the ways out of loops inside it do not count."""
    for node in body:
        if isinstance(node, (ast.Return, ast.Break, ast.Continue)):
            return True
        if isinstance(node, _SCOPES):
            continue
        if isinstance(node, (ast.For, ast.While)):
            if _holds(node, ast.Return) or _jumps(node.orelse):
                return True
        elif _jumps(list(ast.iter_child_nodes(node))):
            return True
    return False


class Place:
    """Where a statement stands: how it returns, and how it goes on when all lanes have left.

    Parameters
    ----------
    kind : str
        ``function``, ``side`` (of an ``if``) or ``loop``.
    loop : str
        The name of the innermost loop's object; "" outside of loops.
    """

    def __init__(self, kind: str, loop: str = "") -> None:
        self.kind = kind
        self.loop = loop

    def gone(self) -> list[Any]:
        """What to do when all lanes have left."""
        if self.kind == "function":
            return [ast.Return(_method(PREFIX + "frame", "result"))]
        if self.kind == "side":
            return [ast.Return(_name(PREFIX + "GONE"))]
        return [ast.If(_method(self.loop, "go_on"), [ast.Continue()], []), ast.Break()]

    def leave(self, call: ast.Call) -> list[Any]:
        """Let the lanes at work leave by a call that answers `GONE`."""
        return [ast.Return(call)] if self.kind == "side" else [ast.Expr(call), *self.gone()]

    def give(self, value: Any) -> list[Any]:
        """``return value``."""
        if self.kind == "function":
            return [ast.Return(_method(PREFIX + "frame", "done", value))]
        return self.leave(_method(PREFIX + "frame", "leave", value))


class Function:
    """The rewriting of one function, and of those defined inside it."""

    def __init__(self, node: Any, counter: list[int], outer_names: set[str]) -> None:
        self.node = node
        self.counter = counter
        body = node.body if isinstance(node.body, list) else []
        args = node.args
        every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
        self.globals = declared(body, ast.Global)
        self.nonlocals = declared(body, ast.Nonlocal)
        self.parameters = {arg.arg for arg in every if arg is not None}
        self.locals = (self.parameters | bound(*body)) - self.globals - self.nonlocals
        self.visible = self.locals | outer_names  # the names whose cells an inner function can have
        self.live = Liveness(body)
        self.expressions = Expressions(self)
        self.pending: list[Any] = []  # definitions that the statement at work needs before it

    def fresh(self, letter: str) -> str:
        """A name that occurs nowhere else."""
        self.counter[0] += 1
        return f"{PREFIX}{letter}{self.counter[0]}"

    def rewritten(self) -> Any:
        """The definition, rewritten."""
        node = self.node
        if isinstance(node, ast.Lambda):
            self.expressions.inner = 1
            return ast.copy_location(ast.Lambda(node.args, self.expressions.visit(node.body)), node)
        body = list(node.body)
        start = []
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            start = [body.pop(0)]
        start += [item for item in body if isinstance(item, (ast.Global, ast.Nonlocal))]
        body = [item for item in body if not isinstance(item, (ast.Global, ast.Nonlocal))]
        names = sorted(self.locals - self.parameters)
        if names:  # inner functions that bind them need a binding here
            bindings = ast.Assign([_name(name, True) for name in names], ast.Constant(0))
            start.append(ast.If(ast.Constant(False), [bindings], []))
        if has_regions(node.body):
            start.append(ast.Assign([_name(PREFIX + "frame", True)], _call("enter")))
            new = self.block(body, Place("function"))
            if not new or not isinstance(new[-1], ast.Return):
                new.append(ast.Return(_method(PREFIX + "frame", "done")))
        else:
            new = self.block(body, Place("plain"))
        made = ast.FunctionDef(node.name, node.args, start + new, node.decorator_list, node.returns, None)
        vars(made)["type_params"] = getattr(node, "type_params", [])
        return ast.copy_location(made, node)

    # ---- statements ----

    def block(self, body: list[Any], place: Place) -> list[Any]:
        """A list of statements, rewritten."""
        found = []
        for node in body:
            held, self.pending = self.pending, []
            new = self.statement(node, place)
            found += [_located(item, node) for item in (*self.pending, *new)]
            self.pending = held
        return found

    def comprehension(self, node: Any, what: str) -> str:
        """A comprehension as a function with a loop in it; returns its name."""
        name, items = self.fresh(what), self.fresh("items")
        made = _function(name, as_loop(node, what, items, self.fresh("found")))
        made.args = ast.arguments([], [ast.arg(items)], None, [], [], None, [])
        made = ast.fix_missing_locations(_located(made, node))
        self.pending.append(Function(made, self.counter, self.visible).rewritten())
        return name

    def statement(self, node: Any, place: Place) -> list[Any]:
        """One statement, rewritten."""
        method: Callable[[Any, Place], list[Any]] | None = getattr(self, f"on_{type(node).__name__}", None)
        if method is not None:
            return method(node, place)
        effects = self.effects(node)
        return [*effects, self.expressions.visit(copy.deepcopy(node))]

    def effects(self, node: Any) -> list[Any]:
        """What to say before a statement that changes more than the function's own variables."""
        outside = bound(node) & (self.globals | self.nonlocals)
        attributes = [n for n in ast.walk(node) if isinstance(n, ast.Attribute) and not isinstance(n.ctx, ast.Load)]
        return [ast.Expr(_call("effect"))] if outside or attributes else []

    def on_FunctionDef(self, node: Any, place: Place) -> list[Any]:
        if not can_rewrite(node):
            return [node]
        return [Function(node, self.counter, self.visible).rewritten()]

    def on_ClassDef(self, node: Any, place: Place) -> list[Any]:
        return [node]

    on_AsyncFunctionDef = on_ClassDef

    def on_Global(self, node: Any, place: Place) -> list[Any]:
        return []

    on_Nonlocal = on_Global

    def on_Return(self, node: Any, place: Place) -> list[Any]:
        value = self.expressions.visit(copy.deepcopy(node.value)) if node.value is not None else ast.Constant(None)
        return [ast.Return(value)] if place.kind == "plain" else place.give(value)

    def on_Delete(self, node: Any, place: Place) -> list[Any]:
        found = self.effects(node)
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                found.append(ast.Expr(_call("delete", *self.expressions.subscript(target))))
            else:
                found.append(ast.Delete([target]))
        return found

    def on_Break(self, node: Any, place: Place) -> list[Any]:
        if place.kind == "side":
            return place.leave(_method(place.loop, "leave"))
        return [ast.If(_method(place.loop, "breaks"), [ast.Continue()], []), ast.Break()]

    def on_Continue(self, node: Any, place: Place) -> list[Any]:
        if place.kind == "side":
            return place.leave(_method(place.loop, "skip"))
        return [ast.Expr(_method(place.loop, "rejoin")), ast.Continue()]

    def on_Assert(self, node: Any, place: Place) -> list[Any]:
        error = ast.Call(_name("AssertionError"), [node.msg] if node.msg is not None else [], [])
        test = ast.UnaryOp(ast.Not(), node.test)
        made = _located(ast.If(test, [ast.Raise(error, None)], []), node)
        self.live.after.setdefault(made, self.live.after.get(node, set()))
        return self.on_If(made, place)

    def on_If(self, node: Any, place: Place) -> list[Any]:
        names = self.assigned(node) & self.live.after.get(node, self.locals)
        names |= self.assigned(*node.body) & read(*node.orelse)  # to be put back for the other side
        definitions = []
        sides: list[Any] = []
        for body, letter in ((node.body, "then"), (node.orelse, "else")):
            if not body:
                sides.append(ast.Constant(None))
                continue
            name = self.fresh(letter)
            definitions.append(_located(self.side(name, body, place), node))
            sides.append(_name(name))
        call = _call("if", self.expressions.truth(node.test), *sides, _strings(names))
        call.keywords = _cost(*node.body, *node.orelse)
        if _jumps(node.body) or _jumps(node.orelse):
            return [*definitions, ast.If(_is_gone(call), place.gone(), [])]
        return [*definitions, ast.Expr(call)]

    def assigned(self, *nodes: Any) -> set[str]:
        """The function's variables that some statements may bind."""
        return bound(*nodes) & self.locals

    def side(self, name: str, body: list[Any], place: Place) -> Any:
        """A block as an inner function."""
        names = sorted(bound(*body) & (self.locals | self.nonlocals))
        outside = sorted(bound(*body) & self.globals)
        start: list[Any] = [ast.Nonlocal(names)] if names else []
        start += [ast.Global(outside)] if outside else []
        new = self.block(body, Place("side", place.loop))
        return _function(name, start + new)

    def on_While(self, node: Any, place: Place) -> list[Any]:
        def make(loop: str) -> Any:
            return ast.While(_method(loop, "test", self.expressions.truth(node.test)), self.turn(node, loop), [])

        return self.loop(node, place, make)

    def on_For(self, node: Any, place: Place) -> list[Any]:
        if _holds(node.target, (ast.Subscript, ast.Attribute)):
            raise CannotRewrite("a loop over something other than a variable")

        def make(loop: str) -> Any:
            items = self.expressions.visit(_named_iterators(copy.deepcopy(node.iter)))
            return ast.For(node.target, _method(loop, "over", items), self.turn(node, loop), [])

        return self.loop(node, place, make)

    def turn(self, node: Any, loop: str) -> list[Any]:
        """The body of a loop."""
        body = self.block(node.body, Place("loop", loop))
        return [*body, ast.Expr(_method(loop, "rejoin"))] if _holds(node, ast.Continue) else body

    def loop(self, node: Any, place: Place, make: Callable[[str], Any]) -> list[Any]:
        """A loop: as it was written where it meets no lane values, else by a `Loop`."""
        loop = self.fresh("loop")
        names = self.assigned(node) & (self.live.after.get(node, self.locals) | self.live.head.get(node, self.locals))
        seen = sorted((read(node) & self.visible) | names)
        peek = _thunk(ast.Tuple([_name(name) for name in seen], ast.Load()))
        flags = [ast.Constant(bool(node.orelse)), ast.Constant(is_straight(node))]
        start = ast.Assign([_name(loop, True)], _call("loop", peek, _strings(names), *flags))
        new = [make(loop)]
        if node.orelse:
            name = self.fresh("else")
            new += [self.side(name, node.orelse, place), ast.Expr(_method(loop, "orelse", _name(name)))]
        end = _method(loop, "over_and_out")
        new.append(ast.If(_is_gone(end), place.gone(), []) if place.kind != "plain" else ast.Expr(end))
        begun = self.turns(node, loop)
        if begun:
            if isinstance(node, ast.For):  # what it goes over has been worked out
                over = new[0].iter
                over.args = [_call("given", _name(loop), _thunk(over.args[0]))]
            new = [*begun[:-1], ast.If(begun[-1], [ast.Pass()], new[:1]), *new[1:]]
        as_written = self.as_written(node, place)
        if as_written is None:
            start.value.args.append(ast.Constant(False))  # type: ignore[attr-defined]
            return [start, *new]
        test = ast.Compare(_name(loop), [ast.Is()], [ast.Constant(None)])
        return [start, ast.If(test, [as_written], new)]

    def turns(self, node: Any, loop: str) -> list[Any]:
        """A call that runs the loop, if its turns only compute, and what has to stand before it; else nothing."""
        steps = light.steps(node)
        ranges = isinstance(node, ast.For) and _is_range(node.iter)
        if steps is None or not (any(kind != "do" for kind, _, _ in steps) or ranges):
            return []
        definitions: list[Any] = []

        def inner(body: list[Any], arguments: Any = None) -> Any:
            if not body:
                return []
            made = self.side(self.fresh("step"), body, Place("side", loop))
            made.args = arguments or made.args
            definitions.append(_located(made, node))
            return [_name(made.name)]

        items: list[Any] = [ast.Constant(None), ast.Constant(None)]
        if isinstance(node, ast.For):
            if not _is_target(node.target) or _binds(node.iter) or not (ranges or not is_straight(node)):
                return []
            item = self.fresh("item")
            bind = ast.Assign([copy.deepcopy(node.target)], _name(item))
            arguments = ast.arguments([], [ast.arg(item)], None, [], [], None, [])
            over = self.expressions.visit(_named_iterators(copy.deepcopy(node.iter)))
            items = [_thunk(over), *inner([_located(bind, node)], arguments)]
        parts = []
        for kind, test, body in steps:
            functions = [] if test is None else [_thunk(self.expressions.truth(test))]
            parts.append(ast.Tuple([ast.Constant(kind), *functions, *inner(body)], ast.Load()))
        return [*definitions, _call("take_turns", _name(loop), *items, *parts)]

    def as_written(self, node: Any, place: Place) -> Any:
        """A loop as it was written, but for the way in which it returns."""
        if not _holds(node, ast.Return):
            return copy.deepcopy(node)
        if place.kind == "loop":
            return None  # its return would have to leave the loop around it as well
        return _Returns(place).visit(copy.deepcopy(node))

    def on_AugAssign(self, node: Any, place: Place) -> list[Any]:
        helper = _name(PREFIX + _AUGMENTED[type(node.op)])
        value = self.expressions.visit(copy.deepcopy(node.value))
        if isinstance(node.target, ast.Name):
            name = node.target.id
            call = _call("augmented", helper, _name(name), value)
            return [*self.effects(node), ast.Assign([_name(name, True)], call)]
        if isinstance(node.target, ast.Subscript):
            base, index = self.expressions.subscript(node.target)
            return [ast.Expr(_call("set_augmented", helper, base, index, value))]
        return [*self.effects(node), ast.AugAssign(node.target, node.op, value)]

    def on_Assign(self, node: Any, place: Place) -> list[Any]:
        value = self.expressions.visit(copy.deepcopy(node.value))
        effects = self.effects(node)
        if not any(isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store) for n in ast.walk(node)):
            targets = [self.expressions.visit(copy.deepcopy(target)) for target in node.targets]
            return [*effects, ast.Assign(targets, value)]
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
            base, index = self.expressions.subscript(node.targets[0])
            return [*effects, ast.Expr(_call("set", value, base, index))]
        held = self.fresh("value")
        found: list[Any] = [*effects, ast.Assign([_name(held, True)], value)]
        for target in node.targets:
            found += self.stores(target, _name(held))
        return found

    def stores(self, target: Any, value: Any) -> list[Any]:
        """Assign to a target with subscripts in it: the items first, then one write after another."""
        if isinstance(target, ast.Subscript):
            base, index = self.expressions.subscript(target)
            return [ast.Expr(_call("set", value, base, index))]
        if not isinstance(target, (ast.Tuple, ast.List)):
            return [ast.Assign([copy.deepcopy(target)], value)]
        names: list[Any] = []
        later: list[Any] = []
        for item in target.elts:
            starred = isinstance(item, ast.Starred)
            inner = item.value if starred else item  # type: ignore[attr-defined]
            name = self.fresh("item")
            stored = _name(name, True)
            names.append(ast.Starred(stored, ast.Store()) if starred else stored)
            later += self.stores(inner, _name(name))
        return [ast.Assign([ast.Tuple(names, ast.Store())], value), *later]

    def on_AnnAssign(self, node: Any, place: Place) -> list[Any]:
        if node.value is None:
            return []
        return self.on_Assign(_located(ast.Assign([node.target], node.value), node), place)

    def on_With(self, node: Any, place: Place) -> list[Any]:
        depth = self.fresh("depth")
        items = [self.expressions.visit(copy.deepcopy(item)) for item in node.items]
        return [
            ast.Assign([_name(depth, True)], _call("depth")),
            ast.With(items, self.block(node.body, place)),
            ast.Expr(_call("caught", _name(depth))),
        ]

    def on_Try(self, node: Any, place: Place) -> list[Any]:
        written = [item for item in node.finalbody if not isinstance(item, ast.Pass)]
        if written and _jumps([*node.body, *node.handlers, *node.orelse]):
            raise CannotRewrite("lanes would leave without what stands in finally")
        depth = self.fresh("depth")
        handlers = []
        for handler in node.handlers:
            kind = self.expressions.visit(copy.deepcopy(handler.type)) if handler.type is not None else None
            body = [ast.Expr(_call("caught", _name(depth))), *self.block(handler.body, place)]
            handlers.append(ast.copy_location(ast.ExceptHandler(kind, handler.name, body), handler))
        parts = [self.block(part, place) for part in (node.body, node.orelse, node.finalbody)]
        return [ast.Assign([_name(depth, True)], _call("depth")), ast.Try(parts[0], handlers, *parts[1:])]

    def on_Match(self, node: Any, place: Place) -> list[Any]:
        parts = node.subject.elts if isinstance(node.subject, ast.Tuple) else None
        subject: Any = self.fresh("subject") if parts is None else [self.fresh("subject") for _ in parts]
        chain = self.cases(subject, node.cases)
        if chain is None:
            guards = [case.guard and self.expressions.truth(case.guard) for case in node.cases]
            cases = [
                ast.match_case(case.pattern, guard, self.block(case.body, place))
                for case, guard in zip(node.cases, guards, strict=True)
            ]
            return [ast.Match(self.expressions.visit(copy.deepcopy(node.subject)), cases)]
        names = [subject] if parts is None else subject
        values = [node.subject] if parts is None else parts
        start = [
            ast.Assign([_name(name, True)], self.expressions.visit(copy.deepcopy(value)))
            for name, value in zip(names, values, strict=True)
        ]
        if not chain:
            return start
        chain[0] = _located(chain[0], node)
        for inner in ast.walk(chain[0]):
            if isinstance(inner, ast.If):
                self.live.after.setdefault(inner, self.live.after.get(node, self.locals))
        self.locals.update(names)
        return [*start, *self.block(chain, place)]

    def cases(self, subject: Any, cases: list[Any]) -> list[Any] | None:
        """A ``match`` on values as a chain of ifs; None where its patterns are of other kinds."""
        if not cases:
            return []
        case, *rest = cases
        test, binding = _pattern(case.pattern, subject)
        if test is None:
            return None
        if case.guard is not None:
            if binding:
                return None
            test = ast.BoolOp(ast.And(), [test, case.guard])
        others = self.cases(subject, rest)
        if others is None:
            return None
        return [ast.If(test, [*binding, *case.body], others)]


def _pattern(pattern: Any, subject: Any) -> tuple[Any, list[Any]]:
    """The test of a pattern, and what it binds; no test where it is not one of plain values.

    The subject is a name, or a list of names for a tuple that is written out.
    """
    if isinstance(subject, list):
        return _sequence_pattern(pattern, subject)
    if isinstance(pattern, ast.MatchValue):
        return ast.Compare(_name(subject), [ast.Eq()], [pattern.value]), []
    if isinstance(pattern, ast.MatchSingleton):
        return ast.Compare(_name(subject), [ast.Is()], [ast.Constant(pattern.value)]), []
    if isinstance(pattern, ast.MatchOr):
        tests = [_pattern(part, subject) for part in pattern.patterns]
        if any(test is None or binding for test, binding in tests):
            return None, []
        return ast.BoolOp(ast.Or(), [test for test, _ in tests]), []
    if isinstance(pattern, ast.MatchAs):
        test, binding = _pattern(pattern.pattern, subject) if pattern.pattern else (ast.Constant(True), [])
        return test, [*binding, *([ast.Assign([_name(pattern.name, True)], _name(subject))] if pattern.name else [])]
    return None, []


def _sequence_pattern(pattern: Any, subjects: list[str]) -> tuple[Any, list[Any]]:
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is None and pattern.name is None:
        return ast.Constant(True), []
    if not isinstance(pattern, ast.MatchSequence) or any(isinstance(part, ast.MatchStar) for part in pattern.patterns):
        return None, []
    if len(pattern.patterns) != len(subjects):
        return ast.Constant(False), []
    found = [_pattern(part, subject) for part, subject in zip(pattern.patterns, subjects, strict=True)]
    if any(test is None for test, _ in found):
        return None, []
    tests = [test for test, _ in found if not (isinstance(test, ast.Constant) and test.value is True)]
    test = tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests) if tests else ast.Constant(True)
    return test, [binding for _, bindings in found for binding in bindings]


class _Returns(ast.NodeTransformer):
    """The returns of a loop that otherwise stays as it was written."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def visit_Return(self, node: Any) -> Any:
        value = node.value if node.value is not None else ast.Constant(None)
        return [_located(new, node) for new in self.place.give(value)]

    def visit_FunctionDef(self, node: Any) -> Any:
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef


def _function(name: str, body: list[Any]) -> Any:
    made = _definition(name, ast.arguments([], [], None, [], [], None, []), body)
    return made


def _definition(name: str, arguments: Any, body: list[Any]) -> Any:
    made: Any = ast.FunctionDef(name, arguments, body, [], None, None)
    made.type_params = []  # which Python 3.12 has
    return made


def _located(new: Any, node: Any) -> Any:
    """Give what stands for a statement the statement's place, where it has none of its own."""
    for inner in ast.walk(new):
        if "lineno" in inner._attributes and not hasattr(inner, "lineno"):
            ast.copy_location(inner, node)
    return new


# ---- expressions ----


class Expressions(ast.NodeTransformer):
    """The rewriting of expressions."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.inner = 0  # how many comprehensions deep

    def truth(self, node: Any) -> Any:
        """An expression of which only the truth is asked."""
        if isinstance(node, ast.BoolOp) and not _binds(node):
            helper = "all" if isinstance(node.op, ast.And) else "any"
            first, *rest = node.values
            call = _call(helper, self.truth(first), *[_thunk(self.truth(value)) for value in rest])
            call.keywords = _cost(*rest)
            return self.at(call, node)
        return self.visit(copy.deepcopy(node))

    def at(self, new: Any, node: Any) -> Any:
        """What stands for an expression, in its place."""
        return _located(new, node)

    def visit_BoolOp(self, node: Any) -> Any:
        if _binds(node):
            return self.generic_visit(node)
        helper = "and" if isinstance(node.op, ast.And) else "or"
        cost = _cost(*node.values[1:])
        first, *rest = [self.visit(value) for value in node.values]
        call = _call(helper, first, *[_thunk(value) for value in rest])
        call.keywords = cost
        return self.at(call, node)

    def visit_IfExp(self, node: Any) -> Any:
        if _binds(node):
            return self.generic_visit(node)
        cost = _cost(node.body, node.orelse)
        sides = [_thunk(self.visit(side)) for side in (node.body, node.orelse)]
        call = _call("if_expression", self.truth(node.test), *sides)
        call.keywords = cost
        return self.at(call, node)

    def visit_UnaryOp(self, node: Any) -> Any:
        if isinstance(node.op, ast.Not):
            return self.at(_call("not", self.truth(node.operand)), node)
        return self.generic_visit(node)

    def visit_Compare(self, node: Any) -> Any:
        if len(node.ops) == 1:
            if type(node.ops[0]) in (ast.Is, ast.IsNot, ast.In, ast.NotIn):
                helper = _COMPARISONS[type(node.ops[0])]
                return self.at(_call(helper, self.visit(node.left), self.visit(node.comparators[0])), node)
            return self.generic_visit(node)
        if _binds(node):
            return self.generic_visit(node)
        cost = _cost(*node.comparators[1:])
        steps = [
            ast.Tuple([_name(PREFIX + _COMPARISONS[type(op)]), _thunk(self.visit(right))], ast.Load())
            for op, right in zip(node.ops, node.comparators, strict=True)
        ]
        call = _call("chain", self.visit(node.left), *steps)
        call.keywords = cost
        return self.at(call, node)

    def visit_Call(self, node: Any) -> Any:
        eater = self.eats(node)
        if eater in EATERS and not node.keywords:
            generator = node.args[0]
            parts = self.comprehended(generator, eater, ast.GeneratorExp)
            return self.at(_call("eat", node.func, *parts), node)
        if eater:
            node.args[0] = self.comprehension(node.args[0], ast.GeneratorExp)
            func, node.func = node.func, _name(PREFIX + "GONE")
            node = self.generic_visit(node)
            node.func = func
        else:
            node = self.generic_visit(node)
        if isinstance(node.func, ast.Attribute):
            node.func = self.at(_call("method", node.func.value, ast.Constant(node.func.attr)), node.func)
        elif not (isinstance(node.func, ast.Name) and node.func.id.startswith(PREFIX)):
            node.func = self.at(_call("function", node.func), node.func)
        return node

    def visit_Attribute(self, node: Any) -> Any:
        node = self.generic_visit(node)
        if node.attr in _OWN_NAMES and isinstance(node.ctx, ast.Load):
            return self.at(_call("attribute", node.value, ast.Constant(node.attr)), node)
        return node

    def eats(self, node: Any) -> str:
        """The name of the builtin that a call gives all items of a generator; "" if it is another call."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in EATERS | TAKERS or name in self.function.visible or len(node.args) != 1:
            return ""
        return name if isinstance(node.args[0], ast.GeneratorExp) and self.can_loop(node.args[0]) else ""

    def can_loop(self, node: Any) -> bool:
        """Whether a comprehension can be a loop in a function of its own; inside of others there is no place for it."""
        targets = [part.target for part in node.generators]
        odd = any(_holds(ast.Tuple([target], ast.Load()), (ast.Subscript, ast.Attribute)) for target in targets)
        return not self.inner and not _binds(node) and not odd and not any(part.is_async for part in node.generators)

    def comprehended(self, node: Any, what: str, kind: Any) -> list[Any]:
        """What it goes through, itself as it is written, the same as a loop, and whether it may part lanes itself."""
        loop = self.function.comprehension(node, what)
        first = self.visit(copy.deepcopy(node.generators[0].iter))
        items = self.function.fresh("items")
        written = copy.deepcopy(node)
        written.generators[0].iter = _name(items)
        written = self.visit_inner(kind(written.elt, written.generators))
        arguments = ast.arguments([], [ast.arg(items)], None, [], [], None, [])
        return [first, ast.Lambda(arguments, written), _name(loop), ast.Constant(chooses(node))]

    def comprehension(self, node: Any, kind: Any) -> Any:
        """A comprehension whose items may differ in number between lanes."""
        return self.at(_call("comprehend", *self.comprehended(node, "list", kind)), node)

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
            return self.at(_call("new", self.comprehension(node, ast.ListComp)), node)
        comprehends = isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp))
        return self.at(_call("new", self.visit_inner(node) if comprehends else self.generic_visit(node)), node)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_List = visit_Dict = visit_Set = visit_container

    def visit_BinOp(self, node: Any) -> Any:
        lists = _makes_list(node.left) or _makes_list(node.right)
        node = self.generic_visit(node)
        if lists and isinstance(node.op, ast.Mult):
            return self.at(_call("repeated", node.left, node.right), node)
        if lists and isinstance(node.op, ast.Add):
            return self.at(_call("concatenated", node.left, node.right), node)
        return node

    def visit_Subscript(self, node: Any) -> Any:
        if not isinstance(node.ctx, ast.Load):
            return self.generic_visit(node)
        if _is_constant_index(node.slice):
            made = self.generic_visit(node)
            return self.at(_call("sliced", made), node) if isinstance(node.slice, ast.Slice) else made
        base, index = self.subscript(node, copied=False)
        return self.at(_call("get", base, index), node)

    def subscript(self, node: Any, *, copied: bool = True) -> tuple[Any, Any]:
        """The object and the index of a subscript, as expressions."""
        if copied:
            node = copy.deepcopy(node)
        return self.visit(node.value), self.visit(_index(node.slice, node))

    def visit_Lambda(self, node: Any) -> Any:
        inner = Function(node, self.function.counter, self.function.visible)
        inner.expressions.inner = 1  # there is no place for definitions
        node.body = inner.expressions.visit(node.body)
        return node


def _makes_list(node: Any) -> bool:
    """Whether an expression is a list for all to see."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mult)):
        return _makes_list(node.left) or _makes_list(node.right)
    return isinstance(node, (ast.List, ast.ListComp))


def _named_iterators(node: Any) -> Any:
    """What a loop goes through, where that may be an iterator which later code sees as well."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        return _located(_call("iterator", node), node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.func.id.startswith(PREFIX):
        node.args = [_named_iterators(arg) if isinstance(arg, (ast.Name, ast.Attribute)) else arg for arg in node.args]
    return node


def _index(node: Any, where: Any) -> Any:
    """An index, its slices as calls of ``slice``."""
    if isinstance(node, ast.Slice):
        parts = [part if part is not None else ast.Constant(None) for part in (node.lower, node.upper, node.step)]
        return _located(ast.Call(_name(PREFIX + "slice"), parts, []), where)
    if isinstance(node, ast.Tuple):
        return _located(ast.Tuple([_index(item, where) for item in node.elts], ast.Load()), where)
    return node


def _is_constant_index(node: Any) -> bool:
    if isinstance(node, ast.Tuple):
        return all(_is_constant_index(item) for item in node.elts)
    if isinstance(node, ast.Slice):
        return all(part is None or _is_constant_index(part) for part in (node.lower, node.upper, node.step))
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, ast.Constant)
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Attribute) and node.attr == "newaxis")


def _binds(node: Any) -> bool:
    """Whether an expression does what it can't do inside a function of its own."""
    return any(isinstance(n, (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await)) for n in ast.walk(node))


def _is_target(node: Any) -> bool:
    """Whether the variable of a loop is a name, or a tuple of names."""
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    return all(isinstance(item, ast.Name) for item in items)


def _is_range(node: Any) -> bool:
    """Whether an expression is a call of ``range`` whose arguments may be worked out twice, and may differ by lane."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"):
        return False
    return light.only_computes(*node.args) and not all(isinstance(arg, ast.Constant) for arg in node.args)


# ---- which functions ----


def is_straight(node: Any) -> bool:
    """Whether a statement is a ``for`` in whose body no lanes part."""
    jumps = (ast.Return, ast.Break, ast.Continue)
    return isinstance(node, ast.For) and not (node.orelse or has_regions(node.body) or _holds(node, jumps))


def has_regions(body: list[Any]) -> bool:
    """Whether lanes may part in a function, other than by a range of their own."""
    kinds = (ast.If, ast.While, ast.For, ast.Assert, ast.Match, ast.Try, ast.With)
    return any(
        (isinstance(node, kinds) and not is_straight(node))
        or (not isinstance(node, (*_SCOPES, ast.Lambda)) and has_regions(list(ast.iter_child_nodes(node))))
        for node in body
    )


def can_rewrite(node: Any) -> bool:
    """Whether a definition is one that can be rewritten."""
    for inner in ast.walk(node):
        if isinstance(inner, (ast.Yield, ast.YieldFrom, ast.Await, ast.AsyncFor, ast.AsyncWith, ast.TryStar)):
            return False
        if isinstance(inner, ast.Name) and (inner.id in _LEFT_ALONE or inner.id.startswith(PREFIX)):
            return False
        private = inner.attr if isinstance(inner, ast.Attribute) else inner.id if isinstance(inner, ast.Name) else ""
        if private.startswith("__") and not private.endswith("__"):
            return False  # a class would spell it differently
    return True


def rewrite(node: Any, free: tuple[str, ...], helpers: tuple[str, ...]) -> ast.Module:
    """A module with one function that makes the rewritten one, given its free variables and the helpers."""
    if not can_rewrite(node):
        raise CannotRewrite("it has something that only Python itself runs as it should")
    node = copy.deepcopy(node)
    made = Function(node, [0], set(free)).rewritten()
    names = [*(name for name in free), *(PREFIX + name for name in helpers)]
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    if isinstance(made, ast.Lambda):
        body: list[Any] = [ast.Return(made)]
    else:
        made.decorator_list, made.returns = [], None
        made.name = PREFIX + "made"  # a name of its own: the user's may be that of a global
        for arg in (*made.args.posonlyargs, *made.args.args, *made.args.kwonlyargs, made.args.vararg, made.args.kwarg):
            if arg is not None:
                arg.annotation = None
        body = [made, ast.Return(_name(made.name))]
    made.args.defaults = []
    made.args.kw_defaults = [None] * len(made.args.kwonlyargs)
    factory = _definition(PREFIX + "factory", arguments, body)
    return ast.fix_missing_locations(ast.Module([_located(factory, node)], []))
