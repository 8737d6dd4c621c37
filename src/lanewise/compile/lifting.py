"""Rules of the pass `lift`: what functions of long arrays do to one element, and which elements views are of."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .ir import Axis, Node, Value, leaves, union
from .lift import BLOCK, EVEN, FEW, LIFTS, LONG, Form, Forms, Lift, NoLift, Row, Span, fold, kept, lifts, long_dims
from .rows.elementwise import ELEMENTS

# ---- elementwise ----


def elementwise(lift: Lift, node: Node, forms: Forms) -> list[Value]:
    """The same function of the operands at the same forms."""
    args, kwargs = list(node.args), dict(node.kwargs)
    for n, x in enumerate(args):
        args[n] = lift.operand(x, forms)
    for name in ("min", "max", "a_min", "a_max", "condition", "x", "y", "fill_value"):
        if name in kwargs:
            kwargs[name] = lift.operand(kwargs[name], forms)
    operands = [x for x in (*args, *kwargs.values()) if type(x) is Value]
    axes = union(*[x.axes for x in operands])
    mask = None if node.mask is None else lift.whole(node.mask)
    outputs = []
    for value in node.outputs:
        if len(value.shape) != len(forms):
            raise NoLift
        outputs.append(Value(kept(value.shape, forms), value.dtype, axes, value.kind))
    lift.nodes.append(Node(node.function, tuple(args), kwargs, outputs, mask))
    return outputs


@lifts("astype", np.astype, np.real, np.imag, np.nan_to_num, "kind")
def unary(lift: Lift, node: Node, forms: Forms) -> list[Value]:
    """A function of its first argument."""
    if type(node.args[0]) is not Value:
        raise NoLift
    x = lift.operand(node.args[0], forms)
    value = node.outputs[0]
    args = (x, *node.args[1:])
    return [lift.emit(node.function, args, node.kwargs, kept(value.shape, forms), value.dtype, x.axes, value.kind)]


# ---- views ----


@lifts(
    np.transpose, np.permute_dims, np.matrix_transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.squeeze,
    np.expand_dims, np.broadcast_to, np.flip, np.fliplr, np.flipud, np.reshape, np.ravel, np.atleast_1d,
    np.atleast_2d, np.atleast_3d, np.diagonal, np.copy, "reshape", "transpose", "flatten", "copy", operator.getitem,
)  # fmt: skip
def view(lift: Lift, node: Node, forms: Forms) -> list[Value]:
    """Other forms of the same array, which NumPy itself finds: it does not look at what is in memory."""
    from .tape import call_plain

    source, value = node.args[0], node.outputs[0]
    if type(source) is not Value or not all(map(is_static, leaves((node.args[1:], node.kwargs)))):
        raise NoLift
    dummy = stand_in(source.shape)
    if node.function in (np.copy, "copy"):
        found = dummy
    elif node.function in (np.reshape, np.ravel, "reshape", "flatten"):
        found = dummy.view()
        if {**node.kwargs}.get("order", "C") != "C" or any(isinstance(x, str) for x in node.args[1:]):
            raise NoLift
        found = _reshaped(dummy, value.shape)
    else:
        args = node.args[1:]
        if node.function is operator.getitem:
            args = (viewing(args[0]),)
        found = call_plain(node.function, (dummy, *args), node.kwargs)
    if found.shape != value.shape:
        raise NoLift
    return [_viewed(lift, source, value, forms, start_of(found, dummy), found.strides)]


def stand_in(shape: tuple[int, ...]) -> Any:
    """An array of some shape, of which views are made but no element is read: its strides count elements."""
    found = np.lib.stride_tricks.as_strided(np.empty(1, np.int8), shape, _strides(shape))
    found.flags.writeable = False
    return found


def start_of(view: Any, array: Any) -> int:
    """Where a view of such an array begins."""
    return view.__array_interface__["data"][0] - array.__array_interface__["data"][0] if view.size else 0


def viewing(index: Any) -> tuple[Any, ...]:
    """An index that gives a view even of a single element."""
    items = index if type(index) is tuple else (index,)
    return items if any(item is Ellipsis for item in items) else (*items, Ellipsis)


def is_static(x: Any) -> bool:
    """Whether a part of an index, or of a shape, is the same in all lanes."""
    return x is None or x is Ellipsis or type(x) in (int, str) or isinstance(x, np.integer)


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    found = [1]
    for size in shape[:0:-1]:
        found.append(found[-1] * max(size, 1))
    return tuple(found[::-1]) if shape else ()


def _reshaped(dummy: Any, shape: tuple[int, ...]) -> Any:
    """A view of a contiguous array in another shape."""
    return np.lib.stride_tricks.as_strided(dummy, shape, _strides(shape), writeable=False)


Terms = list[tuple[int, int]]
"""What moves along a dimension of the source: a dimension of the view, and its step there."""


def _viewed(
    lift: Lift, source: Value, value: Value, forms: Forms, start: int, strides: tuple[int, ...]
) -> Value:  # fmt: skip
    """The source at the forms that a view's forms stand for."""
    starts, terms = walked(source.shape, value.shape, start, strides)
    in_registers = [source in lift.makers and not flag for flag in long_dims(source.shape)]
    inner: list[Form | Span | None] = []
    index: list[Any] = []  # of what is in registers
    for size, first, found, in_register in zip(source.shape, starts, terms, in_registers, strict=True):
        held = [n for n, _ in found if type(forms[n]) is not Form]
        if held and len(found) > 1:
            raise NoLift
        if held:
            span = _span(forms[held[0]], value.shape[held[0]], first, found[0][1])
            index.append(span.as_slice() if in_register else slice(0, span.size, 1))
            inner.append(None if in_register or span == (0, 1, size) else span)
        elif in_register and not found:
            index.append(first)
            inner.append(None)
        else:
            inner.append(_form(forms, first, found))
    part = lift.part(source, tuple(inner))
    order = [n for found in terms for n, _ in found if type(forms[n]) is not Form]
    return _arranged(lift, part, value, forms, index, order)


