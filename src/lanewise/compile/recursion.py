"""Functions that call themselves under a tracer: a sub-program, which is called as a function in the code as well.

Its body is traced on fresh values, as that of a loop is, until what goes in and what comes out settles. The calls
of itself in it are nodes (``again``) that give values of the types which came out so far; at first none are known,
and the lanes that call themselves are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CellType
from typing import Any

from ..array import ARRAY, LaneArray
from ..regions import contents
from ..regions.branches import fill
from .cells import Cell, Scope, Untraceable
from .control import TRIES, joined
from .ir import Axis, Program, Value, leaves, union
from .mixed import Unfit, fitted, is_number, meet, put_together, same, take_apart
from .statements import leaving
from .trace import Recorder

Kind = tuple[tuple[int, ...], Any, tuple[Axis, ...], int]


class Unknown(Exception):
    """What a call gives is not known, before some lanes have come out of the function without it."""


class Token:
    """A function that calls itself, among the arguments of nodes."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


class Slots:
    """Values that go into a function, or come out of it, time after time: those that differ are parameters.

    Parameters
    ----------
    like : object
        The first of them: containers, numbers, and other objects, which have to stay what they are.
    every : bool
        Whether all numbers are parameters, also plain ones that have not been seen to differ.
    """

    def __init__(self, r: Recorder, like: Any, *, every: bool) -> None:
        self.r = r
        self.every = every
        self.moving: set[int] = set()
        self.changed = False
        self.hold(like)

    def hold(self, like: Any) -> None:
        """Be what may hold this."""
        self.like = like
        self.leaves: list[Any] = []
        self.structure = take_apart(like, self.leaves)
        self.now = self.leaves
        self.kinds: dict[int, Kind] = {}
        for n, leaf in enumerate(self.leaves):
            scalar = type(leaf) is LaneArray and leaf.kind != ARRAY
            if scalar or n in self.moving or (self.every and is_number(leaf)):
                self.add(n)

    def add(self, n: int) -> None:
        """Make a parameter of a leaf."""
        value = self.r.as_value(self.leaves[n])
        self.moving.add(n)
        self.kinds[n] = (value.shape, value.dtype, value.axes, value.kind)

    def axes(self) -> tuple[Axis, ...]:
        """The lane axes of the parameters."""
        return union(*[kind[2] for kind in self.kinds.values()])

    def made(self, axes: tuple[Axis, ...]) -> tuple[list[Value], Any]:
        """New values for the parameters, all of them over some lane axes, and what they are the parts of."""
        self.kinds = {n: (shape, dtype, axes, kind) for n, (shape, dtype, _, kind) in sorted(self.kinds.items())}
        values = {n: Value(*kind) for n, kind in self.kinds.items()}
        self.now = [self.r.frozen(values[n]) if n in values else leaf for n, leaf in enumerate(self.leaves)]
        return list(values.values()), put_together(self.structure, iter(self.now))

    def fit(self, value: Any) -> list[Value]:
        """A further one, as values for the parameters; notes if these have to be more than they are."""
        r, found = self.r, []
        try:
            value = fitted(r, value, put_together(self.structure, iter(self.now)))
        except Unfit:
            like = meet(r, None, self.like, value)
            self.changed = True
            self.moving = set()
            self.hold(like)
            self.moving = {n for n, leaf in enumerate(self.leaves) if is_number(leaf)}
            self.hold(like)
            return [r.as_value(self.leaves[n]) for n in self.kinds]
        own: list[Any] = []
        if take_apart(value, own) != self.structure:
            raise Untraceable("a function that calls itself has arguments or results of several structures")
        for n, (old, new) in enumerate(zip(self.now, own, strict=True)):
            if n in self.kinds:
                found.append(self.cast(n, r.as_value(new)))
            elif old is not new and not same(old, new):
                if not is_number(new):
                    raise Untraceable("a function that calls itself has other objects as arguments")
                self.add(n)
                self.changed = True
        return found

    def cast(self, n: int, value: Value) -> Value:
        """A value as a parameter, which may have to become more than it was."""
        kind = joined(self.kinds[n], value, ())
        self.changed = self.changed or kind != self.kinds[n]
        self.kinds[n] = kind
        return self.r.cast(value, kind)


