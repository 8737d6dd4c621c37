"""What collectives (`lanewise.lax`) are made of: finding a named lane axis, and working over it.

A collective needs all lanes of its axis: after a split, under ``chunk_size`` or lane by lane it raises, and says why.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import tree as pytree
from .array import Data, LaneArray, live, wrap
from .facts import LANE, RUN, CollectiveError, Run
from .lanes import LaneAxis, Lanes
from .ops.common import lane
from .usercode import user_line


def once(collective: Callable[..., Any]) -> Callable[..., Any]:
    """Make a collective remember what it gave.

    After a split, the other groups run from the start of the function, without the lanes of the first. What they
    call before the split, the first group called with all lanes at work, so its results are theirs.
    """

    @functools.wraps(collective)
    def call(*args: Any, **kwargs: Any) -> Any:
        run = RUN.get()
        if run is None:
            return collective(*args, **kwargs)
        if run.recorder is not None:
            return run.recorder.collective(collective, args, kwargs)
        number = run.exchanged
        if number < len(run.exchanges):
            result = run.exchanges[number]
        else:
            result = collective(*args, **kwargs)
            run.exchanges += (result,)
        run.exchanged = number + 1
        return pytree.map(_copied, result)

    return call


# ---- finding the axis ----


def names_in(axis_name: Any) -> tuple[Any, ...]:
    """One name or several."""
    names = axis_name if isinstance(axis_name, tuple) else (axis_name,)
    if len(set(names)) != len(names):
        raise ValueError(f"a collective over {axis_name!r} names an axis twice.")
    return names


def run_of(name: Any) -> Run:
    """The innermost run whose axis has this name."""
    run = RUN.get()
    names = []
    while run is not None:
        if run.axis.name == name and name is not None:
            return run
        names.append(run.axis.name)
        run = run.parent
    for run in reversed(LANE.get()):
        if run.axis.name == name and name is not None:
            return run
        names.append(run.axis.name)
    known = ", ".join(repr(other) for other in names if other is not None)
    raise NameError(
        f"unbound axis name: {name!r}. "
        f"{f'The enclosing vmaps have {known}' if known else 'No enclosing vmap has an axis_name'}."
    )


def axes_of(axis_name: Any) -> list[LaneAxis]:
    """The named axes, every one with all its lanes at work."""
    axes = []
    for name in names_in(axis_name):
        run = run_of(name)
        why = _missing(run)
        if why:
            raise CollectiveError(f"a collective over {name!r} needs all lanes of the axis, but {why}")
        axes.append(run.axis)
    return axes


def _missing(run: Run) -> str:
    """Why some lanes of an axis are not at work; empty if all are."""
    if run.lane is not None:
        return "they run lane by lane: the PerformanceWarning before this says why."
    if run.axis.replaced is not None:
        owner = run.axis.replaced.owner
        split = owner.why_split if isinstance(owner, Run) and not owner.parted else ""
        why = f"they have split: {split}." if split else f"some have gone another way at {user_line()}."
        return f"{why}\n  Call the collective before the branch, or use np.where for the choice."
    return "they run in chunks.\n  Leave chunk_size out for this function." if run.chunk else ""


def _copied(x: Any) -> Any:
    if type(x) is LaneArray:
        return LaneArray(x.data.copy(), x.lanes, x.kind)
    return x.copy() if type(x) is np.ndarray else x


def _made(data: Any, lanes: Lanes) -> LaneArray:
    """A result, which the function may write to as to any array that it makes."""
    run = RUN.get()
    return wrap(data, run.home() if run is not None and not lanes.axes else lanes)


def _position(x: LaneArray, axis: LaneAxis) -> int | None:
    return x.lanes.axes.index(axis) if axis in x.lanes.axes else None


# ---- the work ----

Fold = Callable[[Data, int | None, int], Any]
"""From a value's data, the place of the named axis in it (None: it does not vary there), and the axis size."""


def _sum(data: Data, at: int | None, size: int) -> Any:
    dtype = np.dtype(np.int64) if data.dtype == bool else data.dtype
    if at is None:
        return data.astype(dtype) * dtype.type(size)
    return np.moveaxis(data, at, -1).sum(axis=-1, dtype=dtype)


