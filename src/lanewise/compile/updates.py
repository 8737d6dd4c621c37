"""Writes to long arrays: a rule of the pass `lift`.

An array after ``x[index] = value`` has at each place what the value has there, or else what it was before. Which of
the two it is, is known where the array is read, or a comparison of the place with the bounds of what is written. So
writes one after the other are one loop over the array; the value is read at the places where it lies, were it as
large as the array is (`Form` may go beyond an array, and between its elements: nobody asks what is there).
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from ..array import ARRAY
from .cells import put, put_view
from .ir import Node, Value, leaves, union
from .lift import CHEAP, Form, Forms, Lift, NoLift, Span, along, kept, lifts
from .lifting import is_static, stand_in, start_of, viewing, walked

LARGEST = 256  # elements of an array that is written in registers
_INT, _BOOL = np.dtype(np.int64), np.dtype(bool)


class Along(NamedTuple):
    """What is written along a dimension of an array.

    Attributes
    ----------
    first, step, many : int
        Its places, and how many there are.
    dim : int or None
        The dimension of what is written that goes along it; None if there is one place.
    place : Value or None
        That place, if it is computed.
    """

    first: int
    step: int
    many: int
    dim: int | None
    place: Value | None = None


@lifts(put, put_view)
def update(lift: Lift, node: Node, forms: Forms) -> list[Value]:
    """What is written, where it is written, and what was there before elsewhere."""
    out = node.outputs[0]
    if math.prod(out.shape) <= LARGEST:
        raise NoLift
    _, index, new = node.args
    if type(new) is not Value:
        if any(type(x) is Value for x in leaves((new,))):
            raise NoLift
        new = lift.value(np.asarray(new).astype(out.dtype))
    mask = mask_of(out.shape, index) if node.function is put else None
    if mask is not None:
        return [masked(lift, node, lift.value(mask), new, forms)]
    shape, region = region_of(lift, node)
    return [Update(lift, node, forms, region).value(new, shape)]


# ---- which elements are written ----


def mask_of(shape: tuple[int, ...], index: Any) -> Any:
    """The mask that an index is, if it is one."""
    items = index if type(index) is tuple else (index,)
    first = items[0] if items else None
    own = getattr(first, "shape", ())
    if not isinstance(first, (Value, np.ndarray)) or first.dtype != bool or not own or own != shape[: len(own)]:
        return None
    return first if all(x is Ellipsis or (type(x) is slice and x == slice(None)) for x in items[1:]) else None


def region_of(lift: Lift, node: Node) -> tuple[tuple[int, ...], list[Along]]:
    """The shape of what a node writes, and which places that is of each dimension of the array."""
    shape, index = node.outputs[0].shape, node.args[1]
    places: dict[int, Value] = {}
    if node.function is put_view:
        start, strides = strides_of(index)
        seen = index.shape
    else:
        index, places = split(shape, index)
        dummy = stand_in(shape)
        found = dummy[viewing(index)]
        start, strides, seen = start_of(found, dummy), found.strides, found.shape
    starts, terms = walked(shape, seen, start, strides)
    if any(len(found) > 1 for found in terms) or any(not s and n > 1 for n, s in zip(seen, strides, strict=True)):
        raise NoLift
    region = []
    for axis, (first, own) in enumerate(zip(starts, terms, strict=True)):
        dim, step = own[0] if own else (None, 1)
        place = checked(lift, places[axis], shape[axis], node.mask) if axis in places else None
        region.append(Along(first, step, 1 if dim is None else seen[dim], dim, place))
    if not math.prod(seen):
        region[0] = region[0]._replace(many=0)
    return seen, region


def strides_of(places: Any) -> tuple[int, tuple[int, ...]]:
    """Where the elements of a view begin, and the steps along its dimensions."""
    if not places.size:
        return 0, (0,) * places.ndim
    start = int(places[(0,) * places.ndim])
    ones = np.eye(places.ndim, dtype=int)
    steps = tuple([int(places[tuple(one)]) - start if n > 1 else 0 for n, one in zip(places.shape, ones, strict=True)])
    grid = start + sum(np.arange(n).reshape((-1,) + (1,) * (places.ndim - k - 1)) * steps[k]
                       for k, n in enumerate(places.shape))  # fmt: skip
    if not np.array_equal(places, np.broadcast_to(grid, places.shape)):
        raise NoLift
    return start, steps


def split(shape: tuple[int, ...], index: Any) -> tuple[tuple[Any, ...], dict[int, Value]]:
    """An index with 0 in the place of computed numbers, and these by the dimension that they are of."""
    items = list(index) if type(index) is tuple else [index]
    places: dict[int, Value] = {}
    axis = 0
    for n, item in enumerate(items):
        if type(item) is Value and not item.shape and item.dtype.kind in "iu":
            places[axis] = item
            items[n] = 0
        elif not all(map(is_static, leaves((item,)))) or type(item) in (list, tuple):
            raise NoLift
        taken = sum(x is not None and x is not Ellipsis for x in items)
        axis += len(shape) - taken if item is Ellipsis else item is not None
    return tuple(items), places


def checked(lift: Lift, place: Value, size: int, mask: Value | None) -> Value:
    """A computed place counted from 0; lanes where it is not in the array go the ordinary way, which raises."""

    def emit(function: Any, *args: Any, dtype: Any = _BOOL) -> Value:
        return lift.emit(function, args, {}, (), dtype, union(*[x.axes for x in args if type(x) is Value]))

    place = lift.whole(place)
    if place.dtype != _INT:
        place = emit("astype", place, _INT, dtype=_INT)
    zero, end = np.int64(0), np.int64(size)
    place = emit(np.where, emit(np.less, place, zero), emit(np.add, place, end, dtype=_INT), place, dtype=_INT)
    bad = emit(np.logical_or, emit(np.less, place, zero), emit(np.greater_equal, place, end))
    if mask is not None:
        bad = emit(np.logical_and, bad, lift.whole(mask))
    lift.nodes.append(Node("fail", (bad,), {}, []))
    return place


# ---- one element ----


def ratio(n: int, step: int) -> int:
    """A number of steps; a fraction, if it is no whole number."""
    found = Fraction(n, step)
    return int(found) if found.denominator == 1 else found  # type: ignore[return-value]


def chosen(lift: Lift, node: Node, mask: Value, new: Value, old: Value) -> Value:
    """One value where a mask is true, another elsewhere."""
    axes = union(mask.axes, new.axes, old.axes)
    return lift.emit(np.where, (mask, new, old), {}, old.shape, node.outputs[0].dtype, axes)


def cast(lift: Lift, x: Value, dtype: np.dtype[Any]) -> Value:
    """A value in the dtype of the array."""
    return x if x.dtype == dtype else lift.emit("astype", (x, dtype), {}, x.shape, dtype, x.axes)


def masked(lift: Lift, node: Node, mask: Value, new: Value, forms: Forms) -> Value:
    """``x[mask] = value`` with one value for all."""
    rank = len(mask.shape)
    if len(new.shape) > len(forms) - rank:
        raise NoLift
    part = cast(lift, lift.operand(new, forms[rank:]), node.outputs[0].dtype)
    where, old = lift.operand(mask, forms[:rank]), lift.part(node.args[0], forms)
    if where.shape:
        shape = (*where.shape, *(1,) * (len(old.shape) - len(where.shape)))
        where = lift.emit(np.reshape, (where, shape), {}, shape, _BOOL, where.axes)
    return chosen(lift, node, where, part, old)


class Update:
    """A write, as an array is read after it at some forms."""

    def __init__(self, lift: Lift, node: Node, forms: Forms, region: list[Along]) -> None:
        self.lift, self.node, self.forms, self.region = lift, node, forms, region
        self.dtype = node.outputs[0].dtype
        self.masks: list[Value] = []  # all have to be true where the value is written
        self.index: list[Any] = []  # where it goes in what is in registers
        self.inner: dict[int, Any] = {}  # its form along its dimensions

    def value(self, new: Value, shape: tuple[int, ...]) -> Value:
        """What the array has there."""
        lift, held = self.lift, self.held()
        sizes = self.node.outputs[0].shape
        if not all(self.meets(*item) for item in zip(self.region, self.forms, sizes, strict=True)):
            return lift.part(self.node.args[0], self.forms)
        part = cast(lift, self.written(new, shape), self.dtype)
        if self.index != [slice(0, n, 1) for n in held]:
            old = lift.part(self.node.args[0], self.forms)
            axes = union(old.axes, part.axes)
            part = lift.emit(put, (old, tuple(self.index), part), {}, held, self.dtype, axes)
        elif part.shape != held:
            part = lift.emit(np.broadcast_to, (part, held), {}, held, self.dtype, part.axes)
        if not self.masks:
            return part
        mask = functools.reduce(lambda a, b: self.emit(np.logical_and, a, b), self.masks)
        return chosen(lift, self.node, mask, part, lift.part(self.node.args[0], self.forms))

    def held(self) -> tuple[int, ...]:
        """The shape of what is in registers."""
        return kept(self.node.outputs[0].shape, self.forms)

    def written(self, new: Value, shape: tuple[int, ...]) -> Value:
        """The value, or what of it is in registers."""
        lift, rank = self.lift, len(shape)
        if len(new.shape) > rank:
            raise NoLift
        order = [own.dim for own, form in zip(self.region, self.forms, strict=True)
                 if own.dim is not None and type(form) is not Form]  # fmt: skip
        if order != sorted(order):
            raise NoLift
        if self.wasteful() and lift.cost(new) > CHEAP:  # made for all places of the array, it would be dear
            lift.whole(new)
            lift.makers.pop(new, None)
        found: Value = lift.operand(new, tuple([self.inner.get(n, Form(0, ())) for n in range(rank)]))
        return found

    def wasteful(self) -> bool:
        """Whether less than half of the places that loops come by are written."""
        share = [(own.many, size) for own, form, size in
                 zip(self.region, self.forms, self.node.outputs[0].shape, strict=True)
                 if own.dim is not None and type(form) is Form and form.terms]  # fmt: skip
        return 2 * math.prod([count for count, _ in share]) < math.prod([size for _, size in share])

    def meets(self, own: Along, form: Any, size: int) -> bool:
        """Whether anything is written at the places of a form; note which of them, and where the value lies."""
        if not own.many:
            return False
        if type(form) is not Form:
            return self.meets_registers(own, form, size)
        if own.place is not None:
            self.masks.append(self.emit(np.equal, self.along(form), own.place))
            return True
        first, step, last = own.first, own.step, own.first + own.step * (own.many - 1)
        if own.dim is not None:
            terms = tuple([(axis, ratio(n, step)) for axis, n in form.terms])
            self.inner[own.dim] = Form(ratio(form.start - first, step), terms)
        first, last, step = min(first, last), max(first, last), abs(step)
        low, high = form.ends()
        if high < first or low > last:
            return False
        if low < first:
            self.masks.append(self.emit(np.greater_equal, self.along(form), np.int64(first)))
        if high > last:
            self.masks.append(self.emit(np.less_equal, self.along(form), np.int64(last)))
        if any(n % step for _, n in form.terms):  # some of the places are between those
            table = np.arange(size) % step == first % step
            self.masks.append(self.lift.part(self.lift.value(table), (form,)))
            return True
        return (form.start - first) % step == 0

    def meets_registers(self, own: Along, form: Span | None, size: int) -> bool:
        """The same for places that are held in registers."""
        if own.place is not None:
            raise NoLift
        span = form or Span(0, 1, size)
        places = [divmod(span.start + span.step * k - own.first, own.step) for k in range(span.size)]
        found = [k for k, (place, rest) in enumerate(places) if not rest and 0 <= place < own.many]
        if not found:
            return False
        gap = found[1] - found[0] if len(found) > 1 else 1
        if own.dim is None:
            self.index.append(found[0])
            return True
        self.index.append(slice(found[0], found[-1] + 1, gap))
        one = places[found[0]][0]
        self.inner[own.dim] = Span(one, places[found[1]][0] - one if len(found) > 1 else 1, len(found))
        return True

    def along(self, form: Form) -> Value:
        """Where loops are along a dimension, as a number."""
        form = form.whole()
        axes = tuple(sorted({axis for axis, _ in form.terms}, key=lambda axis: axis.level))
        return self.lift.emit(along, (form,), {}, (), _INT, axes, ARRAY)

    def emit(self, function: Any, *args: Any) -> Value:
        """A comparison, or a logical operation."""
        return self.lift.emit(function, args, {}, (), _BOOL, union(*[x.axes for x in args if type(x) is Value]))