class Recursion:
    """A function that calls itself, being traced."""

    def __init__(self, r: Recorder, made: Callable[..., Any]) -> None:
        self.r = r
        self.made = made
        self.code = made.__code__
        self.token = Token(made.__name__)
        self.outer = r.scope
        self.cells: list[Cell] = []  # arrays from outside that it writes
        self.kinds: list[Kind] = []
        self.bound: list[CellType] = []  # variables from outside that it binds
        self.result: Slots | None = None
        self.changed = False

    def call(self, args: Any, kwargs: Any) -> Any:
        """The call from outside: trace the function, and note the call of it."""
        r = self.r
        if self.code in r.recursions:
            raise Untraceable("a function that calls itself is called in another way by a function in it")
        self.given = Slots(r, (args, kwargs, ()), every=False)
        path = r.scope.path
        self.axes = union(self.given.axes(), () if path is None else path.axes)
        for _ in range(TRIES):
            body = self.attempt()
            if body is not None:
                break
            if len(self.bound) > len(self.given.like[2]):
                self.given = Slots(r, (args, kwargs, self.held()), every=False)
                self.result = None
        else:
            raise Untraceable("what a function gives that calls itself does not settle")
        return self.noted("recurse", args, kwargs, body)

    def held(self) -> tuple[Any, ...]:
        """What the variables from outside hold."""
        return tuple([contents(cell) for cell in self.bound])

    def attempt(self) -> Program | None:
        """Trace the body; None if it has to be traced again."""
        r = self.r
        scope = Scope(None, self.outer)
        scope.nodes, scope.path = [], None
        params, (args, kwargs, held) = self.given.made(self.axes)
        if self.result is not None:
            self.result.made(self.axes)
        self.kinds = [(shape, dtype, self.axes, kind) for shape, dtype, _, kind in self.kinds]
        written = [Value(*kind) for kind in self.kinds]
        r.scope, left, r.left = scope, r.left, 0
        r.recursions[self.code] = self
        self.depth = len(r.frames)
        self.changed = False
        try:
            for cell, value in zip(self.cells, written, strict=True):
                r.note_write(cell)
                cell.value = value
                cell.version += 1
            for variable, value in zip(self.bound, held, strict=True):
                r.note_bound(variable, contents(variable))
                fill(variable, value)
            return self.program([*params, *written], leaving(r, self.made, args, kwargs))
        except Unknown:
            raise Untraceable("a function calls itself on all its ways") from None
        finally:
            del r.recursions[self.code]
            scope.undo()
            r.scope, r.left = self.outer, left

    def program(self, params: list[Value], result: Any) -> Program | None:
        """What has been traced, if what it was traced with has settled."""
        scope, result = self.r.scope, (result, self.held())
        if scope.lists:
            raise Untraceable("a list is changed by a function that calls itself")
        if self.result is None:
            self.comes_out(result)
        assert self.result is not None
        results = [*self.result.fit(result), *[cell.value for cell in self.cells]]
        fresh = [cell for cell in scope.written if cell not in self.cells]
        self.cells += fresh
        self.kinds += [(cell.value.shape, cell.value.dtype, (), cell.value.kind) for cell in fresh]
        program = Program(self.token.name, params, scope.nodes, results)
        axes = union(self.axes, *[value.axes for value in every_value(program)])
        known = set(map(id, self.bound))
        self.bound += [cell for cell, _ in scope.bound.values() if id(cell) not in known]
        changed = self.changed or self.given.changed or self.result.changed
        changed = changed or len(self.bound) > len(known) or bool(fresh) or axes != self.axes
        self.axes = axes
        self.given.changed = self.result.changed = False
        return None if changed else program

    def comes_out(self, result: Any) -> None:
        """A first result is known."""
        self.result = Slots(self.r, result, every=True)
        if not all(leaf is None or is_number(leaf) for leaf in self.result.leaves):
            raise Untraceable("a function that calls itself gives what is no number")
        self.changed = True

    def again(self, made: Any, args: Any, kwargs: Any) -> Any:
        """A call of the function by itself."""
        r = self.r
        if made.__closure__ != self.made.__closure__ or made.__defaults__ != self.made.__defaults__:
            raise Untraceable("a function calls another one of the same code")
        if self.result is None:
            own = r.frames[self.depth :]
            if not own or not own[0].exits:
                raise Unknown
            self.comes_out((own[0].exits[0][1], self.held()))
        return self.noted("again", args, kwargs)

    def noted(self, function: str, args: Any, kwargs: Any, *body: Program) -> Any:
        """The node of a call, and what it gives."""
        r = self.r
        assert self.result is not None
        before = self.held()
        inputs = [*self.given.fit((args, kwargs, before)), *[r.value(cell) for cell in self.cells]]
        outputs, (result, held) = self.result.made(self.axes)
        written = [Value(*kind) for kind in self.kinds]
        r.add_node(function, (self.token, inputs, *body), {}, [*outputs, *written])
        for cell, value in zip(self.cells, written, strict=True):
            r.write(cell, value)
        for variable, value in zip(self.bound, held, strict=True):
            fill(variable, value)
        r.rebound(tuple(self.bound), list(before))
        return result


def every_value(program: Program) -> list[Value]:
    """The values that a program and its sub-programs make or read."""
    found = [*program.free(), *program.inputs]
    for node in program.nodes:
        found += node.outputs
        found += [x for item in leaves((node.args, node.kwargs)) if type(item) is Program for x in every_value(item)]
    return found
