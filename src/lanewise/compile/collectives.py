"""Collectives in a traced function: the lanes of a named axis become an axis of an array, which NumPy works on.

What goes in is written to memory by one kernel and read by the next, as all lanes have to be there; what is only added
up need not be (`gathered`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import collectives
from .. import tree as pytree
from ..array import ARRAY, SCALAR, LaneArray
from ..lanes import LaneAxis
from .cells import Untraceable, lane_in, lane_out
from .ir import Node, Value, union
from .trace import Recorder


def collective(r: Recorder, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Record a collective."""
    return FORMS[function.__name__](r, *args, **kwargs)


def named(r: Recorder, axis_name: Any) -> list[LaneAxis]:
    """The axes of these names, every one with all its lanes at work."""
    if r.scope.path is not None or r.scope.nodes is not r.top.nodes:
        raise Untraceable("a collective is called in a branch or a loop")
    axes = [collectives.run_of(name).axis for name in collectives.names_in(axis_name)]
    if not all(axis.size for axis in axes):
        raise Untraceable("a collective is called on no lanes")
    return axes


def gathered(r: Recorder, x: Any, axes: list[LaneAxis]) -> Any:
    """A value with some of its lane axes as the last of its example."""
    value = r.as_value(x)
    for axis in axes:
        own = r.axes[axis]
        shape = (*value.shape, own.size)
        new = Value(shape, value.dtype, tuple([a for a in value.axes if a is not own]), ARRAY)
        r.scope.nodes.append(Node(lane_out, (value, len(value.shape), own), {}, [new]))
        value = new
    found = r.new(value)
    return np.reshape(found, (*value.shape[: len(value.shape) - len(axes)], -1)) if len(axes) > 1 else found


def dealt(r: Recorder, x: Any, axes: list[LaneAxis]) -> Any:
    """The last axis of a value dealt out to the lanes of some axes."""
    x = np.reshape(x, (*x.shape[:-1], *[axis.size for axis in axes]))
    value = r.as_value(x)
    for axis in reversed(axes):
        own = r.axes[axis]
        shape = value.shape[:-1]
        new = Value(shape, value.dtype, union(value.axes, (own,)), ARRAY if shape else SCALAR)
        r.scope.nodes.append(Node(lane_in, (value, len(shape), own), {}, [new]))
        value = new
    return r.new(value)


# ---- one form for each ----


def fold(r: Recorder, x: Any, axis_name: Any, how: collectives.Fold) -> Any:
    """``psum``, ``pmax`` and ``pmin``."""
    axes = named(r, axis_name)

    def leaf(value: Any) -> Any:
        if type(value) is not LaneArray:
            for axis in axes:
                value = collectives.shared(value, how, axis.size)
            return value
        for axis in axes:
            dtype = np.dtype(np.int64) if value.dtype == bool and how is collectives.SUM else value.dtype
            if r.axes[axis] not in r.as_value(value).axes:
                value = value.astype(dtype) * dtype.type(axis.size) if how is collectives.SUM else value.copy()
            elif how is collectives.SUM:
                value = np.sum(gathered(r, value, [axis]), axis=-1, dtype=dtype)
            else:
                value = (np.max if how is collectives.MAX else np.min)(gathered(r, value, [axis]), axis=-1)
        return value

    return pytree.map(leaf, x)


def all_gather(r: Recorder, x: Any, axis_name: Any, *, axis: int = 0, tiled: bool = False) -> Any:
    """``all_gather``."""
    axes = named(r, axis_name)

    def leaf(value: Any) -> Any:
        ndim = np.ndim(value)
        at = collectives.normal(axis, ndim if tiled else ndim + 1, "all_gather")
        found = np.moveaxis(gathered(r, value, axes), -1, at)
        if tiled:
            found = np.reshape(
                found, (*found.shape[:at], found.shape[at] * found.shape[at + 1], *found.shape[at + 2 :])
            )
        return np.copy(found)

    return pytree.map(leaf, x)


def all_to_all(
    r: Recorder, x: Any, axis_name: Any, split_axis: int, concat_axis: int, *, tiled: bool = False
) -> Any:  # fmt: skip
    """``all_to_all``."""
    axes = named(r, axis_name)
    size = int(np.prod([axis.size for axis in axes]))

    def leaf(value: Any) -> Any:
        shape = np.shape(value)
        split, concat = (collectives.normal(axis, len(shape), "all_to_all") for axis in (split_axis, concat_axis))
        if shape[split] % size if tiled else shape[split] != size:
            raise Untraceable("all_to_all of an axis of another size")
        found = gathered(r, value, axes)  # the example, the lane that sends
        found = np.reshape(found, (*shape[:split], size, shape[split] // size, *shape[split + 1 :], size))
        found = np.moveaxis(found, split, -1)  # the example, the lane that sends, the lane that receives
        if not tiled:
            found = np.squeeze(found, split)
        found = np.moveaxis(found, -2, concat)
        if tiled:
            merged = found.shape[concat] * found.shape[concat + 1]
            found = np.reshape(found, (*found.shape[:concat], merged, *found.shape[concat + 2 :]))
        return dealt(r, np.copy(found), axes)

    return pytree.map(leaf, x)


def ppermute(r: Recorder, x: Any, axis_name: Any, perm: Any) -> Any:
    """``ppermute``."""
    axes = named(r, axis_name)
    size = int(np.prod([axis.size for axis in axes]))
    sender = np.full(size, size)
    for source, target in perm:
        if not (0 <= source < size and 0 <= target < size) or sender[target] != size:
            raise Untraceable("ppermute of lanes that are not there")
        sender[target] = source
    if len({source for source, _ in perm}) != len(perm):
        raise Untraceable("ppermute from a lane twice")

    def leaf(value: Any) -> Any:
        found = gathered(r, value, axes)
        if np.any(sender == size):  # to whom nothing is sent gets zeros
            nothing = np.zeros((*found.shape[:-1], 1), found.dtype)
            found = np.concatenate([found, nothing], axis=-1)
        return dealt(r, np.take(found, sender, axis=-1), axes)

    return pytree.map(leaf, x)


def lane_index(r: Recorder, axis: LaneAxis) -> Any:
    """``axis_index``."""
    if axis not in r.axes:
        raise Untraceable("the index of a lane of an outer function is asked")
    return dealt(r, np.arange(axis.size), [axis])


FORMS: dict[str, Callable[..., Any]] = {
    "fold": fold, "all_gather": all_gather, "all_to_all": all_to_all, "ppermute": ppermute,
}  # fmt: skip
"""What is recorded for each collective."""
