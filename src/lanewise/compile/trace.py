"""Tracing: a function runs on zero lanes, and what it asks of NumPy is recorded.

A traced value is a lane value on *traced* axes. They count as stale, so the fast ways leave its operations to
`array.settle`, which hands them to the `Recorder` of the run at work. The recorder runs the table's own rule on
the value's *shadow* (the same zero lanes on ordinary axes): NumPy itself says shape and dtype. Then it notes the
function, as applied to one example.

Arrays that are written are followed by *cells*: a cell has a current value, and a view is a cell that knows
how to be read from its parent and how to be put back into it.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from types import CellType
from typing import Any

import numpy as np

from ..array import ARRAY, SCALAR, LaneArray, map_lanes
from ..facts import RUN, owner_of
from ..regions import Mixed, contents
from ..regions.branches import fill
from . import minding  # noqa: F401  # enters its functions
from .assigning import check_held, crosses
from .cells import Cell, Listed, Untraceable, put, written
from .either import ARITHMETIC, check
from .formulas import FORMULAS, NoFormula
from .inplace import record_out, writer_of
from .ir import Node, Value, leaves, map_leaves, replaced, union
from .selected import Selected, called
from .tape import Tape, call_plain, shadow, unpacked, values_in


class Elsewhere:
    """A method of the recorder that another file has, as a function of it; such files import this one.

    Parameters
    ----------
    file : str
        A file beside this one.
    name : str
        What the function is called there, if not as the method.
    """

    def __init__(self, file: str, name: str = "") -> None:
        self.file, self.name = file, name
        self.function: Any = None

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name

    def __get__(self, recorder: Any, owner: type | None = None) -> Any:
        """The method, bound."""
        if self.function is None:
            self.function = getattr(import_module(f".{self.file}", __package__), self.name)
        return partial(self.function, recorder)


class Recorder(Tape):
    """Records a function that runs on traced values."""

    while_loop = Elsewhere("control")
    scan = Elsewhere("control")
    fori_loop = Elsewhere("control")
    cond = Elsewhere("control")
    switch = Elsewhere("control")
    called = Elsewhere("statements")
    frame = Elsewhere("statements", "TracedFrame")
    said = Elsewhere("statements")
    truths = Elsewhere("statements")
    negated = Elsewhere("statements")
    either = Elsewhere("statements")
    choose = Elsewhere("statements")
    loop = Elsewhere("loops", "TracedLoop")
    form = Elsewhere("builtins")
    recorded = Elsewhere("builtins")
    pick = Elsewhere("lists")
    looked_up = Elsewhere("lookups")
    mixed = Elsewhere("mixed")
    settled = Elsewhere("mixed")
    vmap = Elsewhere("nested")
    stack = Elsewhere("nested")
    collective = Elsewhere("collectives")
    lane_index = Elsewhere("collectives")

    # ---- recording ----

    def record(self, rule: Any, plain: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str = "") -> Any:
        """Record a call that `settle` was about to make.

        Parameters
        ----------
        rule, plain, args, kwargs, name
            As `array.settle` has them.
        """
        composite = getattr(rule, "__qualname__", "").startswith("composite.")
        if composite and plain not in FORMULAS:  # NumPy's own code: its parts are recorded
            writer = writer_of(plain)
            return rule(*args, **kwargs) if writer is None else writer(self, *args[1:], **kwargs)
        packed = selected = False
        for x in leaves((args, kwargs)):
            kind = type(x)
            if kind is np.ndarray:
                packed = packed or x.dtype == object
            elif kind is Selected:
                selected = True
            elif issubclass(kind, Listed):
                return self.record(rule, plain, x.plainly(args), x.plainly(kwargs), name)
            elif kind is Mixed:  # in a list, say
                return self.mixed(
                    x, lambda y: self.record(rule, plain, replaced(args, x, y), replaced(kwargs, x, y), name)
                )
        function, operands = _operation(plain, args, name)
        if selected:
            return called(function, operands, kwargs)
        lead = args[: len(args) - len(operands)]
        rule_of = FORMULAS.get(function)
        if rule_of is not None:
            try:
                return rule_of(*unpacked(self, operands), **kwargs)
            except NoFormula:
                if composite:
                    return rule(*args, **kwargs)
        if isinstance(function, np.ufunc) or function in ARITHMETIC:
            _see_numbers(function, operands)
        if (writer := writer_of(function)) is not None:
            return writer(self, *operands, **kwargs)
        if kwargs.get("out") is not None:
            return record_out(self, rule, function, lead, operands, kwargs)
        if packed:
            operands, kwargs = unpacked(self, (operands, kwargs))
        operands, kwargs = map_lanes(self.cell_of, (operands, kwargs))
        return self.call(rule, function, lead, operands, kwargs)

    def call(self, rule: Any, function: Any, lead: Any, operands: Any, kwargs: Any) -> Any:
        """Run a rule on shadows and note what it gave; cells stand for values among the operands."""
        shadow_args, shadow_kwargs = map_leaves(shadow, (operands, kwargs))
        token = RUN.set(self.shadow_run)
        try:
            with np.errstate(all="ignore"):
                result = rule(*lead, *shadow_args, **shadow_kwargs)
        finally:
            RUN.reset(token)
        found = [x for x in _flat_result(result) if type(x) is LaneArray]
        if not found:
            return result
        cells = _cells((operands, kwargs))
        for cell in cells:
            for x in found:
                if x.data is cell.shadow.data and x.kind == cell.shadow.kind and len(found) == 1:
                    return self.handle(cell)  # the same array
        args, kwargs_ = map_leaves(self.noted, (operands, kwargs))
        outputs: list[Value] = []
        made = []
        for x in found:
            if x.data.dtype.hasobject:
                raise Untraceable("an operation on what is no number")  # which may raise where there are lanes
            axes = tuple([self.axes[self.of_shadow[a]] for a in x.lanes.axes if self.of_shadow[a] is not self.root])
            value = Value(x.data.shape[x.lanes.ndim :], x.data.dtype, axes, x.kind)
            outputs.append(value)
            if not x.lanes.axes:
                x = LaneArray(np.empty((0, *x.data.shape), x.data.dtype), self.shadow_run.axis.lanes, x.kind)
            made.append(Cell(value, x, self.scope))
        if self.doubtful:
            check(self.doubtful, function, (args, kwargs_), outputs)
        self.add_node(function, args, kwargs_, outputs)
        for cell in made:
            self.note_view(cell, cells, function, operands, kwargs, alone=len(made) == 1)
        handles = iter([self.handle(cell) for cell in made])
        return _map_result(lambda x: next(handles) if type(x) is LaneArray else x, result)

    def note_view(
        self, made: Cell, cells: list[Cell], function: Any, operands: Any, kwargs: Any, *, alone: bool
    ) -> None:
        """If a result shares memory with an operand, remember how it was read from it; of several it is not known."""
        if made.shadow.kind != ARRAY:
            return
        owner = owner_of(made.shadow.data)
        for cell in cells:
            shares = owner_of(cell.shadow.data) is owner or (function is operator.getitem and _is_view(operands[1]))
            if cell.shadow.kind == ARRAY and shares:
                made.parent, made.node, made.args, made.kwargs = cell, function if alone else None, operands, kwargs
                made.version = cell.root().version
                return

    def noted(self, x: Any) -> Any:
        """An argument as a node has it: plain arrays are copied, those that outlive the call are read each time."""
        if type(x) is Cell:
            return self.value(x)
        if type(x) is not np.ndarray:
            return x
        return self.constant(x, ARRAY).value if id(x) in self.kept_ids else x.copy()

    def store(self, target: Cell, index: Any, value: Any) -> None:
        """``target[index] = value``."""
        if target.shadow.kind != ARRAY:
            raise Untraceable("a scalar is written")
        if type(value) is LaneArray and value.kind != ARRAY:
            check_held(self, value, target.value.dtype)
        value = self.cell_of(value) if type(value) is LaneArray else value
        index = map_lanes(self.cell_of, index)
        if crosses(target, index, value):
            raise Untraceable("an array is assigned to itself, one element after another")
        operands = (target, index, value)
        shadows = map_leaves(shadow, operands)
        self.try_write(shadows[0], lambda fresh: fresh.__setitem__(*shadows[1:]))
        values = map_leaves(self.noted, operands)
        old, _, given = values
        axes = union(*[x.axes for x in values_in(values)])
        if index is Ellipsis and type(given) is Value and given.shape == old.shape and given.axes == axes:
            self.write(target, self.cast(given, (None, old.dtype, None, ARRAY)))
            return
        new = Value(old.shape, old.dtype, axes, ARRAY)
        self.add_node(put, values, {}, [new])
        self.write(target, new)

    def cast_items(self, items: Any, dtype: np.dtype[Any]) -> Any:
        """What is in a list as numbers of another dtype; lanes whose scalars it can't hold go the ordinary way."""
        if isinstance(items, (list, tuple)):
            return [self.cast_items(item, dtype) for item in items]
        if type(items) is LaneArray:
            if items.kind != ARRAY:
                check_held(self, items, dtype)
            kind = ARRAY if items.kind == ARRAY else SCALAR
            return self.new(self.cast(self.as_value(items), (None, dtype, None, kind)))
        return np.asarray(items, dtype)[()]

    def store_by(self, target: Cell, writer: Any, args: Any, kwargs: Any) -> None:
        """Let a function write an array, which is its first argument."""
        operands = map_lanes(self.cell_of, (args, kwargs))
        more, options = map_leaves(shadow, operands)
        self.try_write(target.shadow, lambda fresh: call_plain(writer, (fresh, *more), options))
        old, (more, options) = self.value(target), map_leaves(self.noted, operands)
        axes = union(old.axes, *[x.axes for x in values_in((more, options))])
        new = Value(old.shape, old.dtype, axes, ARRAY)
        self.add_node(written, (old, writer, more, options), {}, [new])
        self.write(target, new)

    def try_write(self, target: LaneArray, write: Callable[[LaneArray], Any]) -> None:
        """Let NumPy complain about a write that it does not take."""
        data = np.empty(target.data.shape[target.lanes.ndim :], target.data.dtype)
        token = RUN.set(self.shadow_run)
        try:
            lanes = self.shadow_run.axis.lanes
            fresh = LaneArray(np.empty((0, *data.shape), data.dtype), lanes, ARRAY)
            self.shadow_run.tries = True
            write(fresh)
        finally:
            self.shadow_run.tries = False
            RUN.reset(token)

    def fresh(self, data: Any) -> LaneArray:
        """An array that the function makes."""
        return self.handle(self.constant(data, ARRAY))

    def effect(self, objects: tuple[Any, ...]) -> None:
        """Refuse to change something other than a variable or a lane value in some lanes, or turns, only."""
        if objects and all(type(x) in (LaneArray, Mixed, Selected) or issubclass(type(x), Listed) for x in objects):
            return
        if self.scope.path is not None or any(loop.symbolic for loop in self.loops):
            raise Untraceable("something other than a variable is changed where not all lanes are")

    def own(self, variables: tuple[CellType, ...]) -> None:
        """Note where variables belong that inner functions bind."""
        self.homes.update((id(cell), (cell, self.scope)) for cell in variables)

    def outside(self, variables: tuple[CellType, ...]) -> list[Any]:
        """What variables of a function around hold, which are about to be bound."""
        if any(id(cell) not in self.homes for cell in variables):
            self.effect(())
        return [contents(cell) for cell in variables]

    def rebound(self, variables: tuple[CellType, ...], before: list[Any]) -> None:
        """Variables of a function around have been bound, by the lanes at work."""
        from .mixed import meet

        for cell, old in zip(variables, before, strict=True):
            new = contents(cell)
            if new is old or id(cell) not in self.homes:
                continue
            if self.scope.path is not None:
                fill(cell, meet(self, self.scope.path, new, old))
            self.note_bound(cell, old)

    def note_bound(self, cell: CellType, old: Any) -> None:
        """Let the scopes at work know that a variable from outside is bound."""
        scope, home = self.scope, self.homes[id(cell)][1]
        while scope is not home:
            if scope.axis is not None:
                raise Untraceable("a variable that the lanes share is bound")
            scope.bound.setdefault(id(cell), (cell, old))
            assert scope.parent is not None
            scope = scope.parent

    def fail(self, path: Value | None) -> None:
        """Note that lanes for which a mask is true need the ordinary way."""
        self.scope.nodes.append(Node("fail", (self.truth(True) if path is None else path,), {}, []))

    def fail_where(self, mask: Value) -> None:
        """Note lanes at work that need the ordinary way."""
        path = self.scope.path
        self.fail(mask if path is None else self.node_value(np.logical_and, path, mask))

    def caught(self) -> None:
        """Refuse to go on where the user's function has caught an exception: some lanes may not have it."""
        if sys.exc_info()[0] is not None:
            raise Untraceable("an exception is caught")

    def handed(self, function: Any) -> Any:
        """A function that `lax` is given: what it returns is a pytree, with ordinary lists in it."""
        from .lists import plainly

        return lambda *args: plainly(function(*args))

    def converted(self, x: Any, dtype: np.dtype[Any], kind: int) -> LaneArray:
        """A scalar in another dtype and kind."""
        value = self.as_value(x)
        return self.new(self.cast(value, ((), dtype, value.axes, kind)))

    def made(self, container: Any) -> Any:
        """A container that the function has just made."""
        from .lists import TracedList

        if type(container) is not list and (type(container) is not TracedList or container.fixed()):
            self.containers[id(container)] = container
            return container
        frame = sys._getframe(2)  # of the user's code
        return TracedList(self, container, (frame.f_code, frame.f_lasti))

    def uneven(self, items: Any) -> bool:
        """Whether a list, or what a mask selects, differs in length between lanes."""
        from .lists import TracedList

        return type(items) is Selected or (type(items) is TracedList and items.buffer is not None)

    def constant_of(self, value: Any) -> Cell:
        """A plain array as a cell."""
        if type(value) is not np.ndarray or value.dtype.hasobject:
            raise Untraceable(f"an argument is a {type(value).__name__}")
        cell = self.constant(value, ARRAY)
        cell.frozen = True
        return cell