def _max(data: Data, at: int | None, size: int) -> Any:
    if at is None:
        return data.copy()
    return data.max(axis=at) if size else data.max(axis=at, initial=_bounds(data.dtype)[0])


def _min(data: Data, at: int | None, size: int) -> Any:
    if at is None:
        return data.copy()
    return data.min(axis=at) if size else data.min(axis=at, initial=_bounds(data.dtype)[1])


def _bounds(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """The least and the greatest value of a dtype: what the maximum and the minimum of no lanes are."""
    if dtype.kind in "iu":
        return np.iinfo(dtype).min, np.iinfo(dtype).max
    return (False, True) if dtype.kind == "b" else (-np.inf, np.inf)


SUM, MAX, MIN = _sum, _max, _min


def shared(value: Any, how: Fold, size: int) -> Any:
    """What is the same in every lane, and so is the result."""
    result = how(np.asarray(value), None, size)
    return result.item() if isinstance(value, (int, float, complex)) else np.array(result)[()]


@once
def fold(x: Any, axis_name: Any, how: Fold) -> Any:
    """A reduction over lanes."""
    axes = axes_of(axis_name)

    def leaf(value: Any) -> Any:
        if type(value) is not LaneArray:
            return functools.reduce(lambda data, axis: shared(data, how, axis.size), axes, value)
        found = live(value)
        for axis in axes:
            data = how(found.data, _position(found, axis), axis.size)
            found = _made(data, found.lanes.without(axis))
        return found

    return pytree.map(leaf, x)


def gather(x: Any, axes: list[LaneAxis], axis: int, tiled: bool) -> Any:
    """The values of all lanes along an axis of the example."""
    data, lanes = everyone(x, axes)
    lead, ndim = lanes.ndim, data.ndim - lanes.ndim - 1
    at = lead + (normal(axis, ndim, "all_gather") if tiled else normal(axis, ndim + 1, "all_gather"))
    data = np.moveaxis(data, lead, at)
    if tiled:
        data = data.reshape(*data.shape[:at], data.shape[at] * data.shape[at + 1], *data.shape[at + 2 :])
    return _made(np.array(data), lanes)


def normal(axis: int, ndim: int, what: str) -> int:
    """An axis of an example, counted from the first."""
    if not -ndim <= axis < ndim:
        raise ValueError(f"{what}: axis {axis} is out of range for values with {ndim} axes.")
    return axis % ndim


def everyone(x: Any, axes: list[LaneAxis]) -> tuple[Data, Lanes]:
    """A value's data with some of its lane axes as one axis of the example, the first; and its other lanes."""
    x = live(lane(x))
    own = x.lanes.axes
    rest = [axis for axis in own if axis not in axes]
    here = [axis for axis in axes if axis in own]
    order = [own.index(axis) for axis in (*rest, *here)]
    data = x.data.transpose(*order, *range(len(own), x.data.ndim))
    example, lead = data.shape[len(own) :], data.shape[: len(rest)]
    data = data.reshape(*lead, *[axis.size if axis in own else 1 for axis in axes], *example)
    if len(here) < len(axes):
        data = np.broadcast_to(data, (*lead, *[axis.size for axis in axes], *example))
    return data.reshape(*lead, math.prod(axis.size for axis in axes), *example), Lanes.of(tuple(rest))


def dealt(data: Data, lanes: Lanes, axes: list[LaneAxis]) -> LaneArray:
    """The reverse: the first axis of the example dealt out to the lanes of some axes."""
    now = [*lanes.axes, *axes]
    lead = lanes.ndim
    data = data.reshape(*data.shape[:lead], *[axis.size for axis in axes], *data.shape[lead + 1 :])
    order = sorted(range(len(now)), key=lambda n: now[n].level)
    data = np.array(data.transpose(*order, *range(len(now), data.ndim)))  # it shares no memory with what was sent
    return wrap(data, Lanes.of(tuple([now[n] for n in order])))
