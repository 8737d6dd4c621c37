"""The rewriting: statements and expressions that ask about values become calls of `runtime`.

The sides of an ``if`` become inner functions, which answer `GONE` when all their lanes have left (by ``return``,
``break`` or ``continue``); what follows such a statement is then skipped. A loop stays a loop: its test, its
iterable and its ways out are calls of a `Loop` object. Each loop stands there twice, and runs as it was written
where nothing that it names is a lane value.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from ..regions.both import PREFIX
from . import light, supers
from .comprehensions import as_loop
from .expressions import Expressions, named_iterators
from .names import Liveness, bound, declared, own_parts, read, rebound
from .nodes import (
    SCOPES,
    binds,
    block_function,
    call_helper,
    call_method,
    cost_of,
    definition,
    holds,
    is_gone,
    located,
    may_jump,
    strings,
    thunk,
    variable,
)
from .patterns import as_steps, tried
from .trees import children, copied, walk
from .unfold import unfolded
from .weight import turn

_AUGMENTED: dict[type, str] = {
    ast.Add: "iadd", ast.Sub: "isub", ast.Mult: "imul", ast.Div: "itruediv", ast.FloorDiv: "ifloordiv",
    ast.Mod: "imod", ast.Pow: "ipow", ast.MatMult: "imatmul", ast.LShift: "ilshift", ast.RShift: "irshift",
    ast.BitAnd: "iand", ast.BitOr: "ior", ast.BitXor: "ixor",
}  # fmt: skip
_LEFT_ALONE = frozenset({"super", "locals", "vars", "eval", "exec", "dir", "__class__"})


class CannotRewrite(Exception):
    """The function has something that only Python itself runs as it should."""


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
            return [ast.Return(call_method(PREFIX + "frame", "result"))]
        if self.kind == "side":
            return [ast.Return(variable(PREFIX + "GONE"))]
        return [ast.If(call_method(self.loop, "go_on"), [ast.Continue()], []), ast.Break()]

    def leave(self, call: ast.Call) -> list[Any]:
        """Let the lanes at work leave by a call that answers `GONE`."""
        return [ast.Return(call)] if self.kind == "side" else [ast.Expr(call), *self.gone()]

    def give(self, value: Any) -> list[Any]:
        """``return value``."""
        if self.kind == "function":
            return [ast.Return(call_method(PREFIX + "frame", "done", value))]
        return self.leave(call_method(PREFIX + "frame", "leave", value))


class Function:
    """The rewriting of one function, and of those defined inside it."""

    def __init__(self, node: Any, counter: list[int], outer_names: set[str]) -> None:
        self.node = node = unfolded(node)
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

    def inside(self, node: Any) -> Function:
        """A function that is defined inside this one."""
        return Function(node, self.counter, self.visible)

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
            bindings = ast.Assign([variable(name, True) for name in names], ast.Constant(0))
            start.append(ast.If(ast.Constant(False), [bindings], []))
        shared = sorted(self.locals & rebound(node.body))
        if shared:
            peek = thunk(ast.Tuple([variable(name) for name in shared], ast.Load()))
            start.append(ast.Expr(call_helper("own", peek)))
        if has_regions(node.body):
            start.append(ast.Assign([variable(PREFIX + "frame", True)], call_helper("enter")))
            new = self.block(body, Place("function"))
            if not new or not isinstance(new[-1], ast.Return):
                new.append(ast.Return(call_method(PREFIX + "frame", "done")))
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
            found += [located(item, node) for item in (*self.pending, *new)]
            self.pending = held
        return found

    def comprehension(self, node: Any, what: str, default: Any = None) -> str:
        """A comprehension as a function with a loop in it; returns its name."""
        name, items = self.fresh(what), self.fresh("items")
        made = block_function(name, as_loop(node, what, items, self.fresh("found"), default))
        made.args = ast.arguments([], [ast.arg(items)], None, [], [], None, [])
        made = ast.fix_missing_locations(located(made, node))
        self.pending.append(self.inside(made).rewritten())
        return name

    def statement(self, node: Any, place: Place) -> list[Any]:
        """One statement, rewritten."""
        names = sorted(bound(*own_parts(node)) & self.nonlocals)
        if not names or isinstance(node, SCOPES):
            return self.rewritten_statement(node, place)
        if not isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr)):
            raise CannotRewrite("a statement that binds variables of a function around, and more")
        held = self.fresh("held")
        peek = thunk(ast.Tuple([variable(name) for name in names], ast.Load()))
        return [
            ast.Assign([variable(held, True)], call_helper("outside", peek)),
            *self.rewritten_statement(node, place),
            ast.Expr(call_helper("rebound", variable(held))),
        ]

    def rewritten_statement(self, node: Any, place: Place) -> list[Any]:
        """The same, whatever it does to variables of functions around."""
        method: Callable[[Any, Place], list[Any]] | None = getattr(self, f"on_{type(node).__name__}", None)
        if method is not None:
            return method(node, place)
        effects = self.effects(node)
        return [*effects, self.expressions.visit(copied(node))]

    def effects(self, node: Any) -> list[Any]:
        """What to say before a statement that changes more than the function's own variables, and those around."""
        outside = bound(node) & self.globals
        attributes = [n for n in walk(node) if isinstance(n, ast.Attribute) and not isinstance(n.ctx, ast.Load)]
        return [ast.Expr(call_helper("effect"))] if outside or attributes else []

    def on_FunctionDef(self, node: Any, place: Place) -> list[Any]:
        if not can_rewrite(node, ()):
            return [node]
        return [self.inside(node).rewritten()]

    def on_ClassDef(self, node: Any, place: Place) -> list[Any]:
        return [node]

    on_AsyncFunctionDef = on_ClassDef

    def on_Global(self, node: Any, place: Place) -> list[Any]:
        return []

    on_Nonlocal = on_Global

    def on_Return(self, node: Any, place: Place) -> list[Any]:
        value = self.expressions.visit(copied(node.value)) if node.value is not None else ast.Constant(None)
        return [ast.Return(value)] if place.kind == "plain" else place.give(value)

    def on_Delete(self, node: Any, place: Place) -> list[Any]:
        found = self.effects(node)
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                found.append(ast.Expr(call_helper("delete", *self.expressions.subscript(target))))
            else:
                found.append(ast.Delete([target]))
        return found

    def on_Break(self, node: Any, place: Place) -> list[Any]:
        if place.kind == "side":
            return place.leave(call_method(place.loop, "leave"))
        return [ast.If(call_method(place.loop, "breaks"), [ast.Continue()], []), ast.Break()]

    def on_Continue(self, node: Any, place: Place) -> list[Any]:
        if place.kind == "side":
            return place.leave(call_method(place.loop, "skip"))
        return [ast.Expr(call_method(place.loop, "rejoin")), ast.Continue()]

    def on_Raise(self, node: Any, place: Place) -> list[Any]:
        """An exception that says something of a value: where a function is traced, there is none."""
        made = self.expressions.visit(copied(node))
        if node.exc is not None and holds(node.exc, (ast.JoinedStr, ast.Call, ast.BinOp)) and not binds(node.exc):
            made.exc = located(call_helper("said", thunk(made.exc)), made.exc)
        return [*self.effects(node), made]

    def on_Assert(self, node: Any, place: Place) -> list[Any]:
        error = ast.Call(variable("AssertionError"), [node.msg] if node.msg is not None else [], [])
        test = ast.UnaryOp(ast.Not(), node.test)
        made = located(ast.If(test, [ast.Raise(error, None)], []), node)
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
            definitions.append(located(self.side(name, body, place), node))
            sides.append(variable(name))
        call = call_helper("if", self.expressions.truth(node.test), *sides, strings(names))
        call.keywords = cost_of(*node.body, *node.orelse)
        if may_jump(node.body) or may_jump(node.orelse):
            return [*definitions, ast.If(is_gone(call), place.gone(), [])]
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
        return block_function(name, start + new)

    def on_While(self, node: Any, place: Place) -> list[Any]:
        def make(loop: str) -> Any:
            always = [ast.Constant(True)] if isinstance(node.test, ast.Constant) else []
            test = call_method(loop, "test", self.expressions.truth(node.test), *always)
            return ast.While(test, self.turn(node, loop), [])

        return self.loop(node, place, make)

    def on_For(self, node: Any, place: Place) -> list[Any]:
        if holds(node.target, (ast.Subscript, ast.Attribute)):
            raise CannotRewrite("a loop over something other than a variable")

        def make(loop: str) -> Any:
            items = self.expressions.visit(named_iterators(copied(node.iter)))
            return ast.For(node.target, call_method(loop, "over", items), self.turn(node, loop), [])

        return self.loop(node, place, make)

    def turn(self, node: Any, loop: str) -> list[Any]:
        """The body of a loop."""
        body = self.block(node.body, Place("loop", loop))
        return [*body, ast.Expr(call_method(loop, "rejoin"))] if holds(node, ast.Continue) else body

    def loop(self, node: Any, place: Place, make: Callable[[str], Any]) -> list[Any]:
        """A loop: as it was written where it meets no lane values, else by a `Loop`."""
        loop = self.fresh("loop")
        names = self.assigned(node) & (self.live.after.get(node, self.locals) | self.live.head.get(node, self.locals))
        seen = sorted((read(node) & self.visible) | names)
        peek = thunk(ast.Tuple([variable(name) for name in seen], ast.Load()))
        flags = [ast.Constant(flag) for flag in (turn(node), bool(node.orelse), is_straight(node))]
        start = ast.Assign([variable(loop, True)], call_helper("loop", peek, strings(names), *flags))
        new = [make(loop)]
        if node.orelse:
            name = self.fresh("else")
            new += [self.side(name, node.orelse, place), ast.Expr(call_method(loop, "orelse", variable(name)))]
        end = call_method(loop, "over_and_out")
        new.append(ast.If(is_gone(end), place.gone(), []) if place.kind != "plain" else ast.Expr(end))
        begun = self.turns(node, loop)
        if begun:
            if isinstance(node, ast.For):  # what it goes over has been worked out
                over = new[0].iter
                over.args = [call_helper("given", variable(loop), thunk(over.args[0]))]
            new = [*begun[:-1], ast.If(begun[-1], [ast.Pass()], new[:1]), *new[1:]]
        as_written = self.as_written(node, place)
        if as_written is None:
            start.value.args.append(ast.Constant(False))  # type: ignore[attr-defined]
            return [start, *new]
        test = ast.Compare(variable(loop), [ast.Is()], [ast.Constant(None)])
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
            definitions.append(located(made, node))
            return [variable(made.name)]

        items: list[Any] = [ast.Constant(None), ast.Constant(None)]
        if isinstance(node, ast.For):
            if not _is_target(node.target) or binds(node.iter) or not (ranges or not is_straight(node)):
                return []
            item = self.fresh("item")
            bind = ast.Assign([copied(node.target)], variable(item))
            arguments = ast.arguments([], [ast.arg(item)], None, [], [], None, [])
            over = self.expressions.visit(named_iterators(copied(node.iter)))
            items = [thunk(over), *inner([located(bind, node)], arguments)]
        parts = []
        for kind, test, body in steps:
            functions = [] if test is None else [thunk(self.expressions.truth(test))]
            parts.append(ast.Tuple([ast.Constant(kind), *functions, *inner(body)], ast.Load()))
        return [*definitions, call_helper("take_turns", variable(loop), *items, *parts)]

    def as_written(self, node: Any, place: Place) -> Any:
        """A loop as it was written, but for the way in which it returns; None if it can't stand there."""
        if bound(node) & self.nonlocals:
            return None  # some lanes may be elsewhere
        if not holds(node, ast.Return):
            return copied(node)
        if place.kind == "loop":
            return None  # its return would have to leave the loop around it as well
        return _Returns(place).visit(copied(node))

    def on_AugAssign(self, node: Any, place: Place) -> list[Any]:
        helper = variable(PREFIX + _AUGMENTED[type(node.op)])
        value = self.expressions.visit(copied(node.value))
        if isinstance(node.target, ast.Name):
            name = node.target.id
            call = call_helper("augmented", helper, variable(name), value)
            return [*self.effects(node), ast.Assign([variable(name, True)], call)]
        if isinstance(node.target, ast.Subscript):
            base, index = self.expressions.subscript(node.target)
            return [ast.Expr(call_helper("set_augmented", helper, base, index, value))]
        return [*self.effects(node), ast.AugAssign(node.target, node.op, value)]

    def on_Assign(self, node: Any, place: Place) -> list[Any]:
        value = self.expressions.visit(copied(node.value))
        effects = self.effects(node)
        if not any(isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store) for n in walk(node)):
            targets = [self.expressions.visit(copied(target)) for target in node.targets]
            return [*effects, ast.Assign(targets, value)]
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
            base, index = self.expressions.subscript(node.targets[0])
            return [*effects, ast.Expr(call_helper("set", value, base, index))]
        held = self.fresh("value")
        found: list[Any] = [*effects, ast.Assign([variable(held, True)], value)]
        for target in node.targets:
            found += self.stores(target, variable(held))
        return found

    def stores(self, target: Any, value: Any) -> list[Any]:
        """Assign to a target with subscripts in it: the items first, then one write after another."""
        if isinstance(target, ast.Subscript):
            base, index = self.expressions.subscript(target)
            return [ast.Expr(call_helper("set", value, base, index))]
        if not isinstance(target, (ast.Tuple, ast.List)):
            return [ast.Assign([copied(target)], value)]
        names: list[Any] = []
        later: list[Any] = []
        for item in target.elts:
            starred = isinstance(item, ast.Starred)
            inner = item.value if starred else item  # type: ignore[attr-defined]
            name = self.fresh("item")
            stored = variable(name, True)
            names.append(ast.Starred(stored, ast.Store()) if starred else stored)
            later += self.stores(inner, variable(name))
        return [ast.Assign([ast.Tuple(names, ast.Store())], value), *later]

    def on_AnnAssign(self, node: Any, place: Place) -> list[Any]:
        if node.value is None:
            return []
        return self.on_Assign(located(ast.Assign([node.target], node.value), node), place)

    def on_With(self, node: Any, place: Place) -> list[Any]:
        depth = self.fresh("depth")
        items = [self.expressions.visit(copied(item)) for item in node.items]
        return [
            ast.Assign([variable(depth, True)], call_helper("depth")),
            ast.With(items, self.block(node.body, place)),
            ast.Expr(call_helper("caught", variable(depth))),
        ]

    def on_Try(self, node: Any, place: Place) -> list[Any]:
        written = [item for item in node.finalbody if not isinstance(item, ast.Pass)]
        if written and may_jump([*node.body, *node.handlers, *node.orelse]):
            raise CannotRewrite("lanes would leave without what stands in finally")
        depth = self.fresh("depth")
        handlers = []
        for handler in node.handlers:
            kind = self.expressions.visit(copied(handler.type)) if handler.type is not None else None
            body = [ast.Expr(call_helper("caught", variable(depth))), *self.block(handler.body, place)]
            handlers.append(ast.copy_location(ast.ExceptHandler(kind, handler.name, body), handler))
        parts = [self.block(part, place) for part in (node.body, node.orelse, node.finalbody)]
        return [ast.Assign([variable(depth, True)], call_helper("depth")), ast.Try(parts[0], handlers, *parts[1:])]

    def on_Match(self, node: Any, place: Place) -> list[Any]:
        parts = node.subject.elts if isinstance(node.subject, ast.Tuple) else None
        subject: Any = self.fresh("subject") if parts is None else [self.fresh("subject") for _ in parts]
        matches = self.fresh("matches")
        chain = self.cases(subject, node.cases, matches)
        if chain is None:
            guards = [case.guard and self.expressions.truth(case.guard) for case in node.cases]
            cases = [
                ast.match_case(case.pattern, guard, self.block(case.body, place))
                for case, guard in zip(node.cases, guards, strict=True)
            ]
            return [ast.Match(self.expressions.visit(copied(node.subject)), cases)]
        names = [subject] if parts is None else subject
        values = [node.subject] if parts is None else parts
        start = [
            ast.Assign([variable(name, True)], self.expressions.visit(copied(value)))
            for name, value in zip(names, values, strict=True)
        ]
        if not chain:
            return start
        self.locals.update(names)
        used = {matches} & bound(*chain)
        self.locals.update(used)
        start += [ast.Assign([variable(name, True)], ast.Constant(False)) for name in used]
        for inner in (inner for step in chain for inner in walk(located(step, node))):
            if isinstance(inner, ast.If):  # what a case tries is read by those after it
                known = self.live.after.get(inner, self.live.after.get(node, self.locals))
                self.live.after[inner] = known | used | bound(*chain)
        return [*start, *self.block(chain, place)]

    def cases(self, subject: Any, cases: list[Any], matches: str) -> list[Any] | None:
        """A ``match`` on values as a chain of ifs; None where its patterns are of other kinds."""
        if not cases:
            return []
        case, *rest = cases
        others = self.cases(subject, rest, matches)
        steps = as_steps(case.pattern, subject, matches)
        if others is None or steps is None:
            return None
        before, test, binding = steps
        if case.guard is not None and binding:
            before = [*before, *tried(test, binding, matches)]
            test, binding = variable(matches), []
            before.append(ast.If(test, [ast.Assign([variable(matches, True)], case.guard)], []))
        elif case.guard is not None:
            test = ast.BoolOp(ast.And(), [test, case.guard])
        return [*before, ast.If(test, [*binding, *case.body], others)]


