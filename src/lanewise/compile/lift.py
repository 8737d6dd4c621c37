"""Long axes of examples become loops, as lane axes are: a pass from program to program.

A value of shape (1000,) is a scalar that varies over one more axis, a `Row`. So a long array is never in registers,
a chain of functions of it is one loop, and a sum is a loop that carries its total (a ``fold``). Which element of an
array a loop is at is a *form* for each dimension of it: None for one that stays in registers, else a number that
depends on the axes. Views are other forms of the same array, so slices, transposes and flips cost nothing; only what
has no form (a reshape that mixes axes, a large matrix product) makes the array pass through memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container
from typing import Any, NamedTuple

import numpy as np

from ..array import ARRAY
from .cells import lane_out, put, put_view
from .ir import Axis, Node, Program, Value, leaves, reading, union, users_of
from .passes import dead_code

LONG = 16  # elements of an axis that may stay in registers
MOST = 64  # elements of an example that may
CHEAP = 12  # operations that are sooner done twice than kept
WORTH = 32  # bytes of a row that passes by: half a vector
BLOCK = 4096  # elements of a part of a long sum, at most
EVEN = 32  # of so many parts, vectors and threads have their share
FEW = 16  # how much longer than many a fold has to be, to be one of parts


class Row(Axis):
    """A long axis of an example, as a loop."""

    __slots__ = ()


class Form(NamedTuple):
    """Where a loop is along a dimension: ``start + step * axis + ...``.

    The numbers are fractions where a loop goes by places between the elements: nothing is read there.
    """

    start: int
    terms: tuple[tuple[Axis, int], ...]

    def whole(self) -> Form:
        """The same in integers; `NoLift` if there are fractions."""
        numbers = [self.start, *(step for _, step in self.terms)]
        if any(number != int(number) for number in numbers):
            raise NoLift
        return Form(int(self.start), tuple([(axis, int(step)) for axis, step in self.terms]))

    def ends(self) -> tuple[int, int]:
        """The first and the last place that it comes by."""
        ways = [step * (axis.size - 1) for axis, step in self.terms]
        return self.start + sum(min(way, 0) for way in ways), self.start + sum(max(way, 0) for way in ways)


class Span(NamedTuple):
    """Some elements along a dimension, to be held in registers."""

    start: int
    step: int
    size: int

    def as_slice(self) -> slice:
        """The same as Python has it."""
        stop = self.start + self.step * self.size
        return slice(self.start, stop if stop >= 0 else None, self.step)


Forms = tuple[Form | Span | None, ...]
Rule = Callable[..., list[Value]]

LIFTS: dict[Any, Rule] = {}
"""How a function acts on one element: ``rule(lift, node, forms)`` gives its outputs in these forms."""


def lifts(*functions: Any) -> Callable[[Rule], Rule]:
    """Enter a rule in the table for these functions."""

    def enter(rule: Rule) -> Rule:
        LIFTS.update(dict.fromkeys(functions, rule))
        return rule

    return enter


class NoLift(Exception):
    """A node has to take its operands whole."""


def at(x: Any, forms: Any, beyond: Any) -> Any:
    """The part of an array at a form for each dimension; nobody asks what is beyond the sizes of some dimensions."""
    raise NotImplementedError


def along(form: Form) -> Any:
    """Where loops are along a dimension, as a number."""
    raise NotImplementedError


def fold(x: Any, axis: Row, ufunc: Any, other: Any = None) -> Any:
    """A value reduced over a row; of two values, their products are."""
    raise NotImplementedError


def kept(shape: tuple[int, ...], forms: Forms) -> tuple[int, ...]:
    """The shape of what is in registers."""
    sizes = zip(shape, forms, strict=True)
    return tuple([form.size if type(form) is Span else n for n, form in sizes if type(form) is not Form])


def moves(forms: Forms) -> bool:
    """Whether forms go along a loop; those of a single element do not."""
    return any(type(form) is Form and form.terms for form in forms)


def long_dims(shape: tuple[int, ...]) -> list[bool]:
    """Which dimensions of an example are loops."""
    flags = [size > LONG for size in shape]
    if not math.prod(shape) or (not any(flags) and math.prod(shape) <= MOST):
        return [False] * len(shape)
    while math.prod([n for n, flag in zip(shape, flags, strict=True) if not flag]) > MOST:
        flags[max([n for n, flag in enumerate(flags) if not flag], key=lambda n: (shape[n], n))] = True
    return flags


def passing(program: Program) -> set[Value]:
    """Short rows that products with shared matrices make, and what is computed of them on the way to results.

    In memory they lie end to end, so they had better go by as they lie than be shuffled into lanes and back.
    """
    from .gemm import product_of

    made: set[Value] = set()
    found: set[Value] = set()
    for node in program.nodes:
        rows = [x for x in node.operands() if x.axes and x.shape]
        if product_of(node) is not None:
            made.update(x for x in node.outputs if len(x.shape) == 1 and x.shape[0] * x.dtype.itemsize >= WORTH)
        elif rows and node.function in QUICK and not (node.kwargs or node.mask):
            found.update(x for x in node.outputs if all(row in made | found and row.shape == x.shape for row in rows))
    while found:
        asked = [x for node in program.nodes if node.function is not lane_out for x in node.operands()
                 if found.isdisjoint(node.outputs)]  # fmt: skip
        lost = found.intersection(asked)
        lost |= {x for node in program.nodes for x in node.outputs if not lost.isdisjoint(node.operands())}
        if not lost:
            break
        found -= lost
    return found


class Lift:
    """The pass at work on a program."""

    def __init__(self, program: Program, whole: Container[Node] = ()) -> None:
        from . import lifting, updates  # noqa: F401  # the table fills when a first program is lifted

        self.program = program
        self.passing = passing(program)
        self.reduced = reduced(program)
        self.disjoint = False  # what is asked of values goes through each element once
        self.without = whole  # nodes that are not lifted
        self.origins: dict[Node, Node] = {}  # the node of the program that one of the lifted program stands for
        self.nodes: list[Node] = []
        self.makers: dict[Value, Node] = {}  # of what is lifted
        self.wholes: dict[Value, Value] = {value: value for value in program.inputs}
        self.parts: dict[Value, dict[Forms, Value]] = {}
        self.written: set[Value] = set()  # arrays with parts replaced, which are in registers
        self.costs: dict[Value, int] = {}
        self.rows: dict[tuple[int, int], Row] = {}
        self.level = max((axis.level for axis in program.axes()), default=0) + 1

    def run(self) -> Program:
        """The lifted program."""
        for node in self.program.nodes:
            if not self.lifts(node):
                self.keep(node)
                continue
            self.makers.update(dict.fromkeys(node.outputs, node))
            if self.reduced.issuperset(node.outputs):
                continue  # who reduces it says in which forms
            try:
                self.part(node.outputs[0], self.forms(node.outputs[0]))
            except NoLift:
                self.unlift(node)
        results = [self.whole(x) if type(x) is Value else x for x in self.program.results]
        return dead_code(Program(self.program.name, self.program.inputs, self.nodes, results))

    def lifts(self, node: Node) -> bool:
        """Whether a node has a rule here, and some value of it is too long for registers."""
        if node.function not in LIFTS or node in self.without:
            return False
        values = [*node.outputs, *(x for x in leaves((node.args, node.kwargs)) if type(x) is Value)]
        if self.reads_written(node) and not any(long_dims(node.outputs[0].shape)):
            return False
        fits = all(x.dtype.kind in "biufc" and x.dtype.itemsize <= 16 for x in values)
        return fits and any(any(self.long(x)) for x in values)

    def reads_written(self, node: Node) -> bool:
        """Whether a node takes elements of an array that is in registers: it need not be in memory for them."""
        is_view = LIFTS[node.function].__name__ == "view"
        return is_view and type(node.args[0]) is Value and node.args[0] in self.written

    # ---- values whole ----

    def unlift(self, node: Node) -> None:
        """Keep a node that was to be lifted."""
        for value in node.outputs:
            del self.makers[value]
        self.keep(node)

    def keep(self, node: Node) -> None:
        """A node as it is, on whole values."""
        known = {x: found for x in node.operands() if (found := self.whole(x)) is not x}
        self.nodes.append(reading(node, known))
        self.wholes.update((value, value) for value in node.outputs)
        if node.function in (put, put_view):
            self.written.update(node.outputs)

    def whole(self, value: Value) -> Value:
        """A value with all its dimensions."""
        known = self.wholes.get(value)
        if known is not None:
            return known
        forms = self.forms(value)
        try:
            found = self.part(value, forms)
        except NoLift:
            if value not in self.reduced or value not in self.makers:
                raise
            self.unlift(self.makers[value])
            return self.wholes[value]
        for n, form in enumerate(forms):
            if type(form) is Form:
                axis = form.terms[0][0]
                shape = (*found.shape[:n], axis.size, *found.shape[n:])
                axes = tuple([other for other in found.axes if other is not axis])
                found = self.emit(lane_out, (found, n, axis), {}, shape, value.dtype, axes, ARRAY)
        self.wholes[value] = found
        return found

    def row(self, size: int, place: int, taken: set[Axis]) -> Row:
        """A row of some size at a place from the end, other than those that are taken; the last is innermost."""
        n = 0
        while (found := self.rows.get((size, n))) in taken and found is not None:
            n += 1
        if found is None:
            level = self.level + 1000 * (64 - place) + len(self.rows)
            found = self.rows[size, n] = Row(size, level, f"row{n}_")
        return found

    def long(self, value: Value) -> list[bool]:
        """Which dimensions of a value are loops."""
        return [True] if value in self.passing else long_dims(value.shape)

    def forms(self, value: Value) -> Forms:
        """The forms that go through an array in order."""
        taken: set[Axis] = set()
        found: list[Form | None] = []
        for place, (size, is_row) in enumerate(zip(value.shape[::-1], self.long(value)[::-1], strict=True)):
            row = self.row(size, place, taken) if is_row else None
            found.append(None if row is None else Form(0, ((row, 1),)))
            taken.update([] if row is None else [row])
        return tuple(found[::-1])

    # ---- parts of values ----

    def part(self, value: Value, forms: Forms) -> Value:
        """A value at some forms."""
        known = self.parts.setdefault(value, {})
        if forms in known:
            return known[forms]
        node = self.makers.get(value)
        single = value in self.wholes and not moves(forms)
        again = known and not (self.disjoint and value in self.reduced)
        if node is not None and (single or (again and self.work(value) > CHEAP)):
            self.whole(value)
            node = None
        if node is None:
            found = self.whole(value)
            if any(form is not None for form in forms):
                found = self.element(found, tuple([form.whole() if type(form) is Form else form for form in forms]))
            known[forms] = found
            return found
        before = len(self.nodes)
        made = LIFTS[node.function](self, node, forms)
        for new in self.nodes[before:]:
            self.origins.setdefault(new, node)
        for output, found in zip(node.outputs, made, strict=True):
            self.parts.setdefault(output, {})[forms] = found
        return self.parts[value][forms]

    def element(self, x: Value, forms: Forms) -> Value:
        """What an array in memory has at some forms."""
        shape = kept(x.shape, forms)
        rows = tuple([axis for form in forms if type(form) is Form for axis, _ in form.terms])
        beyond = tuple([
            (n, size) for n, (size, form) in enumerate(zip(x.shape, forms, strict=True))
            if type(form) is Form and (form.ends()[0] < 0 or form.ends()[1] >= size)
        ])  # fmt: skip
        kind = x.kind if shape == x.shape else ARRAY
        return self.emit(at, (x, forms, beyond), {}, shape, x.dtype, union(x.axes, _ordered(rows)), kind)

    def operand(self, x: Any, forms: Forms) -> Any:
        """An operand of an elementwise node whose result has these forms."""
        if not isinstance(x, (Value, np.ndarray, list, tuple)):
            return x
        value = self.value(x)
        rank = len(value.shape)
        if rank > len(forms):
            raise NoLift
        own = forms[len(forms) - rank :]
        single = {Form: Form(0, ()), Span: None, type(None): None}
        return self.part(
            value, tuple([single[type(form)] if n == 1 else form for n, form in zip(value.shape, own, strict=True)])
        )

    def value(self, x: Any) -> Value:
        """An operand as a value."""
        if type(x) is Value:
            return x
        data = np.asarray(x)
        if data.dtype.kind not in "biufc":
            raise NoLift
        value = Value(data.shape, data.dtype, (), ARRAY)
        self.nodes.append(Node(np.asarray, (data,), {}, [value]))
        self.wholes[value] = value
        return value

    def emit(
        self, function: Any, args: Any, kwargs: Any, shape: tuple[int, ...], dtype: Any, axes: tuple[Axis, ...],
        kind: int = ARRAY, mask: Value | None = None,
    ) -> Value:  # fmt: skip
        """A new node with one output."""
        value = Value(shape, dtype, axes, kind)
        self.nodes.append(Node(function, args, kwargs, [value], mask))
        return value

    def through_memory(self, value: Value, row: Row) -> Value:
        """A value that varies over a row, written out and read again."""
        axes = tuple([axis for axis in value.axes if axis is not row])
        whole = self.emit(lane_out, (value, 0, row), {}, (row.size, *value.shape), value.dtype, axes)
        forms = (Form(0, ((row, 1),)), *(None,) * len(value.shape))
        return self.emit(at, (whole, forms, ()), {}, value.shape, value.dtype, value.axes)

    def cost(self, value: Value) -> int:
        """How many operations it takes to have an element: none, if it is in memory."""
        return 0 if value in self.wholes or value not in self.makers else self.work(value)

    def work(self, value: Value) -> int:
        """How many operations it takes to compute an element anew."""
        if value not in self.costs:
            node = self.makers[value]
            own = 1 if is_quick(node) or LIFTS[node.function].__name__ in ("view", "update") else 2 * CHEAP
            operands = [x for x in leaves((node.args, node.kwargs)) if type(x) is Value]
            self.costs[value] = own + sum(map(self.cost, operands))
        return self.costs[value]


QUICK = {
    np.add, np.subtract, np.multiply, np.negative, np.absolute, np.maximum, np.minimum, np.where, np.less, np.greater,
    np.less_equal, np.greater_equal, np.equal, np.not_equal, np.logical_and, np.logical_or, np.logical_not, np.clip,
    np.square, np.true_divide, "astype", "kind", np.bitwise_and, np.bitwise_or, np.bitwise_xor,
}  # fmt: skip


def is_quick(node: Node) -> bool:
    """Whether an operation on one element is one instruction, or two."""
    squares = node.function is np.power and type(node.args[1]) in (int, float) and node.args[1] == 2
    return squares or node.function in QUICK


def reduced(program: Program) -> set[Value]:
    """Values that are only reduced, or only used for such."""
    from .lifting import elementwise, reduction

    users = users_of(program.nodes)
    found: set[Value] = set()
    results = {x for x in program.results if type(x) is Value}
    for node in reversed(program.nodes):
        if LIFTS.get(node.function) is not elementwise or not results.isdisjoint(node.outputs):
            continue
        if all(
            LIFTS.get(user.function) is reduction or not found.isdisjoint(user.outputs)
            for value in node.outputs for user in users.get(value, ())
        ):  # fmt: skip
            found.update(node.outputs)
    return found


def _ordered(axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
    return tuple(sorted(set(axes), key=lambda axis: axis.level))
