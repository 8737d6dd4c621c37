"""A map within a map, traced: mapped arguments are lanes of values, results are arrays of lanes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import optree

from ..array import ARRAY, SCALAR, LaneArray
from ..axes import label, result_axes
from ..convert import lane_form
from ..execute import Call
from ..facts import RUN, Run
from ..guards import watch
from ..lanes import LaneAxis
from ..reach import Reach
from ..regions import Mixed
from ..tree import flatten_results
from .cells import Cell, Scope, Untraceable, lane_in, lane_out
from .either import check_stacked
from .ir import Axis, Node, Value, union
from .lists import plainly
from .mixed import Choice, is_number, weak_type, without_unbound
from .selected import Selected
from .tape import TracedRun, nowhere
from .trace import Recorder
from .turns import in_turns


def vmap(r: Recorder, call: Call, run: Run) -> Any:
    """An inner ``vmap``: its mapped arguments are lanes of the outer values, its results arrays of them."""
    if r.scope.nodes is not r.top.nodes:  # in a turn of a loop
        with watched(r, call.fun):
            return in_turns(r, call)
    axis = r.add_axis(call.size, label(call.fun), call.axis_name)
    lanes = r.axes[axis]
    scope = Scope(axis, r.scope)
    mapped = [lane_of(r, leaf.value, leaf.axis, axis) for leaf in call.inputs.mapped]
    for cell, _ in mapped:
        cell.scope = scope
    reads = [r.reads[whole.root()] for _, whole in mapped]
    args, kwargs = call.inputs.build([r.handle(cell) for cell, _ in mapped])
    with watched(r, call.fun):
        result = within(r, TracedRun(axis, run.parent), scope, lane_form(call.fun), args, kwargs)
    for (cell, whole), leaf, before in zip(mapped, call.inputs.mapped, reads, strict=True):
        if cell.version:
            if [other.root() for _, other in mapped].count(whole.root()) > 1:
                raise Untraceable("a mapped argument is written that is another one, too")
            if r.reads[whole.root()] != before:
                raise Untraceable("a mapped argument is written, and read in another way as well")
            put_lanes_back(r, cell, whole, leaf.axis, lanes)
    found, spec = flatten_results(result)
    entries = result_axes(call.out_axes, result, len(found), call.fun)
    return optree.tree_unflatten(
        spec, [r.stack(leaf, entry, lanes, call.fun) for leaf, entry in zip(found, entries, strict=True)]
    )


def within(r: Recorder, inner: TracedRun, scope: Scope, fun: Any, args: Any, kwargs: Any) -> Any:
    """Call a function in a run and a scope of its own."""
    inner.recorder = r
    inner.nowhere = nowhere()
    outer, r.scope = r.scope, scope
    token = RUN.set(inner)
    try:
        result = r.called(fun)(*args, **kwargs)
        if inner.signal is not None:  # somebody has caught it
            raise inner.signal
        return plainly(result)
    finally:
        RUN.reset(token)
        r.scope = outer
        r.depth -= 1


def put_lanes_back(r: Recorder, cell: Cell, whole: Cell, at: int, lanes: Axis) -> None:
    """Write what the lanes have made of a mapped argument into the array that they are lanes of."""
    value, old = r.value(cell), r.value(whole)
    if value.shape != old.shape[:at] + old.shape[at + 1 :]:
        raise Untraceable("a mapped argument is written in an unusual way")
    axes = tuple([axis for axis in union(old.axes, value.axes) if axis is not lanes])
    new = Value(old.shape, old.dtype, axes, ARRAY)
    r.scope.nodes.append(Node(lane_out, (value, at, lanes), {}, [new]))
    r.write(whole, new)


def lane_of(r: Recorder, value: Any, at: int, axis: LaneAxis) -> tuple[Cell, Cell]:
    """A mapped argument, as one lane of it; and the array that it is a lane of."""
    cell = r.cell_of(value) if type(value) is LaneArray else r.constant_of(value)
    whole = r.value(cell)
    lanes = r.axes[axis]
    shape = whole.shape[:at] + whole.shape[at + 1 :]
    new = Value(shape, whole.dtype, union(whole.axes, (lanes,)), ARRAY if shape else SCALAR)
    r.scope.nodes.append(Node(lane_in, (whole, at, lanes), {}, [new]))
    made = r.cell(new)
    made.argument = cell.root().argument
    return made, cell


def stack(r: Recorder, leaf: Any, at: Any, axis: Axis, fun: Any) -> Any:
    """A result of an inner function: its lanes along a new axis."""
    if type(leaf) is Mixed:
        return stack_mixed(r, leaf, at, axis, fun)
    if type(leaf) is not LaneArray:
        if at is None:
            return leaf.copy() if type(leaf) is np.ndarray else leaf
        if isinstance(leaf, np.ndarray) or np.isscalar(leaf):
            leaf = r.handle(r.constant(np.array(leaf), ARRAY))
        else:
            by_value = type(leaf) is Selected
            raise Untraceable("a result's shape depends on values" if by_value else "a result is no array")
    value = r.value(r.cell_of(leaf))
    if at is None:
        if axis in value.axes:
            raise ValueError(
                f"vmap: out_axes is None for a result of {label(fun)}, but it differs between lanes.\n  Give it an "
                "axis in out_axes, or reduce it over the lanes with a collective."
            )
        return leaf
    ndim = len(value.shape)
    if ndim and not -ndim - 1 <= at <= ndim:
        raise ValueError(f"vmap: out_axes={at} is out of range for a result of shape {value.shape}.")
    at = at % (ndim + 1) if ndim else 0
    shape = (*value.shape[:at], axis.size, *value.shape[at:])
    new = Value(shape, value.dtype, tuple([a for a in value.axes if a is not axis]), ARRAY)
    r.scope.nodes.append(Node(lane_out, (value, at, axis), {}, [new]))
    return r.new(new)


def stack_mixed(r: Recorder, leaf: Mixed, at: Any, axis: Axis, fun: Any) -> Any:
    """A result that differs in kind between lanes."""
    leaf = without_unbound(r, leaf)
    if type(leaf) is not Mixed:
        return r.stack(leaf, at, axis, fun)
    if at is None:
        raise Untraceable("a result that is not stacked differs in kind between lanes")
    options = [r.stack(x, at, axis, fun) if is_number(x) else x for x in leaf.options]
    check_stacked(r.doubtful, [r.as_value(x) for x in leaf.options if is_number(x)])
    return Choice(r.stack(leaf.codes, 0, axis, fun), options, at, [weak_type(x) for x in leaf.options])


@contextmanager
def watched(r: Recorder, fun: Any) -> Iterator[None]:
    """Watch the generators and arrays that a function reaches; the arrays are read anew at each call."""
    reached = Reach([fun])
    arrays = [array for array in (*reached.arrays, *reached.fixed) if type(array) is np.ndarray]
    r.kept_ids.update(map(id, arrays))
    r.kept += arrays
    guard = watch(fun, [])
    if reason := guard.unsure():
        guard.release()
        raise Untraceable(reason)
    try:
        yield
    finally:
        moved = guard.moved()
        guard.release()
        if moved:
            guard.restore()
            raise Untraceable(moved)