class _Returns(ast.NodeTransformer):
    """The returns of a loop that otherwise stays as it was written."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def visit_Return(self, node: Any) -> Any:
        value = node.value if node.value is not None else ast.Constant(None)
        return [located(new, node) for new in self.place.give(value)]

    def visit_FunctionDef(self, node: Any) -> Any:
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef


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
    return isinstance(node, ast.For) and not (node.orelse or has_regions(node.body) or holds(node, jumps))


def has_regions(body: list[Any]) -> bool:
    """Whether lanes may part in a function, other than by a range of their own."""
    kinds = (ast.If, ast.While, ast.For, ast.Assert, ast.Match, ast.Try, ast.With)
    return any(
        (isinstance(node, kinds) and not is_straight(node))
        or (not isinstance(node, (*SCOPES, ast.Lambda)) and has_regions(children(node)))
        for node in body
    )


def can_rewrite(node: Any, free: tuple[str, ...]) -> bool:
    """Whether a definition with some free variables is one that can be rewritten."""
    written_out = supers.names_of(supers.plain_calls(node)) if supers.CLASS in free else ()
    for inner in walk(node):
        if id(inner) in written_out:
            continue
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
    if not can_rewrite(node, free):
        raise CannotRewrite("it has something that only Python itself runs as it should")
    node = copied(node)
    if supers.CLASS in free:
        supers.write_out(node)
    made = Function(node, [0], set(free)).rewritten()
    used = {inner.id for inner in walk(made) if type(inner) is ast.Name}
    names = [*free, *(PREFIX + name for name in helpers if PREFIX + name in used)]
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    if isinstance(made, ast.Lambda):
        body: list[Any] = [ast.Return(made)]
    else:
        made.decorator_list, made.returns = [], None
        made.name = PREFIX + "made"  # a name of its own: the user's may be that of a global
        for arg in (*made.args.posonlyargs, *made.args.args, *made.args.kwonlyargs, made.args.vararg, made.args.kwarg):
            if arg is not None:
                arg.annotation = None
        body = [made, ast.Return(variable(made.name))]
    made.args.defaults = []
    made.args.kw_defaults = [None] * len(made.args.kwonlyargs)
    factory = definition(PREFIX + "factory", arguments, body)
    return ast.Module([located(factory, node)], [])