def walked(
    source: tuple[int, ...], view: tuple[int, ...], start: int, strides: tuple[int, ...]
) -> tuple[list[int], list[Terms]]:  # fmt: skip
    """Where a view begins along each dimension of its source, and what moves along it."""
    own = _strides(source)
    starts = []
    for size, stride in zip(source, own, strict=True):
        starts.append(0 if size == 1 else start // stride)
        start -= starts[-1] * stride
    terms: list[Terms] = [[] for _ in source]
    for n, (size, stride) in enumerate(zip(view, strides, strict=True)):
        if size == 1 or stride == 0:
            continue
        dim = next((d for d, s in enumerate(own) if source[d] > 1 and s <= abs(stride)), None)
        if dim is None or stride % own[dim]:
            raise NoLift
        terms[dim].append((n, stride // own[dim]))
    for size, first, found in zip(source, starts, terms, strict=True):
        ends = [step * (view[n] - 1) for n, step in found]
        if first + sum(min(end, 0) for end in ends) < 0 or first + sum(max(end, 0) for end in ends) >= size:
            raise NoLift
    return starts, terms


def _span(form: Form | Span | None, size: int, first: int, step: int) -> Span:
    """Elements of a view that are held in registers, as those of the source."""
    span = form if type(form) is Span else Span(0, 1, size)
    return Span(first + step * span.start, step * span.step, span.size)


def _form(forms: Forms, place: int, terms: Terms) -> Form:
    """Where loops along a view are along a dimension of its source."""
    axes: list[tuple[Axis, int]] = []
    for n, step in terms:
        form = forms[n]
        assert type(form) is Form
        place += step * form.start
        axes += [(axis, step * own_step) for axis, own_step in form.terms]
    return Form(place, tuple(axes))


def _arranged(
    lift: Lift, part: Value, value: Value, forms: Forms, index: list[Any], order: list[int]
) -> Value:  # fmt: skip
    """What stays in registers, in the view's order."""
    shape = kept(value.shape, forms)
    held = [n for n, form in enumerate(forms) if type(form) is not Form]
    size = dict(zip(held, shape, strict=True))
    if index != [slice(0, n, 1) for n in part.shape]:
        sizes = tuple([size[n] for n in order])
        part = lift.emit(operator.getitem, (part, tuple(index)), {}, sizes, part.dtype, part.axes)
    if order != sorted(order):
        turn = tuple(np.argsort(order).tolist())
        sizes = tuple([part.shape[n] for n in turn])
        part = lift.emit(np.transpose, (part, turn), {}, sizes, part.dtype, part.axes)
    if part.shape != shape:
        ones = tuple([size[n] if n in order else 1 for n in held])
        if ones != part.shape:
            part = lift.emit(np.reshape, (part, ones), {}, ones, part.dtype, part.axes)
        if ones != shape:
            part = lift.emit(np.broadcast_to, (part, shape), {}, shape, part.dtype, part.axes)
    return part


# ---- reductions ----

_FOLDS: dict[Any, np.ufunc] = {
    np.sum: np.add, np.prod: np.multiply, np.max: np.maximum, np.amax: np.maximum, np.min: np.minimum,
    np.amin: np.minimum, np.any: np.logical_or, np.all: np.logical_and, (np.add, "reduce"): np.add,
    (np.multiply, "reduce"): np.multiply, (np.maximum, "reduce"): np.maximum, (np.minimum, "reduce"): np.minimum,
}  # fmt: skip


def _options(node: Node) -> tuple[Any, bool]:
    """The axis of a reduction, and whether it is kept."""
    first = 0 if isinstance(node.function, tuple) else None
    args = dict(zip(("axis", "dtype", "out", "keepdims"), node.args[1:], strict=False))
    options = {**args, **node.kwargs}
    axis, keepdims = options.pop("axis", first), options.pop("keepdims", False)
    options.pop("dtype", None)
    if any(x is not None and x is not np._NoValue for x in options.values()):
        raise NoLift
    return axis, keepdims is True


@lifts(np.matmul, np.dot, np.vecdot, np.inner, np.matvec)
def product(lift: Lift, node: Node, forms: Forms) -> list[Value]:
    """The product of two vectors; of a matrix and a vector, if there is another matrix in each lane."""
    value = node.outputs[0]
    if node.kwargs or len(node.args) > 2 or value.dtype.kind not in "fiu" or value.dtype == np.float16:
        raise NoLift
    a, b = map(lift.value, node.args)
    if len(b.shape) != 1 or len(a.shape) not in (1, 2) or (len(a.shape) == 2 and not a.axes):
        raise NoLift
    if len(a.shape) == 2 and node.function in (np.vecdot, np.inner):
        raise NoLift
    taken = {axis for form in forms if type(form) is Form for axis, _ in form.terms}
    if not long_dims(b.shape)[0]:
        raise NoLift
    row = lift.row(b.shape[0], 0, taken)
    along = (Form(0, ((row, 1),)),)
    parts = [lift.part(a, (*forms, *along)), lift.part(b, along)]
    if parts[0].shape:
        raise NoLift
    parts = [
        x if x.dtype == value.dtype else lift.emit("astype", (x, value.dtype), {}, x.shape, value.dtype, x.axes)
        for x in parts
    ]
    return [folded(lift, parts[0], row, np.add, parts[1])]


@lifts(np.count_nonzero)
def count(lift: Lift, node: Node, forms: Forms) -> list[Value]:
    """The sum of what is not zero."""
    value = node.outputs[0]
    source = lift.value(node.args[0])
    if len(node.args) > 1 or node.kwargs:
        raise NoLift
    inner, rows = _inner_forms(lift, source, tuple(range(len(source.shape))), forms, False)

    def total(inner: Forms, rows: list[Row]) -> Value:
        part = lift.part(source, inner)
        for dtype in (np.dtype(bool), value.dtype):
            part = lift.emit("astype", (part, dtype), {}, part.shape, dtype, part.axes)
        if part.shape:
            part = lift.emit(np.sum, (part,), {}, (), value.dtype, part.axes)
        for row in rows:
            part = folded(lift, part, row, np.add)
        return part

    return [in_parts(lift, inner, rows, np.add, source.axes, total)]


@lifts(*_FOLDS)
def reduction(lift: Lift, node: Node, forms: Forms) -> list[Value]:
    """A fold over each row, after what is in registers is reduced."""
    from .rows.reductions import axes_of

    source, value, ufunc = lift.value(node.args[0]), node.outputs[0], _FOLDS[node.function]
    dtype = value.dtype
    if dtype == np.float16 or (dtype.kind == "c" and ufunc in (np.maximum, np.minimum)):
        raise NoLift
    axis, keepdims = _options(node)
    axes = axes_of(axis, len(source.shape))
    inner, rows = _inner_forms(lift, source, axes, forms, keepdims)

    def total(inner: Forms, rows: list[Row]) -> Value:
        part = lift.part(source, inner)
        if part.dtype != dtype:
            part = lift.emit("astype", (part, dtype), {}, part.shape, dtype, part.axes)
        left = [n for n, form in enumerate(inner) if type(form) is not Form]
        here = tuple([k for k, n in enumerate(left) if n in axes])
        if here:
            shape = tuple([size for k, size in enumerate(part.shape) if k not in here])
            name = next(key for key, own in _FOLDS.items() if own is ufunc)
            part = lift.emit(name, (part,), {"axis": here}, shape, dtype, part.axes)
        for row in rows:
            part = folded(lift, part, row, ufunc)
        return part

    part = in_parts(lift, inner, rows, ufunc, source.axes, total)
    if keepdims:
        shape = kept(value.shape, forms)
        if shape != part.shape:
            part = lift.emit(np.reshape, (part, shape), {}, shape, dtype, part.axes)
    return [part]


def in_parts(
    lift: Lift, inner: Forms, rows: list[Row], ufunc: np.ufunc, lanes: tuple[Axis, ...],
    total: Callable[[Forms, list[Row]], Value],
) -> Value:  # fmt: skip
    """A fold; a long one into few totals is one of parts, which pass through memory, so that threads share the work."""
    around = {axis for form in inner if type(form) is Form for axis, _ in form.terms}.difference(rows).union(lanes)
    work = math.prod(row.size for row in rows)
    if work < 2 * BLOCK or FEW * math.prod(axis.size for axis in around) > work:
        return total(inner, rows)
    last = rows[-1]
    if len(rows) > 1 and work // last.size >= 256:
        return folded(lift, lift.through_memory(total(inner, rows[:-1]), last), last, ufunc)
    taken = {*around, *rows}
    size, count = _split(last.size, work)
    parts, block = lift.row(count, 63, taken), lift.row(size, 62, taken)
    place = next(n for n, form in enumerate(inner) if type(form) is Form and (last, 1) in form.terms)
    split, start = list(inner), count * size
    split[place] = Form(0, ((parts, size), (block, 1)))
    before, lift.disjoint = lift.disjoint, True
    found = lift.through_memory(total(tuple(split), [*rows[:-1], block]), parts)
    found = folded(lift, found, parts, ufunc)
    if start < last.size:
        tail = lift.row(last.size - start, 62, {*taken, parts, block})
        split[place] = Form(start, ((tail, 1),))
        more = total(tuple(split), [*rows[:-1], tail])
        found = lift.emit(ufunc, (found, more), {}, found.shape, found.dtype, union(found.axes, more.axes))
    lift.disjoint = before
    return found


def _split(length: int, work: int) -> tuple[int, int]:
    """How long parts of a row are, and how many: as many as vectors and threads share evenly, with little left over."""
    count = max(work // BLOCK, 1)
    count = min(-(-count // EVEN) * EVEN, length)
    size = length // count
    return (size // LONG * LONG if size >= BLOCK // EVEN else size), count


def _inner_forms(
    lift: Lift, source: Value, axes: tuple[int, ...], forms: Forms, keepdims: bool
) -> tuple[Forms, list[Row]]:  # fmt: skip
    """The forms of what is reduced, and the rows that are folded, innermost first."""
    given = iter(forms)
    taken = {axis for form in forms if type(form) is Form for axis, _ in form.terms}
    flags = long_dims(source.shape)
    inner: list[Any] = [None] * len(source.shape)
    for n in range(len(source.shape)):
        if n not in axes:
            inner[n] = next(given)
        elif keepdims:
            next(given)
    rows = []
    for n in reversed(axes):
        if flags[n]:
            row = lift.row(source.shape[n], len(source.shape) - 1 - n, taken)
            taken.add(row)
            rows.append(row)
            inner[n] = Form(0, ((row, 1),))
    return tuple(inner), rows


def folded(lift: Lift, part: Value, row: Row, ufunc: np.ufunc, other: Value | None = None) -> Value:
    """A fold over a row."""
    operands = (part,) if other is None else (part, other)
    axes = tuple([axis for axis in union(*[x.axes for x in operands]) if axis is not row])
    return lift.emit(fold, (part, row, ufunc, *operands[1:]), {}, part.shape, part.dtype, axes)


LIFTS.update(dict.fromkeys([*ELEMENTS, np.where, np.clip], elementwise))