# ---- helpers ----


def _operation(plain: Any, args: tuple[Any, ...], name: str) -> tuple[Any, tuple[Any, ...]]:
    """The function of a call as a node has it, and its operands."""
    if name:
        return name, args
    owner = getattr(plain, "__self__", None)
    if isinstance(owner, np.ufunc):
        return (owner, plain.__name__), args[1:]
    return plain, args[1:]



def _see_numbers(function: Any, operands: Any) -> None:
    """Refuse what is no number among the operands, as it is refused where there are lanes."""
    for x in operands:
        if x is None or isinstance(x, (str, bytes)):
            if function in (np.equal, np.not_equal, operator.eq, operator.ne):
                raise Untraceable("a number is compared with what is none")
            raise TypeError(f"unsupported operand type(s) for {_name_of(function)}: {type(x).__name__}")


def _name_of(function: Any) -> str:
    return str(getattr(function, "__name__", function))


def _cells(tree: Any) -> list[Cell]:
    found: list[Cell] = []
    map_leaves(lambda x: found.append(x) if type(x) is Cell else None, tree)
    return found



def _is_view(index: Any) -> bool:
    """Whether indexing gives a view in the loop: an array at a number of each lane, which is a copy in the batch."""
    items = index if type(index) is tuple else (index,)
    return not any(isinstance(x, (np.ndarray, list, tuple, bool, np.bool)) for x in items) and all(
        cell.shadow.kind != ARRAY and cell.shadow.data.dtype != bool for cell in _cells(index)
    )


def _flat_result(result: Any) -> list[Any]:
    return [y for x in result for y in _flat_result(x)] if isinstance(result, (tuple, list)) else [result]


def _map_result(function: Callable[[Any], Any], result: Any) -> Any:
    if isinstance(result, tuple) and hasattr(result, "_make"):
        return result._make([_map_result(function, x) for x in result])
    if isinstance(result, (tuple, list)):
        return type(result)([_map_result(function, x) for x in result])
    return function(result)
